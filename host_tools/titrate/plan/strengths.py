"""Which concentrations fit a daily dose and a pump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.plan import doses, groups, names
from titrate.plan.result import Exact, Result, Step, exact


@dataclass(frozen=True, kw_only=True)
class Concentration(Result):
    """Each strength with its rate, and those whose rate the pump can deliver."""

    strengths: tuple[Step, ...]
    works_mcg_ml: tuple[Fraction, ...]
    longest_interval_mcg_ml: Fraction | None


def concentration(
    dose_mcg_day: Exact,
    min_ml_day: Exact,
    max_ml_day: Exact,
    strengths_mcg_ml: Sequence[Exact] | None = None,
    usable_ml: Exact | None = None,
) -> Concentration:
    """The strengths with which a pump can give a daily dose.

    Args:
        dose_mcg_day: daily dose, mcg/day.
        min_ml_day: lowest rate of the pump, mL/day.
        max_ml_day: highest rate of the pump, mL/day, above the lowest.
        strengths_mcg_ml: concentrations to be tried, mcg/mL; None for those on the market.
        usable_ml: volume between fill and reserve, mL, for the days that it lasts.

    Raises:
        OutOfRange: not above 0, or a highest rate below the lowest.
    """
    dose = exact("dose_mcg_day", dose_mcg_day)
    low = exact("min_ml_day", min_ml_day)
    high = exact("max_ml_day", max_ml_day)
    usable = None if usable_ml is None else exact("usable_ml", usable_ml)
    if high < low:
        raise OutOfRange(
            f"the pump's highest rate, {names.amount(high, 'mL/day')}, is below its lowest, "
            f"{names.amount(low, 'mL/day')}: exchange them"
        )
    named = groups.strengths_mcg_ml() if strengths_mcg_ml is None else strengths_mcg_ml
    tried = sorted({exact("strength_mcg_ml", each) for each in named})
    if not tried:
        raise OutOfRange("there is no strength to try: name at least one")
    found: list[Step] = []
    works = []
    for strength in tried:
        rate = dose / strength
        why = "works"
        if rate < low:
            why = "too strong: below the lowest rate"
        elif rate > high:
            why = "too weak: above the highest rate"
        else:
            works.append(strength)
        step: Step = {"concentration_mcg_ml": strength, "rate_ml_day": rate, "finding": why}
        if usable is not None:
            step["lasts_days"] = usable / rate
        found.append(step)
    warnings = doses.warnings(dose)
    if not works:
        warnings.append(
            "none of them fits this pump: dilute one (see dilute, B40), or take another pump"
        )
    return Concentration(
        formula="rate = dose / concentration, to lie within the pump's range",
        inputs={
            "dose_mcg_day": dose,
            "min_ml_day": low,
            "max_ml_day": high,
            **({} if usable is None else {"usable_ml": usable}),
        },
        rules=("B39", "B41"),
        cautions=("B40", "B67"),
        warnings=tuple(warnings),
        **groups.rests_on(*doses.limits()),
        strengths=tuple(found),
        works_mcg_ml=tuple(works),
        longest_interval_mcg_ml=max(works, default=None),
    )
