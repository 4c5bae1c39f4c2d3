"""Writes the generated files of the repository.

    python -m titrate.reference            write them all
    python -m titrate.reference --check    only name those that are out of date

Exit status 1 when --check finds one.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from titrate.deploy import package_json
from titrate.reference import commands_page, protocol_page, replies_module

ROOT = Path(__file__).resolve().parents[3]

FILES: dict[str, Callable[[], str]] = {
    "firmware/docs/protocol.md": protocol_page.text,
    "host_tools/docs/commands.md": commands_page.text,
    "host_tools/titrate/client/replies.py": replies_module.text,
    "firmware/package.json": lambda: package_json.text(ROOT / "firmware"),
}


def outdated(root: Path = ROOT) -> list[str]:
    """The generated files whose content is not what would be written."""
    return [
        name
        for name, make in FILES.items()
        if not (root / name).exists() or (root / name).read_text() != make()
    ]


def write(root: Path = ROOT) -> list[str]:
    """Write the files that are out of date; returns their names."""
    names = outdated(root)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(FILES[name]())
    return names


if __name__ == "__main__":
    checking = "--check" in sys.argv[1:]
    for name in outdated() if checking else write():
        print(f"{name} is out of date: python -m titrate.reference" if checking else name)
    sys.exit(1 if checking and outdated() else 0)
