import unittest

from pump.core import annunciation
from pump.core.alarms import HIGH, INFORMATION, LOW, MEDIUM, REMINDER_SOUNDS_S
from pump.core.annunciation import CYAN, DARK, RED, SILENT, YELLOW

PRIORITIES = (LOW, MEDIUM, HIGH)


def pulses(pattern):
    """(begin, length) in ms of every tone of one round."""
    found = []
    now_ms = 0
    for part_ms, tone_hz in pattern:
        if tone_hz != SILENT:
            found.append((now_ms, part_ms))
        now_ms += part_ms
    return found


def pauses(pattern):
    return [part_ms for part_ms, tone_hz in pattern if tone_hz == SILENT]


class SoundTest(unittest.TestCase):
    # Expected figures: IEC 60601-1-8 as in the published tables and ports named in annunciation.py.

    def test_high_is_ten_pulses_as_three_and_two_twice(self):
        pattern = annunciation.sound(HIGH)
        self.assertEqual([length for _begin, length in pulses(pattern)], [150] * 10)
        self.assertEqual(pauses(pattern), [75, 75, 300, 75, 550, 75, 75, 300, 75, 5000])
        self.assertTrue(2500 <= pauses(pattern)[-1] <= 15000)

    def test_medium_is_three_pulses(self):
        pattern = annunciation.sound(MEDIUM)
        self.assertEqual([length for _begin, length in pulses(pattern)], [200] * 3)
        self.assertEqual(pauses(pattern)[:2], [200, 200])
        self.assertTrue(2500 <= pauses(pattern)[2] <= 30000)

    def test_low_is_two_pulses_and_more_than_15_s_apart(self):
        pattern = annunciation.sound(LOW)
        self.assertEqual(len(pulses(pattern)), 2)
        self.assertTrue(pauses(pattern)[-1] > 15000)

    def test_a_more_urgent_alarm_repeats_sooner(self):
        lengths = [annunciation.length_ms(annunciation.sound(p)) for p in PRIORITIES]
        self.assertEqual(lengths, sorted(lengths, reverse=True))

    def test_the_tones_are_between_150_and_1000_hz(self):
        for priority in PRIORITIES:
            for is_quiet in (False, True):
                for _ms, tone_hz in annunciation.sound(priority, is_quiet):
                    self.assertTrue(tone_hz == SILENT or 150 <= tone_hz <= 1000)

    def test_the_quiet_cadence_is_3_s_in_10_min_and_1_s_in_an_hour(self):
        sounds = {}
        for priority in PRIORITIES:
            pattern = annunciation.sound(priority, True)
            sounding_ms = sum([length for _begin, length in pulses(pattern)])
            sounds[priority] = (sounding_ms, annunciation.length_ms(pattern))
        self.assertEqual(sounds[HIGH], (3000, 600000))
        self.assertEqual(sounds[MEDIUM], (1000, 3600000))
        self.assertEqual(sounds[LOW], (1000, 3600000))

    def test_information_and_nothing_are_silent_and_dark(self):
        for priority in (INFORMATION, None):
            for elapsed_ms in (0, 1, 10**7):
                self.assertEqual(annunciation.at(annunciation.sound(priority), elapsed_ms)[0], 0)
                self.assertEqual(annunciation.at(annunciation.light(priority), elapsed_ms)[0], 0)

    def test_a_reminder_is_long_enough_for_a_burst_of_each_priority(self):
        for priority in PRIORITIES:
            for is_quiet in (False, True):
                begin_ms, length_ms = pulses(annunciation.sound(priority, is_quiet))[-1]
                self.assertTrue(begin_ms + length_ms <= REMINDER_SOUNDS_S * 1000)

    def test_the_refused_beep_is_no_beginning_of_an_alarm(self):
        beep = tuple([part[1] for part in annunciation.REFUSED])
        for priority in PRIORITIES:
            for is_quiet in (False, True):
                tones = tuple([part[1] for part in annunciation.sound(priority, is_quiet)])
                self.assertTrue(tones[: len(beep)] != beep)


class LightTest(unittest.TestCase):
    def test_red_flashes_at_1_4_to_2_8_hz_for_20_to_80_percent(self):
        for is_quiet in (False, True):
            self.check_flash(HIGH, RED, is_quiet, 357, 714, 20, 80)

    def test_yellow_flashes_at_0_4_to_0_8_hz_for_20_to_60_percent(self):
        for is_quiet in (False, True):
            self.check_flash(MEDIUM, YELLOW, is_quiet, 1250, 2500, 20, 60)

    def test_cyan_is_steady(self):
        for is_quiet in (False, True):
            shown = [
                annunciation.at(annunciation.light(LOW, is_quiet), ms)[0] for ms in range(3000)
            ]
            self.assertEqual(shown, [CYAN] * 3000)

    def check_flash(self, priority, colour, is_quiet, period_min_ms, period_max_ms, low, high):
        pattern = annunciation.light(priority, is_quiet)
        period_ms = annunciation.length_ms(pattern)
        self.assertTrue(period_min_ms <= period_ms <= period_max_ms)
        shown = [annunciation.at(pattern, ms)[0] for ms in range(period_ms)]
        lit = len([value for value in shown if value == colour])
        self.assertEqual(len([value for value in shown if value == DARK]), period_ms - lit)
        self.assertTrue(low * period_ms <= 100 * lit <= high * period_ms)


class CourseTest(unittest.TestCase):
    def test_what_is_due_holds_exactly_as_long_as_said(self):
        for priority in PRIORITIES:
            pattern = annunciation.sound(priority)
            now_ms = 0
            for part_ms, tone_hz in pattern + pattern:
                self.assertEqual(annunciation.at(pattern, now_ms), (tone_hz, part_ms))
                self.assertEqual(annunciation.at(pattern, now_ms + part_ms - 1), (tone_hz, 1))
                now_ms += part_ms
