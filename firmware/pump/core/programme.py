"""The dosing programme as data, its one canonical text and its digest.

The host makes the text, the pump parses it, checks every value again and answers with
the digest of what it understood. One programme has one text: keys in a fixed order,
numbers and ratios in their shortest form, every line ended by LF.

check() and warnings() (limits.py), differences() (review.py) and daily_volume_nl() (day.py)
can be had from here too. The first three import what they need when they are called: it is
large, and a pump needs it seldom (../rp2040/on_demand.py).
"""

import hashlib
from binascii import hexlify

from pump.core import geometry, ratio
from pump.core.canonical import CanonicalReader
from pump.core.day import daily_volume_nl as daily_volume_nl
from pump.core.modes import MODES, RATIO, WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi

FORMAT = "titrate-programme 1"

# Who a programme is for, where a drug's limits depend on it; "" is nobody in particular.
PATIENT_GROUPS = ("spinal-adult", "spinal-child", "cerebral-adult", "cerebral-child", "under-12")


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
        patient_group: one of PATIENT_GROUPS, by which the drug library's limits are
            chosen, or "".
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
        course: tuple of (from_s, factor), ascending: from a pump time on, the basal rate is so
            much of what the days say; factor a ratio, 1 before the first. A taper or a ramp.
        bridge, intermittent, demand, dose_window, vtbi: see modes.py, or None.
        resume_within_s: an interruption of at most so long is gone on from without asking;
            None: one of any length.
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
        patient_group: str = "",
        course: tuple[tuple[int, tuple[int, int]], ...] = (),
        bridge: "Bridge | None" = None,
        intermittent: "Intermittent | None" = None,
        demand: "Demand | None" = None,
        dose_window: "DoseWindow | None" = None,
        vtbi: "Vtbi | None" = None,
        resume_within_s: int | None = None,
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
        self.patient_group = patient_group
        self.course = course
        self.bridge = bridge
        self.intermittent = intermittent
        self.demand = demand
        self.dose_window = dose_window
        self.vtbi = vtbi
        self.resume_within_s = resume_within_s

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
    """The programme with one flat basal rate on all days and no course; all else stays.

    Args:
        programme: where all other settings come from.
        rate_nl_per_h: ratio, nanolitres per hour.
    """
    return replace(programme, days=(((0, rate_nl_per_h),),), week=(0,) * 7, course=())


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
    if programme.patient_group:
        yield f"patient_group {programme.patient_group}"
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
    for from_s, factor in programme.course:
        yield f"course {from_s} {ratio.text(factor)}"
    for key, _, _, kinds in MODES:
        mode = getattr(programme, key)
        if mode is not None:
            texts = [
                ratio.text(value) if kind == RATIO else str(value)
                for kind, value in zip(kinds, mode)
            ]
            yield key + " " + " ".join(texts)
    if programme.resume_within_s is not None:
        yield f"resume_within_s {programme.resume_within_s}"


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
    reader = _Reader(text, "programme")
    reader.header(FORMAT)
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
        patient_group=reader.words_if_there("patient_group"),
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
        course=reader.course(),
        bridge=reader.mode("bridge"),
        intermittent=reader.mode("intermittent"),
        demand=reader.mode("demand"),
        dose_window=reader.mode("dose_window"),
        vtbi=reader.mode("vtbi"),
        resume_within_s=reader.whole_if_there("resume_within_s"),
    )
    reader.end()
    return programme


def check(programme: Programme) -> None:
    """Refuse a programme that the pump cannot do, or must not be asked to do.

    Raises:
        SettingError: a value or a combination outside its limit.
        BadText: a value that is not even of its kind.
    """
    from pump.core import limits

    limits.check(programme)


def warnings(programme: Programme) -> tuple[tuple[str, str], ...]:
    """What a person should know before confirming: (code, sentence) each."""
    from pump.core import limits

    return limits.warnings(programme)


def differences(old_text: str, new_text: str) -> "Iterator[tuple[str, str, str]]":
    """Every setting that differs between two canonical texts, for a person to review.

    Args:
        old_text: canonical text of the programme in use, or "" when there is none.
        new_text: canonical text of the proposed programme.

    Yields:
        (setting, old value, new value) each, see review.differences().

    Raises:
        BadText: a text is not canonical.
    """
    from pump.core import review

    old = parse_canonical(old_text) if old_text else None
    return review.differences(old, parse_canonical(new_text))


_MODES: "dict[str, tuple[Callable[..., object], str]]" = {
    key: (mode, kinds) for key, mode, _, kinds in MODES
}


class _Reader(CanonicalReader):
    """Reads the lines of a programme that are more than a key and its value."""

    def days(self) -> tuple[tuple[tuple[int, tuple[int, int]], ...], ...]:
        days: list[tuple[tuple[int, tuple[int, int]], ...]] = []
        steps: list[tuple[int, tuple[int, int]]] = []
        while self.is_at("step") or not steps:
            number, start_s, rate = self.parts("step", 3)
            index = self.whole_of(number)
            if steps and index == len(days) + 1:
                days.append(tuple(steps))
                steps = []
            if index != len(days):
                raise self.error(f"day {len(days)} or the next is expected, found day {index}")
            steps.append((self.whole_of(start_s), self.ratio_of(rate)))
            self.advance()
        days.append(tuple(steps))
        return tuple(days)

    def week(self) -> tuple[int, ...]:
        numbers = tuple([self.whole_of(part) for part in self.parts("week", 7)])
        self.advance()
        return numbers

    def boluses(self) -> tuple[tuple[int, int, tuple[int, int], int], ...]:
        found = []
        while self.is_at("bolus"):
            at_s, weekdays, volume, duration_s = self.parts("bolus", 4)
            found.append(
                (
                    self.whole_of(at_s),
                    self.whole_of(weekdays),
                    self.ratio_of(volume),
                    self.whole_of(duration_s),
                )
            )
            self.advance()
        return tuple(found)

    def course(self) -> tuple[tuple[int, tuple[int, int]], ...]:
        found = []
        while self.is_at("course"):
            from_s, factor = self.parts("course", 2)
            found.append((self.whole_of(from_s), self.ratio_of(factor)))
            self.advance()
        return tuple(found)

    def mode(self, key: str):
        """The mode of a key, or None where its line is left out."""
        if not self.is_at(key):
            return None
        mode, kinds = _MODES[key]
        values: list[object] = []
        for kind, word in zip(kinds, self.parts(key, len(kinds))):
            if kind == RATIO:
                values.append(self.ratio_of(word))
            else:
                values.append(self.whole_of(word) if kind == WHOLE else word)
        self.advance()
        return mode(*values)
