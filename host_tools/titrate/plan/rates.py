"""Dose to rate and back."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from titrate.plan import doses, groups
from titrate.plan.result import Exact, Result, exact


@dataclass(frozen=True, kw_only=True)
class Rate(Result):
    """One rate, as a dose and as a volume over time."""

    dose_mcg_day: Fraction
    dose_mcg_h: Fraction
    rate_ul_h: Fraction
    rate_ml_day: Fraction
    rate_nl_h: Fraction


def rate(dose_mcg_day: Exact, concentration_mcg_ml: Exact) -> Rate:
    """The rate that gives a daily dose.

    Args:
        dose_mcg_day: daily dose, mcg/day.
        concentration_mcg_ml: of the drug, mcg/mL.

    Raises:
        OutOfRange: not above 0.
    """
    dose_ = exact("dose_mcg_day", dose_mcg_day)
    concentration = exact("concentration_mcg_ml", concentration_mcg_ml)
    inputs: dict[str, object] = {"dose_mcg_day": dose_, "concentration_mcg_ml": concentration}
    return _both(dose_, concentration, inputs, "rate = dose / (24 h x concentration)")


def dose(rate_ul_h: Exact, concentration_mcg_ml: Exact) -> Rate:
    """The daily dose that a rate gives.

    Args:
        rate_ul_h: rate, uL/h.
        concentration_mcg_ml: of the drug, mcg/mL.

    Raises:
        OutOfRange: not above 0.
    """
    rate_ = exact("rate_ul_h", rate_ul_h)
    concentration = exact("concentration_mcg_ml", concentration_mcg_ml)
    inputs: dict[str, object] = {"rate_ul_h": rate_, "concentration_mcg_ml": concentration}
    formula = "dose = rate x 24 h x concentration"
    return _both(rate_ * 24 * concentration / 1000, concentration, inputs, formula)


def _both(
    dose_mcg_day: Fraction, concentration: Fraction, inputs: dict[str, object], formula: str
) -> Rate:
    rate_ul_h = dose_mcg_day / 24 / concentration * 1000
    return Rate(
        formula=formula,
        inputs=inputs,
        rules=("B12", "B39"),
        cautions=("B61",),
        warnings=tuple(doses.warnings(dose_mcg_day)),
        **groups.rests_on(*doses.limits()),
        dose_mcg_day=dose_mcg_day,
        dose_mcg_h=dose_mcg_day / 24,
        rate_ul_h=rate_ul_h,
        rate_ml_day=rate_ul_h * 24 / 1000,
        rate_nl_h=rate_ul_h * 1000,
    )
