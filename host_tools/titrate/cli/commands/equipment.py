"""`titrate equipment`: what is fitted to a board, and what its inputs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from pump.core import equipment as equipments
from pump.core import programme as programmes
from pump.core.equipment import Equipment
from pump.core.inputs import NOTHING
from titrate.cli import reviewing, show
from titrate.cli.profiles import WrongProfile
from titrate.cli.session import Session, TitrateCommand, TitrateGroup
from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from titrate.client.replies import Reading
    from titrate.equipment import EquipmentFile


class WrongEquipment(WrongProfile):
    """An equipment file that cannot be used."""

    code = "wrong_equipment"


@click.group(cls=TitrateGroup)
def equipment() -> None:
    """Show, install and read switches and sensors.

    Without an equipment the pump watches none of them. The format is in
    host_tools/docs/equipment.md.
    """


@equipment.command(cls=TitrateCommand, name="show")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def show_equipment(session: Session, file: Path | None) -> None:
    """Show what the pump takes to be fitted, or what FILE says."""
    if file is not None:
        found = _read(file)
        _show(session, found.equipment, found.canonical_text)
        return
    with session.connect() as pump:
        text = pump.equipment_text()
    if not text:
        session.output.result({"equipment": NOTHING}, show.equipment(NOTHING))
        return
    _show(session, equipments.parse(text), text)


@equipment.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Install what the pump understood, unseen.")
@click.option("--digest", metavar="DIGEST", help="Install it only if this is its digest.")
@click.pass_obj
def install(session: Session, file: Path, yes: bool, digest: str | None) -> None:
    """Give the equipment FILE to the pump, review and install it.

    The pump checks it itself and shows what would change. With --json and neither --yes nor
    --digest, only the review is made.
    """
    found = _read(file)
    output = session.output
    with session.connect() as pump:
        review = pump.propose_equipment(found.canonical_text)
        values = {
            "equipment": found.equipment.name,
            "equipment_digest": review.digest,
            "changes": [change._asdict() for change in review.changes],
        }
        if not review.changes and pump.status().equipment == found.equipment.name:
            pump.discard()
            output.result(values | {"changed": False}, "this equipment is in use already")
            return
        if not reviewing.confirm(session, pump, review, "Install this equipment?", yes, digest):
            output.result(values, "not installed: nothing has changed", outcome=reviewing.REVIEWED)
            return
    output.result(values | {"changed": True}, f"in use: {found.equipment.name} ({review.digest})")


@equipment.command(cls=TitrateCommand)
@click.pass_obj
def read(session: Session) -> None:
    """Show what every switch and sensor of the pump reads now, fitted or not."""
    with session.connect() as pump:
        title = pump.status().equipment
        readings = pump.readings()
    table = show.columns("input", "reads", "")
    for reading in readings:
        watched = "watched" if reading.fitted else "[yellow]not watched[/]"
        table.add_row(reading.input.replace("_", " "), _with_unit(reading), watched)
    values = {
        "equipment": title,
        "readings": [
            {
                "input": reading.input,
                "fitted": reading.fitted,
                "reading": _number_or_word(reading.reading),
                "unit": reading.unit,
            }
            for reading in readings
        ],
    }
    session.output.result(values, table)


def _read(path: Path) -> EquipmentFile:
    # The schema's validator takes a while to load; no other command waits for it.
    from titrate.equipment import load_equipment
    from titrate.profile import ProfileError

    try:
        return load_equipment(path)
    except ProfileError as error:
        raise WrongEquipment(error) from error
    except OSError as error:
        raise WrongInput(f"{path} cannot be read: {error.strerror}", "no_file") from error


def _show(session: Session, found: Equipment, text: str) -> None:
    digest = programmes.digest(text)
    parts: list[RenderableType] = [f"[bold]{found.name}[/] ({digest})"]
    table = show.grid()
    for setting, value in equipments.rows(found):
        table.add_row(setting, value)
    settings = {row[0]: getattr(found, row[0]) for row in equipments.SETTINGS}
    values = {"equipment": found.name, "equipment_digest": digest, "settings": settings}
    session.output.result(values, *parts, table)


def _with_unit(reading: Reading) -> str:
    return f"{reading.reading} {reading.unit}".strip()


def _number_or_word(reading: str) -> int | str:
    return int(reading) if reading.lstrip("-").isdigit() else reading
