"""The microsecond timer, with alarms that ring when the count reaches their value, not before.

rp2040py cuts the fraction of a microsecond off the time to go, so an alarm rings up to 1 us
early; firmware that then reads the time finds it too early and goes to sleep again. And it knows
no pause: here PAUSE holds the count, and with it every alarm, until it is taken back.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.timer import (
    ALARM0,
    ALARM3,
    PAUSE,
    TIMEHR,
    TIMELR,
    TIMERAWH,
    TIMERAWL,
    RPTimer,
    RPTimerAlarm,
)

_WORD_MASK = 0xFFFFFFFF
_US_NS = 1000


class Timer(RPTimer):
    """TIMER of `mcu`, an rp2040py chip; counts whole microseconds since its last reset."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "TIMER_BASE")
        self._paused_at_ns: float | None = None

    def reset(self) -> None:
        self._paused_at_ns = None
        super().reset()

    def skip(self, us: int) -> None:
        """Put the count ahead, before anything was set to ring; until the next reset."""
        self._epoch_nanos -= us * _US_NS

    @property
    def _elapsed_ns(self) -> int:
        at_ns = self.clock.nanos if self._paused_at_ns is None else self._paused_at_ns
        return int(at_ns - self._epoch_nanos)

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
        if offset == PAUSE:
            return int(self._paused_at_ns is not None)
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if ALARM0 <= offset <= ALARM3:
            alarm = self.alarms[(offset - ALARM0) >> 2]
            alarm.armed = True
            alarm.target_micros = value & _WORD_MASK
            self._schedule(alarm)
        elif offset == PAUSE:
            self._pause(bool(value & 1))
        else:
            super().write_uint32(offset, value)

    def _schedule(self, alarm: RPTimerAlarm) -> None:
        """Have an armed alarm ring when the count reaches its value; not while it stands still."""
        if self._paused_at_ns is not None:
            return
        elapsed_ns = self._elapsed_ns
        ahead_us = (alarm.target_micros - elapsed_ns // _US_NS) & _WORD_MASK
        wait_ns = ahead_us * _US_NS - elapsed_ns % _US_NS
        alarm.clock_alarm.schedule(max(0, wait_ns))

    def _pause(self, is_paused: bool) -> None:
        since_ns = self._paused_at_ns
        if is_paused and since_ns is None:
            self._paused_at_ns = self.clock.nanos
            for alarm in self.alarms:
                alarm.clock_alarm.cancel()
        elif not is_paused and since_ns is not None:
            self._epoch_nanos += self.clock.nanos - since_ns
            self._paused_at_ns = None
            for alarm in self.alarms:
                if alarm.armed:
                    self._schedule(alarm)
