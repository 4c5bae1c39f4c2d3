"""titrate.plan: volumes, concentrations and rates. Expected values are worked out by hand."""

from fractions import Fraction

import pytest

from pump.core.day import lowest_rate_nl_per_h
from pump.core.errors import OutOfRange
from pump.core.quantity import parse_instant_s
from titrate import plan
from titrate.profile import load_profile
from titrate.simulation import simulate


def told(result: plan.Result) -> str:
    """All that a result warns of."""
    return " | ".join(result.warnings)


@pytest.mark.rule("B51", "B43", "B54")
def test_a_fill_is_low_empty_and_to_be_refilled_at():
    # 300 mcg at 500 mcg/mL: 0.6 mL a day. 16 mL last 26 2/3 days, 18 mL 30 days.
    found = plan.refill(18, 2, 300, 500, from_s=parse_instant_s("2026-11-22T08:00"))
    assert (found.low_in_h, found.empty_in_h, found.refill_by_h) == (640, 720, 640)
    assert found.limited_by == "low reservoir"
    assert found.low_at == found.refill_by == "2026-12-19T00:00:00"
    assert found.empty_at == "2026-12-22T08:00:00"
    assert "B51" in found.rules
    assert "B54" in found.cautions
    stable = plan.refill(18, 2, 300, 500, stability_days=20)
    assert (stable.refill_by_h, stable.limited_by) == (480, "stability of the drug")
    assert plan.refill(18, 2, 300, 500, stability_days=27).refill_by_h == 640


@pytest.mark.rule("B43")
def test_a_fill_that_outlasts_the_drugs_stability_is_to_be_refilled_by_that():
    # 0.05 mL a day: 16 mL last 320 days; the library has 180 days for baclofen.
    found = plan.refill(18, 2, 25, 500)
    assert (found.low_in_h, found.refill_by_h) == (320 * 24, 180 * 24)
    assert found.limited_by == "stability of the drug"
    assert "study" in found.inputs["stability_by"]


def test_boluses_and_what_the_pump_leaves_shorten_a_fill():
    # 300 and two of 50 make 400 mcg, 0.8 mL a day: 16 mL 20 days, 17.5 mL 21.875 days.
    found = plan.refill(18, 2, 300, 500, boluses=[(50, 2)], stop_at_ml=Fraction(1, 2))
    assert (found.low_in_h, found.empty_in_h) == (480, 525)


@pytest.mark.parametrize("name", ["night-step", "weekday-weekend", "very-low-22mcg-day-1ml"])
def test_a_profiles_fill_lasts_as_long_as_its_simulation_says(name, root):
    profile = load_profile(root / f"host_tools/titrate/examples/{name}.toml")
    fill_nl = profile.programme.capacity_nl
    from_s = parse_instant_s("2026-11-22T05:00")
    found = plan.refill_of(profile.programme, Fraction(fill_nl, 10**6), from_s=from_s)
    run = simulate(profile.programme, from_s, 120 * 86_400, fill_nl)
    events = {event.code: event.t_s for event in run.events}
    lowest_nl_per_h = Fraction(*lowest_rate_nl_per_h(profile.programme))
    step_s = Fraction(*profile.programme.microstep_nl()) / lowest_nl_per_h * 3600
    # The step that crosses the level comes within one microstep of the volume.
    assert abs(found.low_in_h * 3600 - events["low_reservoir"]) <= step_s
    assert abs(found.empty_in_h * 3600 - events["empty"]) <= step_s


def test_a_fill_that_outlasts_the_horizon_is_refused(root):
    profile = load_profile(root / "host_tools/titrate/examples/very-low-22mcg-day-10ml.toml")
    with pytest.raises(OutOfRange, match="730 days"):
        plan.refill_of(profile.programme, 10, from_s=0)


def test_a_reserve_is_below_the_fill():
    for reserve in (18, 19):
        with pytest.raises(OutOfRange, match="below the fill"):
            plan.refill(18, reserve, 300, 500)


@pytest.mark.rule("B15", "B54", "B61")
@pytest.mark.parametrize(
    ("measured", "flag", "rule"),
    [
        # Fill 20, expected 10: what is measured off 10 is the deviation in tenths.
        (Fraction(23, 2), False, None),
        (Fraction(1151, 100), True, "B15"),
        (Fraction(17, 2), False, None),
        (Fraction(849, 100), True, "B61"),
        (20, True, "B54"),
        (0, True, "B61"),
    ],
)
def test_a_residual_is_flagged_outside_of_15_percent(measured, flag, rule):
    found = plan.residual(10, measured, 20)
    assert found.delivered_ratio == (20 - Fraction(measured)) / 10
    assert found.flag is flag
    assert told(found) == "" if rule is None else rule in told(found)


@pytest.mark.rule("B39", "B40", "B67")
def test_a_dilution_is_made_of_a_strength_on_the_market_and_saline():
    found = plan.dilute(2000, 350, 20)
    assert (found.stock_ml, found.diluent_ml) == (Fraction(7, 2), Fraction(33, 2))
    assert found.diluent == "sterile preservative-free 0.9 % sodium chloride"
    assert told(found) == ""
    assert "B67" in told(plan.dilute(4000, 350, 20))
    assert "nothing" in told(plan.dilute(500, 500, 20))
    with pytest.raises(OutOfRange, match="stronger stock"):
        plan.dilute(500, 501, 20)


@pytest.mark.rule("B39", "B41")
def test_the_strengths_that_suit_a_pump_are_those_whose_rate_it_has():
    # 50 mcg at 50, 500 and 2000 mcg/mL: 1, 0.1 and 0.025 mL a day.
    found = plan.concentration(50, Fraction("0.048"), 24, usable_ml=16)
    assert [step["rate_ml_day"] for step in found.strengths] == [
        1,
        Fraction(1, 10),
        Fraction(1, 40),
    ]
    assert found.works_mcg_ml == (50, 500)
    assert found.longest_interval_mcg_ml == 500
    assert [step["lasts_days"] for step in found.strengths] == [16, 160, 640]
    assert "too strong" in found.strengths[2]["finding"]
    none = plan.concentration(50, 2, 24)
    assert (none.works_mcg_ml, none.longest_interval_mcg_ml) == ((), None)
    assert "B40" in told(none)
    # 1 mL a day: a pump that goes from 1 to 1 can, one a little slower or faster cannot.
    assert plan.concentration(500, 1, 1, [500]).works_mcg_ml == (500,)
    for low, high in ((Fraction(1, 2), Fraction(99, 100)), (Fraction(101, 100), 2)):
        assert plan.concentration(500, low, high, [500]).works_mcg_ml == ()
    assert "too weak" in plan.concentration(5000, 1, 24).strengths[0]["finding"]
    with pytest.raises(OutOfRange, match="below its lowest"):
        plan.concentration(50, 24, 1)


def test_a_bridge_keeps_the_dose_while_the_old_drug_leaves():
    found = plan.bridge(500, 2000, Fraction(1, 4), 300)
    assert (found.rate_ul_h, found.duration_h, found.then_rate_ul_h) == (25, 10, Fraction(25, 4))
    # Without it 6.25 uL/h of 500 mcg/mL: a quarter of the dose.
    assert found.without_bridge_mcg_day == 75
    assert "mix" in told(found)
    assert "no bridge" in told(plan.bridge(500, 500, 1, 300))


def test_a_prime_is_the_path_that_is_not_filled_and_no_dose():
    found = plan.prime(Fraction(1, 4), Fraction(1, 10), Fraction(1, 10), 500, 500, 300)
    # 0.25 mL at 0.5 mL/h: half an hour. 125 mcg, at 300 mcg/day 10 h late.
    assert (found.volume_ul, found.duration_h, found.duration_min) == (250, Fraction(1, 2), 30)
    assert (found.drug_in_path_mcg, found.delay_without_prime_h) == (125, 10)
    assert found.counted_as_dose_mcg == 0
    assert "mixes" in told(found)
    assert plan.prime(1).duration_h is None


def test_dose_and_rate_are_each_others_way_back():
    # The design's example: 22 mcg/day at 2000 mcg/mL is 1375/3 nL/h.
    found = plan.rate(22, 2000)
    assert found.rate_nl_h == Fraction(1375, 3)
    assert plan.dose(found.rate_ul_h, 2000).dose_mcg_day == 22
    assert plan.rate(300, 500).rate_ml_day == Fraction(3, 5)


@pytest.mark.rule("B20")
def test_a_dose_above_any_seen_is_warned_of_wherever_a_dose_is_asked_for():
    for found in (
        plan.rate(2004, 500),
        plan.refill(18, 2, 2004, 500),
        plan.bridge(500, 2000, 1, 2004),
        plan.taper(2004),
        plan.concentration(2004, 1, 24),
        plan.interruption(1, 2004),
        plan.night(2004, 20, 0, 3600),
    ):
        assert "above any dose of any group: 2003 mcg/day (B20" in told(found)
