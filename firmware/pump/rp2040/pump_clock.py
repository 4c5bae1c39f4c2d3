"""Pump time from the RP2040's 64-bit microsecond timer, which does not wrap for 584,000 years.

Both the timer and the PIO run from the same crystal, so 125 ticks are one microsecond for ever.
"""

import time

import machine
from machine import mem32
from micropython import const

from pump.rp2040.registers import TIMER_TIMERAWH, TIMER_TIMERAWL

TICKS_PER_US = 125
_EPOCH_1970_S = const(946684800)  # MicroPython's time counts from 1970 on this port


def timer_us() -> int:
    """Microseconds since the chip was last reset."""
    high = mem32[TIMER_TIMERAWH]
    while True:
        low = mem32[TIMER_TIMERAWL]
        again = mem32[TIMER_TIMERAWH]
        if again == high:
            return (high << 32) | (low & 0xFFFFFFFF)
        high = again


class PumpClock:
    """Pump time: local civil time since 2000-01-01 00:00.

    Attributes:
        offset_us: pump time less timer, in microseconds.
        is_known: whether pump time was set and not lost since.
    """

    def __init__(self):
        self.offset_us = 0
        self.is_known = False

    def now_ticks(self) -> int:
        """Pump time in ticks of 8 ns, to the microsecond."""
        return (timer_us() + self.offset_us) * TICKS_PER_US

    def now_s(self) -> int:
        """Pump time in whole seconds."""
        return (timer_us() + self.offset_us) // 1000000

    def uptime_s(self) -> int:
        """Seconds since the chip was last reset."""
        return timer_us() // 1000000

    def timer_us_of(self, ticks: int) -> int:
        """The timer's reading at a pump time in ticks."""
        return ticks // TICKS_PER_US - self.offset_us

    def set(self, now_s: int) -> int:
        """Set pump time to a whole second, and the chip's own clock, which files are dated by.

        Returns:
            by how many ticks pump time has moved.
        """
        before_us = self.offset_us
        self.offset_us = now_s * 1000000 - timer_us()
        self.is_known = True
        year, month, day, hour, minute, second, weekday = time.gmtime(now_s + _EPOCH_1970_S)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        return (self.offset_us - before_us) * TICKS_PER_US
