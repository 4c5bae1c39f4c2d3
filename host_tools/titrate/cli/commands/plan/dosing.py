"""`titrate plan`: how much, from the test dose to the end of therapy."""

from __future__ import annotations

from fractions import Fraction

import click

from pump.core.programme import PATIENT_GROUPS
from titrate import plan
from titrate.cli import libraries
from titrate.cli.commands.plan import quantities as q
from titrate.cli.commands.plan.view import give
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput

_GROUPS = ", ".join(PATIENT_GROUPS)

dose_option = click.option(
    "--dose", type=q.DOSE_MCG_DAY, required=True, help='Daily dose, such as "300 mcg/day".'
)
_initial = click.option(
    "--initial", type=q.DOSE_MCG_DAY, help="The initial daily dose that was once effective."
)


@click.command("start", cls=TitrateCommand)
@click.option(
    "--test-dose", type=q.DOSE_MCG, required=True, help='Effective test dose, such as "75 mcg".'
)
@click.option(
    "--response-hours", type=q.HOURS, required=True, help="How long its effect lasted, in hours."
)
@libraries.PLAN_LIBRARY
@click.pass_obj
def start(session: Session, test_dose: Fraction, response_hours: Fraction) -> None:
    """Work out the initial daily dose."""
    give(session.output, plan.start(test_dose, response_hours))


@click.command("test-dose", cls=TitrateCommand)
@click.option("--previous", type=q.DOSE_MCG, help="Test dose before; without it, the first.")
@click.option("--hours-since", type=q.HOURS, help="Hours since the test dose before.")
@click.option("--very-small-child", is_flag=True, help="The first test dose may be 25 mcg.")
@click.pass_obj
def test_dose(
    session: Session,
    previous: Fraction | None,
    hours_since: Fraction | None,
    very_small_child: bool,
) -> None:
    """Tell the next test dose, and when.

    For where the response to the one before was not sufficient. `earliest_h` counts from now.
    """
    give(session.output, plan.test_dose(previous, hours_since, very_small_child))


@click.command("titrate", cls=TitrateCommand)
@click.option("--dose", type=q.DOSE_MCG_DAY, help='Daily dose now, such as "300 mcg/day".')
@click.option("--group", type=q.GROUP, required=True, help=f"Of patients: {_GROUPS}.")
@click.option(
    "--hours-since-change",
    type=q.HOURS,
    help="Hours since the dose was changed or therapy started.",
)
@click.option(
    "--change",
    "changes",
    type=(q.INSTANT_S, q.DOSE_MCG_DAY),
    multiple=True,
    metavar="INSTANT DOSE",
    help='Instead of both: a change of the daily dose, as 2026-11-20T08:00 "300 mcg/day". '
    "Repeated for the history, the first dose first.",
)
@click.option("--now", "now_s", type=q.INSTANT_S, help="With --change: when now is.")
@click.option("--at-refill", is_flag=True, help="The change is made at a refill in maintenance.")
@click.option("--to", type=q.DOSE_MCG_DAY, help="A new daily dose to be judged.")
@click.option("--no-response", is_flag=True, help="Increases so far had no effect.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def titrate(
    session: Session,
    dose: Fraction | None,
    group: str,
    hours_since_change: Fraction | None,
    changes: tuple[tuple[int, Fraction], ...],
    now_s: int | None,
    at_refill: bool,
    to: Fraction | None,
    no_response: bool,
) -> None:
    """Work out the window of the next daily dose.

    From the usual step to the limit of an increase. With `wait_h` above 0 it is what may be taken
    after that many hours; a decrease does not wait.
    """
    if changes and now_s is not None and dose is None and hours_since_change is None:
        found = plan.titrate_history(changes, group, now_s, at_refill, to, no_response)
    elif dose is not None and hours_since_change is not None and not changes and now_s is None:
        found = plan.titrate(dose, group, hours_since_change, at_refill, to, no_response)
    else:
        raise WrongInput("give --dose and --hours-since-change, or --change and --now", "usage")
    give(session.output, found)


@click.command("night", cls=TitrateCommand)
@dose_option
@click.option("--increase", type=q.PERCENT, required=True, help="Of the hourly rate, in percent.")
@click.option("--from", "from_s", type=q.TIME_S, required=True, help="When the effect is wanted.")
@click.option("--to", "to_s", type=q.TIME_S, required=True, help="When the rate goes back.")
@click.option(
    "--lead", type=q.DURATION_H, default="2 h", show_default=True, help="Before the effect."
)
@click.option("--group", type=q.GROUP, help=f"Whose limit of an increase holds: {_GROUPS}.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def night(
    session: Session,
    dose: Fraction,
    increase: Fraction,
    from_s: int,
    to_s: int,
    lead: Fraction,
    group: str | None,
) -> None:
    """Work out a day with a raised rate."""
    give(session.output, plan.night(dose, increase, from_s, to_s, lead, group))


@click.command("taper", cls=TitrateCommand)
@dose_option
@click.option("--over", type=q.DURATION_DAYS, default="28 days", show_default=True, help="Time.")
@click.option("--to", type=q.DOSE_MCG_DAY, default="0 mcg/day", help="Daily dose at the end.")
@click.option(
    "--step", type=q.DURATION_DAYS, default="1 day", show_default=True, help="Time of a step."
)
@_initial
@click.option("--concentration", type=q.CONCENTRATION_MCG_ML, help="For rates and volume.")
@click.option("--from", "from_s", type=q.INSTANT_S, help="When it begins, for dates.")
@libraries.PLAN_LIBRARY
@click.pass_obj
def taper(
    session: Session,
    dose: Fraction,
    over: Fraction,
    to: Fraction,
    step: Fraction,
    initial: Fraction | None,
    concentration: Fraction | None,
    from_s: int | None,
) -> None:
    """Lay out a drug holiday or the end of a therapy."""
    give(session.output, plan.taper(dose, over, to, step, initial, concentration, from_s))


@click.command("interruption", cls=TitrateCommand)
@click.option("--stopped", type=q.DURATION_H, required=True, help='For how long, such as "9 h".')
@dose_option
@_initial
@click.pass_obj
def interruption(
    session: Session, stopped: Fraction, dose: Fraction, initial: Fraction | None
) -> None:
    """Tell how to go on after an interruption."""
    give(session.output, plan.interruption(stopped, dose, initial))
