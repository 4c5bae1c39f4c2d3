"""From the test dose to the first daily dose."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from titrate.plan import figures, groups, names
from titrate.plan.result import Exact, Result, exact, refuse_above
from titrate.plan.screening import KNOWN_TEST_DOSES_MCG


@dataclass(frozen=True, kw_only=True)
class Start(Result):
    """The first daily dose, given evenly over 24 h."""

    daily_dose_mcg: Fraction
    rate_mcg_h: Fraction
    no_increase_before_h: Fraction


def start(test_dose_mcg: Exact, response_h: Exact) -> Start:
    """The initial daily dose after a test dose that had its effect.

    Args:
        test_dose_mcg: the test dose that was effective, mcg, above 0 to 100.
        response_h: how long its effect lasted, h.

    Raises:
        OutOfRange: not above 0, or more than the last test dose.
    """
    dose = exact("test_dose_mcg", test_dose_mcg)
    hours = exact("response_h", response_h)
    refuse_above(
        "test_dose_mcg",
        dose,
        figures.TEST_DOSES_MCG[-1],
        "the last test dose; without a response to it nobody is a candidate (B7)",
    )
    is_long = hours > figures.LONG_RESPONSE_H
    factor = figures.START_FACTOR_AFTER_LONG_RESPONSE if is_long else figures.START_FACTOR
    warnings = []
    if dose not in KNOWN_TEST_DOSES_MCG:
        known = ", ".join(str(known) for known in KNOWN_TEST_DOSES_MCG)
        warnings.append(f"{names.amount(dose, 'mcg')} is none of the test doses: {known} mcg")
    if hours < figures.OBSERVATION_H[0]:
        warnings.append(
            "the response ended before the 4 to 8 h of observation began (B4): make sure that it "
            "was one"
        )
    if dose <= figures.SMALL_CHILD_TEST_DOSE_MCG:
        warnings.append("an overdose has been seen after 25 mcg already (B9)")
    daily = dose * factor
    interval = groups.strictest("increase_interval")
    return Start(
        formula=f"daily dose = {factor} x test dose, as the response lasted "
        f"{'more than 8 h' if is_long else '8 h or less'}",
        inputs={"test_dose_mcg": dose, "response_h": hours},
        rules=("B11" if is_long else "B10", "B12"),
        cautions=("B33", "B34", "B35", "B36", "B37", "B38", "B44", "B62", "B65", "B70"),
        warnings=tuple(warnings),
        **groups.rests_on(interval),
        daily_dose_mcg=daily,
        rate_mcg_h=daily / 24,
        no_increase_before_h=groups.interval_h(interval),
    )
