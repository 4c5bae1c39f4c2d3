"""What is in an image and how big it is, read from the image itself."""

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .console import BuildError

_FLASH_START = 0x10000000
_RAM_START = 0x20000000
# A block device in the Pico's binary information: type, tag "MP", and the address of its name,
# its start and its size (pico-sdk, pico/binary_info/structure.h; ports/rp2/rp2_flash.c).
_BLOCK_DEVICE = struct.Struct("<H2sIII")
_TYPE_BLOCK_DEVICE = 7
_DEVICE_NAME = b"MicroPython\0"


@dataclass(frozen=True)
class ImageFacts:
    """Sizes in bytes.

    text: code and constants, all in flash.
    image: everything in flash, with the initial values of variables.
    flash_free: between the end of the image and the start of the flash storage.
    flash_storage: the flash storage, the file system and whatever else shares it.
    ram_static: variables and buffers of fixed size.
    heap: what is left for the garbage-collected heap.
    """

    text: int
    image: int
    flash_free: int
    flash_storage: int
    ram_static: int
    heap: int


def read_facts(elf: Path, tool_folder: Path | None) -> ImageFacts:
    """Reads firmware.elf and the firmware.bin beside it.

    tool_folder: the folder with arm-none-eabi-nm and -size, or None to take them from PATH.

    Raises BuildError when the image reaches into the flash storage: it would destroy itself at
    the first file written.
    """
    image = elf.with_suffix(".bin").read_bytes()
    storage_start, storage_bytes = _find_storage(image)
    if len(image) > storage_start:
        raise BuildError(
            f"the image is {len(image)} bytes, {len(image) - storage_start} more than the "
            f"{storage_start} below the flash storage: freeze less, or give the board less storage"
        )
    symbols = {}
    for line in _tool(tool_folder, "nm", elf).splitlines():
        words = line.split()
        if len(words) == 3:
            symbols[words[2]] = int(words[0], 16)
    heap_start = symbols["__GcHeapStart"]
    heap_end = min(symbols["__GcHeapEnd"], symbols["__StackBottom"])
    return ImageFacts(
        text=int(_tool(tool_folder, "size", elf).splitlines()[1].split()[0]),
        image=len(image),
        flash_free=storage_start - len(image),
        flash_storage=storage_bytes,
        ram_static=heap_start - _RAM_START,
        heap=heap_end - heap_start,
    )


def _tool(folder: Path | None, name: str, elf: Path) -> str:
    program = f"arm-none-eabi-{name}"
    return subprocess.run(
        [str(folder / program) if folder else program, str(elf)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def _find_storage(image: bytes) -> tuple[int, int]:
    """Offset and size of the flash storage, from the binary information in the image."""
    for offset in range(0, len(image) - _BLOCK_DEVICE.size, 4):
        kind, tag, name, start, size = _BLOCK_DEVICE.unpack_from(image, offset)
        if kind == _TYPE_BLOCK_DEVICE and tag == b"MP":
            name_offset = name - _FLASH_START
            if image[name_offset : name_offset + len(_DEVICE_NAME)] == _DEVICE_NAME:
                return start - _FLASH_START, size
    raise BuildError("the image does not say where its flash storage is: it cannot be checked")
