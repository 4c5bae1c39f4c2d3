"""Exported logs show what was done to them."""

import csv
import hashlib
import json

import pytest

from titrate.log_export import (
    START,
    LogEdited,
    csv_lines,
    json_lines,
    verify_csv,
    verify_json_lines,
)

COLUMNS = ("sequence", "at_s", "code", "detail")
ENTRIES = [
    {"sequence": 1, "at_s": None, "code": "boot", "detail": 'reset_cause=power firmware="1.0"'},
    {"sequence": 3, "at_s": 850000000, "code": "bolus_started", "detail": "volume_nl=100000, 1/3"},
    {"sequence": 4, "at_s": 850000600, "code": "fault", "detail": "two\nlines"},
    {"sequence": 5, "at_s": 850000601, "code": "stopped", "detail": ""},
]

FORMS = {
    "json": (lambda entries: list(json_lines(entries)), verify_json_lines),
    "csv": (lambda entries: list(csv_lines(entries, COLUMNS)), verify_csv),
}


def test_json_lines_hold_the_entries_and_their_hash():
    found = [json.loads(line) for line in json_lines(ENTRIES)]
    assert [{key: one[key] for key in COLUMNS} for one in found] == ENTRIES
    # The second derivation: the hash by hand from the text before it.
    text = (
        '{"sequence":1,"at_s":null,"code":"boot","detail":"reset_cause=power firmware=\\"1.0\\""}'
    )
    assert found[0]["sha256"] == hashlib.sha256(f"{START}\n{text}".encode()).hexdigest()


def test_csv_holds_the_entries_a_line_each():
    rows = list(csv.reader(csv_lines(ENTRIES, COLUMNS)))
    assert tuple(rows[0][:-1]) == COLUMNS
    assert [row[0] for row in rows[1:]] == ["1", "3", "4", "5"]
    assert [row[1] for row in rows[1:]] == ["", "850000000", "850000600", "850000601"]
    assert rows[3][3] == "two\\nlines"


@pytest.mark.parametrize("form", FORMS)
def test_what_was_exported_verifies_and_gives_its_last_hash(form):
    export, verify = FORMS[form]
    lines = export(ENTRIES)
    last = verify(lines)
    assert last in lines[-1]
    assert verify([line + "\r\n" for line in lines]) == last
    assert verify([]) == START


@pytest.mark.parametrize("form", FORMS)
def test_any_character_changed_in_any_line_shows(form):
    export, verify = FORMS[form]
    lines = export(ENTRIES)
    for number, line in enumerate(lines):
        for at in range(len(line)):
            edited = line[:at] + ("1" if line[at] != "1" else "2") + line[at + 1 :]
            with pytest.raises(LogEdited) as caught:
                verify([*lines[:number], edited, *lines[number + 1 :]])
            assert caught.value.line == number + 1


@pytest.mark.parametrize("form", FORMS)
def test_lines_removed_swapped_repeated_or_put_in_show(form):
    export, verify = FORMS[form]
    lines = export(ENTRIES)
    other = export([{**ENTRIES[0], "code": "started"}])[-1]
    for edited in (
        lines[1:],
        [lines[0], *lines[2:]],
        [lines[1], lines[0], *lines[2:]],
        [lines[0], lines[0], *lines[1:]],
        [*lines[:2], other, *lines[2:]],
    ):
        with pytest.raises(LogEdited):
            verify(edited)


@pytest.mark.parametrize("form", FORMS)
def test_lines_cut_off_at_the_end_show_in_the_last_hash(form):
    export, verify = FORMS[form]
    lines = export(ENTRIES)
    assert verify(lines[:-1]) != verify(lines)


def test_an_export_goes_on_from_the_last_hash_of_the_one_before():
    whole = list(json_lines(ENTRIES))
    first = list(json_lines(ENTRIES[:2]))
    second = list(json_lines(ENTRIES[2:], verify_json_lines(first)))
    assert first + second == whole
