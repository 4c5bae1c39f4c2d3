"""The modes as a user asks for them: the examples on a pump on the bench, by the command line."""

from fractions import Fraction
from pathlib import Path

import pytest
from bench_cable import BenchCable
from test_cli import titrate

from bench_pump import BenchPump
from pump.core.quantity import parse_instant_s
from titrate.cli.main import main as command_line
from titrate.profile import load_profile

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"


@pytest.fixture
def cable(monkeypatch):
    """A pump without a programme or a library, on the port that TITRATE_PORT names."""
    with BenchCable(BenchPump()) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def programme(name: str | Path, *words: str):
    """Put an example or another profile in force; what `titrate program --json` says."""
    path = EXAMPLES / f"{name}.toml" if isinstance(name, str) else name
    ran = titrate("program", path, "--yes", "--json", *words)
    assert ran.status == 0, ran.out
    return ran.json


def running(name: str | Path, fill: str = "10 mL"):
    """Put an example in force, fill and start."""
    programme(name)
    assert titrate("refill", fill).status == 0
    assert titrate("start", "--json").json["state"] == "running"


def status() -> dict:
    return titrate("status", "--json").json


def test_a_programme_follows_at_a_time_and_is_cancelled(cable):
    titrate("clock", "--at", "2026-11-23T05:00:00")
    running("continuous-300mcg-day")
    before = status()["programme_digest"]
    found = programme("weekday-weekend", "--at", "2026-11-24T06:00")
    assert found["changed"] is False
    assert found["following_s"] == parse_instant_s("2026-11-24T06:00")
    assert "another programme from 2026-11-24 06:00:00 on" in titrate("status").out
    assert status()["programme_digest"] == before
    assert titrate("program", "--cancel", "--json").json["state"] == "running"
    assert status()["following_s"] is None
    again = titrate("program", "--cancel", "--json")
    assert (again.status, again.json["code"]) == (3, "not_now")


def test_at_its_time_the_programme_that_follows_is_in_force_and_can_be_reverted(cable):
    titrate("clock", "--at", "2026-11-23T05:59:00")
    running("continuous-300mcg-day")
    before = status()["programme_digest"]
    shown = titrate(
        "program", EXAMPLES / "weekday-weekend.toml", "--yes", "--at", "2026-11-23T06:00:30"
    ).out
    assert shown.startswith("from 2026-11-23 06:00:30 on: Weekday and weekend (")
    cable.run_s(100)
    follows = load_profile(EXAMPLES / "weekday-weekend.toml").digest
    assert status()["programme_digest"] == follows
    reviewed = titrate("revert", "--json").json
    assert (reviewed["outcome"], reviewed["programme_digest"]) == ("reviewed", before)
    assert {"setting": "name", "old": "Weekday and weekend", "new": "Continuous 300 mcg/day"} in (
        reviewed["changes"]
    )
    assert status()["programme_digest"] == follows
    asked = titrate("revert", typed="y\n")
    assert "in force: Continuous 300 mcg/day" in asked.out
    assert "Put this programme in force again?" in asked.err
    assert status()["programme_digest"] == before


def test_a_pump_without_a_programme_of_before_has_nothing_to_revert_to(cable):
    programme("night-step")
    ran = titrate("revert", "--json")
    assert (ran.status, ran.json["code"]) == (3, "not_now")
    assert "send it again" in ran.json["sentence"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("program",), "usage"),
        (("program", "--cancel", "x.toml"), "usage"),
        (("program", "--cancel", "--yes"), "usage"),
        (("program", EXAMPLES / "night-step.toml", "--at", "06:00"), "bad_text"),
        (("program", EXAMPLES / "night-step.toml", "--at", "2026-02-30T06:00"), "bad_text"),
        (("purge", "--rate", "1"), "bad_text"),
        (("prime", "10 uL", "--rate", "1 mL"), "bad_text"),
    ],
)
def test_what_cannot_be_understood_is_not_asked_of_the_pump(words, code, cable):
    ran = titrate(*words, "--json")
    assert (ran.status, ran.json["code"]) == (2, code)


def test_a_time_that_has_passed_or_a_clock_that_is_unknown_is_refused(cable):
    programme("continuous-300mcg-day")
    cable.controller.pump_clock.is_known = False
    words = ("program", EXAMPLES / "weekday-weekend.toml", "--yes", "--json", "--at")
    unknown = titrate(*words, "2026-11-23T06:00")
    assert (unknown.status, unknown.json["code"]) == (3, "not_now")
    assert "set it before" in unknown.json["sentence"]
    titrate("clock", "--at", "2026-11-23T06:00:00")
    passed = titrate(*words, "2026-11-23T05:00")
    assert (passed.status, passed.json["code"]) == (3, "out_of_range")


def test_a_demand_bolus_is_given_and_locked_out(cable):
    running("demand-bolus")
    assert "demand bolus  ready" in titrate("status").out
    assert titrate("demand", "--json").json["state"] == "running"
    cable.run_s(60)
    again = titrate("demand", "--json")
    assert (again.status, again.json["code"]) == (3, "lockout")
    assert "the lockout is 30 min, and at most 4 may begin in 6 h" in again.json["sentence"]
    found = status()
    assert found["demand_in_s"] in (1740, 1741, 1742)
    assert "locked out for 29 min" in titrate("status").out
    # 0.2 mL over 5 min: 4/5 of it are left after a minute, and up to 2.2 s of its start.
    assert 0 <= Fraction(found["bolus_remaining_nl"]) - 160_000 <= 1467


def test_without_a_demand_bolus_in_the_programme_there_is_none(cable):
    running("night-step")
    ran = titrate("demand", "--json")
    assert (ran.status, ran.json["code"]) == (3, "not_now")
    assert "demand bolus" not in titrate("status").out


def test_what_is_left_of_a_bridge_is_shown_and_boluses_wait_for_it(cable):
    running("bridge-500-to-2000")
    cable.run_s(720)
    # 250 uL less 25 uL/h for a fifth of an hour, and 350 ms of its start: 2.43 nL.
    assert 0 <= Fraction(status()["bridge_left_nl"]) - 245_000 <= 3
    assert "of the old drug left" in titrate("status").out
    ran = titrate("bolus", "10 mcg", "--over", "10 min", "--json")
    assert (ran.status, ran.json["code"]) == (3, "not_now")


def test_what_is_left_of_a_volume_to_be_infused_is_shown_and_kvo_follows(cable, tmp_path):
    text = (EXAMPLES / "vtbi-kvo.toml").read_text()
    short = tmp_path / "short.toml"
    short.write_text(
        text.replace('volume = "5 mL"', 'volume = "0.1 mL"').replace("30 min", "1 min")
    )
    running(short)
    cable.run_s(180)
    # Half of 0.1 mL at 1 mL/h, 350 ms of its start, 97 nL, and what is not stepped yet.
    assert 0 <= Fraction(status()["vtbi_left_nl"]) - 50_000 <= 97 + 104
    assert "to be infused" in titrate("status").out
    cable.run_s(190)
    found = status()
    assert (found["state"], found["rate_nl_per_h"]) == ("kvo", "50000")
    assert "vtbi_reached" in [alarm["code"] for alarm in found["alarms"]]
    assert titrate("status").out.startswith("state          kvo")


def test_a_purge_empties_down_to_the_reserve(cable):
    programme("vtbi-kvo")
    titrate("refill", "0.51 mL")
    assert titrate("purge", "--rate", "0.1 mL/min", "--json").json["state"] == "priming"
    cable.run_s(30)
    found = status()
    # Two microsteps of 103.2 nL: what does not make a whole one, and the one in work.
    assert 500_000 <= Fraction(found["reservoir_nl"]) < 500_207
    assert found["delivered_nl"] == "0"


def test_a_prime_takes_its_rate(cable):
    programme("vtbi-kvo")
    titrate("refill", "9 mL")
    assert titrate("prime", "0.1 mL", "--rate", "0.1 mL/min", "--json").json["state"] == "priming"
    cable.run_s(20)
    # 0.1 mL/min for 20 s, less 350 ms of its start and the last look: 33.3 uL less 0.6 s.
    assert 32_333 < Fraction(status()["primed_nl"]) < 32_751


# -- stopping ----------------------------------------------------------------------------------


@pytest.mark.rule("B60", "B62")
def test_after_a_power_cut_a_therapy_goes_on_low_until_a_person_starts_it(monkeypatch, tmp_path):
    path = tmp_path / "resume.toml"
    text = (EXAMPLES / "continuous-300mcg-day.toml").read_text()
    path.write_text(text + '\n[resume]\nwithin = "1 h"\n')
    with BenchCable(BenchPump()) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        titrate("clock", "--at", "2026-11-23T05:00:00")
        running(path)
        assert titrate("status", "--json").json["rate_nl_per_h"] == "25000"
        cable.run_s(5)
        cut_off = cable.end.pump.after_power_cut()
    with BenchCable(cut_off) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        cable.run_s(5)
        # 12 of 300 mcg/day: 1 uL/h instead of 25.
        found = status()
        assert (found["state"], found["rate_nl_per_h"]) == ("minimum", "1000")
        assert "long_interruption" in [each["code"] for each in found["alarms"]]
        # Two hours: longer than the programme says, and it stays low.
        titrate("clock", "--at", "2026-11-23T07:00:00")
        assert status()["state"] == "minimum"
        assert titrate("start").status == 0
        found = status()
        assert (found["state"], found["rate_nl_per_h"]) == ("running", "25000")


@pytest.mark.rule("B68")
def test_a_stop_of_a_therapy_tells_the_gradual_way_and_enter_stops(cable):
    running("night-step")
    kept = titrate("stop", typed="n\n")
    assert kept.out == "not stopped: delivery goes on\n"
    assert "titrate plan taper" in kept.err
    assert "[taper]" in kept.err
    assert "may kill" in kept.err
    assert status()["state"] == "running"
    assert titrate("stop", typed="\n").out == "stopped\n"
    assert status()["state"] == "stopped"


@pytest.mark.parametrize("words", [("--yes",), ("--json",), ()])
def test_a_stop_is_never_held_up_where_nobody_can_be_asked(words, cable):
    running("night-step")
    assert titrate("stop", *words).status == 0
    assert status()["state"] == "stopped"


def test_a_stop_of_what_is_no_drug_or_at_rest_asks_nothing(cable):
    running("vtbi-kvo")
    ran = titrate("stop", typed="n\n")
    assert (ran.out, ran.err) == ("stopped\n", "")
    again = titrate("stop", "--json").json
    assert (again["state"], again["advice"]) == ("stopped", None)


def test_an_interrupt_at_the_question_leaves_delivery_as_it_was(cable, monkeypatch):
    def interrupted(prompt: str) -> str:
        raise KeyboardInterrupt

    running("night-step")
    # By a real Ctrl-C the test would hang now and then: Python does not notice one that comes
    # between the question and the read that waits for its answer.
    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    assert command_line(["stop"]) == 130
    assert status()["state"] == "running"
