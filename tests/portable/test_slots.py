import hashlib
import unittest

from pump.core.errors import Damaged, OutOfRange
from pump.core.sectors import LAYOUT, SECTOR_BYTES, FlashError
from pump.core.slots import Slots
from ram_sectors import RamSectors

BOARD = b"\xe6\x60\x58\x38\x83\x12\x34\x56"
OTHER = b"\xe6\x60\x58\x38\x83\x65\x43\x21"
PER_SLOT = 5
OLD = "name old\nbore_um 14500\n"
NEW = "name new\n" + "boluses 28800 127 100000 600\n" * 500


def slots_on(sectors, board_id=BOARD):
    return Slots(sectors, 0, PER_SLOT, board_id)


def read(sectors, board_id=BOARD):
    found = slots_on(sectors, board_id).open()
    return None if found is None else found.text


class SlotsTest(unittest.TestCase):
    def setUp(self):
        self.sectors = RamSectors(2 * PER_SLOT)
        self.slots = slots_on(self.sectors)

    def test_a_new_board_has_no_settings(self):
        self.assertTrue(self.slots.open() is None)
        self.assertEqual(self.slots.problems, [])

    def test_what_was_written_last_is_read(self):
        for i in range(7):
            text = OLD + f"round {i}\n" * (i * 200)
            slots = slots_on(self.sectors)
            slots.open()
            written = slots.write(text)
            self.assertEqual(written.sequence, i + 1)
            slots = slots_on(self.sectors)
            found = slots.open()
            self.assertEqual(found.text, text)
            self.assertEqual(found.sequence, i + 1)
            self.assertEqual(slots.problems, [])

    def test_the_slot_with_the_newest_text_is_never_touched(self):
        for i in range(5):
            slots = slots_on(self.sectors)
            slots.open()
            before = [bytes(sector) for sector in self.sectors.data]
            slots.write(f"round {i}")
            changed = [n for n in range(2 * PER_SLOT) if self.sectors.data[n] != before[n]]
            self.assertEqual(changed, [i % 2 * PER_SLOT, i % 2 * PER_SLOT + 1])

    def test_opening_again_forgets_what_was_seen_before(self):
        self.slots.open()
        self.slots.write(OLD)
        self.slots.write(NEW)
        self.sectors.data[PER_SLOT][7] ^= 1
        self.slots.open()
        self.assertEqual(self.slots.problems, ["damaged"])
        self.sectors.data[PER_SLOT][7] ^= 1
        self.assertEqual(self.slots.open().text, NEW)
        self.assertEqual(self.slots.problems, [])
        self.assertEqual(self.slots.write(OLD).sequence, 3)
        for sector in range(2 * PER_SLOT):
            self.sectors.erase(sector)
        self.assertTrue(self.slots.open() is None)
        self.assertEqual(self.slots.write(NEW).sequence, 1)

    def test_one_bit_changed_in_the_header_is_found_and_in_the_seal_does_no_harm(self):
        self.slots.open()
        self.slots.write(OLD)
        head = self.sectors.data[0]
        for at in list(range(40)) + list(range(256, 268)):
            for bit in range(8):
                head[at] ^= 1 << bit
                copy = RamSectors(2 * PER_SLOT)
                for sector in range(2 * PER_SLOT):
                    copy.data[sector][:] = self.sectors.data[sector]
                try:
                    found = read(copy)
                except Damaged:
                    found = None
                self.assertEqual(found, OLD if at >= 256 else None, (at, bit))
                head[at] ^= 1 << bit
        self.assertEqual(read(self.sectors), OLD)

    def test_the_digest_is_the_beginning_of_the_sha_256(self):
        self.slots.open()
        digest = hashlib.sha256(OLD.encode()).digest()[:8]
        expected = "".join([f"{byte:02x}" for byte in digest])
        self.assertEqual(self.slots.write(OLD).digest, expected)
        self.assertEqual(slots_on(self.sectors).open().digest, expected)
        self.assertEqual(len(expected), 16)

    def test_16_kib_fit_and_a_byte_more_is_refused_and_changes_nothing(self):
        self.assertEqual(LAYOUT["programme"][1], 2 * PER_SLOT)
        self.slots.open()
        self.slots.write("x" * 16384)
        self.assertEqual(read(self.sectors), "x" * 16384)
        for text in ("x" * 16385, "", "µL"):
            with self.assertRaises(OutOfRange):
                self.slots.write(text)
        self.assertEqual(read(self.sectors), "x" * 16384)

    def test_lengths_around_pages_and_sectors_come_back(self):
        self.slots.open()
        for length in (1, 255, 256, 257, 4095, 4096, 4097, 8192):
            self.slots.write("y" * length)
            self.assertEqual(read(self.sectors), "y" * length)

    def test_with_the_newest_damaged_the_older_is_found_and_its_number_tells(self):
        for damage in (bytes(SECTOR_BYTES), b"\xa5\x3c" * (SECTOR_BYTES // 2)):
            self.setUp()
            self.slots.open()
            self.slots.write(OLD)
            newest = self.slots.write(NEW)
            self.sectors.data[PER_SLOT][:] = damage
            slots = slots_on(self.sectors)
            found = slots.open()
            self.assertEqual(found.text, OLD)
            self.assertTrue(found.sequence < newest.sequence)
            self.assertEqual(slots.problems, ["damaged"])

    def test_damage_to_the_text_is_found_as_well(self):
        self.slots.open()
        self.slots.write(OLD)
        self.slots.write(NEW)
        self.sectors.data[PER_SLOT + 2][100] ^= 4
        self.assertEqual(read(self.sectors), OLD)

    def test_both_damaged_is_one_sentence_and_no_text(self):
        self.slots.open()
        self.slots.write(OLD)
        self.slots.write(NEW)
        self.sectors.data[1][3] ^= 1
        self.sectors.data[PER_SLOT + 1][3] ^= 1
        with self.assertRaises(Damaged) as caught:
            read(self.sectors)
        self.assertEqual(caught.exception.code, "damaged")
        self.sectors.data[0][0] ^= 1
        with self.assertRaises(Damaged) as caught:
            read(self.sectors)
        self.assertEqual(caught.exception.code, "damaged")
        self.assertTrue(caught.exception.sentence.endswith("enter them anew."))

    def test_settings_can_be_written_over_damaged_ones(self):
        self.slots.open()
        self.slots.write(OLD)
        self.sectors.data[1][3] ^= 1
        slots = slots_on(self.sectors)
        with self.assertRaises(Damaged):
            slots.open()
        slots.write(NEW)
        self.assertEqual(read(self.sectors), NEW)

    def test_another_boards_settings_are_not_taken(self):
        self.slots.open()
        self.slots.write(OLD)
        with self.assertRaises(Damaged) as caught:
            read(self.sectors, OTHER)
        self.assertEqual(caught.exception.code, "other_board")

    def test_another_schema_is_not_taken(self):
        import binascii

        self.slots.open()
        self.slots.write(OLD)
        head = self.sectors.data[0]
        head[4] += 1
        head[36:40] = binascii.crc32(bytes(head[:36])).to_bytes(4, "little")
        with self.assertRaises(Damaged) as caught:
            read(self.sectors)
        self.assertEqual(caught.exception.code, "other_schema")

    def test_data_of_something_else_is_unformatted(self):
        for sector in range(2 * PER_SLOT):
            self.sectors.data[sector][:] = b"littlefs" * 512
        slots = slots_on(self.sectors)
        with self.assertRaises(Damaged) as caught:
            slots.open()
        self.assertEqual(caught.exception.code, "unformatted")
        slots.write(OLD)
        self.assertEqual(read(self.sectors), OLD)

    def test_flash_that_takes_nothing_is_a_named_failure_and_the_old_text_counts(self):
        self.slots.open()
        self.slots.write(OLD)
        worn = WornSectors(self.sectors)
        slots = slots_on(worn)
        self.assertEqual(slots.open().text, OLD)
        with self.assertRaises(FlashError):
            slots.write(NEW)
        self.assertEqual(read(worn), OLD)


class WornSectors(RamSectors):
    """A copy whose second slot no longer takes what is programmed."""

    def __init__(self, other):
        super().__init__(other.sector_count)
        for sector in range(other.sector_count):
            self.data[sector][:] = other.data[sector]

    def program(self, sector, offset, data):
        if sector < PER_SLOT:
            super().program(sector, offset, data)
