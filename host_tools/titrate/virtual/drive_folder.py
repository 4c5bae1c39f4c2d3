"""A folder that stands for the drive of the boot ROM, as if the system had mounted it.

It is there while the boot ROM shows its drive, with the ROM's own files in it; what is copied into
it is written to the drive block by block, and is gone when the chip restarts.
"""

from __future__ import annotations

from pathlib import Path

from titrate.virtual.boot_drive import BLOCK_BYTES, BootDrive
from titrate.virtual.pico import VirtualPico

_FREE_BLOCK = 1024  # behind the ROM's own files
_BLOCKS_AT_ONCE = 32


class DriveFolder:
    """Shows the boot ROM's drive of `pico` as the folder `path`.

    Raises FileExistsError when `path` is something already, other than an empty folder.
    """

    def __init__(self, pico: VirtualPico, path: Path) -> None:
        if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
            raise FileExistsError(
                f"{path} is there and not an empty folder: choose another name for the drive, or "
                "remove it"
            )
        self._drive = BootDrive(pico)
        self._path = path
        self._own: set[str] = set()
        self._taken_bytes: dict[str, int] = {}
        self._is_shown = False
        self._block = _FREE_BLOCK

    def exchange(self) -> bool:
        """Show, hide or write the drive as it is due; True when something was written to it."""
        if self._drive.found != self._is_shown:
            if self._is_shown:
                self.hide()
            else:
                self._show()
        return self._is_shown and self._write()

    def hide(self) -> None:
        """Take the folder away, with all that is in it."""
        if self._is_shown:
            self._is_shown = False
            for path in self._path.iterdir():
                path.unlink()
            self._path.rmdir()

    def _show(self) -> None:
        self._is_shown = True
        self._taken_bytes.clear()
        self._block = _FREE_BLOCK
        self._path.mkdir(exist_ok=True)
        files = self._drive.files()
        self._own = set(files)
        for name, content in files.items():
            (self._path / name).write_bytes(content)

    def _write(self) -> bool:
        """Write the next whole blocks of a file that was copied here, if there are any."""
        for path in sorted(self._path.iterdir()):
            if path.name in self._own:
                continue
            with path.open("rb") as file:
                file.seek(self._taken_bytes.get(path.name, 0))
                data = file.read(_BLOCKS_AT_ONCE * BLOCK_BYTES)
            data = data[: len(data) // BLOCK_BYTES * BLOCK_BYTES]
            if data:
                self._drive.write(self._block, data)
                self._block += len(data) // BLOCK_BYTES
                self._taken_bytes[path.name] = self._taken_bytes.get(path.name, 0) + len(data)
                return True
        return False
