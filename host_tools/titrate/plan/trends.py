"""What the refills in a log say over time: requirement, and delivered over programmed volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pump.core.errors import OutOfRange
from pump.core.quantity import format_instant
from titrate.plan import figures, groups, names
from titrate.plan.log_reading import Entry
from titrate.plan.measured import residual
from titrate.plan.result import Exact, Result, Step, exact

_DAY_S = 86_400
_RISES = 3
# A clock that was never set counts from 2000.
_CLOCK_KNOWN_S = 366 * _DAY_S
_CLOCK_MOVED_S = 3600


@dataclass(frozen=True, kw_only=True)
class Trend(Result):
    """The time between each two refills, and what is suspicious."""

    suspicion: bool
    findings: tuple[str, ...]
    periods: tuple[Step, ...]


def trend(
    entries: Sequence[Entry],
    measured_ml: Mapping[int, Exact] | None = None,
    group: str = "spinal-adult",
    concentration_mcg_ml: Exact | None = None,
    from_s: int = 0,
) -> Trend:
    """Judge the refills of a log.

    Args:
        entries: of the log; what counts are its refills, primes and settings of the clock.
        measured_ml: residual drawn out at a refill, by the number of its entry, mL.
        group: whose largest increase at a refill a rise is held against.
        concentration_mcg_ml: of the drug, for doses; it has to be the same all the time.
        from_s: entries before this pump time are left out: after a change of the concentration.

    Returns:
        `suspicion` is whether catheter and pump are to be looked at: a requirement that rises
        suddenly or three times running, or a delivered ratio outside of 0.85 to 1.15 or that
        drifts by 5 % over three refills.

    Raises:
        BadText: no such group, or an entry that cannot be read.
        OutOfRange: fewer than two refills with a known time.
    """
    who = groups.group_named(group)
    strength = None
    if concentration_mcg_ml is not None:
        strength = exact("concentration_mcg_ml", concentration_mcg_ml)
    known = {
        number: exact("measured_ml", ml, zero=True) for number, ml in (measured_ml or {}).items()
    }
    kept = [entry for entry in entries if entry.at_s is None or entry.at_s >= from_s]
    refills = [entry for entry in kept if entry.code == "refill"]
    unknown = sorted(set(known) - {entry.sequence for entry in refills[1:]})
    if unknown:
        raise OutOfRange(
            f"entry {unknown[0]} is no refill after the first one: a residual is measured at a "
            "refill"
        )
    warnings = [*_undated(refills), *_moved_clock(kept)]
    periods = _periods(kept, known, strength)
    if not periods:
        raise OutOfRange(
            "the log has fewer than two refills with a known time: there is no trend to see yet"
        )
    limit = who.refill_percent[1]
    findings = [
        *_rises(periods, limit, who.refill_percent[0]),
        *_ratios(periods),
    ]
    return Trend(
        formula="requirement = (fill - expected residual - primed) / days; ratio = (fill - "
        f"measured) / (fill - expected); suspicious: a rise of more than {limit} % from one refill "
        f"to the next, {_RISES} rises running of {who.refill_percent[0]} % or more, a ratio "
        f"outside of 0.85 to 1.15, or one that drifts by {figures.DRIFT_PERCENT} % over "
        f"{figures.DRIFT_REFILLS} refills",
        inputs={
            "refills": len(refills),
            "measured_residuals": len(known),
            "group": who.name,
            **({} if strength is None else {"concentration_mcg_ml": strength}),
        },
        rules=("B15", "B19", "B66", "B27"),
        cautions=("B54",),
        warnings=tuple(warnings),
        **groups.rests_on(who.refill_limit),
        suspicion=bool(findings),
        findings=tuple(findings),
        periods=tuple(periods),
    )


def _periods(
    entries: Sequence[Entry], measured: Mapping[int, Fraction], strength: Fraction | None
) -> list[Step]:
    found: list[Step] = []
    before: Entry | None = None
    primed_nl = Fraction(0)
    last: Fraction | None = None
    for entry in entries:
        if entry.code == "prime":
            primed_nl += entry.ratio("volume_nl")
        if entry.code != "refill":
            continue
        if before is not None and before.at_s is not None and entry.at_s is not None:
            length_s = entry.at_s - before.at_s
            if length_s > 0:
                step = _period(before, entry, primed_nl, measured.get(entry.sequence), strength)
                now = step["requirement_ml_day"]
                assert isinstance(now, Fraction)
                step["change_percent"] = (now - last) / last * 100 if last else None
                last = now
                found.append(step)
        before, primed_nl = entry, Fraction(0)
    return found


def _period(
    before: Entry,
    entry: Entry,
    primed_nl: Fraction,
    measured_ml: Fraction | None,
    strength: Fraction | None,
) -> Step:
    days = Fraction((entry.at_s or 0) - (before.at_s or 0), _DAY_S)
    fill_ml = before.ratio("volume_nl") / 10**6
    expected_ml = entry.ratio("expected_residual_nl") / 10**6
    used_ml = max(fill_ml - expected_ml - primed_nl / 10**6, Fraction(0))
    step: Step = {
        "until": format_instant(entry.at_s or 0)[:10],
        "entry": entry.sequence,
        "days": days,
        "used_ml": used_ml,
        "requirement_ml_day": used_ml / days,
        "change_percent": None,
    }
    if strength is not None:
        step["requirement_mcg_day"] = used_ml / days * strength
    step["delivered_ratio"] = (
        None if measured_ml is None else residual(expected_ml, measured_ml, fill_ml).delivered_ratio
    )
    return step


def _rises(periods: Sequence[Step], limit: Fraction, usual: Fraction) -> list[str]:
    found = []
    running = 0
    for period in periods:
        change = period["change_percent"]
        rise = change if isinstance(change, Fraction) else Fraction(0)
        running = running + 1 if rise >= usual else 0
        if rise > limit:
            found.append(
                f"the requirement rose by {names.amount(rise, '%')} until {period['until']}, "
                f"suddenly, by more than {limit} %: suspect a kinked or dislodged catheter, or "
                "the pump (B19, B15)"
            )
        if running == _RISES:
            found.append(
                f"the requirement rose {_RISES} times running by {usual} % or more until "
                f"{period['until']}: with a poor response think of a mass at the catheter's tip "
                "and of the catheter's patency (B66, B15)"
            )
    return found


def _ratios(periods: Sequence[Step]) -> list[str]:
    found = []
    ratios: list[Fraction] = []
    lowest, highest = figures.RESIDUAL_RATIO
    for period in periods:
        value = period["delivered_ratio"]
        if not isinstance(value, Fraction):
            continue
        ratios.append(value)
        if not lowest <= value <= highest:
            found.append(
                f"at {period['until']} the delivered ratio was {names.number(value)}, outside of "
                "0.85 to 1.15: check pump and catheter (B15)"
            )
        last = ratios[-figures.DRIFT_REFILLS :]
        steps = [b - a for a, b in zip(last, last[1:], strict=False)]
        one_way = all(step > 0 for step in steps) or all(step < 0 for step in steps)
        drift = (last[-1] - last[0]) * 100
        if len(last) == figures.DRIFT_REFILLS and one_way and abs(drift) >= figures.DRIFT_PERCENT:
            found.append(
                f"until {period['until']} the delivered ratio drifted by "
                f"{names.amount(drift, 'percent points')} over {len(last)} refills: check pump "
                "and catheter (B15, B19)"
            )
    return found


def _undated(refills: Sequence[Entry]) -> list[str]:
    undated = [entry.sequence for entry in refills if entry.at_s is None]
    if not undated:
        return []
    return [
        f"the refill of entry {undated[0]} has no time, as the pump's clock was not set: the time "
        "before and after it is left out"
    ]


def _moved_clock(entries: Sequence[Entry]) -> list[str]:
    for entry in entries:
        if entry.code == "clock_set":
            old_s, new_s = (entry.ratio(name) for name in ("old_s", "new_s"))
            if old_s > _CLOCK_KNOWN_S and abs(new_s - old_s) > _CLOCK_MOVED_S:
                return [
                    f"entry {entry.sequence} moved the clock by "
                    f"{names.amount((new_s - old_s) / 3600, 'h')}: the days around it are wrong "
                    "by that"
                ]
    return []
