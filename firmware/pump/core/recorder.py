"""Where the controller writes what happened: journals and settings, and never an error.

Delivery does not depend on flash. A record that cannot be written is counted and
named by an alarm, and the pump goes on.
"""

from pump.core import records
from pump.core.errors import PumpError
from pump.core.journal import JournalFailing

# What records.IN_FORCE holds, in the order of its fields.
_CONFIRMING = (
    records.PROGRAMME_CONFIRMED,
    records.LIBRARY_CONFIRMED,
    records.FOLLOWING_CONFIRMED,
    records.KEYS_CHANGED,
    records.EQUIPMENT_CONFIRMED,
    records.DEMAND,
)
_LOOKED_AT = _CONFIRMING + (records.IN_FORCE,)


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
        # By kind of _CONFIRMING: the slot's number, or the demand's own; None until it is needed.
        self._in_force = None
        # The sector of events that holds a record of it.
        self._sector = -1

    def open(self) -> None:
        """Find the newest records; to be done before anything is noted or read."""
        self._in_force = None
        self._sector = -1
        for journal in (self.events, self.faults, self.checkpoints):
            journal.open()

    def event(self, kind: int, *values) -> None:
        """Note an event, values in the order of records.KINDS."""
        number = self._append(self.events, kind, values)
        if kind in _CONFIRMING:
            self._note_in_force(kind, number, values)
        if self._sector != self.events.sector:
            self._repeat_in_force()

    def fault(self, code: str, detail: str) -> None:
        """Note a fault in the fault journal."""
        self._append(self.faults, records.FAULT, (records.shorten(code), records.shorten(detail)))

    def checkpoint(self, *values) -> None:
        """Note what was delivered, values in the order of records.CHECKPOINT."""
        self._append(self.checkpoints, records.CHECKPOINT, values)

    def confirmed_slot(self, kind: int):
        """Number of the text in slots that a record of this kind says was confirmed last."""
        return self._load_in_force()[kind] or None

    def last_demand(self) -> int:
        """Number of the newest record of a demand bolus, 0 when there never was one."""
        return self._load_in_force()[records.DEMAND]

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

    def _load_in_force(self):
        """What was confirmed last; looked for in the journal when it is first needed.

        One look back serves all, and ends at the newest record of all of them: with one of those
        in each sector, a start reads a sector or two however long the journal is.
        """
        if self._in_force is None:
            in_force: dict[int, int] = {}
            for record in self.events.look_back(_LOOKED_AT, records.IN_FORCE):
                if record.kind == records.IN_FORCE:
                    fields = record.fields()
                    for kind, (name, _) in zip(_CONFIRMING, records.KINDS[records.IN_FORCE][1]):
                        in_force.setdefault(kind, fields[name])
                    break
                if record.kind in _CONFIRMING and record.kind not in in_force:
                    is_demand = record.kind == records.DEMAND
                    number = record.sequence if is_demand else record.fields()["slot"]
                    in_force[record.kind] = number
                    if len(in_force) == len(_CONFIRMING):
                        break
            for kind in _CONFIRMING:
                in_force.setdefault(kind, 0)
            self._in_force = in_force
        return self._in_force

    def _note_in_force(self, kind: int, number, values) -> None:
        # Where flash could not be read there is nothing to keep up to date.
        if self._in_force is None:
            return
        if kind == records.DEMAND:
            self._in_force[kind] = number or self._in_force[kind]
        else:
            fields = records.KINDS[kind][1]
            self._in_force[kind] = values[[name for name, _ in fields].index("slot")]

    def _repeat_in_force(self) -> None:
        """Note in a sector that has just come into use what is in force."""
        try:
            values = self._load_in_force()
        except PumpError as error:
            self._note_failure(error)
            return
        if self._append(self.events, records.IN_FORCE, [values[kind] for kind in _CONFIRMING]):
            self._sector = self.events.sector

    def _append(self, journal, kind, values):
        """The number of the record that was written, 0 when it could not be."""
        now_s = self._clock.now_s()
        try:
            payload = records.encode(kind, *values)
            now_s = max(0, min(now_s, 0xFFFFFFFF))
            return journal.append(kind, now_s, payload, self._clock.is_known)
        except PumpError as error:
            self._note_failure(error)
            return 0

    def _note_failure(self, error) -> None:
        self.failure = error.code if error.code == "journal_full" else "journal_failing"
        self.sentence = error.sentence
