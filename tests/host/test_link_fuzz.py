"""As many lines of random traffic as the tests have time for; link_fuzz.py runs a million."""

import pytest
from link_fuzz import Fuzz

from pump.core.lock import Lock
from pump.core.requests import RequestMemory

LINES = 12_000


@pytest.mark.fault("F17")
@pytest.mark.hazard("H13", "H14")
@pytest.mark.parametrize("seed", range(5))
def test_bad_lines_two_hosts_and_a_host_that_dies_change_nothing_that_was_not_asked_for(seed):
    fuzz = Fuzz(seed)
    fuzz.run(LINES // 3)
    before = fuzz.blocks()
    fuzz.run(LINES - LINES // 3)
    # What a pump keeps of requests, alarms and sectors is bounded.
    assert fuzz.blocks() < 1.05 * before
    assert fuzz.damaged > LINES // 5
    assert fuzz.changed > LINES // 50
    assert fuzz.boluses > LINES // 200


def test_a_pump_that_forgets_its_requests_is_found_out(monkeypatch):
    monkeypatch.setattr(RequestMemory, "outcome_of", lambda self, request_id: None)
    with pytest.raises(AssertionError, match="given twice"):
        for seed in range(5):
            Fuzz(seed).run(LINES)


@pytest.mark.fault("F17", "F18")
@pytest.mark.hazard("H13", "H14", "H24")
@pytest.mark.parametrize("seed", range(2))
def test_on_a_locked_pump_nothing_changes_without_a_valid_code_and_no_secret_is_told(seed):
    """Codes are worked out a second time, with CPython's own HMAC-SHA-256."""
    fuzz = Fuzz(seed, is_locked=True)
    fuzz.run(LINES // 3)
    before = fuzz.blocks()
    fuzz.run(LINES - LINES // 3)
    assert fuzz.blocks() < 1.05 * before
    assert fuzz.changed > LINES // 100
    assert fuzz.boluses > 10
    # Wrong ones are told, and slowed.
    assert fuzz.wrong > 20
    assert fuzz.closed > 20


def test_a_lock_that_lets_everything_through_is_found_out(monkeypatch):
    monkeypatch.setattr(Lock, "require", lambda *arguments: None)
    with pytest.raises(AssertionError):
        Fuzz(1, is_locked=True).run(LINES)
