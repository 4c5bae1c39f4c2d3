"""What a programme asks for over a stretch of time, and when it will have asked for a volume.

Nothing is walked through change by change: basal days and boluses are counted, whole weeks come
by multiplication, and a moment is found by halving. So the cost hardly depends on how many steps
and boluses there are, nor on how far ahead the answer lies. All sums are of whole numbers over
one common denominator.
"""

from pump.core import ratio
from pump.core.schedule import DAY_S, HOUR_S, WEEK_S, cycle_volume_nl, factor_at, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.programme import Programme


def volume_between(
    programme: "Programme",
    start_s: int,
    end_s: int,
    boluses_from_s: int,
    cycle_from_s: "int | None" = None,
) -> tuple[int, int]:
    """Volume in nL, a ratio, that a programme asks for from start_s to end_s.

    Args:
        programme: its start and end play their part.
        boluses_from_s, cycle_from_s: see schedule.bolus_windows().
    """
    return Totals(programme, boluses_from_s, cycle_from_s).between(start_s, end_s)


def time_until(
    programme: "Programme",
    start_s: int,
    volume_nl: tuple[int, int],
    boluses_from_s: int,
    cycle_from_s: "int | None" = None,
) -> "int | None":
    """When a programme will have asked for a volume since start_s.

    Args:
        volume_nl: ratio, 0 or more.
        boluses_from_s, cycle_from_s: see schedule.bolus_windows().

    Returns:
        the first whole second by which the volume has been asked for, or None when
        that never comes (the programme ends before, or nothing is asked for all week).
    """
    if volume_nl[0] <= 0:
        return start_s
    return Totals(programme, boluses_from_s, cycle_from_s).time_of(start_s, volume_nl)


class Totals:
    """The sums of one programme.

    Args:
        programme: the Programme.
        boluses_from_s, cycle_from_s: see schedule.bolus_windows().
    """

    def __init__(
        self, programme: "Programme", boluses_from_s: int, cycle_from_s: "int | None" = None
    ):
        self._programme = programme
        self._boluses_from_s = boluses_from_s
        self._cycle_from_s = cycle_from_s
        denominators = [rate[1] for day in programme.days for _, rate in day]
        # Rates in whole parts of a nL/h, and what days and the week amount to, times an hour.
        self._parts = _common(denominators)
        self._days = []
        for day in programme.days:
            self._days.append([(at_s, rate[0] * (self._parts // rate[1])) for at_s, rate in day])
        self._sums = [_sum(day, 0, DAY_S) for day in self._days]
        self._week_sum = sum([self._sums[index] for index in programme.week])
        # Boluses in whole parts of a nL that they give each second.
        self._bolus_parts = _common([nl[1] * length_s for _, _, nl, length_s in programme.boluses])
        self._boluses = []
        for at_s, weekdays, volume_nl, duration_s in programme.boluses:
            a_second = volume_nl[0] * (self._bolus_parts // (volume_nl[1] * duration_s))
            self._boluses.append((at_s, weekdays, duration_s, a_second))

    def between(self, start_s: int, end_s: int) -> tuple[int, int]:
        """Volume in nL, a ratio, that is asked for from start_s to end_s."""
        programme = self._programme
        if programme.start_s is not None:
            start_s = max(start_s, programme.start_s)
        if programme.end_s is not None:
            end_s = min(end_s, programme.end_s)
        if start_s >= end_s:
            return ratio.ZERO
        total_nl = self._basal_nl(start_s, end_s)
        parts = 0
        for bolus in self._boluses:
            given_s = self._given_s(bolus, end_s) - self._given_s(bolus, start_s)
            parts += given_s * bolus[3]
        if parts:
            total_nl = ratio.add(total_nl, ratio.ratio(parts, self._bolus_parts))
        mode = programme.intermittent
        if mode is not None and self._cycle_from_s is not None:
            until_nl = cycle_volume_nl(mode, end_s, self._cycle_from_s)
            from_nl = cycle_volume_nl(mode, start_s, self._cycle_from_s)
            total_nl = ratio.add(total_nl, ratio.subtract(until_nl, from_nl))
        return total_nl

    def time_of(self, start_s: int, volume_nl: tuple[int, int]) -> "int | None":
        """As time_until(), for a volume above 0."""
        programme = self._programme
        left_nl = volume_nl
        if programme.start_s is not None:
            start_s = max(start_s, programme.start_s)
        # Where its course still changes, it is looked for between the changes.
        changes = [from_s for from_s, _ in programme.course if from_s > start_s]
        end_s = None
        while changes:
            middle = len(changes) // 2
            asked_nl = self.between(start_s, changes[middle])
            if ratio.compare(asked_nl, left_nl) >= 0:
                end_s = changes[middle]
                changes = changes[:middle]
            else:
                left_nl = ratio.subtract(left_nl, asked_nl)
                start_s = changes[middle]
                changes = changes[middle + 1 :]
        length_s = WEEK_S
        while end_s is None:
            asked_nl = self.between(start_s, start_s + length_s)
            if ratio.compare(asked_nl, left_nl) >= 0:
                end_s = start_s + length_s
            elif programme.end_s is not None and programme.end_s <= start_s + length_s:
                return None
            elif not asked_nl[0] and self._asks_for_nothing_after(start_s):
                return None
            else:
                left_nl = ratio.subtract(left_nl, asked_nl)
                start_s += length_s
                length_s *= 2
        while end_s - start_s > 1:
            middle_s = (start_s + end_s) // 2
            asked_nl = self.between(start_s, middle_s)
            if ratio.compare(asked_nl, left_nl) >= 0:
                end_s = middle_s
            else:
                left_nl = ratio.subtract(left_nl, asked_nl)
                start_s = middle_s
        return end_s

    def _asks_for_nothing_after(self, time_s: int) -> bool:
        if self._programme.intermittent is not None and self._cycle_from_s is not None:
            return False
        return not self._boluses or time_s >= self._boluses_from_s

    def _basal_nl(self, start_s: int, end_s: int) -> tuple[int, int]:
        total_nl = ratio.ZERO
        factor = factor_at(self._programme, start_s)
        for from_s, following in self._programme.course:
            if from_s >= end_s:
                break
            if from_s > start_s:
                total_nl = ratio.add(total_nl, self._scaled(factor, start_s, from_s))
                start_s = from_s
                factor = following
        return ratio.add(total_nl, self._scaled(factor, start_s, end_s))

    def _scaled(self, factor, start_s: int, end_s: int) -> tuple[int, int]:
        """Basal volume in nL where the course asks for so much of the days' rates."""
        weeks = (end_s - start_s) // WEEK_S
        total = weeks * self._week_sum
        end_s -= weeks * WEEK_S
        midnight_s = start_s - start_s % DAY_S
        while midnight_s < end_s:
            index = self._programme.week[weekday(midnight_s)]
            if midnight_s >= start_s and midnight_s + DAY_S <= end_s:
                total += self._sums[index]
            else:
                from_s = max(start_s - midnight_s, 0)
                total += _sum(self._days[index], from_s, min(end_s - midnight_s, DAY_S))
            midnight_s += DAY_S
        return ratio.ratio(total * factor[0], self._parts * HOUR_S * factor[1])

    def _given_s(self, bolus, until_s: int) -> int:
        """For how many seconds by then a scheduled bolus has been given; all its days added."""
        at_s, weekdays, duration_s, _ = bolus
        first = -(-(self._boluses_from_s - at_s) // DAY_S)
        # It lasts a day at most, so that all but the last one have ended.
        last = (until_s - at_s - 1) // DAY_S
        if last < first:
            return 0
        given_s = 0
        if weekdays >> weekday(last * DAY_S) & 1:
            given_s = min(until_s - last * DAY_S - at_s, duration_s)
        weeks, days = divmod(last - first, 7)
        count = 0
        for day in range(7):
            if weekdays >> weekday((first + day) * DAY_S) & 1:
                count += weeks + (day < days)
        return given_s + count * duration_s


def _sum(day, from_s: int, until_s: int) -> int:
    """Rate times time of a day's steps, from one second of the day to another."""
    total = 0
    last_s = DAY_S
    for at_s, parts in reversed(day):
        if at_s < until_s and last_s > from_s:
            total += parts * (min(last_s, until_s) - max(at_s, from_s))
        last_s = at_s
    return total


def _common(denominators) -> int:
    """The least common multiple."""
    found = 1
    for denominator in denominators:
        if found % denominator:
            found = found // ratio.gcd(found, denominator) * denominator
    return found
