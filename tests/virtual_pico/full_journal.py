"""Fills the event journal in a virtual Pico's flash, by the journal's own code on the host."""

from pump.core import records
from pump.core.journal import Journal
from pump.core.sectors import LAYOUT, SECTOR_BYTES, TOTAL_SECTORS, Sectors
from titrate.virtual.littlefs_image import FS_OFFSET
from titrate.virtual.pico import VirtualPico

BOARD_ID = "ff" * 8
"""What hello tells of a virtual Pico: its emulated flash chip has no number of its own."""


class StoredSectors(Sectors):
    """The journal's part of a virtual Pico's flash while it is switched off."""

    sector_count = TOTAL_SECTORS

    def __init__(self, pico: VirtualPico):
        self._content = pico.store.content

    def _at(self, sector: int, offset: int, length: int) -> int:
        self.check(sector, offset, length)
        return FS_OFFSET + sector * SECTOR_BYTES + offset

    def erase(self, sector: int) -> None:
        """See Sectors.erase()."""
        at = self._at(sector, 0, SECTOR_BYTES)
        self._content[at : at + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """See Sectors.program()."""
        at = self._at(sector, offset, len(data))
        for index, byte in enumerate(data):
            self._content[at + index] &= byte

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        """See Sectors.read_into()."""
        at = self._at(sector, offset, len(buffer))
        buffer[:] = self._content[at : at + len(buffer)]


def fill(pico: VirtualPico, count: int) -> list[str]:
    """Write so many records after those that are there; the Pico must be off.

    Args:
        pico: which.
        count: how many; each is a prime, which has no say in what follows, of 36 bytes.

    Returns:
        what the log says of each in detail, the oldest first.
    """
    assert not pico.powered
    first, sectors = LAYOUT["events"]
    journal = Journal(StoredSectors(pico), first, sectors, bytes.fromhex(BOARD_ID))
    journal.open()
    details = []
    for number in range(count):
        journal.prepare()
        volume_nl = (10**18 + number, 10**16)
        rid = f"{number:08x}"
        payload = records.encode(records.PRIME, rid, volume_nl)
        journal.append(records.PRIME, 800_000_000 + number, payload)
        details.append(f"request_id={rid} volume_nl={volume_nl[0]}/{volume_nl[1]}")
    return details
