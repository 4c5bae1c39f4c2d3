"""Files in the Pico's flash file system, put there without running the Pico."""

from __future__ import annotations

from collections.abc import Mapping

from littlefs import LittleFS, LittleFSError

FS_OFFSET = 0xA0000
"""Where MicroPython's file system starts in the flash of the board RPI_PICO."""

_BLOCK_BYTES = 4096


def put_files(flash: bytearray, files: Mapping[str, bytes], fs_offset: int = FS_OFFSET) -> None:
    """Write `files` (path to content) into the file system in `flash`, made if it is erased.

    The file system reaches from `fs_offset` to the end of the flash. Raises ValueError when
    there is something else.
    """
    fs = _open(flash, fs_offset)
    if not flash[fs_offset : fs_offset + 2 * _BLOCK_BYTES].strip(b"\xff"):
        fs.format()
    try:
        fs.mount()
    except LittleFSError as error:
        raise ValueError(
            f"there is no readable file system at {fs_offset:#x} in the flash ({error}): "
            "start with an empty flash, or say where its file system is"
        ) from error
    for name, content in files.items():
        folder = name.rpartition("/")[0]
        if folder:
            fs.makedirs(folder, exist_ok=True)
        with fs.open(name, "wb") as file:
            file.write(content)
    fs.unmount()
    flash[fs_offset:] = fs.context.buffer


def read_file(flash: bytes | bytearray, name: str, fs_offset: int = FS_OFFSET) -> bytes:
    """The content of the file `name` in `flash`; FileNotFoundError when there is none."""
    fs = _open(flash, fs_offset)
    fs.mount()
    with fs.open(name, "rb") as file:
        return bytes(file.read())


def _open(flash: bytes | bytearray, fs_offset: int) -> LittleFS:
    # Read, program and lookahead sizes are those of MicroPython's VfsLfs2 on the rp2 port.
    fs = LittleFS(
        block_size=_BLOCK_BYTES,
        block_count=(len(flash) - fs_offset) // _BLOCK_BYTES,
        read_size=32,
        prog_size=256,
        lookahead_size=32,
        mount=False,
    )
    fs.context.buffer[:] = flash[fs_offset:]
    return fs
