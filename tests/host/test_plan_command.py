"""`titrate plan` as a user runs it: the keys that others build on, and every wrong input."""

import json

import pytest

from titrate.cli.commands.plan import plan as plan_command
from titrate.cli.main import main


def run(capsys, *words: str) -> tuple[int, str, str]:
    status = main(["plan", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def values(capsys, *words: str) -> dict:
    status, out, _ = run(capsys, *words, "--json")
    assert (status, out.count("\n")) == (0, 1), out
    return json.loads(out)


# The example invocations and keys are an interface; the figures are worked out by hand.
START = ("start", "--test-dose", "75 mcg", "--response-hours", "6")
TEST_DOSE = ("test-dose", "--previous", "50 mcg", "--hours-since", "24")
TITRATE = ("titrate", "--dose", "300 mcg/day", "--group", "spinal-adult")
TITRATE = (*TITRATE, "--hours-since-change", "30")
REFILL = ("refill", "--fill", "18 mL", "--reserve", "2 mL", "--dose", "300 mcg/day")
REFILL = (*REFILL, "--concentration", "500 mcg/mL")
RESIDUAL = ("residual", "--expected", "3.1 mL", "--measured", "3.6 mL", "--fill", "18 mL")
DILUTE = ("dilute", "--stock", "2000 mcg/mL", "--target", "350 mcg/mL", "--volume", "20 mL")
BRIDGE = ("bridge", "--old", "500 mcg/mL", "--new", "2000 mcg/mL", "--path-volume", "0.25 mL")
BRIDGE = (*BRIDGE, "--dose", "300 mcg/day")
NIGHT = ("night", "--dose", "300 mcg/day", "--increase", "20", "--from", "22:00", "--to", "06:00")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # The response lasted 8 h or less: twice 75.
        (START, {"daily_dose_mcg": 150}),
        # 75 mcg at 50 mcg/mL; 24 h have passed.
        (TEST_DOSE, {"next_dose_mcg": 75, "volume_ml": 1.5, "earliest_h": 0}),
        # 300 x 1.1 and 300 x 1.3; at a refill 1.1 and 1.4.
        (TITRATE, {"min_mcg_day": 330, "max_mcg_day": 390, "wait_h": 0}),
        ((*TITRATE, "--at-refill"), {"min_mcg_day": 330, "max_mcg_day": 420, "wait_h": 0}),
        # 300 / 500 = 0.6 mL a day, 25 uL/h: 16 mL last 640 h, 18 mL 720 h.
        (REFILL, {"low_in_h": 640, "empty_in_h": 720}),
        # 14.4 of 14.9 mL.
        (RESIDUAL, {"delivered_ratio": 144 / 149, "flag": False}),
        # 20 x 350 / 2000.
        (DILUTE, {"stock_ml": 3.5, "diluent_ml": 16.5}),
        # 0.6 mL a day of the old is 25 uL/h, 250 uL take 10 h; a quarter of the rate of the new.
        (BRIDGE, {"rate_ul_h": 25, "duration_h": 10, "then_rate_ul_h": 6.25}),
        # 12.5 mcg/h for 14 h and 15 mcg/h for 10 h.
        (NIGHT, {"daily_dose_mcg": 325}),
    ],
)
def test_the_keys_that_others_build_on(words, expected, capsys):
    found = values(capsys, *words)
    assert {key: found[key] for key in expected} == expected


def test_a_history_of_changes_takes_the_place_of_dose_and_hours(capsys):
    words = ("titrate", "--group", "spinal-adult", "--now", "2026-11-22T14:00")
    words = (*words, "--change", "2026-11-20T08:00", "250 mcg/day")
    words = (*words, "--change", "2026-11-21T08:00", "300 mcg/day")
    found = values(capsys, *words)
    assert (found["min_mcg_day"], found["max_mcg_day"], found["wait_h"]) == (330, 390, 0)
    assert "250 mcg/day from 2026-11-20T08:00" in found["inputs"]["history"]


def test_the_steps_of_a_night_are_a_list_of_at_and_mcg_h(capsys):
    assert values(capsys, *NIGHT)["steps"] == [
        {"at": "00:00", "mcg_h": 15},
        {"at": "06:00", "mcg_h": 12.5},
        {"at": "20:00", "mcg_h": 15},
    ]


def test_after_the_last_test_dose_there_is_none(capsys):
    found = values(capsys, "test-dose", "--previous", "100 mcg", "--hours-since", "24")
    assert (found["next_dose_mcg"], found["volume_ml"], found["earliest_h"]) == (None, None, None)
    assert found["is_candidate"] is False


def test_what_is_no_whole_number_is_there_exactly_too(capsys):
    assert values(capsys, *RESIDUAL)["exact"]["delivered_ratio"] == "144/149"
    steps = values(capsys, *without(NIGHT, "--dose", "--dose", "310 mcg/day"))["exact"]["steps"]
    # 310 / 24, and a fifth more.
    assert steps == [{"mcg_h": "31/2"}, {"mcg_h": "155/12"}, {"mcg_h": "31/2"}]


def test_a_calculation_tells_formula_inputs_rules_and_warnings(capsys):
    found = values(capsys, *START)
    assert found["formula"].startswith("daily dose = 2 x test dose")
    assert found["inputs"] == {"test_dose_mcg": 75, "response_h": 6}
    assert [rule["number"] for rule in found["rules"]] == ["B10", "B12"]
    assert found["warnings"] == []
    _, out, err = run(capsys, *START)
    assert err == ""
    shown = " ".join(out.split())
    for part in ("150 mcg", "daily dose = 2 x", "test dose 75 mcg", "B10", "twice the test dose"):
        assert part in shown


def test_every_calculation_has_a_command_and_json():
    commands = plan_command.commands
    assert len(commands) >= 13
    for name, command in commands.items():
        assert "as_json" in [parameter.name for parameter in command.params], name


def without(words: tuple[str, ...], option: str, *instead: str) -> tuple[str, ...]:
    """A command with one of its options changed."""
    at = words.index(option)
    return (*words[:at], *instead, *words[at + 2 :])


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        # A bare number, a wrong unit, a wrong capital, a negative number: told with what is right.
        (without(START, "--test-dose", "--test-dose", "75"), "bad_text", "bare number"),
        (without(START, "--test-dose", "--test-dose", "75 mL"), "bad_text", "dose is asked for"),
        (without(START, "--test-dose", "--test-dose", "-75 mcg"), "bad_text", "sign"),
        (without(START, "--test-dose", "--test-dose", "75 MCG"), "bad_text", "capitals"),
        (without(START, "--response-hours", "--response-hours", "-6"), "bad_text", "no number"),
        (without(START, "--response-hours", "--response-hours", "six"), "bad_text", "six"),
        (without(START, "--response-hours", "--response-hours", ""), "bad_text", "no number"),
        (without(TITRATE, "--dose", "--dose", "25 uL/h"), "bad_text", "dose rate is asked for"),
        (without(TITRATE, "--dose", "--dose", "300 mcg"), "bad_text", "dose rate is asked for"),
        (without(TITRATE, "--group", "--group", "adult"), "bad_text", "spinal-adult"),
        (without(REFILL, "--fill", "--fill", "18"), "bad_text", "--fill"),
        (without(REFILL, "--concentration", "--concentration", "500 mcg"), "bad_text", "500 mcg"),
        (without(REFILL, "--concentration", "--concentration", "0 mcg/mL"), "bad_text", "above 0"),
        (without(NIGHT, "--from", "--from", "24:00"), "bad_text", "midnight is 00:00"),
        (without(NIGHT, "--increase", "--increase", "-20"), "bad_text", "without a sign"),
        (without(NIGHT, "--increase", "--increase", "20 mcg"), "bad_text", "no number"),
        # Left out.
        (without(START, "--test-dose"), "usage", "--test-dose"),
        (without(TITRATE, "--group"), "usage", "--group"),
        (without(REFILL, "--reserve"), "usage", "--reserve"),
        (without(TEST_DOSE, "--hours-since"), "out_of_range", "hours since"),
        ((*TITRATE, "--now", "2026-11-22T14:00"), "usage", "--change and --now"),
        (("titrate", "--group", "under-12"), "usage", "--hours-since-change"),
        (("rate", "--concentration", "500 mcg/mL"), "usage", "one of --dose and --rate"),
        ((*REFILL, "--profile", "x.toml"), "usage", "--profile"),
        (("refill", "--fill", "9 mL", "--profile", "none.toml"), "no_file", "none.toml"),
        (("prime", "--path-volume", "1 mL", "--tubing", "1 mL"), "usage", "--path-volume"),
        (("start", "--dose", "1 mcg"), "usage", "--dose"),
        (("sart",), "usage", "sart"),
        # Out of range: refused with the limit.
        (without(START, "--test-dose", "--test-dose", "101 mcg"), "out_of_range", "100 mcg"),
        (without(START, "--test-dose", "--test-dose", "0 mcg"), "out_of_range", "above 0"),
        (without(START, "--response-hours", "--response-hours", "0"), "out_of_range", "above 0"),
        (without(TEST_DOSE, "--previous", "--previous", "60 mcg"), "out_of_range", "75 and 100"),
        (without(TITRATE, "--dose", "--dose", "0 mcg/day"), "out_of_range", "above 0"),
        (without(REFILL, "--reserve", "--reserve", "18 mL"), "out_of_range", "a smaller reserve"),
        (without(REFILL, "--dose", "--dose", "0 mcg/day"), "out_of_range", "above 0"),
        ((*REFILL, "--stop-at", "3 mL"), "out_of_range", "2 mL"),
        ((*REFILL, "--stability", "0 days"), "out_of_range", "above 0"),
        ((*REFILL, "--from", "2099-12-20T00:00"), "out_of_range", "2099"),
        (("taper", "--dose", "9 mcg/day", "--from", "2099-12-20T00:00"), "out_of_range", "2099"),
        ((*REFILL, "--bolus", "0 mcg", "2"), "out_of_range", "above 0"),
        (without(RESIDUAL, "--expected", "--expected", "18 mL"), "out_of_range", "last refill"),
        (without(RESIDUAL, "--measured", "--measured", "19 mL"), "out_of_range", "measure again"),
        (without(DILUTE, "--target", "--target", "2001 mcg/mL"), "out_of_range", "stronger stock"),
        (without(DILUTE, "--volume", "--volume", "0 mL"), "out_of_range", "above 0"),
        (without(BRIDGE, "--path-volume", "--path-volume", "0 mL"), "out_of_range", "above 0"),
        (without(NIGHT, "--to", "--to", "22:00"), "out_of_range", "same time"),
        (without(NIGHT, "--to", "--to", "20:00"), "out_of_range", "a day or longer"),
        (without(NIGHT, "--increase", "--increase", "0"), "out_of_range", "above 0"),
        (("prime",), "out_of_range", "tubing and catheter"),
        (("prime", "--path-volume", "1 mL", "--filled", "1 mL"), "out_of_range", "1 mL"),
        (("prime", "--path-volume", "1 mL", "--dose", "1 mcg/day"), "out_of_range", "concentrat"),
        (("taper", "--dose", "300 mcg/day", "--over", "13 days"), "out_of_range", "14 to 28 days"),
        (("taper", "--dose", "9 mcg/day", "--to", "9 mcg/day"), "out_of_range", "only lowers"),
        (("taper", "--dose", "9 mcg/day", "--step", "12 h"), "out_of_range", "48 steps"),
        (("taper", "--dose", "9 mcg/day", "--step", "28 days"), "out_of_range", "2 to 48 steps"),
        (("taper", "--dose", "9 mcg/day", "--over", "28"), "bad_text", "bare number"),
        (("interruption", "--stopped", "9", "--dose", "9 mcg/day"), "bad_text", "bare number"),
    ],
)
def test_wrong_input_is_one_sentence_that_says_what_to_do(words, code, part, capsys):
    status, out, err = run(capsys, *words, "--json")
    found = json.loads(out)
    assert (status, found["outcome"], found["code"]) == (2, "wrong_input", code), found
    assert part in found["sentence"]
    assert err == ""
    status, out, err = run(capsys, *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
