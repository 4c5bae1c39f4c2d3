"""How long a fill of the reservoir lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pump.core import library, schedule
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Delivery
from pump.core.errors import OutOfRange
from pump.core.programme import Programme
from pump.core.quantity import format_instant
from titrate.plan import doses, groups, names
from titrate.plan.result import Exact, Result, date_after, exact, refuse_above
from titrate.simulation.prescription import stretches

# The pump cannot look further ahead either; a fill that lasts longer is not refilled in time.
HORIZON_DAYS = 730


@dataclass(frozen=True, kw_only=True)
class Refill(Result):
    """Hours until the reservoir is low and empty, and until it is to be refilled."""

    low_in_h: Fraction
    empty_in_h: Fraction
    refill_by_h: Fraction
    limited_by: str
    daily_volume_ml: Fraction
    low_at: str | None = None
    empty_at: str | None = None
    refill_by: str | None = None


def refill(
    fill_ml: Exact,
    reserve_ml: Exact,
    dose_mcg_day: Exact,
    concentration_mcg_ml: Exact,
    boluses: Sequence[tuple[Exact, Exact]] = (),
    stability_days: Exact | None = None,
    stop_at_ml: Exact = 0,
    from_s: int | None = None,
) -> Refill:
    """When the reservoir is low and empty at a steady daily dose.

    Args:
        fill_ml: what the reservoir holds after the refill, mL.
        reserve_ml: what it holds when it is low, mL, below the fill.
        dose_mcg_day: daily dose, mcg/day.
        concentration_mcg_ml: of the drug, mcg/mL.
        boluses: (dose in mcg, how many a day) of each kind of bolus on top, spread evenly.
        stability_days: how long the drug may stay in the reservoir; None for that of the
            drug library.
        stop_at_ml: what the pump cannot deliver, mL: empty is when this is left.
        from_s: when it is filled, pump time; None for no dates.

    Raises:
        OutOfRange: a reserve not below the fill, or what is not above 0.
    """
    dose = exact("dose_mcg_day", dose_mcg_day)
    concentration = exact("concentration_mcg_ml", concentration_mcg_ml)
    daily_mcg = dose
    shown_boluses = []
    for bolus_mcg, per_day in boluses:
        each, count = exact("bolus_mcg", bolus_mcg), exact("boluses_a_day", per_day)
        shown_boluses.append(f"{names.amount(each, 'mcg')} x {names.number(count)} a day")
        daily_mcg += each * count
    daily_ml = daily_mcg / concentration
    inputs: dict[str, object] = {
        "dose_mcg_day": dose,
        "concentration_mcg_ml": concentration,
        **({"boluses": ", ".join(shown_boluses)} if shown_boluses else {}),
    }
    levels = _levels(fill_ml, reserve_ml, stop_at_ml)
    fill, reserve, stop_at = levels
    times = (
        (fill - reserve) / daily_ml * 24,
        (fill - stop_at) / daily_ml * 24,
    )
    return _result(levels, times, daily_ml, inputs, stability_days, from_s, doses.warnings(dose))


def refill_of(
    programme: Programme,
    fill_ml: Exact,
    reserve_ml: Exact | None = None,
    stability_days: Exact | None = None,
    from_s: int = 0,
) -> Refill:
    """When the reservoir is low and empty with a programme that runs by itself.

    Args:
        programme: its steps, weekdays and boluses are followed one by one.
        fill_ml: what the reservoir holds after the refill, mL.
        reserve_ml: what it holds when it is low; None for the programme's low volume.
        stability_days: how long the drug may stay in the reservoir; None for that of the
            drug library.
        from_s: when it is filled and started, pump time.

    Raises:
        OutOfRange: a reserve not below the fill, or a programme that delivers next to nothing.
    """
    low = Fraction(programme.reservoir_low_nl, 10**6) if reserve_ml is None else reserve_ml
    levels = _levels(fill_ml, low, Fraction(programme.reservoir_reserve_nl, 10**6))
    fill, reserve, stop_at = levels
    wanted = [(fill - reserve) * 10**6, (fill - stop_at) * 10**6]
    times = _times_h(programme, from_s, wanted)
    daily_ml = wanted[1] / 10**6 / times[1] * 24
    inputs: dict[str, object] = {"programme": programme.name}
    return _result(levels, times, daily_ml, inputs, stability_days, from_s, [])


def _levels(fill_ml: Exact, reserve_ml: Exact, stop_at_ml: Exact) -> tuple[Fraction, ...]:
    fill = exact("fill_ml", fill_ml)
    reserve = exact("reserve_ml", reserve_ml, zero=True)
    stop_at = exact("stop_at_ml", stop_at_ml, zero=True)
    if reserve >= fill:
        raise OutOfRange(
            f"the reserve of {names.amount(reserve, 'mL')} is not below the fill of "
            f"{names.amount(fill, 'mL')}: the reservoir would be low at once, fill in more "
            "or choose a smaller reserve"
        )
    refuse_above("stop_at_ml", stop_at, reserve, "the reserve: low comes before empty")
    return fill, reserve, stop_at


def _result(
    levels: tuple[Fraction, ...],
    times: tuple[Fraction, ...],
    daily_ml: Fraction,
    inputs: dict[str, object],
    stability_days: Exact | None,
    from_s: int | None,
    warnings: list[str],
) -> Refill:
    fill, reserve, stop_at = levels
    low_h, empty_h = times
    inputs = {"fill_ml": fill, "reserve_ml": reserve, "stop_at_ml": stop_at, **inputs}
    by_h, limited_by = low_h, "low reservoir"
    rests_on: groups.RestsOn = {"library": "", "limits": ()}
    if stability_days is None:
        limit = groups.strictest("stability")
        stability = groups.value_of(limit) / 86_400
        inputs |= {"stability_days": stability, "stability_by": library.basis(limit)}
        rests_on = groups.rests_on(limit)
    else:
        stability = exact("stability_days", stability_days)
        inputs["stability_days"] = stability
    if stability * 24 < low_h:
        by_h, limited_by = stability * 24, "stability of the drug"
    at: dict[str, str] = {}
    if from_s is not None:
        inputs["from"] = format_instant(from_s)
        hours = {"low_at": low_h, "empty_at": empty_h, "refill_by": by_h}
        at = {key: date_after(from_s, each) for key, each in hours.items()}
    return Refill(
        formula="low in (fill - reserve) / volume a day, empty in (fill - what the pump leaves) / "
        "volume a day; refill by the earlier of low and stability",
        inputs=inputs,
        rules=("B51", "B43"),
        cautions=("B42", "B52", "B53", "B54", "B55", "B68"),
        warnings=tuple(warnings),
        **rests_on,
        low_in_h=low_h,
        empty_in_h=empty_h,
        refill_by_h=by_h,
        limited_by=limited_by,
        daily_volume_ml=daily_ml,
        **at,
    )


def _times_h(programme: Programme, from_s: int, wanted_nl: list[Fraction]) -> tuple[Fraction, ...]:
    """When the volumes, rising, have been asked for, in hours from the start."""
    found: list[Fraction] = []
    for start_s, end_s, rate_nl_per_h, asked_nl in _asked(programme, from_s):
        for volume_nl in wanted_nl[len(found) :]:
            if asked_nl + rate_nl_per_h * (end_s - start_s) / 3600 < volume_nl:
                break
            found.append(
                (start_s - from_s) / 3600 + max(volume_nl - asked_nl, Fraction(0)) / rate_nl_per_h
            )
        if len(found) == len(wanted_nl):
            return tuple(found)
    raise OutOfRange(
        f"the fill lasts longer than {HORIZON_DAYS} days, or the programme ends before: fill in "
        "less"
    )


def _asked(
    programme: Programme, from_s: int
) -> Iterator[tuple[Fraction, Fraction, Fraction, Fraction]]:
    """Start and end in s, rate, and what was asked for before, of each stretch above rate 0."""
    delivery = Delivery(programme, programme.microstep_nl(), from_s * TICKS_PER_S)
    delivery.start(from_s * TICKS_PER_S, MODE_SCHEDULE)
    asked_nl = Fraction(0)
    until = (from_s + HORIZON_DAYS * schedule.DAY_S) * TICKS_PER_S
    for stretch in stretches(delivery, until):
        start_s = Fraction(stretch.start_ticks, TICKS_PER_S)
        end_s = Fraction(stretch.end_ticks, TICKS_PER_S)
        rate = Fraction(*stretch.rate_nl_per_h)
        if rate:
            yield start_s, end_s, rate, asked_nl
            asked_nl += rate * (end_s - start_s) / 3600
