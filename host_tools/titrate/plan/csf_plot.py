"""The model of the cerebrospinal fluid as a picture, under the rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from titrate.plan.csf_model import Csf
from titrate.simulation import drawing


def draw(found: Csf, path: Path) -> None:
    """Draw a model.

    Args:
        found: what to draw.
        path: file to write; its name ends in .svg or .png.

    Raises:
        OSError: it cannot be written.
    """
    figure = drawing.new_figure(9, 5.8 + 0.25 * len(found.effects))
    rate, level, lane = figure.subplots(
        3, sharex=True, height_ratios=(4, 6, 0.8 + 0.5 * len(found.effects))
    )
    rate.set_title("rate")
    rate.set_ylabel("mcg/h")
    drawing.stairs(rate, found.hours, found.rate_mcg_h[:-1], color=drawing.PRESCRIBED)
    rate.set_ylim(0, max(found.rate_mcg_h) * 1.15 or 1)
    level.set_title("cerebrospinal fluid, one-compartment model")
    level.set_ylabel("mcg/mL")
    level.plot(found.hours, found.csf_mcg_ml, color=drawing.DELIVERED, label="model")
    level.axhline(
        found.steady_state_mcg_ml,
        color=drawing.FAINT,
        linestyle=(0, (4, 3)),
        linewidth=1,
        label="steady state at the mean rate",
    )
    highest = max(*found.csf_mcg_ml, found.steady_state_mcg_ml)
    level.set_ylim(0, highest * 1.3 or 1)
    level.legend(loc="upper right", ncols=2, fontsize=8)
    lane.set_title("effect to be expected (B45, B46)")
    lane.set_xlabel("hours after the start")
    lane.set_xlim(0, found.hours[-1])
    for row, effect in enumerate(found.effects):
        _mark(lane, row, effect)
    lane.set_yticks(
        range(len(found.effects)),
        [f"{effect['of']} at {effect['at_h']:g} h" for effect in found.effects],
        fontsize=7,
    )
    lane.set_ylim(len(found.effects) - 0.4, -0.6)
    figure.suptitle("TEACHING ONLY: no dose follows from this", fontweight="bold")
    drawing.save(figure, path)


def _mark(axes: Axes, row: int, effect: dict[str, Any]) -> None:
    """Bars from the first to the last hour at which onset and peak are expected."""
    color = drawing.BOLUS if effect["of"] == "bolus" else drawing.ALARM
    for name, strength in (("onset", 0.35), ("peak", 0.7)):
        start, end = effect[f"{name}_from_h"], effect[f"{name}_to_h"]
        if start > axes.get_xlim()[1]:
            continue
        if start == end:
            axes.plot([start], [row], marker="D", markersize=5, color=color, alpha=strength)
        else:
            axes.barh(row, end - start, 0.5, left=start, color=color, alpha=strength, linewidth=0)
        # The onset's name stands before it where there is room: the peak may follow closely.
        is_before = name == "onset" and start > axes.get_xlim()[1] / 8
        axes.annotate(
            name,
            (start if is_before else min(end, axes.get_xlim()[1]), row),
            xytext=(-5 if is_before else 5, 0),
            textcoords="offset points",
            ha="right" if is_before else "left",
            va="center",
            fontsize=7,
            color=color,
        )
