"""From a proposal that the pump has understood to one in force: review, question, confirmation."""

from __future__ import annotations

import click
from rich.table import Table

from titrate.cli import show
from titrate.cli.session import Session
from titrate.client.errors import Refused
from titrate.client.pump import Pump, Review

REVIEWED = "reviewed"


def confirm(
    session: Session,
    pump: Pump,
    review: Review,
    question: str,
    yes: bool = False,
    digest: str | None = None,
    reason: str = "",
    at: str = "",
) -> bool:
    """Show what a proposal would change and put it in force if that is wanted.

    Args:
        session: asks the person.
        pump: has the proposal.
        review: of it.
        question: asked of the person.
        yes: whether it is confirmed without asking.
        digest: it is confirmed without asking if this is its digest.
        reason: why soft limits are gone beyond; asked for where it is needed and empty.
        at: from when it is to be in force, "YYYY-MM-DDTHH:MM"; "" for from now on.

    Returns:
        Whether it was confirmed; if not, it is forgotten.

    Raises:
        Refused: by the pump, because of another digest, or for want of a reason.
    """
    output = session.output
    output.say(changes(review))
    for sentence in review.warnings:
        output.say(f"[yellow]warning[/]: {sentence}")
    for limit in review.soft_limits:
        output.say(f"[yellow]soft limit[/]: {limit.sentence}")
    output.say(f"digest: [bold]{review.digest}[/]")
    if digest is not None and digest != review.digest:
        pump.discard()
        raise Refused(
            f"what the pump understood has the digest {review.digest}, not {digest}; "
            "nothing has changed, review it again",
            "other_digest",
        )
    if not (yes or digest is not None or _is_wanted(session, pump, question)):
        return False
    if review.soft_limits and not reason:
        reason = _reason(session, pump)
    pump.confirm(review.digest, reason=reason, at=at)
    return True


def values(review: Review) -> dict[str, object]:
    """A review as JSON values."""
    return {
        "programme_digest": review.digest,
        "changes": [change._asdict() for change in review.changes],
        "warnings": review.warnings,
        "soft_limits": [limit._asdict() for limit in review.soft_limits],
    }


def changes(review: Review) -> Table:
    """Every setting that would change, old against new."""
    table = show.columns("setting", "in force", "proposed")
    for change in review.changes:
        table.add_row(change.setting, change.old or "-", change.new or "-")
    return table


def _reason(session: Session, pump: Pump) -> str:
    """Ask a person for the reason; without one to ask, or none given, all is forgotten."""
    reason = ""
    try:
        if not session.output.as_json:
            reason = click.prompt("Reason for going beyond soft limits", err=True)
    except click.Abort:
        pass
    if not reason.strip():
        pump.discard()
        raise Refused(
            'it goes beyond soft limits of the drug library: give a reason with --reason "..."',
            "reason_needed",
        )
    return reason.strip()


def _is_wanted(session: Session, pump: Pump, question: str) -> bool:
    """Ask a person; without one to ask, or told no, the proposal is forgotten."""
    try:
        wanted = not session.output.as_json and click.confirm(question, err=True)
    except click.Abort:
        wanted = False
    if not wanted:
        pump.discard()
    return wanted
