"""What was confirmed last is known however long ago it was, and found within two sectors."""

import unittest

from bench_case import FAST, Case, active
from bench_keys import paired
from bench_library import TEXT, sent
from bench_pump import BenchPump
from pump.core import records
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from ram_sectors import RamSectors

BOARD = b"benchpmp"
SETTINGS_AT = 12  # first sector of the programme's slots on a BenchPump, 4 sectors a slot
RING = 4
# More than a ring of 4 sectors holds of the shortest records.
ROUND = 1100


class Clock:
    is_known = True

    def now_s(self):
        return 1000


def recorder_of(sectors, count=RING):
    journals = [Journal(sectors, first, count, BOARD) for first in (0, count, 2 * count)]
    recorder = Recorder(*journals, None, None, None, None, None, Clock())
    recorder.open()
    return recorder


def pass_round(recorder):
    """Events until the oldest ones are gone."""
    for _ in range(ROUND):
        recorder.prepare()
        recorder.event(records.RATE_CHANGED, (25000, 1))


class InForce(Case):
    def test_what_was_confirmed_is_known_when_its_records_are_long_gone(self):
        """Hazards: H20, H22."""
        sectors = RamSectors(3 * RING)
        recorder = recorder_of(sectors)
        recorder.event(records.PROGRAMME_CONFIRMED, "0badcafe", "0" * 16, 7)
        recorder.event(records.LIBRARY_CONFIRMED, "0badcafe", "0" * 16, 300, "Bench 1.0")
        recorder.event(records.KEYS_CHANGED, 2, "paired nurse operator")
        recorder.event(records.DEMAND, "0badcafe")
        demand = recorder.events.last(records.DEMAND).sequence
        pass_round(recorder)
        self.assertIsNone(recorder.events.last(records.PROGRAMME_CONFIRMED))
        for _ in range(2):
            recorder = recorder_of(sectors)
            self.assertEqual(recorder.confirmed_slot(records.PROGRAMME_CONFIRMED), 7)
            self.assertEqual(recorder.confirmed_slot(records.LIBRARY_CONFIRMED), 300)
            self.assertEqual(recorder.confirmed_slot(records.KEYS_CHANGED), 2)
            self.assertIsNone(recorder.confirmed_slot(records.FOLLOWING_CONFIRMED))
            self.assertEqual(recorder.last_demand(), demand)
            pass_round(recorder)

    def test_what_is_confirmed_after_it_was_noted_counts(self):
        sectors = RamSectors(3 * RING)
        recorder = recorder_of(sectors)
        for slot in range(1, 6):
            recorder.event(records.PROGRAMME_CONFIRMED, "0badcafe", "0" * 16, slot)
            # In the same sector as what was noted of the ones before.
            again = recorder_of(sectors)
            self.assertEqual(again.confirmed_slot(records.PROGRAMME_CONFIRMED), slot)

    def test_a_start_with_a_full_journal_reads_no_more_than_two_sectors_for_it(self):
        sectors = RamSectors(3 * 92)
        recorder = recorder_of(sectors, 92)
        recorder.event(records.PROGRAMME_CONFIRMED, "0badcafe", "0" * 16, 1)
        for _ in range(16000):
            recorder.prepare()
            recorder.event(records.RATE_CHANGED, (25000, 1))
        again = recorder_of(sectors, 92)
        before = sectors.reads
        self.assertEqual(again.confirmed_slot(records.PROGRAMME_CONFIRMED), 1)
        self.assertIsNone(again.confirmed_slot(records.FOLLOWING_CONFIRMED))
        self.assertEqual(again.last_demand(), 0)
        self.assertTrue(sectors.reads - before <= 2)

    def test_journals_that_never_noted_it_are_looked_through_once(self):
        sectors = RamSectors(3 * RING)
        recorder = recorder_of(sectors)
        events = recorder.events
        events.append(
            records.KEYS_CHANGED, 1, records.encode(records.KEYS_CHANGED, 9, "paired x service")
        )
        events.prepare()
        while events.sector < 2:
            events.append(records.RATE_CHANGED, 1, bytes(2))
            events.prepare()
        again = recorder_of(sectors)
        before = sectors.reads
        self.assertEqual(again.confirmed_slot(records.KEYS_CHANGED), 9)
        self.assertEqual(again.last_demand(), 0)
        self.assertTrue(sectors.reads - before <= RING)

    def test_every_sector_holds_it_at_the_price_of_one_record(self):
        sectors = RamSectors(3 * RING)
        recorder = recorder_of(sectors)
        pass_round(recorder)
        noted = [r.sequence for r in recorder.events.records() if r.kind == records.IN_FORCE]
        self.assertTrue(RING - 1 <= len(noted) <= RING)

    def test_an_older_programme_never_passes_for_the_newest_however_long_the_pump_ran(self):
        """Hazards: H20."""
        bench = BenchPump().programme(FAST).programme(FAST)
        bench.controller.start()
        bench.run_s(2)
        pass_round(bench.controller.recorder)
        # The newest of the two slots is destroyed.
        newest = bench.controller.recorder.settings._newest
        bench.sectors.erase(SETTINGS_AT + 4 * newest)
        bench = bench.after_power_cut()
        self.assertIn("programme_damaged", active(bench))
        self.assertIsNone(bench.controller.prescription)

    def test_nor_do_keys_that_were_erased_open_a_pump_that_was_locked_long_ago(self):
        """Hazards: H24."""
        bench = BenchPump()
        paired(bench, "nurse")
        bench.controller.confirm(sent(bench, TEXT))
        pass_round(bench.controller.recorder)
        for sector in range(20, 36):
            # Library, following, keys.
            bench.sectors.erase(sector)
        bench = bench.after_power_cut()
        self.assertTrue(bench.controller.lock.is_locked)
        self.assertIn("keys_damaged", active(bench))
        self.assertIn("library_damaged", active(bench))


if __name__ == "__main__":
    unittest.main()
