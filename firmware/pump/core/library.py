"""The drug library as data, its one canonical text, and finding a drug in it.

The host makes the text from TOML, the pump parses it and checks it again. It is read line by
line and never held as a whole where one drug is enough. Amounts are in ng for drugs dosed by
dose and in nL for those dosed by volume; a day's amount is per 24 h.
"""

from collections import namedtuple

from pump.core import ratio
from pump.core.canonical import CanonicalReader
from pump.core.errors import BadText, OutOfRange
from pump.core.programme import PATIENT_GROUPS
from pump.core.quantity import (
    format_concentration,
    format_dose,
    format_duration,
    format_number,
    format_volume,
    quote,
)

FORMAT = "titrate-library 1"

# What fits the slots that hold it: see sectors.LAYOUT.
TEXT_MAX = 3 * 4096
LINE_MAX = 180
NAME_MAX = 32
SOURCE_MAX = 32
DRUGS_MAX = 16
LIMITS_MAX = 64
STRENGTHS_MAX = 8
TERM_MAX = 2**63 - 1

# What a value is.
PER_DAY = "amount/day"
PER_HOUR = "amount/h"
AMOUNT = "amount"
TIME = "s"
PERCENT = "%"
COUNT = "count"

AT_MOST = "max"
AT_LEAST = "min"
HARD = "hard"
SOFT = "soft"

# what is limited: (title, what its value is, the bounds that make sense).
WHATS = {
    "daily_dose": ("daily dose", PER_DAY, (AT_MOST, AT_LEAST)),
    "first_daily_dose": ("first daily dose", PER_DAY, (AT_MOST,)),
    "basal_rate": ("basal rate", PER_HOUR, (AT_MOST,)),
    "bolus_dose": ("bolus", AMOUNT, (AT_MOST,)),
    "bolus_duration": ("duration of a bolus", TIME, (AT_MOST, AT_LEAST)),
    "increase": ("increase in 24 h", PERCENT, (AT_MOST,)),
    "increase_step": ("increase in 24 h", PER_DAY, (AT_MOST,)),
    "increase_at_refill": ("increase at a refill", PERCENT, (AT_MOST,)),
    "increase_interval": ("time between two increases", TIME, (AT_LEAST,)),
    "decrease": ("decrease in 24 h", PERCENT, (AT_MOST,)),
    "stability": ("time in the reservoir", TIME, (AT_MOST,)),
    "demand_per_day": ("demand boluses a day", COUNT, (AT_MOST,)),
    "demand_dose": ("demand bolus", AMOUNT, (AT_MOST,)),
    "demand_lockout": ("lockout of demand boluses", TIME, (AT_LEAST,)),
}

# What a figure rests on, and how a person is told.
BASES = {
    "label": "label",
    "monograph": "monograph",
    "observed": "observed range, not a label maximum",
    "study": "study",
    "site": "chosen by the site",
}

Limit = namedtuple(
    "Limit", ("what", "kind", "bound", "value", "basis", "groups", "strength", "source")
)

# The same by number:
WHAT = 0  # one of WHATS
KIND = 1  # HARD or SOFT
BOUND = 2  # AT_MOST or AT_LEAST
VALUE = 3  # ratio
BASIS = 4  # one of BASES
GROUPS = 5  # bit mask over PATIENT_GROUPS; 0: all patients
STRENGTH = 6  # ratio, mcg/mL, or None: at any
SOURCE = 7  # short name of the source


class Drug:
    """What the library says of one drug or liquid.

    Attributes:
        name: as a programme names it.
        also: other names for it.
        by_volume: whether it is dosed by volume, without a concentration.
        strengths: ratios, mcg/mL, ascending.
        dilution: (lowest, highest, source), the range in mcg/mL that it may be diluted to, or
            None.
        limits: tuple of Limit.
    """

    def __init__(
        self,
        name: str,
        also: tuple[str, ...],
        by_volume: bool,
        strengths: tuple[tuple[int, int], ...],
        dilution: tuple[tuple[int, int], tuple[int, int], str] | None,
        limits: tuple[Limit, ...],
    ):
        self.name = name
        self.also = also
        self.by_volume = by_volume
        self.strengths = strengths
        self.dilution = dilution
        self.limits = limits

    def answers_to(self, name: str) -> bool:
        """Whether a programme's drug of that name is this one; "" is any plain volume."""
        return name == self.name or name in self.also or (not name and self.by_volume)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drug) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.name)


class Library:
    """A drug library.

    Attributes:
        name, version: as its author gave them.
        drugs: tuple of Drug.
    """

    def __init__(self, name: str, version: str, drugs: tuple[Drug, ...]):
        self.name = name
        self.version = version
        self.drugs = drugs

    @property
    def title(self) -> str:
        """Name and version."""
        return self.name + " " + self.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Library) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.name + self.version)


def canonical_text(library: Library) -> str:
    """The one text of a library that passes check(); parse() reads it back."""
    lines = [FORMAT, "name " + library.name, "version " + library.version]
    for drug in library.drugs:
        lines.append("drug " + drug.name)
        lines.extend(["also " + name for name in drug.also])
        lines.append("dosed " + ("volume" if drug.by_volume else "dose"))
        lines.extend(["strength " + ratio.text(strength) for strength in drug.strengths])
        if drug.dilution is not None:
            low, high, source = drug.dilution
            lines.append("dilution " + ratio.text(low) + " " + ratio.text(high) + " " + source)
        lines.extend(["limit " + _limit_text(limit) for limit in drug.limits])
    lines.append("end")
    return "\n".join(lines) + "\n"


def parse(text: str) -> Library:
    """Read a canonical text; only the very text that canonical_text() makes is taken.

    The form is checked here, the values are not: see check().

    Raises:
        BadText: anything else, with the number of the line and what was expected there.
    """
    reader = _LibraryReader(text, "library")
    name, version = reader.heading()
    return Library(name, version, tuple(reader.drugs()))


def find(text: str, name: str) -> "tuple[str, Drug | None, list[str]]":
    """(title of the library, the drug of that name or None, names of all drugs).

    A programme without a drug is for plain volumes: the first drug dosed by volume answers.

    Raises:
        BadText: see parse().
    """
    reader = _LibraryReader(text, "library")
    title = " ".join(reader.heading())
    found = None
    names = []
    for drug in reader.drugs():
        names.append(drug.name)
        if found is None and drug.answers_to(name):
            found = drug
    return title, found, names


def check(library: Library) -> None:
    """Refuse a library that contradicts itself or does not fit a pump.

    Raises:
        BadText, OutOfRange: with the drug and the limit in the sentence.
    """
    _check_word("name of the library", library.name, NAME_MAX - 9)
    _check_word("version", library.version, 8)
    if not 1 <= len(library.drugs) <= DRUGS_MAX:
        raise OutOfRange(
            f"the library has {len(library.drugs)} drugs: the limit is 1 to {DRUGS_MAX}"
        )
    names: list[str] = []
    for drug in library.drugs:
        for name in (drug.name,) + drug.also:
            _check_word("name of a drug", name, NAME_MAX)
            if name in names:
                raise OutOfRange(f"{quote(name)} stands twice: each name means one drug")
            names.append(name)
        check_drug(drug)
    text = canonical_text(library)
    for line in text.split("\n"):
        # A space takes three characters on the link.
        if len(line) + 2 * line.count(" ") > LINE_MAX:
            raise OutOfRange(
                f"{quote(line)} is too long for a line of the link: the limit is {LINE_MAX} "
                + "characters; shorten its source or its figure"
            )
    length = len(text)
    if length > TEXT_MAX:
        raise OutOfRange(
            f"the library takes {length} bytes: the limit is {TEXT_MAX}, what a pump stores; "
            + "leave out drugs or shorten sources"
        )


def check_drug(drug: Drug) -> None:
    """The strengths and limits of one drug against each other; raises as check() does."""
    title = drug.name + ": "
    if drug.by_volume and (drug.strengths or drug.dilution is not None):
        raise OutOfRange(title + "it is dosed by volume, so it has no strengths")
    if not drug.by_volume and not drug.strengths and drug.dilution is None:
        raise OutOfRange(title + "it has no strength: give one or a range of dilution")
    if len(drug.strengths) > STRENGTHS_MAX or len(drug.limits) > LIMITS_MAX:
        raise OutOfRange(
            title + f"the limit is {STRENGTHS_MAX} strengths and {LIMITS_MAX} limits a drug"
        )
    before = ratio.ZERO
    for strength in drug.strengths:
        if ratio.compare(strength, before) <= 0:
            raise OutOfRange(title + "its strengths are above 0, ascending, each once")
        before = strength
    if drug.dilution is not None:
        low, high, source = drug.dilution
        _check_word("source of the dilution", source, SOURCE_MAX)
        if low[0] <= 0 or ratio.compare(low, high) >= 0:
            raise OutOfRange(title + "a dilution is from a lower to a higher concentration above 0")
    for index, limit in enumerate(drug.limits):
        _check_limit(drug, limit)
        for other in drug.limits[:index]:
            _check_pair(title, other, limit)


def show(drug: Drug, what: str, value: tuple[int, int]) -> str:
    """A value of a limit, a ratio, as a person reads it: "2003 mcg/day", "1 min", "30 %"."""
    kind = WHATS[what][1]
    if kind == TIME:
        return format_duration(ratio.ceil(value))
    if kind == PERCENT:
        return format_number(value) + " %"
    if kind == COUNT:
        return format_number(value)
    shown = format_volume(value) if drug.by_volume else format_dose(value)
    return shown + ("/day" if kind == PER_DAY else "/h" if kind == PER_HOUR else "")


def limit_title(drug: Drug, limit: Limit) -> str:
    """What a limit is for, and whom: "daily dose, at most, for spinal-adult at 500 mcg/mL"."""
    title = WHATS[limit[WHAT]][0] + (", at most" if limit[BOUND] == AT_MOST else ", at least")
    if limit[GROUPS]:
        title += ", for " + groups_text(limit[GROUPS]).replace(",", ", ")
    if limit[STRENGTH] is not None:
        title += " at " + format_concentration(limit[STRENGTH])
    return title


def limit_value(drug: Drug, limit: Limit) -> str:
    """A limit's figure: "2003 mcg/day (hard; B20, observed range, not a label maximum)"."""
    return show(drug, limit[WHAT], limit[VALUE]) + " (" + limit[KIND] + "; " + basis(limit) + ")"


def basis(limit: Limit) -> str:
    """Where a limit comes from: "B20, observed range, not a label maximum"."""
    return limit[SOURCE] + ", " + BASES[limit[BASIS]]


def groups_text(mask: int) -> str:
    """A bit mask of patient groups as "spinal-adult,under-12", or "-" for all."""
    if not mask:
        return "-"
    return ",".join([name for bit, name in enumerate(PATIENT_GROUPS) if mask >> bit & 1])


def differences(old: "Library | None", new: Library) -> list[tuple[str, str, str]]:
    """What a new library changes, for a person: (setting, old, new) each."""
    rows = [("library", "" if old is None else old.title, new.title)]
    if old is not None and old.title == new.title:
        rows = []
    old_drugs = {} if old is None else {drug.name: drug for drug in old.drugs}
    for drug in new.drugs:
        rows.extend(_drug_rows(old_drugs.pop(drug.name, None), drug))
    for name in sorted(old_drugs):
        rows.append((name, "in the library", ""))
    if old is not None and not rows and old != new:
        rows.append(("order of the entries", "", "another"))
    return rows


def _drug_rows(old: "Drug | None", new: Drug) -> list[tuple[str, str, str]]:
    rows = []
    if old is None:
        rows.append((new.name, "", f"in the library, {len(new.limits)} limits"))
        return rows
    for title, was, now in (
        ("other names", ", ".join(old.also), ", ".join(new.also)),
        ("dosed by", _dosed(old), _dosed(new)),
        ("strengths", _strengths(old), _strengths(new)),
    ):
        if was != now:
            rows.append((new.name + ": " + title, was, now))
    # Several limits may have one title, such as two soft ones: their figures stand together.
    titles: list[str] = []
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for drug, found in ((old, before), (new, after)):
        for limit in drug.limits:
            title = limit_title(drug, limit)
            if title not in titles:
                titles.append(title)
            value = limit_value(drug, limit)
            found[title] = found[title] + ", " + value if title in found else value
    for title in titles:
        was = before.get(title, "")
        now = after.get(title, "")
        if was != now:
            rows.append((new.name + ": " + title, was, now))
    return rows


def _dosed(drug: Drug) -> str:
    return "volume" if drug.by_volume else "dose"


def _strengths(drug: Drug) -> str:
    parts = [format_concentration(strength) for strength in drug.strengths]
    if drug.dilution is not None:
        low, high, source = drug.dilution
        parts.append(
            f"diluted to {format_concentration(low)} to {format_concentration(high)} ({source})"
        )
    return ", ".join(parts)


def _limit_text(limit: Limit) -> str:
    strength = "-" if limit[STRENGTH] is None else ratio.text(limit[STRENGTH])
    return " ".join(
        (
            limit[WHAT],
            limit[KIND],
            limit[BOUND],
            ratio.text(limit[VALUE]),
            limit[BASIS],
            groups_text(limit[GROUPS]),
            strength,
            limit[SOURCE],
        )
    )


def _check_word(title: str, value: str, longest: int) -> None:
    if not 1 <= len(value) <= longest:
        raise OutOfRange(f"the {title} is {quote(value)}: the limit is 1 to {longest} characters")
    if value != value.strip() or not all(" " <= c <= "~" for c in value):
        raise BadText(
            f"the {title} is {quote(value)}: write printable ASCII without a space at either end"
        )


def _check_limit(drug: Drug, limit: Limit) -> None:
    title = drug.name + ": " + WHATS[limit[WHAT]][0]
    value = limit[VALUE]
    _check_word("source of " + WHATS[limit[WHAT]][0], limit[SOURCE], SOURCE_MAX)
    if limit[BOUND] not in WHATS[limit[WHAT]][2]:
        wanted = "most" if limit[BOUND] == AT_LEAST else "least"
        raise OutOfRange(title + f" has a limit at {wanted} only")
    if value[0] < 0 or value[0] > TERM_MAX or value[1] > TERM_MAX:
        raise OutOfRange(title + " is out of what can be reckoned with: use a rounder figure")
    if WHATS[limit[WHAT]][1] in (TIME, COUNT) and value[1] != 1:
        raise OutOfRange(title + " is a whole number")
    strength = limit[STRENGTH]
    if strength is not None and strength not in drug.strengths:
        raise OutOfRange(
            title + f" is for {format_concentration(strength)}, which is none of its strengths"
        )


def _check_pair(title: str, one: Limit, two: Limit) -> None:
    """Two limits of one thing for one patient: not twice the same, and soft within hard."""
    if one[WHAT] != two[WHAT] or one[BOUND] != two[BOUND]:
        return
    if one[GROUPS] and two[GROUPS] and not one[GROUPS] & two[GROUPS]:
        return
    if one[STRENGTH] != two[STRENGTH]:
        return
    what = WHATS[one[WHAT]][0]
    if one[KIND] == two[KIND]:
        if one[VALUE] == two[VALUE] or one[KIND] == HARD:
            raise OutOfRange(title + f"{what} has two {one[KIND]} limits for one patient: keep one")
        return
    soft, hard = (one, two) if one[KIND] == SOFT else (two, one)
    order = ratio.compare(soft[VALUE], hard[VALUE])
    if order >= 0 if one[BOUND] == AT_MOST else order <= 0:
        raise OutOfRange(
            title + f"the soft limit of {what} lies outside of the hard one: it would never warn"
        )


class _LibraryReader(CanonicalReader):
    """Goes through a library's text line by line."""

    def heading(self) -> tuple[str, str]:
        self.header(FORMAT)
        return self.words("name"), self.words("version")

    def drugs(self):
        while self.is_at("drug"):
            yield self._drug()
        # Without it, a text cut after a line would still be a library.
        self.words("end")
        self.end()

    def _drug(self) -> Drug:
        name = self.words("drug")
        also = []
        while self.is_at("also"):
            also.append(self.words("also"))
        dosed = self._one_of(self.value("dosed"), ("dose", "volume"))
        self.advance()
        strengths = []
        while self.is_at("strength"):
            strengths.append(self.ratio("strength"))
        dilution = None
        if self.is_at("dilution"):
            low, high, source = self._first_parts("dilution", 3)
            dilution = (self.ratio_of(low), self.ratio_of(high), source)
            self.advance()
        limits = []
        while self.is_at("limit"):
            limits.append(self._limit())
        return Drug(name, tuple(also), dosed == "volume", tuple(strengths), dilution, tuple(limits))

    def _limit(self):
        what, kind, bound, value, on, groups, strength, source = self._first_parts("limit", 8)
        limit = Limit(
            self._one_of(what, WHATS),
            self._one_of(kind, (HARD, SOFT)),
            self._one_of(bound, (AT_MOST, AT_LEAST)),
            self.ratio_of(value),
            self._one_of(on, BASES),
            self._groups(groups),
            None if strength == "-" else self.ratio_of(strength),
            source,
        )
        self.advance()
        return limit

    def _first_parts(self, key: str, count: int) -> list[str]:
        """So many words of a line, the last one being all the rest of it."""
        value = self.value(key)
        parts = value.split(" ", count - 1)
        if len(parts) != count or "" in parts:
            raise self.error(f"{count} values are expected, found {quote(value)}")
        return parts

    def _one_of(self, word: str, known) -> str:
        for name in known:
            if word == name:
                # The table's own, so that the text's copy can be given up.
                return name
        raise self.error(f"{quote(word)} is not known: there are " + ", ".join(known))

    def _groups(self, words: str) -> int:
        mask = 0
        if words != "-":
            for word in words.split(","):
                mask |= 1 << PATIENT_GROUPS.index(self._one_of(word, PATIENT_GROUPS))
        if groups_text(mask) != words:
            raise self.error(f"groups are written as {groups_text(mask)}, found {quote(words)}")
        return mask
