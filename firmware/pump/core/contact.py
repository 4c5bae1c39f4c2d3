"""A switch that stays where it is put: what it says once its bounces are over.

Times are in ms and may wrap at 2**30, as the RP2040's ticks_ms does.
"""

from pump.core.compat import const

# Microswitches bounce for a few ms; ours, with room for worn ones.
SETTLE_MS = const(20)
_WRAP = const(0x3FFFFFFF)


class Contact:
    """Follows one switch.

    Attributes:
        is_on: the state after bounces; what was read first holds at once, since a start must not
            wait for it.
    """

    def __init__(self, is_on: bool):
        self.is_on = is_on
        self._since_ms: int | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it reads as it is held to be: no need to look again before its next edge."""
        return self._since_ms is None

    def update(self, reads_on: bool, now_ms: int) -> bool:
        """Say what it reads now; call at each edge and, unless settled, every 5-20 ms.

        Args:
            reads_on: what it reads.
            now_ms: the time in ms, which may wrap at 2**30.

        Returns:
            Whether is_on has changed: it has read the other way for SETTLE_MS.
        """
        if reads_on == self.is_on:
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = now_ms
        if (now_ms - self._since_ms) & _WRAP < SETTLE_MS:
            return False
        self.is_on = reads_on
        self._since_ms = None
        return True
