"""Append-only records in a ring of flash sectors; whatever was accepted survives a power cut.

A sector begins with a header of 24 bytes: b"TJRN", schema, first sector and number of
sectors of the ring, board id (8), sequence number of the sector (4), CRC-32 (4). The
sector with sequence number n lies at place n % count, so n // count is how often that
place was erased before. Records follow, none across a sector's end:

    mark (1): 0xA0, plus 1 when the clock was not known
    kind (1), length of the payload (1)
    sequence number (4), pump time in s (4), all numbers lowest byte first
    payload
    CRC-32 (4) of all before it, begun with the CRC of the header and the place in the
    sector: bytes that were copied or are left over from elsewhere are no record.

Power may fail while bytes are programmed, and bits that were half programmed may read as
zero one day and as one the next. So open() programs the newest header and the last record
once more, and a byte 0x00 after that, where a record that was cut would begin: it is none
now and will never be. Further records follow after the room for one, 128 bytes later, and
one number is left out.

Life: flash stands 100,000 erases of a sector (Winbond W25Q16JV and its like). One record
a minute of 64 bytes, 63 to a sector, in the smallest ring, 6 sectors, erases each sector
once in 63 * 6 = 378 minutes: 13,914 times in ten years of 5,259,600 minutes, so flash
lasts 71 years. The events, 36 bytes in 92 sectors, come round once in 7 days: 506 times.

Events: 90 full sectors of 113 records of 36 bytes are 10,170. Faults: 14 full sectors of
72 records of 56 bytes are 1,008. (One sector of the ring is erased ahead, one is in use.)
"""

import binascii

from pump.core import records
from pump.core.compat import const
from pump.core.errors import Damaged, OutOfRange, PumpError
from pump.core.sectors import SECTOR_BYTES, FlashError, FlashFull, Sectors

SCHEMA = const(1)
PAYLOAD_MAX = const(113)
RECORD_BYTES_MAX = const(128)
OVERHEAD_BYTES = const(15)
HEADER_BYTES = const(24)
BOARD_ID_BYTES = const(8)

_MAGIC = b"TJRN"
_MARK = const(0xA0)
_CLOCK_UNKNOWN = const(1)
_MARKS = (b"\xa0", b"\xa1")
# More than the records of a sector, those spent by open() among them: the numbers in sector n
# stay below (n + 1) * 300, so counting can go on from there when the last ones are not known.
_NUMBERS_PER_SECTOR = const(300)
_SECTORS_TRIED = const(3)
# For what is read and done with before anything else begins; made once, since so much in one
# piece may not be found in a heap that has been in use for long.
_WORK = bytearray(SECTOR_BYTES)
_BLANK = b"\xff" * 256
_BLANK_HEADER = b"\xff" * 24

# What is found at a place instead of the sequence number of one of our sectors.
_EMPTY = const(-1)
_DAMAGED = const(-2)
_OTHER_BOARD = const(-3)
_OTHER_SCHEMA = const(-4)
_OTHER_LAYOUT = const(-5)
_PROBLEMS = {
    _DAMAGED: "damaged",
    _OTHER_BOARD: "other_board",
    _OTHER_SCHEMA: "other_schema",
    _OTHER_LAYOUT: "other_layout",
}


class JournalFailing(PumpError):
    """Records cannot be written or read. Delivery does not depend on it.

    Its code is that of the alarm to raise: "journal_failing" or "journal_full".
    """

    code = "journal_failing"


class Record:
    """One record.

    Attributes:
        sequence: its number; numbers rise, and skip at least one each time the board starts.
        kind: one of records.KINDS.
        time_s: pump time in s, 0-4294967295.
        clock_known: whether the clock could be trusted when it was written.
        payload: bytes, see fields().
    """

    def __init__(self, buffer: bytearray, at: int):
        self.clock_known = not buffer[at] & _CLOCK_UNKNOWN
        self.kind = buffer[at + 1]
        self.sequence = _number(buffer, at + 3)
        self.time_s = _number(buffer, at + 7)
        self.payload = bytes(buffer[at + 11 : at + 11 + buffer[at + 2]])

    def name(self) -> str:
        """The name of its kind."""
        return records.name(self.kind)

    def fields(self) -> dict[str, object]:
        """The values of its payload by name.

        Raises:
            Damaged: they are not what the kind says (written by other firmware).
        """
        return records.decode(self.kind, self.payload)


class Journal:
    """A journal on a ring of sectors.

    Args:
        sectors: a Sectors.
        first: its first sector, 0-65535.
        count: its sectors, 3-255.
        board_id: 8 bytes that no other board has.

    Attributes:
        problems: what open(), for the newest records, or a round of check_next() found:
            "damaged" (sectors or records that should be there are not), "other_board",
            "other_schema" (written by firmware with another format), "other_layout" (the
            rings lay elsewhere), "unformatted" (there is data, but no journal at all),
            "unsure" (the newest sector is full and the next one not ready: either power failed
            while that was erased, or it was in use and is destroyed). Whatever belongs to a
            problem is neither shown nor used, and is overwritten when its turn comes.
        error: the sentence of the failure that stopped writing, or "".
        next_sequence: the number that the next record gets.
        while_reading: called without arguments after each sector that look_back() has read, so
            that who reads far back can see to what is urgent meanwhile; or None.
    """

    def __init__(self, sectors: Sectors, first: int, count: int, board_id: bytes):
        if not (0 <= first <= 65535 and 3 <= count <= 255):
            raise OutOfRange("A journal takes 3 to 255 sectors, beginning at 0 to 65535.")
        if len(board_id) != BOARD_ID_BYTES:
            raise OutOfRange(f"A board id has {BOARD_ID_BYTES} bytes, not {len(board_id)}.")
        self._sectors = sectors
        self._first = first
        self._count = count
        self._identity = _MAGIC + bytes([SCHEMA, first & 255, first >> 8, count]) + board_id
        self._buffer = bytearray(RECORD_BYTES_MAX)
        self._back = bytearray(RECORD_BYTES_MAX)
        # Parts of a header that was read back, cut once: open() looks at each many times.
        self._header_back = memoryview(self._back)[:HEADER_BYTES]
        self._header_identity = self._header_back[:16]
        self._header_begin = self._header_back[:20]
        self._header_sequence = self._header_back[16:20]
        self._header_crc = self._header_back[20:24]
        self._checked = 0
        self.while_reading = None
        self._forget()
        self.error = "The journal has not been opened yet."

    def _forget(self) -> None:
        self.problems: list[str] = []
        self.error = ""
        self.next_sequence = 1
        # The sector that is written to, the next free byte in it and where its CRCs begin.
        self._current: int = -1
        self._offset: int = SECTOR_BYTES
        self._seed = 0
        # Whether it is known what is there: nothing is erased before.
        self._is_open = False
        # The sector after it when that is erased and has its header, and its first free byte.
        self._prepared = -1
        self._prepared_offset: int = HEADER_BYTES

    # -- opening -------------------------------------------------------------------

    @property
    def healthy(self) -> bool:
        """Whether records can be written, as far as is known."""
        return not self.error

    def open(self) -> None:
        """Find out what is there and where to go on; must come first, may come again.

        Reads some headers, found by halving, and the whole of one or two sectors; every
        header only when something is not as it should be.

        Raises:
            JournalFailing: the flash could not be read.
        """
        self._forget()
        try:
            self._find_current()
        except FlashError as error:
            raise self._failing(error)
        self._is_open = True

    def _find_current(self) -> None:
        newest = self._newest_by_halving()
        other_newest = -1
        if newest < 0:
            newest, other_newest = self._newest_of_all()
        if newest <= other_newest:
            # Nothing of ours, or all of it older than what other firmware wrote here.
            self._current = other_newest
            self.next_sequence = max(1, (other_newest + 1) * _NUMBERS_PER_SECTOR)
            return
        buffer = _WORK
        self._load(buffer, newest)
        self._firm_up(newest, 0, self._header(newest))
        last_at, end = _tail(buffer)
        if last_at < 0 and newest > 0:
            prepared_offset = _past_voids(buffer, HEADER_BYTES)
            if self._load(buffer, newest - 1):
                self._prepared = newest
                self._prepared_offset = prepared_offset
                newest -= 1
                last_at, end = _tail(buffer)
            else:
                self._load(buffer, newest)
        self._current = newest
        self._seed = self._seed_of(newest)
        self.next_sequence = 2
        if last_at >= 0:
            self.next_sequence = _number(buffer, last_at + 3) + 2
            self._firm_up(newest, last_at, memoryview(buffer)[last_at:end])
        elif newest > 0:
            # The next sector is only made ready once this one is in use.
            self._note("damaged")
        is_full = _past_voids(buffer, end) + RECORD_BYTES_MAX > SECTOR_BYTES
        self._offset = self._settle(buffer, newest, end)
        if self._prepared >= 0 and is_full:
            # Then the record that was cut may be the first one of the next sector.
            self._load(buffer, self._prepared)
            self._prepared_offset = self._settle(buffer, self._prepared, HEADER_BYTES)
        if "damaged" in self.problems:
            self._skip_numbers_of(max(newest, self._prepared))
        elif self._prepared < 0 and self._offset == SECTOR_BYTES:
            # Full, and the next one is not ready: power failed while it was erased in haste, or
            # it was in use and is destroyed. Its numbers must not be given away again.
            self._note("unsure")
            self._skip_numbers_of(newest + 1)

    def _settle(self, buffer: bytearray, sequence: int, end: int) -> int:
        """Settle for good what a cut left after the last record of a sector that was read.

        Returns:
            Where further records may go, SECTOR_BYTES for nowhere.
        """
        at = end
        is_void = not self._sectors.is_atomic
        while is_void and at < SECTOR_BYTES:
            is_void = buffer[at] == 0
            self._firm_up(sequence, at, b"\0")
            at += RECORD_BYTES_MAX
        if not _is_blank(buffer, at):
            self._note("damaged")
            return SECTOR_BYTES
        return min(at, SECTOR_BYTES)

    def _firm_up(self, sequence: int, at: int, data: bytes | memoryview) -> None:
        """Program what a cut may have left half programmed, even where it reads well."""
        if not self._program(sequence, at, data):
            self._note("damaged")

    def _newest_by_halving(self) -> int:
        """Our newest sector, or -1 when a header that was met is not one of a sound ring.

        From place 0 on come sectors of one round, then those of the round before, or, in
        the first round, blank ones.
        """
        first = self._read_header(0)
        if first < 0:
            return -1
        low = 0
        high = self._count
        while high - low > 1:
            middle = (low + high) // 2
            found = self._read_header(middle)
            before = first + middle - self._count
            if found == first + middle:
                low = middle
            elif found == (before if before >= 0 else _EMPTY):
                high = middle
            else:
                return -1
        if first == 0:
            for place in range(high, self._count):
                if self._read_header(place) != _EMPTY:
                    return -1
        return first + low

    def _newest_of_all(self) -> tuple[int, int]:
        """Look at every header: our newest sector and the newest of other schemas; -1 for none."""
        newest = other_newest = -1
        places = []
        for place in range(self._count):
            found = self._read_header(place)
            if found == _OTHER_SCHEMA:
                other_newest = max(other_newest, int.from_bytes(self._header_sequence, "little"))
            newest = max(newest, found)
            places.append(found)
        for found in (_OTHER_BOARD, _OTHER_SCHEMA, _OTHER_LAYOUT):
            if found in places:
                self._note(_PROBLEMS[found])
        if newest < 0 and not self.problems and _DAMAGED in places:
            self._note("unformatted")
        return newest, other_newest

    def _read_header(self, place: int) -> int:
        """Read the header at a place; returns what _judge_header() says of it."""
        self._sectors.read_into(self._first + place, 0, self._header_back)
        return self._judge_header(place)

    def _judge_header(self, place: int) -> int:
        """What the header in self._back says: a sequence number of ours, or what it is."""
        if binascii.crc32(self._header_begin) != int.from_bytes(self._header_crc, "little"):
            return _EMPTY if self._header_back == _BLANK_HEADER else _DAMAGED
        if self._header_identity == self._identity:
            sequence = int.from_bytes(self._header_sequence, "little")
            return sequence if sequence % self._count == place else _DAMAGED
        header = bytes(self._header_back)
        if header[:4] != _MAGIC:
            return _DAMAGED
        if header[8:16] != self._identity[8:]:
            return _OTHER_BOARD
        return _OTHER_SCHEMA if header[5:8] == self._identity[5:8] else _OTHER_LAYOUT

    # -- writing -------------------------------------------------------------------

    def append(self, kind: int, time_s: int, payload: bytes = b"", clock_known: bool = True) -> int:
        """Write a record; when this returns, it is in flash and was read back.

        With a sector prepared (prepare()), this programs at most two pages and erases
        nothing.

        Args:
            kind: one of records.KINDS.
            time_s: pump time in s, 0-4294967295.
            payload: as records.encode() makes it, at most 113 bytes.
            clock_known: False when the time is a guess.

        Returns:
            The record's sequence number.

        Raises:
            OutOfRange: kind, time or payload are not within these limits.
            JournalFailing: it could not be written; further calls fail at once until
                prepare() finds flash that works.
        """
        length = len(payload)
        if not (0 <= kind <= 255 and 0 <= time_s < 1 << 32 and length <= PAYLOAD_MAX):
            raise OutOfRange(
                f"A record has a kind of 0 to 255, a time of 0 to 4294967295 s and at most "
                f"{PAYLOAD_MAX} bytes, not {kind}, {time_s} and {length}."
            )
        if self.error:
            raise JournalFailing(self.error)
        try:
            for _ in range(_SECTORS_TRIED):
                if self._offset + OVERHEAD_BYTES + length > SECTOR_BYTES:
                    self._enter_next()
                fits = self._offset + OVERHEAD_BYTES + length <= SECTOR_BYTES
                if fits and self._write(kind, time_s, payload, clock_known):
                    return self.next_sequence - 1
        except FlashError as error:
            raise self._failing(error)
        raise self._failing(
            FlashError("What is written to flash does not read back as it was written.")
        )

    def _write(self, kind: int, time_s: int, payload: bytes, clock_known: bool) -> bool:
        """One try at the current place; whether it was written."""
        buffer = self._buffer
        end = 11 + len(payload)
        buffer[0] = _MARK if clock_known else _MARK | _CLOCK_UNKNOWN
        buffer[1] = kind
        buffer[2] = len(payload)
        buffer[3:7] = self.next_sequence.to_bytes(4, "little")
        buffer[7:11] = time_s.to_bytes(4, "little")
        buffer[11:end] = payload
        view = memoryview(buffer)
        crc = binascii.crc32(view[:end], self._seed ^ self._offset)
        buffer[end : end + 4] = crc.to_bytes(4, "little")
        # A number is spent even when writing fails: half a record may be there.
        self.next_sequence += 1
        if not self._program(self._current, self._offset, view[: end + 4]):
            self._offset = SECTOR_BYTES
            return False
        self._offset += end + 4
        return True

    @property
    def needs_preparing(self) -> bool:
        """Whether prepare() has something to do."""
        return bool(self.error) or self._prepared < 0

    def prepare(self) -> bool:
        """Erase the next sector ahead, for a quiet moment: interrupts are off up to 400 ms.

        Each sector is erased right after the one before came into use, long before it is
        needed. After a failure this is also what tries again, open() too.

        Returns:
            Whether there was something to do.

        Raises:
            JournalFailing: no sector could be erased and written, or read for open().
        """
        if not self.needs_preparing:
            return False
        if not self._is_open:
            self.open()
        if self._prepared < 0:
            try:
                self._erase_next()
            except FlashError as error:
                raise self._failing(error)
        self.error = ""
        return True

    def _erase_next(self) -> None:
        """Erase the sector after the current one and give it its header."""
        for sequence in range(self._current + 1, self._current + 1 + _SECTORS_TRIED):
            place = sequence % self._count
            if sequence > 0 and place == self._current % self._count:
                break
            self._sectors.erase(self._first + place)
            if self._is_erased(place) and self._program(sequence, 0, self._header(sequence)):
                self._prepared = sequence
                self._prepared_offset = HEADER_BYTES
                return
        raise FlashError("The flash sectors that are to be used next cannot be erased.")

    def _is_erased(self, place: int) -> bool:
        buffer = _WORK
        self._sectors.read_into(self._first + place, 0, buffer)
        return _is_blank(buffer, 0)

    def _enter_next(self) -> None:
        if self._prepared < 0:
            self._erase_next()
        self._current = self._prepared
        self._offset = self._prepared_offset
        self._seed = self._seed_of(self._current)
        self._prepared = -1

    def _program(self, sequence: int, offset: int, data: bytes | memoryview) -> bool:
        """Program and read back; whether it reads back as written."""
        sector = self._first + sequence % self._count
        self._sectors.program(sector, offset, data)
        back = memoryview(self._back)[: len(data)]
        self._sectors.read_into(sector, offset, back)
        return back == data

    def _failing(self, error: FlashError) -> JournalFailing:
        """Remember a failure of flash; returns the error to raise."""
        self.error = error.sentence
        code = "journal_full" if isinstance(error, FlashFull) else "journal_failing"
        return JournalFailing(error.sentence, code)

    # -- reading -------------------------------------------------------------------

    def records(self, from_sequence: int = 0, newest_first: bool = False):
        """Iterate over records, each a Record, in the order of their numbers.

        Records may be appended and sectors erased meanwhile; what is erased before the
        iteration gets there is left out.

        Args:
            from_sequence: leave out records with a smaller number.
            newest_first: the other way round.

        Raises:
            JournalFailing: the flash could not be read.
        """
        buffer = bytearray(SECTOR_BYTES)
        if newest_first:
            newest = self._newest()
            sequences = range(newest, max(0, newest - self._count + 1) - 1, -1)
        else:
            sequences = self.sectors_from(from_sequence)
        for sequence in sequences:
            if not self._read_sector(buffer, sequence):
                continue
            offsets = _offsets(buffer)
            if newest_first:
                offsets = reversed(list(offsets))
            for at in offsets:
                if _number(buffer, at + 3) >= from_sequence:
                    yield Record(buffer, at)
                elif newest_first:
                    return

    def sectors_from(self, from_sequence: int) -> range:
        """The numbers of the sectors that may hold a record or one after it, the oldest first.

        Raises:
            JournalFailing: the flash could not be read.
        """
        newest = self._newest()
        oldest = max(0, newest - self._count + 1)
        return range(self._sector_with(from_sequence, oldest, newest), newest + 1)

    def read_piece(self, number: int, at: int, view: memoryview) -> bool:
        """Read a part of a sector as it lies in flash, for records_of() elsewhere.

        Args:
            number: of the sector.
            at: where in it the part begins; a part that begins at 0 holds the header.
            view: writable, to be filled.

        Returns:
            Whether the sector is there; only looked at where the header is in the part.

        Raises:
            JournalFailing: the flash could not be read.
        """
        try:
            self._sectors.read_into(self._first + number % self._count, at, view)
        except FlashError as error:
            raise self._failing(error)
        return at > 0 or view[:HEADER_BYTES] == self._header(number)

    def look_back(self, kinds: tuple[int, ...], beside: int):
        """Iterate over what matters of the newest records, the newest first, each a Record.

        A start may have to look back over thousands: what is not asked for is stepped over by its
        length alone, in a tenth of the time that records() takes for it.

        Args:
            kinds: of which kinds; besides, the newest record of all comes first, and the first
                one of each sector, so that it can be told how far back this is.
            beside: a kind of which each record is followed by the one that was written before it.

        Raises:
            JournalFailing: the flash could not be read.
        """
        buffer = bytearray(SECTOR_BYTES)
        view = memoryview(buffer)
        newest = self._newest()
        is_asked_for = True
        for sequence in range(newest, max(-1, newest - self._count), -1):
            if not self._read_sector(buffer, sequence):
                continue
            if self.while_reading is not None:
                self.while_reading()
            seed = _number(buffer, 20)
            offsets = _chain(buffer)
            if offsets is None:
                offsets = list(_offsets(buffer))
            first_at = offsets[0] if offsets else -1
            for at in reversed(offsets):
                kind = buffer[at + 1]
                if is_asked_for or kind in kinds or at == first_at:
                    if _is_record(view, at, seed):
                        is_asked_for = kind == beside
                        yield Record(buffer, at)

    def last(self, kind: int, before: int | None = None) -> Record | None:
        """The newest record of a kind, or None; looks through the whole ring if need be.

        Args:
            before: only records with a smaller number.

        Raises:
            JournalFailing: the flash could not be read.
        """
        buffer = _WORK
        patterns = _patterns(kind)
        newest = self._newest()
        for sequence in range(newest, max(-1, newest - self._count), -1):
            if self._read_sector(buffer, sequence):
                at = _last(buffer, patterns, before)
                if at >= 0:
                    return Record(buffer, at)
        return None

    def check_next(self) -> bool:
        """Check one sector against its CRCs, the next at each call; damage goes to problems.

        For the periodic memory test: reads 4 KiB and takes about 40 ms.

        Returns:
            Whether this was the last one of a round.

        Raises:
            JournalFailing: the flash could not be read.
        """
        place = self._checked
        self._checked = (place + 1) % self._count
        newest = self._newest()
        sequence = newest - (newest - place) % self._count
        # Unless a sector is prepared, the oldest may have been caught half erased.
        is_next = self._prepared < 0 and sequence == newest - self._count + 1
        if sequence >= 0 and not is_next:
            buffer = _WORK
            if not self._read_sector(buffer, sequence):
                self._header_back[:] = memoryview(buffer)[:HEADER_BYTES]
                self._note(_PROBLEMS.get(self._judge_header(place), "damaged"))
            else:
                end = HEADER_BYTES
                for at in _offsets(buffer):
                    if at != end and at != _past_voids(buffer, end):
                        self._note("damaged")
                    end = at + _size(buffer, at)
                if not _is_blank(buffer, _past_voids(buffer, end) + RECORD_BYTES_MAX):
                    self._note("damaged")
        return self._checked == 0

    @property
    def sector(self) -> int:
        """Number of the sector that the last record was written to."""
        return self._current

    @property
    def erases(self) -> int:
        """How often the most worn of its sectors was erased, as the numbers of sectors tell."""
        return self._newest() // self._count + 1

    def _sector_with(self, number: int, oldest: int, newest: int) -> int:
        """A sector not after the one that holds a record, found by first records only."""
        start = bytearray(HEADER_BYTES + RECORD_BYTES_MAX)
        view = memoryview(start)
        for sequence in range(newest if number else oldest, oldest, -1):
            try:
                self._sectors.read_into(self._first + sequence % self._count, 0, view)
            except FlashError as error:
                raise self._failing(error)
            if view[:HEADER_BYTES] == self._header(sequence) and _is_record(
                view, HEADER_BYTES, _number(start, 20)
            ):
                if _number(start, HEADER_BYTES + 3) <= number:
                    return sequence
        return oldest

    def _read_sector(self, buffer: bytearray, sequence: int) -> bool:
        """As _load(), with the error that callers know."""
        try:
            return self._load(buffer, sequence)
        except FlashError as error:
            raise self._failing(error)

    def _load(self, buffer: bytearray, sequence: int) -> bool:
        """Read the place of a sector; whether it holds that sector."""
        self._sectors.read_into(self._first + sequence % self._count, 0, buffer)
        return memoryview(buffer)[:HEADER_BYTES] == self._header(sequence)

    # -- small things --------------------------------------------------------------

    def _newest(self) -> int:
        return max(self._current, self._prepared)

    def _header(self, sequence: int) -> bytes:
        header = self._identity + sequence.to_bytes(4, "little")
        crc: int = binascii.crc32(header)
        return header + crc.to_bytes(4, "little")

    def _seed_of(self, sequence: int) -> int:
        return _number(self._header(sequence), 20)

    def _skip_numbers_of(self, sequence: int) -> None:
        self.next_sequence = max(self.next_sequence, (sequence + 1) * _NUMBERS_PER_SECTOR)

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def records_of(buffer: bytearray, number: int):
    """Iterate over the records of a sector that was copied whole, each a Record.

    Args:
        buffer: its 4096 bytes.
        number: of the sector.

    Raises:
        Damaged: it does not begin with the header of that sector.
    """
    is_header = buffer[:5] == _MAGIC + bytes([SCHEMA]) and _number(buffer, 16) == number
    if not is_header or binascii.crc32(buffer[:20]) != _number(buffer, 20):
        raise Damaged(f"Sector {number} of the journal does not begin as such sectors do.")
    for at in _offsets(buffer):
        yield Record(buffer, at)


def _patterns(kind: int) -> tuple[bytes, bytes]:
    """How records of a kind begin, with the clock known and without."""
    return bytes([_MARK, kind]), bytes([_MARK | _CLOCK_UNKNOWN, kind])


def _number(buffer: bytes | bytearray | memoryview, at: int) -> int:
    return int.from_bytes(buffer[at : at + 4], "little")


def _size(buffer: bytearray, at: int) -> int:
    return OVERHEAD_BYTES + buffer[at + 2]


def _tail(buffer: bytearray) -> tuple[int, int]:
    """(where the last record of a sector begins, or -1; where it ends)."""
    last_at = -1 if _is_blank(buffer, HEADER_BYTES) else _last(buffer, _MARKS)
    return last_at, HEADER_BYTES if last_at < 0 else last_at + _size(buffer, last_at)


def _past_voids(buffer: bytearray, at: int) -> int:
    """The first place from the end of a record on that open() has not given up yet."""
    while at < SECTOR_BYTES and buffer[at] == 0:
        at += RECORD_BYTES_MAX
    return at


def _is_record(view: memoryview, at: int, seed: int) -> bool:
    """Whether a whole record stands behind a mark in a buffer; seed is that of its sector."""
    if at + OVERHEAD_BYTES > len(view):
        return False
    end = at + 11 + view[at + 2]
    if end - at > RECORD_BYTES_MAX - 4 or end + 4 > len(view):
        return False
    crc: int = binascii.crc32(view[at:end], seed ^ at)
    return crc == int.from_bytes(view[end : end + 4], "little")


def _is_blank(buffer: bytearray, at: int) -> bool:
    """Whether a sector is blank from a place on."""
    view = memoryview(buffer)
    at = min(at, SECTOR_BYTES)
    edge = at + -at % len(_BLANK)
    if at < edge and view[at:edge] != _BLANK[: edge - at]:
        return False
    for start in range(edge, SECTOR_BYTES, len(_BLANK)):
        if view[start : start + len(_BLANK)] != _BLANK:
            return False
    return True


def _offsets(buffer: bytearray):
    """Iterate over where the records of a sector begin; what is none is stepped over."""
    view = memoryview(buffer)
    seed = _number(buffer, 20)
    at = HEADER_BYTES
    while 0 <= at < SECTOR_BYTES:
        if buffer[at] & 0xFE == _MARK and _is_record(view, at, seed):
            yield at
            at += _size(buffer, at)
        else:
            at = _next(buffer, _MARKS, at + 1)


def _chain(buffer: bytearray) -> list[int] | None:
    """Where the records of a sector begin, by their lengths alone; None when they do not join up.

    The numbers of records that follow one another do too, so a damaged length that happens to lead
    to the beginning of a later record is found out.
    """
    found: list[int] = []
    at = HEADER_BYTES
    number = -1
    while at <= SECTOR_BYTES - OVERHEAD_BYTES:
        mark = buffer[at]
        if mark & 0xFE != _MARK:
            if mark == 0:
                at = _past_voids(buffer, at)
                number = -1
                continue
            return found if _is_blank(buffer, at) else None
        following = buffer[at + 3]
        if following != number and number >= 0:
            return None
        number = following + 1 & 255
        found.append(at)
        at += OVERHEAD_BYTES + buffer[at + 2]
    return found if _is_blank(buffer, at) else None


def _next(buffer: bytearray, patterns: tuple[bytes, bytes], at: int) -> int:
    """The first place from here on where one of the patterns stands, or -1."""
    one = buffer.find(patterns[0], at)
    other = buffer.find(patterns[1], at)
    return max(one, other) if one < 0 or other < 0 else min(one, other)


def _last(buffer: bytearray, patterns: tuple[bytes, bytes], before: int | None = None) -> int:
    """Where the last record of a sector that begins with one of the patterns stands, or -1.

    Args:
        before: only records with a smaller number.
    """
    view = memoryview(buffer)
    seed = _number(buffer, 20)
    at = len(buffer)
    while at > HEADER_BYTES:
        # The pattern itself must lie before the last one that was looked at.
        end = at + len(patterns[0]) - 1
        at = max(
            buffer.rfind(patterns[0], HEADER_BYTES, end),
            buffer.rfind(patterns[1], HEADER_BYTES, end),
        )
        if at >= 0 and _is_record(view, at, seed):
            if before is None or _number(buffer, at + 3) < before:
                return at
    return -1
