"""`make mutants`: how many small mistakes in the core the tests notice.

Prints every mutant that no test notices, and the score of each file; writes build/mutants.json.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "build" / "mutation"))

from killing import Killer  # noqa: E402
from mutants import Mutant, mutants_of  # noqa: E402
from verdicts import EQUIVALENT, FILES, SURVIVED, equivalents, is_good, key_of, score  # noqa: E402

SEED = 1


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The options, as --help tells them."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser("make mutants", "make mutants ARGS='...'", about)
    parser.add_argument("files", nargs="*", help="only these of " + ", ".join(FILES))
    parser.add_argument("--where", default="", help="only classes and functions that hold this")
    parser.add_argument("--sample", type=int, help="so many of them, the same ones every time")
    parser.add_argument("--at-most", type=int, help="portable tests on each, for a first look")
    parser.add_argument("--again", action="store_true", help="only what survived the last run")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "mutants.json")
    options = parser.parse_args(arguments)
    if unknown := set(options.files) - set(FILES):
        parser.error(f"no such file: {', '.join(sorted(unknown))}; there are {', '.join(FILES)}")
    return options


def chosen(options: argparse.Namespace) -> list[Mutant]:
    """The mutants that the options ask for."""
    paths = [ROOT / "firmware/pump/core" / f"{name}.py" for name in options.files or FILES]
    found = [mutant for path in paths for mutant in mutants_of(path)]
    found = [mutant for mutant in found if options.where in mutant.where]
    if options.again:
        rows = json.loads(options.to.read_text())["mutants"]
        survived = {key_of(row) for row in rows if row["verdict"] == SURVIVED}
        found = [mutant for mutant in found if mutant.key in survived]
    if options.sample and options.sample < len(found):
        found = random.Random(SEED).sample(found, options.sample)
    return found


def judged(mutants: list[Mutant], at_most: int | None) -> list[dict[str, Any]]:
    """A row for each mutant; those that survive are printed as they are found."""
    killer = Killer(sorted({mutant.path for mutant in mutants}), at_most)
    known = equivalents()
    twice = [key for key, count in Counter(m.key for m in mutants).items() if count > 1]
    if unclear := known.keys() & twice:
        raise SystemExit(f"equivalent.toml: these stand for more than one mutant: {unclear}")
    rows = []
    for number, mutant in enumerate(mutants, 1):
        verdict, by = (EQUIVALENT, "") if mutant.key in known else killer.judge(mutant)
        if verdict == SURVIVED:
            print(f"[{number} of {len(mutants)}] {mutant.diff()}", flush=True)
        file, where, was, now = mutant.key
        row = {"file": file, "where": where, "line": mutant.lines.start, "was": was, "now": now}
        rows.append({**row, "verdict": verdict, "noticed_by": by})
    return rows


def main(arguments: list[str]) -> int:
    """Judge the mutants; 1 when a file's score is below what is wanted."""
    options = options_of(arguments)
    mutants = chosen(options)
    rows = judged(mutants, options.at_most)
    if options.again:
        keys = {mutant.key for mutant in mutants}
        last = json.loads(options.to.read_text())["mutants"]
        rows = [row for row in last if key_of(row) not in keys] + rows
    scores = {}
    for name in [*FILES, "all"]:
        verdicts = [row["verdict"] for row in rows if name in (row["file"], "all")]
        if verdicts:
            found = scores[name] = score(verdicts)
            print(
                f"{name:10} {found['percent']:5.1f} % noticed of {found['mutants']} mutants: "
                f"{found['survived']} survived, {found['equivalent']} equivalent"
            )
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = time.process_time() + children.ru_utime + children.ru_stime
    print(f"{cpu_s:.0f} s of one core")
    options.to.parent.mkdir(exist_ok=True)
    report = {"scores": scores, "cpu_s": cpu_s, "mutants": rows}
    options.to.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(is_good(found) for found in scores.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
