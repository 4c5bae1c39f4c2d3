"""A programme that follows at a time, a refill, a clock that is set: what is kept of it."""

import unittest

from bench_case import FAST, STEP_NL, Case, active, fast_programme, logged, proposed, status
from bench_programme import DAY_S, HOUR_S, bench_programme
from bench_pump import MONDAY_S, BenchPump
from pump.core import moves, ratio
from pump.core.errors import OutOfRange
from pump.core.modes import Bridge, DoseWindow
from pump.core.programme import canonical_text, digest

LATER = fast_programme(name="Later", days=(((0, (9000000, 1)),),))
LATER_TEXT = canonical_text(LATER)
LATER_DIGEST = digest(LATER_TEXT)


def let_follow(bench, at_s):
    proposed(bench, LATER)
    bench.controller.confirm(LATER_DIGEST, at_s=at_s, request_id="0badcafe")


class FollowingTest(Case):
    def in_force(self, bench):
        """Later is in force, kept, told and journalled."""
        pump = bench.controller
        self.assertEqual(pump.programme_digest, LATER_DIGEST)
        self.assertEqual(pump.programme_text, LATER_TEXT)
        self.assertEqual(pump.prescription, LATER)
        self.assertIsNone(pump.delivery.following)
        confirmed = logged(bench, "programme_confirmed")
        self.assertEqual(len(confirmed), 2)
        self.assertEqual(
            confirmed[1],
            {
                "request_id": "00000000",
                "digest": LATER_DIGEST,
                "slot": confirmed[0]["slot"] + 1,
            },
        )
        self.assertEqual(
            logged(bench, "following_dropped"), [{"request_id": "00000000", "reason": "in force"}]
        )
        self.assertEqual(bench.after_power_cut().controller.programme_digest, LATER_DIGEST)

    def test_while_it_delivers_it_is_taken_at_its_second_and_kept(self):
        bench = self.running()
        bench.run_s(1)
        doses = len(logged(bench, "daily_dose"))
        let_follow(bench, MONDAY_S + 61)
        self.assertEqual(bench.controller.programme_digest, digest(canonical_text(FAST)))
        bench.run_s(65)
        self.assertEqual(len(logged(bench, "daily_dose")), doses + 1)
        # 61 s of 18 and 5 s of 9 mL/h, begun within half a second.
        asked_nl = ratio.ratio(61 * 18000000 + 5 * 9000000, 3600)
        late = ratio.floor(ratio.divide(asked_nl, STEP_NL))
        late -= bench.controller.delivery.due(bench.clock.now_ticks())[0]
        self.assertTrue(0 <= late <= 25, late)
        self.in_force(bench)

    def test_while_it_is_stopped_it_is_taken_too_and_no_dose_is_noted(self):
        bench = self.programmed()
        let_follow(bench, MONDAY_S + 61)
        bench.run_s(65)
        self.assertEqual(logged(bench, "daily_dose"), [])
        self.assertEqual(bench.made(), 0)
        self.in_force(bench)

    def test_whatever_is_confirmed_later_it_has_come_into_force_before(self):
        bench = self.programmed()
        let_follow(bench, MONDAY_S + 61)
        bench.wait_ms(62000)
        # Nobody has looked after the pump since; a change of rate is one of Later.
        bench.controller.rate((10000000, 1))
        self.assertEqual(bench.controller.prescription.name, "Later")
        names = [row["digest"] for row in logged(bench, "programme_confirmed")]
        self.assertEqual(names[1], LATER_DIGEST)


class WindowTest(Case):
    """25 uL/h, and at a time the same with 700 uL at most in any 24 h."""

    COMING = bench_programme(dose_window=DoseWindow(DAY_S, (700000, 1)))

    def with_coming(self, in_s):
        bench = self.running(bench_programme())
        bench.run_s(1)
        text = proposed(bench, self.COMING)
        bench.controller.confirm(digest(text), at_s=MONDAY_S + in_s)
        return bench

    def test_a_bolus_counts_in_the_window_of_the_programme_that_follows_within_it(self):
        bench = self.with_coming(HOUR_S)
        # 600 uL of basal in a day leave 100 uL.
        said = self.refused(bench, OutOfRange, bench.controller.bolus, (150000, 1), 600)
        self.assertIn("700 uL", said)
        bench.controller.bolus((90000, 1), 600)

    def test_a_bolus_that_will_have_left_the_window_by_then_is_taken(self):
        bench = self.with_coming(DAY_S + HOUR_S)
        bench.controller.bolus((150000, 1), 600)
        # One that lasts until an hour before it counts.
        bench = self.with_coming(DAY_S + HOUR_S)
        self.refused(bench, OutOfRange, bench.controller.bolus, (150000, 1), 2 * HOUR_S)


class FaultTest(Case):
    def test_a_motor_that_is_stopped_at_once_is_without_current(self):
        bench = self.running()
        bench.run_s(2)
        bench.controller.stop_at_once("step_mismatch", "3 steps too many")
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertFalse(bench.generator.is_energised)
        made = bench.made()
        bench.wait_ms(5000)
        self.assertEqual(bench.made(), made)
        self.assertEqual(logged(bench, "stopped")[-1]["reason"], "fault")

    def test_also_where_nothing_was_to_move(self):
        bench = BenchPump()
        bench.generator.energise(True)
        bench.controller.stop_at_once("step_mismatch", "3 steps too many")
        self.assertFalse(bench.generator.is_energised)
        self.assertEqual(bench.controller.state, moves.UNPROGRAMMED)
        (row,) = bench.controller.active_alarms.rows()
        self.assertEqual((row.code, row.cause), ("step_mismatch", "3 steps too many"))


class RefillTest(Case):
    def test_what_was_expected_is_journalled_and_never_below_nothing(self):
        bench = self.programmed()
        pump = bench.controller
        pump.refill((5000000, 1))
        # 100,000 steps of 103.2 nL are more than 5 mL.
        pump.ledger.lost_steps = 100000
        pump.refill((6000000, 1))
        expected = [row["expected_residual_nl"] for row in logged(bench, "refill")]
        self.assertEqual(expected, [ratio.ZERO, (9000000, 1), ratio.ZERO])

    def test_only_what_is_above_the_reserve_ends_the_alarm_of_an_empty_reservoir(self):
        bench = self.programmed()
        pump = bench.controller
        for volume_nl, remains in ((200000, True), (200103, True), (200104, False)):
            pump.active_alarms.raise_alarm("empty", 0, "")
            pump.active_alarms.acknowledge("empty", 0)
            pump.refill((volume_nl, 1))
            self.assertEqual("empty" in active(bench), remains)


class ClockTest(Case):
    def test_the_clock_of_a_pump_without_a_programme_can_be_set(self):
        bench = BenchPump()
        answer = dict(bench.controller.set_clock(MONDAY_S + 100))
        self.assertEqual(answer, {"clock_s": MONDAY_S + 100, "clock_known": True})
        self.assertEqual(logged(bench, "clock_set"), [{"old_s": MONDAY_S, "new_s": MONDAY_S + 100}])

    def test_an_interruption_of_exactly_what_may_be_gone_on_from_is_gone_on_from(self):
        for length_s, state in ((3600, moves.RUNNING), (3601, moves.MINIMUM)):
            bench = self.running(fast_programme(resume_within_s=3600))
            bench.run_s(5)
            bench = bench.after_power_cut()
            pump = bench.controller
            self.assertTrue(pump.awaits_person)
            pump.set_clock(bench.clock.now_s() + length_s)
            self.assertEqual(pump.state, state)
            # How long it was is told once it is known.
            told = logged(bench, "interruption")
            self.assertEqual(told[-1], {"length_s": length_s})
            self.assertFalse(pump.was_cut_off)
            # Set again, it is no other interruption.
            pump.set_clock(bench.clock.now_s() + 10)
            self.assertEqual(logged(bench, "interruption"), told)


class FirstProgrammeTest(Case):
    def test_its_bridge_is_delivered_first_and_not_again_after_a_power_cut(self):
        # 20 uL at 3.6 mL/h: 20 s, 9.69 steps/s; then 18 mL/h.
        bridged = fast_programme(bridge=Bridge((20000, 1), (3600000, 1), (500, 1)))
        bench = self.running(bridged)
        bench.run_s(10)
        self.assertTrue(90 <= bench.made() <= 100)
        bench.run_s(20)
        self.assertEqual(status(bench, "rate_nl_per_h"), (18000000, 1))
        bench = bench.after_power_cut()
        self.assertIsNone(bench.controller.delivery.bridge_end_ticks)
        self.assertEqual(bench.controller.delivery.bridge_left_nl, ratio.ZERO)


if __name__ == "__main__":
    unittest.main()
