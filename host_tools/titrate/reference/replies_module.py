"""client/replies.py: a dataclass for each reply, from the table of commands."""

from pump.link import commands, vocabulary

# class name: (command, whether it is a data row, what it is)
CLASSES = {
    "Hello": ("hello", False, "Who a pump is."),
    "Status": ("status", False, "How a pump is."),
    "Clock": ("clock", False, "A pump's clock."),
    "Alarm": ("alarms", True, "An active alarm."),
    "Reading": ("readings", True, "What an input of a pump reads."),
    "LogEntry": ("log", True, "An entry of a pump's journal."),
}

TYPES = {
    "whole": "int | None",
    "seconds": "int | None",
    "instant": "int | None",
    "volume": "Fraction | None",
    "rate": "Fraction | None",
    "ratio": "Fraction | None",
    "yes_no": "bool | None",
    "text": "str",
    "bytes": "str",
    "alarms": "list[tuple[str, str]]",
}

_HEAD = '''"""Replies of the pump as dataclasses.

Made by `python -m titrate.reference` from firmware/pump/link/. Volumes are
nanolitres, instants seconds of local civil time since 2000-01-01 00:00; None where the pump
has no such value.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """Base of the replies."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """From values by key; keys that this version does not know are left out."""
        return cls(**{field.name: values.get(field.name) for field in fields(cls)})
'''


def text() -> str:
    """The module's text."""
    parts = [_HEAD]
    for name, (command_name, is_row, title) in CLASSES.items():
        command = commands.require(command_name)
        declared = command.rows if is_row else command.replies
        parts.append(f'\n\n@dataclass(frozen=True)\nclass {name}(Reply):\n    """{title}\n')
        parts.append("\n    Attributes:\n")
        parts.extend(f"        {key}: {vocabulary.KEYS[key][1]}.\n" for key in declared)
        parts.append('    """\n\n')
        parts.extend(f"    {key}: {TYPES[vocabulary.kind_of(key)]}\n" for key in declared)
    return "".join(parts)
