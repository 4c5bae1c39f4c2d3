"""What is fitted to a board besides its drive, with limits and signals: data and one text.

titrate-equipment 1
name Bench 3
limit_home yes
...

A line for each row of SETTINGS, in that order; "none" where there is no such thing. The line of
the signals is left out where they are full.
"""

from pump.core.annunciation import FULL, QUIET
from pump.core.canonical import CanonicalReader
from pump.core.errors import OutOfRange, quote
from pump.core.measures import COUNTS_MAX, NONE, SENSORS

FORMAT = "titrate-equipment 1"
NAME_MAX = 32
# So far apart must two readings be that a force is told from them: 1 % of it is a count or more.
LOAD_COUNTS_MIN = 100

_YES_NO = "yes or no"
_SENSOR = "sensor"
_CADENCE = "cadence"

# (key, title, unit, minimum, maximum, why); for what is no number, its kind in place of a
# unit.
SETTINGS: tuple[tuple[str, str, str, int, int, str], ...] = (
    ("limit_home", "switch at the full end", _YES_NO, 0, 0, ""),
    ("limit_end", "switch at the empty end", _YES_NO, 0, 0, ""),
    ("syringe_switch", "switch under the syringe", _YES_NO, 0, 0, ""),
    ("supply_low_mv", "low supply", "mV", 1000, 36000, "what the divider lets through"),
    ("supply_depleted_mv", "depleted supply", "mV", 1000, 36000, "what the divider lets through"),
    ("over_temperature_c", "highest temperature", "C", 30, 85, "the chip is made for 85 C"),
    ("force", "force sensor", _SENSOR, 0, 0, ""),
    ("force_zero_counts", "reading without load", "counts", 0, 0xFFFFFF, "what a sensor reads"),
    ("force_load_counts", "reading under load", "counts", 0, 0xFFFFFF, "what a sensor reads"),
    ("force_load_mn", "load", "mN", 100, 500000, "0.1 to 500 N"),
    ("occlusion_mn", "force that is an occlusion", "mN", 500, 500000, "0.5 to 500 N"),
    ("signals", "light and sound of alarms", _CADENCE, 0, 0, ""),
)
_OF_FORCE = ("force_zero_counts", "force_load_counts", "force_load_mn", "occlusion_mn")


class Equipment:
    """What is fitted; unless said otherwise, nothing.

    Attributes:
        name: what it is called, 1 to NAME_MAX printable ASCII characters.
        limit_home, limit_end: whether the switches at the ends of the travel are fitted.
        syringe_switch: whether the switch under the syringe is.
        supply_low_mv, supply_depleted_mv: below these the supply is low, or used up; None where
            it is not measured.
        over_temperature_c: from this temperature of the chip on it is too hot; None: not watched.
        force: one of SENSORS.
        force_zero_counts, force_load_counts, force_load_mn: what it reads without a load, and with
            a known one; None without a sensor.
        occlusion_mn: from this force on the line is occluded; None without a sensor.
        signals: the cadence of light and sound, FULL or QUIET.
    """

    def __init__(self, name: str):
        self.name = name
        self.limit_home = False
        self.limit_end = False
        self.syringe_switch = False
        self.supply_low_mv: int | None = None
        self.supply_depleted_mv: int | None = None
        self.over_temperature_c: int | None = None
        self.force = NONE
        self.force_zero_counts: int | None = None
        self.force_load_counts: int | None = None
        self.force_load_mn: int | None = None
        self.occlusion_mn: int | None = None
        self.signals = FULL


class SettingError(OutOfRange):
    """A setting outside its limit, alone or beside another one.

    Attributes:
        key: of SETTINGS, or "name".
    """

    def __init__(self, key: str, sentence: str):
        super().__init__(sentence)
        self.key = key


def canonical_text(equipment: Equipment) -> str:
    """The one text of an equipment."""
    lines = [FORMAT, "name " + equipment.name]
    for row in SETTINGS:
        value = getattr(equipment, row[0])
        if value != FULL:
            lines.append(row[0] + " " + _written(value))
    return "\n".join(lines) + "\n"


def parse(text: str) -> Equipment:
    """The equipment of a canonical text; check() says whether it makes sense.

    Raises:
        BadText: it is none.
    """
    reader = CanonicalReader(text, "equipment")
    reader.header(FORMAT)
    found = Equipment(reader.words("name"))
    for row in SETTINGS:
        key, kind = row[0], row[2]
        if kind == _YES_NO:
            setattr(found, key, _one_of(reader, key, ("no", "yes")) == "yes")
        elif kind == _SENSOR:
            found.force = _one_of(reader, key, SENSORS)
        elif kind == _CADENCE:
            if reader.is_at(key):
                found.signals = _one_of(reader, key, (QUIET,))
        else:
            setattr(found, key, reader.whole_or_none(key))
    reader.end()
    return found


def check(equipment: Equipment) -> None:
    """Refuse what is outside its limits.

    Raises:
        SettingError: with the limit and what to do.
    """
    name = equipment.name
    if not 1 <= len(name) <= NAME_MAX or name != name.strip() or not _is_printable(name):
        raise SettingError(
            "name",
            "the name is "
            + quote(name)
            + ": write 1 to "
            + str(NAME_MAX)
            + " printable ASCII characters without a space at either end",
        )
    for key, title, unit, minimum, maximum, why in SETTINGS:
        value = getattr(equipment, key)
        if not isinstance(value, bool) and isinstance(value, int):
            if not minimum <= value <= maximum:
                raise SettingError(
                    key,
                    f"{title} is {value} {unit}: the limit is {minimum} to {maximum} {unit}, {why}",
                )
    _check_supply(equipment)
    _check_force(equipment)


def differences(old_text: str, new_text: str) -> "list[tuple[str, str, str]]":
    """(setting, old, new) of all that changes; an old text "" is a board with nothing fitted."""
    old = parse(old_text) if old_text else Equipment("")
    new = parse(new_text)
    rows = []
    if old.name != new.name:
        rows.append(("name", old.name, new.name))
    for row in SETTINGS:
        before, after = getattr(old, row[0]), getattr(new, row[0])
        if before != after:
            rows.append((row[1], _shown(before, row[2]), _shown(after, row[2])))
    return rows


def rows(equipment: Equipment) -> "list[tuple[str, str]]":
    """(setting, value) of every setting, as a person reads it."""
    return [(row[1], _shown(getattr(equipment, row[0]), row[2])) for row in SETTINGS]


def title_of(key: str) -> str:
    """What a setting is called."""
    for row in SETTINGS:
        if row[0] == key:
            return row[1]
    return key


def _check_supply(equipment: Equipment) -> None:
    low_mv, depleted_mv = equipment.supply_low_mv, equipment.supply_depleted_mv
    if (low_mv is None) != (depleted_mv is None):
        raise SettingError(
            "supply_low_mv" if low_mv is None else "supply_depleted_mv",
            "the supply is measured against two voltages, low and depleted: give both or none",
        )
    if low_mv is not None and depleted_mv is not None and depleted_mv >= low_mv:
        raise SettingError(
            "supply_depleted_mv",
            f"depleted supply is {depleted_mv} mV: it must be below low supply, {low_mv} mV",
        )


def _check_force(equipment: Equipment) -> None:
    is_fitted = equipment.force != NONE
    for key in _OF_FORCE:
        if (getattr(equipment, key) is not None) != is_fitted:
            raise SettingError(
                key,
                title_of(key)
                + (
                    " is missing: a force sensor is used with all of its settings"
                    if is_fitted
                    else " is given, but no force sensor is fitted: leave it out"
                ),
            )
    if not is_fitted:
        return
    zero, load = equipment.force_zero_counts or 0, equipment.force_load_counts or 0
    most = COUNTS_MAX[equipment.force]
    for key, counts in (("force_zero_counts", zero), ("force_load_counts", load)):
        if counts > most:
            raise SettingError(
                key,
                f"{title_of(key)} is {counts} counts: {equipment.force} reads 0 to {most}",
            )
    if abs(load - zero) < LOAD_COUNTS_MIN:
        raise SettingError(
            "force_load_counts",
            f"{zero} counts without load and {load} under load are too near each other: at least "
            + f"{LOAD_COUNTS_MIN} must lie between them; take a larger load",
        )


def _one_of(reader: CanonicalReader, key: str, words: "tuple[str, ...]") -> str:
    value = reader.value(key)
    if value not in words:
        raise reader.error(f"one of {', '.join(words)} is expected, found {quote(value)}")
    reader.advance()
    return value


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value is None else str(value)


def _shown(value: object, unit: str) -> str:
    if value is None:
        return NONE
    if unit == _YES_NO:
        return "fitted" if value else NONE
    return str(value) if unit in (_SENSOR, _CADENCE) else f"{value} {unit}"


def _is_printable(text: str) -> bool:
    for c in text:
        if not " " <= c <= "~":
            return False
    return True
