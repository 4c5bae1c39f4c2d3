"""What a day of a programme amounts to: its volume, its lowest and its highest rate."""

from pump.core import ratio, schedule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.programme import Programme

# A Monday 00:00 in pump time, with a day before it: schedule.py is asked about this week.
_MONDAY_S = 9 * schedule.DAY_S


def daily_volume_nl(programme: "Programme", weekday: int) -> tuple[int, int]:
    """The volume prescribed for a weekday, exactly: its basal and the boluses that start on it.

    Args:
        programme: start and end play no part.
        weekday: 0 for Monday to 6 for Sunday.

    Returns:
        A ratio of nanolitres.
    """
    total_nl = basal_volume_nl(programme.days[programme.week[weekday]])
    for _, weekdays, volume_nl, _ in programme.boluses:
        if weekdays >> weekday & 1:
            total_nl = ratio.add(total_nl, volume_nl)
    return total_nl


def basal_volume_nl(day: tuple[tuple[int, tuple[int, int]], ...]) -> tuple[int, int]:
    """The basal volume of 24 hours of a day schedule, a ratio of nanolitres."""
    total_nl = ratio.ZERO
    for index, (_, rate_nl_per_h) in enumerate(day):
        total_nl = ratio.add(
            total_nl, ratio.scale(rate_nl_per_h, step_duration_s(day, index), 3600)
        )
    return total_nl


def step_duration_s(day: tuple[tuple[int, tuple[int, int]], ...], index: int) -> int:
    """How long a step of a day schedule lasts, in seconds."""
    end_s = day[index + 1][0] if index + 1 < len(day) else schedule.DAY_S
    return end_s - day[index][0]


def bolus_rate_nl_per_h(volume_nl: tuple[int, int], duration_s: int) -> tuple[int, int]:
    """The rate that a bolus adds to the basal while it runs, a ratio of nanolitres per hour."""
    return ratio.scale(volume_nl, schedule.HOUR_S, duration_s)


def lowest_rate_nl_per_h(programme: "Programme") -> tuple[int, int] | None:
    """The lowest basal rate above 0 of any day and any step of the course; None without one."""
    lowest = None
    for day in programme.days:
        for _, rate_nl_per_h in day:
            if rate_nl_per_h[0] and (lowest is None or ratio.compare(rate_nl_per_h, lowest) < 0):
                lowest = rate_nl_per_h
    least = ratio.ONE
    for _, factor in programme.course:
        if factor[0] and ratio.compare(factor, least) < 0:
            least = factor
    return lowest if lowest is None else ratio.multiply(lowest, least)


def highest_rate(programme: "Programme") -> tuple[tuple[int, int], int, int]:
    """The highest total rate that the programme reaches: basal with all boluses then running.

    A total can only rise where a basal step or a bolus starts, so it is summed there. An
    intermittent bolus may come at any time, so it is counted at all of them.

    Returns:
        (rate in nanolitres per hour, weekday, seconds since midnight): the first instant of
        the week, from Monday 00:00, at which it is reached.
    """
    highest = (-1, 1)
    where = (0, 0)
    for weekday in range(7):
        times = {start_s for start_s, _ in programme.days[programme.week[weekday]]}
        for at_s, weekdays, _, _ in programme.boluses:
            if weekdays >> weekday & 1:
                times.add(at_s)
        for time_s in sorted(times):
            at_s = _MONDAY_S + weekday * schedule.DAY_S + time_s
            total = schedule.day_rate_at(programme, at_s)
            for _, _, rate_nl_per_h in schedule.bolus_windows(programme, at_s, 0):
                total = ratio.add(total, rate_nl_per_h)
            if ratio.compare(total, highest) > 0:
                highest = total
                where = (weekday, time_s)
    if programme.intermittent is not None:
        _, _, volume_nl, duration_s = programme.intermittent
        highest = ratio.add(highest, bolus_rate_nl_per_h(volume_nl, duration_s))
    return highest, where[0], where[1]
