"""After an interruption: resume, or ask first and begin at a limited rate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from titrate.plan import doses, figures
from titrate.plan.result import Exact, Result, exact


@dataclass(frozen=True, kw_only=True)
class Interruption(Result):
    """What to do, at which daily dose, and how much of the drug is left in the model."""

    action: str
    confirmation: bool
    offered_mcg_day: Fraction | None
    missed_mcg: Fraction
    csf_left_percent: float


def interruption(
    stopped_h: Exact, dose_mcg_day: Exact, initial_mcg_day: Exact | None = None
) -> Interruption:
    """How to go on after the delivery was interrupted.

    Args:
        stopped_h: for how long, h.
        dose_mcg_day: daily dose before, mcg/day.
        initial_mcg_day: the initial dose that was once effective, mcg/day; None when not known.

    Returns:
        "resume" up to 4 h, "confirm" up to 48 h with 80 % of the dose before, "restart" after
        that with the initial dose, or none where it is not known. The times and the 80 % are
        this project's choice: the monograph has no figures.

    Raises:
        OutOfRange: a time below 0 or a dose not above 0.
    """
    stopped = exact("stopped_h", stopped_h, zero=True)
    dose = exact("dose_mcg_day", dose_mcg_day)
    initial = None if initial_mcg_day is None else exact("initial_mcg_day", initial_mcg_day)
    warnings = doses.warnings(dose)
    offered: Fraction | None = dose
    action = "resume"
    if stopped > figures.LONG_INTERRUPTION_H:
        action = "restart"
        offered = None if initial is None else min(initial, dose)
        warnings.append(
            "stopped for more than 48 h: sensitivity may have returned (B30), so the dose before "
            "may be an overdose now, and withdrawal may be under way (B56)"
        )
        if initial is None:
            warnings.append("the initial dose is not known: look it up before restarting (B30)")
    elif stopped > figures.SHORT_INTERRUPTION_H:
        action = "confirm"
        offered = dose * figures.LIMITED_RATE_PERCENT / 100
        warnings.append(
            "stopped for more than 4 h: somebody has to confirm, with the patient watched for "
            "withdrawal (B57, B58) and, after the restart, for overdose (B62)"
        )
    if action != "resume":
        warnings.append(
            "in withdrawal the dose is restored at or near the one before (B60); that is a "
            "clinician's decision, not this one's"
        )
    return Interruption(
        formula="up to 4 h: the dose before; up to 48 h: 80 % of it, confirmed; longer: the "
        "initial dose, confirmed (times and 80 % are this project's choice)",
        inputs={
            "stopped_h": stopped,
            "dose_mcg_day": dose,
            **({} if initial is None else {"initial_mcg_day": initial}),
        },
        rules=("B60", "B62", "B30", "B56"),
        cautions=("B57", "B58", "B59", "B63", "B64"),
        warnings=tuple(warnings),
        action=action,
        confirmation=action != "resume",
        offered_mcg_day=offered,
        missed_mcg=dose / 24 * stopped,
        # A model for teaching, the one place for floats.
        csf_left_percent=round(100 * 0.5 ** float(stopped / figures.CSF_HALF_LIFE_H), 1),
    )
