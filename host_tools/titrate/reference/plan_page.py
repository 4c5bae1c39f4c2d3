"""host_tools/docs/plan.md: every calculation with an example that was run when it was written."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

from rich.console import Console, RenderableType

from titrate.cli.commands.plan import plan
from titrate.cli.main import titrate
from titrate.cli.output import DONE, Output
from titrate.cli.session import Session

WIDTH = 92

# command: (an example, the Python call, what is to be known besides)
EXAMPLES = {
    "test-dose": (
        'test-dose --previous "50 mcg" --hours-since 24',
        "plan.test_dose(previous_mcg=50, hours_since=24)",
        "For where the response to the dose before was not sufficient. `earliest_h` counts from "
        "now. After 100 mcg `next_dose_mcg`, `volume_ml` and `earliest_h` are null. After 25 mcg "
        "in a very small child the next one is 50 mcg, which is our reading: the monograph says "
        "only how to begin.",
    ),
    "start": (
        'start --test-dose "75 mcg" --response-hours 6',
        "plan.start(test_dose_mcg=75, response_h=6)",
        "A test dose above 100 mcg is refused, as it is none.",
    ),
    "titrate": (
        'titrate --dose "300 mcg/day" --group spinal-adult --hours-since-change 30',
        'plan.titrate(300, "spinal-adult", 30)',
        "The lower figure of a band is read as the usual step, the upper as the limit. "
        "With `--to` a new dose is judged: `allowed` and, if not, why. "
        'A whole history instead of one dose: `--change 2026-11-20T08:00 "300 mcg/day"`, repeated, '
        "with `--now` (`plan.titrate_history`); increases in it that came too soon or were too "
        "large are told, several within 24 h as one. With `wait_h` above 0 the "
        "window is what may be taken after that. A child with a spinal origin has at a refill the "
        "narrower band of B17, because the advice on a child's maintenance is that for a cerebral "
        "origin (B25); the drug library has the same figure. Nothing is cut off at a limit of the "
        "daily dose; it is warned of.",
    ),
    "night": (
        'night --dose "300 mcg/day" --increase 20 --from 22:00 --to 06:00',
        "plan.night(300, 20, from_s=22 * 3600, to_s=6 * 3600)",
        "`--from` is when the effect is wanted; the rate rises the lead before it. `steps` begin "
        "at 00:00, as a profile's do; `profile` is what a profile has for it "
        "([profile.md](profile.md)). Without `--group` the lowest limit of any group is applied.",
    ),
    "taper": (
        'taper --dose "300 mcg/day" --over "14 days" --step "2 days" --initial "100 mcg/day"',
        "plan.taper(300, over_days=14, step_days=2, initial_mcg_day=100)",
        "Less than 14 days is refused, more than 28 warned of. The monograph has no figure for a "
        "step of a taper; here all steps fall by the same dose, the first one at once and the "
        "last one to the end.",
    ),
    "interruption": (
        'interruption --stopped "9 h" --dose "300 mcg/day" --initial "100 mcg/day"',
        "plan.interruption(stopped_h=9, dose_mcg_day=300, initial_mcg_day=100)",
        "The monograph has no figures for this: 4 h (the shortest effect of a bolus, B45), 48 h "
        "(after which commercial pumps raise their critical alarm for a stopped pump) and 80 % "
        "(the largest decrease of B18) are this project's choice. Nothing is taken by itself.",
    ),
    "rate": (
        'rate --dose "22 mcg/day" --concentration "2000 mcg/mL"',
        "plan.rate(22, 2000), plan.dose(Fraction(11, 24), 2000)",
        'The other way: `--rate "25 uL/h"` instead of `--dose`. Exact: 1375/3 nL/h here.',
    ),
    "concentration": (
        'concentration --dose "50 mcg/day" --min-rate "0.048 mL/day" --max-rate "24 mL/day" '
        '--usable "16 mL"',
        "plan.concentration(50, Fraction(48, 1000), 24, usable_ml=16)",
        "The range is that of the pump at hand; no default is assumed. The strongest that works "
        "has the longest time between refills.",
    ),
    "dilute": (
        'dilute --stock "2000 mcg/mL" --target "350 mcg/mL" --volume "20 mL"',
        "plan.dilute(2000, 350, 20)",
        "",
    ),
    "prime": (
        'prime --tubing "0.05 mL" --catheter "0.2 mL" --rate "0.5 mL/h" '
        '--concentration "500 mcg/mL" --dose "300 mcg/day"',
        "plan.prime(Fraction(5, 100), Fraction(2, 10), rate_ul_h=500)",
        "Or `--path-volume` for both. Checked in the tests by pushing parcels through a path.",
    ),
    "bridge": (
        'bridge --old "500 mcg/mL" --new "2000 mcg/mL" --path-volume "0.25 mL" '
        '--dose "300 mcg/day"',
        "plan.bridge(500, 2000, Fraction(1, 4), 300)",
        "`without_bridge_mcg_day` is what would arrive without the bridge until the path holds the "
        "new drug. Checked in the tests by pushing parcels through a path.",
    ),
    "refill": (
        'refill --fill "18 mL" --reserve "2 mL" --dose "300 mcg/day" '
        '--concentration "500 mcg/mL" --stability "90 days" --from 2026-11-22T08:00',
        "plan.refill(18, 2, 300, 500, stability_days=90)",
        "With `--profile FILE` the profile's steps, weekdays and boluses are followed one by one "
        "(`plan.refill_of`). The monograph has no figure for stability in the reservoir: without "
        "`--stability` that of the drug library counts. Dates are rounded down to the second.",
    ),
    "residual": (
        'residual --expected "3.1 mL" --measured "3.6 mL" --fill "18 mL"',
        "plan.residual(Fraction(31, 10), Fraction(36, 10), 18)",
        "The 15 % are what vendors of implanted pumps promise, not the monograph's.",
    ),
    "trend": (
        'trend host_tools/titrate/examples/refills.jsonl --concentration "500 mcg/mL" '
        '--measured 2026-04-01 "4.1 mL"',
        "plan.trend(plan.read_log(text), {17: Fraction(41, 10)}, concentration_mcg_ml=500)",
        "Reads what `titrate log --from 0` prints with `--jsonl`, `--json` or `--csv`, and checks "
        "the hashes of a sealed export. What is sudden (more than the upper figure of B16 or B17 "
        "from one refill to the next) and what drifts (5 % over three refills) is this project's "
        "choice. After a change of the concentration look from then on, with `--from`.",
    ),
    "csf": (
        'csf host_tools/titrate/examples/night-step.toml --hours 60 --bolus "30 h" "40 mcg" '
        '"15 min"',
        "plan.csf(programme, 60, fill_nl, from_s)",
        "**Teaching only.** With `--plot FILE.svg` the picture below, with the times at which an "
        "effect begins and peaks (B45, B46) as bars; `--json` has the curve.\n\n"
        "![Rate, model and times of effect](csf.svg)",
    ),
}

_HEAD = """# Calculations: `titrate plan`

Made by `python -m titrate.reference`, which runs every example below.

Bench and research use only, not for use on people. A calculation is no advice for a patient.

Each prints its results, its formula, what it was worked out from, its warnings, the rules that it
rests on and those that a person has to mind. The rules B1-B70 are those of a product monograph of
intrathecal baclofen in our own words: [rules.md](rules.md) has all of them, and the tests. What the
monograph has no figure for is said here. Limits (of an increase, a dose, the time in a reservoir)
are those of the drug library that comes with Titrate, or of the one that `--library FILE` names (in
Python `with plan.judged_by(load_library(FILE)):`); each result names the library and the limits of
it that it was held against, with their sources.

- Quantities are text with a unit, and a bare number is refused; hours, percent and counts are
  numbers where the option's name says so.
- Everything but `csf` is worked out with exact fractions. In `--json` numbers are numbers, and
  `exact` has those that are not whole as ratios, such as `"144/149"`.
- `--json` has besides the keys listed: `formula`, `inputs`, `rules` and `cautions` (each with
  `number` and `text`), `warnings`, `library`, `limits`.
- What makes no sense is refused with one sentence and exit status 2. What is unusual is warned of.
- In Python: `from titrate import plan`; every function takes whole numbers or
  `fractions.Fraction`, never a float, and gives a dataclass with the same names.
"""


def text(root: Path) -> str:
    """The page's text.

    Args:
        root: the repository's, for the files in the examples.
    """
    with chdir(root):
        return _HEAD + "".join(_section(name) for name in plan.commands)


def _section(name: str) -> str:
    example, call, note = EXAMPLES[name]
    command = plan.commands[name]
    first = (command.help or "").split("\n\n")[0].strip()
    parts = [f"\n## {name}\n\n{' '.join(first.split())}\n"]
    if note:
        parts.append(f"\n{note}\n")
    parts.append(f"\n```\n$ titrate plan {example}\n{run(example)}```\n")
    parts.append(
        f"\nIn Python: `{call}`. JSON: {', '.join(f'`{key}`' for key in _keys(example))}.\n"
    )
    return "".join(parts)


def run(example: str) -> str:
    """What an example prints for a person, on a page as wide as this one's."""
    buffer = io.StringIO()
    session = Session()
    session.output.console = Console(file=buffer, width=WIDTH, highlight=False)
    _invoke(example, session)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _keys(example: str) -> list[str]:
    """The JSON keys of an example's results, without those that all have."""
    session = Session()
    session.output = keys = _Keys()
    _invoke(example, session)
    return keys.found


def _invoke(example: str, session: Session) -> None:
    words = ["plan", *shlex.split(example)]
    titrate.main(args=words, prog_name="titrate", standalone_mode=False, obj=session)


class _Keys(Output):
    """Keeps the keys of a result instead of printing it."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.found: list[str] = []

    def result(
        self, values: Mapping[str, object], *shown: RenderableType, outcome: str = DONE
    ) -> None:
        """Keep those that come before the keys that all results have."""
        names = list(values)
        self.found = names[: names.index("exact")]
