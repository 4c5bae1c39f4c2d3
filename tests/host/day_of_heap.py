"""How much of the heap a pump has in use over a day, measured in MicroPython for the desktop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# It allocates in these: four words.
BLOCK_BYTES = 32
# Hours of the day that fill what the pump remembers; see tests/portable/heap_day.py.
FILLING_HOURS = 4


class Hour(NamedTuple):
    """The end of an hour, after a collection."""

    number: int
    used_bytes: int
    steps: int


def measured() -> list[Hour]:
    """Run tests/portable/heap_day.py, 24 hours of pump time in some seconds."""
    paths = [str(ROOT / "tests/portable"), str(ROOT / "firmware")]
    done = subprocess.run(
        [Path(sys.executable).with_name("micropython"), ROOT / "tests/portable/heap_day.py"],
        env={**os.environ, "MICROPYPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return [Hour(*map(int, line.split())) for line in done.stdout.splitlines()]


def growth_bytes(hours: list[Hour]) -> int:
    """Most less least in use at the end of any hour after what the pump remembers is full."""
    used = [hour.used_bytes for hour in hours[FILLING_HOURS:]]
    return max(used) - min(used)
