"""From weighed deliveries to the volume of a microstep and its uncertainty.

Volume of a weighed mass: ISO 4787 and ISO 8655-6, V = m Z with
Z = (1 - rho_A / rho_B) / (rho_W - rho_A), where A is air, B the balance's weights and W the
liquid. Uncertainty: JCGM 100:2008 ("GUM"), first-order propagation, Type A from the scatter of
the runs, Type B from what is known of each input; expanded for a coverage of 95.45 % by the
effective degrees of freedom (its annex G.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isinf, sqrt

from pump.core.errors import OutOfRange

AIR_G_PER_ML = Fraction("0.0012")
WEIGHTS_G_PER_ML = Fraction(8)
_NL_PER_ML = 10**6
# How far the measured volume may be off the nominal one: the programme's own limit.
_FACTOR_MIN, _FACTOR_MAX = Fraction(1, 2), Fraction(2)

# Student's t for 95.45 % by degrees of freedom (GUM, table G.2); between two rows the one of
# fewer degrees, which is the wider.
_T = (
    (1, 13.97), (2, 4.53), (3, 3.31), (4, 2.87), (5, 2.65), (6, 2.52), (7, 2.43), (8, 2.37),
    (9, 2.32), (10, 2.28), (11, 2.25), (12, 2.23), (13, 2.21), (14, 2.20), (15, 2.18), (16, 2.17),
    (17, 2.16), (18, 2.15), (19, 2.14), (20, 2.13), (25, 2.11), (30, 2.09), (35, 2.07), (40, 2.06),
    (50, 2.05), (100, 2.025),
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One weighed delivery.

    Attributes:
        start_g, end_g: readings of the balance before and after.
        duration_s: between the two, for evaporation.
    """

    start_g: Fraction
    end_g: Fraction
    duration_s: Fraction


@dataclass(frozen=True)
class Conditions:
    """What holds for all runs.

    Attributes:
        density_g_per_ml: of the liquid.
        density_u_g_per_ml: its standard uncertainty.
        resolution_g: last digit of the balance.
        repeatability_g: standard deviation of one reading, as its data sheet has it.
        evaporation_g_per_h: what the vessel loses.
        evaporation_u_g_per_h: its standard uncertainty.
    """

    density_g_per_ml: Fraction
    density_u_g_per_ml: Fraction
    resolution_g: Fraction
    repeatability_g: Fraction
    evaporation_g_per_h: Fraction
    evaporation_u_g_per_h: Fraction


@dataclass(frozen=True)
class Contribution:
    """One source of uncertainty, in percent of the result."""

    source: str
    kind: str
    percent: float


@dataclass(frozen=True)
class Calibration:
    """The result.

    Attributes:
        microstep_nl: volume of a microstep, measured.
        factor: measured over nominal volume: what a profile's calibration means.
        run_microstep_nl: of each run.
        contributions: the budget.
        standard_percent: combined standard uncertainty, of the result.
        degrees: effective degrees of freedom, infinite without a Type A part.
        coverage: k.
        expanded_percent: k times the standard uncertainty.
        nominal_nl: nominal volume of all runs together.
        delivered_nl: their measured volume.
    """

    microstep_nl: Fraction
    factor: Fraction
    run_microstep_nl: tuple[Fraction, ...]
    contributions: tuple[Contribution, ...]
    standard_percent: float
    degrees: float
    coverage: float
    expanded_percent: float
    nominal_nl: Fraction
    delivered_nl: Fraction


def volume_factor_ml_per_g(density_g_per_ml: Fraction) -> Fraction:
    """Z: the volume of what a balance shows as one gram, with the buoyancy of air.

    Raises:
        OutOfRange: the density is not above that of air.
    """
    if density_g_per_ml <= AIR_G_PER_ML:
        raise OutOfRange("the density is not above that of air: name the liquid's, in g/mL")
    return (1 - AIR_G_PER_ML / WEIGHTS_G_PER_ML) / (density_g_per_ml - AIR_G_PER_ML)


def calibrate(
    runs: Sequence[Run], steps: int, nominal_microstep_nl: Fraction, conditions: Conditions
) -> Calibration:
    """Fit the volume of a microstep.

    Every run is of the same number of microsteps, so the least-squares line through the origin
    is the total volume over the total number.

    Args:
        runs: one or more weighed deliveries.
        steps: microsteps of each, 1 or more.
        nominal_microstep_nl: volume of a microstep by geometry alone.
        conditions: liquid and balance.

    Raises:
        OutOfRange: nothing was delivered, or the result is less than half or more than twice
            the nominal volume.
    """
    if not runs or steps < 1:
        raise OutOfRange("there is nothing to calibrate by: weigh at least one delivery")
    factor_z = volume_factor_ml_per_g(conditions.density_g_per_ml)
    masses_g = [_mass_g(run, conditions) for run in runs]
    for number, mass_g in enumerate(masses_g, 1):
        if mass_g <= 0:
            raise OutOfRange(
                f"run {number} delivered nothing: its end mass is not above its start mass; weigh "
                "the vessel that the pump delivers into"
            )
    volumes_nl = [mass_g * factor_z * _NL_PER_ML for mass_g in masses_g]
    measured = tuple(volume_nl / steps for volume_nl in volumes_nl)
    microstep_nl = sum(measured, Fraction()) / len(measured)
    factor = microstep_nl / nominal_microstep_nl
    if not _FACTOR_MIN <= factor <= _FACTOR_MAX:
        raise OutOfRange(
            f"a microstep came out at {float(factor):.3g} times its nominal volume: the limit is "
            "0.5 to 2; the syringe, the screw, the microsteps or the volume commanded is another"
        )
    contributions, degrees = _budget(runs, masses_g, measured, microstep_nl, conditions)
    standard = sqrt(sum(part.percent**2 for part in contributions))
    coverage = coverage_factor(degrees)
    return Calibration(
        microstep_nl,
        factor,
        measured,
        contributions,
        standard,
        degrees,
        coverage,
        coverage * standard,
        nominal_microstep_nl * steps * len(runs),
        sum(volumes_nl, Fraction()),
    )


def coverage_factor(degrees: float) -> float:
    """k for a coverage of 95.45 %: Student's t of the degrees of freedom, 1 or more; 2 at most."""
    if isinf(degrees) or degrees > _T[-1][0]:
        return 2.0
    return next((t for count, t in reversed(_T) if count <= degrees), _T[0][1])


def _mass_g(run: Run, conditions: Conditions) -> Fraction:
    lost_g = conditions.evaporation_g_per_h * run.duration_s / 3600
    return run.end_g - run.start_g + lost_g


def _budget(
    runs: Sequence[Run],
    masses_g: Sequence[Fraction],
    measured: Sequence[Fraction],
    microstep_nl: Fraction,
    conditions: Conditions,
) -> tuple[tuple[Contribution, ...], float]:
    """The contributions, and the effective degrees of freedom (Welch-Satterthwaite)."""
    count = len(runs)
    mean_g = float(sum(masses_g, Fraction()) / count)
    parts = []
    scatter = 0.0
    if count > 1:
        squares = sum((each - microstep_nl) ** 2 for each in measured)
        scatter = 100 * sqrt(squares / (count - 1) / count) / float(microstep_nl)
        parts.append(Contribution(f"scatter of {count} runs", "A", scatter))
    # Two readings a run, each off by up to half a digit, evenly: resolution / sqrt(12).
    digit_g = float(conditions.resolution_g) / sqrt(12)
    parts.append(Contribution("balance, last digit", "B", 100 * sqrt(2 / count) * digit_g / mean_g))
    if count == 1:
        # With more runs their scatter shows it.
        reading_g = float(conditions.repeatability_g)
        parts.append(
            Contribution("balance, repeatability", "B", 100 * sqrt(2) * reading_g / mean_g)
        )
    # dZ / Z = -d rho / (rho - rho_A)
    above_air = float(conditions.density_g_per_ml - AIR_G_PER_ML)
    density = 100 * float(conditions.density_u_g_per_ml) / above_air
    parts.append(Contribution("density of the liquid", "B", density))
    hours = float(sum((run.duration_s for run in runs), Fraction()) / count / 3600)
    lost = 100 * float(conditions.evaporation_u_g_per_h) * hours / mean_g
    parts.append(Contribution("evaporation", "B", lost))
    # Air of 1.1-1.3 mg/mL (weather and altitude up to about 500 m), evenly.
    air = float(Fraction("0.0001")) / sqrt(3)
    weights = float(WEIGHTS_G_PER_ML)
    parts.append(Contribution("buoyancy of air", "B", 100 * air * abs(1 / above_air - 1 / weights)))
    combined = sqrt(sum(part.percent**2 for part in parts))
    degrees = float("inf") if not scatter else (count - 1) * (combined / scatter) ** 4
    return tuple(parts), degrees
