"""The DMA controller, with what rp2040py's leaves out.

A transfer takes a moment, the abort register reads as done (software polls it), and a channel
can be made to hang.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.dma import CHAN_ABORT, RPDMA, TREQ, RPDMAChannel
from rp2040py.rp2040 import RP2040

TRANSFER_NS = 32
"""From request to written word: about four bus cycles on an idle bus."""

_FIFO_LEVELS = 0x440
_SNIFF_CTRL = 0x434
_SNIFF_DATA = 0x438
_WORD_MASK = 0xFFFFFFFF


class DmaChannel(RPDMAChannel):
    """One channel; `hung` makes it ignore every request, as a fault would."""

    def __init__(self, dma: Dma, mcu: Any, index: int) -> None:
        self.hung = False
        super().__init__(dma, mcu, index)

    def schedule_transfer(self) -> None:
        if self.hung:
            return
        treq = self._treq_value
        if treq == TREQ.PERMANENT or self.dma.dreq.get(treq, False):
            self.transfer_alarm.schedule(TRANSFER_NS)
        else:
            super().schedule_transfer()

    def transfer(self) -> None:
        if self.hung or not self.active:
            return
        if self._treq_value < TREQ.TIMER0 and not self.dma.dreq.get(self._treq_value, False):
            return  # the request is gone; the next one schedules the transfer again
        super().transfer()
        self._read_addr &= _WORD_MASK
        self._write_addr &= _WORD_MASK

    # The bus methods are called on the class, for the reason that chip.py gives.

    def transfer8(self) -> None:
        value = RP2040.read_uint8(self.rp2040, self._read_addr)
        RP2040.write_uint8(self.rp2040, self._write_addr, value)

    def transfer16(self) -> None:
        value = RP2040.read_uint16(self.rp2040, self._read_addr)
        RP2040.write_uint16(self.rp2040, self._write_addr, value)

    def transfer_swap16(self) -> None:
        value = RP2040.read_uint16(self.rp2040, self._read_addr)
        RP2040.write_uint16(self.rp2040, self._write_addr, (value & 0xFF) << 8 | value >> 8)

    def transfer32(self) -> None:
        value = RP2040.read_uint32(self.rp2040, self._read_addr)
        RP2040.write_uint32(self.rp2040, self._write_addr, value)

    def transfer_swap32(self) -> None:
        value = RP2040.read_uint32(self.rp2040, self._read_addr)
        swapped = int.from_bytes(value.to_bytes(4, "little"), "big")
        RP2040.write_uint32(self.rp2040, self._write_addr, swapped)

    def hang(self) -> None:
        """Stop serving requests; every register keeps its value and BUSY stays set."""
        self.hung = True
        self.transfer_alarm.cancel()


class Dma(RPDMA):
    """The controller; takes over the request lines as `former` left them."""

    def __init__(self, mcu: Any, former: RPDMA) -> None:
        super().__init__(mcu, "DMA")
        for channel in self.channels:
            channel.transfer_alarm.cancel()
        self._own_channels = [DmaChannel(self, mcu, index) for index in range(12)]
        self.channels = list(self._own_channels)
        self.dreq = dict(former.dreq)

    def hang(self, channel: int) -> None:
        """Let channel 0 to 11 hang."""
        self._own_channels[channel].hang()

    def read_uint32(self, offset: int) -> int:
        if offset & 0xFFF in (CHAN_ABORT, _FIFO_LEVELS, _SNIFF_CTRL, _SNIFF_DATA):
            return 0
        return super().read_uint32(offset & 0xFFF)
