"""Kinds of values: how an argument's text is read, and how a reply's text is put for a person.

The kinds are listed in vocabulary.py.
"""

from pump.core import ratio
from pump.core.errors import BadText, OutOfRange, quote
from pump.link import lines

_LOWER_HEXADECIMAL = "0123456789abcdef"
_DIGITS_MAX = 10
_QUANTITIES = ("amount", "volume", "rate", "duration", "instant", "distance")


def read(arg, text: str, concentration_mcg_per_ml):
    """The value of an argument's text.

    Args:
        arg: the commands.Arg.
        text: as it came.
        concentration_mcg_per_ml: ratio that turns a dose into a volume; None where only
            volumes have a meaning.

    Raises:
        BadText: it cannot be read.
        OutOfRange: it can be read but lies outside the argument's limits.
    """
    kind = arg.kind
    if kind in _QUANTITIES:
        return _quantity(kind, text, concentration_mcg_per_ml)
    if kind == "whole":
        return _whole(arg, text)
    if kind == "text":
        return _text(arg, text)
    if kind == "yes_no":
        if text not in ("yes", "no"):
            raise _unreadable(arg, text, "yes or no")
        return text == "yes"
    if kind == "word":
        if not lines.is_word(text):
            raise _unreadable(arg, text, "a name of small letters, digits and _")
        return text
    if kind == "digest":
        if len(text) != 16 or not _all_in(text, _LOWER_HEXADECIMAL):
            raise _unreadable(arg, text, "16 digits of 0-9 a-f")
        return text
    if kind == "rid":
        if not lines.is_rid(text):
            raise _unreadable(arg, text, "8 digits of 0-9 a-f")
        return text
    if kind == "secret":
        if len(text) != 64 or not _all_in(text, _LOWER_HEXADECIMAL):
            raise BadText(arg.name + " must be 64 digits of 0-9 a-f; it is not repeated here")
        return text
    if len(text) != 8 or not _all_in(text, "0123456789ABCDEF"):
        raise _unreadable(arg, text, "8 digits of 0-9 A-F")
    return text


def _quantity(kind: str, text: str, concentration_mcg_per_ml):
    from pump.core import quantity

    if kind == "amount":
        return quantity.parse_amount_nl(text, concentration_mcg_per_ml)
    if kind == "volume":
        return quantity.parse_volume_nl(text)
    if kind == "rate":
        return quantity.parse_rate_nl_per_h(text, concentration_mcg_per_ml)
    if kind == "duration":
        return quantity.parse_duration_s(text)
    if kind == "distance":
        return quantity.parse_distance(text)
    return quantity.parse_instant_s(text)


def _whole(arg, text):
    if not text or len(text) > _DIGITS_MAX or not _all_in(text, "0123456789"):
        raise _unreadable(arg, text, "a whole number, " + limits(arg))
    value = int(text)
    if not arg.minimum <= value <= arg.maximum:
        raise OutOfRange(arg.name + " is " + text + ", but it must be " + limits(arg))
    return value


def _text(arg, text):
    # As bytes, the least and the greatest of which are found without making texts of each.
    one_line = text.replace("\n", "").encode()
    if one_line and (min(one_line) < 0x20 or max(one_line) > 0x7E):
        raise _unreadable(arg, text, "printable ASCII: the characters space to ~, and LF")
    if not arg.minimum <= len(text) <= arg.maximum:
        raise OutOfRange(
            arg.name + " has " + str(len(text)) + " characters, but it must have " + limits(arg)
        )
    return text


def limits(arg) -> str:
    """The limits of a whole number or of a text's length, as "1 to 100"; "" where it has none."""
    if not arg.maximum:
        return ""
    return str(arg.minimum) + " to " + str(arg.maximum)


def shown(kind: str, key: str, text: str) -> str:
    """A reply's value as a person reads it: "18 mL", "1 h 30 min", "2026-11-22T06:00:00".

    Args:
        kind: reply kind.
        key: the reply's key; its last part is the unit of a plain ratio.
        text: as it stands on the wire.

    Raises:
        ValueError: a number that is none.
    """
    if text == "":
        return "-"
    from pump.core import quantity

    if kind == "volume":
        return quantity.format_volume(ratio.parse(text))
    if kind == "rate":
        return quantity.format_volume_rate(ratio.parse(text))
    if kind == "seconds":
        return quantity.format_duration(int(text))
    if kind == "instant":
        return quantity.format_instant(int(text))
    if kind == "ratio":
        number = quantity.format_number(ratio.parse(text))
        return number + " mcg/mL" if key.endswith("_mcg_per_ml") else number
    if kind == "alarms":
        return ", ".join([item.replace(":", " (") + ")" for item in text.split(",")])
    return text


def _unreadable(arg, text, wanted):
    return BadText(arg.name + " is " + quote(text) + ", but it must be " + wanted)


def _all_in(text, characters):
    for character in text:
        if character not in characters:
            return False
    return True
