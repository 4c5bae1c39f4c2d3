"""What the small display shows, when it is written, and what happens when it does not answer."""

import unittest

from bench_case import Case, active, fast_programme
from bench_pump import MONDAY_S, BenchPump
from pump.core import display, moves
from pump.core.alarms import ALARMS, Active
from pump.core.display import BIG, COLUMNS, INVERTED, SMALL, TALL, Display

DAY_S = 86400
# 25 uL/h of 500 mcg/mL: 300 mcg a day.
USUAL = fast_programme(days=(((0, (25000, 1)),),), reservoir_reserve_nl=500000)


class Screen:
    """A display on paper.

    Attributes:
        bands: what stands on it, from the top.
        written: how often a band was written.
        is_silent: whether it takes nothing.
    """

    def __init__(self):
        self.bands = [None] * display.BANDS
        self.written = self.begun = 0
        self.is_silent = False

    def begin(self):
        self.begun += 1
        if not self.is_silent:
            self.bands = [(BIG, "")] * display.BANDS
        return not self.is_silent

    def show(self, band, style, text):
        if not self.is_silent:
            self.bands[band] = (style, text)
            self.written += 1
        return not self.is_silent


def with_display(bench):
    """(a pump, its screen): the display is looked after as the service does it."""
    screen = Screen()
    shown = Display(bench.controller, screen)
    serve = bench.serve

    def serve_and_show():
        serve()
        shown.look()

    bench.serve = serve_and_show
    return bench, screen


class TextTest(unittest.TestCase):
    def test_every_state_is_a_big_word(self):
        for state in moves.MOVES:
            style, text = display.state_band(state)
            self.assertEqual(style, BIG)
            self.assertTrue(0 < len(text) <= 8, text)

    def test_the_rate_is_in_the_units_of_the_programme(self):
        for rate, concentration, expected in (
            ((25000, 1), (500, 1), (TALL, "300 mcg/day")),
            ((25000, 1), None, (TALL, "25 uL/h")),
            ((1375, 3), (2000, 1), (TALL, "22 mcg/day")),
            ((1375, 3), None, (TALL, "~458.33 nL/h")),
            ((0, 1), (500, 1), (TALL, "0 mcg/day")),
            # 833260.2875 nL/h * 24 h * 0.5 ng/nL: nine digits need a second line.
            ((8332602875, 10000), (500, 1), (SMALL, "9999.12345\nmcg/day")),
        ):
            self.assertEqual(display.rate_band(rate, concentration), expected)

    def test_the_reservoir_never_shows_more_than_is_left(self):
        for left_nl, empty_in_s, expected in (
            ((8539999, 1), 14 * DAY_S + 3 * 3600 + 3599, "8.53 mL  14d 3h"),
            ((10000000, 1), 99 * DAY_S, "10.00 mL  99d 0h"),
            ((50000000, 1), 365 * DAY_S, "50.00 mL  365d"),
            ((99999, 10), 3 * 3600 + 1259, "0.00 mL  3h 20m"),
            ((10000, 1), 59, "0.01 mL  0m"),
            ((-5, 1), -1, "0.00 mL  0m"),
            ((9000000, 1), None, "9.00 mL"),
        ):
            style, text = display.reservoir_band(left_nl, empty_in_s)
            self.assertEqual((style, text), (TALL, expected))
            self.assertTrue(len(text) <= COLUMNS)

    def test_every_alarm_is_whole_words_that_fit(self):
        for code, row in ALARMS.items():
            style, text = display.alarm_band(Active(row, "", 0, 1), MONDAY_S)
            lines = text.split("\n")
            self.assertEqual(" ".join(lines).lower().replace(" ", "_"), code)
            self.assertEqual(style & SMALL, SMALL if len(lines) == 2 else 0)
            for line in lines:
                self.assertTrue(0 < len(line) <= COLUMNS, text)
            self.assertEqual(bool(style & INVERTED), row[2] > 0)

    def test_without_an_alarm_the_time_is_shown_if_it_is_known(self):
        at_s = MONDAY_S + 6 * 3600 + 5 * 60 + 59
        self.assertEqual(display.alarm_band(None, at_s), (SMALL, "no alarm\n06:05"))
        self.assertEqual(display.alarm_band(None, None), (SMALL, "no alarm\n"))


class PumpTest(Case):
    def shown(self, screen):
        return [text for _, text in screen.bands]

    def test_it_shows_what_the_pump_does(self):
        bench, screen = with_display(BenchPump())
        bench.run_s(3)
        self.assertEqual(
            self.shown(screen), ["NO PROG.", "no programme", "0.00 mL", "no alarm\n00:00"]
        )
        bench.programme(USUAL)
        bench.run_s(3)
        self.assertEqual(self.shown(screen)[:3], ["STOPPED", "0 mcg/day", "9.00 mL"])
        bench.controller.start()
        bench.run_s(61)
        # 8.5 mL above the reserve at 0.6 mL a day: 14 days and 4 hours, less what has passed.
        self.assertEqual(
            self.shown(screen), ["RUNNING", "300 mcg/day", "8.99 mL  14d 3h", "no alarm\n00:01"]
        )
        bench.controller.bolus((100000, 1), 600)
        bench.run_s(3)
        # 100 uL, 50 mcg, in 10 min: 7200 mcg a day on top.
        self.assertEqual(self.shown(screen)[1], "7500 mcg/day")
        bench.controller.pause()
        bench.run_s(4)
        self.assertEqual(self.shown(screen)[:2], ["PAUSED", "0 mcg/day"])

    def test_the_highest_alarm_stands_inverted_until_it_is_over(self):
        bench, screen = with_display(BenchPump().programme(USUAL))
        bench.controller.start()
        bench.run_s(3)
        alarms = bench.controller.active_alarms
        alarms.raise_alarm("stuck_button", 3)
        bench.run_s(2)
        self.assertEqual(screen.bands[3], (TALL | INVERTED, "STUCK BUTTON"))
        alarms.raise_alarm("clock_lost", 5)
        alarms.raise_event("step_generator_starved", 5)
        bench.run_s(2)
        self.assertEqual(screen.bands[3], (SMALL | INVERTED, "STEP GENERATOR\nSTARVED"))
        for code in ("step_generator_starved", "clock_lost", "stuck_button"):
            alarms.acknowledge(code, 7)
            alarms.clear(code, 7)
        bench.run_s(2)
        self.assertEqual(screen.bands[3], (SMALL, "no alarm\n00:00"))

    def test_a_change_by_the_schedule_shows_within_a_minute(self):
        programme = fast_programme(days=(((0, (25000, 1)), (60, (50000, 1))),))
        bench, screen = with_display(BenchPump().programme(programme))
        bench.controller.start()
        bench.run_s(58)
        self.assertEqual(self.shown(screen)[1], "300 mcg/day")
        bench.run_s(5)
        self.assertEqual(self.shown(screen)[1], "600 mcg/day")

    def test_it_is_written_only_when_something_has_changed(self):
        bench, screen = with_display(BenchPump().programme(USUAL))
        bench.controller.start()
        bench.run_s(70)
        written = screen.written
        bench.run_s(60)
        # The minute; 0.4 uL were delivered meanwhile.
        self.assertEqual(screen.written - written, 1)

    def test_nor_more_often_than_every_other_second(self):
        bench, screen = with_display(BenchPump().programme(USUAL))
        bench.run_s(3)
        written = screen.written
        for _ in range(20):
            bench.controller.active_alarms.raise_alarm("stuck_button", 3)
            bench.serve()
            bench.controller.active_alarms.clear("stuck_button", 3)
            bench.serve()
        self.assertTrue(screen.written - written <= 1)

    def test_one_that_does_not_answer_is_told_left_alone_and_begun_anew(self):
        bench, screen = with_display(BenchPump().programme(USUAL))
        bench.controller.start()
        bench.run_s(10)
        bench.controller.pause()
        screen.is_silent = True
        begun = screen.begun
        bench.run_s(20)
        self.assertEqual(active(bench), ["display_fault"])
        self.assertTrue(0 < screen.begun - begun <= display.TRIES)
        begun = screen.begun
        bench.wait_ms(1000 * (display.LEFT_ALONE_S - 30))
        bench.serve()
        self.assertEqual(screen.begun, begun)
        screen.is_silent = False
        bench.wait_ms(30000)
        bench.serve()
        self.assertEqual(screen.begun, begun + 1)
        self.assertEqual(active(bench), [])
        self.assertEqual(self.shown(screen)[0], "PAUSED")

    def test_all_is_written_anew_each_hour(self):
        bench, screen = with_display(BenchPump().programme(USUAL))
        bench.run_s(3)
        screen.bands = [(BIG, "")] * display.BANDS
        for _ in range(61):
            bench.wait_ms(60000)
            bench.serve()
        self.assertEqual(self.shown(screen)[0], "STOPPED")


if __name__ == "__main__":
    unittest.main()
