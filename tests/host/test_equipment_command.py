"""`titrate equipment` as a user runs it, a pump on the bench with every input at the cable."""

import pytest
from bench_cable import BenchCable
from test_cli import titrate
from test_equipment_format import ALL, TEXT

from bench_case import logged
from bench_equipment import BenchSensors
from bench_pump import BenchPump
from pump.core.inputs import NOT_YET


@pytest.fixture
def cable(monkeypatch):
    """A pump to which nothing was confirmed, on a board with every input."""
    pump = BenchPump()
    pump.controller.inputs.sensors = BenchSensors()
    with BenchCable(pump) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


@pytest.fixture
def bench(tmp_path):
    """An equipment file."""
    path = tmp_path / "bench.toml"
    path.write_text(ALL)
    return path


def test_an_equipment_is_installed_only_when_it_is_confirmed(cable, bench):
    assert "none: no switch, supply or force is watched" in titrate("status").out
    assert titrate("status", "--json").json["equipment"] == "none"
    assert titrate("equipment", "show", "--json").json["equipment"] == "none"
    reviewed = titrate("equipment", "install", bench, "--json")
    assert (reviewed.status, reviewed.json["outcome"]) == (0, "reviewed")
    assert {"setting": "low supply", "old": "none", "new": "11000 mV"} in reviewed.json["changes"]
    assert titrate("status", "--json").json["equipment"] == "none"
    digest = reviewed.json["equipment_digest"]
    other = titrate("equipment", "install", bench, "--digest", "0" * 16, "--json")
    assert (other.status, other.json["code"]) == (3, "other_digest")
    refused = titrate("equipment", "install", bench, typed="n\n")
    assert refused.out == "not installed: nothing has changed\n"
    done = titrate("equipment", "install", bench, "--digest", digest)
    assert (done.status, done.out) == (0, f"in use: Bench 3 ({digest})\n")
    found = titrate("status", "--json").json
    assert (found["equipment"], found["equipment_digest"]) == ("Bench 3", digest)
    assert "Bench 3" in titrate("status").out
    again = titrate("equipment", "install", bench, "--yes")
    assert again.out == "this equipment is in use already\n"
    (record,) = logged(cable.end.pump, "equipment_confirmed")
    assert (record["equipment"], record["digest"]) == ("Bench 3", digest)
    assert cable.controller.inputs.text() == TEXT


def test_it_is_shown_as_the_pump_has_it_or_from_a_file(cable, bench):
    titrate("equipment", "install", bench, "--yes")
    shown = titrate("equipment", "show")
    assert shown.out == titrate("equipment", "show", bench).out
    assert "11000 mV" in shown.out
    settings = titrate("equipment", "show", "--json").json["settings"]
    assert (settings["limit_home"], settings["limit_end"]) == (False, True)
    assert (settings["force"], settings["force_load_mn"]) == ("hx711", 9810)


def test_quiet_signals_are_reviewed_confirmed_shown_and_taken_back(cable, bench):
    assert titrate("equipment", "show", bench, "--json").json["settings"]["signals"] == "full"
    assert titrate("alarms", "--json").json["signals"] == "full"
    titrate("equipment", "install", bench, "--yes")
    bench.write_text('signals = "quiet"\n' + ALL)
    reviewed = titrate("equipment", "install", bench, "--json").json
    change = {"setting": "light and sound of alarms", "old": "full", "new": "quiet"}
    assert reviewed["changes"] == [change]
    assert titrate("alarms", "--json").json["signals"] == "full"
    assert titrate("alarms").out == "none\n"
    titrate("equipment", "install", bench, "--digest", reviewed["equipment_digest"])
    assert titrate("equipment", "show", "--json").json["settings"]["signals"] == "quiet"
    (row,) = [row for row in titrate("equipment", "show").out.splitlines() if "sound" in row]
    assert row.split() == ["light", "and", "sound", "of", "alarms", "quiet"]
    assert titrate("alarms", "--json").json["signals"] == "quiet"
    # annunciation.py: 3 s every 10 min, and 1 s every hour.
    told = " ".join(titrate("alarms").out.split())
    assert "signals are quiet" in told
    assert "every 10 min if its priority is high, every 60 min if not" in told
    bench.write_text(ALL)
    titrate("equipment", "install", bench, "--yes")
    assert titrate("alarms", "--json").json["signals"] == "full"


def test_a_wrong_file_is_told_with_its_lines_and_the_pump_is_not_asked(cable, bench):
    bench.write_text(ALL.replace('"11 V"', '"11"'))
    wrong = titrate("equipment", "install", bench, "--yes", "--json")
    assert (wrong.status, wrong.json["code"]) == (2, "wrong_equipment")
    assert wrong.json["problems"][0]["line"] == 8
    missing = titrate("equipment", "show", bench.with_name("none.toml"), "--json")
    assert (missing.status, missing.json["code"]) == (2, "no_file")
    assert cable.controller.proposal is None


def test_what_the_board_has_no_pin_for_is_refused_by_the_pump(cable, bench):
    cable.controller.inputs.sensors.lacking = ["force hx711"]
    refused = titrate("equipment", "install", bench, "--yes", "--json")
    assert (refused.status, refused.json["code"]) == (3, "not_now")
    assert "force hx711" in refused.json["sentence"]
    assert titrate("status", "--json").json["equipment"] == "none"


def test_what_every_input_reads_is_shown_fitted_or_not(cable, bench):
    sensors = cable.controller.inputs.sensors
    sensors.home = True
    found = titrate("equipment", "read", "--json").json
    assert found["equipment"] == "none"
    assert {"input": "limit_home", "fitted": False, "reading": "reached", "unit": ""} in (
        found["readings"]
    )
    titrate("equipment", "install", bench, "--yes")
    sensors.mv, sensors.counts = 11800, 8453500
    readings = {
        each["input"]: each for each in titrate("equipment", "read", "--json").json["readings"]
    }
    assert readings["supply"] == {
        "input": "supply",
        "fitted": True,
        "reading": 11800,
        "unit": "mV",
    }
    # Half of the way from 8,400,000 to 8,507,000, which is 9.81 N.
    assert readings["force"]["reading"] == 4905
    assert not readings["syringe_switch"]["fitted"]
    shown = titrate("equipment", "read").out
    assert "4905 mN" in shown
    assert "not watched" in shown
    sensors.counts = NOT_YET
    assert "no reading" in titrate("equipment", "read").out
