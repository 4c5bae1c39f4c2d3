"""What a calculation says is allowed, the drug library lets pass: both judged, side by side.

titrate.plan works a window out; pump.core.library_rules judges a programme, as the pump does. The
two share the library's figures and no code.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programmes import DAY_S, PLAIN, as_ratio
from test_cli import titrate

from pump.core import programme as programmes
from pump.core.dose_history import DoseHistory, dose_of
from pump.core.library_rules import Rules
from pump.core.programme import PATIENT_GROUPS
from titrate import plan
from titrate.library import judge_bolus, judge_programme, load_library, standard_path
from titrate.plan.groups import drug

LIBRARY = load_library().library
# Of 500 mcg/mL, a dose of a microgram a day is 2000 nL a day.
NL_A_DAY = 2000
NOW_S = 900 * DAY_S
CHANGES = {"increase", "increase_at_refill", "increase_interval", "decrease"}


def programme_of(dose_mcg_day: int, group: str, strength: int = 500):
    """A programme of that daily dose, evenly."""
    rate = as_ratio(Fraction(dose_mcg_day * 10**6, strength * 24))
    return programmes.replace(
        PLAIN,
        concentration_mcg_per_ml=(strength, 1),
        days=(((0, rate),),),
        patient_group=group,
    )


def codes(findings) -> dict[str, str]:
    return dict((*findings.hard, *findings.soft))


def changed(dose: int, to: int, group: str, hours: int, at_refill: bool) -> set[str]:
    """What the library says of a change of dose, by the codes of its limits."""
    history = DoseHistory()
    # In force for long, then the dose that is to be changed.
    history.note_dose(dose_of(programme_of(dose, group), NOW_S - hours * 3600, True))
    if at_refill:
        history.note_refill(NOW_S, True)
    rules = Rules(LIBRARY.title, drug(), ["baclofen"], history, NOW_S, True)
    return {code for code, _, _ in rules.of_programme(programme_of(to, group))} & CHANGES


@pytest.mark.rule("B12", "B13", "B14", "B16", "B17", "B18", "B25")
@given(
    dose=st.integers(100, 1000),
    percent=st.integers(-30, 50),
    group=st.sampled_from(PATIENT_GROUPS),
    hours=st.integers(0, 60),
    at_refill=st.booleans(),
)
def test_a_change_that_a_plan_allows_needs_no_reason_and_one_it_does_not_does(
    dose, percent, group, hours, at_refill
):
    to = dose + dose * percent // 100
    allowed = plan.titrate(dose, group, hours, at_refill, to).allowed
    found = changed(dose, to, group, hours, at_refill)
    assert allowed is not bool(found), found


@pytest.mark.rule("B13", "B14", "B16", "B17", "B25")
@pytest.mark.parametrize("at_refill", [False, True])
@pytest.mark.parametrize("group", PATIENT_GROUPS)
def test_the_window_of_a_plan_ends_where_the_library_asks_for_a_reason(group, at_refill):
    most = plan.titrate(500, group, 24, at_refill).max_mcg_day
    assert most.denominator == 1
    assert changed(500, int(most), group, 24, at_refill) == set()
    assert changed(500, int(most) + 1, group, 24, at_refill) == {
        "increase_at_refill" if at_refill else "increase"
    }


@pytest.mark.rule("B20", "B21", "B22", "B23", "B24")
@given(dose=st.integers(1, 2400), group=st.sampled_from(PATIENT_GROUPS))
def test_a_daily_dose_that_is_warned_of_is_one_that_the_library_stops(dose, group):
    findings = judge_programme(LIBRARY, programme_of(dose, group))
    warned = [each for each in plan.titrate(dose, group, 24).warnings if "mcg/day (B" in each]
    refused = [each for each in warned if "refused by host and pump" in each]
    assert bool(refused) is ("daily_dose" in dict(findings.hard))
    if not refused:
        stopped = [sentence for code, sentence in findings.soft if code == "daily_dose"]
        assert len(stopped) == len(warned)


@pytest.mark.rule("B20", "B22", "B24")
@pytest.mark.parametrize(
    ("group", "top"), [("spinal-adult", 2003), ("cerebral-adult", 1400), ("under-12", 1199)]
)
def test_the_library_refuses_more_than_the_highest_dose_seen(group, top):
    assert "daily_dose" not in dict(judge_programme(LIBRARY, programme_of(top, group)).hard)
    sentence = dict(judge_programme(LIBRARY, programme_of(top + 1, group)).hard)["daily_dose"]
    assert "observed" in sentence


@pytest.mark.rule("B39", "B40")
def test_the_library_refuses_a_strength_that_is_neither_sold_nor_a_dilution():
    for strength in (50, 350, 500, 2000):
        findings = judge_programme(LIBRARY, programme_of(300, "spinal-adult", strength))
        assert "concentration" not in codes(findings)
    too_strong = judge_programme(LIBRARY, programme_of(300, "spinal-adult", 2001))
    assert "B40" in dict(too_strong.hard)["concentration"]
    assert [plan.dilute(2000, each, 1).stock_ml <= 1 for each in (50, 350, 500)] == [True] * 3


@pytest.mark.rule("B2", "B6", "B8")
def test_the_library_stops_a_bolus_that_is_faster_or_larger_than_a_test_dose():
    def stopped(dose_mcg: int, seconds: int, group: str) -> dict[str, str]:
        programme = programme_of(300, group)
        return codes(judge_bolus(LIBRARY, programme, Fraction(dose_mcg * 2000), seconds))

    assert stopped(100, 60, "spinal-adult") == {}
    assert "B2" in stopped(100, 59, "spinal-adult")["bolus_duration"]
    assert "B6" in stopped(101, 60, "spinal-adult")["bolus_dose"]
    assert "B8" in stopped(51, 60, "under-12")["bolus_dose"]


@pytest.mark.rule("B10", "B11")
@given(test_dose=st.integers(1, 100), hours=st.integers(1, 24))
def test_a_first_dose_that_a_plan_gives_is_one_that_the_library_lets_pass(test_dose, hours):
    first = plan.start(test_dose, hours).daily_dose_mcg
    history = DoseHistory()
    rules = Rules(LIBRARY.title, drug(), ["baclofen"], history, NOW_S, True)
    found = {code for code, _, _ in rules.of_programme(programme_of(int(first), "spinal-adult"))}
    assert "first_daily_dose" not in found


def altered(tmp_path, *changes):
    """The library that comes with Titrate with some of its lines changed."""
    text = standard_path().read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_a_plan_judges_by_the_library_that_is_named_and_says_which(tmp_path):
    path = altered(
        tmp_path,
        ('at_most = "30 %"', 'at_most = "8 %"'),
        ('source = "B13"', 'source = "site: night"'),
        ('name = "Titrate"', 'name = "Ward 3"'),
    )
    words = ("plan", "titrate", "--dose", "500 mcg/day", "--group", "spinal-adult")
    words += ("--hours-since-change", 30)
    shipped = titrate(*words, "--json").json
    assert (shipped["min_mcg_day"], shipped["max_mcg_day"]) == (550, 650)
    assert shipped["library"] == "Titrate 1.0"
    assert shipped["limits"][0] == (
        "increase in 24 h, at most, for spinal-adult: 30 % (soft; B13, monograph)"
    )
    mine = titrate(*words, "--library", path, "--json").json
    # No usual step is above the limit.
    assert (mine["min_mcg_day"], mine["max_mcg_day"]) == (540, 540)
    assert mine["library"] == f"Ward 3 1.0 ({path})"
    assert mine["limits"][0].startswith(
        "increase in 24 h, at most, for spinal-adult: 8 % (soft; site: night, monograph). "
    )
    assert [each["number"] for each in mine["rules"]] == ["B12", "B18"]
    shown = titrate(*words, TITRATE_LIBRARY=str(path), COLUMNS="200").out
    assert "Ward 3 1.0" in shown
    assert "540 mcg/day" in shown


def test_a_library_that_cannot_judge_a_plan_is_refused_with_what_is_missing(tmp_path):
    words = ("plan", "start", "--test-dose", "75 mcg", "--response-hours", 6, "--json")
    path = altered(tmp_path, ('name = "baclofen"', 'name = "clonidine"'))
    without = titrate(*words, "--library", path)
    assert (without.status, "has no baclofen" in without.json["sentence"]) == (2, True)
    text = standard_path().read_text()
    begin = text.index('[[drug.limit]]\nwhat = "increase interval"\nat_least = "24 h"')
    end = text.index("[[drug.limit]]", begin + 1)
    path.write_text(text[:begin] + text[end:])
    less = titrate(*words, "--library", path)
    assert less.status == 2
    assert "limits no time between two increases of baclofen" in less.json["sentence"]
    none = titrate(*words, "--library", "none")
    assert (none.status, none.json["code"]) == (2, "usage")
    assert titrate(*words, "--library", tmp_path / "no.toml").json["code"] == "no_file"


def test_another_library_judges_only_within_its_block(tmp_path):
    mine = load_library(altered(tmp_path, ('at_most = "30 %"', 'at_most = "25 %"')))
    with plan.judged_by(mine):
        assert plan.titrate(500, "spinal-adult", 24).max_mcg_day == 625
    assert plan.titrate(500, "spinal-adult", 24).max_mcg_day == 650
