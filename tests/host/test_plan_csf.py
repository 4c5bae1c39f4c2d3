"""The teaching model of the cerebrospinal fluid, against its equation solved another way."""

import json
import re
from math import log
from xml.etree import ElementTree

import pytest

from pump.core.errors import OutOfRange
from titrate import plan
from titrate.cli.main import main
from titrate.plan import csf_model
from titrate.profile import load_profile
from titrate.simulation import BolusRequest


@pytest.fixture
def continuous(root):
    """300 mcg/day of 500 mcg/mL."""
    return load_profile(root / "host_tools/titrate/examples/continuous-300mcg-day.toml")


def model(profile, hours, boluses=()):
    return plan.csf(profile.programme, hours, profile.fill_nl, 0, boluses)


def by_small_steps(found) -> float:
    """The end of the curve by Euler's way in steps of a second, apart from the closed form."""
    k = log(2) / 1.51
    amount = 0.0
    for start, end, rate in zip(found.hours, found.hours[1:], found.rate_mcg_h, strict=False):
        count = max(1, round((end - start) * 3600))
        for _ in range(count):
            amount += (rate - k * amount) * (end - start) / count
    return amount / (30 / k)


@pytest.mark.rule("B47", "B48")
def test_in_steady_state_the_concentration_is_the_rate_over_the_clearance(continuous):
    found = model(continuous, 48)
    # 12.5 mcg/h over 30 mL/h; by then 32 half-lives have passed.
    assert found.end_mcg_ml == pytest.approx(12.5 / 30, rel=1e-6)
    assert found.steady_state_mcg_ml == pytest.approx(12.5 / 30, rel=1e-12)
    # Half of it after a half-life, and V = 30 / (ln 2 / 1.51) = 65.4 mL.
    half = model(continuous, csf_model.figures.CSF_HALF_LIFE_H)
    assert half.end_mcg_ml == pytest.approx(12.5 / 60, rel=1e-6)
    assert found.csf_volume_ml == pytest.approx(65.35, abs=0.01)


@pytest.mark.rule("B47", "B48")
def test_the_closed_form_is_what_small_steps_come_to(root):
    profile = load_profile(root / "host_tools/titrate/examples/night-step.toml")
    bolus = BolusRequest(9 * 3600, 80_000, 1800)
    for hours in (3, 7, 10, 30):
        found = model(profile, hours, [bolus] if hours > 9 else [])
        assert found.end_mcg_ml == pytest.approx(by_small_steps(found), rel=1e-3)


@pytest.mark.rule("B47")
def test_nothing_delivered_any_more_falls_to_half_in_each_half_life():
    assert csf_model.after(100, 0, 1.51) == pytest.approx(50)
    assert csf_model.after(100, 0, 3.02) == pytest.approx(25)


@pytest.mark.rule("B45", "B46")
def test_onset_and_peak_of_the_effect_are_told_for_infusion_and_bolus(continuous):
    found = model(continuous, 48, [BolusRequest(10 * 3600, 80_000, 1800)])
    infusion, bolus = found.effects
    assert [infusion[f"{key}_h"] for key in ("onset_from", "onset_to", "peak_from", "peak_to")] == [
        6,
        8,
        24,
        48,
    ]
    assert {key: value for key, value in bolus.items() if key != "of"} == {
        "at_h": 10,
        "onset_from_h": 10.5,
        "onset_to_h": 11,
        "peak_from_h": 14,
        "peak_to_h": 14,
        "over_from_h": 14,
        "over_to_h": 18,
    }


def test_an_empty_reservoir_brings_nothing_more(continuous):
    # 10 mL less 0.5 mL reserve at 25 uL/h: 380 h; ten half-lives later next to nothing is left.
    found = model(continuous, 400)
    assert found.rate_mcg_h[-1] == 0
    assert found.end_mcg_ml < 12.5 / 30 / 1000


def test_what_the_model_is_not_for_is_refused(continuous):
    with pytest.raises(OutOfRange, match="28 days"):
        model(continuous, 24 * 28 + 1)


def test_the_picture_beside_the_page_is_what_the_command_draws_today(root, tmp_path):
    example = str(root / "host_tools/titrate/examples/night-step.toml")
    drawn = tmp_path / "csf.svg"
    bolus = ("--bolus", "30 h", "40 mcg", "15 min")
    assert main(["plan", "csf", example, "--hours", "60", *bolus, "--plot", str(drawn)]) == 0
    # The letters are shapes, whose text stands in comments; the page's picture has the same ones.
    texts = [
        re.findall("<!-- (.*?) -->", path.read_text())
        for path in (drawn, root / "host_tools/docs/csf.svg")
    ]
    assert len(texts[0]) > 20
    assert texts[0] == texts[1]


@pytest.mark.rule("B49")
def test_the_command_says_teaching_only_and_draws(root, tmp_path, capsys):
    profile = str(root / "host_tools/titrate/examples/night-step.toml")
    for name in ("model.svg", "model.png"):
        words = [profile, "--hours", "36", "--bolus", "20 h", "25 mcg", "15 min"]
        assert main(["plan", "csf", *words, "--plot", str(tmp_path / name)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "teaching only" in out
    assert "B49" in out
    texts = "".join(ElementTree.parse(tmp_path / "model.svg").getroot().itertext())
    assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")
    # The letters are drawn as shapes, whose text stands in comments.
    assert "<!-- TEACHING ONLY" in (tmp_path / "model.svg").read_text() or "TEACHING" in texts
    for part in ("bolus at 20 h", "infusion at 0 h", "onset", "peak", "mcg/mL"):
        assert part in (tmp_path / "model.svg").read_text()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--plot", "model.pdf"], ".svg or .png"),
        (["--hours", "-1"], "no number"),
        (["--hours", "0"], "above 0"),
        (["--hours", "1000"], "28 days"),
        (["--bolus", "2", "25 mcg", "15 min"], "bare number"),
        (["--bolus", "2 h", "25", "15 min"], "bare number"),
        (["--bolus", "2 h", "90 mcg", "15 min"], "limit"),
        (["--bolus", "3 days", "25 mcg", "15 min"], "outside"),
        (["--from", "now"], "date and time"),
    ],
)
def test_wrong_input_of_csf_is_one_sentence(words, part, root, capsys):
    profile = str(root / "host_tools/titrate/examples/night-step.toml")
    assert main(["plan", "csf", profile, *words, "--json"]) == 2
    assert part in json.loads(capsys.readouterr().out)["sentence"]
    assert main(["plan", "csf", "none.toml", "--json"]) == 2
    assert "none.toml" in json.loads(capsys.readouterr().out)["sentence"]
