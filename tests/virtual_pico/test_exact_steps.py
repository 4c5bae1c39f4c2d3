"""The image as shipped, undisturbed: each STEP edge against the exact prescription."""

import pytest
from pump_rig import NOW_S, PumpRig, programme, rate_for

from titrate.simulation import simulate
from titrate.simulation.edges import edge_ticks

BASAL = (25_000, 1)  # 0.6 mL/day


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that has run a basal rate of 0.6 mL/day for 40 s; the tests go on from there."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, BASAL),),)))
    rig.start()
    rig.run_s(40)
    return rig


@pytest.mark.hazard("H12")
def test_every_edge_of_a_basal_rate_is_exact(rig):
    rig.check_exact()
    assert len(rig.edges_ns) > 200


def test_cpython_makes_the_same_steps_to_the_tick(rig):
    found = simulate(rig.prescription.programme, 0, 45, fill_nl=1_000_000)
    first_ns, *edges_ns = rig.edges_ns
    first_tick, *ticks = edge_ticks(found)[: len(rig.edges_ns)]
    assert [t_ns - first_ns for t_ns in edges_ns] == [8 * (tick - first_tick) for tick in ticks]


def test_a_bolus_comes_exactly_on_top(rig):
    steps = len(rig.edges_ns)
    rig.bolus(2000, 10)
    rig.run_s(12)
    rig.check_exact()
    assert len(rig.edges_ns) - steps > 1500


def test_a_pause_carries_the_remainder_of_a_step(rig):
    rig.pause()
    rig.run_s(2.3)
    rig.check_counts()
    rig.resume()
    rig.run_s(5)
    rig.check_exact()


def test_the_schedule_changes_the_rate_at_its_second(rig):
    """With no more committed than one second of the highest rate."""
    now_s = rig.pump.clock().clock_s % 86_400
    assert NOW_S < now_s < NOW_S + 300
    day = (0, BASAL), (now_s + 15, rate_for(990)), (now_s + 18, BASAL)
    rig.change(programme(days=(day,), max_rate_nl_per_h=rate_for(1000), commit_ahead_nl=1400))
    steps = len(rig.edges_ns)
    rig.run_s(22)
    rig.check_exact()
    assert len(rig.edges_ns) - steps > 2970
    assert rig.pump.status().alarms == []


def test_the_pump_has_counted_every_edge_twice(rig):
    rig.stop()
    rig.run_s(2)
    rig.check_exact()
    rig.check_counts()


def test_a_start_keeps_its_microsecond_whenever_an_interrupt_wakes_its_sleep(rig):
    """One that comes in a sleep's last millisecond has MicroPython sleep for another whole one."""
    missed = rig.on_device(
        """
import machine
timer = machine.Timer(-1)
missed = []

def start_at_every_phase():
    for phase in range(24):
        c.generator.ring.clear()
        at_ticks = c.pump_clock.now_ticks() + 125 * (22000 + 83 * phase)
        timer.init(period=20, mode=machine.Timer.ONE_SHOT, callback=lambda timer: None)
        if c.generator.start(at_ticks) is not None:
            missed.append(phase)
        c.generator.stop()

run(start_at_every_phase)
print(missed)
"""
    )
    assert missed.split() == ["[]"]
