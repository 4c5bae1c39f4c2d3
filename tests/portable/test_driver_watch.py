"""What is made of a motor driver that can be asked: its count, its faults, its silence."""

import unittest

from bench_case import Case, active, fast_programme, logged, status
from bench_driver import BenchDriver
from pump.core import moves
from pump.core.driver_watch import DriverWatch
from pump.core.errors import NotNow

# 0.9 mL/h: 2.42 steps a second, so that minutes are quick to work out.
SLOW = {"days": (((0, (900000, 1)),),), "minimum_rate_nl_per_h": (900000, 1)}
SLOWER = fast_programme(**SLOW)
LOOK_S = 20
CONFIRMED_S = 2 * LOOK_S + 4


class DriverCase(Case):
    def run_s(self, bench, seconds):
        """Time in which the pump looks after itself every 2 s, as it does on the board."""
        for _ in range(-(-seconds // 2)):
            bench.wait_ms(2000)
            bench.serve()

    def with_driver(self, bench, answers=True):
        driver = BenchDriver(bench.generator)
        driver.answers = answers
        bench.controller.driver = DriverWatch(bench.controller, driver, driver.find())
        return driver

    def delivering(self, programme=SLOWER, answers=True):
        bench = self.programmed(programme)
        driver = self.with_driver(bench, answers)
        bench.controller.start()
        return bench, driver

    def faults(self, bench):
        return [record.fields() for record in bench.controller.recorder.faults.records()]


class CountTest(DriverCase):
    def test_a_driver_that_counts_every_step_is_content_whichever_way_it_counts(self):
        """Hazards: H1, H4, H27."""
        for falls in (False, True):
            bench, driver = self.delivering()
            driver.falls = falls
            bench.controller.driver.forget_place()
            self.run_s(bench, 90)
            self.assertTrue(bench.made() > 3 * 64)
            bench.controller.pause()
            self.run_s(bench, 10)
            bench.controller.resume()
            self.run_s(bench, 50)
            self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, []))

    def test_steps_that_never_reached_the_driver_stop_the_pump(self):
        """Hazards: H4, H27."""
        for missed in (2, 61):
            bench, driver = self.delivering()
            self.run_s(bench, 30)
            driver.missed = missed
            self.run_s(bench, CONFIRMED_S)
            self.assertEqual(bench.controller.state, moves.HALTED)
            self.assertEqual(active(bench), ["step_mismatch"])
            (fault,) = self.faults(bench)
            self.assertEqual(fault["code"], "step_mismatch")
            self.assertTrue(fault["detail"].endswith("the driver missed " + str(missed)), fault)
            made = bench.made()
            self.run_s(bench, 10)
            self.assertEqual(bench.made(), made)

    def test_what_it_missed_adds_up_from_look_to_look(self):
        """One step is within what it may be behind; one in each of two looks is not."""
        bench, driver = self.delivering()
        self.run_s(bench, 30)
        driver.missed = 1
        self.run_s(bench, 60)
        self.assertEqual(active(bench), [])
        driver.missed = 2
        self.run_s(bench, CONFIRMED_S)
        self.assertEqual(active(bench), ["step_mismatch"])

    def test_a_step_missed_at_the_end_is_told_at_rest(self):
        bench, driver = self.delivering()
        self.run_s(bench, 30)
        driver.missed = 2
        bench.controller.stop()
        self.run_s(bench, 10)
        self.assertEqual((bench.controller.state, active(bench)), (moves.HALTED, ["step_mismatch"]))

    def test_one_wrong_reading_is_not_taken_for_steps_that_are_missing(self):
        bench, driver = self.delivering()
        self.run_s(bench, 21)
        driver.missed = 9
        self.run_s(bench, 20)
        driver.missed = 0
        self.run_s(bench, 60)
        self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, []))

    def test_others_may_move_the_motor_at_rest(self):
        bench, driver = self.delivering()
        self.run_s(bench, 30)
        bench.controller.stop()
        self.run_s(bench, 10)
        driver.missed = 17
        self.run_s(bench, 64)
        bench.controller.start()
        self.run_s(bench, 60)
        self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, []))

    def test_it_is_asked_three_things_every_20_s_and_nothing_in_between(self):
        bench, driver = self.delivering()
        self.run_s(bench, 5)
        before = driver.asked
        self.run_s(bench, 100)
        self.assertEqual(driver.asked - before, 3 * 100 // LOOK_S)


class FaultTest(DriverCase):
    def test_a_short_stops_the_pump_and_it_starts_again_when_that_is_mended(self):
        """Hazards: H2, H4, H27."""
        bench, driver = self.delivering()
        self.run_s(bench, 5)
        driver.status = 1 << 2
        driver.gstat = 2
        self.run_s(bench, LOOK_S)
        pump = bench.controller
        self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["driver_fault"]))
        (fault,) = self.faults(bench)
        self.assertEqual(
            fault, {"code": "driver_fault", "detail": "driver: short to ground, coil A"}
        )
        pump.stop()
        pump.acknowledge("all")
        self.assertRaises(NotNow, pump.start)
        driver.status = driver.gstat = 0
        self.run_s(bench, 5)
        self.assertEqual(active(bench), [])
        pump.start()
        self.run_s(bench, 30)
        self.assertEqual((pump.state, active(bench)), (moves.RUNNING, []))

    def test_a_driver_above_120_degrees_finishes_its_stroke_and_one_that_is_off_stops_at_once(self):
        """Hazards: H2, H27."""
        for status_bits, detail in (
            (1, "driver: hot, above 120 C"),
            (3, "driver: hot, above 120 C, too hot, outputs off"),
        ):
            bench, driver = self.delivering()
            self.run_s(bench, 5)
            driver.status = status_bits
            self.run_s(bench, LOOK_S)
            self.assertEqual(
                (bench.controller.state, active(bench)), (moves.HALTED, ["over_temperature"])
            )
            (fault,) = self.faults(bench)
            self.assertEqual(fault, {"code": "over_temperature", "detail": detail})
            bench.controller.acknowledge("all")
            self.assertEqual(active(bench), ["over_temperature"])
            # Cool again, with the flag of the error still set.
            driver.status = 0
            driver.gstat = 2
            self.run_s(bench, 5)
            self.assertEqual(active(bench), [])

    def test_an_error_that_has_gone_before_it_was_asked_is_told_all_the_same(self):
        bench, driver = self.delivering()
        self.run_s(bench, 5)
        driver.gstat = 2
        self.run_s(bench, LOOK_S)
        self.assertEqual((bench.controller.state, active(bench)), (moves.HALTED, ["driver_fault"]))

    def test_a_pulse_on_diag_is_a_stall_where_a_stall_can_be_told(self):
        """Hazards: H4, H27."""
        bench, driver = self.delivering()
        self.run_s(bench, 3)
        pump = bench.controller
        pump.driver.diag()
        # Two steps a second: nothing that StallGuard could read.
        self.assertEqual((pump.state, active(bench)), (moves.RUNNING, []))
        driver.step_clocks = 234
        self.run_s(bench, 1)
        pump.driver.diag()
        self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["stall"]))
        (fault,) = self.faults(bench)
        self.assertEqual(fault, {"code": "stall", "detail": "the driver saw the motor stall"})
        pump.stop()
        self.run_s(bench, 2)
        pump.acknowledge("all")
        self.assertEqual(active(bench), [])
        pump.start()

    def test_a_fault_right_after_the_start_is_asked_for_again_within_5_s(self):
        bench = self.programmed(SLOWER)
        driver = self.with_driver(bench)
        self.run_s(bench, 5)
        bench.controller.start()
        driver.status = 1 << 3
        bench.controller.driver.diag()
        self.assertEqual((bench.controller.state, active(bench)), (moves.HALTED, ["driver_fault"]))
        driver.status = 0
        self.run_s(bench, 5)
        bench.controller.acknowledge("all")
        self.assertEqual(active(bench), [])

    def test_diag_of_a_driver_that_cannot_be_asked_stops_the_pump(self):
        bench, _ = self.delivering(answers=False)
        self.run_s(bench, 3)
        bench.controller.driver.diag()
        self.assertEqual((bench.controller.state, active(bench)), (moves.HALTED, ["driver_fault"]))


class SilenceTest(DriverCase):
    def test_a_driver_that_was_never_heard_is_stepped_and_no_alarm(self):
        bench, _ = self.delivering(answers=False)
        self.run_s(bench, 70)
        self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, []))
        self.assertEqual(status(bench, "driver"), "step/dir")
        self.assertEqual(logged(bench, "driver"), [{"what": "step/dir"}])

    def test_a_driver_that_comes_later_is_set_up_then(self):
        bench, driver = self.delivering(answers=False)
        self.run_s(bench, 5)
        driver.answers = True
        driver.gstat = 1
        self.run_s(bench, 62)
        self.assertEqual(driver.set_ups, [16])
        self.assertEqual(status(bench, "driver"), "TMC2209")
        self.assertEqual(logged(bench, "driver")[-1], {"what": "TMC2209"})

    def test_one_that_falls_silent_is_told_within_26_s_and_delivery_goes_on(self):
        """Hazards: H3, H27."""
        bench, driver = self.delivering()
        self.run_s(bench, 5)
        driver.answers = False
        self.run_s(bench, LOOK_S + 6)
        self.assertEqual(
            (bench.controller.state, active(bench)), (moves.RUNNING, ["driver_silent"])
        )
        self.assertEqual(status(bench, "driver"), "TMC2209 silent")
        self.assertEqual([fault["code"] for fault in self.faults(bench)], ["driver_silent"])
        driver.answers = True
        self.run_s(bench, LOOK_S + 2)
        self.assertEqual((status(bench, "driver"), active(bench)), ("TMC2209", []))

    def test_one_unheard_question_is_no_silence(self):
        bench, driver = self.delivering()
        self.run_s(bench, LOOK_S - 2)
        driver.answers = False
        self.run_s(bench, 4)
        driver.answers = True
        self.run_s(bench, 60)
        self.assertEqual((status(bench, "driver"), active(bench)), ("TMC2209", []))

    def test_one_that_was_reset_is_set_up_again_and_told(self):
        """Hazards: H4, H27."""
        bench, driver = self.delivering()
        self.run_s(bench, 5)
        driver.gstat = 1
        driver.missed = 7
        self.run_s(bench, LOOK_S)
        self.assertEqual(driver.set_ups, [16, 16])
        self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, ["driver_reset"]))
        self.assertEqual([fault["code"] for fault in self.faults(bench)], ["driver_reset"])
        self.assertEqual(
            logged(bench, "driver")[-1], {"what": "the driver was reset and set up again"}
        )
        self.run_s(bench, 46)
        self.assertEqual(active(bench), ["driver_reset"])

    def test_one_that_was_reset_at_rest_is_set_up_at_the_start_without_an_alarm(self):
        bench = self.programmed(SLOWER)
        driver = self.with_driver(bench)
        self.run_s(bench, 5)
        driver.gstat = 1
        bench.controller.start()
        self.assertEqual(driver.set_ups, [16, 16])
        self.run_s(bench, 30)
        self.assertEqual(active(bench), [])


class MicrostepTest(DriverCase):
    FINER = fast_programme(microsteps=32, **SLOW)

    def test_the_driver_is_set_to_the_microsteps_of_the_programme_at_the_start(self):
        """Hazards: H1, H27."""
        bench, driver = self.delivering(self.FINER)
        self.assertEqual(driver.set_ups, [16, 32])
        self.run_s(bench, 46)
        self.assertEqual((bench.controller.state, active(bench)), (moves.RUNNING, []))

    def test_microsteps_that_nobody_can_set_are_refused(self):
        """Hazards: H1, H27."""
        bench = self.programmed(self.FINER)
        self.with_driver(bench, answers=False)
        sentence = self.refused(bench, NotNow, bench.controller.start)
        self.assertTrue("1/32" in sentence and "1/16" in sentence, sentence)
        self.assertEqual(bench.made(), 0)

    def test_a_reset_that_brought_other_microsteps_stops_the_pump(self):
        """Hazards: H1, H27."""
        bench, driver = self.delivering(self.FINER)
        self.run_s(bench, 5)
        driver.gstat = 1
        self.run_s(bench, LOOK_S)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertTrue("driver_fault" in active(bench))
        self.assertEqual(driver.set_ups, [16, 32, 32])

    def test_silence_with_microsteps_that_a_reset_would_change_stops_the_pump(self):
        bench, driver = self.delivering(self.FINER)
        self.run_s(bench, 5)
        driver.answers = False
        self.run_s(bench, LOOK_S + 6)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertEqual(active(bench), ["driver_fault", "driver_silent"])

    def test_a_driver_that_is_heard_again_with_other_microsteps_stops_the_pump(self):
        """Hazards: H1, H27."""
        bench, driver = self.delivering(answers=False)
        self.run_s(bench, 5)
        driver.microsteps = 64
        driver.answers = True
        self.run_s(bench, 62)
        self.assertEqual((bench.controller.state, active(bench)), (moves.HALTED, ["driver_fault"]))
        (fault,) = self.faults(bench)
        self.assertEqual(fault["detail"], "the driver was found making 1/64")

    def test_microsteps_are_not_changed_while_it_delivers_even_at_the_same_volume(self):
        bench, _ = self.delivering()
        same_volume = fast_programme(microsteps=32, gear=(1, 2), **SLOW)
        self.assertEqual(same_volume.microstep_nl(), SLOWER.microstep_nl())
        with self.assertRaises(NotNow):
            bench.programme(same_volume, None)

    def test_after_a_power_cut_a_driver_that_cannot_be_set_keeps_the_pump_stopped(self):
        """Hazards: H1, H8, H27."""
        bench, _ = self.delivering(self.FINER)
        self.run_s(bench, 65)

        def silent(controller):
            driver = BenchDriver(controller.generator)
            driver.answers = False
            controller.driver = DriverWatch(controller, driver, False)

        again = bench.after_power_cut(before=silent)
        self.assertEqual(again.controller.state, moves.HALTED)
        self.assertTrue("driver_fault" in active(again))
        again.run_s(30)
        self.assertEqual(again.generator.made, 0)


if __name__ == "__main__":
    unittest.main()
