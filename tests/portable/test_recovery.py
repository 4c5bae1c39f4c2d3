"""What a pump does after a soft reset and after a watchdog reset."""

import unittest

from bench_case import (
    FAST,
    STEP_NL,
    Case,
    active,
    fast_programme,
    logged,
    proposed,
    status,
    steps_of,
)
from bench_programme import EVERY_DAY, HOUR_S
from bench_pump import MONDAY_S, BenchPump
from pump.core import alarms, moves, ratio, retained
from pump.core.delivery import TICKS_PER_S
from pump.core.programme import digest
from pump.core.retained import RetainedState


class RetainedTest(Case):
    def test_what_is_kept_is_read_back_as_it_was(self):
        bench = self.running(FAST)
        bench.run_s(2)
        bench.controller.bolus((10007, 3), 77, request_id="0badcafe")
        bench.controller.keep_state()
        again = BenchPump(bench.sectors)
        pump = again.controller
        state = RetainedState(bench.kept)
        state.restore_ledger(pump.ledger)
        state.restore_delivery(pump.delivery)
        pump.state = state.state
        pump.witness_base = state.witness_base
        pump.awaits_person = state.awaits_person
        pump.was_cut_off = state.was_cut_off
        again.clock.offset_us = state.offset_us
        self.assertEqual(retained.text_of(pump), bench.kept)

    def test_what_is_not_such_a_line_is_refused(self):
        bench = self.programmed()
        for text in ("", "6", bench.kept.replace("6 ", "5 ", 1), "nonsense " * 20):
            with self.assertRaises(ValueError):
                RetainedState(text)

    def test_a_pump_without_a_programme_keeps_and_restores_what_it_has(self):
        bench = BenchPump()
        bench.controller.refill((5000000, 1))
        again = bench.after_soft_reset()
        self.assertEqual(again.controller.state, moves.UNPROGRAMMED)
        self.assertEqual(status(again, "reservoir_nl"), (5000000, 1))


class SoftResetTest(Case):
    def test_delivery_goes_on_and_loses_no_step(self):
        bench = self.programmed()
        started = dict(bench.controller.start())["effective_ticks"]
        for _ in range(3):
            bench.run_s(2)
            bench = bench.after_soft_reset()
            self.assertEqual(bench.controller.state, moves.RUNNING)
        bench.run_s(2)
        self.assertEqual(bench.made(), steps_of((18000000, 1), bench.clock.now_ticks() - started))
        self.assertEqual(status(bench, "stepped"), bench.made())
        self.assertEqual(status(bench, "witnessed"), bench.made())
        self.assertEqual(active(bench), [])

    def test_a_bolus_goes_on_and_is_delivered_once(self):
        """Hazards: H13."""
        bench = self.programmed()
        started = dict(bench.controller.start())["effective_ticks"]
        bench.run_s(2)
        bench.controller.bolus((50000, 1), 10, request_id="0badcafe")
        bench.run_s(4)
        bench = bench.after_soft_reset()
        self.assertEqual(bench.controller.outcome_of("0badcafe"), "done")
        bench.run_s(10)
        volume_nl = ratio.scale((18000000, 1), bench.clock.now_ticks() - started)
        volume_nl = ratio.scale(volume_nl, 1, HOUR_S * TICKS_PER_S)
        volume_nl = ratio.add(volume_nl, (50000, 1))
        self.assertEqual(bench.made(), ratio.floor(ratio.divide(volume_nl, STEP_NL)))
        self.assertEqual(len(logged(bench, "bolus_finished")), 1)

    def test_a_reset_right_after_a_change_keeps_the_change(self):
        # The change holds from an instant up to 2 s ahead; the reset comes before it.
        for after_ms in (0, 100, 700):
            bench = self.programmed()
            bench.controller.start()
            bench.run_s(2)
            bench.controller.bolus((50000, 1), 10)
            bench.wait_ms(after_ms)
            made = bench.made()
            bench = bench.after_soft_reset()
            bench.run_s(14)
            self.assertEqual(bench.controller.state, moves.RUNNING)
            self.assertEqual(status(bench, "asked"), bench.made())
            # 14.3 s of basal and the bolus of 484 steps, to within 2 s of basal.
            most = steps_of((18000000, 1), 16 * TICKS_PER_S) + 485
            least = steps_of((18000000, 1), 13 * TICKS_PER_S) + 484
            self.assertTrue(least <= bench.made() - made <= most)

    def test_book_state_and_clock_are_what_they_were(self):
        for state, request in ((moves.STOPPED, "stop"), (moves.PAUSED, "pause")):
            bench = self.running()
            bench.run_s(3)
            getattr(bench.controller, request)()
            bench.run_s(3)
            again = bench.after_soft_reset()
            self.assertEqual(again.controller.state, state)
            for key in ("delivered_nl", "reservoir_nl", "primed_nl"):
                self.assertEqual(status(again, key), status(bench, key))
            self.assertEqual(again.clock.now_ticks(), bench.clock.now_ticks())
            self.assertTrue(again.clock.is_known)

    def test_what_is_kept_is_as_new_as_the_last_change_of_the_rate(self):
        # Whoever takes over works through all changes since: there must not be weeks of them.
        days = tuple([(second, (18000000 - second, 1)) for second in range(0, 40, 4)])
        bench = self.running(fast_programme(days=(days,)))
        bench.run_s(30)
        words = bench.kept.split(" ")
        self.assertIn(str((MONDAY_S + 28) * TICKS_PER_S), words)
        self.assertEqual(len(logged(bench.after_soft_reset(), "rate_changed")), 7)

    def test_a_scheduled_bolus_goes_on_and_is_journalled_once(self):
        # 50 uL in 10 s from 00:00:05 on.
        bench = self.running(fast_programme(boluses=((5, EVERY_DAY, (50000, 1), 10),)))
        bench.run_s(8)
        bench = bench.after_soft_reset()
        self.assertEqual(status(bench, "rate_nl_per_h"), (36000000, 1))
        bench.run_s(10)
        self.assertEqual(len(logged(bench, "bolus_started")), 1)
        self.assertEqual(len(logged(bench, "bolus_finished")), 1)

    def test_a_bolus_that_has_ended_is_not_told_finished_again(self):
        bench = self.running()
        bench.controller.bolus((1000, 1), 1)
        bench.run_s(6)
        bench = bench.after_soft_reset()
        bench.run_s(6)
        self.assertEqual(len(logged(bench, "bolus_finished")), 1)

    def test_a_scheduled_bolus_that_was_left_out_stays_left_out(self):
        # It began 10 s before the start.
        bench = BenchPump(None, MONDAY_S + 15)
        bench.programme(fast_programme(boluses=((5, EVERY_DAY, (100000, 1), 60),)))
        bench.controller.start()
        bench.run_s(1)
        bench = bench.after_soft_reset()
        self.assertEqual(status(bench, "rate_nl_per_h"), (18000000, 1))

    def test_a_prime_goes_on_and_is_counted_as_primed(self):
        bench = self.programmed()
        bench.controller.prime((100000, 1))
        bench.run_s(3)
        bench = bench.after_soft_reset()
        self.assertEqual(bench.controller.state, moves.PRIMING)
        bench.run_s(12)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        steps = ratio.floor(ratio.divide((100000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))

    def test_a_reset_while_the_last_steps_are_made_counts_them(self):
        for after_ms in (0, 200, 900):
            bench = self.running()
            bench.run_s(3)
            bench.controller.stop()
            bench.wait_ms(after_ms)
            bench = bench.after_soft_reset(100)
            bench.run_s(3)
            self.assertEqual(status(bench, "stepped"), bench.made())
            self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, bench.made()))
            self.assertEqual(active(bench), [])
            bench.controller.start()
            bench.run_s(3)
            self.assertEqual(status(bench, "asked"), bench.made())

    def test_an_empty_reservoir_is_not_passed(self):
        bench = self.running(FAST, 250000)
        for _ in range(6):
            bench.run_s(2)
            bench = bench.after_soft_reset()
        bench.run_s(4)
        self.assertEqual(bench.controller.state, moves.EMPTY)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide((50000, 1), STEP_NL)))

    def test_the_reset_of_a_halted_pump_leaves_it_halted(self):
        bench = self.running()
        bench.run_s(3)
        bench.controller.halt("test")
        made = bench.made()
        bench = bench.after_soft_reset()
        bench.run_s(5)
        self.assertEqual((bench.controller.state, bench.made()), (moves.HALTED, made))

    def test_an_empty_or_halted_pump_says_so_again(self):
        for bench in self.empty_and_halted():
            for again in (bench.after_soft_reset(), bench.after_power_cut()):
                again.run_s(1)
                self.assertEqual(again.controller.state, bench.controller.state)
                self.assertEqual(again.controller.active_alarms.highest().priority, alarms.HIGH)

    def empty_and_halted(self):
        bench = self.running(FAST, 210000)
        bench.run_s(5)
        self.assertEqual(bench.controller.state, moves.EMPTY)
        yield bench
        bench = self.running()
        bench.run_s(2)
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() - 2
        bench.run_s(3)
        bench.generator.witnessed = real
        self.assertEqual(bench.controller.state, moves.HALTED)
        yield bench

    def test_a_kept_state_of_another_programme_is_not_used(self):
        """Hazards: H8."""
        bench = self.running()
        bench.run_s(3)
        kept = bench.kept
        text = proposed(bench, fast_programme(name="Other"))
        bench.controller.confirm(digest(text))
        bench.kept = kept
        bench = bench.after_soft_reset()
        self.assertEqual(bench.controller.programme_text, text)
        self.assertIn("interrupted", active(bench))


class WatchdogTest(Case):
    def test_the_gap_is_journalled_and_not_made_up_for(self):
        bench = self.programmed()
        started = dict(bench.controller.start())["effective_ticks"]
        bench.run_s(5)
        before = bench.clock.now_ticks()
        made = bench.made()
        bench = bench.after_watchdog_reset(700)
        self.assertEqual(bench.controller.state, moves.RUNNING)
        # Reset 8 s after it was last fed; 0.7 s until it goes on.
        self.assertEqual(bench.clock.now_ticks() - before, 8700 * TICKS_PER_S // 1000)
        self.assertEqual(logged(bench, "interruption"), [{"length_s": 0}])
        self.assertEqual(active(bench), ["interrupted"])
        bench.run_s(5)
        # 0.7 s and up to 0.2 s to start again are not asked for; all else is delivered.
        most = steps_of((18000000, 1), bench.clock.now_ticks() - started - 7 * TICKS_PER_S // 10)
        least = steps_of((18000000, 1), bench.clock.now_ticks() - started - 9 * TICKS_PER_S // 10)
        self.assertTrue(least <= bench.made() <= most)
        self.assertTrue(bench.made() > made)
        self.assertEqual(status(bench, "stepped"), bench.made())
        self.assertEqual(status(bench, "asked"), bench.made())

    def test_the_rest_of_a_bolus_is_not_given_and_an_alarm_says_so(self):
        bench = self.running()
        bench.run_s(2)
        bench.controller.bolus((100000, 1), 60, request_id="0badcafe")
        bench.run_s(2)
        bench = bench.after_watchdog_reset()
        self.assertEqual(bench.controller.delivery.boluses, [])
        self.assertIn("bolus_cancelled", active(bench))
        self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)
        self.assertEqual(bench.controller.outcome_of("0badcafe"), "done")
        self.assertEqual(status(bench, "rate_nl_per_h"), (18000000, 1))

    def test_a_bolus_that_had_begun_by_the_schedule_is_not_begun_again(self):
        # 100 uL in 60 s from 00:00:05 on.
        bench = self.running(fast_programme(boluses=((5, EVERY_DAY, (100000, 1), 60),)))
        bench.run_s(10)
        self.assertEqual(status(bench, "rate_nl_per_h"), (24000000, 1))
        bench = bench.after_watchdog_reset()
        self.assertEqual(status(bench, "rate_nl_per_h"), (18000000, 1))
        self.assertEqual(len(logged(bench, "bolus_started")), 1)
        self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)

    def test_a_prime_is_not_gone_on_with(self):
        bench = self.programmed()
        bench.controller.prime((1000000, 1))
        bench.run_s(3)
        bench = bench.after_watchdog_reset()
        self.assertEqual(bench.controller.state, moves.STOPPED)
        made = bench.made()
        bench.run_s(5)
        self.assertEqual(bench.made(), made)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, made))
        self.assertEqual(status(bench, "delivered_nl"), (0, 1))

    def test_a_reset_right_after_a_change_delivers_nothing_twice(self):
        bench = self.running()
        bench.run_s(3)
        begun = bench.clock.now_ticks()
        made = bench.made()
        bench.controller.bolus((100000, 1), 60)
        bench = bench.after_watchdog_reset()
        bench.run_s(5)
        seconds = bench.clock.now_ticks() - begun
        # Basal all the time and at most the bolus up to the reset: 6 uL/h for 8 s.
        most = steps_of((18000000, 1), seconds) + steps_of((6000000, 1), 8 * TICKS_PER_S) + 1
        self.assertLessEqual(bench.made() - made, most)
        self.assertEqual(status(bench, "asked"), bench.made())

    def test_a_paused_pump_stays_paused_without_an_interruption(self):
        bench = self.running()
        bench.run_s(2)
        bench.controller.pause()
        bench.run_s(3)
        bench = bench.after_watchdog_reset()
        self.assertEqual(bench.controller.state, moves.PAUSED)
        self.assertEqual(active(bench), [])


if __name__ == "__main__":
    unittest.main()
