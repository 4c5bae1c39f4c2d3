import unittest

from pump.core import canonical, programme, ratio, review
from pump.core.errors import BadText, OutOfRange
from pump.core.limits import SMALLEST_RATES, smallest_rate_nl_per_h
from pump.core.ranges import LIMITS, SettingError

DAY_S = 86_400
ALL_DAYS = (0,) * 7

# 300 mcg/day of baclofen 500 mcg/mL from a 10 mL syringe.
CONTINUOUS = programme.Programme(
    name="Continuous 300 mcg/day",
    bore_um=14_500,
    capacity_nl=10_000_000,
    travel_um=61_000,
    lead_um=2000,
    full_steps_per_rev=200,
    microsteps=16,
    gear=(1, 1),
    calibration=(987, 1000),
    drug="baclofen",
    concentration_mcg_per_ml=(500, 1),
    days=(((0, (25_000, 1)),),),
    week=ALL_DAYS,
    boluses=(),
    minimum_rate_nl_per_h=(250, 1),
    start_s=None,
    end_s=None,
    reservoir_low_nl=2_000_000,
    reservoir_low_s=172_800,
    reservoir_reserve_nl=500_000,
    max_rate_nl_per_h=(1_000_000, 1),
    max_bolus_nl=(200_000, 1),
    commit_ahead_nl=1000,
)

# Written out by hand, key by key.
CONTINUOUS_TEXT = """titrate-programme 1
name Continuous 300 mcg/day
bore_um 14500
capacity_nl 10000000
travel_um 61000
lead_um 2000
full_steps_per_rev 200
microsteps 16
gear 1
calibration 987/1000
drug baclofen
concentration_mcg_per_ml 500
step 0 0 25000
week 0 0 0 0 0 0 0
minimum_rate_nl_per_h 250
start_s none
end_s none
reservoir_low_nl 2000000
reservoir_low_s 172800
reservoir_reserve_nl 500000
max_rate_nl_per_h 1000000
max_bolus_nl 200000
commit_ahead_nl 1000
"""

WEEKDAY = ((0, (25_000, 1)), (79_200, (30_000, 1)))
WEEKEND = ((0, (1375, 3)),)

# Everything that the text can hold: no drug, two days, boluses, start and end.
FULL = programme.replace(
    CONTINUOUS,
    drug="",
    concentration_mcg_per_ml=None,
    days=(WEEKDAY, WEEKEND),
    week=(0, 0, 0, 0, 0, 1, 1),
    boluses=(
        (28_800, 31, (100_000, 3), 600),
        (28_800, 96, (50_000, 1), 600),
        (72_000, 127, (9000, 1), 60),
    ),
    start_s=848_642_400,
    end_s=849_000_000,
)


def changed(**changes):
    return programme.replace(CONTINUOUS, **changes)


def sentence(call, *args):
    """The sentence with which something is refused."""
    try:
        call(*args)
    except (BadText, OutOfRange) as error:
        return error.sentence
    raise AssertionError("not refused")


class CanonicalTextTest(unittest.TestCase):
    def test_the_text_of_a_programme_is_as_written_by_hand(self):
        self.assertEqual(programme.canonical_text(CONTINUOUS), CONTINUOUS_TEXT)

    def test_a_text_is_read_back_as_the_same_programme(self):
        for each in (CONTINUOUS, FULL):
            text = programme.canonical_text(each)
            found = programme.parse_canonical(text)
            self.assertEqual(found.__dict__, each.__dict__)
            self.assertTrue(found == each)
            self.assertEqual(programme.canonical_text(found), text)

    def test_a_patient_group_has_a_line_only_where_there_is_one(self):
        child = changed(patient_group="spinal-child")
        lines = CONTINUOUS_TEXT.split("\n")
        lines.insert(lines.index("concentration_mcg_per_ml 500") + 1, "patient_group spinal-child")
        text = "\n".join(lines)
        self.assertEqual(programme.canonical_text(child), text)
        self.assertEqual(programme.parse_canonical(text), child)
        for empty in ("patient_group", "patient_group "):
            found = sentence(
                programme.parse_canonical, text.replace("patient_group spinal-child", empty)
            )
            self.assertTrue("programme line 13: " in found, found)

    def test_days_and_boluses_have_a_line_each(self):
        text = programme.canonical_text(FULL)
        lines = (
            "drug\nconcentration_mcg_per_ml none\n"
            + "step 0 0 25000\nstep 0 79200 30000\nstep 1 0 1375/3\nweek 0 0 0 0 0 1 1\n"
            + "bolus 28800 31 100000/3 600\nbolus 28800 96 50000 600\nbolus 72000 127 9000 60\n"
        )
        self.assertTrue(lines in text)
        self.assertTrue("start_s 848642400\nend_s 849000000\n" in text)

    def test_the_digest_is_the_start_of_the_sha_256_of_the_text(self):
        # sha256sum of the text above.
        self.assertEqual(programme.digest(CONTINUOUS_TEXT), "dacecbd77213d00b")
        self.assertEqual(programme.digest(""), "e3b0c44298fc1c14")

    def test_programmes_that_differ_have_different_texts(self):
        texts = {programme.canonical_text(each) for each in (CONTINUOUS, FULL, changed(name="x"))}
        self.assertEqual(len(texts), 3)

    def test_the_longest_line_fits_into_a_line_of_the_link(self):
        term = 2**63 - 1
        widest = programme.replace(
            FULL,
            name="n" * 32,
            boluses=((86_399, 127, (term, term - 1), 86_400),),
            days=(((0, (term, term - 1)),), ((0, (term, term - 2)),)),
        )
        text = programme.canonical_text(widest)
        self.assertEqual(programme.parse_canonical(text), widest)
        longest = max(len(line) for line in text.split("\n"))
        self.assertTrue(longest <= canonical.LINE_LENGTH_MAX // 2)

    def test_the_fullest_programme_is_382_lines_and_at_most_20_kb(self):
        big = 2**63 - 1
        days = tuple(
            tuple(
                (half * 1800, ratio.ratio(big - half - 48 * day, big - 1000)) for half in range(48)
            )
            for day in range(7)
        )
        boluses = tuple(
            (hour * 3600, 127, ratio.ratio(big - hour, big - 999), 86_400) for hour in range(24)
        )
        fullest = programme.replace(
            FULL, name="n" * 32, drug="d" * 32, days=days, week=tuple(range(7)), boluses=boluses
        )
        text = programme.canonical_text(fullest)
        self.assertEqual(text.count("\n"), 382)
        self.assertTrue(len(text) <= 20 * 1024, len(text))
        self.assertEqual(programme.parse_canonical(text), fullest)


class ParseTest(unittest.TestCase):
    def refused(self, text, said):
        found = sentence(programme.parse_canonical, text)
        self.assertTrue(said in found, found)

    def test_every_line_must_be_there_in_its_place(self):
        lines = CONTINUOUS_TEXT.split("\n")[:-1]
        for index in range(len(lines)):
            without = "\n".join(lines[:index] + lines[index + 1 :]) + "\n"
            self.refused(without, "programme line " + str(index + 1) + ": ")
            twice = "\n".join(lines[: index + 1] + lines[index:]) + "\n"
            if lines[index] != "step 0 0 25000":  # a second step may follow; check() refuses it
                self.refused(twice, "programme line " + str(index + 2) + ": ")
            swapped = list(lines)
            swapped[index - 1], swapped[index] = swapped[index], swapped[index - 1]
            self.refused("\n".join(swapped) + "\n", "programme line ")

    def test_a_text_that_is_cut_is_refused_wherever_it_is_cut(self):
        for end in range(len(CONTINUOUS_TEXT)):
            self.refused(CONTINUOUS_TEXT[:end], "programme line ")

    def test_what_follows_the_end_is_refused(self):
        self.refused(CONTINUOUS_TEXT + "note x\n", 'line 24: the end is expected, found "note x"')
        self.refused(CONTINUOUS_TEXT + "\n", "line 24: the end is expected")

    def test_an_unknown_key_is_named_with_its_line(self):
        text = CONTINUOUS_TEXT.replace("gear 1", "ratio 1")
        self.refused(text, 'line 9: "gear" is expected, found "ratio"')

    def test_a_number_has_one_form_only(self):
        for wrong in (
            "01", "+1", "-1", "1.0", "1e3", "0x10", " 1", "1 ", "1 2", "2/4", "3/1", "1/0",
            "1/-1", "1/", "/2", "1/2/3", "1_0", "", "one", "\u0661", "1\r", "1\t",
        ):  # fmt: skip
            text = CONTINUOUS_TEXT.replace("gear 1\n", "gear " + wrong + "\n")
            self.refused(text, "line 9: ")
        self.refused(CONTINUOUS_TEXT.replace("microsteps 16", "microsteps 33/2"), "whole number")

    def test_only_printable_ascii_is_taken(self):
        for wrong in ("\u00e4", "\t", "\x03", "\x7f", "\r"):
            text = CONTINUOUS_TEXT.replace("Continuous", "Contin" + wrong)
            self.refused(text, "line 2: only printable ASCII characters are allowed")

    def test_a_line_is_not_longer_than_its_limit(self):
        text = CONTINUOUS_TEXT.replace("Continuous", "C" * 200)
        self.refused(text, "line 2: it has more than 200 characters")

    def test_days_are_numbered_without_a_gap(self):
        for steps in (
            "step 1 0 25000\n",
            "step 0 0 1\nstep 2 0 1\n",
            "step 0 0 1\nstep 1 0 1\nstep 0 5 1\n",
        ):
            text = CONTINUOUS_TEXT.replace("step 0 0 25000\n", steps)
            self.refused(text, "or the next is expected, found day")

    def test_a_week_a_step_and_a_bolus_have_all_their_values(self):
        self.refused(CONTINUOUS_TEXT.replace("week 0 0", "week 0"), "7 values are expected")
        self.refused(CONTINUOUS_TEXT.replace("step 0 0 25000", "step 0 25000"), "3 values")
        text = CONTINUOUS_TEXT.replace("0 0 0\n", "0 0 0\nbolus 28800 127 100\n")
        self.refused(text, "line 15: 4 values are expected")

    def test_reading_needs_no_more_memory_than_twice_the_programme(self):
        try:
            from gc import collect, mem_alloc
        except ImportError:  # CPython does not say
            return
        days = (tuple((half * 1800, ratio.ratio(1375 + half, 7)) for half in range(48)),) * 5
        text = programme.canonical_text(
            programme.replace(FULL, days=days, week=(0, 1, 2, 3, 4, 0, 0))
        )
        self.assertTrue(text.count("\n") > 240)
        collect()
        before = mem_alloc()
        found = programme.parse_canonical(text)
        collect()
        kept = mem_alloc() - before
        self.assertTrue(found.days[4][47][1] == (1422, 7))
        self.assertTrue(kept < 240 * 160, kept)


class CheckTest(unittest.TestCase):
    def refused(self, said, **changes):
        try:
            programme.check(changed(**changes))
        except (BadText, OutOfRange) as error:
            self.assertTrue(said in error.sentence, error.sentence)
            return error
        raise AssertionError("taken: " + str(changes))

    def test_a_patient_group_is_one_of_five_and_belongs_to_a_drug(self):
        for group in (
            "spinal-adult",
            "spinal-child",
            "cerebral-adult",
            "cerebral-child",
            "under-12",
        ):
            programme.check(changed(patient_group=group))
        self.refused('"adult": the limit is one of spinal-adult', patient_group="adult")
        self.refused("there is no drug", patient_group="under-12", drug="")

    def test_sound_programmes_pass(self):
        for each in (CONTINUOUS, FULL, programme.with_basal(FULL, (0, 1))):
            programme.check(each)

    def test_every_number_is_taken_at_its_limits_and_refused_beyond_them(self):
        tried = 0
        for limit in LIMITS:
            if limit.name not in CONTINUOUS.__dict__ or limit.name == "days":
                continue
            tried += 1
            wrong = [ratio.add(limit.maximum, ratio.ONE if limit.whole else (1, 100))]
            if limit.minimum != ratio.ZERO:
                wrong.append(ratio.subtract(limit.minimum, ratio.ONE if limit.whole else (1, 2000)))
            for beyond in wrong:
                said = limit.title + " is "
                error = self.refused(said, **{limit.name: beyond[0] if limit.whole else beyond})
                self.assertEqual(error.where, (limit.name,))
                self.assertTrue(
                    "the limit is " + limit.show(limit.minimum) + " to " in error.sentence,
                    error.sentence,
                )
            for edge in (limit.minimum, limit.maximum):
                limit.check(edge)
        self.assertEqual(tried, 19)

    def test_a_wrong_kind_of_value_is_bad_text(self):
        for changes in (
            {"bore_um": (14_500, 1)},
            {"bore_um": True},
            {"microsteps": "16"},
            {"gear": 1},
            {"gear": (2, 4)},
            {"gear": (1, 0)},
            {"gear": (1, 1, 1)},
            {"calibration": None},
            {"max_rate_nl_per_h": (10, -1)},
            {"name": "n\u00e4me"},
            {"name": " x"},
            {"drug": "x "},
            {"week": (0, 0)},
        ):
            with self.assertRaises(BadText):
                programme.check(changed(**changes))

    def test_names_have_1_to_32_characters(self):
        for name in ("", "n" * 33):
            self.refused("the limit is 1 to 32 characters", name=name)
        self.refused("the limit is 0 to 32 characters", drug="d" * 33)
        programme.check(changed(name="n" * 32, drug=""))

    def test_microsteps_are_a_power_of_two(self):
        self.refused("a power of two", microsteps=24)

    def test_terms_of_a_ratio_are_bounded(self):
        self.refused("use a rounder figure", calibration=(1_000_001, 1_000_000))
        self.refused("use a rounder figure", max_rate_nl_per_h=(2**63, 2**62 - 1))

    def test_a_syringe_cannot_hold_more_than_its_bore_and_travel_give(self):
        # 165.13 mm2 * 61 mm = 10.073 mL; 5 % more are 10.577 mL.
        programme.check(changed(capacity_nl=10_576_000))
        self.refused("bore and travel give ~10.073 mL", capacity_nl=10_577_000)

    def test_a_microstep_has_from_1_pl_to_100_ul(self):
        self.refused("volume of a microstep is ", gear=(1, 100), lead_um=20_000, microsteps=1,
                     full_steps_per_rev=20)  # fmt: skip
        tiny = {"bore_um": 500, "capacity_nl": 1000, "travel_um": 6000, "gear": (1000, 1)}
        self.refused("the limit is 0.001 nL to 100 uL", **tiny)

    def test_a_day_starts_at_midnight_and_ascends(self):
        rate = (25_000, 1)
        error = self.refused("a day starts with a step at 00:00", days=(((3600, rate),),))
        self.assertEqual(error.where, ("days", 0, 3600))
        error = self.refused(
            "steps ascend, each once", days=(((0, rate), (7200, rate), (7200, rate)),)
        )
        self.assertEqual(error.where, ("days", 0, 7200))
        self.refused("the step at 01:00 follows the one at 02:00",
                     days=(((0, rate), (7200, rate), (3600, rate)),))  # fmt: skip
        self.refused("start of a step is 1 day", days=(((0, rate), (DAY_S, rate)),))

    def test_a_day_has_1_to_48_steps(self):
        self.refused("number of steps in a day is 0: the limit is 1 to 48", days=((),))
        steps = tuple((second, (second + 1, 1)) for second in range(49))
        self.refused("number of steps in a day is 49: the limit is 1 to 48", days=(steps,))
        programme.check(changed(days=(steps[:48],)))

    def test_a_week_uses_each_of_1_to_7_days(self):
        day = CONTINUOUS.days[0]
        self.refused("number of different days is 8", days=(day,) * 8)
        self.refused("number of different days is 0", days=())
        self.refused("day 1 is not used", days=(day, day))
        self.refused("the week names day 1: there are days 0 to 0", week=(0, 0, 0, 1, 0, 0, 0))
        programme.check(changed(days=(day,) * 7, week=(6, 5, 4, 3, 2, 1, 0)))

    def test_every_rate_is_at_most_the_maximum_rate(self):
        # mL/h typed for mcg/h: 12.5 mL/h of 500 mcg/mL are 150 mg a day.
        error = self.refused(
            "the basal from 06:00 is 150 mg/day (12.5 mL/h): the limit is the programme's maximum "
            + "rate, 12 mg/day (1 mL/h); check that a volume was meant and not a dose",
            days=(((0, (25_000, 1)), (21_600, (12_500_000, 1))),),
        )
        self.assertEqual(error.where, ("days", 0, 21_600))
        self.refused("minimum rate is ", minimum_rate_nl_per_h=(1_000_001, 1))
        error = self.refused(
            "the rate of the bolus at 08:00 is ", boluses=((28_800, 1, (200_000, 1), 719),)
        )
        self.assertEqual(error.where, ("boluses", 0))
        programme.check(changed(days=(((0, (1_000_000, 1)),),)))

    def test_basal_and_boluses_together_are_at_most_the_maximum_rate(self):
        # 100 uL in 369 s are 975.6 uL/h; with the basal of 25 uL/h just over 1 mL/h.
        self.refused(
            "basal and boluses together on Mon at 08:00 is ",
            boluses=((28_800, 127, (100_000, 1), 369),),
        )
        programme.check(changed(boluses=((28_800, 127, (100_000, 1), 370),)))

    def test_boluses_that_overlap_across_midnight_are_added(self):
        # 23:30 for 2 h and 00:30 for 2 h: 500 uL/h each, 1025 uL/h with the basal.
        late = (84_600, 64, (1_000_000, 1), 7200)
        early = (1800, 1, (1_000_000, 1), 7200)
        self.refused("basal and boluses together on Mon at 00:30", boluses=(early, late))
        programme.check(changed(boluses=((1800, 2, (1_000_000, 1), 7200), late)))

    def test_a_bolus_has_a_volume_a_duration_and_weekdays(self):
        for said, bolus in (
            ("duration of a bolus is 0 s: the limit is 1 s to 1 day", (0, 127, (100_000, 1), 0)),
            ("duration of a bolus is 1 day 1 s", (0, 127, (100_000, 1), DAY_S + 1)),
            ("weekdays of a bolus is 0", (0, 0, (100_000, 1), 600)),
            ("weekdays of a bolus is 128", (0, 128, (100_000, 1), 600)),
            ("start of a bolus is 1 day", (DAY_S, 1, (100_000, 1), 600)),
            ("less than one microstep: the limit is ~101.86 nL or more", (0, 1, (101, 1), 600)),
            ("the limit is the syringe's capacity, 10 mL", (0, 1, (10_000_001, 1), DAY_S)),
        ):
            error = self.refused(said, boluses=(bolus,))
            self.assertEqual(error.where, ("boluses", 0))

    def test_there_are_at_most_24_boluses_in_order_and_none_twice(self):
        boluses = tuple((hour * 3600, 127, (10_000, 1), 600) for hour in range(24))
        programme.check(changed(boluses=boluses))
        self.refused("number of boluses is 25", boluses=boluses + ((86_000, 1, (10_000, 1), 60),))
        self.refused("out of order", boluses=(boluses[1], boluses[0]))
        self.refused("two boluses start at 00:00 on Mon-Sun".replace("Mon-Sun", "daily"),
                     boluses=(boluses[0], boluses[0]))  # fmt: skip
        self.refused(
            "two boluses start at 08:00 on Wed",
            boluses=((28_800, 4, (10_000, 1), 60), (28_800, 6, (10_000, 1), 60)),
        )

    def test_the_drive_follows_2000_microsteps_a_second_at_most(self):
        # 101.865 nL * 2000 / s = 733.43 mL/h.
        changes = {"commit_ahead_nl": 300_000}
        programme.check(changed(max_rate_nl_per_h=(733_400_000, 1), **changes))
        error = self.refused("0 to 2000", max_rate_nl_per_h=(733_500_000, 1), **changes)
        self.assertEqual(error.where, ("max_rate_nl_per_h",))

    def test_what_is_committed_ahead_is_neither_too_little_nor_too_much(self):
        # 1 mL/h are 277.8 nL/s; two microsteps are 203.7 nL; a tenth of the syringe is 1 mL.
        self.refused("~277.78 nL or more, one second at the maximum rate", commit_ahead_nl=277)
        programme.check(changed(commit_ahead_nl=278))
        slow = {"max_rate_nl_per_h": (25_000, 1)}
        self.refused("~203.73 nL or more, two microsteps", commit_ahead_nl=203, **slow)
        programme.check(changed(commit_ahead_nl=204, **slow))
        self.refused("1 mL or less, a tenth of the syringe", commit_ahead_nl=1_000_001)
        programme.check(changed(commit_ahead_nl=1_000_000))

    def test_low_comes_before_empty_and_within_the_syringe(self):
        self.refused("the limit is more than the reserve, 500 uL", reservoir_low_nl=500_000)
        self.refused("the limit is the syringe's capacity, 10 mL", reservoir_low_nl=10_000_001)
        self.refused("the limit is the syringe's capacity", max_bolus_nl=(10_000_001, 1))

    def test_the_end_is_after_the_start(self):
        self.refused(
            "the end, 2000-01-01T00:00:05, is not after the start, 2000-01-01T00:00:05",
            start_s=5,
            end_s=5,
        )
        programme.check(changed(start_s=5, end_s=6))

    def test_an_error_of_a_setting_is_out_of_range(self):
        self.assertTrue(issubclass(SettingError, OutOfRange))
        self.assertEqual(self.refused("", bore_um=1).code, "out_of_range")


class WarningsTest(unittest.TestCase):
    def codes(self, **changes):
        each = changed(**changes)
        programme.check(each)
        return [code for code, _ in programme.warnings(each)]

    def test_a_10_ml_syringe_is_too_large_below_100_ul_per_hour(self):
        self.assertEqual(self.codes(), ["syringe_too_large"])
        self.assertEqual(self.codes(days=(((0, (100_000, 1)),),)), [])
        found = programme.warnings(CONTINUOUS)[0][1]
        self.assertEqual(
            found,
            "the lowest rate is 300 mcg/day (25 uL/h), below the 100 uL/h advised for a syringe of "
            + "this size: a smaller syringe delivers more evenly",
        )

    def test_the_smallest_rates_are_those_of_the_perfusor_manual(self):
        for capacity_ml, rate_ul_per_h in (
            (3, 10),
            (5, 50),
            (10, 100),
            (20, 500),
            (30, 1000),
            (50, 1000),
            (60, 1000),
        ):
            self.assertEqual(smallest_rate_nl_per_h(capacity_ml * 1_000_000), rate_ul_per_h * 1000)
        self.assertEqual(smallest_rate_nl_per_h(1_000_000), None)
        self.assertEqual(SMALLEST_RATES[-1][0], 60_000_000)

    def test_the_lowest_rate_is_that_of_the_whole_course(self):
        # 120 uL/h is enough for 10 mL, but not 3/4 of it; what is 0 needs no syringe.
        day = (((0, (120_000, 1)),),)
        self.assertEqual(self.codes(days=day), [])
        for factor, codes in (((1, 1), []), ((5, 6), []), ((3, 4), ["syringe_too_large"])):
            course = ((10, (9, 10)), (20, factor), (30, (1, 1)))
            self.assertEqual(self.codes(days=day, course=course), codes)
        self.assertEqual(self.codes(days=day, course=((10, (0, 1)),)), ["course_to_zero"])
        slow = self.codes(days=day, course=((10, (1, 100)),))
        self.assertEqual(slow, ["syringe_too_large", "microstep_coarse"])

    def test_a_microstep_every_5_minutes_is_coarse(self):
        # 101.865 nL in 300 s are 1222.4 nL/h.
        self.assertEqual(self.codes(days=(((0, (1223, 1)),),)), ["syringe_too_large"])
        self.assertEqual(
            self.codes(days=(((0, (1222, 1)),),)), ["syringe_too_large", "microstep_coarse"]
        )

    def test_a_step_shorter_than_a_microstep_is_named(self):
        # 25 uL/h for 14 s are 97 nL.
        day = ((0, (25_000, 1)), (3600, (26_000, 1)), (3614, (25_000, 1)))
        self.assertTrue("step_below_microstep" in self.codes(days=(day,)))
        found = dict(programme.warnings(changed(days=(day,))))["step_below_microstep"]
        self.assertTrue(found.startswith("the basal from 01:00 amounts to "), found)

    def test_a_basal_of_0_is_named(self):
        self.assertEqual(self.codes(days=(((0, (0, 1)),),)), ["basal_zero"])
        self.assertTrue("basal_zero" in self.codes(days=(((0, (0, 1)), (3600, (25_000, 1))),)))

    def test_a_low_alarm_less_than_a_day_before_empty_is_named(self):
        # 600 uL a day; the low volume is 1500 uL above the reserve.
        self.assertEqual(self.codes(reservoir_low_s=3600), ["syringe_too_large"])
        late = self.codes(reservoir_low_s=3600, reservoir_low_nl=1_000_000)
        self.assertEqual(late, ["syringe_too_large", "low_warning_short"])

    def test_nominal_calibration_and_a_bore_in_error_are_named(self):
        self.assertTrue("not_calibrated" in self.codes(calibration=(1, 1)))
        # The radius of a 1 mL syringe taken for a diameter would be refused; the diameter of
        # another syringe sweeps too much.
        self.assertTrue("swept_volume_large" in self.codes(bore_um=19_130))


class DayTest(unittest.TestCase):
    def test_the_daily_volume_is_basal_and_boluses_exactly(self):
        # 25 uL/h * 22 h + 30 uL/h * 2 h = 610 uL; boluses 100/3 + 9 uL.
        expected = ratio.add((619_000, 1), (100_000, 3))
        self.assertEqual(programme.daily_volume_nl(FULL, 0), expected)
        # 11 uL basal, 50 + 9 uL boluses.
        self.assertEqual(programme.daily_volume_nl(FULL, 6), (70_000, 1))
        self.assertEqual(programme.daily_volume_nl(CONTINUOUS, 3), (600_000, 1))

    def test_a_flat_basal_replaces_all_days_and_nothing_else(self):
        flat = programme.with_basal(FULL, (1375, 3))
        self.assertEqual(flat.days, (((0, (1375, 3)),),))
        self.assertEqual(flat.week, ALL_DAYS)
        self.assertEqual(programme.replace(flat, days=FULL.days, week=FULL.week), FULL)


class ReviewTest(unittest.TestCase):
    def differences(self, **changes):
        new = programme.canonical_text(changed(**changes))
        return list(programme.differences(CONTINUOUS_TEXT, new))

    def test_nothing_differs_between_equal_programmes(self):
        self.assertEqual(self.differences(), [])

    def test_every_setting_that_changes_is_listed_with_units(self):
        for changes, rows in (
            ({"name": "x"}, [("name", "Continuous 300 mcg/day", "x")]),
            ({"drug": ""}, [("drug", "baclofen", "")]),
            ({"patient_group": "under-12"}, [("patient group", "", "under-12")]),
            ({"travel_um": 60_000}, [("plunger travel", "61 mm", "60 mm")]),
            ({"start_s": 848_642_400}, [("start", "none", "2026-11-22T06:00:00")]),
            ({"reservoir_low_s": 3600}, [("low reservoir time", "2 days", "1 h")]),
            (
                {"max_bolus_nl": (300_000, 1)},
                [("maximum bolus", "100 mcg (200 uL)", "150 mcg (300 uL)")],
            ),
            (
                {"calibration": (1, 1)},
                [
                    ("calibration", "0.987", "1"),
                    ("volume of a microstep", "~101.86 nL", "~103.21 nL"),
                ],
            ),
        ):
            self.assertEqual(self.differences(**changes), rows)

    def test_a_change_of_the_basal_is_shown_for_its_span_and_its_day(self):
        self.assertEqual(
            self.differences(days=(((0, (25_000, 1)), (72_000, (30_000, 1))),)),
            [
                ("basal daily 20:00-24:00", "300 mcg/day (25 uL/h)", "360 mcg/day (30 uL/h)"),
                # 20 h * 25 + 4 h * 30 = 620 uL.
                ("total a day", "300 mcg (600 uL)", "310 mcg (620 uL) (+3.3 %)"),
            ],
        )

    def test_weekdays_that_change_alike_are_one_row(self):
        day = CONTINUOUS.days[0]
        rows = self.differences(days=(day, ((0, (20_000, 1)),)), week=(0, 0, 0, 0, 0, 1, 1))
        self.assertEqual(
            rows,
            [
                ("basal Sat, Sun 00:00-24:00", "300 mcg/day (25 uL/h)", "240 mcg/day (20 uL/h)"),
                ("total a day Sat, Sun", "300 mcg (600 uL)", "240 mcg (480 uL) (-20.0 %)"),
            ],
        )

    def test_a_new_concentration_changes_every_dose(self):
        rows = self.differences(concentration_mcg_per_ml=(2000, 1))
        self.assertEqual(
            rows,
            [
                ("concentration", "500 mcg/mL", "2000 mcg/mL"),
                ("basal daily 00:00-24:00", "300 mcg/day (25 uL/h)", "1200 mcg/day (25 uL/h)"),
                ("minimum rate", "3 mcg/day (250 nL/h)", "12 mcg/day (250 nL/h)"),
                ("maximum rate", "12 mg/day (1 mL/h)", "48 mg/day (1 mL/h)"),
                ("maximum bolus", "100 mcg (200 uL)", "400 mcg (200 uL)"),
                ("total a day", "300 mcg (600 uL)", "1200 mcg (600 uL) (+300.0 %)"),
            ],
        )

    def test_boluses_come_go_and_change(self):
        old = changed(boluses=((3600, 127, (100_000, 1), 600), (7200, 1, (50_000, 1), 600)))
        new = changed(boluses=((3600, 127, (100_000, 1), 900), (7200, 2, (50_000, 1), 600)))
        old_text, new_text = programme.canonical_text(old), programme.canonical_text(new)
        rows = list(programme.differences(old_text, new_text))
        self.assertEqual(
            rows[:3],
            [
                ("bolus 01:00 daily", "50 mcg (100 uL) over 10 min", "50 mcg (100 uL) over 15 min"),
                ("bolus 02:00 Mon", "25 mcg (50 uL) over 10 min", ""),
                ("bolus 02:00 Tue", "", "25 mcg (50 uL) over 10 min"),
            ],
        )
        self.assertEqual([row[0] for row in rows[3:]], ["total a day Mon", "total a day Tue"])

    def test_values_that_look_alike_when_rounded_are_told_apart(self):
        old = changed(concentration_mcg_per_ml=None, days=(((0, (1375, 3)),),))
        new = programme.replace(old, days=(((0, (1_375_001, 3000)),),))
        old_text, new_text = programme.canonical_text(old), programme.canonical_text(new)
        rows = list(programme.differences(old_text, new_text))
        self.assertTrue("[1375/3]" in rows[0][1] and "[1375001/3000]" in rows[0][2], rows)

    def test_no_programme_before_shows_all_settings(self):
        rows = list(programme.differences("", programme.canonical_text(FULL)))
        self.assertEqual(rows[0], ("name", "", "Continuous 300 mcg/day"))
        self.assertTrue(all(old == "" for _, old, _ in rows))
        named = [setting for setting, _, _ in rows]
        for setting in (
            "syringe bore",
            "gear",
            "start",
            "volume committed ahead",
            "bolus 20:00 daily",
        ):
            self.assertTrue(setting in named, setting)
        self.assertEqual(rows[-1], ("total a day Sat, Sun", "", "70 uL"))

    def test_texts_that_differ_never_show_nothing(self):
        day = CONTINUOUS.days[0]
        split = ((0, (25_000, 1)), (3600, (25_000, 1)))
        self.assertEqual(
            self.differences(days=(split,)),
            [("basal daily", "1 steps", "2 steps with the same rates")],
        )
        rows = self.differences(days=(day, day), week=(0, 1, 0, 1, 0, 1, 0))
        self.assertEqual(rows[0][0], "numbering of the days")

    def test_a_change_is_rounded_to_a_tenth_of_a_percent_half_up(self):
        for old, new, text in (
            ((600, 1), (660, 1), "+10.0 %"),
            ((600, 1), (580, 1), "-3.3 %"),
            ((3, 1), (4, 1), "+33.3 %"),
            ((2000, 1), (2001, 1), "+0.1 %"),
            ((20_000, 1), (20_009, 1), "+<0.1 %"),
            ((20_000, 1), (19_991, 1), "-<0.1 %"),
            ((5, 1), (5, 1), ""),
            ((5, 1), (0, 1), "-100.0 %"),
            ((0, 1), (5, 1), "from 0"),
        ):
            self.assertEqual(review.change_text(old, new), text)

    def test_daily_totals_name_every_group_of_weekdays(self):
        self.assertEqual(
            review.daily_totals(CONTINUOUS, CONTINUOUS),
            [("daily", "300 mcg (600 uL)", "300 mcg (600 uL)", "")],
        )
        rows = review.daily_totals(None, FULL)
        self.assertEqual([row[0] for row in rows], ["Mon-Fri", "Sat, Sun"])


if __name__ == "__main__":
    unittest.main()
