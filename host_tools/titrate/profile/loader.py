"""From the text of a profile to a checked programme."""

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Any

from pump.core import ratio
from pump.core.limits import check
from pump.core.programme import Programme, canonical_text, daily_volume_nl, digest, replace
from pump.core.quantity import format_volume, quote
from pump.core.ranges import SettingError
from titrate.profile import kinds, schema
from titrate.profile.basal import read_basal
from titrate.profile.courses import read_course
from titrate.profile.modes import read_modes
from titrate.profile.positions import Path, Positions, key_text
from titrate.profile.problems import Problem, ProfileError, from_schema, refuse_all
from titrate.profile.reader import Reader
from titrate.profile.syringes import catalogue

Ratio = tuple[int, int]
Bolus = tuple[int, int, Ratio, int]

# Where the settings of a programme stand in a profile.
_PLACES: dict[str, Path] = {
    "name": ("name",),
    "bore_um": ("pump", "syringe", "bore"),
    "capacity_nl": ("pump", "syringe", "capacity"),
    "travel_um": ("pump", "syringe", "travel"),
    "lead_um": ("pump", "lead"),
    "full_steps_per_rev": ("pump", "full_steps"),
    "microsteps": ("pump", "microsteps"),
    "gear": ("pump", "gear"),
    "calibration": ("pump", "calibration"),
    "microstep_nl": ("pump",),
    "drug": ("drug", "name"),
    "concentration_mcg_per_ml": ("drug", "concentration"),
    "patient_group": ("drug", "patient_group"),
    "days": ("basal",),
    "week": ("basal",),
    "boluses": ("bolus",),
    "minimum_rate_nl_per_h": ("minimum", "rate"),
    "start_s": ("start",),
    "end_s": ("end",),
    "reservoir_low_nl": ("reservoir", "low"),
    "reservoir_low_s": ("reservoir", "low_time"),
    "reservoir_reserve_nl": ("reservoir", "reserve"),
    "max_rate_nl_per_h": ("limits", "max_rate"),
    "max_bolus_nl": ("limits", "max_bolus"),
    "commit_ahead_nl": ("limits", "commit_ahead"),
    "intermittent": ("intermittent",),
    "demand": ("demand",),
    "dose_window": ("dose_window",),
    "bridge": ("bridge",),
    "vtbi": ("vtbi",),
    "resume_within_s": ("resume", "within"),
}


@dataclass(frozen=True)
class Profile:
    """A profile that was read and checked.

    Attributes:
        path: the file that it came from, as it was named.
        text: its content.
        programme: what the pump is given.
        fill_nl: what a simulation or demonstration starts with in the reservoir.
    """

    path: str
    text: str
    programme: Programme
    fill_nl: int

    @property
    def canonical_text(self) -> str:
        """The canonical text of the programme."""
        return canonical_text(self.programme)

    @property
    def digest(self) -> str:
        """The digest of the canonical text."""
        return digest(self.canonical_text)


def load_profile(path: str | FilePath) -> Profile:
    """Read a profile file.

    Raises:
        ProfileError: it cannot be used; every problem is named with its line.
        OSError: it cannot be read.
    """
    return parse_profile(read_text(path), str(path))


def read_text(path: str | FilePath) -> str:
    """The text of a file in UTF-8; raises as load_profile() does."""
    content = FilePath(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        sentence = "this is not text in UTF-8: save the file as UTF-8"
        raise ProfileError(str(path), [Problem(line, sentence)]) from error


def parse_profile(text: str, path: str = "profile") -> Profile:
    """Read the text of a profile; see load_profile().

    Args:
        text: TOML.
        path: what to call it in errors.
    """
    content = parse_toml(text, path)
    positions = Positions(text)
    refuse_all(path, positions, from_schema(schema.validator().iter_errors(content)))
    reader = Reader(content)
    programme, sources = _programme(reader)
    fill_nl = _fill_nl(reader, programme)
    refuse_all(path, positions, reader.problems)
    try:
        check(programme)
    except SettingError as error:
        place = sources.get(error.where) or _PLACES[str(error.where[0])]
        refuse_all(path, positions, [(place, f"{key_text(place)}: {error.sentence}")])
    return Profile(path, text, programme, fill_nl)


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """The content of a TOML text; a ProfileError names the line of what is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
        if found:
            line, where = int(found[2]), f"at column {found[3]}"
            message = found[1]
        else:
            line, where, message = text.count("\n") + 1, "at the end", str(error).split(" (at")[0]
        sentence = f"this is not TOML, {where}: {message[:1].lower() + message[1:]}"
        raise ProfileError(path, [Problem(line, sentence)]) from error


def _programme(reader: Reader) -> tuple[Programme, dict[tuple[object, ...], Path]]:
    """The programme, and where its steps and boluses stand in the profile."""
    bore_um, capacity_nl, travel_um = _syringe(reader)
    gear = reader.value(("pump", "gear"), kinds.GEAR, Fraction(1))
    basal = read_basal(reader)
    boluses = sorted(_boluses(reader))
    minimum: Path = ("minimum", "rate")
    course, course_place = read_course(reader, basal)
    programme = Programme(
        name=reader.value(("name",), kinds.NAME, ""),
        bore_um=bore_um,
        capacity_nl=capacity_nl,
        travel_um=travel_um,
        lead_um=reader.value(("pump", "lead"), kinds.LENGTH, 1),
        full_steps_per_rev=reader.at(("pump", "full_steps")),
        microsteps=reader.at(("pump", "microsteps")),
        gear=(gear.numerator, gear.denominator),
        calibration=_calibration(reader),
        drug=reader.value(("drug", "name"), kinds.NAME, "") if reader.has(("drug",)) else "",
        concentration_mcg_per_ml=reader.concentration_mcg_per_ml,
        days=basal.days,
        week=basal.week,
        boluses=tuple(bolus for bolus, _ in boluses),
        minimum_rate_nl_per_h=(
            reader.rate_nl_per_h(minimum) if reader.has(("minimum",)) else ratio.ZERO
        ),
        start_s=_instant_s(reader, ("start",)),
        end_s=_instant_s(reader, ("end",)),
        reservoir_low_nl=reader.volume_nl(("reservoir", "low")),
        reservoir_low_s=reader.value(("reservoir", "low_time"), kinds.DURATION, 0),
        reservoir_reserve_nl=reader.volume_nl(("reservoir", "reserve")),
        max_rate_nl_per_h=reader.rate_nl_per_h(("limits", "max_rate")),
        max_bolus_nl=reader.amount_nl(("limits", "max_bolus")),
        commit_ahead_nl=reader.volume_nl(("limits", "commit_ahead")),
        patient_group=_patient_group(reader),
        course=course,
    )
    daily_nl = {daily_volume_nl(programme, weekday) for weekday in range(7)}
    programme = replace(programme, **read_modes(reader, daily_nl))
    sources: dict[tuple[object, ...], Path] = {**basal.sources, ("course",): course_place}
    for number, (_, path) in enumerate(boluses):
        sources["boluses", number] = path
    return programme, sources


def _syringe(reader: Reader) -> tuple[int, int, int]:
    """Bore in um, capacity in nL and travel in um."""
    path: Path = ("pump", "syringe")
    name = reader.at(path)
    if not isinstance(name, str):
        return (
            reader.value((*path, "bore"), kinds.LENGTH, 1),
            reader.volume_nl((*path, "capacity")),
            reader.value((*path, "travel"), kinds.LENGTH, 1),
        )
    known = catalogue()
    if name not in known:
        close = get_close_matches(name, known, 3, 0.4)
        guess = "did you mean " + " or ".join(close) + "? " if close else ""
        reader.refuse(
            path,
            f"the syringe {quote(name)} is not in the catalogue: {guess}Write one of its names, or "
            "a table with bore, capacity and travel",
        )
        return 1, 1, 1
    syringe = known[name]
    return syringe.bore_um, syringe.capacity_nl, syringe.travel_um


def _calibration(reader: Reader) -> Ratio:
    path: Path = ("pump", "calibration")
    if isinstance(reader.at(path), str):
        return ratio.ONE
    commanded = reader.value((*path, "commanded"), kinds.VOLUME, ratio.ONE)
    delivered = reader.value((*path, "delivered"), kinds.VOLUME, ratio.ONE)
    if not commanded[0]:
        reader.refuse((*path, "commanded"), "it is 0: nothing can be measured with it")
        return ratio.ONE
    return ratio.divide(delivered, commanded)


def _boluses(reader: Reader) -> list[tuple[Bolus, Path]]:
    found: list[tuple[Bolus, Path]] = []
    if not reader.has(("bolus",)):
        return found
    for index in range(len(reader.at(("bolus",)))):
        path: Path = ("bolus", index)
        bolus = (
            reader.value((*path, "at"), kinds.TIME_OF_DAY, 0),
            reader.weekdays((*path, "days")),
            reader.amount_nl((*path, "dose")),
            reader.value((*path, "over"), kinds.DURATION, 1),
        )
        found.append((bolus, path))
    return found


def _patient_group(reader: Reader) -> str:
    path: Path = ("drug", "patient_group")
    return reader.value(path, kinds.PATIENT_GROUP, "") if reader.has(path) else ""


def _instant_s(reader: Reader, path: Path) -> int | None:
    return reader.value(path, kinds.INSTANT, 0) if reader.has(path) else None


def _fill_nl(reader: Reader, programme: Programme) -> int:
    path: Path = ("reservoir", "fill")
    if not reader.has(path):
        return programme.capacity_nl
    fill_nl = reader.volume_nl(path)
    if (
        not reader.problems
        and not programme.reservoir_reserve_nl < fill_nl <= programme.capacity_nl
    ):
        reader.refuse(
            path,
            f"{format_volume((fill_nl, 1))}: the limit is more than the reserve, "
            f"{format_volume((programme.reservoir_reserve_nl, 1))}, and at most the syringe's "
            f"capacity, {format_volume((programme.capacity_nl, 1))}",
        )
    return fill_nl
