"""NOR flash as it is when power fails: operations cut short, bits that are neither one nor zero.

What a cut may leave, after what is known of such chips:

- Programming clears some of its bits and not others, in no order that can be relied on.
- Erasing may first program everything to zero; what it leaves is anything at all.
- A cell that was stopped on its way may read as one now and as zero later, until it is
  programmed to zero again or its sector is erased.
"""

import random

from pump.core.sectors import SECTOR_BYTES
from ram_sectors import RamSectors

PHASES = ("before", "middle", "after")


class PowerCut(BaseException):
    """The power failed. No code under test may catch it."""


class FlashModel(RamSectors):
    """Sectors that can lose power at any operation.

    Args:
        sector_count: how many sectors there are.
        seed: for what is left to chance.

    Attributes:
        on_operation: called as on_operation(what, sector, offset, data) before each erase
            ("erase", sector, 0, b"") and each program ("program", ...); or None.
        cut_at: number of the operation, counted from 0, at which power fails; or None.
        cut_phase: one of PHASES.
        wavering: whether cells stopped on their way read differently from time to time.
    """

    def __init__(self, sector_count, seed=0):
        super().__init__(sector_count)
        self.random = random.Random(seed)
        self.on_operation = None
        self.cut_at = None
        self.cut_phase = "middle"
        self.wavering = False
        # (sector, offset) -> mask of the bits that waver
        self._wavers = {}

    def clone(self, seed):
        """A copy that goes its own way."""
        copy = FlashModel(self.sector_count, seed)
        copy.data = [bytearray(sector) for sector in self.data]
        copy.erases = list(self.erases)
        copy.wavering = self.wavering
        copy._wavers = dict(self._wavers)
        return copy

    def erase(self, sector):
        self.check(sector, 0, SECTOR_BYTES)
        self._begin("erase", sector, 0, b"")
        super().erase(sector)
        self._steady(sector)
        self._end()

    def program(self, sector, offset, data):
        data = bytes(data)
        self.check(sector, offset, len(data))
        for i, byte in enumerate(data):
            may_read_one = self.data[sector][offset + i] | self._wavers.get((sector, offset + i), 0)
            assert byte & ~may_read_one == 0, f"programs ones over zeros at {sector}:{offset + i}"
        self._begin("program", sector, offset, data)
        super().program(sector, offset, data)
        for i, byte in enumerate(data):
            # A zero that is programmed holds; a one leaves a wavering cell as it is.
            mask = self._wavers.get((sector, offset + i), 0) & byte
            if mask:
                self._wavers[sector, offset + i] = mask
            else:
                self._wavers.pop((sector, offset + i), None)
        self._end()

    def read_into(self, sector, offset, buffer):
        super().read_into(sector, offset, buffer)
        for (at_sector, at), mask in self._wavers.items():
            if at_sector == sector and offset <= at < offset + len(buffer):
                buffer[at - offset] ^= mask & self.random.getrandbits(8)

    def waver(self, sector, offset, mask):
        """Let these bits of a byte read as one or zero from time to time."""
        self._wavers[sector, offset] = mask

    def cut(self, what, sector, offset, data):
        """Leave what an operation leaves that was cut in the middle."""
        if what == "erase":
            self._cut_erase(sector)
        else:
            self._cut_program(sector, offset, data)

    def _begin(self, what, sector, offset, data):
        if self.on_operation is not None:
            self.on_operation(what, sector, offset, data)
        if self.operations == self.cut_at and self.cut_phase != "after":
            if self.cut_phase == "middle":
                self.cut(what, sector, offset, data)
            raise PowerCut

    def _end(self):
        # The operation has been counted by now.
        if self.operations - 1 == self.cut_at:
            raise PowerCut

    def _cut_program(self, sector, offset, data):
        held = self.data[sector]
        to_clear = [
            (offset + i, 1 << bit)
            for i, byte in enumerate(data)
            for bit in range(8)
            if held[offset + i] & ~byte & 1 << bit
        ]
        style = self.random.choice(("none", "first", "half", "all but one", "all"))
        if style == "none":
            cleared = []
        elif style == "first":
            cleared = to_clear[: self.random.randrange(len(to_clear) + 1)]
        elif style == "half":
            cleared = [one for one in to_clear if self.random.random() < 0.5]
        else:
            cleared = self.random.sample(to_clear, len(to_clear))[len(style) > 3 :]
        for at, bit in cleared:
            held[at] &= ~bit
        if self.wavering:
            count = min(len(to_clear), self.random.choice((1, 2, 8, len(to_clear) // 3)))
            for at, bit in self.random.sample(to_clear, count):
                self._wavers[sector, at] = self._wavers.get((sector, at), 0) | bit

    def _cut_erase(self, sector):
        held = self.data[sector]
        style = self.random.choice(("hardly", "zeros", "mixed", "ones", "noise"))
        if style == "hardly":
            held[self.random.randrange(SECTOR_BYTES)] |= 1 << self.random.randrange(8)
        elif style == "zeros":
            held[:] = bytes(SECTOR_BYTES)
        elif style == "mixed":
            for i in range(SECTOR_BYTES):
                held[i] = self.random.choice(
                    (held[i], 0x00, 0xFF, held[i] | self.random.getrandbits(8))
                )
        elif style == "ones":
            held[:] = b"\xff" * SECTOR_BYTES
        else:
            held[:] = self.random.randbytes(SECTOR_BYTES)
        self._steady(sector)
        if self.wavering and style != "hardly":
            for at in self.random.sample(range(SECTOR_BYTES), 200):
                self._wavers[sector, at] = self.random.getrandbits(8)

    def _steady(self, sector):
        self._wavers = {key: mask for key, mask in self._wavers.items() if key[0] != sector}
