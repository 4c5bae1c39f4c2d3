"""A history of daily doses: what it allows now, and what in it was against the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from pump.core import library
from pump.core.errors import OutOfRange
from pump.core.quantity import format_instant
from titrate.plan import groups, names
from titrate.plan.result import Exact, exact
from titrate.plan.titration import Titration, titrate


def titrate_history(
    changes: Sequence[tuple[int, Exact]],
    group: str,
    now_s: int,
    at_refill: bool = False,
    to_mcg_day: Exact | None = None,
    no_response: bool = False,
) -> Titration:
    """The window for the next daily dose after a history of changes.

    Args:
        changes: (pump time in s, daily dose in mcg/day from then on), one after the other.
        group: as in titrate().
        now_s: pump time now, not before the last change.
        at_refill: whether the change is made at a refill in maintenance.
        to_mcg_day: a daily dose to be judged, mcg/day.
        no_response: whether the increases so far had no effect worth it.

    Returns:
        What titrate() gives for the last dose, with a warning for each increase that came too
        soon or was too large. Several within 24 h count as one.

    Raises:
        BadText: no such group.
        OutOfRange: no change, or changes that do not follow one another.
    """
    who = groups.group_named(group)
    if not changes:
        raise OutOfRange("there is no change in the history: give at least the first dose")
    history = [(at_s, exact("dose_mcg_day", dose, zero=True)) for at_s, dose in changes]
    ends = [at_s for at_s, _ in history[1:]] + [now_s]
    for (at_s, _), end_s in zip(history, ends, strict=True):
        if end_s < at_s or (end_s == at_s and end_s != now_s):
            raise OutOfRange(
                f"{format_instant(end_s)} is not after {format_instant(at_s)}: give the changes "
                "one after the other, and none after now"
            )
    last_s, last = history[-1]
    since_h = Fraction(now_s - last_s, 3600)
    found = titrate(last, group, since_h, at_refill, to_mcg_day, no_response)
    shown = ", ".join(
        f"{names.amount(dose, 'mcg/day')} from {format_instant(at_s)[:16]}"
        for at_s, dose in history
    )
    inputs = {**found.inputs, "history": shown, "now": format_instant(now_s)}
    return replace(
        found, inputs=inputs, warnings=(*_against_the_rules(history, who), *found.warnings)
    )


def _against_the_rules(history: Sequence[tuple[int, Fraction]], who: groups.Group) -> list[str]:
    found = []
    interval = groups.strictest("increase_interval", who.name)
    interval_s = groups.value_of(interval)
    limit, at_refill = who.daily_percent[1], who.refill_percent[1]
    source = who.daily_limit[library.SOURCE]
    for index in range(1, len(history)):
        at_s, dose = history[index]
        before_s, before = history[index - 1]
        when = format_instant(at_s)[:16]
        if dose <= before:
            continue
        if at_s - before_s < interval_s:
            found.append(
                f"the increase at {when} came {names.amount(Fraction(at_s - before_s, 3600), 'h')} "
                f"after the change before it, sooner than {names.amount(interval_s / 3600, 'h')} "
                f"({interval[library.SOURCE]})"
            )
        day_before = _dose_before(history[:index], at_s - interval_s)
        if day_before and dose > day_before * (100 + limit) / 100:
            percent = (dose - day_before) / day_before * 100
            found.append(
                f"at {when} the dose was {names.amount(percent, '%')} above that of 24 h before, "
                f"more than the limit of {limit} % ({source}); at a refill "
                f"it is {at_refill} %"
            )
    return found


def _dose_before(history: Sequence[tuple[int, Fraction]], at_s: int | Fraction) -> Fraction:
    """The dose in force at a time; before the first change, that of the first."""
    in_force = [dose for each_s, dose in history if each_s <= at_s]
    return in_force[-1] if in_force else history[0][1]
