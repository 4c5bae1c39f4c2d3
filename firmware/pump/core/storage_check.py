"""What the journals find wrong with their flash, as alarms: at the start, and a sector a minute.

GIP v1.0 asks for a memory test at power-on and periodically; all sectors have their turn in
about two hours, so that damage shows long before a record is needed.
"""

from pump.core.compat import const
from pump.core.errors import PumpError

CHECK_S = const(60)
_WORDS = {
    "damaged": "records that should be there cannot be read",
    "other_board": "it was written by another board",
    "other_schema": "it was written by firmware with another format",
    "other_layout": "it lay elsewhere in flash when it was written",
    "unformatted": "it holds something else",
    "unsure": "a sector was erased or destroyed when power failed",
}


class StorageCheck:
    """Looks after the journals of one Controller."""

    def __init__(self, controller):
        self._pump = controller
        self._told = set()
        self._turn = 0
        self._checked_s = 0

    def look(self, uptime_s: int) -> None:
        """Check the sector whose turn it is, and raise alarms for what is new."""
        recorder = self._pump.recorder
        found = len(recorder.events.problems) + len(recorder.faults.problems)
        found += len(recorder.checkpoints.problems)
        is_due = uptime_s - self._checked_s >= CHECK_S
        if not is_due and found == len(self._told):
            return
        rings = self._rings()
        if is_due:
            self._checked_s = uptime_s
            try:
                if rings[self._turn][1].check_next():
                    self._turn = (self._turn + 1) % len(rings)
            except PumpError as error:
                self._pump.active_alarms.raise_alarm("journal_failing", uptime_s, error.sentence)
        for name, journal in rings:
            for problem in journal.problems:
                if (name, problem) not in self._told:
                    self._told.add((name, problem))
                    self._tell(name, problem, uptime_s)

    def _rings(self):
        recorder = self._pump.recorder
        return (
            ("event log", recorder.events),
            ("fault log", recorder.faults),
            ("ledger", recorder.checkpoints),
        )

    def _tell(self, name: str, problem: str, uptime_s: int) -> None:
        pump = self._pump
        if problem == "unformatted" and pump.prescription is None:
            # A new board, whose storage held other data.
            return
        cause = name + ": " + _WORDS[problem]
        code = "other_board" if problem == "other_board" else "journal_damaged"
        pump.active_alarms.raise_alarm(code, uptime_s, cause)
        pump.recorder.fault(code, cause)
        if name == "ledger":
            pump.active_alarms.raise_alarm("ledger_uncertain", uptime_s, cause)
