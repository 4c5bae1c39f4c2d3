"""What is due by when, in figures that are worked out by hand."""

import unittest

from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme
from pump.core import ratio
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_PRIME,
    MODE_SCHEDULE,
    MODE_STOPPED,
    TICKS_PER_S,
    Bolus,
    Delivery,
)

# Monday 2026-06-01 00:00; a delivery begins a little after a whole second of it.
MONDAY_S = (26 * 365 + 7 + 151) * DAY_S
HOUR_TICKS = HOUR_S * TICKS_PER_S
# 25 uL/h over 10 nL is 2500 microsteps an hour, one in 1.44 s.
STEP_NL = (10, 1)


def running(programme=None, at_ticks=MONDAY_S * TICKS_PER_S, step_nl=STEP_NL):
    """A delivery that follows its programme from a tick on."""
    delivery = Delivery(programme or bench_programme(), step_nl, at_ticks)
    delivery.start(at_ticks, MODE_SCHEDULE)
    return delivery


def night_programme():
    """20 uL/h by day, 24 uL/h from 20:00 to 06:00: +20 % at night."""
    return bench_programme(
        days=(((0, (24000, 1)), (6 * HOUR_S, (20000, 1)), (20 * HOUR_S, (24000, 1))),)
    )


class DueTest(unittest.TestCase):
    def test_22_mcg_per_day_of_2000_mcg_per_ml_is_40150_steps_of_100_nl_a_year(self):
        """Hazards: H12."""
        # 11 uL a day, 4015 uL in 365 days.
        programme = bench_programme(days=(((0, (1375, 3)),),))
        start = MONDAY_S * TICKS_PER_S
        delivery = running(programme, start, (100, 1))
        year = 365 * DAY_S * TICKS_PER_S
        self.assertEqual(delivery.due(start + year), (40150, (0, 1)))
        self.assertEqual(delivery.due(start + year - 1)[0], 40149)

    def test_a_step_is_due_at_its_tick_and_not_before(self):
        # 1.44 s are 180,000,000 ticks.
        delivery = running()
        start = MONDAY_S * TICKS_PER_S
        for number in (1, 2, 1000, 60000):
            self.assertEqual(delivery.due(start + number * 180000000)[0], number)
            self.assertEqual(delivery.due(start + number * 180000000 - 1)[0], number - 1)

    def test_the_remainder_is_carried_over_a_rate_change(self):
        """Hazards: H12."""
        # 1 h of 24 and 1 h of 20 uL/h make 44 uL over 7 nL: 6285 steps and 5/7 of one.
        start = (MONDAY_S + 5 * HOUR_S) * TICKS_PER_S
        delivery = running(night_programme(), start, (7, 1))
        self.assertEqual(delivery.due(start + 2 * HOUR_TICKS), (6285, (5, 7)))
        # At the change 24 uL: 3428 steps and 4/7.
        delivery.advance(start + HOUR_TICKS)
        self.assertEqual((delivery.steps, delivery.remainder), (3428, (4, 7)))
        self.assertEqual(delivery.due(start + 2 * HOUR_TICKS), (6285, (5, 7)))

    def test_a_day_of_14_h_by_day_and_10_h_by_night_is_520_ul(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running(night_programme(), start)
        self.assertEqual(delivery.due(start + 24 * HOUR_TICKS), (52000, (0, 1)))

    def test_advancing_in_odd_pieces_changes_nothing(self):
        start = MONDAY_S * TICKS_PER_S + 7
        at_once = running(night_programme(), start)
        in_pieces = running(night_programme(), start)
        ticks = start
        for piece in (1, 12345678901, 3, 999999999999, 2718281828459, 86400 * TICKS_PER_S):
            ticks += piece
            in_pieces.advance(ticks)
        end = start + 2 * DAY_S * TICKS_PER_S
        self.assertEqual(in_pieces.due(end), at_once.due(end))

    def test_a_time_before_the_anchor_is_refused(self):
        delivery = running()
        with self.assertRaises(ValueError):
            delivery.due(delivery.anchor_ticks - 1)

    def test_nothing_is_due_while_stopped(self):
        delivery = Delivery(bench_programme(), STEP_NL, 0)
        self.assertEqual(delivery.due(DAY_S * TICKS_PER_S), (0, (0, 1)))
        self.assertEqual(delivery.segment_at(0), ((0, 1), None))

    def test_the_rate_and_its_next_change_are_told(self):
        start = (MONDAY_S + 5 * HOUR_S) * TICKS_PER_S
        delivery = running(night_programme(), start)
        self.assertEqual(delivery.rate_at(start + 5), (24000, 1))
        self.assertEqual(
            delivery.next_change_after(start + 5), (MONDAY_S + 6 * HOUR_S) * TICKS_PER_S
        )


class ModeTest(unittest.TestCase):
    def test_the_minimum_rate_has_neither_boluses_nor_basal_steps(self):
        programme = bench_programme(boluses=((60, EVERY_DAY, (1000, 1), 60),))
        start = MONDAY_S * TICKS_PER_S
        delivery = Delivery(programme, STEP_NL, start)
        delivery.start(start, MODE_MINIMUM)
        # 2.5 uL/h.
        self.assertEqual(delivery.due(start + 24 * HOUR_TICKS), (6000, (0, 1)))

    def test_while_the_clock_is_unknown_the_lowest_basal_rate_is_kept_and_no_bolus_given(self):
        programme = bench_programme(
            days=night_programme().days, boluses=((60, EVERY_DAY, (1000, 1), 60),)
        )
        start = MONDAY_S * TICKS_PER_S
        delivery = running(programme, start)
        delivery.clock_known = False
        self.assertEqual(delivery.due(start + 24 * HOUR_TICKS), (48000, (0, 1)))

    def test_an_unknown_clock_changes_nothing_about_one_constant_rate(self):
        delivery = running()
        delivery.clock_known = False
        start = MONDAY_S * TICKS_PER_S
        self.assertEqual(delivery.due(start + 24 * HOUR_TICKS), (60000, (0, 1)))

    def test_a_prime_asks_for_its_volume_and_then_for_nothing(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = Delivery(bench_programme(), STEP_NL, start)
        # 100 uL at 2 mL/h: 180 s.
        delivery.prime(start, (2000000, 1), start + 180 * TICKS_PER_S)
        self.assertEqual(delivery.mode, MODE_PRIME)
        self.assertEqual(delivery.due(start + 90 * TICKS_PER_S)[0], 5000)
        self.assertEqual(delivery.due(start + DAY_S * TICKS_PER_S), (10000, (0, 1)))

    def test_stopping_keeps_the_remainder_for_the_next_start(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # Half a step.
        delivery.stop(start + 90000000)
        self.assertEqual(delivery.mode, MODE_STOPPED)
        again = start + 10 * HOUR_TICKS
        self.assertEqual(delivery.due(again), (0, (1, 2)))
        delivery.start(again, MODE_SCHEDULE)
        self.assertEqual(delivery.due(again + 90000000), (1, (0, 1)))

    def test_a_halt_forgets_what_was_due_but_not_made(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # 10.5 steps are due, 8 were made.
        delivery.halt(start + 21 * 90000000, 8)
        self.assertEqual((delivery.steps, delivery.remainder), (8, (0, 1)))
        # Made were all: the remainder stays.
        delivery = running()
        delivery.halt(start + 21 * 90000000, 10)
        self.assertEqual((delivery.steps, delivery.remainder), (10, (1, 2)))

    def test_an_interruption_is_skipped_and_not_made_up_for(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        delivery.advance(start + HOUR_TICKS)
        delivery.skip_to(start + 5 * HOUR_TICKS)
        self.assertEqual(delivery.due(start + 6 * HOUR_TICKS)[0], 5000)


class BolusTest(unittest.TestCase):
    def test_a_bolus_adds_its_volume_exactly_and_leaves_the_basal_alone(self):
        """Hazards: H13."""
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # 100 uL in 7 min: neither its rate nor its end falls on a step.
        end = start + 1000 + 420 * TICKS_PER_S
        delivery.add_bolus(Bolus("0badcafe", (100000, 1), start + 1000, end))
        plain = running()
        steps, remainder = plain.due(end)
        self.assertEqual(delivery.due(end), (steps + 10000, remainder))
        hours = start + 24 * HOUR_TICKS
        self.assertEqual(delivery.due(hours), (70000, (0, 1)))

    def test_two_boluses_at_once_add_up(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        for number in (0, 1):
            begin = start + number * 60 * TICKS_PER_S
            end = begin + 120 * TICKS_PER_S
            delivery.add_bolus(Bolus("0000000" + str(number), (12000, 1), begin, end))
        # Each is 360 uL/h; together with the basal 745 uL/h in the second minute.
        self.assertEqual(delivery.rate_at(start + 90 * TICKS_PER_S), (745000, 1))
        self.assertEqual(delivery.due(start + HOUR_TICKS), (2500 + 2400, (0, 1)))

    def test_a_bolus_tells_how_much_of_it_was_asked_for(self):
        bolus = Bolus("0badcafe", (9000, 1), 1000, 4000)
        for ticks, volume in ((0, 0), (1000, 0), (2000, 3000), (4000, 9000), (9999, 9000)):
            self.assertEqual(bolus.delivered_nl(ticks), (volume, 1))

    def test_a_stop_cancels_what_is_left_of_every_bolus(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        delivery.add_bolus(Bolus("0badcafe", (36000, 1), start, start + HOUR_TICKS))
        delivery.stop(start + HOUR_TICKS // 2)
        self.assertEqual(delivery.boluses, [])
        delivery.start(start + HOUR_TICKS, MODE_SCHEDULE)
        # Half an hour of 25 + 36 uL/h, then half an hour of 25.
        self.assertEqual(delivery.due(start + 3 * HOUR_TICKS // 2), (3050 + 1250, (0, 1)))

    def test_a_scheduled_bolus_that_is_running_is_cancelled_too(self):
        programme = bench_programme(boluses=((0, EVERY_DAY, (36000, 1), HOUR_S),))
        start = MONDAY_S * TICKS_PER_S
        delivery = running(programme)
        delivery.cancel_boluses(start + HOUR_TICKS // 2)
        self.assertEqual(delivery.due(start + HOUR_TICKS), (1800 + 2500, (0, 1)))
        # Tomorrow's comes.
        self.assertEqual(delivery.due(start + 25 * HOUR_TICKS), (1800 + 3600 + 62500, (0, 1)))

    def test_finished_boluses_are_handed_out_once_when_the_anchor_has_passed_them(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        delivery.add_bolus(Bolus("0badcafe", (1000, 1), start, start + 1000))
        delivery.add_bolus(Bolus("1badcafe", (1000, 1), start, start + 9000))
        self.assertEqual(delivery.take_finished(start + 5000), [])
        delivery.advance(start + 1000)
        finished = delivery.take_finished(start + 5000)
        self.assertEqual([bolus.request_id for bolus in finished], ["0badcafe"])
        self.assertEqual(delivery.take_finished(start + 5000), [])

    def test_a_bolus_cannot_begin_in_the_past(self):
        delivery = running()
        with self.assertRaises(ValueError):
            delivery.add_bolus(Bolus("0badcafe", (1, 1), delivery.anchor_ticks - 1, 10**20))


class ReplaceTest(unittest.TestCase):
    def test_another_programme_goes_on_with_the_remainder(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # 2.5 steps of the old rate, then half the rate: 2.88 s a step.
        delivery.replace_programme(
            bench_programme(days=(((0, (12500, 1)),),)), STEP_NL, start + 450000000
        )
        self.assertEqual(delivery.due(start + 450000000 + 179999999)[0], 2)
        self.assertEqual(delivery.due(start + 450000000 + 180000000), (3, (0, 1)))

    def test_the_remainder_is_carried_as_volume_into_other_microsteps(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # Half a step of 10 nL is 5 nL: 5/8 of a microstep of 8 nL.
        delivery.replace_programme(bench_programme(), (8, 1), start + 90000000)
        self.assertEqual((delivery.steps, delivery.remainder), (0, (5, 8)))

    def test_a_remainder_of_more_than_a_smaller_microstep_is_due_at_once(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        # 9 nL are two microsteps of 4 nL and a quarter.
        delivery.replace_programme(bench_programme(), (4, 1), start + 9 * 18000000)
        self.assertEqual((delivery.steps, delivery.remainder), (2, (1, 4)))

    def test_boluses_that_were_asked_for_go_on_over_a_new_programme(self):
        start = MONDAY_S * TICKS_PER_S
        delivery = running()
        delivery.add_bolus(Bolus("0badcafe", (36000, 1), start, start + HOUR_TICKS))
        none = bench_programme(days=(((0, (0, 1)),),))
        delivery.replace_programme(none, STEP_NL, start + HOUR_TICKS // 2)
        self.assertEqual(delivery.due(start + HOUR_TICKS), (1250 + 3600, (0, 1)))


class ClockTest(unittest.TestCase):
    # A bolus of 36 uL in an hour from 10:00 on.
    PROGRAMME = ((10 * HOUR_S, EVERY_DAY, (36000, 1), HOUR_S),)

    def started_at(self, hour):
        delivery = running(
            bench_programme(boluses=self.PROGRAMME),
            (MONDAY_S + hour * HOUR_S) * TICKS_PER_S,
        )
        return delivery

    def test_setting_the_clock_moves_what_is_anchored_and_changes_no_volume(self):
        delivery = self.started_at(5)
        start = delivery.anchor_ticks
        delivery.add_bolus(Bolus("0badcafe", (1000, 1), start, start + HOUR_TICKS))
        delivery.shift_clock(2 * HOUR_TICKS)
        self.assertEqual(delivery.anchor_ticks, start + 2 * HOUR_TICKS)
        # Two hours with their boluses: 50 uL of basal, 1 uL.
        self.assertEqual(delivery.due(start + 4 * HOUR_TICKS), (5100, (0, 1)))

    def test_a_bolus_of_the_schedule_comes_at_the_new_time(self):
        delivery = self.started_at(5)
        delivery.shift_clock(4 * HOUR_TICKS)
        # It is 9:00 now; the bolus is from 10 to 11.
        ticks = (MONDAY_S + 11 * HOUR_S) * TICKS_PER_S
        self.assertEqual(delivery.due(ticks), (5000 + 3600, (0, 1)))

    def test_a_bolus_is_given_when_the_clock_is_set_back_to_before_the_start(self):
        delivery = self.started_at(12)
        delivery.shift_clock(-3 * HOUR_TICKS)
        ticks = (MONDAY_S + 11 * HOUR_S) * TICKS_PER_S
        self.assertEqual(delivery.due(ticks), (5000 + 3600, (0, 1)))

    def test_a_running_bolus_goes_on_over_a_correction_of_the_clock(self):
        delivery = self.started_at(9)
        half_past = (MONDAY_S + 10 * HOUR_S + 1800) * TICKS_PER_S
        delivery.advance(half_past)
        delivery.shift_clock(TICKS_PER_S)
        end = (MONDAY_S + 11 * HOUR_S) * TICKS_PER_S
        # One second of it is skipped: 10 nL, a step; the basal lacks a second too.
        steps, remainder = delivery.due(end)
        volume_nl = ratio.multiply(ratio.add((steps, 1), remainder), STEP_NL)
        asked_nl = ratio.subtract((50000 + 36000, 1), ratio.ratio(25000 + 36000, HOUR_S))
        self.assertEqual(volume_nl, asked_nl)

    def test_no_bolus_is_begun_in_its_middle_when_an_unknown_clock_is_set(self):
        delivery = self.started_at(5)
        delivery.clock_known = False
        delivery.advance(delivery.anchor_ticks)
        delivery.shift_clock(5 * HOUR_TICKS + HOUR_TICKS // 2)
        delivery.clock_known = True
        # It is 10:30 now.
        ticks = (MONDAY_S + 11 * HOUR_S + 1800) * TICKS_PER_S
        self.assertEqual(delivery.due(ticks), (2500, (0, 1)))


if __name__ == "__main__":
    unittest.main()
