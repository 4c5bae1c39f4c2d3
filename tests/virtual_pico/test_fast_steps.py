"""Fast steps on the image as shipped: 1,000 a second for a basal rate, 10,000 for a prime."""

from itertools import pairwise

import pytest
from pump_rig import PumpRig, programme, rate_for

POLLS = 20


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that has been programmed."""
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(1000)),),)))
    return rig


def test_1000_steps_a_second_are_exact_while_the_console_is_polled_at_10_hz(rig):
    rig.start()
    rig.run_s(0.5)
    for _ in range(POLLS):
        next_ns = rig.pico.now_ns + 100_000_000
        status = rig.pump.status()
        assert (status.state, status.alarms) == ("running", [])
        rig.pico.run_for(max(0, next_ns - rig.pico.now_ns))
    rig.check_exact()
    assert len(rig.edges_ns) >= 1000 * POLLS // 10


def test_a_prime_at_10000_steps_a_second_is_exact(rig):
    rig.stop()
    rig.run_s(3)
    rate_nl_per_h = rate_for(10_000)[0]
    steps = len(rig.edges_ns)
    rig.prime(16_000, rate_nl_per_h)
    rig.run_s(3.5)
    rig.check_exact()
    made = len(rig.edges_ns) - steps
    assert made > 11_000
    # It has a ramp: no rate differs by half of the 2000 steps/s that the motor follows from rest
    # from the one before it, and a little, for an edge comes up to a microsecond late.
    rates = [1e9 / (b - a) for a, b in pairwise(rig.edges_ns[steps:])]
    assert 9_900 < max(rates) < 10_200
    assert abs(rates[0] - 2000) < 10
    assert max(abs(b - a) for a, b in pairwise(rates)) < 1200
    assert abs(made * rig.prescription.microstep_nl - 16_000) < rig.prescription.microstep_nl
    assert rig.pump.status().state == "stopped"
    rig.check_counts()


@pytest.mark.parametrize("milliseconds", (100, 220, 340))
def test_a_prime_is_over_within_half_a_second_of_its_last_step(rig, milliseconds):
    before = len(rig.edges_ns)
    steps = milliseconds * 200 // 1000
    rig.prime(steps * rig.prescription.microstep_nl // 1 + 1, rate_for(200)[0])
    rig.pico.run_until(lambda: len(rig.edges_ns) == before + steps, 3_000_000_000)
    rig.run_s(0.5)
    assert rig.pump.status().state == "stopped"
    rig.check_exact()
