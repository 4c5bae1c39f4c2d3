"""`titrate ports`."""

import os

import click

from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client import ports as client_ports
from titrate.client.values import to_json


@click.command(cls=TitrateCommand)
@click.pass_obj
def ports(session: Session) -> None:
    """List the boards that are plugged in and the pumps on them.

    Where a port is named, asks that one alone.
    """
    named = session.port or os.environ.get(client_ports.PORT_VARIABLE)
    boards = [(named, "")] if named else client_ports.candidates()
    found = [client_ports.probe(*board) for board in boards]
    table = show.columns("port", "pump", "firmware", "state", "board")
    for item in found:
        if item.hello is None:
            table.add_row(item.port, "no", item.problem, "", item.board_id)
        else:
            hello = item.hello
            table.add_row(
                item.port,
                "yes",
                str(hello.get("firmware_version")),
                str(hello.get("state")),
                str(hello.get("board_id")),
            )
    listed = [
        {
            "port": item.port,
            "board_id": item.board_id,
            "pump": None
            if item.hello is None
            else {key: to_json(value) for key, value in item.hello.items()},
            "problem": item.problem,
        }
        for item in found
    ]
    nothing = "no board is plugged in; a virtual one is started with `titrate virtual`"
    session.output.result({"ports": listed}, table if found else nothing)
