"""The most that a programme delivers in any 24 hours, whatever day they begin on.

A daily total says less: the evening of a weekday and the morning of the weekend may together
hold more than either day. Over a window the volume rises while the rate that enters it is
higher than the one that leaves it, so the most is found at a step of one of the two days.
"""

from pump.core import ratio
from pump.core.day import basal_volume_nl
from pump.core.schedule import DAY_S, HOUR_S, factor_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.programme import Programme

    Day = tuple[tuple[int, tuple[int, int]], ...]


def highest_day_nl(programme: "Programme", factor: tuple[int, int]) -> tuple[int, int]:
    """The highest volume that a programme asks for in any 24 hours, a ratio of nanolitres.

    Basal exactly; of the scheduled boluses, all that start on one of the two days on which the
    window lies, which is exact where they are given daily, and never too little. Minimum rate
    and KVO count as what they are: a basal that may be asked for, or follow.

    Args:
        programme: its start and end play no part, nor do bolus and bridge on request.
        factor: how much of the day schedule's rates its course asks for, see highest_factor().
    """
    highest = ratio.scale(_highest_besides(programme), 24)
    seen = []
    for weekday in range(7):
        following = (weekday + 1) % 7
        pair = (programme.week[weekday], programme.week[following])
        boluses_nl = _boluses_nl(programme, 1 << weekday | 1 << following)
        if (pair, boluses_nl) in seen:
            continue
        seen.append((pair, boluses_nl))
        basal_nl = _highest_basal_nl(programme.days[pair[0]], programme.days[pair[1]])
        total_nl = ratio.add(ratio.multiply(basal_nl, factor), boluses_nl)
        if ratio.compare(total_nl, highest) > 0:
            highest = total_nl
    return highest


def all_boluses_nl(programme: "Programme") -> tuple[int, int]:
    """The volume of all boluses that come by themselves: no 24 hours hold more of them."""
    return _boluses_nl(programme, 127)


def highest_basal_nl_per_h(programme: "Programme", factor: tuple[int, int]) -> tuple[int, int]:
    """The highest rate besides boluses, a ratio of nanolitres per hour; factor as above."""
    highest = ratio.ZERO
    for day in programme.days:
        for _, rate_nl_per_h in day:
            if ratio.compare(rate_nl_per_h, highest) > 0:
                highest = rate_nl_per_h
    highest = ratio.multiply(highest, factor)
    besides = _highest_besides(programme)
    return besides if ratio.compare(besides, highest) > 0 else highest


def highest_factor(programme: "Programme", from_s: int) -> tuple[int, int]:
    """The highest factor that a programme's course has at a time or later; 1 without a course."""
    highest = factor_at(programme, from_s)
    for at_s, factor in programme.course:
        if at_s > from_s and ratio.compare(factor, highest) > 0:
            highest = factor
    return highest


def _highest_besides(programme: "Programme") -> tuple[int, int]:
    """The higher one of the minimum rate and the rate after the volume to be infused."""
    highest = programme.minimum_rate_nl_per_h
    if programme.vtbi is not None:
        kvo_nl_per_h = programme.vtbi[2]
        if ratio.compare(kvo_nl_per_h, highest) > 0:
            highest = kvo_nl_per_h
    return highest


def _boluses_nl(programme: "Programme", weekdays: int) -> tuple[int, int]:
    """The volume of the boluses that start on one of some weekdays, each once.

    Of an intermittent one, what 24 hours hold that begin with it: the most of any.
    """
    total_nl = ratio.ZERO
    if programme.intermittent is not None:
        _, interval_s, volume_nl, duration_s = programme.intermittent
        total_nl = ratio.scale(volume_nl, DAY_S // interval_s)
        rest_s = min(DAY_S % interval_s, duration_s)
        total_nl = ratio.add(total_nl, ratio.scale(volume_nl, rest_s, duration_s))
    for _, on, volume_nl, _ in programme.boluses:
        if on & weekdays:
            total_nl = ratio.add(total_nl, volume_nl)
    return total_nl


def _highest_basal_nl(first: "Day", second: "Day") -> tuple[int, int]:
    """The highest basal volume of 24 hours that begin on one day and end on the next."""
    window_nl = basal_volume_nl(first)
    highest = window_nl
    if first == second:
        return highest
    times = sorted({start_s for start_s, _ in first} | {start_s for start_s, _ in second})
    for index, start_s in enumerate(times):
        end_s = times[index + 1] if index + 1 < len(times) else DAY_S
        gained = ratio.subtract(_rate_at(second, start_s), _rate_at(first, start_s))
        window_nl = ratio.add(window_nl, ratio.scale(gained, end_s - start_s, HOUR_S))
        if ratio.compare(window_nl, highest) > 0:
            highest = window_nl
    return highest


def _rate_at(day: "Day", time_s: int) -> tuple[int, int]:
    rate_nl_per_h = day[0][1]
    for start_s, step_rate_nl_per_h in day:
        if start_s > time_s:
            break
        rate_nl_per_h = step_rate_nl_per_h
    return rate_nl_per_h
