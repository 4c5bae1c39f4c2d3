"""Faults on the board itself: callbacks that break, edges from elsewhere, DMA, clocks, flash.

What was committed ahead is the most that is ever made; every fault has its named alarm.
"""

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.virtual.pico import MS, SECOND

STEP_GPIO = 2
STOP_BUTTON_GPIO = 15
# boards/pico_tmc2209
ENABLE_N_GPIO, LED_GPIOS = 4, (10, 11, 12)
LOOK_S = 2  # the service looks so often or oftener
LOOKS_S = 2 * LOOK_S
COMMIT_STEPS = 7_000 * 1000 // 1355  # programme(): 7 uL of 1.355 nL


@pytest.fixture(scope="module")
def running(new_rig) -> PumpRig:
    """A pump that runs at 50 steps a second."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(50)),),)))
    rig.start()
    rig.run_s(1)
    return rig


@pytest.fixture
def rig(running) -> PumpRig:
    """The running pump; acknowledged, and every edge checked, after the test."""
    running.connect()
    yield running
    running.connect()
    running.pump.ask("acknowledge", code="all")
    running.run_s(LOOK_S + 0.1)  # a look that is whole, and the light is out
    running.check_exact()
    assert running.pump.status().state == "running"


@pytest.fixture
def fifty(new_rig):
    """A pump of its own that runs at 50 steps a second."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(50)),),)))
    rig.start()
    rig.run_s(2)
    return rig


def alarms(rig):
    return {code for code, _ in rig.pump.status().alarms}


def is_told_within(rig, limit_s):
    """Whether the light of an alarm comes on within so long."""
    is_lit = lambda: any(rig.pico.output(gpio) for gpio in LED_GPIOS)  # noqa: E731
    return rig.pico.run_until(is_lit, int(limit_s * SECOND))


def test_a_driver_that_was_never_heard_is_stepped_and_that_is_said(rig):
    status = rig.pump.status()
    assert (status.state, status.alarms, status.driver) == ("running", [], "step/dir")
    logged = [entry.detail for entry in rig.pump.log(count=10) if entry.code == "driver"]
    assert logged == ["what=step/dir"]


# One call of a method fails; the next one is done by the real one again.
BREAK = """
def once(owner, name):
    real = getattr(owner, name)
    def broken(*args):
        setattr(owner, name, real)
        raise {error}("broken on purpose")
    setattr(owner, name, broken)
once({owner}, "{name}")
"""


def broken_once(rig, owner, name, error="ValueError"):
    rig.on_device(BREAK.format(error=error, owner=owner, name=name))


@pytest.mark.fault("F7", "F8")
@pytest.mark.hazard("H2", "H3")
@pytest.mark.parametrize(
    ("error", "code"), [("ValueError", "service_fault"), ("MemoryError", "heap_exhausted")]
)
def test_an_error_in_the_service_is_told_and_moves_no_edge(rig, error, code):
    broken_once(rig, "c.monitor", "look", error)
    assert is_told_within(rig, LOOK_S)
    rig.connect()
    assert alarms(rig) == {code}


@pytest.mark.fault("F8")
def test_an_error_in_light_and_sound_is_told_and_moves_no_edge(rig):
    broken_once(rig, "c.monitor", "shown_priority")
    # What fails is what shows it: it is raised at one look and seen at the next.
    assert is_told_within(rig, LOOKS_S)
    rig.connect()
    assert alarms(rig) == {"service_fault"}


@pytest.mark.fault("F8")
def test_an_error_while_a_button_is_served_is_told_and_moves_no_edge(rig):
    broken_once(rig, "c", "silence")
    rig.pico.set_input(STOP_BUTTON_GPIO, 0)
    rig.run_s(0.2)
    rig.pico.set_input(STOP_BUTTON_GPIO, None)
    assert is_told_within(rig, LOOK_S)
    rig.connect()
    assert alarms(rig) == {"service_fault"}


@pytest.mark.fault("F8")
@pytest.mark.hazard("H14")
def test_an_error_in_a_request_is_answered_so_and_told(rig):
    broken_once(rig, "c", "clock")
    rig.connect()
    rig.pico.serial_write(b"clock\n")
    heard = rig.pico.read_until(b"broken on purpose", 3000 * MS)
    assert b"the pump failed inside" in heard
    assert is_told_within(rig, LOOK_S)
    rig.connect()
    assert alarms(rig) == {"console_fault"}


@pytest.mark.fault("F9")
@pytest.mark.hazard("H5")
def test_a_real_time_clock_that_is_set_by_others_changes_nothing(rig):
    before = rig.pump.status()
    rig.on_device("import machine\nmachine.RTC().datetime((2031, 5, 5, 0, 3, 3, 3, 0))")
    rig.run_s(LOOKS_S)
    rig.connect()
    after = rig.pump.status()
    assert 0 <= after.clock_s - before.clock_s < 60
    assert alarms(rig) == set()


@pytest.mark.fault("F9")
@pytest.mark.hazard("H5")
def test_a_clock_that_jumps_is_put_back_and_told(rig):
    rig.on_device("c.pump_clock.offset_us += 3600 * 1000000")
    assert is_told_within(rig, LOOK_S)
    rig.connect()
    assert alarms(rig) == {"clock_moved"}


@pytest.mark.fault("F4")
@pytest.mark.hazard("H1")
def test_edges_that_the_pump_never_made_stop_it_and_switch_the_motor_off(fifty):
    """Edges from elsewhere on the STEP pin, more than can have been committed."""
    assert fifty.pico.output(ENABLE_N_GPIO) == 0
    fifty.pico.extra_edges(STEP_GPIO, COMMIT_STEPS + 10)
    edges = len(fifty.pico.step_edges)
    assert is_told_within(fifty, LOOK_S)
    assert fifty.pico.output(ENABLE_N_GPIO) == 1
    made = len(fifty.pico.step_edges) - edges
    assert made <= 50 * LOOK_S < COMMIT_STEPS
    edges += made
    fifty.connect()
    status = fifty.pump.status()
    assert (status.state, status.alarms) == ("halted", [("over_delivery", "high")])
    fifty.run_s(5)
    assert len(fifty.pico.step_edges) == edges


@pytest.mark.fault("F4")
@pytest.mark.hazard("H1")
def test_a_few_edges_that_the_pump_never_made_stop_it_within_two_looks(fifty):
    fifty.pico.extra_edges(STEP_GPIO, 3)
    edges = len(fifty.pico.step_edges)
    assert is_told_within(fifty, LOOKS_S)
    assert len(fifty.pico.step_edges) - edges <= 50 * LOOKS_S < COMMIT_STEPS
    fifty.connect()
    status = fifty.pump.status()
    assert (status.state, status.alarms) == ("halted", [("step_mismatch", "high")])


@pytest.mark.fault("F3", "F12")
@pytest.mark.hazard("H4", "H16")
def test_pio_that_has_stopped_makes_no_step_more_and_is_told(fifty):
    # Early in a word of 268 ms, 13 steps: those that are missing at its end are told. Late in one
    # they are too few, and it is the watchdog that resets the pump.
    fifty.run_s(0.27)
    edges = len(fifty.pico.step_edges)
    fifty.pico.stop_sm(0, 0)
    # The word that stands still would have ended in less than 268 ms.
    assert is_told_within(fifty, LOOKS_S + 0.27)
    fifty.run_s(3)
    assert len(fifty.pico.step_edges) == edges
    fifty.connect()
    status = fifty.pump.status()
    assert (status.state, status.alarms) == ("halted", [("step_mismatch", "high")])
    assert status.witnessed == edges


@pytest.mark.fault("F11")
@pytest.mark.hazard("H16", "H17")
def test_dma_that_has_stopped_for_good_is_reset_three_times_and_then_the_pump_stays_stopped(fifty):
    """What the queue has fetched is made; the watchdog is not fed, as the words stand still."""
    edges = len(fifty.pico.step_edges)
    resets = fifty.pico.resets
    fifty.pico.stop_dma(10)
    assert fifty.pico.run_until(lambda: fifty.pico.resets > resets, 10 * SECOND)
    # Five words of 268 ms at most.
    assert len(fifty.pico.step_edges) - edges <= 50 * 1.4
    assert fifty.pico.run_until(lambda: fifty.pico.resets == resets + 3, 40 * SECOND)
    fifty.run_s(20)
    assert fifty.pico.resets == resets + 3
    fifty.connect()
    status = fifty.pump.status()
    codes = {code for code, _ in status.alarms}
    assert (status.state, status.reset_cause) == ("halted", "watchdog")
    assert {"watchdog_reset", "interrupted", "same_fault_thrice"} <= codes


@pytest.mark.hazard("H8")
def test_a_reset_by_software_is_told_apart_from_the_watchdog(fifty):
    edges = len(fifty.pico.step_edges)
    fifty.pico.serial_write(b"\x03")
    fifty.run_s(0.5)
    fifty.pico.serial_write(b"import machine; machine.reset()\r")
    fifty.run_s(0.2)
    fifty.await_usb()
    fifty.connect()
    status = fifty.pump.status()
    assert (status.state, status.reset_cause) == ("running", "forced")
    assert {code for code, _ in status.alarms} == {"unexpected_reset", "interrupted"}
    assert status.stepped >= edges


@pytest.mark.fault("F19")
@pytest.mark.hazard("H6")
def test_a_bit_of_the_image_that_has_changed_stops_the_pump_within_70_s(new_rig):
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(5)),),)))
    rig.start()
    rig.run_s(70)
    assert rig.pump.status().alarms == []
    rig.pico.power_off()
    # A letter in a sentence: what is executed stays what it was.
    at = rig.pico.store.content.find(b"console left, the pump goes on")
    assert at > 0
    rig.pico.store.content[at] ^= 1
    rig.power_on()
    rig.run_s(70)
    status = rig.pump.status()
    assert status.state == "halted"
    assert "self_test_failed" in {code for code, _ in status.alarms}
