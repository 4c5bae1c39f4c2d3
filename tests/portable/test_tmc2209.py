"""The TMC2209's datagrams, currents and flags, against published examples and its datasheet."""

import unittest

from pump.core import tmc2209, tmc2209_settings, tmc2209_status
from pump.core.errors import OutOfRange

# Datagrams that others saw on the wire, the check sum last: a write of CHOPCONF's reset value (a
# forum of ST's), IOIN asked for and answered by a TMC2209 of version 0x21 (the wiki of
# PyTmcStepper), an answer with CHOPCONF (an issue of TMCStepper), a request to a TMC2300 (a wiki of
# Kurokesu's).
SEEN = (
    b"\x05\x00\xec\x10\x00\x00\x53\x9c",
    b"\x55\x00\x06\xe8",
    b"\x05\xff\x06\x21\x00\x02\x41\x9d",
    b"\x05\xff\x6c\x16\x00\x82\x84\xd5",
    b"\x05\x00\x10\x70",
)


def divided(data):
    """The check sum by long division: the bits, lowest of each byte first, and eight zeros, modulo
    x^8 + x^2 + x + 1."""
    rest = 0
    for byte in bytes(data) + b"\x00":
        for bit in range(8):
            rest = rest << 1 | byte >> bit & 1
            if rest & 0x100:
                rest ^= 0x107
    return rest


class Board:
    """What pico_tmc2209 declares of its driver."""

    TMC_SENSE_MILLIOHM = 110
    TMC_RUN_MA = 700
    TMC_HOLD_MA = 350
    TMC_STALL_THRESHOLD = 10
    TMC_STALL_FULL_STEPS_PER_S = 200


class DatagramTest(unittest.TestCase):
    def test_the_check_sum_is_that_of_datagrams_seen_on_the_wire(self):
        for data in SEEN:
            self.assertEqual(tmc2209.crc8(data, 0, len(data) - 1), data[-1])

    def test_the_check_sum_is_the_rest_of_a_long_division(self):
        data = bytearray(7)
        for seed in range(64):
            for at in range(7):
                data[at] = (seed * 37 + at * 101 + (seed << at)) & 0xFF
            self.assertEqual(tmc2209.crc8(data, 0, 7), divided(data))
        # By hand: 1 divided by x^8 + x^2 + x + 1 after eight more bits leaves x^2 + x + 1.
        self.assertEqual(tmc2209.crc8(b"\x80", 0, 1), 0b111)

    def test_a_write_is_as_it_was_seen(self):
        sent = bytearray(8)
        tmc2209.put_write(sent, 0, tmc2209_settings.CHOPCONF, 0x10000053)
        self.assertEqual(bytes(sent), SEEN[0])

    def test_a_request_is_as_it_was_seen(self):
        sent = bytearray(4)
        tmc2209.put_request(sent, 0, tmc2209_settings.IHOLD_IRUN)
        self.assertEqual(bytes(sent), SEEN[4])

    def test_an_answer_seen_behind_its_echo_has_its_value(self):
        heard = SEEN[1] + SEEN[2]
        self.assertEqual(tmc2209.value_in(heard, 4, 0x06), 0x21000241)

    def test_an_answer_with_any_bit_changed_is_none(self):
        # The upper half of the sync byte is reserved: its check sum fails too.
        for at in range(8):
            for bit in range(8):
                heard = bytearray(SEEN[2])
                heard[at] ^= 1 << bit
                self.assertEqual(tmc2209.value_in(heard, 0, 0x06), -1)

    def test_an_answer_of_another_register_is_none(self):
        self.assertEqual(tmc2209.value_in(SEEN[2], 0, 0x01), -1)


class CurrentTest(unittest.TestCase):
    def test_full_scale_is_as_the_datasheet_lists_it(self):
        # Chapter 8: sense resistor and rms current at IRUN 31, vsense 0, in 10 mA.
        for milliohm, listed in (
            (1000, 23),
            (820, 27),
            (750, 30),
            (680, 33),
            (500, 44),
            (470, 47),
            (390, 56),
            (330, 66),
            (270, 79),
            (220, 96),
            (180, 115),
            (150, 135),
            (120, 164),
            (100, 192),
        ):
            ma = tmc2209_settings.rms_ma(milliohm, 0, 31)
            self.assertEqual((ma + 5) // 10, listed)

    def test_700_and_350_ma_at_0_11_ohm_are_scales_21_and_10_of_the_small_range(self):
        # By hand: 180 mV over 130 milliohm and sqrt(2) is 979.1 mA, a 32nd of that 30.60 mA; 22 of
        # them are 673.1 mA, 23 would be 703.7; 11 are 336.6, 12 would be 367.2.
        self.assertEqual(tmc2209_settings.currents(110, 700, 350), (1, 21, 10))
        self.assertEqual(tmc2209_settings.rms_ma(110, 1, 21), 673)
        self.assertEqual(tmc2209_settings.rms_ma(110, 1, 10), 336)

    def test_no_current_is_more_than_was_asked_for_and_one_step_up_would_be(self):
        for run_ma in range(60, 1750, 13):
            vsense, run, hold = tmc2209_settings.currents(110, run_ma, run_ma)
            self.assertEqual(run, hold)
            self.assertTrue(tmc2209_settings.rms_ma(110, vsense, run) <= run_ma)
            # Rounded down, it may show as just that.
            self.assertTrue(tmc2209_settings.rms_ma(110, vsense, run + 1) >= run_ma)

    def test_currents_that_cannot_be_are_refused_with_their_limit(self):
        # 1767 mA: 325 mV over 130 milliohm and sqrt(2) is 1767.8.
        for run_ma, hold_ma, words in (
            (1768, 300, "1 to 1767 mA"),
            (700, 701, "1 to 1767 mA"),
            (700, 0, "1 to 1767 mA"),
            (700, 30, "31 mA or more"),
        ):
            with self.assertRaises(OutOfRange) as caught:
                tmc2209_settings.currents(110, run_ma, hold_ma)
            self.assertTrue(words in caught.exception.sentence, caught.exception.sentence)


class SettingsTest(unittest.TestCase):
    def test_what_the_board_declares_as_registers(self):
        # By hand, bit by bit after chapter 5. CHOPCONF: interpolation 28, MRES 4 at 24 for 16
        # microsteps, vsense 17, HSTRT 5 at 4, TOFF 3. IHOLD_IRUN: delay 1 at 16, IRUN 21 at 8,
        # IHOLD 10. TCOOLTHRS: 12 MHz over 200 full steps of 256.
        self.assertEqual(
            tmc2209_settings.settings(Board, 16),
            (
                (0x00, 1 << 6 | 1 << 7 | 1 << 8),
                (0x10, 1 << 16 | 21 << 8 | 10),
                (0x11, 20),
                (0x6C, 1 << 28 | 4 << 24 | 1 << 17 | 5 << 4 | 3),
                (0x14, 234),
                (0x40, 10),
                (0x01, 1),
            ),
        )

    def test_every_power_of_two_of_microsteps_comes_back_and_nothing_else_is_taken(self):
        for microsteps in range(0, 300):
            if microsteps in (1, 2, 4, 8, 16, 32, 64, 128, 256):
                chopconf = dict(tmc2209_settings.settings(Board, microsteps))[0x6C]
                self.assertEqual(tmc2209_settings.microsteps_in(chopconf), microsteps)
            else:
                self.assertRaises(OutOfRange, tmc2209_settings.settings, Board, microsteps)

    def test_a_threshold_that_the_register_has_not_is_refused(self):
        class Other(Board):
            TMC_STALL_THRESHOLD = 256

        self.assertRaises(OutOfRange, tmc2209_settings.settings, Other, 16)


class StatusTest(unittest.TestCase):
    def test_each_flag_has_its_name(self):
        # Bits after chapter 5, DRV_STATUS.
        for bit, words in (
            (0, "hot, above 120 C"),
            (1, "too hot, outputs off"),
            (2, "short to ground, coil A"),
            (3, "short to ground, coil B"),
            (4, "short to supply, coil A"),
            (5, "short to supply, coil B"),
            (6, "open load, coil A"),
            (7, "open load, coil B"),
            (31, "standstill"),
        ):
            self.assertEqual(tmc2209_status.flags(1 << bit), [words])

    def test_open_load_and_standstill_are_no_faults(self):
        self.assertEqual(tmc2209_status.faults(0, 1 << 31 | 1 << 30 | 3 << 6 | 21 << 16), "")

    def test_faults_are_named_together(self):
        self.assertEqual(
            tmc2209_status.faults(0b110, 0b101),
            "hot, above 120 C, short to ground, coil A, supply too low",
        )
        self.assertEqual(tmc2209_status.faults(0b010, 0), "driver error")


if __name__ == "__main__":
    unittest.main()
