"""Each folder under boards/: what it declares, in all the forms it declares it, and against the
Pico it is plugged into."""

import csv
import json
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from pump.core import tmc2209_settings
from pump.core.geometry import holds_capacity, microstep_nl
from pump.core.ramp import Ramp
from pump.core.ranges import LIMITS
from titrate.boards.__main__ import outdated

BOARDS = sorted(path.parent for path in Path(__file__).parents[2].glob("boards/*/pump_board.py"))

# GPIO to pin of the Pico's header (Raspberry Pi Pico datasheet, "Pinout and design files").
# GPIO 23, 24, 25 and 29 serve the Pico itself and are not on the header.
HEADER_PIN = dict(
    zip(
        [*range(0, 23), 26, 27, 28],
        [
            1,
            2,
            4,
            5,
            6,
            7,
            9,
            10,
            11,
            12,
            14,
            15,
            16,
            17,
            19,
            20,
            21,
            22,
            24,
            25,
            26,
            27,
            29,
            31,
            32,
            34,
        ],
        strict=True,
    )
)
# What each GPIO can be to the units named in pump_board (RP2040 datasheet, GPIO functions):
# the functions repeat every four pins, the units alternate every eight (UART) or two (I2C).
UART_TX = {0: (0, 12, 16, 28), 1: (4, 8, 20, 24)}
I2C_SDA = {0: range(0, 29, 4), 1: range(2, 29, 4)}


@pytest.fixture(params=BOARDS, ids=lambda folder: folder.name)
def folder(request):
    return request.param


@pytest.fixture
def board(folder):
    return runpy.run_path(str(folder / "pump_board.py"))


@pytest.fixture
def pins(board):
    """The board's pins: name to GPIO."""
    return {name[: -len("_GPIO")]: gpio for name, gpio in board.items() if name.endswith("_GPIO")}


def wiring_table(folder):
    """README.md's rows: signal, GPIO and header pin, None where the header has none."""
    rows = {}
    for line in (folder / "README.md").read_text().splitlines():
        row = re.match(r"\| ([A-Z][A-Z0-9_]+) \| (\d+) \| (\d+|-) \|", line)
        if row:
            assert row[1] not in rows, f"{row[1]} stands twice in the wiring table"
            rows[row[1]] = (int(row[2]), None if row[3] == "-" else int(row[3]))
    return rows


def test_there_is_at_least_the_standard_board():
    assert "pico_tmc2209" in [folder.name for folder in BOARDS]


def test_pins_csv_names_every_pin_as_pump_board_declares_it(folder, pins):
    with (folder / "pins.csv").open(newline="") as file:
        rows = [(name, int(gpio.removeprefix("GPIO"))) for name, gpio in csv.reader(file)]
    names = [name for name, _gpio in rows]
    assert len(names) == len(set(names))
    by_number = {name: gpio for name, gpio in rows if re.fullmatch(r"GP\d+", name)}
    assert all(name == f"GP{gpio}" for name, gpio in by_number.items())
    # LED is MicroPython's own name for a board's LED.
    functional = {n: g for n, g in rows if n not in by_number and n != "LED"}
    assert functional == pins
    # On a Pico W GPIO 25 is the radio's.
    assert dict(rows).get("LED") == (None if "pico_w" in folder.name else 25)


@pytest.fixture
def page(folder):
    """The folder with the board's wiring: its own, or that of the board whose pins it has."""
    declared = (folder / "pump_board.py").resolve().parent
    assert (
        declared == folder or f"../{declared.name}/README.md" in (folder / "README.md").read_text()
    )
    return declared


def test_the_wiring_table_names_every_pin_as_pump_board_declares_it(page, pins):
    table = wiring_table(page)
    assert {name: gpio for name, (gpio, _header) in table.items()} == pins


def test_the_wiring_table_gives_the_header_pin_of_each_gpio(page):
    table = wiring_table(page)
    assert table
    assert {name: header for name, (_gpio, header) in table.items()} == {
        name: HEADER_PIN.get(gpio) for name, (gpio, _header) in table.items()
    }


def test_no_gpio_serves_two_signals(pins):
    assert len(set(pins.values())) == len(pins)


def test_no_signal_is_on_a_gpio_that_is_the_picos_own(pins):
    assert {name for name, gpio in pins.items() if gpio not in HEADER_PIN} == set()


def test_every_form_of_the_pins_and_the_limits_is_what_is_made_from_the_declaration():
    assert [str(path) for path in outdated()] == []


def test_the_wiring_picture_has_every_signal_at_its_pin(folder, pins):
    svg = ElementTree.parse(folder / "wiring.svg").getroot()
    texts = [
        (float(each.get("y")), each.text) for each in svg.iter("{http://www.w3.org/2000/svg}text")
    ]
    for name, gpio in pins.items():
        (at,) = [y for y, text in texts if text == name]
        # The pin's own label is on the same row, within a few units.
        near = [text for y, text in texts if abs(y - at) <= 6]
        assert f"{HEADER_PIN[gpio]}  GP{gpio}" in near


def test_the_board_is_built_on_a_pico_of_this_chip(folder):
    cmake = (folder / "mpconfigboard.cmake").read_text()
    assert f'PICO_BOARD "{"pico_w" if "pico_w" in folder.name else "pico"}"' in cmake
    assert 'PICO_PLATFORM "rp2040"' in cmake
    assert "firmware/image/titrate.cmake" in cmake
    # Nothing of the radio's, whose sources the image is built without.
    assert "set(MICROPY_PY_NETWORK_CYW43" not in cmake


def test_a_board_without_an_image_is_refused_with_the_reason_and_the_others(root):
    without = [
        path.parent
        for path in root.glob("boards/*/README.md")
        if not (path.parent / "mpconfigboard.cmake").exists()
    ]
    assert [path.name for path in without] == ["pico2_tmc2209"]
    assert "There is no image" in (without[0] / "README.md").read_text()
    done = subprocess.run(
        [sys.executable, root / "firmware/image/build_uf2.py", "--board", without[0].name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no image for pico2_tmc2209" in done.stderr
    assert "pico_a4988, pico_tmc2209, pico_uln2003, pico_w_tmc2209" in done.stderr


def test_analogue_signals_are_on_analogue_inputs(pins):
    analogue = {name: gpio for name, gpio in pins.items() if name.endswith("_ADC")}
    assert analogue
    assert all(gpio in (26, 27, 28) for gpio in analogue.values())


def test_serial_signals_are_on_pins_of_their_units(board, pins):
    if "TMC_UART" in board:
        assert pins["TMC_TX"] in UART_TX[board["TMC_UART"]]
        assert pins["TMC_RX"] == pins["TMC_TX"] + 1
    assert pins["I2C_SDA"] in I2C_SDA[board["I2C"]]
    assert pins["I2C_SCL"] == pins["I2C_SDA"] + 1


def test_the_driver_takes_the_settings_that_are_declared_for_it(board):
    if "TMC_UART" not in board:
        return
    declared = SimpleNamespace(**board)
    written = dict(tmc2209_settings.settings(declared, board["MICROSTEPS"]))
    hold, run = written[tmc2209_settings.IHOLD_IRUN] & 31, written[tmc2209_settings.IHOLD_IRUN] >> 8
    # TMC2209 datasheet, register IHOLD_IRUN: an IRUN below 8 is not recommended.
    assert 8 <= run & 31 and hold <= run & 31
    # Both microstep inputs high are address 3 and 16 microsteps (same datasheet, pins MS1 and MS2).
    assert (board["TMC_ADDRESS"], board["MICROSTEPS"]) == (3, 16)


# What each output stage asks of (STEP high, STEP low, DIR before, DIR after), in ns. TMC2209: one
# clock + 20 ns at its slowest clock, 10 MHz; 20 ns, and 30 - 13 ns between the slowest and the
# fastest input filter. DRV8825: 1.9 us and 650 ns, for the A4988 as well. The coils' state machine:
# 2 cycles to see an edge and 9 until it has read DIR and waits for the end, of 8 ns each.
ASKED_NS = {
    "tmc2209": (120, 120, 37, 37),
    "a4988": (1900, 1900, 650, 650),
    "uln2003": (16, 88, 16, 88),
}


def test_the_step_pulse_meets_what_the_output_stage_asks_for(folder, board):
    asked = ASKED_NS[folder.name.rpartition("_")[2]]
    names = ("STEP_HIGH_MIN_NS", "STEP_LOW_MIN_NS", "DIR_SETUP_MIN_NS", "DIR_HOLD_MIN_NS")
    for name, least in zip(names, asked, strict=True):
        assert board[name] >= least
    # The step generator's own range.
    assert board["STEP_HIGH_MIN_NS"] <= 2048


def test_the_motor_can_be_switched_off(pins, board):
    if "COIL_1" in pins:
        # One SET and MOV of the state machine covers pins one after the other.
        assert [pins[f"COIL_{n}"] - pins["COIL_1"] for n in (1, 2, 3, 4)] == [0, 1, 2, 3]
        assert "ENABLE_N" not in pins
    else:
        assert board["ENABLE_ACTIVE_LEVEL"] == 0 and "ENABLE_N" in pins


def test_the_drive_is_one_that_a_programme_may_name(board):
    values = {
        "lead_um": (board["LEAD_UM"], 1),
        "full_steps_per_rev": (board["FULL_STEPS_PER_REV"], 1),
        "microsteps": (board["MICROSTEPS"], 1),
        "gear": board["GEAR"],
        "max_rate_steps_per_s": (board["STEPS_PER_S_MAX"], 1),
    }
    for limit in LIMITS:
        if limit.name in values:
            limit.check(values.pop(limit.name))
    assert values == {}


def test_the_fastest_move_is_one_that_the_driver_takes_and_a_ramp_reaches(board):
    # STEP is high for a whole number of 64 ns and 8 ns more (pio_programs.py), then low.
    high_ns = -(-board["STEP_HIGH_MIN_NS"] // 64) * 64 + 8
    assert board["STEPS_PER_S_FAST_MAX"] * (high_ns + board["STEP_LOW_MIN_NS"]) <= 10**9
    ramp = Ramp()
    ramp.plan(
        10**6,
        board["STEPS_PER_S_MAX"],
        board["STEPS_PER_S_FAST_MAX"],
        board["ACCELERATION_STEPS_PER_S2"],
    )
    # Within a second, and a stop's slope fits the ring at once.
    assert ramp.peak_interval == -(-125_000_000 // board["STEPS_PER_S_FAST_MAX"])
    assert 0 < ramp.slope_words() <= 100
    assert 0 <= board["BACKLASH_UM"] < 1000 and board["HOME_TO_FULL_UM"] > 1000


def test_the_default_syringe_holds_its_capacity_within_the_travel(board):
    assert holds_capacity(
        board["SYRINGE_BORE_UM"], board["SYRINGE_TRAVEL_UM"], board["SYRINGE_CAPACITY_NL"]
    )


def test_the_readme_gives_the_default_volume_of_a_microstep(folder, board):
    volume = Fraction(
        *microstep_nl(
            board["SYRINGE_BORE_UM"],
            board["LEAD_UM"],
            board["FULL_STEPS_PER_REV"],
            board["MICROSTEPS"],
            board["GEAR"],
            (1, 1),
        )
    )
    said = re.search(r"\*\*([\d.]+) nL per microstep\*\*", (folder / "README.md").read_text())
    assert said
    assert abs(Fraction(said[1]) - volume) <= Fraction(1, 2000)


def test_the_journal_leaves_the_file_system_at_least_half_of_the_flash_storage(folder, board):
    header = (folder / "mpconfigboard.h").read_text()
    kib = re.search(r"FLASH_STORAGE_BYTES\s+\((\d+) \* 1024\)", header)
    assert kib
    journal = board["JOURNAL_SECTORS"] * board["SECTOR_BYTES"]
    assert journal == 608 * 1024
    assert 2 * journal <= int(kib[1]) * 1024


def test_usb_strings_fit_the_descriptor(folder):
    # shared/tinyusb/tusb_config.h: MICROPY_HW_USB_DESC_STR_MAX is 40; what is longer is cut.
    strings = re.findall(
        r'MICROPY_HW_USB_\w+_STRING\s+"([^"]*)"', (folder / "mpconfigboard.h").read_text()
    )
    assert len(strings) == 2
    assert all(0 < len(text) <= 40 for text in strings)


def test_board_json_names_the_chip_and_existing_pages(folder):
    described = json.loads((folder / "board.json").read_text())
    assert described["mcu"] == "rp2040"
    assert all((folder / page).is_file() for page in described["deploy"])
