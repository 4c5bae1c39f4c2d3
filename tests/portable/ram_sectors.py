"""Sectors in working memory that behave as NOR flash does."""

from pump.core.sectors import SECTOR_BYTES, Sectors

_ERASED = b"\xff" * SECTOR_BYTES


class RamSectors(Sectors):
    """So many sectors, erased at first. Programming can only turn ones into zeros.

    Attributes:
        erases: how often each sector was erased.
        operations: erases and programs so far.
        reads: reads so far.
    """

    def __init__(self, sector_count):
        self.sector_count = sector_count
        self.data = [bytearray(_ERASED) for _ in range(sector_count)]
        self.erases = [0] * sector_count
        self.operations = 0
        self.reads = 0

    def erase(self, sector):
        self.check(sector, 0, SECTOR_BYTES)
        self.operations += 1
        self.erases[sector] += 1
        self.data[sector][:] = _ERASED

    def program(self, sector, offset, data):
        self.check(sector, offset, len(data))
        self.operations += 1
        held = self.data[sector]
        for i in range(len(data)):
            held[offset + i] &= data[i]

    def read_into(self, sector, offset, buffer):
        self.check(sector, offset, len(buffer))
        self.reads += 1
        buffer[:] = memoryview(self.data[sector])[offset : offset + len(buffer)]
