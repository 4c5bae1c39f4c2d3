"""`titrate library` and `titrate program` as a user runs them, a pump on the bench at the cable."""

from pathlib import Path

import pytest
from bench_cable import BenchCable
from programmes import PLAIN
from test_cli import titrate

from bench_case import logged
from bench_pump import BenchPump
from pump.core.programme import replace, with_basal
from titrate.library import load_library, standard_path
from titrate.profile import profile_to_text


@pytest.fixture
def cable(monkeypatch):
    """A pump without a programme or a library."""
    with BenchCable(BenchPump()) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def profile(folder: Path, mcg_per_day: int, name: str = "a.toml") -> Path:
    """A profile for an adult, spinal origin: 1 mcg/day at 500 mcg/mL is 250/3 nL/h."""
    path = folder / name
    flat = with_basal(PLAIN, (mcg_per_day // 3 * 250, 1))
    path.write_text(profile_to_text(replace(flat, patient_group="spinal-adult")))
    return path


def test_a_library_is_checked_shown_and_compared_without_a_pump(tmp_path):
    standard = standard_path()
    found = titrate("library", "check", standard, "--json").json
    assert (found["name"], found["version"]) == ("Titrate", "1.0")
    assert found["drugs"] == ["baclofen", "ziconotide", "generic"]
    shown = titrate("library", "show", "--drug", "baclofen", COLUMNS="200").out
    assert "2003 mcg/day" in shown
    assert "ziconotide" not in shown
    # What was only seen is labelled so, and never as a maximum of a label.
    row = next(line for line in shown.splitlines() if "2003 mcg/day" in line)
    assert "observed" in row
    assert "label" not in row.replace("not a label maximum", "")
    (drug,) = titrate("library", "show", "--drug", "baclofen", "--json").json["drugs"]
    assert drug["limits"][0] == {
        "limit": "daily_dose",
        "title": "daily dose, at most, for spinal-adult, spinal-child",
        "value": "2003 mcg/day",
        "kind": "hard",
        "basis": "observed",
        "source": "B20",
    }
    mine = tmp_path / "mine.toml"
    mine.write_text(standard.read_text().replace('"800 mcg/day"', '"700 mcg/day"'))
    (change,) = titrate("library", "diff", standard, mine, "--json").json["changes"]
    assert "800 mcg/day" in change["old"]
    assert "700 mcg/day" in change["new"]
    mine.write_text(standard.read_text().replace('version = "1.0"', 'version = "1.1"', 1))
    wrong = titrate("library", "check", mine, "--json")
    assert (wrong.status, wrong.json["code"]) == (2, "wrong_library")
    assert wrong.json["problems"][0]["line"] == 15


def test_a_library_is_installed_only_when_it_is_confirmed(cable):
    assert "no library" in titrate("status").out
    assert titrate("library", "show", "--pump").out == "the pump has no drug library\n"
    reviewed = titrate("library", "install", "--json")
    assert (reviewed.status, reviewed.json["outcome"]) == (0, "reviewed")
    assert titrate("status", "--json").json["library"] == "none"
    digest = reviewed.json["library_digest"]
    other = titrate("library", "install", "--digest", "0" * 16, "--json")
    assert (other.status, other.json["code"]) == (3, "other_digest")
    assert titrate("library", "install", "--digest", digest).status == 0
    found = titrate("status", "--json").json
    assert (found["library"], found["library_digest"]) == ("Titrate 1.0", digest)
    assert digest == load_library().digest
    assert "Titrate 1.0" in titrate("status").out
    again = titrate("library", "install", "--yes")
    assert again.out == "this library is in use already\n"
    assert "19.2 mcg/day" in titrate("library", "show", "--pump").out


def test_a_hard_limit_is_refused_by_the_host_and_by_the_pump(cable, tmp_path):
    too_much = profile(tmp_path, 2100)
    host = titrate("program", too_much, "--yes", "--json")
    assert (host.status, host.json["code"]) == (2, "hard_limit")
    assert "2003 mcg/day" in host.json["sentence"]
    assert "B20" in host.json["sentence"]
    assert titrate("check", too_much).status == 2
    assert titrate("check", too_much, "--library", "none").status == 0
    assert titrate("library", "install", "--yes").status == 0
    pump = titrate("program", too_much, "--yes", "--library", "none", "--reason", "why", "--json")
    assert (pump.status, pump.json["code"]) == (3, "hard_limit")
    assert "B20, observed range, not a label maximum" in pump.json["sentence"]
    assert cable.controller.prescription is None


def test_a_soft_limit_asks_for_a_reason_which_the_pump_logs(cable, tmp_path):
    titrate("library", "install", "--yes")
    high = profile(tmp_path, 900)
    reviewed = titrate("program", high, "--json").json
    assert {each["limit"] for each in reviewed["soft_limits"]} == {"daily_dose", "first_daily_dose"}
    silent = titrate("program", high, "--yes", "--json")
    assert (silent.status, silent.json["code"]) == (3, "reason_needed")
    assert cable.controller.prescription is None
    typed = titrate("program", high, typed="y\nlong on this dose\n")
    assert typed.status == 0, typed.err
    assert "soft limit" in typed.err
    rows = logged(cable.end.pump, "limit_overridden")
    assert {row["reason"] for row in rows} == {"long on this dose"}
    assert "long on this dose" in titrate("log").out


def test_rate_and_bolus_take_a_reason(cable, tmp_path):
    titrate("library", "install", "--yes")
    assert titrate("program", profile(tmp_path, 150), "--yes").status == 0
    titrate("refill", "9 mL")
    assert titrate("start").status == 0
    refused = titrate("rate", "240 mcg/day", "--json")
    assert (refused.status, refused.json["code"]) == (3, "reason_needed")
    assert titrate("rate", "240 mcg/day", "--reason", "no response at 150").status == 0
    refused = titrate("bolus", "60 mcg", "--over", "30 s", "--json")
    assert (refused.status, refused.json["code"]) == (3, "hard_limit")


def test_other_libraries_on_host_and_pump_are_named(cable, tmp_path):
    low = profile(tmp_path, 150)
    assert "the pump has no drug library" in titrate("program", low).err
    mine = tmp_path / "mine.toml"
    mine.write_text(standard_path().read_text().replace('"800 mcg/day"', '"700 mcg/day"'))
    titrate("library", "install", mine, "--yes")
    said = titrate("program", low).err
    assert "the pump judges by Titrate 1.0" in said
    assert "this host by Titrate 1.0" in said
    assert "judges by" not in titrate("program", low, TITRATE_LIBRARY=str(mine)).err
