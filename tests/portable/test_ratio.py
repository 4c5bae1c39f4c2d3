import unittest

from pump.core import ratio


class RatioTest(unittest.TestCase):
    def test_equal_ratios_are_equal_tuples(self):
        self.assertEqual(ratio.ratio(22_000_000, 48_000), (1375, 3))
        self.assertEqual(ratio.ratio(-4, -6), (2, 3))
        self.assertEqual(ratio.ratio(4, -6), (-2, 3))
        self.assertEqual(ratio.ratio(0, 7), ratio.ZERO)

    def test_a_year_of_22_mcg_per_day_at_2000_mcg_per_ml_is_4015_ul_exactly(self):
        # 22 mcg/day over 2000 mcg/mL is 11 uL/day; 365 days of it are 4015 uL.
        rate_nl_per_h = ratio.divide((22 * 1_000_000, 24), (2000, 1))
        self.assertEqual(rate_nl_per_h, (1375, 3))
        total_nl = ratio.ZERO
        for _day in range(365):
            total_nl = ratio.add(total_nl, ratio.scale(rate_nl_per_h, 24))
        self.assertEqual(total_nl, (4_015_000, 1))

    def test_sums_beyond_small_integers_and_single_floats_are_exact(self):
        # 2**30 ends the small integers of the RP2040, 2**24 the whole numbers of its floats.
        for edge in (2**24, 2**30, 2**62, 2**64):
            with self.subTest(edge=edge):
                self.assertEqual(ratio.add((edge, 3), (1, 3)), ratio.ratio(edge + 1, 3))
                self.assertEqual(ratio.subtract((edge + 1, 1), (edge, 1)), ratio.ONE)
                self.assertEqual(ratio.multiply((edge, 7), (7, edge)), ratio.ONE)

    def test_compare_sees_one_part_in_2_to_the_120(self):
        big = 2**60
        self.assertGreater(ratio.compare((big, big - 1), (big + 1, big)), 0)
        self.assertLess(ratio.compare((big + 1, big), (big, big - 1)), 0)
        self.assertEqual(ratio.compare((big, big - 1), (big, big - 1)), 0)

    def test_floor_and_ceil_bracket_on_both_sides_of_zero(self):
        self.assertEqual((ratio.floor((7, 2)), ratio.ceil((7, 2))), (3, 4))
        self.assertEqual((ratio.floor((-7, 2)), ratio.ceil((-7, 2))), (-4, -3))
        self.assertEqual((ratio.floor((6, 1)), ratio.ceil((6, 1))), (6, 6))

    def test_text_is_read_back_as_the_same_ratio(self):
        for value, word in (((25000, 1), "25000"), ((1375, 3), "1375/3"), ((-1, 2), "-1/2")):
            with self.subTest(word=word):
                self.assertEqual(ratio.text(value), word)
                self.assertEqual(ratio.parse(word), value)

    def test_text_that_text_would_not_write_is_refused(self):
        for word in ("", "1/0", "2/4", "1/2/3", "1/-2", "0.5", "01", "+1", "1 ", "5/1", "-0"):
            with self.subTest(word=word), self.assertRaises(ValueError):
                ratio.parse(word)
