"""A course that raises the basal, judged by the library that comes with Titrate."""

import pytest
from programmes import DAY_S, PLAIN

from pump.core import ratio
from pump.core.programme import replace
from pump.core.quantity import parse_instant_s
from titrate.library import judge_programme, load_library
from titrate.profile import load_profile

BEGIN_S = parse_instant_s("2026-12-01T08:00")
EXAMPLES = "host_tools/titrate/examples"


def findings(course, **changes):
    """The soft findings of a flat 300 mcg/day with a course."""
    programme = replace(PLAIN, course=tuple(course), **changes)
    found = judge_programme(load_library(None).library, programme)
    assert not found.hard
    return dict(found.soft)


def test_the_ramp_of_the_examples_is_within_an_adults_increase_but_not_a_childs(root):
    # Each 12 h a rise of 1/22; the most in 24 h is 2/22 on a half: 18.2 %.
    course = load_profile(root / EXAMPLES / "ramp-5-days.toml").programme.course
    assert findings(course, patient_group="spinal-adult") == {}
    child = findings(course, patient_group="spinal-child")
    assert list(child) == ["increase"]
    assert (
        "by 2026-12-01T20:00:00 the course raises the basal in 24 h by ~18.182 %"
        in (child["increase"])
    )
    assert "15 %" in child["increase"]


@pytest.mark.parametrize(("hours", "is_found"), [(23, True), (24, False)])
def test_steps_of_a_day_are_one_increase_and_steps_apart_are_not(hours, is_found):
    steps = [(0, (50, 100)), (BEGIN_S, (60, 100)), (BEGIN_S + hours * 3600, (72, 100))]
    course = [(at_s, ratio.ratio(*part)) for at_s, part in steps]
    # 0.5 to 0.6 and 0.6 to 0.72 are 20 % each; 0.5 to 0.72 within a day are 44 %.
    assert ("increase" in findings(course, patient_group="spinal-adult")) == is_found


@pytest.mark.parametrize(("part", "is_found"), [((2, 3), False), ((67, 100), True)])
def test_what_follows_on_nothing_is_a_first_dose(part, is_found):
    # 200 mcg/day are the most of a first dose.
    course = [(BEGIN_S, (0, 1)), (BEGIN_S + 7 * DAY_S, part)]
    found = findings(course, patient_group="spinal-adult")
    assert list(found) == (["first_daily_dose"] if is_found else [])


def test_a_taper_is_not_judged_as_a_decrease(root):
    course = load_profile(root / EXAMPLES / "taper-28-days.toml").programme.course
    assert findings(course, patient_group="spinal-adult") == {}
