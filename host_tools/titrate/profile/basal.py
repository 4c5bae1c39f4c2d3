"""From the basal of a profile to the day schedules of a programme.

Days, steps and changes in percent are laid out on one week; a change that runs past
midnight goes on into the next day. Equal neighbours become one step, equal days one day.
"""

from dataclasses import dataclass
from fractions import Fraction

from pump.core import ratio
from pump.core.quantity import SECONDS_PER_DAY as DAY_S
from pump.core.quantity import format_time_of_day, format_weekdays
from titrate.profile import kinds
from titrate.profile.declarations import FIXED_GROUPS
from titrate.profile.positions import Path, key_text
from titrate.profile.reader import Reader

Ratio = tuple[int, int]
Day = tuple[tuple[int, Ratio], ...]

_WEEK_S = 7 * DAY_S
_BASAL: Path = ("basal",)
_OWN_KEYS = ("rate", "steps", "change")


@dataclass(frozen=True)
class _Step:
    start_s: int
    rate_nl_per_h: Ratio
    path: Path


@dataclass(frozen=True)
class _Change:
    """A change on one weekday: seconds since Monday 00:00; the end may lie in the next week."""

    start_s: int
    end_s: int
    factor: Ratio
    path: Path

    def covers(self, time_s: int) -> bool:
        return (time_s - self.start_s) % _WEEK_S < self.end_s - self.start_s


@dataclass(frozen=True)
class Basal:
    """Day schedules and the week that uses them, as Programme holds them.

    Attributes:
        days, week: see pump.core.programme.Programme.
        sources: path in the profile of each step, by ("days", number, start_s).
    """

    days: tuple[Day, ...]
    week: tuple[int, ...]
    sources: dict[tuple[object, ...], Path]


def read_basal(reader: Reader) -> Basal:
    """Read [basal] and its tables; what is wrong is noted with the reader."""
    tables = _tables_of_the_week(reader)
    steps = {path: _steps(reader, path) for path in set(tables) if path is not None}
    changes = [
        change
        for weekday, path in enumerate(tables)
        if path is not None
        for change in _changes(reader, path, weekday)
    ]
    if not reader.problems:
        _refuse_overlaps(reader, changes)
    if reader.problems:
        return Basal((((0, ratio.ZERO),),), (0,) * 7, {})
    days: list[Day] = []
    week = []
    sources: dict[tuple[object, ...], Path] = {}
    for weekday, path in enumerate(tables):
        laid_out = _lay_out(steps[path] if path is not None else [], changes, weekday)
        day = tuple((step.start_s, step.rate_nl_per_h) for step in laid_out)
        if day not in days:
            for step in laid_out:
                sources["days", len(days), step.start_s] = step.path
            days.append(day)
        week.append(days.index(day))
    return Basal(tuple(days), tuple(week), sources)


def _tables_of_the_week(reader: Reader) -> list[Path | None]:
    """For each weekday the path of the table that its rates stand in."""
    tables: list[Path | None] = [None] * 7
    for name in reader.at(_BASAL):
        if name in _OWN_KEYS:
            continue
        path = (*_BASAL, name)
        weekdays = _weekdays_of_group(reader, path, name)
        for weekday in range(7):
            if not weekdays >> weekday & 1:
                continue
            other = tables[weekday]
            if other is not None:
                reader.refuse(
                    path,
                    f"{format_weekdays(1 << weekday)} is in {key_text(other)} already: "
                    "a weekday has one table",
                )
            tables[weekday] = path
    rest = sum(1 << weekday for weekday, path in enumerate(tables) if path is None)
    own = [name for name in _OWN_KEYS if reader.has((*_BASAL, name))]
    if own and not rest:
        reader.refuse(
            (*_BASAL, own[0]),
            "it is never used, every weekday has a table of its own: leave it out",
        )
    elif rest and not own:
        reader.refuse(
            _BASAL,
            f"there is no rate for {format_weekdays(rest)}: write rate or steps right under "
            "[basal], or a table for those weekdays",
        )
    elif rest:
        tables = [_BASAL if path is None else path for path in tables]
    return tables


def _weekdays_of_group(reader: Reader, path: Path, name: str) -> int:
    days = (*path, "days")
    if name in FIXED_GROUPS:
        if reader.has(days):
            reader.refuse(
                days,
                f"{name} is {format_weekdays(FIXED_GROUPS[name])}: leave days out, or give the "
                "table another name",
            )
        return FIXED_GROUPS[name]
    if not reader.has(days):
        reader.refuse(path, 'days is missing: write for example days = ["mon", "thu"]')
        return 0
    return reader.weekdays(days)


def _steps(reader: Reader, table: Path) -> list[_Step]:
    """The steps of a table before any change."""
    rate = (*table, "rate")
    steps = (*table, "steps")
    if reader.has(rate) == reader.has(steps):
        if reader.has(rate):
            reader.refuse(table, "it has rate and steps: write one of the two")
        else:
            reader.refuse(table, "rate or steps is missing: write one of the two")
        return []
    if reader.has(rate):
        return [_Step(0, reader.rate_nl_per_h(rate), rate)]
    found = []
    for index in range(len(reader.at(steps))):
        path = (*steps, index)
        at_s = reader.value((*path, "at"), kinds.TIME_OF_DAY, index)
        found.append(_Step(at_s, reader.rate_nl_per_h((*path, "rate")), path))
    if not reader.problems:
        _refuse_gaps(reader, found)
    return found


def _refuse_gaps(reader: Reader, steps: list[_Step]) -> None:
    """Steps start at 00:00, ascend, and end where the next one starts."""
    if steps[0].start_s:
        reader.refuse(
            (*steps[0].path, "at"),
            f"the first step starts at {format_time_of_day(steps[0].start_s)}: from 00:00 until "
            "then there is no rate, start a step at 00:00",
        )
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        end_s = DAY_S if after is None else after.start_s
        if end_s <= step.start_s:
            assert after is not None
            what = "is at the time of" if end_s == step.start_s else "is earlier than"
            reader.refuse(
                (*after.path, "at"),
                f"the step at {format_time_of_day(after.start_s)} {what} the step before it, "
                f"{format_time_of_day(step.start_s)}: write each time once, in order",
            )
            continue
        if not reader.has((*step.path, "to")):
            continue
        to_s = reader.value((*step.path, "to"), kinds.DAY_END, end_s)
        to_s = DAY_S if to_s == 0 and after is None else to_s
        if to_s != end_s:
            gap = "a gap" if to_s < end_s else "an overlap"
            reader.refuse(
                (*step.path, "to"),
                f"the step ends at {_clock(to_s)} and the next one starts at {_clock(end_s)}: "
                f"there is {gap}, make the two times equal",
            )


def _changes(reader: Reader, table: Path, weekday: int) -> list[_Change]:
    """The changes of a table that begin on a weekday."""
    found: list[_Change] = []
    list_path = (*table, "change")
    if not reader.has(list_path):
        return found
    for index in range(len(reader.at(list_path))):
        path = (*list_path, index)
        start_s = reader.value((*path, "from"), kinds.TIME_OF_DAY, 0)
        end_s = reader.value((*path, "to"), kinds.TIME_OF_DAY, 1)
        lead = (*path, "lead")
        lead_s = reader.value(lead, kinds.DURATION, 0) if reader.has(lead) else 0
        change = reader.value((*path, "by"), kinds.PERCENT, Fraction(1, 10)) + 1
        if start_s == end_s:
            reader.refuse(path, "from and to are the same: write another rate instead of a change")
        length_s = (end_s - start_s) % DAY_S + lead_s
        if length_s > DAY_S:
            reader.refuse(path, "with its lead it lasts longer than a day: the limit is 1 day")
        starts_s = weekday * DAY_S + start_s - lead_s
        factor = ratio.ratio(change.numerator, change.denominator)
        found.append(_Change(starts_s, starts_s + length_s, factor, path))
    return found


def _refuse_overlaps(reader: Reader, changes: list[_Change]) -> None:
    """Two changes at one time would have to be added or multiplied: neither is guessed."""
    refused = set()
    for change in changes:
        for other in changes:
            if other is change or not other.covers(change.start_s) or change.path in refused:
                continue
            refused.add(change.path)
            weekday, time_s = divmod(change.start_s % _WEEK_S, DAY_S)
            reader.refuse(
                change.path,
                f"at {format_time_of_day(time_s)} on {format_weekdays(1 << weekday)} it overlaps "
                f"{key_text(other.path)}: let one end before the other starts",
            )


def _lay_out(steps: list[_Step], changes: list[_Change], weekday: int) -> list[_Step]:
    """The steps of a weekday with all changes made."""
    midnight_s = weekday * DAY_S
    times = {step.start_s for step in steps}
    for change in changes:
        for edge_s in (change.start_s, change.end_s):
            if 0 <= (edge_s - midnight_s) % _WEEK_S < DAY_S:
                times.add((edge_s - midnight_s) % _WEEK_S)
    found: list[_Step] = []
    for time_s in sorted(times):
        step = [step for step in steps if step.start_s <= time_s][-1]
        rate, path = step.rate_nl_per_h, step.path
        for change in changes:
            if change.covers(midnight_s + time_s):
                rate, path = ratio.multiply(rate, change.factor), change.path
        if not found or found[-1].rate_nl_per_h != rate:
            found.append(_Step(time_s, rate, path))
    return found


def _clock(time_s: int) -> str:
    return "24:00" if time_s == DAY_S else format_time_of_day(time_s)
