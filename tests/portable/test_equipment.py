"""What is fitted: one text, its limits, and the sums behind its readings."""

import unittest

from bench_equipment import everything
from pump.core import measures
from pump.core.equipment import (
    Equipment,
    SettingError,
    canonical_text,
    check,
    differences,
    parse,
    rows,
)
from pump.core.errors import BadText
from pump.core.measures import COUNTS_MAX, Threshold

# Written by hand from the table in firmware/docs/equipment.md.
TEXT = """\
titrate-equipment 1
name Bench 3
limit_home yes
limit_end yes
syringe_switch yes
supply_low_mv 11000
supply_depleted_mv 10000
over_temperature_c 60
force hx711
force_zero_counts 8400000
force_load_counts 8410000
force_load_mn 10000
occlusion_mn 25000
"""
NOTHING = """\
titrate-equipment 1
name Bare
limit_home no
limit_end no
syringe_switch no
supply_low_mv none
supply_depleted_mv none
over_temperature_c none
force none
force_zero_counts none
force_load_counts none
force_load_mn none
occlusion_mn none
"""


class TextTest(unittest.TestCase):
    def test_an_equipment_has_one_text_that_is_read_back(self):
        self.assertEqual(canonical_text(everything()), TEXT)
        self.assertEqual(canonical_text(parse(TEXT)), TEXT)
        check(parse(TEXT))

    def test_nothing_is_fitted_unless_it_is_said(self):
        self.assertEqual(canonical_text(Equipment("Bare")), NOTHING)
        check(parse(NOTHING))

    def test_a_text_that_is_not_canonical_is_refused(self):
        for wrong, right in (
            ("equipment 1", "equipment 2"),
            ("limit_home yes", "limit_home true"),
            ("limit_home yes\n", ""),
            ("force hx711", "force cell"),
            ("11000", "011000"),
            ("11000", "11000.5"),
            ("occlusion_mn 25000\n", "occlusion_mn 25000\nmore 1\n"),
            ("25000\n", "25000"),
        ):
            with self.assertRaises(BadText):
                parse(TEXT.replace(wrong, right))

    def test_a_review_names_what_changes_and_nothing_else(self):
        rows = differences("", NOTHING)
        self.assertEqual(rows, [("name", "", "Bare")])
        rows = differences(NOTHING, NOTHING.replace("limit_end no", "limit_end yes"))
        self.assertEqual(rows, [("switch at the empty end", "none", "fitted")])
        rows = differences(TEXT, TEXT.replace("11000", "11500"))
        self.assertEqual(rows, [("low supply", "11000 mV", "11500 mV")])
        rows = differences(TEXT, TEXT.replace("25000", "20000"))
        self.assertEqual(rows, [("force that is an occlusion", "25000 mN", "20000 mN")])


class SignalsTest(unittest.TestCase):
    def test_a_text_that_does_not_name_the_signals_means_full_ones(self):
        self.assertEqual(parse(TEXT).signals, "full")
        self.assertEqual(Equipment("Bare").signals, "full")

    def test_quiet_signals_are_the_last_line_and_are_read_back(self):
        found = everything()
        found.signals = "quiet"
        self.assertEqual(canonical_text(found), TEXT + "signals quiet\n")
        self.assertEqual(parse(TEXT + "signals quiet\n").signals, "quiet")
        check(found)

    def test_no_other_word_and_no_second_way_to_write_full_is_taken(self):
        for line in ("signals full\n", "signals off\n", "signals\n", "signals quiet\n" * 2):
            with self.assertRaises(BadText):
                parse(TEXT + line)

    def test_a_review_names_the_old_and_the_new_cadence(self):
        quiet = NOTHING + "signals quiet\n"
        row = ("light and sound of alarms", "full", "quiet")
        self.assertEqual(differences("", quiet), [("name", "", "Bare"), row])
        self.assertEqual(differences(NOTHING, quiet), [row])
        self.assertEqual(differences(quiet, NOTHING), [(row[0], "quiet", "full")])
        self.assertEqual(rows(parse(quiet))[-1], (row[0], "quiet"))
        self.assertEqual(rows(parse(NOTHING))[-1], (row[0], "full"))


class LimitTest(unittest.TestCase):
    def refused(self, key, **changes):
        found = everything()
        for name, value in changes.items():
            setattr(found, name, value)
        with self.assertRaises(SettingError) as caught:
            check(found)
        self.assertEqual(caught.exception.key, key)
        return caught.exception.sentence

    def test_each_number_has_its_limits_in_the_sentence(self):
        for key, wrong, limits in (
            ("supply_low_mv", 36001, "1000 to 36000 mV"),
            ("supply_depleted_mv", 999, "1000 to 36000 mV"),
            ("over_temperature_c", 86, "30 to 85 C"),
            ("over_temperature_c", 29, "30 to 85 C"),
            ("force_zero_counts", 0x1000000, "0 to 16777215 counts"),
            ("force_load_mn", 99, "100 to 500000 mN"),
            ("occlusion_mn", 500001, "500 to 500000 mN"),
        ):
            self.assertTrue(limits in self.refused(key, **{key: wrong}))

    def test_what_is_at_a_limit_is_taken(self):
        found = everything()
        found.supply_low_mv, found.supply_depleted_mv = 36000, 1000
        found.over_temperature_c = 85
        found.force_zero_counts, found.force_load_counts = 0xFFFFFF, 0xFFFFFF - 100
        found.force_load_mn, found.occlusion_mn = 100, 500
        check(found)

    def test_a_name_is_printable_and_short(self):
        for name in ("", " a", "a ", "a" * 33, "caf\u00e9"):
            self.refused("name", name=name)

    def test_the_supply_has_both_voltages_in_order_or_none(self):
        self.refused("supply_low_mv", supply_low_mv=None)
        self.refused("supply_depleted_mv", supply_depleted_mv=None)
        self.refused("supply_depleted_mv", supply_depleted_mv=11000)

    def test_a_force_sensor_has_all_of_its_settings_or_none(self):
        for key in ("force_zero_counts", "force_load_counts", "force_load_mn", "occlusion_mn"):
            self.refused(key, **{key: None})
        self.refused("force_zero_counts", force="none")

    def test_two_readings_that_tell_no_force_apart_are_refused(self):
        self.refused("force_load_counts", force_load_counts=8400099)
        self.refused("force_load_counts", force_load_counts=8399901)
        self.refused("force_zero_counts", force="adc")


class MeasureTest(unittest.TestCase):
    def test_the_supply_is_the_reading_times_its_divider(self):
        # 65535 counts are 3.3 V, and 100 kohm above 10 kohm 11 times that.
        self.assertEqual(measures.supply_mv(65535, (11, 1)), 36300)
        self.assertEqual(measures.supply_mv(0, (11, 1)), 0)
        # 12 V / 11 = 1.0909 V = 21664.5 counts.
        self.assertEqual(measures.supply_mv(21665, (11, 1)), 12000)

    def test_the_chip_has_27_c_at_706_mv_and_one_more_every_1721_uv_less(self):
        def counts(uv):
            return uv * 65535 // 3300000

        # RP2040 datasheet 4.9.5: 27 - (V - 0.706) / 0.001721.
        self.assertEqual(measures.chip_c(counts(706000)), 27)
        self.assertEqual(measures.chip_c(counts(706000 - 1721 * 33 - 800)), 60)
        self.assertEqual(measures.chip_c(counts(706000 + 1721 * 27 - 800)), 0)
        self.assertEqual(measures.chip_c(counts(706000 + 1721 * 47 - 800)), -20)

    def test_a_force_is_on_the_line_through_no_load_and_a_known_one(self):
        self.assertEqual(measures.force_mn(8425000, 8400000, 8410000, 10000), 25000)
        self.assertEqual(measures.force_mn(8400000, 8400000, 8410000, 10000), 0)
        self.assertEqual(measures.force_mn(8390000, 8400000, 8410000, 10000), -10000)
        # A cell that is mounted the other way round.
        self.assertEqual(measures.force_mn(8375000, 8400000, 8390000, 10000), 25000)
        # 981 mN over 300 counts: 327 mN are 100 of them.
        self.assertEqual(measures.force_mn(1100, 1000, 1300, 981), 327)

    def test_a_mean_is_of_ten_readings(self):
        readings = list(range(100, 0, -10))
        self.assertEqual(measures.mean(readings.pop), 55)
        self.assertEqual(readings, [])

    def test_a_threshold_holds_until_the_value_has_come_back_far_enough(self):
        upper = Threshold(60, 5, True)
        self.assertEqual(
            [upper.update(value) for value in (59, 60, 56, 55, 54, 59)],
            [False, True, True, True, False, False],
        )
        lower = Threshold(11000, 200, False)
        self.assertEqual(
            [lower.update(value) for value in (11000, 10999, 11199, 11200, 11000)],
            [False, True, True, False, False],
        )

    def test_an_hx711_has_24_bits_and_an_adc_16(self):
        self.assertEqual(COUNTS_MAX, {"hx711": 2**24 - 1, "adc": 2**16 - 1})


if __name__ == "__main__":
    unittest.main()
