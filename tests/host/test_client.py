"""The serial client against the real server, over a cable that loses, damages and breaks."""

import dataclasses
import math
from fractions import Fraction
from types import SimpleNamespace

import pytest
from bench_cable import BenchCable, BenchEnd, BenchTransport

from pump.core import programme as programmes
from pump.link import commands, dictionary
from pump.version import VERSION
from test_link_server import TEXT, Bench
from titrate import Disconnected, NoAnswer, OutcomeUnknown, Pump, Refused, WrongInput
from titrate.client import ports, replies, values
from titrate.client.connection import Connection
from titrate.client.transport import SerialTransport
from titrate.reference import replies_module


@pytest.fixture
def end():
    """A pump that delivers."""
    return BenchEnd(Bench().running().pump)


@pytest.fixture
def pump(end):
    """A client of that pump."""
    return connect(end)


@pytest.fixture
def cable():
    """A pump that delivers, on a port."""
    with BenchCable(Bench().running().pump) as cable:
        yield cable


def connect(end, answer_s=5.0):
    """A client of a pump on the bench; its time passes only where it waits in vain."""
    transport = BenchTransport(end)
    connection = Connection(transport, answer_s, now=transport.now)
    connection.connect()
    return Pump(connection)


def boluses(end):
    return end.pump.controller.delivery.boluses


def test_values_come_back_exactly_and_with_their_types(pump):
    status = pump.status()
    assert status.state == "running"
    assert status.rate_nl_per_h == Fraction(25000)
    assert status.reservoir_nl == 9_000_000
    assert status.concentration_mcg_per_ml == 500
    assert status.programme_digest == programmes.digest(TEXT)
    assert status.clock_known is True
    assert status.alarms == []
    assert pump.hello.product == "titrate"
    assert pump.programme_text() == TEXT


def test_time_on_the_pump_shows_in_its_counts(end, pump):
    end.pump.run_s(3600)
    status = pump.status()
    # An hour at 25 uL/h, in whole microsteps.
    step_nl = Fraction(*end.pump.controller.delivery.microstep_nl)
    assert status.stepped == status.witnessed == math.floor(25000 / step_nl)
    assert status.delivered_nl == status.stepped * step_nl


def test_a_refusal_is_raised_with_its_code_and_sentence(pump):
    with pytest.raises(Refused) as caught:
        pump.resume()
    assert caught.value.code == "not_now"
    assert "running" in caught.value.sentence


def test_what_is_wrong_in_itself_is_not_even_sent(end, pump):
    before = end.received
    for wrong in ("50", "50 mcg/day", "", "-5 mcg", "fifty"):
        with pytest.raises(WrongInput):
            pump.bolus(wrong, over="10 min")
    with pytest.raises(WrongInput):
        pump.ask("log", count=51)
    assert end.received == before


@pytest.mark.parametrize(
    "fault", ["lose_requests", "lose_answers", "damage_requests", "damage_answers"]
)
def test_a_bolus_is_given_once_though_lines_are_lost_or_damaged(fault, end, pump):
    setattr(end, fault, 2)
    assert pump.bolus("50 mcg", over="10 min") == "running"
    assert len(boluses(end)) == 1
    assert getattr(end, fault) == 0


@pytest.mark.parametrize(
    "fault", ["lose_requests", "lose_answers", "damage_requests", "damage_answers"]
)
def test_a_listing_is_whole_though_lines_are_lost_or_damaged(fault, end, pump):
    setattr(end, fault, 2)
    assert pump.programme_text() == TEXT


def test_when_no_answer_comes_the_outcome_is_unknown_until_it_is_asked_for(end, pump):
    end.lose_answers = 4
    with pytest.raises(OutcomeUnknown) as caught:
        pump.bolus("50 mcg", over="10 min")
    assert f"titrate outcome {caught.value.request_id}" in caught.value.sentence
    assert pump.outcome(caught.value.request_id) == "done"
    assert len(boluses(end)) == 1


def test_a_request_that_never_arrived_is_known_to_be_undone(end, pump):
    end.lose_requests = 4
    with pytest.raises(OutcomeUnknown) as caught:
        pump.bolus("50 mcg", over="10 min")
    assert pump.outcome(caught.value.request_id) == "never"
    assert boluses(end) == []


def test_repeating_by_the_request_id_does_what_was_not_done_and_nothing_twice(end, pump):
    for fault in ("lose_requests", "lose_answers"):
        setattr(end, fault, 4)
        with pytest.raises(OutcomeUnknown) as caught:
            pump.bolus("50 mcg", over="10 min")
        before = len(boluses(end))
        pump.bolus("50 mcg", over="10 min", request_id=caught.value.request_id)
        assert len(boluses(end)) == (before + 1 if fault == "lose_requests" else before)


def test_reading_from_a_silent_pump_says_that_none_answers(end, pump):
    end.lose_answers = 4
    with pytest.raises(NoAnswer, match="no pump answers on"):
        pump.status()
    assert pump.status().state == "running"


def test_a_pulled_cable_is_named_and_before_a_request_nothing_is_unknown(cable):
    with Pump.connect(cable.port, 60) as pump:
        cable.pull()
        with pytest.raises(Disconnected, match="the cable was pulled") as caught:
            pump.status()
    assert cable.port in caught.value.sentence


def test_a_cable_pulled_after_a_request_leaves_its_outcome_unknown(end, pump):
    end.pull_after_request_of = b" bolus "
    with pytest.raises(OutcomeUnknown, match="the cable was pulled"):
        pump.bolus("50 mcg", over="10 min")
    assert len(boluses(end)) == 1


def test_a_board_at_the_prompt_is_woken_without_an_interrupt_or_a_reset(end):
    end.at_prompt = True
    assert connect(end).status().state == "running"
    assert b"\x02" in end.received
    assert b"\x03" not in end.received
    assert b"\x04" not in end.received


@pytest.mark.parametrize(
    "firmware",
    [
        "Traceback (most recent call last):\r\nImportError: no module named 'pump'",
        "NotNow: no pump runs here; boot.py of a Titrate board starts one",
    ],
)
def test_a_board_without_a_pump_is_told_from_a_silent_port(firmware, end):
    end.at_prompt = True
    end.firmware = firmware
    with pytest.raises(NoAnswer, match="no pump runs there") as caught:
        connect(end)
    assert caught.value.code == "no_firmware"


def test_a_slow_pump_is_waited_for_though_its_answers_are_late(end):
    """Each answer comes only after the client has asked again."""
    transport = BenchTransport(end)
    late = transport.read
    held = [b""]

    def read(timeout_s):
        arrived, held[0] = held[0], late(timeout_s)
        return arrived

    transport.read = read
    connection = Connection(transport, 5.0, now=transport.now)
    connection.connect()
    assert Pump(connection).programme_text() == TEXT


def test_a_half_line_left_by_another_program_does_not_spoil_the_first_request(cable):
    with SerialTransport(cable.port) as transport:
        transport.write(b":12 0a1b2c3d sto")
    with Pump.connect(cable.port, 60) as pump:
        assert pump.status().state == "running"


def test_a_port_serves_one_program_at_a_time(cable):
    with Pump.connect(cable.port, 60), pytest.raises(NoAnswer, match="in use by another program"):
        Pump.connect(cable.port)


def test_a_port_that_is_not_there_is_named():
    with pytest.raises(NoAnswer, match="there is no port /dev/no-such-port") as caught:
        Pump.connect("/dev/no-such-port")
    assert caught.value.code == "no_port"


def test_a_port_that_is_no_serial_port_is_told_as_such():
    with pytest.raises(NoAnswer, match="^/dev/null is no serial port; ") as caught:
        Pump.connect("/dev/null")
    assert caught.value.code == "no_port"


def test_the_port_is_the_named_one_else_the_variable(monkeypatch):
    monkeypatch.setenv(ports.PORT_VARIABLE, "/dev/by-variable")
    assert ports.choose("/dev/named") == "/dev/named"
    assert ports.choose(None) == "/dev/by-variable"


def test_probing_a_port_wakes_nothing(cable):
    cable.end.at_prompt = True
    assert ports.probe(cable.port).hello is None
    assert b"import" not in cable.end.received


def test_a_programme_is_proposed_reviewed_and_confirmed(end, pump):
    new = programmes.with_basal(programmes.parse_canonical(TEXT), (30000, 1))
    seen = []
    review = pump.propose(new, lambda done, of: seen.append((done, of)))
    assert seen == sorted(set(seen))
    assert seen[-1][0] == seen[-1][1] > 1
    assert review.digest == programmes.digest(programmes.canonical_text(new))
    assert [(change.old != change.new) for change in review.changes] == [True] * len(review.changes)
    assert pump.status().programme_digest == programmes.digest(TEXT)
    pump.confirm(review.digest)
    assert pump.status().programme_digest == review.digest


@pytest.mark.parametrize(
    "fault", ["lose_requests", "lose_answers", "damage_requests", "damage_answers"]
)
@pytest.mark.parametrize("after", range(3))
def test_pieces_sent_ahead_arrive_whole_though_lines_are_lost_or_damaged(fault, after, end, pump):
    days = tuple(
        tuple((1800 * n, (20000 + 48 * day + n, 1)) for n in range(48)) for day in range(7)
    )
    new = programmes.replace(programmes.parse_canonical(TEXT), days=days, week=tuple(range(7)))

    def spoil(done, of):
        assert of > 30
        if done == after:
            setattr(end, fault, 2)

    if not after:
        setattr(end, fault, 2)
    review = pump.propose(new, spoil)
    assert review.digest == programmes.digest(programmes.canonical_text(new))


def test_a_piece_that_is_refused_ends_the_sending_with_the_reason(end, pump):
    with pytest.raises(Refused, match="is not one of the 1 announced"):
        pump.ask("propose", pieces=1, crc="0" * 8)
        pump._connection.request_each(
            "propose_line", [{"n": n, "text": f"piece {n}"} for n in range(4)]
        )


def test_the_log_is_paged_without_a_gap_or_a_repeat(end, pump):
    for _ in range(60):
        pump.pause()
        pump.resume()
    following = pump.next_log_sequence()
    numbers = [entry.sequence for entry in pump.log(0)]
    assert len(numbers) > 200
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == following - 1
    assert [entry.sequence for entry in pump.log(count=150)] == numbers[-150:]
    assert [entry.sequence for entry in pump.log()] == numbers[-20:]
    assert [entry.sequence for entry in pump.log(numbers[3], count=5)] == numbers[3:8]


def test_the_whole_log_comes_in_sectors_and_is_what_comes_row_by_row(end, pump, monkeypatch):
    for _ in range(70):
        pump.pause()
        pump.resume()
    monkeypatch.setattr(Pump, "_tells_sectors", False)
    by_row = list(pump.log(0))
    monkeypatch.undo()
    assert b"log_sectors" not in end.received
    end.damage_answers = end.lose_answers = 1
    assert list(pump.log(0)) == by_row
    assert b"log_sectors" in end.received
    assert list(pump.log(by_row[100].sequence)) == by_row[100:]
    assert list(pump.log(by_row[3].sequence, count=120)) == by_row[3:123]
    # Few entries are asked for by themselves.
    end.received = b""
    assert list(pump.log(by_row[-30].sequence)) == by_row[-30:]
    assert b"log_sectors" not in end.received


def test_the_log_of_other_firmware_is_told_by_the_pump_itself(end):
    for _ in range(30):
        end.pump.controller.pause()
        end.pump.controller.resume()
    identity = end.pump.controller.identity
    identity[identity.index(("firmware_version", VERSION))] = ("firmware_version", "0.0.9")
    pump = connect(end)
    assert len(list(pump.log(0))) > 60
    assert b"log_sectors" not in end.received


def test_the_faults_are_counted_by_their_own_numbers(end, pump):
    for number in range(60):
        end.pump.controller.recorder.fault("starved", f"at step {number}")
    found = [entry.detail for entry in pump.log(count=55, faults=True)]
    assert found == [f"code=starved detail=at step {number}" for number in range(5, 60)]


def test_a_host_of_another_version_uses_only_the_commands_that_agree(end, monkeypatch):
    rows = [dict(row) for row in dictionary.rows()]
    for row in rows:
        if row["command"] == "log":
            row["args"] = row["args"].replace("1:50", "1:49")
    other = SimpleNamespace(digest=lambda: "0" * 16, rows=lambda: [r.items() for r in rows])
    monkeypatch.setattr("titrate.client.connection.dictionary", other)
    pump = connect(end)
    assert pump.status().state == "running"
    with pytest.raises(WrongInput, match="bring both to one version") as caught:
        next(pump.log())
    assert caught.value.code == "other_version"


def test_a_pump_with_another_protocol_is_named(end, monkeypatch):
    other = SimpleNamespace(PROTOCOL=2, require=commands.require)
    monkeypatch.setattr("titrate.client.connection.commands", other)
    with pytest.raises(NoAnswer, match="speaks version 1 .* this titrate version 2"):
        connect(end)


def test_the_dataclasses_have_the_fields_of_the_table():
    for name, (command_name, is_row, _) in replies_module.CLASSES.items():
        command = commands.require(command_name)
        declared = command.rows if is_row else command.replies
        fields = dataclasses.fields(getattr(replies, name))
        assert [field.name for field in fields] == list(declared)


def test_a_value_that_is_not_of_its_kind_is_refused_and_an_unknown_key_is_kept():
    assert values.by_key([("stepped", "5"), ("newer", "x")]) == {
        "stepped": 5,
        "newer": "x",
    }
    with pytest.raises(NoAnswer, match="not of the kind whole"):
        values.by_key([("stepped", "five")])


@pytest.mark.parametrize(
    ("kind", "text", "python", "json"),
    [
        ("whole", "41", 41, 41),
        ("seconds", "", None, None),
        ("volume", "1375/3", Fraction(1375, 3), "1375/3"),
        ("volume", "25000", Fraction(25000), "25000"),
        ("yes_no", "no", False, False),
        ("text", "", "", ""),
        ("alarms", "", [], []),
        (
            "alarms",
            "empty:high,low_reservoir:medium",
            [("empty", "high"), ("low_reservoir", "medium")],
            [
                {"code": "empty", "priority": "high"},
                {"code": "low_reservoir", "priority": "medium"},
            ],
        ),
    ],
)
def test_a_reply_becomes_a_python_value_and_json(kind, text, python, json):
    assert values.to_python(kind, text) == python
    assert values.to_json(python) == json
