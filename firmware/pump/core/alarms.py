"""The table of alarms, and which of them are active; their words are in alarm_texts.py.

Time is told in seconds that only ever rise (uptime); should they fall all the same,
a silence ends early and never late.
"""

from pump.core.compat import const

# Priorities, as in IEC 60601-1-8.
INFORMATION = const(0)
LOW = const(1)
MEDIUM = const(2)
HIGH = const(3)
PRIORITY_NAMES = ("information", "low", "medium", "high")

# What an alarm does to delivery, the stronger the larger.
KEEP = const(0)  # delivery goes on as it is
MINIMUM_RATE = const(1)  # the programme's minimum rate (nothing without one), no boluses
FINISH_STROKE = const(2)  # what is committed to the step generator is finished, then stopped
STOP_NOW = const(3)  # stopped at once, between two microsteps
EFFECT_NAMES = ("keep", "minimum rate", "finish stroke and stop", "stop at once")

# How an alarm ends.
GOES = const(0)  # with its cause
LATCHES = const(1)  # when its cause has gone and it was acknowledged
MOMENT = const(2)  # when it was acknowledged: its cause is an event, gone as soon as it is told

# Columns of the table.
NUMBER = const(0)  # what the journal stores; never given to another alarm, 17 to none
CODE = const(1)
PRIORITY = const(2)
EFFECT = const(3)
LATCHING = const(4)  # GOES, LATCHES or MOMENT
REMINDER_S = const(5)  # an acknowledged alarm sounds again so often; 0: never

SILENCE_S = const(120)  # the longest silence: GIP v1.0, 3.2.1 and 3.2.2
REMINDER_SOUNDS_S = const(15)  # how long a reminder sounds: at least one burst of any priority
REPEATS = const(3)  # so often ...
REPEAT_WINDOW_S = const(600)  # ... in so long is "the same fault three times"

# Priorities follow the matrix of IEC 60601-1-8 (harm x how soon) for intrathecal baclofen:
# too much is deadly within the hour, too little within days. Where a reason for an effect is not
# plain, it stands above the row.
_TABLE = (
    # The rate is kept: a lower one would bring the withdrawal on that the alarm is to prevent.
    (1, "low_reservoir", MEDIUM, KEEP, GOES, 3600),
    (2, "low_reservoir_time", MEDIUM, KEEP, GOES, 3600),
    (3, "empty", HIGH, FINISH_STROKE, LATCHES, 600),
    (4, "end_of_programme_near", LOW, KEEP, GOES, 3600),
    (5, "end_of_programme", HIGH, KEEP, GOES, 600),
    (6, "not_started", MEDIUM, KEEP, GOES, 900),
    (7, "waiting_for_input", LOW, KEEP, GOES, 300),
    (8, "paused_too_long", HIGH, KEEP, GOES, 600),
    # It has stopped by itself already; going on makes up for what is missing.
    (9, "step_generator_starved", HIGH, KEEP, MOMENT, 600),
    (10, "step_mismatch", HIGH, STOP_NOW, LATCHES, 600),
    (11, "over_delivery", HIGH, STOP_NOW, LATCHES, 600),
    (12, "under_delivery", HIGH, KEEP, LATCHES, 600),
    (13, "clock_lost", MEDIUM, KEEP, GOES, 900),
    (14, "clock_moved", LOW, KEEP, MOMENT, 3600),
    (15, "memory_damaged", HIGH, STOP_NOW, LATCHES, 600),
    (16, "programme_damaged", HIGH, FINISH_STROKE, LATCHES, 600),
    (18, "journal_failing", MEDIUM, KEEP, LATCHES, 3600),
    (19, "journal_full", LOW, KEEP, LATCHES, 3600),
    (20, "unexpected_reset", MEDIUM, KEEP, MOMENT, 3600),
    (21, "watchdog_reset", MEDIUM, KEEP, MOMENT, 3600),
    (22, "interrupted", MEDIUM, KEEP, MOMENT, 3600),
    (23, "stuck_button", LOW, KEEP, GOES, 900),
    (24, "console_fault", LOW, KEEP, MOMENT, 3600),
    (25, "heap_exhausted", MEDIUM, KEEP, MOMENT, 3600),
    (26, "same_fault_thrice", HIGH, FINISH_STROKE, MOMENT, 600),
    (27, "end_of_travel", HIGH, STOP_NOW, LATCHES, 600),
    (28, "occlusion", HIGH, STOP_NOW, LATCHES, 600),
    (29, "syringe_removed", HIGH, STOP_NOW, LATCHES, 600),
    (30, "supply_low", MEDIUM, KEEP, GOES, 900),
    (31, "supply_depleted", HIGH, FINISH_STROKE, GOES, 300),
    (32, "over_temperature", HIGH, FINISH_STROKE, LATCHES, 600),
    (33, "stall", HIGH, STOP_NOW, LATCHES, 600),
    (34, "service_due", LOW, KEEP, MOMENT, 86400),
    (35, "bolus_cancelled", INFORMATION, KEEP, MOMENT, 0),
    (36, "self_test_failed", HIGH, STOP_NOW, LATCHES, 600),
    (37, "other_board", HIGH, FINISH_STROKE, LATCHES, 3600),
    (38, "journal_damaged", MEDIUM, KEEP, MOMENT, 3600),
    (39, "ledger_uncertain", MEDIUM, KEEP, LATCHES, 3600),
    (40, "dose_limit", INFORMATION, KEEP, MOMENT, 0),
    (41, "wrong_key", LOW, KEEP, MOMENT, 3600),
    # What runs goes on: it was judged when it was confirmed, and to stop it would harm.
    (42, "library_damaged", MEDIUM, KEEP, LATCHES, 3600),
    (43, "vtbi_near", LOW, KEEP, GOES, 3600),
    (44, "vtbi_reached", HIGH, KEEP, MOMENT, 600),
    # Whether the full rate is still right after so long is for a person to say.
    (45, "long_interruption", HIGH, MINIMUM_RATE, GOES, 600),
    # The watchdog bites should it go on failing.
    (46, "service_fault", HIGH, KEEP, MOMENT, 600),
    (47, "pairing", INFORMATION, KEEP, GOES, 0),
    # Nobody has a key then: the buttons work, and a key can be paired.
    (48, "keys_damaged", MEDIUM, KEEP, LATCHES, 3600),
    # Nothing that may be fitted is watched then, as with no equipment: delivery is what it was.
    (49, "equipment_damaged", MEDIUM, KEEP, LATCHES, 3600),
    (50, "sensor_failing", MEDIUM, KEEP, GOES, 3600),
    # The pump's own clock goes on; the module is needed after the next power cut.
    (51, "clock_module_fault", LOW, KEEP, GOES, 3600),
    (52, "display_fault", LOW, KEEP, GOES, 3600),
    # The drive is at rest, as before the move.
    (53, "move_failed", MEDIUM, KEEP, MOMENT, 900),
    # Steps go on without it being asked; whether the motor makes them is not seen any more.
    (54, "driver_silent", MEDIUM, KEEP, GOES, 3600),
    (55, "driver_reset", MEDIUM, KEEP, MOMENT, 3600),
    (56, "driver_fault", HIGH, STOP_NOW, LATCHES, 600),
)

# code -> its row.
ALARMS: dict[str, tuple[int | str, ...]] = {str(row[CODE]): row for row in _TABLE}


def row_of(code: str) -> tuple[int | str, ...]:
    """The row of an alarm, to be indexed with the names of the columns.

    Raises:
        ValueError: there is no alarm of that code.
    """
    if code not in ALARMS:
        raise ValueError("no alarm has the code " + code)
    return ALARMS[code]


def code_of(number: int) -> str:
    """The code of the alarm with a number, "alarm_99" for one this firmware does not know."""
    for code, row in ALARMS.items():
        if row[NUMBER] == number:
            return code
    return "alarm_" + str(number)


class Active:
    """An alarm that is active.

    Attributes:
        row: its row of the table.
        code: its code.
        priority: INFORMATION ... HIGH.
        cause: what was seen when it was first raised; empty for what alarm_texts.py says.
        since_s: when that was.
        count: how often its cause came up since.
        is_present: whether the cause is still there.
        order: rises from one alarm raised to the next.
        acknowledged_s: when it was acknowledged, or None.
        silenced_s: when it was silenced, or None.
    """

    def __init__(self, row: tuple[int | str, ...], cause: str, now_s: int, order: int):
        self.row = row
        self.code = str(row[CODE])
        self.priority = int(row[PRIORITY])
        self.cause = cause
        self.since_s = now_s
        self.count = 1
        self.is_present = True
        self.order = order
        self.acknowledged_s: int | None = None
        self.silenced_s: int | None = None

    def is_sounding(self, now_s: int) -> bool:
        """Whether it asks for sound now: not silenced, and not acknowledged or just reminding."""
        if self.priority == INFORMATION:
            return False
        if self.silenced_s is not None and 0 <= now_s - self.silenced_s < SILENCE_S:
            return False
        if self.acknowledged_s is None:
            return True
        return self.is_reminding(now_s)

    def is_reminding(self, now_s: int) -> bool:
        """Whether it was acknowledged and one of its reminders is due now."""
        every_s = int(self.row[REMINDER_S])
        if self.acknowledged_s is None or not every_s:
            return False
        passed_s = now_s - self.acknowledged_s
        return passed_s < 0 or (passed_s >= every_s and passed_s % every_s < REMINDER_SOUNDS_S)

    def comes_before(self, other: "Active") -> bool:
        """Whether it is more urgent than another; of equal ones the first raised is."""
        if self.priority != other.priority:
            return self.priority > other.priority
        return self.order < other.order


class ActiveAlarms:
    """The alarms that are active now.

    Args:
        on_event: called as on_event(event, code, now_s, cause) with event "raised",
            "cleared", "acknowledged" or "silenced" (then with an empty code), for the journal;
            or None. It must not raise: an alarm is not to be lost because it cannot be noted.

    Attributes:
        news: rises with each alarm that is raised and is to be heard: none that sounds is of a
            higher priority.
    """

    def __init__(self, on_event=None):
        self._on_event = on_event
        self._active: dict[str, Active] = {}
        self._raised = 0
        self.news = 0
        # code -> times of its last occurrences, for those that touch delivery
        self._occurrences: dict[str, list[int]] = {}

    def raise_alarm(self, code: str, now_s: int, cause: str = "") -> bool:
        """Say that the cause of an alarm is there.

        Saying so again while it is there changes nothing, so it may be said at every
        look. When it had gone and came back before a latched alarm was acknowledged,
        the first cause is kept, it is counted, and it sounds anew. For an alarm of a
        MOMENT each call is a new event.

        Args:
            code: which alarm.
            now_s: seconds of uptime.
            cause: one sentence of what was seen; empty for the one of alarm_texts.py.

        Returns:
            Whether this was news.

        Raises:
            ValueError: there is no alarm of that code.
        """
        row = row_of(code)
        active = self._active.get(code)
        if active is None:
            self._raised += 1
            active = self._active[code] = Active(row, cause, now_s, self._raised)
        elif active.is_present:
            return False
        else:
            # It was not acknowledged, or it would not be active any more.
            active.count += 1
            active.silenced_s = None
        active.is_present = row[LATCHING] != MOMENT
        if self.sounding(now_s) == active.priority:
            self.news += 1
        self._tell("raised", code, now_s, cause)
        if row[EFFECT] != KEEP and code != "same_fault_thrice":
            self._count_occurrence(code, now_s)
        return True

    def raise_event(self, code: str, now_s: int, cause: str = "") -> None:
        """Raise an alarm that latches, or is of a MOMENT, and whose cause has gone already.

        Raises:
            ValueError: there is no such alarm, or it goes with its cause and so could not
                tell of it.
        """
        if row_of(code)[LATCHING] == GOES:
            raise ValueError(code + " goes with its cause")
        self.raise_alarm(code, now_s, cause)
        self._active[code].is_present = False

    def clear(self, code: str, now_s: int) -> bool:
        """Say that the cause of an alarm is not there, or not any more.

        One that does not go with its cause stays active until it is acknowledged.

        Returns:
            Whether the alarm was active and now is not.
        """
        row = row_of(code)
        active = self._active.get(code)
        if active is None:
            return False
        active.is_present = False
        if row[LATCHING] != GOES and active.acknowledged_s is None:
            return False
        del self._active[code]
        self._tell("cleared", code, now_s, "")
        return True

    def acknowledge(self, code: str, now_s: int) -> bool:
        """Take note of an alarm. It is not cleared by that while its cause is there.

        Its sound stops but for reminders; its light and its effect stay.

        Returns:
            Whether it was active and not acknowledged before.
        """
        row_of(code)
        active = self._active.get(code)
        if active is None or active.acknowledged_s is not None:
            return False
        active.acknowledged_s = now_s
        self._tell("acknowledged", code, now_s, "")
        if not active.is_present:
            self.clear(code, now_s)
        return True

    def silence(self, now_s: int) -> bool:
        """Silence what is active now for 120 s; what is raised later sounds all the same.

        Returns:
            Whether anything was silenced.
        """
        if not self._active:
            return False
        for active in self._active.values():
            active.silenced_s = now_s
        self._tell("silenced", "", now_s, "")
        return True

    def is_active(self, code: str) -> bool:
        """Whether an alarm is active."""
        row_of(code)
        return code in self._active

    def any_active(self, at_least: int = LOW) -> bool:
        """Whether an alarm of this priority or a higher one is active."""
        highest = self.highest()
        return highest is not None and highest.priority >= at_least

    @property
    def is_quiet(self) -> bool:
        """Whether no alarm is active."""
        return not self._active

    def highest(self) -> "Active | None":
        """The active alarm of the highest priority, of equal ones the first raised; or None."""
        best = None
        for active in self._active.values():
            if best is None or active.comes_before(best):
                best = active
        return best

    def effect(self) -> int:
        """The strongest effect on delivery of those active: KEEP ... STOP_NOW."""
        strongest = KEEP
        for active in self._active.values():
            strongest = max(strongest, int(active.row[EFFECT]))
        return strongest

    def sounding(self, now_s: int) -> int | None:
        """The priority that is to sound now, the highest of those that sound; or None.

        Lower ones wait until it has ended.
        """
        loudest = None
        for active in self._active.values():
            if (loudest is None or active.priority > loudest) and active.is_sounding(now_s):
                loudest = active.priority
        return loudest

    def reminders(self, now_s: int) -> list[str]:
        """Codes of the acknowledged alarms that remind just now."""
        return [code for code, active in self._active.items() if active.is_reminding(now_s)]

    def rows(self) -> list[Active]:
        """All that are active, the most urgent first, for the console and the status."""
        found: list[Active] = []
        for active in self._active.values():
            at = len(found)
            while at and active.comes_before(found[at - 1]):
                at -= 1
            found.insert(at, active)
        return found

    def _count_occurrence(self, code: str, now_s: int) -> None:
        """The rule of the Open PCA Pump's EC23: alert, stop, start, three times in ten minutes."""
        times = self._occurrences.setdefault(code, [])
        times.append(now_s)
        if len(times) > REPEATS:
            del times[0]
        if len(times) == REPEATS and 0 <= now_s - times[0] <= REPEAT_WINDOW_S:
            del times[:]
            self.raise_alarm("same_fault_thrice", now_s, code + " came three times")

    def _tell(self, event: str, code: str, now_s: int, cause: str) -> None:
        if self._on_event is not None:
            self._on_event(event, code, now_s, cause)
