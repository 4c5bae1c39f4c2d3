"""What a programme asks for at a time: pure functions that never ask what time it is.

Times are pump time in whole seconds (local civil time since 2000-01-01 00:00).
A programme changes at whole seconds only: basal steps start at a second of the
day, scheduled boluses start at a second of the day and last whole seconds.
"""

from pump.core import ratio
from pump.core.compat import const

DAY_S = const(86400)
WEEK_S = const(604800)
HOUR_S = const(3600)


def weekday(time_s: int) -> int:
    """Day of the week of a pump time, Monday 0 to Sunday 6 (2000-01-01 was a Saturday)."""
    return (time_s // DAY_S + 5) % 7


def factor_at(programme, time_s: int) -> tuple[int, int]:
    """How much of the day schedule's rates the programme's course asks for at a time."""
    found = ratio.ONE
    for from_s, factor in programme.course:
        if from_s > time_s:
            break
        found = factor
    return found


def basal_rate_at(programme, time_s: int) -> tuple[int, int]:
    """Basal rate in nL/h that day schedule and course ask for at a time."""
    rate_nl_per_h = day_rate_at(programme, time_s)
    if programme.course:
        rate_nl_per_h = ratio.multiply(rate_nl_per_h, factor_at(programme, time_s))
    return rate_nl_per_h


def day_rate_at(programme, time_s: int) -> tuple[int, int]:
    """Basal rate in nL/h that the day schedule asks for at a time, whatever the course says."""
    day = programme.days[programme.week[weekday(time_s)]]
    second = time_s % DAY_S
    rate_nl_per_h = day[0][1]
    for start_s, step_rate_nl_per_h in day:
        if start_s > second:
            break
        rate_nl_per_h = step_rate_nl_per_h
    return rate_nl_per_h


def lowest_basal_rate(programme, time_s: int) -> tuple[int, int]:
    """The lowest basal rate in nL/h of all days in use: what is safe while the clock is unknown.

    Args:
        time_s: what the clock shows, for the place in the course: the time that was noted
            last and what has passed since.
    """
    lowest = day_rate_at(programme, 0)
    for index in programme.week:
        for _, rate_nl_per_h in programme.days[index]:
            if ratio.compare(rate_nl_per_h, lowest) < 0:
                lowest = rate_nl_per_h
    return ratio.multiply(lowest, factor_at(programme, time_s))


def depends_on_clock(programme) -> bool:
    """Whether the time matters: more than one basal rate, boluses, a course, a start or an end."""
    if (
        programme.boluses
        or programme.course
        or programme.start_s is not None
        or programme.end_s is not None
    ):
        return True
    first = programme.days[programme.week[0]][0][1]
    for index in programme.week:
        for _, rate_nl_per_h in programme.days[index]:
            if rate_nl_per_h != first:
                return True
    return False


def bolus_windows(programme, time_s: int, from_s: int, cycle_from_s: int | None = None):
    """The scheduled and intermittent boluses that are running at a time.

    A bolus that would have begun before from_s (before delivery was started or
    resumed) is not made up for: stopping cancels the rest of a bolus.

    Args:
        from_s: scheduled boluses count from then on.
        cycle_from_s: the intermittent bolus is counted from then on; None leaves it out.

    Returns:
        list of (start_s, end_s, rate_nl_per_h).
    """
    found: list[tuple[int, int, tuple[int, int]]] = []
    if not is_within(programme, time_s):
        return found
    midnight_s = time_s - time_s % DAY_S
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        for day_s in (midnight_s - DAY_S, midnight_s):
            start_s = day_s + at_s
            if not weekdays >> weekday(day_s) & 1:
                continue
            if start_s >= from_s and start_s <= time_s < start_s + duration_s:
                rate_nl_per_h = ratio.scale(volume_nl, HOUR_S, duration_s)
                found.append((start_s, start_s + duration_s, rate_nl_per_h))
    if programme.intermittent is not None and cycle_from_s is not None:
        start_s = cycle_start(programme.intermittent, time_s, cycle_from_s)
        _, _, volume_nl, duration_s = programme.intermittent
        if start_s is not None and time_s < start_s + duration_s:
            rate_nl_per_h = ratio.scale(volume_nl, HOUR_S, duration_s)
            found.append((start_s, start_s + duration_s, rate_nl_per_h))
    return found


def cycle_start(intermittent, time_s: int, cycle_from_s: int):
    """When the last intermittent bolus began by a time, or None before the first one."""
    since_s = time_s - cycle_from_s - intermittent.first_after_s
    return None if since_s < 0 else time_s - since_s % intermittent.interval_s


def cycle_volume_nl(intermittent, until_s: int, cycle_from_s: int) -> tuple[int, int]:
    """What intermittent boluses amount to from their origin until a time, in nL."""
    first_after_s, interval_s, volume_nl, duration_s = intermittent
    since_s = until_s - cycle_from_s - first_after_s
    if since_s <= 0:
        return ratio.ZERO
    whole_nl = ratio.scale(volume_nl, since_s // interval_s)
    return ratio.add(
        whole_nl, ratio.scale(volume_nl, min(since_s % interval_s, duration_s), duration_s)
    )


def is_within(programme, time_s: int) -> bool:
    """Whether the programme's start has come and its end has not."""
    if programme.start_s is not None and time_s < programme.start_s:
        return False
    return programme.end_s is None or time_s < programme.end_s


def rate_at(
    programme, time_s: int, boluses_from_s: int, cycle_from_s: int | None = None
) -> tuple[int, int]:
    """Basal rate, scheduled and intermittent boluses together at a time, in nL/h.

    Args:
        boluses_from_s, cycle_from_s: see bolus_windows().
    """
    if not is_within(programme, time_s):
        return ratio.ZERO
    rate_nl_per_h = basal_rate_at(programme, time_s)
    if programme.boluses or programme.intermittent is not None:
        for window in bolus_windows(programme, time_s, boluses_from_s, cycle_from_s):
            rate_nl_per_h = ratio.add(rate_nl_per_h, window[2])
    return rate_nl_per_h


def next_change_after(programme, time_s: int, cycle_from_s: int | None = None) -> int:
    """The first second after time_s at which rate_at() may change; at most a week ahead.

    A midnight at which nothing changes is passed over when every day is one and
    the same single rate, so that a constant programme gives one change a week.
    """
    midnight_s = time_s - time_s % DAY_S
    found = midnight_s + DAY_S
    day = programme.days[programme.week[weekday(time_s)]]
    if len(day) == 1 and not programme.boluses and len(programme.days) == 1:
        found = midnight_s + WEEK_S
    for start_s, _ in day:
        if midnight_s + start_s > time_s:
            found = min(found, midnight_s + start_s)
            break
    for at_s, weekdays, _, duration_s in programme.boluses:
        for day_s in (midnight_s - DAY_S, midnight_s):
            if weekdays >> weekday(day_s) & 1:
                for edge_s in (day_s + at_s, day_s + at_s + duration_s):
                    if time_s < edge_s < found:
                        found = edge_s
    if programme.intermittent is not None and cycle_from_s is not None:
        found = min(found, _cycle_edge_after(programme.intermittent, time_s, cycle_from_s))
    for edge_s in (programme.start_s, programme.end_s):
        if edge_s is not None and time_s < edge_s < found:
            found = edge_s
    for from_s, _ in programme.course:
        if time_s < from_s < found:
            found = from_s
    return found


def _cycle_edge_after(intermittent, time_s: int, cycle_from_s: int) -> int:
    """When the next intermittent bolus begins or the running one ends."""
    start_s = cycle_start(intermittent, time_s, cycle_from_s)
    if start_s is None:
        return cycle_from_s + intermittent.first_after_s
    if time_s < start_s + intermittent.duration_s:
        return start_s + intermittent.duration_s
    return start_s + intermittent.interval_s
