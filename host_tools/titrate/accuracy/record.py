"""What was delivered by when: a record of volume over time.

Times are seconds and volumes nanolitres, both exact.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol


class Record(Protocol):
    """Volume over time, known from start_s to end_s."""

    @property
    def start_s(self) -> Fraction:
        """Where it begins."""

    @property
    def end_s(self) -> Fraction:
        """Up to where it is known."""

    def volume_nl(self, t_s: Fraction) -> Fraction:
        """What was delivered by a time."""


@dataclass(frozen=True)
class StepRecord:
    """Microsteps: the volume changes by one microstep at each edge and not in between.

    Attributes:
        edges_ns: instants of the STEP edges, in order.
        positions: net microsteps infused after each of them.
        microstep_nl: volume of a microstep.
        interval_s: time of a microstep at the set rate. The record begins that long before the
            first edge, where a pump that steps as soon as a whole microstep is due was started,
            and holds that long after the last, since no other step was due by then.
    """

    edges_ns: Sequence[int]
    positions: Sequence[int]
    microstep_nl: Fraction
    interval_s: Fraction

    @property
    def start_s(self) -> Fraction:
        """One microstep's time before the first edge."""
        return Fraction(self.edges_ns[0], 10**9) - self.interval_s

    @property
    def end_s(self) -> Fraction:
        """One microstep's time after the last edge."""
        return Fraction(self.edges_ns[-1], 10**9) + self.interval_s

    def volume_nl(self, t_s: Fraction) -> Fraction:
        """Microsteps up to and at a time, as a volume."""
        count = bisect_right(self.edges_ns, t_s * 10**9)
        return self.microstep_nl * (self.positions[count - 1] if count else 0)


@dataclass(frozen=True)
class LogRecord:
    """Readings; between two of them the volume is taken to change evenly.

    Attributes:
        times_s: of the readings, rising.
        volumes_nl: of the readings.
    """

    times_s: Sequence[Fraction]
    volumes_nl: Sequence[Fraction]

    @property
    def start_s(self) -> Fraction:
        """The first reading."""
        return self.times_s[0]

    @property
    def end_s(self) -> Fraction:
        """The last reading."""
        return self.times_s[-1]

    def volume_nl(self, t_s: Fraction) -> Fraction:
        """The reading at a time, or the straight line between the two around it."""
        after = bisect_right(self.times_s, t_s)
        if after == len(self.times_s):
            return self.volumes_nl[-1]
        before_s, before_nl = self.times_s[after - 1], self.volumes_nl[after - 1]
        share = (t_s - before_s) / (self.times_s[after] - before_s)
        return before_nl + share * (self.volumes_nl[after] - before_nl)

    def is_reading(self, t_s: Fraction) -> bool:
        """Whether there is a reading at this very time."""
        after = bisect_right(self.times_s, t_s)
        return after > 0 and self.times_s[after - 1] == t_s
