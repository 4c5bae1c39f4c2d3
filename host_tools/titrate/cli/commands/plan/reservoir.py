"""`titrate plan`: volumes between refills, and the path to the catheter's tip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from titrate import plan
from titrate.cli import libraries, profiles
from titrate.cli.commands.plan import quantities as q
from titrate.cli.commands.plan.dosing import dose_option
from titrate.cli.commands.plan.view import give
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput


@click.command("refill", cls=TitrateCommand)
@click.option("--fill", type=q.VOLUME_ML, required=True, help="What the reservoir holds then.")
@click.option("--reserve", type=q.VOLUME_ML, help="What it holds when it is low.")
@click.option("--dose", type=q.DOSE_MCG_DAY, help='Daily dose, such as "300 mcg/day".')
@click.option("--concentration", type=q.CONCENTRATION_MCG_ML, help='Such as "500 mcg/mL".')
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A profile instead of --dose and --concentration: its steps are followed.",
)
@click.option(
    "--bolus",
    "boluses",
    type=(q.DOSE_MCG, q.NUMBER),
    multiple=True,
    metavar="DOSE COUNT",
    help='Boluses a day on top, such as "25 mcg" 2. May be repeated.',
)
@click.option("--stability", type=q.DURATION_DAYS, help='In the reservoir, such as "90 days".')
@click.option(
    "--stop-at",
    type=q.VOLUME_ML,
    help="What the pump leaves: empty is when this is reached. Else 0.",
)
@click.option("--from", "from_s", type=q.INSTANT_S, help="When it is filled, for dates.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def refill(
    session: Session,
    fill: Fraction,
    reserve: Fraction | None,
    dose: Fraction | None,
    concentration: Fraction | None,
    profile: Path | None,
    boluses: tuple[tuple[Fraction, Fraction], ...],
    stability: Fraction | None,
    stop_at: Fraction | None,
    from_s: int | None,
) -> None:
    """Tell when the reservoir is low, empty, and to be refilled."""
    if profile is not None:
        if dose or concentration or boluses or stop_at is not None:
            raise WrongInput(
                "take --profile, or --dose with --concentration, --bolus and --stop-at", "usage"
            )
        programme = profiles.read(profile).programme
        begin_s = from_s if from_s is not None else programme.start_s
        if begin_s is None:
            raise WrongInput(
                "say when the profile is started, with --from: its days may differ", "usage"
            )
        give(session.output, plan.refill_of(programme, fill, reserve, stability, begin_s))
        return
    if dose is None or concentration is None or reserve is None:
        raise WrongInput("give --reserve, --dose and --concentration, or --profile", "usage")
    found = plan.refill(
        fill, reserve, dose, concentration, boluses, stability, stop_at or 0, from_s
    )
    give(session.output, found)


@click.command("residual", cls=TitrateCommand)
@click.option("--expected", type=q.VOLUME_ML, required=True, help="By the pump's account.")
@click.option("--measured", type=q.VOLUME_ML, required=True, help="What was drawn out.")
@click.option("--fill", type=q.VOLUME_ML, required=True, help="What was filled in last time.")
@click.pass_obj
def residual(session: Session, expected: Fraction, measured: Fraction, fill: Fraction) -> None:
    """Judge a refill's residual.

    The ratio of delivered to programmed volume, flagged outside of 0.85 to 1.15.
    """
    give(session.output, plan.residual(expected, measured, fill))


@click.command("prime", cls=TitrateCommand)
@click.option("--path-volume", type=q.VOLUME_ML, help="Pump tubing and catheter together.")
@click.option("--tubing", type=q.VOLUME_ML, default="0 mL", help="Volume of the pump's tubing.")
@click.option("--catheter", type=q.VOLUME_ML, default="0 mL", help="Volume of the catheter.")
@click.option("--filled", type=q.VOLUME_ML, default="0 mL", help="Filled with drug already.")
@click.option("--rate", type=q.RATE_UL_H, help='Of the prime, such as "0.3 mL/h".')
@click.option("--concentration", type=q.CONCENTRATION_MCG_ML, help="Of the drug.")
@click.option("--dose", type=q.DOSE_MCG_DAY, help="Daily dose, for the delay without a prime.")
@click.pass_obj
def prime(
    session: Session,
    path_volume: Fraction | None,
    tubing: Fraction,
    catheter: Fraction,
    filled: Fraction,
    rate: Fraction | None,
    concentration: Fraction | None,
    dose: Fraction | None,
) -> None:
    """Work out a priming bolus.

    The path is --path-volume, or --tubing and --catheter.
    """
    if path_volume is not None:
        if tubing or catheter:
            raise WrongInput("take --path-volume, or --tubing and --catheter", "usage")
        tubing = path_volume
    give(session.output, plan.prime(tubing, catheter, filled, rate, concentration, dose))


@click.command("bridge", cls=TitrateCommand)
@click.option("--old", type=q.CONCENTRATION_MCG_ML, required=True, help="In the path.")
@click.option("--new", type=q.CONCENTRATION_MCG_ML, required=True, help="In the reservoir.")
@click.option(
    "--path-volume", type=q.VOLUME_ML, required=True, help="Pump tubing and catheter together."
)
@dose_option
@libraries.PLAN_LIBRARY
@click.pass_obj
def bridge(
    session: Session, old: Fraction, new: Fraction, path_volume: Fraction, dose: Fraction
) -> None:
    """Work out a bridge after a change of concentration."""
    give(session.output, plan.bridge(old, new, path_volume, dose))
