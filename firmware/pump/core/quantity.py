"""Text to exact quantity, and back.

Every quantity that a person writes has a unit; a bare number is refused. Numbers are
written out with a decimal point: no exponents, no thousands separators, and neither
".5" nor "5.", because a lost point is a tenfold dose. Nothing is rounded on the way in.

On the way out a figure is exact when it has at most 9 digits; otherwise it is rounded
to 5 significant digits, never coarser than whole units, and marked with a leading "~".
Figures without "~" read back as exactly the same quantity.

Accepted units: nL, uL, mL; ng, mcg (or ug), mg; per min, h, day; s, min, h, day(s); um,
mm. The litre may be l or L; otherwise capitals matter. A micro sign is read as "u".
"""

from pump.core.dose import dose_ng as dose_ng
from pump.core.errors import BadText, OutOfRange
from pump.core.ratio import ZERO, compare, divide, ratio, scale
from pump.core.units import (
    DIGITS,
    DOSES_NG,
    LENGTHS_UM,
    SECONDS_PER_DAY,
    TIMES_S,
    VOLUMES_NL,
    absolute,
    format_in,
    measure,
    parse,
    split,
    wrong_unit,
)
from pump.core.units import format_number as format_number
from pump.core.units import quote as quote

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_YEAR_MIN = 2000
_YEAR_MAX = 2099


def parse_volume_nl(text: str) -> tuple[int, int]:
    """Read a volume such as "18 mL", "250 uL" or "12.5 nL".

    Returns:
        The volume as a ratio of nanolitres, 0 or more.

    Raises:
        BadText: not a number with a unit of volume.
    """
    return parse(text, ("volume",))[1]


def parse_dose_ng(text: str) -> tuple[int, int]:
    """Read a dose such as "50 mcg", "0.05 mg" or "800 ng".

    Returns:
        The dose as a ratio of nanograms, 0 or more.

    Raises:
        BadText: not a number with a unit of mass.
    """
    return parse(text, ("dose",))[1]


def parse_concentration(text: str) -> tuple[int, int]:
    """Read a concentration such as "500 mcg/mL" or "0.5 mg/mL".

    Returns:
        The concentration as a ratio of micrograms per millilitre, above 0.

    Raises:
        BadText: not a mass per volume, or 0.
    """
    value = parse(text, ("concentration",))[1]
    if value == ZERO:
        raise BadText(quote(text) + " contains no drug: write a concentration above 0")
    return value


def parse_amount_nl(text: str, concentration_mcg_per_ml: tuple[int, int] | None) -> tuple[int, int]:
    """Read an amount to deliver: a volume, or a dose where the concentration is known.

    Args:
        text: such as "100 uL" or "50 mcg".
        concentration_mcg_per_ml: ratio, or None when only volumes have a meaning.

    Returns:
        The volume as a ratio of nanolitres: 1 mcg/mL is 1 ng in 1000 nL.

    Raises:
        BadText: neither a volume nor a dose, or a dose without a concentration.
    """
    kind, value = parse(text, ("dose", "volume"))
    if kind == "volume":
        return value
    return _dissolve(text, value, concentration_mcg_per_ml, '"100 uL"')


def parse_rate_nl_per_h(
    text: str, concentration_mcg_per_ml: tuple[int, int] | None
) -> tuple[int, int]:
    """Read a rate: a volume over time, or a dose over time where the concentration is known.

    Args:
        text: such as "0.6 mL/day", "25 uL/h", "300 mcg/day" or "1.5 mcg/min".
        concentration_mcg_per_ml: ratio, or None when only volumes have a meaning.

    Returns:
        The rate as a ratio of nanolitres per hour.

    Raises:
        BadText: no rate, or a dose rate without a concentration.
    """
    kind, value = parse(text, ("dose rate", "volume rate"))
    if kind == "volume rate":
        return value
    return _dissolve(text, value, concentration_mcg_per_ml, '"0.6 mL/day"')


def parse_length_um(text: str) -> int:
    """Read a length such as "14.5 mm" or "500 um".

    Returns:
        Whole micrometres, 0 or more.

    Raises:
        BadText: no length, or finer than a micrometre.
    """
    value = parse(text, ("length",))[1]
    if value[1] != 1:
        raise BadText(quote(text) + " is not a whole number of micrometres: round it to one")
    return value[0]


def parse_distance(text: str) -> tuple[str, tuple[int, int]]:
    """Read how far a plunger is to move: a length such as "2 mm" or a volume such as "50 uL".

    Returns:
        ("length", ratio of micrometres) or ("volume", ratio of nanolitres).

    Raises:
        BadText: neither of them.
    """
    return parse(text, ("length", "volume"))


def parse_duration_s(text: str) -> int:
    """Read a duration such as "10 min", "36 h", "1.5 h", "14 days" or "1 h 30 min".

    Returns:
        Whole seconds, 0 or more.

    Raises:
        BadText: no duration, not a whole number of seconds, or parts that do not go from
            the larger unit to the smaller.
    """
    total = ZERO
    smallest = None
    for part in _duration_parts(text):
        value, unit = split(part, ("duration",))
        kind, factor = measure(unit)
        if kind != "duration":
            raise wrong_unit(text, kind, ("duration",), unit)
        if smallest is not None and factor[0] >= smallest:
            raise BadText(
                quote(text) + ': write the larger unit first and each once, as in "1 h 30 min"'
            )
        smallest = factor[0]
        total = ratio(total[0] * value[1] + value[0] * factor[0] * total[1], total[1] * value[1])
    if total[1] != 1:
        raise BadText(quote(text) + " is not a whole number of seconds: round it to one")
    return total[0]


def parse_time_of_day_s(text: str) -> int:
    """Read a time of day "HH:MM" or "HH:MM:SS" as seconds since midnight, 0 to 86399.

    Raises:
        BadText: another form, or a time that a day does not have.
    """
    parts = text.strip().split(":") if isinstance(text, str) else ()
    if len(parts) not in (2, 3) or not all(len(p) == 2 and _is_digits(p) for p in parts):
        raise BadText(
            quote(text) + ' is not a time of day: write "HH:MM", 24 hours, for example "06:30"'
        )
    hour = int(parts[0])
    minute = int(parts[1])
    second = int(parts[2]) if len(parts) == 3 else 0
    if hour > 23 or minute > 59 or second > 59:
        raise BadText(
            quote(text) + " is not a time that a day has: 00:00 to 23:59, and midnight is 00:00"
        )
    return hour * 3600 + minute * 60 + second


def parse_instant_s(text: str) -> int:
    """Read a local date and time "YYYY-MM-DDTHH:MM" or with ":SS" as pump time.

    Returns:
        Seconds of local civil time since 2000-01-01 00:00.

    Raises:
        BadText: another form, a date that the calendar does not have, a time zone, or a
            year outside 2000-2099.
    """
    stripped = text.strip() if isinstance(text, str) else ""
    date = stripped[:10].split("-")
    if (
        len(stripped) < 16
        or stripped[10] not in "T "
        or [len(p) for p in date] != [4, 2, 2]
        or not all(_is_digits(p) for p in date)
    ):
        raise BadText(
            quote(text)
            + ' is not a date and time: write local time as "YYYY-MM-DDTHH:MM", for example '
            + '"2026-11-22T06:00"'
        )
    clock = stripped[11:]
    if clock[-1] in "Zz" or "+" in clock or "-" in clock:
        raise BadText(
            quote(text) + " names a time zone: leave it out, the pump keeps local civil time"
        )
    year = int(date[0])
    month = int(date[1])
    day = int(date[2])
    if year < _YEAR_MIN or year > _YEAR_MAX:
        raise BadText(quote(text) + " is outside the years 2000 to 2099 that the pump's clock has")
    if month < 1 or month > 12 or day < 1 or day > _days_in_month(year, month):
        raise BadText(quote(text) + " is not a date that the calendar has; write one that it has")
    days = _days_before_year(year) + day - 1
    for earlier in range(1, month):
        days += _days_in_month(year, earlier)
    return days * SECONDS_PER_DAY + parse_time_of_day_s(clock)


def format_instant(pump_time_s: int) -> str:
    """Pump time as "YYYY-MM-DDTHH:MM:SS".

    Raises:
        OutOfRange: outside the years 2000 to 2099.
    """
    days = pump_time_s // SECONDS_PER_DAY
    # 100 years hold at most 36,525 days, so this never starts past the right year.
    year = _YEAR_MIN + days * 100 // 36525
    if days < 0 or year > _YEAR_MAX or days >= _days_before_year(_YEAR_MAX + 1):
        raise OutOfRange(f"pump time {pump_time_s} s is outside the years 2000 to 2099")
    while days >= _days_before_year(year + 1):
        year += 1
    while days < _days_before_year(year):
        year -= 1
    days -= _days_before_year(year)
    month = 1
    while days >= _days_in_month(year, month):
        days -= _days_in_month(year, month)
        month += 1
    clock = _clock(pump_time_s % SECONDS_PER_DAY)
    return f"{year}-{month:02d}-{days + 1:02d}T{clock}"


def format_time_of_day(time_s: int) -> str:
    """Seconds since midnight as "HH:MM", or "HH:MM:SS" when the seconds are not 0."""
    clock = _clock(time_s)
    return clock[:5] if clock[6:] == "00" else clock


def format_weekdays(mask: int) -> str:
    """A bit mask of weekdays (bit 0 Monday) as "daily", "Mon-Fri" or "Mon, Wed, Fri"."""
    if mask == 127:
        return "daily"
    words = []
    day = 0
    while day < 7:
        if not mask >> day & 1:
            day += 1
            continue
        last = day
        while last < 6 and mask >> (last + 1) & 1:
            last += 1
        if last - day >= 2:
            words.append(_WEEKDAYS[day] + "-" + _WEEKDAYS[last])
        else:
            words.extend(_WEEKDAYS[day : last + 1])
        day = last + 1
    return ", ".join(words)


def format_duration(duration_s: int) -> str:
    """Whole seconds as "14 days", "1 day 3 h" or "1 h 30 min"; 0 is "0 s"."""
    words = []
    left = duration_s
    for name, seconds in reversed(TIMES_S):
        count = left // seconds
        left -= count * seconds
        if count:
            words.append(f"{count} " + ("days" if name == "day" and count > 1 else name))
    return " ".join(words) if words else "0 s"


def format_volume(volume_nl: tuple[int, int]) -> str:
    """A volume, a ratio of nanolitres, as "18 mL", "250 uL" or "~103.21 nL"."""
    return format_in(volume_nl, VOLUMES_NL, "mL")


def format_dose(dose_ng: tuple[int, int]) -> str:
    """A dose, a ratio of nanograms, as "50 mcg", "800 ng" or, from 10,000 mcg, in mg."""
    if compare(absolute(dose_ng), (10000000, 1)) < 0:
        return format_in(dose_ng, DOSES_NG[:2], "mcg")
    return format_in(dose_ng, DOSES_NG, "mg")


def format_length(length_um: tuple[int, int]) -> str:
    """A length, a ratio of micrometres, as "14.5 mm" or "500 um"."""
    return format_in(length_um, LENGTHS_UM, "mm")


def format_concentration(concentration_mcg_per_ml: tuple[int, int]) -> str:
    """A concentration, a ratio of micrograms per millilitre, as "500 mcg/mL"."""
    return format_number(concentration_mcg_per_ml) + " mcg/mL"


def format_volume_rate(rate_nl_per_h: tuple[int, int]) -> str:
    """A rate, a ratio of nanolitres per hour, as "25 uL/h" or "~458.33 nL/h"."""
    return format_in(rate_nl_per_h, VOLUMES_NL, "mL") + "/h"


def format_dose_rate(
    rate_nl_per_h: tuple[int, int], concentration_mcg_per_ml: tuple[int, int]
) -> str:
    """A rate of a drug of known concentration as a dose a day, such as "300 mcg/day"."""
    ng_per_day = scale(dose_ng(rate_nl_per_h, concentration_mcg_per_ml), 24)
    return format_dose(ng_per_day) + "/day"


def format_rate(
    rate_nl_per_h: tuple[int, int], concentration_mcg_per_ml: tuple[int, int] | None
) -> str:
    """A rate in both ways: "300 mcg/day (25 uL/h)", or "25 uL/h" without a concentration."""
    volume = format_volume_rate(rate_nl_per_h)
    if concentration_mcg_per_ml is None:
        return volume
    return format_dose_rate(rate_nl_per_h, concentration_mcg_per_ml) + " (" + volume + ")"


def format_amount(
    volume_nl: tuple[int, int], concentration_mcg_per_ml: tuple[int, int] | None
) -> str:
    """An amount in both ways: "50 mcg (100 uL)", or "100 uL" without a concentration."""
    volume = format_volume(volume_nl)
    if concentration_mcg_per_ml is None:
        return volume
    return format_dose(dose_ng(volume_nl, concentration_mcg_per_ml)) + " (" + volume + ")"


def _dissolve(
    text: str,
    amount_ng: tuple[int, int],
    concentration_mcg_per_ml: tuple[int, int] | None,
    example: str,
) -> tuple[int, int]:
    """The volume that holds a dose (or, per hour, the rate that carries a dose rate)."""
    if concentration_mcg_per_ml is None:
        raise BadText(
            quote(text)
            + " is a dose, and without a concentration no volume follows from it: "
            + "set the concentration, or write a volume, for example "
            + example
        )
    return divide(scale(amount_ng, 1000), concentration_mcg_per_ml)


def _duration_parts(text: object) -> list[object]:
    """A duration's parts: "1 h 30 min" is "1 h" and "30 min"."""
    if not isinstance(text, str):
        return [text]
    parts: list[str] = []
    for word in text.split():
        if parts and (word[0] not in DIGITS or parts[-1][-1] in DIGITS):
            parts[-1] += " " + word
        else:
            parts.append(word)
    return list(parts) or [text]


def _is_digits(word: str) -> bool:
    return all(c in DIGITS for c in word)


def _clock(time_s: int) -> str:
    return f"{time_s // 3600:02d}:{time_s // 60 % 60:02d}:{time_s % 60:02d}"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if _is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_before_year(year: int) -> int:
    """Days from 2000-01-01 to the first of January of a year, 2000 to 2100.

    Every fourth year from 2000 on is a leap year, 2000 too, being divisible by 400.
    """
    return (year - _YEAR_MIN) * 365 + (year - _YEAR_MIN + 3) // 4
