"""What the controller delivers, counts and warns of, against figures worked out by hand."""

import unittest

from bench_case import FAST, STEP_NL, Case, active, fast_programme, logged, proposed, status
from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme
from bench_pump import MONDAY_S
from pump.core import alarms, moves, ratio
from pump.core.errors import NotNow, OutOfRange
from pump.core.programme import digest
from pump.core.sectors import FlashError


class DeliveryTest(Case):
    def test_steps_are_those_of_the_programme_from_the_instant_that_was_answered(self):
        bench = self.programmed()
        answer = dict(bench.controller.start())
        bench.run_s(8)
        ticks = bench.clock.now_ticks() - answer["effective_ticks"]
        volume_nl = ratio.ratio(18000000 * ticks, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(status(bench, "stepped"), bench.made())
        self.assertEqual(status(bench, "witnessed"), bench.made())
        self.assertEqual(status(bench, "asked"), bench.made())
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made()))

    def test_a_second_committed_ahead_suffices_at_any_rate_and_half_of_one_for_a_prime(self):
        """Looked after a quarter of that apart, and 15 % late, as the service does at worst."""
        for per_s in (1, 2, 4, 6, 8, 20, 120, 1900):
            rate = ratio.scale(STEP_NL, HOUR_S * per_s)
            for is_prime in (False, True):
                most = ratio.scale(rate, 1, 2) if is_prime else rate
                committed = max(2, per_s // 2 if is_prime else per_s)
                programme = fast_programme(
                    days=(((0, ratio.scale(most, 1, 2) if is_prime else rate),),),
                    max_rate_nl_per_h=most,
                    minimum_rate_nl_per_h=(0, 1),
                    commit_ahead_nl=ratio.ceil(ratio.scale(STEP_NL, committed)),
                )
                bench = self.programmed(programme)
                if is_prime:
                    bench.controller.prime((100000, 1), rate)
                else:
                    bench.controller.start()
                look_ms = min(2000, 1000 * bench.controller.feeder.commit_steps // per_s // 4)
                for _ in range(40):
                    bench.wait_ms(look_ms * 115 // 100)
                    bench.serve()
                self.assertEqual(active(bench), [])

    def test_pause_and_resume_carry_the_remainder(self):
        bench = self.programmed()
        pump = bench.controller
        asked = 0
        resumed = dict(pump.start())["effective_ticks"]
        for _ in range(3):
            bench.run_s(2)
            paused = dict(pump.pause())["effective_ticks"]
            asked += paused - resumed
            bench.run_s(3)
            resumed = dict(pump.resume())["effective_ticks"]
        paused = dict(pump.stop())["effective_ticks"]
        asked += paused - resumed
        bench.run_s(3)
        volume_nl = ratio.ratio(18000000 * asked, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))

    def test_a_step_that_the_witness_did_not_see_halts_the_pump_with_an_alarm(self):
        bench = self.running()
        bench.run_s(3)
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() - 2
        bench.run_s(2)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("step_mismatch", active(bench))
        made = bench.made()
        bench.run_s(6)
        self.assertEqual(bench.made(), made)

    def test_after_a_halt_a_person_looks_stops_and_starts_again(self):
        bench = self.running()
        bench.run_s(3)
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() - 2
        bench.run_s(3)
        pump = bench.controller
        pump.acknowledge("step_mismatch")
        pump.stop()
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        pump.start()
        made = bench.made()
        bench.run_s(6)
        self.assertEqual((pump.state, active(bench)), (moves.RUNNING, []))
        self.assertGreater(bench.made(), made + 200)
        # From here on both counts are compared anew.
        bench.generator.witnessed = lambda: real() - 4
        bench.run_s(3)
        self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["step_mismatch"]))

    def test_after_the_end_nothing_is_delivered_and_an_alarm_says_so(self):
        end_s = MONDAY_S + 10
        bench = self.running(fast_programme(end_s=end_s))
        bench.run_s(2)
        self.assertEqual(active(bench), ["end_of_programme_near"])
        bench.run_s(9)
        self.assertEqual(active(bench), ["end_of_programme"])
        made = bench.made()
        bench.run_s(10)
        self.assertEqual(bench.made(), made)
        # Another programme that goes on ends the alarm.
        text = proposed(bench, FAST)
        bench.controller.confirm(digest(text))
        bench.run_s(6)
        self.assertEqual(active(bench), [])
        self.assertGreater(bench.made(), made + 200)


class BolusTest(Case):
    def test_a_bolus_is_delivered_whole_on_top_of_the_basal(self):
        bench = self.programmed()
        pump = bench.controller
        started = dict(pump.start())["effective_ticks"]
        bench.run_s(2)
        pump.bolus((100000, 1), 20)
        self.assertEqual(status(bench, "bolus_remaining_nl"), (100000, 1))
        bench.run_s(22)
        ticks = bench.clock.now_ticks() - started
        volume_nl = ratio.add(ratio.ratio(18000000 * ticks, HOUR_S * 125000000), (100000, 1))
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(status(bench, "bolus_remaining_nl"), (0, 1))
        self.assertEqual(len(logged(bench, "bolus_started")), 1)
        self.assertEqual(logged(bench, "bolus_finished")[0]["volume_nl"], (100000, 1))

    def test_what_a_programme_does_not_allow_is_refused_with_the_limit(self):
        """Hazards: H7."""
        bench = self.running()
        bolus = bench.controller.bolus
        # 200 uL are 100 mcg.
        sentence = self.refused(bench, OutOfRange, bolus, (200001, 1), 3600)
        self.assertIn("100 mcg", sentence)
        # 18 mL/h more than the basal of 18 mL/h are 5 uL a second.
        self.refused(bench, OutOfRange, bolus, (100001, 1), 20)
        bolus((100000, 1), 20)

    def test_a_bolus_on_a_bolus_counts_towards_the_highest_rate(self):
        """Hazards: H7."""
        bench = self.running()
        bench.controller.bolus((100000, 1), 20)
        self.refused(bench, OutOfRange, bench.controller.bolus, (1000, 1), 60)
        bench.run_s(23)
        bench.controller.bolus((1000, 1), 60)

    def test_a_scheduled_bolus_that_is_to_come_counts_towards_the_highest_rate(self):
        # From 00:01 on 15 mL/h more for 10 min; 3 mL/h are left, 200 uL in 4 min.
        bench = self.running(fast_programme(boluses=((60, EVERY_DAY, (2500000, 1), 600),)))
        bench.run_s(5)
        self.refused(bench, OutOfRange, bench.controller.bolus, (200000, 1), 239)
        bench.controller.bolus((200000, 1), 240)

    def test_a_bolus_of_less_than_a_microstep_or_of_no_duration_is_refused(self):
        bench = self.running()
        bolus = bench.controller.bolus
        sentence = self.refused(bench, OutOfRange, bolus, (103, 1), 10)
        self.assertIn("microstep", sentence)
        bolus((104, 1), 10)
        self.refused(bench, OutOfRange, bolus, (1000, 1), 0)
        self.refused(bench, OutOfRange, bolus, (1000, 1), DAY_S + 1)
        bolus((1000, 1), DAY_S)

    def test_a_bolus_of_more_than_is_left_above_the_reserve_is_refused(self):
        bench = self.running(FAST, 300000)
        bench.run_s(1)
        sentence = self.refused(bench, OutOfRange, bench.controller.bolus, (100000, 1), 3600)
        self.assertIn("reserve", sentence)

    def test_cancelling_ends_all_boluses_and_keeps_the_basal(self):
        bench = self.programmed()
        pump = bench.controller
        started = dict(pump.start())["effective_ticks"]
        begun = dict(pump.bolus((100000, 1), 100))["effective_ticks"]
        bench.run_s(4)
        cancelled = dict(pump.cancel_bolus())["effective_ticks"]
        bench.run_s(6)
        basal = ratio.ratio(18000000 * (bench.clock.now_ticks() - started), HOUR_S)
        bolus = ratio.ratio(100000 * (cancelled - begun), 100)
        volume_nl = ratio.scale(ratio.add(basal, bolus), 1, 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(
            logged(bench, "bolus_cancelled")[0]["delivered_nl"],
            ratio.scale(bolus, 1, 125000000),
        )

    def test_stop_pause_and_minimum_rate_cancel_what_is_left_of_a_bolus(self):
        for name in ("stop", "pause", "minimum"):
            bench = self.running()
            bench.controller.bolus((100000, 1), 100)
            bench.run_s(2)
            getattr(bench.controller, name)()
            self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)
            self.assertEqual(status(bench, "bolus_remaining_nl"), (0, 1))

    def test_a_bolus_that_ends_as_something_else_is_asked_for_is_told_finished_at_once(self):
        for after_ms in (300, 700, 1100, 1200, 1300, 1400):
            bench = self.running()
            bench.controller.bolus((1000, 1), 1)
            bench.wait_ms(after_ms)
            bench.controller.start()
            bench.run_s(4)
            with self.subTest(after_ms=after_ms):
                self.assertEqual(len(logged(bench, "bolus_finished")), 1)
                self.assertEqual(bench.controller.delivery.boluses, [])

    def test_a_new_rate_that_would_be_too_much_with_a_running_bolus_is_refused(self):
        bench = self.running()
        bench.controller.bolus((100000, 1), 20)
        # 18 mL/h of bolus, at most 36 mL/h in all.
        sentence = self.refused(bench, NotNow, bench.controller.rate, (18000001, 1))
        self.assertIn("bolus", sentence)
        bench.controller.rate((17000000, 1))
        bench.run_s(23)
        bench.controller.rate((36000000, 1))

    def test_boluses_are_refused_before_they_are_too_many_to_be_kept_over_a_reset(self):
        bench = self.running()
        refused = 0
        for number in range(40):
            try:
                bench.controller.bolus((1000, 7), 80000, f"{number:08x}")
            except NotNow:
                refused += 1
        self.assertTrue(0 < refused < 40)
        self.assertEqual(len(bench.controller.delivery.boluses), 40 - refused)


class ScheduleLogTest(Case):
    """What the schedule does by itself is journalled as it happens."""

    # 50 uL in 10 s from 00:00:05 on.
    PROGRAMME = fast_programme(boluses=((5, EVERY_DAY, (50000, 1), 10),))

    def test_a_scheduled_bolus_is_journalled_as_it_begins_and_ends(self):
        bench = self.running(self.PROGRAMME)
        bench.run_s(4)
        self.assertEqual(logged(bench, "bolus_started"), [])
        bench.run_s(3)
        (started,) = logged(bench, "bolus_started")
        self.assertEqual((started["volume_nl"], started["duration_s"]), ((50000, 1), 10))
        self.assertEqual(logged(bench, "bolus_finished"), [])
        bench.run_s(10)
        (finished,) = logged(bench, "bolus_finished")
        self.assertEqual(finished["volume_nl"], (50000, 1))
        rates = [fields["rate_nl_per_h"] for fields in logged(bench, "rate_changed")]
        self.assertEqual(rates, [(36000000, 1), (18000000, 1)])

    def test_a_scheduled_bolus_that_is_cut_short_is_journalled_with_what_was_given(self):
        for name in ("cancel_bolus", "stop", "pause", "minimum"):
            bench = self.running(self.PROGRAMME)
            bench.run_s(8)
            ticks = dict(getattr(bench.controller, name)())["effective_ticks"]
            bench.run_s(10)
            (cancelled,) = logged(bench, "bolus_cancelled")
            begun = (MONDAY_S + 5) * 125000000
            self.assertEqual(
                cancelled["delivered_nl"], ratio.scale((50000, 10), ticks - begun, 125000000)
            )
            self.assertEqual(logged(bench, "bolus_finished"), [])

    def test_a_bolus_that_is_not_given_is_not_journalled(self):
        # At the minimum rate, and while the time of day is not known.
        bench = self.running(self.PROGRAMME)
        bench.controller.minimum()
        bench.run_s(8)
        self.assertEqual(logged(bench, "bolus_started"), [])
        bench = self.programmed(self.PROGRAMME)
        bench.clock.is_known = False
        bench.controller.delivery.clock_known = False
        bench.controller.start()
        bench.run_s(8)
        self.assertEqual(logged(bench, "bolus_started"), [])


class ReservoirTest(Case):
    def test_a_refill_above_the_syringes_capacity_is_refused(self):
        bench = self.programmed()
        self.refused(bench, OutOfRange, bench.controller.refill, (10000001, 1))
        bench.controller.refill((10000000, 1))
        self.assertEqual(status(bench, "reservoir_nl"), (10000000, 1))

    def test_a_refill_notes_what_was_expected_to_be_left(self):
        bench = self.running()
        bench.run_s(4)
        left_nl = status(bench, "reservoir_nl")
        bench.controller.refill((9500000, 1))
        self.assertEqual(logged(bench, "refill")[-1]["expected_residual_nl"], left_nl)

    def test_a_prime_is_taken_from_the_reservoir_and_not_delivered(self):
        bench = self.programmed()
        bench.controller.prime((100000, 1))
        self.assertEqual(bench.controller.state, moves.PRIMING)
        # 100 uL at 36 mL/h take 10 s.
        bench.run_s(13)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        steps = ratio.floor(ratio.divide((100000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))
        self.assertEqual(
            status(bench, "reservoir_nl"),
            ratio.subtract((9000000, 1), ratio.scale(STEP_NL, steps)),
        )
        bench.controller.start()
        bench.run_s(4)
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made() - steps))

    def test_a_prime_that_is_stopped_counts_what_was_made_as_primed(self):
        bench = self.programmed()
        bench.controller.prime((500000, 1))
        bench.run_s(3)
        bench.controller.stop()
        bench.run_s(3)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, bench.made()))
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))

    def test_steps_of_the_delivery_before_it_do_not_count_as_primed(self):
        bench = self.running()
        bench.run_s(3)
        # The prime begins when the steps in hand are done.
        stopped = dict(bench.controller.stop())["effective_ticks"]
        bench.controller.prime((100000, 1))
        bench.run_s(13)
        ticks = stopped - bench.controller.pump_clock.now_ticks()
        self.assertLess(ticks, 0)
        steps = ratio.floor(ratio.divide((100000, 1), STEP_NL))
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))

    def test_a_prime_of_more_than_is_there_is_refused(self):
        bench = self.programmed(FAST, 300000)
        self.refused(bench, OutOfRange, bench.controller.prime, (100001, 1))

    def test_empty_stops_at_the_last_whole_step_above_the_reserve(self):
        """Hazards: H15."""
        bench = self.running(FAST, 250000)
        # 50 uL above the reserve last for 10 s.
        bench.run_s(14)
        steps = ratio.floor(ratio.divide((50000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(bench.controller.state, moves.EMPTY)
        self.assertIn("empty", active(bench))
        left_nl = status(bench, "reservoir_nl")
        self.assertTrue(ratio.compare(left_nl, (200000, 1)) >= 0)
        self.assertTrue(ratio.compare(left_nl, ratio.add((200000, 1), STEP_NL)) < 0)

    def test_after_empty_a_refill_and_a_resume_go_on_and_the_alarm_ends(self):
        bench = self.running(FAST, 250000)
        bench.run_s(14)
        pump = bench.controller
        self.refused(bench, NotNow, pump.start)
        pump.refill((9000000, 1))
        self.assertEqual(pump.state, moves.PAUSED)
        pump.acknowledge("empty")
        pump.resume()
        made = bench.made()
        bench.run_s(6)
        self.assertGreater(bench.made(), made + 200)
        self.assertEqual(active(bench), [])

    def test_a_start_at_the_reserve_is_refused(self):
        bench = self.programmed(FAST, 200000)
        self.refused(bench, NotNow, bench.controller.start)

    def test_low_reservoir_is_told_and_the_rate_is_kept(self):
        """Hazards: H3, H15."""
        # The low threshold, 1 mL, is reached after 20 uL, 4 s.
        bench = self.running(FAST, 1020000)
        bench.run_s(3)
        self.assertEqual(active(bench), [])
        rate_nl_per_h = status(bench, "rate_nl_per_h")
        bench.run_s(4)
        self.assertEqual(active(bench), ["low_reservoir"])
        self.assertEqual(status(bench, "rate_nl_per_h"), rate_nl_per_h)
        self.assertEqual(bench.controller.state, moves.RUNNING)
        bench.controller.refill((9000000, 1))
        bench.run_s(2)
        self.assertEqual(active(bench), [])

    def test_low_and_empty_are_told_ahead_from_the_programme(self):
        """Hazards: H15."""
        # 25 uL/h, 9 mL: 320 h to the low threshold, 352 h to the reserve.
        bench = self.running(bench_programme())
        self.assertTrue(-1 <= status(bench, "low_in_s") - 320 * HOUR_S <= 1)
        self.assertTrue(-1 <= status(bench, "empty_in_s") - 352 * HOUR_S <= 1)
        # A bolus of 100 uL brings both 4 h closer.
        bench.controller.bolus((100000, 1), 600)
        bench.run_s(1)
        self.assertTrue(-1 <= status(bench, "low_in_s") - 316 * HOUR_S <= 1)
        self.assertTrue(-1 <= status(bench, "empty_in_s") - 348 * HOUR_S <= 1)

    def test_low_in_time_is_told_and_ends_with_a_refill(self):
        # 18 mL/h: 8.8 mL last for 1760 s.
        bench = self.running(fast_programme(reservoir_low_s=1755))
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        bench.run_s(8)
        self.assertEqual(active(bench), ["low_reservoir_time"])
        bench.controller.stop()
        bench.controller.refill((10000000, 1))
        bench.run_s(2)
        self.assertEqual(active(bench), [])

    def test_what_was_filled_is_left_delivered_or_primed_at_all_times(self):
        bench = self.programmed(FAST, 5000000)
        pump = bench.controller
        for call, args in (
            (pump.prime, ((30000, 1),)),
            (pump.start, ()),
            (pump.bolus, ((50000, 1), 60)),
            (pump.pause, ()),
            (pump.resume, ()),
            (pump.minimum, ()),
            (pump.stop, ()),
            (pump.prime, ((70000, 1),)),
            (pump.stop, ()),
        ):
            call(*args)
            for _ in range(4):
                bench.run_s(1)
                total_nl = ratio.add(status(bench, "delivered_nl"), status(bench, "primed_nl"))
                total_nl = ratio.add(total_nl, status(bench, "reservoir_nl"))
                self.assertEqual(total_nl, (5000000, 1))
                self.assertEqual(
                    ratio.subtract((5000000, 1), status(bench, "reservoir_nl")),
                    ratio.scale(STEP_NL, bench.made()),
                )


# 40 uL in 10 s on top of 18 mL/h.
BOLUS_AT_NOON = fast_programme(boluses=((12 * HOUR_S, 127, (40000, 1), 10),))


class ClockTest(Case):
    def test_setting_the_clock_while_running_moves_no_step(self):
        bench = self.programmed()
        started = dict(bench.controller.start())["effective_ticks"]
        bench.run_s(3)
        for by_s in (3600, -86400 * 3, 17):
            old_s = bench.clock.now_s()
            answer = dict(bench.controller.set_clock(old_s + by_s))
            self.assertEqual(answer["clock_s"], old_s + by_s)
            bench.run_s(3)
            started += (bench.clock.now_s() - 3 - old_s) * 125000000
        ticks = bench.clock.now_ticks() - started
        volume_nl = ratio.ratio(18000000 * ticks, HOUR_S * 125000000)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(active(bench), [])
        self.assertEqual(len(logged(bench, "clock_set")), 3)

    def test_low_and_empty_are_told_anew_when_the_clock_is_set(self):
        # 50 uL/h from noon to midnight, nothing else; at 11:00 an hour until it begins.
        programme = bench_programme(days=(((0, (0, 1)), (12 * HOUR_S, (50000, 1))),))
        bench = self.running(programme, 250000)
        bench.run_s(5)
        self.assertTrue(0 <= 13 * HOUR_S - 5 - status(bench, "empty_in_s") <= 1)
        # Set to 13:00, it has begun and empties by 14:00.
        bench.controller.set_clock(MONDAY_S + 13 * HOUR_S)
        self.assertTrue(0 <= status(bench, "empty_in_s") - HOUR_S <= 2)
        self.assertEqual(status(bench, "rate_nl_per_h"), (50000, 1))
        bench.run_s(5)
        # Set back to 11:59, it begins anew at noon.
        bench.controller.set_clock(MONDAY_S + 12 * HOUR_S - 60)
        self.assertTrue(0 <= status(bench, "next_change_s") - 60 <= 1)
        bench.run_s(65)
        self.assertEqual(logged(bench, "rate_changed"), [{"rate_nl_per_h": (50000, 1)}])

    def given_nl(self, bench, seconds):
        """What the scheduled bolus gives in so many seconds, besides a flat basal."""
        made = bench.made()
        bench.run_s(seconds)
        basal_nl = ratio.scale(BOLUS_AT_NOON.days[0][0][1], seconds, HOUR_S)
        given_nl = ratio.scale(BOLUS_AT_NOON.microstep_nl(), bench.made() - made)
        return ratio.floor(ratio.subtract(given_nl, basal_nl))

    def test_a_bolus_that_was_given_is_not_given_again_when_the_clock_is_set_back(self):
        """Hazards: H7."""
        noon_s = MONDAY_S + 12 * HOUR_S
        for after in (None, "stop", "after_soft_reset"):
            bench = self.running(BOLUS_AT_NOON)
            bench.run_s(2)
            bench.controller.set_clock(noon_s - 5)
            # 40 uL in 10 s, up to two microsteps of 103.2 nL at the edges.
            self.assertTrue(39700 <= self.given_nl(bench, 20) <= 40300)
            # To 11:59:45, and then to 12:00:07.
            for back_s in (30, 20):
                bench.controller.set_clock(bench.clock.now_s() - back_s)
                if after == "stop":
                    bench.controller.stop()
                    bench.controller.start()
                elif after:
                    bench = getattr(bench, after)()
                bench.run_s(2)
                self.assertTrue(abs(self.given_nl(bench, back_s + 10)) <= 300)
            # At the noon of the next day it is given.
            bench.controller.set_clock(noon_s + 86400 - 5)
            self.assertTrue(39700 <= self.given_nl(bench, 20) <= 40300)

    def test_a_bolus_that_runs_while_the_clock_is_set_back_a_little_goes_on(self):
        bench = self.running(BOLUS_AT_NOON)
        bench.controller.set_clock(MONDAY_S + 12 * HOUR_S - 5)
        bench.run_s(9)
        bench.controller.set_clock(bench.clock.now_s() - 2)
        # 4 of its 10 s are over, and two come again.
        self.assertTrue(31700 <= self.given_nl(bench, 15) <= 32600)

    def test_a_clock_set_back_over_days_leaves_boluses_out_for_a_day_at_most(self):
        bench = self.running(BOLUS_AT_NOON)
        noon_s = MONDAY_S + 12 * HOUR_S
        bench.controller.set_clock(noon_s + 400 * 86400 - 5)
        bench.run_s(20)
        bench.controller.set_clock(noon_s - 5)
        left_out_s = bench.controller.delivery.boluses_from_s - (noon_s - 5)
        self.assertTrue(86400 <= left_out_s <= 86401)

    def test_a_clock_outside_its_years_is_refused(self):
        bench = self.running()
        for now_s in (-1, 3155760001):
            self.refused(bench, OutOfRange, bench.controller.set_clock, now_s)


class ReminderTest(Case):
    def test_a_programme_that_was_not_started_is_called_to_mind_after_15_min(self):
        """Hazards: H11."""
        bench = self.programmed()
        bench.run_s(1)
        bench.wait_ms(898000)
        bench.run_s(1)
        self.assertEqual(active(bench), [])
        bench.run_s(2)
        self.assertEqual(active(bench), ["not_started"])
        bench.controller.start()
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def test_a_pause_is_called_to_mind_after_15_min(self):
        """Hazards: H11."""
        bench = self.running()
        bench.controller.pause()
        bench.run_s(1)
        bench.wait_ms(898000)
        bench.run_s(1)
        self.assertEqual(active(bench), [])
        bench.run_s(2)
        self.assertEqual(active(bench), ["paused_too_long"])
        self.assertEqual(bench.controller.active_alarms.highest().priority, alarms.HIGH)
        bench.controller.resume()
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def test_an_alarm_that_is_not_there_cannot_be_acknowledged(self):
        bench = self.programmed()
        self.refused(bench, NotNow, bench.controller.acknowledge, "empty")


class JournalTest(Case):
    def test_delivery_goes_on_when_nothing_can_be_written_and_an_alarm_says_so(self):
        """Hazards: H9.
        Faults: F16.
        """
        bench = self.running()
        bench.run_s(2)
        real = bench.sectors.program
        bench.sectors.program = self.no_flash
        bench.controller.bolus((1000, 1), 60)
        bench.run_s(1)
        self.assertIn("journal_failing", active(bench))
        bench.run_s(3)
        # Beside what was asked for: a pump whose flash works.
        steady = self.running()
        steady.run_s(2)
        steady.controller.bolus((1000, 1), 60)
        steady.run_s(4)
        self.assertEqual(bench.made(), steady.made())
        bench.sectors.program = real
        bench.run_s(3)
        bench.controller.acknowledge("journal_failing")
        bench.run_s(1)
        self.assertEqual(active(bench), [])

    def no_flash(self, sector, offset, data):
        raise FlashError("The flash does not answer.")


if __name__ == "__main__":
    unittest.main()
