"""Demand boluses that were given lately: lockout, and how many there may be in a period."""

from pump.core import records
from pump.core.compat import const
from pump.core.errors import NotNow
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.journal_times import JournalTimes

_RECORDS_MAX = const(400)
_LOOKED_AT = (records.DEMAND, records.CLOCK_SET)
# A lockout and a period last a week at most; a record waits for the bolus it is of for seconds.
_KEPT_S = const(604800 + 60)


class Demands:
    """When demand boluses began.

    Attributes:
        starts: [pump time in s, whether the clock was known] each, the oldest first.
    """

    def __init__(self) -> None:
        self.starts: list[list[int]] = []

    def check(self, demand, now_s: int, is_known: bool) -> None:
        """Refuse a demand bolus during the lockout, or beyond the most in a period.

        Args:
            demand: the programme's modes.Demand.
            now_s: pump time.
            is_known: whether the clock is known. How long ago a bolus of before the clock was
                lost began is not known: the clock goes on from the time that was noted last,
                so it counts as more recent than it was, never as less.

        Raises:
            NotNow: with the time after which it may be asked for again.
        """
        from pump.core.quantity import format_duration

        wait_s = self.wait_s(demand, now_s)
        if wait_s > 0:
            raise NotNow(
                "no demand bolus now: the lockout is "
                + format_duration(demand.lockout_s)
                + ", and at most "
                + str(demand.period_max)
                + " may begin in "
                + format_duration(demand.period_s)
                + "; again in "
                + format_duration(wait_s),
                "lockout",
            )

    def wait_s(self, demand, now_s: int) -> int:
        """How long until the next one may begin, 0 when it may now."""
        if not self.starts:
            return 0
        ready_s = self.starts[-1][0] + demand.lockout_s
        if len(self.starts) >= demand.period_max:
            ready_s = max(ready_s, self.starts[-demand.period_max][0] + demand.period_s)
        return max(0, ready_s - now_s)

    def note(self, at_s: int, is_known: bool) -> None:
        """One begins."""
        self.starts.append([at_s, is_known])
        # As many as a programme may count, see ranges.py.
        del self.starts[:-48]

    def shift(self, moved_s: int, was_known: bool) -> None:
        """The clock was set: how long ago they were stays as it is, where that is known."""
        for start in self.starts:
            if was_known or not start[1]:
                start[0] += moved_s
                start[1] = True

    def load(self, recorder) -> None:
        """Find them again in the journal of events."""
        if not recorder.last_demand():
            # Nothing to be read through a whole journal for.
            return
        newest = None
        newest_s = 0
        times = JournalTimes()
        for record in recorder.events.look_back(_LOOKED_AT, records.CLOCK_SET):
            time_s, is_known = times.time_of(record)
            if newest is None:
                newest = record.sequence
                newest_s = time_s
            if newest - record.sequence >= _RECORDS_MAX and time_s <= newest_s - _KEPT_S:
                break
            if record.kind == records.DEMAND:
                self.starts.insert(0, [time_s + CHANGE_WITHIN_S, is_known])
