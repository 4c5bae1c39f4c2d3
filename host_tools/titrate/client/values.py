"""Replies as Python values and as JSON, by the kinds that the table of commands declares."""

from fractions import Fraction

from pump.core import ratio
from pump.link.commands import Command
from titrate.client.errors import NoAnswer

Value = int | bool | str | Fraction | list[tuple[str, str]] | None
Declared = tuple[tuple[str, str, str], ...]


def to_python(kind: str, text: str) -> Value:
    """A reply's text as a Python value: int, bool, Fraction, str, list of (code, priority).

    An empty text of a kind that is no text means that there is no value: None.

    Raises:
        ValueError: text that is not of its kind.
    """
    if kind == "alarms":
        return [_alarm(item) for item in text.split(",")] if text else []
    if kind == "text":
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


def values(declared: Declared, pairs: list[tuple[str, str]]) -> dict[str, Value]:
    """All pairs of an answer or of a data line by key.

    A key that the table does not know, of a newer pump, stays text.

    Raises:
        NoAnswer: a value is not of its declared kind; code "bad_reply".
    """
    kinds = {key: kind for key, kind, _ in declared}
    found: dict[str, Value] = {}
    for key, text in pairs:
        kind = kinds.get(key, "text")
        try:
            found[key] = to_python(kind, text)
        except ValueError as error:
            raise NoAnswer(
                f"the pump says {key}={text!r}, which is not of the kind {kind}; "
                "its firmware and this titrate do not fit together",
                "bad_reply",
            ) from error
    return found


def answer_values(command: Command, pairs: list[tuple[str, str]]) -> dict[str, Value]:
    """The pairs of a command's answer."""
    return values(command.replies, pairs)


def row_values(command: Command, pairs: list[tuple[str, str]]) -> dict[str, Value]:
    """The pairs of one data line of a command."""
    return values(command.rows, pairs)


def as_ratio(value: Fraction) -> tuple[int, int]:
    """A Fraction as the core's ratio."""
    return (value.numerator, value.denominator)


def _alarm(item: str) -> tuple[str, str]:
    code, _, priority = item.partition(":")
    return code, priority
