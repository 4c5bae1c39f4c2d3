"""What the boot before this one left behind: stopped, counted and read, before anything else.

A soft reset leaves DMA and the state machines at work on memory at the top of the heap, which
the new heap gives to others only when it is nearly full. So boot.py looks for it before that,
as late as it can; then the block that the next boot will look for is taken.
"""

from machine import mem32
from micropython import const

from pump.rp2040 import registers as reg
from pump.rp2040 import retained_memory

_STEP_ENABLE = const(1)
_WITNESS_ENABLE = const(2)
STEP_DMA = const(10)
WITNESS_DMA = const(11)


class LeftOver:
    """What was found.

    Attributes:
        text: the state that was retained, or None.
        witnessed: edges that the witness counted.
        was_soft: whether it was a soft reset, after which the timer and the witness went on.
        fed_us: the timer's reading when the watchdog was fed last.
    """

    def __init__(self) -> None:
        memory = retained_memory.from_last_boot()
        retained_memory.forget()
        # Only a soft reset leaves the witness's state machine enabled.
        self.was_soft = bool(mem32[reg.PIO0_BASE + reg.PIO_CTRL] & _WITNESS_ENABLE)
        mem32[reg.PIO0_BASE + reg.CLEAR_ALIAS + reg.PIO_CTRL] = _STEP_ENABLE
        # By now the last edge has been counted.
        mem32[reg.PIO0_BASE + reg.CLEAR_ALIAS + reg.PIO_CTRL] = _WITNESS_ENABLE
        abort_dma(STEP_DMA)
        abort_dma(WITNESS_DMA)
        self.text = None
        self.witnessed = 0
        self.fed_us = 0
        if memory is not None:
            self.text = memory.read_text()
            self.witnessed = memory.witnessed()
            self.fed_us = memory.fed_us()


def abort_dma(channel: int) -> None:
    """Stop a DMA channel and wait until it has stopped."""
    mem32[reg.DMA_BASE + reg.DMA_CHAN_ABORT] = 1 << channel
    while mem32[reg.DMA_BASE + reg.DMA_CHAN_ABORT] & (1 << channel):
        pass
