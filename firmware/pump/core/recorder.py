"""Where the controller writes what happened: journals and settings, and never an error.

Delivery does not depend on flash. A record that cannot be written is counted and
named by an alarm, and the pump goes on.
"""

from pump.core import records
from pump.core.errors import PumpError
from pump.core.journal import JournalFailing


class Recorder:
    """Journals and settings of one pump.

    Args:
        events, faults, checkpoints: Journals, which open() opens.
        settings: Slots that hold the programme's canonical text.
        library: Slots that hold the drug library's.
        following: Slots that hold a programme that is to follow: see following.py.
        keys: Slots that hold the paired keys: see paired_keys.py.
        equipment: Slots that hold what is fitted: see equipment.py.
        clock: object with now_s() and is_known.

    Attributes:
        failure: code of the alarm that names what is wrong with flash, or "".
        sentence: what is wrong, or "".
    """

    def __init__(
        self, events, faults, checkpoints, settings, library, following, keys, equipment, clock
    ):
        self.events = events
        self.faults = faults
        self.checkpoints = checkpoints
        self.settings = settings
        self.library = library
        self.following = following
        self.keys = keys
        self.equipment = equipment
        self._clock = clock
        self.failure = ""
        self.sentence = ""

    def open(self) -> None:
        """Find the newest records; to be done before anything is noted or read."""
        for journal in (self.events, self.faults, self.checkpoints):
            journal.open()

    def event(self, kind: int, *values) -> None:
        """Note an event, values in the order of records.KINDS."""
        self._append(self.events, kind, values)

    def fault(self, code: str, detail: str) -> None:
        """Note a fault in the fault journal."""
        self._append(self.faults, records.FAULT, (records.shorten(code), records.shorten(detail)))

    def checkpoint(self, *values) -> None:
        """Note what was delivered, values in the order of records.CHECKPOINT."""
        self._append(self.checkpoints, records.CHECKPOINT, values)

    def confirmed_slot(self, kind: int):
        """Number of the text in slots that a record of this kind says was confirmed last."""
        record = self.events.last(kind)
        return None if record is None else record.fields()["slot"]

    def confirmed(self, slots, kind: int):
        """The text in slots that a record of this kind says was confirmed last, as Stored.

        None when none ever was, also on a new board whose storage held other data.

        Raises:
            Damaged: it cannot be read, or is older than the journal says.
            FlashError, JournalFailing: flash could not be read.
        """
        newest = self.confirmed_slot(kind)
        try:
            return slots.open_confirmed(newest)
        except PumpError as error:
            if error.code == "unformatted" and newest is None:
                return None
            raise

    def last_checkpoint(self):
        """The newest checkpoint as (fields, time_s, clock_known), or None."""
        record = self.checkpoints.last(records.CHECKPOINT)
        if record is None:
            return None
        return record.fields(), record.time_s, record.clock_known

    def prepare(self) -> None:
        """Erase ahead in a quiet moment, one sector a call at most."""
        for journal in (self.events, self.faults, self.checkpoints):
            if journal.needs_preparing:
                try:
                    journal.prepare()
                    self.failure = ""
                    self.sentence = ""
                except JournalFailing as error:
                    self._note_failure(error)
                return

    def _append(self, journal, kind, values) -> None:
        now_s = self._clock.now_s()
        try:
            payload = records.encode(kind, *values)
            journal.append(kind, max(0, min(now_s, 0xFFFFFFFF)), payload, self._clock.is_known)
        except PumpError as error:
            self._note_failure(error)

    def _note_failure(self, error) -> None:
        self.failure = error.code if error.code == "journal_full" else "journal_failing"
        self.sentence = error.sentence
