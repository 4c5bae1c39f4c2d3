"""The pump's log as `titrate log` printed it: --json, --jsonl or --csv, sealed or not."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pump.core.errors import BadText
from pump.core.ratio import parse as parse_ratio
from titrate import log_export

_PAIR = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


@dataclass(frozen=True)
class Entry:
    """An entry: its number, pump time or None, what happened, and its values as text."""

    sequence: int
    at_s: int | None
    code: str
    values: Mapping[str, str]

    def ratio(self, name: str) -> Fraction:
        """A number among its values, in the unit that its name ends in.

        Raises:
            BadText: it is not there, or none.
        """
        try:
            return Fraction(*parse_ratio(self.values[name]))
        except (KeyError, ValueError):
            raise BadText(
                f"entry {self.sequence} of the log, {self.code}, has no {name} that can be read: "
                "export the log again"
            ) from None


def read_log(text: str) -> list[Entry]:
    """The entries of an exported log, in the order of their numbers.

    Where its lines carry hashes, they are checked.

    Raises:
        BadText: it is no log.
        LogEdited: a line was changed, removed or put in after the export.
    """
    return sorted((_entry(each) for each in _raw(text)), key=lambda entry: entry.sequence)


def _raw(text: str) -> list[dict[str, Any]]:
    lines = text.splitlines()
    try:
        if not lines:
            raise ValueError(text)
        if not lines[0].lstrip().startswith("{"):
            if "sequence" not in lines[0].split(","):
                raise ValueError(lines[0])
            if lines[0].endswith(",sha256") or re.search(r",[0-9a-f]{64}$", lines[0]):
                log_export.verify_csv(lines)
                lines = [re.sub(r",[0-9a-f]{64}$", "", line) for line in lines]
            return list(csv.DictReader(lines))
        if '"entries"' in text:
            found = json.loads(text)["entries"]
        else:
            if '"sha256":' in lines[0]:
                log_export.verify_json_lines(lines)
            found = [json.loads(line) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError):
        raise _no_log() from None
    if not isinstance(found, list):
        raise _no_log()
    return found


def _entry(raw: dict[str, Any]) -> Entry:
    try:
        at = raw["at_s"]
        return Entry(
            int(raw["sequence"]),
            None if at in (None, "") else int(at),
            str(raw["code"]),
            dict(_PAIR.findall(str(raw["detail"] or ""))),
        )
    except (KeyError, ValueError, TypeError):
        raise _no_log() from None


def _no_log() -> BadText:
    return BadText(
        "this is no exported log: write one with `titrate log --from 0 --jsonl` (or --json, --csv)"
    )
