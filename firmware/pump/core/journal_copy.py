"""A journal as it lies in flash, in pieces that fit into a line: for a host that takes it apart.

Nothing is taken apart here, so that ten thousand records leave the pump in seconds and cost it
little. Each record carries its own CRC, see journal.py; the host checks all of them.
"""

from pump.core.compat import const
from pump.core.sectors import SECTOR_BYTES

# 912 characters of Base64 and no padding.
PIECE_BYTES = const(684)
SECTORS_MAX = const(8)


def rows(journal, from_sector, from_sequence: int, count: int):
    """The rows of the command log_sectors, then the number of the sector to go on from.

    A sector that cannot be read as one of the journal's has no rows. Pieces that are blank are
    left out; records that are written meanwhile may be.

    Args:
        journal: the Journal.
        from_sector: number of the first sector; None for the one with from_sequence.
        from_sequence: number of a record, for None.
        count: most sectors to give.

    Raises:
        JournalFailing: the flash could not be read.
    """
    view = memoryview(bytearray(PIECE_BYTES))
    blank = memoryview(b"\xff" * PIECE_BYTES)
    numbers = journal.sectors_from(from_sequence)
    first = numbers[0] if numbers else 0
    if from_sector is not None:
        first = max(first, from_sector)
    end = min(first + count, numbers[-1] + 1) if numbers else 0
    for number in range(first, end):
        for at in range(0, SECTOR_BYTES, PIECE_BYTES):
            piece = view[: min(PIECE_BYTES, SECTOR_BYTES - at)]
            if not journal.read_piece(number, at, piece):
                break
            if piece != blank[: len(piece)]:
                yield [("sector", number), ("at", at), ("data", piece)]
    yield [("next_sector", end if numbers and end <= numbers[-1] else None)]
