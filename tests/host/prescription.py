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


def staircase(from_ticks, volume_nl, rate, microstep_nl, start_per_s, acceleration_per_s2):
    """A prime from rest to rest: (nL/h, tick until which it holds), one after the other.

    Up in levels from the rate that the motor follows from rest, each half of that higher and as
    long as the acceleration takes for it; down in the same; between them what is left.
    """
    per_s = microstep_nl * HOUR_S
    level_ticks = TICKS_PER_S * start_per_s // (2 * acceleration_per_s2)
    levels = []
    while (following := per_s * start_per_s * (2 + len(levels)) / 2) < rate:
        climbed_nl = sum([*levels, following]) * level_ticks / (HOUR_S * TICKS_PER_S)
        if 2 * climbed_nl > volume_nl:
            rate = following
            break
        levels.append(following)
    left_nl = volume_nl - 2 * sum(levels) * level_ticks / (HOUR_S * TICKS_PER_S)
    across_ticks = math.ceil(left_nl * HOUR_S * TICKS_PER_S / rate)
    pieces = [(level, level_ticks) for level in levels]
    found = []
    for level, ticks in [*pieces, (rate, across_ticks), *reversed(pieces)]:
        from_ticks += ticks
        found.append((level, from_ticks))
    return found


def fraction(value):
    return Fraction(*value)


def next_second(ticks):
    """The first whole second at a tick or after it."""
    return -(-ticks // TICKS_PER_S)


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
    found.update(from_s for from_s, _ in programme.course)
    return {second for second in found if from_s < second < until_s}


def is_within(programme, second):
    """Whether a programme has begun and has not ended."""
    if programme.start_s is not None and second < programme.start_s:
        return False
    return programme.end_s is None or second < programme.end_s


def scheduled_rate(programme, second, boluses_from_s):
    """Basal and scheduled boluses in nL/h in a second of pump time."""
    if not is_within(programme, second):
        return Fraction(0)
    now = EPOCH + datetime.timedelta(seconds=second)
    midnight = datetime.datetime(now.year, now.month, now.day)
    passed_s = int((now - midnight).total_seconds())
    day = programme.days[programme.week[now.weekday()]]
    total = fraction([rate for start_s, rate in day if start_s <= passed_s][-1])
    begun = [factor for from_s, factor in programme.course if from_s <= second]
    if begun:
        total *= fraction(begun[-1])
    for at_s, weekdays, volume_nl, duration_s in programme.boluses:
        for begun_on in (midnight, midnight - datetime.timedelta(days=1)):
            begun = begun_on + datetime.timedelta(seconds=at_s)
            begun_s = int((begun - EPOCH).total_seconds())
            is_its_day = weekdays & 1 << begun_on.weekday()
            if is_its_day and begun_s >= boluses_from_s and 0 <= second - begun_s < duration_s:
                total += fraction(volume_nl) * HOUR_S / duration_s
    return total


class Asked:
    """A bolus that was asked for: its rate, and when it is given.

    Attributes:
        rate: nL a tick.
        times: [from tick, until tick] of each part of it.
    """

    def __init__(self, from_ticks, until_ticks, volume_nl):
        self.rate = volume_nl / (until_ticks - from_ticks)
        self.times = [[from_ticks, until_ticks]]

    def is_given(self, ticks):
        return any(begin <= ticks < end for begin, end in self.times)

    def wait(self, from_ticks, until_ticks):
        """What is left of it at a tick comes after another one."""
        begin, end = self.times[-1]
        if end <= from_ticks or begin >= until_ticks:
            return
        self.times.pop()
        if begin < from_ticks:
            self.times.append([begin, from_ticks])
        left = end - max(begin, from_ticks)
        self.times.append([until_ticks, until_ticks + left])

    def shift(self, ticks):
        self.times = [[begin + ticks, end + ticks] for begin, end in self.times]


class Cycle:
    """When the boluses of one intermittent mode begin.

    Attributes:
        first_s: when the first one begins of those to come since delivery went on.
        before_s: when the last one began before that, or None.
    """

    def __init__(self):
        self.first_s = 0
        self.before_s = None

    def begun_by(self, mode, ticks):
        """When the last one began that has given anything by a tick, or None."""
        if mode is None or self.first_s * TICKS_PER_S >= ticks:
            return self.before_s
        last_s = -(-ticks // TICKS_PER_S) - 1
        return last_s - (last_s - self.first_s) % mode.interval_s

    def interrupt(self, mode, ticks):
        self.before_s = self.begun_by(mode, ticks)

    def go_on(self, mode, ticks):
        """Delivery goes on: so long after it, and not within an interval of the last one."""
        if mode is None:
            return
        self.first_s = next_second(ticks) + mode.first_after_s
        if self.before_s is not None:
            self.first_s = max(self.first_s, self.before_s + mode.interval_s)

    def cancel(self, mode):
        """The one that runs ends; the next comes when it would have come."""
        if mode is not None and self.before_s is not None:
            self.first_s = max(self.first_s, self.before_s + mode.interval_s)

    def rate(self, mode, second):
        if mode is None or second < self.first_s:
            return Fraction(0)
        if (second - self.first_s) % mode.interval_s >= mode.duration_s:
            return Fraction(0)
        return fraction(mode.volume_nl) * HOUR_S / mode.duration_s

    def edges(self, mode, from_s, until_s):
        """Seconds in a stretch at which one begins or ends."""
        if mode is None:
            return set()
        begin_s = max(self.first_s, from_s - (from_s - self.first_s) % mode.interval_s)
        found = set()
        while begin_s < until_s:
            found.update((begin_s, begin_s + mode.duration_s))
            begin_s += mode.interval_s
        return found

    def shift(self, ticks):
        self.first_s = next_second(self.first_s * TICKS_PER_S + ticks)
        if self.before_s is not None:
            self.before_s = next_second(self.before_s * TICKS_PER_S + ticks)


class Prescription:
    """What was asked for, as a list of stretches of constant rate.

    Attributes:
        pieces: (from tick, microsteps due by then, microsteps a tick), ascending.
        boluses: Asked each.
        bridge_nl: what is left of the bridge, less than what a tick gives below 0 at its end.
        vtbi_nl: what is left of the volume to be infused, or None.
        following: (second, programme) that takes over then, or None.
    """

    def __init__(self, programme, microstep_nl, at_ticks):
        self.programme = programme
        self.microstep_nl = fraction(microstep_nl)
        self.mode = STOPPED
        self.boluses_from_s = 0
        self.boluses = []
        self.cycle = Cycle()
        self.bridge_nl = Fraction(0)
        self.vtbi_nl = None
        self._was_infused = False
        self.following = None
        self.primes = []  # (nL/h, tick until which it holds), one after the other
        self.time_ticks = at_ticks
        self.microsteps = Fraction(0)
        self.pieces = [(at_ticks, Fraction(0), Fraction(0))]

    # -- what is asked for; each holds from the tick that was advanced to ----------------------

    def start(self, mode=SCHEDULE, begins_vtbi=False):
        """Deliver the schedule, or at the minimum rate, from now on."""
        self._interrupt_cycle()
        self.mode = mode
        self._count_boluses()
        if begins_vtbi:
            self.begin_vtbi()

    def stop(self):
        """Nothing more; the rest of every bolus is cancelled."""
        self._interrupt_cycle()
        self.mode = STOPPED
        self.boluses = []

    def interrupted(self, until_ticks):
        """Nothing is given until a tick; then delivery goes on without the boluses of before."""
        mode = self.mode
        self.stop()
        self.advance(until_ticks)
        self.mode = mode
        self._count_boluses()

    def give(self, volume_nl, duration_ticks, later_ticks=0):
        """A bolus on top."""
        begin = self.time_ticks + later_ticks
        self.boluses.append(Asked(begin, begin + duration_ticks, volume_nl))

    def demand(self):
        """The demand bolus; what was asked for before waits for it."""
        mode = self.programme.demand
        until_ticks = self.time_ticks + mode.duration_s * TICKS_PER_S
        for bolus in self.boluses:
            bolus.wait(self.time_ticks, until_ticks)
        self.give(fraction(mode.volume_nl), mode.duration_s * TICKS_PER_S)

    def cancel_boluses(self):
        """The rest of every bolus is left out."""
        self.boluses = []
        self.boluses_from_s = max(self.boluses_from_s, next_second(self.time_ticks))
        self._interrupt_cycle()
        self.cycle.cancel(self.programme.intermittent)

    def begin_bridge(self):
        """The programme's bridge comes first."""
        bridge = self.programme.bridge
        self.bridge_nl = Fraction(0) if bridge is None else fraction(bridge.volume_nl)
        self._wait_for_bridge()

    def begin_vtbi(self):
        """The volume to be infused is counted from now on."""
        vtbi = self.programme.vtbi
        self.vtbi_nl = None if vtbi is None else fraction(vtbi.volume_nl)
        self._was_infused = False
        self._wait_for_bridge()

    def change(self, programme, microstep_nl=None):
        """Another programme; what is owed of a microstep is the same volume in the new ones."""
        before = self.programme
        was_bridging = self.is_bridging()
        self._interrupt_cycle()
        self.programme = programme
        if microstep_nl is not None:
            whole = math.floor(self.microsteps)
            owed_nl = (self.microsteps - whole) * self.microstep_nl
            self.microstep_nl = fraction(microstep_nl)
            self.microsteps = whole + owed_nl / self.microstep_nl
        if before.vtbi != programme.vtbi:
            vtbi = programme.vtbi
            self.vtbi_nl = None if vtbi is None else fraction(vtbi.volume_nl)
            self._was_infused = False
        if before.intermittent != programme.intermittent:
            self.cycle.go_on(programme.intermittent, self.time_ticks)
        if (
            before.bridge != programme.bridge
            or before.concentration_mcg_per_ml != programme.concentration_mcg_per_ml
        ):
            bridge = programme.bridge
            self.bridge_nl = Fraction(0) if bridge is None else fraction(bridge.volume_nl)
            if was_bridging:
                # What waited for its end begins anew.
                self._count_boluses()
        self._wait_for_bridge()

    def take_following(self):
        """The second of the programme that follows has come."""
        before = self.programme
        if before.intermittent != self.following[1].intermittent:
            self._interrupt_cycle()
        self.programme = self.following[1]
        self.following = None
        if before.intermittent != self.programme.intermittent:
            self.cycle.go_on(self.programme.intermittent, self.time_ticks)

    def set_clock(self, at_ticks, moved_ticks):
        """From a tick on, times are later by so many ticks; those of the past are told anew."""
        self.advance(at_ticks)
        self.time_ticks += moved_ticks
        self.pieces = [(ticks + moved_ticks, *rest) for ticks, *rest in self.pieces]
        for bolus in self.boluses:
            bolus.shift(moved_ticks)
        self.primes = [(rate, end_ticks + moved_ticks) for rate, end_ticks in self.primes]
        self.cycle.shift(moved_ticks)
        self.boluses_from_s = min(self.boluses_from_s, next_second(self.time_ticks))
        if self.is_bridging():
            self.boluses_from_s = max(self.boluses_from_s, next_second(self._bridge_end()))

    def _interrupt_cycle(self):
        """The intermittent bolus is not given any more; at the end of the VTBI that was noted."""
        if self.mode == SCHEDULE and not self._was_infused:
            self.cycle.interrupt(self.programme.intermittent, self.time_ticks)

    def _count_boluses(self):
        """Scheduled boluses that began before are left out, the intermittent one begins anew."""
        self.boluses_from_s = next_second(self.time_ticks)
        self.cycle.go_on(self.programme.intermittent, self.time_ticks)
        self._wait_for_bridge()

    def _wait_for_bridge(self):
        """No bolus begins while a bridge is delivered."""
        if self.is_bridging():
            end_s = next_second(self._bridge_end())
            self.boluses_from_s = max(self.boluses_from_s, end_s)
            first_s = self.cycle.first_s
            self.cycle.go_on(self.programme.intermittent, end_s * TICKS_PER_S)
            self.cycle.first_s = max(self.cycle.first_s, first_s)

    def _bridge_end(self):
        """The first tick by which the bridge has been given."""
        per_tick = fraction(self.programme.bridge.rate_nl_per_h) / (HOUR_S * TICKS_PER_S)
        return self.time_ticks + math.ceil(self.bridge_nl / per_tick)

    # -- integrating ----------------------------------------------------------------------------

    def rate(self):
        """nL/h that are asked for from now on."""
        ticks = self.time_ticks
        second = ticks // TICKS_PER_S
        if self.mode == STOPPED:
            return Fraction(0)
        if self.mode == PRIME:
            return next((rate for rate, end_ticks in self.primes if ticks < end_ticks), Fraction(0))
        if self.mode == MINIMUM:
            total = fraction(self.programme.minimum_rate_nl_per_h)
        elif self.bridge_nl > 0:
            return fraction(self.programme.bridge.rate_nl_per_h)
        else:
            total = scheduled_rate(self.programme, second, self.boluses_from_s)
            if is_within(self.programme, second):
                total += self.cycle.rate(self.programme.intermittent, second)
        for bolus in self.boluses:
            if bolus.is_given(ticks):
                total += bolus.rate * HOUR_S * TICKS_PER_S
        return total

    def is_infused(self):
        """Whether something else has taken the place of schedule and boluses."""
        if self.mode != SCHEDULE or self.vtbi_nl is None:
            return False
        if self.programme.vtbi.then == "continue":
            return False
        per_tick = self.rate() / (HOUR_S * TICKS_PER_S)
        if 0 < self.vtbi_nl < per_tick:
            # Less than a tick's worth is not given any more.
            self.vtbi_nl = Fraction(0)
        return self.vtbi_nl <= 0

    def is_bridging(self):
        """Whether the bridge is being given."""
        return self.mode == SCHEDULE and self.bridge_nl > 0 and not self.is_infused()

    def _edges(self, to_ticks):
        """Ticks up to one at which anything may change by the calendar or by what was asked."""
        from_s, until_s = self.time_ticks // TICKS_PER_S, to_ticks // TICKS_PER_S + 1
        seconds = moments(self.programme, from_s, until_s)
        seconds |= self.cycle.edges(self.programme.intermittent, from_s, until_s)
        if self.following is not None:
            seconds.add(self.following[0])
        edges = {second * TICKS_PER_S for second in seconds}
        for bolus in self.boluses:
            for times in bolus.times:
                edges.update(times)
        edges.update((to_ticks, *[end_ticks for _, end_ticks in self.primes]))
        return sorted(edge for edge in edges if self.time_ticks < edge <= to_ticks)

    def advance(self, to_ticks):
        """Integrate up to a tick; one before the last is there already."""
        if self.following is not None and to_ticks >= self.following[0] * TICKS_PER_S:
            self._advance(max(self.following[0] * TICKS_PER_S, self.time_ticks))
            self.take_following()
        self._advance(to_ticks)

    def _advance(self, to_ticks):
        for edge in self._edges(to_ticks):
            while self.time_ticks < edge:
                self._give_until(edge)

    def _give_until(self, edge):
        """Give at one rate, until something is used up or a tick is reached."""
        rate = self.rate()
        is_bridging = self.is_bridging()
        if self.is_infused():
            self._interrupt_cycle()
            self._was_infused = True
            vtbi = self.programme.vtbi
            rate = fraction(vtbi.kvo_rate_nl_per_h) if vtbi.then == "kvo" else Fraction(0)
        else:
            if is_bridging:
                edge = min(edge, self._bridge_end())
            if self.mode == SCHEDULE and self.vtbi_nl is not None and rate:
                per_tick = rate / (HOUR_S * TICKS_PER_S)
                if self.programme.vtbi.then != "continue":
                    edge = min(edge, self.time_ticks + math.floor(self.vtbi_nl / per_tick))
        ticks = edge - self.time_ticks
        given_nl = rate * ticks / (HOUR_S * TICKS_PER_S)
        self.pieces.append((self.time_ticks, self.microsteps, given_nl / self.microstep_nl / ticks))
        self.microsteps += given_nl / self.microstep_nl
        if is_bridging:
            self.bridge_nl -= given_nl
        if self.vtbi_nl is not None:
            self.vtbi_nl = max(Fraction(0), self.vtbi_nl - given_nl)
        self.time_ticks = edge

    def instants(self):
        """The exact tick, a fraction, of every whole microstep due up to now, in order."""
        ends = [*[piece[0] for piece in self.pieces[1:]], self.time_ticks]
        for (from_ticks, before, per_tick), end in zip(self.pieces, ends, strict=True):
            if not per_tick:
                continue
            after = before + per_tick * (end - from_ticks)
            for number in range(math.floor(before) + 1, math.floor(after) + 1):
                yield from_ticks + (number - before) / per_tick
