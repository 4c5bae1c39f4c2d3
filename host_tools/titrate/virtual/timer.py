"""The microsecond timer, with alarms that ring when the count reaches their value, not before.

rp2040py cuts the fraction of a microsecond off the time to go, so an alarm rings up to 1 us
early; firmware that then reads the time finds it too early and goes to sleep again.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.timer import ALARM0, ALARM3, TIMEHR, TIMELR, TIMERAWH, TIMERAWL, RPTimer

_WORD_MASK = 0xFFFFFFFF
_US_NS = 1000


class Timer(RPTimer):
    """TIMER of `mcu`, an rp2040py chip; counts whole microseconds since its last reset."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "TIMER_BASE")

    @property
    def _elapsed_ns(self) -> int:
        return int(self.clock.nanos - self._epoch_nanos)

    def read_uint32(self, offset: int) -> int:
        offset &= 0xFFF
        if offset == TIMERAWL:
            return self._elapsed_ns // _US_NS & _WORD_MASK
        if offset == TIMERAWH:
            return self._elapsed_ns // _US_NS >> 32
        if offset == TIMELR:
            count = self._elapsed_ns // _US_NS
            self._latched_time_high = count >> 32
            return count & _WORD_MASK
        if offset == TIMEHR:
            return self._latched_time_high
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if not ALARM0 <= offset <= ALARM3:
            super().write_uint32(offset, value)
            return
        alarm = self.alarms[(offset - ALARM0) >> 2]
        elapsed_ns = self._elapsed_ns
        ahead_us = (value - elapsed_ns // _US_NS) & _WORD_MASK
        alarm.armed = True
        alarm.target_micros = value & _WORD_MASK
        wait_ns = ahead_us * _US_NS - elapsed_ns % _US_NS
        alarm.clock_alarm.schedule(max(0, wait_ns))
