"""The dosing programme as data, its one canonical text and its digest.

The host makes the text, the pump parses it, checks every value again and answers with
the digest of what it understood. One programme has one text: keys in a fixed order,
numbers and ratios in their shortest form, every line ended by LF.

LIMITS (ranges.py), check() and warnings() (limits.py) and daily_volume_nl() (day.py) can be
had from here too.
"""

import hashlib
from binascii import hexlify

from pump.core import geometry, ratio, review
from pump.core.day import daily_volume_nl as daily_volume_nl
from pump.core.errors import BadText
from pump.core.limits import check as check
from pump.core.limits import warnings as warnings
from pump.core.quantity import quote
from pump.core.ranges import LIMITS as LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "titrate-programme 1"

# A line of the text travels inside one line of the link, with room for its frame.
LINE_LENGTH_MAX = 200


class Programme:
    """A prescription with the pump that it is for; made once and then never changed.

    Nothing is checked here: see check(). Ratios are reduced tuples, see ratio.py.

    Attributes:
        name: 1 to 32 printable ASCII characters.
        bore_um, capacity_nl, travel_um: the syringe, whole numbers.
        lead_um, full_steps_per_rev, microsteps: the drivetrain, whole numbers.
        gear: ratio, turns of the motor per turn of the screw.
        calibration: ratio, measured over nominal volume of a microstep.
        drug: name of the drug, or "".
        concentration_mcg_per_ml: ratio, or None when amounts are plain volumes.
        days: tuple of day schedules; each is a tuple of (start_s, rate_nl_per_h), the first
            at 0, ascending.
        week: tuple of 7 indices into days, Monday first.
        boluses: tuple of (at_s, weekdays, volume_nl, duration_s), ascending; weekdays is a bit
            mask, bit 0 Monday; volume_nl a ratio.
        minimum_rate_nl_per_h: ratio, what the minimum rate runs at; 0 when there is none.
        start_s, end_s: pump time, or None: before and after, nothing is delivered.
        reservoir_low_nl, reservoir_low_s: what is left when the reservoir counts as low, in
            volume and in time.
        reservoir_reserve_nl: what is left when it counts as empty.
        max_rate_nl_per_h, max_bolus_nl: ratios, the most that a request may ask for; a
            max_bolus_nl of 0 allows none.
        commit_ahead_nl: the most that may be committed to the hardware ahead of time.
    """

    def __init__(
        self,
        name: str,
        bore_um: int,
        capacity_nl: int,
        travel_um: int,
        lead_um: int,
        full_steps_per_rev: int,
        microsteps: int,
        gear: tuple[int, int],
        calibration: tuple[int, int],
        drug: str,
        concentration_mcg_per_ml: tuple[int, int] | None,
        days: tuple[tuple[tuple[int, tuple[int, int]], ...], ...],
        week: tuple[int, ...],
        boluses: tuple[tuple[int, int, tuple[int, int], int], ...],
        minimum_rate_nl_per_h: tuple[int, int],
        start_s: int | None,
        end_s: int | None,
        reservoir_low_nl: int,
        reservoir_low_s: int,
        reservoir_reserve_nl: int,
        max_rate_nl_per_h: tuple[int, int],
        max_bolus_nl: tuple[int, int],
        commit_ahead_nl: int,
    ):
        self.name = name
        self.bore_um = bore_um
        self.capacity_nl = capacity_nl
        self.travel_um = travel_um
        self.lead_um = lead_um
        self.full_steps_per_rev = full_steps_per_rev
        self.microsteps = microsteps
        self.gear = gear
        self.calibration = calibration
        self.drug = drug
        self.concentration_mcg_per_ml = concentration_mcg_per_ml
        self.days = days
        self.week = week
        self.boluses = boluses
        self.minimum_rate_nl_per_h = minimum_rate_nl_per_h
        self.start_s = start_s
        self.end_s = end_s
        self.reservoir_low_nl = reservoir_low_nl
        self.reservoir_low_s = reservoir_low_s
        self.reservoir_reserve_nl = reservoir_reserve_nl
        self.max_rate_nl_per_h = max_rate_nl_per_h
        self.max_bolus_nl = max_bolus_nl
        self.commit_ahead_nl = commit_ahead_nl

    def microstep_nl(self) -> tuple[int, int]:
        """The volume of one microstep, a ratio of nanolitres."""
        return geometry.microstep_nl(
            self.bore_um,
            self.lead_um,
            self.full_steps_per_rev,
            self.microsteps,
            self.gear,
            self.calibration,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Programme) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.name, self.days, self.week))


def replace(programme: Programme, **changes: object) -> Programme:
    """The programme with some attributes changed."""
    settings = dict(programme.__dict__)
    settings.update(changes)
    return Programme(**settings)


def with_basal(programme: Programme, rate_nl_per_h: tuple[int, int]) -> Programme:
    """The programme with one flat basal rate on all days; everything else stays.

    Args:
        programme: where all other settings come from.
        rate_nl_per_h: ratio, nanolitres per hour.
    """
    return replace(programme, days=(((0, rate_nl_per_h),),), week=(0,) * 7)


def canonical_text(programme: Programme) -> str:
    """The one text of a programme that passes check(); parse_canonical() reads it back."""
    return "".join([line + "\n" for line in canonical_lines(programme)])


def canonical_lines(programme: Programme) -> "Iterator[str]":
    """The lines of the canonical text one by one, without their ends."""
    yield FORMAT
    yield f"name {programme.name}"
    yield f"bore_um {programme.bore_um}"
    yield f"capacity_nl {programme.capacity_nl}"
    yield f"travel_um {programme.travel_um}"
    yield f"lead_um {programme.lead_um}"
    yield f"full_steps_per_rev {programme.full_steps_per_rev}"
    yield f"microsteps {programme.microsteps}"
    yield f"gear {ratio.text(programme.gear)}"
    yield f"calibration {ratio.text(programme.calibration)}"
    yield f"drug {programme.drug}" if programme.drug else "drug"
    concentration = programme.concentration_mcg_per_ml
    yield "concentration_mcg_per_ml " + (
        "none" if concentration is None else ratio.text(concentration)
    )
    for number, day in enumerate(programme.days):
        for start_s, rate_nl_per_h in day:
            yield f"step {number} {start_s} {ratio.text(rate_nl_per_h)}"
    yield "week " + " ".join([str(number) for number in programme.week])
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        yield f"bolus {at_s} {weekdays} {ratio.text(volume_nl)} {duration_s}"
    yield f"minimum_rate_nl_per_h {ratio.text(programme.minimum_rate_nl_per_h)}"
    yield "start_s " + ("none" if programme.start_s is None else str(programme.start_s))
    yield "end_s " + ("none" if programme.end_s is None else str(programme.end_s))
    yield f"reservoir_low_nl {programme.reservoir_low_nl}"
    yield f"reservoir_low_s {programme.reservoir_low_s}"
    yield f"reservoir_reserve_nl {programme.reservoir_reserve_nl}"
    yield f"max_rate_nl_per_h {ratio.text(programme.max_rate_nl_per_h)}"
    yield f"max_bolus_nl {ratio.text(programme.max_bolus_nl)}"
    yield f"commit_ahead_nl {programme.commit_ahead_nl}"


def digest(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a canonical text."""
    # MicroPython's hash objects have no hexdigest().
    return hexlify(hashlib.sha256(text.encode()).digest()[:8]).decode()


def parse_canonical(text: str) -> Programme:
    """Read a canonical text; only the very text that canonical_text() makes is taken.

    The form is checked here, the values are not: see check().

    Raises:
        BadText: anything else, with the number of the line and what was expected there.
    """
    reader = _Reader(text)
    reader.header()
    programme = Programme(
        name=reader.words("name"),
        bore_um=reader.whole("bore_um"),
        capacity_nl=reader.whole("capacity_nl"),
        travel_um=reader.whole("travel_um"),
        lead_um=reader.whole("lead_um"),
        full_steps_per_rev=reader.whole("full_steps_per_rev"),
        microsteps=reader.whole("microsteps"),
        gear=reader.ratio("gear"),
        calibration=reader.ratio("calibration"),
        drug=reader.words("drug"),
        concentration_mcg_per_ml=reader.ratio_or_none("concentration_mcg_per_ml"),
        days=reader.days(),
        week=reader.week(),
        boluses=reader.boluses(),
        minimum_rate_nl_per_h=reader.ratio("minimum_rate_nl_per_h"),
        start_s=reader.whole_or_none("start_s"),
        end_s=reader.whole_or_none("end_s"),
        reservoir_low_nl=reader.whole("reservoir_low_nl"),
        reservoir_low_s=reader.whole("reservoir_low_s"),
        reservoir_reserve_nl=reader.whole("reservoir_reserve_nl"),
        max_rate_nl_per_h=reader.ratio("max_rate_nl_per_h"),
        max_bolus_nl=reader.ratio("max_bolus_nl"),
        commit_ahead_nl=reader.whole("commit_ahead_nl"),
    )
    reader.end()
    return programme


def differences(old_text: str, new_text: str) -> list[tuple[str, str, str]]:
    """Every setting that differs between two canonical texts, for a person to review.

    Args:
        old_text: canonical text of the programme in use, or "" when there is none.
        new_text: canonical text of the proposed programme.

    Returns:
        (setting, old value, new value) each, see review.differences().

    Raises:
        BadText: a text is not canonical.
    """
    old = parse_canonical(old_text) if old_text else None
    return review.differences(old, parse_canonical(new_text))


class _Reader:
    """Goes through a canonical text line by line without making a list of it.

    Each method reads the line or lines of one key and goes on to the next.
    """

    def __init__(self, text: str):
        self._text = text
        self._at = 0  # where the next line starts
        self._number = 0  # of the line held, from 1
        self._line = ""
        self._ended = False
        self._advance()

    def header(self) -> None:
        if self._line != FORMAT:
            raise self._error(f"{quote(FORMAT)} is expected, found {quote(self._line)}")
        self._advance()

    def words(self, key: str) -> str:
        value = self._value(key)
        self._advance()
        return value

    def whole(self, key: str) -> int:
        value = self._whole(self._value(key))
        self._advance()
        return value

    def ratio(self, key: str) -> tuple[int, int]:
        value = self._ratio(self._value(key))
        self._advance()
        return value

    def whole_or_none(self, key: str) -> int | None:
        if self._value(key) != "none":
            return self.whole(key)
        self._advance()
        return None

    def ratio_or_none(self, key: str) -> tuple[int, int] | None:
        if self._value(key) != "none":
            return self.ratio(key)
        self._advance()
        return None

    def days(self) -> tuple[tuple[tuple[int, tuple[int, int]], ...], ...]:
        days: list[tuple[tuple[int, tuple[int, int]], ...]] = []
        steps: list[tuple[int, tuple[int, int]]] = []
        while self._is_at("step") or not steps:
            number, start_s, rate = self._parts("step", 3)
            index = self._whole(number)
            if steps and index == len(days) + 1:
                days.append(tuple(steps))
                steps = []
            if index != len(days):
                raise self._error(f"day {len(days)} or the next is expected, found day {index}")
            steps.append((self._whole(start_s), self._ratio(rate)))
            self._advance()
        days.append(tuple(steps))
        return tuple(days)

    def week(self) -> tuple[int, ...]:
        numbers = tuple([self._whole(part) for part in self._parts("week", 7)])
        self._advance()
        return numbers

    def boluses(self) -> tuple[tuple[int, int, tuple[int, int], int], ...]:
        found = []
        while self._is_at("bolus"):
            at_s, weekdays, volume, duration_s = self._parts("bolus", 4)
            found.append(
                (
                    self._whole(at_s),
                    self._whole(weekdays),
                    self._ratio(volume),
                    self._whole(duration_s),
                )
            )
            self._advance()
        return tuple(found)

    def end(self) -> None:
        if not self._ended:
            raise self._error(f"the end is expected, found {quote(self._line)}")

    def _advance(self) -> None:
        """Hold the next line, or note that the text has ended."""
        self._number += 1
        self._line = ""
        if self._at == len(self._text):
            self._ended = True
            return
        end = self._text.find("\n", self._at)
        if end < 0:
            raise self._error("it is cut off, a line ends with LF")
        if end - self._at > LINE_LENGTH_MAX:
            raise self._error(f"it has more than {LINE_LENGTH_MAX} characters")
        self._line = self._text[self._at : end]
        self._at = end + 1
        for c in self._line:
            if not " " <= c <= "~":
                raise self._error("only printable ASCII characters are allowed")

    def _value(self, key: str) -> str:
        """What follows the key that must stand in this line."""
        found, space, value = self._line.partition(" ")
        if found != key:
            there = "the end" if self._ended else quote(found)
            raise self._error(f"{quote(key)} is expected, found {there}")
        if space and not value:
            raise self._error("it ends with a space")
        return value

    def _is_at(self, key: str) -> bool:
        return self._line.partition(" ")[0] == key

    def _parts(self, key: str, count: int) -> list[str]:
        value = self._value(key)
        parts = value.split(" ")
        if len(parts) != count:
            raise self._error(f"{count} values are expected, found {quote(value)}")
        return parts

    def _whole(self, word: str) -> int:
        value = self._ratio(word)
        if value[1] != 1:
            raise self._error(f"a whole number is expected, found {quote(word)}")
        return value[0]

    def _ratio(self, word: str) -> tuple[int, int]:
        try:
            value = ratio.parse(word)
        except ValueError:
            value = (-1, 1)
        if value[0] < 0:
            raise self._error(
                f"a number of 0 or more is expected, reduced such as 1375/3, found {quote(word)}"
            )
        return value

    def _error(self, what: str) -> BadText:
        return BadText(f"programme line {self._number}: {what}")
