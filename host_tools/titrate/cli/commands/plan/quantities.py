"""Quantities on the command line: read exactly, with their unit, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from pump.core import quantity, units
from pump.core.errors import BadText, PumpError
from pump.core.quantity import quote
from titrate.plan.groups import check_group

# A generic class in newer versions of click only.
if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType


class Quantity(_ParamType):
    """An option's value that a reader of the pump reads.

    Args:
        name: shown in the help, in capitals.
        read: text to value; raises PumpError.
    """

    def __init__(self, name: str, read: Callable[[str], Any]):
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value that the text stands for.

        Raises:
            BadText: none; the sentence names the option.
        """
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except PumpError as error:
            option = f"{param.opts[0]}: " if param is not None else ""
            raise BadText(option + error.sentence, error.code) from None


def _scaled(kind: str, scale: int | Fraction) -> Callable[[str], Fraction]:
    return lambda text: Fraction(*units.parse(text, (kind,))[1]) * scale


def _number(text: str) -> Fraction:
    digits = text.strip()
    whole, point, decimals = digits.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(digits) <= 12) or (
        point and not (decimals.isascii() and decimals.isdigit())
    ):
        raise BadText(f"{quote(text)} is no number: write one such as 6 or 0.5, without a sign")
    return Fraction(digits)


def _plain_or_duration(unit: str, unit_s: int) -> Callable[[str], Fraction]:
    """Reads "6", which the option's name gives the unit of, or "6 h" or "2 days"."""

    def read(text: str) -> Fraction:
        if text.strip()[-1:].isalpha():
            return Fraction(quantity.parse_duration_s(text), unit_s)
        return _number(text)

    return read


def _percent(text: str) -> Fraction:
    return _number(text.strip().removesuffix("%"))


# The core has nanograms, nanolitres and hours.
DOSE_MCG = Quantity("dose", _scaled("dose", Fraction(1, 1000)))
DOSE_MCG_DAY = Quantity("dose/day", _scaled("dose rate", Fraction(24, 1000)))
VOLUME_ML = Quantity("volume", _scaled("volume", Fraction(1, 10**6)))
RATE_UL_H = Quantity("rate", _scaled("volume rate", Fraction(1, 1000)))
RATE_ML_DAY = Quantity("rate", _scaled("volume rate", Fraction(24, 10**6)))
CONCENTRATION_MCG_ML = Quantity(
    "concentration", lambda text: Fraction(*quantity.parse_concentration(text))
)
HOURS = Quantity("hours", _plain_or_duration("h", 3600))
DAYS = Quantity("days", _plain_or_duration("days", 86_400))
DURATION_H = Quantity("duration", lambda text: Fraction(quantity.parse_duration_s(text), 3600))
DURATION_DAYS = Quantity("duration", lambda text: Fraction(quantity.parse_duration_s(text), 86_400))
DURATION_S = Quantity("duration", quantity.parse_duration_s)
PERCENT = Quantity("percent", _percent)
NUMBER = Quantity("number", _number)
TIME_S = Quantity("HH:MM", quantity.parse_time_of_day_s)
INSTANT_S = Quantity("instant", quantity.parse_instant_s)
GROUP = Quantity("group", check_group)
