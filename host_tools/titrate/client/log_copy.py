"""The pump's log read in whole sectors of its journal, and taken apart here.

Ten thousand entries come in seconds that way; row by row each costs the pump some milliseconds.
"""

import base64
from collections.abc import Callable, Iterator

from pump.core import journal, report
from pump.core.errors import Damaged
from pump.core.journal_copy import SECTORS_MAX
from pump.core.sectors import SECTOR_BYTES
from pump.link import lines
from titrate.client.connection import Reply
from titrate.client.errors import NoAnswer
from titrate.client.replies import LogEntry
from titrate.client.values import by_key


def entries(ask: Callable[..., Reply], from_sequence: int, faults: bool) -> Iterator[LogEntry]:
    """Entries of the journal from a number on, as the command log gives them.

    Args:
        ask: Pump.ask().
        from_sequence: number of the first entry.
        faults: only faults and alarms.

    Raises:
        NoAnswer: what came is no sector of a journal.
    """
    from_sector = None
    while True:
        reply = ask(
            "log_sectors",
            from_sector=from_sector,
            from_sequence=from_sequence,
            count=SECTORS_MAX,
            faults=faults or None,
        )
        for number, sector in _sectors(reply).items():
            try:
                for record in journal.records_of(sector, number):
                    if record.sequence >= from_sequence:
                        yield _entry(record)
            except Damaged as error:
                raise NoAnswer(error.sentence, "bad_reply") from error
        from_sector = reply.values["next_sector"]
        if from_sector is None:
            return


def _sectors(reply: Reply) -> dict[int, bytearray]:
    """The sectors of an answer by their numbers, in the order in which they came."""
    found: dict[int, bytearray] = {}
    for row in reply.rows:
        number, at = row["sector"], row["at"]
        assert isinstance(number, int) and isinstance(at, int)
        piece = base64.b64decode(str(row["data"]))
        sector = found.setdefault(number, bytearray(b"\xff" * SECTOR_BYTES))
        sector[at : at + len(piece)] = piece
    return found


def _entry(record: journal.Record) -> LogEntry:
    pairs = [(key, lines.value_text(value)) for key, value in report.log_row(record)]
    return LogEntry.of(by_key(pairs))
