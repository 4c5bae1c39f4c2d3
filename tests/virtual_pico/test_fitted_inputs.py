"""Switches, supply, chip and force sensor on the image as shipped: alarm, delay, steps, log."""

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core.equipment import canonical_text
from titrate.equipment import load_equipment
from titrate.virtual.devices.hx711 import Hx711
from titrate.virtual.devices.supply import Supply
from titrate.virtual.devices.switch import Switch
from titrate.virtual.pico import MS, SECOND

# boards/pico_tmc2209
ENABLE_N_GPIO, SYRINGE_PRESENT_GPIO, LIMIT_END_GPIO, LIMIT_HOME_GPIO = 4, 6, 20, 21
HX711_DATA_GPIO, HX711_CLOCK_GPIO, SUPPLY_ADC_GPIO = 18, 19, 26
SUPPLY_DIVIDER = (11, 1)
STEPS_PER_S = 5
# boards/pico_tmc2209/equipment.toml: 107,000 counts for 9.81 N above 8,400,000, 30 N at most.
ZERO, COUNTS_PER_N, OCCLUSION_N = 8_400_000 - (1 << 23), 107_000 / 9.81, 30


class Wired:
    """A pump with everything fitted that can be, delivering.

    Attributes:
        rig: the PumpRig.
        end, home, syringe, supply, cell: what is wired to it.
    """

    def __init__(self, rig: PumpRig):
        self.rig = rig
        self.end = Switch(rig.pico, LIMIT_END_GPIO, is_closed=True)
        self.home = Switch(rig.pico, LIMIT_HOME_GPIO, is_closed=True)
        self.syringe = Switch(rig.pico, SYRINGE_PRESENT_GPIO, is_closed=True)
        self.supply = Supply(rig.pico, SUPPLY_ADC_GPIO, SUPPLY_DIVIDER, 12_000)
        self.cell = Hx711(rig.pico, HX711_DATA_GPIO, HX711_CLOCK_GPIO)
        self.enable = rig.pico.record_edges(ENABLE_N_GPIO)
        self.press(5)

    def press(self, newtons: float) -> None:
        """Push on the load cell."""
        self.cell.counts = round(ZERO + newtons * COUNTS_PER_N)

    def halted_by(self) -> set[str]:
        """Codes of the active alarms of a pump that they have halted."""
        status = self.rig.pump.status()
        assert status.state == "halted"
        return set(dict(status.alarms))

    def last_fault(self) -> str:
        """The newest entry of the fault log."""
        (entry,) = self.rig.pump.log(count=1, faults=True)
        return entry.detail

    def is_off(self) -> bool:
        """Whether the driver is switched off."""
        return self.rig.pico.output(ENABLE_N_GPIO) == 1

    def stopped_after_ms(self, limit_s: int) -> float:
        """Run until the driver is switched off; how long that took, and that no step follows."""
        from_ns = self.rig.pico.now_ns
        assert self.rig.pico.run_until(self.is_off, limit_s * SECOND)
        off_ns = self.enable[-1][0]
        edges = len(self.rig.pico.step_edges)
        self.rig.run_s(1)
        assert len(self.rig.pico.step_edges) == edges
        assert self.rig.pico.step_edges[-1][0] < off_ns
        return (off_ns - from_ns) / MS

    def go_on(self) -> None:
        """Acknowledge, stop, start; the pump has counted right and delivers again."""
        pump = self.rig.pump
        pump.acknowledge("all")
        pump.stop()
        status = pump.status()
        assert status.alarms == []
        assert status.stepped == status.witnessed == len(self.rig.pico.step_edges)
        assert pump.start() == "running"


@pytest.fixture(scope="module")
def wired(new_rig, root) -> Wired:
    """With nothing confirmed and nothing wired, a pump raises nothing; then all is fitted."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(STEPS_PER_S)),),)))
    # Nothing holds the pins of what is not there; the supply reads as 0 V.
    rig.start()
    rig.run_s(27)
    status = rig.pump.status()
    assert (status.state, status.alarms, status.equipment) == ("running", [], "none")
    assert rig.pump.hello.equipment == "none"
    rig.check_exact()
    wired = Wired(rig)
    rig.run_s(1)
    found = load_equipment(root / "boards/pico_tmc2209/equipment.toml")
    review = rig.pump.propose_equipment(canonical_text(found.equipment))
    assert review.digest == found.digest
    rig.pump.confirm(review.digest)
    rig.run_s(2)
    status = rig.pump.status()
    assert (status.equipment, status.alarms) == (found.equipment.name, [])
    rig.check_exact()
    return wired


def test_readings_are_what_is_at_the_pins(wired):
    wired.home.open()
    wired.rig.pico.run_for(30 * MS)
    found = {each.input: each for each in wired.rig.pump.readings()}
    assert all(each.fitted for name, each in found.items() if name != "force_adc")
    assert found["limit_home"].reading == "reached"
    assert found["limit_end"].reading == "clear"
    assert found["syringe_switch"].reading == "syringe"
    # One count of the converter behind the divider is 8.9 mV.
    assert abs(int(found["supply"].reading) - 12_000) <= 9
    assert int(found["chip_temperature"].reading) == 27
    assert int(found["force_hx711"].reading) - (1 << 23) == wired.cell.counts
    assert abs(int(found["force"].reading) - 5_000) <= 1
    wired.home.close()
    assert wired.cell.power_downs == 0


@pytest.mark.hazard("H25")
def test_a_sensor_that_is_silent_or_stuck_is_told_and_delivery_goes_on(wired):
    wired.cell.silence()
    readings = {each.input: each.reading for each in wired.rig.pump.readings()}
    assert readings["force_hx711"] == "no reading"
    wired.cell.stick()
    wired.rig.run_s(22)
    status = wired.rig.pump.status()
    assert (status.state, dict(status.alarms).keys()) == ("running", {"sensor_failing"})
    assert "the force sensor's data line is stuck low" in wired.last_fault()
    wired.cell.mend()
    wired.rig.run_s(22)
    assert wired.rig.pump.status().alarms == []


@pytest.mark.hazard("H25")
def test_the_end_of_travel_stops_at_once_within_50_ms_and_bounces_are_one_alarm(wired):
    from_ns = wired.rig.pico.now_ns
    wired.end.open()
    bounced_ms = (wired.rig.pico.now_ns - from_ns) / MS
    assert wired.stopped_after_ms(1) + bounced_ms < 50
    assert wired.halted_by() == {"end_of_travel"}
    assert "the switch at the empty end was reached" in wired.last_fault()
    codes = [entry.detail for entry in wired.rig.pump.log(count=5) if entry.code == "alarm_raised"]
    assert sum("end_of_travel" in detail for detail in codes) == 1
    wired.end.close()
    wired.rig.run_s(1)
    wired.go_on()


@pytest.mark.hazard("H25")
def test_a_broken_wire_of_the_syringes_switch_is_a_syringe_removed(wired):
    wired.syringe.cut()
    assert wired.stopped_after_ms(1) < 50
    assert wired.halted_by() == {"syringe_removed"}
    assert "no syringe lies in its clamp" in wired.last_fault()
    wired.syringe = Switch(wired.rig.pico, SYRINGE_PRESENT_GPIO, is_closed=True)
    wired.rig.run_s(1)
    wired.go_on()


@pytest.mark.hazard("H25")
def test_a_force_above_the_limit_is_an_occlusion_within_twenty_seconds_and_two_looks(wired):
    wired.press(OCCLUSION_N + 1)
    # It is read each 20 s, looks are 2 s apart, and the second reading takes one more.
    assert wired.stopped_after_ms(25) <= 24_000
    assert wired.halted_by() == {"occlusion"}
    assert "plunger force 30999 mN, limit 30000 mN" in wired.last_fault()
    wired.press(5)
    wired.rig.run_s(22)
    wired.go_on()


@pytest.mark.hazard("H26")
def test_a_supply_that_is_used_up_and_a_hot_chip_are_told_within_a_minute_and_stop(wired):
    wired.supply.set_mv(9_900)
    wired.rig.pico.set_chip_temperature(72)
    assert wired.stopped_after_ms(62) <= 62_000
    assert wired.halted_by() == {"supply_low", "supply_depleted", "over_temperature"}
    faults = [entry.detail for entry in wired.rig.pump.log(count=3, faults=True)]
    # One count of the converter is 9 mV, and half a degree.
    for found, cause in zip(
        faults, ("limit 10000 mV", "limit 11000 mV", "limit 70 C"), strict=True
    ):
        assert cause in found
    assert "the supply is at 9" in faults[0]
    assert "the chip is at 7" in faults[2]
