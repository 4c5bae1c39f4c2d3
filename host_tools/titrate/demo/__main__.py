"""Run the demonstration: python -m titrate.demo [--uf2 FILE] [--profile FILE] [--picture FILE].

Exit status 0 when everything delivered is what was prescribed, 1 when anything differs, 2 when
it cannot be run.
"""

from __future__ import annotations

import argparse
import sys
import time
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pump.core import quantity
from titrate.cli import show
from titrate.client.errors import TitrateError
from titrate.client.replies import Status
from titrate.demo import picture, report, verdict
from titrate.demo.bench import Bench
from titrate.demo.run import END_S, START, Demonstration, Outcome
from titrate.profile import Profile, ProfileError, load_profile

ROOT = Path(__file__).resolve().parents[3]
UF2 = ROOT / "build/pico_tmc2209/firmware.uf2"
PROFILE = ROOT / "host_tools/titrate/examples/demo-24h.toml"
PICTURE = ROOT / "build/demo.svg"


def main(arguments: list[str] | None = None) -> int:
    """Run it and print what was found; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m titrate.demo", description=__doc__)
    parser.add_argument("--uf2", type=Path, default=UF2, help="firmware image to run")
    parser.add_argument("--profile", type=Path, default=PROFILE, help="profile to programme")
    parser.add_argument("--picture", type=Path, default=PICTURE, help=".svg or .png to draw")
    chosen = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    if not chosen.uf2.is_file():
        console.print(f"there is no {chosen.uf2}; build it with `make uf2`", soft_wrap=True)
        return 2
    try:
        profile = load_profile(chosen.profile)
        with Bench(chosen.uf2) as bench:
            outcome = _run(console, bench, profile)
    except (ProfileError, OSError, RuntimeError, ValueError, TimeoutError) as error:
        console.print(f"the demonstration cannot be run: {error}", style="red", soft_wrap=True)
        return 2
    except TitrateError as error:
        console.print(f"the pump did not do it: {error.sentence}", style="red", soft_wrap=True)
        return 1
    return _conclude(console, outcome, chosen.picture)


def _run(console: Console, bench: Bench, profile: Profile) -> Outcome:
    began_s = time.monotonic()
    with _progress(console) as progress:
        task = progress.add_task("booting the firmware on an emulated RP2040", total=None)
        bench.boot()
        demonstration = Demonstration(bench, profile)
        progress.remove_task(task)
        hello = demonstration.pump.hello
        console.print(
            f"[bold]Titrate {hello.firmware_version}[/] on MicroPython {hello.micropython}, board "
            f"{hello.board}: an emulated RP2040, its serial port on {bench.port}"
        )
        task = progress.add_task(f"sending {profile.programme.name} over the serial port")
        review = demonstration.propose(
            lambda done, of: progress.update(task, completed=done, total=of)
        )
        progress.remove_task(task)
        console.print(f"\n[bold]What the pump understood[/] of {Path(profile.path).name}:")
        console.print(report.review_table(review))
        for sentence in review.warnings:
            console.print(f"[yellow]warning[/]: {sentence}", soft_wrap=True)
        task = progress.add_task("confirming by digest, setting the clock, refilling", total=None)
        demonstration.put_in_force(review)
        progress.remove_task(task)
        console.print(
            f"\n[bold]Confirmed[/] by its digest {review.digest}; clock set to {START}, "
            f"reservoir filled with {show.volume(Fraction(profile.fill_nl))}; started."
        )
        start_s = quantity.parse_instant_s(START)
        task = progress.add_task("starting", total=END_S - start_s)

        def tell(at_s: int, status: Status | None) -> None:
            progress.update(task, completed=at_s - start_s)
            if status is not None:
                words = f"{status.state} at {show.rate(status.rate_nl_per_h, None)}"
                codes = ", ".join(code for code, _ in status.alarms)
                progress.update(task, description=words + (f", alarm {codes}" if codes else ""))

        outcome = demonstration.deliver(tell)
    took_s = time.monotonic() - began_s
    console.print(f"{END_S - start_s} s of pump time in all; {took_s:.0f} s on this computer.")
    return outcome


def _conclude(console: Console, outcome: Outcome, path: Path) -> int:
    console.print("\n[bold]What the pump said[/] over the serial port, beside its STEP pin:")
    console.print(report.poll_table(outcome))
    console.print("\n[bold]Its journal[/]:")
    console.print(report.log_table(outcome))
    console.print(
        "\n[bold]Delivered against prescribed[/], every edge of STEP against the exact instant of "
        "its step:"
    )
    console.print(report.step_table(outcome))
    console.print(
        "[dim]The pump answered from which tick start and stop hold; the offset of its clock is "
        "read from the chip, as by\na debug probe. The instants are worked out from the profile in "
        "fractions, the edges are the emulated pin's.[/]"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.draw(outcome, path)
    console.print(f"\nDrawn: {path}", soft_wrap=True)
    found = list(verdict.differences(outcome))
    for sentence in found:
        console.print(f"[red]different[/]: {sentence}", soft_wrap=True)
    if found:
        console.print("[bold red]NOT AS PRESCRIBED[/]")
        return 1
    volume = show.amount(outcome.final.delivered_nl, outcome.final.concentration_mcg_per_ml)
    console.print(
        f"[bold green]AS PRESCRIBED[/]: {len(outcome.edges_ns)} of {len(outcome.edges_ns)} steps, "
        f"{volume}, each less than 1 us after its instant and none before.",
        soft_wrap=True,
    )
    return 0


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
