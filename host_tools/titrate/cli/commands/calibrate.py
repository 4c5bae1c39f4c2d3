"""`titrate calibrate`."""

from __future__ import annotations

import time
from datetime import date as calendar
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pump.core import geometry, quantity
from titrate.cli import profiles, show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from titrate.calibration import Balance, Run

# Without a figure of its own, what is known of a thermometer in the room: 0.5 K either way.
_TEMPERATURE_HALF_C = Fraction(1, 2)
_ROOT_3 = Fraction(1732051, 1000000)


@click.command(cls=TitrateCommand)
@click.argument("profile", type=click.Path(path_type=Path))
@click.option("--commanded", required=True, metavar="VOLUME", help="Asked of the pump, each run.")
@click.option(
    "--duration", metavar="TIME", help="From one weighing to the next; needed for evaporation."
)
@click.option(
    "--run",
    "typed",
    nargs=2,
    multiple=True,
    metavar="START END",
    help='Masses before and after, such as "12.3456 g" "13.3401 g"; may be repeated.',
)
@click.option("--runs", type=click.IntRange(1, 100), help="Number of runs to be guided through.")
@click.option(
    "--balance", "balance_port", metavar="DEV", help="Serial port of a balance with MT-SICS."
)
@click.option("--baud", type=int, default=9600, show_default=True, help="Of the balance.")
@click.option("--temperature", metavar="T", help='Of the water, such as "22.5 degC".')
@click.option("--density", metavar="D", help='Of another liquid, such as "1.0046 g/mL".')
@click.option(
    "--density-uncertainty", metavar="D", help="Standard uncertainty of it; else 0.0005 g/mL."
)
@click.option("--evaporation", metavar="LOSS", help='From the vessel, such as "0.4 mg/h".')
@click.option("--resolution", metavar="MASS", help="Last digit of the balance; else as read.")
@click.option(
    "--repeatability", metavar="MASS", help="Standard deviation of a reading; else the resolution."
)
@click.option("--date", metavar="DATE", help="Of the measurement; else today.")
@click.option("--write", is_flag=True, help="Put the calibration into the PROFILE.")
@click.pass_obj
def calibrate(
    session: Session,
    profile: Path,
    commanded: str,
    duration: str | None,
    typed: tuple[tuple[str, str], ...],
    runs: int | None,
    balance_port: str | None,
    baud: int,
    temperature: str | None,
    density: str | None,
    density_uncertainty: str | None,
    evaporation: str | None,
    resolution: str | None,
    repeatability: str | None,
    date: str | None,
    write: bool,
) -> None:
    """Measure the volume of a microstep by weight.

    PROFILE is the one that the pump ran with. Let it deliver the commanded volume of water into a
    vessel on a balance, three times or more. The masses are typed in, one --run each, or asked
    for; or read from the balance.

    Told are the volume of a microstep, its uncertainty with all that adds to it, and the entry
    for the profile.
    """
    from titrate import calibration
    from titrate.accuracy.quantities import parse_mass_g

    loaded = profiles.read(profile)
    programme = loaded.programme
    measured_on = _date(date)
    commanded_nl = Fraction(*quantity.parse_volume_nl(commanded))
    # The pump counts in microsteps of the volume that its profile has now.
    steps = geometry.microsteps_for(commanded_nl.as_integer_ratio(), programme.microstep_nl())
    if steps < 1:
        raise WrongInput(f"{commanded} is less than a microstep: command more", "usage")
    nominal_nl = Fraction(*programme.microstep_nl()) / Fraction(*programme.calibration)
    took_s = None if duration is None else Fraction(quantity.parse_duration_s(duration))
    if balance_port is not None and typed:
        raise WrongInput("take one of --run and --balance", "usage")
    if typed and runs is not None:
        raise WrongInput("--runs is for runs that are asked for: leave it out", "usage")
    # What is wrong with the rest is told before anyone weighs.
    liquid = _liquid(temperature, density, density_uncertainty)
    lost = _evaporation(evaporation)
    digit = None if resolution is None else parse_mass_g(resolution)
    scatter = None if repeatability is None else parse_mass_g(repeatability)
    if typed:
        if lost[0] and took_s is None:
            raise WrongInput("for evaporation name the --duration of a run", "usage")
        weighed = [
            calibration.Run(parse_mass_g(start), parse_mass_g(end), took_s or Fraction(0))
            for start, end in typed
        ]
        read_digit = min(_last_digit_g(text) for pair in typed for text in pair)
    else:
        asked_s = took_s if lost[0] else Fraction(0)
        weighed, read_digit = _guided(session, balance_port, baud, runs or 3, commanded, asked_s)
    digit = digit or read_digit
    conditions = calibration.Conditions(
        *liquid, digit, digit if scatter is None else scatter, *lost
    )
    found = calibration.calibrate(weighed, steps, nominal_nl, conditions)
    entry = calibration.entry_text(found)
    remark = calibration.remark(found, measured_on)
    digest = None
    if write:
        digest = _write(profile, found, measured_on)
    table = show.grid()
    table.add_row("microsteps", f"{steps} a run, {len(weighed)} run(s)")
    table.add_row("nominal", f"{show.volume(nominal_nl)} a microstep")
    table.add_row(
        "measured",
        f"{show.volume(found.microstep_nl)} a microstep, {float(found.factor):.5f} of nominal",
    )
    for part in found.contributions:
        table.add_row("", f"{part.percent:.2g} % {part.source} (Type {part.kind})")
    table.add_row(
        "uncertainty",
        f"{found.standard_percent:.2g} % standard; {found.expanded_percent:.2g} % expanded, "
        f"k = {found.coverage:.3g}, about 95 %",
    )
    table.add_row("entry", f"{entry}  # {remark}")
    if digest:
        table.add_row("written", f"{profile}, now {digest}: program it anew")
    session.output.result(
        {
            "profile": str(profile),
            "date": measured_on,
            "steps_per_run": steps,
            "runs": [
                {
                    "start_g": str(run.start_g),
                    "end_g": str(run.end_g),
                    "duration_s": str(run.duration_s),
                }
                for run in weighed
            ],
            "nominal_microstep_nl": str(nominal_nl),
            "microstep_nl": str(found.microstep_nl),
            "run_microstep_nl": [float(each) for each in found.run_microstep_nl],
            "factor": str(calibration.rounded_factor(found)),
            "contributions": [
                {"source": part.source, "type": part.kind, "percent": part.percent}
                for part in found.contributions
            ],
            "standard_uncertainty_percent": found.standard_percent,
            "coverage_factor": found.coverage,
            "expanded_uncertainty_percent": found.expanded_percent,
            "entry": entry,
            "remark": remark,
            "written": write,
            "programme_digest": digest,
        },
        table,
    )


def _guided(
    session: Session,
    port: str | None,
    baud: int,
    count: int,
    commanded: str,
    duration_s: Fraction | None,
) -> tuple[list[Run], Fraction]:
    """Ask for, or read, the masses of each run; and the last digit that they had.

    duration_s: of a run, None where it is to be asked for.
    """
    if session.output.as_json and port is None:
        raise WrongInput("with --json nothing is asked: give each --run, or a --balance", "usage")
    from titrate.calibration import Balance

    say = session.output.say
    say("Water at room temperature in syringe and vessel, the tip below the surface, no bubbles.")
    say(f"Take the backlash up first: prime a little. Then {count} times {commanded}.")
    if port is None:
        return _asked(count, duration_s)
    with Balance(port, baud) as balance:
        return _read(session, balance, count, commanded)


def _asked(count: int, duration_s: Fraction | None) -> tuple[list[Run], Fraction]:
    from titrate.accuracy.quantities import parse_mass_g
    from titrate.calibration import Run

    runs: list[Run] = []
    digits: list[Fraction] = []
    for number in range(1, count + 1):
        pair = [
            click.prompt(f"run {number}, mass {when}", err=True) for when in ("before", "after")
        ]
        digits += [_last_digit_g(text) for text in pair]
        took_s = duration_s
        if took_s is None:
            asked = click.prompt("time between the two", err=True)
            took_s = Fraction(quantity.parse_duration_s(asked))
        runs.append(Run(parse_mass_g(pair[0]), parse_mass_g(pair[1]), took_s))
    return runs, min(digits)


def _read(
    session: Session, balance: Balance, count: int, commanded: str
) -> tuple[list[Run], Fraction]:
    from titrate.calibration import Run

    def weigh(when: str) -> tuple[Fraction, Fraction, float]:
        click.prompt(f"{when}: press Enter", default="", show_default=False, err=True)
        reading = balance.read()
        session.output.say(f"  {float(reading.mass_g):.6g} g")
        return reading.mass_g, reading.resolution_g, time.monotonic()

    runs, digits = [], []
    for number in range(1, count + 1):
        start_g, digit, began = weigh(f"run {number}, vessel at rest, before delivery")
        end_g, digit_after, ended = weigh(f"run {number}, after {commanded} has been delivered")
        digits += [digit, digit_after]
        runs.append(Run(start_g, end_g, Fraction(round(ended - began))))
    return runs, min(digits)


def _last_digit_g(text: str) -> Fraction:
    """The last digit of a mass that was typed: "12.340 g" is known to 0.001 g."""
    from titrate.accuracy.quantities import parse_mass_g

    parse_mass_g(text)
    number = text.strip().split()[0].rstrip("kmg")
    unit = text.strip()[len(number) :].strip()
    places = len(number.partition(".")[2])
    return parse_mass_g(f"1 {unit}") / Fraction(10**places)


def _liquid(
    temperature: str | None, density: str | None, uncertainty: str | None
) -> tuple[Fraction, Fraction]:
    """Density and its standard uncertainty."""
    from titrate.accuracy import quantities, water

    if (temperature is None) == (density is None):
        raise WrongInput("name the water's --temperature, or another liquid's --density", "usage")
    if density is not None:
        given = "0.0005 g/mL" if uncertainty is None else uncertainty
        return (
            quantities.parse_density_g_per_ml(density),
            quantities.parse_density_g_per_ml(given),
        )
    if uncertainty is not None:
        raise WrongInput("--density-uncertainty belongs to a --density", "usage")
    assert temperature is not None
    at_c = quantities.parse_temperature_c(temperature)
    found = water.density_g_per_ml(at_c)
    colder = water.density_g_per_ml(max(Fraction(0), at_c - _TEMPERATURE_HALF_C))
    warmer = water.density_g_per_ml(
        min(Fraction(water.TEMPERATURE_MAX_C), at_c + _TEMPERATURE_HALF_C)
    )
    return found, abs(warmer - colder) / 2 / _ROOT_3


def _evaporation(text: str | None) -> tuple[Fraction, Fraction]:
    """Loss and its standard uncertainty: a measured loss is taken as known to half, evenly."""
    from titrate.accuracy.quantities import parse_evaporation_g_per_h

    if text is None:
        return Fraction(0), Fraction(0)
    lost = parse_evaporation_g_per_h(text)
    return lost, lost / 2 / _ROOT_3


def _date(text: str | None) -> str:
    if text is None:
        return calendar.today().isoformat()
    try:
        return calendar.fromisoformat(text).isoformat()
    except ValueError:
        raise WrongInput(f"{text!r} is no date: write one such as 2026-11-22", "usage") from None


def _write(profile: Path, found: object, measured_on: str) -> str:
    from titrate.calibration import Calibration, write
    from titrate.profile import ProfileError

    assert isinstance(found, Calibration)
    try:
        return write(profile, found, measured_on)
    except ProfileError as error:
        raise profiles.WrongProfile(error) from error
    except OSError as error:
        raise WrongInput(f"{error.filename} cannot be written: {error.strerror}", "file") from error
