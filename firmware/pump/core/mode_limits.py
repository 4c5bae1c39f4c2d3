"""The checks of a programme's modes and of its course, against each other and the rest of it."""

from pump.core import day as days
from pump.core.dose_window import highest_basal_nl_per_h
from pump.core.modes import MODES, THEN, THEN_KVO, WORD
from pump.core.quantity import (
    format_amount,
    format_concentration,
    format_duration,
    format_instant,
    format_rate,
    format_volume,
    quote,
)
from pump.core.ranges import SettingError
from pump.core.ratio import ONE, ZERO, add, compare, divide, multiply, scale
from pump.core.schedule import DAY_S, HOUR_S, WEEK_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.programme import Programme


def check_modes(programme: "Programme", check_number) -> None:
    """Check every mode that a programme uses.

    Args:
        check_number: called as (name of the limit, value, attribute); checks one number.

    Raises:
        SettingError, BadText: as limits.check().
    """
    for key, _, fields, kinds in MODES:
        mode = getattr(programme, key)
        if mode is not None:
            for field, kind, value in zip(fields, kinds, mode):
                if kind != WORD:
                    check_number(key + "_" + field, value, key)
    _check_course(programme, check_number)
    for check in (_check_bridge, _check_intermittent, _check_demand, _check_window, _check_vtbi):
        check(programme)


def mode_warnings(programme: "Programme") -> list[tuple[str, str]]:
    """What a person should know of the modes before confirming: (code, sentence) each."""
    found = []
    if programme.bridge is not None:
        found.append(
            (
                "bridge_mixes",
                "a bridge reckons with a sharp boundary between old and new drug; they mix, so "
                + "the dose passes from one to the other more gradually",
            )
        )
    if programme.demand is not None and programme.drug == "baclofen":
        found.append(
            (
                "demand_baclofen",
                "demand boluses are on for baclofen: a maker of implanted pumps forbids them",
            )
        )
    if programme.course and programme.course[-1][1] == ZERO:
        found.append(
            (
                "course_to_zero",
                "the course ends without basal rate at "
                + format_instant(programme.course[-1][0])
                + ": nothing but boluses is delivered from then on",
            )
        )
    return found


def _check_course(programme: "Programme", check_number) -> None:
    check_number("course_entries", len(programme.course), "course")
    last_s = -1
    for from_s, factor in programme.course:
        check_number("course_from_s", from_s, "course")
        check_number("course_factor", factor, "course")
        if from_s <= last_s:
            raise SettingError(
                f"the course changes at {format_instant(from_s)} after "
                + f"{format_instant(last_s)}: its changes ascend, each once",
                "course",
            )
        last_s = from_s


def _check_bridge(programme: "Programme") -> None:
    bridge = programme.bridge
    if bridge is None:
        return
    _check_rate(programme, "the bridge", bridge.rate_nl_per_h, "bridge")
    _check_amount(programme, "the bridge", bridge.volume_nl, "bridge")
    if bridge.old_mcg_per_ml != ZERO and programme.concentration_mcg_per_ml is None:
        raise SettingError(
            "the bridge has an old concentration, but the programme none of its own: write both "
            + "or neither",
            "bridge",
        )


def _check_intermittent(programme: "Programme") -> None:
    mode = programme.intermittent
    if mode is None:
        return
    _check_amount(programme, "the intermittent bolus", mode.volume_nl, "intermittent")
    if mode.interval_s < mode.duration_s:
        raise SettingError(
            f"the intermittent bolus takes {format_duration(mode.duration_s)}, but comes every "
            + f"{format_duration(mode.interval_s)}: it has to end before the next one begins",
            "intermittent",
        )
    total = days.highest_rate(programme)[0]
    _check_rate(programme, "basal and boluses with the intermittent one", total, "intermittent")


def _check_demand(programme: "Programme") -> None:
    mode = programme.demand
    if mode is None:
        return
    _check_amount(programme, "the demand bolus", mode.volume_nl, "demand")
    concentration = programme.concentration_mcg_per_ml
    if compare(mode.volume_nl, programme.max_bolus_nl) > 0:
        raise SettingError(
            f"the demand bolus is {format_amount(mode.volume_nl, concentration)}: the limit is the "
            + f"programme's maximum bolus, {format_amount(programme.max_bolus_nl, concentration)}",
            "demand",
        )
    if mode.lockout_s <= mode.duration_s:
        raise SettingError(
            f"the lockout is {format_duration(mode.lockout_s)}: the limit is more than the "
            + f"duration of the demand bolus, {format_duration(mode.duration_s)}",
            "demand",
        )
    if mode.period_s < mode.lockout_s:
        raise SettingError(
            f"the period of the demand limit is {format_duration(mode.period_s)}: the limit is "
            + f"the lockout, {format_duration(mode.lockout_s)}, or longer",
            "demand",
        )
    rate = days.bolus_rate_nl_per_h(mode.volume_nl, mode.duration_s)
    total = add(days.highest_rate(programme)[0], rate)
    _check_rate(programme, "basal and boluses with the demand bolus", total, "demand")


def _check_window(programme: "Programme") -> None:
    window = programme.dose_window
    if window is None:
        return
    bridge = programme.bridge
    concentration = programme.concentration_mcg_per_ml
    if bridge is not None and bridge.old_mcg_per_ml == ZERO and concentration is not None:
        raise SettingError(
            "the dose window counts the bridge by its dose, but its old concentration is not "
            + "said: write the old concentration of the bridge",
            "bridge",
        )
    most = scheduled_in_window_nl(programme)
    if compare(most, window.max_nl) > 0:
        raise SettingError(
            f"the programme by itself comes to {format_amount(most, concentration)} in "
            + f"{format_duration(window.length_s)}, counted at the highest basal rate: the limit "
            + f"of the dose window is {format_amount(window.max_nl, concentration)}",
            "dose_window",
        )


def scheduled_in_window_nl(programme: "Programme") -> tuple[int, int]:
    """The most that a programme by itself may put into a dose window, a ratio in nL.

    That is a full window of the highest rate besides boluses (to count what basal was delivered
    is proven wrong: ICLP 2024, DOI 10.1017/S1471068424000280), and the most that any window
    holds of the scheduled boluses and of the intermittent one.

    Args:
        programme: has a dose_window.
    """
    assert programme.dose_window is not None
    length_s = programme.dose_window.length_s
    rate_nl_per_h = window_rate_nl_per_h(programme)
    return add(scale(rate_nl_per_h, length_s, HOUR_S), boluses_in_window_nl(programme, length_s))


def window_rate_nl_per_h(programme: "Programme") -> tuple[int, int]:
    """The highest rate besides boluses; a bridge as the same dose of the programme's strength.

    It is said wherever the programme has a dose window, or nothing has a concentration.
    """
    rate_nl_per_h = highest_basal_nl_per_h(programme, ONE)
    bridge = programme.bridge
    if bridge is not None:
        old = bridge.rate_nl_per_h
        if bridge.old_mcg_per_ml != ZERO:
            assert programme.concentration_mcg_per_ml is not None
            old = multiply(old, bridge.old_mcg_per_ml)
            old = divide(old, programme.concentration_mcg_per_ml)
        if compare(old, rate_nl_per_h) > 0:
            return old
    return rate_nl_per_h


def boluses_in_window_nl(programme: "Programme", length_s: int) -> tuple[int, int]:
    """The most that any window of at most a day holds of boluses that come by themselves."""
    total = _scheduled_in_window_nl(programme, length_s)
    mode = programme.intermittent
    if mode is not None:
        rest_s = min(length_s % mode.interval_s, mode.duration_s)
        total = add(total, scale(mode.volume_nl, length_s // mode.interval_s))
        total = add(total, scale(mode.volume_nl, rest_s, mode.duration_s))
    return total


def _scheduled_in_window_nl(programme: "Programme", length_s: int) -> tuple[int, int]:
    """The most that any window of at most a day holds of the scheduled boluses.

    Moving a window, what it holds rises and falls evenly between the begins and ends of boluses,
    so the most is found where it begins with a bolus or ends with one.
    """
    is_daily = all(weekdays == 127 for _, weekdays, _, _ in programme.boluses)
    period_s = DAY_S if is_daily else WEEK_S
    boluses = []
    begins = []
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        for weekday in range(period_s // DAY_S):
            if weekdays >> weekday & 1:
                start_s = weekday * DAY_S + at_s
                boluses.append((start_s, volume_nl, duration_s))
                begins += [start_s, start_s + duration_s - length_s]
    most = ZERO
    for from_s in begins:
        inside = ZERO
        for start_s, volume_nl, duration_s in boluses:
            after_s = (start_s - from_s) % period_s
            # The one that begins in the window or after it, and the one a period before.
            given_s = max(0, min(length_s, after_s + duration_s) - after_s)
            given_s += max(0, min(length_s, after_s + duration_s - period_s))
            if given_s:
                inside = add(inside, scale(volume_nl, given_s, duration_s))
        if compare(inside, most) > 0:
            most = inside
    return most


def _check_vtbi(programme: "Programme") -> None:
    mode = programme.vtbi
    if mode is None:
        return
    _check_amount(programme, "the volume to be infused", mode.volume_nl, "vtbi")
    if mode.then not in THEN:
        raise SettingError(
            f"what follows the volume to be infused is {quote(mode.then)}: the limit is one of "
            + ", ".join(THEN),
            "vtbi",
        )
    kvo = mode.kvo_rate_nl_per_h
    if (mode.then == THEN_KVO) != (kvo != ZERO):
        raise SettingError(
            "a KVO rate above 0 belongs to a volume to be infused that ends with kvo, and to "
            + f"no other: it is {format_rate(kvo, programme.concentration_mcg_per_ml)}",
            "vtbi",
        )
    lowest = days.lowest_rate_nl_per_h(programme)
    if kvo != ZERO and lowest is not None and compare(kvo, lowest) > 0:
        concentration = programme.concentration_mcg_per_ml
        raise SettingError(
            f"the KVO rate is {format_rate(kvo, concentration)}: the limit is the lowest basal "
            + f"rate, {format_rate(lowest, concentration)}, so that it is never the higher one",
            "vtbi",
        )


def _check_amount(programme: "Programme", title: str, volume_nl: tuple[int, int], key: str) -> None:
    """At least a microstep, and at most a syringe."""
    microstep_nl = programme.microstep_nl()
    if compare(volume_nl, microstep_nl) < 0:
        raise SettingError(
            f"{title} is {format_amount(volume_nl, programme.concentration_mcg_per_ml)}, less "
            + f"than one microstep: the limit is {format_volume(microstep_nl)} or more",
            key,
        )
    if volume_nl[0] > programme.capacity_nl * volume_nl[1]:
        raise SettingError(
            f"{title} is {format_volume(volume_nl)}: the limit is the syringe's capacity, "
            + format_volume((programme.capacity_nl, 1)),
            key,
        )


def _check_rate(programme: "Programme", title: str, rate: tuple[int, int], key: str) -> None:
    if compare(rate, programme.max_rate_nl_per_h) > 0:
        concentration = programme.concentration_mcg_per_ml
        raise SettingError(
            f"{title} comes to {format_rate(rate, concentration)}: the limit is the programme's "
            + f"maximum rate, {format_rate(programme.max_rate_nl_per_h, concentration)}",
            key,
        )


# -- for a person ------------------------------------------------------------------------------

_TITLES = {
    "bridge": "bridge",
    "intermittent": "intermittent bolus",
    "demand": "demand bolus",
    "dose_window": "dose window",
    "vtbi": "volume to be infused",
}


def mode_rows(programme: "Programme") -> list[tuple[str, str]]:
    """(setting, value) for each mode that a programme uses, as a person reviews it."""
    found = []
    for from_s, factor in programme.course:
        title = "course from " + format_instant(from_s) if from_s else "course at first"
        found.append((title, _percent(factor) + " of the basal"))
    for key, _, _, _ in MODES:
        if getattr(programme, key) is not None:
            found.append((_TITLES[key], mode_text(programme, key)))
    return found


def mode_text(programme: "Programme", key: str) -> str:
    """A mode that a programme uses, in words."""
    mode = getattr(programme, key)
    concentration = programme.concentration_mcg_per_ml
    if key == "bridge":
        old = mode.old_mcg_per_ml if mode.old_mcg_per_ml != ZERO else None
        text = f"{format_volume(mode.volume_nl)} at {format_rate(mode.rate_nl_per_h, old)}"
        return text + (" of " + format_concentration(old) if old else "")
    if key == "intermittent":
        return (
            f"{_bolus(mode, concentration)} every {format_duration(mode.interval_s)}, the first "
            + f"{format_duration(mode.first_after_s)} after the start"
        )
    if key == "demand":
        return (
            f"{_bolus(mode, concentration)}, lockout {format_duration(mode.lockout_s)}, at most "
            + f"{mode.period_max} in {format_duration(mode.period_s)}"
        )
    amount = mode.max_nl if key == "dose_window" else mode.volume_nl
    text = format_amount(amount, concentration)
    if key == "dose_window":
        return f"{text} in any {format_duration(mode.length_s)}"
    if mode.then == THEN_KVO:
        text += ", then kvo at " + format_rate(mode.kvo_rate_nl_per_h, concentration)
    else:
        text += ", then " + mode.then
    return f"{text}; told {format_duration(mode.near_s)} ahead"


def _bolus(mode, concentration) -> str:
    return f"{format_amount(mode.volume_nl, concentration)} over {format_duration(mode.duration_s)}"


def _percent(factor: tuple[int, int]) -> str:
    if factor == ONE:
        return "100 %"
    tenths, rest = divmod(1000 * factor[0], factor[1])
    exact = "" if not rest else f" [{factor[0]}/{factor[1]}]"
    return f"{tenths // 10}" + (f".{tenths % 10}" if tenths % 10 else "") + " %" + exact
