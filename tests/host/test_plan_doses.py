"""titrate.plan: doses. Expected values are worked out by hand from the rules named."""

from fractions import Fraction

import pytest

from pump.core.errors import BadText, OutOfRange
from pump.core.programme import PATIENT_GROUPS
from titrate import plan


def told(result: plan.Result) -> str:
    """All that a result warns of."""
    return " | ".join(result.warnings)


@pytest.mark.rule("B10")
@pytest.mark.parametrize(("test_dose", "daily"), [(25, 50), (50, 100), (75, 150), (100, 200)])
def test_a_response_of_8_h_or_less_doubles_the_test_dose(test_dose, daily):
    for hours in (4, Fraction(15, 2), 8):
        found = plan.start(test_dose, hours)
        assert found.daily_dose_mcg == daily
        assert "B10" in found.rules


@pytest.mark.rule("B11")
@pytest.mark.parametrize("test_dose", [25, 50, 75, 100])
def test_a_response_of_more_than_8_h_keeps_the_test_dose(test_dose):
    found = plan.start(test_dose, Fraction(801, 100))
    assert found.daily_dose_mcg == test_dose
    assert "B11" in found.rules


@pytest.mark.rule("B12")
def test_the_first_dose_is_spread_evenly_and_not_raised_for_24_h():
    found = plan.start(75, 6)
    assert found.rate_mcg_h * 24 == 150
    assert found.no_increase_before_h == 24
    assert plan.titrate(150, "spinal-adult", 0).wait_h == 24


@pytest.mark.rule("B7", "B4", "B9")
def test_a_start_warns_of_a_doubtful_test_and_refuses_one_above_100_mcg():
    with pytest.raises(OutOfRange, match="B7"):
        plan.start(101, 6)
    assert "B4" in told(plan.start(50, 3))
    assert "B9" in told(plan.start(25, 6))
    assert "none of the test doses" in told(plan.start(60, 6))
    assert told(plan.start(50, 6)) == ""


@pytest.mark.rule("B1", "B3", "B5", "B6")
@pytest.mark.parametrize(
    ("previous", "dose", "volume"),
    [(None, 50, 1), (50, 75, Fraction(3, 2)), (75, 100, 2)],
)
def test_the_test_doses_follow_each_other_undiluted(previous, dose, volume):
    found = plan.test_dose(previous, None if previous is None else 24)
    assert (found.next_dose_mcg, found.volume_ml) == (dose, volume)
    assert found.concentration_mcg_ml == 50
    assert found.earliest_h == 0


@pytest.mark.rule("B5", "B6")
@pytest.mark.parametrize(("since", "wait"), [(0, 24), (10, 14), (24, 0), (30, 0)])
def test_the_next_test_dose_comes_24_h_after_the_one_before(since, wait):
    assert plan.test_dose(50, since).earliest_h == wait


@pytest.mark.rule("B7")
def test_after_100_mcg_without_response_nobody_is_a_candidate():
    found = plan.test_dose(100, 24)
    assert (found.next_dose_mcg, found.is_candidate) == (None, False)
    assert "B7" in told(found)


@pytest.mark.rule("B8")
def test_a_very_small_child_may_begin_with_25_mcg():
    found = plan.test_dose(very_small_child=True)
    assert (found.next_dose_mcg, found.volume_ml) == (25, Fraction(1, 2))
    assert plan.test_dose(25, 24).next_dose_mcg == 50


@pytest.mark.rule("B2", "B4")
def test_a_test_dose_tells_how_to_inject_and_how_long_to_observe():
    found = plan.test_dose(50, 6)
    assert (found.inject_over_min, found.observe_from_h, found.observe_to_h) == (1, 4, 8)
    assert "B4" in told(found)
    assert "B4" not in told(plan.test_dose(50, 8))
    assert {"B2", "B4"} <= set(found.cautions)


@pytest.mark.parametrize("previous", [0, 30, 101, Fraction(101, 2)])
def test_a_previous_dose_that_is_no_test_dose_is_refused(previous):
    with pytest.raises(OutOfRange):
        plan.test_dose(previous, 24)


# group: usual step and limit in 24 h, then at a refill, in percent
BANDS = {
    "spinal-adult": (10, 30, 10, 40),
    "spinal-child": (5, 15, 5, 20),
    "cerebral-adult": (5, 15, 5, 20),
    "cerebral-child": (5, 15, 5, 20),
    "under-12": (5, 15, 5, 20),
}


@pytest.mark.rule("B13", "B14", "B16", "B17", "B25")
@pytest.mark.parametrize("group", BANDS)
def test_each_group_has_its_band_of_increase(group):
    usual, limit, refill_usual, refill_limit = BANDS[group]
    # Of 200 mcg/day a percent is 2 mcg/day.
    daily = plan.titrate(200, group, 24)
    assert (daily.min_mcg_day, daily.max_mcg_day) == (200 + 2 * usual, 200 + 2 * limit)
    refill = plan.titrate(200, group, 24, at_refill=True)
    assert (refill.min_mcg_day, refill.max_mcg_day) == (
        200 + 2 * refill_usual,
        200 + 2 * refill_limit,
    )
    assert set(BANDS) == set(PATIENT_GROUPS)


@pytest.mark.rule("B12", "B13")
@pytest.mark.parametrize(("since", "wait"), [(0, 24), (6, 18), (24, 0), (500, 0)])
def test_an_increase_waits_until_24_h_after_the_last_change(since, wait):
    found = plan.titrate(300, "spinal-adult", since, to_mcg_day=330)
    assert found.wait_h == wait
    assert found.allowed is (wait == 0)


@pytest.mark.rule("B18")
def test_a_decrease_is_10_to_20_percent_and_does_not_wait():
    found = plan.titrate(300, "spinal-adult", 1, to_mcg_day=240)
    assert (found.decrease_min_mcg_day, found.decrease_max_mcg_day) == (240, 270)
    assert found.allowed is True
    too_much = plan.titrate(300, "spinal-adult", 1, to_mcg_day=239)
    assert too_much.allowed is False
    assert "B18" in told(too_much)


@pytest.mark.rule("B68")
def test_a_dose_of_nothing_is_a_sudden_stop_and_not_allowed():
    found = plan.titrate(300, "spinal-adult", 100, to_mcg_day=0)
    assert found.allowed is False
    assert "B68" in told(found)


def test_more_than_the_limit_is_not_allowed_and_the_limit_is():
    assert plan.titrate(300, "spinal-adult", 24, to_mcg_day=390).allowed is True
    assert plan.titrate(300, "spinal-adult", 24, to_mcg_day=Fraction(3901, 10)).allowed is False


@pytest.mark.rule("B15")
def test_increases_without_response_ask_for_the_pump_and_the_catheter():
    assert "B15" in told(plan.titrate(300, "spinal-adult", 30, no_response=True))
    assert "B15" not in told(plan.titrate(300, "spinal-adult", 30))


@pytest.mark.rule("B20", "B22", "B24")
@pytest.mark.parametrize(
    ("group", "rule", "lowest", "highest"),
    [
        ("spinal-adult", "B20", 12, 2003),
        ("cerebral-adult", "B22", 22, 1400),
        ("under-12", "B24", 24, 1199),
    ],
)
def test_a_dose_outside_of_what_was_seen_is_warned_of_as_observed(group, rule, lowest, highest):
    for dose, limit in ((lowest - 1, f"below {lowest}"), (highest + 1, f"above {highest}")):
        warning = told(plan.titrate(dose, group, 24))
        assert f"{limit} mcg/day ({rule}, observed range, not a label maximum" in warning
    for dose in (lowest, highest):
        warning = told(plan.titrate(dose, group, 24))
        assert f"below {lowest}" not in warning
        assert f"above {highest} mcg/day (" not in warning
    assert "refused by host and pump" in told(plan.titrate(highest + 1, group, 24))


@pytest.mark.rule("B20", "B22")
def test_a_dose_above_what_most_had_is_warned_of():
    assert "above 800 mcg/day (B20" in told(plan.titrate(801, "spinal-adult", 24))
    assert "above 703 mcg/day (B22" in told(plan.titrate(704, "cerebral-child", 24))
    assert told(plan.titrate(500, "spinal-adult", 24)) == ""


@pytest.mark.rule("B21", "B23")
def test_limited_experience_begins_at_1000_mcg_a_day():
    assert "B21" in told(plan.titrate(1000, "spinal-adult", 24))
    assert "B21" not in told(plan.titrate(999, "spinal-adult", 24))
    assert "B23" in told(plan.titrate(1001, "cerebral-adult", 24))
    assert "B23" not in told(plan.titrate(1000, "cerebral-adult", 24))


@pytest.mark.rule("B20")
def test_a_window_beyond_the_highest_dose_seen_is_warned_of_and_not_cut():
    found = plan.titrate(1800, "spinal-adult", 24)
    assert found.max_mcg_day == 2340
    assert "beyond 2003 mcg/day" in told(found)


@pytest.mark.rule("B31", "B32")
def test_a_night_begins_2_h_before_and_ends_on_time():
    found = plan.night(300, 20, 22 * 3600, 6 * 3600)
    # 12.5 mcg/h for 14 h, 15 mcg/h from 20:00 to 06:00, 10 h: 175 + 150.
    assert found.daily_dose_mcg == 325
    assert found.steps == (
        {"at": "00:00", "mcg_h": 15},
        {"at": "06:00", "mcg_h": Fraction(25, 2)},
        {"at": "20:00", "mcg_h": 15},
    )
    assert found.increase_of_dose_percent == Fraction(25, 3)
    assert 'by = "+20 %"' in found.profile
    assert plan.night(Fraction(1, 3), 20, 0, 3600).profile is None


def test_a_night_within_the_day_or_from_midnight_begins_the_day_at_the_right_rate():
    noon = plan.night(240, 20, 12 * 3600, 14 * 3600)
    assert [(s["at"], s["mcg_h"]) for s in noon.steps] == [
        ("00:00", 10),
        ("10:00", 12),
        ("14:00", 10),
    ]
    assert noon.daily_dose_mcg == 248
    early = plan.night(240, 20, 2 * 3600, 5 * 3600)
    assert [(s["at"], s["mcg_h"]) for s in early.steps] == [("00:00", 12), ("05:00", 10)]


@pytest.mark.rule("B13", "B14", "B31", "B32")
def test_a_night_is_held_against_the_groups_limit_of_24_h():
    # 45 % for 12 h is 22.5 % a day.
    words = (300, 45, 20 * 3600, 6 * 3600)
    assert "15 %" in told(plan.night(*words))
    assert "B14" in told(plan.night(*words, group="cerebral-adult"))
    assert "B13" not in told(plan.night(*words, group="spinal-adult"))
    assert "B31" in told(plan.night(*words))
    assert "B32" in told(plan.night(300, 20, 22 * 3600, 6 * 3600, lead_h=1))
    assert "B13" in told(plan.night(300, 90, 20 * 3600, 6 * 3600, group="spinal-adult"))


@pytest.mark.rule("B29", "B68")
def test_a_taper_falls_in_equal_steps_over_two_to_four_weeks():
    found = plan.taper(300, 14)
    # 14 steps and the end: 15 falls of 20.
    assert found.fall_mcg_day == 20
    assert [step["dose_mcg_day"] for step in found.steps] == list(range(280, -1, -20))
    assert [step["after_days"] for step in found.steps] == list(range(15))
    assert found.total_dose_mcg == sum(range(20, 281, 20))
    with pytest.raises(OutOfRange, match="B68"):
        plan.taper(300, Fraction(27, 2))
    assert "B29" in told(plan.taper(300, 29))


@pytest.mark.rule("B30")
def test_after_a_holiday_therapy_begins_at_the_initial_dose_not_the_last():
    found = plan.taper(300, 21, initial_mcg_day=100)
    assert found.restart_mcg_day == 100
    assert "B30" in found.rules
    assert "B30" in told(plan.taper(300, 21, initial_mcg_day=300))


def test_a_taper_has_rates_volume_and_dates_where_it_can():
    found = plan.taper(300, 14, concentration_mcg_ml=500, from_s=0)
    # 280 mcg/day at 500 mcg/mL is 0.56 mL/day.
    assert found.steps[0]["rate_ul_h"] == Fraction(560, 24)
    assert found.steps[1]["at"] == "2000-01-02T00:00:00"
    assert found.total_volume_ml == Fraction(2100, 500)


@pytest.mark.rule("B18")
def test_a_taper_in_few_steps_is_warned_of_as_steep():
    # Two steps and the end: a third each.
    assert "B18" in told(plan.taper(300, 14, step_days=7))


@pytest.mark.rule("B60", "B62")
@pytest.mark.parametrize(
    ("stopped", "action", "offered"),
    [
        (0, "resume", 300),
        (4, "resume", 300),
        (Fraction(401, 100), "confirm", 240),
        (48, "confirm", 240),
        (Fraction(4801, 100), "restart", 100),
    ],
)
def test_after_an_interruption_the_longer_it_was_the_less_is_taken_up_again(
    stopped, action, offered
):
    found = plan.interruption(stopped, 300, 100)
    assert (found.action, found.offered_mcg_day) == (action, offered)
    assert found.confirmation is (action != "resume")
    assert ("B60" in told(found)) is found.confirmation


@pytest.mark.rule("B30", "B56")
def test_after_a_long_stop_without_a_known_initial_dose_none_is_offered():
    found = plan.interruption(100, 300)
    assert found.offered_mcg_day is None
    assert "B30" in told(found)
    assert "B56" in told(found)
    assert plan.interruption(100, 80, 100).offered_mcg_day == 80


def test_an_interruption_tells_what_was_missed():
    # 12.5 mcg/h for 8 h; 1.51 h is a half-life.
    assert plan.interruption(8, 300).missed_mcg == 100
    assert plan.interruption(Fraction(151, 100), 300).csf_left_percent == 50


CALLS = {
    "start": lambda value: plan.start(value, 6),
    "response": lambda value: plan.start(50, value),
    "titrate": lambda value: plan.titrate(value, "spinal-adult", 24),
    "night": lambda value: plan.night(value, 20, 0, 3600),
    "taper": lambda value: plan.taper(value),
    "interruption": lambda value: plan.interruption(4, value),
    "bridge": lambda value: plan.bridge(500, value, 1, 300),
    "dilute": lambda value: plan.dilute(2000, 500, value),
    "rate": lambda value: plan.rate(value, 500),
    "dose": lambda value: plan.dose(value, 500),
    "refill": lambda value: plan.refill(18, 2, value, 500),
}


@pytest.mark.parametrize("name", CALLS)
def test_floats_and_what_is_not_above_0_are_refused(name):
    for wrong in (300.0, "300", True, None):
        with pytest.raises(BadText, match=r"Fraction"):
            CALLS[name](wrong)
    for wrong in (0, -1, Fraction(-1, 3)):
        with pytest.raises(OutOfRange, match="above 0"):
            CALLS[name](wrong)


def test_an_unknown_group_is_refused_with_those_that_there_are():
    with pytest.raises(BadText, match="spinal-adult, spinal-child"):
        plan.titrate(300, "adult", 24)


def history(*doses: tuple[int, int]) -> list[tuple[int, int]]:
    """Changes at hours."""
    return [(hours * 3600, dose) for hours, dose in doses]


@pytest.mark.rule("B12", "B13")
def test_a_history_gives_the_window_of_its_last_dose():
    found = plan.titrate_history(history((0, 100), (24, 130)), "spinal-adult", 34 * 3600)
    assert (found.min_mcg_day, found.max_mcg_day, found.wait_h) == (143, 169, 14)
    assert not [each for each in found.warnings if "came" in each or "above that" in each]


@pytest.mark.rule("B12", "B13")
def test_increases_in_a_history_that_came_too_soon_or_together_too_large_are_told():
    # 100, 130 (+30 %), an hour later 160: +60 % in 24 h.
    changes = history((0, 100), (24, 130), (25, 160))
    soon, large = plan.titrate_history(changes, "spinal-adult", 99 * 3600).warnings[:2]
    assert "1 h after the change before" in soon
    assert "60 % above that of 24 h before" in large
    down = plan.titrate_history(history((0, 300), (1, 250)), "spinal-adult", 99 * 3600)
    assert not [each for each in down.warnings if "came" in each]


@pytest.mark.parametrize(
    ("changes", "now_h"),
    [([], 1), (history((2, 100)), 1), (history((0, 100), (0, 110)), 1), (history((0, 0)), 1)],
)
def test_a_history_that_cannot_be_is_refused(changes, now_h):
    with pytest.raises(OutOfRange):
        plan.titrate_history(changes, "spinal-adult", now_h * 3600)
