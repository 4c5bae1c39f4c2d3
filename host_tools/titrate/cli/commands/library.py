"""`titrate library`: check, show, compare and install drug libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Group, RenderableType

from pump.core import library as libraries_core
from pump.core import programme as programmes
from pump.core.library import BASES, BASIS, KIND, SOURCE, VALUE, WHAT, Drug, Library
from pump.core.quantity import format_concentration
from titrate.cli import libraries, show
from titrate.cli.session import Session, TitrateCommand, TitrateGroup
from titrate.client.errors import Refused

if TYPE_CHECKING:
    from titrate.client.pump import Pump, Review
    from titrate.library import LibraryFile

REVIEWED = "reviewed"


@click.group(cls=TitrateGroup)
def library() -> None:
    """Check, show, compare and install drug libraries.

    A library says what each drug may be dosed at. The pump keeps a copy of its own and judges by
    it whatever the host does. The format is in host_tools/docs/library.md.
    """


@library.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def check(session: Session, file: Path) -> None:
    """Check the library FILE: format, limits against each other, sources, changelog."""
    found = _read(file)
    drugs = found.library.drugs
    limits = sum(len(drug.limits) for drug in drugs)
    size = len(found.canonical_text)
    table = show.grid()
    table.add_row("library", f"{found.library.title} ({found.digest})")
    table.add_row("drugs", ", ".join(drug.name for drug in drugs))
    table.add_row("limits", str(limits))
    newest = found.changes[0]
    table.add_row("newest change", f"{newest.version}, {newest.date}, {newest.by}: {newest.text}")
    table.add_row("on the pump", f"{size} of {libraries_core.TEXT_MAX} bytes")
    values = {
        "name": found.library.name,
        "version": found.library.version,
        "library_digest": found.digest,
        "drugs": [drug.name for drug in drugs],
        "limits": limits,
        "bytes": size,
    }
    session.output.result(values, table)


@library.command(cls=TitrateCommand, name="show")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--pump", "of_pump", is_flag=True, help="The library that the pump uses.")
@click.option("--drug", metavar="NAME", help="Only what it says of one drug.")
@click.pass_obj
def show_library(session: Session, file: Path | None, of_pump: bool, drug: str | None) -> None:
    """Show a library: FILE, the pump's, or the one that comes with Titrate."""
    sources: dict[str, str] = {}
    if of_pump:
        with session.connect() as pump:
            text = pump.library_text()
        if not text:
            session.output.result({"library": libraries.NONE}, "the pump has no drug library")
            return
        found = libraries_core.parse(text)
    else:
        read = _read(file)
        found, sources = read.library, read.sources
    shown = [each for each in found.drugs if drug is None or each.answers_to(drug)]
    if drug is not None and not shown:
        names = ", ".join(each.name for each in found.drugs)
        raise click.UsageError(f"{drug} is not in {found.title}: there are {names}")
    used = {limit[SOURCE] for each in shown for limit in each.limits}
    values = {
        "library": found.title,
        "library_digest": programmes.digest(libraries_core.canonical_text(found)),
        "drugs": [_drug_values(each) for each in shown],
        "sources": {name: text for name, text in sources.items() if name in used},
    }
    session.output.result(values, Group(*_view(found, shown, sources, used)))


@library.command(cls=TitrateCommand)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.pass_obj
def diff(session: Session, old: Path, new: Path) -> None:
    """Show what the library NEW changes against OLD."""
    rows = libraries_core.differences(_read(old).library, _read(new).library)
    table = show.columns("entry", "old", "new")
    for setting, before, after in rows:
        table.add_row(setting, before or "-", after or "-")
    changes = [{"setting": a, "old": b, "new": c} for a, b, c in rows]
    session.output.result({"changes": changes}, table if rows else "they say the same")


@library.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Install what the pump understood, unseen.")
@click.option("--digest", metavar="DIGEST", help="Install it only if this is its digest.")
@click.pass_obj
def install(session: Session, file: Path | None, yes: bool, digest: str | None) -> None:
    """Give the library FILE to the pump, review and install it.

    Without FILE, the one that comes with Titrate. The pump checks it itself and shows what would
    change. With --json and neither --yes nor --digest, only the review is made.
    """
    found = _read(file)
    output = session.output
    with session.connect() as pump:
        with output.progress() as progress:
            task = progress.add_task(f"sending {found.library.title}", total=None)
            review = pump.propose_library(
                found.canonical_text,
                lambda done, of: progress.update(task, completed=done, total=of),
            )
        values = _review_values(found, review)
        if not review.changes:
            pump.discard()
            output.result(values | {"changed": False}, "this library is in use already")
            return
        _say(session, review)
        if digest is not None and digest != review.digest:
            pump.discard()
            raise Refused(
                f"the pump understood a library with the digest {review.digest}, not {digest}; "
                "nothing has changed, review it again",
                "other_digest",
            )
        if not (yes or digest is not None or _is_wanted(session, pump)):
            output.result(values, "not installed: nothing has changed", outcome=REVIEWED)
            return
        pump.confirm(review.digest)
    output.result(values | {"changed": True}, f"in use: {found.library.title} ({review.digest})")


def _read(file: Path | None) -> LibraryFile:
    found = libraries.read(None if file is None else str(file))
    if found is None:
        raise click.UsageError("no library is named: write its FILE")
    return found


def _is_wanted(session: Session, pump: Pump) -> bool:
    """Ask a person; without one to ask, or told no, the proposal is forgotten."""
    try:
        wanted = not session.output.as_json and click.confirm("Install this library?", err=True)
    except click.Abort:
        wanted = False
    if not wanted:
        pump.discard()
    return wanted


def _say(session: Session, review: Review) -> None:
    table = show.columns("entry", "on the pump", "proposed")
    for change in review.changes:
        table.add_row(change.setting, change.old or "-", change.new or "-")
    session.output.say(table)
    for sentence in review.warnings:
        session.output.say(f"[yellow]warning[/]: {sentence}")
    session.output.say(f"digest: [bold]{review.digest}[/]")


def _review_values(found: LibraryFile, review: Review) -> dict[str, object]:
    return {
        "library": found.library.title,
        "library_digest": review.digest,
        "changes": [change._asdict() for change in review.changes],
        "warnings": review.warnings,
    }


def _drug_values(drug: Drug) -> dict[str, object]:
    return {
        "name": drug.name,
        "also": list(drug.also),
        "dosed": "by volume" if drug.by_volume else "by dose",
        "strengths": [format_concentration(strength) for strength in drug.strengths],
        "limits": [
            {
                "limit": limit[WHAT],
                "title": libraries_core.limit_title(drug, limit),
                "value": libraries_core.show(drug, limit[WHAT], limit[VALUE]),
                "kind": limit[KIND],
                "basis": limit[BASIS],
                "source": limit[SOURCE],
            }
            for limit in drug.limits
        ],
    }


def _view(
    found: Library, shown: list[Drug], sources: dict[str, str], used: set[str]
) -> list[RenderableType]:
    parts: list[RenderableType] = [f"[bold]{found.title}[/]"]
    for drug in shown:
        names = f"[bold]{drug.name}[/]" + "".join(f", {name}" for name in drug.also)
        strengths = ", ".join(format_concentration(strength) for strength in drug.strengths)
        if drug.dilution is not None:
            low, high, source = drug.dilution
            strengths += (
                f"; diluted, {format_concentration(low)} to {format_concentration(high)} ({source})"
            )
        parts.append(f"\n{names}: {strengths or 'dosed by volume'}")
        table = show.columns("limit", "value", "", "basis", "source")
        for limit in drug.limits:
            kind = "[bold red]hard[/]" if limit[KIND] == libraries_core.HARD else "[yellow]soft[/]"
            table.add_row(
                libraries_core.limit_title(drug, limit),
                libraries_core.show(drug, limit[WHAT], limit[VALUE]),
                kind,
                BASES[limit[BASIS]],
                limit[SOURCE],
            )
        if drug.limits:
            parts.append(table)
    table = show.grid()
    for name, text in sources.items():
        if name in used:
            table.add_row(name, text)
    if used & set(sources):
        parts += ["", table]
    return parts
