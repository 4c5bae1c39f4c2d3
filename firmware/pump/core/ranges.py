"""The range of every number of a programme, each declared once.

What is checked with them is in limits.py; documentation and the profile's schema are made
from them.
"""

from pump.core.errors import OutOfRange
from pump.core.quantity import (
    format_concentration,
    format_duration,
    format_instant,
    format_length,
    format_number,
    format_volume,
    format_volume_rate,
)
from pump.core.ratio import compare
from pump.core.units import SECONDS_PER_DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What fits a signed 64-bit word.
RATIO_TERM_MAX = 2**63 - 1

NAME_LENGTH_MAX = 32

# 2099-12-31T23:59:59 in pump time: 100 years with 25 leap days.
LAST_INSTANT_S = 36525 * SECONDS_PER_DAY - 1


class SettingError(OutOfRange):
    """A setting of a programme outside its limit, alone or together with others.

    Attributes:
        where: the attribute of Programme, as a tuple of one; or ("days", number, start_s) for
            a basal step, or ("boluses", number) for a bolus.
    """

    def __init__(self, sentence: str, *where: object):
        super().__init__(sentence)
        self.where = where


class Limit:
    """The range of one number of a programme.

    Attributes:
        name: the attribute of Programme, or what the number is derived from.
        title: what a person calls it.
        minimum, maximum: ratios, both allowed.
        unit: um, nL, nL/h, s, instant, mcg/mL or "" for a plain number.
        whole: whether only whole numbers are allowed.
        term_max: the most for numerator and denominator, so that products stay bounded.
        why: where the range comes from.
    """

    def __init__(
        self,
        name: str,
        title: str,
        minimum: int | tuple[int, int],
        maximum: int | tuple[int, int],
        unit: str,
        whole: bool,
        why: str,
        term_max: int = RATIO_TERM_MAX,
    ):
        self.name = name
        self.title = title
        self.minimum = (minimum, 1) if isinstance(minimum, int) else minimum
        self.maximum = (maximum, 1) if isinstance(maximum, int) else maximum
        self.unit = unit
        self.whole = whole
        self.why = why
        self.term_max = term_max

    def show(self, value: tuple[int, int]) -> str:
        """A value, a ratio, as a person reads it, with its unit."""
        return show(value, self.unit)

    def check(self, value: tuple[int, int], *where: object) -> None:
        """Raise SettingError unless the value, a ratio, is in the range.

        Args:
            value: the value of the setting.
            where: see SettingError; the limit's own name when left out.
        """
        if compare(value, self.minimum) < 0 or compare(value, self.maximum) > 0:
            raise SettingError(
                f"{self.title} is {self.show(value)}: the limit is "
                + f"{self.show(self.minimum)} to {self.show(self.maximum)}, {self.why}",
                *(where or (self.name,)),
            )


STEP_RATE_MAX = 2000

_SYRINGE = "at most a whole syringe"
_CLOCK = "the years of the pump's clock"

_ROWS = (
    ("bore_um", "syringe bore", 500, 60000, "um", True, "from micro syringes to 60 mL"),
    ("capacity_nl", "syringe capacity", 1000, 60000000, "nL", True, "from 1 uL to 60 mL"),
    ("travel_um", "plunger travel", 1000, 300000, "um", True, "what a drive can reach"),
    ("lead_um", "screw lead", 100, 20000, "um", True, "per turn, all starts counted"),
    ("full_steps_per_rev", "full steps per turn", 20, 800, "", True, "of the motor"),
    ("microsteps", "microsteps per full step", 1, 256, "", True, "a power of two"),
    (
        "gear",
        "gear",
        (1, 100),
        1000,
        "",
        False,
        "turns of the motor per turn of the screw",
        1000000,
    ),
    (
        "calibration",
        "calibration",
        (1, 2),
        2,
        "",
        False,
        "measured over nominal volume; further off, the syringe or the screw is another one",
        1000000,
    ),
    (
        "microstep_nl",
        "volume of a microstep",
        (1, 1000),
        100000,
        "nL",
        False,
        "given by syringe, screw, motor and gear",
    ),
    (
        "concentration_mcg_per_ml",
        "concentration",
        (1, 1000),
        1000000,
        "mcg/mL",
        False,
        "from 1 ng/mL to 1 g/mL",
    ),
    ("days", "number of different days", 1, 7, "", True, "one for each weekday at most"),
    ("day_steps", "number of steps in a day", 1, 48, "", True, "a step every half hour"),
    ("step_start_s", "start of a step", 0, SECONDS_PER_DAY - 1, "s", True, "within the day"),
    ("basal_rate", "basal rate", 0, 999000000, "nL/h", False, "at most 999 mL/h"),
    ("bolus_entries", "number of boluses", 0, 24, "", True, "one an hour"),
    ("bolus_at_s", "start of a bolus", 0, SECONDS_PER_DAY - 1, "s", True, "within the day"),
    ("bolus_weekdays", "weekdays of a bolus", 1, 127, "", True, "one bit for each weekday"),
    (
        "bolus_duration_s",
        "duration of a bolus",
        1,
        SECONDS_PER_DAY,
        "s",
        True,
        "so that it has ended when it starts again the next day",
    ),
    ("bolus_volume", "bolus", 0, 60000000, "nL", False, _SYRINGE),
    ("minimum_rate_nl_per_h", "minimum rate", 0, 999000000, "nL/h", False, "at most 999 mL/h"),
    ("start_s", "start", 0, LAST_INSTANT_S, "instant", True, _CLOCK),
    ("end_s", "end", 0, LAST_INSTANT_S, "instant", True, _CLOCK),
    ("reservoir_low_nl", "low reservoir volume", 0, 60000000, "nL", True, "at most 60 mL"),
    ("reservoir_low_s", "low reservoir time", 0, 7776000, "s", True, "at most 90 days ahead"),
    ("reservoir_reserve_nl", "reservoir reserve", 0, 60000000, "nL", True, "at most 60 mL"),
    ("max_rate_nl_per_h", "maximum rate", 1, 999000000, "nL/h", False, "at most 999 mL/h"),
    (
        "max_rate_steps_per_s",
        "step rate at the maximum rate, in microsteps a second,",
        0,
        STEP_RATE_MAX,
        "",
        False,
        "what the drive follows without losing steps: lower the maximum rate, or use fewer "
        "microsteps, a smaller gear, a longer lead or a larger bore",
    ),
    ("max_bolus_nl", "maximum bolus", 0, 60000000, "nL", False, _SYRINGE),
    ("commit_ahead_nl", "volume committed ahead", 1, 6000000, "nL", True, "at most 6 mL"),
    ("course_entries", "number of changes of the course", 0, 64, "", True, "two a day, 32 d"),
    ("course_from_s", "change of the course", 0, LAST_INSTANT_S, "instant", True, _CLOCK),
    (
        "course_factor",
        "part of the basal in a course",
        0,
        1,
        "",
        False,
        "the basal schedule is the most that a course comes to",
        1000000,
    ),
    ("bridge_volume_nl", "bridge volume", 1, 5000000, "nL", False, "catheter and tubing"),
    ("bridge_rate_nl_per_h", "bridge rate", 1, 999000000, "nL/h", False, "at most 999 mL/h"),
    (
        "bridge_old_mcg_per_ml",
        "old concentration of the bridge",
        0,
        1000000,
        "mcg/mL",
        False,
        "0 where it is not known",
    ),
    (
        "intermittent_first_after_s",
        "time to the first intermittent bolus",
        0,
        SECONDS_PER_DAY * 7,
        "s",
        True,
        "within the first week",
    ),
    (
        "intermittent_interval_s",
        "interval of the intermittent bolus",
        60,
        SECONDS_PER_DAY * 7,
        "s",
        True,
        "from start to start",
    ),
    ("intermittent_volume_nl", "intermittent bolus", 0, 60000000, "nL", False, _SYRINGE),
    (
        "intermittent_duration_s",
        "duration of the intermittent bolus",
        1,
        SECONDS_PER_DAY,
        "s",
        True,
        "at most a day",
    ),
    ("demand_volume_nl", "demand bolus", 0, 60000000, "nL", False, _SYRINGE),
    (
        "demand_duration_s",
        "duration of the demand bolus",
        1,
        SECONDS_PER_DAY // 4,
        "s",
        True,
        "at most 6 h",
    ),
    (
        "demand_lockout_s",
        "lockout",
        60,
        SECONDS_PER_DAY * 7,
        "s",
        True,
        "from the start of one demand bolus to the next",
    ),
    (
        "demand_period_s",
        "period of the demand limit",
        60,
        SECONDS_PER_DAY * 7,
        "s",
        True,
        "a week at most",
    ),
    ("demand_period_max", "demand boluses in a period", 1, 48, "", True, "as many as are kept"),
    (
        "dose_window_length_s",
        "length of the dose window",
        3600,
        SECONDS_PER_DAY,
        "s",
        True,
        "boluses are kept in mind for a day",
    ),
    ("dose_window_max_nl", "limit of the dose window", 0, 60000000, "nL", False, _SYRINGE),
    ("vtbi_volume_nl", "volume to be infused", 0, 60000000, "nL", False, _SYRINGE),
    ("vtbi_kvo_rate_nl_per_h", "KVO rate", 0, 999000000, "nL/h", False, "at most 999 mL/h"),
    (
        "vtbi_near_s",
        "warning before the end of the volume to be infused",
        60,
        14400,
        "s",
        True,
        "as infusion pumps offer it",
    ),
    (
        "resume_within_s",
        "interruption that is gone on from without asking",
        0,
        SECONDS_PER_DAY * 30,
        "s",
        True,
        "at most 30 days",
    ),
)


class Limits:
    """All limits, one Limit after the other.

    Each is made when it is asked for: kept as objects, they would take much of a board's memory.
    """

    def __iter__(self) -> "Iterator[Limit]":
        for row in _ROWS:
            yield Limit(*row)

    def named(self, name: str) -> Limit:
        """The limit of a name.

        Raises:
            KeyError: there is none.
        """
        for row in _ROWS:
            if row[0] == name:
                return Limit(*row)
        raise KeyError(name)


LIMITS = Limits()


def show(value: tuple[int, int], unit: str) -> str:
    """A ratio in one of the units of Limit, as a person reads it."""
    if unit == "nL":
        return format_volume(value)
    if unit == "nL/h":
        return format_volume_rate(value)
    if unit == "mcg/mL":
        return format_concentration(value)
    if unit == "um":
        return format_length(value)
    if unit == "s":
        return format_duration(value[0])
    if unit == "instant" and 0 <= value[0] <= LAST_INSTANT_S:
        return format_instant(value[0])
    return format_number(value)
