"""Quantities of the balance that a profile does not have: mass, density, temperature, evaporation.

Every one has a unit, as everywhere in Titrate; numbers become exact ratios.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from pump.core.errors import BadText
from pump.core.quantity import quote

_NUMBER = re.compile(r"\s*([+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)\s*(.*?)\s*")
_GRAMS = {"g": Fraction(1), "mg": Fraction(1, 1000), "kg": Fraction(1000)}
_GRAMS_PER_ML = {"g/mL": Fraction(1), "g/cm3": Fraction(1), "kg/m3": Fraction(1, 1000)}
_GRAMS_PER_H = {"mg/h": Fraction(1, 1000), "g/h": Fraction(1)}
_DEGREES = {"degC": Fraction(1), "\u00b0C": Fraction(1)}


def parse_mass_g(text: str) -> Fraction:
    """Read a mass such as "12.3456 g" or "-0.2 mg"; in grams.

    Raises:
        BadText: no number with a unit of mass.
    """
    return _parse(text, _GRAMS, "a mass", "12.3456 g")


def parse_density_g_per_ml(text: str) -> Fraction:
    """Read a density such as "0.9982 g/mL" or "998.2 kg/m3"; in g/mL, above 0 and at most 20.

    Raises:
        BadText: no density, or one that no liquid has.
    """
    density = _parse(text, _GRAMS_PER_ML, "a density", "0.9982 g/mL")
    if not 0 < density <= 20:
        raise BadText(f"{quote(text)} is no liquid's density: write one above 0 and up to 20 g/mL")
    return density


def parse_temperature_c(text: str) -> Fraction:
    """Read a temperature such as "22.5 degC".

    Raises:
        BadText: no number with that unit.
    """
    return _parse(text, _DEGREES, "a temperature", "22.5 degC")


def parse_evaporation_g_per_h(text: str) -> Fraction:
    """Read what a vessel loses by evaporation, such as "0.4 mg/h"; in g/h, 0 or more.

    Raises:
        BadText: no loss of mass over time, or a negative one.
    """
    found = _parse(text, _GRAMS_PER_H, "an evaporation", "0.4 mg/h")
    if found < 0:
        raise BadText(f"{quote(text)} is a gain: write what evaporates, 0 mg/h or more")
    return found


def _parse(text: str, units: Mapping[str, Fraction], title: str, example: str) -> Fraction:
    found = _NUMBER.fullmatch(text)
    if not found or found[2] not in units:
        raise BadText(
            f"{quote(text)} is not {title}: write a number with one of the units "
            f'{", ".join(units)}, for example "{example}"'
        )
    return Fraction(found[1]) * units[found[2]]
