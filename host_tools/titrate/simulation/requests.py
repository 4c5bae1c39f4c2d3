"""Boluses that are asked for while a simulated pump runs, and what the pump refuses of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core import bolus_rules, quantity
from pump.core.delivery import TICKS_PER_S, Bolus, Delivery
from pump.core.errors import NotNow
from pump.core.modes import Demand

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


def demand_bolus(demand: Demand, at_s: int) -> Bolus:
    """A demand bolus that begins at a time, as the pump's delivery takes it."""
    start_ticks = at_s * TICKS_PER_S
    end_ticks = start_ticks + demand.duration_s * TICKS_PER_S
    return Bolus("00000000", demand.volume_nl, start_ticks, end_ticks)


def check_demand(demand: Demand, delivery: Delivery, left_nl: Ratio) -> None:
    """Refuse a demand bolus as the pump would, but for lockout and dose window.

    Raises:
        OutOfRange, NotNow: as check_request().
    """
    bolus_rules.check_reservoir(demand.volume_nl, left_nl, "the demand bolus")
    bolus_rules.check_bridge(delivery, delivery.anchor_ticks)
    if len(delivery.boluses) >= bolus_rules.BOLUSES_MAX:
        raise NotNow("as many boluses as can be are running: ask for it later")
    bolus_rules.check_demand_rate(delivery, delivery.anchor_ticks)


def check_request(request: BolusRequest, delivery: Delivery, left_nl: Ratio) -> None:
    """Refuse what the pump would refuse at that moment.

    Args:
        request: begins at the delivery's anchor.
        delivery: without the bolus.
        left_nl: what the reservoir holds above its reserve.

    Raises:
        OutOfRange: too much, too fast, too long, or less than one microstep.
        NotNow: the reservoir is down to its reserve, or something else is in the way.
    """
    title = f"the bolus at {quantity.format_instant(request.at_s)}"
    if left_nl[0] <= 0:
        raise NotNow(f"{title} comes when the reservoir is down to its reserve: fill in more")
    volume_nl = (request.volume_nl.numerator, request.volume_nl.denominator)
    bolus_rules.check_bolus(
        delivery, delivery.anchor_ticks, volume_nl, request.duration_s, left_nl, title
    )
