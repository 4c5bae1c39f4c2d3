"""Journals and settings under random lives and random damage, against plain lists."""

import random

import pytest
from flash_model import FlashModel
from hypothesis import given
from hypothesis import strategies as st

from pump.core import records
from pump.core.errors import Damaged
from pump.core.journal import PAYLOAD_MAX, Journal
from pump.core.sectors import SECTOR_BYTES
from pump.core.slots import Slots
from ram_sectors import RamSectors

BOARD = b"\xe6\x60\x58\x38\x83\x12\x34\x56"
OTHER = b"\xe6\x60\x58\x38\x83\x65\x43\x21"

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40), st.integers(0, PAYLOAD_MAX)),
        st.tuples(st.just("prepare")),
        st.tuples(st.just("open")),
    ),
    max_size=40,
)


def opened(sectors, board_id=BOARD):
    journal = Journal(sectors, 0, sectors.sector_count, board_id)
    journal.open()
    return journal


def content(record):
    return (record.sequence, record.kind, record.time_s, record.clock_known, record.payload)


@given(OPERATIONS, st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_a_journal_is_the_end_of_the_list_of_what_was_appended(operations, count, seed):
    chance = random.Random(seed)
    sectors = FlashModel(count)
    journal = opened(sectors)
    accepted = []
    for operation in operations:
        if operation[0] == "append":
            for _ in range(operation[1]):
                entry = (
                    chance.randrange(256),
                    chance.randrange(2**32),
                    chance.random() < 0.5,
                    chance.randbytes(operation[2]),
                )
                number = journal.append(entry[0], entry[1], entry[3], entry[2])
                accepted.append((number, *entry))
        elif operation[0] == "prepare":
            journal.prepare()
        else:
            journal = opened(sectors)
            assert set(journal.problems) <= {"unsure"}
    shown = [content(record) for record in journal.records()]
    assert shown == accepted[len(accepted) - len(shown) :]
    numbers = [entry[0] for entry in accepted]
    assert numbers == sorted(set(numbers))
    assert [content(record) for record in journal.records(newest_first=True)] == shown[::-1]
    # What fits into all sectors but the one erased ahead and the one before it is there.
    smallest = (count - 2) * (SECTOR_BYTES - 24 - 128) - 128 * len(operations)
    size = 0
    for entry in reversed(accepted):
        size += 15 + len(entry[4])
        if size > smallest:
            break
        assert entry in shown
    for kind in {entry[1] for entry in shown}:
        newest = [entry for entry in shown if entry[1] == kind][-1]
        assert content(journal.last(kind)) == newest
    for number in {0, *numbers[-3:], *numbers[:3]}:
        assert [content(record) for record in journal.records(number)] == [
            entry for entry in shown if entry[0] >= number
        ]


def long_life(count, records_, seed, prepares=True):
    """A ring in use for a while: (sectors, accepted records, sector of each)."""
    chance = random.Random(seed)
    sectors = RamSectors(count)
    journal = opened(sectors)
    accepted = {}
    for i in range(records_):
        if prepares:
            journal.prepare()
        before = [bytes(sector) for sector in sectors.data]
        payload = chance.randbytes(chance.choice((0, 20, 60, 113)))
        number = journal.append(chance.randrange(30), i, payload)
        place = next(n for n in range(count) if sectors.data[n] != before[n])
        accepted[number] = (place, i, payload)
    journal.prepare()
    return sectors, accepted


def damages(chance):
    return {
        "zeroed": bytes(SECTOR_BYTES),
        "blank": b"\xff" * SECTOR_BYTES,
        "noise": chance.randbytes(SECTOR_BYTES),
    }


@pytest.mark.parametrize("records_", [30, 75, 150, 200, 350, 500])
@pytest.mark.parametrize("what", ["zeroed", "blank", "noise"])
def test_with_any_one_sector_damaged_the_loss_is_named_and_nothing_is_invented(what, records_):
    chance = random.Random(records_)
    original, accepted = long_life(5, records_, records_)
    held = {record.sequence for record in opened(original).records()}
    assert held <= set(accepted)
    for damaged in range(5):
        sectors = RamSectors(5)
        for sector in range(5):
            sectors.data[sector][:] = original.data[sector]
        sectors.data[damaged][:] = damages(chance)[what]
        journal = opened(sectors)
        for _ in range(5):
            journal.check_next()
        shown = {}
        for record in journal.records():
            shown[record.sequence] = (record.time_s, record.payload)
        for number, found in shown.items():
            assert accepted[number][1:] == found
        lost = held - set(shown)
        assert lost == {number for number in held if accepted[number][0] == damaged}
        if lost:
            assert journal.problems, f"{len(lost)} records were lost without a word"
        assert journal.append(1, 0) > max(accepted)
        again = opened(sectors)
        assert again.last(1).time_s == 0
        gone = set(shown) - {record.sequence for record in again.records()}
        assert all(sectors.erases[accepted[number][0]] for number in gone)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_whatever_bytes_are_changed_no_record_is_shown_that_was_not_written(seed, changes):
    chance = random.Random(seed)
    sectors, accepted = long_life(4, 120, 7)
    for _ in range(changes):
        sector = sectors.data[chance.randrange(4)]
        start = chance.randrange(SECTOR_BYTES)
        end = min(SECTOR_BYTES, start + chance.choice((1, 1, 4, 200)))
        sector[start:end] = chance.randbytes(end - start)
    journal = opened(sectors)
    for record in journal.records():
        assert accepted[record.sequence][1:] == (record.time_s, record.payload)
    journal.append(3, 9, b"goes on")
    assert opened(sectors).last(3).payload == b"goes on"


@given(st.integers(0, 2**32 - 1))
def test_sectors_of_noise_are_no_journal_and_no_settings(seed):
    chance = random.Random(seed)
    sectors = RamSectors(6)
    for sector in sectors.data:
        sector[:] = chance.randbytes(SECTOR_BYTES)
    journal = Journal(sectors, 0, 3, BOARD)
    journal.open()
    assert journal.problems == ["unformatted"]
    assert list(journal.records()) == []
    with pytest.raises(Damaged):
        Slots(sectors, 3, 2, BOARD).open()


@pytest.mark.parametrize("mixed", range(1, 5))
def test_of_two_boards_journals_mixed_up_each_board_sees_its_own_and_says_so(mixed):
    ours, accepted = long_life(5, 300, 1)
    theirs = RamSectors(5)
    other = opened(theirs, OTHER)
    for i in range(300):
        other.append(1, i, bytes(60))
    swapped = [opened(ours).records()]
    assert swapped
    for sector in range(mixed):
        ours.data[sector], theirs.data[sector] = theirs.data[sector], ours.data[sector]
    journal = opened(ours)
    for _ in range(5):
        journal.check_next()
    assert "other_board" in journal.problems
    for record in journal.records():
        assert accepted[record.sequence][1:] == (record.time_s, record.payload)
    journal = opened(theirs, OTHER)
    for _ in range(5):
        journal.check_next()
    assert "other_board" in journal.problems
    assert all(record.payload == bytes(60) for record in journal.records())


@pytest.mark.parametrize("what", ["zeroed", "blank", "noise"])
def test_with_any_sector_damaged_settings_are_the_newest_or_known_not_to_be(what):
    chance = random.Random(what)
    texts = ["", "one\n" * 40, "two\n" * 2000, "three\n" * 700]
    for written in range(1, len(texts)):
        original = RamSectors(6)
        slots = Slots(original, 0, 3, BOARD)
        slots.open()
        for text in texts[1 : written + 1]:
            slots.write(text)
        for damaged in range(6):
            sectors = RamSectors(6)
            for sector in range(6):
                sectors.data[sector][:] = original.data[sector]
            sectors.data[damaged][:] = damages(chance)[what]
            try:
                found = Slots(sectors, 0, 3, BOARD).open()
            except Damaged:
                continue
            # The journal knows the number of what was confirmed last: an older one is found out.
            if found is None:
                assert written == 1
            else:
                assert found.text == texts[found.sequence]
                assert found.sequence in (written, written - 1)


NAMED = {
    records.COUNT: st.integers(0, 2**64 - 1),
    records.RATIO: st.tuples(st.integers(0, 2**70), st.integers(1, 2**70)),
    records.REQUEST: st.text("0123456789abcdef", min_size=8, max_size=8),
    records.DIGEST: st.text("0123456789abcdef", min_size=16, max_size=16),
    records.TEXT: st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=48),
    records.ALARM: st.sampled_from(["low_reservoir", "stall", "clock_lost"]),
}


@given(st.data(), st.sampled_from(sorted(records.KINDS)))
def test_any_values_of_any_kind_come_back_from_their_bytes(data, kind):
    fields = records.KINDS[kind][1]
    values = [data.draw(NAMED[how]) for _, how in fields]
    payload = records.encode(kind, *values)
    assert list(records.decode(kind, payload).values()) == values
    assert list(records.decode(kind, payload)) == [field for field, _ in fields]


@given(st.text())
def test_any_text_can_be_shortened_to_one_that_a_record_takes(text):
    short = records.shorten(text)
    assert records.decode(records.FAULT, records.encode(records.FAULT, short, "")) == {
        "code": short,
        "detail": "",
    }
    if text.isascii() and text.isprintable() and len(text) <= 48:
        assert short == text
