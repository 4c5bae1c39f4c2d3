"""`titrate clock`."""

import time
from datetime import datetime

import click

from pump.core import quantity
from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand


@click.command(cls=TitrateCommand)
@click.option("--set", "set_now", is_flag=True, help="Set it to this computer's local time.")
@click.option("--at", metavar="TIME", help='Set it to TIME, such as "2026-11-22T06:00:00".')
@click.pass_obj
def clock(session: Session, set_now: bool, at: str | None) -> None:
    """Show the pump's clock, or set it.

    The pump keeps local civil time and knows no daylight saving: set it when the clocks change.
    """
    with session.connect() as pump:
        if set_now or at:
            pump.set_clock(at or _next_second())
        found = pump.clock()
    here = quantity.parse_instant_s(_here())
    ahead_s = None if found.clock_s is None else found.clock_s - here
    table = show.grid()
    table.add_row("pump", show.instant(found.clock_s) + ("" if found.clock_known else " (not set)"))
    table.add_row("this computer", show.instant(here))
    if ahead_s is not None:
        apart = show.span(abs(ahead_s))
        table.add_row("difference", f"pump {'ahead' if ahead_s > 0 else 'behind'} by {apart}")
    values = {
        "clock_s": found.clock_s,
        "clock": None if found.clock_s is None else quantity.format_instant(found.clock_s),
        "clock_known": found.clock_known,
        "ahead_s": ahead_s,
    }
    session.output.result(values, table)


def _next_second() -> str:
    """This computer's time at the full second that begins when this returns."""
    time.sleep(1 - datetime.now().microsecond / 1_000_000)
    return _here()


def _here() -> str:
    return datetime.now().replace(microsecond=0).isoformat()
