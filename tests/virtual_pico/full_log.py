"""A flash whose event log is full, as after days of a busy schedule."""

from pump.core import records
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from pump.core.sectors import LAYOUT, SECTOR_BYTES, TOTAL_SECTORS, Sectors
from titrate.virtual.pico import VirtualPico

STORAGE_OFFSET = 640 * 1024  # where the journals begin in flash: firmware/image/README.md
# More than the 92 sectors hold of these.
_RECORDS = 14_500
# A bolus a minute by the schedule: begun, ended, and the rate changed both times.
_MINUTE = (
    (records.BOLUS_STARTED, ("00000000", (1500, 1), 30)),
    (records.RATE_CHANGED, ((205_000, 1),)),
    (records.BOLUS_FINISHED, ("00000000", (1500, 1))),
    (records.RATE_CHANGED, ((25_000, 1),)),
)


class StoredSectors(Sectors):
    """The journals' sectors in the flash of a virtual Pico that is switched off."""

    sector_count = TOTAL_SECTORS

    def __init__(self, pico: VirtualPico):
        self._content = pico.store.content

    def erase(self, sector: int) -> None:
        at = STORAGE_OFFSET + sector * SECTOR_BYTES
        self._content[at : at + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES

    def program(self, sector, offset, data) -> None:
        at = STORAGE_OFFSET + sector * SECTOR_BYTES + offset
        held = self._content[at : at + len(data)]
        both = int.from_bytes(held, "big") & int.from_bytes(data, "big")
        self._content[at : at + len(data)] = both.to_bytes(len(data), "big")

    def read_into(self, sector, offset, buffer) -> None:
        at = STORAGE_OFFSET + sector * SECTOR_BYTES + offset
        buffer[:] = self._content[at : at + len(buffer)]


class _Clock:
    """Says when each record was written."""

    is_known = True

    def __init__(self, now_s: int):
        self._now_s = now_s

    def set(self, now_s: int) -> None:
        self._now_s = now_s

    def now_s(self) -> int:
        return self._now_s


def fill_log(pico: VirtualPico, board_id: bytes, every_s: int) -> int:
    """Fill the event log of a pump that is switched off, as its own recorder would have.

    Args:
        board_id: of the board, 8 bytes.
        every_s: time from one record to the next.

    Returns:
        how many records it holds.
    """
    sectors = StoredSectors(pico)
    events, faults, checkpoints = (
        Journal(sectors, *LAYOUT[name], board_id) for name in ("events", "faults", "checkpoints")
    )
    clock = _Clock(0)
    recorder = Recorder(events, faults, checkpoints, None, None, None, None, clock)
    recorder.open()
    fields, now_s, _ = recorder.last_checkpoint()
    for number in range(_RECORDS):
        clock.set(now_s - (_RECORDS - number) * every_s)
        recorder.prepare()
        kind, values = _MINUTE[number % len(_MINUTE)]
        recorder.event(kind, *values)
    clock.set(now_s)
    # The newest checkpoint tells where the events begin that it does not know of.
    fields["next_event"] = events.next_sequence
    recorder.checkpoint(*fields.values())
    return sum(1 for _ in events.records())
