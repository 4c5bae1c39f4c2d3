import unittest

from pump.core import records
from pump.core.errors import Damaged, OutOfRange
from pump.core.journal import (
    HEADER_BYTES,
    OVERHEAD_BYTES,
    PAYLOAD_MAX,
    SCHEMA,
    Journal,
    JournalFailing,
)
from pump.core.sectors import LAYOUT, SECTOR_BYTES, TOTAL_SECTORS, FlashError
from ram_sectors import RamSectors

BOARD = b"\xe6\x60\x58\x38\x83\x12\x34\x56"
OTHER = b"\xe6\x60\x58\x38\x83\x65\x43\x21"
NOON_S = 850_000_000  # late in 2026, below 2**30


def opened(sectors, first=0, count=None, board_id=BOARD):
    journal = Journal(sectors, first, count or sectors.sector_count, board_id)
    journal.open()
    return journal


def numbers(journal, **how):
    return [record.sequence for record in journal.records(**how)]


class RecordsTest(unittest.TestCase):
    def test_every_kind_gives_back_what_was_put_in(self):
        samples = {
            records.COUNT: 2**64 - 1,
            records.RATIO: (1375, 3),
            records.REQUEST: "00ff12ab",
            records.DIGEST: "0123456789abcdef",
            records.TEXT: "power failed ~ 3 h",
            records.ALARM: "low_reservoir",
        }
        for kind in records.KINDS:
            with self.subTest(kind=records.name(kind)):
                fields = records.KINDS[kind][1]
                values = [samples[how] for _field, how in fields]
                payload = records.encode(kind, *values)
                expected = {field: samples[how] for field, how in fields}
                self.assertEqual(records.decode(kind, payload), expected)
                self.assertTrue(len(payload) <= PAYLOAD_MAX)

    def test_counts_at_the_edges_of_small_integers_and_of_64_bits(self):
        for count in (0, 127, 128, 2**30 - 1, 2**30, 2**63, 2**64 - 1):
            payload = records.encode(records.INTERRUPTION, count)
            self.assertEqual(records.decode(records.INTERRUPTION, payload), {"length_s": count})

    def test_counts_are_written_seven_bits_a_byte_lowest_first(self):
        # 300 = 2 * 128 + 44, the worked example of the LEB128 encoding's descriptions.
        self.assertEqual(records.encode(records.INTERRUPTION, 300), b"\xac\x02")

    def test_a_checkpoint_with_volumes_of_32_digits_fits(self):
        volume_nl = (10**32 - 1, 10**32)
        payload = records.encode(
            records.CHECKPOINT,
            2**64 - 1,
            volume_nl,
            volume_nl,
            (1, 1),
            9999,
            "unprogrammed",
            2**64 - 1,
            60000000,
            60000000,
        )
        self.assertTrue(len(payload) <= PAYLOAD_MAX)
        self.assertEqual(records.decode(records.CHECKPOINT, payload)["delivered_nl"], volume_nl)

    def test_values_that_a_field_cannot_hold_are_refused(self):
        for kind, values in (
            (records.INTERRUPTION, (-1,)),
            (records.INTERRUPTION, (True,)),
            (records.INTERRUPTION, ("1",)),
            (records.INTERRUPTION, (2**300,)),
            (records.INTERRUPTION, ()),
            (records.INTERRUPTION, (1, 2)),
            (records.RATE_CHANGED, ((1, 0),)),
            (records.RATE_CHANGED, ((-1, 2),)),
            (records.RATE_CHANGED, (5,)),
            (records.PAUSED, ("00FF12AB",)),
            (records.PAUSED, ("00ff12a",)),
            (records.ALARM_CLEARED, ("no_such_alarm",)),
            (records.STOPPED, ("00ff12ab", "x" * 49)),
            (records.STOPPED, ("00ff12ab", "two\nlines")),
            (99, ()),
        ):
            with self.subTest(kind=kind, values=values), self.assertRaises(OutOfRange):
                records.encode(kind, *values)

    def test_a_payload_cut_or_lengthened_by_a_byte_is_damaged(self):
        payload = records.encode(records.STOPPED, "00ff12ab", "empty")
        for wrong in (payload[:-1], payload + b"\0", b""):
            with self.assertRaises(Damaged):
                records.decode(records.STOPPED, wrong)

    def test_a_kind_of_later_firmware_shows_its_bytes(self):
        self.assertEqual(records.decode(99, b"\x01\xab"), {"payload": "01ab"})
        self.assertEqual(records.name(99), "kind_99")


class AppendTest(unittest.TestCase):
    def test_a_blank_journal_is_healthy_and_without_problems(self):
        journal = opened(RamSectors(4))
        self.assertTrue(journal.healthy)
        self.assertEqual(journal.problems, [])
        self.assertEqual(numbers(journal), [])
        self.assertTrue(journal.last(records.BOOT) is None)

    def test_records_come_back_in_order_with_all_that_was_given(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        given = []
        for i in range(10):
            payload = records.encode(records.INTERRUPTION, i * 1000)
            number = journal.append(records.INTERRUPTION, NOON_S + i, payload, i % 2 == 0)
            given.append((number, records.INTERRUPTION, NOON_S + i, i % 2 == 0, payload))
        for reader in (journal, opened(sectors)):
            found = []
            for r in reader.records():
                found.append((r.sequence, r.kind, r.time_s, r.clock_known, r.payload))
            self.assertEqual(found, given)
        self.assertEqual([number for number, _, _, _, _ in given], list(range(1, 11)))

    def test_times_beyond_2_to_the_30_and_up_to_32_bits_are_kept(self):
        journal = opened(RamSectors(3))
        for time_s in (0, 2**30 - 1, 2**30, 2**32 - 1):
            journal.append(records.INTERRUPTION, time_s, b"\0")
        self.assertEqual(
            [record.time_s for record in journal.records()], [0, 2**30 - 1, 2**30, 2**32 - 1]
        )

    def test_out_of_range_is_refused_and_writes_nothing(self):
        sectors = RamSectors(3)
        journal = opened(sectors)
        journal.prepare()
        before = sectors.operations
        for kind, time_s, payload in (
            (256, 0, b""),
            (-1, 0, b""),
            (1, -1, b""),
            (1, 2**32, b""),
            (1, 0, bytes(PAYLOAD_MAX + 1)),
        ):
            with self.assertRaises(OutOfRange):
                journal.append(kind, time_s, payload)
        self.assertEqual(sectors.operations, before)
        self.assertTrue(journal.healthy)

    def test_the_longest_record_is_128_bytes_and_comes_back(self):
        journal = opened(RamSectors(3))
        journal.append(1, 0, bytes(PAYLOAD_MAX))
        self.assertEqual(OVERHEAD_BYTES + PAYLOAD_MAX, 128)
        self.assertEqual([record.payload for record in journal.records()], [bytes(PAYLOAD_MAX)])

    def test_a_full_ring_drops_the_oldest_sector_and_nothing_else(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        per_sector = (SECTOR_BYTES - HEADER_BYTES) // (OVERHEAD_BYTES + 20)
        for i in range(per_sector * 7):
            self.assertEqual(journal.append(1, i, bytes(20)), i + 1)
        # Sectors 0 to 6 are full, 6 is in use, 3 to 5 are left of the ring of 4.
        self.assertEqual(numbers(journal), list(range(per_sector * 3 + 1, per_sector * 7 + 1)))
        self.assertEqual(numbers(opened(sectors)), numbers(journal))
        self.assertEqual(journal.erases, max(sectors.erases))
        self.assertEqual(sectors.erases, [2, 2, 2, 1])

    def test_with_a_sector_prepared_an_append_erases_nothing(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        for i in range(1000):
            if journal.needs_preparing:
                self.assertTrue(journal.prepare())
            erases = sum(sectors.erases)
            operations = sectors.operations
            journal.append(1, i, bytes(50))
            self.assertEqual(sum(sectors.erases), erases)
            self.assertEqual(sectors.operations, operations + 1)
        self.assertEqual(numbers(journal)[-1], 1000)

    def test_preparing_twice_does_nothing_the_second_time(self):
        journal = opened(RamSectors(3))
        self.assertTrue(journal.prepare())
        self.assertFalse(journal.prepare())
        self.assertFalse(journal.needs_preparing)

    def test_two_journals_side_by_side_do_not_touch_each_other(self):
        sectors = RamSectors(7)
        events = opened(sectors, 0, 4)
        faults = opened(sectors, 4, 3)
        for i in range(300):
            events.append(1, i, bytes(60))
            if i % 10 == 0:
                faults.append(2, i, bytes(7))
        self.assertEqual(
            [r.time_s for r in opened(sectors, 4, 3).records()], list(range(0, 300, 10))
        )
        self.assertEqual([r.time_s for r in opened(sectors, 0, 4).records()][-1], 299)

    def test_before_open_nothing_can_be_written(self):
        journal = Journal(RamSectors(3), 0, 3, BOARD)
        self.assertFalse(journal.healthy)
        with self.assertRaises(JournalFailing):
            journal.append(1, 0)

    def test_the_layout_fills_the_partition_without_overlaps(self):
        taken = []
        for first, count in LAYOUT.values():
            taken.extend(range(first, first + count))
        self.assertEqual(sorted(taken), list(range(TOTAL_SECTORS)))
        self.assertEqual(TOTAL_SECTORS * SECTOR_BYTES, 608 * 1024)


class ReadTest(unittest.TestCase):
    def setUp(self):
        self.sectors = RamSectors(4)
        self.journal = opened(self.sectors)
        for i in range(250):
            self.journal.append(1 + i % 3, i, bytes(40))

    def test_from_a_number_on(self):
        first = numbers(self.journal)[0]
        for number in (0, first, 100, 249, 250, 251, 10**6):
            expected = list(range(max(first, number), 251))
            self.assertEqual(numbers(self.journal, from_sequence=number), expected)

    def test_from_a_number_on_whatever_the_times_are(self):
        for time_s in (0, 1, 2**24, 2**32 - 1):
            sectors = RamSectors(4)
            journal = opened(sectors)
            for _ in range(200):
                journal.append(1, time_s, bytes(60))
            first = numbers(journal)[0]
            for number in range(first, 201, 7):
                self.assertEqual(numbers(journal, from_sequence=number), list(range(number, 201)))

    def test_newest_first_is_the_same_the_other_way_round(self):
        for number in (0, 100, 250):
            forward = numbers(self.journal, from_sequence=number)
            backward = numbers(self.journal, from_sequence=number, newest_first=True)
            self.assertEqual(backward, list(reversed(forward)))

    def test_last_of_a_kind_is_the_newest_of_it(self):
        self.assertEqual(self.journal.last(1).sequence, 250)
        self.assertEqual(self.journal.last(2).sequence, 248)
        self.assertEqual(self.journal.last(3).sequence, 249)
        self.assertTrue(self.journal.last(4) is None)

    def test_looking_back_gives_what_is_asked_for_the_newest_first(self):
        journal = opened(RamSectors(4))
        starts = []
        for number in range(1500):
            if journal.needs_preparing:
                journal.prepare()
            sector = journal.sector
            sequence = journal.append(1 + number % 7, number, bytes(number % 19))
            if journal.sector != sector:
                starts.append(sequence)
        shown = list(journal.records())
        wanted = []
        is_beside = True
        for record in reversed(shown):
            if is_beside or record.kind in (2, 5) or record.sequence in starts:
                wanted.append(record.sequence)
            is_beside = record.kind == 5
        found = [r.sequence for r in journal.look_back((2, 5), 5)]
        self.assertEqual(found, wanted)
        self.assertTrue(len(wanted) < len(shown))

    def test_looking_back_steps_over_no_record_that_damage_would_hide(self):
        """One bit of a length leads to the record after the next one, of 16 bytes."""
        sectors = RamSectors(4)
        journal = opened(sectors)
        for number in range(20):
            journal.append(3 if number == 11 else 1, number, b"x")
        at = HEADER_BYTES + 10 * 16 + 2
        self.assertEqual(sectors.data[0][at], 1)
        sectors.data[0][at] ^= 16
        found = [r.time_s for r in journal.look_back((3,), 3)]
        # The newest; the one asked for, then the one before it that is sound; the first.
        self.assertEqual(found, [19, 11, 9, 0])

    def test_what_is_appended_while_reading_disturbs_no_record(self):
        found = []
        for record in self.journal.records():
            found.append(record.time_s)
            if record.time_s % 5 == 0:
                self.journal.append(9, 1000, bytes(40))
        old = [time_s for time_s in found if time_s < 1000]
        self.assertEqual(old, sorted(old))


class ReopenTest(unittest.TestCase):
    def test_numbers_go_on_after_opening_and_skip_one(self):
        sectors = RamSectors(3)
        self.assertEqual(opened(sectors).append(1, 0), 1)
        self.assertEqual(opened(sectors).append(1, 0), 3)
        self.assertEqual(numbers(opened(sectors)), [1, 3])

    def test_a_thousand_boots_with_a_record_each_lose_none_of_the_last_forty(self):
        sectors = RamSectors(4)
        for boot in range(1000):
            journal = opened(sectors)
            self.assertEqual(journal.problems, [])
            journal.prepare()
            journal.append(records.BOOT, boot)
        times = [record.time_s for record in opened(sectors).records()]
        self.assertEqual(times[-40:], list(range(960, 1000)))

    def test_another_boards_journal_is_named_not_shown_and_not_counted_on(self):
        sectors = RamSectors(4)
        opened(sectors).append(1, 7)
        journal = opened(sectors, board_id=OTHER)
        self.assertEqual(journal.problems, ["other_board"])
        self.assertEqual(numbers(journal), [])
        self.assertTrue(journal.last(1) is None)
        journal.append(1, 8)
        self.assertEqual([record.time_s for record in journal.records()], [8])

    def test_another_schema_is_named_not_shown_and_its_numbers_are_not_used_again(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        for i in range(150):
            last = journal.append(1, i, bytes(40))
        for sector in range(4):
            if sectors.data[sector][4] == SCHEMA:
                restamp(sectors.data[sector], SCHEMA + 1)
        journal = opened(sectors)
        self.assertEqual(journal.problems, ["other_schema"])
        self.assertEqual(numbers(journal), [])
        self.assertTrue(journal.append(1, 0) > last)
        self.assertEqual(len(numbers(opened(sectors))), 1)

    def test_a_ring_that_lay_elsewhere_is_named_and_not_shown(self):
        sectors = RamSectors(6)
        opened(sectors, 0, 5).append(1, 0)
        journal = opened(sectors, 0, 6)
        self.assertEqual(journal.problems, ["other_layout"])
        self.assertEqual(numbers(journal), [])
        journal = opened(sectors, 1, 5)
        self.assertEqual(journal.problems, [])
        sectors.data[1][:] = sectors.data[0]
        self.assertEqual(opened(sectors, 1, 5).problems, ["other_layout"])

    def test_data_of_something_else_is_unformatted_and_can_be_written_over(self):
        sectors = RamSectors(3)
        for sector in range(3):
            sectors.data[sector][:] = b"littlefs" * 512
        journal = opened(sectors)
        self.assertEqual(journal.problems, ["unformatted"])
        journal.append(1, 5)
        again = opened(sectors)
        self.assertEqual(again.problems, [])
        self.assertEqual([record.time_s for record in again.records()], [5])

    def test_a_record_of_which_any_one_bit_changed_is_not_shown(self):
        sectors = RamSectors(3)
        journal = opened(sectors)
        journal.append(1, 10, b"first")
        at = HEADER_BYTES + OVERHEAD_BYTES + 5
        journal.append(1, 20, b"second")
        end = at + OVERHEAD_BYTES + 6
        for byte in range(at, end):
            for bit in range(8):
                sectors.data[0][byte] ^= 1 << bit
                self.assertEqual([r.time_s for r in opened_copy(sectors).records()], [10])
                sectors.data[0][byte] ^= 1 << bit
        self.assertEqual([r.time_s for r in opened_copy(sectors).records()], [10, 20])

    def test_a_record_copied_to_another_place_is_no_record(self):
        sectors = RamSectors(3)
        journal = opened(sectors)
        journal.append(1, 10, b"copied")
        size = OVERHEAD_BYTES + 6
        data = sectors.data[0]
        data[HEADER_BYTES + size : HEADER_BYTES + 2 * size] = data[
            HEADER_BYTES : HEADER_BYTES + size
        ]
        self.assertEqual(numbers(opened(sectors)), [1])


class OpenTest(unittest.TestCase):
    def test_a_sound_ring_is_opened_with_few_reads_and_a_damaged_one_all_the_same(self):
        sectors = RamSectors(64)
        journal = opened(sectors)
        for i in range(3000):
            if i % 300 == 299:
                journal.prepare()
                sectors.reads = 0
                again = opened(sectors)
                # Halving 64 takes 6, the first place 1, the two newest sectors 2 or 3, and 2
                # to 4 are read back; in the first round the blank ones are looked at as well.
                blank = sectors.erases.count(0)
                self.assertTrue(sectors.reads <= 14 + blank, (i, sectors.reads, blank))
                self.assertEqual(again.last(1).time_s, i - 1)
                self.assertEqual(again.problems, [])
            journal.append(1, i, bytes(100))
        for damaged in (0, 16, 31, 32, 33, 63):
            kept = bytes(sectors.data[damaged])
            sectors.data[damaged][:] = bytes(SECTOR_BYTES)
            self.assertEqual(opened(sectors).last(1).time_s, 2999)
            sectors.data[damaged][:] = kept

    def test_the_loss_of_the_sector_in_use_is_named_at_once(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        for i in range(60):
            journal.append(1, i, bytes(100))
        journal.prepare()
        sectors.data[1][:] = bytes(SECTOR_BYTES)
        journal = opened(sectors)
        self.assertEqual(journal.problems, ["damaged"])
        self.assertEqual(numbers(journal), list(range(1, 36)))
        self.assertTrue(journal.append(1, 60) > 60)

    def test_damage_to_the_last_records_is_named_at_once_and_numbers_are_not_used_again(self):
        noise = b"\x5a\xc3" * 200
        blank = b"\xff" * (SECTOR_BYTES - HEADER_BYTES)
        for first_record, damage in ((13, noise), (0, blank)):
            sectors = RamSectors(4)
            journal = opened(sectors)
            for i in range(50):
                journal.append(1, i, bytes(100))
            journal.prepare()
            at = HEADER_BYTES + first_record * (OVERHEAD_BYTES + 100)
            sectors.data[1][at : at + len(damage)] = damage
            journal = opened(sectors)
            self.assertEqual(journal.problems, ["damaged"])
            self.assertTrue(journal.append(1, 60) > 50)
            self.assertEqual(opened(sectors).last(1).time_s, 60)

    def test_a_full_sector_without_a_next_one_is_unsure_and_numbers_are_not_used_again(self):
        sectors = RamSectors(4)
        journal = opened(sectors)
        for i in range(60):
            journal.append(1, i, bytes(100))
        sectors.data[1][:] = bytes(SECTOR_BYTES)
        journal = opened(sectors)
        self.assertEqual(journal.problems, ["unsure"])
        self.assertTrue(journal.append(1, 60) > 60)


class FailingSectors(RamSectors):
    """Flash whose sectors no longer take what is programmed, or say so."""

    def __init__(self, sector_count):
        super().__init__(sector_count)
        self.worn = set()
        self.is_broken = False

    def program(self, sector, offset, data):
        if self.is_broken:
            raise FlashError("The flash does not answer.")
        if sector in self.worn:
            return
        super().program(sector, offset, data)


class FailureTest(unittest.TestCase):
    def test_a_worn_sector_is_stepped_over_and_no_record_is_lost(self):
        sectors = FailingSectors(5)
        journal = opened(sectors)
        for i in range(30):
            journal.append(1, i, bytes(40))
        sectors.worn.add(0)
        sectors.worn.add(1)
        for i in range(30, 60):
            journal.append(1, i, bytes(40))
        self.assertTrue(journal.healthy)
        self.assertEqual([r.time_s for r in journal.records()], list(range(60)))
        self.assertEqual([r.time_s for r in opened(sectors).records()], list(range(60)))
        # The number of the try that failed is spent: half of that record may be there.
        self.assertEqual(numbers(journal), list(range(1, 31)) + list(range(32, 62)))

    def test_flash_that_takes_nothing_is_a_named_failure_and_then_costs_no_more_time(self):
        sectors = FailingSectors(5)
        journal = opened(sectors)
        journal.append(1, 0)
        sectors.worn = {0, 1, 2, 3, 4}
        with self.assertRaises(JournalFailing) as caught:
            journal.append(1, 1)
        self.assertEqual(caught.exception.code, "journal_failing")
        self.assertFalse(journal.healthy)
        operations = sectors.operations
        with self.assertRaises(JournalFailing):
            journal.append(1, 2)
        self.assertEqual(sectors.operations, operations)

    def test_prepare_tries_again_and_mends_what_was_passing(self):
        sectors = FailingSectors(5)
        journal = opened(sectors)
        journal.append(1, 0)
        sectors.is_broken = True
        with self.assertRaises(JournalFailing):
            journal.append(1, 1)
        with self.assertRaises(JournalFailing):
            journal.prepare()
        self.assertTrue(journal.needs_preparing)
        sectors.is_broken = False
        self.assertTrue(journal.prepare())
        journal.append(1, 2)
        self.assertEqual([r.time_s for r in opened(sectors).records()], [0, 2])


class CheckTest(unittest.TestCase):
    def test_a_round_over_whole_sectors_finds_nothing_and_over_a_damaged_one_names_it(self):
        sectors = RamSectors(5)
        journal = opened(sectors)
        for i in range(350):
            journal.append(1, i, bytes(40))
        rounds = [journal.check_next() for _ in range(5)]
        self.assertEqual(rounds, [False, False, False, False, True])
        self.assertEqual(journal.problems, [])
        held = (len(numbers(journal)), journal.next_sequence)
        sectors.data[1][2000:2200] = bytes(200)
        for _ in range(5):
            journal.check_next()
        self.assertEqual(journal.problems, ["damaged"])
        self.assertTrue(len(numbers(journal)) < held[0])
        self.assertEqual(journal.next_sequence, held[1])


def restamp(data, schema):
    """Give a sector's header another schema, with the CRC that goes with it."""
    import binascii

    data[4] = schema
    data[20:24] = binascii.crc32(bytes(data[:20])).to_bytes(4, "little")


def opened_copy(sectors):
    """A journal opened on a copy, so that nothing is mended in the original."""
    copy = RamSectors(sectors.sector_count)
    for sector in range(sectors.sector_count):
        copy.data[sector][:] = sectors.data[sector]
    return opened(copy)
