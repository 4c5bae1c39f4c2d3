"""Words made from segments, compared with the instants that whole-number arithmetic gives.

A rate here is `parts` of 1/UNIT microstep a tick, so that what is asked for by any tick is a
whole number of parts, and step k is due when k * UNIT parts have been asked for.
"""

import unittest
from array import array
from sys import implementation

from pump.core import ratio
from pump.core.compat import heap_lock, heap_unlock
from pump.core.train import HEAD_WAIT, SLICE_TICKS, Segment, Train
from pump.core.word_ring import WORDS, WordRing

# A prime, so that no period is a whole number of ticks.
UNIT = 1000000000000000003
TICKS_PER_US = 125
TICKS_PER_MS = 125000
TICKS_PER_S = 125000000
# A word of 128 steps is made where its last one is 88 ticks late at most, counted from the first
# tick at or after its instant: less than 89, which are 0.71 us.
LATE_TICKS_MAX = 89
STEP_TICKS_MIN = 125000
WORD_TICKS_MIN = 46
PLENTY = 1000000
FAR_SLICES = 536870911


class Words:
    """A ring without an end that keeps what is put into it."""

    def __init__(self):
        self.words = []

    def put(self, head, interval):
        self.words.append((head, interval))

    def put_silences(self, count, interval):
        for _ in range(count):
            self.put(HEAD_WAIT, interval)


class Edges:
    """A ring that keeps nothing but the tick of every edge."""

    def __init__(self):
        self.time_ticks = 0
        self.found = []

    def put(self, head, interval):
        for _ in range((head >> 1) + 1):
            self.time_ticks += interval
            if not head & HEAD_WAIT:
                self.found.append(self.time_ticks)

    def put_silences(self, count, interval):
        self.time_ticks += count * interval


class Bench:
    """A Train, and the prescription that it was given in a second form."""

    def __init__(self):
        self.ring = Words()
        self.train = Train(self.ring, STEP_TICKS_MIN, WORD_TICKS_MIN)
        self.train.begin(0)
        self.time_ticks = 0
        self.parts = 0
        # (numerator, denominator) of the instant of each step, in ticks.
        self.exact = []

    def segment(self, parts_per_tick, length_ticks):
        """Give the train the next stretch of constant rate."""
        until = self.parts + parts_per_tick * length_ticks
        if parts_per_tick:
            number = self.parts // UNIT + 1
            gap = ratio.ratio(number * UNIT - self.parts, parts_per_tick)
            period = ratio.ratio(UNIT, parts_per_tick)
            while number * UNIT <= until:
                asked = number * UNIT - self.parts
                self.exact.append((self.time_ticks * parts_per_tick + asked, parts_per_tick))
                number += 1
        else:
            period = gap = None
        self.parts = until
        self.time_ticks += length_ticks
        self.train.following = Segment(period, gap, length_ticks)

    def fill(self, steps_max=PLENTY, words_max=PLENTY):
        """Let the train make all words it can, so many steps and words at a time."""
        until = self.train.slices_until(self.time_ticks) + 100
        while True:
            before = (len(self.ring.words), self.train.segment)
            self.train.fill(until, steps_max, words_max)
            if before == (len(self.ring.words), self.train.segment):
                return

    def run(self, segments, steps_max=PLENTY, words_max=PLENTY):
        for parts_per_tick, length_ticks in segments:
            self.segment(parts_per_tick, length_ticks)
            self.fill(steps_max, words_max)
        return self

    def edges(self):
        """The tick of every edge of all words."""
        found = []
        time_ticks = 0
        for head, interval in self.ring.words:
            for _ in range((head >> 1) + 1):
                time_ticks += interval
                if not head & HEAD_WAIT:
                    found.append(time_ticks)
        return found


def parts_for(period_ticks):
    """The rate with about so many ticks between steps."""
    return UNIT // period_ticks


class Numbers:
    """Whole numbers without a plan, the same ones in every interpreter."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        # Numerical Recipes' quick generator; its upper bits are the better ones.
        self._state = (1664525 * self._state + 1013904223) % 4294967296
        return (self._state >> 8) % limit


class TrainTest(unittest.TestCase):
    def check(self, bench):
        """Every edge at or after its instant, less than 89 ticks after it, none lost or added."""
        edges = bench.edges()
        self.assertEqual(len(edges), len(bench.exact))
        for edge, (numerator, denominator) in zip(edges, bench.exact):
            self.assertLessEqual(numerator, edge * denominator)
            self.assertLess((edge - LATE_TICKS_MAX) * denominator, numerator)
        self.assertEqual(bench.train.new_steps, len(edges))

    def test_an_edge_comes_at_the_first_tick_not_before_its_instant_when_words_hold_one_step(self):
        bench = Bench().run(((parts_for(SLICE_TICKS), 40 * SLICE_TICKS),))
        ceilings = [-(-numerator // denominator) for numerator, denominator in bench.exact]
        self.assertEqual(bench.edges(), ceilings)
        self.assertTrue(39 <= len(ceilings) <= 40)

    def test_2000_steps_a_second_are_less_than_89_ticks_late(self):
        bench = Bench().run(((parts_for(62500), TICKS_PER_S // 2),))
        self.assertEqual(len(bench.exact), 999)
        self.check(bench)

    def test_10000_steps_a_second_are_less_than_89_ticks_late(self):
        bench = Bench().run(((parts_for(12500), TICKS_PER_S // 10),))
        self.assertEqual(len(bench.exact), 999)
        self.check(bench)

    def test_64_steps_share_a_word_when_they_come_within_134_ms(self):
        bench = Bench().run(((parts_for(62500), TICKS_PER_S // 4),))
        counts = [(head >> 1) + 1 for head, _ in bench.ring.words]
        # The first step stands alone; then 7 words of 64 steps, and what is left of 250 ms.
        self.assertEqual(counts[:8], [1] + 7 * [64])
        self.assertLess(len(counts), 16)

    def test_128_steps_share_a_word_when_the_period_is_of_whole_ticks(self):
        bench = Bench()
        bench.train.following = Segment((62500, 1), (62500, 1), TICKS_PER_S)
        bench.train.fill(4, PLENTY, PLENTY)
        # The first step stands alone.
        self.assertEqual(bench.ring.words[0], (0, 62500))
        self.assertEqual(set(bench.ring.words[1:]), {(2 * 127, 62500)})

    def test_64_share_one_where_the_last_of_128_would_be_late(self):
        """A quarter of a tick over: 128 steps in whole ticks take back 32 or add 96."""
        bench = Bench()
        bench.train.following = Segment((250001, 4), (250001, 4), 10 * TICKS_PER_S)
        bench.train.fill(60, PLENTY, PLENTY)
        counts = [(head >> 1) + 1 for head, _ in bench.ring.words]
        # The first is 3/4 late; 64 add 48, 128 take 32 back, 64 take 16 back, and so on.
        self.assertEqual(counts[:7], [1, 64, 128, 64, 64, 128, 64])
        # The k-th step is due at k * 62,500.25.
        for number, edge in enumerate(bench.edges(), 1):
            self.assertTrue(0 <= 4 * edge - number * 250001 < 4 * LATE_TICKS_MAX)

    def test_22_mcg_per_day_of_2000_mcg_per_ml_makes_one_step_in_13_minutes(self):
        # 11 uL/day over 103.2 nL, the microstep of a 14.5 mm bore with 2 mm lead.
        period = ratio.ratio(86400 * TICKS_PER_S * 1032, 110000)
        edges = Edges()
        train = Train(edges, STEP_TICKS_MIN, WORD_TICKS_MIN)
        train.begin(0)
        train.following = Segment(period, period, 2000 * TICKS_PER_S)
        train.fill(train.slices_until(2000 * TICKS_PER_S), PLENTY, PLENTY)
        # 810.589... s is 101,323,636,363.6 ticks; twice that is 202,647,272,727.3.
        self.assertEqual(edges.found, [101323636364, 202647272728])

    def test_no_word_is_longer_than_two_slices_of_134_ms(self):
        for period in (
            62500,
            70000,
            SLICE_TICKS - 1,
            SLICE_TICKS,
            SLICE_TICKS + 1,
            3 * SLICE_TICKS,
        ):
            bench = Bench().run(((parts_for(period), 70 * period),))
            for head, interval in bench.ring.words:
                self.assertLess(((head >> 1) + 1) * interval, 2 * SLICE_TICKS)
            self.check(bench)

    def test_random_segments_lose_and_add_no_step_and_every_edge_is_in_time(self):
        for seed in range(6):
            numbers = Numbers(seed)
            segments = []
            for _ in range(6):
                period = (62500, 200000, 3000000, 20000000, 900000000)[numbers.below(5)]
                period += numbers.below(period)
                length = 1 + period * numbers.below(60) // (1 + numbers.below(9))
                # Now and then the rate is a small number, so that the period's whole part is exact.
                parts = UNIT // period if numbers.below(4) else 0
                segments.append((parts, length))
            bench = Bench()
            bench.run(segments, 1 + numbers.below(50), 1 + numbers.below(9))
            with self.subTest(seed=seed):
                self.check(bench)

    def test_segments_shorter_than_a_word_can_be_lose_nothing(self):
        # 7 ticks each: the shortest word has 46.
        segments = [(parts_for(62500 + 100 * n), 7) for n in range(600)]
        segments.append((parts_for(62500), TICKS_PER_MS))
        bench = Bench().run(segments)
        self.assertEqual(bench.time_ticks, 4200 + TICKS_PER_MS)
        self.check(bench)

    def test_words_are_never_shorter_than_the_step_generator_can_make(self):
        numbers = Numbers(7)
        segments = []
        for _ in range(30):
            segments.append((parts_for(62500 + numbers.below(400000)), 1 + numbers.below(300000)))
            segments.append((0, 1 + numbers.below(100)))
        bench = Bench().run(segments)
        for _, interval in bench.ring.words:
            self.assertGreaterEqual(interval, WORD_TICKS_MIN)
        self.check(bench)

    def test_every_number_stays_below_2_to_the_30(self):
        bench = Bench().run(
            ((parts_for(62500), SLICE_TICKS), (parts_for(10**15), 3 * SLICE_TICKS), (0, 5))
        )
        for head, interval in bench.ring.words:
            self.assertLess(head, 2**30)
            self.assertLess(interval, 2**30)
        segment = Segment((UNIT**3, 7), (UNIT**3, 11), None)
        held = [segment.gap_hi, segment.gap_lo, segment.left_hi, segment.left_lo]
        held += [segment.period_hi, segment.period_lo]
        held += segment.span_hi + segment.span_lo + segment.modulus
        held += segment.period_rest + segment.rest
        for number in held:
            self.assertTrue(0 <= number < 2**30, number)

    def test_a_rate_without_a_step_in_a_week_is_silence_and_then_goes_on_exactly(self):
        # One step in 30,000 years, then one a second.
        week = 7 * 86400 * TICKS_PER_S // 1000
        bench = Bench().run(((1, week), (parts_for(TICKS_PER_S), 10 * TICKS_PER_S)))
        self.assertEqual(len(bench.exact), 10)
        self.check(bench)

    def test_a_step_soon_after_a_fast_rate_began_or_ended_is_in_time(self):
        # The last step of one rate and the first of the other are closer than 1 ms, as they should.
        slow, fast = parts_for(10000000), parts_for(62500)
        for first, second in ((slow, fast), (fast, slow), (0, fast)):
            for number in range(7):
                length = 400000 + 9000 * number if first == fast else 10000000 + 150000 * number
                bench = Bench().run(((first, length), (second, 11000000), (first, 900000)))
                with self.subTest(first=first, second=second, number=number):
                    self.check(bench)

    def test_a_fast_stretch_between_two_steps_brings_them_closer(self):
        # 0.02 of a microstep before it, 0.96 in it, 0.02 after it: a step each 4 ms but here.
        slow, fast = parts_for(500000), parts_for(62500)
        bench = Bench().run(((slow, 510000), (fast, 60000), (slow, 10000000)))
        first, second = [numerator // denominator for numerator, denominator in bench.exact[:2]]
        self.assertLess(second - first, 90000)
        self.check(bench)

    def test_late_steps_are_made_up_for_at_1000_a_second(self):
        # 50 steps are owed when a rate of 10 a second begins.
        train_words = Words()
        train = Train(train_words, STEP_TICKS_MIN, WORD_TICKS_MIN)
        train.begin(0)
        period = TICKS_PER_S // 10
        train.following = Segment((period, 1), (-49 * period, 1), 10 * TICKS_PER_S)
        train.fill(train.slices_until(10 * TICKS_PER_S), PLENTY, PLENTY)
        bench = Bench()
        bench.ring = train_words
        edges = bench.edges()
        # By 10 s: the 49 from before, the one of now, and 100.
        self.assertEqual(len(edges), 150)
        self.assertEqual(edges[0], WORD_TICKS_MIN)
        for before, after in zip(edges[:49], edges[1:50]):
            self.assertEqual(after - before, STEP_TICKS_MIN)
        for number in range(50, 150):
            self.assertTrue(0 <= edges[number] - (number - 49) * period < LATE_TICKS_MAX)

    def test_after_a_fast_rate_late_steps_are_made_up_for_at_1000_a_second_again(self):
        bench = Bench()
        bench.segment(parts_for(62500), 62500 * 20)
        bench.fill()
        period = TICKS_PER_S
        bench.train.following = Segment((period, 1), (-9 * period, 1), TICKS_PER_S // 2)
        bench.fill()
        late = bench.edges()[-10:]
        for before, after in zip(late, late[1:]):
            self.assertEqual(after - before, STEP_TICKS_MIN)

    def test_late_steps_catch_up_at_rates_above_1000_a_second_too(self):
        # 40 steps are owed when 2000 a second begin: made an eighth faster, they are caught
        # up with after 40 * 8 steps.
        train_words = Words()
        train = Train(train_words, STEP_TICKS_MIN, WORD_TICKS_MIN)
        train.begin(0)
        period = 62500
        train.following = Segment((period, 1), (-39 * period, 1), TICKS_PER_S)
        train.fill(train.slices_until(TICKS_PER_S), PLENTY, PLENTY)
        bench = Bench()
        bench.ring = train_words
        edges = bench.edges()
        for number in range(1, 300):
            self.assertGreaterEqual(edges[number] - edges[number - 1], period - period // 8 - 1)
        for number in range(400, len(edges)):
            self.assertTrue(0 <= edges[number] - (number - 39) * period < LATE_TICKS_MAX)

    def test_an_hour_of_late_steps_needs_no_large_number(self):
        train = Train(Words(), STEP_TICKS_MIN, WORD_TICKS_MIN)
        train.begin(0)
        period = TICKS_PER_S
        train.following = Segment((period, 1), (-3600 * period, 1), 10 * TICKS_PER_S)
        heap_lock()
        try:
            # Words has to allocate; what is made of one word shows whether Train does.
            train.fill(1000, 0, PLENTY)
            interval = train._interval(train.segment, 0)
        finally:
            heap_unlock()
        self.assertEqual(interval, WORD_TICKS_MIN)

    def test_filling_allocates_nothing(self):
        ring = WordRing(array("I", bytes(8 * WORDS)), 0, 42, 8)
        train = Train(ring, STEP_TICKS_MIN, ring.step_cycles + 4)
        train.begin(0)
        for period in (62500, 3 * SLICE_TICKS + 7, 900000):
            parts = ratio.ratio(UNIT * period + 1, UNIT)
            train.following = Segment(parts, ratio.multiply(parts, (-3, 7)), 40 * period)
            heap_lock()
            try:
                train.fill(FAR_SLICES, PLENTY, WORDS)
            finally:
                heap_unlock()
        self.assertIsNone(train.following)
        # 3/7 of a period before each beginning, then 4/7, 1 4/7 ... 39 4/7 after it.
        self.assertEqual(train.new_steps, 3 * 41)

    def test_a_locked_heap_is_locked(self):
        if implementation.name != "micropython":
            return
        heap_lock()
        try:
            failed = False
            try:
                bytes(100)
            except MemoryError:
                failed = True
        finally:
            heap_unlock()
        self.assertTrue(failed)

    def test_the_cursor_tells_how_far_the_words_reach(self):
        bench = Bench().run(((parts_for(62500), 1234567), (0, 7654321)))
        reach = 0
        for head, interval in bench.ring.words:
            reach += ((head >> 1) + 1) * interval
        self.assertEqual(bench.train.cursor_ticks(), reach)
        # What is left is too short for a word.
        self.assertLess(1234567 + 7654321 - reach, WORD_TICKS_MIN)

    def test_filling_stops_at_so_many_steps_and_words(self):
        bench = Bench()
        bench.segment(parts_for(62500), TICKS_PER_S)
        bench.train.fill(PLENTY, 100, PLENTY)
        steps, words = bench.train.new_steps, len(bench.ring.words)
        self.assertEqual(steps, 100)
        bench.train.fill(PLENTY, PLENTY, 3)
        self.assertEqual(len(bench.ring.words), words + 3)
        steps = bench.train.new_steps
        self.assertTrue(100 + 3 * 64 <= steps <= 100 + 3 * 128)
        bench.train.fill(PLENTY, 0, PLENTY)
        self.assertEqual(bench.train.new_steps, steps)

    def test_filling_stops_at_the_first_word_that_reaches_the_slice(self):
        bench = Bench()
        bench.segment(parts_for(5 * SLICE_TICKS), 100 * SLICE_TICKS)
        bench.train.fill(12, PLENTY, PLENTY)
        self.assertTrue(12 * SLICE_TICKS <= bench.train.cursor_ticks() < 14 * SLICE_TICKS)


class RingTest(unittest.TestCase):
    """Words in the ring, one by one and many at once."""

    def test_silences_put_together_are_those_put_one_by_one_round_the_end_of_the_ring(self):
        for first in (0, 3, 250, 255):
            one_by_one, together = (
                WordRing(array("I", bytes(8 * WORDS)), 0, 42, 8) for _ in range(2)
            )
            for ring in (one_by_one, together):
                for _ in range(first):
                    ring.put(14, 1000)
            for _ in range(9):
                one_by_one.put(HEAD_WAIT, 16777216)
            together.put_silences(9, 16777216)
            self.assertEqual(together.written, one_by_one.written)
            self.assertEqual(list(together.memory), list(one_by_one.memory))

    def test_the_length_of_words_is_what_their_steps_and_silences_last(self):
        ring = WordRing(array("I", bytes(8 * WORDS)), 0, 42, 8)
        for _ in range(250):
            ring.put(HEAD_WAIT, 100)
        ring.put(14, 1000)
        ring.put_silences(7, 16777216)
        ring.put(0, 500)
        for first, end, expected in (
            (248, 250, (0, 200)),
            # 8 steps of 1000 ticks, 7 silences of 2^24, a step of 500; a head is 2 * (count - 1).
            (250, 259, (9, 8000 + 7 * 16777216 + 500)),
            (259, 259, (0, 0)),
        ):
            ring.pass_words(first, end)
            self.assertEqual((ring.passed_steps, ring.passed_ticks), expected)


if __name__ == "__main__":
    unittest.main()
