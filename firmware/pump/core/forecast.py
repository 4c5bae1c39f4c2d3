"""What is to come under all that is prescribed: when a volume will be used, the highest rate."""

from pump.core import ratio, schedule, totals
from pump.core.delivery import MODE_MINIMUM, MODE_SCHEDULE, MODE_STOPPED, TICKS_PER_S
from pump.core.modes import THEN_CONTINUE, THEN_KVO


def time_until(delivery, now_ticks: int, left_nl):
    """When the prescription will have asked for a volume from now on.

    Boluses that were asked for count as given now, and at the minimum rate the programme as gone
    on with where that is sooner, so that the time is never later than it will be. Of a delivery
    that rests, it is told as if it were started now.

    Args:
        delivery: a Delivery.
        now_ticks: pump time.
        left_nl: ratio, the volume.

    Returns:
        the first whole second by which it has been asked for, pump time, or None when that
        never comes.
    """
    at_ticks = max(now_ticks, delivery.anchor_ticks)
    if left_nl[0] <= 0:
        return at_ticks // TICKS_PER_S
    found_s = _with_vtbi(delivery, at_ticks, left_nl)
    rate_nl_per_h = delivery.programme.minimum_rate_nl_per_h
    if delivery.mode == MODE_MINIMUM and rate_nl_per_h[0]:
        at_minimum_s = _after(at_ticks, left_nl, rate_nl_per_h)
        found_s = at_minimum_s if found_s is None else min(found_s, at_minimum_s)
    return found_s


def highest_rate(delivery, from_ticks: int, until_ticks: int):
    """The highest rate in nL/h that is asked for between two times."""
    highest = ratio.ZERO
    at_ticks = max(from_ticks, delivery.anchor_ticks)
    while at_ticks is not None and at_ticks < until_ticks:
        rate_nl_per_h, at_ticks = delivery.segment_at(at_ticks)
        if ratio.compare(rate_nl_per_h, highest) > 0:
            highest = rate_nl_per_h
    return highest


def _with_vtbi(delivery, at_ticks: int, left_nl):
    until_vtbi_nl = _until_vtbi_nl(delivery, at_ticks)
    if until_vtbi_nl is None or ratio.compare(until_vtbi_nl, left_nl) >= 0:
        return _without_vtbi(delivery, at_ticks, left_nl)
    vtbi = delivery.programme.vtbi
    if vtbi.then != THEN_KVO:
        return None
    end_ticks = delivery.vtbi_end_ticks
    if end_ticks is None and until_vtbi_nl[0]:
        # At rest, or many changes away: to the second, and rather too soon.
        end_s = _without_vtbi(delivery, at_ticks, until_vtbi_nl)
        if end_s is None:
            return None
        end_ticks = (end_s - 1) * TICKS_PER_S
    rest_nl = ratio.subtract(left_nl, until_vtbi_nl)
    return _after(max(at_ticks, end_ticks or 0), rest_nl, vtbi.kvo_rate_nl_per_h)


def _without_vtbi(delivery, at_ticks: int, left_nl):
    for bolus in delivery.boluses:
        left_nl = ratio.subtract(left_nl, bolus.rest_nl(at_ticks))
    if left_nl[0] <= 0:
        return at_ticks // TICKS_PER_S
    bridge_nl = delivery.bridge_rest_nl(at_ticks)
    if bridge_nl[0] > 0:
        rate_nl_per_h = delivery.programme.bridge.rate_nl_per_h
        if ratio.compare(bridge_nl, left_nl) >= 0:
            return _after(at_ticks, left_nl, rate_nl_per_h)
        left_nl = ratio.subtract(left_nl, bridge_nl)
        at_ticks += _ticks(bridge_nl, rate_nl_per_h)
    return _on_schedule(delivery, at_ticks, left_nl)


def _on_schedule(delivery, at_ticks: int, left_nl):
    at_s = at_ticks // TICKS_PER_S
    programme = delivery.programme_at(at_s)
    boluses_from_s = delivery.boluses_from_s
    cycle_from_s = delivery.cycle_from_at(at_s)
    if delivery.mode not in (MODE_SCHEDULE, MODE_MINIMUM):
        boluses_from_s = -(-at_ticks // TICKS_PER_S)
        cycle_from_s = delivery.cycle_if_started(boluses_from_s)
    # The second in work is counted whole, and what is past of it added to the volume.
    rate_nl_per_h = schedule.rate_at(programme, at_s, boluses_from_s, cycle_from_s)
    past_ticks = at_ticks - at_s * TICKS_PER_S
    past_nl = ratio.scale(rate_nl_per_h, past_ticks, schedule.HOUR_S * TICKS_PER_S)
    left_nl = ratio.add(left_nl, past_nl)
    if delivery.following is not None and at_s < delivery.following[0]:
        switch_s, following = delivery.following
        before_nl = totals.volume_between(programme, at_s, switch_s, boluses_from_s, cycle_from_s)
        if ratio.compare(before_nl, left_nl) < 0:
            left_nl = ratio.subtract(left_nl, before_nl)
            at_s = switch_s
            programme = following
            if programme.intermittent != delivery.programme.intermittent:
                cycle_from_s = delivery.cycle_from_at(switch_s)
    return totals.time_until(programme, at_s, left_nl, boluses_from_s, cycle_from_s)


def _until_vtbi_nl(delivery, at_ticks: int):
    """What is asked for until the volume to be infused has been delivered, or None."""
    vtbi = delivery.programme.vtbi
    if vtbi is None or vtbi.then == THEN_CONTINUE:
        return None
    left = delivery.vtbi_left()
    if left is None or (delivery.mode == MODE_STOPPED and not left[0]):
        return vtbi.volume_nl
    steps, remainder = delivery.due(at_ticks)
    left = ratio.subtract(delivery.vtbi_at, ratio.add((steps, 1), remainder))
    return ratio.multiply(left if left[0] > 0 else ratio.ZERO, delivery.microstep_nl)


def _ticks(volume_nl, rate_nl_per_h) -> int:
    hours = ratio.divide(volume_nl, rate_nl_per_h)
    return ratio.ceil(ratio.scale(hours, schedule.HOUR_S * TICKS_PER_S))


def _after(at_ticks: int, volume_nl, rate_nl_per_h) -> int:
    """The first whole second by which a rate has given a volume since a time."""
    return -(-(at_ticks + _ticks(volume_nl, rate_nl_per_h)) // TICKS_PER_S)
