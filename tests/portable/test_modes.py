"""Every way of dosing besides basal and boluses, as a delivery and on the bench's pump."""

import unittest

from bench_case import FAST, STEP_NL, Case, active, fast_programme, logged, proposed, status
from bench_programme import DAY_S, HOUR_S, bench_programme
from bench_pump import MONDAY_S
from pump.core import moves, ratio, totals
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Bolus, Delivery
from pump.core.errors import NotNow, OutOfRange
from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.programme import canonical_text, check, digest, parse_canonical, warnings
from pump.core.ranges import SettingError

RATE = (25000, 1)  # nL/h, the bench's basal


def delivering(programme, at_s=MONDAY_S):
    """A delivery that was started at a time."""
    delivery = Delivery(programme, programme.microstep_nl(), at_s * TICKS_PER_S)
    delivery.begin_bridge()
    delivery.start(at_s * TICKS_PER_S, MODE_SCHEDULE)
    delivery.begin_vtbi()
    return delivery


def asked_nl(delivery, at_s):
    """What has been asked for by a time, in nL, exactly."""
    delivery.seek_vtbi_end()
    steps, remainder = delivery.due(at_s * TICKS_PER_S)
    return ratio.multiply(ratio.add((steps, 1), remainder), delivery.microstep_nl)


class TextTest(unittest.TestCase):
    def test_every_mode_is_read_back_as_it_was_written(self):
        programme = bench_programme(
            course=((MONDAY_S, (9, 10)), (MONDAY_S + DAY_S, (1, 3))),
            bridge=Bridge((250000, 1), (100000, 3), (500, 1)),
            intermittent=Intermittent(0, 5 * HOUR_S, (20000, 1), 600),
            demand=Demand((40000, 1), 300, 3600, DAY_S, 6),
            dose_window=DoseWindow(DAY_S, (2000000, 1)),
            vtbi=Vtbi((5000000, 1), "kvo", (5000, 1), 1800),
            resume_within_s=4 * HOUR_S,
        )
        check(programme)
        text = canonical_text(programme)
        self.assertEqual(parse_canonical(text), programme)
        self.assertIn("\nvtbi 5000000 kvo 5000 1800\n", text)

    def test_a_programme_without_modes_has_the_text_that_it_had(self):
        self.assertTrue(canonical_text(bench_programme()).endswith("\ncommit_ahead_nl 3000\n"))

    def test_what_does_not_go_together_is_refused_with_its_limit(self):
        for changes, said in (
            ({"intermittent": Intermittent(0, 600, (20000, 1), 601)}, "has to end before"),
            ({"intermittent": Intermittent(0, 600, (50, 1), 60)}, "less than one microstep"),
            ({"intermittent": Intermittent(0, 600, (200000, 1), 300)}, "maximum rate"),
            ({"demand": Demand((40000, 1), 300, 300, DAY_S, 6)}, "more than the duration"),
            ({"demand": Demand((40000, 1), 300, 600, 300, 6)}, "the lockout, 10 min, or longer"),
            ({"demand": Demand((200001, 1), 3600, 7200, DAY_S, 6)}, "maximum bolus"),
            ({"demand": Demand((200000, 1), 300, 600, DAY_S, 6)}, "maximum rate"),
            ({"dose_window": DoseWindow(DAY_S, (599999, 1))}, "dose window"),
            ({"vtbi": Vtbi((1000000, 1), "later", (0, 1), 600)}, "stop, kvo, continue"),
            ({"vtbi": Vtbi((1000000, 1), "kvo", (0, 1), 600)}, "KVO rate"),
            ({"vtbi": Vtbi((1000000, 1), "stop", (10, 1), 600)}, "KVO rate"),
            ({"vtbi": Vtbi((1000000, 1), "kvo", (25001, 1), 600)}, "lowest basal"),
            ({"bridge": Bridge((100000, 1), (2000001, 1), (500, 1))}, "maximum rate"),
            ({"course": ((MONDAY_S, (1, 2)), (MONDAY_S, (1, 3)))}, "ascend"),
            ({"course": ((MONDAY_S, (11, 10)),)}, "the limit is 0 to 1"),
        ):
            with self.assertRaises(SettingError) as caught:
                check(bench_programme(**changes))
            self.assertIn(said, caught.exception.sentence)

    def test_demand_for_baclofen_is_warned_of_and_a_bridge_mixes(self):
        programme = bench_programme(
            demand=Demand((40000, 1), 300, 3600, DAY_S, 6),
            bridge=Bridge((250000, 1), RATE, (500, 1)),
        )
        codes = [code for code, _ in warnings(programme)]
        self.assertIn("demand_baclofen", codes)
        self.assertIn("bridge_mixes", codes)


class CourseTest(unittest.TestCase):
    # 28 days down by 1/28 a day, then the initial dose again: half of what was.
    TAPER = bench_programme(
        course=tuple([(MONDAY_S + day * DAY_S, ratio.ratio(28 - day, 28)) for day in range(29)])
        + ((MONDAY_S + 31 * DAY_S, (1, 2)),)
    )

    def test_a_taper_over_four_weeks_gives_the_sum_of_its_days(self):
        delivery = delivering(self.TAPER)
        # 600 uL a day, times (28 + 27 + ... + 1) / 28.
        expected_nl = ratio.scale((600000, 1), 28 * 29 // 2, 28)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 28 * DAY_S), expected_nl)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 31 * DAY_S), expected_nl)
        restarted_nl = ratio.add(expected_nl, (300000, 1))
        self.assertEqual(asked_nl(delivery, MONDAY_S + 32 * DAY_S), restarted_nl)

    def test_when_a_volume_will_be_used_is_told_through_the_taper(self):
        expected_nl = ratio.scale((600000, 1), 28 * 29 // 2, 28)
        for more_nl, at_s in (((0, 1), 28 * DAY_S), ((150000, 1), 31 * DAY_S + DAY_S // 2)):
            volume_nl = ratio.add(expected_nl, more_nl)
            found = totals.time_until(self.TAPER, MONDAY_S, volume_nl, MONDAY_S, MONDAY_S)
            self.assertEqual(found - MONDAY_S, at_s)

    def test_while_the_clock_is_unknown_the_course_goes_on_from_the_time_that_was_noted(self):
        delivery = delivering(self.TAPER, MONDAY_S + 14 * DAY_S)
        delivery.clock_known = False
        at_ticks = (MONDAY_S + 14 * DAY_S) * TICKS_PER_S
        self.assertEqual(delivery.rate_at(at_ticks), (12500, 1))
        self.assertEqual(asked_nl(delivery, MONDAY_S + 15 * DAY_S), (300000, 1))


class IntermittentTest(unittest.TestCase):
    # 20 uL over 10 min every 5 h, the first after 1 h, on 25 uL/h.
    EVERY_5_H = bench_programme(intermittent=Intermittent(3600, 5 * HOUR_S, (20000, 1), 600))

    def test_boluses_are_counted_from_start_to_start(self):
        delivery = delivering(self.EVERY_5_H, MONDAY_S + 7)
        for after_s, boluses_nl in (
            (3600, 0),
            (3900, 10000),
            (4200, 20000),
            (6 * HOUR_S, 20000),
            (6 * HOUR_S + 300, 30000),
            (24 * HOUR_S, 100000),
        ):
            basal_nl = ratio.ratio(25000 * after_s, HOUR_S)
            expected = ratio.add(basal_nl, (boluses_nl, 1))
            self.assertEqual(asked_nl(delivery, MONDAY_S + 7 + after_s), expected)

    def test_when_a_volume_will_be_used_is_told_over_months(self):
        # A 5 h cycle: 125 uL of basal and 20 uL of bolus. After n of them and 1 h, one begins.
        cycles = 500
        for extra_nl, after_s in ((25000, 3600), (25000 + 10000 + 12500 // 6, 3900)):
            volume_nl = (cycles * 145000 + extra_nl, 1)
            found = totals.time_until(self.EVERY_5_H, MONDAY_S, volume_nl, MONDAY_S, MONDAY_S)
            self.assertEqual(found - MONDAY_S, cycles * 5 * HOUR_S + after_s)

    def test_a_resume_counts_anew_so_that_two_are_never_closer_than_the_interval(self):
        delivery = delivering(self.EVERY_5_H)
        delivery.stop((MONDAY_S + 3700) * TICKS_PER_S)
        delivery.start((MONDAY_S + 3800) * TICKS_PER_S, MODE_SCHEDULE)
        begins_s = MONDAY_S + 3600 + 5 * HOUR_S
        self.assertEqual(delivery.rate_at((begins_s - 1) * TICKS_PER_S), RATE)
        self.assertEqual(delivery.rate_at(begins_s * TICKS_PER_S), (145000, 1))

    def test_setting_the_clock_moves_no_bolus(self):
        delivery = delivering(self.EVERY_5_H)
        delivery.shift_clock(10000 * TICKS_PER_S)
        at_s = MONDAY_S + 10000 + 3600
        self.assertEqual(delivery.rate_at((at_s - 1) * TICKS_PER_S), RATE)
        self.assertEqual(delivery.rate_at(at_s * TICKS_PER_S), (145000, 1))


class BridgeTest(unittest.TestCase):
    # From 500 to 2000 mcg/mL at 300 mcg/day: 25 uL/h of the old for 250 uL, then 6.25 uL/h.
    BRIDGED = bench_programme(
        concentration_mcg_per_ml=(2000, 1),
        days=(((0, (6250, 1)),),),
        bridge=Bridge((250000, 1), (25000, 1), (500, 1)),
    )

    def test_the_path_is_delivered_at_the_old_rate_and_then_the_new_one_begins(self):
        delivery = delivering(self.BRIDGED)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 10 * HOUR_S), (250000, 1))
        self.assertEqual(asked_nl(delivery, MONDAY_S + 12 * HOUR_S), (262500, 1))

    def test_a_pause_in_it_leaves_the_rest_for_afterwards(self):
        delivery = delivering(self.BRIDGED)
        delivery.stop((MONDAY_S + 4 * HOUR_S) * TICKS_PER_S)
        self.assertEqual(delivery.bridge_left_nl, (150000, 1))
        delivery.start((MONDAY_S + 9 * HOUR_S) * TICKS_PER_S, MODE_SCHEDULE)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 15 * HOUR_S), (250000, 1))
        self.assertEqual(asked_nl(delivery, MONDAY_S + 16 * HOUR_S), (256250, 1))

    def test_another_rate_does_not_begin_it_again(self):
        delivery = delivering(self.BRIDGED)
        later = bench_programme(
            concentration_mcg_per_ml=(2000, 1),
            days=(((0, (5000, 1)),),),
            bridge=Bridge((250000, 1), (25000, 1), (500, 1)),
        )
        at_ticks = (MONDAY_S + 4 * HOUR_S) * TICKS_PER_S
        delivery.replace_programme(later, later.microstep_nl(), at_ticks)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 10 * HOUR_S), (250000, 1))
        self.assertEqual(asked_nl(delivery, MONDAY_S + 11 * HOUR_S), (255000, 1))


class VtbiTest(unittest.TestCase):
    def limited(self, then, kvo=(0, 1), **changes):
        return bench_programme(vtbi=Vtbi((100000, 1), then, kvo, 600), **changes)

    def test_no_more_than_the_volume_is_asked_for_and_then_nothing_or_kvo(self):
        # 100 uL at 25 uL/h: 4 h.
        for then, kvo, after_nl in (
            ("stop", (0, 1), 0),
            ("kvo", (2500, 1), 2500),
            ("continue", (0, 1), 25000),
        ):
            delivery = delivering(self.limited(then, kvo))
            end_s = MONDAY_S + 4 * HOUR_S
            self.assertEqual(asked_nl(delivery, end_s), (100000, 1))
            self.assertEqual(delivery.vtbi_end_ticks, end_s * TICKS_PER_S)
            self.assertEqual(asked_nl(delivery, end_s + HOUR_S), (100000 + after_nl, 1))

    def test_where_no_tick_fits_it_ends_within_the_last_one(self):
        programme = self.limited("stop", days=(((0, (25000, 7)),),))
        delivery = delivering(programme)
        found = asked_nl(delivery, MONDAY_S + 3 * DAY_S)
        short = ratio.subtract((100000, 1), found)
        one_tick_nl = ratio.ratio(25000, 7 * HOUR_S * TICKS_PER_S)
        self.assertTrue(0 <= short[0])
        self.assertTrue(ratio.compare(short, one_tick_nl) < 0)

    def test_a_bolus_belongs_to_it_and_brings_its_end_forward(self):
        delivery = delivering(self.limited("stop"))
        at_ticks = (MONDAY_S + HOUR_S) * TICKS_PER_S
        delivery.advance(at_ticks)
        delivery.add_bolus(Bolus("0badcafe", (50000, 1), at_ticks, at_ticks + HOUR_S * TICKS_PER_S))
        # 25 in the first hour, 75 in the second.
        self.assertEqual(asked_nl(delivery, MONDAY_S + 9 * HOUR_S), (100000, 1))
        self.assertEqual(delivery.vtbi_end_ticks, (MONDAY_S + 2 * HOUR_S) * TICKS_PER_S)

    def test_a_pause_keeps_what_is_left_of_it(self):
        delivery = delivering(self.limited("stop"))
        delivery.stop((MONDAY_S + HOUR_S) * TICKS_PER_S)
        delivery.start((MONDAY_S + 5 * HOUR_S) * TICKS_PER_S, MODE_SCHEDULE)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 20 * HOUR_S), (100000, 1))
        self.assertEqual(delivery.vtbi_end_ticks, (MONDAY_S + 8 * HOUR_S) * TICKS_PER_S)

    def test_its_end_is_found_however_many_changes_come_before(self):
        # A step every half hour: 4.8 mL take 192 h of 25 uL/h, with 384 changes.
        day = tuple([(i * 1800, (24999 + i % 2 * 2, 1)) for i in range(48)])
        programme = bench_programme(days=(day,), vtbi=Vtbi((4800000, 1), "stop", (0, 1), 600))
        delivery = delivering(programme)
        for hours in range(0, 200, 3):
            delivery.advance((MONDAY_S + hours * HOUR_S) * TICKS_PER_S)
        self.assertEqual(asked_nl(delivery, MONDAY_S + 300 * HOUR_S), (4800000, 1))
        self.assertEqual(delivery.vtbi_end_ticks, (MONDAY_S + 192 * HOUR_S) * TICKS_PER_S)


class PreEmptTest(unittest.TestCase):
    def test_a_square_bolus_waits_for_a_demand_bolus_and_is_given_whole(self):
        delivery = delivering(bench_programme())
        at_ticks = MONDAY_S * TICKS_PER_S
        hour = HOUR_S * TICKS_PER_S
        square = Bolus("00000001", (120000, 1), at_ticks, at_ticks + 3 * hour)
        delivery.add_bolus(square)
        delivery.advance(at_ticks + hour)
        delivery.pre_empt(
            Bolus("00000002", (10000, 1), at_ticks + hour, at_ticks + hour + hour // 2)
        )
        # Basal 25 and square 40 in the first hour; then basal and demand; then the square again.
        for half_hours, nl in ((2, 65000), (3, 87500), (4, 120000), (7, 217500), (8, 230000)):
            self.assertEqual(asked_nl(delivery, MONDAY_S + half_hours * 1800), (nl, 1))
        delivery.advance(at_ticks + 4 * hour)
        finished = delivery.take_finished(at_ticks + 4 * hour)
        whole = sorted([bolus.volume_nl for bolus in finished])
        self.assertEqual(whole, [(10000, 1), (120000, 1)])

    def test_a_bolus_waits_only_for_one_that_it_meets(self):
        for start, end, told in (
            # Ended before, ended as the other begins.
            (0, 500, (0, 500)),
            (0, 1000, (0, 1000)),
            # Runs, runs and ends in it, begins in it: what is left of it follows.
            (0, 5000, (2000, 6000)),
            (500, 1500, (2000, 2500)),
            (1500, 1800, (2000, 2300)),
            # Begins when the other has ended, or later.
            (2000, 3000, (2000, 3000)),
            (2500, 3000, (2500, 3000)),
        ):
            bolus = Bolus("00000001", (9000, 1), start, end)
            bolus.hold_back(1000, 2000)
            self.assertEqual((bolus.start_ticks, bolus.end_ticks), told)


class FollowingTest(unittest.TestCase):
    def test_the_other_programme_holds_from_its_second_on(self):
        delivery = delivering(bench_programme())
        switch_s = MONDAY_S + HOUR_S
        delivery.following = (switch_s, bench_programme(days=(((0, (50000, 1)),),)))
        self.assertEqual(asked_nl(delivery, switch_s + HOUR_S), (75000, 1))


class PumpTest(Case):
    """On the bench, with its journals and its step generator."""

    DEMAND = Demand((10000, 1), 2, 60, 300, 3)

    def test_a_demand_bolus_is_given_and_then_locked_out(self):
        """Hazards: H7."""
        bench = self.running(fast_programme(demand=self.DEMAND))
        bench.run_s(2)
        pump = bench.controller
        before = bench.made()
        pump.demand(request_id="0badcafe")
        bench.run_s(4)
        # 4 s of 48.45 steps/s and 96.9 steps of bolus, begun 0.15 s late.
        self.assertTrue(285 <= bench.made() - before <= 292)
        sentence = self.refused(bench, NotNow, pump.demand)
        self.assertIn("lockout is 1 min", sentence)
        # It began 0.15 s after it was asked for, and counts from the next whole second.
        self.assertEqual(status(bench, "demand_in_s"), 57)
        self.assertEqual([each["request_id"] for each in logged(bench, "demand")], ["0badcafe"])

    def test_no_more_than_so_many_in_a_period_also_over_a_power_cut(self):
        bench = self.running(fast_programme(demand=self.DEMAND))
        bench.controller.set_clock(MONDAY_S)
        for _ in range(3):
            bench.controller.demand()
            bench.run_s(61)
        self.refused(bench, NotNow, bench.controller.demand)
        bench = bench.after_power_cut()
        self.refused(bench, NotNow, bench.controller.demand)
        bench.run_s(135)
        bench.controller.demand()

    def test_a_programme_without_demand_gives_none(self):
        bench = self.running()
        self.assertIn("no demand bolus", self.refused(bench, NotNow, bench.controller.demand))

    def test_a_bolus_soon_after_a_start_counts_with_a_full_window_of_basal(self):
        """The rule of the first Open PCA Pump let this through: little basal had run yet."""
        # In an hour: 18 mL of basal; room for 0.05 mL of boluses.
        window = DoseWindow(HOUR_S, (18050000, 1))
        bench = self.running(fast_programme(dose_window=window))
        bench.run_s(2)
        pump = bench.controller
        pump.bolus((30000, 1), 60)
        sentence = self.refused(bench, OutOfRange, pump.bolus, (30000, 1), 60)
        self.assertIn("any 1 h could hold", sentence)
        pump.bolus((20000, 1), 60)

    def test_a_bolus_counts_with_the_highest_basal_that_was_in_force_in_its_window(self):
        # 18 mL/h were delivered until now: not 9 mL, but up to 18 mL are in this hour.
        window = DoseWindow(HOUR_S, (18050000, 1))
        bench = self.running(fast_programme(dose_window=window))
        bench.run_s(2)
        bench.controller.rate((9000000, 1))
        sentence = self.refused(bench, OutOfRange, bench.controller.bolus, (60000, 1), 60)
        self.assertIn("any 1 h could hold 9030 mcg (18.06 mL)", sentence)
        bench.controller.bolus((50000, 1), 60)

    def test_a_bridge_counts_in_the_dose_window_by_its_dose(self):
        # At 500 mcg/mL the old drug's 10 mL/h of 1000 mcg/mL are the dose of 20 mL.
        settings = {
            "bridge": Bridge((100000, 1), (10000000, 1), (1000, 1)),
            "dose_window": DoseWindow(HOUR_S, (19000000, 1)),
        }
        with self.assertRaises(OutOfRange) as caught:
            check(fast_programme(**settings))
        self.assertIn("by itself comes to 10 mg", caught.exception.sentence)
        settings["bridge"] = Bridge((100000, 1), (10000000, 1), (0, 1))
        with self.assertRaises(OutOfRange) as caught:
            check(fast_programme(**settings))
        self.assertIn("write the old concentration", caught.exception.sentence)

    def test_vtbi_ends_in_kvo_with_an_alarm_and_a_start_begins_it_anew(self):
        """Hazards: H23."""
        vtbi = Vtbi((100000, 1), "kvo", (3600000, 1), 60)
        bench = self.running(fast_programme(vtbi=vtbi, minimum_rate_nl_per_h=(0, 1)))
        bench.run_s(5)
        self.assertEqual(active(bench), ["vtbi_near"])
        # 100 uL at 18 mL/h: 20 s; 968 steps.
        bench.run_s(25)
        self.assertEqual(active(bench), ["vtbi_reached"])
        self.assertEqual(bench.controller.state, moves.KVO)
        kept_open = bench.made() - ratio.floor(ratio.divide((100000, 1), STEP_NL))
        # 9.69 steps a second for about 10 s.
        self.assertTrue(90 <= kept_open <= 102, kept_open)
        bench.controller.acknowledge("vtbi_reached")
        made = bench.made()
        bench.controller.start()
        bench.run_s(40)
        self.assertTrue(968 + 140 <= bench.made() - made <= 968 + 200)
        self.assertEqual(bench.controller.state, moves.KVO)

    def test_vtbi_that_stops_is_delivered_to_the_step_over_resets(self):
        vtbi = Vtbi((100000, 1), "stop", (0, 1), 60)
        bench = self.running(fast_programme(vtbi=vtbi))
        bench.run_s(5)
        bench = bench.after_soft_reset()
        bench.run_s(30)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide((100000, 1), STEP_NL)))

    def test_vtbi_is_never_exceeded_over_a_power_cut(self):
        """Hazards: H23."""
        vtbi = Vtbi((1000000, 1), "stop", (0, 1), 60)
        bench = self.running(fast_programme(vtbi=vtbi))
        bench.run_s(15)
        bench = bench.after_power_cut()
        bench.run_s(300)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        made = bench.made()
        # What may have been made since the last checkpoint counts as made: at most 190 s of it.
        most = ratio.floor(ratio.divide((1000000, 1), STEP_NL))
        self.assertTrue(most - 190 * 49 <= made <= most)

    def test_a_programme_follows_at_its_second_and_over_a_reset(self):
        for after in (None, "after_soft_reset", "after_power_cut"):
            bench = self.running()
            bench.controller.set_clock(MONDAY_S)
            faster = fast_programme(name="Faster", days=(((0, (36000000, 1)),),))
            text = proposed(bench, faster)
            bench.controller.confirm(digest(text), at_s=MONDAY_S + 70)
            self.assertEqual(status(bench, "following_s"), MONDAY_S + 70)
            bench.run_s(30)
            if after:
                bench = getattr(bench, after)()
            bench.run_s(20)
            self.assertEqual(bench.controller.prescription.name, "Bench")
            while bench.clock.now_s() < MONDAY_S + 75:
                bench.run_s(1)
            self.assertEqual(bench.controller.prescription.name, "Faster")
            self.assertEqual(status(bench, "following_s"), None)
            made = bench.made()
            bench.run_s(10)
            self.assertTrue(968 <= bench.made() - made <= 970)

    def test_what_is_confirmed_after_a_programme_took_over_stays_in_force(self):
        bench = self.running()
        bench.controller.set_clock(MONDAY_S)
        text = proposed(bench, fast_programme(name="Faster"))
        bench.controller.confirm(digest(text), at_s=MONDAY_S + 70)
        bench.run_s(69)
        # Its second has come, but nobody has looked since.
        bench.wait_ms(1500)
        bench.controller.rate((36000000, 1))
        bench.run_s(5)
        self.assertEqual(bench.controller.prescription.name, "Faster")
        self.assertEqual(status(bench, "rate_nl_per_h"), (36000000, 1))
        self.assertEqual(status(bench, "following_s"), None)

    def test_a_following_programme_can_be_cancelled(self):
        bench = self.running()
        bench.controller.set_clock(MONDAY_S)
        text = proposed(bench, fast_programme(name="Faster"))
        bench.controller.confirm(digest(text), at_s=MONDAY_S + 70)
        bench.controller.cancel_following()
        self.refused(bench, NotNow, bench.controller.cancel_following)
        bench.run_s(80)
        self.assertEqual(bench.controller.prescription.name, "Bench")
        self.assertEqual(bench.after_power_cut().controller.delivery.following, None)

    def test_what_cannot_follow_by_itself_is_refused(self):
        bench = self.running()
        bench.controller.set_clock(MONDAY_S)
        for changes, at_s, error in (
            ({"concentration_mcg_per_ml": (2000, 1)}, MONDAY_S + 100, NotNow),
            ({"microsteps": 8}, MONDAY_S + 100, NotNow),
            ({}, MONDAY_S + 30, OutOfRange),
            ({}, MONDAY_S + 400 * DAY_S, OutOfRange),
        ):
            text = proposed(bench, fast_programme(name="Other", **changes))
            self.refused(bench, error, bench.controller.confirm, digest(text), at_s=at_s)

    def test_the_programme_before_is_proposed_again_reviewed_and_confirmed(self):
        bench = self.running()
        text = proposed(bench, fast_programme(name="Second"))
        bench.controller.confirm(digest(text))
        before = dict(bench.controller.revert())["digest"]
        self.assertEqual(before, digest(canonical_text(FAST)))
        rows = [dict(row) for row in bench.controller.review() if row]
        self.assertIn({"setting": "name", "old": "Second", "new": "Bench"}, rows)
        bench.controller.confirm(before)
        self.assertEqual(bench.controller.programme_text, canonical_text(FAST))

    def test_after_a_power_cut_of_unknown_length_the_rate_is_low_until_the_clock_tells(self):
        for outage_s, state, alarms in (
            (600, moves.RUNNING, ["interrupted"]),
            (7200, moves.MINIMUM, ["interrupted", "long_interruption"]),
        ):
            bench = self.running(fast_programme(resume_within_s=3600))
            bench.run_s(10)
            bench = bench.after_power_cut()
            bench.run_s(1)
            self.assertEqual(bench.controller.state, moves.MINIMUM)
            self.assertIn("long_interruption", active(bench))
            bench.controller.set_clock(bench.clock.now_s() + outage_s)
            bench.run_s(1)
            self.assertEqual((bench.controller.state, active(bench)), (state, alarms))
            lengths = [each["length_s"] for each in logged(bench, "interruption")]
            self.assertEqual(lengths, [0, outage_s])
            bench.controller.start()
            bench.run_s(1)
            self.assertEqual(active(bench), ["interrupted"])
            self.assertEqual(bench.controller.state, moves.RUNNING)

    def test_a_bolus_during_a_bridge_is_refused(self):
        bridge = Bridge((1000000, 1), (18000000, 1), (500, 1))
        bench = self.running(fast_programme(bridge=bridge))
        bench.run_s(1)
        sentence = self.refused(bench, NotNow, bench.controller.bolus, (10000, 1), 60)
        self.assertIn("bridge", sentence)

    def test_steps_that_are_owed_when_nothing_more_is_asked_for_are_made(self):
        # 1 uL is 9.7 steps; the reset comes before the first of them, and then the rate is 0.
        bridge = Bridge((1000, 1), (5536414, 1), (500, 1))
        bench = self.running(
            fast_programme(days=(((0, (0, 1)),),), minimum_rate_nl_per_h=(0, 1), bridge=bridge)
        )
        bench.controller.start()
        bench = bench.after_soft_reset(1)
        bench.run_s(2)
        self.assertEqual(bench.made(), 9)

    def test_a_purge_empties_down_to_the_reserve(self):
        bench = self.programmed(reservoir_nl=1000000)
        bench.controller.purge((36000000, 1))
        bench.run_s(90)
        left_nl = ratio.subtract(status(bench, "reservoir_nl"), (200000, 1))
        self.assertTrue(0 <= left_nl[0])
        self.assertTrue(ratio.compare(left_nl, STEP_NL) < 0)
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))


if __name__ == "__main__":
    unittest.main()
