"""What may stand in an equipment file as text, besides the kinds that libraries have."""

from __future__ import annotations

import re
from fractions import Fraction

from pump.core.annunciation import FULL, QUIET
from pump.core.equipment import NAME_MAX
from pump.core.errors import BadText
from pump.core.measures import ADC, HX711
from pump.core.quantity import quote
from titrate.library.kinds import short_name, words
from titrate.profile.kinds import Kind, as_text

_NUMBER = r"(0|[1-9][0-9]{0,7})(\.[0-9]{1,6})?"


def _quantity(title: str, example: str, units: dict[str, int], smallest: str) -> Kind:
    """A number with a unit, read as a whole number of the smallest one.

    Args:
        title: what it is called, with its article.
        example: how it is written.
        units: what each is in the smallest one.
        smallest: that one.
    """
    pattern = rf"^\s*{_NUMBER}\s*({'|'.join(units)})\s*$"

    def read(text: str) -> object:
        found = re.fullmatch(pattern, text)
        if not found:
            raise BadText(f'{quote(text)} is not {title}: write for example "{example}"')
        value = Fraction(found[1] + (found[2] or "")) * units[found[3]]
        if value.denominator != 1:
            raise BadText(f"{quote(text)} is not a whole number of {smallest}: round it yourself")
        return int(value)

    return Kind(title, example, pattern, as_text(read))


NAME = short_name("the name of an equipment", "Bench 3", NAME_MAX)
FITTED = words("what a switch can be", {"fitted": True, "none": False})
SENSOR = words("a force sensor", {HX711: HX711, ADC: ADC})
SIGNALS = words("a cadence of light and sound", {FULL: FULL, QUIET: QUIET})
VOLTAGE = _quantity("a voltage", "11 V", {"V": 1000, "mV": 1}, "mV")
TEMPERATURE = _quantity("a temperature", "60 C", {"C": 1, "\u00b0C": 1}, "degrees")
COUNTS = _quantity("a reading of the converter", "8400000 counts", {"counts": 1}, "counts")
FORCE = _quantity("a force", "9.81 N", {"N": 1000, "mN": 1}, "mN")
