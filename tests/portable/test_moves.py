"""The states and the one table of legal moves between them."""

import unittest

from pump.core import moves
from pump.core.errors import NotNow

STATES = (
    moves.UNPROGRAMMED,
    moves.STOPPED,
    moves.RUNNING,
    moves.KVO,
    moves.MINIMUM,
    moves.PAUSED,
    moves.PRIMING,
    moves.MOVING,
    moves.EMPTY,
    moves.HALTED,
)
# What a person can ask for, and what happens by itself.
REQUESTS = (
    "confirm",
    "rate",
    "start",
    "minimum",
    "pause",
    "resume",
    "stop",
    "bolus",
    "demand",
    "cancel_bolus",
    "prime",
    "move",
    "refill",
)
EVENTS = ("primed", "emptied", "fault", "infused", "kept_open", "moved")


def reachable_from(state):
    found = [state]
    for at in found:
        for following in moves.MOVES[at].values():
            if following not in found:
                found.append(following)
    return found


class MovesTest(unittest.TestCase):
    def test_the_table_has_every_state_and_nothing_else(self):
        self.assertEqual(sorted(moves.MOVES), sorted(STATES))
        for legal in moves.MOVES.values():
            for happening, following in legal.items():
                self.assertIn(following, STATES)
                self.assertIn(happening, REQUESTS + EVENTS)

    def test_every_pair_is_legal_or_refused_with_what_to_do(self):
        for state in STATES:
            for happening in REQUESTS + EVENTS:
                if happening in moves.MOVES[state]:
                    self.assertEqual(moves.after(state, happening), moves.MOVES[state][happening])
                    continue
                with self.assertRaises(NotNow) as caught:
                    moves.after(state, happening)
                sentence = caught.exception.sentence
                self.assertIn(state, sentence)
                self.assertIn(happening.replace("_", " "), sentence)
                # After the colon comes the advice.
                self.assertGreater(len(sentence.split(": ")[1]), 8)

    def test_every_state_is_reached_from_a_pump_without_a_programme(self):
        self.assertEqual(sorted(reachable_from(moves.UNPROGRAMMED)), sorted(STATES))

    def test_stopped_is_reached_from_every_state(self):
        for state in STATES:
            self.assertIn(moves.STOPPED, reachable_from(state))

    def test_whatever_delivers_can_be_stopped_empties_and_halts(self):
        for state in moves.DELIVERING:
            self.assertEqual(moves.after(state, "stop"), moves.STOPPED)
            self.assertEqual(moves.after(state, "emptied"), moves.EMPTY)
            self.assertEqual(moves.after(state, "fault"), moves.HALTED)

    def test_a_fault_an_empty_reservoir_and_a_pause_are_left_only_by_a_person(self):
        for state in (moves.HALTED, moves.EMPTY, moves.PAUSED, moves.STOPPED):
            for happening in EVENTS:
                # Steps that nobody asked for are a fault in any state.
                following = moves.MOVES[state].get(happening, moves.HALTED)
                self.assertEqual(following, moves.HALTED)

    def test_only_start_resume_and_minimum_begin_delivery(self):
        for state in STATES:
            if state in moves.DELIVERING:
                continue
            for happening, following in moves.MOVES[state].items():
                if following in moves.DELIVERING:
                    self.assertIn(happening, ("start", "resume", "minimum", "prime"))
        # Not from a halt: the fault is to be looked at first.
        for following in moves.MOVES[moves.HALTED].values():
            self.assertNotIn(following, moves.DELIVERING)

    def test_a_bolus_is_given_only_while_the_programme_runs(self):
        for state in STATES:
            self.assertEqual("bolus" in moves.MOVES[state], state == moves.RUNNING)


if __name__ == "__main__":
    unittest.main()
