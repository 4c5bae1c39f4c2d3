"""What the demonstration prints."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rich.table import Table

from pump.core import quantity
from pump.core.delivery import TICKS_PER_S
from titrate.cli import show
from titrate.client.pump import Review
from titrate.demo.comparison import Phase, compare
from titrate.demo.run import Outcome


def review_table(review: Review) -> Table:
    """What the pump understood: every setting that would change."""
    table = show.columns("setting", "in force", "proposed")
    for change in review.changes:
        table.add_row(change.setting, change.old or "-", change.new or "-")
    return table


def step_table(outcome: Outcome) -> Table:
    """Delivered against prescribed, phase by phase."""
    phases, left_over = compare(outcome.prescription, outcome.clock, outcome.edges_ns)
    table = _figures("from", "to", "rate", "prescribed", "stepped", "witnessed", "late by (ns)")
    for phase in phases:
        table.add_row(
            _clock(phase.stretch.start_ticks),
            _clock(phase.stretch.end_ticks),
            _rate(outcome, phase),
            str(phase.prescribed),
            str(len(phase.late_ns)),
            "",
            _late(phase.late_ns),
            style="" if phase.is_exact else "red",
        )
    late_ns = [late for phase in phases for late in phase.late_ns]
    table.add_section()
    table.add_row(
        "all",
        "",
        "",
        str(sum(phase.prescribed for phase in phases)),
        str(len(late_ns) + left_over),
        str(outcome.final.witnessed),
        _late(late_ns),
        style="bold",
    )
    return table


def poll_table(outcome: Outcome) -> Table:
    """What the pump said when it was asked, beside the STEP pin at that moment."""
    table = _figures(
        "asked at", "state", "rate", "STEP edges", "stepped", "witnessed", "reservoir", "alarms"
    )
    final_edges = len(outcome.edges_ns)
    looks = [(poll.status, poll.edges_before, poll.edges_after) for poll in outcome.polls]
    for status, before, after in [*looks, (outcome.final, final_edges, final_edges)]:
        table.add_row(
            show.instant(status.clock_s)[11:],
            show.state(status.state),
            show.rate(status.rate_nl_per_h, None),
            str(before) if before == after else f"{before} to {after}",
            str(status.stepped),
            str(status.witnessed),
            show.volume(status.reservoir_nl),
            show.alarm_list(status.alarms),
        )
    return table


def log_table(outcome: Outcome) -> Table:
    """The pump's journal."""
    table = show.columns("at", "journal", "")
    for entry in outcome.log:
        table.add_row(show.instant(entry.at_s), entry.code, show.detail(entry.code, entry.detail))
    return table


def _figures(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        is_number = title.split()[0] in ("prescribed", "stepped", "witnessed", "late", "STEP")
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    return table


def _clock(ticks: int) -> str:
    """Time of day to the ms."""
    ms = ticks * 1000 // TICKS_PER_S
    return f"{quantity.format_instant(ms // 1000)[11:]}.{ms % 1000:03}"


def _rate(outcome: Outcome, phase: Phase) -> str:
    concentration = outcome.final.concentration_mcg_per_ml
    return show.rate(Fraction(*phase.stretch.rate_nl_per_h), concentration)


def _late(late_ns: Sequence[Fraction]) -> str:
    if not late_ns:
        return "-"
    return f"{float(min(late_ns)):.0f} to {float(max(late_ns)):.0f}"
