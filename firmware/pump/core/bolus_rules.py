"""What a programme allows of a bolus that is asked for; pump and simulation refuse the same."""

from pump.core import forecast, ratio, schedule
from pump.core.compat import const
from pump.core.delivery import TICKS_PER_S
from pump.core.errors import NotNow, OutOfRange
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.quantity import format_amount, format_duration, format_rate, format_volume

BOLUS_DURATION_S_MIN = const(1)
BOLUS_DURATION_S_MAX = const(86400)
# As many as fit what is kept over a reset.
BOLUSES_MAX = const(6)


def check_bolus(delivery, now_ticks: int, volume_nl, duration_s: int, left_nl, title="a bolus"):
    """Refuse a bolus that the programme or the pump's state does not allow.

    Args:
        delivery: the Delivery, without it.
        now_ticks: pump time at which it would begin.
        volume_nl: ratio, its volume.
        duration_s: how long it would take.
        left_nl: ratio, what the reservoir holds above its reserve.
        title: what it is called in the sentence.

    Raises:
        OutOfRange, NotNow: with the limit.
    """
    programme = delivery.programme
    concentration = programme.concentration_mcg_per_ml
    shown = title + " of " + format_amount(volume_nl, concentration)
    if len(delivery.boluses) >= BOLUSES_MAX:
        raise NotNow(
            str(BOLUSES_MAX) + " boluses are running, the most at a time; wait until one has ended"
        )
    if ratio.compare(volume_nl, programme.max_bolus_nl) > 0:
        raise OutOfRange(
            shown
            + " is above the programme's limit of "
            + format_amount(programme.max_bolus_nl, concentration)
            + "; ask for less",
            "dose_limit",
        )
    if not BOLUS_DURATION_S_MIN <= duration_s <= BOLUS_DURATION_S_MAX:
        raise OutOfRange(
            title
            + " of "
            + str(duration_s)
            + " s is outside the limits: one lasts 1 s to 24 h; choose a duration within that"
        )
    if ratio.compare(volume_nl, delivery.microstep_nl) < 0:
        raise OutOfRange(
            shown
            + " is less than one microstep of "
            + format_volume(delivery.microstep_nl)
            + "; ask for more"
        )
    check_reservoir(volume_nl, left_nl, shown)
    check_bridge(delivery, now_ticks)
    at_once = ratio.scale(volume_nl, schedule.HOUR_S, duration_s)
    until_ticks = now_ticks + (duration_s + CHANGE_WITHIN_S) * TICKS_PER_S
    total = ratio.add(at_once, forecast.highest_rate(delivery, now_ticks, until_ticks))
    if ratio.compare(total, programme.max_rate_nl_per_h) > 0:
        raise OutOfRange(
            shown
            + " in "
            + format_duration(duration_s)
            + " on top of the rest makes "
            + format_rate(total, concentration)
            + ", above the programme's limit of "
            + format_rate(programme.max_rate_nl_per_h, concentration)
            + "; give it over a longer time"
        )


def check_reservoir(volume_nl, left_nl, shown: str) -> None:
    """Refuse what is more than the reservoir holds above its reserve."""
    if ratio.compare(volume_nl, left_nl) > 0:
        raise OutOfRange(
            shown
            + " is more than the "
            + format_volume(left_nl if left_nl[0] > 0 else ratio.ZERO)
            + " left above the reserve; refill, and say what it holds with refill"
        )


def check_bridge(delivery, now_ticks: int) -> None:
    """Refuse a bolus while the line still holds the drug of before."""
    bridge_nl = delivery.bridge_rest_nl(max(now_ticks, delivery.anchor_ticks))
    if bridge_nl[0] > 0:
        raise NotNow(
            "a bridge of "
            + format_volume(bridge_nl)
            + " is still to be delivered: until then a bolus would be of the drug before; wait"
        )


def check_demand_rate(delivery, now_ticks: int) -> None:
    """Refuse a demand bolus that makes the others, which wait for it, come at too high a rate."""
    programme = delivery.programme
    waiting = delivery.boluses
    if not waiting:
        return
    last_ticks = max([bolus.end_ticks for bolus in waiting])
    last_ticks += (programme.demand.duration_s + CHANGE_WITHIN_S) * TICKS_PER_S
    delivery.boluses = []
    total = forecast.highest_rate(delivery, now_ticks, last_ticks)
    delivery.boluses = waiting
    for bolus in waiting:
        total = ratio.add(total, bolus.rate_nl_per_h())
    if ratio.compare(total, programme.max_rate_nl_per_h) > 0:
        concentration = programme.concentration_mcg_per_ml
        raise NotNow(
            "after a demand bolus the boluses that wait for it would make up to "
            + format_rate(total, concentration)
            + ", above the programme's limit of "
            + format_rate(programme.max_rate_nl_per_h, concentration)
            + "; cancel them or wait until they have ended"
        )
