"""What the drug library says of a daily dose."""

from fractions import Fraction

from pump.core import library, ratio
from titrate.plan import groups, names
from titrate.plan.groups import Limit

_NG = 1000


def limits(group: groups.Group | None = None) -> list[Limit]:
    """What warnings() judges by."""
    return groups.limits("daily_dose", group.name) if group else _highest()


def warnings(dose_mcg_day: Fraction, group: groups.Group | None = None) -> list[str]:
    """A sentence for each limit of the library that a daily dose is outside of.

    Args:
        dose_mcg_day: the daily dose.
        group: whose limits; without one, only the highest of all groups is looked at.
    """
    shown = names.amount(dose_mcg_day, "mcg/day")
    if group is None:
        return [
            f"{shown} is above any dose of any group: {_limit(highest)}"
            for highest in _highest()
            if dose_mcg_day > _value(highest)
        ]
    found = []
    for limit in groups.limits("daily_dose", group.name):
        is_top = limit[library.BOUND] == library.AT_MOST
        if dose_mcg_day > _value(limit) if is_top else dose_mcg_day < _value(limit):
            found.append(f"{shown} is {'above' if is_top else 'below'} {_limit(limit)}")
    return found


def top_mcg_day(group: groups.Group) -> Fraction | None:
    """The highest daily dose that the library lets pass, None when it lets any."""
    return min((_value(limit) for limit in _tops(group.name)), default=None)


def _highest() -> list[Limit]:
    """The highest limit of any group, or none."""
    return sorted(_tops(None), key=_value)[-1:]


def _tops(group: str | None) -> list[Limit]:
    return [
        limit
        for limit in groups.limits("daily_dose", group)
        if limit[library.BOUND] == library.AT_MOST and limit[library.KIND] == library.HARD
    ]


def _value(limit: Limit) -> Fraction:
    return Fraction(*limit[library.VALUE]) / _NG


def _limit(limit: Limit) -> str:
    """A limit for a person: "2003 mcg/day (B20, observed range, not a label maximum; ...)"."""
    value = _value(limit) * _NG
    shown = library.show(
        groups.drug(), limit[library.WHAT], ratio.ratio(value.numerator, value.denominator)
    )
    effect = "refused by host and pump" if limit[library.KIND] == library.HARD else "needs a reason"
    return f"{shown} ({library.basis(limit)}; {effect})"
