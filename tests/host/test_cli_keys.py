"""Paired keys as a user meets them: `titrate pair`, `keys`, `unpair` on a pump on the bench."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_cable import BenchCable, BenchEnd, BenchTransport
from test_cli import titrate

from test_link_server import Bench
from titrate.client.connection import Connection
from titrate.client.errors import Refused, WrongInput
from titrate.client.keyring import HeldKey, Keyring
from titrate.client.pump import Pump


class Button:
    """A person who presses the pair button as soon as a key waits for it."""

    def __init__(self, cable: BenchCable):
        self._cable = cable
        self._is_over = threading.Event()
        self._person = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._person.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._person.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.01):
            with self._cable.lock:
                self._cable.controller.lock.confirm_pairing()


@pytest.fixture
def cable(monkeypatch, tmp_path) -> Iterator[BenchCable]:
    """A pump that delivers, and a file of keys of this test's own."""
    monkeypatch.setenv("TITRATE_KEYS", str(tmp_path / "mine" / "keys.json"))
    with BenchCable(Bench().running().pump) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def paired(cable: BenchCable, *words: str, **environment: str):
    with Button(cable):
        ran = titrate("pair", *words, "--json", **environment)
    assert ran.status == 0, ran.out
    return ran.json


def test_from_the_first_key_on_changes_need_one_and_reading_does_not(cable, tmp_path):
    assert titrate("keys", "--json").json["locked"] is False
    key = paired(cable, "--name", "bench")
    assert (key["name"], key["role"]) == ("bench", "programmer")
    assert titrate("pause", "--json").json["state"] == "paused"
    stranger = {"TITRATE_KEYS": str(tmp_path / "theirs.json")}
    refused = titrate("resume", "--json", **stranger)
    assert (refused.status, refused.json["code"]) == (3, "key_needed")
    assert "titrate pair" in refused.json["sentence"]
    shown = titrate("status", "--json", **stranger).json
    assert (shown["state"], shown["locked"]) == ("paused", True)
    assert "locked" in titrate("status", **stranger).out
    (found,) = titrate("keys", "--json").json["keys"]
    assert (found["fingerprint"], found["is_here"]) == (key["fingerprint"], True)
    assert titrate("keys", "--json", **stranger).json["keys"][0]["is_here"] is False
    assert "elsewhere" in titrate("keys", **stranger).out


def test_a_key_does_what_its_role_may_and_the_last_one_leaves_the_pump_open(cable):
    paired(cable, "--name", "nurse", "--role", "operator")
    assert titrate("bolus", "20 uL", "--over", "10 min", "--json").status == 0
    refused = titrate("rate", "20 uL/h", "--json")
    assert (refused.status, refused.json["code"]) == (3, "role")
    paired(cable, "--name", "boss", "--role", "service")
    assert titrate("rate", "20 uL/h", "--json").status == 0
    assert titrate("unpair", "nurse", "--json").json["keys_left"] == 1
    last = titrate("unpair", "boss")
    assert last.out == "unpaired: boss; none left, so everybody may change the pump\n"
    assert titrate("pause", "--json").status == 0


def test_a_key_that_nobody_confirmed_is_not_kept_and_the_one_before_it_is(cable):
    before = paired(cable, "--name", "bench")["fingerprint"]
    words = [Path(sys.executable).with_name("titrate"), "pair", "--name", "bench", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as command:
        lock = cable.controller.lock
        while not lock.awaits_name:
            assert command.poll() is None
        cable.run_s(31)
        out, _ = command.communicate(timeout=60)
    assert (command.returncode, json.loads(out)["code"]) == (3, "not_pressed")
    (found,) = titrate("keys", "--json").json["keys"]
    assert (found["fingerprint"], found["is_here"]) == (before, True)


def test_the_file_of_keys_is_for_its_user_alone_and_no_log_shows_a_key(cable, tmp_path):
    with Button(cable):
        ran = titrate("pair", "--name", "bench", "-vv")
    path = tmp_path / "mine" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ((entry,),) = [pump.values() for pump in json.loads(path.read_text()).values()]
    assert len(entry["key"]) == 64
    assert " pair " in ran.err
    assert entry["key"] not in "".join(ran.err.split()) + ran.out


@pytest.mark.parametrize("name", ["Bench", "a" * 17, "two words", "", "1st"])
def test_what_is_no_name_is_refused_before_the_pump_is_asked(name, cable):
    ran = titrate("pair", "--name", name, "--json")
    assert (ran.status, ran.json["code"]) == (2, "no_name")
    assert "small letters" in ran.json["sentence"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"b": 1}', '{"b": {"n": {"role": "owner", "key": "00"}}}']
)
def test_a_file_that_holds_no_keys_is_named_and_left_as_it_is(text, cable, tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(text)
    paired(cable, "--name", "bench")
    ran = titrate("pause", "--json", TITRATE_KEYS=str(path))
    assert (ran.status, ran.json["code"]) == (2, "no_keyring")
    assert str(path) in ran.json["sentence"]
    assert path.read_text() == text


# -- the client by itself --------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path) -> tuple[BenchEnd, Keyring, HeldKey]:
    """A pump's end of the line that is locked by a key, and a keyring that has it."""
    end = BenchEnd(Bench().running().pump)
    key = HeldKey("bench", "programmer", os.urandom(32))
    end.pump.controller.pair(key.name, key.role, key.secret.hex())
    end.pump.controller.lock.confirm_pairing()
    keyring = Keyring(tmp_path / "keys.json")
    keyring.add(dict(end.pump.controller.identity)["board_id"], key)
    return end, keyring, key


def connected(end: BenchEnd, keyring: Keyring | None) -> Pump:
    transport = BenchTransport(end)
    connection = Connection(transport, now=transport.now, keyring=keyring)
    connection.connect()
    return Pump(connection)


def test_a_pump_that_is_locked_while_connected_is_changed_with_the_key_all_the_same(tmp_path):
    end = BenchEnd(Bench().running().pump)
    keyring = Keyring(tmp_path / "keys.json")
    pump = connected(end, keyring)
    key = HeldKey("bench", "programmer", os.urandom(32))
    end.pump.controller.pair(key.name, key.role, key.secret.hex())
    end.pump.controller.lock.confirm_pairing()
    with pytest.raises(Refused) as refused:
        pump.pause()
    assert refused.value.code == "key_needed"
    keyring.add(str(pump.hello.board_id), key)
    assert pump.pause() == "paused"


def test_with_answers_lost_a_bolus_with_a_key_is_given_once(locked):
    end, keyring, _ = locked
    pump = connected(end, keyring)
    pump.status()
    end.lose_answers = 2
    pump.bolus("20 uL", "10 min")
    records = end.pump.controller.recorder.events.records()
    assert [record.name() for record in records].count("bolus_started") == 1


def test_two_hosts_with_one_key_do_not_shut_each_other_out(locked):
    end, keyring, _ = locked
    one, other = connected(end, keyring), connected(end, keyring)
    for _ in range(3):
        assert one.pause() == "paused"
        assert other.resume() == "running"


def test_without_the_key_nothing_is_changed_and_nothing_is_unknown(locked):
    end, _, _ = locked
    with pytest.raises(Refused):
        connected(end, None).pause()
    assert end.pump.controller.state == "running"


def test_a_held_key_does_not_show_its_secret():
    assert repr(HeldKey("bench", "service", bytes(32))) == "HeldKey('bench', 'service')"


def test_a_keyring_keeps_what_it_had_and_gives_the_least_role_first(tmp_path):
    keyring = Keyring(tmp_path / "keys.json")
    boss = HeldKey("boss", "service", bytes(range(32)))
    nurse = HeldKey("nurse", "operator", bytes(range(1, 33)))
    keyring.add("one", boss)
    keyring.add("one", nurse)
    keyring.add("two", boss)
    assert keyring.of_pump("one") == [nurse, boss]
    keyring.remove("one", "boss")
    keyring.remove("one", "nobody")
    assert (keyring.of_pump("one"), keyring.of_pump("two")) == ([nurse], [boss])
    assert keyring.of_pump("three") == []
    (tmp_path / "keys.json").write_text('{"one": {"a": {"role": "service", "key": "abc"}}}')
    with pytest.raises(WrongInput):
        keyring.of_pump("one")
