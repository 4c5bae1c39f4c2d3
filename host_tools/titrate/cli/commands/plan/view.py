"""How a calculation is shown: to a person, and as JSON."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from titrate.cli import show
from titrate.cli.output import Output
from titrate.plan import names
from titrate.plan.result import Result
from titrate.plan.rulebook import require


def give(output: Output, result: Result) -> None:
    """Print a calculation."""
    if output.as_json:
        output.result(values(result))
    else:
        output.result({}, view(result))


def values(result: Result) -> dict[str, object]:
    """A calculation for JSON.

    Numbers are numbers, as a spreadsheet takes them; `exact` has those that are no whole numbers
    as ratios.
    """
    found = result.values()
    exact = {name: _exact(value) for name, value in found.items() if _is_broken(value)}
    return {
        **{name: _plain(value) for name, value in found.items()},
        "exact": exact,
        "formula": result.formula,
        "inputs": {name: _plain(value) for name, value in result.inputs.items()},
        "rules": _told(result.rules),
        "cautions": _told(result.cautions),
        "warnings": list(result.warnings),
        "library": result.library,
        "limits": list(result.limits),
    }


def view(result: Result) -> Group:
    """A calculation for a person: results, formula, inputs, warnings, rules, limits."""
    table = show.grid()
    lists: list[RenderableType] = []
    for name, value in result.values().items():
        if isinstance(value, tuple) and value and isinstance(value[0], dict):
            lists.append(_list(value))
        elif value is not None and not _is_curve(value):
            title, unit = names.split(name)
            table.add_row(title, Text(_shown(value, unit), style="bold green"))
    under = show.grid()
    under.add_row("formula", Text(result.formula))
    given = [
        f"{title} {_shown(value, unit)}"
        for (title, unit), value in (
            (names.split(name), value) for name, value in result.inputs.items()
        )
    ]
    under.add_row("from", Text(", ".join(given) if given else "nothing but the rule"))
    for sentence in result.warnings:
        under.add_row("[yellow]warning[/]", Text(sentence))
    for title, numbers in (("rule", result.rules), ("caution", result.cautions)):
        for number in numbers:
            under.add_row(title, Text(f"{number}  {require(number).text}"))
    if result.library:
        under.add_row("drug library", Text(result.library))
    for sentence in result.limits:
        under.add_row("limit", Text(sentence))
    return Group(table, *lists, under)


def _list(entries: tuple[dict[str, object], ...]) -> RenderableType:
    columns = [names.split(name) for name in entries[0]]
    table: Table = show.columns(*(", ".join(filter(None, column)) for column in columns))
    rows = [[_shown(value, "") for value in entry.values()] for entry in entries]
    for column, cells in zip(table.columns, zip(*rows, strict=True), strict=True):
        # A head may be folded between its words, a value not.
        column.min_width = max(map(len, (*cells, *str(column.header).split())))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _is_curve(value: object) -> bool:
    """Whether it is a row of points, which is for --json and plots."""
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], float)


def _shown(value: object, unit: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g} {unit}".rstrip()
    if isinstance(value, int | Fraction):
        return names.amount(value, unit)
    if isinstance(value, tuple):
        return ", ".join(_shown(each, unit) for each in value) or "none"
    return str(value)


def _plain(value: object) -> object:
    """A value as JSON has it: a whole number as such, another ratio as the nearest number."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _is_broken(value: object) -> bool:
    """Whether it is, or holds, a ratio that is no whole number."""
    if isinstance(value, tuple):
        return any(_is_broken(each) for each in value)
    if isinstance(value, dict):
        return any(_is_broken(each) for each in value.values())
    return isinstance(value, Fraction) and value.denominator != 1


def _exact(value: object) -> object:
    """A value with its numbers as text: "25/4"; in lists, what is no number is left out."""
    if isinstance(value, tuple):
        return [_exact(each) for each in value]
    if isinstance(value, dict):
        return {name: str(each) for name, each in value.items() if isinstance(each, Fraction)}
    return str(value)


def _told(numbers: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"number": number, "text": require(number).text} for number in numbers]
