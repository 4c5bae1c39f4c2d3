"""The feeder with a step generator that is a machine of its own."""

import unittest

from bench_feeder import FeederBench
from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme
from pump.core import ratio
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_SCHEDULE,
    TICKS_PER_MS,
    TICKS_PER_S,
    TICKS_PER_US,
    Bolus,
)
from pump.core.feeder import COMMIT_AHEAD_S, START_LEAD_TICKS
from pump.core.word_ring import WORDS

MONDAY_S = (26 * 365 + 7 + 151) * DAY_S
BEGIN_TICKS = (MONDAY_S + 12 * HOUR_S) * TICKS_PER_S + 777
# A rate of so many uL/h over a microstep of 1 nL makes an edge each 3.6 s / rate.
STEP_NL = (1, 1)
LATE_TICKS_MAX = 89
# Words reach to the first that ends after 6 s: a slice is 134 ms, a word less than two.
AHEAD_TICKS_MAX = COMMIT_AHEAD_S * TICKS_PER_S + 3 * 16777216


def rate_of(steps_per_s):
    """Programme with one flat rate in whole microsteps a second."""
    return bench_programme(days=(((0, (steps_per_s * HOUR_S, 1)),),))


class Case(unittest.TestCase):
    """A bench that was begun, and looks at it."""

    def bench(self, programme, commit_steps=1000000):
        bench = FeederBench(programme, STEP_NL, BEGIN_TICKS, commit_steps)
        bench.origin = bench.begin(self.starting(bench))
        return bench

    def starting(self, bench):
        return lambda ticks: bench.delivery.start(ticks, MODE_SCHEDULE)

    def stopping(self, bench):
        return lambda ticks: bench.delivery.stop(ticks)

    def replacing(self, bench, programme):
        return lambda ticks: bench.delivery.replace_programme(programme, STEP_NL, ticks)

    def pass_time(self, bench, ms, every_ms=500):
        """Let time pass and serve the feeder every so often."""
        while ms > 0:
            bench.wait(min(ms, every_ms) * TICKS_PER_MS)
            self.assertEqual(bench.look(), "")
            ms -= every_ms

    def check_edges(self, edges, exact):
        """Edges at their instants (whole ticks) or less than 89 ticks after."""
        self.assertEqual(len(edges), len(exact))
        for edge, instant in zip(edges, exact):
            self.assertTrue(0 <= edge - instant < LATE_TICKS_MAX, (edge, instant))


def instants(*pieces):
    """The first ticks not before the steps of stretches (steps a second, from, until)."""
    found = []
    # Of one step: a tick of one step a second asks for one part.
    parts = 0
    for steps_per_s, from_ticks, until_ticks in pieces:
        after = parts + steps_per_s * (until_ticks - from_ticks)
        for number in range(parts // TICKS_PER_S + 1, after // TICKS_PER_S + 1):
            found.append(from_ticks - (parts - number * TICKS_PER_S) // steps_per_s)
        parts = after
    return found


class StartTest(Case):
    def test_the_first_step_comes_one_period_after_a_start_on_a_whole_microsecond(self):
        bench = self.bench(rate_of(5))
        self.assertEqual(bench.origin % TICKS_PER_US, 0)
        self.assertTrue(0 <= bench.origin - BEGIN_TICKS - START_LEAD_TICKS < TICKS_PER_US)
        self.pass_time(bench, 3000)
        self.assertEqual(bench.edges(), instants((5, bench.origin, bench.now_ticks)))

    def test_what_falls_due_while_a_start_is_held_up_is_made_up_for(self):
        bench = FeederBench(rate_of(100), STEP_NL, BEGIN_TICKS)
        bench.machine.held_up_ticks = [400 * TICKS_PER_MS]
        held = []

        def prepare(ticks):
            held.append(ticks)
            bench.delivery.start(ticks, MODE_SCHEDULE)

        bench.begin(prepare)
        self.assertEqual(len(held), 1)
        self.pass_time(bench, 3000)
        # Due since the instant that was told first; those that were late are 1 ms apart.
        edges = bench.edges()
        due = instants((100, held[0], bench.now_ticks))
        self.assertEqual(len(edges), len(due))
        self.check_edges(edges[70:], due[70:])
        for before, after in zip(edges, edges[1:]):
            self.assertGreaterEqual(after - before, TICKS_PER_MS)

    def test_a_delivery_that_is_anchored_ahead_begins_there(self):
        # As after a soft reset that came between a change and the instant it holds from.
        bench = FeederBench(rate_of(5), STEP_NL, BEGIN_TICKS)
        anchor = BEGIN_TICKS + 1500 * TICKS_PER_MS
        bench.delivery.start(anchor, MODE_SCHEDULE)
        bench.begin(lambda ticks: None)
        self.pass_time(bench, 4000)
        self.check_edges(bench.edges(), instants((5, anchor, bench.now_ticks)))

    def test_a_start_at_any_time_after_a_stop_loses_and_adds_no_step(self):
        # Words that run out, words of which the queue has fetched the end, and none at all.
        for steps_per_s in (3, 7, 400):
            for after_ms in (0, 40, 110, 150, 220, 400, 800, 1600):
                bench = self.bench(rate_of(steps_per_s))
                self.pass_time(bench, 1000)
                stopped = bench.change(self.stopping(bench))
                bench.wait(after_ms * TICKS_PER_MS)
                started = bench.change(self.starting(bench))
                self.pass_time(bench, 1500)
                self.assertEqual(bench.shortfalls, 0)
                exact = instants(
                    (steps_per_s, bench.origin, stopped), (steps_per_s, started, bench.now_ticks)
                )
                with self.subTest(steps_per_s=steps_per_s, after_ms=after_ms):
                    self.check_edges(bench.edges(), exact)

    def test_a_second_stop_and_start_in_the_same_words_is_exact_too(self):
        bench = self.bench(rate_of(40))
        self.pass_time(bench, 1000)
        asked = 0
        begun = bench.origin
        for _ in range(6):
            stopped = bench.change(self.stopping(bench))
            asked += stopped - begun
            bench.wait(30 * TICKS_PER_MS)
            begun = bench.change(self.starting(bench))
            bench.wait(20 * TICKS_PER_MS)
        stopped = bench.change(self.stopping(bench))
        asked += stopped - begun
        self.pass_time(bench, 3000)
        self.assertEqual(len(bench.edges()), asked * 40 // TICKS_PER_S)


class ChangeTest(Case):
    def test_a_change_holds_from_the_instant_that_is_told_less_than_2_s_ahead(self):
        for steps_per_s in (1, 4, 1000):
            bench = self.bench(rate_of(steps_per_s))
            self.pass_time(bench, 2345)
            asked = bench.now_ticks
            boundary = bench.change(self.replacing(bench, rate_of(10)))
            self.assertTrue(150 * TICKS_PER_MS <= boundary - asked < 2 * TICKS_PER_S)
            self.pass_time(bench, 4000)
            exact = instants((steps_per_s, bench.origin, boundary), (10, boundary, bench.now_ticks))
            self.check_edges(bench.edges(), exact)

    def test_a_step_that_is_due_right_after_a_change_is_not_held_back(self):
        # Silence until the change; then 1800 steps a second.
        for owed in (1, 300, 700, 999):
            bench = FeederBench(rate_of(1), STEP_NL, BEGIN_TICKS)
            bench.delivery.remainder = ratio.ratio(owed, 1000)
            bench.begin(self.starting(bench))
            self.pass_time(bench, 0)
            boundary = bench.change(self.replacing(bench, rate_of(1800)))
            bench.wait(boundary + 20 * TICKS_PER_MS - bench.now_ticks)
            steps = bench.delivery.steps
            due = bench.delivery.due(bench.now_ticks)[0]
            edges = bench.edges()
            self.assertEqual(len(edges), due)
            # By the prescription: remainder at the change, 69444 4/9 ticks a step.
            remainder = bench.delivery.remainder
            first = (remainder[1] - remainder[0]) * TICKS_PER_S // (1800 * remainder[1])
            self.assertTrue(0 <= edges[steps] - boundary - first <= LATE_TICKS_MAX)

    def test_a_bolus_comes_on_top_and_ends_by_itself(self):
        bench = self.bench(rate_of(10))
        self.pass_time(bench, 1000)
        begun = []

        def prepare(ticks):
            begun.append(ticks)
            bench.delivery.advance(ticks)
            bench.delivery.add_bolus(Bolus("0badcafe", (90, 1), ticks, ticks + 3 * TICKS_PER_S))

        bench.change(prepare)
        self.pass_time(bench, 6000)
        # 10 a second all the time, and 30 more a second for 3 s.
        ends = begun[0] + 3 * TICKS_PER_S
        exact = instants(
            (10, bench.origin, begun[0]), (40, begun[0], ends), (10, ends, bench.now_ticks)
        )
        self.check_edges(bench.edges(), exact)

    def test_changes_of_the_schedule_come_at_their_second(self):
        noon = 12 * HOUR_S
        programme = bench_programme(
            days=(
                (
                    (0, (36000, 1)),
                    (noon + 2, (72000, 1)),
                    (noon + 3, (0, 1)),
                    (noon + 5, (3600, 1)),
                ),
            ),
            boluses=((noon + 4, EVERY_DAY, (7, 1), 1),),
        )
        bench = self.bench(programme)
        self.pass_time(bench, 9000)
        second = [(MONDAY_S + noon + at_s) * TICKS_PER_S for at_s in range(6)]
        exact = instants(
            (10, bench.origin, second[2]),
            (20, second[2], second[3]),
            (7, second[4], second[5]),
            (1, second[5], bench.now_ticks),
        )
        self.check_edges(bench.edges(), exact)


class BoundTest(Case):
    def test_no_more_than_the_bound_is_committed_in_steps_and_in_time(self):
        for steps_per_s, commit_steps in ((1, 2), (10, 30), (600, 1500), (600, 9000)):
            bench = self.bench(rate_of(steps_per_s), commit_steps)
            self.pass_time(bench, 2000, 100)
            self.assertEqual(bench.shortfalls, 0)
            feeder = bench.feeder
            committed = feeder.planned - len(bench.edges())
            self.assertLessEqual(committed, commit_steps)
            self.assertLessEqual(feeder.train.cursor_ticks() - bench.now_ticks, AHEAD_TICKS_MAX)

    def test_a_dead_processor_stops_the_pump_within_the_bound(self):
        for steps_per_s, commit_steps in ((1, 1000), (10, 45), (200, 400)):
            bench = self.bench(rate_of(steps_per_s), commit_steps)
            self.pass_time(bench, 3000, 200)
            made = len(bench.edges())
            committed = bench.feeder.planned - made
            # Nobody serves the feeder for an hour.
            bench.wait(HOUR_S * TICKS_PER_S)
            self.assertEqual(len(bench.edges()), made + committed)
            self.assertTrue(0 < committed <= commit_steps)
            self.assertLessEqual(committed, steps_per_s * 7)
            stepped, _, is_parked = bench.feeder.place(bench.now_ticks)
            self.assertEqual((stepped, is_parked), (made + committed, True))

    def test_what_is_committed_lasts_shorter_while_late_steps_are_made_up_for(self):
        """1,000 steps are 3.3 s at 300 a second, and 1 s at the 1,000 of making up.

        A start leaves 90 ms for making words.
        """
        bench = self.bench(rate_of(300), 1000)
        feeder = bench.feeder
        self.pass_time(bench, 1000, 200)
        self.assertTrue(3000 < feeder.in_hand_ms(bench.now_ticks) <= 3334)
        self.assertFalse(feeder.is_behind(bench.now_ticks))
        bench.wait(8 * TICKS_PER_S)
        self.assertEqual(feeder.in_hand_ms(bench.now_ticks), 0)
        feeder.go_on(bench.now_ticks)
        self.assertTrue(1000 < feeder.in_hand_ms(bench.now_ticks) <= 1090)
        self.assertTrue(feeder.is_behind(bench.now_ticks))
        # 4.7 s of steps are made up for in 2 s.
        self.pass_time(bench, 3000, 200)
        self.assertFalse(feeder.is_behind(bench.now_ticks))
        self.assertTrue(3000 < feeder.in_hand_ms(bench.now_ticks) <= 3334)

    def test_nothing_is_in_hand_before_a_start(self):
        feeder = FeederBench(rate_of(10), STEP_NL, BEGIN_TICKS).feeder
        self.assertEqual(feeder.in_hand_ms(BEGIN_TICKS), 0)

    def test_the_last_step_is_made_and_never_passed(self):
        for last_step in (0, 1, 2, 25, 26):
            bench = FeederBench(rate_of(10), STEP_NL, BEGIN_TICKS)
            bench.feeder.last_step = last_step
            bench.begin(self.starting(bench))
            self.pass_time(bench, 6000)
            self.assertEqual(len(bench.edges()), last_step)

    def test_a_last_step_that_is_raised_in_time_is_passed_without_a_gap(self):
        bench = FeederBench(rate_of(10), STEP_NL, BEGIN_TICKS)
        bench.feeder.last_step = 25
        origin = bench.begin(self.starting(bench))
        self.pass_time(bench, 500)
        bench.feeder.last_step = 1000
        self.pass_time(bench, 5000)
        self.check_edges(bench.edges(), instants((10, origin, bench.now_ticks)))

    def test_a_last_step_that_is_raised_too_late_is_told_as_parked_and_made_up_for(self):
        bench = FeederBench(rate_of(10), STEP_NL, BEGIN_TICKS)
        bench.feeder.last_step = 25
        origin = bench.begin(self.starting(bench))
        # 2.4 s: the queue has fetched the end.
        self.pass_time(bench, 2400)
        bench.feeder.last_step = 1000
        self.pass_time(bench, 1000)
        self.assertEqual((len(bench.edges()), bench.shortfalls > 0), (25, True))
        bench.begin(lambda ticks: None)
        self.pass_time(bench, 2000)
        due = instants((10, origin, bench.now_ticks))
        self.assertEqual(len(bench.edges()), len(due))
        self.check_edges(bench.edges()[40:], due[40:])

    def test_10000_steps_a_second_fill_the_ring_and_are_exact(self):
        bench = self.bench(rate_of(10000))
        ring = bench.feeder.ring
        self.assertEqual(ring.waiting(bench.machine.begun()), WORDS - 2)
        self.pass_time(bench, 150, 50)
        self.check_edges(bench.edges(), instants((10000, bench.origin, bench.now_ticks)))

    def test_late_steps_keep_their_distance_over_a_change(self):
        # 900 ms are missed: 450 steps, which are made up for at 1000 a second until a stop.
        bench = FeederBench(rate_of(500), STEP_NL, BEGIN_TICKS)
        bench.machine.held_up_ticks = [900 * TICKS_PER_MS]
        begun = []

        def prepare(ticks):
            begun.append(ticks)
            bench.delivery.start(ticks, MODE_SCHEDULE)

        bench.begin(prepare)
        bench.wait(100 * TICKS_PER_MS)
        stopped = bench.change(self.stopping(bench))
        self.pass_time(bench, 100)
        bench.change(self.starting(bench))
        self.pass_time(bench, 2000)
        edges = bench.edges()
        for before, after in zip(edges, edges[1:]):
            self.assertGreaterEqual(after - before, TICKS_PER_MS)
        made = len([edge for edge in edges if edge <= stopped + LATE_TICKS_MAX])
        self.assertLess(made, 500 * (stopped - begun[0]) // TICKS_PER_S)
        self.assertEqual(len(edges), bench.delivery.due(bench.now_ticks)[0])


class PlaceTest(Case):
    def test_the_place_is_the_machines_own_count_at_any_tick(self):
        bench = self.bench(rate_of(700))
        for ticks in (1, 9999999, 3, 77777, 1234567, 2, 178571, 178571, 5, 44444444, 100):
            bench.wait(ticks)
            stepped, is_on_time, is_parked = bench.feeder.place(bench.now_ticks)
            self.assertEqual((stepped, is_on_time, is_parked), (len(bench.edges()), True, False))
        self.assertTrue(bench.edges())

    def test_a_machine_that_stands_still_is_found_not_to_be_on_time(self):
        bench = self.bench(rate_of(10))
        self.pass_time(bench, 1000)
        bench.machine.is_stalled = True
        bench.wait(500 * TICKS_PER_MS)
        self.assertFalse(bench.feeder.place(bench.now_ticks)[1])

    def test_a_machine_that_never_began_is_found_not_to_be_on_time(self):
        bench = self.bench(rate_of(10))
        bench.machine.is_stalled = True
        bench.wait(500 * TICKS_PER_MS)
        self.assertEqual(bench.feeder.place(bench.now_ticks), (0, False, False))

    def test_a_halt_stops_between_two_steps_and_counts_what_was_made(self):
        bench = self.bench(rate_of(100))
        self.pass_time(bench, 1234)
        stepped = bench.feeder.halt(bench.now_ticks)
        self.assertEqual(stepped, len(bench.edges()))
        self.assertEqual((bench.feeder.planned, bench.feeder.is_running), (stepped, False))
        bench.wait(HOUR_S * TICKS_PER_S)
        self.assertEqual(len(bench.edges()), stepped)

    def test_minimum_rate_and_back_are_exact(self):
        bench = self.bench(
            bench_programme(days=(((0, (36000, 1)),),), minimum_rate_nl_per_h=(7200, 1))
        )
        self.pass_time(bench, 1000)
        down = bench.change(lambda ticks: bench.delivery.start(ticks, MODE_MINIMUM))
        self.pass_time(bench, 4000)
        up = bench.change(self.starting(bench))
        self.pass_time(bench, 3000)
        stopped = bench.change(self.stopping(bench))
        self.pass_time(bench, 3000)
        asked = (down - bench.origin) * 10 + (up - down) * 2 + (stopped - up) * 10
        self.assertEqual(len(bench.edges()), asked // TICKS_PER_S)


class ClockTest(Case):
    def test_setting_the_clock_moves_no_step(self):
        for by_s in (-7200, -1, 1, 5, 86400 * 400):
            bench = self.bench(rate_of(10))
            self.pass_time(bench, 1700)
            bench.set_clock(bench.now_ticks + by_s * TICKS_PER_S)
            self.pass_time(bench, 3000)
            self.assertEqual(bench.shortfalls, 0)
            origin = bench.origin + by_s * TICKS_PER_S
            self.check_edges(bench.edges(), instants((10, origin, bench.now_ticks)))

    def test_the_schedule_goes_by_the_new_time(self):
        # 10 a second until 14:00, 20 a second from then on.
        programme = bench_programme(days=(((0, (36000, 1)), (14 * HOUR_S, (72000, 1))),))
        bench = self.bench(programme)
        self.pass_time(bench, 1700)
        from_ticks, moved = bench.set_clock((MONDAY_S + 13 * HOUR_S + 3595) * TICKS_PER_S)
        self.pass_time(bench, 12000)
        change = (MONDAY_S + 14 * HOUR_S) * TICKS_PER_S
        asked = (change - bench.origin - moved) * 10 + (bench.now_ticks - change) * 20
        self.assertEqual(len(bench.edges()), asked // TICKS_PER_S)

    def test_it_can_be_set_while_the_last_words_run_out(self):
        for after_ms in (0, 100, 180, 400, 800, 1600):
            bench = self.bench(rate_of(4))
            self.pass_time(bench, 1000)
            stopped = bench.change(self.stopping(bench))
            bench.wait(after_ms * TICKS_PER_MS)
            _, moved = bench.set_clock(bench.now_ticks - 3 * HOUR_S * TICKS_PER_S)
            started = bench.change(self.starting(bench))
            self.pass_time(bench, 2000)
            asked = stopped - bench.origin + bench.now_ticks - started
            with self.subTest(after_ms=after_ms):
                self.assertEqual(len(bench.edges()), asked * 4 // TICKS_PER_S)
                self.assertEqual(bench.shortfalls, 0)


if __name__ == "__main__":
    unittest.main()
