"""Writes the generated forms of the boards; see the package."""

import sys
from pathlib import Path

from titrate.boards.declaration import read_boards
from titrate.boards.pages import forms

ROOT = Path(__file__).resolve().parents[3]


def outdated(root: Path = ROOT) -> dict[Path, str]:
    """The generated files whose content is not what would be written, with that."""
    return {
        path: text
        for board in read_boards(root / "boards")
        for path, text in forms(board).items()
        if not path.is_file() or path.read_text("utf-8") != text
    }


def main(arguments: list[str]) -> int:
    """Write what is out of date, or with --check only name it; returns the exit status."""
    found = outdated()
    checking = "--check" in arguments
    for path, text in found.items():
        if not checking:
            path.write_text(text, "utf-8")
        shown = path.relative_to(ROOT)
        print(f"{shown} is out of date: python -m titrate.boards" if checking else shown)
    return 1 if checking and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
