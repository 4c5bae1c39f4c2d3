"""firmware/package.json, which `mpremote mip install` takes."""

import json
from pathlib import Path

from pump.version import VERSION

# What a board without a folder of its own is taken for.
DEFAULT_BOARD = "pico_tmc2209"


def text(firmware: Path) -> str:
    """The file's text.

    Args:
        firmware: the folder that holds it.
    """
    names = ["boot.py", "main.py"]
    names += sorted(
        path.relative_to(firmware).as_posix() for path in (firmware / "pump").rglob("*.py")
    )
    urls = [[name, name] for name in names]
    urls.append(["pump_board.py", f"../boards/{DEFAULT_BOARD}/pump_board.py"])
    listed = ",\n".join([f"    {json.dumps(pair)}" for pair in urls])
    return f'{{\n  "urls": [\n{listed}\n  ],\n  "deps": [],\n  "version": "{VERSION}"\n}}\n'
