"""titrate.plan.trend: logs in, suspicion out."""

import json
from fractions import Fraction

import pytest
from bench_cable import BenchCable

from pump.core.errors import BadText, OutOfRange
from test_link_server import Bench
from titrate import plan
from titrate.cli.main import main
from titrate.log_export import LogEdited, csv_lines, json_lines

COLUMNS = ("sequence", "at_s", "code", "detail")
# 2026-01-01T08:00 in pump time: 26 years with 7 leap days.
START_S = (26 * 365 + 7) * 86_400 + 8 * 3600
DAYS = 30


def log_of(*used_ml: str, primed: dict[int, int] | None = None) -> list[dict]:
    """A log with a refill to 18 mL, and one more every 30 days after so much was used."""
    entries = []

    def add(day: int, code: str, detail: str) -> None:
        at_s = START_S + day * 86_400
        entries.append(
            {"sequence": 10 + len(entries), "at_s": at_s, "code": code, "detail": detail}
        )

    add(0, "boot", "reset_cause=power on firmware=0.1.0")
    add(0, "refill", "request_id=00000001 volume_nl=18000000 expected_residual_nl=0")
    for number, used in enumerate(used_ml):
        if primed and number in primed:
            add(number * DAYS, "prime", f"request_id=00000003 volume_nl={primed[number]}")
        add(number * DAYS + 1, "rate_changed", "rate_nl_per_h=1375/3")
        left_nl = 18_000_000 - Fraction(used) * 10**6
        add(
            (number + 1) * DAYS,
            "refill",
            f"request_id=00000002 volume_nl=18000000 expected_residual_nl={left_nl}",
        )
    return entries


def read(entries) -> list[plan.Entry]:
    return plan.read_log("\n".join(json.dumps(entry) for entry in entries))


def trend(*used_ml: str, ratios: tuple[str, ...] = (), **options) -> plan.Trend:
    """The trend of such a log; ratios are what was delivered of what was used, at each refill."""
    entries = read(log_of(*used_ml))
    refills = [entry.sequence for entry in entries if entry.code == "refill"][1:]
    measured = {
        number: 18 - Fraction(used) * Fraction(ratio)
        for number, used, ratio in zip(refills, used_ml, ratios, strict=False)
    }
    return plan.trend(entries, measured, **options)


def test_the_requirement_is_what_was_used_a_day():
    found = trend("9", "9.9", concentration_mcg_ml=500)
    assert [step["requirement_ml_day"] for step in found.periods] == [
        Fraction(3, 10),
        Fraction(33, 100),
    ]
    assert [step["change_percent"] for step in found.periods] == [None, 10]
    assert found.periods[0]["requirement_mcg_day"] == 150
    assert found.periods[1]["until"] == "2026-03-02"


def test_what_was_primed_is_no_requirement():
    found = plan.trend(read(log_of("9", "9", primed={0: 300_000})))
    used = [step["requirement_ml_day"] for step in found.periods]
    assert used == [Fraction(87, 300), Fraction(9, 30)]


@pytest.mark.rule("B27")
def test_gradual_rises_raise_no_suspicion():
    found = trend("9", "9.5", "10.4", "10.4", "11.4", ratios=("1", "0.98", "1.01", "0.97", "1"))
    assert found.suspicion is False
    assert found.findings == ()


@pytest.mark.rule("B19", "B15")
@pytest.mark.parametrize(("after", "suspicion"), [("8.4", False), ("8.41", True), ("15", True)])
def test_a_rise_of_more_than_40_percent_is_sudden(after, suspicion):
    found = trend("6", "6", after)
    assert found.suspicion is suspicion
    assert all("B19" in finding and "B15" in finding for finding in found.findings)


@pytest.mark.rule("B19")
def test_with_a_cerebral_origin_20_percent_is_sudden():
    assert trend("6", "7.3").suspicion is False
    assert trend("6", "7.3", group="cerebral-adult").suspicion is True


@pytest.mark.rule("B66")
def test_three_rises_running_suggest_a_mass_at_the_tip():
    assert trend("6", "6.6", "7.3").suspicion is False
    found = trend("6", "6.6", "7.3", "8.1")
    assert found.suspicion is True
    assert "B66" in found.findings[0]
    assert trend("6", "6.6", "6.6", "7.3", "8.1").suspicion is False


@pytest.mark.rule("B15")
@pytest.mark.parametrize(
    ("ratios", "part"),
    [
        (("1", "0.84"), "outside of 0.85 to 1.15"),
        (("1.16", "1"), "outside of 0.85 to 1.15"),
        (("1", "0.97", "0.95"), "drifted by -5 percent points"),
        (("0.9", "0.93", "0.96"), "drifted by 6 percent points"),
    ],
)
def test_a_ratio_that_is_off_or_drifts_is_suspicious(ratios, part):
    found = trend("9", "9", "9", ratios=ratios)
    assert found.suspicion is True
    assert part in found.findings[0]


@pytest.mark.parametrize("ratios", [("1", "0.97", "0.96"), ("1", "0.9", "0.95"), ("0.85", "1.15")])
def test_a_ratio_that_wavers_is_not(ratios):
    assert trend("9", "9", "9", ratios=ratios).suspicion is False


@pytest.mark.parametrize("form", ["json", "plain lines", "sealed lines", "sealed csv"])
def test_each_form_of_an_exported_log_reads_the_same(form):
    entries = log_of("9", "13")
    text = {
        "json": json.dumps({"outcome": "done", "entries": entries}),
        "plain lines": "\n".join(json.dumps(entry) for entry in entries) + "\n",
        "sealed lines": "\n".join(json_lines(entries)) + "\n",
        "sealed csv": "\n".join(csv_lines(entries, COLUMNS)) + "\n",
    }[form]
    assert plan.read_log(text) == read(entries)
    assert plan.trend(plan.read_log(text)).suspicion is True


@pytest.mark.parametrize("form", ["lines", "csv"])
def test_a_sealed_log_that_was_edited_is_refused(form):
    entries = log_of("9", "13")
    lines = list(json_lines(entries) if form == "lines" else csv_lines(entries, COLUMNS))
    text = "\n".join(lines)
    assert "18000000" in text
    with pytest.raises(LogEdited):
        plan.read_log(text.replace("18000000", "17000000", 1))
    with pytest.raises(LogEdited):
        plan.read_log("\n".join([*lines[:2], *lines[3:]]))


@pytest.mark.parametrize("text", ["", "hello", "{}", "[1]", '{"entries": 3}', "a,b\n1,2\n", "7"])
def test_what_is_no_log_is_refused(text):
    with pytest.raises(BadText, match="no exported log"):
        plan.read_log(text)


def test_an_entry_without_its_volume_is_refused():
    entries = log_of("9")
    entries[1]["detail"] = "request_id=00000001"
    with pytest.raises(BadText, match="entry 11"):
        plan.trend(read(entries))


def test_a_refill_without_a_time_is_left_out_and_told():
    entries = log_of("9", "9", "9")
    refills = [entry for entry in entries if entry["code"] == "refill"]
    refills[1]["at_s"] = None
    found = plan.trend(read(entries))
    assert len(found.periods) == 1
    assert "no time" in found.warnings[0]


def test_a_clock_that_was_moved_is_told():
    entries = log_of("9", "9")
    move = f"old_s={START_S} new_s={START_S + 7200}"
    entries.append({"sequence": 99, "at_s": START_S + 7200, "code": "clock_set", "detail": move})
    assert "by 2 h" in plan.trend(read(entries)).warnings[0]


def test_too_few_refills_and_a_residual_of_none_are_refused():
    with pytest.raises(OutOfRange, match="fewer than two refills"):
        trend()
    with pytest.raises(OutOfRange, match="entry 3 is no refill"):
        plan.trend(read(log_of("9")), {3: 1})
    with pytest.raises(OutOfRange, match="fewer than two refills"):
        trend("9", "9", from_s=START_S + 59 * 86_400)


def test_the_command_takes_residuals_by_the_day_of_their_refill(tmp_path, capsys):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json_lines(log_of("9", "9"))))
    words = ["plan", "trend", str(path), "--measured", "2026-03-02", "11 mL"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    # 7 of 9 mL.
    assert found["periods"][1]["delivered_ratio"] == pytest.approx(7 / 9)
    assert found["suspicion"] is True
    assert main(words) == 0
    assert "outside of 0.85 to 1.15" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--measured", "2026-03-03", "11 mL"], "no refills"),
        (["--measured", "yesterday", "11 mL"], "no date"),
        (["--measured", "2026-03-02", "11"], "bare number"),
        (["--measured", "2026-03-02", "19 mL"], "measure again"),
        (["--measured", "2026-01-01", "1 mL"], "after the first one"),
        (["--group", "adult"], "spinal-adult"),
    ],
)
def test_wrong_input_of_trend_is_one_sentence(words, part, tmp_path, capsys):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json_lines(log_of("9", "9"))))
    assert main(["plan", "trend", str(path), *words, "--json"]) == 2
    assert part in json.loads(capsys.readouterr().out)["sentence"]


def test_the_log_of_a_pump_is_read_as_the_pump_exports_it(tmp_path, capsys, monkeypatch):
    bench = Bench().running()
    with BenchCable(bench.pump) as cable:
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        cable.run_s(3600)
        for command in (["refill", "9 mL"], ["log", "--from", "0", "--jsonl"]):
            capsys.readouterr()
            assert main(command) == 0
    path = tmp_path / "log.jsonl"
    path.write_text(capsys.readouterr().out)
    assert main(["plan", "trend", str(path), "--json"]) == 0
    (period,) = json.loads(capsys.readouterr().out)["periods"]
    # 25 uL/h for an hour, as whole microsteps of 0.1 uL: 0.6 mL a day.
    assert period["requirement_ml_day"] == pytest.approx(0.6, rel=0.01)
