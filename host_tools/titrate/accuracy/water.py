"""The density of water."""

from fractions import Fraction

from pump.core.errors import OutOfRange

_A1 = Fraction("-3.983035")
_A2 = Fraction("301.797")
_A3 = Fraction("522528.9")
_A4 = Fraction("69.34881")
_A5 = Fraction("999.974950")
TEMPERATURE_MAX_C = 40


def density_g_per_ml(temperature_c: Fraction) -> Fraction:
    """The density of air-free water at 101,325 Pa, in g/mL.

    Source: M. Tanaka and others, "Recommended table for the density of water between 0 C and
    40 C based on recent experimental reports", Metrologia 38 (2001) 301-309, whose uncertainty
    is below 1 ppm. Dissolved air lowers it by up to 5 ppm.

    Args:
        temperature_c: 0 to 40 degrees Celsius.

    Raises:
        OutOfRange: outside of these.
    """
    if not 0 <= temperature_c <= TEMPERATURE_MAX_C:
        raise OutOfRange(
            f"the density of water is known here from 0 to {TEMPERATURE_MAX_C} degC, not at "
            f"{float(temperature_c):g} degC: give the density itself"
        )
    t = temperature_c
    kg_per_m3 = _A5 * (1 - (t + _A1) ** 2 * (t + _A2) / (_A3 * (t + _A4)))
    return kg_per_m3 / 1000
