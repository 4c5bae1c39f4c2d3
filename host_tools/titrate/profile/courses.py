"""From a taper, a ramp or a course of a profile to the course of a programme.

The course says from when on how much of the basal is delivered. Taper and ramp are laid out in
equal steps, as `titrate plan taper` does: every step changes by the whole change over one more
than the number of steps, and the end begins after the last one.
"""

from fractions import Fraction
from math import ceil

from pump.core import ratio
from pump.core.day import basal_volume_nl
from pump.core.quantity import format_duration, format_instant, format_rate, quote
from pump.core.ranges import LIMITS
from titrate.profile import kinds
from titrate.profile.basal import Basal
from titrate.profile.positions import Path
from titrate.profile.reader import Reader

Ratio = tuple[int, int]
Course = tuple[tuple[int, Ratio], ...]

_TABLES = ("taper", "ramp", "course")
_ENTRIES_MAX: int = next(each.maximum[0] for each in LIMITS if each.name == "course_entries")


def read_course(reader: Reader, basal: Basal) -> tuple[Course, Path]:
    """The course of a programme, and where it stands; what is wrong is noted with the reader.

    Args:
        reader: of the profile.
        basal: what the course's parts are parts of.
    """
    there = [name for name in _TABLES if reader.has((name,))]
    if len(there) > 1:
        reader.refuse(
            (there[1],),
            f"there is a {there[0]} already: a profile has one course, so write one of "
            "taper, ramp and course; a course can hold what both say",
        )
    if not there or len(there) > 1:
        return (), ("course",)
    place: Path = (there[0],)
    if reader.problems:
        # Without a basal its parts are of nothing.
        return (), place
    read = {"taper": _taper, "ramp": _ramp, "course": _course}[there[0]]
    found = read(reader, basal)
    if not reader.problems and len(found) > _ENTRIES_MAX:
        reader.refuse(
            place,
            f"it comes to {len(found)} changes: the limit is {_ENTRIES_MAX}, choose longer steps",
        )
    if reader.problems:
        return (), place
    return tuple((at_s, part.as_integer_ratio()) for at_s, part in found), place


def _course(reader: Reader, basal: Basal) -> list[tuple[int, Fraction]]:
    found: list[tuple[int, Fraction]] = []
    for index in range(len(reader.at(("course",)))):
        path: Path = ("course", index)
        at_s = reader.value((*path, "from"), kinds.INSTANT, index)
        if found and at_s <= found[-1][0]:
            reader.refuse(
                (*path, "from"),
                f"{format_instant(at_s)} is not after the change before it, "
                f"{format_instant(found[-1][0])}: write each time once, in order",
            )
        found.append((at_s, _part(reader, (*path, "to"), basal)))
    return found


def _taper(reader: Reader, basal: Basal) -> list[tuple[int, Fraction]]:
    path: Path = ("taper",)
    end = _part(reader, (*path, "to"), basal)
    if not reader.problems and end == 1:
        reader.refuse((*path, "to"), "that is all of the basal: a taper ends below it")
    found = _ladder(reader, path, Fraction(1), end)
    restart: Path = (*path, "restart")
    if not reader.has(restart):
        return found
    at_s = reader.value((*restart, "at"), kinds.INSTANT, 0)
    part = _part(reader, (*restart, "to"), basal)
    if not reader.problems and at_s <= found[-1][0]:
        reader.refuse(
            (*restart, "at"),
            f"{format_instant(at_s)} is not after the end of the taper, "
            f"{format_instant(found[-1][0])}: restart later",
        )
    return [*found, (at_s, part)]


def _ramp(reader: Reader, basal: Basal) -> list[tuple[int, Fraction]]:
    path: Path = ("ramp",)
    begin = _part(reader, (*path, "begin"), basal)
    if not reader.problems and begin == 1:
        reader.refuse((*path, "begin"), "that is all of the basal: a ramp begins below it")
    # Until the ramp begins the dose is low, too, from the first second of the pump's clock on.
    return [(0, begin), *_ladder(reader, path, begin, Fraction(1))]


def _ladder(
    reader: Reader, path: Path, start: Fraction, end: Fraction
) -> list[tuple[int, Fraction]]:
    """Equal steps from one part of the basal to another."""
    from_s = reader.value((*path, "from"), kinds.INSTANT, 1)
    over_s = reader.value((*path, "over"), kinds.DURATION, 1)
    step_s = reader.value((*path, "steps"), kinds.STEP_LENGTH, 1)
    if not reader.problems and not 0 < step_s <= over_s:
        reader.refuse(
            (*path, "steps"),
            f"a step of {format_duration(step_s)} does not fit into {format_duration(over_s)}: "
            "choose shorter steps, or a longer time",
        )
    if reader.problems:
        return [(0, end)]
    count = ceil(Fraction(over_s, step_s))
    rungs = [start + (end - start) * Fraction(index + 1, count + 1) for index in range(count)]
    return [
        *((from_s + index * step_s, rung) for index, rung in enumerate(rungs)),
        (from_s + over_s, end),
    ]


def _part(reader: Reader, path: Path, basal: Basal) -> Fraction:
    """How much of the basal is meant: a percentage, a fraction, or a dose over time."""
    part: Fraction | str = reader.value(path, kinds.PART, Fraction(0))
    if isinstance(part, Fraction):
        return part
    rate = Fraction(*reader.rate_nl_per_h(path))
    if reader.problems:
        return Fraction(0)
    daily = {basal_volume_nl(basal.days[number]) for number in basal.week}
    if len(daily) > 1:
        reader.refuse(
            path,
            f"{quote(part)} has no meaning where the weekdays differ in their basal dose: write a "
            'percentage, for example "90 %"',
        )
        return Fraction(0)
    whole = Fraction(*daily.pop()) / 24
    if rate > whole:
        concentration = reader.concentration_mcg_per_ml
        reader.refuse(
            path,
            f"{quote(part)} is above the basal, "
            f"{format_rate(ratio.ratio(whole.numerator, whole.denominator), concentration)}: the "
            "limit is the basal, so raise that, and begin with less of it",
        )
        return Fraction(0)
    return rate / whole if whole else Fraction(0)
