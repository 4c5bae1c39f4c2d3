"""Fills the event log in a virtual Pico's flash, by the pump's own code, while it is off."""

from pump.core import records
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from pump.core.sectors import LAYOUT, SECTOR_BYTES, TOTAL_SECTORS, Sectors
from titrate.virtual.littlefs_image import FS_OFFSET
from titrate.virtual.pico import VirtualPico

# What the emulated flash chip says.
BOARD_ID = b"\xff" * 8
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
        at = FS_OFFSET + sector * SECTOR_BYTES
        self._content[at : at + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES

    def program(self, sector, offset, data) -> None:
        at = FS_OFFSET + sector * SECTOR_BYTES + offset
        held = self._content[at : at + len(data)]
        both = int.from_bytes(held, "big") & int.from_bytes(data, "big")
        self._content[at : at + len(data)] = both.to_bytes(len(data), "big")

    def read_into(self, sector, offset, buffer) -> None:
        at = FS_OFFSET + sector * SECTOR_BYTES + offset
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


def fill_with_boluses(pico: VirtualPico, every_s: int) -> int:
    """Fill the event log of a pump that is switched off, as its own recorder would have.

    Args:
        every_s: time from one record to the next.

    Returns:
        how many records it holds.
    """
    sectors = StoredSectors(pico)
    events, faults, checkpoints = (
        Journal(sectors, *LAYOUT[name], BOARD_ID) for name in ("events", "faults", "checkpoints")
    )
    clock = _Clock(0)
    recorder = Recorder(events, faults, checkpoints, None, None, None, None, None, clock)
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


def fill_with_primes(pico: VirtualPico, count: int) -> list[str]:
    """Write so many records after those that are there; the Pico must be off.

    Args:
        pico: which.
        count: how many; each is a prime, which has no say in what follows, of 36 bytes.

    Returns:
        what the log says of each in detail, the oldest first.
    """
    assert not pico.powered
    first, sectors = LAYOUT["events"]
    journal = Journal(StoredSectors(pico), first, sectors, BOARD_ID)
    journal.open()
    details = []
    for number in range(count):
        journal.prepare()
        volume_nl = (10**18 + number, 10**16)
        rid = f"{number:08x}"
        payload = records.encode(records.PRIME, rid, volume_nl)
        journal.append(records.PRIME, 800_000_000 + number, payload)
        details.append(f"request_id={rid} volume_nl={volume_nl[0]}/{volume_nl[1]}")
    return details
