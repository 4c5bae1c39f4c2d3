"""Every mode simulated, against an integration in fractions that shares nothing with it."""

from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prescription import SCHEDULE, Prescription
from programmes import DAY_S, PLAIN, as_fraction, programmes_with_modes

from pump.core import ratio
from pump.core.delivery import TICKS_PER_S
from pump.core.errors import NotNow, OutOfRange
from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.programme import replace
from pump.core.quantity import parse_instant_s
from titrate.profile import load_profile
from titrate.simulation import BolusRequest, simulate
from titrate.simulation.edges import edge_ticks

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"
MONDAY_S = parse_instant_s("2026-11-23T00:00")
HOUR_S = 3600
FULL_NL = 10_000_000

runs = st.tuples(
    programmes_with_modes(MONDAY_S, MONDAY_S + 3 * DAY_S),
    st.integers(0, DAY_S).map(lambda after_s: MONDAY_S + after_s),
    st.integers(1, 2 * DAY_S),
)
PARTS = st.integers(0, 10**6 - 1)


def integrated(programme, start_s, end_s, boluses=(), demands=()):
    """What was asked for by a time, worked out the other way."""
    found = Prescription(programme, programme.microstep_nl(), start_s * TICKS_PER_S)
    found.begin_bridge()
    found.start(SCHEDULE, begins_vtbi=True)
    wanted = [(each.at_s, each) for each in boluses] + [(at_s, None) for at_s in demands]
    for at_s, request in sorted(wanted, key=lambda each: each[0]):
        found.advance(at_s * TICKS_PER_S)
        if request is None:
            found.demand()
        else:
            found.give(request.volume_nl, request.duration_s * TICKS_PER_S)
    found.advance(end_s * TICKS_PER_S)
    return found


def codes(found, *left_out):
    """(after, code) of the events, but for some."""
    return [(each.t_s, each.code) for each in found.events if each.code not in left_out]


@given(runs, st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=6))
def test_any_modes_ask_for_what_an_independent_integration_does(run, when, demanded):
    programme, start_s, duration_s = run
    requests = [
        BolusRequest(start_s + duration_s * part // 10**6, Fraction(10_000, 7), 1200)
        for part in when
    ]
    demands = [start_s + duration_s * part // 10**6 for part in demanded]
    if programme.demand is None:
        demands = []
    try:
        found = simulate(programme, start_s, duration_s, FULL_NL, requests, demands)
    except (OutOfRange, NotNow):
        requests = []
        found = simulate(programme, start_s, duration_s, FULL_NL, requests, demands)
    end_s = start_s + duration_s
    expected = integrated(programme, start_s, end_s, requests, found.demands)
    assert found.prescribed_nl == expected.microsteps * expected.microstep_nl
    most = floor((FULL_NL - programme.reservoir_reserve_nl) / found.microstep_nl)
    assert found.steps == min(floor(expected.microsteps), most)
    refused = [code for _, code in codes(found)].count("demand_refused")
    assert len(found.demands) + refused == len(demands)


@given(runs)
def test_what_the_phases_deliver_is_what_the_ledger_has(run):
    programme, start_s, duration_s = run
    found = simulate(programme, start_s, duration_s, FULL_NL)
    total = Fraction(0)
    for stretch in found.prescription.stretches:
        ticks = stretch.end_ticks - stretch.start_ticks
        total += as_fraction(stretch.rate_nl_per_h) * Fraction(ticks, HOUR_S * TICKS_PER_S)
    assert total == found.prescribed_nl
    assert sum(day.prescribed_nl for day in found.days) == found.prescribed_nl
    assert sum(day.steps for day in found.days) == found.steps
    assert found.delivered_nl + found.residual_nl == found.fill_nl
    at_s = {code: t_s for t_s, code in codes(found)}
    if programme.vtbi is not None and "vtbi_reached" in at_s and programme.vtbi.then == "stop":
        # Never more, and by less than what a tick gives.
        short = as_fraction(programme.vtbi.volume_nl) - found.prescribed_nl
        fastest = max(as_fraction(s.rate_nl_per_h) for s in found.prescription.stretches)
        assert 0 <= short < fastest / (HOUR_S * TICKS_PER_S)
    if programme.bridge is not None and "bridge_finished" in at_s:
        volume_nl, rate, _ = (as_fraction(value) for value in programme.bridge)
        begun = max(0, (programme.start_s or 0) - start_s)
        given_nl = (at_s["bridge_finished"] - begun) * rate / HOUR_S
        assert 0 <= given_nl - volume_nl < rate / (HOUR_S * TICKS_PER_S)


@given(runs)
def test_every_edge_of_a_programme_with_modes_is_at_its_instant(run):
    programme, start_s, _ = run
    found = simulate(programme, start_s, 600, FULL_NL)
    if found.steps > 3000:
        return
    edges = edge_ticks(found)
    assert len(edges) == found.steps
    for n, edge in enumerate(edges):
        due = found.prescription.instant_ticks(n + 1) - start_s * TICKS_PER_S
        assert 0 <= edge - due < 125


def test_a_demand_bolus_holds_a_square_one_back_and_is_locked_out():
    programme = replace(PLAIN, demand=Demand((10_000, 1), 1800, 2 * HOUR_S, DAY_S, 2))
    square = BolusRequest(MONDAY_S, Fraction(120_000), 3 * HOUR_S)
    asked = [MONDAY_S + hours * HOUR_S for hours in (1, 2, 4, 9)]
    found = simulate(programme, MONDAY_S, 10 * HOUR_S, 9_000_000, [square], asked)
    assert codes(found, "rate_changed", "started") == [
        (0, "bolus_started"),
        (3600, "demand"),
        (3600, "bolus_started"),
        (5400, "bolus_finished"),
        # Locked out for 2 h; and no more than two in a day.
        (7200, "demand_refused"),
        (12_600, "bolus_finished"),
        (14_400, "demand"),
        (14_400, "bolus_started"),
        (16_200, "bolus_finished"),
        (32_400, "demand_refused"),
    ]
    assert found.demands == (asked[0], asked[2])
    assert found.prescribed_nl == 10 * 25_000 + 120_000 + 2 * 10_000
    edges = edge_ticks(found)
    due = [found.prescription.instant_ticks(n + 1) for n in range(found.steps)]
    lateness = [a - b + MONDAY_S * TICKS_PER_S for a, b in zip(edges, due, strict=True)]
    assert 0 <= min(lateness)
    assert max(lateness) < 125


def test_the_dose_window_refuses_a_bolus_counted_at_its_own_end():
    # 6 h at 25 uL/h are 150 uL; room for 100 uL.
    programme = replace(PLAIN, dose_window=DoseWindow(6 * HOUR_S, (250_000, 1)))
    first = BolusRequest(MONDAY_S, Fraction(60_000), HOUR_S)
    second = BolusRequest(MONDAY_S + 5 * HOUR_S, Fraction(41_000), HOUR_S)
    with pytest.raises(OutOfRange, match="wait until they are further back"):
        simulate(programme, MONDAY_S, DAY_S, 9_000_000, [first, second])
    later = BolusRequest(MONDAY_S + 7 * HOUR_S + 10, Fraction(41_000), HOUR_S)
    assert simulate(programme, MONDAY_S, DAY_S, 9_000_000, [first, later]).prescribed_nl == (
        24 * 25_000 + 101_000
    )


@pytest.mark.parametrize(
    ("then", "kvo", "after_nl"),
    [("stop", (0, 1), 0), ("kvo", (2500, 1), 2500 * 2), ("continue", (0, 1), 25_000 * 2)],
)
def test_a_volume_to_be_infused_is_told_of_and_ends(then, kvo, after_nl):
    programme = replace(PLAIN, vtbi=Vtbi((100_000, 1), then, kvo, 1800))
    found = simulate(programme, MONDAY_S, 6 * HOUR_S, 9_000_000)
    assert (12_600, "vtbi_near") in codes(found)
    assert (14_400, "vtbi_reached") in codes(found)
    assert found.prescribed_nl == 100_000 + after_nl
    changed = [each.values for each in found.events if each.code == "rate_changed"]
    rates = {"stop": [0], "kvo": [2500], "continue": []}[then]
    assert changed == [{"rate_nl_per_h": rate} for rate in rates]


def test_the_end_of_a_volume_to_be_infused_cancels_a_bolus_and_refuses_the_next():
    programme = replace(PLAIN, vtbi=Vtbi((100_000, 1), "stop", (0, 1), 1800))
    first = BolusRequest(MONDAY_S + HOUR_S, Fraction(100_000), 2 * HOUR_S)
    found = simulate(programme, MONDAY_S, 6 * HOUR_S, 9_000_000, [first])
    # 25 uL in the first hour, then 75 uL/h.
    assert (7200, "vtbi_reached") in codes(found)
    (cancelled,) = [each for each in found.events if each.code == "bolus_cancelled"]
    assert (cancelled.t_s, cancelled.values) == (7200, {"delivered_nl": 50_000})
    late = BolusRequest(MONDAY_S + 5 * HOUR_S, Fraction(10_000), 600)
    with pytest.raises(NotNow, match="has been delivered by then"):
        simulate(programme, MONDAY_S, 6 * HOUR_S, 9_000_000, [first, late])


def test_a_bridge_ends_then_the_schedule_begins_and_boluses_wait_for_it():
    programme = replace(PLAIN, bridge=Bridge((50_000, 1), (50_000, 1), (500, 1)))
    found = simulate(programme, MONDAY_S, 2 * HOUR_S, 9_000_000)
    assert codes(found) == [(0, "started"), (3600, "bridge_finished"), (3600, "rate_changed")]
    assert found.prescribed_nl == 75_000
    early = BolusRequest(MONDAY_S + 1800, Fraction(10_000), 600)
    with pytest.raises(NotNow, match="bridge"):
        simulate(programme, MONDAY_S, 2 * HOUR_S, 9_000_000, [early])


def test_intermittent_boluses_are_told_of():
    programme = replace(PLAIN, intermittent=Intermittent(600, HOUR_S, (20_000, 1), 300))
    found = simulate(programme, MONDAY_S, 2 * HOUR_S, 9_000_000)
    expected = []
    for start_s in (600, 4200):
        expected += [(start_s, "bolus_started"), (start_s + 300, "bolus_finished")]
    assert codes(found, "started", "rate_changed") == expected


def test_a_demand_bolus_that_no_profile_has_is_refused():
    with pytest.raises(NotNow, match=r"add \[demand\]"):
        simulate(PLAIN, MONDAY_S, HOUR_S, 9_000_000, (), [MONDAY_S])


def test_a_taper_of_four_weeks_gives_the_doses_of_its_days():
    profile = load_profile(EXAMPLES / "taper-28-days.toml")
    begin_s = parse_instant_s("2026-12-01T08:00")
    found = simulate(profile.programme, begin_s, 40 * DAY_S, FULL_NL)
    # 600 uL a day times 28/29, 27/29 ... 1/29; a week of nothing; then a third for 5 days.
    assert found.prescribed_nl == Fraction(600_000 * 28, 2) + 5 * 200_000
    changes = [each for each in found.events if each.code in ("started", "rate_changed")]
    assert len(changes) == 30


def test_a_year_of_modes_costs_what_its_changes_cost():
    programme = replace(
        PLAIN,
        intermittent=Intermittent(0, 6 * HOUR_S, (2000, 1), 600),
        course=tuple((MONDAY_S + day * DAY_S, ratio.ratio(64 - day, 64)) for day in range(64)),
    )
    coarse = simulate(programme, MONDAY_S, 365 * DAY_S, FULL_NL)
    fine = simulate(replace(programme, microsteps=256), MONDAY_S, 365 * DAY_S, FULL_NL)
    # Two changes a bolus; midnights, and the course's changes, lie on the first of them.
    for found in (coarse, fine):
        assert len(found.prescription.stretches) == 365 * 4 * 2
