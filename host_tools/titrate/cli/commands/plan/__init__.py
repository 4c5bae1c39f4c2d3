"""`titrate plan`: the calculations of titrate.plan on the command line."""

import click

from titrate.cli.commands.plan.dosing import interruption, night, start, taper, test_dose, titrate
from titrate.cli.commands.plan.drug import concentration, dilute, rate
from titrate.cli.commands.plan.models import csf, trend
from titrate.cli.commands.plan.reservoir import bridge, prime, refill, residual
from titrate.cli.session import TitrateGroup


@click.group(cls=TitrateGroup)
def plan() -> None:
    """Work out doses, volumes and dates, without a pump.

    Each calculation prints its results, its formula, what it was worked out from and the rules
    B1-B70 that it rests on (host_tools/docs/plan.md). No advice for a patient.
    """


for command in (
    test_dose,
    start,
    titrate,
    night,
    taper,
    interruption,
    rate,
    concentration,
    dilute,
    prime,
    bridge,
    refill,
    residual,
    trend,
    csf,
):
    plan.add_command(command)
