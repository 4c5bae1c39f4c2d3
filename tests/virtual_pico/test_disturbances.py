"""What goes on at the prompt, on the console and in flash moves no edge, loses and adds none.

The pump runs at 1,000 steps a second all the time; each test disturbs it in its own way.
"""

from contextlib import contextmanager

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core import annunciation
from pump.core.alarms import MEDIUM
from pump.core.delivery import TICKS_PER_MS
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.press import HOLD_MS
from pump.link import lines
from titrate.client.errors import NoAnswer, Refused
from titrate.virtual.flash import FlashTiming
from titrate.virtual.pico import MS, SECOND

ERASE_NS = 400 * MS  # the worst sector erase of the W25Q16JV's data sheet
SECTOR_BYTES = 4096
# boards/pico_tmc2209
LED_RED_GPIO, LED_GREEN_GPIO, BUTTON_STOP_GPIO = 10, 11, 15
LOW_NL = 100_000  # programme()
LOOK_S = 2
USB_INTERRUPTS = 0x5011_0090  # INTE of the chip's USB block


@pytest.fixture(scope="module")
def running(new_rig) -> PumpRig:
    """A pump that runs."""
    rig = new_rig(timing=FlashTiming(sector_erase_ns=ERASE_NS))
    rig.set_up(programme(days=(((0, rate_for(1000)),),)))
    rig.start()
    rig.run_s(0.5)
    return rig


@pytest.fixture
def rig(running) -> PumpRig:
    """The running pump, with its console awake; every edge is checked after the test."""
    running.connect()
    edges = len(running.edges_ns)
    yield running
    running.check_exact()
    assert len(running.edges_ns) > edges
    running.connect()
    status = running.pump.status()
    assert (status.state, status.alarms) == ("running", [])


@pytest.mark.hazard("H18")
def test_refused_input_is_heard(rig):
    tones_hz = [hz for _, hz in annunciation.REFUSED if hz]
    with pytest.raises(Refused):
        rig.pump.ask("prime", volume="10 uL")
    assert rig.tones_hz(annunciation.length_ms(annunciation.REFUSED)) == set(tones_hz)


def test_garbage_is_collected_all_the_time(rig):
    edges = len(rig.edges_ns)
    out = rig.on_device(
        """
import gc, time
end_ms = time.ticks_add(time.ticks_ms(), 1100)
collected = 0
while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
    gc.collect()
    collected += 1
print(collected)
"""
    )
    assert int(out) > 20
    assert len(rig.edges_ns) - edges > 1000


def test_the_journal_is_written_and_a_sector_erased_with_interrupts_off_for_400_ms(rig):
    fill = 'run(c.recorder.fault, "filler", "to fill a sector of the journal of faults")'
    rig.on_device(fill)
    rig.run_s(4)  # the sector after the one in use is erased ahead
    before = len(rig.pico.flash_operations)
    rig.on_device(
        f"""
import time
for i in range({SECTOR_BYTES}):
    {fill}
    if c.recorder.faults.needs_preparing:
        break
time.sleep(3)
"""
    )
    operations = rig.pico.flash_operations[before:]
    erases = [operation for operation in operations if operation.kind == "erase"]
    assert len(erases) == 1
    assert len(operations) - len(erases) > 30
    during = [t for t in rig.edges_ns if 0 < t - erases[0].t_ns < ERASE_NS]
    assert len(during) == pytest.approx(400, abs=2)


def test_mpremote_attaches_and_resumes(rig):
    for _ in range(3):
        assert "running" in rig.on_device("pump.status()")


@pytest.mark.fault("F6")
def test_ctrl_c_ends_the_console_and_a_script_fails(rig):
    rig.pico.serial_write(b"\x03")
    heard = rig.pico.read_until(b">>> ", 2000 * MS)
    assert b"console left, the pump goes on; pump.console() comes back to it" in heard
    _, traceback = rig.pico.exec_raw("def broken():\n    return 1 // 0\nbroken()")
    assert "ZeroDivisionError" in traceback
    rig.pico.serial_write(b"while True: pass\r\r")
    rig.run_s(0.2)
    rig.pico.serial_write(b"\x03")
    assert b"KeyboardInterrupt" in rig.pico.read_until(b"KeyboardInterrupt", 2000 * MS)


@contextmanager
def a_script_that_never_ends(rig):
    """At the prompt, as `mpremote exec` leaves one behind."""
    rig.pico.serial_write(b"\x03")
    rig.pico.read_until(b">>> ", SECOND)
    rig.pico.serial_write(b"import time; time.sleep(100000)\r")
    yield
    rig.pico.serial_write(b"\x03")


@contextmanager
def a_host_that_does_not_read(rig):
    """It has asked for a long answer and takes none of it; the port stays open."""
    rig.pico.chip.usb.set_reading(False)
    rig.pico.serial_write(b"help\n")
    yield
    rig.pico.chip.usb.set_reading(True)


@contextmanager
def usb_that_has_stopped(rig):
    """In the middle of a long answer: no interrupt of the USB block is served any more."""
    served = rig.pico.peek(USB_INTERRUPTS)
    rig.pico.serial_write(b"help\n")
    rig.pico.read_until(b"\n", SECOND)
    rig.pico.poke(USB_INTERRUPTS, 0)
    yield
    rig.pico.poke(USB_INTERRUPTS, served)


@pytest.mark.fault("F6")
@pytest.mark.hazard("H14", "H18", "H19")
@pytest.mark.parametrize(
    "frozen", [a_script_that_never_ends, a_host_that_does_not_read, usb_that_has_stopped]
)
def test_while_the_console_is_frozen_alarms_are_seen_and_heard_and_the_button_works(rig, frozen):
    """And no edge moves; the console itself is no alarm, whoever asks is told by the host."""
    rig.pump.refill(f"{LOW_NL + 3000} nL")
    refilled_ns = rig.pico.now_ns
    low_s = 3000 / (1000 * rig.prescription.microstep_nl)
    with frozen(rig):
        assert rig.pico.run_until(lambda: yellow(rig), int((low_s + LOOK_S) * SECOND))
        assert rig.pico.now_ns - refilled_ns >= (low_s - LOOK_S) * SECOND
        heard_hz = rig.tones_hz(1000)
        if frozen is not a_host_that_does_not_read:
            with pytest.raises(NoAnswer, match="no pump answers on"):
                rig.pump.status()
        held_from = rig.tick_of(rig.pico.now_ns)
        hold(rig, BUTTON_STOP_GPIO, HOLD_MS + 300)
        rig.run_s(CHANGE_WITHIN_S)
        edges = len(rig.edges_ns)
        rig.run_s(LOOK_S)
        assert len(rig.edges_ns) == edges
    assert heard_hz == {hz for _, hz in annunciation.sound(MEDIUM) if hz}
    # Silenced for two minutes; what the console makes of the end of its frost is no sound either.
    assert rig.tones_hz(annunciation.length_ms(annunciation.sound(MEDIUM))) == set()
    rig.connect()
    status = rig.pump.status()
    assert (status.state, status.alarms) == ("paused", [("low_reservoir", "medium")])
    told = [entry.code for entry in rig.pump.log(count=6)]
    assert told.index("alarm_raised") < told.index("silenced") < told.index("paused")
    ticks = int(rig.on_device("print(c.delivery.anchor_ticks)"))
    asked = held_from + HOLD_MS * TICKS_PER_MS
    assert asked < ticks < asked + CHANGE_WITHIN_S * 1000 * TICKS_PER_MS
    rig.prescription.advance(ticks)
    rig.prescription.stop()
    rig.check_exact()
    rig.connect()
    rig.pump.refill("1 mL")
    rig.resume()
    rig.run_s(CHANGE_WITHIN_S)


def yellow(rig):
    """Whether the light of a medium alarm is on."""
    return rig.pico.output(LED_RED_GPIO) and rig.pico.output(LED_GREEN_GPIO)


def hold(rig, gpio, ms):
    """Hold a button down for a time."""
    rig.pico.set_input(gpio, 0)
    rig.pico.run_for(ms * MS)
    rig.pico.set_input(gpio, None)
    rig.pico.run_for(100 * MS)


def test_ctrl_c_comes_at_any_moment_of_the_service(rig):
    """From 1 ms before it begins until 5 ms after, while nothing runs at the prompt."""
    rig.on_device("")
    rig.run_s(0.5)  # any sound of a refusal is over
    first_ns = service_begins_ns(rig)
    period_ns = service_begins_ns(rig) - first_ns
    assert 500 * MS < period_ns < 2000 * MS
    at_ns = first_ns + period_ns
    for after_us in range(-1000, 5000, 400):
        at_ns += period_ns
        rig.pico.run_for(at_ns + 1000 * after_us - rig.pico.now_ns)
        rig.pico.serial_write(b"\x03")
    rig.run_s(1)
    assert b"Traceback" not in rig.pico.serial_read()


def service_begins_ns(rig):
    """When the sleeping processor wakes for the next service, to 0.1 ms."""
    rig.run_s(0.1)
    awake_ns = rig.pico.cpu_awake_ns
    while rig.pico.cpu_awake_ns - awake_ns < MS // 10:
        awake_ns = rig.pico.cpu_awake_ns
        rig.pico.run_for(MS // 8)
    return rig.pico.now_ns


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        (lambda line: line[: len(line) // 2], "no_crc"),
        (lambda line: line.replace(b"bolus", b"bonus"), "bad_crc"),
        (lambda line: b":" + b"x" * 600, "too_long"),
        (lambda line: line.replace(b"50%20mcg", b"50\x00\xffmcg"), "not_printable"),
        (lambda line: lines.encode(":", 7, "0a1b2c3d", "vacation", []).encode(), "unknown_command"),
        (
            lambda line: lines.encode(
                ":", 8, "0a1b2c3e", "bolus", [("volume", "50 mcg"), ("duration", "25 h")]
            ).encode(),
            "out_of_range",
        ),
    ],
    ids=["cut", "corrupted", "over-long", "not printable", "unknown", "out of range"],
)
def test_a_line_that_is_not_in_order_changes_nothing(rig, spoilt, code):
    before = rig.pump.status()
    entries = rig.pump.next_log_sequence()
    good = lines.encode(
        ":", 6, "0a1b2c3f", "bolus", [("volume", "50 mcg"), ("duration", "10 min")]
    ).encode()
    rig.pico.serial_write(spoilt(good) + b"\n")
    rig.run_s(0.3)
    assert code.encode() in rig.pico.serial_read()
    after = rig.pump.status()
    for name in ("state", "programme_digest", "rate_nl_per_h", "bolus_remaining_nl", "alarms"):
        assert getattr(after, name) == getattr(before, name)
    assert rig.pump.next_log_sequence() == entries
