"""The modes of a profile: the examples with their figures, and what is refused."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programmes import as_fraction

from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.quantity import parse_instant_s
from titrate import plan
from titrate.profile import ProfileError, load_profile, parse_profile

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"
CONTINUOUS = (EXAMPLES / "continuous-300mcg-day.toml").read_text()
DAY_S = 86_400
HOUR_S = 3600


def example(name):
    return load_profile(EXAMPLES / f"{name}.toml").programme


def with_tables(text, basal='rate = "300 mcg/day"'):
    """The continuous example, 300 mcg/day, with more tables."""
    before, _, after = CONTINUOUS.partition("[limits]")
    before = before.replace('rate = "300 mcg/day"', basal)
    return f"{before}{text}\n\n[limits]{after}"


def programme_with(text, basal='rate = "300 mcg/day"'):
    return parse_profile(with_tables(text, basal)).programme


def said_of(text, basal='rate = "300 mcg/day"'):
    """(line, sentence) of the one problem that a profile with more tables has."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(with_tables(text, basal))
    (problem,) = caught.value.problems
    return problem


# -- the examples ------------------------------------------------------------------------------


def test_the_intermittent_bolus_is_20_mcg_every_6_h():
    # 20 mcg at 500 mcg/mL are 40 uL.
    expected = Intermittent(HOUR_S, 6 * HOUR_S, (40_000, 1), 900)
    assert example("intermittent-bolus").intermittent == expected


def test_the_demand_bolus_is_locked_out_and_counted():
    found = example("demand-bolus")
    assert found.demand == Demand((200_000, 1), 300, 1800, 6 * HOUR_S, 4)
    assert found.dose_window == DoseWindow(6 * HOUR_S, (2_500_000, 1))


def test_the_dose_window_is_260_mcg_in_12_h():
    assert example("dose-window").dose_window == DoseWindow(12 * HOUR_S, (520_000, 1))


def test_the_bridge_keeps_the_dose_as_the_calculation_says():
    found = example("bridge-500-to-2000")
    planned = plan.bridge(500, 2000, Fraction(1, 4), 300)
    assert found.bridge == Bridge((250_000, 1), (25_000, 1), (500, 1))
    assert planned.rate_ul_h * 1000 == as_fraction(found.bridge.rate_nl_per_h)
    assert planned.then_rate_ul_h * 1000 == as_fraction(found.days[0][0][1])
    assert planned.volume_ul * 1000 == as_fraction(found.bridge.volume_nl)


def test_a_volume_to_be_infused_ends_with_its_kvo_rate():
    assert example("vtbi-kvo").vtbi == Vtbi((5_000_000, 1), "kvo", (50_000, 1), 1800)


def test_the_taper_has_the_steps_of_the_calculation_and_restarts():
    found = example("taper-28-days")
    begin_s = parse_instant_s("2026-12-01T08:00")
    planned = plan.taper(300, over_days=28, initial_mcg_day=100, from_s=begin_s)
    expected = [
        (begin_s + step["after_days"] * DAY_S, step["dose_mcg_day"] / 300) for step in planned.steps
    ]
    expected.append((parse_instant_s("2027-01-05T08:00"), Fraction(1, 3)))
    assert [(at_s, as_fraction(part)) for at_s, part in found.course] == expected
    assert len(found.course) == 30
    assert found.resume_within_s == 4 * HOUR_S


def test_the_ramp_begins_low_and_rises_in_equal_steps_to_all_of_the_basal():
    found = example("ramp-5-days").course
    begin_s = parse_instant_s("2026-12-01T08:00")
    # Ten steps of 12 h and the end: eleven equal rises from 1/2 to 1.
    expected = [(0, Fraction(1, 2))]
    expected += [(begin_s + n * 43_200, Fraction(1, 2) + Fraction(n + 1, 22)) for n in range(11)]
    assert [(at_s, as_fraction(part)) for at_s, part in found] == expected


def test_a_course_takes_a_percentage_a_dose_and_a_fraction():
    parts = [as_fraction(part) for _, part in example("course-steps").course]
    # 12.5 mcg/h for 16 h and 15 mcg/h for 8 h: 320 mcg; 256 of them are 80 %.
    assert parts == [Fraction(9, 10), Fraction(8, 10), Fraction(2, 3)]


# -- what may be written -----------------------------------------------------------------------


@given(
    st.integers(1, 40),
    st.integers(1, 100),
    st.integers(0, 299),
    st.sampled_from(["taper", "ramp"]),
)
def test_a_ladder_has_equal_steps_and_ends_exactly(days, step_h, dose, table):
    low = "to" if table == "taper" else "begin"
    text = (
        f'[{table}]\nfrom = "2026-12-01T08:00"\nover = "{days} days"\n'
        f'{low} = "{dose} mcg/day"\nsteps = "{step_h} h"'
    )
    count = -(-days * 24 // step_h)
    entries = count + 1 + (table == "ramp")
    if step_h > days * 24 or entries > 64:
        assert said_of(text)
        return
    course = programme_with(text).course
    begin_s = parse_instant_s("2026-12-01T08:00")
    ladder = course[1:] if table == "ramp" else course
    first, last = (Fraction(1), Fraction(dose, 300))
    if table == "ramp":
        first, last = last, first
        assert course[0] == (0, first.as_integer_ratio())
    assert [at_s for at_s, _ in ladder[:-1]] == [begin_s + n * step_h * 3600 for n in range(count)]
    assert ladder[-1] == (begin_s + days * DAY_S, last.as_integer_ratio())
    levels = [first, *(as_fraction(part) for _, part in ladder)]
    assert {b - a for a, b in pairwise(levels)} == {(last - first) / (count + 1)}


def test_a_bridge_takes_a_dose_at_the_old_concentration_or_a_volume():
    week = 'rate = "300 mcg/day"\n\n[basal.weekend]\nrate = "240 mcg/day"'
    text = '[bridge]\nvolume = "0.2 mL"\nold = "100 mcg/mL"\nrate = "240 mcg/day"'
    # 240 mcg/day at 100 mcg/mL: 2.4 mL/day, 100 uL/h.
    assert programme_with(text, week).bridge == Bridge((200_000, 1), (100_000, 1), (100, 1))
    text = '[bridge]\nvolume = "0.2 mL"\nrate = "30 uL/h"'
    assert programme_with(text, week).bridge == Bridge((200_000, 1), (30_000, 1), (0, 1))
    text += '\nold = "100 mcg/mL"'
    assert programme_with(text, week).bridge == Bridge((200_000, 1), (30_000, 1), (100, 1))


def test_an_intermittent_bolus_begins_at_once_where_nothing_else_is_written():
    text = '[intermittent]\ndose = "20 mcg"\nover = "10 min"\nevery = "6 h"'
    assert programme_with(text).intermittent.first_after_s == 0


# -- what is refused ---------------------------------------------------------------------------

DEMAND = '[demand]\ndose = "10 mcg"\nover = "5 min"\nlockout = "2 h"\nat_most = 4\nper = "24 h"'
TAPER = (
    '[taper]\nfrom = "2026-12-01T08:00"\nover = "14 days"\nto = "0 %"\nsteps = "daily"\n'
    'restart = { at = "2026-12-20T08:00", to = "50 %" }'
)
BRIDGE = '[bridge]\nvolume = "0.25 mL"\nold = "2000 mcg/mL"'
VTBI = '[vtbi]\nvolume = "5 mL"\nthen = "kvo"\nkvo_rate = "1 uL/h"\nnear = "30 min"'
INTERMITTENT = '[intermittent]\ndose = "20 mcg"\nover = "10 min"\nevery = "6 h"'
WINDOW = '[dose_window]\nat_most = "260 mcg"\nper = "12 h"'
COURSE = (
    '[[course]]\nfrom = "2026-12-01T08:00"\nto = "90 %"\n\n'
    '[[course]]\nfrom = "2026-12-02T08:00"\nto = "80 %"'
)
WEEK = 'rate = "300 mcg/day"\n\n[basal.weekend]\nrate = "240 mcg/day"'


@pytest.mark.parametrize(
    ("text", "old", "new", "at", "said"),
    [
        (DEMAND, '"10 mcg"', "10", "dose", 'demand.dose: "10" is refused because a bare number'),
        (DEMAND, '"10 mcg"', '"10 mcg/h"', "dose", "is a dose rate, but"),
        (DEMAND, "at_most = 4", 'at_most = "4"', "at_most", "is not a whole number from 1 to 48"),
        (DEMAND, "at_most = 4", "at_most = 49", "at_most", "is not a whole number from 1 to 48"),
        (DEMAND, 'lockout = "2 h"', 'lockout = "5 min"', "[demand]", "more than the duration"),
        (DEMAND, 'lockout = "2 h"', "lockout = 2", "lockout", "bare number"),
        (DEMAND, 'lockout = "2 h"\n', "", "[demand]", "lockout is missing: write for example loc"),
        (DEMAND, "at_most = 4", "at_most = 4\nmax = 4", "max", "the key is not known"),
        (TAPER, '"0 %"', '"100 %"', "to", "taper.to: that is all of the basal"),
        (TAPER, '"0 %"', '"110 %"', "to", "is more than all of the basal: the limit is 100 %"),
        (TAPER, '"0 %"', '"300.1 mcg/day"', "to", "is above the basal, 300 mcg/day (25 uL/h)"),
        (TAPER, '"0 %"', '"0"', "to", 'is not a part of the basal: write for example "90 %"'),
        (TAPER, '"0 %"', '"50 mcg"', "to", "is not a part of the basal"),
        (TAPER, '"0 %"', "0", "to", "is not text: write it in quotes"),
        (TAPER, '"daily"', '"15 days"', "steps", "does not fit into 14 days"),
        (TAPER, '"daily"', '"5 h"', "[taper]", "comes to 70 changes: the limit is 64"),
        (TAPER, '"daily"', '"hourly"', "steps", "taper.steps"),
        (TAPER, '"14 days"', '"20 days"', "restart", "restart later"),
        (TAPER, '"2026-12-01T08:00"', '"2026-02-30T08:00"', "from", "not a date that the cal"),
        (TAPER, '"2026-12-01T08:00"', '"2026-12-01T08:00Z"', "from", "taper.from"),
        (TAPER, '"2026-12-01T08:00"', "2026-12-01T08:00:00", "from", "is not text"),
        (COURSE, "12-02", "12-01", 'from = "2026-12-01', "is not after the change before it"),
        (COURSE, '"90 %"', '"90"', "to", "is not a part of the basal"),
        (BRIDGE, 'old = "2000 mcg/mL"', "", "[bridge]", "old or rate is missing"),
        (BRIDGE, "2000", "500", "old", "there is nothing to bridge"),
        (BRIDGE, '"0.25 mL"', '"250 mcg"', "volume", "is a dose, but a volume is asked for"),
        (BRIDGE, '"2000 mcg/mL"', '"2000 mcg"', "old", "is a dose, but a concentration"),
        (BRIDGE, 'old = "2000 mcg/mL"', 'rate = "300 mcg/day"', "rate", "write its concentration"),
        (VTBI, '"kvo"', '"keep"', "then", "write one of stop, kvo, continue"),
        (VTBI, 'kvo_rate = "1 uL/h"\n', "", "[vtbi]", "a KVO rate above 0 belongs"),
        (VTBI, '"kvo"', '"stop"', "[vtbi]", "a KVO rate above 0 belongs"),
        (VTBI, '"1 uL/h"', '"1 mL/h"', "[vtbi]", "so that it is never the higher one"),
        (VTBI, '"30 min"', '"5 h"', "[vtbi]", "the limit is 1 min to 4 h"),
        (VTBI, '"5 mL"', '"10.1 mL"', "[vtbi]", "the syringe's capacity, 10 mL"),
        (VTBI, '"5 mL"', '"0.1 uL"', "[vtbi]", "less than one microstep"),
        (INTERMITTENT, '"6 h"', '"9 min"', "[intermittent]", "has to end before the next one"),
        (INTERMITTENT, '"20 mcg"', '"0.04 mcg"', "[intermittent]", "less than one microstep"),
        (INTERMITTENT, '"6 h"', '"8 days"', "[intermittent]", "from start to start"),
        (WINDOW, '"260 mcg"', '"149 mcg"', "[dose_window]", "the programme by itself comes to"),
        (WINDOW, '"12 h"', '"30 min"', "[dose_window]", "the limit is 1 h to 1 day"),
        ('[resume]\nwithin = "4 h"', '"4 h"', '"31 days"', "within", "at most 30 days"),
        ('[resume]\nwithin = "4 h"', '"4 h"', "4", "within", "bare number"),
    ],
)
def test_a_mistake_in_a_mode_is_named_with_its_line_and_what_to_do(text, old, new, at, said):
    assert old in text
    text = text.replace(old, new)
    whole = with_tables(text).split("\n")
    lines = [n for n, line in enumerate(whole, 1) if line.startswith(at)]
    problem = said_of(text)
    assert said in problem.sentence
    begin = whole.index(text.split("\n")[0]) + 1
    assert problem.line in [n for n in lines if n >= begin]


def test_a_dose_of_days_that_differ_is_no_part_of_a_basal():
    text = TAPER.replace('"0 %"', '"50 mcg/day"')
    assert "where the weekdays differ in their basal dose" in said_of(text, WEEK).sentence
    assert "240 mcg and 300 mcg" in said_of(BRIDGE, WEEK).sentence


@pytest.mark.parametrize("second", [COURSE, TAPER.replace("taper", "ramp").replace("to", "begin")])
def test_a_profile_has_one_course(second):
    second = second.partition("\nrestart")[0].partition("\nbegin = { ")[0]
    problem = said_of(f"{TAPER}\n\n{second}")
    assert "there is a taper already: a profile has one course" in problem.sentence
