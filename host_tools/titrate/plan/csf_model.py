"""Drug in the cerebrospinal fluid: one compartment, for teaching only.

The one calculation with floats: a picture of how slowly things move, and no dose follows from it.
What a person feels lags behind it by hours (B45, B46), and the fluid is no single compartment
(B49).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log

from pump.core.delivery import TICKS_PER_S
from pump.core.errors import OutOfRange
from pump.core.programme import Programme
from pump.core.quantity import format_instant
from titrate.plan import figures
from titrate.plan.result import Exact, Result, Step, exact
from titrate.simulation.requests import BolusRequest
from titrate.simulation.simulate import Simulation, simulate

TEACHING_ONLY = (
    "teaching only: one well-mixed compartment, no tissue, no gradient; never work a dose out "
    "from it"
)
HOURS_MAX = 24 * 28
_POINTS = 240


@dataclass(frozen=True, kw_only=True)
class Csf(Result):
    """The model's concentration in the cerebrospinal fluid over time, and when effects come.

    `effects` has the hours after the start at which the infusion and each bolus begin to act,
    act most and, a bolus, cease to: from the figures of B45 and B46, not from the model.
    """

    peak_mcg_ml: float
    peak_at_h: float
    end_mcg_ml: float
    steady_state_mcg_ml: float
    half_life_h: float
    csf_volume_ml: float
    effects: tuple[Step, ...]
    hours: tuple[float, ...]
    rate_mcg_h: tuple[float, ...]
    csf_mcg_ml: tuple[float, ...]


def rate_constant_per_h() -> float:
    """k = ln 2 / half-life: what part of the drug leaves in an hour."""
    return log(2) / float(figures.CSF_HALF_LIFE_H)


def compartment_ml() -> float:
    """V = clearance / k: the volume that fits half-life and clearance."""
    return figures.CSF_CLEARANCE_ML_H / rate_constant_per_h()


def after(amount_mcg: float, rate_mcg_h: float, hours: float) -> float:
    """The drug in the compartment after a time at an even rate, mcg.

    A(t) = A0 e^(-k t) + R / k (1 - e^(-k t)), from dA/dt = R - k A.
    """
    k = rate_constant_per_h()
    left = exp(-k * hours)
    return amount_mcg * left + rate_mcg_h / k * (1 - left)


def csf(
    programme: Programme,
    hours: Exact,
    fill_nl: Exact,
    from_s: int,
    boluses: Sequence[BolusRequest] = (),
) -> Csf:
    """The model over what a programme delivers, beginning without drug in the fluid.

    Args:
        programme: with a drug of known concentration.
        hours: how long, h, at most four weeks.
        fill_nl: what the reservoir holds at the start, nL.
        from_s: when it is started, pump time.
        boluses: asked for meanwhile.

    Raises:
        OutOfRange: no drug, or longer than four weeks; what the pump would refuse.
        NotNow: a bolus that the pump would refuse.
    """
    span = exact("hours_h", hours)
    if span > HOURS_MAX:
        raise OutOfRange(f"{float(span):g} h are too long for this model: the limit is 28 days")
    if programme.concentration_mcg_per_ml is None:
        raise OutOfRange("the profile has no concentration: without it there is no dose to model")
    duration_s = max(1, int(span * 3600))
    found = simulate(programme, from_s, duration_s, Fraction(fill_nl), boluses)
    stretches = _stretches(found)
    times, rates, levels = _curve(stretches, float(Fraction(duration_s, 3600)))
    volume_ml = compartment_ml()
    curve = tuple(amount / volume_ml for amount in levels)
    top = max(range(len(curve)), key=curve.__getitem__)
    dose_mcg = sum(rate * (end - start) for start, end, rate in stretches)
    mean = dose_mcg / stretches[-1][1]
    return Csf(
        formula="dA/dt = R - k A, k = ln 2 / 1.51 h, C = A / V, V = 30 mL/h / k; in steady state "
        "C = R / 30 mL/h",
        inputs={
            "programme": programme.name,
            "from": format_instant(from_s),
            "duration_h": Fraction(duration_s, 3600),
            "boluses": len(found.boluses),
        },
        rules=("B45", "B46", "B47", "B48"),
        cautions=("B49",),
        warnings=(TEACHING_ONLY,),
        peak_mcg_ml=curve[top],
        peak_at_h=times[top],
        end_mcg_ml=curve[-1],
        steady_state_mcg_ml=mean / figures.CSF_CLEARANCE_ML_H,
        half_life_h=float(figures.CSF_HALF_LIFE_H),
        csf_volume_ml=volume_ml,
        effects=_effects(found),
        hours=times,
        rate_mcg_h=rates,
        csf_mcg_ml=curve,
    )


def _stretches(found: Simulation) -> list[tuple[float, float, float]]:
    """Start and end in h, and rate in mcg/h; nothing is delivered from an empty reservoir."""
    ends = [event.t_s for event in found.events if event.code == "empty"]
    until_h = float(ends[0]) / 3600 if ends else float("inf")
    concentration = Fraction(*(found.programme.concentration_mcg_per_ml or (0, 1)))
    result = []
    for stretch in found.prescription.stretches:
        start, end = (
            float(Fraction(ticks, TICKS_PER_S) - found.start_s) / 3600
            for ticks in (stretch.start_ticks, stretch.end_ticks)
        )
        rate = float(Fraction(*stretch.rate_nl_per_h) * concentration / 10**6)
        if start < until_h < end:
            result += [(start, until_h, rate), (until_h, end, 0.0)]
        else:
            result.append((start, end, rate if end <= until_h else 0.0))
    return result


def _curve(
    stretches: list[tuple[float, float, float]], total_h: float
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Times, the rates that hold from them on, and the drug in the compartment."""
    times, rates, levels = [0.0], [stretches[0][2]], [0.0]
    step_h = total_h / _POINTS
    amount = 0.0
    for start, end, rate in stretches:
        rates[-1] = rate
        count = max(1, round((end - start) / step_h))
        for number in range(1, count + 1):
            times.append(start + (end - start) * number / count)
            rates.append(rate)
            levels.append(after(amount, rate, (end - start) * number / count))
        amount = levels[-1]
    return tuple(times), tuple(rates), tuple(levels)


def _effects(found: Simulation) -> tuple[Step, ...]:
    first, last = figures.CONTINUOUS_ONSET_H, figures.CONTINUOUS_PEAK_H
    marks: list[Step] = [
        {
            "of": "infusion",
            "at_h": 0.0,
            "onset_from_h": float(first[0]),
            "onset_to_h": float(first[1]),
            "peak_from_h": float(last[0]),
            "peak_to_h": float(last[1]),
            "over_from_h": None,
            "over_to_h": None,
        }
    ]
    starts = [float(event.t_s) / 3600 for event in found.events if event.code == "bolus_started"]
    for at_h in starts:
        marks.append(
            {
                "of": "bolus",
                "at_h": at_h,
                "onset_from_h": at_h + float(figures.BOLUS_ONSET_H[0]),
                "onset_to_h": at_h + float(figures.BOLUS_ONSET_H[1]),
                "peak_from_h": at_h + figures.BOLUS_PEAK_H,
                "peak_to_h": at_h + figures.BOLUS_PEAK_H,
                "over_from_h": at_h + figures.BOLUS_DURATION_H[0],
                "over_to_h": at_h + figures.BOLUS_DURATION_H[1],
            }
        )
    return tuple(marks)
