"""Options that name a syringe and a drive, for commands that need no pump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pump.core import quantity
from titrate.cli import profiles
from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from titrate.accuracy import Drive
    from titrate.profile import Profile
    from titrate.profile.syringes import Syringe

DEFAULT_LEAD = "2 mm"
DEFAULT_FULL_STEPS = 200
DEFAULT_MICROSTEPS = 16
DEFAULT_GEAR = "1:1"


@dataclass(frozen=True)
class Geometry:
    """A syringe on a drive.

    Attributes:
        name: as told to a person.
        microstep_nl: volume of a microstep, calibration included.
        microstep_um: its travel.
        lead_um: of the screw.
        concentration_mcg_per_ml: of the profile's drug, a ratio, or None.
    """

    name: str
    microstep_nl: Fraction
    microstep_um: Fraction
    lead_um: int
    concentration_mcg_per_ml: tuple[int, int] | None


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that read() takes."""
    for option in (
        click.option("--gear", metavar="M:S", help='Turns of motor to screw, such as "27:1".'),
        click.option("--microsteps", type=int, metavar="N", help="Per full step; else 16."),
        click.option("--full-steps", type=int, metavar="N", help="Of the motor a turn; else 200."),
        click.option("--lead", metavar="LENGTH", help='Of the screw; else "2 mm".'),
        click.option("--syringe", metavar="NAME", help="A syringe of the catalogue."),
        click.option(
            "--profile",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Take syringe, drive, calibration and concentration from this profile.",
        ),
    ):
        command = option(command)
    return command


def read(
    profile: Path | None,
    syringe: str | None,
    lead: str | None,
    full_steps: int | None,
    microsteps: int | None,
    gear: str | None,
) -> Geometry | None:
    """What the options name; None where they name no syringe.

    Raises:
        WrongInput: both a profile and a syringe, or a syringe that is not known.
        PumpError: a value that cannot be read.
    """
    parts = (syringe, lead, full_steps, microsteps, gear)
    if profile is not None:
        if any(part is not None for part in parts):
            raise WrongInput("a profile names syringe and drive: leave the others out", "usage")
        return _of_profile(profiles.read(profile))
    if syringe is None:
        if any(part is not None for part in parts):
            raise WrongInput("a drive alone moves no volume: name its --syringe", "usage")
        return None
    found = syringe_named(syringe)
    turned = drive(lead, full_steps, microsteps, gear)
    return Geometry(
        f"{found.name}, {turned.name}",
        turned.microstep_nl(found.bore_um),
        turned.microstep_um,
        turned.lead_um,
        None,
    )


def drive(
    lead: str | None, full_steps: int | None, microsteps: int | None, gear: str | None
) -> Drive:
    """The drive that options name, each with its default.

    Raises:
        PumpError: a value that cannot be read or is out of its range.
    """
    from pump.core.ranges import LIMITS
    from titrate.accuracy.prediction import drive_of
    from titrate.profile.kinds import GEAR

    turns = GEAR.read(gear or DEFAULT_GEAR)
    assert isinstance(turns, Fraction)
    values = {
        "lead_um": Fraction(quantity.parse_length_um(lead or DEFAULT_LEAD)),
        "full_steps_per_rev": Fraction(DEFAULT_FULL_STEPS if full_steps is None else full_steps),
        "microsteps": Fraction(DEFAULT_MICROSTEPS if microsteps is None else microsteps),
        "gear": turns,
    }
    for limit in LIMITS:
        if limit.name in values:
            limit.check(values[limit.name].as_integer_ratio())
    return drive_of(
        turns.as_integer_ratio(),
        int(values["lead_um"]),
        int(values["full_steps_per_rev"]),
        int(values["microsteps"]),
    )


def syringe_named(name: str) -> Syringe:
    """A syringe of the catalogue.

    Raises:
        WrongInput: there is none of that name.
    """
    from titrate.profile.syringes import catalogue

    known = catalogue()
    if name not in known:
        close = get_close_matches(name, known, 3, 0.4)
        guess = f"did you mean {' or '.join(close)}? " if close else ""
        raise WrongInput(
            f"the syringe {name!r} is not in the catalogue: {guess}`titrate accuracy chart` "
            "lists them all",
            "syringe",
        )
    return known[name]


def _of_profile(profile: Profile) -> Geometry:
    from titrate.accuracy.prediction import drive_of

    programme = profile.programme
    turned = drive_of(
        programme.gear, programme.lead_um, programme.full_steps_per_rev, programme.microsteps
    )
    return Geometry(
        f"{programme.name}, {turned.name}",
        Fraction(*programme.microstep_nl()),
        turned.microstep_um,
        turned.lead_um,
        programme.concentration_mcg_per_ml,
    )
