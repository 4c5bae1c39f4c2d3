"""`titrate simulate` judged by the drug library, against `titrate check` and a pump."""

import json

import pytest
from bench_cable import BenchCable
from programmes import PLAIN
from test_cli import titrate

from bench_pump import BenchPump
from pump.core.modes import Demand
from pump.core.programme import replace, with_basal
from titrate.library import standard_path
from titrate.profile import profile_to_text


def profile(folder, mcg_per_day, **changes):
    """A profile at 500 mcg/mL for an adult, spinal origin, whose hard limit is 2003 mcg/day."""
    flat = with_basal(PLAIN, (mcg_per_day * 250, 3))
    path = folder / f"{mcg_per_day}.toml"
    path.write_text(profile_to_text(replace(flat, patient_group="spinal-adult", **changes)))
    return path


def test_a_hard_limit_ends_a_simulation_as_it_ends_a_check(tmp_path):
    path = profile(tmp_path, 2100)
    checked = titrate("check", path, "--json")
    simulated = titrate("simulate", path, "--json")
    assert (simulated.status, simulated.json) == (checked.status, checked.json)
    assert (simulated.status, simulated.json["code"]) == (2, "hard_limit")
    assert "2003 mcg/day" in simulated.json["sentence"]
    free = titrate("simulate", path, "--library", "none", "--json")
    assert (free.status, free.json["library"], free.json["soft_limits"]) == (0, "none", [])
    named = titrate("simulate", path, "--json", TITRATE_LIBRARY="none")
    assert named.json["library"] == "none"


def test_soft_limits_are_told_as_a_check_tells_them(tmp_path):
    path = profile(tmp_path, 900)
    checked = titrate("check", path, "--json").json["soft_limits"]
    simulated = titrate("simulate", path, "--json").json
    assert simulated["library"] == "Titrate 1.0"
    assert [(0, each["limit"], each["sentence"]) for each in checked] == [
        (each["t_s"], each["limit"], each["sentence"]) for each in simulated["soft_limits"]
    ]
    assert [each["limit"] for each in checked] == ["daily_dose"]
    assert "soft limit" in titrate("simulate", path).out


def test_another_library_judges_by_its_own_limits(tmp_path):
    path = profile(tmp_path, 1050)
    assert titrate("simulate", path).status == 0
    mine = tmp_path / "mine.toml"
    mine.write_text(standard_path().read_text().replace('"2003 mcg/day"', '"1001 mcg/day"'))
    refused = titrate("simulate", path, "--library", mine, "--json")
    assert (refused.status, refused.json["code"]) == (2, "hard_limit")
    assert "1001 mcg/day" in refused.json["sentence"]
    assert str(mine) in refused.json["sentence"]


@pytest.fixture
def cable(monkeypatch):
    with BenchCable(BenchPump()) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def test_boluses_are_refused_and_warned_of_as_the_pump_does(cable, tmp_path):
    # With two boluses of 35 mcg a day comes to 2020 mcg.
    demand = Demand((70_000, 1), 600, 3600, 86_400, 8)
    path = profile(tmp_path, 1950, demand=demand, max_bolus_nl=(300_000, 1))
    assert titrate("library", "install", "--yes").status == 0
    assert titrate("program", path, "--yes", "--reason", "bench").status == 0
    assert titrate("refill", "9 mL").status == 0
    assert titrate("start").status == 0
    first = ("35 mcg", "10 min")
    silent = titrate("bolus", first[0], "--over", first[1], "--json")
    assert (silent.status, silent.json["code"]) == (3, "reason_needed")
    assert titrate("bolus", first[0], "--over", first[1], "--reason", "bench").status == 0
    second = titrate("bolus", *("35 mcg", "--over", "10 min"), "--reason", "bench", "--json")
    pressed = titrate("demand", "--json")
    assert (second.status, second.json["code"]) == (3, "hard_limit")
    assert (pressed.status, pressed.json["code"]) == (3, "hard_limit")

    words = ("simulate", path, "--hours", 30, "--json", "--bolus", "1 h", *first)
    # A day after the end of the first there is room for another.
    found = titrate(*words, "--demand", "2 h", "--demand", "26 h").json
    told = [each for each in found["events"] if each["code"].startswith("demand")]
    assert [(each["t_s"], each["code"]) for each in told] == [
        (7200, "demand_refused"),
        (26 * 3600, "demand"),
    ]
    assert told[0]["sentence"] == pressed.json["sentence"]
    warned = [each["sentence"] for each in found["soft_limits"] if each["t_s"] == 3600]
    assert warned
    assert all(sentence in silent.json["sentence"] for sentence in warned)
    wrong = titrate(*words, "--bolus", "90 min", *first)
    assert wrong.status == 2
    assert json.loads(wrong.out)["code"] == "hard_limit"
    assert second.json["sentence"] in json.loads(wrong.out)["sentence"]
