"""Test doses: which comes next, and when."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.plan import figures, names
from titrate.plan.result import Exact, Result, exact

KNOWN_TEST_DOSES_MCG = (figures.SMALL_CHILD_TEST_DOSE_MCG, *figures.TEST_DOSES_MCG)


@dataclass(frozen=True, kw_only=True)
class ScreeningDose(Result):
    """The next test dose; None where there is none left."""

    next_dose_mcg: int | None
    volume_ml: Fraction | None
    earliest_h: Fraction | None
    is_candidate: bool
    concentration_mcg_ml: int = figures.TEST_CONCENTRATION_MCG_ML
    inject_over_min: int = figures.BARBOTAGE_MIN
    observe_from_h: int = figures.OBSERVATION_H[0]
    observe_to_h: int = figures.OBSERVATION_H[1]


def test_dose(
    previous_mcg: Exact | None = None,
    hours_since: Exact | None = None,
    very_small_child: bool = False,
) -> ScreeningDose:
    """The test dose after one to which the response was not sufficient, or the first.

    Args:
        previous_mcg: the test dose before: 25, 50, 75 or 100 mcg; None for the first.
        hours_since: how long ago that was, h.
        very_small_child: whether the first one may be 25 mcg.

    Returns:
        The dose, its volume at 50 mcg/mL, and in how many hours from now it may be given at the
        earliest.

    Raises:
        OutOfRange: no test dose, or no time since it.
    """
    inputs: dict[str, object] = {}
    warnings = []
    wait = Fraction(0)
    dose: int | None = figures.TEST_DOSES_MCG[0]
    if very_small_child and previous_mcg is None:
        inputs["very_small_child"] = True
        dose = figures.SMALL_CHILD_TEST_DOSE_MCG
    if previous_mcg is not None:
        previous = exact("previous_mcg", previous_mcg)
        if previous not in KNOWN_TEST_DOSES_MCG:
            raise OutOfRange(
                f"the previous test dose is {names.amount(previous, 'mcg')}: the test doses are "
                "25 (a very small child), 50, 75 and 100 mcg"
            )
        if hours_since is None:
            raise OutOfRange(
                "the hours since the previous test dose are missing: the next one comes 24 h "
                "after it"
            )
        since = exact("hours_since", hours_since, zero=True)
        inputs |= {"previous_mcg": previous, "hours_since_h": since}
        dose = min((each for each in figures.TEST_DOSES_MCG if each > previous), default=None)
        wait = max(Fraction(0), figures.TEST_INTERVAL_H - since)
        if since < figures.OBSERVATION_H[1]:
            warnings.append(
                "the 4 to 8 h of observation after the previous test dose are not over (B4): the "
                "response may still come"
            )
    if dose is None:
        warnings.append("no response to 100 mcg: not a candidate for intrathecal therapy (B7)")
    volume = None if dose is None else Fraction(dose, figures.TEST_CONCENTRATION_MCG_ML)
    return ScreeningDose(
        formula="next of 50, 75, 100 mcg, 24 h after the one before; volume = dose / 50 mcg/mL",
        inputs=inputs,
        rules=_rules(dose),
        cautions=("B2", "B4", "B9", "B42", "B44", "B65"),
        warnings=tuple(warnings),
        next_dose_mcg=dose,
        volume_ml=volume,
        earliest_h=None if dose is None else wait,
        is_candidate=dose is not None,
    )


def _rules(dose_mcg: int | None) -> tuple[str, ...]:
    if dose_mcg is None:
        return ("B7",)
    own = {25: "B8", 50: "B3", 75: "B5", 100: "B6"}[dose_mcg]
    return ("B1", own)
