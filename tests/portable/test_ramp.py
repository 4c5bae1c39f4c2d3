"""The words of a move from rest to rest."""

import unittest

from pump.core.ramp import TICKS_PER_S, WORD_TICKS, Ramp


def words_of(ramp):
    words = []
    while ramp.take():
        words.append((ramp.count, ramp.interval))
    return words


def planned(steps, start_per_s=2000, cruise_per_s=20000, acceleration_per_s2=40000):
    ramp = Ramp()
    ramp.plan(steps, start_per_s, cruise_per_s, acceleration_per_s2)
    return ramp


class RampTest(unittest.TestCase):
    def test_the_first_words_are_those_worked_out_by_hand(self):
        """Levels of 10 ms at 2000, 2400, 2800 ... steps/s: 20, 24, 28 steps."""
        words = words_of(planned(96000))
        self.assertEqual(words[:3], [(20, 62500), (23, 52084), (27, 44643)])
        self.assertEqual(words[-3:], [(27, 44643), (23, 52084), (20, 62500)])
        # 20,000 steps/s: 6250 ticks; 200 of them last 10 ms.
        self.assertIn((200, 6250), words)

    def test_the_time_is_that_of_constant_acceleration(self):
        """From 2000 to 20,000 steps/s at 40,000 steps/s2: 0.45 s and 4950 steps each way.

        The rest of 96,000 steps takes 4.305 s: 5.205 s in all. A level begins at the rate that
        it has on average half a level later, so each slope lasts up to a level longer.
        """
        ticks = planned(96000).ticks()
        self.assertLess(abs(ticks - 650625000), 2 * WORD_TICKS)

    def test_a_short_move_goes_up_and_down_and_never_fast(self):
        words = words_of(planned(100))
        self.assertEqual(sum([count for count, _ in words]), 100)
        # 20 + 23 steps up, as many down, 14 across at the third level.
        self.assertEqual(words, [(20, 62500), (23, 52084), (14, 44643), (23, 52084), (20, 62500)])
        self.assertEqual(words_of(planned(1)), [(1, 62500)])

    def test_a_rate_that_the_motor_follows_from_rest_has_no_slope(self):
        self.assertEqual(
            words_of(planned(25, cruise_per_s=1000)), [(10, 125000)] * 2 + [(5, 125000)]
        )

    def test_two_million_steps_a_second_take_few_words(self):
        """From 100,000 to 2,016,129 steps/s (62 ticks) at 10^8 steps/s2, 50,000 steps."""
        ramp = planned(50000, 100000, 2020000, 100000000)
        words = words_of(ramp)
        self.assertEqual(min([interval for _, interval in words]), 62)
        self.assertEqual(sum([count for count, _ in words]), 50000)
        self.assertLess(len(words), 100)

    def test_words_taken_back_are_made_again(self):
        for steps in (1, 100, 9000, 12345):
            for back in (1, 3, 50):
                with self.subTest(steps=steps, back=back):
                    whole = words_of(planned(steps))
                    ramp = planned(steps)
                    again = []
                    while ramp.take():
                        again.append((ramp.count, ramp.interval))
                    for _ in range(min(back, len(again))):
                        ramp.give_back()
                        again.pop()
                    self.assertEqual(again + words_of(ramp), whole)

    def test_a_move_that_is_cut_short_goes_down_from_where_it_is(self):
        whole = words_of(planned(12345))
        for made in range(len(whole) + 1):
            with self.subTest(made=made):
                ramp = planned(12345)
                for _ in range(made):
                    ramp.take()
                ramp.shorten()
                down = words_of(ramp)
                words = whole[:made] + down
                self.assertEqual(sum([count for count, _ in words]), ramp.steps)
                self.assertEqual(ramp.ticks(), sum([n * ticks for n, ticks in words]))
                if made:
                    # At rest or at the rate from rest; never longer than it would have been.
                    self.assertEqual(words[-1][1], 62500)
                    self.assertLessEqual(ramp.steps, 12345)
                # Down in as many levels as it had climbed.
                intervals = [interval for _, interval in down]
                self.assertEqual(intervals, sorted(intervals))

    def test_a_rate_whose_whole_ticks_leave_no_choice_is_no_move(self):
        """At 1,000,000 steps/s a tick more or less is 8000 steps/s: not from 10,000."""
        with self.assertRaises(ValueError):
            planned(1000, 10000, 1000000, 100000)
        self.assertEqual(TICKS_PER_S, 125000000)


if __name__ == "__main__":
    unittest.main()
