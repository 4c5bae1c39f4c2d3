"""The clock module: its registers, the time after a power cut, and what is told of it."""

import unittest

from bench_case import FAST, Case, active, fast_programme, logged, status
from bench_pump import MONDAY_S, BenchPump
from pump.core import clock_module, ds3231, moves
from pump.core.clock_module import ClockModule
from pump.core.errors import Damaged, NotNow
from pump.core.modes import Demand

HOUR_S = 3600
DAY_S = 86400
# (year, month, day, hour, minute, second): seconds since 2000-01-01, by date -u +%s less 946684800.
INSTANTS = (
    ((0, 1, 1, 0, 0, 0), 0),
    ((0, 2, 29, 23, 59, 59), 5183999),
    ((0, 3, 1, 0, 0, 0), 5184000),
    ((0, 12, 31, 12, 0, 0), 31579200),
    ((1, 1, 1, 0, 0, 0), 31622400),
    ((4, 2, 29, 0, 0, 0), 131328000),
    ((26, 6, 1, 0, 0, 0), MONDAY_S),
    ((28, 12, 31, 23, 59, 59), 915235199),
    ((99, 12, 31, 23, 59, 59), 3155759999),
)


def bcd(value):
    return int(str(value), 16)


def registers(year, month, day, hour, minute, second, state=0):
    """What a DS3231 holds: datasheet 19-5170, "Timekeeping Registers"."""
    time = [bcd(second), bcd(minute), bcd(hour), 1, bcd(day), bcd(month), bcd(year)]
    return bytes(time + [0] * 7 + [0x1C, state])


class Module:
    """The bytes of a module that a test moves by hand; it can be silent, or lose power.

    Attributes:
        left: bytes that are still taken before the power fails; None for no end of it.
    """

    def __init__(self, held):
        self.held = bytearray(held)
        self.is_silent = False
        self.left = None
        self.asked = 0

    def read(self):
        self.asked += 1
        return None if self.is_silent else bytes(self.held)

    def write(self, register, values):
        if self.is_silent:
            return False
        for value in values:
            if self.left is not None:
                if self.left == 0:
                    return False
                self.left -= 1
            self.held[register] = value
            register += 1
        return True

    def show(self, time_s):
        """Have it show a pump time, its oscillator never stopped."""
        self.held[:7] = ds3231.setting(time_s)
        self.held[15] = 0


def fitted(bench, module):
    """Wire a module to a pump that is on."""
    bench.controller.clock_module = ClockModule(module)
    return bench


class RegistersTest(unittest.TestCase):
    def test_registers_are_the_time_of_the_calendar(self):
        for parts, time_s in INSTANTS:
            self.assertEqual(ds3231.time_of(registers(*parts)), time_s)

    def test_what_is_set_are_the_digits_of_the_calendar(self):
        for parts, time_s in INSTANTS:
            held = ds3231.setting(time_s)
            expected = bytearray(registers(*parts)[:7])
            # 2000-01-01 was a Saturday; Monday is 1.
            expected[3] = (time_s // DAY_S + 5) % 7 + 1
            self.assertEqual(held, bytes(expected))
        self.assertEqual(ds3231.setting(MONDAY_S)[3], 1)

    def test_days_all_over_the_century_come_back_as_themselves(self):
        # 397 days, so that every month and every kind of year is met.
        for day in range(0, 36525, 397):
            time_s = day * DAY_S + (day * 7919) % DAY_S
            held = ds3231.setting(time_s) + bytes(9)
            self.assertEqual(ds3231.time_of(held), time_s)

    def test_the_clock_of_twelve_hours_is_read_too(self):
        # Bit 6 chooses it, bit 5 is the afternoon.
        for register, hour in (
            (0x52, 0),
            (0x41, 1),
            (0x51, 11),
            (0x72, 12),
            (0x61, 13),
            (0x71, 23),
        ):
            held = bytearray(registers(26, 6, 1, 0, 0, 0))
            held[2] = register
            self.assertEqual(ds3231.time_of(held), MONDAY_S + hour * HOUR_S)

    def test_an_oscillator_that_had_stopped_is_named(self):
        for state in (0x80, 0x88, 0xFF):
            with self.assertRaises(Damaged) as caught:
                ds3231.time_of(registers(26, 6, 1, 0, 0, 0, state))
            self.assertEqual(
                caught.exception.sentence, "the clock module had stopped and its time is not known"
            )

    def test_what_is_no_time_is_refused(self):
        wrong = (
            (0, 0x60),  # second 60
            (0, 0x0A),
            (1, 0x7F),
            (2, 0x24),
            (2, 0x40),  # hour 0 of 12
            (2, 0x53),  # hour 13 of 12
            (4, 0x00),
            (4, 0x31),  # 31st of June
            (5, 0x00),
            (5, 0x13),
            (5, 0x86),  # the next century
            (6, 0xFF),
            (6, 0xA0),
        )
        for register, value in wrong:
            held = bytearray(registers(26, 6, 1, 8, 0, 0))
            held[register] = value
            with self.assertRaises(Damaged):
                ds3231.time_of(held)
        with self.assertRaises(Damaged):
            # 2025 is no leap year.
            ds3231.time_of(registers(25, 2, 29, 0, 0, 0))
        with self.assertRaises(Damaged):
            # A bus that nobody drives.
            ds3231.time_of(b"\xff" * 16)

    def test_a_time_that_it_cannot_hold_is_not_set(self):
        for time_s in (-1, 3155760000):
            with self.assertRaises(ValueError):
                ds3231.setting(time_s)


class PowerCutTest(Case):
    """What a pump with a module makes of a power cut."""

    def cut(self, length_s, module=None, programme=FAST, run_s=3):
        """A running pump, power off for a time; the module shows it. Returns the pump after it."""
        bench = self.running(programme)
        bench.run_s(run_s)
        off_s = bench.clock.now_s()
        if module is None:
            module = Module(registers(0, 1, 1, 0, 0, 0))
            module.show(off_s + length_s)
        return bench.after_power_cut(module=module), module

    def test_the_time_goes_on_and_the_interruption_has_its_length(self):
        """Hazards: H5, H22."""
        for length_s in (3, 600, 40 * DAY_S):
            bench, _ = self.cut(length_s)
            self.assertTrue(bench.clock.is_known)
            self.assertEqual(bench.clock.now_s(), MONDAY_S + 3 + length_s)
            bench.run_s(1)
            self.assertEqual(active(bench), ["interrupted"])
            self.assertEqual(bench.controller.state, moves.RUNNING)
            # By what was noted last: power fails at most a minute after a checkpoint.
            found = logged(bench, "interruption")[-1]["length_s"]
            self.assertTrue(length_s <= found <= length_s + 60, found)
            self.assertFalse(bench.controller.was_cut_off)

    def test_a_programme_by_time_of_day_goes_on_where_the_day_is(self):
        """Hazards: H5."""
        programme = fast_programme(
            days=(((0, (9000000, 1)), (12 * HOUR_S, (18000000, 1))),),
        )
        for length_s, rate in ((60, 9000000), (12 * HOUR_S, 18000000), (24 * HOUR_S, 9000000)):
            bench, _ = self.cut(length_s, programme=programme)
            self.assertEqual(status(bench, "rate_nl_per_h"), (rate, 1))

    def test_a_scheduled_bolus_that_power_cut_short_is_not_given_again(self):
        programme = fast_programme(
            days=(((0, (9000000, 1)),),), boluses=((5, 127, (100000, 1), 600),)
        )
        bench, _ = self.cut(60, programme=programme, run_s=10)
        self.assertEqual(status(bench, "rate_nl_per_h"), (9000000, 1))
        self.assertEqual(logged(bench, "bolus_cancelled")[-1]["reason"], "power or watchdog")

    def test_a_lockout_counts_the_time_without_power(self):
        """Hazards: H7."""
        programme = fast_programme(demand=Demand((40000, 1), 60, 3600, DAY_S, 6))
        for length_s, is_over in ((3500, False), (3700, True)):
            bench = self.running(programme)
            bench.run_s(2)
            bench.controller.demand()
            bench.run_s(5)
            module = Module(registers(0, 1, 1, 0, 0, 0))
            module.show(bench.clock.now_s() + length_s)
            bench = bench.after_power_cut(module=module)
            if is_over:
                bench.controller.demand()
            else:
                self.refused(bench, NotNow, bench.controller.demand)

    def test_a_short_interruption_is_gone_on_from_and_a_long_one_asks(self):
        programme = fast_programme(resume_within_s=600)
        for length_s, is_short in ((30, True), (500, True), (601, False), (DAY_S, False)):
            bench, _ = self.cut(length_s, programme=programme)
            bench.run_s(1)
            pump = bench.controller
            self.assertEqual(pump.awaits_person, not is_short)
            self.assertEqual(pump.state, moves.RUNNING if is_short else moves.MINIMUM)
            self.assertEqual("long_interruption" in active(bench), not is_short)
            pump.set_clock(bench.clock.now_s())
            # The length was known: setting the clock says nothing new of it.
            self.assertEqual(pump.awaits_person, not is_short)
            self.assertEqual(len(logged(bench, "interruption")), 1)

    def test_without_an_answer_all_is_as_without_a_module(self):
        silent = Module(registers(26, 6, 1, 8, 0, 0))
        silent.is_silent = True
        bench, _ = self.cut(60, silent)
        other = self.running()
        other.run_s(3)
        other = other.after_power_cut()
        for one in (bench, other):
            one.run_s(1)
            self.assertEqual(active(one), ["clock_lost", "interrupted"])
            self.assertEqual(one.clock.is_known, False)
        self.assertEqual(bench.clock.now_s(), other.clock.now_s())
        # Nor is it asked again.
        asked = silent.asked
        bench.run_s(5)
        self.assertEqual(silent.asked, asked)

    def test_a_module_that_cannot_be_trusted_is_not_and_the_alarm_says_why(self):
        """Hazards: H5."""
        stopped = Module(registers(26, 6, 1, 8, 0, 0, 0x80))
        nonsense = Module(registers(26, 2, 30, 8, 0, 0))
        # An hour before the log's last entry.
        behind = Module(registers(26, 5, 31, 23, 0, 0))
        for module, why in (
            (stopped, "the clock module had stopped and its time is not known"),
            (nonsense, "the clock module shows no time that can be"),
            (behind, "the clock module is behind the log"),
        ):
            bench, _ = self.cut(60, module)
            self.assertFalse(bench.clock.is_known)
            bench.run_s(1)
            row = [row for row in bench.controller.active_alarms.rows() if row.code == "clock_lost"]
            self.assertEqual([one.cause for one in row], [why])
            self.assertEqual(logged(bench, "interruption")[-1]["length_s"], 0)

    def test_pump_time_does_not_go_back_for_a_module_that_is_a_little_behind(self):
        module = Module(registers(0, 1, 1, 0, 0, 0))
        module.show(MONDAY_S - 60)
        bench, _ = self.cut(0, module, run_s=65)
        self.assertTrue(bench.clock.is_known)
        # A checkpoint had been written after a minute.
        self.assertTrue(MONDAY_S + 60 <= bench.clock.now_s() <= MONDAY_S + 65)

    def test_what_was_noted_while_the_clock_was_lost_is_dated_anew(self):
        """A demand's lockout counts on: never for less than has passed."""
        bench = self.running()
        bench.run_s(3)
        bench = bench.after_power_cut()
        bench.run_s(5)
        self.assertFalse(bench.clock.is_known)
        lost_s = bench.clock.now_s()
        module = Module(registers(0, 1, 1, 0, 0, 0))
        module.show(MONDAY_S + DAY_S)
        bench = bench.after_power_cut(module=module)
        found = logged(bench, "clock_set")[-1]
        self.assertEqual(found["new_s"], MONDAY_S + DAY_S)
        self.assertTrue(lost_s - 5 <= found["old_s"] <= lost_s)

    def test_a_pump_without_a_programme_knows_the_time_too(self):
        module = Module(registers(26, 6, 1, 8, 0, 0))
        bench = BenchPump().after_power_cut(module=module)
        self.assertTrue(bench.clock.is_known)
        self.assertEqual(bench.clock.now_s(), MONDAY_S + 8 * HOUR_S)


class SettingTest(Case):
    def test_setting_the_clock_sets_the_module_and_takes_its_flag_back(self):
        bench = self.running()
        module = Module(registers(0, 1, 1, 0, 0, 0, 0x88))
        fitted(bench, module)
        bench.controller.set_clock(MONDAY_S + 9 * HOUR_S + 5)
        self.assertEqual(bytes(module.held[:3]), b"\x05\x00\x09")
        self.assertEqual(module.held[15], 0)
        self.assertEqual(ds3231.time_of(module.held), bench.clock.now_s())
        bench.run_s(3)
        self.assertEqual(active(bench), [])

    def test_a_power_cut_while_it_is_set_leaves_the_new_time_or_none(self):
        """Hazards: H5."""
        new_s = MONDAY_S + 200 * DAY_S + 9 * HOUR_S
        seen = []
        bench = BenchPump()
        for left in range(11):
            module = Module(registers(26, 5, 31, 23, 59, 59))
            module.left = left
            fitted(bench, module)
            bench.controller.set_clock(new_s)
            try:
                seen.append(ds3231.time_of(module.held))
            except Damaged:
                seen.append(None)
        # One byte for the year, seven for the time, two for the flags. Nothing written: as it was.
        old_s = MONDAY_S - 1
        self.assertEqual(seen, [old_s] + [None] * 7 + [new_s] * 3)

    def test_a_module_that_does_not_take_the_time_is_told(self):
        bench = self.running()
        module = Module(registers(26, 6, 1, 0, 0, 0))
        fitted(bench, module)
        bench.run_s(2)
        module.write = lambda register, values: True
        bench.controller.set_clock(MONDAY_S + DAY_S)
        self.assertEqual(active(bench), ["clock_module_fault"])
        self.assertEqual(bench.clock.now_s(), MONDAY_S + DAY_S)


class CompareTest(Case):
    """A module beside a running pump; nothing that it says moves a step or pump time."""

    def setUp(self):
        self.bench = BenchPump()
        self.bench.programme(fast_programme())
        self.module = Module(registers(26, 6, 1, 0, 0, 0))
        fitted(self.bench, self.module)

    def after_s(self, seconds, ahead_s):
        """Let time pass with the pump at rest; then the module is ahead by so much."""
        self.bench.wait_ms(seconds * 1000)
        self.module.show(self.bench.clock.now_s() + ahead_s)
        self.bench.serve()
        return [code for code in active(self.bench) if code == "clock_module_fault"]

    def test_clocks_that_come_apart_by_more_than_a_part_in_ten_thousand_are_told(self):
        self.assertEqual(self.after_s(1, 0), [])
        looks = 0
        # 100 ppm are 0.36 s an hour, and 5 s are allowed for.
        for ahead_s in (0, 3, 5, -5, 6):
            self.assertEqual(self.after_s(HOUR_S, ahead_s), [])
            looks += 1
        self.assertEqual(self.after_s(HOUR_S, 8), ["clock_module_fault"])
        self.assertEqual(self.module.asked, looks + 2)
        cause = self.bench.controller.active_alarms.rows()[-1].cause
        self.assertEqual(cause, "clock module and pump are 8 s apart")
        self.assertEqual(self.after_s(HOUR_S, 0), [])

    def test_nor_are_they_a_quarter_of_an_hour_apart_in_all(self):
        self.assertEqual(self.after_s(1, 901), ["clock_module_fault"])
        self.assertEqual(self.after_s(HOUR_S, 900), [])

    def test_pump_time_is_not_moved_by_it(self):
        before = self.bench.clock.offset_us
        self.after_s(1, 0)
        self.after_s(HOUR_S, 500)
        self.assertEqual(self.bench.clock.offset_us, before)

    def test_an_oscillator_that_stops_is_told(self):
        self.assertEqual(self.after_s(1, 0), [])
        self.bench.wait_ms(HOUR_S * 1000)
        self.module.held[15] = 0x80
        self.bench.serve()
        self.assertIn("clock_module_fault", active(self.bench))

    def test_silence_is_told_at_the_third_time_and_then_seldom_asked_for(self):
        self.assertEqual(self.after_s(1, 0), [])
        self.module.is_silent = True
        asked = self.module.asked
        self.assertEqual(self.after_s(HOUR_S, 0), [])
        self.assertEqual(self.after_s(clock_module.AGAIN_S, 0), [])
        self.assertEqual(self.after_s(clock_module.AGAIN_S, 0), ["clock_module_fault"])
        self.after_s(clock_module.LEFT_ALONE_S - 1, 0)
        self.assertEqual(self.module.asked, asked + 3)
        self.module.is_silent = False
        self.assertEqual(self.after_s(1, 0), [])
        raised = [row["alarm"] for row in logged(self.bench, "alarm_raised")]
        self.assertEqual(raised.count("clock_module_fault"), 1)


if __name__ == "__main__":
    unittest.main()
