"""A switch that bounces and one that wraps the clock."""

import unittest

from pump.core.contact import SETTLE_MS, Contact


class ContactTest(unittest.TestCase):
    def test_the_first_reading_holds_at_once(self):
        for reads_on in (False, True):
            contact = Contact(reads_on)
            self.assertEqual((contact.is_on, contact.is_settled), (reads_on, True))
            self.assertFalse(contact.update(reads_on, 5))

    def test_a_change_holds_when_it_has_lasted_for_20_ms_and_is_told_once(self):
        contact = Contact(False)
        told = [contact.update(True, now_ms) for now_ms in (100, 110, 119, 120, 130)]
        self.assertEqual(told, [False, False, False, True, False])
        self.assertTrue(contact.is_on)

    def test_bounces_begin_the_20_ms_anew(self):
        contact = Contact(False)
        self.assertFalse(contact.update(True, 0))
        self.assertFalse(contact.update(False, 15))
        self.assertTrue(contact.is_settled)
        self.assertFalse(contact.update(True, 18))
        self.assertFalse(contact.is_settled)
        self.assertFalse(contact.update(True, 37))
        self.assertTrue(contact.update(True, 38))

    def test_it_settles_over_the_wrap_of_ticks_ms(self):
        contact = Contact(True)
        self.assertFalse(contact.update(False, 2**30 - 10))
        self.assertFalse(contact.update(False, SETTLE_MS - 11))
        self.assertTrue(contact.update(False, SETTLE_MS - 10))


if __name__ == "__main__":
    unittest.main()
