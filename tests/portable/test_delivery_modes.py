"""Volume to be infused, intermittent boluses, bridge and what follows, as they meet each other."""

import unittest

from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme
from pump.core import ratio
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_SCHEDULE,
    TICKS_PER_MS,
    TICKS_PER_S,
    TICKS_PER_US,
    Bolus,
    Delivery,
)
from pump.core.modes import Bridge, Intermittent, Vtbi

# Monday 2026-06-01 00:00.
MONDAY_S = (26 * 365 + 7 + 151) * DAY_S
STEP_NL = (10, 1)


def ticks(hours, minutes=0):
    return (MONDAY_S + hours * HOUR_S + minutes * 60) * TICKS_PER_S


def delivering(programme, at_ticks=MONDAY_S * TICKS_PER_S):
    delivery = Delivery(programme, STEP_NL, at_ticks)
    delivery.begin_bridge()
    delivery.start(at_ticks, MODE_SCHEDULE)
    delivery.begin_vtbi()
    return delivery


def asked_nl(delivery, at_ticks):
    steps, remainder = delivery.due(at_ticks)
    return ratio.multiply(ratio.add((steps, 1), remainder), delivery.microstep_nl)


def limited(volume_nl, then="stop", **changes):
    """A volume to be infused, on 25 uL/h."""
    return bench_programme(vtbi=Vtbi((volume_nl, 1), then, (0, 1), 600), **changes)


def twice_a_day(rate_nl_per_h):
    """A day of one rate that is looked at anew at 12:00."""
    return ((0, rate_nl_per_h), (12 * HOUR_S, rate_nl_per_h))


# 20 uL over 10 min every 5 h, the first after 1 h.
EVERY_5_H = Intermittent(HOUR_S, 5 * HOUR_S, (20000, 1), 600)
# 10 uL over 10 min every 2 h, the first at once.
EVERY_2_H = Intermittent(0, 2 * HOUR_S, (10000, 1), 600)


class TimeTest(unittest.TestCase):
    def test_a_tick_is_one_cycle_of_125_mhz(self):
        self.assertEqual(TICKS_PER_S, 125000000)
        self.assertEqual(TICKS_PER_S, 1000 * TICKS_PER_MS)
        self.assertEqual(TICKS_PER_MS, 1000 * TICKS_PER_US)


class FarEndTest(unittest.TestCase):
    """When a volume to be infused ends, days and many changes ahead."""

    def end_of(self, delivery):
        self.assertIsNone(delivery.vtbi_end_ticks)
        delivery.seek_vtbi_end()
        return delivery.vtbi_end_ticks

    def test_on_a_schedule_it_is_told_to_the_tick_from_any_tick_on(self):
        # 20 uL/h in the first half of every hour and 30 in the second, begun 0.25 s after 00:00.
        day = tuple([(half * 1800, ((20000, 1), (30000, 1))[half % 2]) for half in range(48)])
        delivery = delivering(limited(4810000, days=(day,)), ticks(0) + TICKS_PER_S // 4)
        # 192.5 h are 4810 uL less the 20/14400 uL of the first quarter of a second, which take
        # 1/6 s at 30 uL/h.
        self.assertEqual(self.end_of(delivery), ticks(192, 30) + TICKS_PER_S // 6)
        # From another tick on it is the same.
        delivery.advance(ticks(100) + 12345)
        delivery.find_vtbi_end()
        self.assertEqual(self.end_of(delivery), ticks(192, 30) + TICKS_PER_S // 6)

    def test_a_scheduled_bolus_counts_but_for_one_that_began_before(self):
        # 24 uL from 12:00 to 13:00 on 1 uL/h, started at 12:30.
        programme = limited(
            60500,
            days=(((0, (1000, 1)),),),
            boluses=((12 * HOUR_S, EVERY_DAY, (24000, 1), HOUR_S),),
        )
        delivery = delivering(programme, ticks(12, 30))
        # 23.5 h, an hour of 25 uL, then 12 h.
        self.assertEqual(self.end_of(delivery), ticks(24 + 25))
        # Within the bolus: 24.5 uL by 12:00, 12.5 of 25 uL/h.
        programme = limited(36000, days=programme.days, boluses=programme.boluses)
        self.assertEqual(self.end_of(delivering(programme, ticks(12, 30))), ticks(36, 30))

    def test_intermittent_boluses_count(self):
        # By 6:00 150 and 20 uL; to 6:10 145 uL/h; then 10 5/6 uL at 25 uL/h.
        delivery = delivering(limited(205000, intermittent=EVERY_5_H))
        self.assertEqual(self.end_of(delivery), ticks(6, 36))

    def test_it_never_comes_where_the_programme_ends_before(self):
        delivery = delivering(limited(100000, end_s=MONDAY_S + HOUR_S))
        self.assertIsNone(self.end_of(delivery))
        self.assertEqual(asked_nl(delivery, ticks(100)), (25000, 1))

    def test_the_programme_that_follows_is_counted_from_its_second_on(self):
        delivery = delivering(limited(1250000))
        delivery.following = (
            MONDAY_S + 2 * HOUR_S,
            limited(1250000, days=(twice_a_day((50000, 1)),)),
        )
        delivery.find_vtbi_end()
        # 50 uL in 2 h, 1200 uL in 24 h.
        self.assertEqual(self.end_of(delivery), ticks(26))

    def test_a_bolus_that_was_asked_for_is_counted(self):
        delivery = delivering(limited(1286000, days=(twice_a_day((25000, 1)),)))
        delivery.add_bolus(Bolus("0badcafe", (36000, 1), ticks(0), ticks(1)))
        # 36 uL on top of 50 h.
        self.assertEqual(self.end_of(delivery), ticks(50))

    def test_a_bridge_is_counted(self):
        programme = limited(
            400000,
            days=(twice_a_day((5000, 1)),),
            bridge=Bridge((250000, 1), (25000, 1), (500, 1)),
        )
        # 250 uL in 10 h, 150 uL in 30 h.
        self.assertEqual(self.end_of(delivering(programme)), ticks(40))

    def test_while_the_clock_is_unknown_the_lowest_rate_is_counted(self):
        day = ((0, (24000, 1)), (6 * HOUR_S, (20000, 1)), (20 * HOUR_S, (24000, 1)))
        delivery = delivering(limited(1200000, days=(day,)))
        delivery.clock_known = False
        delivery.find_vtbi_end()
        self.assertEqual(self.end_of(delivery), ticks(60))

    def test_it_is_not_looked_for_when_it_was_found_or_is_over(self):
        delivery = delivering(limited(100000))
        self.assertEqual(delivery.vtbi_end_ticks, ticks(4))
        delivery.advance(ticks(4))
        self.assertEqual(delivery.vtbi_left(), ratio.ZERO)
        delivery.find_vtbi_end()
        self.assertEqual(delivery.vtbi_end_ticks, ticks(4))
        delivery.seek_vtbi_end()
        self.assertEqual(delivery.vtbi_end_ticks, ticks(4))

    def test_at_the_minimum_rate_nothing_of_it_is_counted(self):
        delivery = delivering(limited(100000))
        delivery.start(ticks(1), MODE_MINIMUM)
        self.assertIsNone(delivery.vtbi_end_ticks)
        # 2.5 uL/h for 100 h beside 25 uL.
        self.assertEqual(asked_nl(delivery, ticks(101)), (275000, 1))

    def test_one_that_goes_on_is_passed_and_nothing_of_it_is_left(self):
        delivery = delivering(limited(100000, "continue"))
        delivery.advance(ticks(5))
        self.assertEqual(delivery.vtbi_left(), ratio.ZERO)
        self.assertEqual(asked_nl(delivery, ticks(8)), (200000, 1))

    def test_another_microstep_leaves_its_volume_and_its_end_as_they_are(self):
        delivery = delivering(limited(100000))
        # 33 1/3 uL: 3333 steps of 10 nL and a third of one.
        delivery.replace_programme(limited(100000), (7, 3), ticks(1, 20))
        self.assertEqual(delivery.microstep_nl, (7, 3))
        self.assertEqual(delivery.vtbi_left(), ratio.divide(ratio.ratio(200000, 3), (7, 3)))
        self.assertEqual(delivery.vtbi_end_ticks, ticks(4))
        # 3333 steps were made: their volume stays. What is owed of them goes on: 10/3 nL.
        self.assertEqual(delivery.steps, 3333 + 1)
        self.assertEqual(delivery.remainder, (3, 7))


class IntermittentTest(unittest.TestCase):
    def test_after_a_pause_the_next_one_comes_an_interval_after_the_last_one(self):
        for stop, again, next_bolus in (
            # Begun at 6:00 and cut short at 6:05: not before 11:00.
            (ticks(6, 5), ticks(7), ticks(11)),
            # The one of 6:00 had not begun: 1 h after the start.
            (ticks(6), ticks(6), ticks(7)),
            (ticks(6) + 1, ticks(6, 10), ticks(11)),
            # Long after: 1 h after the start.
            (ticks(6, 5), ticks(20), ticks(21)),
        ):
            delivery = delivering(bench_programme(intermittent=EVERY_5_H))
            delivery.stop(stop)
            delivery.start(again, MODE_SCHEDULE)
            self.assertEqual(delivery.rate_at(next_bolus - 1), (25000, 1))
            self.assertEqual(delivery.rate_at(next_bolus), (145000, 1))

    def test_cancelling_one_leaves_the_next_at_its_time(self):
        for mode in (EVERY_5_H, Intermittent(5 * HOUR_S, 5 * HOUR_S, (20000, 1), 600)):
            delivery = delivering(bench_programme(intermittent=mode))
            first_s = mode.first_after_s
            half_ticks = (MONDAY_S + first_s + 300) * TICKS_PER_S
            delivery.cancel_boluses(half_ticks)
            again = (MONDAY_S + first_s + mode.interval_s) * TICKS_PER_S
            self.assertEqual(delivery.rate_at(half_ticks), (25000, 1))
            self.assertEqual(delivery.rate_at(again - 1), (25000, 1))
            self.assertEqual(delivery.rate_at(again), (145000, 1))

    def test_cancelling_before_the_first_one_leaves_it_at_its_time(self):
        delivery = delivering(bench_programme(intermittent=EVERY_5_H))
        delivery.cancel_boluses(ticks(0, 30))
        self.assertEqual(delivery.rate_at(ticks(1) - 1), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(1)), (145000, 1))

    def test_those_of_the_programme_that_follows_keep_their_interval_from_the_last_one(self):
        for mode, first in (
            # From 7:00 on; the last one began at 6:00.
            (EVERY_2_H, ticks(8)),
            (Intermittent(3 * HOUR_S, 2 * HOUR_S, (10000, 1), 600), ticks(10)),
            (Intermittent(0, 4 * HOUR_S, (10000, 1), 600), ticks(10)),
        ):
            delivery = delivering(bench_programme(intermittent=EVERY_5_H))
            delivery.following = (MONDAY_S + 7 * HOUR_S, bench_programme(intermittent=mode))
            self.assertEqual(delivery.rate_at(ticks(6)), (145000, 1))
            for at_ticks in (ticks(7), ticks(7, 30), first, first + TICKS_PER_S):
                taken = delivering(bench_programme(intermittent=EVERY_5_H))
                taken.following = delivery.following
                taken.advance(at_ticks)
                taken.take_following()
                self.assertEqual(taken.cycle_begun_s, MONDAY_S + 6 * HOUR_S)
                self.assertIsNone(taken.following)
                for told in (delivery, taken):
                    self.assertEqual(told.rate_at(first - 1), (25000, 1))
                    self.assertEqual(told.rate_at(first), (85000, 1))
                    later = first + mode.interval_s * TICKS_PER_S
                    self.assertEqual(told.rate_at(later), (85000, 1))

    def test_the_same_ones_go_on_in_the_programme_that_follows(self):
        delivery = delivering(bench_programme(intermittent=EVERY_5_H))
        faster = bench_programme(intermittent=EVERY_5_H, days=(((0, (50000, 1)),),))
        delivery.following = (MONDAY_S + 7 * HOUR_S, faster)
        self.assertEqual(delivery.rate_at(ticks(11) - 1), (50000, 1))
        self.assertEqual(delivery.rate_at(ticks(11)), (170000, 1))
        delivery.take_following()
        # It was taken at its second.
        self.assertEqual(delivery.anchor_ticks, ticks(7))
        self.assertEqual(delivery.rate_at(ticks(11)), (170000, 1))
        self.assertEqual(delivery.rate_at(ticks(12)), (50000, 1))

    def test_a_pause_over_the_switch_counts_the_new_ones_from_the_resumption(self):
        delivery = delivering(bench_programme(intermittent=EVERY_5_H))
        delivery.following = (MONDAY_S + 30 * HOUR_S, bench_programme(intermittent=EVERY_2_H))
        delivery.stop(ticks(2))
        delivery.start(ticks(33), MODE_SCHEDULE)
        self.assertEqual(delivery.rate_at(ticks(33)), (85000, 1))
        self.assertEqual(delivery.rate_at(ticks(34)), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(35)), (85000, 1))

    def test_new_ones_in_a_bridge_are_counted_from_its_end(self):
        bridge = Bridge((250000, 1), (25000, 1), (500, 1))
        delivery = delivering(bench_programme(bridge=bridge))
        # 250 uL of 25 uL/h take 10 h.
        delivery.replace_programme(
            bench_programme(bridge=bridge, intermittent=EVERY_5_H), STEP_NL, ticks(4)
        )
        self.assertEqual(delivery.rate_at(ticks(5)), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(11) - 1), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(11)), (145000, 1))
        self.assertEqual(delivery.rate_at(ticks(16)), (145000, 1))

    def test_new_ones_without_a_bridge_are_counted_from_the_change(self):
        delivery = delivering(bench_programme())
        delivery.replace_programme(bench_programme(intermittent=EVERY_5_H), STEP_NL, ticks(4))
        self.assertEqual(delivery.rate_at(ticks(5) - 1), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(5)), (145000, 1))


class ClockTest(unittest.TestCase):
    def test_a_prime_keeps_its_volume_when_the_clock_is_set(self):
        for hours in (2, -2):
            delivery = Delivery(bench_programme(), STEP_NL, ticks(10))
            delivery.prime(ticks(10), (2000000, 1), ticks(10, 3))
            delivery.advance(ticks(10, 1))
            delivery.shift_clock(hours * HOUR_S * TICKS_PER_S)
            # 2 mL/h for 3 min.
            self.assertEqual(asked_nl(delivery, ticks(30)), (100000, 1))

    def test_a_bridge_keeps_its_volume_when_the_clock_is_set_and_boluses_wait_for_its_end(self):
        programme = bench_programme(
            days=(((0, (5000, 1)),),),
            bridge=Bridge((250000, 1), (25000, 1), (500, 1)),
            boluses=((12 * HOUR_S, EVERY_DAY, (24000, 1), HOUR_S),),
        )
        delivery = delivering(programme)
        delivery.advance(ticks(1))
        delivery.shift_clock(5 * HOUR_S * TICKS_PER_S)
        # 9 h of it from 6:00 on: to 15:00, beyond today's bolus.
        self.assertEqual(delivery.bridge_end_ticks, ticks(15))
        self.assertEqual(asked_nl(delivery, ticks(16)), (255000, 1))
        self.assertEqual(delivery.rate_at(ticks(36)), (29000, 1))

    def test_a_bolus_moves_with_the_clock_either_way(self):
        for hours in (3, -3):
            delivery = delivering(bench_programme(), ticks(10))
            delivery.add_bolus(Bolus("0badcafe", (36000, 1), ticks(11), ticks(12)))
            delivery.shift_clock(hours * HOUR_S * TICKS_PER_S)
            self.assertEqual(delivery.rate_at(ticks(11 + hours) - 1), (25000, 1))
            self.assertEqual(delivery.rate_at(ticks(11 + hours)), (61000, 1))
            self.assertEqual(delivery.rate_at(ticks(12 + hours)), (25000, 1))

    def test_the_interval_of_intermittent_boluses_is_kept_over_a_set_clock_in_a_pause(self):
        delivery = delivering(bench_programme(intermittent=EVERY_5_H), ticks(10))
        # Begun at 11:00 and cut short; the clock is set on by 2 h: it began at 13:00.
        delivery.stop(ticks(11, 5))
        delivery.shift_clock(2 * HOUR_S * TICKS_PER_S)
        delivery.start(ticks(13, 30), MODE_SCHEDULE)
        self.assertEqual(delivery.rate_at(ticks(18) - 1), (25000, 1))
        self.assertEqual(delivery.rate_at(ticks(18)), (145000, 1))


class BolusesTest(unittest.TestCase):
    """Which scheduled boluses are being given, as the pump tells it."""

    PROGRAMME = {"boluses": ((10 * HOUR_S, EVERY_DAY, (36000, 1), HOUR_S),)}

    def told(self, delivery, at_ticks):
        return delivery.scheduled_boluses_at(at_ticks)

    def test_the_one_that_runs_is_told_with_start_end_and_rate(self):
        delivery = delivering(bench_programme(**self.PROGRAMME))
        expected = [(MONDAY_S + 10 * HOUR_S, MONDAY_S + 11 * HOUR_S, (36000, 1))]
        self.assertEqual(self.told(delivery, ticks(10)), expected)
        self.assertEqual(self.told(delivery, ticks(11) - 1), expected)
        self.assertEqual(self.told(delivery, ticks(10) - 1), [])
        self.assertEqual(self.told(delivery, ticks(11)), [])

    def test_none_is_told_that_is_not_given(self):
        half = ticks(10, 30)
        late = delivering(bench_programme(**self.PROGRAMME), ticks(10, 15))
        self.assertEqual(self.told(late, half), [])
        unknown = delivering(bench_programme(**self.PROGRAMME))
        unknown.clock_known = False
        self.assertEqual(self.told(unknown, half), [])
        low = delivering(bench_programme(**self.PROGRAMME))
        low.start(ticks(10, 5), MODE_MINIMUM)
        self.assertEqual(self.told(low, half), [])
        ended = delivering(bench_programme(end_s=MONDAY_S + 10 * HOUR_S + 900, **self.PROGRAMME))
        self.assertEqual(self.told(ended, half), [])
        self.assertEqual(len(self.told(ended, ticks(10, 10))), 1)
        infused = delivering(limited(100000, **self.PROGRAMME))
        self.assertEqual(self.told(infused, half), [])
        goes_on = delivering(limited(100000, "continue", **self.PROGRAMME))
        self.assertEqual(len(self.told(goes_on, half)), 1)

    def test_a_bridge_holds_them_until_its_end(self):
        programme = bench_programme(
            bridge=Bridge((250000, 1), (25000, 1), (500, 1)), **self.PROGRAMME
        )
        delivery = delivering(programme)
        # It ends at 10:00, when the bolus begins.
        self.assertEqual(self.told(delivery, ticks(10) - 1), [])
        self.assertEqual(len(self.told(delivery, ticks(10))), 1)

    def test_those_of_the_programme_that_follows_and_intermittent_ones_are_told(self):
        delivery = delivering(bench_programme(**self.PROGRAMME))
        delivery.following = (
            MONDAY_S + 20 * HOUR_S,
            bench_programme(intermittent=EVERY_2_H),
        )
        self.assertEqual(
            self.told(delivery, ticks(22, 5)),
            [(MONDAY_S + 22 * HOUR_S, MONDAY_S + 22 * HOUR_S + 600, (60000, 1))],
        )
        self.assertEqual(self.told(delivery, ticks(34, 30)), [])

    def test_one_that_was_given_on_another_weekday_is_given_when_the_clock_is_set_back(self):
        # Mondays at 10:00; the clock is set back on Tuesday by 1 h, and on Monday by 1 h.
        programme = bench_programme(boluses=((10 * HOUR_S, 1, (36000, 1), HOUR_S),))
        for now, given in ((ticks(24 + 11), False), (ticks(11), True)):
            delivery = delivering(programme)
            delivery.advance(now)
            delivery.shift_clock(-HOUR_S * TICKS_PER_S)
            self.assertEqual(delivery.repeated_until_s > 0, given)


class BridgeTest(unittest.TestCase):
    def test_what_is_left_of_it_is_kept_when_a_volume_to_be_infused_ends_in_it(self):
        programme = limited(100000, bridge=Bridge((250000, 1), (25000, 1), (500, 1)))
        delivery = delivering(programme)
        self.assertEqual(delivery.bridge_rest_nl(ticks(3)), (175000, 1))
        for hours in (4, 5, 9, 12):
            self.assertEqual(delivery.bridge_rest_nl(ticks(hours)), (150000, 1))
        delivery.stop(ticks(12))
        self.assertEqual(delivery.bridge_left_nl, (150000, 1))
        delivery.start(ticks(13), MODE_SCHEDULE)
        # Nothing is asked for until a new volume is begun.
        self.assertEqual(asked_nl(delivery, ticks(20)), (100000, 1))
        delivery.begin_vtbi()
        self.assertEqual(delivery.bridge_end_ticks, ticks(19))
        self.assertEqual(asked_nl(delivery, ticks(17)), (200000, 1))

    def test_nothing_is_left_of_it_after_its_end(self):
        delivery = delivering(bench_programme(bridge=Bridge((250000, 1), (25000, 1), (500, 1))))
        self.assertEqual(delivery.bridge_rest_nl(ticks(10)), ratio.ZERO)
        self.assertEqual(delivery.bridge_rest_nl(ticks(20)), ratio.ZERO)


if __name__ == "__main__":
    unittest.main()
