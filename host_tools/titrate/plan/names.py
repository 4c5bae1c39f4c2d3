"""Names of values: what a person calls them, and the unit in their ending."""

from fractions import Fraction

from pump.core import quantity, ratio

# The longest first: "mcg_day" ends in "day", too.
UNITS = {
    "_mcg_day": "mcg/day",
    "_mcg_ml": "mcg/mL",
    "_ul_h": "uL/h",
    "_ml_h": "mL/h",
    "_ml_day": "mL/day",
    "_nl_h": "nL/h",
    "_mcg_h": "mcg/h",
    "_percent": "%",
    "_days": "days",
    "_mcg": "mcg",
    "_min": "min",
    "_ml": "mL",
    "_ul": "uL",
    "_nl": "nL",
    "_h": "h",
    "_s": "s",
}
_CAPITALS = {"csf": "CSF"}


def split(name: str) -> tuple[str, str]:
    """A name as words and unit: "daily_dose_mcg" is ("daily dose", "mcg")."""
    for ending, unit in UNITS.items():
        if f"_{name}".endswith(ending):
            return _words(f"_{name}".removesuffix(ending).strip("_")), unit
    return _words(name), ""


def _words(name: str) -> str:
    return " ".join(_CAPITALS.get(word, word) for word in name.split("_"))


def number(value: int | Fraction) -> str:
    """A number as a person reads it: exact up to 9 digits, else rounded and marked with "~"."""
    exact = Fraction(value)
    return quantity.format_number(ratio.ratio(exact.numerator, exact.denominator))


def amount(value: int | Fraction, unit: str) -> str:
    """A number with its unit."""
    return f"{number(value)} {unit}".rstrip()
