"""Syringe and drivetrain to the exact volume of a microstep.

A microstep advances the plunger by lead / (full steps * microsteps * gear); the volume
is that advance times the bore's area, pi / 4 * bore^2, times the calibration.
"""

from pump.core.ratio import multiply, ratio

# pi as a ratio: the eighth convergent of its continued fraction [3; 7, 15, 1, 292, 1, 1, 1,
# ...] (OEIS A001203). Too large by 2.91e-11, which is 9.3e-12 of pi: 0.1 nL in 10 L, far
# below what any bore is known to.
PI = (312689, 99532)

_CUBIC_UM_PER_NL = 1000000

# Tolerance on the graduated capacity of a sterile syringe of 5 mL or more is 4 % and of
# a smaller one 5 % (ISO 7886-1); the wider one, so that nominal figures always pass.
CAPACITY_TOLERANCE_PERCENT = 5


def microstep_nl(
    bore_um: int,
    lead_um: int,
    full_steps_per_rev: int,
    microsteps: int,
    gear: tuple[int, int],
    calibration: tuple[int, int],
) -> tuple[int, int]:
    """The volume of one microstep, a ratio of nanolitres.

    Args:
        bore_um: inner diameter of the syringe, micrometres.
        lead_um: advance of the nut per turn of the screw, micrometres.
        full_steps_per_rev: full steps per turn of the motor.
        microsteps: microsteps per full step.
        gear: ratio, turns of the motor per turn of the screw.
        calibration: ratio, measured over nominal volume of a microstep.
    """
    nominal = ratio(
        PI[0] * bore_um * bore_um * lead_um * gear[1],
        PI[1] * 4 * full_steps_per_rev * microsteps * gear[0] * _CUBIC_UM_PER_NL,
    )
    return multiply(nominal, calibration)


def swept_nl(bore_um: int, travel_um: int) -> tuple[int, int]:
    """The volume that the plunger sweeps over its whole travel, a ratio of nanolitres."""
    return ratio(PI[0] * bore_um * bore_um * travel_um, PI[1] * 4 * _CUBIC_UM_PER_NL)


def holds_capacity(bore_um: int, travel_um: int, capacity_nl: int) -> bool:
    """Whether bore and travel can give the nominal capacity, within 5 %."""
    swept = swept_nl(bore_um, travel_um)
    return capacity_nl * swept[1] * 100 <= swept[0] * (100 + CAPACITY_TOLERANCE_PERCENT)


def microsteps_for(volume_nl: tuple[int, int], microstep_nl: tuple[int, int]) -> int:
    """Whole microsteps that a volume amounts to, rounded down."""
    return volume_nl[0] * microstep_nl[1] // (volume_nl[1] * microstep_nl[0])


def travel_um(bore_um: int, volume_nl: tuple[int, int]) -> tuple[int, int]:
    """How far the plunger moves for a volume, a ratio of micrometres."""
    return ratio(
        volume_nl[0] * PI[1] * 4 * _CUBIC_UM_PER_NL, volume_nl[1] * PI[0] * bore_um * bore_um
    )
