"""How the values of a pump look to a person."""

import re
from fractions import Fraction

from rich.table import Table
from rich.text import Text

from pump.core import annunciation, moves, quantity
from pump.core import inputs as pump_inputs
from pump.core.alarms import HIGH, MEDIUM
from pump.core.drug_guard import DAMAGED, NONE
from pump.link import kinds, words
from titrate.client.replies import Status
from titrate.client.values import as_ratio

PRIORITY_STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan"}


def grid() -> Table:
    """A table of labels and values without lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def columns(*titles: str) -> Table:
    """A table with a head and without lines."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def amount(volume_nl: Fraction | None, concentration_mcg_per_ml: Fraction | None) -> str:
    """A volume, and the dose in it where the concentration is known: "50 mcg (100 uL)"."""
    if volume_nl is None:
        return "-"
    concentration = _ratio_or_none(concentration_mcg_per_ml)
    return quantity.format_amount(as_ratio(volume_nl), concentration)


def volume(volume_nl: Fraction | None) -> str:
    """A volume: "18 mL"."""
    return "-" if volume_nl is None else quantity.format_volume(as_ratio(volume_nl))


def rate(rate_nl_per_h: Fraction | None, concentration_mcg_per_ml: Fraction | None) -> str:
    """A rate both ways: "300 mcg/day (25 uL/h)"."""
    if rate_nl_per_h is None:
        return "-"
    concentration = _ratio_or_none(concentration_mcg_per_ml)
    return quantity.format_rate(as_ratio(rate_nl_per_h), concentration)


def span(duration_s: int | None) -> str:
    """A time span, to the minute from an hour on: "3 h 20 min"."""
    if duration_s is None:
        return "-"
    return quantity.format_duration(duration_s if duration_s < 3600 else duration_s // 60 * 60)


def instant(pump_time_s: int | None) -> str:
    """Pump time: "2026-11-22 06:00:00"."""
    return "-" if pump_time_s is None else quantity.format_instant(pump_time_s).replace("T", " ")


def detail(code: str, text: str) -> str:
    """The detail of a journal entry, its volumes, rates and times with their units."""
    # Values may have spaces in them: the next "name=" ends a value.
    found = re.findall(r"(\w+)=(.*?)(?= \w+=|$)", text)
    return ", ".join([f"{words.label(key)} {_detail(code, key, value)}" for key, value in found])


def _detail(code: str, key: str, value: str) -> str:
    if key.endswith("_nl_per_h"):
        kind = "rate"
    elif key.endswith("_nl"):
        kind = "volume"
    elif key.endswith("_s"):
        kind = "instant" if code == "clock_set" else "seconds"
    else:
        kind = "text"
    return kinds.shown(kind, key, value)


def status_view(status: Status) -> Table:
    """All that a person wants to know of a pump at a glance."""
    concentration = status.concentration_mcg_per_ml
    table = grid()
    table.add_row("state", state(status.state))
    if status.programme_name:
        table.add_row("programme", f"{status.programme_name} ({status.programme_digest})")
    else:
        table.add_row("programme", "none")
    table.add_row("drug library", library(status.library))
    table.add_row("equipment", equipment(status.equipment))
    if status.locked:
        table.add_row("changes", "locked: they need a paired key")
    table.add_row(
        "rate",
        _with(rate(status.rate_nl_per_h, concentration), "next change in", status.next_change_s),
    )
    if status.bolus_remaining_nl:
        table.add_row("bolus", amount(status.bolus_remaining_nl, concentration) + " left")
    if status.bridge_left_nl:
        table.add_row("bridge", volume(status.bridge_left_nl) + " of the old drug left")
    if status.vtbi_left_nl is not None:
        table.add_row("to be infused", amount(status.vtbi_left_nl, concentration) + " left")
    if status.demand_in_s is not None:
        locked = f"locked out for {span(status.demand_in_s)}" if status.demand_in_s else "ready"
        table.add_row("demand bolus", locked)
    if status.following_s is not None:
        table.add_row("following", f"another programme from {instant(status.following_s)} on")
    table.add_row("delivered", amount(status.delivered_nl, concentration))
    table.add_row("primed", volume(status.primed_nl))
    reservoir = _with(volume(status.reservoir_nl), "low in", status.low_in_s)
    table.add_row("reservoir", _with(reservoir, "empty in", status.empty_in_s))
    table.add_row("driver", status.driver)
    table.add_row(
        "microsteps",
        f"{status.asked} asked, {status.stepped} stepped, {status.witnessed} witnessed",
    )
    known = "" if status.clock_known else " (not set: `titrate clock --set`)"
    table.add_row("clock", instant(status.clock_s) + known)
    table.add_row("alarms", alarm_list(status.alarms))
    table.add_row(
        "firmware",
        f"{status.firmware_version}, up {span(status.uptime_s)}, last start: {status.reset_cause}",
    )
    return table


def state(name: str) -> Text:
    """A named state: green while it delivers, red where it should and cannot."""
    if name in moves.DELIVERING:
        style = "green"
    elif name in (moves.EMPTY, moves.HALTED):
        style = "bold red"
    else:
        style = "yellow"
    return Text(name.replace("_", " "), style=style)


def library(title: str) -> Text:
    """The drug library in use; none and a damaged one stand out."""
    if title == NONE:
        return Text("no library", style="yellow")
    return Text(title, style="bold red" if title == DAMAGED else "")


def equipment(title: str) -> Text:
    """What is fitted; nothing and a damaged one stand out."""
    if title == pump_inputs.NOTHING:
        return Text("none: no switch, supply or force is watched", style="yellow")
    return Text(title, style="bold red" if title == pump_inputs.DAMAGED else "")


def quiet_signals() -> Text:
    """That light and sound have the quiet cadence, and how rarely it is heard."""
    high_min, other_min = [
        annunciation.length_ms(annunciation.sound(priority, True)) // 60000
        for priority in (HIGH, MEDIUM)
    ]
    return Text(
        f"signals are quiet: an alarm sounds when it comes, then every {high_min} min if its "
        f"priority is high, every {other_min} min if not",
        style="yellow",
    )


def alarm_list(alarms: list[tuple[str, str]]) -> Text:
    """Alarm codes, the colour by priority."""
    if not alarms:
        return Text("none", style="green")
    text = Text()
    for code, priority in alarms:
        if text:
            text.append(", ")
        text.append(f"{code} ({priority})", style=PRIORITY_STYLES.get(priority, ""))
    return text


def _with(text: str, what: str, duration_s: int | None) -> str:
    return text if duration_s is None else f"{text}, {what} {span(duration_s)}"


def _ratio_or_none(value: Fraction | None) -> tuple[int, int] | None:
    return None if value is None else as_ratio(value)
