"""The pump's log as JSON Lines or CSV, each line sealed with a running hash.

A line carries the SHA-256 of the hash of the line before it and its own text. Whoever edits,
removes, inserts or swaps a line has to redo every hash after it, and the last hash, kept
somewhere else, gives that away.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from titrate.client.errors import WrongInput

Value = str | int | bool | None

START = "0" * 64
"""The hash before the first line."""

_JSON_SEAL = re.compile(r',"sha256":"([0-9a-f]{64})"}$')
_CSV_SEAL = re.compile(r",([0-9a-f]{64})$")


class LogEdited(WrongInput):
    """A line does not fit the hash that it carries.

    Attributes:
        line: its number, counted from 1.
    """

    code = "log_edited"

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line} {what}: this is not the log as it was exported")
        self.line = line


def seal(previous: str, text: str) -> str:
    """The hash of a line: SHA-256, 64 hexadecimal digits, of the hash before it and its text."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def json_lines(entries: Iterable[Mapping[str, Value]], previous: str = START) -> Iterator[str]:
    """One JSON object a line, without line ends; the key "sha256" comes last.

    `previous` is the hash of the last line exported before, to go on from there.
    """
    for entry in entries:
        text = json.dumps(dict(entry), separators=(",", ":"))
        previous = seal(previous, text)
        yield f'{text[:-1]},"sha256":"{previous}"}}'


def csv_lines(
    entries: Iterable[Mapping[str, Value]], columns: Iterable[str], previous: str = START
) -> Iterator[str]:
    """Comma-separated values without line ends: a heading, then a line an entry.

    Line ends within a value are written as \\n, so that an entry is a line. The last column,
    sha256, seals the heading, too.
    """
    names = list(columns)
    heading: list[list[Value]] = [[*names]]
    for values in chain(heading, ([entry[name] for name in names] for entry in entries)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(
            ["" if value is None else str(value).replace("\n", "\\n") for value in values]
        )
        previous = seal(previous, buffer.getvalue())
        yield f"{buffer.getvalue()},{previous}"


def verify_json_lines(lines: Iterable[str], previous: str = START) -> str:
    """Check exported JSON Lines; returns the last hash, to be compared with the one kept.

    Raises:
        LogEdited: with the first line that does not fit.
    """
    return _verify(lines, _JSON_SEAL, "}", previous)


def verify_csv(lines: Iterable[str], previous: str = START) -> str:
    """Check exported CSV, its heading included; returns the last hash.

    Raises:
        LogEdited: with the first line that does not fit.
    """
    return _verify(lines, _CSV_SEAL, "", previous)


def _verify(lines: Iterable[str], pattern: re.Pattern[str], end: str, previous: str) -> str:
    for number, line in enumerate(lines, 1):
        found = pattern.search(line.rstrip("\r\n"))
        if found is None:
            raise LogEdited(number, "carries no hash")
        text = line[: found.start()] + end
        if seal(previous, text) != found[1]:
            raise LogEdited(number, "was changed, or one before it was removed or put in")
        previous = found[1]
    return previous
