"""What is said of a programme that is refused or warned of: the value, the limit, what to do."""

import unittest

from pump.core import programme, ratio
from pump.core.errors import BadText, OutOfRange
from pump.core.limits import smallest_rate_nl_per_h
from pump.core.ranges import LIMITS, Limit, SettingError, show
from test_programme import CONTINUOUS, DAY_S, changed

RATE = (25_000, 1)
WEEKEND = (0, 0, 0, 0, 0, 1, 1)
# Every hour a bolus, and one more.
TOO_MANY = tuple([(hour * 3600, 127, (10_000, 1), 600) for hour in range(24)])
TOO_MANY += ((86_000, 1, (10_000, 1), 60),)

NO_DOSE = "; check that a volume was meant and not a dose"
MOST = "the limit is the programme's maximum rate, 12 mg/day (1 mL/h)" + NO_DOSE
# 9223372036854775809 / 4611686018427387904, a little more than 2.
FINE = ratio.ratio(2**63 + 1, 2**62)

# What is changed in 300 mcg/day from a 10 mL syringe, what the setting is, what is said.
REFUSED = (
    ({"name": ""}, ("name",), 'name is "": the limit is 1 to 32 characters'),
    (
        {"name": "n" * 33},
        ("name",),
        'name is "' + "n" * 33 + '": the limit is 1 to 32 characters',
    ),
    (
        {"patient_group": "adult"},
        ("patient_group",),
        'patient group is "adult": the limit is one of spinal-adult, spinal-child, '
        "cerebral-adult, cerebral-child, under-12",
    ),
    (
        {"patient_group": "under-12", "drug": ""},
        ("patient_group",),
        'patient group is "under-12", but there is no drug: name the drug too',
    ),
    (
        {"calibration": (1_000_001, 1_000_000)},
        ("calibration",),
        "calibration is 1.000001, a fraction of too many digits: the limit is 1000000 above and "
        "below the line, use a rounder figure",
    ),
    (
        {"calibration": (1_000_000, 1_000_001)},
        ("calibration",),
        "calibration is ~1, a fraction of too many digits: the limit is 1000000 above and below "
        "the line, use a rounder figure",
    ),
    (
        {"days": (((0, RATE), (3600, FINE)),)},
        ("days", 0, 3600),
        "basal rate is ~2, a fraction of too many digits: the limit is 9223372036854775807 above "
        "and below the line, use a rounder figure",
    ),
    (
        {"microsteps": 24},
        ("microsteps",),
        "microsteps per full step is 24: the limit is 1 to 256, a power of two",
    ),
    (
        {"capacity_nl": 10_577_000},
        ("capacity_nl",),
        "syringe capacity is 10.577 mL, but bore and travel give ~10.073 mL: the limit is 5 % more "
        "than they give, check all three",
    ),
    (
        # 165.13 mm2 of 20 mm a turn, 20 steps a turn, 1/100 of a gear, 0.987 of it.
        {"gear": (1, 100), "lead_um": 20_000, "microsteps": 1, "full_steps_per_rev": 20},
        ("microstep_nl",),
        "volume of a microstep is ~16.298 mL: the limit is 0.001 nL to 100 uL, given by syringe, "
        "screw, motor and gear",
    ),
    (
        {"days": ()},
        ("days",),
        "number of different days is 0: the limit is 1 to 7, one for each weekday at most",
    ),
    (
        {"days": (CONTINUOUS.days[0], ()), "week": WEEKEND},
        ("days", 1, 0),
        "number of steps in a day is 0: the limit is 1 to 48, a step every half hour",
    ),
    (
        {"days": (((0, RATE),), ((7200, RATE),)), "week": WEEKEND},
        ("days", 1, 7200),
        "the first step of the basal of Sat, Sun starts at 02:00: a day starts with a step at "
        "00:00",
    ),
    (
        {"days": (((1, RATE),),)},
        ("days", 0, 1),
        "the first step of the basal starts at 00:00:01: a day starts with a step at 00:00",
    ),
    (
        {"days": (((0, RATE), (7200, RATE), (3600, RATE)),)},
        ("days", 0, 3600),
        "in the basal the step at 01:00 follows the one at 02:00: steps ascend, each once",
    ),
    (
        {"days": (((0, RATE), (0, RATE)),)},
        ("days", 0, 0),
        "in the basal the step at 00:00 follows the one at 00:00: steps ascend, each once",
    ),
    (
        {"days": (((0, RATE), (DAY_S, RATE)),)},
        ("days", 0, DAY_S),
        "start of a step is 1 day: the limit is 0 s to 23 h 59 min 59 s, within the day",
    ),
    (
        {"days": (((0, (-1, 1)),),)},
        ("days", 0, 0),
        "basal rate is -1 nL/h: the limit is 0 mL/h to 999 mL/h, at most 999 mL/h",
    ),
    (
        {"week": (0, 0, 0, 1, 0, 0, 0)},
        ("week",),
        "the week names day 1: there are days 0 to 0",
    ),
    (
        {"week": (0, 0, 0, -1, 0, 0, 0)},
        ("week",),
        "the week names day -1: there are days 0 to 0",
    ),
    (
        {"days": CONTINUOUS.days * 2},
        ("week",),
        "day 1 is not used: leave out a day that no weekday has",
    ),
    (
        {"boluses": TOO_MANY},
        ("boluses", 0),
        "number of boluses is 25: the limit is 0 to 24, one an hour",
    ),
    (
        {"boluses": ((0, 127, (100_000, 1), 0),)},
        ("boluses", 0),
        "duration of a bolus is 0 s: the limit is 1 s to 1 day, so that it has ended when it "
        "starts again the next day",
    ),
    (
        {"boluses": ((0, 1, (10_000, 1), 60), (3600, 127, (-1, 1), 60))},
        ("boluses", 1),
        "bolus is -1 nL: the limit is 0 mL to 60 mL, at most a whole syringe",
    ),
    (
        {"boluses": ((28_800, 4, (10_000, 1), 60), (28_800, 6, (10_000, 1), 60))},
        ("boluses", 1),
        "two boluses start at 08:00 on Wed: write one, or another time",
    ),
    (
        {"boluses": ((7200, 127, (10_000, 1), 60), (3600, 127, (10_000, 1), 60))},
        ("boluses", 1),
        "the bolus at 01:00 is out of order: boluses ascend by time, then by weekdays",
    ),
    (
        {"boluses": ((3600, 4, (10_000, 1), 60), (3600, 2, (10_000, 1), 60))},
        ("boluses", 1),
        "the bolus at 01:00 is out of order: boluses ascend by time, then by weekdays",
    ),
    (
        {"boluses": ((3600, 127, (101, 1), 60),)},
        ("boluses", 0),
        "the bolus at 01:00 is 50.5 ng (101 nL), less than one microstep: the limit is ~101.86 nL "
        "or more",
    ),
    (
        {"boluses": ((3600, 127, (10_000_001, 1), DAY_S),)},
        ("boluses", 0),
        "the bolus at 01:00 is 10.000001 mL: the limit is the syringe's capacity, 10 mL",
    ),
    (
        # 733.5 mL/h of 101.865 nL.
        {"max_rate_nl_per_h": (733_500_000, 1), "commit_ahead_nl": 300_000},
        ("max_rate_nl_per_h",),
        "step rate at the maximum rate, in microsteps a second, is ~2000.2: the limit is 0 to "
        "2000, what the drive follows without losing steps: lower the maximum rate, or use fewer "
        "microsteps, a smaller gear, a longer lead or a larger bore",
    ),
    (
        {"days": (((0, RATE), (21_600, (12_500_000, 1))),), "concentration_mcg_per_ml": None},
        ("days", 0, 21_600),
        "the basal from 06:00 is 12.5 mL/h: the limit is the programme's maximum rate, 1 mL/h",
    ),
    (
        {"days": (((0, RATE),), ((0, (2_000_000, 1)),)), "week": WEEKEND},
        ("days", 1, 0),
        "the basal of Sat, Sun from 00:00 is 24 mg/day (2 mL/h): " + MOST,
    ),
    (
        {"minimum_rate_nl_per_h": (1_000_001, 1)},
        ("minimum_rate_nl_per_h",),
        "minimum rate is 12.000012 mg/day (1.000001 mL/h): " + MOST,
    ),
    (
        {"boluses": ((0, 1, (10_000, 1), 60), (28_800, 1, (200_000, 1), 719))},
        ("boluses", 1),
        # 200 uL in 719 s.
        "the rate of the bolus at 08:00 is ~12.017 mg/day (~1.0014 mL/h): " + MOST,
    ),
    (
        {"boluses": ((28_800, 127, (100_000, 1), 369),)},
        ("max_rate_nl_per_h",),
        # 100 uL in 369 s on 25 uL/h.
        "basal and boluses together on Mon at 08:00 is ~12.007 mg/day (~1.0006 mL/h): " + MOST,
    ),
    (
        {"max_bolus_nl": (10_000_001, 1)},
        ("max_bolus_nl",),
        "maximum bolus is 10.000001 mL: the limit is the syringe's capacity, 10 mL",
    ),
    (
        {"commit_ahead_nl": 277},
        ("commit_ahead_nl",),
        "volume committed ahead is 277 nL: the limit is ~277.78 nL or more, one second at the "
        "maximum rate",
    ),
    (
        {"commit_ahead_nl": 203, "max_rate_nl_per_h": RATE},
        ("commit_ahead_nl",),
        "volume committed ahead is 203 nL: the limit is ~203.73 nL or more, two microsteps",
    ),
    (
        {"commit_ahead_nl": 1_000_001},
        ("commit_ahead_nl",),
        "volume committed ahead is 1.000001 mL: the limit is 1 mL or less, a tenth of the syringe",
    ),
    (
        {"reservoir_low_nl": 500_000},
        ("reservoir_low_nl",),
        "low reservoir volume is 500 uL: the limit is more than the reserve, 500 uL, so that low "
        "comes before empty",
    ),
    (
        {"reservoir_low_nl": 10_000_001},
        ("reservoir_low_nl",),
        "low reservoir volume is 10.000001 mL: the limit is the syringe's capacity, 10 mL",
    ),
    (
        {"start_s": 5, "end_s": 5},
        ("end_s",),
        "the end, 2000-01-01T00:00:05, is not after the start, 2000-01-01T00:00:05",
    ),
)

BAD = (
    ({"name": "n\u00e4me"}, 'name is "n?me": write printable ASCII without a space at either end'),
    ({"drug": "x "}, 'drug is "x ": write printable ASCII without a space at either end'),
    ({"name": "two\nlines"}, "write printable ASCII without a space at either end"),
    ({"bore_um": "x"}, 'syringe bore is "x": it is a whole number'),
    ({"bore_um": True}, "syringe bore is"),
    ({"gear": (2, 4)}, 'gear is "(2, 4)": it is a reduced ratio'),
    ({"gear": (1, 1, 1)}, "it is a reduced ratio"),
    ({"gear": [1, 1]}, "it is a reduced ratio"),
    ({"gear": (1.0, 1)}, "it is a reduced ratio"),
    ({"gear": (1, 0)}, "it is a reduced ratio"),
    ({"minimum_rate_nl_per_h": None}, "minimum rate is"),
    ({"boluses": ((0.5, 1, (10_000, 1), 60),)}, "start of a bolus is"),
    ({"boluses": ((0, "1", (10_000, 1), 60),)}, "weekdays of a bolus is"),
    ({"boluses": ((0, 1, 10_000, 60),)}, "bolus is"),
    ({"boluses": ((0, 1, (10_000, 1), None),)}, "duration of a bolus is"),
    ({"days": (((None, RATE),),)}, "start of a step is"),
    ({"days": (((0, 25_000),),)}, "basal rate is"),
    ({"week": (0, 0)}, "the week is not 7 days, Monday first"),
    ({"week": [0] * 7}, "the week is not 7 days, Monday first"),
)

SLOW = (
    "syringe_too_large",
    "the lowest rate is 300 mcg/day (25 uL/h), below the 100 uL/h advised for a syringe of this "
    "size: a smaller syringe delivers more evenly",
)

WARNED = (
    ({}, (SLOW,)),
    ({"days": (((0, (100_000, 1)),),)}, ()),
    (
        {"calibration": (1, 1), "days": (((0, (100_000, 1)),),)},
        (
            (
                "not_calibrated",
                "the volume of a microstep is nominal, not measured: deliver a known volume, weigh "
                "it and set the calibration",
            ),
        ),
    ),
    (
        {"bore_um": 19_130},
        (
            (
                "swept_volume_large",
                "bore and travel give ~17.533 mL, far more than the capacity of 10 mL: check the "
                "bore",
            ),
            SLOW,
        ),
    ),
    (
        {"days": (((0, (1222, 1)),),)},
        (
            (
                "syringe_too_large",
                "the lowest rate is 14.664 mcg/day (1.222 uL/h), below the 100 uL/h advised for a "
                "syringe of this size: a smaller syringe delivers more evenly",
            ),
            (
                "microstep_coarse",
                "at the lowest rate there is one microstep, ~50.932 ng (~101.86 nL), in 5 min: a "
                "smaller syringe, a gear or more microsteps deliver more evenly",
            ),
        ),
    ),
    (
        # 26 uL/h for 14 s are 101.1 nL.
        {"days": (((0, RATE), (3600, (26_000, 1)), (3614, RATE)),)},
        (
            SLOW,
            (
                "step_below_microstep",
                "the basal from 01:00 amounts to ~50.556 ng (~101.11 nL), less than one microstep "
                "of ~101.86 nL: it is carried into the next step",
            ),
        ),
    ),
    (
        {"days": (((0, (0, 1)),),)},
        (("basal_zero", "the basal is 0 all day: nothing but boluses is delivered"),),
    ),
    (
        # A step of 0 and, after it, one too short for a microstep.
        {"days": (((0, RATE), (3600, (0, 1)), (7200, RATE), (7214, (26_000, 1))),)},
        (
            SLOW,
            ("basal_zero", "the basal from 01:00 is 0: nothing but boluses is delivered then"),
            (
                "step_below_microstep",
                "the basal from 02:00 amounts to ~48.611 ng (~97.222 nL), less than one microstep "
                "of ~101.86 nL: it is carried into the next step",
            ),
        ),
    ),
    (
        {"days": (((0, RATE),), ((0, (0, 1)),)), "week": WEEKEND},
        (
            SLOW,
            (
                "basal_zero",
                "the basal of Sat, Sun is 0 all day: nothing but boluses is delivered",
            ),
        ),
    ),
    (
        # 600 uL a day; the low volume is 599.999 uL above the reserve of 500 uL.
        {"reservoir_low_s": DAY_S - 1, "reservoir_low_nl": 1_099_999},
        (
            SLOW,
            (
                "low_warning_short",
                "the low reservoir alarm comes less than a day before the reservoir is empty: "
                "raise its volume or its time",
            ),
        ),
    ),
    ({"reservoir_low_s": DAY_S - 1, "reservoir_low_nl": 1_100_000}, (SLOW,)),
    ({"reservoir_low_s": DAY_S, "reservoir_low_nl": 1_099_999}, (SLOW,)),
)


class SentenceTest(unittest.TestCase):
    def test_what_is_refused_is_named_with_its_value_and_its_limit(self):
        for changes, where, said in REFUSED:
            with self.assertRaises(OutOfRange) as caught:
                programme.check(changed(**changes))
            self.assertEqual(caught.exception.sentence, said)
            self.assertEqual(caught.exception.where, where)

    def test_what_is_not_even_of_its_kind_is_told(self):
        for changes, said in BAD:
            with self.assertRaises(BadText) as caught:
                programme.check(changed(**changes))
            self.assertIn(said, caught.exception.sentence)

    def test_warnings_give_the_figures_and_what_to_do(self):
        for changes, expected in WARNED:
            each = changed(**changes)
            programme.check(each)
            self.assertEqual(programme.warnings(each), expected)

    def test_values_that_may_be_none_may_be_none(self):
        programme.check(
            changed(concentration_mcg_per_ml=None, start_s=None, end_s=None, resume_within_s=None)
        )

    def test_there_is_no_advice_for_a_syringe_beyond_the_table(self):
        self.assertEqual(smallest_rate_nl_per_h(60_000_001), None)
        self.assertEqual(smallest_rate_nl_per_h(1_000_001), 10_000)


class RangeTest(unittest.TestCase):
    def test_terms_of_a_ratio_fit_a_signed_word_of_64_bits(self):
        most = 9223372036854775807
        programme.check(changed(days=(((0, (most, most - 1)),),)))
        with self.assertRaises(SettingError) as caught:
            programme.check(changed(days=(((0, (most + 1, most)),),)))
        self.assertIn("the limit is 9223372036854775807 above", caught.exception.sentence)

    def test_an_instant_is_shown_as_a_date_within_the_years_of_the_clock(self):
        for value, shown in (
            (0, "2000-01-01T00:00:00"),
            (36525 * DAY_S - 1, "2099-12-31T23:59:59"),
            (36525 * DAY_S, "~3155760000"),
            (-1, "-1"),
        ):
            self.assertEqual(show((value, 1), "instant"), shown)

    def test_a_limit_that_is_not_there_is_named(self):
        with self.assertRaises(KeyError) as caught:
            LIMITS.named("bore")
        self.assertEqual(caught.exception.args, ("bore",))

    def test_a_limit_may_be_a_fraction(self):
        calibration = LIMITS.named("calibration")
        self.assertEqual((calibration.minimum, calibration.maximum), ((1, 2), (2, 1)))
        own = Limit("x", "x", (1, 3), (2, 3), "", False, "for a test")
        own.check((2, 3))
        with self.assertRaises(SettingError) as caught:
            own.check((3, 4))
        self.assertEqual(caught.exception.where, ("x",))


class EdgeTest(unittest.TestCase):
    """What lies exactly at its limit is taken."""

    def test_it_is_taken(self):
        low = CONTINUOUS.reservoir_reserve_nl + 1
        for changes in (
            {"minimum_rate_nl_per_h": (1_000_000, 1)},
            {"days": (((0, (1_000_000, 1)),),)},
            # 200 uL in 720 s are 1 mL/h; with no basal at all.
            {"boluses": ((0, 1, (200_000, 1), 720),), "days": (((0, (0, 1)),),)},
            {"max_bolus_nl": (10_000_000, 1)},
            {"reservoir_low_nl": low},
            {"reservoir_low_nl": 10_000_000},
            # One microstep, 2 um of 165.13 mm2 over 3200 times 0.987.
            {"boluses": ((0, 1, CONTINUOUS.microstep_nl(), 60),)},
            # The capacity, within a day at 999 uL/h.
            {"boluses": ((0, 1, (10_000_000, 1), 37_000),)},
            {"boluses": ((0, 1, (10_000, 1), 60), (0, 2, (10_000, 1), 60))},
            {"calibration": (999_999, 1_000_000)},
            {"gear": (999, 1), "commit_ahead_nl": 1000, "max_rate_nl_per_h": (700_000, 1)},
        ):
            programme.check(changed(**changes))


if __name__ == "__main__":
    unittest.main()
