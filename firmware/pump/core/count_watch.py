"""Three counts against each other: steps asked for, steps made, steps that the witness saw.

The witness counts edges on the STEP pin by itself, so it also sees what the pump never made.
Following GIP v1.0, 1.2.2 and 1.2.3: too much or too little by 10 % over 15 min, and a motor that
runs free at once.
"""

from pump.core.compat import const

WINDOW_S = const(900)
SAMPLE_S = const(60)
# As many samples as begin and end the minutes of a window.
_SAMPLES = const(16)
# A step that is being made while the counters are read.
_WITNESS_TOLERANCE = const(1)
# In a window, a step that is being made at its beginning and one at its end.
_WINDOW_TOLERANCE = const(2)


class CountWatch:
    """Compares the counts of one Controller."""

    def __init__(self, controller):
        self._pump = controller
        self._mismatches = 0
        # Steps seen beyond those committed that an alarm has told of.
        self._told_extra = 0
        self._is_free = False
        self._samples = []
        self._sampled_s = 0

    def compare(self, before: int, stepped: int, after: int) -> None:
        """Look whether the witness saw what was stepped, and never more than was committed.

        Args:
            before, after: the witness's count before and after stepped was found out.
            stepped: steps made, by the pump's own count.
        """
        pump = self._pump
        self._is_free = self._runs_free(after)
        if self._is_free:
            return
        told = self._told_extra
        if before - told - _WITNESS_TOLERANCE <= stepped <= after - told + _WITNESS_TOLERANCE:
            self._mismatches = 0
            return
        # Once may be a step made between the readings; twice in a row is not.
        self._mismatches += 1
        if self._mismatches == 2:
            pump.stop_at_once(
                "step_mismatch", "stepped " + str(stepped) + ", seen on STEP " + str(after)
            )
            self._told_extra = after - pump.feeder.planned

    def _runs_free(self, seen: int) -> bool:
        pump = self._pump
        extra = seen - pump.feeder.planned
        if extra <= _WITNESS_TOLERANCE:
            self._told_extra = 0
        elif extra > self._told_extra + _WITNESS_TOLERANCE:
            pump.stop_at_once(
                "over_delivery",
                "seen on STEP " + str(seen) + ", " + str(extra) + " more than were ever asked for",
            )
            # Stopping takes back what was committed and not made.
            self._told_extra = seen - pump.feeder.planned
            return True
        return False

    def compare_with_schedule(self, now_ticks: int, seen: int, uptime_s: int) -> None:
        """Compare the last 15 min with the schedule, once a minute, while the pump delivers.

        Where 10 % are less than two steps, two steps are what is let pass.
        """
        pump = self._pump
        if self._samples and uptime_s - self._sampled_s < SAMPLE_S:
            return
        self._sampled_s = uptime_s
        asked = pump.delivery.due(max(now_ticks, pump.delivery.anchor_ticks))[0]
        self._samples.append((asked, seen))
        if len(self._samples) < _SAMPLES:
            return
        asked_before, seen_before = self._samples.pop(0)
        asked -= asked_before
        excess = seen - seen_before - asked
        cause = "seen on STEP " + str(asked + excess) + " of " + str(asked) + " steps in 15 min"
        is_off = abs(excess) > _WINDOW_TOLERANCE and 10 * abs(excess) > asked
        if is_off and excess > 0:
            pump.stop_at_once("over_delivery", cause)
        elif is_off:
            pump.active_alarms.raise_alarm("under_delivery", uptime_s, cause)
        else:
            pump.active_alarms.clear("under_delivery", uptime_s)

    def rest(self) -> None:
        """While nothing is delivered: what was counted so far is no measure of what comes."""
        self._samples = []
        active = self._pump.active_alarms
        uptime_s = self._pump.pump_clock.uptime_s()
        # Latched: whoever acknowledged them may start again.
        for code in ("step_mismatch", "under_delivery"):
            active.clear(code, uptime_s)
        if not self._is_free:
            active.clear("over_delivery", uptime_s)
