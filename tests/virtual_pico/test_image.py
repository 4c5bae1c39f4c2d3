"""The firmware image as it starts: what is frozen, and how the flash is divided."""

import json
import re
import runpy

import pytest

from titrate.virtual.pico import VirtualPico

# 2 MiB of flash, of which the last 1408 KiB are storage (boards/*/mpconfigboard.h).
STORAGE_OFFSET = (2048 - 1408) * 1024


@pytest.fixture(scope="module")
def board(root):
    return runpy.run_path(str(root / "boards/pico_tmc2209/pump_board.py"))


@pytest.fixture(scope="module")
def file_system_offset(board):
    return STORAGE_OFFSET + board["JOURNAL_SECTORS"] * board["SECTOR_BYTES"]


def started(uf2, **options):
    pico = VirtualPico(uf2, **options)
    pico.power_on()
    assert pico.run_until(lambda: pico.usb_ready, 10_000_000_000)
    return pico


@pytest.fixture(scope="module")
def pico(uf2):
    """A Pico that nothing has been put on but the image; the tests only ask it."""
    return started(uf2)


def answer(pico, code):
    output, traceback = pico.exec_raw(code)
    assert traceback == ""
    return output.strip()


def test_the_image_says_which_one_it_is(uf2, pico):
    said = json.loads((uf2.parent / "firmware.json").read_text())
    assert answer(
        pico, "import pump_image as i; print(i.BOARD, i.VERSION, i.SOURCE_DIGEST)"
    ) == " ".join((said["board"], said["version"], said["source_digest"]))
    assert answer(pico, "import sys; print(sys.implementation._machine)") == (
        "Titrate pump, Pico and TMC2209 with RP2040"
    )


def test_a_file_cannot_take_the_place_of_a_frozen_module(uf2, file_system_offset):
    files = {"pump_board.py": b"STEP_GPIO = 99\n", "boot.py": b"open('/ran', 'w').close()\n"}
    pico = started(uf2, files=files, fs_offset=file_system_offset)
    listed = answer(pico, "import os, pump_board; print(pump_board.STEP_GPIO, os.listdir('/'))")
    assert listed == "2 ['boot.py', 'pump_board.py']"


def test_the_file_system_has_the_flash_storage_but_for_the_journal(pico, board):
    blocks = answer(pico, "import os; s = os.statvfs('/'); print(s[0], s[2])")
    sectors = 1408 * 1024 // board["SECTOR_BYTES"] - board["JOURNAL_SECTORS"]
    assert blocks == f"4096 {sectors}"


def flash_operations_of_a_start(uf2, tmp_path, file_system_offset, name, wipe):
    """What a start does in journal and file system, with a flash that a first start has set up."""
    path = tmp_path / name
    started(uf2, flash=path).power_off()
    if wipe:
        with path.open("r+b") as file:
            file.seek(file_system_offset)
            file.write(bytes(2 * 4096))
    pico = started(uf2, flash=path)
    places = [operation[1:] for operation in pico.flash_operations]
    assert all(offset >= STORAGE_OFFSET for _kind, offset, _length in places)
    return (
        [place for place in places if place[1] < file_system_offset],
        [place for place in places if place[1] >= file_system_offset],
    )


def test_a_broken_file_system_is_made_anew_without_touching_the_journal(
    uf2, tmp_path, file_system_offset
):
    kept, none = flash_operations_of_a_start(uf2, tmp_path, file_system_offset, "sound", False)
    journal, made = flash_operations_of_a_start(uf2, tmp_path, file_system_offset, "broken", True)
    assert none == []
    assert made != []
    assert journal == kept


def test_a_traceback_from_frozen_code_names_file_and_line(pico, root):
    _output, traceback = pico.exec_raw("from pump.core.ratio import gcd; gcd(1, 'a')")
    place = re.search(r'File "pump/core/ratio.py", line (\d+), in gcd\n', traceback)
    assert place
    line = (root / "firmware/pump/core/ratio.py").read_text().splitlines()[int(place[1]) - 1]
    assert "%" in line
