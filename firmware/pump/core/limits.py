"""The checks of a programme: each value in its range, and the values against each other.

check() refuses what the pump cannot do or must not be asked to do; warnings() names what
it can do but a person should know before confirming.
"""

from pump.core import day as days
from pump.core import geometry, mode_limits
from pump.core.errors import BadText
from pump.core.programme import PATIENT_GROUPS
from pump.core.quantity import (
    format_amount,
    format_duration,
    format_instant,
    format_number,
    format_rate,
    format_time_of_day,
    format_volume,
    format_volume_rate,
    format_weekdays,
    quote,
)
from pump.core.ranges import LIMITS, NAME_LENGTH_MAX, Limit, SettingError
from pump.core.ratio import ONE, ZERO, compare, divide, floor, gcd, scale
from pump.core.units import SECONDS_PER_DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.programme import Programme

_MAY_BE_NONE = ("concentration_mcg_per_ml", "start_s", "end_s", "resume_within_s")

# Smallest rate that B. Braun recommends for a syringe of up to this capacity (Perfusor
# compact plus, instructions for use, start-up characteristics): (capacity_nl, rate_nl_per_h).
# There is no figure for 1 mL syringes.
SMALLEST_RATES = (
    (1000000, None),
    (3000000, 10000),
    (5000000, 50000),
    (10000000, 100000),
    (20000000, 500000),
    (60000000, 1000000),
)

# Above this time between two microsteps delivery comes in visible portions.
MICROSTEP_INTERVAL_WARNING_S = 300

# A bore in error, such as a radius for a diameter, sweeps far more than the capacity.
SWEPT_WARNING_PERCENT = 125


def check(programme: "Programme") -> None:
    """Check every value of a programme, and the values against each other.

    Raises:
        SettingError: a value or a combination outside its limit; the sentence gives the limit.
        BadText: a value that is not even of its kind, such as a ratio that is not reduced.
    """
    check_text("name", programme.name, 1)
    check_text("drug", programme.drug, 0)
    _check_patient_group(programme)
    for limit in LIMITS:
        value = programme.__dict__.get(limit.name)
        if limit.name in programme.__dict__ and limit.name != "days":
            if value is not None or limit.name not in _MAY_BE_NONE:
                _check_number(limit, value)
    _check_pump(programme)
    _check_days(programme)
    _check_boluses(programme)
    _check_rates(programme)
    _check_reservoir(programme)
    mode_limits.check_modes(programme, _check_named)
    if (
        programme.start_s is not None
        and programme.end_s is not None
        and programme.start_s >= programme.end_s
    ):
        raise SettingError(
            f"the end, {format_instant(programme.end_s)}, is not after the start, "
            + format_instant(programme.start_s),
            "end_s",
        )


def warnings(programme: "Programme") -> tuple[tuple[str, str], ...]:
    """What a person should know before confirming a programme that passes check().

    Returns:
        (code, sentence) each; codes are fixed words.
    """
    microstep_nl = programme.microstep_nl()
    found = _pump_warnings(programme)
    lowest = days.lowest_rate_nl_per_h(programme)
    if lowest is not None:
        found.extend(_evenness_warnings(programme, microstep_nl, lowest))
    for number in range(len(programme.days)):
        found.extend(_day_warnings(programme, microstep_nl, number))
    found.extend(_reservoir_warnings(programme))
    found.extend(mode_limits.mode_warnings(programme))
    return tuple(found)


def smallest_rate_nl_per_h(capacity_nl: int) -> int | None:
    """The smallest rate advised for a syringe, nanolitres per hour, or None without a figure."""
    for capacity, rate_nl_per_h in SMALLEST_RATES:
        if capacity_nl <= capacity:
            return rate_nl_per_h
    return None


def check_text(name: str, value: object, shortest: int) -> None:
    """Check a name: printable ASCII that neither starts nor ends with a space.

    Raises:
        BadText: other characters, or a space at an end.
        SettingError: too short or too long.
    """
    if not isinstance(value, str) or not shortest <= len(value) <= NAME_LENGTH_MAX:
        raise SettingError(
            f"{name} is {quote(value)}: the limit is {shortest} to {NAME_LENGTH_MAX} characters",
            name,
        )
    if value != value.strip() or not all(" " <= c <= "~" for c in value):
        raise BadText(
            f"{name} is {quote(value)}: write printable ASCII without a space at either end"
        )


def _check_patient_group(programme: "Programme") -> None:
    group = programme.patient_group
    if group and group not in PATIENT_GROUPS:
        raise SettingError(
            f"patient group is {quote(group)}: the limit is one of " + ", ".join(PATIENT_GROUPS),
            "patient_group",
        )
    if group and not programme.drug:
        raise SettingError(
            f"patient group is {quote(group)}, but there is no drug: name the drug too",
            "patient_group",
        )


def _check_number(limit: Limit, value: object, *where: object) -> None:
    """A number of the kind and in the range that its limit says."""
    if limit.whole:
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadText(f"{limit.title} is {quote(value)}: it is a whole number")
        limit.check((value, 1), *where)
        return
    if (
        not isinstance(value, tuple)
        or len(value) != 2
        or not all(isinstance(term, int) for term in value)
        or value[1] < 1
        or gcd(value[0], value[1]) != 1
    ):
        raise BadText(f"{limit.title} is {quote(value)}: it is a reduced ratio")
    limit.check(value, *where)
    if value[0] > limit.term_max or value[1] > limit.term_max:
        raise SettingError(
            f"{limit.title} is {format_number(value)}, a fraction of too many digits: the limit is "
            + f"{limit.term_max} above and below the line, use a rounder figure",
            *(where or (limit.name,)),
        )


def _check_named(name: str, value: object, where: str) -> None:
    _check_number(LIMITS.named(name), value, where)


def _check_pump(programme: "Programme") -> None:
    """Syringe and drivetrain against each other."""
    microsteps = programme.microsteps
    if microsteps & (microsteps - 1):
        raise SettingError(
            f"microsteps per full step is {microsteps}: the limit is 1 to 256, a power of two",
            "microsteps",
        )
    if not geometry.holds_capacity(programme.bore_um, programme.travel_um, programme.capacity_nl):
        swept = geometry.swept_nl(programme.bore_um, programme.travel_um)
        raise SettingError(
            f"syringe capacity is {format_volume((programme.capacity_nl, 1))}, but bore and travel "
            + f"give {format_volume(swept)}: the limit is {geometry.CAPACITY_TOLERANCE_PERCENT} % "
            + "more than they give, check all three",
            "capacity_nl",
        )
    LIMITS.named("microstep_nl").check(programme.microstep_nl())


def _check_days(programme: "Programme") -> None:
    """The basal steps of every day, and the week that uses them."""
    count = len(programme.days)
    LIMITS.named("days").check((count, 1))
    for number, day in enumerate(programme.days):
        LIMITS.named("day_steps").check((len(day), 1), "days", number, 0)
        last_s = -1
        for start_s, rate_nl_per_h in day:
            where = ("days", number, start_s)
            _check_number(LIMITS.named("step_start_s"), start_s, *where)
            if last_s < 0 and start_s != 0:
                raise SettingError(
                    f"the first step of {_day_title(programme, number)} starts at "
                    + f"{format_time_of_day(start_s)}: a day starts with a step at 00:00",
                    *where,
                )
            if start_s <= last_s:
                raise SettingError(
                    f"in {_day_title(programme, number)} the step at {format_time_of_day(start_s)} "
                    + f"follows the one at {format_time_of_day(last_s)}: steps ascend, each once",
                    *where,
                )
            last_s = start_s
            _check_number(LIMITS.named("basal_rate"), rate_nl_per_h, *where)
    _check_week(programme.week, count)


def _check_week(week: object, count: int) -> None:
    """Seven days, each of them there, and none there that is not used."""
    if not isinstance(week, tuple) or len(week) != 7:
        raise BadText("the week is not 7 days, Monday first")
    for number in week:
        if not isinstance(number, int) or not 0 <= number < count:
            raise SettingError(
                f"the week names day {number}: there are days 0 to {count - 1}", "week"
            )
    for number in range(count):
        if number not in week:
            raise SettingError(
                f"day {number} is not used: leave out a day that no weekday has", "week"
            )


def _day_title(programme: "Programme", number: int) -> str:
    """A day schedule by its weekdays: "the basal of Mon-Fri"."""
    mask = 0
    for weekday, index in enumerate(programme.week):
        if index == number:
            mask |= 1 << weekday
    if mask == 127:
        return "the basal"
    return "the basal of " + (format_weekdays(mask) or f"day {number}")


def _check_boluses(programme: "Programme") -> None:
    """Scheduled boluses, each alone and against the others."""
    LIMITS.named("bolus_entries").check((len(programme.boluses), 1), "boluses", 0)
    microstep_nl = programme.microstep_nl()
    before = (-1, 0)
    for number, (at_s, weekdays, volume_nl, duration_s) in enumerate(programme.boluses):
        where = ("boluses", number)
        _check_number(LIMITS.named("bolus_at_s"), at_s, *where)
        _check_number(LIMITS.named("bolus_weekdays"), weekdays, *where)
        _check_number(LIMITS.named("bolus_volume"), volume_nl, *where)
        _check_number(LIMITS.named("bolus_duration_s"), duration_s, *where)
        at = "the bolus at " + format_time_of_day(at_s)
        for other_s, other_weekdays, _, _ in programme.boluses[:number]:
            if other_s == at_s and other_weekdays & weekdays:
                raise SettingError(
                    f"two boluses start at {format_time_of_day(at_s)} on "
                    + f"{format_weekdays(other_weekdays & weekdays)}: write one, or another time",
                    *where,
                )
        if (at_s, weekdays) <= before:
            raise SettingError(
                f"{at} is out of order: boluses ascend by time, then by weekdays", *where
            )
        before = (at_s, weekdays)
        if compare(volume_nl, microstep_nl) < 0:
            raise SettingError(
                f"{at} is {format_amount(volume_nl, programme.concentration_mcg_per_ml)}, less "
                + f"than one microstep: the limit is {format_volume(microstep_nl)} or more",
                *where,
            )
        if volume_nl[0] > programme.capacity_nl * volume_nl[1]:
            raise SettingError(
                f"{at} is {format_volume(volume_nl)}: the limit is the syringe's capacity, "
                + format_volume((programme.capacity_nl, 1)),
                *where,
            )


def _check_rates(programme: "Programme") -> None:
    """Every rate against the maximum rate, and the maximum against the drive."""
    microstep_nl = programme.microstep_nl()
    most = programme.max_rate_nl_per_h
    LIMITS.named("max_rate_steps_per_s").check(
        divide(most, scale(microstep_nl, 3600)), "max_rate_nl_per_h"
    )
    for number, day in enumerate(programme.days):
        for start_s, rate_nl_per_h in day:
            if compare(rate_nl_per_h, most) > 0:
                title = f"{_day_title(programme, number)} from {format_time_of_day(start_s)}"
                raise _rate_error(programme, title, rate_nl_per_h, "days", number, start_s)
    if compare(programme.minimum_rate_nl_per_h, most) > 0:
        raise _rate_error(
            programme, "minimum rate", programme.minimum_rate_nl_per_h, "minimum_rate_nl_per_h"
        )
    for number, (at_s, _, volume_nl, duration_s) in enumerate(programme.boluses):
        rate_nl_per_h = days.bolus_rate_nl_per_h(volume_nl, duration_s)
        if compare(rate_nl_per_h, most) > 0:
            title = f"the rate of the bolus at {format_time_of_day(at_s)}"
            raise _rate_error(programme, title, rate_nl_per_h, "boluses", number)
    if programme.boluses:
        total, weekday, time_s = days.highest_rate(programme)
        if compare(total, most) > 0:
            title = f"on {format_weekdays(1 << weekday)} at {format_time_of_day(time_s)}"
            raise _rate_error(
                programme, f"basal and boluses together {title}", total, "max_rate_nl_per_h"
            )
    if programme.max_bolus_nl[0] > programme.capacity_nl * programme.max_bolus_nl[1]:
        raise SettingError(
            f"maximum bolus is {format_volume(programme.max_bolus_nl)}: the limit is the "
            + f"syringe's capacity, {format_volume((programme.capacity_nl, 1))}",
            "max_bolus_nl",
        )
    _check_commit_ahead(programme, microstep_nl)


def _rate_error(
    programme: "Programme", title: str, rate_nl_per_h: tuple[int, int], *where: object
) -> SettingError:
    concentration = programme.concentration_mcg_per_ml
    hint = "" if concentration is None else "; check that a volume was meant and not a dose"
    return SettingError(
        f"{title} is {format_rate(rate_nl_per_h, concentration)}: the limit is the programme's "
        + f"maximum rate, {format_rate(programme.max_rate_nl_per_h, concentration)}{hint}",
        *where,
    )


def _check_commit_ahead(programme: "Programme", microstep_nl: tuple[int, int]) -> None:
    """A bound that neither starves the step generator nor hides a large volume in it."""
    ahead = programme.commit_ahead_nl
    most = programme.max_rate_nl_per_h
    limit = ""
    if ahead * 3600 * most[1] < most[0]:
        limit = f"{format_volume(scale(most, 1, 3600))} or more, one second at the maximum rate"
    elif ahead * microstep_nl[1] < 2 * microstep_nl[0]:
        limit = f"{format_volume(scale(microstep_nl, 2))} or more, two microsteps"
    elif ahead * 10 > programme.capacity_nl:
        tenth = format_volume(scale((programme.capacity_nl, 1), 1, 10))
        limit = f"{tenth} or less, a tenth of the syringe"
    if limit:
        raise SettingError(
            f"volume committed ahead is {format_volume((ahead, 1))}: the limit is {limit}",
            "commit_ahead_nl",
        )


def _check_reservoir(programme: "Programme") -> None:
    """Thresholds in their order: reserve below low, low within the capacity."""
    low = programme.reservoir_low_nl
    reserve = programme.reservoir_reserve_nl
    shown = f"low reservoir volume is {format_volume((low, 1))}: the limit is "
    if low <= reserve:
        raise SettingError(
            shown
            + f"more than the reserve, {format_volume((reserve, 1))}, so that low comes "
            + "before empty",
            "reservoir_low_nl",
        )
    if low > programme.capacity_nl:
        raise SettingError(
            shown + f"the syringe's capacity, {format_volume((programme.capacity_nl, 1))}",
            "reservoir_low_nl",
        )


def _pump_warnings(programme: "Programme") -> list[tuple[str, str]]:
    found = []
    if programme.calibration == ONE:
        found.append(
            (
                "not_calibrated",
                "the volume of a microstep is nominal, not measured: deliver a known volume, "
                + "weigh it and set the calibration",
            )
        )
    swept = geometry.swept_nl(programme.bore_um, programme.travel_um)
    if swept[0] * 100 > programme.capacity_nl * SWEPT_WARNING_PERCENT * swept[1]:
        found.append(
            (
                "swept_volume_large",
                f"bore and travel give {format_volume(swept)}, far more than the capacity of "
                + f"{format_volume((programme.capacity_nl, 1))}: check the bore",
            )
        )
    return found


def _evenness_warnings(
    programme: "Programme", microstep_nl: tuple[int, int], lowest: tuple[int, int]
) -> list[tuple[str, str]]:
    """A syringe or a microstep that is large for the lowest rate."""
    found = []
    concentration = programme.concentration_mcg_per_ml
    smallest = smallest_rate_nl_per_h(programme.capacity_nl)
    if smallest is not None and compare(lowest, (smallest, 1)) < 0:
        found.append(
            (
                "syringe_too_large",
                f"the lowest rate is {format_rate(lowest, concentration)}, below the "
                + f"{format_volume_rate((smallest, 1))} advised for a syringe of this size: "
                + "a smaller syringe delivers more evenly",
            )
        )
    interval_s = divide(scale(microstep_nl, 3600), lowest)
    if compare(interval_s, (MICROSTEP_INTERVAL_WARNING_S, 1)) > 0:
        found.append(
            (
                "microstep_coarse",
                "at the lowest rate there is one microstep, "
                + f"{format_amount(microstep_nl, concentration)}, in "
                + f"{format_duration(floor(interval_s))}: a smaller syringe, a gear or more "
                + "microsteps deliver more evenly",
            )
        )
    return found


def _day_warnings(
    programme: "Programme", microstep_nl: tuple[int, int], number: int
) -> list[tuple[str, str]]:
    """Basal steps that are 0, or too short to move the plunger."""
    found = []
    day = programme.days[number]
    title = _day_title(programme, number)
    if days.basal_volume_nl(day) == ZERO:
        return [("basal_zero", title + " is 0 all day: nothing but boluses is delivered")]
    for index, (start_s, rate_nl_per_h) in enumerate(day):
        volume_nl = scale(rate_nl_per_h, days.step_duration_s(day, index), 3600)
        if compare(volume_nl, microstep_nl) >= 0:
            continue
        step = f"{title} from {format_time_of_day(start_s)}"
        if volume_nl == ZERO:
            found.append(("basal_zero", step + " is 0: nothing but boluses is delivered then"))
            continue
        amount = format_amount(volume_nl, programme.concentration_mcg_per_ml)
        found.append(
            (
                "step_below_microstep",
                f"{step} amounts to {amount}, less than one microstep of "
                + f"{format_volume(microstep_nl)}: it is carried into the next step",
            )
        )
    return found


def _reservoir_warnings(programme: "Programme") -> list[tuple[str, str]]:
    """A low reservoir alarm that comes late."""
    most_nl = ZERO
    for weekday in range(7):
        volume_nl = days.daily_volume_nl(programme, weekday)
        if compare(volume_nl, most_nl) > 0:
            most_nl = volume_nl
    warned_nl = programme.reservoir_low_nl - programme.reservoir_reserve_nl
    if programme.reservoir_low_s >= SECONDS_PER_DAY or compare((warned_nl, 1), most_nl) >= 0:
        return []
    return [
        (
            "low_warning_short",
            "the low reservoir alarm comes less than a day before the reservoir is empty: "
            + "raise its volume or its time",
        )
    ]
