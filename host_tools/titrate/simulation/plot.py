"""A simulation as a picture: the rate, what was delivered of what was prescribed, the reservoir."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from pump.core.delivery import TICKS_PER_S
from titrate.simulation import drawing
from titrate.simulation.events import Event
from titrate.simulation.simulate import Simulation

# More steps than this are drawn as a line: no eye tells one from another.
_STAIRS_MAX = 2000
_ALARMS = ("low_reservoir", "low_reservoir_time", "empty")
# What is told of beside the rate.
_MARKS = {
    "vtbi_near": drawing.ALARM,
    "vtbi_reached": drawing.ALARM,
    "bridge_finished": drawing.FAINT,
    "demand": drawing.BOLUS,
    "demand_refused": drawing.ALARM,
}


def draw(simulation: Simulation, path: Path) -> None:
    """Draw a simulation.

    Args:
        simulation: what to draw.
        path: file to write; its name ends in .svg or .png.

    Raises:
        OSError: it cannot be written.
    """
    figure = drawing.new_figure(9, 7)
    rate, volume, reservoir = figure.subplots(3, sharex=True, height_ratios=(3, 3, 2))
    _draw_rate(rate, simulation)
    _draw_volume(volume, simulation)
    _draw_reservoir(reservoir, simulation)
    from_s = simulation.start_s
    drawing.time_axis(reservoir, from_s, from_s + simulation.duration_s)
    figure.suptitle(f"{simulation.programme.name}, simulated", fontweight="bold")
    drawing.save(figure, path)


def _times_s(simulation: Simulation) -> list[float]:
    """Where stretches of constant rate begin, and where the last one ends."""
    stretches = simulation.prescription.stretches
    ticks = [stretch.start_ticks for stretch in stretches] + [stretches[-1].end_ticks]
    return [tick / TICKS_PER_S for tick in ticks]


def _end_of_delivery_s(simulation: Simulation) -> float:
    for event in simulation.events:
        if event.code == "empty":
            return float(simulation.start_s + event.t_s)
    return float(simulation.start_s + simulation.duration_s)


def _draw_rate(axes: Axes, simulation: Simulation) -> None:
    rates = [Fraction(*s.rate_nl_per_h) / 1000 for s in simulation.prescription.stretches]
    times_s = _times_s(simulation)
    axes.set_title("rate prescribed")
    drawing.stairs(axes, times_s, [float(rate) for rate in rates], color=drawing.PRESCRIBED)
    axes.set_ylabel("uL/h")
    top = float(max(rates)) * 1.15 or 1
    axes.set_ylim(0, top)
    for event in simulation.events:
        if event.code in _MARKS:
            _mark(axes, simulation, event, top, _MARKS[event.code])
    concentration = simulation.programme.concentration_mcg_per_ml
    # While a bridge is delivered the line holds the old concentration: no one scale holds for both.
    if concentration is not None and simulation.programme.bridge is None:
        # uL/h to mcg/day: 24 h, and mcg/mL over 1000 uL/mL.
        factor = float(Fraction(*concentration) * 24 / 1000)
        dose = axes.twinx()
        dose.set_ylim(0, axes.get_ylim()[1] * factor)
        dose.set_ylabel("mcg/day")
        dose.spines["right"].set_visible(True)
        dose.grid(False)


def _draw_volume(axes: Axes, simulation: Simulation) -> None:
    axes.set_title("volume since the start")
    axes.set_ylabel("uL")
    prescription = simulation.prescription
    times_s = _times_s(simulation)
    asked = [
        float(prescription.volume_nl(s.start_ticks)) / 1000 for s in prescription.stretches
    ] + [float(simulation.prescribed_nl) / 1000]
    axes.plot(times_s, asked, color=drawing.PRESCRIBED, linewidth=3, alpha=0.5, label="prescribed")
    steps = simulation.steps
    microstep_ul = float(simulation.microstep_nl) / 1000
    until_s = _end_of_delivery_s(simulation)
    end_s = float(simulation.start_s + simulation.duration_s)
    style: dict[str, Any] = {"color": drawing.DELIVERED, "linewidth": 1.2, "label": "delivered"}
    if steps <= _STAIRS_MAX:
        instants = [float(prescription.instant_ticks(n + 1) / TICKS_PER_S) for n in range(steps)]
        edges = [float(simulation.start_s), *instants, end_s]
        drawing.stairs(axes, edges, [n * microstep_ul for n in range(steps + 1)], **style)
    else:
        known = [(t, v) for t, v in zip(times_s, asked, strict=True) if t < until_s]
        known += [(until_s, steps * microstep_ul), (end_s, steps * microstep_ul)]
        axes.plot([t for t, _ in known], [v for _, v in known], **style)
    axes.legend(loc="upper left")


def _draw_reservoir(axes: Axes, simulation: Simulation) -> None:
    programme = simulation.programme
    axes.set_title("reservoir")
    axes.set_ylabel("mL")
    fill_ml = float(simulation.fill_nl) / 1e6
    reserve_ml = programme.reservoir_reserve_nl / 1e6
    times_s = _times_s(simulation)
    left = []
    for stretch in simulation.prescription.stretches:
        asked_nl = simulation.prescription.volume_nl(stretch.start_ticks)
        left.append(max(fill_ml - float(asked_nl) / 1e6, reserve_ml))
    left.append(float(simulation.residual_nl) / 1e6)
    until_s = _end_of_delivery_s(simulation)
    known = [(t, v) for t, v in zip(times_s, left, strict=True) if t < until_s]
    known += [(until_s, left[-1]), (times_s[-1], left[-1])]
    axes.plot([t for t, _ in known], [v for _, v in known], color=drawing.DELIVERED)
    for level_nl, name in (
        (programme.reservoir_low_nl, "low"),
        (programme.reservoir_reserve_nl, "reserve"),
    ):
        axes.axhline(level_nl / 1e6, color=drawing.FAINT, linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            name,
            (1, level_nl / 1e6),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=drawing.FAINT,
        )
    axes.set_ylim(0, fill_ml * 1.1)
    for event in simulation.events:
        if event.code in _ALARMS:
            _mark(axes, simulation, event, fill_ml * 1.08, drawing.ALARM)


def _mark(axes: Axes, simulation: Simulation, event: Event, top: float, colour: str) -> None:
    """A line at an event's instant, and its name from the top down."""
    at_s = float(simulation.start_s + event.t_s)
    axes.axvline(at_s, color=colour, linewidth=1)
    axes.annotate(
        event.code.replace("_", " "),
        (at_s, top),
        xytext=(3, 0),
        textcoords="offset points",
        rotation=90,
        va="top",
        fontsize=7,
        color=colour,
    )
