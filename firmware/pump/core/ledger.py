"""What the reservoir holds and what left it, in exact volumes of whole microsteps.

The pump has no gauge: what is left is what was filled less what was stepped. All
methods are told `moved`, the microsteps that the pump has made in its life.
"""

from pump.core import ratio


class Ledger:
    """Book of one reservoir.

    Args:
        microstep_nl: ratio, volume of a microstep.
        moved: microsteps made so far.

    Attributes:
        primed_steps: steps since the last refill that were priming, not delivery.
        lost_steps: steps that may have been made before a power cut and are booked as made,
            so that the reservoir never shows more than is left.
        is_known: whether what the reservoir holds has been said since the plunger was moved.
    """

    def __init__(self, microstep_nl, moved: int):
        self.microstep_nl = microstep_nl
        self.filled_nl = ratio.ZERO
        self.filled_at_moved = moved
        self.earlier_delivered_nl = ratio.ZERO
        self.earlier_primed_nl = ratio.ZERO
        self.primed_steps = 0
        self.lost_steps = 0
        self.prime_from_moved: int | None = None
        self.is_known = True

    def refill(self, volume_nl, moved: int) -> None:
        """The reservoir now holds a volume (ratio in nL); counting starts afresh."""
        self.is_known = True
        self.filled_nl = volume_nl
        self.filled_at_moved = moved
        self.earlier_delivered_nl = ratio.ZERO
        self.earlier_primed_nl = ratio.ZERO
        self.primed_steps = 0
        self.lost_steps = 0
        if self.prime_from_moved is not None:
            self.prime_from_moved = moved

    def lose_track(self, moved: int) -> None:
        """Nobody knows what the reservoir holds: it counts as nothing until it is refilled."""
        delivered_nl = self.delivered_nl(moved)
        primed_nl = self.primed_nl(moved)
        self.refill(ratio.ZERO, moved)
        self.earlier_delivered_nl = delivered_nl
        self.earlier_primed_nl = primed_nl
        self.is_known = False

    def reservoir_nl(self, moved: int):
        """What is left, a ratio in nL; below 0 when more was stepped than was filled."""
        used = ratio.scale(self.microstep_nl, moved - self.filled_at_moved + self.lost_steps)
        return ratio.subtract(self.filled_nl, used)

    def delivered_nl(self, moved: int):
        """What was delivered since the last refill, priming not counted, a ratio in nL."""
        steps = moved - self.filled_at_moved - self.primed_steps - self._priming(moved)
        return ratio.add(self.earlier_delivered_nl, ratio.scale(self.microstep_nl, steps))

    def primed_nl(self, moved: int):
        """What was used for priming since the last refill, a ratio in nL."""
        steps = self.primed_steps + self._priming(moved)
        return ratio.add(self.earlier_primed_nl, ratio.scale(self.microstep_nl, steps))

    def steps_until(self, reserve_nl: int, moved: int) -> int:
        """The count of moved at which no whole step is left above a reserve."""
        left_nl = ratio.subtract(self.reservoir_nl(moved), (reserve_nl, 1))
        steps = ratio.floor(ratio.divide(left_nl, self.microstep_nl))
        return moved + max(0, steps)

    def begin_prime(self, moved: int) -> None:
        """Steps from here on are priming."""
        self.prime_from_moved = moved

    def end_prime(self, moved: int) -> None:
        """Steps from here on are delivery."""
        self.primed_steps += self._priming(moved)
        self.prime_from_moved = None

    def change_microstep(self, microstep_nl, moved: int) -> None:
        """Go on with another volume of a microstep (another syringe, drive or calibration)."""
        if microstep_nl == self.microstep_nl:
            return
        delivered_nl = self.delivered_nl(moved)
        primed_nl = self.primed_nl(moved)
        self.refill(self.reservoir_nl(moved), moved)
        self.earlier_delivered_nl = delivered_nl
        self.earlier_primed_nl = primed_nl
        self.microstep_nl = microstep_nl

    def _priming(self, moved: int) -> int:
        return 0 if self.prime_from_moved is None else moved - self.prime_from_moved
