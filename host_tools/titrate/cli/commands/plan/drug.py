"""`titrate plan`: concentrations, and dose against rate."""

from __future__ import annotations

from fractions import Fraction

import click

from titrate import plan
from titrate.cli import libraries
from titrate.cli.commands.plan import quantities as q
from titrate.cli.commands.plan.dosing import dose_option
from titrate.cli.commands.plan.view import give
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.plan.groups import strengths_mcg_ml


@click.command("dilute", cls=TitrateCommand)
@click.option("--stock", type=q.CONCENTRATION_MCG_ML, required=True, help='As "2000 mcg/mL".')
@click.option("--target", type=q.CONCENTRATION_MCG_ML, required=True, help="What is wanted.")
@click.option("--volume", type=q.VOLUME_ML, required=True, help="How much of it.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def dilute(session: Session, stock: Fraction, target: Fraction, volume: Fraction) -> None:
    """Work out the parts of a dilution."""
    give(session.output, plan.dilute(stock, target, volume))


@click.command("concentration", cls=TitrateCommand)
@dose_option
@click.option("--min-rate", type=q.RATE_ML_DAY, required=True, help="The pump's lowest.")
@click.option("--max-rate", type=q.RATE_ML_DAY, required=True, help="The pump's highest.")
@click.option(
    "--strength",
    "strengths",
    type=q.CONCENTRATION_MCG_ML,
    multiple=True,
    help="To try, besides those on the market. May be repeated.",
)
@click.option("--usable", type=q.VOLUME_ML, help="Between fill and reserve, for how long it lasts.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def concentration(
    session: Session,
    dose: Fraction,
    min_rate: Fraction,
    max_rate: Fraction,
    strengths: tuple[Fraction, ...],
    usable: Fraction | None,
) -> None:
    """Tell which strengths suit dose and pump."""
    tried = (*strengths_mcg_ml(), *strengths)
    give(session.output, plan.concentration(dose, min_rate, max_rate, tried, usable))


@click.command("rate", cls=TitrateCommand)
@click.option("--dose", type=q.DOSE_MCG_DAY, help='Such as "300 mcg/day".')
@click.option("--rate", type=q.RATE_UL_H, help='Instead of the dose, such as "25 uL/h".')
@click.option("--concentration", type=q.CONCENTRATION_MCG_ML, required=True, help="Of the drug.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def rate(
    session: Session, dose: Fraction | None, rate: Fraction | None, concentration: Fraction
) -> None:
    """Turn a dose into a rate, or back."""
    if dose is not None and rate is None:
        give(session.output, plan.rate(dose, concentration))
    elif rate is not None and dose is None:
        give(session.output, plan.dose(rate, concentration))
    else:
        raise WrongInput("give one of --dose and --rate", "usage")
