import unittest

from pump.core import quantity, ratio
from pump.core.errors import BadText, OutOfRange

MCG_500 = (500, 1)


def sentence(parse, *args):
    """The sentence with which a text is refused."""
    try:
        value = parse(*args)
    except BadText as error:
        return error.sentence
    raise AssertionError("taken, and read as " + str(value))


class ParseTest(unittest.TestCase):
    def test_volumes_are_nanolitres_exactly(self):
        for text, volume_nl in (
            ("18 mL", (18_000_000, 1)),
            ("18mL", (18_000_000, 1)),
            (" 18  ml ", (18_000_000, 1)),
            ("250uL", (250_000, 1)),
            ("250 \u00b5L", (250_000, 1)),
            ("250 \u03bcL", (250_000, 1)),
            ("12.5 nL", (25, 2)),
            ("0.1 nL", (1, 10)),
            ("1.50 mL", (1_500_000, 1)),
            ("0 mL", (0, 1)),
            ("999999999999 mL", (999_999_999_999_000_000, 1)),
        ):
            self.assertEqual(quantity.parse_volume_nl(text), volume_nl)

    def test_doses_are_nanograms_exactly(self):
        for text, dose_ng in (
            ("50 mcg", (50_000, 1)),
            ("50 ug", (50_000, 1)),
            ("50 \u00b5g", (50_000, 1)),
            ("0.05 mg", (50_000, 1)),
            ("800 ng", (800, 1)),
            ("0.5 ng", (1, 2)),
        ):
            self.assertEqual(quantity.parse_dose_ng(text), dose_ng)

    def test_one_concentration_has_many_spellings(self):
        for text in ("500 mcg/mL", "0.5 mg/mL", "500 ug/ml", "500 ng/uL", "0.5 mcg/uL"):
            self.assertEqual(quantity.parse_concentration(text), MCG_500)
        self.assertEqual(quantity.parse_concentration("333.3 mcg/mL"), (3333, 10))

    def test_22_mcg_per_day_at_2000_mcg_per_ml_is_11_ul_per_day(self):
        # 22 / 2000 mL = 11 uL in 24 h: 11000 / 24 = 1375 / 3 nL/h.
        rate_nl_per_h = quantity.parse_rate_nl_per_h("22 mcg/day", (2000, 1))
        self.assertEqual(rate_nl_per_h, (1375, 3))
        self.assertEqual(quantity.parse_rate_nl_per_h("11 uL/day", None), rate_nl_per_h)

    def test_300_mcg_per_day_at_500_mcg_per_ml_is_25_ul_per_hour(self):
        for text in ("300 mcg/day", "0.3 mg/day", "12.5 mcg/h", "0.6 mL/day", "25 uL/h"):
            self.assertEqual(quantity.parse_rate_nl_per_h(text, MCG_500), (25_000, 1))

    def test_a_rate_a_minute_is_60_of_it_an_hour(self):
        # 1.5 mcg/min at 500 mcg/mL: 3 uL/min, 180 uL/h.
        self.assertEqual(quantity.parse_rate_nl_per_h("1.5 mcg/min", MCG_500), (180_000, 1))
        self.assertEqual(quantity.parse_rate_nl_per_h("3 uL/min", None), (180_000, 1))

    def test_an_amount_is_a_volume_or_a_dose(self):
        # 50 mcg of 500 mcg/mL are a tenth of a millilitre.
        self.assertEqual(quantity.parse_amount_nl("50 mcg", MCG_500), (100_000, 1))
        self.assertEqual(quantity.parse_amount_nl("100 uL", MCG_500), (100_000, 1))
        self.assertEqual(quantity.parse_amount_nl("100 uL", None), (100_000, 1))
        self.assertEqual(quantity.parse_amount_nl("1 mcg", (3, 1)), (1_000_000, 3))

    def test_lengths_are_whole_micrometres(self):
        self.assertEqual(quantity.parse_length_um("14.5 mm"), 14_500)
        self.assertEqual(quantity.parse_length_um("500 um"), 500)
        self.assertTrue(
            "whole number of micrometres" in sentence(quantity.parse_length_um, "0.0005 mm")
        )

    def test_durations_are_whole_seconds(self):
        for text, duration_s in (
            ("90 s", 90),
            ("10 min", 600),
            ("1.5 h", 5400),
            ("36 h", 129_600),
            ("1 day", 86_400),
            ("14 days", 1_209_600),
            ("1 h 30 min", 5400),
            ("1h 30min 1s", 5401),
            ("1 day 0.5 h", 88_200),
        ):
            self.assertEqual(quantity.parse_duration_s(text), duration_s)


class RefusalTest(unittest.TestCase):
    def refused(self, said, parse, *args):
        found = sentence(parse, *args)
        self.assertTrue(said in found, found)

    def test_a_bare_number_is_refused_with_examples(self):
        said = 'a bare number has no unit: write for example "300 mcg/day" or "0.6 mL/day"'
        for bare in ("300", " 12.5 ", 300, 12.5):
            self.refused(said, quantity.parse_rate_nl_per_h, bare, MCG_500)
        self.refused('for example "18 mL"', quantity.parse_volume_nl, "18")
        self.refused('for example "10 min"', quantity.parse_duration_s, "10")

    def test_a_number_is_written_out_in_one_way(self):
        for text, said in (
            ("-5 mL", "a sign has no meaning here"),
            ("+5 mL", "a sign has no meaning here"),
            ("1,5 mL", "write a decimal point"),
            ("1,500 mL", "write a decimal point"),
            ("1 500 mL", "without spaces"),
            (".5 mL", "write 0 before the decimal point"),
            ("5. mL", "no decimal point at the end"),
            ("1.2.3 mL", "write one decimal point"),
            ("1e3 mL", "without an exponent"),
            ("1E-3 mL", "without an exponent"),
            ("05 mL", "without zeros in front"),
            ("00.5 mL", "without zeros in front"),
            ("1234567890123 mL", "the limit is 12 digits"),
            ("0.123456789012 mL", "the limit is 12 digits"),
            ("~458.33 nL", "write the exact one"),
            ("mL", "does not start with a number"),
            ("five mL", "does not start with a number"),
            ("\u0665 mL", "does not start with a number"),
            ("", "nothing was given"),
            ("  ", "nothing was given"),
            (None, "is not text"),
        ):
            self.refused(said, quantity.parse_volume_nl, text)

    def test_capitals_that_change_a_unit_are_refused(self):
        for text, right in (("5 ML", "mL"), ("5 Ml", "mL"), ("5 UL", "uL"), ("5 NL", "nL")):
            self.refused("write " + right + ",", quantity.parse_volume_nl, text)
        self.refused("write mcg,", quantity.parse_dose_ng, "5 MCG")
        self.refused("write mg,", quantity.parse_dose_ng, "5 Mg")
        self.refused("write mcg/day,", quantity.parse_rate_nl_per_h, "5 MCG/Day", MCG_500)
        self.refused("write h,", quantity.parse_duration_s, "5 H")

    def test_an_unknown_unit_is_answered_with_the_known_ones(self):
        self.refused("in nL, uL or mL", quantity.parse_volume_nl, "5 cc")
        self.refused("in nL, uL or mL", quantity.parse_volume_nl, "5 L")
        self.refused("in ng, mcg or mg", quantity.parse_dose_ng, "5 g")
        self.refused("in s, min, h or day", quantity.parse_duration_s, "5 weeks")
        self.refused(
            "in ng, mcg or mg per min, h or day, or nL, uL or mL per min, h or day",
            quantity.parse_rate_nl_per_h,
            "5 mcg/kg/h",
            MCG_500,
        )
        for unit in (
            "mcg/s",
            "mcg/hr",
            "/h",
            "mL/",
            "mL/mcg",
            "h/h",
            "mL/mL",
            "mL mL",
            "mL/day/day",
        ):
            self.refused("unknown unit", quantity.parse_rate_nl_per_h, "5 " + unit, MCG_500)

    def test_another_kind_of_quantity_is_named(self):
        self.refused(
            'is a volume rate, but a dose is asked for: write for example "50 mcg"',
            quantity.parse_dose_ng,
            "2 mL/h",
        )
        self.refused(
            "is a dose, but a dose rate or a volume rate is asked for",
            quantity.parse_rate_nl_per_h,
            "300 mcg",
            MCG_500,
        )
        self.refused("is a concentration", quantity.parse_volume_nl, "500 mcg/mL")
        self.refused("is a length", quantity.parse_volume_nl, "5 mm")
        self.refused("is a volume, but a duration", quantity.parse_duration_s, "5 mL")

    def test_a_dose_without_a_concentration_says_what_is_missing(self):
        self.refused(
            'set the concentration, or write a volume, for example "0.6 mL/day"',
            quantity.parse_rate_nl_per_h,
            "300 mcg/day",
            None,
        )
        self.refused("set the concentration", quantity.parse_amount_nl, "50 mcg", None)

    def test_a_concentration_of_nothing_is_refused(self):
        self.refused("contains no drug", quantity.parse_concentration, "0 mcg/mL")

    def test_durations_are_refused_that_are_not_whole_or_not_in_order(self):
        self.refused("whole number of seconds", quantity.parse_duration_s, "0.5 s")
        self.refused("larger unit first", quantity.parse_duration_s, "30 min 1 h")
        self.refused("larger unit first", quantity.parse_duration_s, "1 h 1 h")
        self.refused("without spaces", quantity.parse_duration_s, "1 30 min")

    def test_a_sentence_quotes_at_most_40_printable_characters(self):
        found = sentence(quantity.parse_volume_nl, "x" * 300 + "\n")
        self.assertTrue(found.startswith('"' + "x" * 37 + '..."'), found)
        self.assertTrue('"?5 mL?"' in sentence(quantity.parse_volume_nl, "\x035 mL\x00"))


class FormatTest(unittest.TestCase):
    def test_figures_of_up_to_9_digits_are_exact(self):
        for volume_nl, text in (
            ((18_000_000, 1), "18 mL"),
            ((250_000, 1), "250 uL"),
            ((999_999, 1), "999.999 uL"),
            ((1_000_000, 1), "1 mL"),
            ((25, 2), "12.5 nL"),
            ((1, 1000), "0.001 nL"),
            ((123_456_789, 1), "123.456789 mL"),
            ((0, 1), "0 mL"),
            ((-250_000, 1), "-250 uL"),
        ):
            self.assertEqual(quantity.format_volume(volume_nl), text)

    def test_other_figures_are_rounded_to_5_digits_and_marked(self):
        for value, text in (
            ((1375, 3), "~458.33"),
            ((2, 3), "~0.66667"),
            ((1, 3000), "~0.00033333"),
            ((99_999_999, 10_000_001), "~10"),
            ((-1375, 3), "~-458.33"),
            ((1_000_000_000_000_000_001, 1_000_000_000), "~1000000000"),
            ((123_456_789_123, 10), "~12345678912"),
            ((1, 7 * 10**12), "~0.00000000000014286"),
        ):
            self.assertEqual(quantity.format_number(value), text)

    def test_a_half_in_the_last_digit_is_rounded_up(self):
        # 1.000005 would be exact; 1.00005 + a part in 3 * 10**9 is just above the half.
        self.assertEqual(quantity.format_number((300_015_001, 300_000_000)), "~1.0001")
        self.assertEqual(quantity.format_number((300_014_999, 300_000_000)), "~1")

    def test_doses_and_rates_are_shown_as_a_person_writes_them(self):
        self.assertEqual(quantity.format_dose((50_000, 1)), "50 mcg")
        self.assertEqual(quantity.format_dose((800, 1)), "800 ng")
        self.assertEqual(quantity.format_dose((9_999_000, 1)), "9999 mcg")
        self.assertEqual(quantity.format_dose((24_000_000, 1)), "24 mg")
        self.assertEqual(quantity.format_volume_rate((25_000, 1)), "25 uL/h")
        self.assertEqual(quantity.format_dose_rate((1375, 3), (2000, 1)), "22 mcg/day")
        self.assertEqual(quantity.format_rate((25_000, 1), MCG_500), "300 mcg/day (25 uL/h)")
        self.assertEqual(quantity.format_rate((25_000, 1), None), "25 uL/h")
        self.assertEqual(quantity.format_amount((100_000, 1), MCG_500), "50 mcg (100 uL)")
        self.assertEqual(quantity.format_amount((100_000, 1), None), "100 uL")
        self.assertEqual(quantity.format_concentration((3333, 10)), "333.3 mcg/mL")
        self.assertEqual(quantity.format_length((14_500, 1)), "14.5 mm")

    def test_durations_read_back(self):
        for duration_s, text in (
            (0, "0 s"),
            (90, "1 min 30 s"),
            (600, "10 min"),
            (129_600, "1 day 12 h"),
            (1_209_600, "14 days"),
            (100_000, "1 day 3 h 46 min 40 s"),
        ):
            self.assertEqual(quantity.format_duration(duration_s), text)
            self.assertEqual(quantity.parse_duration_s(text), duration_s)

    def test_weekdays_are_named_in_runs(self):
        for mask, text in (
            (127, "daily"),
            (31, "Mon-Fri"),
            (96, "Sat, Sun"),
            (1, "Mon"),
            (0b0010101, "Mon, Wed, Fri"),
            (0b1110011, "Mon, Tue, Fri-Sun"),
            (0, ""),
        ):
            self.assertEqual(quantity.format_weekdays(mask), text)

    def test_formatted_quantities_without_a_mark_read_back_exactly(self):
        for numerator in (1, 3, 7, 999, 1000, 123_456, 98_765_432):
            for denominator in (1, 2, 5, 8, 40, 1000):
                value = ratio.ratio(numerator, denominator)
                text = quantity.format_volume(value)
                if text[0] != "~":
                    self.assertEqual(quantity.parse_volume_nl(text), value)
                text = quantity.format_rate(value, None)
                if text[0] != "~":
                    self.assertEqual(quantity.parse_rate_nl_per_h(text, None), value)


class CalendarTest(unittest.TestCase):
    def test_a_time_of_day_is_seconds_since_midnight(self):
        self.assertEqual(quantity.parse_time_of_day_s("22:00"), 79_200)
        self.assertEqual(quantity.parse_time_of_day_s("06:30:05"), 23_405)
        self.assertEqual(quantity.parse_time_of_day_s("23:59:59"), 86_399)
        self.assertEqual(quantity.format_time_of_day(79_200), "22:00")
        self.assertEqual(quantity.format_time_of_day(23_405), "06:30:05")

    def test_other_forms_of_a_time_of_day_are_refused(self):
        for text in ("6:30", "06.30", "0630", "6 am", "06:30:00.5", "", "06:30 ", 630):
            if text != "06:30 ":
                self.assertTrue("HH:MM" in sentence(quantity.parse_time_of_day_s, text))
        self.assertEqual(quantity.parse_time_of_day_s("06:30 "), 23_400)
        for text in ("24:00", "12:60", "12:00:60", "99:00"):
            self.assertTrue(
                "not a time that a day has" in sentence(quantity.parse_time_of_day_s, text)
            )

    def test_instants_count_from_2000(self):
        # Known days: 10957 days lie between 1970-01-01 and 2000-01-01, so pump time is Unix
        # time less 946684800; 2026-11-22T06:00Z is Unix time 1795327200.
        self.assertEqual(quantity.parse_instant_s("2000-01-01T00:00"), 0)
        self.assertEqual(quantity.parse_instant_s("2026-11-22T06:00"), 1_795_327_200 - 946_684_800)
        self.assertEqual(quantity.parse_instant_s("2026-11-22 06:00:07"), 848_642_407)
        self.assertEqual(quantity.format_instant(848_642_407), "2026-11-22T06:00:07")
        # 100 years of 365 days and 25 leap days.
        self.assertEqual(quantity.parse_instant_s("2099-12-31T23:59:59"), 36_525 * 86_400 - 1)

    def test_every_month_and_leap_day_reads_back(self):
        day = 0
        for year in range(2000, 2100):
            for month in range(1, 13):
                days = 31 - (month in (4, 6, 9, 11))
                if month == 2:
                    days = 29 if year % 4 == 0 else 28
                for date in (1, days):
                    text = f"{year}-{month:02d}-{date:02d}T12:34:56"
                    instant_s = quantity.parse_instant_s(text)
                    self.assertEqual(instant_s, (day + date - 1) * 86_400 + 45_296)
                    self.assertEqual(quantity.format_instant(instant_s), text)
                day += days
        self.assertEqual(day, 36_525)

    def test_dates_that_do_not_exist_are_refused(self):
        for date in ("2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00"):
            self.assertTrue("not a date" in sentence(quantity.parse_instant_s, date + "T06:00"))
        for text in ("1999-12-31T23:59", "2100-01-01T00:00"):
            self.assertTrue("2000 to 2099" in sentence(quantity.parse_instant_s, text))

    def test_time_zones_and_other_forms_are_refused(self):
        for text in ("2026-11-22T06:00Z", "2026-11-22T06:00+01:00", "2026-11-22T06:00:00-05:00"):
            self.assertTrue("time zone" in sentence(quantity.parse_instant_s, text))
        for text in ("2026-11-22", "22.11.2026 06:00", "2026-11-22x06:00", "tomorrow", 5, ""):
            self.assertTrue("YYYY-MM-DDTHH:MM" in sentence(quantity.parse_instant_s, text))
        self.assertTrue("HH:MM" in sentence(quantity.parse_instant_s, "2026-11-22T06:0x"))

    def test_times_outside_the_clock_are_not_formatted(self):
        for pump_time_s in (-1, 36_525 * 86_400):
            with self.assertRaises(OutOfRange):
                quantity.format_instant(pump_time_s)


if __name__ == "__main__":
    unittest.main()
