"""The prescription as a person would integrate it: fractions over the calendar, nothing shared
with pump.core but the programme's plain data."""

import datetime
import math
from fractions import Fraction

TICKS_PER_S = 125_000_000
DAY_S = 86_400
HOUR_S = 3600
EPOCH = datetime.datetime(2000, 1, 1)

STOPPED, SCHEDULE, MINIMUM, PRIME = "stopped", "schedule", "minimum", "prime"


def fraction(value):
    return Fraction(*value)


def moments(programme, from_s, until_s):
    """Every second in a stretch at which a programme may change its rate."""
    found = set()
    day = from_s // DAY_S - 1
    while day * DAY_S <= until_s:
        midnight_s = day * DAY_S
        found.add(midnight_s)
        for schedule in programme.days:
            found.update(midnight_s + start_s for start_s, _ in schedule)
        for at_s, _, _, duration_s in programme.boluses:
            found.update((midnight_s + at_s, midnight_s + at_s + duration_s))
        day += 1
    found.update(edge_s for edge_s in (programme.start_s, programme.end_s) if edge_s is not None)
    return {second for second in found if from_s < second < until_s}


def scheduled_rate(programme, second, boluses_from_s):
    """Basal and scheduled boluses in nL/h in a second of pump time."""
    if programme.start_s is not None and second < programme.start_s:
        return Fraction(0)
    if programme.end_s is not None and second >= programme.end_s:
        return Fraction(0)
    now = EPOCH + datetime.timedelta(seconds=second)
    midnight = datetime.datetime(now.year, now.month, now.day)
    passed_s = int((now - midnight).total_seconds())
    day = programme.days[programme.week[now.weekday()]]
    total = fraction([rate for start_s, rate in day if start_s <= passed_s][-1])
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        for begun_on in (midnight, midnight - datetime.timedelta(days=1)):
            begun = begun_on + datetime.timedelta(seconds=at_s)
            begun_s = int((begun - EPOCH).total_seconds())
            is_its_day = weekdays & 1 << begun_on.weekday()
            if is_its_day and begun_s >= boluses_from_s and 0 <= second - begun_s < duration_s:
                total += fraction(volume_nl) * HOUR_S / duration_s
    return total


class Prescription:
    """What was asked for, as a list of stretches of constant rate.

    Attributes:
        pieces: (from tick, microsteps due by then, microsteps a tick), ascending.
    """

    def __init__(self, programme, microstep_nl, at_ticks):
        self.programme = programme
        self.microstep_nl = fraction(microstep_nl)
        self.mode = STOPPED
        self.boluses_from_s = 0
        # (from tick, until tick, nL) of the boluses asked for.
        self.boluses = []
        self.prime = (Fraction(0), 0)
        self.time_ticks = at_ticks
        self.microsteps = Fraction(0)
        self.pieces = [(at_ticks, Fraction(0), Fraction(0))]

    def rate(self, ticks):
        """nL/h that are asked for from a tick on."""
        if self.mode == STOPPED:
            return Fraction(0)
        if self.mode == PRIME:
            return self.prime[0] if ticks < self.prime[1] else Fraction(0)
        if self.mode == MINIMUM:
            total = fraction(self.programme.minimum_rate_nl_per_h)
        else:
            total = scheduled_rate(self.programme, ticks // TICKS_PER_S, self.boluses_from_s)
        for from_ticks, until_ticks, volume_nl in self.boluses:
            if from_ticks <= ticks < until_ticks:
                total += volume_nl * HOUR_S * TICKS_PER_S / (until_ticks - from_ticks)
        return total

    def advance(self, to_ticks):
        """Integrate up to a tick; one before the last is there already."""
        if to_ticks <= self.time_ticks:
            return
        edges = {self.time_ticks}
        for second in moments(
            self.programme, self.time_ticks // TICKS_PER_S, to_ticks // TICKS_PER_S + 1
        ):
            edges.add(second * TICKS_PER_S)
        for from_ticks, until_ticks, _ in self.boluses:
            edges.update((from_ticks, until_ticks))
        edges.add(self.prime[1])
        ordered = sorted(edge for edge in edges if self.time_ticks <= edge < to_ticks)
        for edge, following in zip(ordered, [*ordered[1:], to_ticks], strict=True):
            per_tick = self.rate(edge) / (HOUR_S * TICKS_PER_S) / self.microstep_nl
            self.pieces.append((edge, self.microsteps, per_tick))
            self.microsteps += per_tick * (following - edge)
        self.time_ticks = to_ticks

    def set_clock(self, at_ticks, moved_ticks):
        """From a tick on, times are later by so many ticks; those of the past are told anew."""
        self.advance(at_ticks)
        self.time_ticks += moved_ticks
        self.pieces = [(ticks + moved_ticks, *rest) for ticks, *rest in self.pieces]
        self.boluses = [(a + moved_ticks, b + moved_ticks, nl) for a, b, nl in self.boluses]
        self.boluses_from_s = min(self.boluses_from_s, -(-self.time_ticks // TICKS_PER_S))

    def instants(self):
        """The exact tick, a fraction, of every whole microstep due up to now, in order."""
        ends = [*[piece[0] for piece in self.pieces[1:]], self.time_ticks]
        for (from_ticks, before, per_tick), end in zip(self.pieces, ends, strict=True):
            if not per_tick:
                continue
            after = before + per_tick * (end - from_ticks)
            for number in range(math.floor(before) + 1, math.floor(after) + 1):
                yield from_ticks + (number - before) / per_tick
