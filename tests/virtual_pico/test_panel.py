"""The buttons of the board, pressed on the image as shipped."""

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core.modes import Demand
from titrate.virtual.pico import MS

# boards/pico_tmc2209
BUTTON_BOLUS_GPIO, BUTTON_STOP_GPIO, BUZZER_GPIO = 14, 15, 13
DEMAND_NL, DEMAND_S = 1000, 2


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that runs, with a demand bolus in its programme."""
    rig = new_rig()
    demand = Demand((DEMAND_NL, 1), DEMAND_S, 60, 3600, 3)
    rig.set_up(programme(days=(((0, rate_for(100)),),), demand=demand))
    rig.start()
    rig.run_s(1)
    return rig


def press(rig, gpio, for_ms):
    """Press a button that bounces, and release it."""
    for level, ms in ((0, 3), (1, 2), (0, for_ms), (1, 2), (0, 2), (1, 100)):
        rig.pico.set_input(gpio, level)
        rig.pico.run_for(ms * MS)


def tones_hz(rig, ms):
    """What the buzzer plays."""
    heard = set()
    for _ in range(ms // 5):
        rig.pico.run_for(5 * MS)
        heard.add(round(rig.pico.pwm_hz(BUZZER_GPIO)))
    return heard - {0}


@pytest.mark.fault("F2")
def test_the_bolus_button_gives_the_demand_bolus_once_and_is_heard_when_locked_out(rig):
    before = rig.pump.status()
    press(rig, BUTTON_BOLUS_GPIO, 150)
    running = rig.pump.status()
    assert DEMAND_NL - running.bolus_remaining_nl < DEMAND_NL / 2
    assert running.demand_in_s >= 58
    rig.run_s(DEMAND_S + 1)
    press(rig, BUTTON_BOLUS_GPIO, 80)
    assert tones_hz(rig, 300)
    after = rig.pump.status()
    assert after.bolus_remaining_nl == 0
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
    rig.pico.set_input(BUTTON_BOLUS_GPIO, 0)
    rig.run_s(70)
    rig.connect()
    assert ("stuck_button", "low") in rig.pump.status().alarms
    rig.pico.set_input(BUTTON_BOLUS_GPIO, 1)
    rig.run_s(1)
    rig.connect()
    assert "stuck_button" not in dict(rig.pump.status().alarms)
