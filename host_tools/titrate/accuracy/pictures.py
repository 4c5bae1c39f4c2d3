"""Pictures of accuracy: start-up and trumpet curves, and which syringe suits which rate."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from titrate.accuracy.iec60601 import HOUR_S, MINUTE_S, BolusAccuracy, Measurement, TrumpetPoint
from titrate.accuracy.prediction import Suitability
from titrate.simulation import drawing

_TARGET: dict[str, Any] = {"color": drawing.PRESCRIBED, "linewidth": 1.4}
_COLOURS = (drawing.DELIVERED, drawing.BOLUS, "#2e8b57", drawing.ALARM, "#6b7280", "#b8860b")
_RATE_UNITS = ((1_000_000, "mL/h"), (1000, "uL/h"), (1, "nL/h"))


def draw_measurement(
    found: Measurement,
    predicted: Sequence[TrumpetPoint] | None,
    title: str,
    paths: Sequence[Path],
    label: str = "measured",
) -> None:
    """Draw the start-up curve and the trumpet curve, the predicted one beside it.

    Args:
        found: what was measured.
        predicted: the widest trumpet of a perfect stepper, or None where it is not known.
        title: of the picture.
        paths: files to write; each name ends in .svg or .png.
        label: what the measured curve is called.

    Raises:
        OSError: a file cannot be written.
    """
    figure = drawing.new_figure(9, 7)
    flow, trumpet = figure.subplots(2, height_ratios=(2, 3))
    _draw_flow(flow, found)
    _draw_trumpet(trumpet, found, predicted, label)
    figure.suptitle(title, fontweight="bold")
    _save(figure, paths)


def draw_boluses(found: BolusAccuracy, title: str, paths: Sequence[Path]) -> None:
    """Draw the error of each bolus; see draw_measurement()."""
    figure = drawing.new_figure(9, 4)
    axes = figure.subplots()
    errors = [float(100 * (each - found.set_nl) / found.set_nl) for each in found.delivered_nl]
    numbers = range(1, len(errors) + 1)
    axes.axhline(0, label="set volume", **_TARGET)
    axes.axhline(
        float(found.mean_percent), color=drawing.INK, linestyle=(0, (4, 3)), linewidth=1,
        label=f"mean {float(found.mean_percent):+.3g} %",
    )  # fmt: skip
    axes.plot(numbers, errors, "o", color=drawing.DELIVERED, markersize=5, label="each bolus")
    axes.xaxis.set_major_locator(drawing.whole_marks(13))
    axes.set_xlabel("bolus")
    axes.set_ylabel("error, % of the set volume")
    spread = max(0.001, *(abs(error) for error in errors))
    axes.set_ylim(-1.5 * spread, 1.5 * spread)
    axes.legend(loc="upper right", ncols=3)
    figure.suptitle(title, fontweight="bold")
    _save(figure, paths)


def draw_chart(
    rows: Sequence[Suitability],
    windows_s: Sequence[int],
    limit_percent: float,
    rate_nl_per_h: float | None,
    paths: Sequence[Path],
) -> None:
    """Draw which syringe on which drive suits which rate.

    Args:
        rows: what to show, by syringe.
        windows_s: two observation windows or one, the shortest first: a bar is full from where
            the shortest is within the limit, and light from where the longest is.
        limit_percent: the limit.
        rate_nl_per_h: a rate to mark, or None.
        paths: files to write.

    Raises:
        OSError: a file cannot be written.
    """
    syringes = list(dict.fromkeys(row.syringe.name for row in rows))
    drives = list(dict.fromkeys(row.drive.name for row in rows))
    figure = drawing.new_figure(11, 1.9 + len(syringes) * (0.12 + 0.11 * len(drives)))
    axes = figure.subplots()
    height = 0.8 / len(drives)
    for row in rows:
        number = drives.index(row.drive.name)
        at = syringes.index(row.syringe.name) - 0.4 + (number + 0.5) * height
        colour = _COLOURS[number % len(_COLOURS)]
        first_ul, last_ul = (float(row.even_nl_per_h[n]) / 1000 for n in (0, -1))
        most_ul = float(row.max_nl_per_h) / 1000
        bar: dict[str, Any] = {"height": height * 0.8, "color": colour}
        axes.barh(at, most_ul - last_ul, left=last_ul, alpha=0.3, **bar)
        axes.barh(at, most_ul - first_ul, left=first_ul, **bar)
        if number == 0 and row.recommended_nl_per_h:
            middle = syringes.index(row.syringe.name)
            at_ul = row.recommended_nl_per_h / 1000
            axes.plot([at_ul, at_ul], [middle - 0.42, middle + 0.42], color=drawing.INK, lw=2)
    for number, name in enumerate(drives):
        axes.plot([], [], color=_COLOURS[number % len(_COLOURS)], lw=7, label=name)
    axes.plot([], [], color=drawing.INK, lw=2, label="smallest rate a pump maker recommends")
    if rate_nl_per_h is not None:
        axes.axvline(
            rate_nl_per_h / 1000, label=f"{drawing.number(rate_nl_per_h / 1000)} uL/h", **_TARGET
        )
    least = min(min(row.even_nl_per_h) for row in rows)
    most = max(row.max_nl_per_h for row in rows)
    axes.set_xscale("log")
    axes.set_xlim(float(least) / 2000, float(most) / 500)
    axes.xaxis.set_major_locator(LogLocator(numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_xlabel("rate, uL/h")
    axes.set_yticks(range(len(syringes)), syringes)
    axes.set_ylim(len(syringes) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=3)
    names = [_minutes(window_s) for window_s in dict.fromkeys((windows_s[0], windows_s[-1]))]
    shown = f"within {limit_percent:g} % in every {names[0]}"
    if len(names) > 1:
        shown += f" (light: in every {names[1]})"
    figure.suptitle(f"Rates that suit a syringe: a perfect stepper is\n{shown}", fontweight="bold")
    _save(figure, paths)


def _draw_flow(axes: Axes, found: Measurement) -> None:
    size, unit = _rate_unit(float(found.rate_nl_per_h))
    sample_s = float(found.method.sample_s)
    hours = len(found.flow_nl_per_h) * sample_s > 6 * HOUR_S
    scale_s, name = (HOUR_S, "h") if hours else (MINUTE_S, "min")
    edges = [n * sample_s / scale_s for n in range(len(found.flow_nl_per_h) + 1)]
    settled = found.method.settle_s / scale_s
    flows = [float(flow) / size for flow in found.flow_nl_per_h]
    rate = float(found.rate_nl_per_h) / size
    axes.axvspan(settled, edges[-1], color=drawing.SHADE, alpha=0.6, lw=0, label="analysed")
    # Above the set rate, which hides it where they are one.
    style: dict[str, Any] = {"color": drawing.DELIVERED, "linewidth": 0.9, "zorder": 3}
    drawing.stairs(axes, edges, flows, label="flow", **style)
    axes.axhline(rate, label=f"set rate {drawing.number(rate)} {unit}", **_TARGET)
    axes.set_title(f"start-up curve, sample interval {_minutes(found.method.sample_s)}")
    axes.set_xlim(0, edges[-1])
    highest, lowest = max(*flows, rate), min(*flows, rate, 0)
    axes.set_ylim(lowest * 1.1, highest * 1.35)
    axes.set_xlabel(f"time since the start, {name}")
    axes.set_ylabel(f"flow, {unit}")
    axes.legend(loc="upper right", ncols=3)


def _draw_trumpet(
    axes: Axes, found: Measurement, predicted: Sequence[TrumpetPoint] | None, label: str
) -> None:
    minutes = [point.window_s / MINUTE_S for point in found.trumpet]
    axes.axhline(0, label="set rate", **_TARGET)
    bounds = [0.0]
    if predicted is not None:
        most = [float(point.max_percent) for point in predicted]
        least = [float(point.min_percent) for point in predicted]
        bounds += most + least
        axes.fill_between(minutes, least, most, color=drawing.SHADE, label="predicted, any phase")
        for side in (most, least):
            axes.plot(minutes, side, color=drawing.DELIVERED, linewidth=0.8, alpha=0.5)
    mean = float(found.mean_error_percent)
    axes.axhline(
        mean, color=drawing.INK, linestyle=(0, (4, 3)), linewidth=1,
        label=f"mean error A {mean:+.3g} %",
    )  # fmt: skip
    for values, marker, name in (
        ([float(point.max_percent) for point in found.trumpet], "v", "Ep(max)"),
        ([float(point.min_percent) for point in found.trumpet], "^", "Ep(min)"),
    ):
        bounds += values
        axes.plot(
            minutes, values, marker=marker, color=drawing.DELIVERED, linewidth=1.6, markersize=6,
            label=f"{label}, {name}",
        )  # fmt: skip
    axes.set_title(f"trumpet curve over {_minutes(found.analysis_s)}")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(minutes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("observation window, min")
    axes.set_ylabel("error, % of the set rate")
    spread = max(0.001, *(abs(value) for value in bounds))
    axes.set_ylim(-1.25 * spread, 1.45 * spread)
    axes.legend(loc="upper right", ncols=2)


def _rate_unit(rate_nl_per_h: float) -> tuple[int, str]:
    return next((size, name) for size, name in _RATE_UNITS if rate_nl_per_h >= size or size == 1)


def _minutes(duration_s: Fraction | int) -> str:
    minutes = float(duration_s) / MINUTE_S
    return f"{minutes / 60:.4g} h" if minutes >= 1440 else f"{minutes:.4g} min"


def _save(figure: Figure, paths: Sequence[Path]) -> None:
    for path in paths:
        drawing.save(figure, path)
