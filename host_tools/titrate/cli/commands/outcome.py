"""`titrate outcome`."""

import click

from titrate.cli.session import Session, TitrateCommand

_MEANINGS = {
    "done": "it was done: do not repeat it",
    "refused": "it was refused: nothing has changed",
    "never": "the pump does not know it: it was not done, unless many requests ago",
}


@click.command(cls=TitrateCommand)
@click.argument("request_id")
@click.pass_obj
def outcome(session: Session, request_id: str) -> None:
    """Settle what became of the request REQUEST_ID.

    For one whose answer was lost: was it done, or does the pump not know it?
    """
    with session.connect() as pump:
        found = pump.outcome(request_id.lower())
    values = {"request_id": request_id.lower(), "found": found}
    session.output.result(values, _MEANINGS.get(found, found))
