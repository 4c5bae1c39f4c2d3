"""titrate.plan against second derivations, over many inputs: plug flow, integrals, mass, order."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plug_flow import PlugFlow

from pump.core.day import daily_volume_nl
from pump.core.errors import OutOfRange
from pump.core.programme import PATIENT_GROUPS
from titrate import plan
from titrate.profile import parse_profile

DOSES = st.fractions(1, 3000, max_denominator=100)
STRENGTHS = st.fractions(1, 4000, max_denominator=10)
PATHS = st.fractions(Fraction(1, 100), 2, max_denominator=1000)
MINUTES = st.integers(0, 24 * 60 - 1)


@given(old=STRENGTHS, new=STRENGTHS, path_ml=PATHS, dose=DOSES, pieces=st.integers(1, 9))
def test_a_bridge_gives_the_dose_all_the_time_by_plug_flow(old, new, path_ml, dose, pieces):
    found = plan.bridge(old, new, path_ml, dose)
    path = PlugFlow(path_ml * 1000, old)
    # In pieces of equal time during the bridge and after it, what leaves the tip is the dose.
    for rate_ul_h in (found.rate_ul_h, found.then_rate_ul_h):
        hours = found.duration_h / pieces
        for _ in range(pieces):
            assert path.push(rate_ul_h * hours, new) == dose / 24 * hours
        assert path.volume_ul == path_ml * 1000
    # At the end of the bridge the path was full of the new drug, no more and no less.
    assert found.rate_ul_h * found.duration_h == found.volume_ul == path_ml * 1000


@given(old=STRENGTHS, new=STRENGTHS, path_ml=PATHS, dose=DOSES)
def test_without_the_bridge_the_dose_is_what_the_bridge_warns_of(old, new, path_ml, dose):
    found = plan.bridge(old, new, path_ml, dose)
    path = PlugFlow(path_ml * 1000, old)
    hours = found.volume_ul / found.then_rate_ul_h
    assert path.push(found.volume_ul, new) == found.without_bridge_mcg_day / 24 * hours


@given(
    tubing=PATHS,
    catheter=PATHS,
    part=st.fractions(0, Fraction(99, 100), max_denominator=100),
    strength=STRENGTHS,
    rate=st.fractions(1, 5000, max_denominator=10),
)
def test_a_prime_fills_the_path_and_gives_no_dose_by_plug_flow(
    tubing, catheter, part, strength, rate
):
    filled = (tubing + catheter) * part
    found = plan.prime(tubing, catheter, filled, rate, strength)
    path = PlugFlow((tubing + catheter) * 1000, Fraction(0))
    # What is filled already came in before, and pushed as much water out.
    assert path.push(filled * 1000, strength) == 0
    before_mcg = path.drug_mcg
    assert path.push(rate * found.duration_h, strength) == found.counted_as_dose_mcg == 0
    assert path.drug_mcg == before_mcg + found.drug_in_path_mcg
    # Now the path is full of drug: the next drop that leaves is drug.
    assert path.push(Fraction(1), strength) == strength / 1000


@given(
    path_ml=PATHS,
    strength=STRENGTHS,
    dose=DOSES,
)
def test_without_a_prime_the_drug_is_as_late_as_is_told_by_plug_flow(path_ml, strength, dose):
    found = plan.prime(path_ml, concentration_mcg_ml=strength, dose_mcg_day=dose)
    path = PlugFlow(path_ml * 1000, Fraction(0))
    rate_ul_h = plan.rate(dose, strength).rate_ul_h
    assert path.push(rate_ul_h * found.delay_without_prime_h, strength) == 0
    assert path.push(rate_ul_h, strength) == dose / 24


@given(stock=STRENGTHS, target=STRENGTHS, volume=PATHS)
def test_a_dilution_conserves_the_drug_and_the_volume(stock, target, volume):
    if target > stock:
        with pytest.raises(OutOfRange):
            plan.dilute(stock, target, volume)
        return
    found = plan.dilute(stock, target, volume)
    assert found.stock_ml + found.diluent_ml == volume
    assert found.stock_ml * stock == volume * target == found.dose_mcg
    assert found.diluent_ml >= 0


def integral(steps) -> Fraction:
    """The dose of a day of steps, each lasting until the next."""
    starts = [int(step["at"][:2]) * 60 + int(step["at"][3:5]) for step in steps]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    ends = [*starts[1:], 24 * 60]
    return sum(
        (Fraction(step["mcg_h"]) * (end - start) / 60)
        for step, start, end in zip(steps, starts, ends, strict=True)
    )


@given(
    dose=DOSES,
    increase=st.integers(1, 100),
    begin=MINUTES,
    end=MINUTES,
    lead_min=st.integers(0, 180),
)
def test_the_daily_dose_of_a_night_is_the_integral_of_its_steps(
    dose, increase, begin, end, lead_min
):
    try:
        found = plan.night(dose, increase, begin * 60, end * 60, Fraction(lead_min, 60))
    except OutOfRange:
        assert begin == end or (end - begin) % (24 * 60) + lead_min >= 24 * 60
        return
    assert found.daily_dose_mcg == integral(found.steps)
    # Minute by minute: raised within the hours and the lead before them, even otherwise.
    length = (end - begin) % (24 * 60) + lead_min
    raised = {(end - back - 1) % (24 * 60) for back in range(length)}
    for minute in range(0, 24 * 60, 7):
        at = f"{minute // 60:02}:{minute % 60:02}"
        rate = [step["mcg_h"] for step in found.steps if step["at"] <= at][-1]
        assert rate == dose / 24 * (100 + (increase if minute in raised else 0)) / 100


PROFILE = (
    Path(__file__).parents[2] / "host_tools/titrate/examples/continuous-300mcg-day.toml"
).read_text()


@given(dose=st.integers(24, 1000), increase=st.integers(1, 100), begin=MINUTES, end=MINUTES)
def test_the_profile_of_a_night_delivers_its_daily_dose(dose, increase, begin, end):
    try:
        found = plan.night(dose, increase, begin * 60, end * 60)
    except OutOfRange:
        return
    text = PROFILE.replace('[basal]\nrate = "300 mcg/day"', found.profile)
    assert found.profile in text
    programme = parse_profile(text).programme
    for weekday in range(7):
        # 500 mcg/mL: a microgram is 2000 nL.
        assert Fraction(*daily_volume_nl(programme, weekday)) == found.daily_dose_mcg * 2000


@given(
    dose=st.fractions(1, 2000, max_denominator=10),
    over=st.fractions(14, 28, max_denominator=4),
    step=st.fractions(Fraction(2, 3), 7, max_denominator=3),
    part=st.fractions(0, Fraction(9, 10), max_denominator=10),
)
def test_a_taper_falls_all_the_time_by_equal_steps_to_its_end(dose, over, step, part):
    found = plan.taper(dose, over, dose * part, step)
    levels = [dose, *(entry["dose_mcg_day"] for entry in found.steps)]
    assert {a - b for a, b in pairwise(levels)} == {found.fall_mcg_day}
    assert found.fall_mcg_day > 0
    assert levels[-1] == dose * part
    times = [entry["after_days"] for entry in found.steps]
    assert times[0] == 0
    assert times[-1] == over
    assert all(a < b for a, b in pairwise(times))
    # The dose of the whole taper, step by step.
    total = sum(
        a["dose_mcg_day"] * (b["after_days"] - a["after_days"]) for a, b in pairwise(found.steps)
    )
    assert total == found.total_dose_mcg


@given(
    dose=DOSES,
    group=st.sampled_from(PATIENT_GROUPS),
    since=st.fractions(0, 100, max_denominator=10),
    at_refill=st.booleans(),
    to=DOSES,
)
def test_a_dose_is_allowed_only_within_the_window_and_after_the_wait(
    dose, group, since, at_refill, to
):
    found = plan.titrate(dose, group, since, at_refill, to)
    assert dose < found.min_mcg_day < found.max_mcg_day
    assert found.decrease_min_mcg_day < found.decrease_max_mcg_day < dose
    assert found.wait_h == max(24 - since, 0)
    if found.allowed:
        assert found.decrease_min_mcg_day <= to <= found.max_mcg_day
        assert to <= dose or since >= 24
    else:
        assert to > found.max_mcg_day or to < found.decrease_min_mcg_day or found.wait_h > 0
        assert len(found.warnings) >= 1


@given(dose=DOSES, strength=STRENGTHS)
def test_rate_and_dose_invert_each_other_exactly(dose, strength):
    rate = plan.rate(dose, strength)
    assert rate.rate_ul_h * 24 * strength / 1000 == dose
    assert plan.dose(rate.rate_ul_h, strength).values() == rate.values()


@given(
    dose=DOSES,
    strength=STRENGTHS,
    fill=st.fractions(5, 40, max_denominator=10),
    reserve=st.fractions(0, 4, max_denominator=10),
)
def test_by_the_hours_of_a_refill_its_volume_is_used(dose, strength, fill, reserve):
    found = plan.refill(fill, reserve, dose, strength)
    rate_ml_h = plan.rate(dose, strength).rate_ul_h / 1000
    assert fill - rate_ml_h * found.low_in_h == reserve
    assert fill - rate_ml_h * found.empty_in_h == 0
