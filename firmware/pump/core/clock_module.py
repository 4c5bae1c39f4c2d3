"""The clock module on the board, a DS3231: tells the time after a power cut, and is compared.

Pump time goes on by the pump's own crystal and is never moved by the module while the pump has
power: a module that goes wrong shifts no dose. Where the two come apart a person is told.
"""

from pump.core import ds3231
from pump.core.compat import const
from pump.core.errors import Damaged

LOOK_EVERY_S = const(3600)
# Without an answer it is asked again so soon, so often, and then left alone for so long.
AGAIN_S = const(60)
TRIES = const(3)
LEFT_ALONE_S = const(900)
# Pico crystals are within 30 ppm, a DS3231 within 3.5 ppm (datasheets: Abracon ABM8-272-T3; Maxim
# 19-5170): a part in 10,000 is three times as much as two good clocks come apart.
DRIFT_MAX = const(10000)  # one second in so many
# A module tells whole seconds, and a bus may wait.
SLACK_S = const(5)
# In all, since pump time was set by it or by a person.
APART_MAX_S = const(900)
# After a power cut it may be behind pump time as it was by so much, as clocks come apart; pump time
# does not go back for it.
BEHIND_MAX_S = APART_MAX_S

CODE = "clock_module_fault"
_NEVER = const(0x3FFFFFFF)


class ClockModule:
    """Asks one DS3231, if there is one.

    Args:
        driver: read() gives the bytes of ds3231.REGISTERS, or None without an answer;
            write(register, values) tells whether it was taken.

    Attributes:
        is_fitted: whether it has answered since the start.
        due_s: uptime of the next look.
    """

    def __init__(self, driver):
        self._driver = driver
        self.is_fitted = False
        self.due_s = 0
        self._unanswered = 0
        # How far pump time was ahead of it, and at what uptime, when they were first compared.
        self._ahead_s = None
        self._since_s = 0

    def time_s(self):
        """Pump time by the module; None when none answers.

        Raises:
            Damaged: it cannot be trusted; the sentence says why.
        """
        registers = self._driver.read()
        if registers is None:
            return None
        self.is_fitted = True
        return ds3231.time_of(registers)

    def set(self, pump) -> None:
        """Set the module by pump time, which a person has just set.

        The year goes first and comes last: power that fails in between leaves no time at all.
        """
        write = self._driver.write
        is_set = (
            write(ds3231.YEAR, bytes([ds3231.NO_YEAR]))
            and write(0, ds3231.setting(pump.pump_clock.now_s()))
            and write(ds3231.CONTROL, bytes([ds3231.CONTROL_RUNNING, ds3231.STATUS_TRUSTED]))
        )
        if is_set or self.is_fitted:
            self._ahead_s = 0
            self._since_s = pump.pump_clock.uptime_s()
            self.look(pump)

    def look(self, pump) -> None:
        """Compare it with pump time, and say when it is to be done again."""
        uptime_s = pump.pump_clock.uptime_s()
        try:
            told_s = self.time_s()
        except Damaged as error:
            self._unanswered = 0
            self.due_s = uptime_s + LOOK_EVERY_S
            self._tell(pump, error.sentence if pump.pump_clock.is_known else "")
            return
        if told_s is None:
            self._note_unanswered(pump, uptime_s)
            return
        self._unanswered = 0
        self.due_s = uptime_s + LOOK_EVERY_S
        fault = ""
        if pump.pump_clock.is_known:
            fault = self._apart(pump.pump_clock.now_s() - told_s, uptime_s)
        self._tell(pump, fault)

    def _note_unanswered(self, pump, uptime_s: int) -> None:
        if not self.is_fitted:
            self.due_s = _NEVER
            return
        self._unanswered += 1
        if self._unanswered < TRIES:
            self.due_s = uptime_s + AGAIN_S
        else:
            self.due_s = uptime_s + LEFT_ALONE_S
            self._tell(pump, "the clock module does not answer any more")

    def _apart(self, ahead_s: int, uptime_s: int) -> str:
        """What is wrong when pump time is so far ahead; "" when nothing is."""
        if self._ahead_s is None:
            self._ahead_s = ahead_s
            self._since_s = uptime_s
        drifted_s = abs(ahead_s - self._ahead_s)
        may_s = SLACK_S + (uptime_s - self._since_s) // DRIFT_MAX
        if drifted_s <= may_s and abs(ahead_s) <= APART_MAX_S:
            return ""
        return "clock module and pump are " + str(abs(ahead_s)) + " s apart"

    def _tell(self, pump, fault: str) -> None:
        """Raise or clear the alarm; "" is no fault."""
        alarms = pump.active_alarms
        uptime_s = pump.pump_clock.uptime_s()
        if fault:
            if alarms.raise_alarm(CODE, uptime_s, fault):
                pump.recorder.fault(CODE, fault)
        else:
            alarms.clear(CODE, uptime_s)
