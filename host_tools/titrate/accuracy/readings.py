"""Records from files: STEP edges, a balance's log, or any CSV of mass or volume over time.

The head of a column names its unit, as in `time_s`, `mass [mg]` or `volume_uL`; what kind of
quantity a column has follows from that.
"""

import csv
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from pump.core.errors import BadText
from pump.core.quantity import quote
from titrate.accuracy.record import LogRecord, StepRecord

EDGES_HEAD = ["t_ns", "dir"]
_HEAD = re.compile(r"\s*(.*?)[\s_]*[\[(/]?\s*([A-Za-z\u00b5]+)\s*[\])]?\s*")
_TIMES_S = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "day": Fraction(86400),
}
_MASSES_G = {"ug": Fraction(1, 10**6), "mg": Fraction(1, 1000), "g": Fraction(1)}
_MASSES_G["kg"] = Fraction(1000)
_VOLUMES_NL = {"nl": Fraction(1), "ul": Fraction(1000), "ml": Fraction(10**6)}
_PARTS_OF_UNITS = {"per", *_MASSES_G, *_VOLUMES_NL}
_TIMESTAMPS = ("timestamp", "datetime")
_NL_PER_ML = 10**6


@dataclass(frozen=True)
class Liquid:
    """What turns a mass into a volume.

    Attributes:
        density_g_per_ml: of the liquid.
        evaporation_g_per_h: what the vessel on the balance loses besides.
    """

    density_g_per_ml: Fraction
    evaporation_g_per_h: Fraction = Fraction(0)

    def volume_nl(self, mass_g: Fraction, after_s: Fraction) -> Fraction:
        """The volume of a mass that was collected over a time, with what evaporated meanwhile."""
        lost_g = self.evaporation_g_per_h * after_s / 3600
        return (mass_g + lost_g) / self.density_g_per_ml * _NL_PER_ML


def is_edges_file(path: Path) -> bool:
    """Whether a file is one of STEP edges, by its first line.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return [word.strip() for word in file.readline().split(",")] == EDGES_HEAD


def read_edges(
    path: Path, microstep_nl: Fraction, rate_nl_per_h: Fraction, infuse_level: int = 1
) -> StepRecord:
    """Read STEP edges as `titrate virtual --edges` and `titrate simulate --edges` write them.

    Args:
        path: CSV with the head `t_ns,dir`, a line for each edge.
        microstep_nl: volume of a microstep.
        rate_nl_per_h: the set rate, above 0.
        infuse_level: the level of DIR that pushes the plunger in.

    Raises:
        BadText: a line that is none; no edge at all.
        OSError: it cannot be read.
    """
    times_ns, positions = array("q"), array("q")
    position = 0
    with path.open(encoding="ascii", errors="replace") as file:
        next(file, None)
        for number, line in enumerate(file, 2):
            found = re.fullmatch(r"(\d+),([01])\s*", line)
            if not found or (times_ns and int(found[1]) < times_ns[-1]):
                raise BadText(
                    f"{path}:{number}: {quote(line.strip())} is no edge after the one before: a "
                    "line is a time in ns that never goes back, a comma, and DIR as 0 or 1"
                )
            position += 1 if int(found[2]) == infuse_level else -1
            times_ns.append(int(found[1]))
            positions.append(position)
    if not times_ns:
        raise BadText(f"{path} has no edge: nothing was delivered while it was recorded")
    return StepRecord(times_ns, positions, microstep_nl, microstep_nl * 3600 / rate_nl_per_h)


def read_log(path: Path, liquid: Liquid | None) -> LogRecord:
    """Read a CSV of mass or volume over time; the first reading is the zero of both.

    Args:
        path: with a head that names units: one column of time (or `timestamp`, as
            2026-11-22T06:00:00), one of mass or volume. Others are left alone.
        liquid: needed for a mass.

    Raises:
        BadText: not such a file; the sentence names the line.
        OSError: it cannot be read.
    """
    table = _Table(path)
    time, amount = table.time_column(), table.amount_column()
    if time is None:
        raise BadText(
            f"{path} has no column of time: name its unit in the head, as in time_s, or give "
            "a column timestamp"
        )
    times_s = table.times_s(time)
    for line, (before, after) in enumerate(zip(times_s, times_s[1:], strict=False), 3):
        if after <= before:
            raise BadText(
                f"{path}:{line}: the time does not go on from the line before: each reading "
                "needs a later one"
            )
    values = table.values(amount)
    if amount.kind == "volume":
        return LogRecord(times_s, [value - values[0] for value in values])
    if liquid is None:
        raise _needs_liquid(path)
    return LogRecord(
        times_s,
        [
            liquid.volume_nl(value - values[0], t_s - times_s[0])
            for t_s, value in zip(times_s, values, strict=True)
        ],
    )


def has_times(path: Path) -> bool:
    """Whether a CSV has a column of time.

    Raises:
        BadText, OSError: it cannot be read.
    """
    return _Table(path).time_column() is not None


def read_totals(path: Path, liquid: Liquid | None) -> list[Fraction]:
    """Read a CSV without times: the total before the first bolus, and after each, in nL.

    Raises:
        BadText: not such a file; or a mass together with evaporation, which needs times.
        OSError: it cannot be read.
    """
    table = _Table(path)
    amount = table.amount_column()
    values = table.values(amount)
    if amount.kind == "volume":
        return values
    if liquid is None:
        raise _needs_liquid(path)
    if liquid.evaporation_g_per_h:
        raise BadText(f"{path} has no times: evaporation can only be made up for with them")
    return [liquid.volume_nl(value, Fraction(0)) for value in values]


def _needs_liquid(path: Path) -> BadText:
    return BadText(
        f"{path} has masses: name the liquid's --density, or for water its --temperature"
    )


@dataclass(frozen=True)
class _Column:
    index: int
    head: str
    kind: str
    factor: Fraction


class _Table:
    """The cells of a CSV file."""

    def __init__(self, path: Path):
        self._path = path
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
        if len(rows) < 3:
            raise BadText(f"{path} has no two readings below its head: there is nothing to measure")
        self._rows = rows[1:]
        columns = [_column(index, head.strip()) for index, head in enumerate(rows[0])]
        self._columns = [column for column in columns if column is not None]

    def time_column(self) -> _Column | None:
        return self._only("time")

    def amount_column(self) -> _Column:
        found = self._only("volume") or self._only("mass")
        if found is None:
            raise BadText(
                f"{self._path} has no column of mass or volume: name its unit in the head, as in "
                "mass_g or volume_uL"
            )
        return found

    def values(self, column: _Column) -> list[Fraction]:
        return [
            self._number(line, row, column) * column.factor
            for line, row in enumerate(self._rows, 2)
        ]

    def times_s(self, column: _Column) -> list[Fraction]:
        if column.head.lower() not in _TIMESTAMPS:
            return self.values(column)
        times = [self._instant(line, row, column) for line, row in enumerate(self._rows, 2)]
        if len({time.tzinfo is None for time in times}) > 1:
            raise BadText(f"{self._path}: some timestamps have a time zone and some have none")
        return [Fraction((time - times[0]) // timedelta(microseconds=1), 10**6) for time in times]

    def _only(self, kind: str) -> _Column | None:
        found = [column for column in self._columns if column.kind == kind]
        if len(found) > 1:
            heads = ", ".join(column.head for column in found)
            raise BadText(f"{self._path} has several columns of {kind}, {heads}: leave one")
        return found[0] if found else None

    def _number(self, line: int, row: Sequence[str], column: _Column) -> Fraction:
        text = self._cell(line, row, column)
        if not re.fullmatch(r"[+-]?\s*\d+(\.\d*)?([eE][+-]?\d{1,2})?", text):
            raise BadText(
                f"{self._path}:{line}: {quote(text)} in {column.head} is not a number: write "
                "one such as 12.3456, with a decimal point"
            )
        return Fraction(text.replace(" ", ""))

    def _instant(self, line: int, row: Sequence[str], column: _Column) -> datetime:
        text = self._cell(line, row, column)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise BadText(
                f"{self._path}:{line}: {quote(text)} is not a timestamp: write one such as "
                "2026-11-22T06:00:00"
            ) from None

    def _cell(self, line: int, row: Sequence[str], column: _Column) -> str:
        if column.index >= len(row):
            raise BadText(f"{self._path}:{line}: the line ends before its column {column.head}")
        return row[column.index].strip()


def _column(index: int, head: str) -> _Column | None:
    """A column by its head; None where that names no unit."""
    if head.lower() in _TIMESTAMPS:
        return _Column(index, head, "time", Fraction(1))
    found = _HEAD.fullmatch(head)
    # A rate or a density, such as flow_ul_per_h or "flow mL/h", ends in a unit that is not its own.
    if not found or not found[1] or re.split(r"[\s_/]+", found[1])[-1].lower() in _PARTS_OF_UNITS:
        return None
    unit = found[2].replace("\u00b5", "u")
    if unit in _TIMES_S:
        return _Column(index, head, "time", _TIMES_S[unit])
    if unit in _MASSES_G:
        return _Column(index, head, "mass", _MASSES_G[unit])
    if unit.lower() in _VOLUMES_NL:
        return _Column(index, head, "volume", _VOLUMES_NL[unit.lower()])
    return None
