"""`titrate alarms`, `ack` and `silence`."""

import click
from rich.console import RenderableType

from pump.core.annunciation import FULL, QUIET
from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.replies import Alarm
from titrate.client.values import to_json


@click.command(cls=TitrateCommand)
@click.option("--test", is_flag=True, help="Sound and show each alarm priority once.")
@click.pass_obj
def alarms(session: Session, test: bool) -> None:
    """List the active alarms: what each means, and what to do."""
    with session.connect() as pump:
        if test:
            pump.test_alarm()
            session.output.result({}, "each priority sounds and shows once now")
            return
        reply = pump.ask("alarms")
    rows = reply.rows
    # Older firmware does not tell: its signals are full.
    signals = reply.values.get("signals") or FULL
    table = show.columns("alarm", "priority", "since", "acknowledged", "delivery", "what to do")
    for alarm in (Alarm.of(row) for row in rows):
        table.add_row(
            alarm.code,
            alarm.priority,
            show.instant(alarm.since_s),
            "yes" if alarm.acknowledged else "no",
            alarm.effect,
            alarm.sentence,
            style=show.PRIORITY_STYLES.get(alarm.priority, ""),
        )
    listed = [{key: to_json(value) for key, value in row.items()} for row in rows]
    parts: list[RenderableType] = [table if rows else show.alarm_list([])]
    if signals == QUIET:
        parts.append(show.quiet_signals())
    session.output.result({"alarms": listed, "signals": signals}, *parts)


@click.command(cls=TitrateCommand)
@click.argument("code")
@click.pass_obj
def ack(session: Session, code: str) -> None:
    """Acknowledge the alarm CODE, or all."""
    with session.connect() as pump:
        pump.acknowledge(code)
        left = pump.status().alarms
    values = [{"code": name, "priority": priority} for name, priority in left]
    session.output.result({"alarms": values}, "acknowledged; still active: ", show.alarm_list(left))


@click.command(cls=TitrateCommand)
@click.pass_obj
def silence(session: Session) -> None:
    """Silence the sound for a while; alarms bring it back."""
    with session.connect() as pump:
        pump.silence()
    session.output.result({}, "silenced for a while")
