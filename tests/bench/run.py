"""`make bench`: the project's figures, measured in one run on the virtual Pico.

Emulated figures come from the emulated RP2040's own clock and are the same on every machine;
those marked "host" are ratios or CPU seconds of this computer. Writes build/bench.json.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "virtual_pico"))
sys.path.insert(0, str(ROOT / "tests" / "host"))

sys.path.insert(0, str(ROOT / "tests" / "portable"))

import rivals  # noqa: E402
from day_of_heap import BLOCK_BYTES, growth_bytes, measured  # noqa: E402
from full_log import fill_with_boluses, fill_with_primes  # noqa: E402
from link_fuzz import Fuzz  # noqa: E402
from long_run import LongRun  # noqa: E402
from long_story import MISFORTUNES, TRAFFIC, LongStory  # noqa: E402
from pump_rig import EXACT_NS, PumpRig, programme, rate_for  # noqa: E402
from test_fast_moves import (  # noqa: E402
    STEPS_PER_MM,
    SYRINGE,
    VERY_FAST,
    VERY_FAST_WORDS,
    very_fast_edges,
)

from titrate.simulation import simulate  # noqa: E402
from titrate.virtual.flash import FlashTiming  # noqa: E402

UF2 = ROOT / "build" / "pico_tmc2209" / "firmware.uf2"
MUTATION = ROOT / "tests" / "mutation" / "run.py"
MUTANTS_SAMPLED = 400
MS = 1_000_000
SECOND = 1000 * MS
BASAL = (25_000, 1)  # 0.6 mL/day
# A full ring holds 10,170 of 36 bytes (pump/core/journal.py).
LOG_RECORDS = 10_000
# The recommended build: 10 mL syringe, 2 mm screw, no gear: 103 nL a step.
SYRINGE_10ML = {
    "bore_um": 14_500,
    "capacity_nl": 10_000_000,
    "travel_um": 60_559,
    "lead_um": 2000,
    "gear": (1, 1),
    "max_rate_nl_per_h": (500_000, 1),
    "commit_ahead_nl": 500,
    "reservoir_low_nl": 1_000_000,
}
_COLLECT = """
import gc, time
end = time.ticks_add(time.ticks_ms(), 800)
while time.ticks_diff(end, time.ticks_ms()) > 0:
    gc.collect()
"""
_WRITE_FLASH = """
for _ in range(3):
    run(c.recorder.settings.write, c.programme_text)
"""
_HEAP = "import gc\ngc.collect()\nprint(gc.mem_alloc(), gc.mem_free())"


class Bench:
    """The rows of the table.

    Attributes:
        rows: (figure, value, limit, unit, whether the value is within the limit).
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float, str, bool]] = []

    def most(self, figure: str, value: float, limit: float, unit: str) -> None:
        """A figure that must not be above its limit."""
        self.rows.append((figure, value, limit, unit, value <= limit))

    def least(self, figure: str, value: float, limit: float, unit: str) -> None:
        """A figure that must not be below its limit."""
        self.rows.append((figure, value, limit, unit, value >= limit))

    def edges(self, during: str, rig: PumpRig) -> None:
        """Worst error of an edge, and steps lost or added, since the rig was taken up."""
        late_ns = rig.lateness_ns()
        worst = max(late_ns) if min(late_ns) >= 0 else min(late_ns)
        self.most(f"worst edge error, {during}", float(abs(worst)), 1000, "ns")
        before = len(rig.pico.step_edges)
        witnessed = rig.pump.status().witnessed
        after = len(rig.pico.step_edges)
        lost = max(0, before - witnessed, witnessed - after)
        self.most(f"steps lost or added, {during}", lost, 0, "")


def started(**options: object) -> PumpRig:
    """A pump that delivers 0.6 mL/day in 1.36 nL steps, 5.1 a second."""
    rig = PumpRig(UF2, **options)
    rig.power_on()
    rig.set_up(programme(days=(((0, BASAL),),)))
    rig.start()
    rig.run_s(2)
    return rig


def basal(bench: Bench) -> None:
    """0.6 mL/day with the recommended syringe: edges, processor, speed of the emulation, heap."""
    rig = PumpRig(UF2)
    rig.power_on()
    rig.set_up(programme(days=(((0, BASAL),),), **SYRINGE_10ML), fill="9 mL")
    rig.start()
    # The first round of the self-test, which follows each start, is over within 70 s.
    rig.run_s(75)
    awake_ns, from_ns, wall_s = rig.pico.cpu_awake_ns, rig.pico.now_ns, time.process_time()
    rig.run_s(120)
    wall_s = time.process_time() - wall_s
    awake = (rig.pico.cpu_awake_ns - awake_ns) / (rig.pico.now_ns - from_ns)
    bench.most("processor awake at 0.6 mL/day", 100 * awake, 0.3, "%")
    bench.least("virtual Pico against real time (host)", 120 / wall_s, 8, "x")
    bench.edges("undisturbed", rig)
    used, free = (int(word) for word in rig.on_device(_HEAP).split())
    rig.connect()
    rig.run_s(600)
    used_later, free = (int(word) for word in rig.on_device(_HEAP).split())
    bench.most("heap in use after ten minutes, against before", used_later / used, 1.01, "x")
    bench.least("heap free while running", free / 1024, 120, "KiB")


def day(bench: Bench) -> None:
    """The heap over a day of pump time, in MicroPython for the desktop."""
    figure = "heap in use over a day, most less least (desktop MicroPython)"
    bench.most(figure, growth_bytes(measured()), 2 * BLOCK_BYTES, "bytes")


def disturbed(bench: Bench) -> None:
    """Edges while the processor is kept busy with other things."""
    rig = started(timing=FlashTiming(sector_erase_ns=400 * MS))
    rig.on_device(_COLLECT)
    rig.connect()
    bench.edges("garbage collected", rig)
    rig.on_device(_WRITE_FLASH)
    rig.connect()
    bench.edges("flash erased for 400 ms at a time", rig)
    for _ in range(20):
        rig.pump.status()
        rig.run_s(0.1)
    bench.edges("console polled", rig)
    rig.on_device("print(1)")
    rig.run_s(1)
    rig.connect()
    bench.edges("mpremote attached with resume", rig)
    last_ns = rig.edges_ns[-1]
    rig.on_device("print(1)", soft_reset=True)
    rig.run_s(3)
    edges_ns = [last_ns, *[t for t in rig.edges_ns if t > last_ns]]
    gap_ns = max(b - a for a, b in zip(edges_ns, edges_ns[1:], strict=False))
    bench.most("gap of a soft reset", gap_ns / MS, 500, "ms")
    rig.connect()
    status = rig.pump.status()
    bench.most("steps lost or added, soft reset", abs(status.stepped - status.asked), 0, "")


def slow(bench: Bench) -> None:
    """0.002 mL/h, a step every 2.4 s, for five minutes."""
    rig = PumpRig(UF2)
    rig.power_on()
    rig.set_up(programme(days=(((0, (2000, 1)),),)))
    rig.start()
    rig.run_s(300)
    late_ns = rig.lateness_ns()
    exact = sum(0 <= late < EXACT_NS for late in late_ns)
    bench.least("exact edges at 0.002 mL/h", 100 * exact / len(late_ns), 100, "%")


def bound(bench: Bench) -> None:
    """What comes of a pump whose processor hangs, against what it may commit ahead."""
    commit_nl = 1_400
    rig = PumpRig(UF2)
    rig.power_on()
    most = rate_for(1000)
    rig.set_up(programme(days=(((0, most),),), max_rate_nl_per_h=most, commit_ahead_nl=commit_nl))
    rig.start()
    rig.run_s(3)
    edges = len(rig.edges_ns)
    rig.pico.freeze()
    # The watchdog would bite after 8 s.
    rig.run_s(7)
    made_nl = (len(rig.edges_ns) - edges) * rig.prescription.microstep_nl
    bench.most("volume that came after the processor hung", float(made_nl), commit_nl, "nL")


def fast(bench: Bench) -> None:
    """1,000 steps/s with the console polled, a prime at 10,000 steps/s."""
    rig = PumpRig(UF2)
    rig.power_on()
    rig.set_up(
        programme(
            days=(((0, rate_for(1000)),),),
            max_rate_nl_per_h=rate_for(1500),
            # A second of the prime.
            commit_ahead_nl=14_000,
        )
    )
    rig.start()
    for _ in range(15):
        rig.pump.status()
        rig.run_s(0.1)
    bench.edges("1,000 steps/s, console polled", rig)
    rig.stop()
    rig.run_s(3)
    before = len(rig.pico.step_edges)
    rig.prime(68_000, rate_for(10_000)[0])
    rig.run_s(1)
    awake_ns, from_ns = rig.pico.cpu_awake_ns, rig.pico.now_ns
    rig.run_s(3)
    awake = (rig.pico.cpu_awake_ns - awake_ns) / (rig.pico.now_ns - from_ns)
    bench.most("processor awake at 10,000 steps/s", 100 * awake, 5, "%")
    rig.run_s(3)
    edges_ns = [t for t, _ in rig.pico.step_edges[before:]]
    across_ns = [t for t in edges_ns if 10**9 <= t - edges_ns[0] < 2 * 10**9]
    bench.least("steps a second in a prime", len(across_ns), 9_990, "/s")
    bench.edges("prime at 10,000 steps/s", rig)


def moves(bench: Bench) -> None:
    """A move at 2,000,000 steps/s, and what a move and a prime cost the processor."""
    rig = PumpRig(UF2)
    rig.power_on()
    rig.set_up(programme(**SYRINGE), fill="9 mL")
    rig.on_device("c.moving.travel.know(0, 0, c.prescription)")
    from_ticks = int(rig.on_device(VERY_FAST))
    rig.connect()
    rig.run_s(0.5)
    edges = [rig.tick_of(t_ns) for t_ns in rig.edges_ns]
    planned = very_fast_edges(from_ticks, STEPS_PER_MM * 16)
    late_ns = [(edge - plan) * 8 for edge, plan in zip(edges, planned, strict=False)]
    interval = min(b - a for a, b in itertools.pairwise(edges))
    bench.least("steps a second in a fast move", float(125_000_000 / interval), 2_000_000, "/s")
    bench.most("worst edge error, fast move", float(max(map(abs, late_ns))), 1000, "ns")
    bench.most("jitter of its edges", float(max(late_ns) - min(late_ns)), 0, "ns")
    bench.most("steps lost or added, fast move", abs(len(edges) - len(planned)), 0, "")
    seen = int(rig.on_device("print(c.generator.witnessed())"))
    bench.most("edges not counted by the witness", abs(seen - len(edges)), 0, "")
    bench.most("words for 1,000 steps of it", 1000 * VERY_FAST_WORDS / len(edges), 5, "")
    rig.connect()
    rig.pump.jog("20 mm", line="off")
    rig.run_s(0.7)
    awake_ns, from_ns = rig.pico.cpu_awake_ns, rig.pico.now_ns
    rig.run_s(0.6)
    awake = (rig.pico.cpu_awake_ns - awake_ns) / (rig.pico.now_ns - from_ns)
    bench.most("processor awake in a move at 20,000 steps/s", 100 * awake, 15, "%")


def upload(bench: Bench) -> None:
    """The largest week, 336 rates of which each is another one, sent and reviewed."""
    rig = PumpRig(UF2, answer_s=20)
    rig.power_on()
    days = tuple(
        tuple((1800 * step, (20_000 + 7 * (48 * day + step), 1)) for step in range(48))
        for day in range(7)
    )
    week = programme(days=days, week=tuple(range(7)), **SYRINGE_10ML)
    from_ns = rig.pico.now_ns
    sent_ns = [from_ns]
    review = rig.pump.propose(week, lambda done, of: sent_ns.append(rig.pico.now_ns))
    steps = sum(len(day) for day in days)
    assert len([change for change in review.changes if change.setting[:5] == "basal"]) == steps
    send_s = (sent_ns[-1] - from_ns) / 1e9
    bench.most("1,000 rates sent, at the pace of the largest week", 1000 * send_s / steps, 2, "s")
    bench.most("largest week sent and reviewed", (rig.pico.now_ns - from_ns) / 1e9, 8, "s")


def log(bench: Bench) -> None:
    """10,000 entries of the log read by a host."""
    rig = PumpRig(UF2, answer_s=20)
    details = fill_with_primes(rig.pico, LOG_RECORDS)
    rig.power_on()
    from_ns = rig.pico.now_ns
    entries = list(rig.pump.log(0))
    found = [entry.detail for entry in entries if entry.code == "prime"]
    assert found == details[-len(found) :]
    read_s = (rig.pico.now_ns - from_ns) / 1e9
    bench.most("10,000 log entries read", 10_000 * read_s / len(entries), 5, "s")


def power_on(bench: Bench) -> None:
    """From power on to the first step, with a programme that was running."""
    rig = started()
    rig.pico.power_off()
    rig.pico.advance_off(60 * 1000 * MS)
    before, from_ns = len(rig.pico.step_edges), rig.pico.now_ns
    rig.pico.power_on()
    rig.run_s(3)
    first_ns = rig.pico.step_edges[before][0]
    bench.most("power on to the first step", (first_ns - from_ns) / MS, 2000, "ms")
    rig.pico.power_off()
    fill_with_boluses(rig.pico, every_s=15)
    before, from_ns = len(rig.pico.step_edges), rig.pico.now_ns
    rig.pico.power_on()
    rig.run_s(3)
    first_ns = rig.pico.step_edges[before][0]
    bench.most("the same with a full event log", (first_ns - from_ns) / MS, 2000, "ms")


def month(bench: Bench) -> None:
    """30 days in CPython with hosts, bad lines, resets and power cuts: see long_run.py."""
    run = LongRun(1)
    from_s = time.process_time()
    run.run(days=30)
    taken_s = time.process_time() - from_s
    lost = sum(asked - made for made, asked in run.lives) / len(run.lives)
    bench.least("steps made in 30 days of faults, each accounted for", run.bench.made(), 1, "")
    bench.least("power cuts meanwhile", run.counts["power cuts"], 1, "")
    bench.most("parts of a step that a power cut takes with it, mean", float(lost), 1, "")
    bench.most("30 days of faults (host)", taken_s, 120, "s CPU")


def hour(bench: Bench) -> None:
    """An hour of the shipped image with hosts, bad lines, resets and power cuts: long_story.py."""
    rig = started()
    story = LongStory(rig)
    from_ns = rig.pico.now_ns
    seed = ran_s = 0
    while ran_s < 3600:
        seed += 1
        story.live(seed, (*TRAFFIC, *TRAFFIC, *MISFORTUNES), apart_s=240)
        ran_s = (rig.pico.now_ns - from_ns) // SECOND - story.off_s
    story.end()
    befell = sum(story.counts[name] for name in MISFORTUNES)
    lost = float(story.asked - story.made)
    bench.least("emulated time with resets and power cuts", ran_s / 60, 60, "min")
    bench.least("resets and power cuts meanwhile", befell, 8, "")
    bench.least("steps prescribed less what was interrupted", float(story.asked), 1, "")
    least = float(story.asked) - len(story.lives)
    bench.least("steps made of them, each in time", story.made, least, "")
    bench.most(
        "parts of a step that a power cut took with it, mean", lost / len(story.lives), 1, ""
    )


def fuzz(bench: Bench) -> None:
    """500,000 lines to an open pump and 500,000 to a locked one: see link_fuzz.py."""
    for name, is_locked in (("open", False), ("locked", True)):
        story = Fuzz(1, is_locked)
        story.run(50_000)
        before = story.blocks()
        story.run(450_000)
        bench.least(f"fuzzed lines, {name} pump, nothing changed unasked", story.fed, 500_000, "")
        growth = story.blocks() / before
        bench.most(f"memory after them against a tenth of them, {name} pump", growth, 1.02, "x")


def year(bench: Bench) -> None:
    """365 days and 10 years of a schedule of 24 steps a day, from a syringe of 60 mL."""
    syringe = {"bore_um": 26_700, "capacity_nl": 60_000_000, "travel_um": 107_500}
    for years, nl_per_h in ((1, 6_000), (10, 600)):
        day = tuple((hour * 3600, (nl_per_h + hour, 1)) for hour in range(24))
        from_s = time.process_time()
        found = simulate(programme(days=(day,), **syringe), 0, years * 365 * 86_400, 60_000_000)
        taken_s = time.process_time() - from_s
        assert "empty" not in {event.code for event in found.events}
        bench.most(f"simulating {365 * years} days of 24 steps (host)", taken_s, years, "s CPU")


def mutation(bench: Bench) -> None:
    """How many small mistakes in the core the tests notice, of a sample of them.

    `make mutants` judges them all.
    """
    found = ROOT / "build" / "mutants-sample.json"
    found.unlink(missing_ok=True)
    command = [sys.executable, MUTATION, "--sample", str(MUTANTS_SAMPLED), "--to", found]
    subprocess.run(command, check=False, capture_output=True)
    score = json.loads(found.read_text())["scores"]["all"]
    figure = f"mutants of the core that tests notice, of a sample of {MUTANTS_SAMPLED}"
    bench.least(figure, score["percent"], 90, "%")


def _beside_others(rows: list[dict[str, Any]]) -> Table:
    """A column a contender: worst edge errors, those of others as multiples of Titrate's; costs."""
    table = Table(
        "worst edge error",
        *[row["contender"] for row in rows],
        title=f"The same {rivals.STEPS_PER_S} steps a second",
    )
    for condition in rivals.CONDITIONS:
        ours_us = rows[0][condition]["worst_us"]
        cells = [f"{ours_us:.3g} us"]
        cells += [f"{row[condition]['worst_us'] / ours_us:,.0f} x" for row in rows[1:]]
        lost = [f", {row[condition]['lost']} lost" * bool(row[condition]["lost"]) for row in rows]
        table.add_row(condition, *[cell + more for cell, more in zip(cells, lost, strict=True)])
    table.add_row("processor awake", *[f"{row['awake_percent']:.2f} %" for row in rows])
    table.add_row("allocated in 2 s", *[f"{row['allocated_bytes']:,} bytes" for row in rows])
    table.add_row("highest rate", *[f"{row['highest_steps_per_s']:,}/s" for row in rows])
    return table


def main(names: list[str]) -> int:
    """Measure, print the table, write build/bench.json; 1 when a limit is missed.

    Args:
        names: of the parts to measure; none for all, and what stands beside others.
    """
    console = Console()
    parts: tuple[Callable[[Bench], None], ...] = (
        *(basal, day, disturbed, slow, bound, fast, moves, upload, log, power_on, year),
        *(month, hour, fuzz, mutation),
    )
    known = [part.__name__ for part in parts]
    if unknown := set(names) - set(known):
        console.print(f"no such part: {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    parts = tuple(part for part in parts if not names or part.__name__ in names)
    bench = Bench()
    others: list[dict[str, Any]] = []
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=len(parts) + 1)
        for part in parts:
            progress.update(task, description=part.__name__.replace("_", " "))
            part(bench)
            progress.advance(task)
        if not names:
            others = rivals.table(UF2, lambda what: progress.update(task, description=what))
    table = Table("figure", "measured", "limit", "", title="Titrate on the virtual Pico")
    for figure, value, limit, unit, is_met in bench.rows:
        verdict = "[green]met[/]" if is_met else "[red]MISSED[/]"
        table.add_row(figure, f"{value:,.4g} {unit}", f"{limit:,.6g} {unit}", verdict)
    console.print(table)
    if others:
        console.print(_beside_others(others))
    keys = ("figure", "value", "limit", "unit", "met")
    found = {
        "figures": [dict(zip(keys, row, strict=True)) for row in bench.rows],
        "beside_others": others,
    }
    path = ROOT / "build" / "bench.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    console.print(f"written: {path.relative_to(ROOT)}")
    return 0 if all(row[4] for row in bench.rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
