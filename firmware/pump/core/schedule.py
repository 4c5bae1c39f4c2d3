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


def basal_rate_at(programme, time_s: int) -> tuple[int, int]:
    """Basal rate in nL/h that the programme's day schedule asks for at a time."""
    day = programme.days[programme.week[weekday(time_s)]]
    second = time_s % DAY_S
    rate_nl_per_h = day[0][1]
    for start_s, step_rate_nl_per_h in day:
        if start_s > second:
            break
        rate_nl_per_h = step_rate_nl_per_h
    return rate_nl_per_h


def lowest_basal_rate(programme) -> tuple[int, int]:
    """The lowest basal rate in nL/h of all days in use: what is safe while the clock is unknown."""
    lowest = basal_rate_at(programme, 0)
    for index in programme.week:
        for _, rate_nl_per_h in programme.days[index]:
            if ratio.compare(rate_nl_per_h, lowest) < 0:
                lowest = rate_nl_per_h
    return lowest


def depends_on_clock(programme) -> bool:
    """Whether the time of day matters: more than one basal rate, boluses, a start or an end."""
    if programme.boluses or programme.start_s is not None or programme.end_s is not None:
        return True
    first = programme.days[programme.week[0]][0][1]
    for index in programme.week:
        for _, rate_nl_per_h in programme.days[index]:
            if rate_nl_per_h != first:
                return True
    return False


def bolus_windows(programme, time_s: int, from_s: int):
    """The scheduled boluses that are running at a time.

    A bolus that would have begun before from_s (before delivery was started or
    resumed) is not made up for: stopping cancels the rest of a bolus.

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
    return found


def is_within(programme, time_s: int) -> bool:
    """Whether the programme's start has come and its end has not."""
    if programme.start_s is not None and time_s < programme.start_s:
        return False
    return programme.end_s is None or time_s < programme.end_s


def rate_at(programme, time_s: int, boluses_from_s: int) -> tuple[int, int]:
    """Basal rate and scheduled boluses together at a time, in nL/h."""
    if not is_within(programme, time_s):
        return ratio.ZERO
    rate_nl_per_h = basal_rate_at(programme, time_s)
    if programme.boluses:
        for window in bolus_windows(programme, time_s, boluses_from_s):
            rate_nl_per_h = ratio.add(rate_nl_per_h, window[2])
    return rate_nl_per_h


def next_change_after(programme, time_s: int) -> int:
    """The first second after time_s at which rate_at() may change; at most a day ahead.

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
    for edge_s in (programme.start_s, programme.end_s):
        if edge_s is not None and time_s < edge_s < found:
            found = edge_s
    return found


def volume_between(programme, start_s: int, end_s: int, boluses_from_s: int) -> tuple[int, int]:
    """Volume in nL that the programme asks for from start_s to end_s."""
    volume_nl = ratio.ZERO
    while start_s < end_s:
        until_s = min(next_change_after(programme, start_s), end_s)
        rate_nl_per_h = rate_at(programme, start_s, boluses_from_s)
        volume_nl = ratio.add(volume_nl, ratio.scale(rate_nl_per_h, until_s - start_s, HOUR_S))
        start_s = until_s
    return volume_nl


def time_until(programme, start_s: int, volume_nl: tuple[int, int], boluses_from_s: int):
    """When the programme will have asked for a volume since start_s.

    Whole weeks are skipped by division, so the cost is at most that of two weeks
    of changes however far ahead the answer lies.

    Args:
        volume_nl: ratio, 0 or more.

    Returns:
        the first whole second by which the volume has been asked for, or None when
        that never comes (the programme ends before, or its rate is 0 all week).
    """
    if volume_nl[0] <= 0:
        return start_s
    left_nl = volume_nl
    time_s = start_s
    if programme.start_s is not None:
        time_s = max(time_s, programme.start_s)
    # A bolus that began before boluses_from_s is left out; a day later none is any more.
    periodic_from_s = max(time_s, boluses_from_s) + DAY_S
    skipped = False
    while True:
        if not skipped and time_s >= periodic_from_s:
            skipped = True
            week_nl = volume_between(programme, time_s, time_s + WEEK_S, boluses_from_s)
            if week_nl[0] == 0:
                return None
            weeks = ratio.floor(ratio.divide(left_nl, week_nl))
            if programme.end_s is not None:
                weeks = min(weeks, max(0, (programme.end_s - time_s) // WEEK_S))
            if weeks > 0:
                left_nl = ratio.subtract(left_nl, ratio.scale(week_nl, weeks))
                time_s += weeks * WEEK_S
                if left_nl[0] == 0:
                    return _last_delivering_second(programme, time_s, boluses_from_s)
        if programme.end_s is not None and time_s >= programme.end_s:
            return None
        until_s = next_change_after(programme, time_s)
        rate_nl_per_h = rate_at(programme, time_s, boluses_from_s)
        asked_nl = ratio.scale(rate_nl_per_h, until_s - time_s, HOUR_S)
        if ratio.compare(asked_nl, left_nl) >= 0:
            return time_s + ratio.ceil(ratio.divide(ratio.scale(left_nl, HOUR_S), rate_nl_per_h))
        left_nl = ratio.subtract(left_nl, asked_nl)
        time_s = until_s


def _last_delivering_second(programme, time_s: int, boluses_from_s: int) -> int:
    """The end of the last stretch before time_s in which anything was asked for."""
    week_s = time_s - WEEK_S
    end_s = time_s
    while week_s < time_s:
        until_s = min(next_change_after(programme, week_s), time_s)
        if rate_at(programme, week_s, boluses_from_s)[0]:
            end_s = until_s
        week_s = until_s
    return end_s
