"""A prime above the rate that the motor follows from rest: a staircase of rates, up and down again.

A prime stays a prescription: a volume over time, whose edges come at their exact instants as those
of a dose do. Only its rate is given in levels. The first is what the motor follows from rest, each
is higher than the one before it by half of that, and they follow one another as fast as the
acceleration allows. The volume is exact: what lies between the slopes lasts until it has been
given.
"""

from pump.core import ratio
from pump.core.delivery import TICKS_PER_S

_HOUR_TICKS = 3600 * TICKS_PER_S


class PrimeRamp:
    """One prime's rates.

    Args:
        volume_nl: ratio, the whole volume.
        rate_nl_per_h: ratio, asked for; reached when the volume is large enough.
        microstep_nl: ratio.
        limits: MotionLimits.

    Attributes:
        end_ticks: when it ends, once begin() or go_down_from() was called.
    """

    def __init__(self, volume_nl, rate_nl_per_h, microstep_nl, limits):
        start_nl_per_h = ratio.scale(microstep_nl, 3600 * limits.start_per_s)
        self._gain_nl_per_h = ratio.scale(start_nl_per_h, 1, 2)
        self._level_ticks = TICKS_PER_S * limits.start_per_s // (2 * limits.acceleration_per_s2)
        levels = 0
        slope_nl = ratio.ZERO
        while ratio.compare(self._rate_of(levels), rate_nl_per_h) < 0:
            level_nl = ratio.scale(self._rate_of(levels), self._level_ticks, _HOUR_TICKS)
            longer_nl = ratio.add(slope_nl, level_nl)
            if ratio.compare(ratio.scale(longer_nl, 2), volume_nl) > 0:
                rate_nl_per_h = self._rate_of(levels)
                break
            slope_nl = longer_nl
            levels += 1
        self._peak_nl_per_h = rate_nl_per_h
        self._up = self._down = levels
        across_nl = ratio.subtract(volume_nl, ratio.scale(slope_nl, 2))
        self._across_ticks = ratio.ceil(
            ratio.divide(ratio.scale(across_nl, _HOUR_TICKS), rate_nl_per_h)
        )
        self._begin_ticks = 0
        self.end_ticks = 0

    def _rate_of(self, level: int):
        return ratio.scale(self._gain_nl_per_h, 2 + level)

    def begin(self, at_ticks: int) -> None:
        """It begins then."""
        self._begin_ticks = at_ticks
        slopes = self._up + self._down
        self.end_ticks = at_ticks + slopes * self._level_ticks + self._across_ticks

    def at(self, at_ticks: int):
        """(rate in nL/h, tick until which it holds) at a tick from its begin to before its end."""
        level = (at_ticks - self._begin_ticks) // self._level_ticks
        # Counted from the end, so that the last level ends there.
        below = -(-(self.end_ticks - at_ticks) // self._level_ticks) - 1
        if below < self._down:
            return self._rate_of(below), self.end_ticks - below * self._level_ticks
        if level < self._up:
            return self._rate_of(level), self._begin_ticks + (level + 1) * self._level_ticks
        return self._peak_nl_per_h, self.end_ticks - self._down * self._level_ticks

    def go_down_from(self, at_ticks: int) -> None:
        """From a tick before its end on, go down the levels that were climbed by then."""
        climbed = min((at_ticks - self._begin_ticks) // self._level_ticks, self._up)
        if at_ticks < self.end_ticks - self._down * self._level_ticks:
            self._down = climbed
            self.end_ticks = at_ticks + climbed * self._level_ticks

    def shift(self, ticks: int) -> None:
        """The clock was set by so many ticks."""
        self._begin_ticks += ticks
        self.end_ticks += ticks
