"""Sectors on the RP2040's own flash, in the part that the image keeps free of a file system."""

import rp2

from pump.core.compat import const
from pump.core.sectors import PAGE_BYTES, SECTOR_BYTES, FlashError, Sectors

_IOCTL_BLOCK_ERASE = const(6)
_BLANK_PAGE = b"\xff" * PAGE_BYTES


class FlashSectors(Sectors):
    """A part of the flash that MicroPython leaves to storage.

    The chip programs whole pages of 256 bytes; what is not to be written in a page is
    programmed as 0xFF, which changes nothing. Data are copied to working memory first,
    since flash cannot be read while it is programmed.

    Args:
        start_bytes: where it begins, from the start of the storage area; whole sectors.
        sector_count: how many sectors it has.

    Raises:
        FlashError: the storage area has no such part.
    """

    def __init__(self, start_bytes: int, sector_count: int):
        try:
            self._device = rp2.Flash(start=start_bytes, len=sector_count * SECTOR_BYTES)
        except ValueError:
            raise FlashError(
                f"The flash has no {sector_count} sectors for storage from {start_bytes} on."
            )
        self.sector_count = sector_count
        self._page = bytearray(PAGE_BYTES)

    def erase(self, sector: int) -> None:
        """See Sectors.erase()."""
        self.check(sector, 0, SECTOR_BYTES)
        self._device.ioctl(_IOCTL_BLOCK_ERASE, sector)

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """See Sectors.program(); interrupts are on again between pages."""
        length = len(data)
        self.check(sector, offset, length)
        page = self._page
        view = memoryview(data)
        done = 0
        while done < length:
            start = (offset + done) % PAGE_BYTES
            part = min(PAGE_BYTES - start, length - done)
            page[:] = _BLANK_PAGE
            page[start : start + part] = view[done : done + part]
            self._device.writeblocks(sector, page, offset + done - start)
            done += part

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        """See Sectors.read_into()."""
        self.check(sector, offset, len(buffer))
        self._device.readblocks(sector, buffer, offset)
