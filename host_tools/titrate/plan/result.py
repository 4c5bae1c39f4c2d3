"""What every calculation takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from fractions import Fraction

from pump.core.errors import BadText, OutOfRange
from pump.core.quantity import format_instant
from pump.core.ranges import LAST_INSTANT_S
from titrate.plan import names

Exact = int | Fraction

Step = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Result:
    """A calculation that was done.

    The fields of a subclass are its results: a name's ending is the unit.

    Attributes:
        formula: how the result was worked out.
        inputs: what it was worked out from, by name; a name's ending is the unit.
        rules: numbers of the rules that it rests on, such as "B10".
        cautions: numbers of the rules that a person has to mind, and that nothing works out.
        warnings: what is unusual about this one, a sentence each.
        library: name and version of the drug library that it was judged by; "" for none.
        limits: of that library, with figure and source, that it was held against.
    """

    formula: str
    inputs: dict[str, object] = field(repr=False)
    rules: tuple[str, ...]
    cautions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    library: str = ""
    limits: tuple[str, ...] = ()

    def values(self) -> dict[str, object]:
        """The results by name."""
        common = {each.name for each in fields(Result)}
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in common
        }


def exact(name: str, value: Exact, *, zero: bool = False) -> Fraction:
    """An input as an exact number, above 0; 0 too where `zero` says so.

    Raises:
        BadText: a float, or no number.
        OutOfRange: below that.
    """
    title, unit = names.split(name)
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise BadText(
            f"{title} is {value!r}: take a whole number or a fractions.Fraction of "
            f"{unit or 'one'}, floats are not exact"
        )
    found = Fraction(value)
    if found < 0 or (found == 0 and not zero):
        limit = "0 or more" if zero else "above 0"
        raise OutOfRange(f"{title} is {names.amount(found, unit)}: it has to be {limit}")
    return found


def date_after(from_s: int, hours: Fraction) -> str:
    """The date and time so many hours after a pump time, rounded down to the second.

    Raises:
        OutOfRange: it is after the years of the pump's calendar.
    """
    at_s = from_s + int(hours * 3600)
    if at_s > LAST_INSTANT_S:
        raise OutOfRange(
            f"{names.amount(hours, 'h')} after {format_instant(from_s)} the pump's calendar has "
            "ended, with the year 2099: leave the date out, or take an earlier one"
        )
    return format_instant(at_s)


def refuse_above(name: str, value: Fraction, limit: Exact, why: str) -> None:
    """Refuse an input above its limit.

    Raises:
        OutOfRange: it is; `why` is the end of the sentence.
    """
    if value > limit:
        title, unit = names.split(name)
        raise OutOfRange(
            f"{title} is {names.amount(value, unit)}: the limit is {names.amount(limit, unit)}, "
            f"{why}"
        )
