"""`titrate program` and `titrate programme`."""

from pathlib import Path

import click
from rich.table import Table

from titrate.cli import profiles, show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import Refused
from titrate.client.pump import Pump, Review

REVIEWED = "reviewed"


@click.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Confirm what the pump understood, unseen.")
@click.option("--digest", metavar="DIGEST", help="Confirm it only if this is its digest.")
@click.pass_obj
def program(session: Session, file: Path, yes: bool, digest: str | None) -> None:
    """Send the profile FILE to the pump, review and confirm it.

    The pump checks the programme itself and shows every setting that would change, old against
    new. Nothing is in force before it is confirmed: at the question, with --yes, or with the
    --digest of an earlier review. With --json and neither of them, only the review is made.
    """
    profile = profiles.read(file)
    output = session.output
    with session.connect() as pump:
        with output.progress() as progress:
            task = progress.add_task(f"sending {profile.programme.name}", total=None)
            review = pump.propose(
                profile.programme,
                lambda done, of: progress.update(task, completed=done, total=of),
            )
        values = _values(review)
        if not review.changes:
            pump.discard()
            output.result(values | {"changed": False}, "this programme is in force already")
            return
        output.say(_table(review))
        for sentence in review.warnings:
            output.say(f"[yellow]warning[/]: {sentence}")
        output.say(f"digest: [bold]{review.digest}[/]")
        if digest is not None and digest != review.digest:
            pump.discard()
            raise Refused(
                f"the pump understood a programme with the digest {review.digest}, not {digest}; "
                "nothing has changed, review it again",
                "other_digest",
            )
        if not (yes or digest is not None or _is_wanted(session, pump)):
            output.result(values, "not confirmed: nothing has changed", outcome=REVIEWED)
            return
        pump.confirm(review.digest)
        state = pump.status().state
    hint = "; deliver it with `titrate start`" if state == "stopped" else ""
    output.result(
        values | {"changed": True, "state": state},
        f"in force: {profile.programme.name} ({review.digest}), the pump is {state}{hint}",
    )


@click.command(cls=TitrateCommand)
@click.pass_obj
def programme(session: Session) -> None:
    """Print the programme in force, as its canonical text."""
    with session.connect() as pump:
        text = pump.programme_text()
        digest = pump.status().programme_digest
    session.output.result(
        {"programme": text, "programme_digest": digest}, text.rstrip("\n") or "none is in force"
    )


def _is_wanted(session: Session, pump: Pump) -> bool:
    """Ask a person; without one to ask, or told no, the proposal is forgotten."""
    try:
        wanted = not session.output.as_json and click.confirm(
            "Put this programme in force?", err=True
        )
    except click.Abort:
        wanted = False
    if not wanted:
        pump.discard()
    return wanted


def _values(review: Review) -> dict[str, object]:
    return {
        "programme_digest": review.digest,
        "changes": [change._asdict() for change in review.changes],
        "warnings": review.warnings,
    }


def _table(review: Review) -> Table:
    table = show.columns("setting", "in force", "proposed")
    for change in review.changes:
        table.add_row(change.setting, change.old or "-", change.new or "-")
    return table
