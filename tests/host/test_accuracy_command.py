"""`titrate accuracy`, as a user runs it."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import pytest

PROFILE = Path("host_tools/titrate/examples/continuous-300mcg-day.toml")


@pytest.fixture
def titrate(root):
    def run(*words: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [Path(sys.executable).with_name("titrate"), *map(str, words)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_simulated_edges_give_the_curve_that_geometry_predicts(titrate, tmp_path):
    edges = tmp_path / "edges.csv"
    assert titrate("simulate", PROFILE, "--hours", 3, "--edges", edges).returncode == 0
    plots = (tmp_path / "curve.svg", tmp_path / "curve.png")
    ran = titrate(
        "accuracy", "measure", edges, "--profile", PROFILE, "--rate", "300 mcg/day", "--json",
        "--plot", plots[0], "--plot", plots[1],
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["rate_nl_per_h"] == "25000"
    assert len(found["flow_nl_per_h"]) == 240
    # 2 min at 25 uL/h are 833.3 nL: 8 or 9 microsteps of 103.206 nL.
    step_nl = Fraction(found["microstep_nl"])
    assert found["predicted_trumpet"][0] == {
        "window_s": 120,
        "max_percent": pytest.approx(float(100 * (9 * step_nl * 3 / 2500 - 1))),
        "min_percent": pytest.approx(float(100 * (8 * step_nl * 3 / 2500 - 1))),
    }
    for measured, bound in zip(found["trumpet"], found["predicted_trumpet"], strict=True):
        assert bound["min_percent"] <= measured["min_percent"] <= measured["max_percent"]
        assert measured["max_percent"] <= bound["max_percent"]
    # An hour's steps are off by less than one microstep of 25 uL.
    assert abs(found["mean_error_percent"]) <= float(100 * step_nl / 25_000)
    assert ElementTree.parse(plots[0]).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert plots[1].read_bytes().startswith(b"\x89PNG")


def test_a_balance_log_is_measured_with_the_density_of_water(titrate, tmp_path):
    # 1 mL/h of water at 20 degC is 0.9982067 g/h, read every 30 s for two hours.
    path = tmp_path / "balance.csv"
    lines = [f"{30 * n},{0.9982067 * n / 120:.9f}" for n in range(241)]
    path.write_text("\n".join(["time_s,mass_g", *lines]) + "\n")
    ran = titrate("accuracy", "measure", path, "--rate", "1 mL/h", "--temperature", "20 degC",
                  "--json")  # fmt: skip
    assert ran.returncode == 0
    found = json.loads(ran.stdout)
    assert abs(found["mean_error_percent"]) < 1e-4
    assert found["predicted_trumpet"] is None
    assert found["interpolated_samples"] == 0


def test_boluses_are_measured_from_totals_and_from_times(titrate, tmp_path):
    totals = tmp_path / "totals.csv"
    totals.write_text("\n".join(["volume_uL", *(str(101 * n) for n in range(26))]) + "\n")
    ran = titrate("accuracy", "bolus", totals, "--volume", "100 uL", "--json",
                  "--plot", tmp_path / "b.png")  # fmt: skip
    found = json.loads(ran.stdout)
    assert (found["boluses"], found["mean_percent"], found["max_percent"]) == (25, 1, 1)
    timed = tmp_path / "timed.csv"
    timed.write_text(
        "\n".join(["time_min,volume_uL", *(f"{10 * n},{99 * n}" for n in range(26))]) + "\n"
    )
    ran = titrate("accuracy", "bolus", timed, "--volume", "100 uL", "--every", "10 min", "--json")
    assert json.loads(ran.stdout)["min_percent"] == -1
    ran = titrate("accuracy", "bolus", timed, "--volume", "100 uL", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["code"]) == (2, "usage")


def test_a_prediction_needs_no_record(titrate, tmp_path):
    ran = titrate("accuracy", "predict", "--syringe", "BD Plastipak 10 mL", "--rate", "1 mL/h",
                  "--screw-error", "5 um", "--json")  # fmt: skip
    assert ran.returncode == 0
    found = json.loads(ran.stdout)
    even = json.loads(
        titrate("accuracy", "predict", "--syringe", "BD Plastipak 10 mL", "--rate", "1 mL/h",
                "--json").stdout
    )  # fmt: skip
    for with_screw, without in zip(
        found["predicted_trumpet"], even["predicted_trumpet"], strict=True
    ):
        assert with_screw["max_percent"] >= without["max_percent"]


def test_the_chart_names_what_suits_a_rate(titrate, tmp_path):
    chart = tmp_path / "chart.svg"
    ran = titrate("accuracy", "chart", "--rate", "25 uL/h", "--window", "2 min", "--json",
                  "--plot", chart)  # fmt: skip
    assert ran.returncode == 0
    rows = json.loads(ran.stdout)["rows"]
    assert rows
    for row in rows:
        assert Fraction(row["even_nl_per_h"][0]) <= 25_000 <= Fraction(row["max_nl_per_h"])
    names = {(row["syringe"], row["drive"]) for row in rows}
    assert ("BD Plastipak 1 mL", "TR8x2, 1/16") in names
    assert ("BD Plastipak 10 mL", "TR8x2, 1/16") not in names
    assert chart.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("predict", "--rate", "1 mL/h"), "usage"),
        (("predict", "--rate", "1 mL/h", "--syringe", "BD Plastik 10 mL"), "syringe"),
        (("predict", "--rate", "1", "--syringe", "BD Plastipak 10 mL"), "bad_text"),
        (("predict", "--rate", "1 mL/h", "--lead", "2 mm"), "usage"),
        (("measure", "none.csv", "--rate", "1 mL/h"), "no_file"),
        (("chart", "--limit", "5"), "usage"),
        (("chart", "--plot", "chart.gif"), "usage"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(titrate, words, code):
    ran = titrate("accuracy", *words, "--json")
    assert ran.returncode == 2
    assert json.loads(ran.stdout)["code"] == code
