"""The heap of a pump that runs for a day, with polls, boluses and changes of rate."""

import pytest
from day_of_heap import BLOCK_BYTES, growth_bytes, measured

# Basal steps an hour, of 103.2 nL at 25 uL/h.
STEPS_PER_HOUR = 242


@pytest.fixture(scope="module")
def hours():
    return measured()


def test_heap_in_use_is_flat_over_a_day_once_what_the_pump_remembers_is_full(hours):
    # A ratio more or less is alive at the end of an hour.
    assert growth_bytes(hours) <= 2 * BLOCK_BYTES, hours


def test_the_pump_ran_all_day_meanwhile(hours):
    assert [hour.number for hour in hours] == list(range(24))
    made = [0, *(hour.steps for hour in hours)]
    assert all(b - a >= STEPS_PER_HOUR - 1 for a, b in zip(made, made[1:], strict=False))
