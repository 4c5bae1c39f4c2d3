"""Old programme against new, as a person reviews it before confirming."""

from pump.core import mode_limits, ratio, schedule
from pump.core.day import daily_volume_nl
from pump.core.modes import MODES
from pump.core.quantity import (
    dose_ng,
    format_amount,
    format_duration,
    format_rate,
    format_time_of_day,
    format_weekdays,
)
from pump.core.ranges import LIMITS, Limit, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pump.core.programme import Programme

# Settings whose meaning depends on the concentration: shown as doses too.
_RATES = ("minimum_rate_nl_per_h", "max_rate_nl_per_h")
_AMOUNTS = ("max_bolus_nl",)

_MONDAY_S = 2 * schedule.DAY_S


def differences(old: "Programme | None", new: "Programme") -> "Iterator[tuple[str, str, str]]":
    """Every setting that differs, in the order of the programme, then the daily totals.

    A week of seven days has hundreds of them: they are worked out as they are asked for.

    Args:
        old: the programme in use, or None when there is none.
        new: the programme proposed.

    Yields:
        (setting, old value, new value) each, values with units; an old value is "" when
        there was none, a new one when there is none any more. Values that look the same
        when rounded are told apart by their exact ratios. None when the programmes are
        equal, and only then.
    """
    is_empty = True
    for row in _settings(old, new):
        is_empty = False
        yield row
    if is_empty and old is not None and old != new:
        yield ("numbering of the days", "", "another, with the same rates on each weekday")
    for weekdays, before, after, change in daily_totals(old, new):
        if before != after or change:
            title = "total a day" if weekdays == "daily" else f"total a day {weekdays}"
            yield (title, before, f"{after} ({change})" if change else after)


def _settings(old: "Programme | None", new: "Programme") -> "Iterator[tuple[str, str, str]]":
    found: list[tuple[str, str, str]] = []
    _add(found, "name", None if old is None else old.name, new.name)
    for limit in LIMITS:
        if limit.name == "concentration_mcg_per_ml":
            _add(found, "drug", None if old is None else old.drug, new.drug)
        if limit.name == "days":
            group = None if old is None else old.patient_group
            _add(found, "patient group", group or "", new.patient_group)
            yield from found
            found = []
            yield from _basal(old, new)
        elif limit.name == "bolus_entries":
            _add_boluses(found, old, new)
        elif hasattr(new, limit.name):
            _add_number(found, limit, old, new)
    _add_modes(found, old, new)
    yield from found


def daily_totals(old: "Programme | None", new: "Programme") -> list[tuple[str, str, str, str]]:
    """What is delivered in a day, old and new, for each group of weekdays that are alike.

    Args:
        old: the programme in use, or None when there is none.
        new: the programme proposed.

    Returns:
        (weekdays, old total, new total, change) each, such as ("Mon-Fri", "300 mcg (600 uL)",
        "330 mcg (660 uL)", "+10.0 %"). The change is that of the dose when both programmes have
        a concentration, and of the volume otherwise; it is "" when there is none.
    """
    totals = [
        (None if old is None else daily_volume_nl(old, weekday), daily_volume_nl(new, weekday))
        for weekday in range(7)
    ]
    rows = []
    for weekday, weekdays in _alike(totals):
        before, after = totals[weekday]
        shown = ""
        change = ""
        if old is not None and before is not None:
            shown = format_amount(before, old.concentration_mcg_per_ml)
            change = _change(before, old, after, new)
        now = format_amount(after, new.concentration_mcg_per_ml)
        rows.append((format_weekdays(weekdays), shown, now, change))
    return rows


def change_text(old: tuple[int, int], new: tuple[int, int]) -> str:
    """The change of a ratio in percent, rounded to 0.1: "+10.0 %", "-3.3 %"; "" when there is none.

    A change that would round to 0 is "+<0.1 %" or "-<0.1 %"; one from 0 is "from 0".
    """
    if old == new:
        return ""
    if not old[0]:
        return "from 0"
    change = ratio.divide(ratio.subtract(new, old), old)
    sign = "-" if change[0] < 0 else "+"
    # In thousandths, half up.
    thousandths = (2000 * abs(change[0]) + change[1]) // (2 * change[1])
    if not thousandths:
        return sign + "<0.1 %"
    return f"{sign}{thousandths // 10}.{thousandths % 10} %"


def _change(
    before: tuple[int, int], old: "Programme", after: tuple[int, int], new: "Programme"
) -> str:
    was = old.concentration_mcg_per_ml
    now = new.concentration_mcg_per_ml
    if was is None or now is None:
        return change_text(before, after)
    return change_text(dose_ng(before, was), dose_ng(after, now))


def _add(found: list[tuple[str, str, str]], setting: str, old: str | None, new: str) -> None:
    if old != new:
        found.append((setting, old or "", new))


def _add_number(
    found: list[tuple[str, str, str]], limit: Limit, old: "Programme | None", new: "Programme"
) -> None:
    before = None
    now = _value(limit, new)
    after = _shown(limit, now, new)
    if old is not None:
        was = _value(limit, old)
        before = _shown(limit, was, old)
        if before == after and was is not None and now is not None and was != now:
            before, after = _exact(before, was, after, now)
    _add(found, limit.title, before, after)


def _value(limit: Limit, programme: "Programme") -> tuple[int, int] | None:
    value = getattr(programme, limit.name)
    if callable(value):
        value = value()
    return (value, 1) if isinstance(value, int) else value


def _shown(limit: Limit, value: tuple[int, int] | None, programme: "Programme") -> str:
    if value is None:
        return "none"
    if limit.name in _RATES:
        return format_rate(value, programme.concentration_mcg_per_ml)
    if limit.name in _AMOUNTS:
        return format_amount(value, programme.concentration_mcg_per_ml)
    return show(value, limit.unit)


def _exact(before: str, was: tuple[int, int], after: str, now: tuple[int, int]) -> tuple[str, str]:
    """Two values that look the same when rounded, with their exact ratios."""
    return f"{before} [{ratio.text(was)}]", f"{after} [{ratio.text(now)}]"


def _basal(old: "Programme | None", new: "Programme") -> "Iterator[tuple[str, str, str]]":
    """For each group of weekdays, the spans of the day in which the basal differs."""
    schedules = [
        (None if old is None else old.days[old.week[weekday]], new.days[new.week[weekday]])
        for weekday in range(7)
    ]
    for weekday, weekdays in _alike(schedules):
        was_day, now_day = schedules[weekday]
        title = "basal " + format_weekdays(weekdays)
        spans = _spans(old, new, weekday)
        for start_s, end_s, was, now in spans:
            end = "24:00" if end_s == schedule.DAY_S else format_time_of_day(end_s)
            yield (f"{title} {format_time_of_day(start_s)}-{end}", was, now)
        if was_day is not None and not spans and was_day != now_day:
            steps = f"{len(now_day)} steps with the same rates"
            yield (title, f"{len(was_day)} steps", steps)


def _spans(
    old: "Programme | None", new: "Programme", weekday: int
) -> list[tuple[int, int, str, str]]:
    """(start_s, end_s, old rate, new rate) where the rates differ; equal neighbours join."""
    starts = {start_s for start_s, _ in new.days[new.week[weekday]]}
    if old is not None:
        starts.update([start_s for start_s, _ in old.days[old.week[weekday]]])
    times = sorted(starts) + [schedule.DAY_S]
    spans: list[tuple[int, int, str, str]] = []
    is_same_drug = old is not None and old.concentration_mcg_per_ml == new.concentration_mcg_per_ml
    for index in range(len(times) - 1):
        at_s = _MONDAY_S + weekday * schedule.DAY_S + times[index]
        rate = schedule.day_rate_at(new, at_s)
        old_rate = None if old is None else schedule.day_rate_at(old, at_s)
        if old is not None and old_rate == rate and is_same_drug:
            # What would be shown is the same, too; working that out takes longest.
            continue
        now = format_rate(rate, new.concentration_mcg_per_ml)
        was = ""
        if old is not None and old_rate is not None:
            was = format_rate(old_rate, old.concentration_mcg_per_ml)
            if was == now and old_rate != rate:
                was, now = _exact(was, old_rate, now, rate)
        if was == now:
            continue
        if spans and spans[-1][1] == times[index] and spans[-1][2:] == (was, now):
            spans[-1] = (spans[-1][0], times[index + 1], was, now)
        else:
            spans.append((times[index], times[index + 1], was, now))
    return spans


def _add_boluses(
    found: list[tuple[str, str, str]], old: "Programme | None", new: "Programme"
) -> None:
    """Scheduled boluses, told apart by their time and weekdays."""
    before = {} if old is None else {bolus[:2]: bolus for bolus in old.boluses}
    after = {bolus[:2]: bolus for bolus in new.boluses}
    for at_s, weekdays in sorted(set(before) | set(after)):
        was = before.get((at_s, weekdays))
        now = after.get((at_s, weekdays))
        was_shown = "" if was is None or old is None else _bolus_text(was, old)
        now_shown = "" if now is None else _bolus_text(now, new)
        if was_shown == now_shown and was is not None and now is not None and was != now:
            was_shown, now_shown = _exact(was_shown, was[2], now_shown, now[2])
        if was_shown != now_shown:
            setting = f"bolus {format_time_of_day(at_s)} {format_weekdays(weekdays)}"
            found.append((setting, was_shown, now_shown))


def _add_modes(
    found: list[tuple[str, str, str]], old: "Programme | None", new: "Programme"
) -> None:
    before = {} if old is None else dict(mode_limits.mode_rows(old))
    after = dict(mode_limits.mode_rows(new))
    for setting in sorted(set(before) | set(after)):
        was = before.get(setting, "")
        now = after.get(setting, "")
        if was != now:
            found.append((setting, was, now))
    # Modes that look the same when rounded.
    for key, _, fields, _ in MODES:
        old_mode = None if old is None else getattr(old, key)
        new_mode = getattr(new, key)
        if old is None or old_mode is None or new_mode is None or old_mode == new_mode:
            continue
        if mode_limits.mode_text(old, key) == mode_limits.mode_text(new, key):
            for field, was_value, now_value in zip(fields, old_mode, new_mode):
                if was_value != now_value:
                    title = f"{key.replace('_', ' ')}, {field}"
                    found.append((title, ratio.text(was_value), ratio.text(now_value)))


def _bolus_text(bolus: tuple[int, int, tuple[int, int], int], programme: "Programme") -> str:
    amount = format_amount(bolus[2], programme.concentration_mcg_per_ml)
    return f"{amount} over {format_duration(bolus[3])}"


def _alike(keys: "Sequence[object]") -> list[tuple[int, int]]:
    """(first weekday, bit mask of weekdays) for each group of weekdays with equal keys."""
    groups: list[tuple[int, int]] = []
    for weekday, key in enumerate(keys):
        for index, (first, weekdays) in enumerate(groups):
            if keys[first] == key:
                groups[index] = (first, weekdays | 1 << weekday)
                break
        else:
            groups.append((weekday, 1 << weekday))
    return groups
