"""What a pump does after a power cut, and with damage in flash."""

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
from bench_programme import DAY_S, EVERY_DAY, HOUR_S
from bench_pump import MONDAY_S, BenchPump
from pump.core import moves, ratio, records
from pump.core.delivery import TICKS_PER_S
from pump.core.programme import canonical_text, digest
from ram_sectors import RamSectors


class NoPower(BaseException):
    """Power has failed. No code under test may catch it."""


class PowerCutTest(Case):
    def test_delivery_goes_on_with_its_rate_and_an_alarm(self):
        bench = self.running()
        bench.run_s(10)
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.state, moves.RUNNING)
        self.assertEqual(active(bench), ["interrupted"])
        bench.run_s(1)
        self.assertEqual(active(bench), ["clock_lost", "interrupted"])
        made = bench.made()
        bench.run_s(5)
        # One constant rate does not depend on the clock.
        self.assertTrue(0 <= bench.made() - made - steps_of((18000000, 1), 5 * TICKS_PER_S) <= 1)
        self.assertFalse(bench.clock.is_known)
        self.assertTrue(0 <= bench.clock.now_s() - MONDAY_S <= 20)

    def test_the_reservoir_never_shows_more_than_is_left(self):
        """Hazards: H15, H22."""
        bench = self.running()
        left_nl = (9000000, 1)
        for seconds in (0, 1, 7, 20):
            bench.run_s(seconds)
            bench = bench.after_power_cut()
            left_nl = ratio.subtract((9000000, 1), ratio.scale(STEP_NL, bench.made()))
            shown_nl = status(bench, "reservoir_nl")
            self.assertTrue(ratio.compare(shown_nl, left_nl) <= 0)
            # Nor less by more than what may be delivered in 200 s, each time.
        lost_nl = ratio.subtract(left_nl, status(bench, "reservoir_nl"))
        self.assertTrue(ratio.compare(lost_nl, (4 * 18000000 * 200 // HOUR_S, 1)) < 0)

    def test_nor_while_the_last_steps_after_a_stop_or_the_first_of_a_start_are_made(self):
        for request, after_ms in (("stop", 0), ("stop", 900), ("pause", 500), ("start", 100)):
            bench = self.running()
            bench.run_s(3)
            getattr(bench.controller, request)()
            bench.wait_ms(after_ms)
            again = bench.after_power_cut()
            left_nl = ratio.subtract((9000000, 1), ratio.scale(STEP_NL, again.made()))
            self.assertTrue(ratio.compare(status(again, "reservoir_nl"), left_nl) <= 0)

    def test_nor_when_power_fails_before_a_start_or_a_prime_is_journalled(self):
        for request, args in (("start", ()), ("prime", ((100000, 1),))):
            bench = self.programmed()

            def no_power(sector, offset, data, bench=bench):
                if bench.controller.feeder.is_running:
                    # Steps are made while the flash is busy.
                    bench.wait_ms(800)
                    raise NoPower
                RamSectors.program(bench.sectors, sector, offset, data)

            bench.sectors.program = no_power
            with self.assertRaises(NoPower):
                getattr(bench.controller, request)(*args)
            del bench.sectors.program
            self.assertGreater(bench.made(), 10)
            again = bench.after_power_cut()
            left_nl = ratio.subtract((9000000, 1), ratio.scale(STEP_NL, again.made()))
            self.assertTrue(ratio.compare(status(again, "reservoir_nl"), left_nl) <= 0)

    def test_a_pump_at_rest_has_the_same_book_however_often_it_is_switched_off(self):
        bench = self.running()
        bench.run_s(3)
        bench.controller.stop()
        bench.run_s(3)
        delivered_nl = ratio.scale(STEP_NL, bench.made())
        for _ in range(3):
            bench = bench.after_power_cut()
            self.assertEqual(status(bench, "delivered_nl"), delivered_nl)
            left_nl = ratio.subtract((9000000, 1), delivered_nl)
            self.assertEqual(status(bench, "reservoir_nl"), left_nl)
            bench.run_s(2)

    def test_a_bolus_is_not_delivered_again_whatever_the_host_asks(self):
        """Hazards: H13."""
        bench = self.running()
        bench.controller.bolus((100000, 1), 60, request_id="0badcafe")
        bench.run_s(2)
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.delivery.boluses, [])
        self.assertEqual(bench.controller.outcome_of("0badcafe"), "done")
        self.assertIn("bolus_cancelled", active(bench))

    def test_a_bolus_that_was_whole_is_not_said_to_be_cancelled(self):
        bench = self.running()
        bench.controller.bolus((10000, 1), 10, request_id="0badcafe")
        bench.run_s(15)
        bench = bench.after_power_cut()
        self.assertEqual(active(bench), ["interrupted"])

    def test_states_that_do_not_deliver_are_found_again(self):
        for state, calls in (
            (moves.STOPPED, ("start", "stop")),
            (moves.STOPPED, ()),
            (moves.PAUSED, ("start", "pause")),
            (moves.MINIMUM, ("start", "minimum")),
            (moves.RUNNING, ("start", "pause", "resume")),
        ):
            bench = self.programmed()
            for call in calls:
                getattr(bench.controller, call)()
                bench.run_s(2)
            self.assertEqual(bench.after_power_cut().controller.state, state)

    def test_what_was_journalled_after_the_last_checkpoint_counts(self):
        for kind, values, state in (
            (records.PAUSED, ("0badcafe",), moves.PAUSED),
            (records.STOPPED, ("0badcafe", "asked"), moves.STOPPED),
            (records.STOPPED, ("00000000", "fault"), moves.HALTED),
            (records.MINIMUM_RATE, ("0badcafe",), moves.MINIMUM),
        ):
            bench = self.running()
            bench.controller.recorder.event(kind, *values)
            self.assertEqual(bench.after_power_cut().controller.state, state)
        bench = self.programmed()
        bench.controller.recorder.event(records.REFILL, "0badcafe", (5000000, 1), (9000000, 1))
        self.assertEqual(status(bench.after_power_cut(), "reservoir_nl"), (5000000, 1))

    def test_a_pump_that_was_empty_or_halted_stays_so(self):
        bench = self.running(FAST, 210000)
        bench.run_s(5)
        self.assertEqual(bench.controller.state, moves.EMPTY)
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.state, moves.EMPTY)
        bench = self.running()
        bench.controller.halt("test")
        self.assertEqual(bench.after_power_cut().controller.state, moves.HALTED)

    def test_an_empty_pump_that_was_refilled_is_paused(self):
        bench = self.running(FAST, 210000)
        bench.run_s(5)
        bench.controller.refill((9000000, 1))
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.state, moves.PAUSED)
        self.assertEqual(status(bench, "reservoir_nl"), (9000000, 1))

    def test_weeks_of_changes_by_the_schedule_hide_neither_state_nor_book(self):
        bench = self.running()
        bench.run_s(2)
        for _ in range(450):
            bench.controller.recorder.event(records.RATE_CHANGED, (18000000, 1))
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.state, moves.RUNNING)

    def test_what_was_primed_and_delivered_is_known_over_several_cuts(self):
        bench = self.programmed()
        bench.controller.prime((50000, 1))
        bench.run_s(8)
        primed_nl = status(bench, "primed_nl")
        self.assertEqual(primed_nl, ratio.scale(STEP_NL, bench.made()))
        for _ in range(2):
            bench.controller.start()
            bench.run_s(4)
            bench.controller.stop()
            bench.run_s(3)
            delivered_nl = status(bench, "delivered_nl")
            bench = bench.after_power_cut()
            self.assertEqual(status(bench, "primed_nl"), primed_nl)
            self.assertEqual(status(bench, "delivered_nl"), delivered_nl)

    def test_a_prime_is_not_gone_on_with_and_counts_as_used(self):
        bench = self.programmed()
        bench.controller.prime((1000000, 1))
        bench.run_s(5)
        bench = bench.after_power_cut()
        self.assertEqual(bench.controller.state, moves.STOPPED)
        left_nl = ratio.subtract((9000000, 1), ratio.scale(STEP_NL, bench.made()))
        self.assertTrue(ratio.compare(status(bench, "reservoir_nl"), left_nl) <= 0)

    def test_while_the_clock_is_unknown_a_schedule_runs_at_its_lowest_rate(self):
        programme = fast_programme(
            days=(((0, (18000000, 1)), (12 * HOUR_S, (9000000, 1))),),
            boluses=((30, EVERY_DAY, (100000, 1), 60),),
        )
        bench = self.running(programme)
        bench.run_s(10)
        bench = bench.after_power_cut()
        self.assertEqual(status(bench, "rate_nl_per_h"), (9000000, 1))
        bench.controller.set_clock(MONDAY_S + DAY_S + 60)
        bench.run_s(3)
        self.assertEqual(status(bench, "rate_nl_per_h"), (18000000, 1))
        self.assertNotIn("clock_lost", active(bench))

    def test_a_scheduled_bolus_of_a_time_that_the_clock_shows_again_is_not_given_again(self):
        """Hazards: H13."""
        bench = self.running(fast_programme(boluses=((30, EVERY_DAY, (20000, 1), 10),)))
        bench.run_s(60)
        bench.controller.set_clock(MONDAY_S + 5)
        bench.run_s(5)
        bench = bench.after_power_cut()
        bench.controller.set_clock(MONDAY_S + 20)
        bench.run_s(60)
        self.assertEqual(len(logged(bench, "bolus_started")), 1)
        bench.controller.set_clock(MONDAY_S + DAY_S + 20)
        bench.run_s(20)
        self.assertEqual(len(logged(bench, "bolus_started")), 2)

    def test_what_was_delivered_since_the_refill_is_known_to_the_last_checkpoint(self):
        bench = self.running()
        bench.run_s(66)
        bench = bench.after_power_cut()
        delivered_nl = status(bench, "delivered_nl")
        made_nl = ratio.scale(STEP_NL, bench.made())
        self.assertTrue(ratio.compare(delivered_nl, made_nl) <= 0)
        # A checkpoint comes each minute.
        short_nl = ratio.subtract(made_nl, delivered_nl)
        self.assertTrue(ratio.compare(short_nl, (18000000 * 65 // HOUR_S, 1)) < 0)

    def test_a_pump_that_never_had_a_programme_has_none(self):
        """Hazards: H8."""
        bench = BenchPump().after_power_cut()
        self.assertEqual(bench.controller.state, moves.UNPROGRAMMED)
        self.assertEqual(active(bench), [])


class DamageTest(Case):
    def damaged(self, bench):
        """The flash of the settings overwritten."""
        for sector in range(12, 20):
            bench.sectors.data[sector][:] = bytes(len(bench.sectors.data[sector]))

    def test_a_damaged_programme_is_a_named_alarm_and_nothing_is_delivered(self):
        bench = self.running()
        bench.run_s(5)
        self.damaged(bench)
        for again in (bench.after_power_cut(), bench.after_soft_reset()):
            self.assertEqual(again.controller.state, moves.UNPROGRAMMED)
            self.assertIn("programme_damaged", active(again))
            made = again.made()
            again.run_s(10)
            self.assertEqual(again.made(), made)
            self.assertEqual(again.controller.programme_text, "")

    def test_the_steps_made_are_known_all_the_same(self):
        bench = self.running()
        bench.run_s(5)
        self.damaged(bench)
        again = bench.after_soft_reset()
        self.assertEqual(status(again, "stepped"), again.made())

    def test_an_older_programme_does_not_pass_for_the_one_confirmed_last(self):
        """Hazards: H20."""
        bench = self.programmed()
        text = proposed(bench, fast_programme(name="Second"))
        first = [bytearray(sector) for sector in bench.sectors.data]
        bench.controller.confirm(digest(text))
        for sector in range(12, 20):
            bench.sectors.data[sector][:] = first[sector]
        again = bench.after_power_cut()
        self.assertEqual(again.controller.state, moves.UNPROGRAMMED)
        self.assertIn("programme_damaged", active(again))

    def test_a_new_programme_ends_the_alarm_and_runs(self):
        bench = self.running()
        bench.run_s(5)
        self.damaged(bench)
        again = bench.after_power_cut()
        again.run_s(1)
        again.programme(FAST)
        again.controller.acknowledge("programme_damaged")
        again.controller.start()
        made = again.made()
        again.run_s(5)
        self.assertGreater(again.made(), made + 100)
        self.assertNotIn("programme_damaged", active(again))

    def test_journals_that_are_lost_leave_the_programme_and_stop_the_pump(self):
        bench = self.running()
        bench.run_s(5)
        for sector in range(12):
            bench.sectors.data[sector][:] = b"\xff" * len(bench.sectors.data[sector])
        again = bench.after_power_cut()
        self.assertEqual(again.controller.state, moves.STOPPED)
        self.assertEqual(again.controller.programme_text, canonical_text(FAST))
        # Nothing is known of the reservoir: it has to be told before a start.
        self.assertEqual(status(again, "reservoir_nl"), (0, 1))
        self.assertEqual(active(again), ["ledger_uncertain"])
        again.controller.refill((5000000, 1))
        again.controller.acknowledge("ledger_uncertain")
        again.controller.set_clock(MONDAY_S)
        again.controller.start()
        again.run_s(3)
        self.assertEqual(active(again), [])

    def test_a_new_board_that_held_other_data_has_no_alarm(self):
        sectors = RamSectors(40)
        for data in sectors.data:
            data[:] = bytes(range(256)) * (len(data) // 256)
        bench = BenchPump(sectors)
        bench.run_s(3)
        self.assertEqual(active(bench), [])
        self.assertEqual(bench.controller.state, moves.UNPROGRAMMED)
        bench.programme(FAST)
        bench.controller.start()
        bench.run_s(3)
        self.assertEqual(active(bench.after_power_cut()), ["interrupted"])

    def test_damage_under_a_running_pump_is_told_and_delivery_goes_on(self):
        """Hazards: H9."""
        bench = self.running()
        bench.run_s(5)
        data = bench.sectors.data[0]
        data[60] ^= 0x40
        made = bench.made()
        # A sector a minute, four in each of three rings.
        for _ in range(13):
            bench.run_s(60)
        self.assertIn("journal_damaged", active(bench))
        self.assertNotIn("ledger_uncertain", active(bench))
        expected = steps_of((18000000, 1), 13 * 60 * TICKS_PER_S)
        self.assertTrue(0 <= bench.made() - made - expected <= 1)

    def test_a_damaged_ledger_is_uncertain_and_told_so(self):
        bench = self.running()
        bench.run_s(5)
        for sector in range(8, 12):
            bench.sectors.data[sector][300:340] = bytes(40)
        again = bench.after_power_cut()
        again.run_s(1)
        self.assertIn("ledger_uncertain", active(again))
        self.assertIn("journal_damaged", active(again))

    def test_another_boards_storage_is_named_and_not_used(self):
        bench = self.running()
        bench.run_s(5)
        again = BenchPump(bench.sectors, board_id=b"another1")
        again.run_s(1)
        self.assertEqual(active(again), ["ledger_uncertain", "other_board"])
        self.assertEqual(again.controller.state, moves.UNPROGRAMMED)
        self.assertEqual(logged(again, "programme_confirmed"), [])
        # Taken into use here, it is this board's.
        again.programme(FAST)
        again.controller.acknowledge("all")
        again.controller.start()
        again.run_s(3)
        self.assertEqual(active(again), [])


if __name__ == "__main__":
    unittest.main()
