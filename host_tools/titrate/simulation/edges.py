"""The instant of every STEP edge, from the pump's own train of pulses."""

from __future__ import annotations

from array import array
from pathlib import Path

from pump.core.train import HEAD_WAIT
from titrate.simulation.simulate import Simulation
from titrate.simulation.step_words import make_words

TICK_NS = 8
# The level of DIR that pushes the plunger in, on the standard board.
_DIR_INFUSE_LEVEL = 1


class Edges:
    """Adds up words to the ticks of their steps.

    Attributes:
        ticks: of each step, since the first word began.
    """

    def __init__(self) -> None:
        self.ticks = array("Q")
        self._now_ticks = 0

    def take(self, head: int, interval: int) -> None:
        """Take a word: a step at the end of each interval, or none in a silence."""
        count = (head >> 1) + 1
        if not head & HEAD_WAIT:
            self.ticks.extend(self._now_ticks + interval * n for n in range(1, count + 1))
        self._now_ticks += interval * count


def edge_ticks(simulation: Simulation) -> array[int]:
    """The instants of all steps of a simulation, in ticks of 8 ns since it began."""
    edges = Edges()
    make_words(
        simulation.programme,
        simulation.start_s,
        [request.bolus() for request in simulation.boluses],
        simulation.steps,
        edges.take,
        simulation.demand_boluses(),
    )
    return edges.ticks


def write_edges(simulation: Simulation, path: Path) -> None:
    """Write the instants of all steps, as `titrate virtual --edges` does: t_ns,dir."""
    with path.open("w", encoding="ascii") as file:
        file.write("t_ns,dir\n")
        file.writelines(f"{t * TICK_NS},{_DIR_INFUSE_LEVEL}\n" for t in edge_ticks(simulation))
