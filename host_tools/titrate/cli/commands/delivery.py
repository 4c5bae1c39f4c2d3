"""The commands that change what is delivered."""

import click

from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput


@click.command(cls=TitrateCommand)
@click.pass_obj
def start(session: Session) -> None:
    """Start to deliver the programme."""
    with session.connect() as pump:
        _after(session, pump.start())


@click.command(cls=TitrateCommand)
@click.pass_obj
def pause(session: Session) -> None:
    """Pause delivery; an alarm reminds of it."""
    with session.connect() as pump:
        _after(session, pump.pause())


@click.command(cls=TitrateCommand)
@click.pass_obj
def resume(session: Session) -> None:
    """Go on after a pause."""
    with session.connect() as pump:
        _after(session, pump.resume())


@click.command(cls=TitrateCommand)
@click.pass_obj
def stop(session: Session) -> None:
    """Stop delivery; what is left of a bolus is cancelled."""
    with session.connect() as pump:
        _after(session, pump.stop())


@click.command(cls=TitrateCommand)
@click.pass_obj
def minimum(session: Session) -> None:
    """Deliver the programme's minimum rate until told otherwise."""
    with session.connect() as pump:
        _after(session, pump.minimum())


@click.command(cls=TitrateCommand)
@click.argument("rate")
@click.pass_obj
def rate(session: Session, rate: str) -> None:
    """Make one flat basal RATE the programme's day.

    RATE is a volume or a dose over time, such as "25 uL/h" or "300 mcg/day".
    """
    with session.connect() as pump:
        _after(session, pump.rate(rate))


@click.command(cls=TitrateCommand)
@click.argument("amount", required=False)
@click.option("--over", metavar="TIME", help='Over how long, such as "10 min".')
@click.option("--cancel", is_flag=True, help="Cancel what is left of the running bolus.")
@click.pass_obj
def bolus(session: Session, amount: str | None, over: str | None, cancel: bool) -> None:
    """Give a bolus of AMOUNT on top of the basal rate.

    AMOUNT is a dose or a volume, such as "50 mcg" or "100 uL".
    """
    if cancel:
        if amount or over:
            raise WrongInput("--cancel takes neither an amount nor --over", "usage")
        with session.connect() as pump:
            _after(session, pump.cancel_bolus())
        return
    if not amount or not over:
        raise WrongInput(
            'a bolus needs an amount and a time: titrate bolus "50 mcg" --over "10 min"', "usage"
        )
    with session.connect() as pump:
        _after(session, pump.bolus(amount, over))


@click.command(cls=TitrateCommand)
@click.argument("volume")
@click.pass_obj
def prime(session: Session, volume: str) -> None:
    """Fill the line with VOLUME while stopped.

    VOLUME, such as "200 uL", is taken from the reservoir and not counted as delivered.
    """
    with session.connect() as pump:
        _after(session, pump.prime(volume))


@click.command(cls=TitrateCommand)
@click.argument("volume")
@click.pass_obj
def refill(session: Session, volume: str) -> None:
    """Say that the reservoir holds VOLUME after a refill.

    VOLUME, such as "18 mL", is what it holds in all, not what was added.
    """
    with session.connect() as pump:
        _after(session, pump.refill(volume))


def _after(session: Session, state: str) -> None:
    session.output.result({"state": state}, show.state(state))
