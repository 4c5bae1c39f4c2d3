"""From the text of a library file to a checked library."""

import datetime
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path as FilePath

from pump.core import library as libraries
from pump.core.errors import PumpError
from pump.core.library import AT_LEAST, AT_MOST, Drug, Library, Limit
from pump.core.programme import PATIENT_GROUPS, digest
from pump.core.quantity import quote
from titrate.library import kinds, schema
from titrate.library.declarations import LIBRARY
from titrate.profile.kinds import CONCENTRATION
from titrate.profile.loader import parse_toml, read_text
from titrate.profile.positions import Path, Positions
from titrate.profile.problems import from_schema, refuse_all
from titrate.profile.reader import Reader

Ratio = tuple[int, int]


@dataclass(frozen=True)
class Change:
    """One entry of the changelog: its version, day, author and what was done."""

    version: str
    date: datetime.date
    by: str
    text: str


@dataclass(frozen=True)
class LibraryFile:
    """A library that was read and checked.

    Attributes:
        path: the file that it came from, as it was named.
        library: what a pump is given.
        changes: its changelog, the newest first.
        sources: what each source's short name stands for.
        notes: what is noted for readers on a drug, by its name.
    """

    path: str
    library: Library
    changes: tuple[Change, ...]
    sources: dict[str, str]
    notes: dict[str, str]

    @property
    def canonical_text(self) -> str:
        """The canonical text of the library."""
        return libraries.canonical_text(self.library)

    @property
    def digest(self) -> str:
        """The digest of the canonical text."""
        return digest(self.canonical_text)


def standard_path() -> FilePath:
    """The library that comes with Titrate."""
    return FilePath(str(files(__package__) / "library.toml"))


def load_library(path: str | FilePath | None = None) -> LibraryFile:
    """Read a library file, or the one that comes with Titrate.

    Raises:
        ProfileError: it cannot be used; every problem is named with its line.
        OSError: it cannot be read.
    """
    place = standard_path() if path is None else path
    return parse_library(read_text(place), str(place))


def parse_library(text: str, path: str = "library") -> LibraryFile:
    """Read the text of a library; see load_library().

    Args:
        text: TOML.
        path: what to call it in errors.
    """
    content = parse_toml(text, path)
    positions = Positions(text)
    refuse_all(path, positions, from_schema(schema.validator().iter_errors(content), LIBRARY))
    reader = Reader(content)
    sources = _sources(reader)
    changes = _changes(reader)
    drugs = [_drug(reader, ("drug", index), sources) for index in range(_count(reader, ("drug",)))]
    refuse_all(path, positions, reader.problems)
    found = Library(reader.at(("name",)), reader.at(("version",)), tuple(drugs))
    try:
        libraries.check(found)
    except PumpError as error:
        refuse_all(path, positions, [((), error.sentence)])
    notes = {drug["name"]: drug["note"] for drug in content["drug"] if "note" in drug}
    return LibraryFile(path, found, tuple(changes), sources, notes)


def _count(reader: Reader, path: Path) -> int:
    return len(reader.at(path)) if reader.has(path) else 0


def _sources(reader: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    for index in range(_count(reader, ("source",))):
        path: Path = ("source", index)
        name = reader.value((*path, "name"), kinds.SOURCE, "")
        if name in found:
            reader.refuse((*path, "name"), f"{quote(name)} is there twice: give it another name")
        found[name] = reader.value((*path, "text"), kinds.SENTENCE, "")
    return found


def _changes(reader: Reader) -> list[Change]:
    """The changelog, held to the library's version and to the order of time."""
    found: list[Change] = []
    for index in range(_count(reader, ("change",))):
        path: Path = ("change", index)
        change = Change(
            reader.value((*path, "version"), kinds.VERSION, ""),
            reader.value((*path, "date"), kinds.DATE, datetime.date.min),
            reader.value((*path, "by"), kinds.SENTENCE, ""),
            reader.value((*path, "text"), kinds.SENTENCE, ""),
        )
        if found and change.date > found[-1].date:
            reader.refuse(
                (*path, "date"),
                f"{change.date} is later than the change above, {found[-1].date}: write the "
                "newest first",
            )
        if change.version in [each.version for each in found]:
            reader.refuse(
                (*path, "version"), f"{quote(change.version)} is there twice: each change is one"
            )
        found.append(change)
    version = reader.value(("version",), kinds.VERSION, "")
    if found and version != found[0].version:
        reader.refuse(
            ("version",),
            f"the library is version {quote(version)}, but its newest change made "
            f"{quote(found[0].version)}: write a change for each version, the newest first",
        )
    return found


def _drug(reader: Reader, path: Path, sources: dict[str, str]) -> Drug:
    by_volume = reader.value((*path, "dosed"), kinds.DOSED, False)
    strengths = [
        reader.value((*path, "strengths", index), CONCENTRATION, (1, 1))
        for index in range(_count(reader, (*path, "strengths")))
    ]
    dilution = None
    if reader.has((*path, "dilution")):
        dilution = (
            reader.value((*path, "dilution", "from"), CONCENTRATION, (1, 1)),
            reader.value((*path, "dilution", "to"), CONCENTRATION, (2, 1)),
            _source(reader, (*path, "dilution", "source"), sources),
        )
    also = reader.at((*path, "also")) if reader.has((*path, "also")) else []

    def drug(limits: list[Limit]) -> Drug:
        name = reader.at((*path, "name"))
        return Drug(name, tuple(also), by_volume, tuple(strengths), dilution, tuple(limits))

    _check(reader, path, drug([]))
    limits: list[Limit] = []
    for index in range(_count(reader, (*path, "limit"))):
        place: Path = (*path, "limit", index)
        limit = _limit(reader, place, by_volume, sources)
        if limit is not None and _check(reader, place, drug([*limits, limit])):
            limits.append(limit)
    return drug(limits)


def _check(reader: Reader, path: Path, drug: Drug) -> bool:
    """Whether a drug is sound; if not, what is wrong is noted at a path."""
    try:
        libraries.check_drug(drug)
    except PumpError as error:
        reader.refuse(path, error.sentence)
        return False
    return True


def _limit(reader: Reader, path: Path, by_volume: bool, sources: dict[str, str]) -> Limit | None:
    bounds = [key for key in ("at_most", "at_least") if reader.has((*path, key))]
    if len(bounds) != 1:
        reader.refuse(path, 'write one of at_most = "..." and at_least = "..."')
        return None
    what = reader.value((*path, "what"), kinds.WHAT, "daily_dose")
    value = _figure(reader, (*path, bounds[0]), what, by_volume)
    mask = 0
    for index in range(_count(reader, (*path, "groups"))):
        bit = 1 << PATIENT_GROUPS.index(reader.at((*path, "groups", index)))
        if mask & bit:
            reader.refuse((*path, "groups", index), "this group is there twice: write it once")
        mask |= bit
    strength: Ratio | None = None
    if reader.has((*path, "strength")):
        strength = reader.value((*path, "strength"), CONCENTRATION, (1, 1))
    source = _source(reader, (*path, "source"), sources)
    if value is None:
        return None
    return Limit(
        what,
        reader.value((*path, "kind"), kinds.KIND, ""),
        AT_MOST if bounds[0] == "at_most" else AT_LEAST,
        value,
        reader.value((*path, "basis"), kinds.BASIS, ""),
        0 if mask == (1 << len(PATIENT_GROUPS)) - 1 else mask,
        strength,
        source,
    )


def _figure(reader: Reader, path: Path, what: str, by_volume: bool) -> Ratio | None:
    try:
        return kinds.figure(reader.at(path), what, by_volume)
    except PumpError as error:
        reader.refuse(path, error.sentence)
        return None


def _source(reader: Reader, path: Path, sources: dict[str, str]) -> str:
    name: str = reader.value(path, kinds.SOURCE, "")
    if name not in sources:
        reader.refuse(
            path, f"{quote(name)} is no source: there are " + ", ".join(sources) + "; add it there"
        )
    return name
