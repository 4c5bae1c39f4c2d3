"""The accuracy figures of IEC 60601-2-24, in exact ratios.

Clause 50.102 of edition 1 has the figures for volumetric and syringe pumps, 50.104 those for
ambulatory pumps: start-up curve, trumpet curve, mean error A, and the error of 25 boluses.
Edition 2 (2012) has the same figures but leaves the sample interval blank, an editing accident;
edition 1 has 0.5 min and AAMI ID26 10 s, so here it is a parameter.

The words are Titrate's own; the text of the standard is not reproduced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from pump.core.errors import OutOfRange
from titrate.accuracy.record import LogRecord, Record

MINUTE_S = 60
HOUR_S = 3600
BOLUSES = 25


@dataclass(frozen=True)
class Method:
    """How a record is sampled and judged.

    Attributes:
        name: as told to a person.
        sample_s: S, time between two samples.
        windows_s: P, the observation windows, each a whole number of S.
        settle_s: from the start to the analysis period; the start-up curve shows it.
        analysis_s: length of the analysis period; None is up to the end of the record.
    """

    name: str
    sample_s: Fraction
    windows_s: tuple[int, ...]
    settle_s: int
    analysis_s: int | None


STANDARD = Method(
    "IEC 60601-2-24 ed. 1, 50.102 (volumetric and syringe pumps)",
    Fraction(30),
    tuple(minutes * MINUTE_S for minutes in (2, 5, 11, 19, 31)),
    HOUR_S,
    HOUR_S,
)
AMBULATORY = Method(
    "IEC 60601-2-24 ed. 1, 50.104 (ambulatory pumps)",
    Fraction(15 * MINUTE_S),
    tuple(minutes * MINUTE_S for minutes in (15, 60, 150, 330, 570, 930)),
    24 * HOUR_S,
    None,
)
METHODS = {"standard": STANDARD, "ambulatory": AMBULATORY}


@dataclass(frozen=True)
class TrumpetPoint:
    """The extremes of one observation window, in percent of the set rate."""

    window_s: int
    max_percent: Fraction
    min_percent: Fraction


@dataclass(frozen=True)
class Measurement:
    """What a record amounts to.

    Attributes:
        method: what it was judged by.
        rate_nl_per_h: the set rate.
        start_s: the record's time at which the pump was started.
        flow_nl_per_h: Q of each sample interval from the start: the start-up curve.
        mean_error_percent: A, over the analysis period.
        trumpet: the extremes of each window.
        analysis_s: length of the analysis period.
        interpolated: samples that fell between two readings.
    """

    method: Method
    rate_nl_per_h: Fraction
    start_s: Fraction
    flow_nl_per_h: tuple[Fraction, ...]
    mean_error_percent: Fraction
    trumpet: tuple[TrumpetPoint, ...]
    analysis_s: Fraction
    interpolated: int


@dataclass(frozen=True)
class BolusAccuracy:
    """The error of repeated boluses, each in percent of the set volume.

    Attributes:
        set_nl: the set volume.
        delivered_nl: of each bolus.
        mean_percent, max_percent, min_percent: of the errors.
    """

    set_nl: Fraction
    delivered_nl: tuple[Fraction, ...]
    mean_percent: Fraction
    max_percent: Fraction
    min_percent: Fraction


def measure(
    record: Record,
    rate_nl_per_h: Fraction,
    method: Method = STANDARD,
    start_s: Fraction | None = None,
) -> Measurement:
    """Sample a record and work out its figures.

    Args:
        record: volume over time.
        rate_nl_per_h: the set rate, above 0.
        method: sample interval, windows and periods.
        start_s: the record's time at which the pump was started; None is the record's start.

    Raises:
        OutOfRange: the record is too short, or a window is no whole number of sample intervals
            or longer than the analysis period.
    """
    if rate_nl_per_h <= 0:
        raise OutOfRange("the set rate is 0: errors are told as a part of it, so name one above 0")
    begin_s = record.start_s if start_s is None else start_s
    method = _fitting(method, record, begin_s)
    assert method.analysis_s is not None
    settled = _whole_samples(method, method.settle_s, "the time until the analysis period")
    count = settled + _whole_samples(method, method.analysis_s, "the analysis period")
    times_s = [begin_s + n * method.sample_s for n in range(count + 1)]
    volumes_nl = [record.volume_nl(t_s) for t_s in times_s]
    analysed_nl = volumes_nl[settled:]
    interpolated = 0
    if isinstance(record, LogRecord):
        interpolated = sum(not record.is_reading(t_s) for t_s in times_s)
    return Measurement(
        method,
        rate_nl_per_h,
        begin_s,
        tuple(flow_nl_per_h(volumes_nl, method.sample_s)),
        mean_error_percent(analysed_nl, method.sample_s, rate_nl_per_h),
        tuple(trumpet(analysed_nl, method, rate_nl_per_h)),
        Fraction(method.analysis_s),
        interpolated,
    )


def flow_nl_per_h(volumes_nl: Sequence[Fraction], sample_s: Fraction) -> list[Fraction]:
    """Q of each sample interval: what came in it over its length."""
    return [
        (after - before) * HOUR_S / sample_s
        for before, after in zip(volumes_nl, volumes_nl[1:], strict=False)
    ]


def mean_error_percent(
    volumes_nl: Sequence[Fraction], sample_s: Fraction, rate_nl_per_h: Fraction
) -> Fraction:
    """A = 100 (Q - r) / r, where Q is the mean flow between the first and the last sample."""
    duration_s = (len(volumes_nl) - 1) * sample_s
    mean_nl_per_h = (volumes_nl[-1] - volumes_nl[0]) * HOUR_S / duration_s
    return 100 * (mean_nl_per_h - rate_nl_per_h) / rate_nl_per_h


def trumpet(
    volumes_nl: Sequence[Fraction], method: Method, rate_nl_per_h: Fraction
) -> list[TrumpetPoint]:
    """The largest and the smallest mean error over any window of each length.

    For a window P of k = P / S intervals, of which m = (T - P) / S + 1 fit the analysis period
    T, E(j) = S / P * sum of 100 (Q_i - r) / r over i = j .. j + k - 1, and Ep(max) and Ep(min)
    are the extremes over j = 1 .. m. The sum of Q_i * S telescopes to the volume between the
    window's ends, which is how it is worked out here.
    """
    points = []
    for window_s in method.windows_s:
        width = _whole_samples(method, window_s, "an observation window")
        set_nl = rate_nl_per_h * window_s / HOUR_S
        moved_nl = [
            after - before for before, after in zip(volumes_nl, volumes_nl[width:], strict=False)
        ]
        points.append(
            TrumpetPoint(
                window_s,
                100 * (max(moved_nl) - set_nl) / set_nl,
                100 * (min(moved_nl) - set_nl) / set_nl,
            )
        )
    return points


def bolus_accuracy(volumes_nl: Sequence[Fraction], set_nl: Fraction) -> BolusAccuracy:
    """The errors of successive boluses, from the volume before the first and after each.

    The standard takes 25, at the smallest and at the largest setting.

    Args:
        volumes_nl: delivered in total: before the first bolus, and after each one.
        set_nl: the set volume of each, above 0.

    Raises:
        OutOfRange: fewer than two readings, or the set volume is 0.
    """
    if set_nl <= 0:
        raise OutOfRange("the set bolus is 0: errors are told as a part of it, so name one above 0")
    if len(volumes_nl) < 2:
        raise OutOfRange("there is no bolus: readings before the first and after each are needed")
    delivered = [after - before for before, after in zip(volumes_nl, volumes_nl[1:], strict=False)]
    errors = [100 * (volume_nl - set_nl) / set_nl for volume_nl in delivered]
    return BolusAccuracy(
        set_nl, tuple(delivered), sum(errors, Fraction()) / len(errors), max(errors), min(errors)
    )


def boluses_in(
    record: Record,
    first_s: Fraction,
    every_s: Fraction,
    count: int,
    basal_nl_per_h: Fraction = Fraction(0),
) -> list[Fraction]:
    """Volumes before the first bolus and after each, without the basal delivery between them.

    Args:
        record: volume over time.
        first_s: the record's time of the reading before the first bolus.
        every_s: from one reading to the next; a bolus has ended by then.
        count: number of boluses.
        basal_nl_per_h: what is delivered besides.

    Raises:
        OutOfRange: the record is too short.
    """
    last_s = first_s + count * every_s
    if first_s < record.start_s or last_s > record.end_s:
        raise OutOfRange(
            f"{count} boluses take from {_minutes(first_s - record.start_s)} to "
            f"{_minutes(last_s - record.start_s)} of a record of "
            f"{_minutes(record.end_s - record.start_s)}: name fewer, or record longer"
        )
    return [
        record.volume_nl(first_s + n * every_s) - basal_nl_per_h * n * every_s / HOUR_S
        for n in range(count + 1)
    ]


def _fitting(method: Method, record: Record, begin_s: Fraction) -> Method:
    """The method with the length of its analysis period, which the record must have."""
    if begin_s < record.start_s:
        raise OutOfRange(
            f"the record begins {_minutes(record.start_s - begin_s)} after the start that was "
            "named: name a later one"
        )
    if not 0 < method.sample_s:
        raise OutOfRange("the sample interval is 0: name one above 0")
    left_s = record.end_s - begin_s - method.settle_s
    longest_s = max(method.windows_s)
    if method.analysis_s is None:
        method = replace(method, analysis_s=int(left_s // method.sample_s * method.sample_s))
        needed_s = longest_s
    else:
        needed_s = method.analysis_s
    assert method.analysis_s is not None
    if left_s < needed_s:
        raise OutOfRange(
            f"the record lasts {_minutes(record.end_s - begin_s)} from the start: "
            f"{_minutes(Fraction(method.settle_s))} until the analysis and "
            f"{_minutes(Fraction(needed_s))} of it are needed; record longer, or name shorter ones"
        )
    if method.analysis_s < longest_s:
        raise OutOfRange(
            f"a window of {_minutes(Fraction(longest_s))} is longer than the analysis period of "
            f"{_minutes(Fraction(method.analysis_s))}: analyse longer, or leave the window out"
        )
    return method


def _whole_samples(method: Method, duration_s: int, title: str) -> int:
    count = duration_s / method.sample_s
    if count.denominator != 1:
        raise OutOfRange(
            f"{title} of {_minutes(Fraction(duration_s))} is no whole number of sample intervals "
            f"of {_minutes(method.sample_s)}: choose an interval that divides it"
        )
    return int(count)


def _minutes(duration_s: Fraction) -> str:
    return f"{float(duration_s / MINUTE_S):.6g} min"
