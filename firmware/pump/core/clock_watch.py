"""Pump time goes on as uptime does, and moves only when a person sets it."""


class ClockWatch:
    """Holds what pump time is ahead of the chip's own counter, apart from the clock itself.

    Args:
        clock: pump time: offset_us.
    """

    def __init__(self, clock):
        self._clock = clock
        self._offset_us = None

    def was_set(self) -> None:
        """Say that a person has set the clock."""
        self._offset_us = self._clock.offset_us

    def look(self) -> int:
        """Put pump time back where it belongs, should it have jumped.

        Returns:
            by how many microseconds it had jumped ahead; 0 when it had not.
        """
        if self._offset_us is None:
            self.was_set()
        if self._clock.offset_us == self._offset_us:
            return 0
        jumped_us: int = self._clock.offset_us - self._offset_us
        self._clock.offset_us = self._offset_us
        return jumped_us
