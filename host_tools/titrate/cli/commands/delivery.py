"""The commands that change what is delivered."""

import click
from rich.markup import escape

from pump.core import moves
from titrate.cli import libraries, show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import NoAnswer, WrongInput
from titrate.client.pump import Pump


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


WITHDRAWAL = (
    "the programme doses a drug: to stop it at once may be dangerous, and of intrathecal baclofen "
    "it may kill (B58, B68). Gradually: `titrate plan taper` works out the steps, a profile with "
    "[taper] makes the pump go down by itself, and `titrate minimum` keeps a low rate meanwhile"
)


@click.command(cls=TitrateCommand)
@click.option("--yes", is_flag=True, help="Stop without asking.")
@click.pass_obj
def stop(session: Session, yes: bool) -> None:
    """Stop delivery; what is left of a bolus is cancelled.

    Of a therapy that runs, the gradual way is told first; Enter stops. Without a person to ask,
    and with --json or --yes, it stops at once.
    """
    with session.connect() as pump:
        advice = WITHDRAWAL if _doses_a_drug(pump) else None
        if advice and not yes and not session.output.as_json:
            session.output.say(f"[yellow]warning[/]: {escape(advice)}")
            if not _is_to_stop():
                session.output.result({}, "not stopped: delivery goes on")
                return
        state = pump.stop()
    session.output.result({"state": state, "advice": advice}, show.state(state))


def _doses_a_drug(pump: Pump) -> bool:
    """Whether a drug is being delivered; a pump that does not say so is stopped unasked."""
    try:
        status = pump.status()
    except NoAnswer:
        return False
    is_therapy = status.state in (moves.RUNNING, moves.MINIMUM, moves.KVO)
    return is_therapy and status.concentration_mcg_per_ml is not None


def _is_to_stop() -> bool:
    """Ask a person; where there is none to ask, it is stopped."""
    try:
        return click.confirm("Stop now?", default=True, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise
        return True


@click.command(cls=TitrateCommand)
@click.pass_obj
def minimum(session: Session) -> None:
    """Deliver the programme's minimum rate until told otherwise."""
    with session.connect() as pump:
        _after(session, pump.minimum())


@click.command(cls=TitrateCommand)
@click.argument("rate")
@libraries.REASON
@click.pass_obj
def rate(session: Session, rate: str, reason: str) -> None:
    """Make one flat basal RATE the programme's day.

    RATE is a volume or a dose over time, such as "25 uL/h" or "300 mcg/day".
    """
    with session.connect() as pump:
        _after(session, pump.rate(rate, reason=reason))


@click.command(cls=TitrateCommand)
@click.argument("amount", required=False)
@click.option("--over", metavar="TIME", help='Over how long, such as "10 min".')
@click.option("--cancel", is_flag=True, help="Cancel what is left of the running bolus.")
@libraries.REASON
@click.pass_obj
def bolus(
    session: Session, amount: str | None, over: str | None, cancel: bool, reason: str
) -> None:
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
        _after(session, pump.bolus(amount, over, reason=reason))


@click.command(cls=TitrateCommand)
@click.pass_obj
def demand(session: Session) -> None:
    """Give the programme's demand bolus.

    Refused during its lockout, beyond the most in a period and beyond the dose window; other
    boluses wait for it.
    """
    with session.connect() as pump:
        _after(session, pump.demand())


_RATE = click.option(
    "--rate", metavar="RATE", default="", help='How fast, such as "1 mL/min"; else at `max_rate`.'
)


@click.command(cls=TitrateCommand)
@click.argument("volume")
@_RATE
@click.pass_obj
def prime(session: Session, volume: str, rate: str) -> None:
    """Fill the line with VOLUME while stopped.

    VOLUME, such as "200 uL", is taken from the reservoir and not counted as delivered.
    """
    with session.connect() as pump:
        _after(session, pump.prime(volume, rate=rate))


@click.command(cls=TitrateCommand)
@_RATE
@click.pass_obj
def purge(session: Session, rate: str) -> None:
    """Empty the reservoir through the line while stopped.

    Down to its reserve, before another drug or concentration is filled in; not counted as
    delivered. Take the line off whatever it leads to first.
    """
    with session.connect() as pump:
        _after(session, pump.purge(rate=rate))


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
