"""The `titrate` command as a user runs it, with a pump on the bench at the end of the cable."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from bench_cable import BenchCable

from pump.core import programme as programmes
from pump.link import commands as table
from pump.version import VERSION
from test_link_server import TEXT, Bench
from titrate.cli import commands as command_modules
from titrate.profile import load_profile, profile_to_text
from titrate.reference.__main__ import FILES, outdated

# Another programme for the pump on the bench: 30 uL/h instead of 25.
OTHER = programmes.replace(
    programmes.with_basal(programmes.parse_canonical(TEXT), (30000, 1)), name="Other"
)


class Ran(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


def titrate(*words: object, typed: str | None = None, **environment: str) -> Ran:
    """Run the installed command and wait for its end."""
    done = subprocess.run(
        [Path(sys.executable).with_name("titrate"), *map(str, words)],
        input=typed,
        stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def at_the_root(root, monkeypatch):
    """Relative paths of this file, and no port from outside."""
    monkeypatch.chdir(root)
    monkeypatch.delenv("TITRATE_PORT", raising=False)


@pytest.fixture
def profile(tmp_path) -> Path:
    """A profile of that programme."""
    path = tmp_path / "other.toml"
    path.write_text(profile_to_text(OTHER))
    return path


@pytest.fixture
def cable(monkeypatch):
    """A pump that delivers, on the port that TITRATE_PORT names."""
    with BenchCable(Bench().running().pump) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


@pytest.fixture
def new_cable(monkeypatch):
    """A pump without a programme."""
    with BenchCable() as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def test_status_has_the_keys_that_others_build_on(cable):
    ran = titrate("status", "--json")
    assert ran.status == 0
    assert ran.err == ""
    found = ran.json
    assert found["outcome"] == "done"
    assert found["state"] == "running"
    assert found["stepped"] == found["witnessed"] == 0
    assert found["delivered_nl"] == "0"
    assert found["reservoir_nl"] == "9000000"
    assert found["alarms"] == []
    assert found["programme_digest"] == programmes.digest(TEXT)
    assert found["firmware_version"] == VERSION
    assert list(found)[1:] == list(table.require("status").replies)


def test_every_alarm_of_status_has_code_and_priority(cable):
    assert titrate("refill", "0.1 mL").status == 0
    cable.run_s(3)
    found = titrate("status", "--json").json["alarms"]
    alarms = [(each["code"], each["priority"]) for each in found]
    assert alarms == [("low_reservoir", "medium")], found


def test_status_is_pleasant_to_read_and_plain_where_there_is_no_terminal(cable):
    ran = titrate("status")
    assert "300 mcg/day (25 uL/h)" in ran.out
    assert "9 mL" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_for_terminals_and_not_with_no_color(no_color, cable):
    shown = bytearray()

    def read(number):
        data = os.read(number, 1024)
        shown.extend(data)
        return data

    words = [str(Path(sys.executable).with_name("titrate")), "status"]
    os.environ.update({"NO_COLOR": no_color, "TERM": "xterm"})
    try:
        assert pty.spawn(words, read, lambda number: b"") == 0
    finally:
        del os.environ["NO_COLOR"]
    assert b"running" in shown
    assert (b"\x1b[32m" in shown) == (no_color == "")


def test_a_pump_is_programmed_filled_started_and_stopped(profile, new_cable):
    ran = titrate("program", profile, "--yes", "--json")
    assert (ran.status, ran.json["outcome"]) == (0, "done")
    assert ran.json["programme_digest"] == load_profile(profile).digest
    assert ran.json["changed"] is True
    assert ran.json["warnings"]
    assert titrate("refill", "9 mL").status == 0
    assert titrate("start", "--json").json["state"] == "running"
    assert titrate("bolus", "20 mcg", "--over", "10 min").out == "running\n"
    new_cable.run_s(600)
    found = titrate("status", "--json").json
    # 30 uL/h for 10 min and the bolus of 20 mcg at 500 mcg/mL, 40 uL: 45 uL, less the
    # 80 ms of each start and the microstep in work, of 103.2 nL.
    assert 45_000 - 3 * 103.3 < eval_ratio(found["delivered_nl"]) <= 45_000
    assert found["stepped"] == found["witnessed"]
    assert titrate("pause", "--json").json["state"] == "paused"
    assert titrate("resume", "--json").json["state"] == "running"
    assert titrate("minimum", "--json").json["state"] == "minimum"
    assert titrate("stop", "--json").json["state"] == "stopped"
    assert titrate("prime", "10 uL", "--json").json["state"] == "priming"
    again = titrate("program", profile, "--yes")
    assert (again.status, again.out) == (0, "this programme is in force already\n")
    assert titrate("programme").out == programmes.canonical_text(OTHER)


def eval_ratio(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return int(numerator) / int(denominator or 1)


def test_a_programme_is_in_force_only_when_it_was_confirmed(profile, cable):
    before = programmes.digest(TEXT)

    def in_force():
        return cable.controller.programme_digest

    reviewed = titrate("program", profile, "--json")
    assert (reviewed.status, reviewed.json["outcome"]) == (0, "reviewed")
    assert {"setting", "old", "new"} == set(reviewed.json["changes"][0])
    assert in_force() == before
    asked = titrate("program", profile, typed="n\n")
    assert "not confirmed: nothing has changed" in asked.out
    assert "Put this programme in force?" in asked.err
    assert in_force() == before
    assert titrate("program", profile).out == "not confirmed: nothing has changed\n"
    assert in_force() == before
    other = titrate("program", profile, "--digest", "0" * 16, "--json")
    assert (other.status, other.json["code"]) == (3, "other_digest")
    assert in_force() == before
    assert cable.controller.proposal is None
    digest = reviewed.json["programme_digest"]
    assert titrate("program", profile, "--digest", digest, "--json").json["changed"] is True
    assert in_force() == digest


def test_the_question_is_answered_at_the_terminal(profile, cable):
    ran = titrate("program", profile, typed="y\n")
    assert ran.status == 0
    assert "in force: Other" in ran.out
    assert cable.controller.prescription.name == "Other"


def test_a_profile_is_checked_without_a_pump(profile, tmp_path):
    found = titrate("check", profile, "--json").json
    assert found["programme_digest"] == programmes.digest(programmes.canonical_text(OTHER))
    # 30 uL/h for 24 hours.
    assert found["daily_nl"] == ["720000"] * 7
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(profile.read_text().replace('"baclofen"', "7"))
    ran = titrate("check", wrong, "--json")
    assert (ran.status, ran.json["code"]) == (2, "wrong_profile")
    line = wrong.read_text().split("\n").index("name = 7") + 1
    assert line in [problem["line"] for problem in ran.json["problems"]]
    assert f"{wrong}:{line}: " in titrate("check", wrong).err
    missing = titrate("check", tmp_path / "missing.toml", "--json")
    assert (missing.status, missing.json["code"]) == (2, "no_file")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("resume",), 3, "not_now"),
        (("bolus", "101 mcg", "--over", "10 min"), 3, "dose_limit"),
        (("ack", "empty"), 3, "not_now"),
        (("bolus", "50", "--over", "10 min"), 2, "bad_text"),
        (("bolus", "50 mcg", "--over", "10"), 2, "bad_text"),
        (("rate", "300 mcg"), 2, "bad_text"),
        (("rate", "300"), 2, "bad_text"),
        (("refill", "18 ML"), 2, "bad_text"),
        (("clock", "--at", "yesterday"), 2, "bad_text"),
        (("outcome", "xyz"), 2, "bad_text"),
        (("bolus",), 2, "usage"),
        (("bolus", "--cancel", "50 mcg"), 2, "usage"),
        (("log", "--csv"), 2, "usage"),
        (("log", "--follow"), 2, "usage"),
        (("log", "--count", "0"), 2, "usage"),
        (("rate",), 2, "usage"),
        (("sttus",), 2, "usage"),
        (("status", "--prot", "x"), 2, "usage"),
        (("program", "no-such-file.toml"), 2, "no_file"),
        (("flash", "--uf2", "README.md"), 2, "no_image"),
        (("flash", "--board", "no_such_board"), 2, "no_board"),
        (("virtual", "--uf2", "no-such.uf2"), 2, "virtual"),
    ],
)
def test_what_is_not_done_has_its_exit_status_code_and_sentence(words, status, code, cable):
    before = cable.controller.status()
    ran = titrate(*words, "--json")
    assert (ran.status, ran.json["code"]) == (status, code)
    assert ran.json["outcome"] == {2: "wrong_input", 3: "refused"}[status]
    assert len(ran.json["sentence"]) > 15
    assert cable.controller.status() == before


@pytest.mark.parametrize(
    ("words", "status", "parts"),
    [
        (("rate", "25"), 2, ("bare number", "300 mcg/day")),
        (("rate", "25 mL/h"), 3, ("25 mL/h", "maximum rate", "2 mL/h", "check that a volume")),
        (("rate", "0 mcg/h"), 3, ("a basal rate of 0", "pause or stop instead")),
        (("rate", "-5 mcg/h"), 2, ("negative", "least is 0", "without the sign")),
        (("rate", "25.123456789012 mcg/h"), 2, ("12 digits", "write fewer")),
        (("rate", "25 drops/h"), 2, ("unknown unit", "mL per min, h or day")),
        (("bolus", "50"), 2, ("an amount and a time", "--over")),
        (("bolus", "50", "--over", "10 min"), 2, ("bare number", "50 mcg")),
        (("bolus", "50 mcg/h", "--over", "10 min"), 2, ("is a dose rate, but", "50 mcg")),
        (("bolus", "0 mcg", "--over", "10 min"), 3, ("less than one microstep", "ask for more")),
        (("bolus", "-5 mcg", "--over", "10 min"), 2, ("negative", "without the sign")),
        (("bolus", "5 mL", "--over", "10 min"), 3, ("limit of 100 mcg", "ask for less")),
        (("bolus", "5 mcg", "--over", "25 h"), 3, ("1 s to 24 h", "choose a duration")),
        (("refill", "18"), 2, ("bare number", "18 mL")),
        (("refill", "18 mcg"), 2, ("is a dose, but a volume", "18 mL")),
        (("refill", "-1 mL"), 2, ("negative", "without the sign")),
        (("refill", "99 mL"), 3, ("99 mL", "10 mL", "say what it holds")),
        (("prime", "0.25"), 2, ("bare number",)),
        (("prime", "0.25 mL"), 3, ("while the pump is running", "stop first")),
        (("purge",), 3, ("purge is not possible", "stop first")),
    ],
)
def test_bad_input_is_told_in_one_sentence_and_changes_nothing(words, status, parts, cable):
    before = cable.controller.status()
    journalled = len(list(cable.controller.recorder.events.records()))
    ran = titrate(*words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (status, "", 1), ran
    for part in parts:
        assert part in ran.err
    assert cable.controller.status() == before
    assert len(list(cable.controller.recorder.events.records())) == journalled


def test_an_error_is_one_sentence_on_stderr(cable):
    ran = titrate("bolus", "101 mcg", "--over", "10 min")
    assert ran.out == ""
    assert ran.err.startswith("refused: ")
    assert "100 mcg" in ran.err
    assert ran.err.count("\n") == 1


def test_the_common_options_stand_before_or_after_the_command(cable):
    for words in (
        ("--json", "--port", cable.port, "status"),
        ("status", "--json", "--port", cable.port),
        ("--port", cable.port, "status", "--json"),
    ):
        assert titrate(*words, TITRATE_PORT="/dev/none").json["state"] == "running"


def test_verbose_shows_every_line_on_stderr_and_leaves_stdout_alone(cable):
    ran = titrate("status", "--json", "-vv")
    assert ran.json["state"] == "running"
    assert " hello " in ran.err


def test_where_there_is_no_pump_the_exit_status_is_4():
    for words in (("status", "--port", "/dev/none"), ("start", "--port", "/dev/none")):
        ran = titrate(*words, "--json")
        assert (ran.status, ran.json["outcome"], ran.json["code"]) == (4, "no_answer", "no_port")


def test_an_unknown_outcome_has_a_request_id_that_settles_it(cable):
    cable.end.pull_after_request_of = b" bolus "
    ran = titrate("bolus", "50 mcg", "--over", "10 min", "--json")
    assert (ran.status, ran.json["outcome"]) == (4, "unknown")
    request_id = ran.json["request_id"]
    assert f"titrate outcome {request_id}" in ran.json["sentence"]
    with BenchCable(cable.end.pump) as again:
        settled = titrate("outcome", request_id, "--json", "--port", again.port)
        never = titrate("outcome", "ffffffff", "--json", "--port", again.port)
    assert settled.json["found"] == "done"
    assert never.json["found"] == "never"
    assert len(cable.controller.delivery.boluses) == 1


def test_alarms_are_listed_acknowledged_silenced_and_tested(cable):
    assert titrate("alarms").out == "none\n"
    cable.controller.active_alarms.raise_alarm("watchdog_reset", 0)
    (alarm,) = titrate("alarms", "--json").json["alarms"]
    assert alarm["code"] == "watchdog_reset"
    assert alarm["acknowledged"] is False
    assert list(alarm) == list(table.require("alarms").rows)
    assert "watchdog_reset" in titrate("alarms").out
    assert titrate("silence").status == 0
    assert titrate("ack", "watchdog_reset").status == 0
    assert titrate("alarms", "--test").status == 0


def test_the_log_comes_as_text_json_json_lines_or_csv(cable):
    keys = list(table.require("log").rows)
    entries = titrate("log", "--json").json["entries"]
    assert [list(entry) for entry in entries] == [keys] * len(entries)
    lines = titrate("log", "--jsonl").out.splitlines()
    exported = [json.loads(line) for line in lines]
    assert [{key: entry[key] for key in keys} for entry in exported] == entries
    rows = list(csv.reader(io.StringIO(titrate("log", "--csv").out)))
    assert rows[0][:-1] == keys
    assert len(rows) == 1 + len(entries)
    text = titrate("log").out
    assert all(entry["code"] in text for entry in entries)
    assert "9 mL" in text
    assert len(titrate("log", "-n", "2", "--json").json["entries"]) == 2
    from_third = titrate("log", "--from", entries[2]["sequence"], "--json").json["entries"]
    assert from_third == entries[2:]


@pytest.mark.parametrize("form", ["--jsonl", "--csv"])
def test_an_exported_log_is_verified_and_an_edit_shows(cable, tmp_path, form):
    export = tmp_path / "log"
    export.write_text(titrate("log", form).out)
    found = titrate("log", "--verify", export, "--json")
    entries = len(titrate("log", "--json").json["entries"])
    last = re.findall("[0-9a-f]{64}", export.read_text())[-1]
    assert (found.json["entries"], found.json["sha256"]) == (entries, last)
    export.write_text(export.read_text().replace("9000000", "9100000"))
    edited = titrate("log", "--verify", export)
    assert edited.status == 2
    assert "this is not the log as it was exported" in edited.err


def test_the_log_is_followed_until_an_interrupt(cable):
    with subprocess.Popen(
        [Path(sys.executable).with_name("titrate"), "log", "--follow", "--jsonl", "-n", "1"],
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        first = json.loads(following.stdout.readline())
        with cable.lock:
            cable.controller.pause()
        second = json.loads(following.stdout.readline())
        following.send_signal(2)
        assert following.wait(60) == 0
    assert second["sequence"] > first["sequence"]
    assert second["code"] == "paused"


def test_watch_shows_the_status_until_an_interrupt(cable):
    with subprocess.Popen(
        [Path(sys.executable).with_name("titrate"), "watch"], stdout=subprocess.PIPE, text=True
    ) as watching:
        cable.wait_for(b" status ", 2)
        watching.send_signal(2)
        shown, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert "300 mcg/day (25 uL/h)" in shown
    assert titrate("watch", "--json").json["state"] == "running"


def test_the_clock_is_shown_beside_this_computers_and_set(cable):
    assert titrate("clock", "--json").json["clock"] == "2026-06-01T00:00:00"
    found = titrate("clock", "--at", "2027-02-03T04:05:06", "--json").json
    assert found["clock"] == "2027-02-03T04:05:06"
    assert abs(titrate("clock", "--set", "--json").json["ahead_s"]) <= 5


def test_ports_tells_the_pump_on_a_port(cable):
    (found,) = titrate("ports", "--json").json["ports"]
    assert found["port"] == cable.port
    assert found["pump"]["state"] == "running"
    assert cable.port in titrate("ports").out
    (nobody,) = titrate("ports", "--json", "--port", "/dev/none").json["ports"]
    assert nobody["pump"] is None
    assert "no port" in nobody["problem"]


def test_every_command_has_json_and_a_help_of_one_sentence():
    assert len(command_modules.MODULES) > 20
    for name in command_modules.MODULES:
        command = command_modules.load(name)
        assert command.name == name
        assert "as_json" in [parameter.name for parameter in command.params], name
        first = command.get_short_help_str(60)
        assert first, name
        assert not first.endswith("..."), f"{name}: {first}"


def test_a_mistyped_command_is_told_with_the_nearest_that_there_is():
    ran = titrate("statsu")
    assert (ran.status, ran.out) == (2, "")
    assert "there is no command statsu; did you mean status?" in ran.err


def test_python_m_titrate_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "titrate", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == titrate("--version").out == f"titrate, version {VERSION}\n"


def test_every_command_of_the_protocol_is_reached_by_the_host_command_it_names():
    for command in table.COMMANDS:
        if command.host:
            assert command.host.split(" ")[0] in command_modules.MODULES, command.name


def test_the_generated_files_are_up_to_date(root):
    assert outdated(root) == []


def test_an_out_of_date_file_is_found(tmp_path, root):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((root / name).read_text())
    assert outdated(tmp_path) == []
    (tmp_path / "firmware/docs/protocol.md").write_text("other")
    (tmp_path / "firmware/package.json").unlink()
    assert outdated(tmp_path) == ["firmware/docs/protocol.md", "firmware/package.json"]


def test_package_json_names_every_file_of_the_firmware_and_each_exists(root):
    listed = json.loads((root / "firmware/package.json").read_text())
    assert listed["version"] == VERSION
    names = {name for name, _ in listed["urls"]}
    modules = {
        path.relative_to(root / "firmware").as_posix()
        for path in (root / "firmware/pump").rglob("*.py")
    }
    assert names == modules | {"boot.py", "main.py", "pump_board.py"}
    for _, source in listed["urls"]:
        assert (root / "firmware" / source).is_file(), source


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "1.5", "601"])
def test_a_time_to_wait_that_is_none_is_refused_with_its_limits(seconds, cable):
    ran = titrate("status", "--json", TITRATE_ANSWER_S=seconds)
    assert (ran.status, ran.json["code"]) == (2, "bad_text")
    assert "1 to 600" in ran.json["sentence"]


def test_the_time_to_wait_is_taken(cable):
    assert titrate("status", "--json", TITRATE_ANSWER_S="60").json["state"] == "running"
