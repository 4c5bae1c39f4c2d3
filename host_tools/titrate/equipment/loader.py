"""From the text of an equipment file to a checked equipment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath

from pump.core import equipment as equipments
from pump.core.equipment import Equipment, SettingError
from pump.core.programme import digest
from titrate.equipment import schema
from titrate.equipment.declarations import EQUIPMENT, PLACES
from titrate.profile.forms import Key, Table
from titrate.profile.kinds import Kind
from titrate.profile.loader import parse_toml, read_text
from titrate.profile.positions import Path, Positions, key_text
from titrate.profile.problems import from_schema, refuse_all
from titrate.profile.reader import Reader


@dataclass(frozen=True)
class EquipmentFile:
    """An equipment that was read and checked.

    Attributes:
        path: the file that it came from, as it was named.
        equipment: what a pump is given.
    """

    path: str
    equipment: Equipment

    @property
    def canonical_text(self) -> str:
        """The canonical text of the equipment."""
        return equipments.canonical_text(self.equipment)

    @property
    def digest(self) -> str:
        """The digest of the canonical text."""
        return digest(self.canonical_text)


def load_equipment(path: str | FilePath) -> EquipmentFile:
    """Read an equipment file.

    Raises:
        ProfileError: it cannot be used; every problem is named with its line.
        OSError: it cannot be read.
    """
    return parse_equipment(read_text(path), str(path))


def parse_equipment(text: str, path: str = "equipment") -> EquipmentFile:
    """Read the text of an equipment file; see load_equipment().

    Args:
        text: TOML.
        path: what to call it in errors.
    """
    content = parse_toml(text, path)
    positions = Positions(text)
    refuse_all(path, positions, from_schema(schema.validator().iter_errors(content), EQUIPMENT))
    reader = Reader(content)
    found = Equipment("")
    for setting, place in PLACES.items():
        if reader.has(place):
            setattr(found, setting, reader.value(place, _kind(place), None))
    refuse_all(path, positions, reader.problems)
    try:
        equipments.check(found)
    except SettingError as error:
        place = PLACES[error.key]
        refuse_all(path, positions, [(place, f"{key_text(place)}: {error.sentence}")])
    return EquipmentFile(path, found)


def _kind(place: Path) -> Kind:
    """The kind of text that is declared at a place."""
    table = EQUIPMENT
    for part in place[:-1]:
        below = _key(table, part).value
        assert isinstance(below, Table)
        table = below
    kind = _key(table, place[-1]).value
    assert isinstance(kind, Kind)
    return kind


def _key(table: Table, name: str | int) -> Key:
    return next(key for key in table.keys if key.name == name)
