"""The firmware image in flash, and what it was when it was built.

A Titrate image ends with a page of its own, the last one below the flash storage: b"TIMG", its
length in bytes and its CRC-32, lowest byte first; firmware/image/builder/seal.py puts it there.
"""

import binascii

import machine
import rp2
import uctypes
from micropython import const

_FLASH_START = const(0x10000000)
_FLASH_BYTES = const(2097152)
_PAGE_BYTES = const(256)
_BLOCK_BYTES = const(4096)
_IOCTL_BLOCK_COUNT = const(4)
_MAGIC = const(0x474D4954)  # b"TIMG", lowest byte first


class FlashImage:
    """An image with its seal.

    Attributes:
        length_bytes: of the image, from the start of flash.
        crc: CRC-32 of that, when it was built.
    """

    def __init__(self, length_bytes: int, crc: int):
        self.length_bytes = length_bytes
        self.crc = crc

    def crc_of(self, start: int, end: int, so_far: int) -> int:
        """CRC-32 of the bytes from start to end, following on from those before."""
        return binascii.crc32(uctypes.bytearray_at(_FLASH_START + start, end - start), so_far)


def find():
    """The FlashImage that this board runs from, or None where no seal is found.

    MicroPython as it is, which runs Titrate from files, has none.
    """
    blocks: int = rp2.Flash().ioctl(_IOCTL_BLOCK_COUNT, 0)  # type: ignore[assignment]  # it has one
    storage_bytes = blocks * _BLOCK_BYTES
    limit_bytes = _FLASH_BYTES - storage_bytes - _PAGE_BYTES
    seal = _FLASH_START + limit_bytes
    words = machine.mem32
    length_bytes = words[seal + 4] & 0xFFFFFFFF
    if words[seal] & 0xFFFFFFFF != _MAGIC or length_bytes > limit_bytes:
        return None
    return FlashImage(length_bytes, words[seal + 8] & 0xFFFFFFFF)
