"""When something in the journal was, as the clock goes now: it may have been set since."""

from pump.core import records


class JournalTimes:
    """Tells the times of records that are read from the newest one on.

    What else is left out: each record of the clock being set, and the one before it, must come.
    """

    def __init__(self):
        # (moved by, whether the clock was known before) each time it was set, the oldest first.
        self._moves: list[tuple[int, bool]] = []
        self._moved_s = None

    def time_of(self, record) -> tuple[int, bool]:
        """(pump time in s of a record, whether the clock was known).

        Where the clock was lost in between, how long ago something was is not known: the clock
        went on from the time that was noted last, so it counts as more recent, never as less.
        """
        if self._moved_s is not None:
            self._moves.insert(0, (self._moved_s, record.clock_known))
            self._moved_s = None
        time_s = record.time_s
        is_known = record.clock_known
        for moved_s, was_known in self._moves:
            if was_known or not is_known:
                time_s += moved_s
                is_known = True
        if record.kind == records.CLOCK_SET:
            fields = record.fields()
            self._moved_s = fields["new_s"] - fields["old_s"]
        return time_s, is_known
