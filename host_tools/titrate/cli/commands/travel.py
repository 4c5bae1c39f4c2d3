"""The commands that move the drive, which is no dose."""

import time

import click

from pump.core import moves
from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import MoveFailed
from titrate.client.pump import Pump
from titrate.client.replies import Status
from titrate.client.values import to_json

_LOOK_S = 0.25
_FAILED = "move_failed"

_LINE_OFF = click.option(
    "--line-off",
    is_flag=True,
    help="Say that the line is off the syringe or leads into waste: a move may push or draw.",
)
_NO_WAIT = click.option(
    "--no-wait", is_flag=True, help="Do not wait until the drive is at rest again."
)


@click.command(cls=TitrateCommand)
@_LINE_OFF
@_NO_WAIT
@click.pass_obj
def home(session: Session, line_off: bool, no_wait: bool) -> None:
    """Find the home switch, so that the position is known.

    Fast towards it, off it, slowly to it again, and off it. Ctrl-C stops the drive.
    """
    with session.connect() as pump:
        _after(session, pump, pump.home(_line(line_off)), no_wait)


@click.command(cls=TitrateCommand)
@click.argument("distance")
@click.option("--withdraw", is_flag=True, help="Draw the plunger back instead of pushing it in.")
@_LINE_OFF
@_NO_WAIT
@click.pass_obj
def jog(session: Session, distance: str, withdraw: bool, line_off: bool, no_wait: bool) -> None:
    """Move the plunger by DISTANCE while stopped; no dose.

    DISTANCE is a length or a volume, such as "2 mm" or "50 uL": 2 mm at most while the position
    is not known, and within the travel when it is. Ctrl-C stops the drive.
    """
    direction = "withdraw" if withdraw else "infuse"
    with session.connect() as pump:
        _after(session, pump, pump.jog(distance, direction, _line(line_off)), no_wait)


@click.command(cls=TitrateCommand)
@_LINE_OFF
@_NO_WAIT
@click.pass_obj
def unload(session: Session, line_off: bool, no_wait: bool) -> None:
    """Draw the drive back for another syringe.

    Where the position is not known, by way of the home switch. Ctrl-C stops the drive.
    """
    with session.connect() as pump:
        _after(session, pump, pump.unload(_line(line_off)), no_wait)


@click.command(cls=TitrateCommand)
@click.argument("volume")
@_LINE_OFF
@_NO_WAIT
@click.pass_obj
def load(session: Session, volume: str, line_off: bool, no_wait: bool) -> None:
    """Go up to the plunger of a syringe that holds VOLUME.

    VOLUME, such as "8 mL", is what is in it. The drive stops half a millimetre short of the
    plunger: jog the rest, then say with `titrate refill` what the syringe holds, and prime.
    Ctrl-C stops the drive.
    """
    with session.connect() as pump:
        _after(session, pump, pump.load(volume, _line(line_off)), no_wait)


def _line(is_off: bool) -> str:
    return "off" if is_off else ""


def _after(session: Session, pump: Pump, state: str, no_wait: bool) -> None:
    """Wait until the drive is at rest and say where; Ctrl-C stops it."""
    if no_wait:
        session.output.result({"state": state, "position_um": None}, show.state(state))
        return
    try:
        status = pump.status()
        while status.state == moves.MOVING:
            time.sleep(_LOOK_S)
            status = pump.status()
    except KeyboardInterrupt:
        pump.stop()
        raise
    if _FAILED in dict(status.alarms):
        (sentence,) = [alarm.sentence for alarm in pump.alarms() if alarm.code == _FAILED]
        raise MoveFailed(sentence)
    values = {"state": status.state, "position_um": to_json(status.position_um)}
    session.output.result(values, f"{show.state(status.state)}, {_where(status)}")


def _where(status: Status) -> str:
    if status.position_um is None:
        return "position not known; say with refill what the syringe holds"
    at_mm = float(status.position_um) / 1000
    return f"{at_mm:.3f} mm from home; say with refill what the syringe holds"
