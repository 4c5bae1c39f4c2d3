"""What may stand in a profile as text: the pattern, how it is read, how to write it.

The patterns are for editors that check while a person types; what counts is the reader,
whose sentence a person sees when a text is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from pump.core import quantity, units
from pump.core.errors import BadText
from pump.core.limits import check_text
from pump.core.modes import THEN as THENS
from pump.core.programme import PATIENT_GROUPS
from pump.core.quantity import quote
from pump.core.ratio import ONE

_NUMBER = r"(0|[1-9][0-9]*)(\.[0-9]+)?"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_MASKS = {"daily": 127, "weekday": 31, "weekend": 96}


@dataclass(frozen=True)
class Kind:
    """One kind of text value.

    Attributes:
        title: what it is called, with its article.
        example: how it is written, without quotes.
        pattern: regular expression that every accepted text matches.
        read: reads a value; raises BadText with a sentence for anything else.
    """

    title: str
    example: str
    pattern: str
    read: Callable[[object], object]


def _names(units_of_a_kind: tuple[tuple[str, int], ...]) -> str:
    known = [name for name, _ in units_of_a_kind]
    known += [written for written, name in units.SPELLINGS.items() if name in known]
    micro = [sign + name[1:] for name in known if name[0] == "u" for sign in "\u00b5\u03bc"]
    return "(" + "|".join(sorted(known + micro)) + ")"


def _whole(*parts: str) -> str:
    return r"^\s*" + r"\s*".join(parts) + r"\s*$"


_VOLUME = _names(units.VOLUMES_NL)
_DOSE = _names(units.DOSES_NG)
_EITHER = f"({_VOLUME}|{_DOSE})"
_PER = _names(units.TIMES_S[1:])
_DURATION = _NUMBER + r"\s*" + _names(units.TIMES_S)


def as_text(read: Callable[[str], object]) -> Callable[[object], object]:
    """A reader of text only: numbers and dates that TOML knows have no place here."""

    def reader(value: object) -> object:
        if not isinstance(value, str):
            raise BadText(f"{quote(value)} is not text: write it in quotes")
        return read(value)

    return reader


def _quantity(read: Callable[[str], object]) -> Callable[[object], object]:
    """A reader of a quantity, which has a sentence of its own for a bare number."""
    return lambda value: read(cast(str, value))


def _read_gear(text: str) -> Fraction:
    match = re.fullmatch(rf"\s*{_NUMBER}\s*:\s*{_NUMBER}\s*", text)
    turns = [Fraction(turn) for turn in text.split(":")] if match else [Fraction(0)]
    if len(turns) != 2 or 0 in turns:
        raise BadText(
            f"{quote(text)} is not a gear: write turns of the motor to turns of the screw, for "
            'example "27:1"'
        )
    return turns[0] / turns[1]


def _read_percent(text: str) -> Fraction:
    match = re.fullmatch(rf"\s*([+-])\s*({_NUMBER})\s*%\s*", text)
    if not match:
        raise BadText(
            f'{quote(text)} is not a change in percent: write it with its sign, for example "+20 %"'
        )
    change = Fraction(match[2]) / 100
    if match[1] == "-":
        change = -change
    if change <= -1 or change == 0:
        raise BadText(f"{quote(text)} is no change of a rate: write more than -100 % and not 0 %")
    return change


def _read_day_end(text: str) -> int:
    return 86400 if text.strip() == "24:00" else quantity.parse_time_of_day_s(text)


def _read_weekdays(text: str) -> int:
    if text in WEEKDAY_MASKS:
        return WEEKDAY_MASKS[text]
    raise BadText(
        f'{quote(text)} is not known: write "daily", "weekday", "weekend" or a list such as '
        '["mon", "thu"]'
    )


def _read_weekday(text: str) -> int:
    if text in _WEEKDAYS:
        return 1 << _WEEKDAYS.index(text)
    raise BadText(f"{quote(text)} is not a weekday: write one of " + ", ".join(_WEEKDAYS))


def _read_patient_group(text: str) -> str:
    if text in PATIENT_GROUPS:
        return text
    raise BadText(
        f"{quote(text)} is not a patient group: write one of " + ", ".join(PATIENT_GROUPS)
    )


def _read_part(text: str) -> Fraction | str:
    """A part of the basal; a dose or a volume over time as its text, read with the basal."""
    percent = re.fullmatch(rf"\s*({_NUMBER})\s*%\s*", text)
    over = re.fullmatch(r"\s*([0-9]{1,7})\s*/\s*([1-9][0-9]{0,6})\s*", text)
    part = None
    if percent:
        part = Fraction(percent[1]) / 100
    elif over:
        part = Fraction(int(over[1]), int(over[2]))
    if part is not None:
        if part > 1:
            raise BadText(f"{quote(text)} is more than all of the basal: the limit is 100 %")
        return part
    if "/" not in text:
        raise BadText(
            f'{quote(text)} is not a part of the basal: write for example "90 %", or the dose '
            '"270 mcg/day"'
        )
    quantity.parse_rate_nl_per_h(text, ONE)
    return text


def _read_step_length(text: str) -> int:
    return quantity.SECONDS_PER_DAY if text == "daily" else quantity.parse_duration_s(text)


def _read_then(text: str) -> str:
    if text in THENS:
        return text
    raise BadText(f"{quote(text)} is not known: write one of " + ", ".join(THENS))


def _read_word(word: str, or_else: str) -> Callable[[str], object]:
    def read(text: str) -> object:
        if text != word:
            raise BadText(f'{quote(text)} is not known: write "{word}" or {or_else}')
        return None

    return read


def _read_name(text: str) -> str:
    check_text("name", text, 1)
    return text


NAME = Kind("a name", "baclofen", r"^[!-~]([ -~]{0,30}[!-~])?$", as_text(_read_name))
SYRINGE = Kind("a syringe of the catalogue", "BD Plastipak 10 mL", r"^.+$", as_text(str))
LENGTH = Kind(
    "a length",
    "14.5 mm",
    _whole(_NUMBER, _names(units.LENGTHS_UM)),
    _quantity(quantity.parse_length_um),
)
VOLUME = Kind("a volume", "10 mL", _whole(_NUMBER, _VOLUME), _quantity(quantity.parse_volume_nl))
# The concentration is not known yet where these are read first; any will do.
AMOUNT = Kind(
    "a dose or a volume",
    "50 mcg",
    _whole(_NUMBER, _EITHER),
    _quantity(lambda text: quantity.parse_amount_nl(text, ONE)),
)
RATE = Kind(
    "a dose or a volume over time",
    "300 mcg/day",
    _whole(_NUMBER, _EITHER, "/", _PER),
    _quantity(lambda text: quantity.parse_rate_nl_per_h(text, ONE)),
)
CONCENTRATION = Kind(
    "a dose in a volume",
    "500 mcg/mL",
    _whole(_NUMBER, _DOSE, "/", _VOLUME),
    _quantity(quantity.parse_concentration),
)
DURATION = Kind(
    "a duration",
    "10 min",
    _whole(rf"{_DURATION}(\s+{_DURATION})*"),
    _quantity(quantity.parse_duration_s),
)
TIME_OF_DAY = Kind(
    "a time of day",
    "22:00",
    r"^\s*([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\s*$",
    as_text(quantity.parse_time_of_day_s),
)
DAY_END = Kind(
    "a time of day, or 24:00",
    "06:00",
    r"^\s*(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00)\s*$",
    as_text(_read_day_end),
)
INSTANT = Kind(
    "a local date and time",
    "2026-11-22T06:00",
    r"^\s*20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9])?\s*$",
    as_text(quantity.parse_instant_s),
)
GEAR = Kind(
    "turns of the motor to turns of the screw",
    "27:1",
    _whole(_NUMBER, ":", _NUMBER),
    as_text(_read_gear),
)
PERCENT = Kind(
    "a change in percent, with its sign",
    "+20 %",
    _whole("[+-]", _NUMBER, "%"),
    as_text(_read_percent),
)
NOT_CALIBRATED = Kind(
    "none",
    "none",
    "^none$",
    as_text(_read_word("none", 'a table { commanded = "10 mL", delivered = "9.87 mL" }')),
)
PATIENT_GROUP = Kind(
    "a patient group",
    "spinal-adult",
    f"^({'|'.join(PATIENT_GROUPS)})$",
    as_text(_read_patient_group),
)
WEEKDAY = Kind("a weekday", "mon", f"^({'|'.join(_WEEKDAYS)})$", as_text(_read_weekday))
WEEKDAYS = Kind("weekdays", "daily", f"^({'|'.join(WEEKDAY_MASKS)})$", as_text(_read_weekdays))
PART = Kind(
    "a part of the basal, or its dose over time",
    "90 %",
    f"{_whole(_NUMBER, '%')}|{_whole('[0-9]{1,7}', '/', '[1-9][0-9]{0,6}')}|{RATE.pattern}",
    as_text(_read_part),
)
STEP_LENGTH = Kind(
    "`daily`, or a duration", "daily", f"^daily$|{DURATION.pattern}", as_text(_read_step_length)
)
THEN = Kind("what follows", "kvo", f"^({'|'.join(THENS)})$", as_text(_read_then))
