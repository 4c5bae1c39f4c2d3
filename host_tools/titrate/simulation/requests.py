"""Boluses that are asked for while a simulated pump runs, and what the pump refuses of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core import quantity, ratio, schedule
from pump.core.controller import BOLUS_DURATION_S_MAX, BOLUS_DURATION_S_MIN
from pump.core.delivery import TICKS_PER_S, Bolus, Delivery
from pump.core.errors import NotNow, OutOfRange
from pump.core.programme import Programme

Ratio = tuple[int, int]


@dataclass(frozen=True)
class BolusRequest:
    """A bolus on top of what the programme asks for.

    Attributes:
        at_s: when it begins, pump time.
        volume_nl: its volume.
        duration_s: how long it takes, evenly.
    """

    at_s: int
    volume_nl: Fraction
    duration_s: int

    def bolus(self) -> Bolus:
        """It as the pump's delivery takes it."""
        start_ticks = self.at_s * TICKS_PER_S
        end_ticks = start_ticks + self.duration_s * TICKS_PER_S
        volume_nl = (self.volume_nl.numerator, self.volume_nl.denominator)
        return Bolus("00000000", volume_nl, start_ticks, end_ticks)


def check_request(request: BolusRequest, delivery: Delivery, left_nl: Ratio) -> None:
    """Refuse what the pump would refuse at that moment.

    Args:
        request: begins at the delivery's anchor.
        delivery: without the bolus.
        left_nl: what the reservoir holds above its reserve.

    Raises:
        OutOfRange: too much, too fast, too long, or less than one microstep.
        NotNow: the reservoir is down to its reserve.
    """
    programme: Programme = delivery.programme
    concentration = programme.concentration_mcg_per_ml
    volume_nl = (request.volume_nl.numerator, request.volume_nl.denominator)
    shown = (
        f"the bolus of {quantity.format_amount(volume_nl, concentration)} at "
        f"{quantity.format_instant(request.at_s)}"
    )
    if left_nl[0] <= 0:
        raise NotNow(f"{shown} comes when the reservoir is down to its reserve: fill in more")
    if ratio.compare(volume_nl, left_nl) > 0:
        left = quantity.format_amount(left_nl, concentration)
        raise OutOfRange(f"{shown} is more than the {left} left above the reserve: fill in more")
    if ratio.compare(volume_nl, programme.max_bolus_nl) > 0:
        limit = quantity.format_amount(programme.max_bolus_nl, concentration)
        raise OutOfRange(f"{shown} is above the programme's limit of {limit}: ask for less")
    if not BOLUS_DURATION_S_MIN <= request.duration_s <= BOLUS_DURATION_S_MAX:
        raise OutOfRange(f"{shown} takes {request.duration_s} s: a bolus lasts 1 s to 24 h")
    if ratio.compare(volume_nl, delivery.microstep_nl) < 0:
        step = quantity.format_volume(delivery.microstep_nl)
        raise OutOfRange(f"{shown} is less than one microstep of {step}: ask for more")
    own = ratio.scale(volume_nl, schedule.HOUR_S, request.duration_s)
    total = ratio.add(own, _highest_rate(delivery, request.bolus().end_ticks))
    if ratio.compare(total, programme.max_rate_nl_per_h) > 0:
        limit = quantity.format_rate(programme.max_rate_nl_per_h, concentration)
        reached = quantity.format_rate(total, concentration)
        raise OutOfRange(
            f"{shown} on top of the rest makes {reached}, above the programme's limit of {limit}: "
            "give it over a longer time"
        )


def _highest_rate(delivery: Delivery, until_ticks: int) -> Ratio:
    """The highest rate from the delivery's anchor to a time."""
    highest = ratio.ZERO
    at_ticks: int | None = delivery.anchor_ticks
    while at_ticks is not None and at_ticks < until_ticks:
        rate_nl_per_h, at_ticks = delivery.segment_at(at_ticks)
        if ratio.compare(rate_nl_per_h, highest) > 0:
            highest = rate_nl_per_h
    return highest
