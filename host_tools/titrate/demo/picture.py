"""The demonstration as a picture: rate, steps against the prescription, close-ups, lateness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from pump.core import quantity
from pump.core.delivery import TICKS_PER_S
from titrate.demo.comparison import LATE_NS_MAX, compare
from titrate.demo.run import Outcome
from titrate.demo.verdict import low_reservoir_s
from titrate.simulation import Stretch, drawing

_CLOSE_S = 6.0
_VERY_CLOSE_S = 0.35


def draw(outcome: Outcome, path: Path) -> None:
    """Draw what was delivered, from the edges that were captured, over what was prescribed.

    Args:
        outcome: of a run.
        path: file to write; its name ends in .svg or .png.

    Raises:
        OSError: it cannot be written.
    """
    _Picture(outcome).draw(path)


class _Picture:
    def __init__(self, outcome: Outcome):
        self._outcome = outcome
        self._prescription = outcome.prescription
        self._stretches = outcome.prescription.stretches
        self._begin_s = _seconds(self._stretches[0].start_ticks)
        self._end_s = _seconds(self._stretches[-1].end_ticks)
        self._edges_s = [float(outcome.clock.seconds(t_ns)) for t_ns in outcome.edges_ns]
        self._microstep_ul = float(outcome.prescription.microstep_nl) / 1000

    def draw(self, path: Path) -> None:
        figure = drawing.new_figure(10, 8.4)
        grid = figure.add_gridspec(4, 3, height_ratios=(0.8, 1.4, 3, 2.6))
        above = figure.add_subplot(grid[0, :])
        self._rate(above, figure.add_subplot(grid[1, :], sharex=above))
        self._volume(figure.add_subplot(grid[2, :]))
        changes = self._stretches[1:3]
        for column, (stretch, around_s) in enumerate(
            zip(changes, (_CLOSE_S, _VERY_CLOSE_S), strict=False)
        ):
            self._close_up(figure.add_subplot(grid[3, column]), stretch, around_s)
        self._lateness(figure.add_subplot(grid[3, 2]))
        programme = self._outcome.profile.programme
        figure.suptitle(
            f"{programme.name}: {len(self._edges_s)} steps of the real firmware on an emulated "
            "RP2040, against its prescription",
            fontweight="bold",
        )
        drawing.save(figure, path)

    # -- panels -----------------------------------------------------------------------------

    def _rate(self, above: Axes, basal: Axes) -> None:
        """The rate; the axis is broken between the bolus, above, and the basal rates."""
        rates = [s.rate_nl_per_h[0] / s.rate_nl_per_h[1] / 1000 for s in self._stretches]
        middle = (min(rates) * max(rates)) ** 0.5
        low = max(rate for rate in rates if rate <= middle)
        high = min((rate for rate in rates if rate > middle), default=low)
        edges = [_seconds(s.start_ticks) for s in self._stretches] + [self._end_s]
        for axes in (above, basal):
            drawing.stairs(axes, edges, rates, color=drawing.PRESCRIBED, linewidth=2)
            axes.yaxis.set_major_locator(drawing.few_marks(3))
        basal.set_ylim(0, low * 1.35)
        above.set_ylim(high * 0.9, max(rates) * 1.1)
        above.spines["bottom"].set_visible(False)
        above.tick_params(axis="x", length=0, labelbottom=False)
        slash: dict[str, Any] = {
            "marker": [(-1, -0.6), (1, 0.6)],
            "markersize": 8,
            "color": drawing.FAINT,
        }
        above.plot([0], [0], transform=above.transAxes, clip_on=False, linestyle="none", **slash)
        basal.plot([0], [1], transform=basal.transAxes, clip_on=False, linestyle="none", **slash)
        above.set_title("rate prescribed, uL/h")
        drawing.time_axis(basal, self._begin_s, self._end_s)
        for stretch, rate in zip(self._stretches, rates, strict=True):
            axes = basal if rate <= middle else above
            text = drawing.number(rate)
            if rate > middle:
                text += " with the bolus"
            start_s, end_s = _seconds(stretch.start_ticks), _seconds(stretch.end_ticks)
            axes.annotate(
                text,
                ((start_s + end_s) / 2, rate),
                xytext=(0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
            )

    def _volume(self, axes: Axes) -> None:
        axes.set_title("volume, uL")
        self._steps(axes, self._begin_s, self._end_s, self._microstep_ul, 4)
        axes.set_ylim(0)
        drawing.time_axis(axes, self._begin_s, self._end_s)
        low_s = float(low_reservoir_s(self._outcome))
        axes.axvline(low_s, color=drawing.ALARM, linewidth=1)
        low = quantity.format_volume((self._outcome.profile.programme.reservoir_low_nl, 1))
        axes.annotate(
            f"low reservoir: {low} left",
            (low_s, axes.get_ylim()[1]),
            xytext=(5, -4),
            textcoords="offset points",
            va="top",
            color=drawing.ALARM,
        )
        axes.legend(loc="upper left")

    def _close_up(self, axes: Axes, stretch: Stretch, around_s: float) -> None:
        """The steps around the beginning of a stretch, one line of the grid for each."""
        at_s = _seconds(stretch.start_ticks)
        from_s = max(self._begin_s, at_s - around_s)
        until_s = at_s + around_s
        clock = quantity.format_instant(int(at_s))[11:]
        axes.set_title(f"{clock}, step by step")
        axes.axvspan(at_s, until_s, color=drawing.SHADE, alpha=0.6, linewidth=0)
        self._steps(axes, from_s, until_s, 1, 3)
        counts = [n for n, edge_s in enumerate(self._edges_s) if from_s <= edge_s <= until_s]
        axes.set_ylim(min(counts) - 0.6, max(counts) + 1.6)
        axes.yaxis.set_major_locator(drawing.whole_marks(6))
        axes.set_xlim(from_s, until_s)
        marks = [from_s, at_s, until_s]
        axes.set_xticks(marks, [f"{mark - at_s:+g} s" if mark != at_s else clock for mark in marks])
        axes.set_ylabel("microsteps")

    def _lateness(self, axes: Axes) -> None:
        phases, _ = compare(self._prescription, self._outcome.clock, self._outcome.edges_ns)
        late_ns = [float(late) for phase in phases for late in phase.late_ns]
        edges_s = self._edges_s[: len(late_ns)]
        axes.set_title("each edge late by, ns")
        axes.plot(edges_s, late_ns, ".", markersize=2.5, color=drawing.DELIVERED, rasterized=True)
        axes.axhline(LATE_NS_MAX, color=drawing.ALARM, linewidth=1)
        axes.annotate(
            "limit 1 us",
            (1, LATE_NS_MAX),
            xycoords=("axes fraction", "data"),
            xytext=(-2, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            color=drawing.ALARM,
        )
        axes.set_ylim(min(0.0, *late_ns), max(LATE_NS_MAX, *late_ns) * 1.1)
        drawing.time_axis(axes, self._begin_s, self._end_s, 3)

    def _steps(self, axes: Axes, from_s: float, until_s: float, scale: float, width: float) -> None:
        """Prescribed as a line, delivered as stairs of the edges captured."""
        times_s = [_seconds(s.start_ticks) for s in self._stretches] + [self._end_s]
        ends = [s.start_ticks for s in self._stretches] + [self._stretches[-1].end_ticks]
        microstep_nl = self._prescription.microstep_nl
        asked = [float(self._prescription.volume_nl(at) / microstep_nl) for at in ends]
        axes.plot(
            times_s,
            [value * scale for value in asked],
            color=drawing.PRESCRIBED,
            linewidth=width,
            alpha=0.55,
            label="prescribed",
        )
        made = [n for n, edge_s in enumerate(self._edges_s) if from_s <= edge_s <= until_s]
        first = made[0] if made else 0
        edges_s = [from_s, *(self._edges_s[n] for n in made), until_s]
        counts = [(first + n) * scale for n in range(len(made) + 1)]
        drawing.stairs(
            axes, edges_s, counts, color=drawing.DELIVERED, linewidth=1.4, label="delivered"
        )


def _seconds(ticks: int) -> float:
    return ticks / int(TICKS_PER_S)
