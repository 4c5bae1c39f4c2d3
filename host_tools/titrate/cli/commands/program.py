"""`titrate program`, `titrate revert` and `titrate programme`."""

from pathlib import Path

import click

from pump.core import quantity
from pump.core.drug_guard import DAMAGED, NONE
from titrate.cli import libraries, profiles, reviewing, show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.library.loader import LibraryFile

_YES = click.option("--yes", is_flag=True, help="Confirm what the pump understood, unseen.")
_DIGEST = click.option("--digest", metavar="DIGEST", help="Confirm it only if this is its digest.")


@click.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--at",
    metavar="INSTANT",
    help="From when it is to be in force, by the pump's clock, such as 2026-11-23T06:00; until "
    "then the one in force goes on.",
)
@click.option("--cancel", is_flag=True, help="Forget the programme that was to follow at a time.")
@_YES
@_DIGEST
@libraries.REASON
@libraries.LIBRARY
@click.pass_obj
def program(
    session: Session,
    file: Path | None,
    at: str | None,
    cancel: bool,
    yes: bool,
    digest: str | None,
    reason: str,
    library: str | None,
) -> None:
    """Send the profile FILE to the pump, review and confirm it.

    The pump checks the programme itself and shows every setting that would change, old against
    new. Nothing is in force before it is confirmed: at the question, with --yes, or with the
    --digest of an earlier review. With --json and neither of them, only the review is made.

    Host and pump both judge it by a drug library: beyond a hard limit it is refused, beyond a
    soft one a reason is asked for.
    """
    output = session.output
    if cancel:
        if file or at or yes or digest or reason or library:
            raise WrongInput("--cancel takes neither a profile nor other options", "usage")
        with session.connect() as pump:
            state = pump.cancel_following()
        output.result({"state": state}, "the programme that was to follow is forgotten")
        return
    if file is None:
        raise WrongInput("which profile? `titrate program profile.toml`", "usage")
    if at is not None:
        quantity.parse_instant_s(at)
    profile = profiles.read(file)
    used = libraries.read(library)
    libraries.judge(used, profile.programme)
    with session.connect() as pump:
        status = pump.status()
        for sentence in library_warnings(used, status.library, status.library_digest):
            output.say(f"[yellow]warning[/]: {sentence}")
        with output.progress() as progress:
            task = progress.add_task(f"sending {profile.programme.name}", total=None)
            review = pump.propose(
                profile.programme,
                lambda done, of: progress.update(task, completed=done, total=of),
            )
        values = reviewing.values(review) | {"library": status.library}
        if not review.changes:
            pump.discard()
            output.result(values | {"changed": False}, "this programme is in force already")
            return
        question = "Put this programme in force?"
        if at is not None:
            question = f"Put this programme in force at {at}?"
        if not reviewing.confirm(session, pump, review, question, yes, digest, reason, at or ""):
            output.result(values, "not confirmed: nothing has changed", outcome=reviewing.REVIEWED)
            return
        status = pump.status()
    shown = f"{profile.programme.name} ({review.digest})"
    if at is not None:
        output.result(
            values | {"changed": False, "state": status.state, "following_s": status.following_s},
            f"from {show.instant(status.following_s)} on: {shown}; `titrate program --cancel` "
            "forgets it",
        )
        return
    output.result(values | {"changed": True, "state": status.state}, _in_force(shown, status.state))


@click.command(cls=TitrateCommand)
@_YES
@_DIGEST
@libraries.REASON
@click.pass_obj
def revert(session: Session, yes: bool, digest: str | None, reason: str) -> None:
    """Put the programme of before in force again.

    The pump proposes the one that was in force before this one, shows what would change, and
    takes it when it is confirmed, as `titrate program` does.
    """
    output = session.output
    with session.connect() as pump:
        review = pump.revert()
        values = reviewing.values(review)
        if not review.changes:
            pump.discard()
            output.result(values | {"changed": False}, "this programme is in force already")
            return
        question = "Put this programme in force again?"
        if not reviewing.confirm(session, pump, review, question, yes, digest, reason):
            output.result(values, "not confirmed: nothing has changed", outcome=reviewing.REVIEWED)
            return
        status = pump.status()
    shown = f"{status.programme_name} ({review.digest})"
    output.result(values | {"changed": True, "state": status.state}, _in_force(shown, status.state))


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


def library_warnings(used: LibraryFile | None, title: str, digest: str) -> list[str]:
    """What a person should know of the drug libraries of host and pump.

    Args:
        used: the host's.
        title, digest: of the pump's, as its status gives them.
    """
    if title == NONE:
        return ["the pump has no drug library: give it one with `titrate library install`"]
    if title == DAMAGED:
        return ["the pump's drug library is damaged: `titrate library install` mends it"]
    if used is not None and used.digest != digest:
        return [
            f"the pump judges by {title} ({digest}), this host by {used.library.title} "
            f"({used.digest}): `titrate library install` makes them one"
        ]
    return []


def _in_force(shown: str, state: str) -> str:
    hint = "; deliver it with `titrate start`" if state == "stopped" else ""
    return f"in force: {shown}, the pump is {state}{hint}"
