"""A prime that is faster than the motor follows from rest."""

import unittest

from bench_case import STEP_NL, Case, active, fast_programme, status
from pump.core import moves, ratio
from pump.core.errors import OutOfRange
from pump.core.motion_limits import MotionLimits
from pump.core.prime_ramp import PrimeRamp

LIMITS = MotionLimits(2000, 20000, 40000, 50, 5000)
TICKS_PER_S = 125000000
LEVEL_TICKS = 3125000  # 1000 steps/s more at 40,000 steps/s2: 25 ms


def rate_of(steps_per_s):
    return ratio.scale(STEP_NL, 3600 * steps_per_s)


def pieces_of(ramp, from_ticks=0):
    """(steps a second, ticks) one after the other."""
    pieces = []
    while from_ticks < ramp.end_ticks:
        rate, until_ticks = ramp.at(from_ticks)
        per_s = ratio.divide(rate, rate_of(1))
        pieces.append((ratio.floor(per_s), until_ticks - from_ticks))
        from_ticks = until_ticks
    return pieces


def ramp_of(steps, per_s):
    ramp = PrimeRamp(ratio.scale(STEP_NL, steps), rate_of(per_s), STEP_NL, LIMITS)
    ramp.begin(0)
    return ramp


class PrimeRampTest(unittest.TestCase):
    def test_it_climbs_by_half_of_the_rate_from_rest_every_25_ms(self):
        """To 5000 steps/s: 50 + 75 + 100 steps each way; 1550 of 2000 take 0.31 s."""
        pieces = pieces_of(ramp_of(2000, 5000))
        slope = [(2000, LEVEL_TICKS), (3000, LEVEL_TICKS), (4000, LEVEL_TICKS)]
        self.assertEqual(pieces, slope + [(5000, 38750000)] + slope[::-1])

    def test_a_small_volume_climbs_less(self):
        """Twice 50 steps, and 25 at 3000 a second: twice 75 more would be too many."""
        pieces = pieces_of(ramp_of(125, 10000))
        self.assertEqual(pieces, [(2000, LEVEL_TICKS), (3000, 1041667), (2000, LEVEL_TICKS)])

    def test_a_stop_goes_down_the_levels_that_were_climbed(self):
        whole = ramp_of(20000, 10000)
        ends = 0
        for per_s, ticks in pieces_of(whole)[:-1]:
            ends += ticks
            ramp = ramp_of(20000, 10000)
            ramp.go_down_from(ends)
            down = pieces_of(ramp, ends)
            self.assertEqual(down[-1], (2000, LEVEL_TICKS))
            self.assertLessEqual(abs(down[0][0] - per_s), 1000)
            for index in range(len(down) - 1):
                self.assertEqual(down[index][0] - down[index + 1][0], 1000)


class FastPrimeTest(Case):
    """36 mL/h are 97 steps/s of the bench's drive: it primes at 10,000 a second, 3715 mL/h."""

    def primed(self, volume_nl=2000000):
        programme = fast_programme(commit_ahead_nl=600000, max_bolus_nl=(100000, 1))
        bench = self.programmed(programme)
        bench.controller.prime((volume_nl, 1), rate_of(10000))
        return bench

    def run_out(self, bench):
        for _ in range(100):
            bench.wait_ms(100)
            bench.serve()
            if bench.controller.state != moves.PRIMING:
                return
        self.fail("the prime did not end")

    def test_its_volume_is_exact_and_primed(self):
        bench = self.primed()
        self.run_out(bench)
        steps = ratio.floor(ratio.divide((2000000, 1), STEP_NL))
        self.assertEqual(bench.made(), steps)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, steps))
        self.assertEqual((status(bench, "asked"), status(bench, "witnessed")), (steps, steps))
        self.assertEqual((bench.controller.state, active(bench)), (moves.STOPPED, []))

    def test_a_stop_goes_down_the_ramp_and_books_what_was_made(self):
        bench = self.primed()
        for _ in range(10):
            bench.wait_ms(100)
            bench.serve()
        bench.generator.edges = edges = []
        self.assertEqual(dict(bench.controller.stop())["state"], moves.STOPPED)
        intervals = [edges[i + 1] - edges[i] for i in range(len(edges) - 1)]
        # 10,000 steps/s at first; 2000 at the end, and nothing after it.
        self.assertLessEqual(intervals[0], 12600)
        self.assertLessEqual(abs(intervals[-1] - 62500), 130)
        made = bench.made()
        bench.run_s(3)
        self.assertEqual(bench.made(), made)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, made))
        self.assertEqual(status(bench, "asked"), made)

    def test_a_soft_reset_ends_it_for_the_motor_starts_from_rest(self):
        bench = self.primed()
        bench.wait_ms(1000)
        bench.serve()
        bench = bench.after_soft_reset()
        self.assertEqual(bench.controller.state, moves.STOPPED)
        made = bench.made()
        bench.run_s(3)
        self.assertEqual(bench.made(), made)
        self.assertEqual(status(bench, "primed_nl"), ratio.scale(STEP_NL, made))

    def test_the_clock_may_be_set_meanwhile(self):
        bench = self.primed()
        bench.wait_ms(500)
        bench.serve()
        bench.controller.set_clock(bench.clock.now_s() + 3600)
        self.run_out(bench)
        self.assertEqual(bench.made(), ratio.floor(ratio.divide((2000000, 1), STEP_NL)))

    def test_faster_than_10000_steps_a_second_is_refused(self):
        bench = self.programmed(fast_programme(commit_ahead_nl=600000, max_bolus_nl=(100000, 1)))
        sentence = self.refused(
            bench, OutOfRange, bench.controller.prime, (100000, 1), rate_of(10001)
        )
        self.assertIn("at most 10000", sentence)


if __name__ == "__main__":
    unittest.main()
