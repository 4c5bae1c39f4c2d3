"""Simulation against a second way of working it out, and against the pump's own controller.

The second way adds up calendar days and overlaps of intervals in fractions; it knows nothing of
changes, remainders or steps.
"""

import datetime
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programmes import DAY_S, PLAIN, sound_programmes

from bench_pump import BenchPump
from pump.core.delivery import TICKS_PER_S
from pump.core.errors import NotNow, OutOfRange
from pump.core.feeder import START_LEAD_TICKS
from pump.core.programme import Programme, canonical_text, digest, replace
from pump.core.quantity import parse_instant_s
from titrate.profile import load_profile
from titrate.simulation import BolusRequest, simulate
from titrate.simulation.edges import edge_ticks

EPOCH = datetime.date(2000, 1, 1)
EXAMPLES = "host_tools/titrate/examples"
MONDAY_S = parse_instant_s("2026-11-23T00:00")


def overlap_s(a: tuple, b: tuple) -> Fraction:
    return max(Fraction(0), min(a[1], b[1]) - max(a[0], b[0]))


def volume_nl(programme: Programme, from_s, to_s, requests=()) -> Fraction:
    """What a programme asks for from its start at from_s to to_s, day by day."""
    span = (from_s, to_s)
    within = (
        max(from_s, programme.start_s or 0),
        to_s if programme.end_s is None else min(to_s, programme.end_s),
    )
    total = Fraction(0)
    for day in range(floor(from_s) // DAY_S - 1, floor(to_s) // DAY_S + 1):
        weekday = (EPOCH + datetime.timedelta(days=day)).weekday()
        midnight_s = day * DAY_S
        steps = programme.days[programme.week[weekday]]
        ends = [start_s for start_s, _ in steps[1:]] + [DAY_S]
        for (start_s, rate), end_s in zip(steps, ends, strict=True):
            piece = (midnight_s + start_s, midnight_s + end_s)
            total += overlap_s(piece, within) * Fraction(*rate) / 3600
        for at_s, weekdays, amount, duration_s in programme.boluses:
            begins_s = midnight_s + at_s
            if weekdays >> weekday & 1 and begins_s >= from_s:
                piece = (begins_s, begins_s + duration_s)
                total += overlap_s(piece, within) * Fraction(*amount) / duration_s
    for request in requests:
        piece = (request.at_s, request.at_s + request.duration_s)
        total += overlap_s(piece, span) * request.volume_nl / request.duration_s
    return total


RESERVE_NL = PLAIN.reservoir_reserve_nl
# Programme, start, duration, and a fill of a microstep or more above the reserve.
runs = st.tuples(
    sound_programmes(),
    st.integers(0, 10**9),
    st.integers(1, 3 * DAY_S),
    st.integers(RESERVE_NL + 500, PLAIN.capacity_nl),
)


def near_its_start(programme: Programme, start_s: int) -> int:
    """A time from which something of a programme with a start is seen."""
    if programme.start_s is None:
        return start_s
    return max(0, programme.start_s - start_s % (2 * DAY_S))


@given(runs)
def test_steps_are_the_whole_part_of_an_independent_integral(run):
    programme, start_s, duration_s, fill_nl = run
    start_s = near_its_start(programme, start_s)
    found = simulate(programme, start_s, duration_s, fill_nl)
    asked = volume_nl(programme, start_s, start_s + duration_s)
    most = floor((fill_nl - RESERVE_NL) / found.microstep_nl)
    assert found.prescribed_nl == asked
    assert found.steps == min(floor(asked / found.microstep_nl), most)
    assert found.delivered_nl == found.steps * found.microstep_nl
    assert found.residual_nl == fill_nl - found.delivered_nl


@given(runs, st.data())
def test_a_step_is_due_when_the_integral_reaches_it(run, data):
    programme, start_s, duration_s, _ = run
    start_s = near_its_start(programme, start_s)
    found = simulate(programme, start_s, duration_s, programme.capacity_nl)
    due = floor(found.prescribed_nl / found.microstep_nl)
    if not due:
        return
    step = data.draw(st.integers(1, due))
    at_s = found.prescription.instant_ticks(step) / TICKS_PER_S
    assert start_s < at_s <= start_s + duration_s
    assert volume_nl(programme, start_s, at_s) == step * found.microstep_nl
    assert found.prescription.steps(ceil(at_s * TICKS_PER_S)) >= step


@given(runs)
def test_low_and_empty_come_at_the_step_that_takes_the_reservoir_there(run):
    programme, start_s, duration_s, fill_nl = run
    start_s = near_its_start(programme, start_s)
    found = simulate(programme, start_s, duration_s, fill_nl)
    at_s = {event.code: start_s + event.t_s for event in found.events}
    for code, level_nl in (("low_reservoir", 2_000_000), ("empty", 500_000)):
        last = floor(Fraction(fill_nl - level_nl) / found.microstep_nl)
        if last <= 0:
            assert at_s[code] == start_s
        elif found.prescribed_nl < last * found.microstep_nl:
            assert code not in at_s
        else:
            assert volume_nl(programme, start_s, at_s[code]) == last * found.microstep_nl
    assert ("empty" in at_s) == (found.residual_nl - found.microstep_nl < 500_000)


@given(runs)
def test_the_days_add_up_to_the_whole(run):
    programme, start_s, duration_s, fill_nl = run
    found = simulate(programme, start_s, duration_s, fill_nl)
    assert sum(day.steps for day in found.days) == found.steps
    assert sum(day.prescribed_nl for day in found.days) == found.prescribed_nl
    starts = [day.start_s for day in found.days] + [start_s + duration_s]
    assert starts[0] == start_s
    assert all(at_s % DAY_S == 0 for at_s in starts[1:-1])
    for day, end_s in zip(found.days, starts[1:], strict=True):
        asked = volume_nl(programme, start_s, end_s) - volume_nl(programme, start_s, day.start_s)
        assert day.prescribed_nl == asked


@given(runs, st.integers(1, 10**6))
def test_stopping_the_look_earlier_changes_nothing_before(run, fraction):
    programme, start_s, duration_s, fill_nl = run
    shorter_s = max(1, duration_s * fraction // 10**6)
    whole = simulate(programme, start_s, duration_s, fill_nl)
    part = simulate(programme, start_s, shorter_s, fill_nl)
    at_end_ticks = (start_s + shorter_s) * TICKS_PER_S
    assert whole.prescription.volume_nl(at_end_ticks) == part.prescribed_nl
    before = [event for event in whole.events if event.t_s < shorter_s]
    assert before == [event for event in part.events if event.t_s < shorter_s]


def test_a_day_of_300_mcg_at_500_mcg_per_ml_is_600_ul():
    programme = load_profile(f"{EXAMPLES}/continuous-300mcg-day.toml").programme
    found = simulate(programme, MONDAY_S, DAY_S, programme.capacity_nl)
    assert found.prescribed_nl == 600_000
    assert [event.code for event in found.events] == ["started"]


def test_the_cost_grows_with_changes_not_with_steps():
    hours = tuple((hour * 3600, (20_000 + 100 * hour, 1)) for hour in range(24))
    programme = replace(PLAIN, days=(hours,))
    coarse = simulate(programme, 0, 365 * DAY_S, 10_000_000)
    fine = simulate(replace(programme, microsteps=256), 0, 365 * DAY_S, 10_000_000)
    assert fine.steps // 16 == coarse.steps
    for found in (coarse, fine):
        assert len(found.prescription.stretches) == 365 * 24


def test_a_bolus_on_request_is_added_and_told_of():
    bolus = BolusRequest(MONDAY_S + 3600, Fraction(100_000), 600)
    found = simulate(PLAIN, MONDAY_S, 7200, 9_000_000, [bolus])
    assert found.prescribed_nl == 25_000 * 2 + 100_000
    assert [(event.t_s, event.code, event.values) for event in found.events] == [
        (0, "started", {"rate_nl_per_h": 25_000}),
        (3600, "bolus_started", {"volume_nl": 100_000}),
        (3600, "rate_changed", {"rate_nl_per_h": 625_000}),
        (4200, "bolus_finished", {"volume_nl": 100_000}),
        (4200, "rate_changed", {"rate_nl_per_h": 25_000}),
    ]


@given(runs, st.lists(st.tuples(st.integers(0, 10**6), st.integers(600, 7200)), max_size=3))
def test_boluses_on_request_count_exactly(run, wanted):
    programme, start_s, duration_s, _ = run
    requests = [
        BolusRequest(start_s + duration_s * part // (10**6 + 1), Fraction(10_000, 7), length_s)
        for part, length_s in wanted
    ]
    try:
        found = simulate(programme, start_s, duration_s, programme.capacity_nl, requests)
    except (OutOfRange, NotNow):
        return
    asked = volume_nl(programme, start_s, start_s + duration_s, requests)
    assert found.prescribed_nl == asked
    assert simulate(programme, start_s, duration_s, 10_000_000).prescribed_nl == volume_nl(
        programme, start_s, start_s + duration_s
    )


@pytest.mark.parametrize(
    ("volume", "duration_s", "fill", "sentence"),
    [
        (200_001, 600, 9_000_000, "limit of 100 mcg"),
        (1, 600, 9_000_000, "less than one microstep"),
        (200_000, 30, 9_000_000, "above the programme's limit of 240 mg/day"),
        (200_000, 86_401, 9_000_000, "1 s to 24 h"),
        (200_000, 600, 600_000, "left above the reserve"),
    ],
)
def test_a_bolus_that_the_pump_would_refuse_is_refused_with_its_limit(
    volume, duration_s, fill, sentence
):
    request = BolusRequest(MONDAY_S + 60, Fraction(volume), duration_s)
    with pytest.raises(OutOfRange, match=sentence):
        simulate(PLAIN, MONDAY_S, 3600, fill, [request])


def test_an_empty_reservoir_cancels_what_is_left_of_a_bolus_and_refuses_the_next():
    programme = replace(PLAIN, reservoir_low_nl=550_000)
    first = BolusRequest(MONDAY_S, Fraction(99_900), 3600)
    found = simulate(programme, MONDAY_S, 7200, 600_000, [first])
    (cancelled,) = [event for event in found.events if event.code == "bolus_cancelled"]
    (empty,) = [event for event in found.events if event.code == "empty"]
    # 25 + 99.9 uL/h; whole microsteps out of 100 uL.
    steps = floor(100_000 / found.microstep_nl)
    assert empty.t_s == steps * found.microstep_nl / 124_900 * 3600
    assert cancelled.t_s == empty.t_s
    assert cancelled.values == {"delivered_nl": 99_900 * empty.t_s / 3600}
    assert found.steps == steps
    late = BolusRequest(MONDAY_S + 7000, Fraction(1000), 60)
    with pytest.raises(NotNow, match="down to its reserve"):
        simulate(programme, MONDAY_S, 7200, 600_000, [first, late])


def test_the_end_of_the_programme_is_told_a_day_before_and_cuts_a_bolus_short():
    end_s = MONDAY_S + 2 * DAY_S
    programme = replace(
        PLAIN,
        start_s=MONDAY_S + 3600,
        end_s=end_s,
        boluses=((DAY_S - 300, 127, (60_000, 1), 600),),
    )
    found = simulate(programme, MONDAY_S, 3 * DAY_S, 10_000_000)
    codes = [(event.t_s, event.code) for event in found.events]
    assert (3600, "rate_changed") in codes
    assert (DAY_S, "end_of_programme_near") in codes
    assert (2 * DAY_S, "end_of_programme") in codes
    assert (2 * DAY_S, "bolus_cancelled") in codes
    assert codes[-1][0] == 2 * DAY_S
    # 47 h of 25 uL/h, one whole bolus and the first half of another.
    assert found.prescribed_nl == 47 * 25_000 + 60_000 + 30_000


@pytest.mark.parametrize(
    ("start_s", "duration_s", "fill", "sentence"),
    [
        (MONDAY_S, 0, 9_000_000, "1 s to 100 years"),
        (3_155_760_000, 60, 9_000_000, "2000 to 2099"),
        (-1, 60, 9_000_000, "2000 to 2099"),
        (MONDAY_S, 60, 500_000, "more than the reserve, 500 uL"),
        (MONDAY_S, 60, 10_000_001, "the syringe's capacity, 10 mL"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_limit(start_s, duration_s, fill, sentence):
    with pytest.raises(OutOfRange, match=sentence):
        simulate(PLAIN, start_s, duration_s, fill)


# -- against the pump's own controller ----------------------------------------------------------


def bench(programme: Programme, start_s: int, fill_nl: int) -> BenchPump:
    """A pump with its own controller that starts to deliver at exactly start_s."""
    pump = BenchPump(now_s=start_s - 60)
    text = canonical_text(programme)
    pump.controller.adopt(programme, text, digest(text))
    pump.controller.state = "stopped"
    pump.controller.refill((fill_nl, 1))
    pump.clock.offset_us = start_s * 10**6 - START_LEAD_TICKS // 125
    pump.controller.delivery.shift_clock(pump.clock.now_ticks() - (start_s - 60) * TICKS_PER_S)
    pump.controller.start()
    return pump


def pump_edges(pump: BenchPump, start_s: int) -> list[int]:
    offset_ticks = pump.generator.offset_ticks - start_s * TICKS_PER_S
    return [edge + offset_ticks for edge in pump.generator.edges]


@pytest.mark.parametrize(
    ("name", "start", "duration_s"),
    [
        ("demo-24h", "2026-11-22T19:59:40", 130),
        ("night-step", "2026-11-22T19:50:00", 1200),
        ("very-low-22mcg-day-1ml", "2026-11-22T00:00:00", 3600),
    ],
)
def test_the_edges_are_those_of_the_controller_on_a_bench(name, start, duration_s, root):
    profile = load_profile(root / EXAMPLES / f"{name}.toml")
    start_s = parse_instant_s(start)
    found = simulate(profile.programme, start_s, duration_s, profile.fill_nl)
    pump = bench(profile.programme, start_s, profile.fill_nl)
    pump.run_s(duration_s + 1)
    end_ticks = duration_s * TICKS_PER_S
    edges = [edge for edge in pump_edges(pump, start_s) if edge <= end_ticks]
    simulated = edge_ticks(found)
    assert len(edges) == len(simulated) == found.steps > 3
    # Both join steps into words as far as they are in hand; no step is 1 us late.
    for n, (edge, expected) in enumerate(zip(edges, simulated, strict=True)):
        due = found.prescription.instant_ticks(n + 1) - start_s * TICKS_PER_S
        assert 0 <= edge - due < 125
        assert 0 <= expected - due < 125


def test_the_pump_empties_and_warns_where_the_simulation_says():
    programme = replace(PLAIN, days=(((0, (3_600_000, 1)),),), reservoir_low_s=600)
    fill_nl = 2_900_000
    found = simulate(programme, MONDAY_S, 3000, fill_nl)
    pump = bench(programme, MONDAY_S, fill_nl)
    seen: dict[str, int] = {}
    for _ in range(3000):
        pump.run_s(1)
        for alarm in pump.controller.alarms():
            told = dict(alarm)
            if "code" in told:
                seen.setdefault(told["code"], pump.clock.now_s() - MONDAY_S)
    expected = {e.code: e.t_s for e in found.events if e.code != "started"}
    assert set(expected) == {"low_reservoir", "low_reservoir_time", "empty"}
    for code, t_s in expected.items():
        # The pump looks once a second here, and predicts from the second in which it was asked.
        earliest = -1 if code == "low_reservoir_time" else 0
        assert earliest <= seen[code] - t_s < 2, code
    assert len(pump.generator.edges) == found.steps
    assert dict(pump.controller.status())["reservoir_nl"] == (
        found.residual_nl.numerator,
        found.residual_nl.denominator,
    )
