"""`titrate status` and `titrate watch`."""

import time

import click
from rich.live import Live
from rich.panel import Panel

from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import NoAnswer
from titrate.client.replies import Status
from titrate.client.values import to_json

_REFRESH_S = 1.0


@click.command(cls=TitrateCommand)
@click.pass_obj
def status(session: Session) -> None:
    """Show state, volumes, reservoir, clock and alarms."""
    _print(session)


@click.command(cls=TitrateCommand)
@click.pass_obj
def watch(session: Session) -> None:
    """Show the status live, until Ctrl-C.

    A pump that is unplugged is waited for. With --json, prints the status once.
    """
    if session.output.as_json:
        _print(session)
        return
    with Live(console=session.output.console, auto_refresh=False) as live:
        while True:
            try:
                with session.connect() as pump:
                    while True:
                        view = show.status_view(pump.status())
                        live.update(Panel.fit(view, title=pump.port), refresh=True)
                        time.sleep(_REFRESH_S)
            except NoAnswer as error:
                live.update(Panel.fit(f"[yellow]{error.sentence}[/]"), refresh=True)
                time.sleep(_REFRESH_S)
            except KeyboardInterrupt:
                return


def _print(session: Session) -> None:
    with session.connect() as pump:
        values = pump.ask("status").values
    shown = show.status_view(Status.of(values))
    session.output.result({key: to_json(value) for key, value in values.items()}, shown)
