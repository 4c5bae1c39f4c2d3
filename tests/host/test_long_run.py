"""Days of a pump's life with everything that may befall it; long_run.py runs a month."""

import pytest
from long_run import LongRun

from pump.core import ratio
from pump.core.delivery import Delivery
from pump.core.requests import RequestMemory

HAPPENINGS = {"bolus", "bad_lines", "soft_reset", "watchdog", "power cuts", "other_programme"}


@pytest.mark.fault("F13", "F14", "F17")
@pytest.mark.hazard("H8", "H9", "H12", "H13", "H14", "H22")
@pytest.mark.parametrize("seed", (1, 11))
def test_what_is_delivered_is_what_was_prescribed_less_what_was_interrupted(seed):
    """Hosts on bad lines, resets, power cuts at any flash operation: every step accounted for."""
    run = LongRun(seed)
    run.run(days=2)
    assert set(run.counts) >= HAPPENINGS
    assert run.bench.made() > 10_000


def test_a_pump_that_drops_what_it_owes_of_a_step_is_found_out(monkeypatch):
    real = Delivery.advance

    def losing(self, ticks):
        real(self, ticks)
        self.remainder = ratio.ZERO

    monkeypatch.setattr(Delivery, "advance", losing)
    with pytest.raises(AssertionError):
        LongRun(1).run(days=1)


def test_a_pump_that_forgets_its_requests_is_found_out(monkeypatch):
    monkeypatch.setattr(RequestMemory, "outcome_of", lambda self, request_id: None)
    with pytest.raises(AssertionError):
        LongRun(1).run(days=1)
