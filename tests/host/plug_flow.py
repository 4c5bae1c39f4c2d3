"""A path of tubing and catheter in plug flow, parcel by parcel: what goes in comes out in order.

Written apart from titrate.plan: it knows volumes and concentrations, and no formula for a bridge
or a prime.
"""

from collections import deque
from fractions import Fraction


class PlugFlow:
    """A path that is full of something at all times.

    Args:
        volume_ul: its volume.
        holds_mcg_ml: concentration of what fills it.
    """

    def __init__(self, volume_ul: Fraction, holds_mcg_ml: Fraction):
        self._parcels = deque([(Fraction(volume_ul), Fraction(holds_mcg_ml))])

    def push(self, volume_ul: Fraction, mcg_ml: Fraction) -> Fraction:
        """Push a volume in at one end; returns the drug that leaves at the other, in mcg."""
        self._parcels.append((Fraction(volume_ul), Fraction(mcg_ml)))
        left = Fraction(volume_ul)
        out_mcg = Fraction(0)
        while left:
            volume, concentration = self._parcels.popleft()
            taken = min(volume, left)
            out_mcg += taken * concentration / 1000
            left -= taken
            if volume > taken:
                self._parcels.appendleft((volume - taken, concentration))
        return out_mcg

    @property
    def volume_ul(self) -> Fraction:
        """What it holds, always the same."""
        return sum((volume for volume, _ in self._parcels), Fraction(0))

    @property
    def drug_mcg(self) -> Fraction:
        """The drug in it."""
        return sum((volume * mcg_ml for volume, mcg_ml in self._parcels), Fraction(0)) / 1000
