"""Whatever goes over the line: nothing changes but what a whole request asks for, and that once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pump.core.errors import PumpError
from pump.link import commands, kinds, lines
from pump.link.assembler import LineAssembler
from test_link_server import Bench

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,15}", fullmatch=True)
RIDS = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)
TEXTS = st.text(max_size=20)
CHANGING = [command for command in commands.COMMANDS if command.changes]

BOLUS = (("volume", "10 mcg"), ("duration", "10 min"))


def state_of(bench: Bench) -> tuple:
    """All that a line could have changed."""
    controller = bench.pump.controller
    journalled = [record.sequence for record in controller.recorder.events.records(1)]
    return controller.status(), journalled, controller.proposal


@given(
    number=st.integers(0, 9999),
    rid=RIDS,
    word=WORDS,
    pairs=st.dictionaries(WORDS, TEXTS, max_size=3),
)
def test_what_is_encoded_is_decoded_again(number, rid, word, pairs):
    try:
        text = lines.encode(":", number, rid, word, pairs.items())
    except PumpError as error:
        assert error.code == "too_long"
        return
    assert len(text) <= lines.REQUEST_MAX
    assert "\x03" not in text
    line = lines.decode(text.encode())
    assert (line.number, line.rid, line.word, dict(line.pairs)) == (number, rid, word, pairs)


@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_a_line_unless_encoding_gives_them_again(raw):
    try:
        line = lines.decode(raw)
    except PumpError:
        return
    assert lines.encode(line.kind, line.number, line.rid, line.word, line.pairs).encode() == raw


@given(st.binary(max_size=600), st.lists(st.integers(1, 50), min_size=1))
def test_the_pieces_in_which_bytes_come_make_no_difference(data, sizes):
    whole = LineAssembler(40).feed(data)
    assembler = LineAssembler(40)
    found, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += assembler.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    assert found == whole


@given(st.lists(st.binary(max_size=400), max_size=5))
def test_no_bytes_change_anything_or_stop_the_server(pieces):
    bench = Bench().running()
    before = state_of(bench)
    for piece in pieces:
        bench.feed(piece)
    bench.feed(b"\n")
    assert state_of(bench) == before
    assert bench.ask("hello")[0].word == "done"


@given(
    command=st.sampled_from(CHANGING),
    place=st.integers(0, 239),
    bits=st.integers(1, 255),
    end=st.booleans(),
)
@pytest.mark.hazard("H14")
def test_a_request_with_one_damaged_byte_changes_nothing(command, place, bits, end):
    bench = Bench().running()
    request = bench.request(command.name, [(arg.name, arg.example) for arg in command.args])
    damaged = bytearray(request)
    damaged[place % (len(damaged) - 1)] ^= bits
    before = state_of(bench)
    bench.feed(bytes(damaged) + (b"\n" if end else b""))
    bench.feed(b"\n")
    assert state_of(bench) == before


@given(command=st.sampled_from(CHANGING), place=st.integers(0, 239))
def test_a_request_that_is_cut_changes_nothing(command, place):
    bench = Bench().running()
    request = bench.request(command.name, [(arg.name, arg.example) for arg in command.args])
    cut = place % (len(request) - 1)
    before = state_of(bench)
    bench.feed(request[:cut] + b"\n" + request[cut + 1 :])
    assert state_of(bench) == before


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(("again", "same", "new")), st.booleans()),
        max_size=12,
    )
)
@pytest.mark.hazard("H13", "H14")
def test_however_requests_are_repeated_and_mixed_each_is_done_once(sendings):
    """Five bolus requests, sent again letter for letter, under a new SEQ, with others between."""
    bench = Bench().running()
    sent = {}
    for which, how, reads_between in sendings:
        rid = f"b0105{which:03x}"
        if which not in sent or how == "new":
            sent[which] = bench.request("bolus", BOLUS, rid)
        answers = [lines.decode(raw.encode()) for raw in bench.feed(sent[which])]
        assert [answer.word for answer in answers] == ["done"]
        if reads_between:
            bench.ask("status")
    given_boluses = [bolus.request_id for bolus in bench.pump.controller.delivery.boluses]
    assert sorted(given_boluses) == sorted(f"b0105{which:03x}" for which in sent)


@given(st.sampled_from(CHANGING))
def test_the_answer_to_a_repeat_is_the_same_letter_for_letter(command):
    bench = Bench().running()
    request = bench.request(command.name, [(arg.name, arg.example) for arg in command.args])
    first = bench.feed(request)
    after = state_of(bench)
    assert bench.feed(request) == first
    assert state_of(bench) == after


@given(command=st.sampled_from(commands.COMMANDS), data=st.data())
def test_any_text_as_an_argument_is_taken_or_refused_with_a_sentence(command, data):
    bench = Bench().running()
    before = state_of(bench)
    pairs = [(arg.name, data.draw(TEXTS, arg.name)) for arg in command.args]
    try:
        answer, _ = bench.ask(command.name, pairs)
    except PumpError as error:
        assert error.code == "too_long"
        return
    assert answer.word in ("done", "refused")
    if answer.word == "refused":
        assert answer.get("code")
        assert len(answer.get("sentence")) > 10
        assert state_of(bench) == before


@given(arg=st.sampled_from([arg for c in commands.COMMANDS for arg in c.args]), text=TEXTS)
def test_reading_an_argument_gives_a_value_or_an_error_of_the_pump(arg, text):
    try:
        value = kinds.read(arg, text, (500, 1))
    except PumpError as error:
        assert error.sentence.count("\n") == 0
        return
    assert value is not None
    assert not isinstance(value, float)
