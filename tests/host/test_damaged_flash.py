"""Every sector of flash zeroed, blanked, filled with noise; old formats; another board's sectors.

Each is a named alarm and a safe state, and nothing is invented: no older programme or ledger passes
for the newest, no lock opens, no record is shown that was not written.
"""

import binascii
import random
from fractions import Fraction

import pytest

from bench_case import STEP_NL, active, fast_programme, proposed, status
from bench_keys import paired
from bench_library import TEXT, sent
from bench_pump import BenchPump
from pump.core import moves
from pump.core.journal import Journal
from pump.core.programme import canonical_text, digest
from pump.core.sectors import SECTOR_BYTES
from ram_sectors import RamSectors

FILLED_NL = 9_000_000
# Where a BenchPump keeps what, and how many sectors a slot has there.
RINGS = {"events": range(4), "faults": range(4, 8), "checkpoints": range(8, 12)}
SLOTS = {
    "programme": (range(12, 20), 4),
    "library": (range(20, 26), 3),
    "following": (range(26, 32), 3),
    "keys": (range(32, 36), 2),
}
# What a person is told of, by what was in the sector.
NAMED = {
    "events": {"journal_damaged"},
    "faults": {"journal_damaged"},
    "checkpoints": {"journal_damaged", "ledger_uncertain"},
    "programme": {"programme_damaged"},
    "library": {"library_damaged"},
    "following": {"programme_damaged"},
    "keys": {"keys_damaged"},
}
LIBRARY = TEXT.replace("max 1000000 site", "max 50000000 site")
# Without a drug, so that only the generic limits apply.
PLAIN = {"drug": "", "concentration_mcg_per_ml": None}
OLDER = fast_programme(name="Older", days=(((0, (9_000_000, 1)),),), **PLAIN)
NEWER = fast_programme(name="Newer", **PLAIN)
COMING = fast_programme(name="Coming", **PLAIN)
# Long enough that every sector of the three rings has its turn in the periodic check.
ROUND_S = 13 * 60
FILLS = {
    "zeros": lambda chance: bytes(SECTOR_BYTES),
    "ones": lambda chance: b"\xff" * SECTOR_BYTES,
    "noise": lambda chance: chance.randbytes(SECTOR_BYTES),
}


class Life:
    """A pump with something in every sector that is in use, and what it held when power failed."""

    def __init__(self, board_id=b"benchpmp"):
        self.bench = bench = BenchPump(RamSectors(40), board_id=board_id)
        bench.generator.edges = None
        pump = bench.controller
        pump.confirm(sent(bench, LIBRARY))
        pump.confirm(sent(bench, LIBRARY.replace("version 1.0", "version 1.1")))
        bench.programme(OLDER, FILLED_NL)
        bench.programme(NEWER, None)
        pump.start()
        for _ in range(2):
            coming = proposed(bench, COMING)
            pump.confirm(digest(coming), at_s=pump.pump_clock.now_s() + 7 * 86_400)
        for number in range(90):
            for part in range(3):
                pump.recorder.fault("starved", f"number {number}, {part}")
            pump.rate((18_000_000 - number, 1))
            bench.run_s(1)
        paired(bench, "nurse", "boss")
        self.text = pump.programme_text
        self.left_nl = FILLED_NL - bench.made() * Fraction(*STEP_NL)
        self.records = {
            name: {(r.sequence, r.kind, r.payload) for r in getattr(pump.recorder, name).records()}
            for name in RINGS
        }
        for name in RINGS:
            getattr(pump.recorder, name).prepare()
        self.flash = [bytes(sector) for sector in bench.sectors.data]

    def holder_of(self, sector):
        """What a sector belongs to, and whether what is in force is in it."""
        blank = self.flash[sector] == b"\xff" * SECTOR_BYTES
        for name, ring in RINGS.items():
            if sector in ring:
                # Made ready ahead, and empty but for its header.
                counts = self.flash[sector][24:] != b"\xff" * (SECTOR_BYTES - 24)
                return name, counts
        for name, (sectors, a_slot) in SLOTS.items():
            if sector in sectors:
                heads = sectors[0], sectors[a_slot]
                numbers = [int.from_bytes(self.flash[head][16:20], "little") for head in heads]
                numbers = [0 if number == 0xFFFFFFFF else number for number in numbers]
                is_newest = (sector >= heads[1]) == (numbers[1] > numbers[0])
                return name, is_newest and not blank
        raise AssertionError(sector)

    def starts_with(self, flash):
        """The pump that starts with such a flash, when it has checked all of it once."""
        sectors = RamSectors(40)
        sectors.data = [bytearray(sector) for sector in flash]
        written = set()
        real = Journal.append

        def append(journal, kind, time_s, payload=b"", clock_known=True):
            number = real(journal, kind, time_s, payload, clock_known)
            written.add((number, kind, payload))
            return number

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Journal, "append", append)
            again = self.bench.after_power_cut(sectors)
            made = again.made()
            state = again.controller.state
            again.run_s(ROUND_S)
        self.check(again, made, state, written)
        return again

    def check(self, again, made_before, state, written):
        """Nothing is invented, whatever was damaged."""
        pump = again.controller
        assert pump.programme_text in (self.text, "")
        if not pump.programme_text:
            assert (pump.state, again.made()) == (moves.UNPROGRAMMED, made_before)
        if state in (moves.STOPPED, moves.UNPROGRAMMED):
            assert again.made() == made_before
        assert pump.delivery is None or pump.delivery.boluses == []
        assert pump.lock.is_locked
        assert {name for name, _, _ in pump.lock.rows()} <= {"nurse", "boss"}
        if "ledger_uncertain" not in active(again):
            step_nl = (again.made() - made_before) * Fraction(*STEP_NL)
            assert Fraction(*status(again, "reservoir_nl")) <= self.left_nl - step_nl
        for name, before in self.records.items():
            for record in getattr(pump.recorder, name).records():
                assert (record.sequence, record.kind, record.payload) in before | written


@pytest.fixture(scope="module")
def life():
    return Life()


@pytest.mark.fault("F15")
@pytest.mark.hazard("H8", "H9", "H20", "H21", "H22", "H24")
@pytest.mark.parametrize("fill", FILLS)
def test_any_damaged_sector_that_counts_is_a_named_alarm_and_nothing_is_invented(life, fill):
    counted = {}
    for sector in range(36):
        flash = list(life.flash)
        flash[sector] = FILLS[fill](random.Random(sector))
        again = life.starts_with(flash)
        name, counts = life.holder_of(sector)
        if counts:
            counted[name] = counted.get(name, 0) + 1
            assert NAMED[name] & set(active(again)), (sector, name, active(again))
    assert set(counted) == set(NAMED)
    assert sum(counted.values()) >= 14


def with_schema(sector, schema):
    """A sector as firmware with another format would have begun it."""
    if sector[:4] == b"TJRN":
        begin = sector[:4] + bytes([schema]) + sector[5:20]
        rest = sector[24:]
    elif sector[:4] == b"TSLT":
        begin = sector[:4] + bytes([schema]) + sector[5:36]
        rest = sector[40:]
    else:
        return sector
    return begin + binascii.crc32(begin).to_bytes(4, "little") + rest


def places():
    """(name, its sectors) of everything that is kept."""
    return [*RINGS.items(), *((name, sectors) for name, (sectors, _) in SLOTS.items())]


@pytest.mark.fault("F15")
@pytest.mark.hazard("H8", "H9")
@pytest.mark.parametrize("schema", [0, 2])
@pytest.mark.parametrize(("name", "sectors"), places())
def test_another_format_is_a_named_alarm_and_is_not_read(life, name, sectors, schema):
    flash = list(life.flash)
    for sector in sectors:
        flash[sector] = with_schema(flash[sector], schema)
        assert flash[sector] == life.flash[sector] or flash[sector][4] == schema
    again = life.starts_with(flash)
    assert NAMED[name] & set(active(again))


@pytest.mark.fault("F15")
@pytest.mark.hazard("H8", "H9", "H20", "H24")
@pytest.mark.parametrize(("name", "sectors"), places())
def test_what_another_board_kept_there_is_a_named_alarm_and_is_not_read(life, name, sectors):
    other = Life(board_id=b"otherpmp")
    flash = list(life.flash)
    for sector in sectors:
        flash[sector] = other.flash[sector]
    again = life.starts_with(flash)
    codes = set(active(again))
    assert codes & (NAMED[name] | {"other_board"})
    if name in RINGS or name == "programme":
        assert "other_board" in codes


@pytest.mark.hazard("H8")
def test_all_of_another_boards_storage_is_not_used(life):
    again = Life(board_id=b"otherpmp").flash
    sectors = RamSectors(40)
    sectors.data = [bytearray(sector) for sector in again]
    pump = life.bench.after_power_cut(sectors)
    pump.run_s(5)
    assert (pump.controller.state, pump.controller.programme_text) == (moves.UNPROGRAMMED, "")
    assert {"other_board", "keys_damaged", "library_damaged"} <= set(active(pump))
    assert canonical_text(NEWER) not in str(pump.controller.status())
