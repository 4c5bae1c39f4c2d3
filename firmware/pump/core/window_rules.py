"""A programme's dose window: the most in any time of a length, whatever is asked for in it.

Judged is what a window may hold at the most: the boluses that were asked for, those that come by
themselves, and a full window of the highest basal rate that was or will be in force in it. To count
what basal was delivered is proven wrong (ICLP 2024, DOI 10.1017/S1471068424000280): it goes on.
"""

from pump.core import ratio
from pump.core.dose_history import amount, mark
from pump.core.errors import OutOfRange
from pump.core.feeder import CHANGE_WITHIN_S
from pump.core.mode_limits import boluses_in_window_nl, window_rate_nl_per_h
from pump.core.schedule import HOUR_S


def check(programme, history, now_s: int, is_known: bool, volume_nl, others=()) -> None:
    """Refuse a bolus, or a programme, that goes beyond the programme's dose window.

    A window in which it is given may begin as far back as it is long: it counts every bolus that
    ended within that, and every programme that was in force.

    Args:
        programme: whose dose window it is.
        history: the DoseHistory.
        now_s, is_known: pump time, and whether it can be trusted.
        volume_nl: ratio, the bolus; 0 for a programme.
        others: the programmes in force just before or after it; None where no programme of
            before counts.

    Raises:
        OutOfRange: with the limit.
    """
    window = programme.dose_window
    if window is None:
        return
    concentration = programme.concentration_mcg_per_ml
    from_s = now_s - window.length_s - CHANGE_WITHIN_S
    total = amount(volume_nl, concentration)
    for volume in history.requested(programme.drug, from_s, is_known):
        total = ratio.add(total, volume)
    total = ratio.add(
        total, amount(boluses_in_window_nl(programme, window.length_s), concentration)
    )
    peak = amount(window_rate_nl_per_h(programme), concentration)
    marks = [mark(programme)]
    for other in others or ():
        peak = ratio.higher(
            peak, amount(window_rate_nl_per_h(other), other.concentration_mcg_per_ml)
        )
        marks.append(mark(other))
        if not _same_boluses(programme, other):
            boluses_nl = boluses_in_window_nl(other, window.length_s)
            total = ratio.add(total, amount(boluses_nl, other.concentration_mcg_per_ml))
    if others is not None:
        for dose in history.in_force_since(programme.drug, from_s, is_known):
            peak = ratio.higher(peak, amount(dose.peak_nl_per_h, dose.concentration))
            if dose.mark not in marks:
                total = ratio.add(total, amount(dose.boluses_nl, dose.concentration))
    total = ratio.add(total, ratio.scale(peak, window.length_s, HOUR_S))
    if ratio.compare(total, amount(window.max_nl, concentration)) > 0:
        _refuse(programme, ratio.divide(total, amount(ratio.ONE, concentration)))


def counted_before(before, programme):
    """The others of check() for a programme that takes the place of another one, or None.

    What was in force before counts where it had a dose window as well, unless the new one asks
    for no more than it at any time: then no window holds more than one of before might have held.
    """
    if before is None or before.dose_window is None or before.drug != programme.drug:
        return None
    rate = amount(window_rate_nl_per_h(programme), programme.concentration_mcg_per_ml)
    rate_before = amount(window_rate_nl_per_h(before), before.concentration_mcg_per_ml)
    has_no_boluses = programme.intermittent is None and not programme.boluses
    is_less = ratio.compare(rate, rate_before) <= 0
    if (
        is_less
        and before.dose_window == programme.dose_window
        and (has_no_boluses or _same_boluses(before, programme))
    ):
        return None
    return (before,)


def _same_boluses(one, other) -> bool:
    return (
        one.boluses == other.boluses
        and one.intermittent == other.intermittent
        and one.concentration_mcg_per_ml == other.concentration_mcg_per_ml
    )


def _refuse(programme, total_nl) -> None:
    from pump.core.quantity import format_amount, format_duration

    concentration = programme.concentration_mcg_per_ml
    window = programme.dose_window
    raise OutOfRange(
        "with what was programmed and the boluses that were asked for any "
        + format_duration(window.length_s)
        + " could hold "
        + format_amount(total_nl, concentration)
        + ", above the limit of "
        + format_amount(window.max_nl, concentration)
        + "; wait until they are further back, or ask for less",
        "dose_limit",
    )
