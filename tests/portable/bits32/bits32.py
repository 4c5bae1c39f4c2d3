"""MicroPython with 32-bit numbers, as on the RP2040: small integers end at 2^30, floats are single.

A PC with Linux runs it at full speed (host_linux.c). Elsewhere, and for what is to run in the very
instructions of the RP2040's processor, Unicorn executes its Thumb code (host_thumb.c), about 100
times slower.
"""

import subprocess
import tempfile
from pathlib import Path

from thumb_machine import ThumbMachine

# Of this computer's time: what takes longer hangs.
_GIVE_UP_S = 600


class Bits32:
    """The two builds, and the files that every program finds.

    Args:
        build: folder with thumb/firmware.elf and, where it could be made, linux/firmware.elf.
        files: path relative to the root, such as lib/unittest.mpy, to content.
    """

    def __init__(self, build: Path, files: dict[str, bytes]):
        self._thumb = build / "thumb/firmware.elf"
        self._linux = build / "linux/firmware.elf"
        assert self._thumb.exists(), "run make bits32"
        self._files = files

    def run(self, program: str, on_thumb: bool = False) -> tuple[int, str]:
        """Run a program to its end; returns the exit status (1: an error) and what was printed."""
        main = "import sys\nsys.path[:] = ['/lib']\n" + program
        files = {**self._files, "main.py": main.encode()}
        if on_thumb or not self._linux.exists():
            at_root = {f"/{name}": content for name, content in files.items()}
            return ThumbMachine(self._thumb, at_root).run()
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            done = subprocess.run(
                [self._linux], cwd=folder, capture_output=True, timeout=_GIVE_UP_S, check=False
            )
        return done.returncode, done.stdout.decode()
