"""The reservoir's book: what was filled is what is left, delivered, primed or lost."""

import unittest

from pump.core import ratio
from pump.core.ledger import Ledger

# 22/7 nL: no volume is a whole number of microsteps.
STEP_NL = (22, 7)


def total(*volumes_nl):
    found = ratio.ZERO
    for volume_nl in volumes_nl:
        found = ratio.add(found, volume_nl)
    return found


class LedgerTest(unittest.TestCase):
    def test_a_step_takes_its_volume_from_the_reservoir(self):
        ledger = Ledger(STEP_NL, 1000)
        ledger.refill((440, 1), 1000)
        self.assertEqual(ledger.reservoir_nl(1000), (440, 1))
        self.assertEqual(ledger.reservoir_nl(1001), (440 * 7 - 22, 7))
        # 140 steps of 22/7 nL are 440 nL.
        self.assertEqual(ledger.reservoir_nl(1140), (0, 1))
        self.assertEqual(ledger.reservoir_nl(1141), (-22, 7))
        self.assertEqual(ledger.delivered_nl(1140), (440, 1))

    def test_primed_steps_are_not_delivered_but_taken(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.begin_prime(7)
        self.assertEqual(ledger.primed_nl(14), (22, 1))
        self.assertEqual(ledger.delivered_nl(14), (22, 1))
        ledger.end_prime(21)
        self.assertEqual(ledger.primed_nl(70), (44, 1))
        self.assertEqual(ledger.delivered_nl(70), (176, 1))
        self.assertEqual(ledger.reservoir_nl(70), (220, 1))

    def test_a_second_prime_is_added_to_the_first(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.begin_prime(0)
        ledger.end_prime(7)
        ledger.begin_prime(21)
        ledger.end_prime(35)
        # 7 and 14 steps of 22/7 nL primed, 14 delivered between them.
        self.assertEqual(ledger.primed_nl(35), (66, 1))
        self.assertEqual(ledger.delivered_nl(35), (44, 1))

    def test_a_refill_counts_afresh_and_tells_what_it_holds_now(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.begin_prime(0)
        ledger.end_prime(7)
        ledger.lost_steps = 14
        ledger.refill((1000, 1), 35)
        self.assertEqual(ledger.reservoir_nl(35), (1000, 1))
        self.assertEqual(ledger.delivered_nl(35), ratio.ZERO)
        self.assertEqual(ledger.primed_nl(35), ratio.ZERO)

    def test_a_refill_during_a_prime_counts_the_prime_from_there(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.begin_prime(0)
        ledger.refill((440, 1), 70)
        ledger.end_prime(77)
        self.assertEqual(ledger.primed_nl(77), (22, 1))
        self.assertEqual(ledger.delivered_nl(77), ratio.ZERO)
        self.assertEqual(ledger.reservoir_nl(77), (418, 1))

    def test_lost_steps_are_taken_from_the_reservoir_and_not_delivered(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.lost_steps = 7
        self.assertEqual(ledger.reservoir_nl(7), (396, 1))
        self.assertEqual(ledger.delivered_nl(7), (22, 1))

    def test_steps_until_leaves_no_whole_step_above_the_reserve_and_never_passes_it(self):
        ledger = Ledger(STEP_NL, 50)
        ledger.refill((100, 1), 50)
        # 80 nL are 25.45 steps of 22/7 nL.
        self.assertEqual(ledger.steps_until(20, 50), 75)
        self.assertEqual(ledger.steps_until(20, 60), 75)
        self.assertEqual(ledger.steps_until(20, 75), 75)
        # Below the reserve already: none more.
        self.assertEqual(ledger.steps_until(20, 80), 80)
        self.assertEqual(ledger.steps_until(100, 50), 50)
        # 22 nL are exactly 7 steps.
        self.assertEqual(ledger.steps_until(78, 50), 57)

    def test_another_microstep_changes_none_of_the_volumes(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((4400, 1), 0)
        ledger.begin_prime(0)
        ledger.end_prime(70)
        ledger.lost_steps = 7
        before = (ledger.reservoir_nl(141), ledger.delivered_nl(141), ledger.primed_nl(141))
        ledger.change_microstep((5, 3), 141)
        after = (ledger.reservoir_nl(141), ledger.delivered_nl(141), ledger.primed_nl(141))
        self.assertEqual(after, before)
        # From here on a step is 5/3 nL.
        self.assertEqual(ledger.reservoir_nl(144), ratio.subtract(before[0], (5, 1)))
        self.assertEqual(ledger.delivered_nl(144), ratio.add(before[1], (5, 1)))

    def test_another_microstep_in_a_prime_keeps_what_was_primed_and_goes_on_priming(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((440, 1), 0)
        ledger.begin_prime(0)
        ledger.change_microstep((5, 3), 7)
        self.assertEqual(ledger.primed_nl(7), (22, 1))
        # 3 steps of 5/3 nL more.
        self.assertEqual(ledger.primed_nl(10), (27, 1))
        self.assertEqual(ledger.delivered_nl(10), ratio.ZERO)
        self.assertEqual(ledger.reservoir_nl(10), (413, 1))

    def test_the_same_microstep_again_changes_nothing(self):
        ledger = Ledger(STEP_NL, 0)
        ledger.refill((4400, 1), 0)
        ledger.lost_steps = 7
        ledger.change_microstep(STEP_NL, 10)
        self.assertEqual((ledger.filled_nl, ledger.lost_steps), ((4400, 1), 7))

    def test_filled_is_left_delivered_primed_and_lost_after_any_operations(self):
        # Numerical Recipes' quick generator, so that every interpreter does the same.
        state = 20260601
        ledger = Ledger(STEP_NL, 0)
        moved = 0
        filled_nl = ratio.ZERO
        lost_nl = ratio.ZERO
        for _ in range(400):
            state = (1664525 * state + 1013904223) % 4294967296
            what, much = (state >> 8) % 8, (state >> 16) % 500
            if what == 0:
                ledger.refill((much * 100, 1), moved)
                filled_nl, lost_nl = (much * 100, 1), ratio.ZERO
            elif what == 1 and ledger.prime_from_moved is None:
                ledger.begin_prime(moved)
            elif what == 2 and ledger.prime_from_moved is not None:
                ledger.end_prime(moved)
            elif what == 3:
                lost = much % 9
                ledger.lost_steps += lost
                lost_nl = total(lost_nl, ratio.scale(ledger.microstep_nl, lost))
            elif what == 4 and ledger.prime_from_moved is None:
                ledger.change_microstep(ratio.ratio(1 + much, 7), moved)
            else:
                moved += much
            self.assertEqual(
                total(
                    ledger.reservoir_nl(moved),
                    ledger.delivered_nl(moved),
                    ledger.primed_nl(moved),
                    lost_nl,
                ),
                filled_nl,
            )


if __name__ == "__main__":
    unittest.main()
