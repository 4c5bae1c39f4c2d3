"""What a refill shows: the residual measured against the one expected."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.plan import figures, names
from titrate.plan.result import Exact, Result, exact


@dataclass(frozen=True, kw_only=True)
class Residual(Result):
    """Delivered over programmed volume, and whether it is outside of 0.85 to 1.15."""

    delivered_ratio: Fraction
    deviation_percent: Fraction
    programmed_ml: Fraction
    delivered_ml: Fraction
    flag: bool


def residual(expected_ml: Exact, measured_ml: Exact, fill_ml: Exact) -> Residual:
    """The ratio of delivered to programmed volume since the last fill.

    Args:
        expected_ml: what the pump's account says is left, mL.
        measured_ml: what was drawn out, mL.
        fill_ml: what was filled in last time, mL.

    Raises:
        OutOfRange: more left than was filled in, or nothing delivered by the pump's account.
    """
    expected = exact("expected_ml", expected_ml, zero=True)
    measured = exact("measured_ml", measured_ml, zero=True)
    fill = exact("fill_ml", fill_ml)
    if expected >= fill:
        raise OutOfRange(
            f"the expected residual of {names.amount(expected, 'mL')} is not below the fill of "
            f"{names.amount(fill, 'mL')}: nothing has been delivered to judge by, "
            "write what was filled in at the last refill and what is expected to be left of it"
        )
    if measured > fill:
        raise OutOfRange(
            f"the measured residual of {names.amount(measured, 'mL')} is more than the fill of "
            f"{names.amount(fill, 'mL')}: measure again, and check what was filled in"
        )
    programmed, delivered = fill - expected, fill - measured
    found = delivered / programmed
    lowest, highest = figures.RESIDUAL_RATIO
    warnings = []
    if found < lowest:
        warnings.append(
            "less was delivered than programmed: suspect the catheter, the pump or the refill, "
            "and look for withdrawal (B15, B54, B56)"
        )
    if found > highest:
        warnings.append(
            "more was delivered than programmed: look for overdose, check the pump (B61, B63)"
        )
    return Residual(
        formula="ratio = (fill - measured) / (fill - expected), flagged outside of 0.85 to 1.15",
        inputs={"expected_ml": expected, "measured_ml": measured, "fill_ml": fill},
        rules=("B15", "B54", "B61"),
        cautions=("B52",),
        warnings=tuple(warnings),
        delivered_ratio=found,
        deviation_percent=(found - 1) * 100,
        programmed_ml=programmed,
        delivered_ml=delivered,
        flag=not lowest <= found <= highest,
    )
