"""Calibration by weight: the result, its uncertainty, the balance, and the entry in a profile."""

import json
import math
import os
import pty
import re
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pump.core.errors import OutOfRange
from titrate.calibration import Balance, Conditions, Run, calibrate, rounded_factor
from titrate.calibration.balance import parse_answer
from titrate.calibration.weighing import coverage_factor, volume_factor_ml_per_g
from titrate.client.errors import NoAnswer, WrongInput
from titrate.profile import load_profile

NIGHT = Path("host_tools/titrate/examples/night-step.toml")
EXACT = Conditions(*[Fraction(value) for value in ("1.0012", "0", "0", "0", "0", "0")])


def runs(*masses_mg, duration_s=3600):
    return [Run(Fraction(0), Fraction(mass, 1000), Fraction(duration_s)) for mass in masses_mg]


def test_the_volume_of_a_microstep_is_that_worked_by_hand():
    # 1.0012 g/mL is 1 g/mL above air: Z = 1 - 0.0012 / 8 = 0.99985 mL/g. 1000 microsteps
    # delivered 100 mg and 102 mg, on average 101 mg, that is 100.98485 uL: 100.98485 nL each.
    found = calibrate(runs(100, 102), 1000, Fraction(100), EXACT)
    assert found.microstep_nl == Fraction("100.98485")
    assert found.factor == Fraction("1.0098485")
    assert rounded_factor(found) == Fraction("1.00985")
    # Scatter: 101 +- sqrt(2) mg, its mean +- 1 mg; the air's 0.1 mg/mL / sqrt(3) times 1 - 1/8.
    scatter, *others = found.contributions
    assert (scatter.kind, scatter.percent) == ("A", pytest.approx(100 / 101))
    air = 100 * 0.0001 / math.sqrt(3) * 0.875
    assert [part.percent for part in others] == pytest.approx([0, 0, 0, air])
    # One degree of freedom, all but the air's part: k of 1 degree.
    assert found.coverage == 13.97
    assert found.expanded_percent == pytest.approx(13.97 * math.hypot(100 / 101, air))


def test_water_at_20_degrees_has_the_z_of_iso_8655():
    # ISO 8655-6, table A.1: 1.0029 uL/mg at 20.0 degC and 1013 hPa.
    z = volume_factor_ml_per_g(Fraction("0.9982067"))
    assert abs(z - Fraction("1.0029")) < Fraction(5, 100_000)


def test_what_evaporated_counts_as_delivered():
    # 1 mg/h over 2 h: 98 mg on the balance are 100 mg delivered.
    conditions = Conditions(*EXACT.__dict__.values())
    evaporating = Conditions(
        conditions.density_g_per_ml, *[Fraction(0)] * 3, Fraction(1, 1000), Fraction(0)
    )
    found = calibrate(runs(98, duration_s=7200), 1000, Fraction(100), evaporating)
    assert found.microstep_nl == Fraction("99.985")


@given(
    st.integers(65, 150),
    st.fractions(Fraction(9, 10), Fraction(12, 10), max_denominator=1000),
    st.fractions(Fraction(1, 10_000), Fraction(1, 100), max_denominator=10_000),
)
def test_each_sensitivity_is_the_change_that_its_input_makes(mass_mg, density, uncertainty):
    # GUM 5.1.3, note 2: c_i u(x_i) by moving the input, here both ways by a hundredth of u.
    zero = Fraction(0)

    def result(moved_density=density, moved_g=zero, lost=zero):
        conditions = Conditions(moved_density, zero, zero, zero, lost, zero)
        moved = [Run(zero, Fraction(mass_mg, 1000) + moved_g, Fraction(1800))]
        return calibrate(moved, 1000, Fraction(100), conditions).microstep_nl

    step = uncertainty / 100
    by_name = {
        "density of the liquid": (
            Conditions(density, uncertainty, zero, zero, zero, zero),
            abs(result(density + step) - result(density - step)) * 50,
        ),
        "balance, repeatability": (
            Conditions(density, zero, zero, uncertainty, zero, zero),
            abs(result(moved_g=step) - result(moved_g=-step)) * 50 * Fraction(math.sqrt(2)),
        ),
        "balance, last digit": (
            Conditions(density, zero, uncertainty, zero, zero, zero),
            abs(result(moved_g=step) - result(moved_g=-step)) * 50 * Fraction(math.sqrt(2 / 12)),
        ),
        "evaporation": (
            Conditions(density, zero, zero, zero, zero, uncertainty),
            abs(result(lost=step) - result(lost=-step)) * 50,
        ),
    }
    for name, (conditions, expected) in by_name.items():
        found = calibrate(runs(mass_mg, duration_s=1800), 1000, Fraction(100), conditions)
        (part,) = [part for part in found.contributions if part.source == name]
        assert part.percent == pytest.approx(100 * float(expected / result()), rel=1e-3)


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 10, 20, 50, 100])
def test_the_coverage_factor_covers_95_45_percent_of_students_distribution(degrees):
    # The distribution's own density, added up by Simpson's rule from 0 to k.
    scale = math.gamma((degrees + 1) / 2) / math.sqrt(degrees * math.pi) / math.gamma(degrees / 2)
    k, count = coverage_factor(degrees), 20_000
    total = 0.0
    for n in range(count + 1):
        weight = 1 if n in (0, count) else 4 if n % 2 else 2
        total += weight * (1 + (k * n / count) ** 2 / degrees) ** (-(degrees + 1) / 2)
    assert 2 * scale * total * k / count / 3 == pytest.approx(0.9545, abs=0.0006)


def test_between_two_rows_of_the_table_the_wider_one_is_taken():
    assert coverage_factor(2.27) == 4.53
    assert coverage_factor(0.5) == 13.97
    assert coverage_factor(float("inf")) == 2


@pytest.mark.parametrize(
    ("masses", "sentence"),
    [((), "nothing to calibrate by"), ((0,), "run 1 delivered nothing"), ((40,), "0.4 times")],
)
def test_a_weighing_that_cannot_be_is_refused(masses, sentence):
    with pytest.raises(OutOfRange, match=sentence):
        calibrate(runs(*masses), 1000, Fraction(100), EXACT)


class SicsBalance:
    """The far end of a serial line: a balance as its published command set has it.

    Answers S and SI each with the next of its lines; anything else with ES.
    """

    def __init__(self, *answers):
        self._answers = list(answers)
        self._master, self._slave = pty.openpty()
        self.port = os.ttyname(self._slave)
        self.commands = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        line = b""
        while True:
            try:
                line += os.read(self._master, 64)
            except OSError:
                return
            while b"\n" in line:
                command, _, line = line.partition(b"\n")
                self.commands.append(command)
                known = command in (b"S\r", b"SI\r")
                answer = self._answers.pop(0) if known else "ES"
                os.write(self._master, answer.encode() + b"\r\n")

    def close(self):
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def on_the_bench():
    opened = []

    def make(*answers):
        opened.append(SicsBalance(*answers))
        return opened[-1]

    yield make
    for balance in opened:
        balance.close()


def test_a_balance_is_read_over_its_port(on_the_bench):
    far_end = on_the_bench("S S     100.0012 g", "S D      -0.82 mg")
    with Balance(far_end.port) as balance:
        stable = balance.read()
        at_once = balance.read(is_stable=False)
    assert (stable.mass_g, stable.resolution_g) == (Fraction("100.0012"), Fraction(1, 10_000))
    assert stable.is_stable
    assert (at_once.mass_g, at_once.is_stable) == (Fraction("-0.00082"), False)
    assert far_end.commands == [b"S\r", b"SI\r"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("S I", "did not come to rest"),
        ("S +", "overloaded"),
        ("S -", "underloaded"),
        ("ES", "set its interface to MT-SICS"),
        ("S S 1.000 ct", "weighs in ct"),
        ("hello", "no weight of MT-SICS"),
    ],
)
def test_what_is_no_weight_is_told_in_a_sentence(answer, sentence):
    with pytest.raises(WrongInput, match=sentence):
        parse_answer(answer)


def test_a_port_that_is_not_there_is_no_answer(tmp_path):
    with pytest.raises(NoAnswer, match="cannot be opened"):
        Balance(str(tmp_path / "none"))


@pytest.fixture
def titrate(root):
    def run(*words, typed=None):
        return subprocess.run(
            [Path(sys.executable).with_name("titrate"), "calibrate", *map(str, words)],
            cwd=root,
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def profile(root, tmp_path):
    path = tmp_path / "night.toml"
    path.write_bytes((root / NIGHT).read_bytes())
    return path


WATER = ("--commanded", "1 mL", "--duration", "10 min", "--temperature", "20 degC")


def test_the_entry_goes_into_the_profile_and_all_else_stays(titrate, profile):
    profile.write_bytes(profile.read_bytes().replace(b"\n", b"\r\n"))
    before = profile.read_bytes().split(b"\n")
    ran = titrate(
        profile, *WATER, "--run", "0.0000 g", "0.9900 g", "--run", "0.9900 g", "1.9802 g",
        "--date", "2026-11-22", "--write", "--json",
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    after = profile.read_bytes().split(b"\n")
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    ((old, new),) = changed
    assert old.startswith(b"calibration = {")
    assert b"# measured 2026-11-22, 2 run(s)" in new
    programme = load_profile(profile).programme
    assert programme.calibration == Fraction(found["factor"]).as_integer_ratio()
    assert Fraction(*programme.microstep_nl()) == pytest.approx(
        Fraction(found["microstep_nl"]), rel=1e-5
    )
    assert found["programme_digest"] == load_profile(profile).digest


def test_a_second_calibration_starts_from_the_geometry_again(titrate, profile):
    # The pump that runs with 0.5 delivers twice the microsteps for 1 mL: weighing 2 mL then means
    # a factor of 1, not of 0.5 times 2 times something.
    text = profile.read_text()
    half = 'calibration = { commanded = "2 mL", delivered = "1 mL" }'
    halved, count = re.subn(r"(?m)^calibration = .*$", half, text)
    assert count == 1
    profile.write_text(halved)
    z = volume_factor_ml_per_g(Fraction("0.9982067"))
    mass = float(2 / z)
    ran = titrate(profile, *WATER, "--run", "0.000000 g", f"{mass:.6f} g", "--json")
    assert Fraction(json.loads(ran.stdout)["factor"]) == pytest.approx(1, abs=2e-4)


def test_a_balance_leads_through_the_runs(titrate, profile, on_the_bench):
    far_end = on_the_bench("S S 10.0000 g", "S S 10.9890 g", "S S 10.9890 g", "S S 11.9781 g")
    ran = titrate(profile, *WATER, "--runs", 2, "--balance", far_end.port, typed="\n\n\n\n")
    assert ran.returncode == 0, ran.stderr
    assert "run 1, vessel at rest, before delivery" in ran.stderr
    assert "10.989 g" in ran.stderr
    assert "measured" in ran.stdout
    assert len(far_end.commands) == 4


def test_masses_are_asked_for_one_after_the_other(titrate, profile):
    ran = titrate(
        profile, "--commanded", "1 mL", "--temperature", "20 degC", "--evaporation", "1 mg/h",
        "--runs", 1, typed="10.0000 g\n10.9890 g\n10 min\n",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Type B" in ran.stdout and "Type A" not in ran.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--commanded", "1 nL", *WATER[2:], "--run", "0 g", "1 g"), "usage"),
        ((*WATER[:4], "--run", "0 g", "1 g"), "usage"),
        ((*WATER, "--run", "0", "1 g"), "bad_text"),
        ((*WATER[:2], *WATER[4:], "--evaporation", "1 mg/h", "--run", "0 g", "1 g"), "usage"),
        ((*WATER, "--run", "0.0000 g", "0.0001 g", "--write"), "out_of_range"),
        ((*WATER,), "usage"),
    ],
)
def test_what_cannot_be_is_refused_and_the_profile_stays(titrate, profile, words, code):
    before = profile.read_bytes()
    ran = titrate(profile, *words, "--json")
    assert (ran.returncode, json.loads(ran.stdout)["code"]) == (2, code)
    assert profile.read_bytes() == before
