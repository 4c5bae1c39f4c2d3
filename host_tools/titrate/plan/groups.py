"""Groups of patients, and the limits of the drug library that hold for them.

Limits stand in a drug library and nowhere else: in the one that comes with Titrate, or in the one
that judged_by() names. Here is the lower figure of each band, which the rules give as the usual
step and a library of limits does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict

from pump.core import library, ratio
from pump.core.errors import BadText, OutOfRange
from pump.core.programme import PATIENT_GROUPS
from pump.core.quantity import quote
from titrate.plan import rulebook

if TYPE_CHECKING:
    from titrate.library import LibraryFile

DRUG = "baclofen"

# A limit as the library has it: see the columns in pump.core.library.
Limit = library.Limit

# group: (title, usual step in 24 h and at a refill in %)
_OWN = {
    "spinal-adult": ("adult, spinal origin", 10, 10),
    "spinal-child": ("child from 12 years, spinal origin", 5, 5),
    "cerebral-adult": ("adult, cerebral origin", 5, 5),
    "cerebral-child": ("child from 12 years, cerebral origin", 5, 5),
    "under-12": ("child under 12 years", 5, 5),
}

_named: ContextVar[LibraryFile | None] = ContextVar("drug library", default=None)


class RestsOn(TypedDict):
    """The fields of a Result that say what judged it."""

    library: str
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group of patients.

    Attributes:
        name: as it is written on the command line.
        title: for a person.
        daily_percent: usual step and limit of an increase, once in 24 h.
        refill_percent: the same at a refill.
        daily_limit, refill_limit: the library's own limits.
    """

    name: str
    title: str
    daily_percent: tuple[Fraction, Fraction]
    refill_percent: tuple[Fraction, Fraction]
    daily_limit: Limit
    refill_limit: Limit


@contextmanager
def judged_by(found: LibraryFile) -> Iterator[None]:
    """Let the calculations in a `with` block judge by another drug library.

    Args:
        found: from titrate.library.load_library().
    """
    token = _named.set(found)
    try:
        yield
    finally:
        _named.reset(token)


def check_group(name: str) -> str:
    """The name of a group as it is.

    Raises:
        BadText: there is none of that name.
    """
    if name not in PATIENT_GROUPS:
        raise BadText(f"{quote(name)} is no group: write one of {', '.join(PATIENT_GROUPS)}")
    return name


def group_named(name: str) -> Group:
    """The group of a name, as the library in use has it.

    Raises:
        BadText: there is none of that name.
        OutOfRange: the library has no limit of an increase for it.
    """
    title, usual, usual_at_refill = _OWN[check_group(name)]
    daily = strictest("increase", name)
    # A library without one for refills has the daily one for those, too, as on the pump.
    refill = strictest(
        "increase_at_refill" if _has("increase_at_refill", name) else "increase", name
    )
    return Group(
        name,
        title,
        _band(usual, daily),
        _band(usual_at_refill, refill),
        daily,
        refill,
    )


def groups() -> dict[str, Group]:
    """All groups by name."""
    return {name: group_named(name) for name in PATIENT_GROUPS}


def _band(usual: int, limit: Limit) -> tuple[Fraction, Fraction]:
    """From the usual step to the limit; not above the limit where a site has a narrower one."""
    most = Fraction(*limit[library.VALUE])
    return min(Fraction(usual), most), most


@lru_cache(maxsize=1)
def _shipped() -> LibraryFile:
    # The schema's validator takes a while to load; what needs no limit does not wait for it.
    from titrate.library import load_library

    return load_library()


def in_use() -> LibraryFile:
    """The drug library that calculations judge by."""
    return _named.get() or _shipped()


def drug() -> library.Drug:
    """Baclofen in the library in use.

    Raises:
        OutOfRange: it does not have it.
    """
    for each in in_use().library.drugs:
        if each.answers_to(DRUG):
            return each
    raise OutOfRange(
        f"the drug library {in_use().library.title} has no {DRUG}: take one that has it"
    )


def limits(what: str, group: str | None = None) -> list[Limit]:
    """The library's limits of something, as one of library.WHATS calls it.

    Args:
        what: such as "daily_dose".
        group: those that hold for it; None for those of every group.
    """
    mask = -1 if group is None else 1 << PATIENT_GROUPS.index(group)
    return [
        limit
        for limit in drug().limits
        if limit[library.WHAT] == what
        and limit[library.STRENGTH] is None
        and (not limit[library.GROUPS] or limit[library.GROUPS] & mask)
    ]


def _has(what: str, group: str) -> bool:
    return bool(limits(what, group))


def strictest(what: str, group: str | None = None) -> Limit:
    """The limit of something that is reached first.

    Raises:
        OutOfRange: the library has none.
    """
    found = limits(what, group)
    if not found:
        whom = f" for {group}" if group else ""
        raise OutOfRange(
            f"the drug library {in_use().library.title} limits no {library.WHATS[what][0]} of "
            f"{DRUG}{whom}, so nothing can be judged by it: add that limit, or name another "
            "library"
        )
    if found[0][library.BOUND] == library.AT_MOST:
        return min(found, key=value_of)
    return max(found, key=value_of)


def value_of(limit: Limit) -> Fraction:
    """A limit's figure, in the library's own unit."""
    return Fraction(*limit[library.VALUE])


def interval_h(limit: Limit) -> Fraction:
    """The figure of a time between two increases, h."""
    return value_of(limit) / 3600


def strengths_mcg_ml() -> tuple[Fraction, ...]:
    """The strengths on the market, mcg/mL."""
    return tuple(Fraction(*strength) for strength in drug().strengths)


def rules_of(*found: Limit) -> tuple[str, ...]:
    """The numbers of the rules B1-B70 among the sources of limits, each once."""
    known = rulebook.rules()
    return tuple(
        dict.fromkeys(each[library.SOURCE] for each in found if each[library.SOURCE] in known)
    )


def rests_on(*found: Limit) -> RestsOn:
    """What a Result says of the library and of the limits of it that it was held against."""
    return {
        "library": _title(),
        "limits": tuple(dict.fromkeys(_told(limit) for limit in found)),
    }


def _title() -> str:
    """Name and version of the library in use, and the file of one that was named."""
    named = _named.get()
    return _shipped().library.title if named is None else f"{named.library.title} ({named.path})"


def _told(limit: Limit) -> str:
    """For a person: "decrease in 24 h, at most: 20 % (soft; B18, monograph)"."""
    value = ratio.ratio(*limit[library.VALUE])
    shown = (
        f"{library.limit_title(drug(), limit)}: {library.show(drug(), limit[library.WHAT], value)}"
    )
    text = f"{shown} ({limit[library.KIND]}; {library.basis(limit)})"
    source = limit[library.SOURCE]
    if source in rulebook.rules():
        return text
    return f"{text}. {in_use().sources[source]}"
