"""The reference page of the profile's format, made from its declaration.

host_tools/docs/profile.md is what text() gives.
"""

from collections.abc import Iterator

from pump.core.limits import SMALLEST_RATES
from pump.core.quantity import format_length, format_volume, format_volume_rate
from pump.core.ranges import LIMITS
from titrate.profile.declarations import PROFILE
from titrate.profile.forms import Either, Key, List, Table, Whole
from titrate.profile.kinds import Kind
from titrate.profile.syringes import catalogue, sources

_RANGES = {limit.name: limit for limit in LIMITS}

_INTRODUCTION = """\
<!-- Made by titrate.profile.page from titrate.profile.declarations: change it there. -->
# Dosing profiles

A profile is a TOML file that says what is to be delivered and by which pump: syringe and
drivetrain, drug, basal schedule, boluses, limits and reservoir. `titrate program FILE` checks it,
shows what would change, and sends it as a programme; `titrate simulate FILE` runs it without a
pump. For bench and research use, not for use on people.

The smallest profile that makes sense is
[continuous-300mcg-day.toml](../titrate/examples/continuous-300mcg-day.toml); the other
[examples](../titrate/examples) show a night step, a flexible week, boluses, very low
rates and, one each, the [modes](modes.md).
Editors that know JSON Schema check a profile while it is typed, with
[schema.json](../titrate/profile/schema.json); the first line of the examples points to it.

## Quantities

- Every quantity is text with its unit: `"300 mcg/day"`, `"0.6 mL/day"`, `"50 mcg"`, `"18 mL"`,
  `"500 mcg/mL"`, `"10 min"`, `"14.5 mm"`. A bare number is refused; only counts (`full_steps`,
  `microsteps`) are plain numbers.
- Units: nL, uL, mL; ng, mcg (or ug), mg; per min, h, day; s, min, h, day(s); um, mm. Capitals
  count, but for the litre, which is l or L.
- A decimal point, no comma; no thousands separators, no exponents; neither `.5` nor `5.`, because
  a point is easily overlooked and a lost one is a tenfold dose. At most 12 digits.
- Doses need a `concentration`. They become volumes exactly: 22 mcg/day at 2000 mcg/mL is
  1375/3 nL/h, and nothing is rounded.
- Times are local civil time, 24 hours, `"22:00"` or `"22:00:30"`; dates `"2026-11-22T06:00"`,
  without a time zone. The pump's clock knows no daylight saving: no time is skipped or comes twice.
- Parts of the basal are `"90 %"`, `"2/3"` or its dose over time, `"270 mcg/day"`.

What is wrong is said with file, line and key, all of it at once:

    day.toml:20: basal.rats: the key is not known: did you mean rate? there are rate, steps, change

## Keys
"""

_BASAL = """\
### How a basal is laid out

- A day is 00:00 to 24:00. Steps start where they say and last until the next one; the first
  starts at 00:00. At most 48 steps a day, at most 7 different days.
- A weekday has one table: `[basal.weekday]`, `[basal.weekend]`, or one with `days`; weekdays that
  no table names have what stands right under `[basal]`.
- A change belongs to the weekday on which its `from` lies. With `from = "22:00"`, `to = "06:00"`
  and `lead = "2 h"` in `[basal.weekday]`, Friday's runs from Friday 20:00 to Saturday 06:00, on
  Saturday's own rate. Two changes never overlap.
- Boluses come on top of the basal and never change it.

"""


def text() -> str:
    """The content of host_tools/docs/profile.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield from key_tables("At the top", PROFILE)
    yield _BASAL
    yield from _syringes()
    yield from _limits()


def key_tables(title: str, table: Table) -> Iterator[str]:
    """The lines that describe the keys of a table, and of the tables in it."""
    yield f"### {title}"
    yield ""
    yield "| key | value | needed | meaning |"
    yield "| --- | --- | --- | --- |"
    for key in table.keys:
        needed = "yes" if key.required else "no"
        yield f"| `{key.name}` | {_value(key)} | {needed} | {key.meaning} |"
    yield ""
    for key in table.keys:
        below = _below(key)
        if below is not None:
            yield from key_tables(f"`{_path(title, key)}`", below)
    if table.others is not None:
        shared = set(table.keys)
        names = [f"`{key.name}`" for key in table.others.keys if key in shared]
        yield from key_tables(
            "`[basal.NAME]`", Table(tuple(key for key in table.others.keys if key not in shared))
        )
        yield f"And {', '.join(names[:-1])} and {names[-1]} as in `[basal]`."
        yield ""


def _path(title: str, key: Key) -> str:
    """[pump.syringe], [[bolus]], [[basal.change]]: the header of a table below another."""
    above = title.strip("`[]")
    name = key.name if above == "At the top" else f"{above}.{key.name}"
    return f"[[{name}]]" if isinstance(key.value, List) else f"[{name}]"


def _below(key: Key) -> Table | None:
    """The table that a key holds, or a list of it holds."""
    value = key.value.other if isinstance(key.value, Either) else key.value
    if isinstance(value, List):
        value = value.item
    return value if isinstance(value, Table) else None


def _value(key: Key) -> str:
    value = key.value
    if isinstance(value, Kind):
        return f'{value.title}: `"{key.example or value.example}"`'
    if isinstance(value, Whole):
        limit = _RANGES[value.limit]
        return f"a whole number, {limit.minimum[0]} to {limit.maximum[0]}: `{key.example}`"
    if isinstance(value, Either):
        other = "a table" if isinstance(value.other, Table) else "a list"
        return f'{value.text.title} or {other}: `"{key.example or value.text.example}"`'
    if isinstance(value, List):
        what = "tables" if isinstance(value.item, Table) else f'texts: `["{value.item.example}"]`'
        return f"1 to {value.maximum} {what}"
    return "a table"


def _syringes() -> Iterator[str]:
    yield "## Syringes"
    yield ""
    yield "Bores of plastic syringes differ by up to 1 % from one to the next, which is 2 % in"
    yield "volume: calibrate with your own. Where no travel is given, it is capacity over area."
    yield ""
    yield "| name | bore | travel | source |"
    yield "| --- | --- | --- | --- |"
    for syringe in catalogue().values():
        bore = format_length((syringe.bore_um, 1))
        travel = format_length((syringe.travel_um, 1))
        yield f"| `{syringe.name}` | {bore} | {travel} | {syringe.source} |"
    yield ""
    for name, source in sources().items():
        yield f"- {name}: {source}"
    yield ""
    yield "Below these rates a smaller syringe delivers more evenly, and a warning says so"
    yield "(B. Braun Perfusor compact plus, instructions for use):"
    yield ""
    yield "| syringe up to | smallest rate advised |"
    yield "| --- | --- |"
    for capacity_nl, rate_nl_per_h in SMALLEST_RATES:
        rate = "no figure" if rate_nl_per_h is None else format_volume_rate((rate_nl_per_h, 1))
        yield f"| {format_volume((capacity_nl, 1))} | {rate} |"
    yield ""


def _limits() -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield "Host and pump both check them; nothing is ever clamped. Besides these: every rate, and"
    yield "basal and boluses together, are at most `max_rate`; a bolus is at least a microstep and"
    yield "at most the syringe; `low` is above `reserve`; `end` is after `start`."
    yield ""
    yield "| what | from | to | why |"
    yield "| --- | --- | --- | --- |"
    for limit in LIMITS:
        low, high = limit.show(limit.minimum), limit.show(limit.maximum)
        yield f"| {limit.title} | {low} | {high} | {limit.why} |"
    yield ""
