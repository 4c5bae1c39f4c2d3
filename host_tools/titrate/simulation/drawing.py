"""How pictures of delivery look: colours, the axis of time, and files that come out the same.

Drawn by matplotlib, which makes SVG and PNG from one description.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from pump.core import quantity
from pump.core.schedule import DAY_S

INK = "#1f2933"
FAINT = "#8b97a3"
GRID = "#e6eaee"
PRESCRIBED = "#e8871e"
DELIVERED = "#1769aa"
BOLUS = "#7a4fb5"
ALARM = "#c62f3b"
SHADE = "#dbe9f6"

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    # The same picture gives the same file.
    "svg.hashsalt": "titrate",
}
_STEPS_S = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_STEPS_DAYS = (1, 2, 5, 7, 14, 28, 56, 91, 182, 365, 730, 1825, 3650)
_LABELS_MAX = 8


def new_figure(width: float, height: float) -> Figure:
    """An empty picture, inches wide and high, in the style of all."""
    matplotlib.rcParams.update(_STYLE)
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def save(figure: Figure, path: Path) -> None:
    """Write a picture as what its file's name says, .svg or .png."""
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    figure.savefig(path, dpi=150, metadata=metadata)


def few_marks(count: int) -> MaxNLocator:
    """At most so many marks on an axis, at round numbers."""
    return MaxNLocator(count)


def whole_marks(count: int) -> MaxNLocator:
    """At most so many marks on an axis, at whole numbers."""
    return MaxNLocator(count, integer=True)


def number(value: float) -> str:
    """A number for a label, without digits that say nothing."""
    return f"{value:.6g}"


def time_axis(axes: Axes, from_s: float, to_s: float, labels_max: int = _LABELS_MAX) -> None:
    """Let an axis be pump time in seconds, labelled at round times of day or with dates."""
    span_s = to_s - from_s
    steps = [*_STEPS_S, *(days * DAY_S for days in _STEPS_DAYS)]
    step_s = next((step for step in steps if span_s / step <= labels_max), steps[-1])
    first = -(-int(from_s) // step_s) * step_s
    marks = range(first, int(to_s) + 1, step_s)
    axes.xaxis.set_major_locator(FixedLocator(list(marks)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: _label(int(at_s), step_s)))
    axes.set_xlim(from_s, to_s)


def stairs(axes: Axes, edges: Sequence[float], values: Sequence[float], **style: Any) -> None:
    """Draw values that hold from one time to the next."""
    axes.step([*edges], [*values, values[-1]], where="post", **style)


def _label(at_s: int, step_s: int) -> str:
    text = quantity.format_instant(at_s)
    date, clock = text[:10], text[11:]
    if step_s >= DAY_S:
        return date[2:] if step_s > 180 * DAY_S else date[5:]
    shown = clock if step_s < 60 else clock[:5]
    return f"{shown}\n{date[5:]}" if at_s % DAY_S == 0 else shown
