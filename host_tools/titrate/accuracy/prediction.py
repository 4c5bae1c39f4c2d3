"""What the geometry allows: the trumpet curve of a perfect stepper, before anything has run.

A perfect stepper has delivered the whole microsteps that are due, floor(r t / v). A window P then
holds floor(x) or floor(x) + 1 of them (x alone where it is whole), with x = r P / v, whatever the
phase; so no trumpet of it is wider than those two. A screw whose nut runs ahead and behind by an
amplitude a once in a period p adds up to 2 a |sin(pi s / p)| over a travel s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, pi, sin

from pump.core import geometry, ratio
from pump.core.errors import OutOfRange
from pump.core.limits import SMALLEST_RATES
from pump.core.ranges import STEP_RATE_MAX
from titrate.accuracy.iec60601 import HOUR_S, TrumpetPoint
from titrate.profile.syringes import Syringe


@dataclass(frozen=True)
class Drive:
    """What turns microsteps into travel.

    Attributes:
        name: as told to a person.
        lead_um: advance of the nut per turn of the screw.
        full_steps_per_rev: of the motor.
        microsteps: per full step.
        gear: turns of the motor per turn of the screw.
        steps_per_s: the most microsteps a second that it follows from rest.
    """

    name: str
    lead_um: int
    full_steps_per_rev: int
    microsteps: int
    gear: Fraction = Fraction(1)
    steps_per_s: int = STEP_RATE_MAX

    def microstep_nl(self, bore_um: int, calibration: Fraction = Fraction(1)) -> Fraction:
        """The volume of a microstep in a syringe of a bore."""
        gear, measured = self.gear, calibration
        return Fraction(
            *geometry.microstep_nl(
                bore_um,
                self.lead_um,
                self.full_steps_per_rev,
                self.microsteps,
                (gear.numerator, gear.denominator),
                (measured.numerator, measured.denominator),
            )
        )

    @property
    def microstep_um(self) -> Fraction:
        """The travel of a microstep."""
        return Fraction(self.lead_um, self.full_steps_per_rev * self.microsteps) / self.gear


# What people build with. The 28BYJ-48 has 32 full steps a turn of its rotor, half-stepped here,
# and wheels of 32/9, 22/11, 26/9 and 31/10 teeth: 283712/4455, which is 63.684 and not 64. Data
# sheets (Kiatronics 28BYJ-48-5V and its like) have it work at 100 steps a second and start
# unloaded at more than 600; half of that leaves room for a load.
DRIVES = (
    Drive("TR8x2, 1/16", 2000, 200, 16),
    Drive("TR8x2, 1/16, geared 27:1", 2000, 200, 16, Fraction(27)),
    Drive("TR8x8, 1/16", 8000, 200, 16),
    Drive("TR8x2, 28BYJ-48", 2000, 32, 2, Fraction(283712, 4455), 300),
)


@dataclass(frozen=True)
class ScrewError:
    """How far a nut is ahead or behind of where an even screw would have it.

    Attributes:
        amplitude_um: the most ahead, and the most behind.
        period_um: the travel in which it comes round; the lead, for a screw that wobbles.
    """

    amplitude_um: Fraction
    period_um: Fraction

    def at_um(self, travel_um: Fraction) -> Fraction:
        """How far ahead the nut is after a travel."""
        return self.amplitude_um * Fraction(sin(2 * pi * float(travel_um / self.period_um % 1)))

    def most_um(self, travel_um: Fraction) -> Fraction:
        """The most that a travel can be too long or too short, wherever it begins."""
        return (
            2 * self.amplitude_um * Fraction(abs(sin(pi * float(travel_um / self.period_um % 1))))
        )


@dataclass(frozen=True)
class Stepper:
    """A perfect stepper on a screw: a record that is worked out.

    Attributes:
        rate_nl_per_h: the set rate.
        microstep_nl: volume of a microstep.
        microstep_um: its travel.
        screw: the screw's error, or None for an even one.
        end_s: how long it is asked.
    """

    rate_nl_per_h: Fraction
    microstep_nl: Fraction
    microstep_um: Fraction
    screw: ScrewError | None
    end_s: Fraction
    start_s: Fraction = Fraction(0)

    def volume_nl(self, t_s: Fraction) -> Fraction:
        """What is delivered by a time, from a start with no remainder."""
        steps = floor(self.rate_nl_per_h * t_s / (HOUR_S * self.microstep_nl))
        volume_nl = steps * self.microstep_nl
        if self.screw is not None:
            ahead_um = self.screw.at_um(steps * self.microstep_um)
            volume_nl += ahead_um / self.microstep_um * self.microstep_nl
        return volume_nl


def predicted_trumpet(
    rate_nl_per_h: Fraction,
    microstep_nl: Fraction,
    microstep_um: Fraction,
    windows_s: Sequence[int],
    screw: ScrewError | None = None,
) -> list[TrumpetPoint]:
    """The widest trumpet that a perfect stepper can show, over every phase of step and screw.

    Args:
        rate_nl_per_h: the set rate, above 0.
        microstep_nl: volume of a microstep.
        microstep_um: its travel; matters only with a screw error.
        windows_s: observation windows.
        screw: error of the screw, or None.

    Raises:
        OutOfRange: the rate is 0.
    """
    if rate_nl_per_h <= 0:
        raise OutOfRange("the set rate is 0: errors are told as a part of it, so name one above 0")
    points = []
    for window_s in windows_s:
        set_nl = rate_nl_per_h * window_s / HOUR_S
        due = set_nl / microstep_nl
        extremes = []
        for steps in {floor(due), ceil(due)}:
            moved_nl = steps * microstep_nl
            off_nl = Fraction(0)
            if screw is not None:
                off_nl = screw.most_um(steps * microstep_um) / microstep_um * microstep_nl
            extremes += [moved_nl + off_nl, moved_nl - off_nl]
        points.append(
            TrumpetPoint(
                window_s,
                100 * (max(extremes) - set_nl) / set_nl,
                100 * (min(extremes) - set_nl) / set_nl,
            )
        )
    return points


@dataclass(frozen=True)
class Suitability:
    """The rates at which a syringe on a drive does well.

    Attributes:
        syringe, drive: which.
        microstep_nl: volume of a microstep.
        even_nl_per_h: for each window, the smallest rate from which on the predicted trumpet
            stays within the limit.
        max_nl_per_h: the largest rate, at the step rate that the drive follows.
        recommended_nl_per_h: the smallest rate that a maker of pumps recommends for the
            syringe's size (pump.core.limits.SMALLEST_RATES), or None.
    """

    syringe: Syringe
    drive: Drive
    microstep_nl: Fraction
    even_nl_per_h: tuple[Fraction, ...]
    max_nl_per_h: Fraction
    recommended_nl_per_h: int | None


def suitability(
    syringe: Syringe,
    drive: Drive,
    windows_s: Sequence[int],
    limit_percent: Fraction,
    steps_per_s: int | None = None,
) -> Suitability:
    """The rates that suit a syringe and a drive.

    A window is off by less than one microstep, so from the rate at which a microstep is the
    limit's share of the window's volume on, r = v / (P e), no phase goes past the limit.

    Args:
        syringe, drive: which.
        windows_s: observation windows.
        limit_percent: how far off a window may be.
        steps_per_s: the most microsteps a second; None is what the drive follows.

    Raises:
        OutOfRange: a limit or a step rate that is not above 0.
    """
    followed = drive.steps_per_s if steps_per_s is None else steps_per_s
    if limit_percent <= 0 or followed <= 0:
        raise OutOfRange("the limit and the step rate are above 0: name such ones")
    step_nl = drive.microstep_nl(syringe.bore_um)
    recommended = [rate for most_nl, rate in SMALLEST_RATES if syringe.capacity_nl <= most_nl]
    return Suitability(
        syringe,
        drive,
        step_nl,
        tuple(step_nl * HOUR_S * 100 / (limit_percent * window_s) for window_s in windows_s),
        step_nl * followed * HOUR_S,
        recommended[0] if recommended else None,
    )


def drive_of(programme_gear: tuple[int, int], lead_um: int, full_steps: int, micro: int) -> Drive:
    """The drive that a programme names."""
    gear = Fraction(*programme_gear)
    shown = "" if gear == 1 else f", gear {ratio.text(programme_gear)}"
    return Drive(f"lead {lead_um / 1000:g} mm, 1/{micro}{shown}", lead_um, full_steps, micro, gear)
