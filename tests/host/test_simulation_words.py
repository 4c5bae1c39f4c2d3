"""The words that the train makes: the same in every interpreter, and exact."""

import hashlib
import subprocess
from fractions import Fraction

import pytest
from programmes import DAY_S

from bits32 import Bits32
from pump.core.delivery import TICKS_PER_S
from pump.core.programme import canonical_text
from pump.core.quantity import parse_instant_s
from titrate.profile import load_profile
from titrate.simulation import BolusRequest, simulate
from titrate.simulation.edges import edge_ticks, write_edges
from titrate.simulation.step_words import make_words

SIMULATION = "host_tools/titrate/simulation"
START_S = parse_instant_s("2026-11-22T19:59:40")
BOLUS = (START_S + 45, (7_000, 3), 30)

# Run by MicroPython: the digest and the number of all words of the first steps of a programme.
PROGRAM = """
import sys
sys.path[:] = {path}
import hashlib
from binascii import hexlify
from pump.core.delivery import Bolus, TICKS_PER_S
from pump.core.programme import parse_canonical
from step_words import make_words

words = [0]
all_of_them = hashlib.sha256()

def take(head, interval):
    words[0] += 1
    all_of_them.update(b"%d %d\\n" % (head, interval))

boluses = []
for at_s, volume_nl, duration_s in {boluses}:
    end_ticks = (at_s + duration_s) * TICKS_PER_S
    boluses.append(Bolus("00000000", volume_nl, at_s * TICKS_PER_S, end_ticks))
make_words(parse_canonical({text!r}), {start_s}, boluses, {steps}, take)
print(words[0], hexlify(all_of_them.digest()).decode())
"""


def request() -> BolusRequest:
    at_s, volume_nl, duration_s = BOLUS
    return BolusRequest(at_s, Fraction(*volume_nl), duration_s)


def run_of(name: str, duration_s: int, root):
    profile = load_profile(root / f"host_tools/titrate/examples/{name}.toml")
    boluses = [request()] if profile.programme.max_bolus_nl[0] else []
    return simulate(profile.programme, START_S, duration_s, profile.fill_nl, boluses)


def in_cpython(found) -> str:
    words = []
    make_words(
        found.programme,
        found.start_s,
        [request.bolus() for request in found.boluses],
        found.steps,
        lambda head, interval: words.append(b"%d %d\n" % (head, interval)),
    )
    return f"{len(words)} {hashlib.sha256(b''.join(words)).hexdigest()}\n"


def program(found, path: list[str]) -> str:
    return PROGRAM.format(
        path=path,
        boluses=[BOLUS] * len(found.boluses),
        text=canonical_text(found.programme),
        start_s=START_S,
        steps=found.steps,
    )


@pytest.mark.parametrize(
    ("name", "duration_s"),
    [
        ("demo-24h", 300),
        ("weekday-weekend", 3 * DAY_S),
        ("very-low-22mcg-day-1ml", DAY_S),
        ("vtbi-kvo", DAY_S // 4),
        ("intermittent-bolus", DAY_S),
        ("ramp-5-days", 2 * DAY_S),
    ],
)
def test_unix_micropython_makes_the_same_words(name, duration_s, root, micropython):
    found = run_of(name, duration_s, root)
    source = program(found, [str(root / "firmware"), str(root / SIMULATION)])
    done = subprocess.run(
        [micropython, "-c", source], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stderr == ""
    assert done.stdout == in_cpython(found)
    assert found.steps > 100


@pytest.mark.parametrize(("on_thumb", "duration_s"), [(False, 1500), (True, 130)])
def test_32_bit_micropython_makes_the_same_words(on_thumb, duration_s, root, portable_files):
    step_words = (root / SIMULATION / "step_words.py").read_bytes()
    bits32 = Bits32(root / "build/bits32", {**portable_files, "lib/step_words.py": step_words})
    found = run_of("demo-24h", duration_s, root)
    assert bits32.run(program(found, ["/lib"]), on_thumb) == (0, in_cpython(found))


@pytest.mark.parametrize("name", ["demo-24h", "night-step", "weekday-weekend"])
def test_every_edge_is_at_its_instant_or_less_than_1_us_after_it(name, root):
    found = run_of(name, 7200, root)
    edges = edge_ticks(found)
    assert len(edges) == found.steps > 50
    for n, edge in enumerate(edges):
        due = found.prescription.instant_ticks(n + 1) - START_S * TICKS_PER_S
        assert 0 <= edge - due < 125


def test_the_file_of_edges_is_that_of_the_virtual_pico(root, tmp_path):
    found = run_of("demo-24h", 60, root)
    write_edges(found, tmp_path / "edges.csv")
    lines = (tmp_path / "edges.csv").read_text().split("\n")
    assert lines[0] == "t_ns,dir"
    assert lines[-1] == ""
    assert lines[1:-1] == [f"{ticks * 8},1" for ticks in edge_ticks(found)]
    # The first step of 25 uL/h, rounded up to 8 ns.
    first_s = found.microstep_nl / 25_000 * 3600
    assert int(lines[1].split(",")[0]) == -(-first_s * TICKS_PER_S // 1) * 8
