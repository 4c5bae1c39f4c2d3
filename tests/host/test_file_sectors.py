"""Sectors as files, on the file system of the machine that tests."""

import random

import pytest

from pump.core.errors import OutOfRange
from pump.core.journal import Journal
from pump.core.sectors import SECTOR_BYTES, FlashError
from pump.core.slots import Slots
from pump.rp2040.file_sectors import FileSectors
from ram_sectors import RamSectors

BOARD = b"\xe6\x60\x58\x38\x83\x12\x34\x56"


def test_files_behave_as_flash_does(tmp_path):
    chance = random.Random(1)
    files = FileSectors(str(tmp_path / "sectors"), 3)
    flash = RamSectors(3)
    for _ in range(300):
        sector = chance.randrange(3)
        offset = chance.randrange(SECTOR_BYTES)
        length = chance.randrange(1, min(300, SECTOR_BYTES - offset) + 1)
        if chance.random() < 0.1:
            files.erase(sector)
            flash.erase(sector)
        data = chance.randbytes(length)
        files.program(sector, offset, data)
        flash.program(sector, offset, data)
        if chance.random() < 0.2:
            files = FileSectors(str(tmp_path / "sectors"), 3)
        for place in range(3):
            held = bytearray(SECTOR_BYTES)
            files.read_into(place, 0, held)
            assert held == flash.data[place]


def test_a_journal_and_settings_live_on_files_through_rotations_and_restarts(tmp_path):
    written = []
    for start in range(4):
        files = FileSectors(str(tmp_path), 10)
        journal = Journal(files, 0, 4, BOARD)
        journal.open()
        slots = Slots(files, 4, 3, BOARD)
        stored = slots.open()
        assert journal.problems == []
        assert (None if stored is None else stored.text) == (f"text {start - 1}" if start else None)
        for i in range(100):
            journal.prepare()
            journal.append(7, 100 * start + i, bytes(100))
            written.append(100 * start + i)
        slots.write(f"text {start}")
    shown = [record.time_s for record in journal.records()]
    assert len(shown) >= 70
    assert shown == written[-len(shown) :]
    assert len(list(tmp_path.iterdir())) <= 4 + 4


def test_places_outside_a_sector_are_refused_with_the_limit(tmp_path):
    files = FileSectors(str(tmp_path), 3)
    for sector, offset, length in ((3, 0, 1), (-1, 0, 1), (0, 4096, 1), (0, 4000, 97), (0, -1, 1)):
        for call in (files.program, files.read_into):
            with pytest.raises(OutOfRange):
                call(sector, offset, bytearray(length))
    with pytest.raises(OutOfRange, match="Sector 3 does not exist: 0 to 2 do"):
        files.erase(3)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_named_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FlashError) as caught:
        FileSectors(str(tmp_path / "file" / "sectors"), 3)
    assert caught.value.code == "flash_failing"
