"""Filling the path between pump and catheter tip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.plan import names
from titrate.plan.result import Exact, Result, exact

MIXING = (
    "plug flow is assumed: at the speed of a prime the drug mixes with the water or fluid ahead of "
    "it, so some drug arrives before the prime ends and diluted drug after it"
)


@dataclass(frozen=True, kw_only=True)
class Prime(Result):
    """Volume and time of a prime, and the drug that it leaves in the path."""

    volume_ul: Fraction
    duration_h: Fraction | None
    duration_min: Fraction | None
    drug_in_path_mcg: Fraction | None
    counted_as_dose_mcg: int = 0
    delay_without_prime_h: Fraction | None = None


def prime(
    tubing_ml: Exact = 0,
    catheter_ml: Exact = 0,
    filled_ml: Exact = 0,
    rate_ul_h: Exact | None = None,
    concentration_mcg_ml: Exact | None = None,
    dose_mcg_day: Exact | None = None,
) -> Prime:
    """The volume that brings the drug to the tip of the catheter.

    Args:
        tubing_ml: volume of the pump's tubing, mL.
        catheter_ml: volume of the catheter, mL.
        filled_ml: how much of both holds this drug already, mL, less than both.
        rate_ul_h: rate of the prime, uL/h; None when it is not planned yet.
        concentration_mcg_ml: of the drug, mcg/mL, for the drug that the prime takes.
        dose_mcg_day: daily dose, mcg/day, for how late the drug would be without a prime; takes
            the concentration, too.

    Raises:
        OutOfRange: no volume to fill.
    """
    tubing = exact("tubing_ml", tubing_ml, zero=True)
    catheter = exact("catheter_ml", catheter_ml, zero=True)
    filled = exact("filled_ml", filled_ml, zero=True)
    path = tubing + catheter
    if path == 0:
        raise OutOfRange("there is no path to fill: give the volume of tubing and catheter")
    if filled >= path:
        raise OutOfRange(
            f"{names.amount(filled, 'mL')} are filled already, but the path holds "
            f"{names.amount(path, 'mL')} only: nothing is to be primed"
        )
    volume = path - filled
    inputs: dict[str, object] = {"tubing_ml": tubing, "catheter_ml": catheter, "filled_ml": filled}
    hours = drug = delay = None
    if rate_ul_h is not None:
        rate = exact("rate_ul_h", rate_ul_h)
        inputs["rate_ul_h"] = rate
        hours = volume * 1000 / rate
    if concentration_mcg_ml is not None:
        concentration = exact("concentration_mcg_ml", concentration_mcg_ml)
        inputs["concentration_mcg_ml"] = concentration
        drug = volume * concentration
    if dose_mcg_day is not None:
        dose = exact("dose_mcg_day", dose_mcg_day)
        inputs["dose_mcg_day"] = dose
        if drug is None:
            raise OutOfRange("without the concentration no rate follows from the dose: add it")
        delay = drug / dose * 24
    return Prime(
        formula="volume = tubing + catheter - filled already; time = volume / rate",
        inputs=inputs,
        rules=("B52", "B70"),
        cautions=("B53", "B61", "B62"),
        warnings=(
            MIXING,
            "a prime with a catheter that holds the drug already is a bolus of the drug in it "
            "(B53): see bridge",
        ),
        volume_ul=volume * 1000,
        duration_h=hours,
        duration_min=None if hours is None else hours * 60,
        drug_in_path_mcg=drug,
        delay_without_prime_h=delay,
    )
