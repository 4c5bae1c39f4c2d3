"""Flash memory as sectors, and which sectors hold what.

Flash is erased a sector at a time, to 0xFF; programming only turns ones into
zeros. Journals and settings are written against the class Sectors and so run on
a flash partition, on files and on the flash model of the tests alike.
"""

from pump.core.compat import const
from pump.core.errors import OutOfRange, PumpError

SECTOR_BYTES = const(4096)
PAGE_BYTES = const(256)  # the most that the flash chip programs in one go

# What the 152 sectors of the journal partition hold: name -> (first sector, sectors).
LAYOUT: dict[str, tuple[int, int]] = {
    "events": (0, 92),
    "faults": (92, 16),
    "checkpoints": (108, 6),
    "keys": (114, 4),
    "programme": (118, 10),
    "library": (128, 8),
    "following": (136, 12),
    "equipment": (148, 4),
}
TOTAL_SECTORS = const(152)


class FlashError(PumpError):
    """The flash memory did not do what it was told, or could not be read."""

    code = "flash_failing"


class FlashFull(FlashError):
    """The file system that stands in for flash has no room left."""

    code = "flash_full"


class Sectors:
    """So many sectors of flash, numbered from 0; the base of every kind of them.

    Attributes:
        sector_count: how many sectors there are.
        is_atomic: whether power that fails during program() leaves all of it or nothing.
    """

    sector_count = 0
    is_atomic = False

    def erase(self, sector: int) -> None:
        """Set all 4096 bytes of a sector to 0xFF.

        On the RP2040 interrupts are off meanwhile, typically 45 ms and at most 400 ms.

        Raises:
            OutOfRange: there is no such sector.
            FlashError: the sector could not be erased.
        """
        raise NotImplementedError

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes to where the sector is erased, within one sector.

        Writing the same bytes to the same place again is allowed: it makes bits firm
        that a power cut may have left half programmed. On the RP2040 interrupts are off
        for at most 3 ms a page.

        Args:
            sector: which sector.
            offset: first byte in it, 0-4095.
            data: bytes-like, at least one byte, ending at or before the sector's end.

        Raises:
            OutOfRange: there is no such place.
            FlashError: the bytes could not be written.
        """
        raise NotImplementedError

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        """Fill a writable buffer with what a sector holds from an offset on.

        Raises:
            OutOfRange: there is no such place.
            FlashError: the bytes could not be read.
        """
        raise NotImplementedError

    def check(self, sector: int, offset: int, length: int) -> None:
        """Refuse a place that does not lie within one sector.

        Raises:
            OutOfRange: with the limits in the sentence.
        """
        if not 0 <= sector < self.sector_count:
            last = self.sector_count - 1
            raise OutOfRange(f"Sector {sector} does not exist: 0 to {last} do.")
        if offset < 0 or length < 1 or offset + length > SECTOR_BYTES:
            raise OutOfRange(
                f"{length} bytes at {offset} do not lie within the {SECTOR_BYTES} of a sector."
            )
