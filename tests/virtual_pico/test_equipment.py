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
STEPS_PER_S = 25
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

    def alarms(self) -> set[str]:
        """Codes of the active alarms."""
        return set(dict(self.rig.pump.status().alarms))

    def last_fault(self) -> str:
        """The newest entry of the fault log."""
        (entry,) = self.rig.pump.log(count=1, faults=True)
        return entry.detail

    def stopped_after_ms(self, limit_s: int) -> float:
        """Run until the driver is switched off; how long that took, and that no step follows."""
        from_ns = self.rig.pico.now_ns
        is_off = lambda: self.rig.pico.output(ENABLE_N_GPIO) == 1  # noqa: E731
        assert self.rig.pico.run_until(is_off, limit_s * SECOND)
        off_ns = self.enable[-1][0]
        edges = len(self.rig.pico.step_edges)
        self.rig.run_s(1)
        assert len(self.rig.pico.step_edges) == edges
        assert self.rig.pico.step_edges[-1][0] < off_ns
        return (off_ns - from_ns) / MS

    def go_on(self) -> None:
        """Acknowledge, stop, start; the pump delivers again and has counted right."""
        pump = self.rig.pump
        pump.acknowledge("all")
        pump.stop()
        status = pump.status()
        assert status.alarms == []
        assert status.stepped == status.witnessed == len(self.rig.pico.step_edges)
        assert pump.start() == "running"
        self.rig.run_s(1)


@pytest.fixture(scope="module")
def wired(new_rig, root) -> Wired:
    """With nothing confirmed and nothing wired, a pump raises nothing; then all is fitted."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(STEPS_PER_S)),),)))
    # Nothing holds the pins of what is not there; the supply reads as 0 V.
    rig.start()
    rig.run_s(65)
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
    assert rig.pump.status().equipment == found.equipment.name
    assert wired.alarms() == set()
    rig.check_exact()
    return wired


def test_readings_are_what_is_at_the_pins(wired):
    wired.home.open()
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
def test_the_end_of_travel_stops_at_once_within_50_ms_and_bounces_are_one_alarm(wired):
    from_ns = wired.rig.pico.now_ns
    wired.end.open()
    bounced_ms = (wired.rig.pico.now_ns - from_ns) / MS
    assert wired.stopped_after_ms(1) + bounced_ms < 50
    assert wired.alarms() == {"end_of_travel"}
    assert wired.rig.pump.status().state == "halted"
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
    assert wired.alarms() == {"syringe_removed"}
    assert "no syringe lies in its clamp" in wired.last_fault()
    wired.syringe = Switch(wired.rig.pico, SYRINGE_PRESENT_GPIO, is_closed=True)
    wired.rig.run_s(1)
    wired.go_on()


@pytest.mark.hazard("H25")
def test_a_force_above_the_limit_is_an_occlusion_within_100_steps_and_two_looks(wired):
    wired.press(OCCLUSION_N + 1)
    # 100 steps at 25 a second are 4 s; looks are 2 s apart, and the second reading takes one more.
    assert wired.stopped_after_ms(9) < 8_500
    assert wired.alarms() == {"occlusion"}
    assert "plunger force 31" in wired.last_fault()
    wired.press(5)
    wired.rig.run_s(12)
    wired.go_on()


@pytest.mark.hazard("H25")
def test_a_sensor_that_is_silent_or_stuck_is_told_and_delivery_goes_on(wired):
    for fail, cause in (
        (wired.cell.silence, "does not answer"),
        (wired.cell.stick, "stuck low"),
    ):
        fail()
        wired.rig.run_s(18)
        assert wired.alarms() == {"sensor_failing"}
        assert cause in wired.last_fault()
        assert wired.rig.pump.status().state == "running"
        wired.cell.mend()
        wired.rig.run_s(12)
        assert wired.alarms() == set()


@pytest.mark.hazard("H26")
def test_a_supply_that_sags_is_told_and_one_that_is_used_up_stops(wired):
    wired.supply.set_mv(10_900)
    wired.rig.run_s(61)
    assert wired.alarms() == {"supply_low"}
    assert wired.rig.pump.status().state == "running"
    wired.supply.set_mv(9_900)
    wired.rig.run_s(61)
    assert wired.alarms() == {"supply_low", "supply_depleted"}
    assert wired.rig.pump.status().state == "halted"
    edges = len(wired.rig.pico.step_edges)
    wired.supply.set_mv(12_000)
    wired.rig.run_s(61)
    assert len(wired.rig.pico.step_edges) == edges
    wired.go_on()


@pytest.mark.hazard("H26")
def test_a_hot_chip_stops_and_must_cool_down_first(wired):
    wired.rig.pico.set_chip_temperature(72)
    wired.rig.run_s(61)
    assert wired.alarms() == {"over_temperature"}
    assert wired.rig.pump.status().state == "halted"
    assert "limit 70 C" in wired.last_fault()
    wired.rig.pico.set_chip_temperature(60)
    wired.rig.run_s(61)
    wired.go_on()


def test_after_a_power_cut_the_same_equipment_is_watched(wired):
    rig = wired.rig
    name = rig.pump.status().equipment
    rig.pico.power_off()
    rig.power_on()
    wired.cell = Hx711(rig.pico, HX711_DATA_GPIO, HX711_CLOCK_GPIO)
    status = rig.pump.status()
    assert (status.state, status.equipment) == ("running", name)
    wired.end.open()
    assert wired.stopped_after_ms(1) < 50
    assert "end_of_travel" in wired.alarms()
