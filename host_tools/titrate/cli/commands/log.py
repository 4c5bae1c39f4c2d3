"""`titrate log`."""

import csv
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, fields

import click

from titrate.cli import show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.client.pump import Pump
from titrate.client.replies import LogEntry

_FOLLOW_S = 1.0


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
@click.option("--faults", is_flag=True, help="Only faults and alarms.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def log(
    session: Session,
    count: int,
    from_sequence: int | None,
    faults: bool,
    follow: bool,
    as_csv: bool,
    as_jsonl: bool,
) -> None:
    """Show the pump's journal, the oldest entry first."""
    if as_csv + as_jsonl + session.output.as_json > 1:
        raise WrongInput("take one of --csv, --jsonl and --json", "usage")
    if follow and session.output.as_json:
        raise WrongInput("--json prints one object and ends; to follow, take --jsonl", "usage")
    with session.connect() as pump:
        entries = pump.log(from_sequence, None if from_sequence is not None else count, faults)
        if session.output.as_json:
            session.output.result({"entries": [asdict(entry) for entry in entries]})
            return
        if follow:
            entries = _follow(pump, entries, faults)
        try:
            _print(session, entries, as_csv, as_jsonl)
        except KeyboardInterrupt:
            return


def _print(session: Session, entries: Iterator[LogEntry], as_csv: bool, as_jsonl: bool) -> None:
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow([field.name for field in fields(LogEntry)])
        for entry in entries:
            writer.writerow(["" if v is None else v for v in asdict(entry).values()])
            sys.stdout.flush()
        return
    for entry in entries:
        if as_jsonl:
            print(json.dumps(asdict(entry)), flush=True)
        else:
            session.output.console.print(
                f"{entry.sequence:>8}  {show.instant(entry.at_s):<19}  {entry.code:<24} "
                f"{show.detail(entry.code, entry.detail)}",
                markup=False,
            )


def _follow(pump: Pump, entries: Iterator[LogEntry], faults: bool) -> Iterator[LogEntry]:
    """What there is, then what comes."""
    following = pump.next_log_sequence()
    while True:
        for entry in entries:
            yield entry
            following = max(following, (entry.sequence or 0) + 1)
        time.sleep(_FOLLOW_S)
        entries = pump.log(following, None, faults)
