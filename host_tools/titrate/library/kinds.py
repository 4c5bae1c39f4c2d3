"""What may stand in a library as text, besides the kinds that profiles have."""

import datetime
import re
from fractions import Fraction

from pump.core import library, quantity, ratio, units
from pump.core.errors import BadText
from pump.core.quantity import quote
from titrate.profile.kinds import Kind, as_text

Ratio = tuple[int, int]

_DOSED = {"by dose": False, "by volume": True}

# How each value is written: kind of quantity when dosed by dose, by volume, and an example of each.
_WRITTEN = {
    library.PER_DAY: ("dose rate", "volume rate", "300 mcg/day", "0.6 mL/day"),
    library.PER_HOUR: ("dose rate", "volume rate", "12.5 mcg/h", "25 uL/h"),
    library.AMOUNT: ("dose", "volume", "50 mcg", "100 uL"),
}


def what_text(what: str) -> str:
    """A limited thing as it is written in TOML: "daily dose"."""
    return what.replace("_", " ")


_WHATS = {what_text(what): what for what in library.WHATS}


def words(title: str, known: dict[str, object]) -> Kind:
    """One of some words."""

    def read(text: str) -> object:
        if text not in known:
            raise BadText(f"{quote(text)} is not {title}: write one of " + ", ".join(known))
        return known[text]

    return Kind(title, next(iter(known)), f"^({'|'.join(known)})$", as_text(read))


def short_name(title: str, example: str, longest: int) -> Kind:
    """Printable ASCII without a space at either end."""
    pattern = rf"^[!-~]([ -~]{{0,{longest - 2}}}[!-~])?$"

    def read(text: str) -> object:
        if not re.fullmatch(pattern, text):
            raise BadText(
                f"{quote(text)} is not {title}: write 1 to {longest} printable ASCII characters "
                "without a space at either end"
            )
        return text

    return Kind(title, example, pattern, as_text(read))


def _read_version(text: str) -> object:
    if not re.fullmatch(_VERSION, text):
        raise BadText(f'{quote(text)} is not a version: write for example "1.0"')
    return text


def _read_date(text: str) -> object:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise BadText(f'{quote(text)} is not a date: write for example "2026-11-22"') from None


def _read_sentence(text: str) -> object:
    if not text.strip():
        raise BadText("nothing is written there: say it in words")
    return text.strip()


def figure(text: str, what: str, by_volume: bool) -> Ratio:
    """The value of a limit, in the library's own units.

    Args:
        text: such as "2003 mcg/day", "30 %", "1 min" or "4".
        what: one of pump.core.library.WHATS.
        by_volume: whether the drug is dosed by volume.

    Raises:
        BadText: not such a value.
    """
    kind = library.WHATS[what][1]
    if kind == library.TIME:
        return quantity.parse_duration_s(text), 1
    if kind == library.PERCENT:
        found = re.fullmatch(r"\s*([0-9]{1,4}(?:\.[0-9]{1,4})?)\s*%\s*", text)
        if not found:
            raise BadText(f'{quote(text)} is not a percentage: write for example "30 %"')
        percent = Fraction(found[1])
        return percent.numerator, percent.denominator
    if kind == library.COUNT:
        if not re.fullmatch(r"[0-9]{1,4}", text):
            raise BadText(f'{quote(text)} is not a number of times: write for example "4"')
        return int(text), 1
    by_dose, as_volume, dose_example, volume_example = _WRITTEN[kind]
    try:
        value = units.parse(text, (as_volume if by_volume else by_dose,))[1]
    except BadText as error:
        example = volume_example if by_volume else dose_example
        raise BadText(f'{error.sentence}; {what_text(what)} is written as "{example}"') from None
    return ratio.scale(value, 24) if kind == library.PER_DAY else value


_VERSION = r"^[0-9]{1,3}(\.[0-9]{1,3}){0,1}$"

VERSION = Kind("a version", "1.0", _VERSION, as_text(_read_version))
DATE = Kind("a date", "2026-11-22", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", as_text(_read_date))
SENTENCE = Kind("a sentence", "In words.", r"\S", as_text(_read_sentence))
LIBRARY_NAME = short_name("the name of a library", "Ward 3", library.NAME_MAX - 9)
DRUG_NAME = short_name("the name of a drug", "baclofen", library.NAME_MAX)
SOURCE = short_name("the name of a source", "B20", library.SOURCE_MAX)
DOSED = words("a way of dosing", dict(_DOSED))
KIND = words("a kind of limit", {kind: kind for kind in (library.HARD, library.SOFT)})
BASIS = words("a basis", {basis: basis for basis in library.BASES})
WHAT = words("what a library limits", dict(_WHATS))
FIGURE = Kind("a value with its unit", "2003 mcg/day", r"[0-9]", as_text(str))
