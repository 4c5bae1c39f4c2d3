"""What is watched beside the delivery: counts, clock, self-test, resets; each fault is told."""

import binascii
import unittest

from bench_case import FAST, Case, active, fast_programme, logged
from bench_programme import bench_programme
from bench_pump import BenchPump
from pump.core import after_reset, moves
from pump.core.errors import OutOfRange
from pump.core.self_test import PIECE_BYTES, ROUND_S, SelfTest, memory_fault, processor_fault

# 3.6 mL/h: 9.69 steps a second, so that 15 min are quick to work out.
SLOWER = fast_programme(days=(((0, (3600000, 1)),),), commit_ahead_nl=40000)
WINDOW_S = 15 * 60


class CountTest(Case):
    """The witness's count is altered; what is made stays as it is."""

    def altered(self, bench, steps):
        """From now on the witness sees so many steps more."""
        real = bench.generator.witnessed
        bench.generator.witnessed = lambda: real() + steps

    def looked(self, bench, seconds):
        """Time in which the pump looks after itself every 4 s."""
        for _ in range(seconds // 4):
            bench.wait_ms(4000)
            bench.serve()

    def test_steps_that_nobody_asked_for_stop_the_pump_at_the_next_look(self):
        """Hazards: H1.
        Faults: F4.
        """
        bench = self.running()
        bench.run_s(3)
        pump = bench.controller
        bound = pump.feeder.commit_steps
        self.altered(bench, bound + 2)
        bench.run_s(1)
        self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["over_delivery"]))
        made = bench.made()
        bench.run_s(5)
        self.assertEqual(bench.made(), made)
        # Told once, not at every look.
        self.assertEqual(len(logged(bench, "alarm_raised")), 1)

    def test_a_motor_that_runs_free_while_nothing_is_delivered_is_told_and_switched_off(self):
        """Hazards: H1."""
        for state in (moves.STOPPED, moves.PAUSED):
            bench = self.running()
            bench.run_s(3)
            pump = bench.controller
            if state == moves.PAUSED:
                pump.pause()
            else:
                pump.stop()
            bench.run_s(3)
            self.altered(bench, 2)
            bench.run_s(1)
            self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["over_delivery"]))
            self.assertFalse(bench.generator.is_energised)

    def test_after_a_free_run_the_counts_agree_again_once_a_person_has_stopped_the_pump(self):
        bench = self.running()
        bench.run_s(3)
        pump = bench.controller
        pump.stop()
        bench.run_s(3)
        self.altered(bench, 7)
        bench.run_s(2)
        pump.acknowledge("over_delivery")
        pump.stop()
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        pump.start()
        bench.run_s(5)
        self.assertEqual((pump.state, active(bench)), (moves.RUNNING, []))

    def test_a_step_too_few_or_too_many_halts_within_two_looks(self):
        """Hazards: H1, H4.
        Faults: F3, F4.
        """
        for steps in (-2, 2):
            bench = self.running()
            bench.run_s(3)
            self.altered(bench, steps)
            bench.run_s(2)
            self.assertEqual(bench.controller.state, moves.HALTED)
            self.assertEqual(active(bench), ["step_mismatch"])

    def test_ten_percent_too_little_in_15_min_is_told_and_delivery_goes_on(self):
        """A service that comes too late lets the generator run out again and again.

        Hazards: H4.
        Faults: F3.
        """
        bench = self.running(SLOWER)
        pump = bench.controller
        self.looked(bench, 60)
        made = bench.made()
        # 30 s of steps may be in hand; looked after every 60 s, at most as many are made.
        for _ in range(16):
            bench.wait_ms(60000)
            bench.serve()
        self.assertTrue(bench.made() - made < 16 * 387)
        self.assertIn("under_delivery", active(bench))
        self.assertEqual(pump.state, moves.RUNNING)
        pump.acknowledge("under_delivery")
        self.looked(bench, WINDOW_S + 120)
        self.assertNotIn("under_delivery", active(bench))

    def test_ten_percent_too_much_in_15_min_stops_the_pump(self):
        """Hazards: H1.
        Faults: F4.
        """
        bench = self.running(SLOWER)
        pump = bench.controller
        self.looked(bench, 60)
        # The schedule is told to ask for less than is made: 11 % in the window.
        real = pump.delivery.due
        from_ticks = bench.clock.now_ticks()
        before = real(from_ticks)[0]

        def due(at_ticks):
            steps, remainder = real(at_ticks)
            return before + (steps - before) * 100 // 111, remainder

        watch = pump.monitor._counts
        pump.delivery.due = due
        seen_s = 0
        while pump.state == moves.RUNNING and seen_s < WINDOW_S + 180:
            bench.wait_ms(5000)
            watch.compare_with_schedule(
                bench.clock.now_ticks(), pump.witnessed(), bench.clock.uptime_s()
            )
            pump.delivery.due = real
            bench.serve()
            pump.delivery.due = due
            seen_s += 5
        self.assertEqual((pump.state, active(bench)), (moves.HALTED, ["over_delivery"]))
        self.assertTrue(seen_s <= WINDOW_S + 65)

    def test_a_slow_rate_is_not_blamed_for_a_step_that_is_not_yet_due(self):
        bench = self.running(bench_programme(days=(((0, (2500, 1)),),)))
        self.looked(bench, 2 * WINDOW_S)
        self.assertEqual(active(bench), [])

    def test_changes_of_rate_boluses_and_pauses_are_no_deviation(self):
        bench = self.running(SLOWER)
        pump = bench.controller
        for _ in range(2):
            self.looked(bench, 100)
            pump.rate((600000, 1))
            self.looked(bench, 200)
            pump.bolus((50000, 1), 120)
            self.looked(bench, 200)
            pump.pause()
            self.looked(bench, 30)
            pump.resume()
            pump.rate((3600000, 1))
        self.looked(bench, WINDOW_S)
        self.assertEqual(active(bench), [])


class ClockTest(Case):
    def test_a_clock_that_jumps_is_put_back_told_and_moves_no_step(self):
        """Hazards: H5.
        Faults: F9.
        """
        for jump_us in (1, -1, 3600000000, -3600000000, 400 * 86400 * 1000000):
            bench = self.running()
            bench.run_s(3)
            steady = self.running()
            steady.run_s(3)
            bench.clock.offset_us += jump_us
            bench.run_s(1)
            self.assertEqual(active(bench), ["clock_moved"])
            bench.run_s(4)
            steady.run_s(5)
            self.assertEqual(bench.made(), steady.made())
            self.assertEqual(bench.clock.now_ticks(), steady.clock.now_ticks())
            self.assertEqual(active(bench), ["clock_moved"])

    def test_a_clock_that_a_person_sets_has_not_jumped(self):
        bench = self.running()
        bench.run_s(3)
        bench.controller.set_clock(bench.clock.now_s() + 86400)
        bench.run_s(3)
        self.assertEqual(active(bench), [])

    def test_nor_has_one_that_is_found_again_after_a_reset(self):
        bench = self.running()
        bench.run_s(3)
        bench = bench.after_soft_reset()
        bench.run_s(3)
        self.assertEqual(active(bench), [])


class StuckBits:
    """A block of memory with a bit that stays, at a place."""

    def __init__(self, length, at, bit):
        self._bytes = bytearray(length)
        self._at = at
        self._bit = bit

    def __len__(self):
        return len(self._bytes)

    def __setitem__(self, place, data):
        self._bytes[place] = data
        self._bytes[self._at] |= self._bit

    def __eq__(self, other):
        return self._bytes == other


class CrossedLines(StuckBits):
    """A block whose last byte is written where its first one is."""

    def __setitem__(self, place, data):
        self._bytes[place] = data
        self._bytes[0] = self._bytes[len(self._bytes) - 1]


class Image:
    """An image in flash of one and the same byte, which may become another."""

    length_bytes = 5 * PIECE_BYTES + 77

    def __init__(self):
        self.content = b"\x07"
        self.read = []
        self.crc = self._crc(self.length_bytes, 0)

    def _crc(self, length_bytes, crc):
        # In pieces: the whole of it leaves no room on a small heap.
        while length_bytes:
            piece_bytes = min(1024, length_bytes)
            crc = binascii.crc32(self.content * piece_bytes, crc)
            length_bytes -= piece_bytes
        return crc

    def crc_of(self, start, end, so_far):
        self.read.append((start, end))
        return self._crc(end - start, so_far)


class SelfTestTest(Case):
    def board(self, image=None, block=None):
        bench = self.running(bench_programme())
        spare = bytearray(256) if block is None else block
        bench.controller.monitor.self_test = SelfTest(bench.controller, image, lambda: spare)
        return bench

    def test_sound_memory_and_processor_are_found_sound(self):
        self.assertEqual(memory_fault(bytearray(512)), "")
        self.assertEqual(processor_fault(), "")

    def test_a_bit_that_stays_or_lines_that_are_crossed_are_found(self):
        for at in (0, 255, 511):
            for bit in (1, 2, 64, 128):
                self.assertNotEqual(memory_fault(StuckBits(512, at, bit)), "")
        self.assertNotEqual(memory_fault(CrossedLines(512, 0, 0)), "")

    def test_the_power_on_test_reads_the_whole_image_within_70_s_and_delivery_goes_on(self):
        """Hazards: H6."""
        image = Image()
        bench = self.board(image)
        bench.run_s(10)
        read = image.read
        self.assertEqual((read[0][0], read[5][1]), (0, image.length_bytes))
        for before, after in zip(read[:5], read[1:6]):
            self.assertEqual(before[1], after[0])
        self.assertEqual(active(bench), [])
        # 640 KiB, the most there is, a piece a look of 2 s at most.
        self.assertTrue(640 * 1024 // PIECE_BYTES * 2 <= 70)

    def test_an_image_that_does_not_fit_its_seal_stops_the_pump(self):
        """Hazards: H6.
        Faults: F19.
        """
        image = Image()
        image.crc += 1
        bench = self.board(image)
        bench.run_s(10)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertEqual(active(bench), ["self_test_failed"])

    def test_memory_that_fails_at_the_start_stops_the_pump(self):
        """Hazards: H6."""
        bench = self.board(Image(), StuckBits(256, 9, 4))
        bench.run_s(3)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertEqual(active(bench), ["self_test_failed"])

    def test_an_image_that_changes_later_is_found_within_the_hour(self):
        """Hazards: H6.
        Faults: F19.
        """
        image = Image()
        bench = self.board(image)
        bench.run_s(10)
        image.content = b"\x08"
        for _ in range(30):
            bench.wait_ms(118000)
            bench.run_s(2)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("memory_damaged", active(bench))

    def test_memory_that_fails_later_is_found_within_the_hour(self):
        """Hazards: H6.
        Faults: F19.
        """
        bench = self.board()
        bench.run_s(3)
        bench.controller.monitor.self_test._spare_block = lambda: StuckBits(256, 9, 4)
        bench.wait_ms(ROUND_S * 1000)
        bench.run_s(4)
        self.assertTrue(ROUND_S + 4 <= 3600)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("memory_damaged", active(bench))
        made = bench.made()
        bench.run_s(60)
        self.assertEqual(bench.made(), made)
        raised = [row["alarm"] for row in logged(bench, "alarm_raised")]
        self.assertEqual(raised.count("memory_damaged"), 1)


class ResetTest(Case):
    def reset(self, bench, cause):
        bench = bench.after_watchdog_reset()
        after_reset.note(bench.controller, cause, "0.1.0")
        bench.run_s(3)
        return bench

    def test_each_cause_of_a_reset_has_its_alarm(self):
        for cause, code in (
            (after_reset.WATCHDOG, "watchdog_reset"),
            (after_reset.FORCED, "unexpected_reset"),
        ):
            bench = self.running()
            bench.run_s(3)
            bench = self.reset(bench, cause)
            self.assertEqual(active(bench), sorted(["interrupted", code]))
            self.assertEqual(bench.controller.state, moves.RUNNING)

    def test_being_asked_for_or_switched_on_is_no_alarm(self):
        for cause in (after_reset.SOFT, after_reset.POWER_ON, after_reset.BOOTLOADER):
            bench = BenchPump()
            after_reset.note(bench.controller, cause, "0.1.0")
            self.assertEqual(active(bench), [])
            self.assertEqual(logged(bench, "boot")[-1]["reset_cause"], cause)

    def test_the_third_watchdog_reset_in_ten_minutes_stops_the_pump(self):
        """Hazards: H17."""
        bench = self.running()
        bench.run_s(3)
        for _ in range(3):
            self.assertEqual(bench.controller.state, moves.RUNNING)
            bench = self.reset(bench, after_reset.WATCHDOG)
            bench.run_s(20)
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertIn("same_fault_thrice", active(bench))

    def test_three_in_a_longer_time_do_not(self):
        bench = self.running(bench_programme())
        for _ in range(4):
            bench = self.reset(bench, after_reset.WATCHDOG)
            for _ in range(30):
                bench.wait_ms(9000)
                bench.run_s(1)
        self.assertEqual(bench.controller.state, moves.RUNNING)


class ServiceTest(Case):
    def worn(self):
        """A pump that is a few seconds before its first service."""
        bench = self.programmed()
        # 3200 microsteps a turn.
        before = 20000 * 3200 - 300
        bench.controller.feeder.planned = before
        bench.controller.delivery.steps = before
        bench.controller.witness_base = before
        bench.controller.refill((9000000, 1))
        bench.controller.start()
        return bench

    def test_service_is_due_after_20000_turns_and_acknowledging_enters_it(self):
        bench = self.worn()
        bench.run_s(2)
        self.assertEqual(active(bench), [])
        bench.run_s(130)
        self.assertEqual(active(bench), ["service_due"])
        bench.controller.acknowledge("service_due")
        bench.run_s(130)
        self.assertEqual(active(bench), [])

    def test_it_outlives_a_power_cut_until_it_was_acknowledged(self):
        bench = self.worn()
        bench.run_s(130)
        bench = bench.after_power_cut()
        bench.run_s(70)
        self.assertIn("service_due", active(bench))
        bench.controller.acknowledge("service_due")
        bench = bench.after_power_cut()
        bench.run_s(70)
        self.assertNotIn("service_due", active(bench))


class RefusalTest(Case):
    def test_a_dose_above_its_limit_is_refused_and_told(self):
        """Hazards: H7."""
        bench = self.running()
        pump = bench.controller
        with self.assertRaises(OutOfRange) as caught:
            pump.bolus((200001, 1), 600)
        pump.note_refused(caught.exception)
        self.assertEqual(active(bench), ["dose_limit"])

    def test_a_slip_is_refused_and_no_alarm(self):
        bench = self.running()
        pump = bench.controller
        with self.assertRaises(OutOfRange) as caught:
            pump.refill((11000000, 1))
        pump.note_refused(caught.exception)
        self.assertEqual(active(bench), [])

    def test_an_error_inside_is_told_once_until_it_is_acknowledged(self):
        bench = self.running(FAST)
        pump = bench.controller
        for _ in range(5):
            pump.note_failed("service_fault", ValueError("no such place"))
            bench.run_s(1)
        self.assertEqual(active(bench), ["service_fault"])
        raised = logged(bench, "alarm_raised")
        self.assertEqual([row["cause"] for row in raised], ["ValueError no such place"])


if __name__ == "__main__":
    unittest.main()
