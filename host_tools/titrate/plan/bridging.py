"""The bridge bolus: old drug leaves the catheter at its own rate, then the new rate begins."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from titrate.plan import doses, groups
from titrate.plan.result import Exact, Result, exact

MIXING = (
    "plug flow is assumed: at the boundary the old and the new solution mix, so the dose changes "
    "somewhat before and after the end of the bridge"
)


@dataclass(frozen=True, kw_only=True)
class Bridge(Result):
    """Rate and time until the old drug has left the path, and the rate after that."""

    rate_ul_h: Fraction
    duration_h: Fraction
    then_rate_ul_h: Fraction
    volume_ul: Fraction
    without_bridge_mcg_day: Fraction


def bridge(
    old_mcg_ml: Exact, new_mcg_ml: Exact, path_volume_ml: Exact, dose_mcg_day: Exact
) -> Bridge:
    """The bridge after a change of concentration, at an unchanged daily dose.

    Args:
        old_mcg_ml: concentration in the path from pump to catheter tip, mcg/mL.
        new_mcg_ml: concentration in the reservoir now, mcg/mL.
        path_volume_ml: volume of that path: pump tubing and catheter, mL.
        dose_mcg_day: daily dose to be kept, mcg/day.

    Returns:
        Rate and duration of the bridge, the rate after it, and the daily dose that the new rate
        would give while the old drug leaves, were there no bridge.

    Raises:
        OutOfRange: not above 0.
    """
    old = exact("old_mcg_ml", old_mcg_ml)
    new = exact("new_mcg_ml", new_mcg_ml)
    path = exact("path_volume_ml", path_volume_ml)
    dose = exact("dose_mcg_day", dose_mcg_day)
    rate = dose / 24 / old * 1000
    then = dose / 24 / new * 1000
    warnings = [MIXING, *doses.warnings(dose)]
    if old == new:
        warnings.append("old and new concentration are the same: no bridge is needed")
    return Bridge(
        formula="rate = dose / (24 h x old); duration = path volume x old x 24 h / dose; then "
        "rate = dose / (24 h x new)",
        inputs={
            "old_mcg_ml": old,
            "new_mcg_ml": new,
            "path_volume_ml": path,
            "dose_mcg_day": dose,
        },
        rules=("B55", "B70"),
        cautions=("B52", "B53", "B62"),
        warnings=tuple(warnings),
        **groups.rests_on(*doses.limits()),
        rate_ul_h=rate,
        duration_h=path * old * 24 / dose,
        then_rate_ul_h=then,
        volume_ul=path * 1000,
        without_bridge_mcg_day=then * 24 / 1000 * old,
    )
