"""Writes pump_image.py, the frozen module by which a device says which image it runs.

The board's CMake fragment calls this at every build, so that it also holds for an image built
with `make BOARD_DIR=...` in someone's own MicroPython checkout.
"""

import argparse
import sys
from pathlib import Path

from builder.console import BuildError
from builder.inputs import read_version, source_digest

ROOT = Path(__file__).resolve().parents[2]


def module_text(root: Path, board_folder: Path) -> str:
    """The module's source for one board, named after its folder."""
    return (
        '"""Which Titrate image this is; written by firmware/image/write_pump_image.py."""\n\n'
        "# The folder under boards/ that the image is for.\n"
        f'BOARD = "{board_folder.name}"\n\n'
        f'VERSION = "{read_version(root)}"\n\n'
        "# SHA-256 over the frozen Titrate sources: see source_digest in firmware/image/builder.\n"
        f'SOURCE_DIGEST = "{source_digest(root, board_folder)}"\n'
    )


def main() -> int:
    """Writes the file that the command line names, if it would change; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board-folder", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        text = module_text(ROOT, arguments.board_folder.resolve())
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    if not arguments.output.is_file() or arguments.output.read_text() != text:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
