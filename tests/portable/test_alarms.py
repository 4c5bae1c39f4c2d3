import unittest

from pump.core import alarm_texts, alarms
from pump.core.alarms import (
    ALARMS,
    CODE,
    EFFECT,
    GOES,
    HIGH,
    INFORMATION,
    KEEP,
    LATCHES,
    LATCHING,
    LOW,
    MEDIUM,
    MINIMUM_RATE,
    MOMENT,
    NUMBER,
    PRIORITY,
    REMINDER_S,
    SILENCE_S,
    STOP_NOW,
    ActiveAlarms,
)


def codes(active):
    return [one.row[CODE] for one in active.rows()]


class TableTest(unittest.TestCase):
    def test_numbers_and_codes_are_each_given_once(self):
        found = [row[NUMBER] for row in ALARMS.values()]
        # 17 was given to one that is no more.
        self.assertEqual(sorted(found + [17]), list(range(1, len(ALARMS) + 2)))
        for code, row in ALARMS.items():
            self.assertEqual(row[CODE], code)
            self.assertEqual(alarms.code_of(row[NUMBER]), code)
        self.assertEqual(alarms.code_of(250), "alarm_250")

    def test_every_row_is_complete(self):
        for row in ALARMS.values():
            with self.subTest(code=row[CODE]):
                self.assertEqual(len(row), 6)
                self.assertTrue(INFORMATION <= row[PRIORITY] <= HIGH)
                self.assertTrue(KEEP <= row[EFFECT] <= STOP_NOW)
                self.assertTrue(row[LATCHING] in (GOES, LATCHES, MOMENT))

    def test_every_alarm_and_no_other_has_its_words(self):
        self.assertEqual(sorted(alarm_texts.TEXTS), sorted(ALARMS))
        for code, (cause, clears, action) in alarm_texts.TEXTS.items():
            with self.subTest(code=code):
                self.assertTrue(action.endswith(".") and action[0].isupper())
                self.assertTrue(len(cause) > 10 and clears.startswith("when "))
                self.assertEqual(alarm_texts.cause(code), cause)
                self.assertEqual(alarm_texts.sentence(code, ""), cause + ". " + action)
                self.assertEqual(alarm_texts.sentence(code, "seen"), "seen. " + action)
        self.assertEqual(alarm_texts.cause("alarm_250"), "")

    def test_low_reservoir_keeps_the_rate(self):
        self.assertEqual(ALARMS["low_reservoir"][EFFECT], KEEP)
        self.assertEqual(ALARMS["low_reservoir_time"][EFFECT], KEEP)

    def test_what_stops_or_lowers_delivery_has_the_highest_priority(self):
        for row in ALARMS.values():
            if row[EFFECT] != KEEP:
                self.assertEqual(row[PRIORITY], HIGH, row[CODE])

    def test_all_but_information_remind_so_that_acknowledging_silences_none_for_good(self):
        for row in ALARMS.values():
            if row[PRIORITY] > INFORMATION:
                self.assertTrue(0 < row[REMINDER_S] <= 86400, row[CODE])

    def test_programmed_but_not_started_reminds_every_15_min(self):
        # GIP v1.0, 2.2.1: a reminder for required input after 15 min.
        self.assertEqual(ALARMS["not_started"][REMINDER_S], 15 * 60)

    def test_an_unknown_code_is_refused_everywhere(self):
        active = ActiveAlarms()
        for call in (
            lambda: active.raise_alarm("no_such", 0),
            lambda: active.raise_event("no_such", 0),
            lambda: active.clear("no_such", 0),
            lambda: active.acknowledge("no_such", 0),
            lambda: active.is_active("no_such"),
        ):
            with self.assertRaises(ValueError):
                call()


class ActiveTest(unittest.TestCase):
    def setUp(self):
        self.events = []
        self.active = ActiveAlarms(lambda *event: self.events.append(event))

    def test_an_alarm_that_does_not_latch_goes_with_its_cause(self):
        self.assertTrue(self.active.raise_alarm("low_reservoir", 10, "4 mL are left"))
        self.assertEqual(codes(self.active), ["low_reservoir"])
        self.assertTrue(self.active.clear("low_reservoir", 20))
        self.assertEqual(codes(self.active), [])
        self.assertEqual(
            self.events,
            [
                ("raised", "low_reservoir", 10, "4 mL are left"),
                ("cleared", "low_reservoir", 20, ""),
            ],
        )

    def test_saying_it_again_while_it_is_there_changes_nothing(self):
        self.active.raise_alarm("low_reservoir", 10, "first")
        for now_s in range(11, 100):
            self.assertFalse(self.active.raise_alarm("low_reservoir", now_s, "later"))
        one = self.active.highest()
        self.assertEqual((one.cause, one.count, one.since_s), ("first", 1, 10))
        self.assertEqual(len(self.events), 1)

    def test_a_latching_alarm_stays_until_its_cause_has_gone_and_it_was_acknowledged(self):
        for order in (("clear", "acknowledge"), ("acknowledge", "clear")):
            self.setUp()
            self.active.raise_alarm("stall", 0)
            getattr(self.active, order[0])("stall", 1)
            self.assertEqual(codes(self.active), ["stall"])
            self.assertEqual(self.active.effect(), STOP_NOW)
            getattr(self.active, order[1])("stall", 2)
            self.assertEqual(codes(self.active), [])
            self.assertEqual(self.active.effect(), KEEP)

    def test_acknowledged_is_not_cleared(self):
        """Hazards: H18."""
        self.active.raise_alarm("low_reservoir", 0)
        self.assertTrue(self.active.acknowledge("low_reservoir", 1))
        self.assertFalse(self.active.acknowledge("low_reservoir", 2))
        self.assertTrue(self.active.is_active("low_reservoir"))

    def test_the_first_cause_is_kept_and_returns_are_counted(self):
        self.active.raise_alarm("occlusion", 0, "first")
        self.active.clear("occlusion", 1)
        self.assertTrue(self.active.raise_alarm("occlusion", 2, "second"))
        one = self.active.highest()
        self.assertEqual((one.cause, one.count, one.since_s), ("first", 2, 0))

    def test_of_a_moment_each_call_is_counted_and_it_ends_when_acknowledged(self):
        self.active.raise_alarm("interrupted", 5, "delivery was off for 2 h")
        self.active.raise_alarm("interrupted", 6, "delivery was off for 1 s")
        one = self.active.highest()
        self.assertEqual((one.cause, one.count), ("delivery was off for 2 h", 2))
        self.active.acknowledge("interrupted", 9)
        self.assertFalse(self.active.is_active("interrupted"))
        self.assertEqual(
            [event[0] for event in self.events], ["raised", "raised", "acknowledged", "cleared"]
        )

    def test_an_alarm_that_latches_can_be_raised_when_its_cause_has_gone(self):
        self.active.raise_event("over_delivery", 5)
        self.assertEqual(self.active.effect(), STOP_NOW)
        self.active.acknowledge("over_delivery", 9)
        self.assertFalse(self.active.is_active("over_delivery"))
        with self.assertRaises(ValueError):
            self.active.raise_event("low_reservoir", 0)

    def test_clearing_or_acknowledging_what_is_not_active_does_nothing(self):
        self.assertFalse(self.active.clear("stall", 0))
        self.assertFalse(self.active.acknowledge("stall", 0))
        self.assertEqual(self.events, [])

    def test_the_highest_comes_first_and_the_earlier_of_equal_ones(self):
        for code in (
            "clock_moved",
            "supply_low",
            "low_reservoir",
            "stall",
            "empty",
            "dose_limit",
        ):
            self.active.raise_alarm(code, 7)
        self.assertEqual(
            codes(self.active),
            ["stall", "empty", "supply_low", "low_reservoir", "clock_moved", "dose_limit"],
        )
        self.assertEqual(self.active.highest().row[CODE], "stall")

    def test_the_strongest_effect_counts_whatever_order_they_came_in(self):
        for first, second in (("empty", "stall"), ("stall", "empty")):
            self.setUp()
            self.active.raise_alarm("low_reservoir", 0)
            self.assertEqual(self.active.effect(), KEEP)
            self.active.raise_alarm(first, 0)
            self.active.raise_alarm(second, 0)
            self.assertEqual(self.active.effect(), STOP_NOW)
        self.assertTrue(KEEP < MINIMUM_RATE < alarms.FINISH_STROKE < STOP_NOW)

    def test_any_active_leaves_information_out_unless_asked(self):
        self.active.raise_alarm("dose_limit", 0)
        self.assertFalse(self.active.any_active())
        self.assertTrue(self.active.any_active(INFORMATION))
        self.active.raise_alarm("clock_moved", 0)
        self.assertTrue(self.active.any_active())
        self.assertFalse(self.active.any_active(MEDIUM))


class SoundTest(unittest.TestCase):
    def setUp(self):
        self.active = ActiveAlarms()

    def test_only_the_highest_sounds_and_the_rest_wait(self):
        self.assertTrue(self.active.sounding(0) is None)
        self.active.raise_alarm("clock_moved", 0)
        self.assertEqual(self.active.sounding(1), LOW)
        self.active.raise_alarm("empty", 2)
        self.assertEqual(self.active.sounding(3), HIGH)
        self.active.acknowledge("empty", 4)
        self.assertEqual(self.active.sounding(5), LOW)

    def test_information_makes_no_sound(self):
        self.active.raise_alarm("dose_limit", 0)
        self.assertTrue(self.active.sounding(1) is None)

    def test_silence_lasts_two_minutes_and_no_longer(self):
        """Hazards: H18."""
        # GIP v1.0, 3.2.1 and 3.2.2: at most 2 min, never for good.
        self.assertEqual(SILENCE_S, 120)
        self.assertFalse(self.active.silence(0))
        self.active.raise_alarm("empty", 0)
        self.assertTrue(self.active.silence(1000))
        self.assertTrue(self.active.sounding(1119) is None)
        self.assertEqual(self.active.sounding(1120), HIGH)
        self.assertTrue(self.active.is_active("empty"))

    def test_no_jump_of_the_time_makes_a_silence_longer(self):
        self.active.raise_alarm("empty", 0)
        self.active.silence(1000)
        self.assertEqual(self.active.sounding(999), HIGH)
        self.assertEqual(self.active.sounding(-(10**9)), HIGH)

    def test_what_is_raised_during_a_silence_sounds(self):
        self.active.raise_alarm("empty", 0)
        self.active.silence(10)
        self.active.raise_alarm("clock_moved", 11)
        self.assertEqual(self.active.sounding(12), LOW)

    def test_what_comes_back_after_it_was_silenced_or_acknowledged_sounds(self):
        self.active.raise_alarm("stall", 0)
        self.active.clear("stall", 1)
        self.active.silence(2)
        self.active.raise_alarm("stall", 3)
        self.assertEqual(self.active.sounding(4), HIGH)

    def test_an_acknowledged_alarm_sounds_again_at_each_reminder(self):
        """Hazards: H18."""
        self.active.raise_alarm("low_reservoir", 0)
        self.active.acknowledge("low_reservoir", 100)
        sounding = [s for s in range(100, 100 + 7300) if self.active.sounding(s) is not None]
        # Once an hour for 15 s: at 3700 and at 7300.
        self.assertEqual(sounding, list(range(3700, 3715)) + list(range(7300, 7315)))
        self.assertEqual(self.active.reminders(3700), ["low_reservoir"])
        self.assertEqual(self.active.reminders(3715), [])


class NewsTest(unittest.TestCase):
    """A quiet cadence begins anew with each piece of news: its pauses last up to an hour."""

    def setUp(self):
        self.active = ActiveAlarms()

    def test_what_is_raised_beside_an_equal_or_lower_one_is_news(self):
        """Hazards: H18."""
        for count, code in enumerate(("stuck_button", "clock_lost", "supply_low", "stall"), 1):
            self.active.raise_alarm(code, 10)
            self.assertEqual(self.active.news, count)
        self.active.raise_event("occlusion", 11)
        self.assertEqual(self.active.news, 5)

    def test_what_waits_for_a_higher_one_and_what_makes_no_sound_is_none(self):
        self.active.raise_alarm("stall", 10)
        self.active.raise_alarm("clock_lost", 11)
        self.active.raise_alarm("pairing", 12)
        self.assertEqual(self.active.news, 1)

    def test_what_is_raised_while_a_higher_one_is_silenced_is_news(self):
        self.active.raise_alarm("stall", 10)
        self.active.silence(11)
        self.active.raise_alarm("clock_lost", 12)
        self.assertEqual(self.active.news, 2)

    def test_saying_it_again_is_none_and_its_return_is(self):
        self.active.raise_alarm("stall", 10)
        self.active.raise_alarm("stall", 11)
        self.assertEqual(self.active.news, 1)
        self.active.clear("stall", 12)
        self.active.raise_alarm("stall", 13)
        self.assertEqual(self.active.news, 2)


class RepeatTest(unittest.TestCase):
    def setUp(self):
        self.active = ActiveAlarms()

    def occur(self, code, *times):
        for now_s in times:
            self.active.raise_alarm(code, now_s)
            self.active.acknowledge(code, now_s)
            self.active.clear(code, now_s)

    def test_the_same_fault_three_times_in_ten_minutes_is_an_alarm_of_its_own(self):
        self.occur("occlusion", 0, 300)
        self.assertFalse(self.active.is_active("same_fault_thrice"))
        self.occur("occlusion", 600)
        self.assertTrue(self.active.is_active("same_fault_thrice"))
        self.assertTrue(self.active.highest().cause.startswith("occlusion "))
        self.assertTrue(self.active.effect() > KEEP)

    def test_a_second_more_than_ten_minutes_is_none(self):
        self.occur("occlusion", 0, 300, 601)
        self.assertFalse(self.active.is_active("same_fault_thrice"))
        self.occur("occlusion", 900)
        self.assertTrue(self.active.is_active("same_fault_thrice"))

    def test_different_faults_and_those_that_leave_delivery_alone_do_not_add_up(self):
        self.occur("occlusion", 0, 1)
        self.occur("stall", 2)
        self.occur("console_fault", 3, 4, 5, 6)
        self.assertFalse(self.active.is_active("same_fault_thrice"))

    def test_one_that_stays_is_one_occurrence(self):
        for now_s in range(100):
            self.active.raise_alarm("occlusion", now_s)
        self.assertFalse(self.active.is_active("same_fault_thrice"))
