"""A programme or a bolus judged on the host, by the same code that judges on the pump.

What was dosed before is known to the pump only, so increases and decreases are judged there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pump.core import library as libraries
from pump.core.dose_history import DoseHistory
from pump.core.library import Library
from pump.core.library_rules import Rules
from pump.core.programme import Programme


@dataclass(frozen=True)
class Findings:
    """What a library says, a (code, sentence) each; the codes name the limits.

    Attributes:
        hard: what is refused.
        soft: what needs a reason.
    """

    hard: tuple[tuple[str, str], ...]
    soft: tuple[tuple[str, str], ...]


def judge_programme(library: Library, programme: Programme, now_s: int = 0) -> Findings:
    """What a library says of a programme that has been checked.

    Args:
        library: the library.
        programme: to be put in force.
        now_s: when, pump time; of a course, what is over by then is not judged.
    """
    return _sorted(_rules(library, programme, None, now_s).of_programme(programme))


def judge_bolus(
    library: Library,
    programme: Programme,
    volume_nl: Fraction,
    duration_s: int,
    history: DoseHistory | None = None,
    now_s: int = 0,
) -> Findings:
    """What a library says of a single bolus on top of a programme.

    Args:
        library: the library.
        programme: in force.
        volume_nl: of the bolus.
        duration_s: how long it takes.
        history: what was dosed and asked for before; None where that is not known, and then
            the dose of a day is not judged.
        now_s: when it is asked for, pump time.
    """
    volume = (volume_nl.numerator, volume_nl.denominator)
    rules = _rules(library, programme, history, now_s)
    return _sorted(rules.of_bolus(programme, volume, duration_s))


def _rules(
    library: Library, programme: Programme, history: DoseHistory | None, now_s: int
) -> Rules:
    title, drug, names = libraries.find(libraries.canonical_text(library), programme.drug)
    return Rules(title, drug, names, history, now_s)


def _sorted(findings: list[tuple[str, bool, str]]) -> Findings:
    return Findings(
        tuple((code, sentence) for code, is_hard, sentence in findings if is_hard),
        tuple((code, sentence) for code, is_hard, sentence in findings if not is_hard),
    )
