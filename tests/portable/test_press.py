import unittest

from pump.core.press import (
    FREED,
    HELD,
    HOLD_MS,
    NOTHING,
    PRESSED,
    RELEASED,
    STUCK,
    STUCK_MS,
    Press,
)

WRAP_MS = 2**30


def told(press, contacts, begin_ms=0, every_ms=10):
    """What a press tells of contacts looked at every 10 ms: (look, what)."""
    found = []
    for look in range(len(contacts)):
        what = press.update(contacts[look] == "#", (begin_ms + look * every_ms) % WRAP_MS)
        if what != NOTHING:
            found.append((look, what))
    return found


class PressTest(unittest.TestCase):
    def test_a_short_press_is_pressed_and_released_once_each(self):
        # Debounced for 30 ms: told three looks after the contact changed.
        self.assertEqual(told(Press(), "..#####....."), [(5, PRESSED), (10, RELEASED)])

    def test_bounces_shorter_than_30_ms_are_no_press(self):
        """Faults: F2."""
        self.assertEqual(told(Press(), "..#.##.#..##....#..." * 20), [])

    def test_a_press_that_bounces_at_both_ends_is_one_press(self):
        """Faults: F2."""
        self.assertEqual(told(Press(), "..#.#.####.##.#......"), [(9, PRESSED), (18, RELEASED)])

    def test_a_long_press_is_held_once_counted_from_when_the_contact_closed(self):
        looks = HOLD_MS // 10
        found = told(Press(), "." + "#" * (looks + 50) + "....")
        self.assertEqual([what for _look, what in found], [PRESSED, HELD, RELEASED])
        self.assertEqual(found[1][0], 1 + looks)

    def test_down_for_a_minute_is_stuck_and_its_release_is_no_release(self):
        """Faults: F1."""
        looks = STUCK_MS // 10
        found = told(Press(), "." + "#" * (looks + 50) + "....")
        self.assertEqual([what for _look, what in found], [PRESSED, HELD, STUCK, FREED])
        self.assertEqual(found[2][0], 1 + looks)
        self.assertEqual(STUCK_MS, 60000)

    def test_down_from_power_on_does_nothing_but_get_stuck(self):
        press = Press()
        self.assertEqual(told(press, "#" * 1000 + "....."), [])
        self.assertEqual(told(press, "#####.....", 20000), [(3, PRESSED), (8, RELEASED)])
        self.assertEqual(told(Press(), "#" * 6002), [(6000, STUCK)])

    def test_the_wrap_of_ticks_ms_changes_nothing(self):
        """Faults: F10."""
        contacts = ".." + "#" * 320 + "......"
        expected = told(Press(), contacts)
        for before_ms in (0, 10, 20, 30, 1000, 3000, 3010, 3200):
            self.assertEqual(told(Press(), contacts, WRAP_MS - before_ms), expected)

    def test_settled_while_up_and_quiet_only(self):
        press = Press()
        states = []
        for contact in "..#####.....":
            press.update(contact == "#", len(states) * 10)
            states.append(press.is_settled)
        self.assertEqual(states, [True, True] + [False] * 8 + [True, True])
