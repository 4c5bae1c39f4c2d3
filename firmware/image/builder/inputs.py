"""The digests that say what an image was made from."""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

from .console import BuildError

_COMPILER_CALL = ("sources.toml", "titrate.cmake", "builder/compiling.py", "builder/trees.py")


def titrate_sources(root: Path, board_folder: Path) -> list[tuple[str, Path]]:
    """The Python files of Titrate that are frozen, as (name on the device, path), by name.

    Raises BuildError when one that the image cannot do without is missing.
    """
    firmware = root / "firmware"
    sources = [
        ("boot.py", firmware / "boot.py"),
        ("main.py", firmware / "main.py"),
        ("pump/__init__.py", firmware / "pump/__init__.py"),
        ("pump_board.py", board_folder / "pump_board.py"),
    ]
    for _name, path in sources:
        if not path.is_file():
            raise BuildError(f"{path} is missing: an image cannot be made without it")
    sources += [
        (path.relative_to(firmware).as_posix(), path)
        for path in (firmware / "pump").rglob("*.py")
        if path != firmware / "pump/__init__.py"
    ]
    return sorted(sources)


def digest_of(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over files in the order given: for each its name in UTF-8, a zero byte, the
    length of its content as eight bytes (high byte first), and the content. As lower-case hex."""
    digest = hashlib.sha256()
    for name, path in files:
        content = path.read_bytes()
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def source_digest(root: Path, board_folder: Path) -> str:
    """The digest of the frozen Titrate sources, on the device pump_image.SOURCE_DIGEST."""
    return digest_of(titrate_sources(root, board_folder))


def recipe_files(image_folder: Path, board_folder: Path | None) -> list[tuple[str, Path]]:
    """The files that objects compiled earlier depend on without make's knowledge: how the
    compiler is called, and the board's C side."""
    files = [(f"image/{name}", image_folder / name) for name in _COMPILER_CALL]
    if board_folder is not None:
        files += [
            (f"board/{path.name}", path)
            for path in board_folder.iterdir()
            if path.is_file() and path.suffix not in (".md", ".py", ".toml")
        ]
    return sorted(files)


def frozen_files(
    root: Path, image_folder: Path, board_folder: Path | None
) -> list[tuple[str, Path]]:
    """Every file of this tree that is frozen, says what is, or has a hand in building."""
    builder = sorted(
        (path.relative_to(image_folder).as_posix(), path) for path in image_folder.rglob("*.py")
    )
    if board_folder is None:
        return builder
    return [
        *builder,
        *titrate_sources(root, board_folder),
        ("firmware/manifest.py", root / "firmware/manifest.py"),
        ("board/manifest.py", board_folder / "manifest.py"),
    ]


def read_version(root: Path) -> str:
    """Titrate's version, VERSION in firmware/pump/version.py; raises BuildError without one."""
    module = root / "firmware/pump/version.py"
    if module.is_file():
        for statement in ast.parse(module.read_text(encoding="utf-8")).body:
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and statement.targets[0].id == "VERSION"
            ):
                return str(ast.literal_eval(statement.value))
    raise BuildError(f'{module} does not say VERSION = "...": an image cannot be made without it')
