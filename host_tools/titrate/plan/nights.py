"""A higher rate for the hours in which spasticity is worse."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core import library
from pump.core.errors import OutOfRange
from pump.core.quantity import format_duration, format_time_of_day
from titrate.plan import doses, figures, groups, names
from titrate.plan.result import Exact, Result, Step, exact

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Night(Result):
    """The steps of the day from 00:00, and the daily dose that they make.

    `profile` is the same as a profile has it, or None where a figure cannot be written exactly.
    """

    daily_dose_mcg: Fraction
    increase_of_dose_percent: Fraction
    steps: tuple[Step, ...]
    profile: str | None


def night(
    dose_mcg_day: Exact,
    increase_percent: Exact,
    from_s: int,
    to_s: int,
    lead_h: Exact = figures.LEAD_H,
    group: str | None = None,
) -> Night:
    """The schedule with a raised rate, and the new daily dose.

    Args:
        dose_mcg_day: daily dose at an even rate now, mcg/day.
        increase_percent: by how much the hourly rate is raised, %.
        from_s: when the effect is wanted, seconds since midnight.
        to_s: when the rate goes back, seconds since midnight.
        lead_h: how long before the effect the rate is raised, h.
        group: whose limit of an increase the new daily dose is held against; without one, the
            lowest limit of any.

    Raises:
        BadText: no such group.
        OutOfRange: nothing to raise, or raised for a whole day.
    """
    dose = exact("dose_mcg_day", dose_mcg_day)
    increase = exact("increase_percent", increase_percent)
    lead = exact("lead_h", lead_h, zero=True)
    for name, at_s in (("from", from_s), ("to", to_s)):
        if not 0 <= at_s < DAY_S:
            raise OutOfRange(f"{name} is {at_s} s after midnight: a day has 0 to 86399")
    if from_s == to_s:
        raise OutOfRange("from and to are the same time: raise the daily dose instead")
    lead_s = lead * 3600
    if lead_s.denominator != 1:
        raise OutOfRange(f"the lead of {names.amount(lead, 'h')} is no whole number of seconds")
    length_s = (to_s - from_s) % DAY_S + int(lead_s)
    if length_s >= DAY_S:
        raise OutOfRange(
            f"with a lead of {names.amount(lead, 'h')} the rate is raised for a day or longer: "
            "raise the daily dose instead"
        )
    even = dose / 24
    raised = even * (100 + increase) / 100
    begin_s = (to_s - length_s) % DAY_S
    rates = {begin_s: raised, to_s: even}
    if 0 not in rates:
        rates[0] = raised if begin_s > to_s else even
    daily = even * 24 + (raised - even) * Fraction(length_s, 3600)
    percent = (daily - dose) / dose * 100
    return Night(
        formula="raised rate = dose / 24 h x (1 + increase), from the lead before `from` until "
        "`to`; daily dose = sum of rate x hours",
        inputs={
            "dose_mcg_day": dose,
            "increase_percent": increase,
            "from": format_time_of_day(from_s),
            "to": format_time_of_day(to_s),
            "lead_h": lead,
            **({"group": group} if group else {}),
        },
        rules=("B31", "B32"),
        cautions=("B12", "B26"),
        **groups.rests_on(
            _increase_limit(group), *doses.limits(groups.group_named(group) if group else None)
        ),
        warnings=tuple(_warnings(daily, percent, increase, lead, group)),
        daily_dose_mcg=daily,
        increase_of_dose_percent=percent,
        steps=tuple(
            {"at": format_time_of_day(at_s), "mcg_h": rates[at_s]} for at_s in sorted(rates)
        ),
        profile=_profile(dose, increase, from_s, to_s, int(lead_s)),
    )


def _warnings(
    daily: Fraction, percent: Fraction, increase: Fraction, lead: Fraction, group: str | None
) -> list[str]:
    who = groups.group_named(group) if group else None
    held_against = _increase_limit(group)
    limit = groups.value_of(held_against)
    found = doses.warnings(daily, who)
    if percent > limit:
        whose = who.title if who else "the most sensitive groups"
        rule = held_against[library.SOURCE]
        found.append(
            f"the daily dose rises by {names.amount(percent, '%')}, more than the limit of "
            f"{names.amount(limit, '%')} in 24 h for {whose} ({rule}): raise the rate "
            "by less, or in two changes 24 h apart"
        )
    if increase > figures.NIGHT_PERCENT:
        found.append(f"the rate is raised by {names.amount(increase, '%')}: 20 % is usual (B31)")
    if lead != figures.LEAD_H:
        found.append(f"the lead is {names.amount(lead, 'h')}: about 2 h is usual (B32)")
    return found


def _increase_limit(group: str | None) -> groups.Limit:
    """The group's limit of an increase; without a group, the lowest of any."""
    if group:
        return groups.group_named(group).daily_limit
    return min((each.daily_limit for each in groups.groups().values()), key=groups.value_of)


def _profile(dose: Fraction, increase: Fraction, from_s: int, to_s: int, lead_s: int) -> str | None:
    rate, by = names.number(dose), names.number(increase)
    if "~" in rate + by:
        return None
    lines = [
        "[basal]",
        f'rate = "{rate} mcg/day"',
        "",
        "[[basal.change]]",
        f'by = "+{by} %"',
        f'from = "{format_time_of_day(from_s)}"',
        f'to = "{format_time_of_day(to_s)}"',
    ]
    if lead_s:
        lines.append(f'lead = "{format_duration(lead_s)}"')
    return "\n".join(lines)
