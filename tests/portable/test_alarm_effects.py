"""What active alarms do to delivery, and that nobody gets past one that stops it."""

import unittest

from bench_case import FAST, Case, active, fast_programme, logged
from pump.core import moves
from pump.core.alarms import (
    ALARMS,
    EFFECT,
    FINISH_STROKE,
    GOES,
    KEEP,
    LATCHING,
    MINIMUM_RATE,
    STOP_NOW,
)
from pump.core.errors import NotNow

# 18 mL/h of 103.2 nL a step.
STEPS_PER_S = 48


def codes_with(effect):
    return [code for code, row in ALARMS.items() if row[EFFECT] == effect]


class EffectsTest(Case):
    def raised(self, code, programme=FAST):
        """A running pump with a bolus, on which an alarm comes up."""
        bench = self.running(programme)
        pump = bench.controller
        bench.run_s(2)
        pump.bolus((10000, 1), 60)
        bench.run_s(2)
        pump.awaits_person = code == "long_interruption"
        pump.active_alarms.raise_alarm(code, bench.clock.uptime_s())
        return bench

    def test_stop_at_once_makes_no_step_more(self):
        """Hazards: H1, H2."""
        for code in codes_with(STOP_NOW):
            with self.subTest(code=code):
                bench = self.raised(code)
                made = bench.made()
                bench.serve()
                self.assertEqual(bench.controller.state, moves.HALTED)
                bench.run_s(5)
                self.assertEqual(bench.made(), made)
                self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)

    def test_finish_stroke_makes_what_cannot_be_taken_back_and_stops(self):
        """Hazards: H2."""
        for code in codes_with(FINISH_STROKE):
            with self.subTest(code=code):
                bench = self.raised(code)
                made = bench.made()
                bench.serve()
                self.assertEqual(bench.controller.state, moves.HALTED)
                bench.run_s(2)
                after = bench.made()
                # What the hardware has fetched: less than 2 s, of basal rate and bolus.
                self.assertTrue(0 < after - made <= 2 * (STEPS_PER_S + 3))
                bench.run_s(5)
                self.assertEqual(bench.made(), after)
                self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)

    def test_a_prime_is_stopped_and_all_its_steps_count_as_primed(self):
        bench = self.programmed()
        pump = bench.controller
        pump.prime((1000000, 1))
        bench.run_s(2)
        pump.active_alarms.raise_alarm("supply_depleted", bench.clock.uptime_s())
        bench.run_s(5)
        self.assertEqual(pump.state, moves.HALTED)
        self.assertEqual(pump.ledger.delivered_nl(bench.made()), (0, 1))

    def test_minimum_rate_goes_on_at_the_programmes_minimum_without_boluses(self):
        """Hazards: H3."""
        self.assertEqual(codes_with(MINIMUM_RATE), ["long_interruption"])
        bench = self.raised("long_interruption")
        bench.serve()
        self.assertEqual(bench.controller.state, moves.MINIMUM)
        bench.run_s(2)
        made = bench.made()
        bench.run_s(10)
        # 3.6 mL/h.
        self.assertTrue(96 <= bench.made() - made <= 98)
        self.assertEqual(len(logged(bench, "bolus_cancelled")), 1)

    def test_minimum_rate_stops_where_the_programme_has_none(self):
        bench = self.raised("long_interruption", fast_programme(minimum_rate_nl_per_h=(0, 1)))
        bench.serve()
        self.assertEqual(bench.controller.state, moves.HALTED)

    def test_all_others_leave_delivery_alone(self):
        """Hazards: H3."""
        for code in codes_with(KEEP):
            with self.subTest(code=code):
                bench = self.raised(code)
                made = bench.made()
                bench.run_s(5)
                self.assertEqual(bench.controller.state, moves.RUNNING)
                self.assertTrue(bench.made() - made >= 5 * STEPS_PER_S)

    def test_nothing_starts_before_a_latched_alarm_that_stops_was_acknowledged(self):
        """Hazards: H2, H17."""
        for code in codes_with(STOP_NOW) + codes_with(FINISH_STROKE):
            if ALARMS[code][LATCHING] == GOES:
                continue
            with self.subTest(code=code):
                bench = self.programmed()
                pump = bench.controller
                pump.active_alarms.raise_event(code, bench.clock.uptime_s())
                sentence = self.refused(bench, NotNow, pump.start)
                self.assertIn(code, sentence)
                self.assertIn("acknowledge", sentence)
                self.refused(bench, NotNow, pump.minimum)
                self.refused(bench, NotNow, pump.prime, (1000000, 1))
                pump.acknowledge(code)
                pump.start()
                bench.run_s(3)
                self.assertEqual(pump.state, moves.RUNNING)

    def test_acknowledged_alone_lets_nothing_start_while_the_cause_is_there(self):
        bench = self.programmed()
        pump = bench.controller
        pump.active_alarms.raise_alarm("memory_damaged", bench.clock.uptime_s())
        pump.acknowledge("memory_damaged")
        sentence = self.refused(bench, NotNow, pump.start)
        self.assertIn("still there", sentence)

    def test_no_bolus_is_given_while_an_alarm_of_high_priority_is_active(self):
        bench = self.running()
        pump = bench.controller
        pump.active_alarms.raise_event("step_generator_starved", bench.clock.uptime_s())
        sentence = self.refused(bench, NotNow, pump.bolus, (10000, 1), 60)
        self.assertIn("step_generator_starved", sentence)
        pump.acknowledge("step_generator_starved")
        pump.bolus((10000, 1), 60)

    def test_a_low_reservoir_keeps_no_bolus_back(self):
        bench = self.running(FAST, 900000)
        bench.run_s(2)
        self.assertEqual(active(bench), ["low_reservoir"])
        bench.controller.bolus((10000, 1), 60)


class ThriceTest(Case):
    def test_a_fault_that_comes_three_times_in_ten_minutes_stops_until_a_person_has_looked(self):
        """Hazards: H17."""
        bench = self.running()
        pump = bench.controller
        real = bench.generator.witnessed
        for count in (1, 2, 3):
            base = real
            lost = 2 * count
            bench.generator.witnessed = lambda base=base, lost=lost: base() - lost
            bench.run_s(3)
            self.assertEqual(pump.state, moves.HALTED)
            pump.acknowledge("step_mismatch")
            pump.stop()
            bench.run_s(1)
            if count < 3:
                pump.start()
                bench.run_s(60)
        self.assertEqual(active(bench), ["same_fault_thrice"])
        sentence = self.refused(bench, NotNow, pump.start)
        self.assertIn("same_fault_thrice", sentence)
        pump.acknowledge("same_fault_thrice")
        pump.start()
        bench.run_s(3)
        self.assertEqual(pump.state, moves.RUNNING)


if __name__ == "__main__":
    unittest.main()
