"""The drive that an RP2040 in its USB bootloader shows, and a UF2 onto it.

The bootloader takes the image while it is written, restarts when it has it all, and the drive
vanishes: an error after the last byte is the sign of success.
"""

import contextlib
import os
import string
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from titrate.client.errors import NoAnswer, WrongInput
from titrate.virtual.uf2 import read_uf2

INFO_FILE = "INFO_UF2.TXT"
BOARD_LINE = "Board-ID: RPI-RP2"

_CHUNK_BYTES = 16 * 1024
_BETWEEN_S = 0.5
MOUNT = (
    "mount the drive RPI-RP2 if your system does not do so by itself (on Linux `udisksctl mount "
    "-b /dev/disk/by-label/RPI-RP2`)"
)
HOW_TO = f"hold BOOTSEL while plugging the board in, and {MOUNT}"


def is_drive(path: Path) -> bool:
    """Whether a folder is the drive of an RP2040 in its bootloader, by its INFO_UF2.TXT."""
    try:
        return BOARD_LINE in (path / INFO_FILE).read_text(errors="replace").splitlines()
    except OSError:
        return False


def drives() -> list[Path]:
    """The drives of RP2040s in their bootloader."""
    return [path for path in _mount_points() if is_drive(path)]


def choose(named: Path | None) -> Path:
    """The drive to write to.

    Args:
        named: what the user named, or None.

    Raises:
        NoAnswer: there is none, or more than one.
        WrongInput: what was named is no such drive.
    """
    if named is not None:
        if not is_drive(named):
            raise WrongInput(
                f"{named} is not the drive of an RP2040 in its bootloader: it has no {INFO_FILE} "
                f"that says {BOARD_LINE}; {HOW_TO}",
                "no_drive",
            )
        return named
    found = drives()
    if not found:
        raise NoAnswer(f"no board in its bootloader is found: {HOW_TO}", "no_drive")
    if len(found) > 1:
        names = ", ".join(str(path) for path in found)
        raise NoAnswer(
            f"several boards are in their bootloader: {names}; name one with --drive",
            "several_drives",
        )
    return found[0]


def is_awaited(named: Path | None) -> bool:
    """Whether a drive is yet to come: none is there, or what was named is no folder with files."""
    if named is None:
        return not drives()
    return not named.exists() or (named.is_dir() and not any(named.iterdir()))


def wait(named: Path | None, limit_s: float) -> None:
    """Wait for the drive of a board that restarts into its bootloader.

    Args:
        named: what the user named, or None for any.
        limit_s: how long, in seconds.

    Raises:
        NoAnswer: it did not come.
    """
    deadline = time.monotonic() + limit_s
    while not (is_drive(named) if named else drives()):
        if time.monotonic() >= deadline:
            raise NoAnswer(
                f"the board was sent into its bootloader, but {named or 'a drive RPI-RP2'} did not "
                f"come within {limit_s:.0f} s; {MOUNT}, and flash again",
                "no_drive",
            )
        time.sleep(_BETWEEN_S)


def check_image(uf2: Path) -> int:
    """Check a UF2 file block by block; returns its size in bytes.

    Raises:
        WrongInput: it cannot be read, or is no UF2 for the RP2040.
    """
    try:
        for _ in read_uf2(uf2):
            pass
        return uf2.stat().st_size
    except (OSError, ValueError) as error:
        raise WrongInput(str(error), "no_image") from error


def write(uf2: Path, drive: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy a checked UF2 onto a drive.

    Args:
        uf2: the file.
        drive: from choose().
        progress: called with bytes written and bytes in all.

    Raises:
        NoAnswer: the drive vanished or filled up before all was written; the old firmware may
            be gone, the bootloader is not.
    """
    data = uf2.read_bytes()
    written = 0
    try:
        # Unbuffered, so that `written` is what the drive has taken.
        with open(drive / uf2.name, "wb", buffering=0) as target:
            while written < len(data):
                written += target.write(data[written : written + _CHUNK_BYTES]) or 0
                if progress:
                    progress(written, len(data))
            with contextlib.suppress(OSError):
                os.fsync(target.fileno())
    except OSError as error:
        if written < len(data):
            raise NoAnswer(
                f"{drive} took {written} of {len(data)} bytes, then failed: {error}; {HOW_TO} "
                "and flash again",
                "flash_failed",
            ) from error


def _mount_points() -> Iterator[Path]:
    if sys.platform == "win32":
        for letter in string.ascii_uppercase:
            yield Path(f"{letter}:/")
    elif sys.platform == "darwin":
        yield from sorted(Path("/Volumes").glob("*"))
    else:
        for line in Path("/proc/mounts").read_text().splitlines():
            # Spaces and the like are octal escapes there: proc(5), fstab(5).
            yield Path(line.split()[1].encode().decode("unicode_escape"))
