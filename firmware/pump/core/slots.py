"""Settings that survive a power cut: a text in two slots of flash, written in turn.

Each slot is one sector for its header and further ones for the text. At the header
sector's beginning stands what is to come (begin), a page further on the seal that says
that all of it is there, another page further on the void that says that it never will be:

    begin: b"TSLT", schema, 3 bytes 0, board id (8), sequence number (4), length (4),
           CRC-32 of the text (4), first 8 bytes of its SHA-256, CRC-32 of these 36 bytes (4)
    seal:  b"SEAL", the CRC of begin (4), CRC-32 of these 8 bytes (4)
    void:  12 bytes 0x00

Writing erases the slot that does not hold the newest text, header sector first, then
programs begin, text and, after reading all back, the seal. Power may fail at any point:
as soon as one bit of the seal reads as programmed, the new text counts, before that the old
one does, and open() makes it firm by programming the seal once more, or the void: bits that
were half programmed may read otherwise another day. Nothing else of the header sector is
ever programmed, so what a cut leaves differs from a sector that was damaged.
"""

import binascii
import hashlib

from pump.core.compat import const
from pump.core.errors import Damaged, OutOfRange
from pump.core.sectors import PAGE_BYTES, SECTOR_BYTES, FlashError, Sectors

SCHEMA = const(1)
_BEGIN_BYTES = const(40)
_SEAL_BYTES = const(12)
_SEAL_AT = PAGE_BYTES
_VOID_AT = const(512)

# What a slot may hold.
_EMPTY = const(0)  # header sector blank
_UNFINISHED = const(1)  # writing was cut short
_COMPLETE = const(2)
_DAMAGED = const(3)
_OTHER_BOARD = const(4)
_OTHER_SCHEMA = const(5)
_PROBLEMS = {
    _DAMAGED: "damaged",
    _OTHER_BOARD: "other_board",
    _OTHER_SCHEMA: "other_schema",
}


class Stored:
    """A text as it was found.

    Attributes:
        text: the text.
        digest: first 16 hexadecimal digits of its SHA-256.
        sequence: rises by one with each text that is written; note it elsewhere too (the
            journal does), so that an older text cannot pass for a newer one that is damaged.
    """

    def __init__(self, text: str, digest: str, sequence: int):
        self.text = text
        self.digest = digest
        self.sequence = sequence


class Slots:
    """Two slots for one text.

    Args:
        sectors: a Sectors.
        first: first sector of the first slot.
        sectors_per_slot: at least 2; the text may be 4096 bytes for each but the first.
        board_id: 8 bytes that no other board has.

    Attributes:
        problems: what open() found besides the text that counts: "damaged", "other_board",
            "other_schema", "failing" (flash does not take what is programmed). "damaged" may be
            the slot that a power cut caught while it was erased; the sequence number of
            what was found tells whether anything is missing.
        text_bytes_max: the longest text.
    """

    def __init__(self, sectors: Sectors, first: int, sectors_per_slot: int, board_id: bytes):
        if sectors_per_slot < 2:
            raise OutOfRange("A slot takes 2 sectors at least, one for its header.")
        if len(board_id) != 8:
            raise OutOfRange(f"A board id has 8 bytes, not {len(board_id)}.")
        self._sectors = sectors
        self._heads = (first, first + sectors_per_slot)
        self.text_bytes_max = (sectors_per_slot - 1) * SECTOR_BYTES
        self._board_id = bytes(board_id)
        self._page = bytearray(PAGE_BYTES)
        self.problems: list[str] = []
        self._newest = -1
        self._sequence = 0

    def open(self) -> "Stored | None":
        """Look at both slots; settles a cut for good, so that it reads the same ever after.

        Returns:
            The newest whole text as Stored, or None when none was ever written.

        Raises:
            Damaged: neither slot is whole, nor blank. Its code says more: "other_board",
                "other_schema", "unformatted" (neither looks like a slot: a board that held
                other data before, or all destroyed), else "damaged".
            FlashError: the flash could not be read.
        """
        self.problems = []
        self._newest = -1
        self._sequence = 0
        found: Stored | None = None
        for slot in (0, 1):
            state, stored = self._read(slot)
            if state == _COMPLETE and stored is not None:
                if found is None or stored.sequence > found.sequence:
                    found = stored
                    self._newest = slot
                    self._sequence = stored.sequence
            elif state == _UNFINISHED:
                self._settle(self._void, slot)
            elif state != _EMPTY and _PROBLEMS[state] not in self.problems:
                self.problems.append(_PROBLEMS[state])
        if found is not None:
            self._settle(self._program_seal, self._newest)
            return found
        if not self.problems:
            return None
        if "other_board" in self.problems:
            raise Damaged(
                "The stored settings are another board's: enter them anew.", "other_board"
            )
        if "other_schema" in self.problems:
            raise Damaged(
                "The stored settings are of another firmware version: enter them anew.",
                "other_schema",
            )
        raise Damaged(
            "The stored settings cannot be read: enter them anew.",
            "damaged" if self._has_magic(0) or self._has_magic(1) else "unformatted",
        )

    def open_confirmed(self, sequence: "int | None") -> "Stored | None":
        """As open(), and not content with an older text than the journal says there is.

        Args:
            sequence: the newest one's number as noted elsewhere, or None when none was.

        Raises:
            Damaged: also when what was found is older, or nothing is there.
        """
        stored = self.open()
        if sequence is not None and (stored is None or stored.sequence < sequence):
            raise Damaged("what was confirmed last cannot be read from flash")
        return stored

    def read(self) -> Stored:
        """The newest text, read and checked anew.

        Raises:
            Damaged: it does not read as it was written any more, or there is none.
            FlashError: the flash could not be read.
        """
        if self._newest >= 0:
            state, stored = self._read(self._newest)
            if state == _COMPLETE and stored is not None:
                return stored
        raise Damaged("The stored settings cannot be read: enter them anew.")

    def read_previous(self) -> "Stored | None":
        """The text before the newest one, or None when it is not there any more."""
        if self._newest < 0:
            return None
        state, stored = self._read(1 - self._newest)
        return stored if state == _COMPLETE else None

    def write(self, text: str) -> Stored:
        """Store a text in place of the one before; all of it or, when power fails, nothing.

        Erases and programs flash: interrupts are off for up to 400 ms at a time.

        Args:
            text: ASCII, 1 to text_bytes_max characters.

        Returns:
            It as Stored.

        Raises:
            OutOfRange: the text is empty, too long or not ASCII; nothing was written.
            FlashError: it could not be written; the text before still counts.
        """
        data = text.encode()
        if len(data) != len(text) or not 1 <= len(data) <= self.text_bytes_max:
            raise OutOfRange(
                f"Settings are 1 to {self.text_bytes_max} ASCII characters, not {len(data)} bytes."
            )
        slot = self._slot_to_write()
        head = self._heads[slot]
        digest = hashlib.sha256(data).digest()[:8]
        sequence = self._sequence + 1
        begin = (
            b"TSLT"
            + bytes([SCHEMA, 0, 0, 0])
            + self._board_id
            + sequence.to_bytes(4, "little")
            + len(data).to_bytes(4, "little")
            + binascii.crc32(data).to_bytes(4, "little")
            + digest
        )
        begin += binascii.crc32(begin).to_bytes(4, "little")
        for sector in range(head, head + 1 + (len(data) + SECTOR_BYTES - 1) // SECTOR_BYTES):
            # The first text of a new board is written without erasing: until then all is
            # blank, and a cut in an erase would leave what looks like damaged settings.
            if self._newest >= 0 or not self._is_blank(sector):
                self._sectors.erase(sector)
        self._sectors.program(head, 0, begin)
        view = memoryview(data)
        for at in range(0, len(data), PAGE_BYTES):
            self._sectors.program(
                head + 1 + at // SECTOR_BYTES, at % SECTOR_BYTES, view[at : at + PAGE_BYTES]
            )
        state, stored = self._read(slot)
        if state != _UNFINISHED or stored is None or stored.text != text:
            raise FlashError("The settings do not read back from flash as they were written.")
        self._program_seal(slot)
        if self._read(slot)[0] != _COMPLETE:
            raise FlashError("The settings do not read back from flash as they were written.")
        self._newest = slot
        self._sequence = sequence
        return stored

    def _slot_to_write(self) -> int:
        """The slot that does not hold the newest text; when none does, a blank one."""
        if self._newest >= 0:
            return 1 - self._newest
        return 1 if self._read(0)[0] != _EMPTY and self._read(1)[0] == _EMPTY else 0

    def _program_seal(self, slot: int) -> None:
        """Program the seal; over one that is there already, to make its bits firm."""
        head = self._heads[slot]
        crc = bytearray(4)
        self._sectors.read_into(head, _BEGIN_BYTES - 4, crc)
        seal = b"SEAL" + crc
        seal_crc: int = binascii.crc32(seal)
        seal += seal_crc.to_bytes(4, "little")
        held = bytearray(_SEAL_BYTES)
        self._sectors.read_into(head, _SEAL_AT, held)
        for i in range(_SEAL_BYTES):
            held[i] &= seal[i]
        self._sectors.program(head, _SEAL_AT, held)

    def _void(self, slot: int) -> None:
        """Give an unfinished slot up for good: a seal might yet show in it one day."""
        self._sectors.program(self._heads[slot], _VOID_AT, bytes(_SEAL_BYTES))

    def _settle(self, make_firm, slot: int) -> None:
        """Do what makes firm what was read; what was read counts even if that fails."""
        try:
            make_firm(slot)
        except FlashError:
            self.problems.append("failing")

    def _has_magic(self, slot: int) -> bool:
        magic = bytearray(4)
        self._sectors.read_into(self._heads[slot], 0, magic)
        return magic == b"TSLT"

    def _read(self, slot: int) -> "tuple[int, Stored | None]":
        """(state, Stored or None) of a slot; Stored also when only the seal is missing."""
        head = self._heads[slot]
        begin = self._bytes_at(head, 0, _BEGIN_BYTES)
        seal = self._bytes_at(head, _SEAL_AT, _SEAL_BYTES)
        void = self._bytes_at(head, _VOID_AT, _SEAL_BYTES)
        has_whole_seal = seal[:4] == b"SEAL" and binascii.crc32(seal[:8]) == _number(seal, 8)
        if begin[:4] != b"TSLT" or binascii.crc32(begin[:36]) != _number(begin, 36):
            if has_whole_seal or not self._is_blank_between(head):
                return _DAMAGED, None
            if begin == b"\xff" * _BEGIN_BYTES and seal + void == b"\xff" * (2 * _SEAL_BYTES):
                return _EMPTY, None
            return _UNFINISHED, None
        if begin[8:16] != self._board_id:
            return _OTHER_BOARD, None
        if begin[4] != SCHEMA:
            return _OTHER_SCHEMA, None
        data = self._read_text(head, _number(begin, 20))
        if (
            data is None
            or binascii.crc32(data) != _number(begin, 24)
            or hashlib.sha256(data).digest()[:8] != begin[28:36]
        ):
            return _DAMAGED if has_whole_seal else _UNFINISHED, None
        digest = "".join([f"{byte:02x}" for byte in begin[28:36]])
        stored = Stored(str(data, "ascii"), digest, _number(begin, 16))
        is_void = void != b"\xff" * _SEAL_BYTES
        is_sealed = has_whole_seal or (seal != b"\xff" * _SEAL_BYTES and not is_void)
        return _COMPLETE if is_sealed else _UNFINISHED, stored

    def _bytes_at(self, sector: int, offset: int, length: int) -> bytes:
        data = bytearray(length)
        self._sectors.read_into(sector, offset, data)
        return bytes(data)

    def _read_text(self, head: int, length: int) -> bytearray | None:
        if not 1 <= length <= self.text_bytes_max:
            return None
        data = bytearray(length)
        view = memoryview(data)
        for at in range(0, length, SECTOR_BYTES):
            self._sectors.read_into(head + 1 + at // SECTOR_BYTES, 0, view[at : at + SECTOR_BYTES])
        return data

    def _is_blank_between(self, head: int) -> bool:
        """Whether a header sector is blank but for what may stand in it."""
        used = {0: _BEGIN_BYTES, _SEAL_AT: _SEAL_BYTES, _VOID_AT: _SEAL_BYTES}
        page = memoryview(self._page)
        for at in range(0, SECTOR_BYTES, PAGE_BYTES):
            self._sectors.read_into(head, at, page)
            skip = used.get(at, 0)
            if page[skip:] != b"\xff" * (PAGE_BYTES - skip):
                return False
        return True

    def _is_blank(self, sector: int) -> bool:
        for at in range(0, SECTOR_BYTES, PAGE_BYTES):
            self._sectors.read_into(sector, at, self._page)
            if self._page != b"\xff" * PAGE_BYTES:
                return False
        return True


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
