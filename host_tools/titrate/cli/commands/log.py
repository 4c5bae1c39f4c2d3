"""`titrate log`."""

import time
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import click

from titrate import log_export
from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.client.pump import Pump
from titrate.client.replies import LogEntry

_FOLLOW_S = 1.0
# At a time; more than come in a second, and few enough to be asked for row by row.
_FOLLOW_ENTRIES = 50


@click.command(cls=TitrateCommand)
@click.option(
    "--count",
    "-n",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many of the last entries.",
)
@click.option(
    "--from",
    "from_sequence",
    type=click.IntRange(0),
    metavar="NUMBER",
    help="All entries from this number on, instead of the last ones.",
)
@click.option("--all", "is_all", is_flag=True, help="All entries that the pump has kept.")
@click.option("--faults", is_flag=True, help="Only faults and alarms.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print comma-separated values, each line sealed."
)
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line, sealed.")
@click.option(
    "--after",
    metavar="HASH",
    default=log_export.START,
    help="The last hash of an export that this one goes on from.",
)
@click.option(
    "--verify",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Check an export that was made with --csv or --jsonl, and print its last hash.",
)
@click.pass_obj
def log(
    session: Session,
    count: int,
    from_sequence: int | None,
    is_all: bool,
    faults: bool,
    follow: bool,
    as_csv: bool,
    as_jsonl: bool,
    after: str,
    verify: Path | None,
) -> None:
    """Show the pump's journal, the oldest entry first.

    What --csv and --jsonl print is sealed: each line carries a hash of itself and of the line
    before it, so that --verify finds what was edited, removed or put in. Keep the last hash
    elsewhere.
    """
    if verify is not None:
        _verify(session, verify, after)
        return
    if as_csv + as_jsonl + session.output.as_json > 1:
        raise WrongInput("take one of --csv, --jsonl and --json", "usage")
    if follow and session.output.as_json:
        raise WrongInput("--json prints one object and ends; to follow, take --jsonl", "usage")
    if is_all:
        from_sequence = from_sequence or 0
    with session.connect() as pump:
        entries = pump.log(from_sequence, None if from_sequence is not None else count, faults)
        if session.output.as_json:
            session.output.result({"entries": [asdict(entry) for entry in entries]})
            return
        if follow:
            entries = _follow(pump, entries, faults)
        try:
            _print(session, entries, as_csv, as_jsonl, after)
        except KeyboardInterrupt:
            return


def _verify(session: Session, file: Path, after: str) -> None:
    lines = file.read_text(encoding="ascii").splitlines()
    is_json = bool(lines) and lines[0].startswith("{")
    check = log_export.verify_json_lines if is_json else log_export.verify_csv
    last = check(lines, after)
    entries = len(lines) if is_json else max(0, len(lines) - 1)
    if session.output.as_json:
        session.output.result({"entries": entries, "sha256": last})
    else:
        session.output.console.print(f"{entries} entries, as exported; last hash {last}")


def _print(
    session: Session, entries: Iterator[LogEntry], as_csv: bool, as_jsonl: bool, after: str
) -> None:
    values = map(asdict, entries)
    if as_csv:
        columns = [field.name for field in fields(LogEntry)]
        for line in log_export.csv_lines(values, columns, after):
            print(line, flush=True)
    elif as_jsonl:
        for line in log_export.json_lines(values, after):
            print(line, flush=True)
    else:
        for entry in entries:
            session.output.console.print(
                f"{entry.sequence:>8}  {show.instant(entry.at_s):<19}  {entry.code:<24} "
                f"{show.detail(entry.code, entry.detail)}",
                markup=False,
            )


def _follow(pump: Pump, entries: Iterator[LogEntry], faults: bool) -> Iterator[LogEntry]:
    """What there is, then what comes."""
    following = pump.next_log_sequence(faults)
    while True:
        for entry in entries:
            yield entry
            following = max(following, (entry.sequence or 0) + 1)
        time.sleep(_FOLLOW_S)
        entries = pump.log(following, _FOLLOW_ENTRIES, faults)
