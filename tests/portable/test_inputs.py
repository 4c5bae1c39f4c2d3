"""Switches and sensors of the pump on the bench: which alarm, after how long, what it stops."""

import unittest

from bench_case import FAST, active, logged, status
from bench_equipment import everything, fit, propose_equipment
from bench_pump import BenchPump
from pump.core import equipment as equipments
from pump.core import moves
from pump.core.equipment import Equipment, canonical_text
from pump.core.errors import NotNow
from pump.core.inputs import NOT_YET, STUCK
from pump.core.programme import digest


def running(equipment=None):
    """A pump that delivers 48 steps a second with everything fitted, and its sensors."""
    bench = BenchPump().programme(FAST)
    bench.generator.edges = None
    sensors = fit(bench, equipment or everything())
    bench.controller.start()
    bench.run_s(3)
    return bench, sensors


def faults(bench):
    """(code, detail) of the fault log, the oldest first."""
    records = bench.controller.recorder.faults.records()
    return [(record.fields()["code"], record.fields()["detail"]) for record in records]


def signals(bench):
    """The cadence of light and sound, as the command alarms tells it."""
    (told,) = [row[0] for row in bench.controller.alarms() if row[0][0] == "signals"]
    return told[1]


class SwitchTest(unittest.TestCase):
    def stops(self, code, act, undo, cause):
        bench, sensors = running()
        act(sensors)
        made = bench.made()
        bench.controller.inputs.switches_changed()
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertEqual(active(bench), [code])
        bench.run_s(5)
        # Between two microsteps: the one under way may be finished.
        self.assertTrue(bench.made() - made <= 1)
        self.assertFalse(bench.generator.is_energised)
        self.assertEqual(faults(bench), [(code, cause)])
        raised = logged(bench, "alarm_raised")[-1]
        self.assertEqual((raised["alarm"], raised["cause"]), (code, cause))
        # Acknowledged is not cleared, and nothing starts while the cause is there.
        bench.controller.acknowledge(code)
        bench.controller.stop()
        with self.assertRaises(NotNow):
            bench.controller.start()
        undo(sensors)
        bench.controller.inputs.switches_changed()
        self.assertEqual(active(bench), [])
        bench.controller.start()
        bench.run_s(2)
        self.assertEqual(status(bench, "state"), moves.RUNNING)
        self.assertEqual(len(faults(bench)), 1)

    def test_the_end_of_travel_stops_at_once_and_lasts_until_the_switch_is_free(self):
        """Hazards: H25."""

        def act(sensors):
            sensors.end = True

        def undo(sensors):
            sensors.end = False

        self.stops("end_of_travel", act, undo, "the switch at the empty end was reached")

    def test_a_syringe_that_is_taken_out_stops_at_once(self):
        """Hazards: H25."""

        def act(sensors):
            sensors.syringe = False

        def undo(sensors):
            sensors.syringe = True

        self.stops("syringe_removed", act, undo, "no syringe lies in its clamp")

    def test_a_switch_whose_edge_was_lost_is_seen_within_twenty_seconds(self):
        bench, sensors = running()
        sensors.end = True
        bench.run_s(20)
        self.assertEqual(active(bench), ["end_of_travel"])

    def test_a_switch_is_no_alarm_while_nothing_is_delivered_but_nothing_starts(self):
        bench = BenchPump().programme(FAST)
        sensors = fit(bench, everything())
        for name, wrong in (("syringe", False), ("end", True)):
            right = getattr(sensors, name)
            setattr(sensors, name, wrong)
            bench.controller.inputs.switches_changed()
            bench.run_s(2)
            self.assertEqual(active(bench), [])
            for ask in (bench.controller.start, bench.controller.minimum):
                with self.assertRaises(NotNow):
                    ask()
            with self.assertRaises(NotNow):
                bench.controller.prime((100000, 1))
            self.assertEqual(bench.controller.state, moves.STOPPED)
            setattr(sensors, name, right)
        bench.controller.start()

    def test_the_switch_at_the_full_end_stops_no_delivery(self):
        bench, sensors = running()
        sensors.home = True
        bench.controller.inputs.switches_changed()
        bench.run_s(3)
        self.assertEqual((active(bench), bench.controller.state), ([], moves.RUNNING))


class SupplyTest(unittest.TestCase):
    def test_a_low_supply_is_told_within_a_minute_and_goes_above_its_margin(self):
        """Hazards: H26."""
        bench, sensors = running()
        sensors.mv = 10999
        bench.run_s(60)
        self.assertEqual(active(bench), ["supply_low"])
        self.assertEqual(bench.controller.state, moves.RUNNING)
        self.assertEqual(
            faults(bench), [("supply_low", "the supply is at 10999 mV, limit 11000 mV")]
        )
        for mv, still in ((11199, ["supply_low"]), (11200, []), (11000, [])):
            sensors.mv = mv
            bench.run_s(60)
            self.assertEqual(active(bench), still)

    def test_a_depleted_supply_finishes_the_stroke_and_stops(self):
        """Hazards: H26."""
        bench, sensors = running()
        sensors.mv = 9999
        bench.run_s(60)
        self.assertEqual(active(bench), ["supply_depleted", "supply_low"])
        self.assertEqual(bench.controller.state, moves.HALTED)
        bench.run_s(10)
        self.assertEqual(status(bench, "stepped"), status(bench, "asked"))
        bench.controller.stop()
        with self.assertRaises(NotNow):
            bench.controller.start()

    def test_it_is_measured_once_a_minute(self):
        bench, sensors = running()
        before = sensors.supply_reads
        bench.run_s(600)
        self.assertEqual(sensors.supply_reads - before, 10)


class TemperatureTest(unittest.TestCase):
    def test_a_hot_chip_finishes_the_stroke_and_waits_to_cool_down_by_five_degrees(self):
        """Hazards: H26."""
        bench, sensors = running()
        sensors.degrees = 59
        bench.run_s(60)
        self.assertEqual(active(bench), [])
        sensors.degrees = 60
        bench.run_s(60)
        self.assertEqual(active(bench), ["over_temperature"])
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertEqual(faults(bench), [("over_temperature", "the chip is at 60 C, limit 60 C")])
        bench.controller.acknowledge("over_temperature")
        for degrees, still in ((55, ["over_temperature"]), (54, [])):
            sensors.degrees = degrees
            bench.run_s(60)
            self.assertEqual(active(bench), still)


class ForceTest(unittest.TestCase):
    def test_two_readings_above_the_limit_are_an_occlusion_and_stop_at_once(self):
        """Hazards: H25."""
        bench, sensors = running()
        sensors.press(24)
        bench.run_s(12)
        self.assertEqual(active(bench), [])
        sensors.press(25)
        made = bench.made()
        # FORCE_STEPS of 100 at 48 a second are 3 s, one look more for the second reading.
        bench.run_s(4)
        self.assertEqual(active(bench), ["occlusion"])
        self.assertEqual(bench.controller.state, moves.HALTED)
        self.assertTrue(bench.made() - made <= 4 * 49)
        self.assertEqual(faults(bench), [("occlusion", "plunger force 25000 mN, limit 25000 mN")])
        # 18.75 N are three quarters.
        bench.controller.acknowledge("occlusion")
        for newtons, still in ((19, ["occlusion"]), (18, [])):
            sensors.press(newtons)
            bench.run_s(21)
            self.assertEqual(active(bench), still)

    def test_one_reading_that_stands_out_is_no_occlusion(self):
        bench, sensors = running()
        sensors.press(400)
        before = sensors.force_reads
        while sensors.force_reads == before:
            bench.run_s(1)
        sensors.press(5)
        bench.run_s(20)
        self.assertEqual(active(bench), [])

    def test_it_is_read_by_volume_and_at_rest_every_twenty_seconds(self):
        bench, sensors = running()
        before = sensors.force_reads
        bench.run_s(30)
        # 48.45 steps a second: 100 are reached at every third look.
        self.assertTrue(9 <= sensors.force_reads - before <= 11)
        bench.controller.stop()
        bench.run_s(20)
        before = sensors.force_reads
        bench.run_s(100)
        self.assertEqual(sensors.force_reads - before, 5)

    def test_a_sensor_that_gives_nothing_right_is_told_and_delivery_goes_on(self):
        """Hazards: H25."""
        for counts, cause in (
            (NOT_YET, "the force sensor does not answer"),
            (STUCK, "the force sensor's data line is stuck low"),
            (0, "the force sensor is at the end of its range"),
            (0xFFFFFF, "the force sensor is at the end of its range"),
        ):
            bench, sensors = running()
            sensors.counts = counts
            bench.run_s(27)
            self.assertEqual(active(bench), ["sensor_failing"])
            self.assertEqual(bench.controller.state, moves.RUNNING)
            self.assertEqual(faults(bench), [("sensor_failing", cause)])
            sensors.press(1)
            bench.run_s(11)
            self.assertEqual(active(bench), [])


class EquipmentTest(unittest.TestCase):
    def test_with_nothing_confirmed_nothing_is_read_and_nothing_raised(self):
        bench = BenchPump().programme(FAST)
        bench.generator.edges = None
        self.assertEqual(status(bench, "equipment"), "none")
        sensors = fit(bench, Equipment("Bare"))
        sensors.mv, sensors.degrees, sensors.counts = 0, 200, NOT_YET
        bench.controller.start()
        bench.run_s(130)
        self.assertEqual((active(bench), bench.controller.state), ([], moves.RUNNING))
        self.assertEqual((sensors.supply_reads, sensors.force_reads), (0, 0))

    def test_what_was_confirmed_is_kept_across_a_power_cut(self):
        bench, _ = running()
        text = canonical_text(everything())
        again = bench.after_power_cut()
        self.assertEqual(status(again, "equipment"), "Bench 3")
        self.assertEqual(status(again, "equipment_digest"), digest(text))
        rows = list(again.controller.equipment())
        self.assertEqual("".join([row[0][1] + "\n" for row in rows[:-1]]), text)
        record = logged(again, "equipment_confirmed")[-1]
        self.assertEqual((record["equipment"], record["digest"]), ("Bench 3", digest(text)))

    def test_a_damaged_one_is_told_and_delivery_goes_on_unwatched(self):
        bench, _ = running()
        for sector in (36, 37, 38, 39):
            bench.sectors.data[sector][:] = bytes(len(bench.sectors.data[sector]))
        again = bench.after_power_cut()
        self.assertTrue("equipment_damaged" in active(again))
        self.assertEqual(status(again, "equipment"), "damaged")
        self.assertEqual([code for code, _ in faults(again)], ["equipment_damaged"])
        fit(again, Equipment("Bare"))
        again.controller.acknowledge("all")
        self.assertFalse("equipment_damaged" in active(again))

    def test_quiet_signals_hold_from_their_confirmation_on_across_resets_and_a_power_cut(self):
        bench = BenchPump().programme(FAST)
        self.assertEqual(signals(bench), "full")
        battery = Equipment("Battery")
        battery.signals = "quiet"
        propose_equipment(bench, canonical_text(battery))
        self.assertEqual(signals(bench), "full")
        fit(bench, battery)
        self.assertEqual(signals(bench), "quiet")
        for again in (
            bench.after_soft_reset,
            bench.after_watchdog_reset,
            bench.after_power_cut,
        ):
            self.assertEqual(signals(again()), "quiet")
        fit(bench, Equipment("Mains"))
        self.assertEqual(signals(bench), "full")
        self.assertEqual(signals(bench.after_power_cut()), "full")

    def test_signals_are_full_where_the_equipment_is_damaged(self):
        """Hazards: H18."""
        bench = BenchPump()
        battery = Equipment("Battery")
        battery.signals = "quiet"
        fit(bench, battery)
        for sector in (36, 37, 38, 39):
            bench.sectors.data[sector][:] = bytes(len(bench.sectors.data[sector]))
        self.assertEqual(signals(bench.after_power_cut()), "full")

    def test_it_is_in_use_only_when_its_digest_is_confirmed(self):
        bench = BenchPump()
        propose_equipment(bench, canonical_text(everything()))
        with self.assertRaises(NotNow):
            bench.controller.confirm("0" * 16)
        self.assertEqual(status(bench, "equipment"), "none")
        rows = [row for row in bench.controller.review() if row]
        shown = [tuple([value for _, value in row]) for row in rows]
        self.assertTrue(("force sensor", "none", "hx711") in shown)
        self.assertEqual(shown[-1], (digest(canonical_text(everything())),))

    def test_what_the_board_has_no_pin_for_is_refused(self):
        bench = BenchPump()
        sensors = fit(bench, Equipment("Bare"))
        sensors.lacking = ["force hx711"]
        text = propose_equipment(bench, canonical_text(everything()))
        for ask in (
            lambda: list(bench.controller.review()),
            lambda: bench.controller.confirm(text),
        ):
            with self.assertRaises(NotNow) as caught:
                ask()
            self.assertTrue("force hx711" in caught.exception.sentence)
        self.assertEqual(status(bench, "equipment"), "Bare")

    def test_nothing_is_installed_during_a_prime(self):
        bench = BenchPump().programme(FAST)
        found = propose_equipment(bench, canonical_text(Equipment("Bare")))
        bench.controller.prime((1000000, 1))
        with self.assertRaises(NotNow):
            bench.controller.confirm(found)

    def test_a_sensor_that_is_taken_away_takes_its_alarm_with_it(self):
        bench, sensors = running()
        sensors.counts = STUCK
        bench.run_s(12)
        self.assertEqual(active(bench), ["sensor_failing"])
        bench.controller.confirm(propose_equipment(bench, canonical_text(Equipment("Bare"))))
        bench.run_s(12)
        self.assertEqual(active(bench), [])

    def test_readings_have_every_input_with_its_unit_fitted_or_not(self):
        bench = BenchPump()
        sensors = fit(bench, Equipment("Bare"))
        sensors.end = True
        shown = [tuple([value for _, value in row]) for row in bench.controller.readings()]
        self.assertEqual(
            shown,
            [
                ("limit_home", False, "clear", ""),
                ("limit_end", False, "reached", ""),
                ("syringe_switch", False, "syringe", ""),
                ("supply", False, "12000", "mV"),
                ("chip_temperature", False, "25", "C"),
                ("force_hx711", False, "8400000", "counts"),
            ],
        )
        sensors = fit(bench, everything())
        sensors.press(12)
        shown = [tuple([value for _, value in row]) for row in bench.controller.readings()]
        self.assertEqual(
            shown[-2:], [("force_hx711", True, "8412000", "counts"), ("force", True, "12000", "mN")]
        )
        sensors.counts = STUCK
        shown = [tuple([value for _, value in row]) for row in bench.controller.readings()]
        self.assertEqual(shown[-1], ("force_hx711", True, "no reading", ""))

    def test_the_text_of_every_setting_is_declared_once(self):
        found = everything()
        found.signals = "quiet"
        self.assertEqual(
            [line.split(" ")[0] for line in canonical_text(found).split("\n")[2:-1]],
            [row[0] for row in equipments.SETTINGS],
        )


if __name__ == "__main__":
    unittest.main()
