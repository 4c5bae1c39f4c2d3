"""Home, jog, load and unload: what the drive does, and that the book of doses never knows of it."""

import unittest

from bench_case import FAST, STEP_NL, Case, active, logged, status
from bench_drive import BACKLASH_STEPS, Drive
from pump.core import moves, ratio
from pump.core.errors import NotNow, OutOfRange

# The bench's drive: a lead of 2 mm, 3200 microsteps a turn, 1.6 a micrometre. Its travel is 61 mm,
# and a full syringe's plunger is 5 mm from home.
STEPS_PER_MM = 1600
LOOK_MS = 50
MM = ("length", (1000, 1))


def millimetres(count):
    return ("length", (1000 * count, 1))


class MovesCase(Case):
    def at_rest(self, home_at=None, end_at=None, syringe=True):
        bench = self.programmed()
        return bench, Drive(bench, home_at, end_at, syringe)

    def homed(self):
        bench, drive = self.at_rest(home_at=-4000)
        bench.controller.home("off")
        self.run_out(bench)
        return bench, drive

    def run_out(self, bench, look_ms=LOOK_MS):
        """Look after the pump until the move has ended, a minute at most."""
        for _ in range(60000 // look_ms):
            bench.wait_ms(look_ms)
            bench.serve()
            if bench.controller.state != moves.MOVING:
                return
        self.fail("the move did not end")


class JogTest(MovesCase):
    """Hazards: H31."""

    def test_a_jog_makes_its_steps_in_the_direction_that_was_asked_for(self):
        bench, drive = self.at_rest()
        answer = dict(bench.controller.jog(millimetres(2), "infuse", "off"))
        self.assertEqual(answer["state"], moves.MOVING)
        self.run_out(bench)
        self.assertEqual(bench.controller.state, moves.STOPPED)
        self.assertEqual((drive.motor, drive.nut), (2 * STEPS_PER_MM, 2 * STEPS_PER_MM))
        bench.controller.jog(MM, "withdraw", "off")
        self.run_out(bench)
        self.assertEqual(drive.nut, STEPS_PER_MM)

    def test_after_a_way_back_the_next_step_forward_moves_the_plunger(self):
        bench, drive = self.at_rest()
        bench.controller.jog(MM, "withdraw", "off")
        self.run_out(bench)
        self.assertEqual((drive.motor, drive.nut), (-STEPS_PER_MM, -STEPS_PER_MM))
        self.assertEqual(bench.generator.back, STEPS_PER_MM + BACKLASH_STEPS)
        self.assertEqual(bench.generator.forward, BACKLASH_STEPS)

    def test_a_move_is_no_dose_and_both_counts_agree_after_it(self):
        bench, _ = self.at_rest()
        bench.controller.start()
        bench.run_s(3)
        bench.controller.stop()
        bench.run_s(3)
        keys = ("stepped", "witnessed", "asked", "delivered_nl", "primed_nl")
        before = [status(bench, key) for key in keys]
        for direction in ("infuse", "withdraw"):
            bench.controller.jog(MM, direction, "off")
            bench.wait_ms(200)
            self.assertEqual([status(bench, key) for key in keys], before)
            self.run_out(bench)
            bench.run_s(5)
            self.assertEqual([status(bench, key) for key in keys], before)
        self.assertNotIn("step_mismatch", active(bench))

    def test_after_a_move_nothing_is_delivered_until_the_syringe_is_said_to_hold_something(self):
        bench, _ = self.at_rest()
        pump = bench.controller
        pump.jog(MM, "infuse", "off")
        self.run_out(bench)
        self.assertEqual(status(bench, "reservoir_nl"), (0, 1))
        for call, args in ((pump.start, ()), (pump.prime, ((100000, 1),)), (pump.minimum, ())):
            self.assertIn("say so with refill", self.refused(bench, NotNow, call, *args))
        pump.refill((5000000, 1))
        pump.start()
        made = bench.made()
        bench.run_s(4)
        self.assertGreater(bench.made(), made)
        self.assertEqual(status(bench, "stepped"), bench.made() - STEPS_PER_MM)

    def test_a_volume_jogs_by_its_whole_microsteps(self):
        bench, drive = self.at_rest()
        bench.controller.jog(("volume", (50000, 1)), "infuse", "off")
        self.run_out(bench)
        self.assertEqual(drive.nut, ratio.floor(ratio.divide((50000, 1), STEP_NL)))

    def test_a_move_asks_for_the_line_to_be_off_unless_there_is_no_syringe(self):
        bench, drive = self.at_rest()
        pump = bench.controller
        for line in ("", "on"):
            sentence = self.refused(bench, NotNow, pump.jog, MM, "withdraw", line)
            self.assertIn("line=off", sentence)
        drive.syringe = False
        pump.jog(MM, "withdraw", "")
        self.assertEqual(pump.state, moves.MOVING)

    def test_moves_are_made_only_while_stopped(self):
        """Hazards: H31."""
        bench = self.running()
        Drive(bench, home_at=-4000)
        pump = bench.controller
        for call, args in (
            (pump.jog, (MM, "infuse", "off")),
            (pump.home, ("off",)),
            (pump.unload, ("off",)),
            (pump.load, ((1000000, 1), "off")),
        ):
            self.assertIn("running", self.refused(bench, NotNow, call, *args))

    def test_while_it_moves_nothing_else_is_begun(self):
        bench, _ = self.at_rest()
        pump = bench.controller
        pump.jog(MM, "infuse", "off")
        for call, args in ((pump.start, ()), (pump.jog, (MM, "infuse", "off"))):
            self.assertIn("moving", self.refused(bench, NotNow, call, *args))

    def test_where_the_position_is_not_known_a_jog_is_small(self):
        bench, _ = self.at_rest()
        sentence = self.refused(
            bench, OutOfRange, bench.controller.jog, ("length", (2001, 1)), "infuse", "off"
        )
        self.assertIn("at most 2 mm", sentence)

    def test_a_known_position_ends_with_the_travel(self):
        bench, drive = self.homed()
        pump = bench.controller
        # It rests 1 mm from home; the travel ends 5 + 61 mm from there.
        self.assertEqual(status(bench, "position_um"), (1000, 1))
        jog = pump.jog
        self.assertIn(
            "65 mm", self.refused(bench, OutOfRange, jog, millimetres(66), "infuse", "off")
        )
        self.refused(bench, OutOfRange, jog, ("length", (1001, 1)), "withdraw", "off")
        jog(millimetres(65), "infuse", "off")
        self.run_out(bench)
        self.assertEqual(status(bench, "position_um"), (66000, 1))

    def test_delivery_moves_the_position_too(self):
        bench, _ = self.homed()
        bench.controller.refill((9000000, 1))
        bench.controller.start()
        bench.run_s(10)
        bench.controller.stop()
        bench.run_s(3)
        steps = status(bench, "stepped")
        self.assertGreater(steps, 400)
        self.assertEqual(status(bench, "position_um"), ratio.ratio(1600000 + steps * 1000, 1600))


class HomeTest(MovesCase):
    def test_home_is_found_from_anywhere_and_known_to_a_few_microsteps(self):
        for home_at in (-30, -2500, -60000):
            with self.subTest(home_at=home_at):
                bench, drive = self.at_rest(home_at=home_at)
                bench.controller.home("off")
                self.run_out(bench, 10)
                self.assertEqual(bench.controller.state, moves.STOPPED)
                position = ratio.floor(ratio.multiply(status(bench, "position_um"), (16, 10)))
                # It was found going back at 1000 steps/s, and looked for every 10 ms.
                self.assertLessEqual(abs(drive.nut - home_at - position), 11)
                self.assertFalse(drive.is_at_home())

    def test_home_from_the_switch_leaves_it_first(self):
        bench, drive = self.at_rest(home_at=0)
        bench.controller.home("off")
        self.run_out(bench, 10)
        self.assertLessEqual(abs(drive.nut - STEPS_PER_MM), 11)

    def test_without_a_switch_it_is_refused(self):
        bench, _ = self.at_rest()
        for call in (bench.controller.home, bench.controller.unload):
            self.assertIn("home switch", self.refused(bench, NotNow, call, "off"))

    def test_a_switch_that_does_not_come_within_the_travel_is_told(self):
        bench, drive = self.at_rest(home_at=-10000000)
        bench.controller.home("off")
        self.run_out(bench)
        self.assertEqual(active(bench), ["move_failed"])
        # 5 + 61 mm and the backlash, and no step more.
        self.assertEqual(drive.motor, -66 * STEPS_PER_MM - BACKLASH_STEPS)
        self.assertEqual(status(bench, "position_um"), None)
        self.assertIn("did not come", logged(bench, "alarm_raised")[-1]["cause"])

    def test_a_switch_that_does_not_open_is_told(self):
        bench, drive = self.at_rest(home_at=10000000)
        bench.controller.home("off")
        self.run_out(bench)
        self.assertIn("move_failed", active(bench))
        self.assertEqual(drive.motor, STEPS_PER_MM + BACKLASH_STEPS)

    def test_the_end_switch_stops_at_once(self):
        """Hazards: H31."""
        bench, drive = self.homed()
        drive.end_at = drive.nut + 20000
        bench.controller.jog(millimetres(30), "infuse", "off")
        self.run_out(bench)
        # 20,000 steps/s, and a look every 50 ms.
        self.assertLess(drive.nut, drive.end_at + 20000 * LOOK_MS // 1000)
        self.assertIn("move_failed", active(bench))
        self.assertEqual(status(bench, "position_um"), None)

    def test_at_a_switch_a_jog_goes_only_away_from_it(self):
        bench, drive = self.at_rest(home_at=-4000, end_at=-100)
        sentence = self.refused(bench, NotNow, bench.controller.jog, MM, "infuse", "off")
        self.assertIn("empty end", sentence)
        drive.home_at, drive.end_at = 0, 4000
        sentence = self.refused(bench, NotNow, bench.controller.jog, MM, "withdraw", "off")
        self.assertIn("home switch", sentence)
        bench.controller.jog(MM, "infuse", "off")
        self.run_out(bench)
        self.assertEqual(drive.nut, STEPS_PER_MM)

    def test_unload_draws_back_and_load_goes_to_half_a_millimetre_from_the_plunger(self):
        bench, drive = self.homed()
        pump = bench.controller
        pump.load((5000000, 1), "off")
        self.run_out(bench)
        # 5 mL of 14.4 mm bore are 30.70 mm of its 61: the plunger is 5 + 61 - 30.70 mm from home.
        bore_um = FAST.bore_um
        plunger_um = 66000 - 5000000 * 4 * 1000000 // (bore_um * bore_um * 3141593 // 1000000)
        at_um = ratio.floor(status(bench, "position_um"))
        self.assertLessEqual(abs(plunger_um - 500 - at_um), 1)
        pump.unload("off")
        self.run_out(bench)
        self.assertEqual(status(bench, "position_um"), (1000, 1))
        self.refused(bench, NotNow, pump.unload, "off")
        self.assertLessEqual(abs(drive.nut + 4000 - STEPS_PER_MM), 51)

    def test_load_needs_to_know_where_it_stands_and_no_more_than_the_syringe_holds(self):
        bench, _ = self.at_rest(home_at=-4000)
        self.refused(bench, NotNow, bench.controller.load, (5000000, 1), "off")
        self.refused(bench, OutOfRange, bench.controller.load, (10000001, 1), "off")


class StopTest(MovesCase):
    def test_a_stop_goes_down_the_ramp_within_half_a_second(self):
        """Hazards: H2, H31."""
        bench, drive = self.homed()
        motor = drive.motor
        bench.controller.jog(millimetres(60), "infuse", "off")
        for _ in range(40):
            bench.wait_ms(LOOK_MS)
            bench.serve()
        asked = bench.generator.now_ticks
        bench.generator.edges = []
        bench.controller.stop()
        self.run_out(bench)
        edges = bench.generator.edges
        self.assertEqual(bench.controller.state, moves.STOPPED)
        # 20,000 steps/s go down in 0.45 s; 110 ms of words are in hand.
        self.assertLess(edges[-1] - asked, 125000000 * 6 // 10)
        intervals = [edges[i + 1] - edges[i] for i in range(len(edges) - 1)]
        at = intervals.index(min(intervals))
        self.assertEqual(intervals[at:], sorted(intervals[at:]))
        self.assertEqual(intervals[-1], 62500)
        # Every step was counted: the position is still known.
        self.assertEqual(
            status(bench, "position_um"), ratio.ratio(16000 + 10 * (drive.motor - motor), 16)
        )

    def test_a_processor_that_dies_moves_for_300_ms_more_and_no_longer(self):
        """Hazards: H2."""
        bench, _ = self.homed()
        bench.controller.jog(millimetres(60), "infuse", "off")
        for _ in range(20):
            bench.wait_ms(LOOK_MS)
            bench.serve()
        made = bench.generator.made
        bench.wait_ms(5000)
        self.assertLessEqual(bench.generator.made - made, 20000 * 310 // 1000)
        bench.serve()
        self.assertIn("move_failed", active(bench))
        self.assertEqual(bench.controller.state, moves.STOPPED)
        self.assertEqual(status(bench, "position_um"), None)

    def test_a_step_that_the_witness_did_not_see_halts_the_pump(self):
        bench, _ = self.at_rest()
        real = bench.generator.witnessed
        bench.controller.jog(MM, "infuse", "off")
        bench.wait_ms(200)
        bench.generator.witnessed = lambda: real() - 1
        self.run_out(bench)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("step_mismatch", active(bench))

    def test_the_backlash_of_a_way_back_that_was_stopped_is_taken_up_before_a_dose(self):
        bench, drive = self.homed()
        pump = bench.controller
        pump.jog(millimetres(20), "infuse", "off")
        self.run_out(bench)
        pump.jog(millimetres(10), "withdraw", "off")
        bench.wait_ms(LOOK_MS)
        bench.serve()
        pump.stop()
        self.run_out(bench)
        pump.refill((5000000, 1))
        nut = drive.nut
        pump.start()
        # Taken up, and booked as primed.
        self.assertEqual((drive.motor, drive.nut), (nut, nut))
        bench.run_s(5)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, BACKLASH_STEPS))
        delivered = status(bench, "stepped") - BACKLASH_STEPS
        self.assertEqual(status(bench, "delivered_nl"), ratio.scale(STEP_NL, delivered))
        self.assertEqual(drive.nut - nut, delivered)
        self.assertEqual(status(bench, "witnessed"), status(bench, "stepped"))
        self.assertEqual(active(bench), [])


class ResetTest(MovesCase):
    def moving(self):
        bench = self.programmed()
        bench.controller.start()
        bench.run_s(3)
        bench.controller.stop()
        bench.run_s(3)
        self.before = status(bench, "stepped"), status(bench, "delivered_nl")
        bench.controller.jog(MM, "withdraw", "off")
        bench.wait_ms(150)
        bench.serve()
        return bench

    def check_after(self, again):
        pump = again.controller
        self.assertEqual(pump.state, moves.STOPPED)
        self.assertEqual((status(again, "stepped"), status(again, "delivered_nl")), self.before)
        self.assertEqual(status(again, "witnessed"), self.before[0])
        self.assertEqual(status(again, "reservoir_nl"), (0, 1))
        self.assertEqual(status(again, "position_um"), None)
        self.refused(again, NotNow, pump.start)

    def test_a_move_that_a_reset_ends_is_no_dose(self):
        bench = self.moving()
        self.check_after(bench.after_soft_reset())
        bench = self.moving()
        self.check_after(bench.after_watchdog_reset())

    def test_a_move_that_a_power_cut_ends_is_no_dose(self):
        bench = self.moving()
        self.check_after(bench.after_power_cut())

    def test_the_position_outlives_a_soft_reset_and_no_power_cut(self):
        bench, _ = self.homed()
        again = bench.after_soft_reset()
        self.assertEqual(status(again, "position_um"), (1000, 1))
        self.assertEqual(status(bench.after_power_cut(), "position_um"), None)

    def test_backlash_that_was_not_taken_up_is_known_after_a_power_cut(self):
        bench, _ = self.at_rest()
        bench.controller.jog(millimetres(2), "withdraw", "off")
        bench.wait_ms(LOOK_MS)
        bench.serve()
        bench.controller.stop()
        self.run_out(bench)
        again = bench.after_power_cut()
        again.controller.refill((5000000, 1))
        made = again.made()
        again.controller.start()
        self.assertEqual(again.made() - made, BACKLASH_STEPS)


if __name__ == "__main__":
    unittest.main()
