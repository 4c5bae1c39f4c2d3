"""The watchdog, counting as the chip's does.

It loses two counts a microsecond (erratum RP2040-E1). Once it has fired it stays enabled but
stands still until LOAD is written again: firmware that comes up after a watchdog reset and never
feeds it is not reset a second time.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.watchdog import (
    CTRL,
    ENABLE,
    LOAD,
    LOAD_MASK,
    TICK,
    TICK_ENABLE,
    TIMER,
    TRIGGER,
    RPWatchdog,
)

_COUNT_NS = 500
_PAUSE_BITS = 0x0700_0000


class Watchdog(RPWatchdog):
    """WATCHDOG of `mcu`, an rp2040py chip."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "WATCHDOG_BASE")
        self._clock = mcu.clock
        self._expiry = mcu.clock.create_alarm(self._expire)
        self._is_enabled = False
        self._ticks = True
        self._count = 0
        self._since_ns = 0.0
        self._pause_flags = _PAUSE_BITS

    def reset(self) -> None:
        """Power on or the RUN pin; a watchdog reset leaves the block as it is."""
        super().reset()
        self._halt()
        self._is_enabled = False
        self._count = 0
        self._pause_flags = _PAUSE_BITS

    @property
    def _running(self) -> bool:
        return self._is_enabled and self._ticks and self._count > 0

    def _left(self) -> int:
        if not self._running:
            return self._count
        return max(0, self._count - int(self._clock.nanos - self._since_ns) // _COUNT_NS)

    def _halt(self) -> None:
        self._count = self._left()
        self._since_ns = self._clock.nanos
        self._expiry.cancel()

    def _go(self) -> None:
        self._since_ns = self._clock.nanos
        if self._running:
            self._expiry.schedule(self._count * _COUNT_NS)

    def _expire(self) -> None:
        self._count = 0
        self._reason = TIMER
        self.on_watchdog_trigger()

    def read_uint32(self, offset: int) -> int:
        if offset & 0xFFF == CTRL:
            return (ENABLE if self._is_enabled else 0) | self._pause_flags | self._left()
        return super().read_uint32(offset & 0xFFF)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == CTRL:
            self._halt()
            self._is_enabled = bool(value & ENABLE)
            self._pause_flags = value & _PAUSE_BITS
            self._go()
            if value & TRIGGER:
                super().write_uint32(CTRL, TRIGGER)
        elif offset == LOAD:
            self._halt()
            self._count = value & LOAD_MASK
            self._go()
        elif offset == TICK:
            self._halt()
            self._ticks = bool(value & TICK_ENABLE)
            super().write_uint32(TICK, value)
            self._go()
        else:
            super().write_uint32(offset, value)
