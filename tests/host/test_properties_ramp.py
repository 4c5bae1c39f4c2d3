"""Moves from rest to rest, over many limits: every step made, and never a jump too large."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from pump.core.ramp import TICKS_PER_S, WORD_TICKS, Ramp

STEPS = st.integers(1, 200_000)
STARTS = st.integers(50, 100_000)
TIMES_FASTER = st.integers(1, 60)
ACCELERATIONS = st.integers(1000, 100_000_000)


def planned(steps, start, times, acceleration):
    cruise = min(start * times, 2_020_000)
    assume(cruise == start or 2 * cruise * cruise <= start * TICKS_PER_S)
    ramp = Ramp()
    ramp.plan(steps, start, cruise, acceleration)
    return ramp, cruise


def words_of(ramp):
    words = []
    while ramp.take():
        words.append((ramp.count, ramp.interval))
    return words


@given(steps=STEPS, start=STARTS, times=TIMES_FASTER, acceleration=ACCELERATIONS)
def test_every_step_is_made_up_and_down_within_all_limits(steps, start, times, acceleration):
    ramp, cruise = planned(steps, start, times, acceleration)
    words = words_of(ramp)
    intervals = [interval for _, interval in words]
    peak = intervals.index(min(intervals))
    assert sum(count for count, _ in words) == steps == ramp.steps
    assert intervals[:peak] == sorted(intervals[:peak], reverse=True)
    assert intervals[peak:] == sorted(intervals[peak:])
    assert all(count >= 1 and interval * cruise >= TICKS_PER_S for count, interval in words)
    assert all(count == 1 or count * interval <= WORD_TICKS for count, interval in words)
    rates = [Fraction(TICKS_PER_S, interval) for interval in intervals]
    for before, after in pairwise([Fraction(0), *rates, Fraction(0)]):
        assert abs(after - before) <= start


@given(steps=STEPS, start=STARTS, times=TIMES_FASTER, acceleration=ACCELERATIONS)
def test_the_time_told_ahead_is_that_of_the_words(steps, start, times, acceleration):
    ramp, _ = planned(steps, start, times, acceleration)
    ticks = ramp.ticks()
    assert ticks == sum(count * interval for count, interval in words_of(ramp))


@given(
    steps=STEPS,
    start=STARTS,
    times=TIMES_FASTER,
    acceleration=ACCELERATIONS,
    made=st.integers(1, 300),
    back=st.integers(0, 300),
)
def test_a_stop_anywhere_goes_down_within_the_limits(steps, start, times, acceleration, made, back):
    ramp, _ = planned(steps, start, times, acceleration)
    words = []
    while len(words) < made and ramp.take():
        words.append((ramp.count, ramp.interval))
    for _ in range(min(back, len(words) - 1)):
        ramp.give_back()
        words.pop()
    ramp.shorten()
    words += words_of(ramp)
    assert sum(count for count, _ in words) == ramp.steps <= steps
    rates = [Fraction(TICKS_PER_S, interval) for _, interval in words]
    for before, after in pairwise([Fraction(0), *rates, Fraction(0)]):
        assert abs(after - before) <= start
