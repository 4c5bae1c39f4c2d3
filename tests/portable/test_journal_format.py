"""The journal's bytes and limits, as the head of journal.py states them."""

import binascii
import unittest

from pump.core.errors import OutOfRange
from pump.core.journal import Journal, JournalFailing
from pump.core.sectors import SECTOR_BYTES, FlashError, FlashFull
from ram_sectors import RamSectors

BOARD = b"boardone"
# A full sector of 24 bytes of header and 31 records of 128 bytes has room for 104 bytes more.
LONGEST = bytes(113)
IN_A_SECTOR = 31


def number_bytes(number):
    return bytes([number >> shift & 255 for shift in (0, 8, 16, 24)])


def header_bytes(sequence, first=0, count=3, schema=1, board_id=BOARD):
    body = b"TJRN" + bytes([schema, first % 256, first // 256, count]) + board_id
    body += number_bytes(sequence)
    return body + number_bytes(binascii.crc32(body))


def record_bytes(header, at, mark, kind, number, time_s, payload):
    body = bytes([mark, kind, len(payload)]) + number_bytes(number) + number_bytes(time_s) + payload
    seed = binascii.crc32(header[:20])
    return body + number_bytes(binascii.crc32(body, seed ^ at))


def opened(sectors, first=0, count=3, board_id=BOARD):
    journal = Journal(sectors, first, count, board_id)
    journal.open()
    return journal


def payloads(journal):
    return [record.payload for record in journal.records()]


class FarSectors(RamSectors):
    """Three sectors of a large flash, the first of them with a number of two bytes."""

    FIRST = 770

    def check(self, sector, offset, length):
        super().check(sector - self.FIRST, offset, length)

    def erase(self, sector):
        self.data[sector - self.FIRST][:] = b"\xff" * SECTOR_BYTES

    def program(self, sector, offset, data):
        self.data[sector - self.FIRST][offset : offset + len(data)] = data

    def read_into(self, sector, offset, buffer):
        place = self.data[sector - self.FIRST]
        buffer[:] = memoryview(place)[offset : offset + len(buffer)]


class LayoutTest(unittest.TestCase):
    def test_header_and_records_are_the_bytes_that_are_documented(self):
        sectors = RamSectors(3)
        journal = opened(sectors)
        journal.append(7, 0x01020304, b"abc")
        journal.append(200, 5, b"", False)
        header = header_bytes(0)
        expected = header + record_bytes(header, 24, 0xA0, 7, 1, 0x01020304, b"abc")
        expected += record_bytes(header, 42, 0xA1, 200, 2, 5, b"")
        self.assertEqual(bytes(sectors.data[0][: len(expected)]), expected)
        self.assertEqual(bytes(sectors.data[0][len(expected) :]), b"\xff" * (4096 - len(expected)))

    def test_a_ring_that_begins_beyond_sector_255_names_its_place_in_two_bytes(self):
        sectors = FarSectors(3)
        journal = opened(sectors, FarSectors.FIRST)
        journal.append(1, 0, b"far")
        self.assertEqual(bytes(sectors.data[0][:24]), header_bytes(0, FarSectors.FIRST))
        self.assertEqual(payloads(opened(sectors, FarSectors.FIRST)), [b"far"])

    def test_bytes_that_were_written_by_the_description_are_read(self):
        sectors = RamSectors(3)
        header = header_bytes(0)
        record = record_bytes(header, 24, 0xA1, 0, 9, 77, b"x")
        sectors.program(0, 0, header + record)
        journal = opened(sectors)
        self.assertEqual(journal.problems, [])
        (found,) = list(journal.records())
        self.assertEqual((found.sequence, found.kind, found.time_s), (9, 0, 77))
        self.assertEqual((found.payload, found.clock_known), (b"x", False))

    def test_a_payload_and_a_known_clock_may_be_left_out(self):
        journal = opened(RamSectors(3))
        journal.append(1, 0)
        (found,) = list(journal.records())
        self.assertEqual((found.payload, found.clock_known), (b"", True))

    def test_numbers_begin_at_1_and_all_are_shown(self):
        journal = opened(RamSectors(3))
        self.assertEqual(journal.next_sequence, 1)
        self.assertEqual(journal.append(1, 0), 1)
        self.assertEqual([record.sequence for record in journal.records()], [1])

    def test_a_record_that_ends_where_the_sector_ends_is_still_put_there(self):
        for payload_bytes, erased in ((89, 1), (90, 2)):
            sectors = RamSectors(3)
            journal = opened(sectors)
            for _ in range(IN_A_SECTOR):
                journal.append(1, 0, LONGEST)
            # 15 and 89 bytes are the 104 that are left.
            journal.append(1, 0, bytes(payload_bytes))
            self.assertEqual(sum(sectors.erases), erased)
            self.assertEqual(payloads(journal)[-1], bytes(payload_bytes))
            self.assertEqual(len(payloads(opened(sectors))), IN_A_SECTOR + 1)

    def test_after_a_start_records_go_on_behind_the_room_for_one_with_one_number_left_out(self):
        sectors = RamSectors(3)
        opened(sectors).append(1, 0, b"abc")
        journal = opened(sectors)
        # The record ends at 24 + 15 + 3; what a cut may have left there is made void.
        self.assertEqual(bytes(sectors.data[0][42:46]), b"\x00\xff\xff\xff")
        self.assertEqual(journal.append(1, 0, b"d"), 3)
        self.assertEqual(sectors.data[0][42 + 128], 0xA0)
        self.assertEqual(payloads(opened(sectors)), [b"abc", b"d"])
        # Once more: now after the second one.
        self.assertEqual(sectors.data[0][42 + 128 + 16], 0)


class LimitTest(unittest.TestCase):
    def test_a_ring_has_3_to_255_sectors_from_0_to_65535_on(self):
        sectors = RamSectors(3)
        for first, count in ((0, 3), (65535, 3), (0, 255)):
            Journal(sectors, first, count, BOARD)
        for first, count in ((-1, 3), (65536, 3), (0, 2), (0, 256)):
            with self.assertRaises(OutOfRange) as caught:
                Journal(sectors, first, count, BOARD)
            self.assertIn("3 to 255 sectors", caught.exception.sentence)

    def test_a_board_id_has_8_bytes(self):
        for board_id in (b"1234567", b"123456789"):
            with self.assertRaises(OutOfRange) as caught:
                Journal(RamSectors(3), 0, 3, board_id)
            said = "8 bytes, not " + str(len(board_id))
            self.assertIn(said, caught.exception.sentence)

    def test_any_kind_of_a_byte_is_taken_and_what_is_refused_is_named(self):
        journal = opened(RamSectors(3))
        for kind in (0, 255):
            journal.append(kind, 0)
        self.assertEqual([record.kind for record in journal.records()], [0, 255])
        with self.assertRaises(OutOfRange) as caught:
            journal.append(256, 9, b"ab")
        self.assertIn("0 to 255", caught.exception.sentence)
        self.assertIn("not 256, 9 and 2", caught.exception.sentence)

    def test_before_it_is_opened_nothing_is_written_and_it_says_so(self):
        sectors = RamSectors(3)
        journal = Journal(sectors, 0, 3, BOARD)
        self.assertFalse(journal.healthy)
        with self.assertRaises(JournalFailing) as caught:
            journal.append(1, 0)
        self.assertIn("not been opened", caught.exception.sentence)
        self.assertEqual(caught.exception.code, "journal_failing")
        self.assertEqual(sectors.operations, 0)


class NoRoom(RamSectors):
    """Flash that raises an error of its own at a kind of operation."""

    error = None
    at = ""

    def erase(self, sector):
        if self.at == "erase":
            raise self.error
        super().erase(sector)

    def program(self, sector, offset, data):
        if self.at == "program":
            raise self.error
        super().program(sector, offset, data)

    def read_into(self, sector, offset, buffer):
        if self.at == "read":
            raise self.error
        super().read_into(sector, offset, buffer)


class ErrorTest(unittest.TestCase):
    def failing(self, error, at):
        sectors = NoRoom(3)
        journal = opened(sectors)
        journal.append(1, 0, b"x")
        sectors.error, sectors.at = error, at
        return journal

    def failed(self, call, *args):
        with self.assertRaises(JournalFailing) as caught:
            call(*args)
        return caught.exception.code, caught.exception.sentence

    def test_a_full_file_system_is_told_from_flash_that_fails(self):
        for error, code in (
            (FlashFull("No room is left."), "journal_full"),
            (FlashError("It is broken."), "journal_failing"),
        ):
            journal = self.failing(error, "program")
            self.assertEqual(self.failed(journal.append, 1, 0), (code, error.sentence))
            self.assertEqual(journal.error, error.sentence)
            self.assertFalse(journal.healthy)
            journal = self.failing(error, "erase")
            self.assertEqual(self.failed(journal.prepare), (code, error.sentence))

    def test_flash_that_cannot_be_read_is_told_by_its_own_words(self):
        error = FlashError("It cannot be read.")
        for read in (
            lambda journal: journal.open(),
            lambda journal: list(journal.records()),
            lambda journal: list(journal.records(from_sequence=1)),
            lambda journal: journal.last(1),
            lambda journal: journal.check_next(),
        ):
            journal = self.failing(error, "read")
            self.assertEqual(self.failed(read, journal), ("journal_failing", error.sentence))

    def test_what_was_passing_is_forgotten_when_it_is_over(self):
        journal = self.failing(FlashError("It is broken."), "erase")
        self.failed(journal.prepare)
        journal._sectors.at = ""
        self.assertTrue(journal.needs_preparing)
        self.assertTrue(journal.prepare())
        self.assertEqual(journal.error, "")
        self.assertTrue(journal.healthy)

    def test_after_a_start_that_could_not_read_nothing_is_erased_before_all_was_read(self):
        sectors = NoRoom(3)
        written = opened(sectors)
        for _ in range(IN_A_SECTOR * 4):
            written.append(1, 0, LONGEST)
        erased = list(sectors.erases)
        sectors.error, sectors.at = FlashError("It cannot be read."), "read"
        journal = Journal(sectors, 0, 3, BOARD)
        for call in (journal.open, journal.prepare):
            self.assertEqual(self.failed(call), ("journal_failing", "It cannot be read."))
            self.assertEqual(sectors.erases, erased)
        # It was passing: what was there is shown, and no number is used again.
        sectors.at = ""
        self.assertTrue(journal.prepare())
        self.assertTrue(journal.healthy)
        self.assertEqual(len(list(journal.records())), IN_A_SECTOR * 2)
        number = journal.append(1, 0, b"new")
        self.assertTrue(number > IN_A_SECTOR * 4, number)
        self.assertEqual(payloads(opened(sectors))[-1], b"new")

    def test_a_ring_that_was_never_opened_is_opened_before_it_is_prepared(self):
        sectors = RamSectors(3)
        opened(sectors).append(1, 0, b"old")
        journal = Journal(sectors, 0, 3, BOARD)
        self.assertTrue(journal.prepare())
        self.assertEqual(payloads(journal), [b"old"])


class Worn(RamSectors):
    """Flash of which some sectors take no headers, or none any records."""

    without_header = ()
    takes_records = True

    def program(self, sector, offset, data):
        if offset == 0 and sector in self.without_header:
            return
        if offset > 0 and not self.takes_records:
            return
        super().program(sector, offset, data)


class WornTest(unittest.TestCase):
    def failed(self, call, *args):
        with self.assertRaises(JournalFailing) as caught:
            call(*args)
        self.assertEqual(caught.exception.code, "journal_failing")
        return caught.exception.sentence

    def test_records_that_do_not_read_back_are_tried_in_three_places_and_then_told(self):
        sectors = Worn(6)
        journal = opened(sectors, count=6)
        journal.append(1, 0, b"x")
        sectors.takes_records = False
        self.assertEqual(
            self.failed(journal.append, 1, 0, b"y"),
            "What is written to flash does not read back as it was written.",
        )
        # In the sector in use, and in two more.
        self.assertEqual(sectors.erases, [1, 1, 1, 0, 0, 0])
        self.assertEqual(payloads(journal), [b"x"])

    def test_three_sectors_are_tried_for_the_next_one_and_never_the_one_in_use(self):
        for count, worn, erased in (
            (6, (1, 2), [1, 1, 1, 1, 0, 0]),
            (6, (1, 2, 3), None),
            (3, (1, 2), None),
            (4, (1, 2), [1, 1, 1, 1]),
        ):
            sectors = Worn(count)
            sectors.without_header = worn
            journal = opened(sectors, count=count)
            journal.append(1, 0, b"x")
            if erased is None:
                self.assertEqual(
                    self.failed(journal.prepare),
                    "The flash sectors that are to be used next cannot be erased.",
                )
                self.assertEqual(sectors.erases[0], 1)
                self.assertTrue(journal.needs_preparing)
            else:
                self.assertTrue(journal.prepare())
                self.assertEqual(sectors.erases, erased)
                self.assertFalse(journal.needs_preparing)
            self.assertEqual(payloads(journal), [b"x"])


class SpeedTest(unittest.TestCase):
    def test_reading_from_a_number_on_reads_the_sectors_that_hold_it_and_their_beginnings(self):
        sectors = RamSectors(10)
        journal = opened(sectors, count=10)
        last = IN_A_SECTOR * 8
        for _ in range(last):
            journal.append(1, 0, LONGEST)
        for number, holding in ((last, 1), (last - 30, 1), (last - 31, 2), (100, 5), (2, 8)):
            reads = sectors.reads
            found = [record.sequence for record in journal.records(from_sequence=number)]
            self.assertEqual(found, list(range(number, last + 1)))
            # The beginning of the oldest need not be looked at.
            self.assertEqual(sectors.reads - reads, holding + min(holding, 7))
        reads = sectors.reads
        self.assertEqual(len(list(journal.records())), last)
        self.assertEqual(sectors.reads - reads, 8)

    def test_a_round_of_checks_reads_each_sector_once_in_the_order_of_their_places(self):
        for damaged in range(4):
            sectors = RamSectors(4)
            journal = opened(sectors, count=4)
            # Sectors 3 to 6, the last of them at place 2.
            for _ in range(IN_A_SECTOR * 7):
                journal.append(1, 0, LONGEST)
            journal.prepare()
            sectors.data[damaged][30] ^= 1
            if damaged == 3:
                # Sector 7 is ready there: blank, but for one bit.
                sectors.data[3][300] = 0xFE
            for place in range(4):
                self.assertEqual(journal.check_next(), place == 3)
                found = ["damaged"] if place >= damaged else []
                self.assertEqual((damaged, place, journal.problems), (damaged, place, found))


class LastTest(unittest.TestCase):
    def test_the_newest_of_a_kind_before_a_number_is_found_whatever_the_clock(self):
        journal = opened(RamSectors(3))
        for number in range(1, 100):
            journal.append(number % 2, 0, bytes(100), number % 3 == 0)
        for kind, before, expected in (
            (1, None, 99),
            (0, None, 98),
            (1, 99, 97),
            (1, 98, 97),
            (0, 98, 96),
            (1, 60, 59),
            (9, None, None),
            (1, 1, None),
        ):
            found = journal.last(kind, before)
            self.assertEqual(found and found.sequence, expected)


class OtherTest(unittest.TestCase):
    def test_after_another_schemas_newest_sector_come_numbers_that_it_cannot_have_used(self):
        sectors = RamSectors(4)
        for sequence in (4, 5, 2, 3):
            sectors.program(sequence % 4, 0, header_bytes(sequence, count=4, schema=2))
        journal = opened(sectors, count=4)
        self.assertEqual(journal.problems, ["other_schema"])
        # 300 numbers for each of its sectors 0 to 5.
        self.assertEqual(journal.append(1, 0, b"new"), 6 * 300)
        # The sector after its newest one, at place 5 % 4, is the first that is written over.
        self.assertEqual(sectors.erases, [0, 0, 1, 0])
        self.assertEqual(payloads(opened(sectors, count=4)), [b"new"])

    def test_a_sector_that_is_not_at_its_place_is_no_sector_of_the_ring(self):
        sectors = RamSectors(3)
        for place, sequence in ((0, 0), (1, 5), (2, 2)):
            header = header_bytes(sequence)
            record = record_bytes(header, 24, 0xA0, 1, sequence * 300 + 1, 0, b"x")
            sectors.program(place, 0, header + record)
        found = [record.sequence for record in opened(sectors).records()]
        self.assertEqual(found, [1, 601])

    def test_a_periodic_check_names_what_it_finds_in_a_sector_and_when_a_round_is_over(self):
        for written, named in (
            (None, []),
            (b"\0" * 24, ["damaged"]),
            (b"\xff" * 24, ["damaged"]),
            (header_bytes(1, board_id=b"boardtwo"), ["other_board"]),
            (header_bytes(1, schema=2), ["other_schema"]),
            (header_bytes(1, first=1), ["other_layout"]),
        ):
            sectors = RamSectors(4)
            journal = opened(sectors, count=3)
            for _ in range(IN_A_SECTOR * 3):
                journal.append(1, 0, LONGEST)
            journal.prepare()
            if written is not None:
                sectors.data[1][:24] = written
            rounds = [journal.check_next() for _ in range(6)]
            self.assertEqual(rounds, [False, False, True] * 2)
            self.assertEqual(journal.problems, named)

    def test_a_periodic_check_names_what_stands_behind_the_last_record(self):
        for at, byte, named in (
            # Room for one after the record is given up at a start and may hold anything.
            (24 + 16 + 127, 0x55, []),
            (24 + 16 + 129, 0x55, ["damaged"]),
            (4095, 0xFE, ["damaged"]),
        ):
            sectors = RamSectors(3)
            journal = opened(sectors)
            journal.append(1, 0, b"x")
            journal.prepare()
            sectors.data[0][at] = byte
            for _ in range(3):
                journal.check_next()
            self.assertEqual(journal.problems, named)

    def test_the_sector_that_is_erased_next_may_be_half_erased_without_being_damage(self):
        for prepares, named in ((False, []), (True, ["damaged"])):
            sectors = RamSectors(3)
            journal = opened(sectors)
            for _ in range(IN_A_SECTOR * 4 + 1):
                journal.append(1, 0, LONGEST)
            # Sector 4 is in use at place 1; the one of place 2 is the oldest.
            if prepares:
                journal.prepare()
            sectors.data[2][:2048] = b"\0" * 2048
            for _ in range(3):
                journal.check_next()
            self.assertEqual(journal.problems, named)


if __name__ == "__main__":
    unittest.main()
