"""The buttons of the board, pressed on the image as shipped."""

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core.modes import Demand
from pump.core.press import HOLD_MS
from titrate.virtual.pico import MS, SECOND

# boards/pico_tmc2209
BUTTON_BOLUS_GPIO, BUTTON_STOP_GPIO, BUTTON_PAIR_GPIO = 14, 15, 22
DEMAND_NL, DEMAND_S = 1000, 2
STEPS_PER_S = 100
STUCK_S = 60  # GIP v1.0, 2.3
TICKS_WRAP_NS = 2**30 * MS  # MicroPython's ticks_ms()


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that runs, with a demand bolus in its programme, and whose ticks wrap in 3 min."""
    rig = new_rig(up_us=(TICKS_WRAP_NS - 180 * SECOND) // 1000)
    demand = Demand((DEMAND_NL, 1), DEMAND_S, 60, 3600, 3)
    rig.set_up(programme(days=(((0, rate_for(STEPS_PER_S)),),), demand=demand))
    rig.start()
    rig.run_s(1)
    return rig


def press(rig, gpio, for_ms):
    """Press a button that bounces, and release it."""
    for level, ms in ((0, 3), (1, 2), (0, for_ms), (1, 2), (0, 2), (1, 100)):
        rig.pico.set_input(gpio, level)
        rig.pico.run_for(ms * MS)


def go_on(rig):
    """Resume a pump that a button has paused, and wait until it delivers."""
    if rig.pump.status().state == "paused":
        rig.pump.resume()
        rig.run_s(3)


def as_prescribed(rig, from_ns):
    """The steps of the basal rate from a time until now, two more or less."""
    delivered_nl = rate_for(STEPS_PER_S)[0] * (rig.pico.now_ns - from_ns) / (3600 * SECOND)
    return pytest.approx(delivered_nl / rig.prescription.microstep_nl, abs=2)


@pytest.mark.fault("F2")
def test_the_bolus_button_gives_the_demand_bolus_once_and_is_heard_when_locked_out(rig):
    before = rig.pump.status()
    edges, from_ns = len(rig.pico.step_edges), rig.pico.now_ns
    press(rig, BUTTON_BOLUS_GPIO, 150)
    running = rig.pump.status()
    assert DEMAND_NL - running.bolus_remaining_nl < DEMAND_NL / 2
    assert running.demand_in_s >= 58
    rig.run_s(DEMAND_S + 1)
    press(rig, BUTTON_BOLUS_GPIO, 80)
    assert rig.tones_hz(300)
    after = rig.pump.status()
    assert after.bolus_remaining_nl == 0
    demanded = int(DEMAND_NL / rig.prescription.microstep_nl)
    assert len(rig.pico.step_edges) - edges - demanded == as_prescribed(rig, from_ns)
    given = [entry.code for entry in rig.pump.log(count=12)].count("demand")
    assert (before.state, after.state, given) == ("running", "running", 1)
    assert dict(after.alarms).keys() <= {"dose_limit"}


@pytest.mark.hazard("H19")
def test_the_stop_button_pauses_when_it_is_held_for_three_seconds(rig):
    press(rig, BUTTON_STOP_GPIO, 2500)
    assert rig.pump.status().state == "running"
    press(rig, BUTTON_STOP_GPIO, 3300)
    assert rig.pump.status().state == "paused"


@pytest.mark.fault("F1")
@pytest.mark.hazard("H19")
def test_a_stuck_button_is_told(rig):
    go_on(rig)
    edges, from_ns = len(rig.pico.step_edges), rig.pico.now_ns
    rig.pico.set_input(BUTTON_PAIR_GPIO, 0)
    rig.run_s(STUCK_S - 1)
    rig.connect()
    assert "stuck_button" not in dict(rig.pump.status().alarms)
    rig.pico.run_for(from_ns + int((STUCK_S + 0.1) * SECOND) - rig.pico.now_ns)
    rig.connect()
    assert ("stuck_button", "low") in rig.pump.status().alarms
    assert len(rig.pico.step_edges) - edges == as_prescribed(rig, from_ns)
    rig.pico.set_input(BUTTON_PAIR_GPIO, 1)
    rig.run_s(1)
    rig.connect()
    assert "stuck_button" not in dict(rig.pump.status().alarms)


@pytest.mark.fault("F10")
@pytest.mark.hazard("H5")
def test_while_ticks_wrap_delivery_goes_on_and_a_button_that_is_held_pauses(rig):
    go_on(rig)
    wraps_ns = rig.pico.now_ns + TICKS_WRAP_NS - rig.timer_us() * 1000
    rig.pico.run_for(wraps_ns - SECOND - rig.pico.now_ns)
    edges, from_ns = len(rig.pico.step_edges), rig.pico.now_ns
    rig.pico.set_input(BUTTON_STOP_GPIO, 0)
    rig.pico.run_for(HOLD_MS * MS)
    assert len(rig.pico.step_edges) - edges == as_prescribed(rig, from_ns)
    rig.run_s(0.1)
    rig.pico.set_input(BUTTON_STOP_GPIO, 1)
    rig.run_s(0.1)
    assert int(rig.on_device("import time\nprint(time.ticks_ms())")) < 10_000
    rig.connect()
    assert rig.pump.status().state == "paused"
