"""Whether everything in a demonstration is as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pump.core.delivery import TICKS_PER_S
from pump.core.ledger import Ledger
from titrate.demo.comparison import LATE_NS_MAX, Phase, compare
from titrate.demo.run import Outcome

# The pump looks at its reservoir at least this often, in seconds.
_LOOK_S = 3


def differences(outcome: Outcome) -> Iterator[str]:
    """A sentence for everything that differs from what is prescribed."""
    phases, left_over = compare(outcome.prescription, outcome.clock, outcome.edges_ns)
    yield from _of_steps(phases, left_over)
    yield from _of_counts(outcome)
    yield from _of_polls(outcome)
    yield from _of_low_reservoir(outcome)
    yield from _of_log(outcome)


def low_reservoir_s(outcome: Outcome) -> Fraction:
    """When the step is due that takes the reservoir to its low level, pump time in seconds."""
    programme = outcome.profile.programme
    first = outcome.prescription.stretches[0].steps
    ledger = Ledger(programme.microstep_nl(), first)
    ledger.refill((outcome.profile.fill_nl, 1), first)
    step = ledger.steps_until(programme.reservoir_low_nl, first)
    return outcome.prescription.instant_ticks(step) / int(TICKS_PER_S)


def _of_steps(phases: list[Phase], left_over: int) -> Iterator[str]:
    prescribed = sum(phase.prescribed for phase in phases)
    stepped = sum(len(phase.late_ns) for phase in phases) + left_over
    if stepped != prescribed:
        yield f"{prescribed} steps were prescribed, {stepped} edges came"
    late = [late_ns for phase in phases for late_ns in phase.late_ns]
    early = sum(late_ns < 0 for late_ns in late)
    if early:
        yield f"{early} edges came before they were due, by up to {-float(min(late)):.0f} ns"
    too_late = sum(late_ns >= LATE_NS_MAX for late_ns in late)
    if too_late:
        yield f"{too_late} edges came 1 us or more after they were due, by up to " + (
            f"{float(max(late)):.0f} ns"
        )


def _of_counts(outcome: Outcome) -> Iterator[str]:
    """The pump's own figures after the stop, when nothing moves any more."""
    final = outcome.final
    edges = len(outcome.edges_ns)
    delivered_nl = edges * outcome.prescription.microstep_nl
    expected = {
        "stepped": edges,
        "witnessed": edges,
        "asked": outcome.prescription.stretches[-1].end_steps,
        "delivered_nl": delivered_nl,
        "reservoir_nl": outcome.profile.fill_nl - delivered_nl,
        "programme_digest": outcome.profile.digest,
    }
    for name, value in expected.items():
        if getattr(final, name) != value:
            yield f"the pump says {name} is {getattr(final, name)}, it is {value}"


def _of_polls(outcome: Outcome) -> Iterator[str]:
    for poll in outcome.polls:
        if not poll.is_right:
            yield (
                f"asked while it ran, the pump counted {poll.status.stepped} steps and witnessed "
                f"{poll.status.witnessed}, between {poll.edges_before} and {poll.edges_after} "
                "edges had come"
            )


def _of_low_reservoir(outcome: Outcome) -> Iterator[str]:
    due_s = low_reservoir_s(outcome)
    raised = [
        entry.at_s
        for entry in outcome.log
        if entry.code == "alarm_raised" and "alarm=low_reservoir " in entry.detail
    ]
    if not any(at_s is not None and int(due_s) <= at_s <= due_s + _LOOK_S for at_s in raised):
        yield "the low reservoir alarm did not come within 3 s of the step that made it low"
    if "low_reservoir" not in [alarm.code for alarm in outcome.alarms]:
        yield "the low reservoir alarm is not active at the end"


def _of_log(outcome: Outcome) -> Iterator[str]:
    codes = [entry.code for entry in outcome.log]
    for code in ("started", "rate_changed", "bolus_started", "bolus_finished", "stopped"):
        if code not in codes:
            yield f"the pump's log has no entry {code}"
