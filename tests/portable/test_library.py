import unittest

from bench_library import TEXT
from bench_programme import DAY_S, bench_programme
from pump.core import library, records
from pump.core.dose_history import BOLUSES_KEPT, KEPT, DoseHistory, dose_of
from pump.core.dose_window import highest_day_nl
from pump.core.errors import BadText, OutOfRange, PumpError
from pump.core.journal import Journal
from pump.core.library_rules import Rules
from pump.core.modes import Bridge, Demand, Intermittent, Vtbi
from pump.core.programme import replace
from pump.core.recorder import Recorder
from ram_sectors import RamSectors

LIBRARY = library.parse(TEXT)
BACLOFEN = LIBRARY.drugs[0]
LIMITED_BY_DAY = library.parse(
    TEXT.replace("limit basal_rate hard max 100000 site - - site\n", "")
).drugs[0]


def said(error, call, *args):
    try:
        call(*args)
    except error as refusal:
        return refusal.sentence
    raise AssertionError("nothing was refused")


def dosing(mcg_per_day, **changes):
    """A flat programme at 500 mcg/mL: 1 mcg/day is 2000 nL in 24 h."""
    settings = {
        "days": (((0, (mcg_per_day * 250, 3)),),),
        "patient_group": "spinal-adult",
        "minimum_rate_nl_per_h": (0, 1),
    }
    if mcg_per_day % 3 == 0:
        settings["days"] = (((0, (mcg_per_day * 250 // 3, 1)),),)
    settings.update(changes)
    return bench_programme(**settings)


class TextTest(unittest.TestCase):
    def test_a_text_is_read_and_written_back_the_same(self):
        self.assertEqual(library.canonical_text(LIBRARY), TEXT)
        library.check(LIBRARY)
        self.assertEqual(LIBRARY.title, "Bench 1.0")
        self.assertEqual(BACLOFEN.strengths, ((500, 1), (2000, 1)))
        self.assertEqual(len(BACLOFEN.limits), 16)

    def test_a_text_that_is_cut_or_changed_is_refused_with_its_line(self):
        for end in range(0, len(TEXT) - 1, 7):
            self.assertTrue("library line " in said(BadText, library.parse, TEXT[:end]))
        for old, new, words in (
            ("hard max 2003000", "firm max 2003000", 'line 9: "firm" is not known'),
            ("max 2003000", "top 2003000", 'line 9: "top" is not known'),
            ("daily_dose hard", "dayly_dose hard", 'line 9: "dayly_dose" is not known'),
            ("spinal-adult - B20", "adult - B20", 'line 9: "adult" is not known'),
            ("2003000", "4006000/2", "line 9: a number of 0 or more is expected, reduced"),
            ("dosed volume", "dosed litres", 'line 27: "litres" is not known'),
            ("name Bench", "name  Bench", None),
        ):
            text = TEXT.replace(old, new, 1)
            if words is None:
                self.assertTrue(len(said(PumpError, library.check, library.parse(text))) > 20)
            else:
                self.assertTrue(words in said(BadText, library.parse, text), words)

    def test_what_contradicts_itself_is_refused(self):
        for old, new, words in (
            ("soft max 800000", "soft max 3000000", "lies outside of the hard one"),
            ("strength 2000", "strength 500", "ascending, each once"),
            ("also dye", "also baclofen", "stands twice"),
            ("hard min 60", "hard min 60/7", "is a whole number"),
            ("decrease soft max", "decrease soft min", "has a limit at most only"),
            ("dosed volume", "dosed volume\nstrength 5", "dosed by volume, so it has no"),
            ("dilution 10 2000", "dilution 2000 10", "from a lower to a higher"),
            ("spinal-adult - B13", "spinal-adult 50 B13", "none of its strengths"),
            ("version 1.0", "version 1.0.20261122", "1 to 8 characters"),
        ):
            found = library.parse(TEXT.replace(old, new, 1))
            self.assertTrue(words in said(OutOfRange, library.check, found), words)

    def test_one_drug_is_found_by_any_of_its_names(self):
        title, drug, names = library.find(TEXT, "dye")
        self.assertEqual((title, drug.name), ("Bench 1.0", "generic"))
        self.assertEqual(names, ["baclofen", "generic"])
        self.assertEqual(library.find(TEXT, "")[1], drug)
        self.assertEqual(library.find(TEXT, "morphine")[1], None)

    def test_what_a_new_library_changes_is_shown_with_its_source(self):
        text = TEXT.replace("version 1.0", "version 1.1")
        new = library.parse(text.replace("soft max 800000", "soft max 700000"))
        self.assertEqual(
            library.differences(LIBRARY, new),
            [
                ("library", "Bench 1.0", "Bench 1.1"),
                (
                    "baclofen: daily dose, at most, for spinal-adult",
                    "2003 mcg/day (hard; B20, observed range, not a label maximum), "
                    + "800 mcg/day (soft; B20, observed range, not a label maximum)",
                    "2003 mcg/day (hard; B20, observed range, not a label maximum), "
                    + "700 mcg/day (soft; B20, observed range, not a label maximum)",
                ),
            ],
        )
        self.assertEqual(library.differences(LIBRARY, LIBRARY), [])


class WindowTest(unittest.TestCase):
    def highest(self, factor=(1, 1), **changes):
        settings = {"minimum_rate_nl_per_h": (0, 1)}
        settings.update(changes)
        return highest_day_nl(bench_programme(**settings), factor)

    def test_the_highest_24_hours_may_lie_across_two_days(self):
        # 0 until noon and 1000 nL/h after it; the other way round the day after: 24 h at 1000.
        evening = ((0, (0, 1)), (DAY_S // 2, (1000, 1)))
        morning = ((0, (1000, 1)), (DAY_S // 2, (0, 1)))
        week = (0, 1, 0, 1, 0, 1, 1)
        self.assertEqual(self.highest(days=(evening, morning), week=week), (24000, 1))
        self.assertEqual(self.highest(days=(evening,)), (12000, 1))
        self.assertEqual(self.highest((3, 2), days=(evening,)), (18000, 1))

    def test_boluses_of_both_days_count(self):
        boluses = ((0, 1, (500, 1), 60), (3600, 2, (700, 1), 60), (7200, 32, (900, 1), 60))
        self.assertEqual(self.highest(days=(((0, (0, 1)),),), boluses=boluses), (1200, 1))

    def test_intermittent_boluses_count_as_24_hours_hold_them(self):
        # Every 7 h: three whole ones; of the fourth, after 21 h, the 3 h that it lasts.
        for duration_s, volume_nl in ((600, (4000, 1)), (4 * 3600, (3750, 1))):
            mode = Intermittent(0, 7 * 3600, (1000, 1), duration_s)
            self.assertEqual(self.highest(days=(((0, (0, 1)),),), intermittent=mode), volume_nl)

    def test_the_minimum_rate_and_kvo_count_as_a_day_of_their_own(self):
        days = (((0, (10, 1)),),)
        self.assertEqual(self.highest(days=days, minimum_rate_nl_per_h=(20, 1)), (480, 1))
        vtbi = Vtbi((1000, 1), "kvo", (30, 1), 60)
        self.assertEqual(self.highest(days=days, vtbi=vtbi), (720, 1))


def sentence_of(programme, rate_nl_per_h):
    """What is said first of a bridge of an unknown concentration at a rate."""
    changed = replace(programme, bridge=Bridge((10000, 1), (rate_nl_per_h, 1), (0, 1)))
    return Rules("", BACLOFEN, []).of_programme(changed)[0][2]


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.history = DoseHistory()
        self.now_s = 800000000
        self.is_known = True

    def rules(self, programme, history=None):
        title, drug, names = library.find(TEXT, programme.drug)
        return Rules(title, drug, names, history, self.now_s, self.is_known)

    def findings(self, programme):
        return self.rules(programme, self.history).of_programme(programme)

    def codes(self, programme):
        return [(code, is_hard) for code, is_hard, _ in self.findings(programme)]

    def gave(self, mcg_per_day, hours_ago, is_known=True, **changes):
        at_s = self.now_s - hours_ago * 3600
        self.history.note_dose(dose_of(dosing(mcg_per_day, **changes), at_s, is_known))

    def test_a_limit_is_said_with_its_value_its_kind_and_its_source(self):
        for dose, expected in (
            (
                2004,
                "the highest day is 2004 mcg/day: the hard limit of daily dose is at most "
                + "2003 mcg/day for spinal-adult (B20, observed range, not a label maximum); "
                + "correct it",
            ),
            (
                801,
                "the highest day is 801 mcg/day: the soft limit of daily dose is at most "
                + "800 mcg/day for spinal-adult (B20, observed range, not a label maximum); "
                + "correct it or say why",
            ),
        ):
            programme = dosing(dose)
            self.assertEqual(self.rules(programme).of_programme(programme)[0][2], expected)

    def test_a_dose_at_its_limit_passes_exactly(self):
        self.assertEqual(self.rules(dosing(800)).of_programme(dosing(800)), [])
        found = self.rules(dosing(2003)).of_programme(dosing(2003))
        self.assertEqual([is_hard for _, is_hard, _ in found], [False])
        just_above = dosing(2003, days=(((0, (2003 * 250 * 10**9 + 1, 3 * 10**9)),),))
        self.assertTrue(self.rules(just_above).of_programme(just_above)[0][1])

    def test_without_a_patient_group_the_strictest_counts(self):
        found = self.rules(dosing(3, patient_group="")).of_programme(dosing(1200, patient_group=""))
        self.assertTrue("at most 1199 mcg/day for under-12 (B24" in found[0][2], found)

    def test_an_unknown_drug_or_strength_is_refused_whatever_else_is_right(self):
        for changes, words in (
            (
                {"drug": "morphine"},
                '"morphine" is not in the drug library Bench 1.0: ',
            ),
            ({"concentration_mcg_per_ml": (5, 1)}, "at 5 mcg/mL is not in the drug library"),
            ({"concentration_mcg_per_ml": None}, "write its concentration"),
            ({"drug": "dye", "patient_group": ""}, "leave its concentration out"),
        ):
            ((_, is_hard, sentence),) = self.findings(dosing(300, **changes))
            self.assertTrue(is_hard and words in sentence, sentence)
        self.assertEqual(self.codes(dosing(300, concentration_mcg_per_ml=(350, 1))), [])

    def test_a_lab_doses_dye_by_volume(self):
        for name in ("dye", "generic", ""):
            dye = bench_programme(drug=name, concentration_mcg_per_ml=None)
            self.assertEqual(self.codes(dye), [])
            fast = bench_programme(
                drug=name, concentration_mcg_per_ml=None, days=(((0, (1000001, 1)),),)
            )
            self.assertEqual(self.codes(fast), [("basal_rate", True)])

    def test_a_bridge_is_judged_by_the_dose_of_the_old_drug(self):
        # 300 mcg/day at 500 mcg/mL are 25 uL/h: of 2000 mcg/mL the same rate is 1200 mcg/day.
        for rate_nl_per_h, old, codes in (
            (25000, (500, 1), []),
            (25000, (2000, 1), [("daily_dose", False)]),
            (41750, (2000, 1), [("daily_dose", True)]),
            (50001, (2000, 1), [("basal_rate", True), ("daily_dose", True)]),
            # Below what is usual: 11 mcg/day.
            (916, (500, 1), [("daily_dose", False)]),
            # Not known: the strongest counts, and nothing is too little.
            (25000, (0, 1), [("daily_dose", False)]),
            (41750, (0, 1), [("daily_dose", True)]),
            (100, (0, 1), []),
        ):
            bridge = Bridge((10000, 1), (rate_nl_per_h, 1), old)
            programme = dosing(300, bridge=bridge)
            found = self.rules(programme).of_programme(programme)
            self.assertEqual([each[:2] for each in found], codes)
        self.assertTrue("2000 mcg/mL, the strongest of baclofen" in sentence_of(programme, 41750))

    def test_24_hours_hold_a_bridge_and_what_follows_it(self):
        # 12 h of nothing, then 12 h at 333 uL/h: 1998 mcg a day. The bridge adds 5 or 6 mcg to
        # the 24 h that begin with its last drop.
        day = ((0, (0, 1)), (DAY_S // 2, (333000, 1)))
        limit = ("daily_dose", True)
        for volume_nl, is_refused in ((10000, False), (12000, True)):
            bridge = Bridge((volume_nl, 1), (1000, 1), (500, 1))
            programme = dosing(1998, days=(day,), bridge=bridge)
            found = Rules("", LIMITED_BY_DAY, [], None).of_programme(programme)
            self.assertEqual(limit in [each[:2] for each in found], is_refused)

    def test_a_bolus_counts_with_the_bridge_before_it(self):
        for old, is_refused in (((50, 1), False), ((2000, 1), True)):
            # 20 uL hold 1 mcg or 40 mcg of the old drug; a bolus of 20 mcg, 1950 mcg/day.
            bridge = Bridge((20000, 1), (90000, 1), old)
            programme = dosing(1950, bridge=bridge)
            history = DoseHistory()
            history.note_dose(dose_of(programme, self.now_s, True))
            rules = Rules("", LIMITED_BY_DAY, [], history, self.now_s, True)
            found = rules.of_bolus(programme, (40000, 1), 600)
            self.assertEqual([each[:2] for each in found if each[1]] != [], is_refused)

    def test_scheduled_boluses_have_the_limits_of_boluses(self):
        # 200 uL of 500 mcg/mL are 100 mcg.
        for volume_nl, duration_s, codes in (
            (200000, 60, []),
            (200001, 60, [("bolus_dose", False)]),
            (400001, 60, [("bolus_dose", True)]),
            (200000, 59, [("bolus_duration", True)]),
        ):
            boluses = ((0, 127, (volume_nl, 1), duration_s),)
            self.assertEqual(self.codes(dosing(30, boluses=boluses)), codes)

    def test_a_first_dose_has_a_limit_of_its_own(self):
        self.assertEqual(self.codes(dosing(400)), [])
        self.assertEqual(self.codes(dosing(401)), [("first_daily_dose", False)])

    def test_increases_count_from_the_dose_24_hours_ago(self):
        self.gave(300, 100)
        self.assertEqual(self.codes(dosing(390)), [])
        self.assertEqual(self.codes(dosing(391)), [("increase", False)])
        # Raised to 360 two hours ago: 391 is still more than 30 % above 300, and too soon.
        self.gave(360, 2)
        self.assertEqual(
            self.codes(dosing(391)), [("increase", False), ("increase_interval", False)]
        )
        self.assertEqual(self.codes(dosing(380)), [("increase_interval", False)])

    def test_a_dose_that_was_lowered_may_come_back_but_not_more(self):
        self.gave(300, 100)
        self.gave(270, 30)
        self.assertEqual(self.codes(dosing(300)), [])
        self.assertEqual(self.codes(dosing(352)), [("increase", False)])

    def test_at_a_refill_the_limit_is_another_until_the_dose_was_raised(self):
        self.gave(300, 1000)
        self.history.note_refill(self.now_s - 3600, True)
        self.assertEqual(self.codes(dosing(420)), [])
        self.assertEqual(self.codes(dosing(421)), [("increase_at_refill", False)])
        self.now_s += 86400
        self.assertEqual(self.codes(dosing(420)), [("increase", False)])

    def test_decreases_count_from_the_highest_dose_of_24_hours(self):
        self.gave(300, 1000)
        self.assertEqual(self.codes(dosing(240)), [])
        self.assertEqual(self.codes(dosing(239)), [("decrease", False)])
        self.gave(270, 2)
        self.assertEqual(self.codes(dosing(239)), [("decrease", False)])

    def test_without_a_clock_a_change_needs_a_reason(self):
        self.gave(300, 1000)
        self.is_known = False
        ((code, is_hard, sentence),) = self.findings(dosing(301))
        self.assertEqual((code, is_hard), ("increase", False))
        self.assertTrue("the clock is not known" in sentence)
        self.assertEqual(self.codes(dosing(300)), [])

    def test_another_drug_begins_anew(self):
        self.gave(30, 1000, drug="morphine")
        self.assertEqual(self.codes(dosing(400)), [])

    def test_a_full_reservoir_that_outlasts_the_drug_is_said(self):
        # 9.8 mL above the reserve at 24 mcg/day, 48 uL a day: 204 days.
        found = self.findings(dosing(24))
        self.assertEqual([code for code, _, _ in found], ["stability"])
        self.assertTrue("204 days 4 h" in found[0][2], found)

    def test_a_bolus_counts_on_top_of_a_full_day_of_basal(self):
        # The proven flaw (ICLP'24): what was delivered so far is no measure of the basal.
        programme = dosing(1950)
        self.history.note_dose(dose_of(programme, self.now_s, True))
        rules = self.rules(programme, self.history)

        def hard(mcg):
            found = rules.of_bolus(programme, (mcg * 2000, 1), 600)
            return [code for code, is_hard, _ in found if is_hard]

        self.assertEqual(hard(53), [])
        self.assertEqual(hard(54), ["daily_dose"])
        self.history.note_bolus(self.now_s - 86399, True, "baclofen", (500, 1), (20000, 1))
        self.assertEqual(hard(43), [])
        self.assertEqual(hard(44), ["daily_dose"])
        self.now_s += 1
        rules = self.rules(programme, self.history)
        self.assertEqual(hard(53), [])

    def test_a_window_across_two_programmes_is_bounded(self):
        # All of a day's dose before noon, then another programme with all of it after noon.
        half = DAY_S // 2
        morning = ((0, (200000, 1)), (half, (0, 1)))
        evening = ((0, (0, 1)), (half, (200000, 1)))
        before = dosing(3, days=(morning,))
        after = dosing(3, days=(evening,))
        self.history.note_dose(dose_of(before, self.now_s - half, True))
        found = self.findings(after)
        self.assertEqual(found[0][:2], ("daily_dose", True))
        self.assertTrue("with the doses and boluses of the last 24 h" in found[0][2])
        # A day later the first one plays no part any more.
        self.history.note_dose(dose_of(dosing(1200), self.now_s - half, True))
        self.now_s += DAY_S
        self.assertEqual([code for code, is_hard in self.codes(dosing(1203)) if is_hard], [])

    def test_demand_boluses_are_off_unless_somebody_says_why(self):
        demand = Demand((20000, 1), 60, 3600, DAY_S, 4)
        ((code, is_hard, sentence),) = self.findings(dosing(300, demand=demand))
        self.assertEqual((code, is_hard), ("demand_per_day", False))
        self.assertTrue("may be 4: " in sentence and "(vendor, label)" in sentence, sentence)
        large = Demand((400001, 1), 60, 3600, DAY_S, 4)
        self.assertEqual(self.codes(dosing(300, demand=large))[0], ("bolus_dose", True))

    def test_a_course_is_judged_by_its_highest_day_and_noted_by_its_present_one(self):
        # Half the dose until in an hour, then all of it: 1800 mcg/day, above nothing hard.
        ramp = dosing(1800, course=((0, (1, 2)), (self.now_s + 3600, (1, 1))))
        self.assertEqual(self.codes(ramp)[0], ("daily_dose", False))
        self.assertTrue("the highest day is 1800" in self.findings(ramp)[0][2])
        self.assertEqual(dose_of(ramp, self.now_s, True).daily, (900000, 1))
        done = dosing(2400, course=((0, (1, 2)),))
        self.assertEqual([is_hard for _, is_hard in self.codes(done)], [False, False])
        too_high = dosing(2400, course=((0, (1, 2)), (self.now_s + 1, (1, 1))))
        self.assertEqual(self.codes(too_high)[0], ("daily_dose", True))


class Clock:
    """Stands still."""

    is_known = True

    def __init__(self, now_s):
        self._now_s = now_s

    def now_s(self):
        return self._now_s


class HistoryTest(unittest.TestCase):
    NOW_S = 800000000

    def test_setting_the_clock_keeps_how_long_ago_things_were(self):
        history = DoseHistory()
        history.note_refill(1000, True)
        history.note_dose(dose_of(dosing(300), 1000, True))
        history.shift(3600, True)
        self.assertEqual((history.refilled, history.doses[0].at_s), ((4600, True), 4600))
        # What was noted with a known clock keeps its time when a lost clock is set.
        history.note_dose(dose_of(dosing(330), 5000, False))
        history.shift(7200, False)
        found = [(dose.at_s, dose.is_known) for dose in history.doses]
        self.assertEqual(found, [(4600, True), (12200, True)])

    def test_however_many_boluses_are_asked_for_few_are_kept_and_none_is_left_out(self):
        history = DoseHistory()
        for number in range(1000):
            concentration = ((500, 1), (2000, 1))[number % 2]
            history.note_bolus(1000000 + number, True, "baclofen", concentration, (1001, 3))
        self.assertEqual(len(history.boluses), BOLUSES_KEPT)
        # 500 boluses of 1001/3 nL of each strength, 166.83 and 667.33 ng each, and what rounding
        # up 0.001 nL, at most 2 ng, adds each time that two become one.
        most, parts = history.most_in_a_day(BACLOFEN, 1001000, True)
        self.assertTrue(417083333 * parts <= most * 1000 < (417083333 + 952 * 2000) * parts)
        # The last one ended at 1000999 s: a day later nothing of them counts, and not before.
        most = history.most_in_a_day(BACLOFEN, 1000998 + DAY_S, True)
        self.assertTrue(most[0] * 3 >= 2002 * most[1])
        self.assertEqual(history.most_in_a_day(BACLOFEN, 1000999 + DAY_S, True), (0, 1))

    def test_however_many_doses_follow_one_another_in_a_day_none_counts_less(self):
        def after(count, apart_s):
            """Doses of 3 mcg/day more each, from 300 mcg/day on, the last one now."""
            history = DoseHistory()
            for number in range(count):
                at_s = self.NOW_S - (count - 1 - number) * apart_s
                history.note_dose(dose_of(dosing(300 + 3 * number), at_s, True))
            return history

        for count in (KEPT, KEPT + 1, 100):
            history = after(count, 60)
            self.assertEqual(len(history.doses), KEPT)
            # All of them flat: 24 hours hold no more than the highest one does.
            most = history.most_in_a_day(BACLOFEN, self.NOW_S, True)
            self.assertEqual(most, ((300 + 3 * (count - 1)) * 1000, 1))
            # An increase is judged from the dose of 24 h ago, 300 mcg/day.
            wanted = dosing(300 + 3 * count)
            found = Rules("", BACLOFEN, [], history, self.NOW_S, True).of_programme(wanted)
            said = " ".join([sentence for code, _, sentence in found if code == "increase"])
            is_above = 100 * 3 * count > 30 * 300
            self.assertEqual("from 300 mcg/day in 24 h" in said, is_above, said)
        # Those of two days ago are forgotten, so that they do not count against what is now.
        history = after(100, DAY_S // 4)
        self.assertEqual([dose.daily for dose in history.doses][0], ((300 + 3 * 84) * 1000, 1))

    def test_scheduled_boluses_of_many_doses_in_a_day_all_count(self):
        history = DoseHistory()
        for number in range(20):
            # Nothing but one bolus of 10 uL, 5 mcg, each at another time of the day.
            boluses = ((number * 3600, 127, (10000, 1), 600),)
            at_s = self.NOW_S - (19 - number) * 60
            programme = dosing(0, boluses=boluses, minimum_rate_nl_per_h=(0, 1))
            history.note_dose(dose_of(programme, at_s, True))
        most = history.most_in_a_day(BACLOFEN, self.NOW_S, True)
        self.assertEqual(most, (20 * 5000, 1))

    def test_a_drug_in_between_does_not_make_the_doses_before_it_forgotten(self):
        dye = bench_programme(drug="dye", concentration_mcg_per_ml=None)
        for count in (1, 12):
            history = DoseHistory()
            for number in range(count):
                boluses = ((0, 127, (10000 + number, 1), 600),)
                programme = dosing(0, boluses=boluses, minimum_rate_nl_per_h=(0, 1))
                at_s = self.NOW_S - 7200 + number * 60
                history.note_dose(dose_of(programme, at_s, True))
                history.note_dose(dose_of(dye, at_s + 30, True))
            # 5 mcg each and half a nanogram more each time.
            most = history.most_in_a_day(BACLOFEN, self.NOW_S, True)
            exactly = count * 10000 + count * (count - 1) // 2
            self.assertTrue(most[0] * 2 >= exactly * most[1], most)
            # A day after the last change of the dose, none of it counts.
            later_s = self.NOW_S + DAY_S
            self.assertEqual(history.most_in_a_day(BACLOFEN, later_s, True), (0, 1))

    def test_what_was_dosed_is_found_behind_however_many_records(self):
        journal = Journal(RamSectors(16), 0, 16, b"benchpmp")
        journal.open()
        self.assertEqual(journal.last(records.DAILY_DOSE, 100), None)
        recorder = Recorder(journal, None, None, None, None, None, None, None, Clock(self.NOW_S))
        for mcg_per_day, records_after in ((300, 600), (330, 600)):
            dose = dose_of(dosing(mcg_per_day), 0, True)
            recorder.event(records.DAILY_DOSE, *dose.values())
            for _ in range(records_after):
                recorder.event(records.RATE_CHANGED, (0, 1))
        history = DoseHistory()
        history.load(journal)
        self.assertEqual([dose.daily for dose in history.doses], [(300000, 1), (330000, 1)])
        # The older one is found too where it is days older than what is read one by one.
        later = Clock(self.NOW_S + 3 * DAY_S)
        recorder = Recorder(journal, None, None, None, None, None, None, None, later)
        recorder.event(records.DAILY_DOSE, *dose_of(dosing(360), 0, True).values())
        history = DoseHistory()
        history.load(journal)
        daily = [dose.daily for dose in history.doses]
        self.assertEqual(daily[-2:], [(330000, 1), (360000, 1)])

    def test_a_long_bolus_does_not_make_earlier_ones_forgotten(self):
        history = DoseHistory()
        history.note_bolus(1000000, True, "baclofen", (500, 1), (20000, 1))
        history.note_bolus(1000000 + DAY_S, True, "baclofen", (500, 1), (30000, 1))
        # 20 and 30 uL of 500 mcg/mL are 10 and 15 mcg.
        most = history.most_in_a_day(BACLOFEN, 1000060, True)
        self.assertEqual(most, (25000, 1))
