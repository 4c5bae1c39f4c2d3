"""Down in equal steps: a drug holiday, or the end of the therapy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from pump.core import library
from pump.core.errors import OutOfRange
from pump.core.quantity import format_instant
from titrate.plan import doses, figures, groups, names
from titrate.plan.result import Exact, Result, Step, date_after, exact

STEPS_MAX = 48


@dataclass(frozen=True, kw_only=True)
class Taper(Result):
    """The daily dose of each step, the last one being the end, and the dose to restart with."""

    steps: tuple[Step, ...]
    fall_mcg_day: Fraction
    total_dose_mcg: Fraction
    total_volume_ml: Fraction | None
    restart_mcg_day: Fraction | None


def taper(
    dose_mcg_day: Exact,
    over_days: Exact = figures.HOLIDAY_DAYS[1],
    to_mcg_day: Exact = 0,
    step_days: Exact = 1,
    initial_mcg_day: Exact | None = None,
    concentration_mcg_ml: Exact | None = None,
    from_s: int | None = None,
) -> Taper:
    """A gradual decrease in equal steps.

    Args:
        dose_mcg_day: daily dose now, mcg/day.
        over_days: how long it takes, days: 14 or more, 28 at most without a warning.
        to_mcg_day: daily dose at the end, mcg/day, below the one now.
        step_days: how long a step lasts, days.
        initial_mcg_day: the initial dose that was once effective, mcg/day, to restart with.
        concentration_mcg_ml: of the drug, for rates and volume; None for doses only.
        from_s: when it begins, pump time; None for no dates.

    Raises:
        OutOfRange: faster than two weeks, nothing to lower, or more than 48 steps.
    """
    dose = exact("dose_mcg_day", dose_mcg_day)
    days = exact("over_days", over_days)
    end = exact("to_mcg_day", to_mcg_day, zero=True)
    step = exact("step_days", step_days)
    initial = None if initial_mcg_day is None else exact("initial_mcg_day", initial_mcg_day)
    strength = (
        None
        if concentration_mcg_ml is None
        else exact("concentration_mcg_ml", concentration_mcg_ml)
    )
    if end >= dose:
        raise OutOfRange(
            f"the dose at the end, {names.amount(end, 'mcg/day')}, is not below the one now, "
            f"{names.amount(dose, 'mcg/day')}: a taper only lowers"
        )
    shortest, longest = figures.HOLIDAY_DAYS
    if days < shortest:
        raise OutOfRange(
            f"a taper over {names.amount(days, 'days')} is too fast: the limit is 14 to 28 days "
            "(B29), because a sudden stop may kill (B58, B68)"
        )
    count = ceil(days / step)
    if not 2 <= count <= STEPS_MAX:
        raise OutOfRange(
            f"steps of {names.amount(step, 'days')} over {names.amount(days, 'days')} make "
            f"{count}: the limit is 2 to {STEPS_MAX} steps, choose another length"
        )
    fall = (dose - end) / (count + 1)
    ladder = [dose - fall * (index + 1) for index in range(count)]
    lengths = [min(step, days - step * index) for index in range(count)]
    total = sum((level * each for level, each in zip(ladder, lengths, strict=True)), Fraction(0))
    steps = [
        _step(step * index, level, strength, from_s) for index, level in enumerate([*ladder, end])
    ]
    steps[-1] = _step(days, end, strength, from_s)
    warnings = doses.warnings(dose)
    if days > longest:
        warnings.append(
            f"{names.amount(days, 'days')} are longer than the 14 to 28 days of B29: a slower "
            "taper is gentler, but the holiday is late"
        )
    steepest = fall / dose * 100
    decrease = groups.strictest("decrease")
    if steepest > groups.value_of(decrease):
        warnings.append(
            f"the first step falls by {names.amount(steepest, '%')}: the limit of a decrease in "
            f"24 h is {groups.value_of(decrease)} % ({decrease[library.SOURCE]})"
        )
    if end == 0:
        warnings.append("another therapy against spasticity is to cover the end (B29, B60)")
    if initial is not None and initial >= dose:
        warnings.append("the initial dose is not below the one now: make sure of it (B30)")
    return Taper(
        formula="every step falls by (dose - end) / (number of steps + 1); the end begins after "
        "the last one",
        inputs={
            "dose_mcg_day": dose,
            "over_days": days,
            "to_mcg_day": end,
            "step_days": step,
            **({} if initial is None else {"initial_mcg_day": initial}),
            **({} if strength is None else {"concentration_mcg_ml": strength}),
            **({} if from_s is None else {"from": format_instant(from_s)}),
        },
        rules=("B29", "B30", "B68"),
        cautions=("B56", "B57", "B58", "B59", "B60"),
        warnings=tuple(warnings),
        **groups.rests_on(decrease, *doses.limits()),
        steps=tuple(steps),
        fall_mcg_day=fall,
        total_dose_mcg=total,
        total_volume_ml=None if strength is None else total / strength,
        restart_mcg_day=initial,
    )


def _step(day: Fraction, level: Fraction, strength: Fraction | None, from_s: int | None) -> Step:
    found: Step = {"after_days": day, "dose_mcg_day": level}
    if strength is not None:
        found["rate_ul_h"] = level / strength / 24 * 1000
    if from_s is not None:
        found["at"] = date_after(from_s, day * 24)
    return found
