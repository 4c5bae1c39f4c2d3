import unittest

from pump.core import geometry, ratio

# pi to 40 digits (OEIS A000796), as a whole number over 10**39.
PI_40 = 3_141_592_653_589_793_238_462_643_383_279_502_884_197


def microstep_nl(**changes):
    """A microstep of the usual 10 mL syringe: 14.5 mm bore, T8x2 screw, 1.8 degrees, 1/16."""
    settings = {
        "bore_um": 14_500,
        "lead_um": 2000,
        "full_steps_per_rev": 200,
        "microsteps": 16,
        "gear": (1, 1),
        "calibration": (1, 1),
    }
    settings.update(changes)
    return geometry.microstep_nl(**settings)


class GeometryTest(unittest.TestCase):
    def test_pi_is_right_to_9_3_parts_in_a_million_million(self):
        error = ratio.subtract(geometry.PI, (PI_40, 10**39))
        relative = ratio.divide(error, (PI_40, 10**39))
        self.assertTrue(ratio.compare(relative, (93, 10**13)) < 0)
        self.assertTrue(ratio.compare(relative, (92, 10**13)) > 0)

    def test_pi_is_a_convergent_of_its_continued_fraction(self):
        # Evaluated from the inside out: [3; 7, 15, 1, 292, 1, 1, 1] (OEIS A001203).
        value = (1, 1)
        for term in (1, 1, 292, 1, 15, 7, 3):
            value = ratio.add((term, 1), ratio.divide((1, 1), value))
        self.assertEqual(value, geometry.PI)

    def test_a_microstep_of_10_ml_on_a_2_mm_screw_is_103_2_nl(self):
        # By hand: area 165.13 mm2, times 2 mm / 3200 = 0.10320 mm3.
        volume = microstep_nl()
        self.assertEqual(ratio.floor(ratio.scale(volume, 10)), 1032)
        # A second way: one turn of the screw moves 3200 of them, 165.13 mm2 * 2 mm = 330.26 uL.
        self.assertEqual(ratio.floor(ratio.scale(volume, 3200)), 330_259)

    def test_microsteps_of_other_pumps_are_as_published(self):
        # Bore, lead, gear and volume in tenths of nL, worked out with pi = 3.14159.
        for bore_um, lead_um, gear, tenths_nl in (
            (4780, 2000, (1, 1), 112),
            (12_060, 2000, (1, 1), 713),
            (14_500, 8000, (1, 1), 4128),
            (14_500, 2000, (27, 1), 38),
            (19_130, 2000, (1, 1), 1796),
        ):
            volume = microstep_nl(bore_um=bore_um, lead_um=lead_um, gear=gear)
            self.assertEqual(ratio.floor(ratio.scale(volume, 10)), tenths_nl)

    def test_gear_microsteps_and_full_steps_divide_and_calibration_multiplies(self):
        whole = microstep_nl()
        self.assertEqual(microstep_nl(gear=(27, 1)), ratio.scale(whole, 1, 27))
        self.assertEqual(microstep_nl(gear=(1, 2)), ratio.scale(whole, 2))
        self.assertEqual(microstep_nl(microsteps=256), ratio.scale(whole, 1, 16))
        self.assertEqual(microstep_nl(full_steps_per_rev=400), ratio.scale(whole, 1, 2))
        self.assertEqual(microstep_nl(calibration=(987, 1000)), ratio.scale(whole, 987, 1000))
        self.assertEqual(microstep_nl(bore_um=29_000), ratio.scale(whole, 4))

    def test_steps_times_their_volume_is_the_volume_but_for_less_than_one(self):
        volume = microstep_nl()
        steps = geometry.microsteps_for((1_000_000, 1), volume)
        self.assertEqual(steps, 9689)  # 1,000,000 / 103.2062 = 9689.3
        left = ratio.subtract((1_000_000, 1), ratio.scale(volume, steps))
        self.assertTrue(ratio.compare(left, ratio.ZERO) >= 0)
        self.assertTrue(ratio.compare(left, volume) < 0)
        self.assertEqual(geometry.microsteps_for(ratio.scale(volume, 7), volume), 7)

    def test_travel_and_swept_volume_undo_each_other(self):
        swept = geometry.swept_nl(14_500, 61_000)
        self.assertEqual(ratio.floor(swept), 10_072_927)  # 165.13 mm2 * 61 mm
        self.assertEqual(geometry.travel_um(14_500, swept), (61_000, 1))

    def test_capacity_may_exceed_bore_and_travel_by_5_percent(self):
        # 165.13 mm2 * 60 mm = 9.9078 mL; 5 % more are 10.4032 mL.
        self.assertTrue(geometry.holds_capacity(14_500, 60_000, 10_403_000))
        self.assertFalse(geometry.holds_capacity(14_500, 60_000, 10_404_000))


if __name__ == "__main__":
    unittest.main()
