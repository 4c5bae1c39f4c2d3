"""Read a UF2 file: pieces of a flash image with their addresses."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

FLASH_BASE = 0x1000_0000
RP2040_FAMILY = 0xE48B_FF56

_BLOCK_BYTES = 512
_START_MAGICS = (0x0A32_4655, 0x9E5D_5157)
_END_MAGIC = 0x0AB1_6F30
_HAS_FAMILY = 0x2000


def read_uf2(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (offset in flash, bytes) for every block of an RP2040 UF2 file.

    Raises ValueError, naming the block, when the file is not one.
    """
    data = path.read_bytes()
    if not data or len(data) % _BLOCK_BYTES:
        raise ValueError(f"{path} is not a UF2 file: it is not a whole number of 512-byte blocks")
    for number in range(len(data) // _BLOCK_BYTES):
        block = data[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES]
        magic0, magic1, flags, address, size, _, _, family = struct.unpack_from("<8I", block)
        (end,) = struct.unpack_from("<I", block, _BLOCK_BYTES - 4)
        if (magic0, magic1) != _START_MAGICS or end != _END_MAGIC:
            raise ValueError(f"{path} is not a UF2 file: block {number} lacks the UF2 marks")
        if flags & _HAS_FAMILY and family != RP2040_FAMILY:
            raise ValueError(
                f"{path} is for another chip: block {number} is of family {family:#x}, "
                f"the Pico's is {RP2040_FAMILY:#x}"
            )
        yield address - FLASH_BASE, block[32 : 32 + size]
