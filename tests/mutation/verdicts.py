"""What became of mutants: the score, and the mutants that nothing can tell from the code."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# The files of pump.core in which a mistake is a wrong dose, a wrong book or a wrong limit.
FILES = ("schedule", "delivery", "ledger", "limits", "ranges", "controller", "journal")
WANTED_PERCENT = 90

SURVIVED, FAILED, ENDLESS, EQUIVALENT = "survived", "failed", "endless", "equivalent"

# File, class and function, the lines as they are, the lines of the mutant.
Key = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def equivalents() -> dict[Key, str]:
    """Why nothing can tell a mutant from the code, for those of equivalent.toml."""
    table = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text())
    return {key_of(row): row["why"] for row in table["mutant"]}


def key_of(row: dict[str, Any]) -> Key:
    """What names a mutant as long as its lines stay as they are."""
    return row["file"], row["where"], tuple(row["was"]), tuple(row["now"])


def score(verdicts: Iterable[str]) -> dict[str, float]:
    """Counts of verdicts; percent is of the mutants that are not equivalent."""
    count = Counter(verdicts)
    judged = count.total() - count[EQUIVALENT]
    noticed = count[FAILED] + count[ENDLESS]
    return {
        "mutants": count.total(),
        "noticed": noticed,
        "survived": count[SURVIVED],
        "equivalent": count[EQUIVALENT],
        "percent": 100 * noticed / judged if judged else 100.0,
    }


def is_good(found: dict[str, float]) -> bool:
    """Whether a score is what it is to be."""
    return found["percent"] >= WANTED_PERCENT
