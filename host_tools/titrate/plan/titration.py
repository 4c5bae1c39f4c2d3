"""How far the daily dose may go up or down, and when."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core import library
from titrate.plan import doses, figures, groups, names
from titrate.plan.result import Exact, Result, exact


@dataclass(frozen=True, kw_only=True)
class Titration(Result):
    """The window of the next daily dose, after the wait.

    min and max are the usual step and the limit of an increase; decrease_min and decrease_max
    the window for a dose that is not tolerated, which needs no wait.
    """

    min_mcg_day: Fraction
    max_mcg_day: Fraction
    wait_h: Fraction
    decrease_min_mcg_day: Fraction
    decrease_max_mcg_day: Fraction
    group: str
    change_percent: Fraction | None = None
    allowed: bool | None = None


def titrate(
    dose_mcg_day: Exact,
    group: str,
    hours_since_change: Exact,
    at_refill: bool = False,
    to_mcg_day: Exact | None = None,
    no_response: bool = False,
) -> Titration:
    """The window for the next daily dose.

    Args:
        dose_mcg_day: daily dose now, mcg/day.
        group: spinal-adult, spinal-child, cerebral-adult, cerebral-child or under-12.
        hours_since_change: how long ago the dose was changed, or therapy started, h.
        at_refill: whether the change is made at a refill in maintenance.
        to_mcg_day: a daily dose to be judged, mcg/day.
        no_response: whether the increases so far had no effect worth it.

    Raises:
        BadText: no such group.
        OutOfRange: a dose not above 0, or a time below 0.
    """
    dose = exact("dose_mcg_day", dose_mcg_day)
    since = exact("hours_since_change_h", hours_since_change, zero=True)
    who = groups.group_named(group)
    usual, limit = who.refill_percent if at_refill else who.daily_percent
    increase = who.refill_limit if at_refill else who.daily_limit
    interval, decrease = (
        groups.strictest(what, who.name) for what in ("increase_interval", "decrease")
    )
    interval_h = groups.interval_h(interval)
    wait = max(Fraction(0), interval_h - since)
    lowest, highest = _percent(dose, usual), _percent(dose, limit)
    most = groups.value_of(decrease)
    least = min(Fraction(figures.USUAL_DECREASE_PERCENT), most)
    inputs: dict[str, object] = {
        "dose_mcg_day": dose,
        "group": who.name,
        "hours_since_change_h": since,
        "at_refill": at_refill,
    }
    warnings = doses.warnings(dose, who)
    top = doses.top_mcg_day(who)
    if top is not None and highest > top >= dose:
        warnings.append(
            f"the window reaches beyond {names.amount(top, 'mcg/day')}, above which the drug "
            "library refuses a dose"
        )
    if wait:
        warnings.append(
            f"the dose was changed {names.amount(since, 'h')} ago: the next increase waits "
            f"{names.amount(wait, 'h')} more ({interval[library.SOURCE]})"
        )
    if no_response:
        inputs["no_response"] = True
        warnings.append(
            "no response to increases: check the pump and the patency of the catheter before "
            "another one (B15)"
        )
    change, allowed = None, None
    if to_mcg_day is not None:
        new = exact("to_mcg_day", to_mcg_day, zero=True)
        inputs["to_mcg_day"] = new
        change = (new - dose) / dose * 100
        allowed = _percent(dose, -most) <= new <= highest and (new <= dose or not wait)
        warnings += _judged(new, dose, highest, wait, limit, decrease)
        warnings += [each for each in doses.warnings(new, who) if each not in warnings]
    return Titration(
        formula=f"dose x (1 + {usual} %) to dose x (1 + {limit} %), "
        f"{names.amount(interval_h, 'h')} after the last change; "
        f"down: dose x (1 - {most} %) to dose x (1 - {least} %)",
        inputs=inputs,
        rules=groups.rules_of(increase, interval, decrease),
        **groups.rests_on(increase, interval, decrease, *doses.limits(who)),
        cautions=("B15", "B19", "B26", "B27", "B28", "B33", "B62"),
        warnings=tuple(warnings),
        min_mcg_day=lowest,
        max_mcg_day=highest,
        wait_h=wait,
        decrease_min_mcg_day=_percent(dose, -most),
        decrease_max_mcg_day=_percent(dose, -least),
        group=who.title,
        change_percent=change,
        allowed=allowed,
    )


def _percent(dose: Fraction, percent: int | Fraction) -> Fraction:
    return dose * (100 + percent) / 100


def _judged(
    new: Fraction,
    dose: Fraction,
    highest: Fraction,
    wait: Fraction,
    limit: Fraction,
    decrease: groups.Limit,
) -> list[str]:
    shown = names.amount(new, "mcg/day")
    if new > highest:
        return [
            f"{shown} is more than the limit of +{limit} %: {names.amount(highest, 'mcg/day')} at "
            "most"
        ]
    if new > dose and wait:
        return [f"{shown} is an increase, which waits {names.amount(wait, 'h')} more"]
    if new == 0:
        return [f"{shown} stops the therapy at once, which is never done: see taper (B68)"]
    most = groups.value_of(decrease)
    if new < _percent(dose, -most):
        return [
            f"{shown} is a decrease of more than {most} % ({decrease[library.SOURCE]}): withdrawal "
            "threatens, see taper (B68)"
        ]
    return []
