"""Fast steps on the image as shipped: 1,000 a second for a basal rate, 10,000 for a prime."""

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
    rig.run_s(3)
    rig.check_exact()
    made = len(rig.edges_ns) - steps
    assert made > 11_000
    assert abs(made * rig.prescription.microstep_nl - 16_000) < rig.prescription.microstep_nl
    assert rig.pump.status().state == "stopped"
    rig.check_counts()
