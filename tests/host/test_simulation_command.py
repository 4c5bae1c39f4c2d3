"""`titrate simulate`, as a user runs it."""

import csv
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from titrate.profile import load_profile

EXAMPLES = Path("host_tools/titrate/examples")
NIGHT = EXAMPLES / "night-step.toml"
DEMO = EXAMPLES / "demo-24h.toml"
FROM = ("--from", "2026-11-22T19:59:40")


class Ran(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def simulate(root):
    def run(*words: object) -> Ran:
        done = subprocess.run(
            [Path(sys.executable).with_name("titrate"), "simulate", *map(str, words)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def test_json_has_the_keys_that_others_build_on(simulate):
    ran = simulate(EXAMPLES / "continuous-300mcg-day.toml", "--hours", 12, "--json")
    assert (ran.status, ran.err, ran.out.count("\n")) == (0, "", 1)
    found = json.loads(ran.out)
    # 300 mcg/day at 500 mcg/mL are 25 uL/h.
    assert found["prescribed_nl"] == "300000"
    step_nl = Fraction(found["microstep_nl"])
    assert found["steps"] == 300_000 // step_nl
    assert Fraction(found["delivered_nl"]) == found["steps"] * step_nl
    assert Fraction(found["residual_nl"]) == Fraction(found["fill_nl"]) - (found["steps"] * step_nl)
    (started,) = found["events"]
    assert (started["t_s"], started["code"]) == (0, "started")


def test_events_are_told_with_exact_instants(simulate):
    ran = simulate(DEMO, *FROM, "--hours", "1/30", "--json")
    events = json.loads(ran.out)["events"]
    assert [
        (event["t_s"], event["code"]) for event in events if event["code"] != "low_reservoir"
    ] == [
        (0, "started"),
        (20, "rate_changed"),
        (50, "bolus_started"),
        (50, "rate_changed"),
        (110, "bolus_finished"),
        (110, "rate_changed"),
    ]
    (low,) = [event for event in events if event["code"] == "low_reservoir"]
    profile = load_profile(DEMO)
    step_nl = Fraction(*profile.programme.microstep_nl())
    last_nl = Fraction(12_000) // step_nl * step_nl
    expected_s = 50 + (last_nl - Fraction(3500, 9)) * 3600 / 1_230_000
    assert Fraction(low["exact_t_s"]) == expected_s
    assert low["t_s"] == pytest.approx(float(expected_s), abs=1e-9)


def test_a_bolus_may_come_after_a_time_or_at_an_instant(simulate):
    words = ("--hours", 2, "--json", *FROM)
    after = simulate(NIGHT, *words, "--bolus", "30 min", "25 mcg", "15 min")
    at = simulate(NIGHT, *words, "--bolus", "2026-11-22T20:29:40", "50 uL", "15 min")
    assert json.loads(after.out) == json.loads(at.out)
    plain = json.loads(simulate(NIGHT, *words).out)
    more = Fraction(json.loads(at.out)["prescribed_nl"]) - Fraction(plain["prescribed_nl"])
    assert more == 50_000


def test_a_taper_is_simulated_from_the_day_on_which_it_begins(simulate):
    found = json.loads(simulate(EXAMPLES / "taper-28-days.toml", "--days", 2, "--json").out)
    rates = [Fraction(each["rate_nl_per_h"]) for each in found["events"] if "rate_nl_per_h" in each]
    assert found["from"] == "2026-12-01T00:00:00"
    # 300 mcg/day at 500 mcg/mL are 25 uL/h; every day at 08:00 a 29th of it less.
    assert rates == [25_000, Fraction(25_000 * 28, 29), Fraction(25_000 * 27, 29)]


def test_a_fill_stands_for_that_of_the_profile(simulate):
    found = json.loads(simulate(NIGHT, "--fill", "1 mL", "--days", 2, "--json").out)
    assert found["fill_nl"] == "1000000"
    assert "empty" in [event["code"] for event in found["events"]]


def test_text_tells_the_same_and_leaves_out_what_is_too_much(simulate):
    ran = simulate(NIGHT, "--days", 365)
    assert ran.status == 0
    assert "empty" in ran.out
    assert "349 more" in ran.out
    assert "\x1b" not in ran.out


def test_edges_are_written_like_those_of_the_virtual_pico(simulate, tmp_path):
    path = tmp_path / "edges.csv"
    found = json.loads(simulate(DEMO, *FROM, "--hours", "1/60", "--edges", path, "--json").out)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["t_ns", "dir"]
    assert len(rows) - 1 == found["steps"]
    times = [int(row[0]) for row in rows[1:]]
    assert times == sorted(set(times))
    assert 0 < times[0] < times[-1] < 60 * 10**9


@pytest.mark.parametrize("words", [("--days", 20), ("--hours", "1/30", *FROM)])
def test_a_plot_is_drawn(words, simulate, tmp_path):
    svg, png = tmp_path / "plot.svg", tmp_path / "plot.png"
    assert simulate(DEMO, *words, "--plot", svg).status == 0
    assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert simulate(DEMO, *words, "--plot", png).status == 0
    assert png.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--days", 1, "--hours", 1), "take one of --days and --hours"),
        (("--hours", -3), "-3 hours cannot be simulated: the limit is 1 s to 100 years; choose"),
        (("--days", 36601), "36601 days cannot be simulated: the limit is 1 s to 100 years;"),
        (("--days", "soon"), "'soon' is no number"),
        (("--hours", "1/7"), "no whole number of seconds"),
        (("--days", 0), "1 s to 100 years"),
        (("--days", 99_999), "1 s to 100 years"),
        (("--fill", 3), "has no unit"),
        (("--fill", "2 L"), "unit"),
        (("--bolus", "noon", "25 mcg", "10 min"), "no time of a bolus"),
        (("--bolus", "2 days", "25 mcg", "15 min"), "outside of what is simulated"),
        (("--bolus", "1 h", "1 mg", "15 min"), "above the programme's limit"),
        (("--plot", "rate.gif"), "end it in .svg or .png"),
        (("--edges", "no/such/folder/edges.csv"), "cannot be written"),
        (("--from", "tomorrow"), "tomorrow"),
    ],
)
def test_wrong_input_is_refused_with_a_sentence(words, sentence, simulate):
    ran = simulate(NIGHT, *words)
    assert ran.status == 2
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_demand_boluses_are_asked_for_at_instants_or_after_the_start(simulate):
    path = EXAMPLES / "demand-bolus.toml"
    words = ("--from", "2026-11-23T06:00", "--hours", 2, "--demand", "10 min", "--json")
    ran = simulate(path, *words, "--demand", "2026-11-23T06:20", "--demand", "1 h")
    events = [(event["t_s"], event["code"]) for event in json.loads(ran.out)["events"]]
    assert [each for each in events if "demand" in each[1]] == [
        (600, "demand"),
        (1200, "demand_refused"),
        (3600, "demand"),
    ]
    # 2 h at 0.25 mL/h and two boluses of 0.2 mL.
    assert json.loads(ran.out)["prescribed_nl"] == "900000"
    wrong = simulate(path, "--demand", "noon", "--json")
    assert (wrong.status, json.loads(wrong.out)["code"]) == (2, "bad_text")
    without = simulate(NIGHT, "--demand", "1 h", "--json")
    assert without.status == 2
    assert "add [demand] to its profile" in json.loads(without.out)["sentence"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_simulated_and_drawn(path, simulate, tmp_path):
    ran = simulate(path, "--days", 2, "--plot", tmp_path / "plot.svg", "--json")
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert Fraction(found["delivered_nl"]) == found["steps"] * Fraction(found["microstep_nl"])
    # matplotlib keeps what it draws as outlines in a comment.
    drawn = (tmp_path / "plot.svg").read_text()
    for event in found["events"]:
        if event["code"] in ("vtbi_near", "vtbi_reached", "bridge_finished"):
            assert event["code"].replace("_", " ") in drawn
    # While a bridge is delivered the line holds another strength: a scale of doses would not hold.
    programme = load_profile(path).programme
    has_scale = programme.concentration_mcg_per_ml is not None and programme.bridge is None
    assert ("<!-- mcg/day -->" in drawn) is has_scale
