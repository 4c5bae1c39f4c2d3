"""Replies as Python values and as JSON, by the kinds that vocabulary.py declares."""

from fractions import Fraction

from pump.core import ratio
from pump.link import vocabulary
from titrate.client.errors import NoAnswer

Value = int | bool | str | Fraction | list[tuple[str, str]] | None


def to_python(kind: str, text: str) -> Value:
    """A reply's text as a Python value: int, bool, Fraction, str, list of (code, priority).

    An empty text of a kind that is no text means that there is no value: None.

    Raises:
        ValueError: text that is not of its kind.
    """
    if kind == "alarms":
        return [_alarm(item) for item in text.split(",")] if text else []
    if kind in ("text", "bytes"):
        return text
    if not text:
        return None
    if kind in ("whole", "seconds", "instant"):
        return int(text)
    if kind in ("volume", "rate", "ratio"):
        return Fraction(*ratio.parse(text))
    if kind == "yes_no":
        if text not in ("yes", "no"):
            raise ValueError(text)
        return text == "yes"
    return text


def to_json(value: Value) -> object:
    """A Python value for JSON: ratios as text such as "1375/3", alarms as objects."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, list):
        return [{"code": code, "priority": priority} for code, priority in value]
    return value


def by_key(pairs: list[tuple[str, str]]) -> dict[str, Value]:
    """All pairs of an answer or of a data line by key.

    A key that is not known, of a newer pump, stays text.

    Raises:
        NoAnswer: a value is not of its declared kind; code "bad_reply".
    """
    found: dict[str, Value] = {}
    for key, text in pairs:
        kind = vocabulary.kind_of(key)
        try:
            found[key] = to_python(kind, text)
        except ValueError as error:
            raise NoAnswer(
                f"the pump says {key}={text!r}, which is not of the kind {kind}; "
                "its firmware and this titrate do not fit together",
                "bad_reply",
            ) from error
    return found


def as_ratio(value: Fraction) -> tuple[int, int]:
    """A Fraction as the core's ratio."""
    return (value.numerator, value.denominator)


def _alarm(item: str) -> tuple[str, str]:
    code, _, priority = item.partition(":")
    return code, priority
