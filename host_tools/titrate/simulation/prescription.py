"""What a delivery prescribes over a time, as stretches of constant rate with exact instants.

The pump's own Delivery says where the rate changes and carries the remainder; here the instants
of single steps are worked out from that in closed form, with fractions. That is a second way,
apart from the train of pulses, which adds up intervals in limbs of 28 bits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

from pump.core import schedule
from pump.core.delivery import TICKS_PER_S, Delivery

Ratio = tuple[int, int]

_TICKS_PER_HOUR: int = schedule.HOUR_S * TICKS_PER_S
_DAY_TICKS: int = schedule.DAY_S * TICKS_PER_S


class Stretch(NamedTuple):
    """A time in which the rate stays the same.

    Attributes:
        start_ticks, end_ticks: pump time in ticks of 8 ns.
        rate_nl_per_h: ratio, basal and boluses together.
        steps, remainder: whole microsteps due by the start, and the exact rest of one (a ratio).
        end_steps: whole microsteps due by the end.
    """

    start_ticks: int
    end_ticks: int
    rate_nl_per_h: Ratio
    steps: int
    remainder: Ratio
    end_steps: int


def stretches(delivery: Delivery, until_ticks: int) -> Iterator[Stretch]:
    """Advance a delivery to a time, change by change; midnights count as changes."""
    while (at_ticks := delivery.anchor_ticks) < until_ticks:
        rate_nl_per_h, change_ticks = delivery.segment_at(at_ticks)
        end_ticks = min(until_ticks, at_ticks - at_ticks % _DAY_TICKS + _DAY_TICKS)
        if change_ticks is not None:
            end_ticks = min(end_ticks, change_ticks)
        steps, remainder = delivery.steps, delivery.remainder
        delivery.advance(end_ticks)
        yield Stretch(at_ticks, end_ticks, rate_nl_per_h, steps, remainder, delivery.steps)


class Prescription:
    """Stretches that follow one another.

    Args:
        stretches: at least one, each beginning where the one before it ends.
        microstep_nl: ratio, volume of a microstep.
    """

    def __init__(self, stretches: Sequence[Stretch], microstep_nl: Ratio):
        self.stretches = stretches
        self.microstep_nl = Fraction(*microstep_nl)
        self._starts = [stretch.start_ticks for stretch in stretches]

    def volume_nl(self, at_ticks: int) -> Fraction:
        """What is asked for from the beginning to a time within, in nL."""
        return (self._microsteps(at_ticks) - due(self.stretches[0])) * self.microstep_nl

    def steps(self, at_ticks: int) -> int:
        """Whole microsteps due by a time within, counted as the delivery counts them."""
        return floor(self._microsteps(at_ticks))

    def instant_ticks(self, step: int) -> Fraction:
        """When a step is due, exactly, in ticks of pump time.

        Args:
            step: its number, as the delivery counts them: the one due next after n steps
                is n + 1.

        Raises:
            ValueError: it is not due within these stretches.
        """
        index = bisect_right(self.stretches, step - 1, key=lambda stretch: stretch.end_steps)
        if index == len(self.stretches) or step <= self.stretches[0].steps:
            raise ValueError(f"step {step} is not due in the time that was looked at")
        return instant_in(self.stretches[index], step, self.microstep_nl)

    def _microsteps(self, at_ticks: int) -> Fraction:
        stretch = self.stretches[max(0, bisect_right(self._starts, at_ticks) - 1)]
        gone_ticks = at_ticks - stretch.start_ticks
        return due(stretch) + gone_ticks * _microsteps_per_tick(stretch, self.microstep_nl)


def prescribe(delivery: Delivery, until_ticks: int) -> Prescription:
    """What a delivery prescribes from its anchor, which this moves, to a later time."""
    return Prescription(list(stretches(delivery, until_ticks)), delivery.microstep_nl)


def due(stretch: Stretch) -> Fraction:
    """Microsteps due by the beginning of a stretch, exactly."""
    return stretch.steps + Fraction(*stretch.remainder)


def instant_in(stretch: Stretch, step: int, microstep_nl: Fraction) -> Fraction:
    """When a step that is due within a stretch is due, in ticks of pump time."""
    to_go = step - due(stretch)
    return stretch.start_ticks + to_go / _microsteps_per_tick(stretch, microstep_nl)


def _microsteps_per_tick(stretch: Stretch, microstep_nl: Fraction) -> Fraction:
    return Fraction(*stretch.rate_nl_per_h) / microstep_nl / _TICKS_PER_HOUR
