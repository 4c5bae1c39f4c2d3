"""STEP edges against a prescription, instant by instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from titrate.demo.probe import ProbedClock
from titrate.simulation import Prescription, Stretch

# A step comes at or after the instant at which it is due, and less than this after it.
LATE_NS_MAX = 1000


@dataclass(frozen=True)
class Phase:
    """A stretch of constant rate, as it was delivered.

    Attributes:
        stretch: what is prescribed.
        prescribed: whole microsteps that come to be due in it.
        late_ns: for each edge, how much later than due it came; below 0 when too early.
    """

    stretch: Stretch
    prescribed: int
    late_ns: Sequence[Fraction]

    @property
    def is_exact(self) -> bool:
        """Whether every step was made, none too early and none 1 us late."""
        return len(self.late_ns) == self.prescribed and all(
            0 <= late_ns < LATE_NS_MAX for late_ns in self.late_ns
        )


def compare(
    prescription: Prescription, clock: ProbedClock, edges_ns: Sequence[int]
) -> tuple[list[Phase], int]:
    """Compare edges with what is prescribed, the first with the first step and so on.

    Returns:
        The phases, and how many edges are left over.
    """
    phases = []
    taken = 0
    for stretch in prescription.stretches:
        prescribed = stretch.end_steps - stretch.steps
        late_ns = [
            edge_ns - clock.ns(prescription.instant_ticks(stretch.steps + 1 + n))
            for n, edge_ns in enumerate(edges_ns[taken : taken + prescribed])
        ]
        taken += len(late_ns)
        phases.append(Phase(stretch, prescribed, late_ns))
    return phases, len(edges_ns) - taken
