"""What a programme asks for at a time, against figures worked out second by second."""

import unittest

from bench_programme import (
    DAY_S,
    EVERY_DAY,
    HOUR_S,
    MONDAY,
    SATURDAY,
    SUNDAY,
    TUESDAY,
    bench_programme,
)
from pump.core import ratio, schedule, totals
from pump.core.modes import Intermittent

WEEK_S = 7 * DAY_S
# Pump time of days whose weekday is written in any calendar: day of the month, weekday.
SATURDAY_2000_01_01 = 0
MONDAY_2000_01_03 = 2 * DAY_S
# 2024-02-29 was a Thursday: 24 years with 6 leap days (2000 ... 2020), January, 28 days.
THURSDAY_2024_02_29 = (24 * 365 + 6 + 31 + 28) * DAY_S
# 2026-06-01 is a Monday: 26 years with 7 leap days, then 31 + 28 + 31 + 30 + 31 days.
MONDAY_2026_06_01 = (26 * 365 + 7 + 151) * DAY_S


def asked_each_second(programme, second_s, until_s, boluses_from_s=0):
    """What is asked for from second_s to until_s in 1/3600 nL, second by second, by a reading of
    the programme of its own: nothing but comparisons, and only whole nL/h and whole results."""
    total = 0
    while second_s < until_s:
        if programme.start_s is None or second_s >= programme.start_s:
            if programme.end_s is None or second_s < programme.end_s:
                total += asked_in_second(programme, second_s, boluses_from_s)
        second_s += 1
    return total


def asked_in_second(programme, second_s, boluses_from_s):
    day_number = second_s // DAY_S
    # 2000-01-03, day 2, was a Monday.
    today = programme.days[programme.week[(day_number - 2) % 7]]
    rates = [rate for start_s, rate in today if start_s <= second_s - day_number * DAY_S]
    assert rates[-1][1] == 1
    total = rates[-1][0]
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        assert volume_nl[1] == 1 and volume_nl[0] * HOUR_S % duration_s == 0
        for number in (day_number - 1, day_number):
            begun_s = number * DAY_S + at_s
            if weekdays & (1 << (number - 2) % 7) and begun_s >= boluses_from_s:
                if begun_s <= second_s < begun_s + duration_s:
                    total += volume_nl[0] * HOUR_S // duration_s
    return total


def days_programme():
    """Night and day, other at the weekend."""
    return bench_programme(
        days=(
            ((0, (10000, 1)), (21600, (20000, 1)), (79200, (12000, 1))),
            ((0, (5000, 1)), (43200, (7000, 1))),
        ),
        week=(0, 0, 0, 0, 0, 1, 1),
    )


class WeekdayTest(unittest.TestCase):
    def test_2000_01_01_was_a_saturday(self):
        self.assertEqual(schedule.weekday(SATURDAY_2000_01_01), 5)
        self.assertEqual(schedule.weekday(DAY_S - 1), 5)
        self.assertEqual(schedule.weekday(DAY_S), 6)

    def test_weekdays_agree_with_the_calendar_across_leap_years(self):
        self.assertEqual(schedule.weekday(MONDAY_2000_01_03), 0)
        self.assertEqual(schedule.weekday(THURSDAY_2024_02_29), 3)
        self.assertEqual(schedule.weekday(MONDAY_2026_06_01), 0)
        self.assertEqual(schedule.weekday(MONDAY_2026_06_01 + WEEK_S - 1), 6)


class BasalTest(unittest.TestCase):
    def test_a_basal_step_holds_from_its_second_to_the_one_before_the_next(self):
        programme = days_programme()
        for second, rate in (
            (0, 10000),
            (21599, 10000),
            (21600, 20000),
            (79199, 20000),
            (79200, 12000),
            (DAY_S - 1, 12000),
            (DAY_S, 10000),
        ):
            at_s = MONDAY_2026_06_01 + second
            self.assertEqual(schedule.basal_rate_at(programme, at_s), (rate, 1))

    def test_the_weekend_begins_at_midnight_before_saturday(self):
        programme = days_programme()
        saturday_s = MONDAY_2026_06_01 + 5 * DAY_S
        self.assertEqual(schedule.basal_rate_at(programme, saturday_s - 1), (12000, 1))
        self.assertEqual(schedule.basal_rate_at(programme, saturday_s), (5000, 1))
        self.assertEqual(schedule.basal_rate_at(programme, saturday_s + 43200), (7000, 1))
        self.assertEqual(schedule.basal_rate_at(programme, saturday_s + 2 * DAY_S), (10000, 1))

    def test_the_lowest_basal_rate_is_that_of_all_days_in_use(self):
        self.assertEqual(schedule.lowest_basal_rate(days_programme(), 0), (5000, 1))

    def test_only_a_programme_of_one_rate_without_boluses_start_or_end_needs_no_clock(self):
        same = ((0, (25000, 1)), (3600, (25000, 1)))
        for programme, needs in (
            (bench_programme(), False),
            (bench_programme(days=(same, ((0, (25000, 1)),)), week=(0, 1, 0, 1, 0, 1, 0)), False),
            (days_programme(), True),
            (bench_programme(boluses=((0, EVERY_DAY, (1000, 1), 60),)), True),
            (bench_programme(start_s=1), True),
            (bench_programme(end_s=1), True),
        ):
            self.assertEqual(schedule.depends_on_clock(programme), needs)


class BolusTest(unittest.TestCase):
    # 7.2 uL in 2 h from 23:00 on Saturdays: 3.6 uL/h until Sunday 01:00.
    LATE = ((23 * HOUR_S, SATURDAY, (7200, 1), 2 * HOUR_S),)

    def test_a_bolus_that_begins_on_its_weekday_goes_on_after_midnight(self):
        programme = bench_programme(boluses=self.LATE)
        begin_s = MONDAY_2026_06_01 + 5 * DAY_S + 23 * HOUR_S
        for at_s, rate in (
            (begin_s - 1, 25000),
            (begin_s, 28600),
            (begin_s + HOUR_S, 28600),
            (begin_s + 2 * HOUR_S - 1, 28600),
            (begin_s + 2 * HOUR_S, 25000),
            # A day earlier and a day later there is none.
            (begin_s - DAY_S, 25000),
            (begin_s + DAY_S, 25000),
            (begin_s + WEEK_S, 28600),
        ):
            self.assertEqual(schedule.rate_at(programme, at_s, 0), (rate, 1))

    def test_a_bolus_that_would_have_begun_before_delivery_did_is_left_out_whole(self):
        programme = bench_programme(boluses=self.LATE)
        begin_s = MONDAY_2026_06_01 + 5 * DAY_S + 23 * HOUR_S
        self.assertEqual(schedule.rate_at(programme, begin_s, begin_s), (28600, 1))
        self.assertEqual(schedule.rate_at(programme, begin_s + 1, begin_s + 1), (25000, 1))

    def test_boluses_that_overlap_add_up(self):
        programme = bench_programme(
            boluses=((0, MONDAY, (3600, 1), HOUR_S), (1800, MONDAY, (1800, 1), HOUR_S))
        )
        for second, rate in ((0, 28600), (1800, 30400), (3600, 26800), (5400, 25000)):
            at_s = MONDAY_2026_06_01 + second
            self.assertEqual(schedule.rate_at(programme, at_s, 0), (rate, 1))

    def test_a_bolus_of_24_h_ends_as_the_next_one_begins(self):
        programme = bench_programme(boluses=((3600, MONDAY | TUESDAY, (24000, 1), DAY_S),))
        for hour, rate in (
            (0, 25000),
            (1, 26000),
            (24, 26000),
            (25, 26000),
            (48, 26000),
            (49, 25000),
        ):
            at_s = MONDAY_2026_06_01 + hour * HOUR_S
            self.assertEqual(schedule.rate_at(programme, at_s, 0), (rate, 1))

    def test_nothing_is_asked_for_before_the_start_and_from_the_end_on(self):
        at = MONDAY_2026_06_01
        programme = bench_programme(start_s=at + 10, end_s=at + 20, boluses=self.LATE)
        for second, rate in ((9, 0), (10, 25000), (19, 25000), (20, 0)):
            self.assertEqual(schedule.rate_at(programme, at + second, 0), (rate, 1))


class IntermittentTest(unittest.TestCase):
    # 600 nL in 5 min, 7.2 uL/h, every hour, the first 90 min after delivery begins.
    EVERY_HOUR = Intermittent(5400, 3600, (600, 1), 300)

    def programme(self):
        return bench_programme(intermittent=self.EVERY_HOUR)

    def test_none_is_given_before_the_first_though_the_interval_would_fit(self):
        programme = self.programme()
        from_s = MONDAY_2026_06_01
        # 30 min after the beginning is an interval before the first one.
        for second, rate in (
            (0, 25000),
            (1800, 25000),
            (5399, 25000),
            (5400, 32200),
            (5699, 32200),
            (5700, 25000),
            (9000, 32200),
        ):
            found = schedule.rate_at(programme, from_s + second, 0, from_s)
            self.assertEqual(found, (rate, 1))
        self.assertIsNone(schedule.cycle_start(self.EVERY_HOUR, from_s + 5399, from_s))

    def test_the_one_that_runs_is_told_with_its_start_its_end_and_its_rate(self):
        from_s = MONDAY_2026_06_01
        begun_s = from_s + 5400 + 3600
        self.assertEqual(
            schedule.bolus_windows(self.programme(), begun_s + 299, 0, from_s),
            [(begun_s, begun_s + 300, (7200, 1))],
        )

    def test_their_volume_is_told_to_the_second(self):
        from_s = MONDAY_2026_06_01
        # 2 nL a second.
        for second, volume_nl in (
            (5399, 0),
            (5400, 0),
            (5401, 2),
            (5402, 4),
            (5700, 600),
            (8999, 600),
            (9001, 602),
        ):
            found = schedule.cycle_volume_nl(self.EVERY_HOUR, from_s + second, from_s)
            self.assertEqual(found, (volume_nl, 1))


def changing_programmes():
    """Programmes with changes of every kind close together, from Monday 2026-06-01 on."""
    busy = ((0, (3600, 1)), (60, (7200, 1)), (90, (0, 1)), (300, (10800, 1)), (86390, (1800, 1)))
    at = MONDAY_2026_06_01
    boluses = (
        (30, MONDAY, (20, 1), 20),
        (250, EVERY_DAY, (100, 1), 100),
        (86395, SUNDAY, (100, 1), 50),
    )
    return (
        bench_programme(days=(busy,), boluses=boluses),
        bench_programme(days=(busy,), boluses=boluses, start_s=at + 45, end_s=at + 280),
        bench_programme(days=(busy, ((0, (0, 1)),)), week=(0, 1, 1, 1, 1, 1, 0), boluses=boluses),
        bench_programme(boluses=boluses, end_s=at + 400),
        bench_programme(days=(((0, (0, 1)),),), boluses=boluses),
    )


class ChangeTest(unittest.TestCase):
    def test_no_change_comes_before_the_one_that_is_told(self):
        for programme in changing_programmes():
            at_s = MONDAY_2026_06_01 - 30
            while at_s < MONDAY_2026_06_01 + 420:
                told_s = schedule.next_change_after(programme, at_s)
                self.assertLess(at_s, told_s)
                rate = schedule.rate_at(programme, at_s, 0)
                for second_s in range(at_s, min(told_s, MONDAY_2026_06_01 + 420)):
                    self.assertEqual(schedule.rate_at(programme, second_s, 0), rate)
                at_s = told_s

    def test_a_day_that_is_always_the_same_changes_once_a_week_at_most(self):
        at_s = MONDAY_2026_06_01 + 5
        self.assertEqual(
            schedule.next_change_after(bench_programme(), at_s), MONDAY_2026_06_01 + WEEK_S
        )

    def test_a_bolus_is_no_change_on_a_weekday_that_it_is_not_given_on(self):
        programme = bench_programme(boluses=((HOUR_S, TUESDAY, (100, 1), 60),))
        at_s = MONDAY_2026_06_01
        self.assertEqual(schedule.next_change_after(programme, at_s), at_s + DAY_S)
        tuesday_s = at_s + DAY_S
        self.assertEqual(schedule.next_change_after(programme, tuesday_s), tuesday_s + HOUR_S)

    def test_a_change_of_day_is_told_at_midnight(self):
        programme = bench_programme(
            days=(((0, (10, 1)),), ((0, (20, 1)),)), week=(0, 0, 0, 1, 0, 0, 0)
        )
        wednesday_s = MONDAY_2026_06_01 + 2 * DAY_S
        self.assertEqual(schedule.next_change_after(programme, wednesday_s), wednesday_s + DAY_S)


class VolumeTest(unittest.TestCase):
    def test_volume_equals_what_is_asked_for_second_by_second(self):
        for programme in changing_programmes():
            for from_s, length_s in ((-20, 400), (0, 1), (31, 260), (-1, 2)):
                begin_s = MONDAY_2026_06_01 + from_s
                asked = asked_each_second(programme, begin_s, begin_s + length_s)
                self.assertEqual(
                    totals.volume_between(programme, begin_s, begin_s + length_s, 0),
                    ratio.ratio(asked, HOUR_S),
                )

    def test_a_week_is_the_sum_of_its_days(self):
        # Workdays: 6 h of 10, 16 h of 20, 2 h of 12 uL/h, 404 uL. Weekend: 12 h of 5 and of 7, 144.
        total = totals.volume_between(
            days_programme(), MONDAY_2026_06_01, MONDAY_2026_06_01 + WEEK_S, 0
        )
        self.assertEqual(total, (5 * 404000 + 2 * 144000, 1))


class TimeUntilTest(unittest.TestCase):
    def brute(self, programme, start_s, asked, limit_s):
        """The first second by which so many 1/3600 nL have been asked for, second by second."""
        total = 0
        second_s = start_s
        while total < asked:
            if second_s == start_s + limit_s:
                return None
            total += asked_each_second(programme, second_s, second_s + 1)
            second_s += 1
        return second_s

    def test_it_is_the_first_whole_second_by_which_the_volume_was_asked_for(self):
        for programme in changing_programmes():
            start_s = MONDAY_2026_06_01 - 10
            for asked in (1, 3600, 3601, 50000, 250000, 400000):
                found_s = self.brute(programme, start_s, asked, 420)
                if found_s is None:
                    continue
                volume_nl = ratio.ratio(asked, HOUR_S)
                self.assertEqual(totals.time_until(programme, start_s, volume_nl, 0), found_s)

    def test_nothing_asked_for_is_reached_at_once(self):
        for volume_nl in (ratio.ZERO, (-5, 1)):
            self.assertEqual(totals.time_until(bench_programme(), 1234, volume_nl, 0), 1234)

    def test_it_never_comes_when_the_programme_ends_before_or_is_always_zero(self):
        at = MONDAY_2026_06_01
        zero = bench_programme(days=(((0, (0, 1)),),))
        self.assertIsNone(totals.time_until(zero, at, (1, 1), 0))
        # One hour of 25 uL/h, exactly; not a bit more.
        short = bench_programme(start_s=at + 100, end_s=at + 100 + HOUR_S)
        self.assertEqual(totals.time_until(short, at, (25000, 1), 0), at + 100 + HOUR_S)
        self.assertIsNone(totals.time_until(short, at, ratio.ratio(25000000001, 1000000), 0))
        self.assertIsNone(totals.time_until(short, at + 100 + HOUR_S, (1, 1), 0))

    def test_it_counts_the_years_until_a_slow_programme_has_asked_for_the_volume(self):
        # 5 workdays of 404 uL and 2 of 144 uL are 2308 uL a week; 100 weeks and Monday's 6 h of 10.
        programme = days_programme()
        volume_nl = (100 * 2308000 + 60000, 1)
        self.assertEqual(
            totals.time_until(programme, MONDAY_2026_06_01, volume_nl, 0),
            MONDAY_2026_06_01 + 100 * WEEK_S + 6 * HOUR_S,
        )

    def test_whole_weeks_end_when_the_last_of_them_stopped_asking(self):
        # 1 uL on Mondays from 00:00 to 01:00 only: ten of them are done on a Monday at 01:00.
        day = ((0, (1000, 1)), (HOUR_S, (0, 1)))
        programme = bench_programme(days=(day, ((0, (0, 1)),)), week=(0, 1, 1, 1, 1, 1, 1))
        for start_s in (MONDAY_2026_06_01, MONDAY_2026_06_01 - 3 * DAY_S):
            self.assertEqual(
                totals.time_until(programme, start_s, (10000, 1), 0),
                MONDAY_2026_06_01 + 9 * WEEK_S + HOUR_S,
            )

    def test_a_bolus_that_is_left_out_now_counts_from_next_week_on(self):
        # Nothing but 24 h of 1 uL/h from Monday 00:00. Delivery was started one second later.
        # The step at 22:30 changes nothing but where the reckoning stops on its way.
        programme = bench_programme(
            days=(((0, (0, 1)), (81000, (0, 1))),), boluses=((0, MONDAY, (24000, 1), DAY_S),)
        )
        start_s = MONDAY_2026_06_01 - 2 * HOUR_S
        from_s = MONDAY_2026_06_01 + 1
        # 50 of them begin with the Monday after.
        self.assertEqual(
            totals.time_until(programme, start_s, (50 * 24000, 1), from_s),
            MONDAY_2026_06_01 + 50 * WEEK_S + DAY_S,
        )


if __name__ == "__main__":
    unittest.main()
