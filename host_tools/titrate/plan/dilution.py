"""Dilution of a stock solution."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.plan import figures, groups, names
from titrate.plan.result import Exact, Result, exact


@dataclass(frozen=True, kw_only=True)
class Dilution(Result):
    """How much stock and how much diluent."""

    stock_ml: Fraction
    diluent_ml: Fraction
    dose_mcg: Fraction
    diluent: str = figures.DILUENT


def dilute(stock_mcg_ml: Exact, target_mcg_ml: Exact, volume_ml: Exact) -> Dilution:
    """Stock and diluent for a volume of a lower concentration.

    Args:
        stock_mcg_ml: concentration of the stock, mcg/mL.
        target_mcg_ml: concentration wanted, mcg/mL, at most the stock's.
        volume_ml: volume wanted, mL.

    Raises:
        OutOfRange: not above 0, or a target above the stock.
    """
    stock = exact("stock_mcg_ml", stock_mcg_ml)
    target = exact("target_mcg_ml", target_mcg_ml)
    volume = exact("volume_ml", volume_ml)
    if target > stock:
        raise OutOfRange(
            f"the target of {names.amount(target, 'mcg/mL')} is above the stock of "
            f"{names.amount(stock, 'mcg/mL')}: diluting only lowers, take a stronger stock"
        )
    warnings = []
    if target == stock:
        warnings.append("stock and target are the same: nothing is to be diluted")
    market = groups.strengths_mcg_ml()
    if stock not in market:
        shown = ", ".join(names.number(each) for each in market)
        warnings.append(
            f"{names.amount(stock, 'mcg/mL')} is no strength on the market, those are {shown} "
            "mcg/mL (B39): compounded solutions have been linked to masses at the catheter's "
            "tip (B67)"
        )
    part = volume * target / stock
    return Dilution(
        formula="stock = volume x target / stock's concentration; diluent = volume - stock",
        inputs={"stock_mcg_ml": stock, "target_mcg_ml": target, "volume_ml": volume},
        rules=("B39", "B40"),
        cautions=("B42", "B43", "B67"),
        warnings=tuple(warnings),
        **groups.rests_on(),
        stock_ml=part,
        diluent_ml=volume - part,
        dose_mcg=volume * target,
    )
