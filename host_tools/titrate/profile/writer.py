"""From a programme back to the text of a profile that gives the same programme."""

import json
from collections.abc import Sequence
from fractions import Fraction

from pump.core import units
from pump.core.errors import BadText
from pump.core.programme import Programme
from pump.core.quantity import (
    dose_ng,
    format_concentration,
    format_duration,
    format_instant,
    format_number,
    format_time_of_day,
)

Ratio = tuple[int, int]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DIGITS_MAX = 12


def profile_to_text(programme: Programme) -> str:
    """The text of a profile; parse_profile() makes an equal programme of it.

    Changes in percent are written out as steps and the syringe as a table.

    Args:
        programme: one that passes check().

    Raises:
        BadText: a rate or a volume that no decimal number of up to 12 digits gives exactly.
    """
    return "\n".join(_lines(programme)) + "\n"


def _lines(programme: Programme) -> list[str]:
    concentration = programme.concentration_mcg_per_ml
    lines = [f"name = {json.dumps(programme.name)}"]
    if programme.start_s is not None:
        lines.append(f'start = "{format_instant(programme.start_s)}"')
    if programme.end_s is not None:
        lines.append(f'end = "{format_instant(programme.end_s)}"')
    lines += [
        "",
        "[pump]",
        f"syringe = {{ bore = {_length(programme.bore_um)}, "
        f"capacity = {_volume((programme.capacity_nl, 1))}, "
        f"travel = {_length(programme.travel_um)} }}",
        f"lead = {_length(programme.lead_um)}",
        f"full_steps = {programme.full_steps_per_rev}",
        f"microsteps = {programme.microsteps}",
        f'gear = "{programme.gear[0]}:{programme.gear[1]}"',
        f"calibration = {_calibration(programme.calibration)}",
    ]
    if programme.drug:
        lines += ["", "[drug]", f"name = {json.dumps(programme.drug)}"]
        if concentration is not None:
            lines.append(f'concentration = "{_exact(concentration, "concentration")} mcg/mL"')
        if programme.patient_group:
            lines.append(f'patient_group = "{programme.patient_group}"')
    elif concentration is not None:
        raise BadText("a concentration without the name of a drug has no place in a profile")
    for number in range(len(programme.days)):
        lines += ["", *_day(programme, number)]
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        lines += [
            "",
            "[[bolus]]",
            f'at = "{format_time_of_day(at_s)}"',
            f"dose = {_amount(volume_nl, concentration)}",
            f'over = "{format_duration(duration_s)}"',
            "days = " + ('"daily"' if weekdays == 127 else _weekdays(weekdays)),
        ]
    if programme.minimum_rate_nl_per_h[0]:
        rate = _rate(programme.minimum_rate_nl_per_h, concentration)
        lines += ["", "[minimum]", f"rate = {rate}"]
    lines += _modes(programme)
    lines += [
        "",
        "[limits]",
        f"max_rate = {_rate(programme.max_rate_nl_per_h, concentration)}",
        f"max_bolus = {_amount(programme.max_bolus_nl, concentration)}",
        f"commit_ahead = {_volume((programme.commit_ahead_nl, 1))}",
        "",
        "[reservoir]",
        f"low = {_volume((programme.reservoir_low_nl, 1))}",
        f'low_time = "{format_duration(programme.reservoir_low_s)}"',
        f"reserve = {_volume((programme.reservoir_reserve_nl, 1))}",
    ]
    return lines


def _modes(programme: Programme) -> list[str]:
    """The tables of the modes that a programme uses; a taper or a ramp as a course."""
    concentration = programme.concentration_mcg_per_ml
    lines: list[str] = []
    for from_s, part in programme.course:
        lines += ["", "[[course]]", f'from = "{format_instant(from_s)}"', f'to = "{_part(part)}"']
    if programme.intermittent is not None:
        first_after_s, interval_s, volume_nl, duration_s = programme.intermittent
        lines += [
            "",
            "[intermittent]",
            f"dose = {_amount(volume_nl, concentration)}",
            f'over = "{format_duration(duration_s)}"',
            f'every = "{format_duration(interval_s)}"',
            f'first = "{format_duration(first_after_s)}"',
        ]
    if programme.demand is not None:
        volume_nl, duration_s, lockout_s, period_s, period_max = programme.demand
        lines += [
            "",
            "[demand]",
            f"dose = {_amount(volume_nl, concentration)}",
            f'over = "{format_duration(duration_s)}"',
            f'lockout = "{format_duration(lockout_s)}"',
            f"at_most = {period_max}",
            f'per = "{format_duration(period_s)}"',
        ]
    if programme.dose_window is not None:
        length_s, max_nl = programme.dose_window
        lines += [
            "",
            "[dose_window]",
            f"at_most = {_amount(max_nl, concentration)}",
            f'per = "{format_duration(length_s)}"',
        ]
    if programme.bridge is not None:
        volume_nl, rate_nl_per_h, old = programme.bridge
        rate = _rate(rate_nl_per_h, None)
        lines += ["", "[bridge]", f"volume = {_volume(volume_nl)}", f"rate = {rate}"]
        if old[0]:
            lines.append(f'old = "{format_concentration(old)}"')
    if programme.vtbi is not None:
        volume_nl, then, kvo_rate_nl_per_h, near_s = programme.vtbi
        lines += ["", "[vtbi]", f"volume = {_amount(volume_nl, concentration)}"]
        lines.append(f'then = "{then}"')
        if kvo_rate_nl_per_h[0]:
            lines.append(f"kvo_rate = {_rate(kvo_rate_nl_per_h, concentration)}")
        lines.append(f'near = "{format_duration(near_s)}"')
    if programme.resume_within_s is not None:
        lines += ["", "[resume]", f'within = "{format_duration(programme.resume_within_s)}"']
    return lines


def _part(part: Ratio) -> str:
    """A part of the basal: a percentage, or a fraction where none is exact."""
    try:
        return f"{_exact((part[0] * 100, part[1]), 'part')} %"
    except BadText:
        return f"{part[0]}/{part[1]}"


def _day(programme: Programme, number: int) -> list[str]:
    """One day schedule; a single one stands right under [basal]."""
    mask = sum(1 << weekday for weekday, index in enumerate(programme.week) if index == number)
    if mask == 127:
        lines = ["[basal]"]
    elif mask == 31:
        lines = ["[basal.weekday]"]
    elif mask == 96:
        lines = ["[basal.weekend]"]
    else:
        lines = [f"[basal.day-{number + 1}]", f"days = {_weekdays(mask)}"]
    concentration = programme.concentration_mcg_per_ml
    day = programme.days[number]
    if len(day) == 1:
        return [*lines, f"rate = {_rate(day[0][1], concentration)}"]
    lines.append("steps = [")
    for start_s, rate_nl_per_h in day:
        rate = _rate(rate_nl_per_h, concentration)
        lines.append(f'    {{ at = "{format_time_of_day(start_s)}", rate = {rate} }},')
    return [*lines, "]"]


def _calibration(calibration: Ratio) -> str:
    if calibration == (1, 1):
        return '"none"'
    delivered, commanded = calibration
    return f'{{ commanded = "{commanded} uL", delivered = "{delivered} uL" }}'


def _weekdays(mask: int) -> str:
    return json.dumps([name for day, name in enumerate(_WEEKDAYS) if mask >> day & 1])


def _length(length_um: int) -> str:
    return f'"{format_number((length_um, 1000))} mm"'


def _volume(volume_nl: Ratio) -> str:
    return _written(volume_nl, units.VOLUMES_NL, "")


def _amount(volume_nl: Ratio, concentration: Ratio | None) -> str:
    if concentration is None:
        return _volume(volume_nl)
    return _first_exact(
        [(dose_ng(volume_nl, concentration), units.DOSES_NG, ""), (volume_nl, units.VOLUMES_NL, "")]
    )


def _rate(rate_nl_per_h: Ratio, concentration: Ratio | None) -> str:
    a_day = (rate_nl_per_h[0] * 24, rate_nl_per_h[1])
    a_minute = (rate_nl_per_h[0], rate_nl_per_h[1] * 60)
    volumes = [
        (rate_nl_per_h, units.VOLUMES_NL, "/h"),
        (a_day, units.VOLUMES_NL, "/day"),
        (a_minute, units.VOLUMES_NL, "/min"),
    ]
    if concentration is None:
        return _first_exact(volumes)
    doses = [
        (dose_ng(value, concentration), units.DOSES_NG, per)
        for value, per in ((a_day, "/day"), (rate_nl_per_h, "/h"), (a_minute, "/min"))
    ]
    return _first_exact([*doses, *volumes])


def _first_exact(forms: Sequence[tuple[Ratio, tuple[tuple[str, int], ...], str]]) -> str:
    """The first way of writing a value that is exact."""
    for value, known, per in forms:
        try:
            return _written(value, known, per)
        except BadText:
            continue
    raise BadText(
        f"{format_number(forms[-1][0])} nL{forms[-1][2]} cannot be written exactly: no decimal "
        "number of up to 12 digits gives it in any unit"
    )


def _written(value: Ratio, known: tuple[tuple[str, int], ...], per: str) -> str:
    """A value in the largest unit in which it is at least 1 and exact."""
    amount = Fraction(*value)
    for name, size in reversed(known):
        if amount >= size or size == 1 or not amount:
            try:
                return f'"{_exact((value[0], value[1] * size), name)} {name}{per}"'
            except BadText:
                continue
    raise BadText(f"{format_number(value)} {known[0][0]} cannot be written exactly")


def _exact(value: Ratio, name: str) -> str:
    """A ratio as a decimal number of at most 12 digits."""
    amount = Fraction(*value)
    for places in range(_DIGITS_MAX):
        scaled = amount * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            if len(digits) > _DIGITS_MAX:
                break
            return digits if not places else f"{digits[:-places]}.{digits[-places:]}"
    raise BadText(f"{format_number(value)} ({name}) has no exact decimal of 12 digits")
