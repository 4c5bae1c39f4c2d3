"""The seal of an image: its length and CRC-32, in the last page below the flash storage.

The pump compares the flash with it at every start and once an hour, see
firmware/pump/rp2040/flash_image.py.
"""

import struct
import zlib
from pathlib import Path

from .console import BuildError

FLASH_START = 0x10000000
FLASH_BYTES = 2 * 1024 * 1024
PAGE_BYTES = 256

_MAGIC = b"TIMG"
_SEAL = struct.Struct("<4sII")
# A block of a UF2 file (github.com/microsoft/uf2): marks, flags, address, bytes of data, number
# of the block, blocks in the file, family; 476 bytes of data; a mark.
_BLOCK = struct.Struct("<IIIIIIII476sI")
_MARKS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)


def seal_uf2(uf2: Path, image: bytes, storage_bytes: int) -> None:
    """Adds the block with the seal to a UF2 file.

    Args:
        uf2: the file, made of the image alone.
        image: everything in flash.
        storage_bytes: size of the flash storage at the end of flash.

    Raises:
        BuildError: the image leaves no page for it.
    """
    offset = FLASH_BYTES - storage_bytes - PAGE_BYTES
    if len(image) > offset:
        raise BuildError(
            f"the image is {len(image)} bytes and leaves no page for its seal below the flash "
            "storage: freeze less, or give the board less storage"
        )
    data = uf2.read_bytes()
    blocks = [_BLOCK.unpack_from(data, at) for at in range(0, len(data), _BLOCK.size)]
    flags, family = blocks[-1][2], blocks[-1][7]
    seal = _SEAL.pack(_MAGIC, len(image), zlib.crc32(image)).ljust(PAGE_BYTES, b"\xff")
    start, second, end = _MARKS
    last = (start, second, flags, FLASH_START + offset, PAGE_BYTES, 0, 0, family, seal, end)
    sealed = [*blocks, last]
    uf2.write_bytes(
        b"".join(
            _BLOCK.pack(*block[:5], number, len(sealed), *block[7:])
            for number, block in enumerate(sealed)
        )
    )
