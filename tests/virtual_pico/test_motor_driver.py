"""The firmware with a TMC2209 at its pins: set up, counted with, asked how it is. All other tests
here are without one, see test_injected_faults.py.

The driver is the emulated one, register by register; what it counts are the edges on STEP.
"""

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.virtual.devices.tmc2209 import (
    CHOPCONF,
    DRV_STATUS,
    GCONF,
    GSTAT,
    HOT,
    IHOLD_IRUN,
    MSCNT,
    SGTHRS,
    SHORT_TO_GROUND_A,
    TCOOLTHRS,
    TPOWERDOWN,
    Tmc2209,
)
from titrate.virtual.pico import MS, SECOND

STEPS_PER_S = 5
SLOW = programme(days=(((0, rate_for(STEPS_PER_S)),),))
# Within so long the driver is asked, and asked again to make sure: see driver_watch.py.
LOOK_S, SURE_S = 20, 24


class DrivenPump:
    """A pump that runs at 5 steps a second, and its driver.

    Attributes:
        rig: the PumpRig.
        driver: the Tmc2209 at its pins.
    """

    def __init__(self, uf2):
        self.rig = PumpRig(uf2)
        self.driver = Tmc2209(self.rig.pico)
        self.rig.power_on()
        self.at_boot = dict(self.driver.registers)
        self.rig.set_up(SLOW)
        self.rig.start()
        self.rig.run_s(2)

    def status(self):
        return self.rig.pump.status()

    def stop(self):
        """Stops, and waits until what was in hand has been stepped and the driver was asked."""
        self.rig.pump.ask("stop")
        self.rig.run_s(6)

    def until_halted(self, limit_s):
        """Lets time pass until no edge has come for a second; returns when the last did, in s."""
        pico = self.rig.pico
        begun_ns = pico.now_ns

        def is_still():
            return pico.now_ns - pico.step_edges[-1][0] > SECOND

        assert pico.run_until(is_still, limit_s * SECOND, 100 * MS)
        return (pico.step_edges[-1][0] - begun_ns) / SECOND

    def mend(self):
        """Nothing is wrong with the driver any more, and the pump runs."""
        self.driver.answers = True
        self.driver.stalled = False
        self.driver.faults = 0
        status = self.status()
        if status.state != "running":
            self.stop()
            self.rig.pump.ask("acknowledge", code="all")
            self.rig.pump.ask("start")
        elif status.alarms:
            self.rig.pump.ask("acknowledge", code="all")


@pytest.fixture(scope="module")
def running(uf2):
    pump = DrivenPump(uf2)
    yield pump
    pump.rig.pico.power_off()


@pytest.fixture
def driven(running):
    yield running
    running.mend()


def faults(rig):
    return [entry.detail for entry in rig.pump.log(count=1, faults=True)]


def test_the_driver_is_set_up_at_boot_as_the_board_declares(driven):
    """The registers by hand, see tests/portable/test_tmc2209.py; in the device itself."""
    registers = driven.at_boot
    assert registers[GCONF] == 1 << 6 | 1 << 7 | 1 << 8
    assert registers[IHOLD_IRUN] == 1 << 16 | 21 << 8 | 10
    assert registers[TPOWERDOWN] == 20
    assert registers[CHOPCONF] == 1 << 28 | 4 << 24 | 1 << 17 | 5 << 4 | 3
    assert registers[TCOOLTHRS] == 234
    assert registers[SGTHRS] == 10
    assert driven.driver.read(GSTAT) == 0


@pytest.mark.hazard("H1", "H4", "H27")
def test_it_is_asked_every_20_s_counts_as_the_pump_does_and_moves_no_edge(driven):
    rig, driver = driven.rig, driven.driver
    driver.reads.clear()
    driver.writes.clear()
    before = driver.read(MSCNT)
    edges = len(rig.pico.step_edges)
    rig.run_s(3 * LOOK_S)
    assert driver.reads == [GSTAT, DRV_STATUS, MSCNT] * 3
    assert driver.writes == []
    stepped = len(rig.pico.step_edges) - edges
    assert stepped == 3 * LOOK_S * STEPS_PER_S
    # DIR is high while the plunger goes in, and the device counts down then.
    assert (before - driver.read(MSCNT)) % 1024 == stepped * 16 % 1024
    status = driven.status()
    assert (status.driver, status.alarms) == ("TMC2209", [])
    rig.check_exact()


def test_an_answer_with_a_wrong_check_sum_is_asked_for_again(driven):
    driven.driver.spoilt = 1
    driven.driver.reads.clear()
    driven.rig.run_s(LOOK_S)
    assert driven.driver.reads == [GSTAT, GSTAT, DRV_STATUS, MSCNT]
    driven.rig.check_exact()


@pytest.mark.hazard("H3", "H27")
def test_a_driver_that_falls_silent_is_told_and_moves_no_edge(driven):
    driven.driver.answers = False
    driven.rig.run_s(LOOK_S + 6)
    status = driven.status()
    assert (status.state, status.alarms) == ("running", [("driver_silent", "medium")])
    assert status.driver == "TMC2209 silent"
    assert "driver_silent" in faults(driven.rig)[-1]
    driven.driver.answers = True
    driven.rig.run_s(LOOK_S)
    status = driven.status()
    assert (status.driver, status.alarms) == ("TMC2209", [])
    driven.rig.check_exact()


@pytest.mark.hazard("H4", "H27")
def test_a_driver_that_was_reset_is_set_up_again_and_told(driven):
    before = dict(driven.driver.registers)
    driven.driver.reset()
    assert driven.driver.registers != before
    driven.rig.run_s(LOOK_S)
    assert driven.driver.registers == before
    status = driven.status()
    assert (status.state, status.alarms) == ("running", [("driver_reset", "medium")])
    assert "driver_reset" in faults(driven.rig)[-1]
    logged = [entry.detail for entry in driven.rig.pump.log(count=2) if entry.code == "driver"]
    assert logged[-1] == "what=the driver was reset and set up again"
    driven.rig.pump.ask("acknowledge", code="all")
    # What MSCNT starts anew from after a reset is not taken for steps that are missing.
    driven.rig.run_s(SURE_S)
    assert driven.status().alarms == []
    driven.rig.check_exact()


@pytest.mark.hazard("H4", "H27")
def test_steps_that_do_not_reach_the_driver_stop_the_pump(driven):
    driven.driver.misses = 3
    assert driven.until_halted(60) < LOOK_S + 4
    status = driven.status()
    assert (status.state, status.alarms) == ("halted", [("step_mismatch", "high")])
    # The witness on the STEP pin saw them all.
    assert status.witnessed == status.stepped
    assert faults(driven.rig)[-1].endswith("the driver missed 3")


@pytest.mark.hazard("H2", "H27")
@pytest.mark.parametrize(
    ("bits", "code", "words"),
    [
        (HOT, "over_temperature", "hot, above 120 C"),
        (SHORT_TO_GROUND_A, "driver_fault", "short to ground, coil A"),
    ],
)
def test_a_fault_of_the_driver_stops_the_pump(driven, bits, code, words):
    """What has switched the outputs off shows at DIAG at once, a warning at the next look."""
    driven.driver.faults = bits
    # What is committed may take 1.4 s to be stepped after the warning.
    limit_s = LOOK_S + 4 if bits == HOT else 0.3
    assert driven.until_halted(60) < limit_s
    status = driven.status()
    assert (status.state, status.alarms) == ("halted", [(code, "high")])
    assert words in faults(driven.rig)[-1]
    logged = [entry.detail for entry in driven.rig.pump.log(count=2)]
    assert any(f"alarm={code} " in detail for detail in logged)


@pytest.mark.hazard("H4", "H27")
def test_a_stall_in_fast_motion_stops_the_pump_within_20_ms(driven):
    """StallGuard from one turn a second on, which is 3200 microsteps; here 4000 of a prime."""
    rig, driver = driven.rig, driven.driver
    driven.stop()
    rate = rate_for(4000)[0]
    rig.pump.ask("prime", volume="100 uL", rate=f"{rate} nL/h")
    rig.run_s(1)
    assert rig.pico.step_edges[-1][0] > rig.pico.now_ns - MS
    driver.stalled = True
    assert driven.until_halted(5) < 0.02
    status = driven.status()
    assert (status.state, status.alarms) == ("halted", [("stall", "high")])
    assert faults(rig)[-1] == "code=stall detail=the driver saw the motor stall"


@pytest.mark.hazard("H1", "H8", "H27")
def test_other_microsteps_are_set_in_the_driver_and_stay_over_a_reset_of_the_pico(driven):
    rig = driven.rig
    driven.stop()
    # A gear of 1 in the place of 4: the same volume a step.
    rig.change(programme(microsteps=64, gear=(1, 1), days=SLOW.days))
    rig.pump.ask("start")
    rig.run_s(1)
    # MRES 2 is 64 microsteps.
    assert driven.driver.registers[CHOPCONF] >> 24 & 15 == 2
    assert driven.driver.microsteps == 64
    rig.on_device("pass", soft_reset=True)
    rig.connect()
    rig.run_s(SURE_S)
    status = driven.status()
    assert (status.state, status.alarms, status.driver) == ("running", [], "TMC2209")
    assert driven.driver.microsteps == 64
