"""What is being delivered: programme, boluses on top, pauses; and the steps due by any time.

The prescription is a volume V(t), piecewise linear in time. Held here are an
anchor (a time in ticks), the whole microsteps that were due by it and the exact
remainder of a microstep. Steps due by t are the whole part of V(t) over the
volume of a microstep; moving the anchor anywhere changes nothing about them.
"""

from pump.core import ratio, schedule, totals
from pump.core.compat import const
from pump.core.modes import THEN_CONTINUE, THEN_KVO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.prime_ramp import PrimeRamp
    from pump.core.programme import Programme

TICKS_PER_S = const(125000000)  # 8 ns: one cycle of the RP2040 at 125 MHz
TICKS_PER_MS = const(125000)
TICKS_PER_US = const(125)

MODE_STOPPED = const(0)
MODE_SCHEDULE = const(1)
MODE_MINIMUM = const(2)
MODE_PRIME = const(3)

_SECONDS_PER_HOUR = const(3600)
# So many changes ahead the end of the volume to be infused is looked for among boluses.
_CHANGES_AHEAD = const(30)
# What is made ready begins less than this after the change that comes next.
_READY_AHEAD_TICKS = const(2500000000)  # 20 s


class Bolus:
    """A bolus that was asked for, delivered evenly on top of the basal rate.

    Attributes:
        request_id: the request that asked for it.
        volume_nl: ratio, the whole of it.
        start_ticks, end_ticks: pump time in ticks; what is left of it is delivered between them.
        duration_ticks: how long the whole of it takes.
    """

    def __init__(
        self, request_id: str, volume_nl, start_ticks: int, end_ticks: int, duration_ticks: int = 0
    ):
        self.request_id = request_id
        self.volume_nl = volume_nl
        self.start_ticks = start_ticks
        self.end_ticks = end_ticks
        self.duration_ticks = duration_ticks or end_ticks - start_ticks

    def rest_nl(self, at_ticks: int):
        """How much of it is still to be asked for from a time on, a ratio in nL."""
        left_ticks = self.end_ticks - min(max(at_ticks, self.start_ticks), self.end_ticks)
        return ratio.scale(self.volume_nl, left_ticks, self.duration_ticks)

    def hold_back(self, from_ticks: int, until_ticks: int) -> None:
        """Leave out a time; its rate stays the same."""
        if from_ticks < self.end_ticks and self.start_ticks < until_ticks:
            left_ticks = self.end_ticks - max(from_ticks, self.start_ticks)
            self.start_ticks = until_ticks
            self.end_ticks = until_ticks + left_ticks

    def rate_nl_per_h(self):
        """Its rate: volume over duration, a ratio in nL/h."""
        return ratio.scale(self.volume_nl, _SECONDS_PER_HOUR * TICKS_PER_S, self.duration_ticks)

    def delivered_nl(self, at_ticks: int):
        """How much of it the prescription has asked for by a time, a ratio in nL."""
        return ratio.subtract(self.volume_nl, self.rest_nl(at_ticks))


class Delivery:
    """The prescription in force and how far it has been asked for.

    Args:
        programme: the Programme.
        microstep_nl: ratio, volume of one microstep in nL.
        at_ticks: pump time of the first anchor.

    Attributes:
        steps: whole microsteps due by the anchor since this object was made.
        remainder: ratio, part of a microstep carried at the anchor, 0 <= remainder < 1.
        mode: MODE_...
        boluses_from_s: scheduled boluses that begin before are left out.
        repeated_until_s: no scheduled bolus begins before: the clock was set back and shows a
            time again in which one was given.
        cycle_from_s: from when the intermittent bolus is counted.
        cycle_begun_s: when the last intermittent bolus began before delivery was interrupted, or
            None: the next one does not begin within an interval of it.
        bridge_left_nl: ratio, what is left of the programme's bridge while nothing is delivered.
        bridge_end_ticks: until when the bridge is delivered, or None.
        vtbi_at: ratio, the microsteps by which the volume to be infused will have been
            delivered, counted as steps; or None.
        vtbi_end_ticks: when that will be; None when it is not to be, or not soon.
        following: (from_s, Programme) that takes the programme's place at a time, or None.
    """

    def __init__(self, programme, microstep_nl, at_ticks: int):
        self.programme = programme
        self.microstep_nl = microstep_nl
        self.anchor_ticks = at_ticks
        self.steps = 0
        self.remainder = ratio.ZERO
        self.mode = MODE_STOPPED
        self.clock_known = True
        self.boluses_from_s = 0
        self.repeated_until_s = 0
        self.cycle_from_s = 0
        self.cycle_begun_s: int | None = None
        self.boluses: list[Bolus] = []
        self.prime_rate_nl_per_h = ratio.ZERO
        self.prime_end_ticks = 0
        self.prime_ramp: PrimeRamp | None = None
        self.bridge_left_nl = ratio.ZERO
        self.bridge_end_ticks: int | None = None
        self.vtbi_at: tuple[int, int] | None = None
        self.vtbi_end_ticks: int | None = None
        self._seeks_vtbi_end = False
        self._seeks_further = False
        self._gone_on_from_s = 0
        self.following: tuple[int, Programme] | None = None

    def rate_at(self, at_ticks: int):
        """Total rate in nL/h asked for at a time not before the anchor."""
        return self.segment_at(at_ticks)[0]

    def next_change_after(self, at_ticks: int):
        """When the rate may next change, in ticks, or None when nothing is to come."""
        return self.segment_at(at_ticks)[1]

    def segment_at(self, at_ticks: int):
        """(rate in nL/h, tick of its next change or None) that holds from a tick on."""
        mode = self.mode
        if mode == MODE_STOPPED:
            return ratio.ZERO, None
        if mode == MODE_PRIME:
            if at_ticks < self.prime_end_ticks:
                if self.prime_ramp is not None:
                    return self.prime_ramp.at(at_ticks)
                return self.prime_rate_nl_per_h, self.prime_end_ticks
            return ratio.ZERO, None
        if mode == MODE_SCHEDULE:
            if self._is_infused(at_ticks):
                return self._rate_after_vtbi(), at_ticks + schedule.WEEK_S * TICKS_PER_S
            if self.bridge_end_ticks is not None and at_ticks < self.bridge_end_ticks:
                return self._until_vtbi(
                    at_ticks, self.programme.bridge.rate_nl_per_h, self.bridge_end_ticks
                )
        at_s = at_ticks // TICKS_PER_S
        programme = self.programme_at(at_s)
        if mode == MODE_MINIMUM:
            rate_nl_per_h = programme.minimum_rate_nl_per_h
            end_ticks = (at_s + schedule.WEEK_S) * TICKS_PER_S
        elif not self.follows_clock():
            rate_nl_per_h = schedule.lowest_basal_rate(programme, at_s)
            end_ticks = schedule.next_change_after(programme, at_s) * TICKS_PER_S
        else:
            cycle_from_s = self.cycle_from_at(at_s)
            rate_nl_per_h = schedule.rate_at(programme, at_s, self.boluses_from_s, cycle_from_s)
            end_ticks = schedule.next_change_after(programme, at_s, cycle_from_s) * TICKS_PER_S
        if self.following is not None and at_s < self.following[0]:
            end_ticks = min(end_ticks, self.following[0] * TICKS_PER_S)
        for bolus in self.boluses:
            if at_ticks < bolus.start_ticks:
                end_ticks = min(end_ticks, bolus.start_ticks)
            elif at_ticks < bolus.end_ticks:
                rate_nl_per_h = ratio.add(rate_nl_per_h, bolus.rate_nl_per_h())
                end_ticks = min(end_ticks, bolus.end_ticks)
        if mode == MODE_SCHEDULE:
            return self._until_vtbi(at_ticks, rate_nl_per_h, end_ticks)
        return rate_nl_per_h, end_ticks

    def programme_at(self, at_s: int):
        """The Programme that holds at a time."""
        if self.following is not None and at_s >= self.following[0]:
            return self.following[1]
        return self.programme

    def cycle_from_at(self, at_s: int) -> int:
        """From when the intermittent bolus that holds at a time is counted."""
        if self.following is not None and at_s >= self.following[0]:
            switch_s, programme = self.following
            if programme.intermittent != self.programme.intermittent:
                # Not before delivery went on, where the switch lies in an interruption.
                from_s = max(switch_s, self._gone_on_from_s)
                return _cycle_from(programme, from_s, self._cycle_begun(switch_s - 1))
        return self.cycle_from_s

    def cycle_if_started(self, at_s: int) -> int:
        """From when the intermittent bolus would be counted if delivery began at a time."""
        return _cycle_from(self.programme, at_s, self.cycle_begun_s)

    def _cycle_begun(self, at_s: int):
        """When the last intermittent bolus began, by a time until which delivery went on."""
        begun_s = None
        mode = self.programme_at(at_s).intermittent
        is_given = self.mode == MODE_SCHEDULE and not self._is_infused(self.anchor_ticks - 1)
        if mode is not None and is_given:
            begun_s = schedule.cycle_start(mode, at_s, self.cycle_from_at(at_s))
        if begun_s is not None:
            return begun_s
        if self.following is not None and at_s >= self.following[0]:
            return self._cycle_begun(self.following[0] - 1)
        return self.cycle_begun_s

    def _note_cycle(self) -> None:
        """Keep when the last intermittent bolus began, as delivery is interrupted at the anchor."""
        self.cycle_begun_s = self._cycle_begun((self.anchor_ticks - 1) // TICKS_PER_S)

    def take_following(self) -> None:
        """The programme whose time has come is the one in force."""
        assert self.following is not None
        switch_s, programme = self.following
        if self.anchor_ticks < switch_s * TICKS_PER_S:
            self.advance(switch_s * TICKS_PER_S)
        if programme.intermittent != self.programme.intermittent:
            cycle_from_s = self.cycle_from_at(switch_s)
            self.cycle_begun_s = self._cycle_begun(switch_s - 1)
            self.cycle_from_s = cycle_from_s
        self.programme = programme
        self.following = None

    # -- volume to be infused --------------------------------------------------------------

    def begin_vtbi(self) -> None:
        """Count the programme's volume to be infused from the anchor on; a bridge goes on."""
        self.vtbi_at = None
        vtbi = self.programme.vtbi
        if vtbi is not None:
            steps = ratio.divide(vtbi.volume_nl, self.microstep_nl)
            self.vtbi_at = ratio.add((self.steps, 1), ratio.add(self.remainder, steps))
        if self.bridge_left_nl[0]:
            self._go_on_with_bridge()
        self.find_vtbi_end()

    def vtbi_left(self):
        """What is left of it at the anchor, a ratio in microsteps, 0 or more; None without one."""
        if self.vtbi_at is None:
            return None
        left = ratio.subtract(self.vtbi_at, ratio.add((self.steps, 1), self.remainder))
        return left if left[0] > 0 else ratio.ZERO

    def find_vtbi_end(self) -> None:
        """Work out anew when it will have been delivered, if that is soon.

        At that tick nothing more than the volume has been asked for, and no less than what
        the rate gives in one tick of 8 ns. It is looked for as far ahead as steps are made
        ready before the next change, and no further: a change waits for this.
        """
        self.vtbi_end_ticks = None
        self._seeks_vtbi_end = self._seeks_further = False
        left = self.vtbi_left()
        if left is None or self.mode != MODE_SCHEDULE:
            return
        if not left[0]:
            self.vtbi_end_ticks = self.anchor_ticks
            return
        self._seeks_vtbi_end = self._seeks_further = True
        self._look_for_vtbi_end(left, False)

    def seek_vtbi_end(self) -> None:
        """Look for it further ahead, once after each change; this takes longer."""
        if self._seeks_further:
            self._seeks_further = False
            self._look_for_vtbi_end(self.vtbi_left(), True)

    def _look_for_vtbi_end(self, left, is_far: bool) -> None:
        """Walk from change to change; where the schedule alone is to come, count.

        Args:
            left: ratio, microsteps to go from the anchor on.
            is_far: whether as far as it can be found.
        """
        time_ticks = self.anchor_ticks
        until_ticks = None
        for _ in range(_CHANGES_AHEAD):
            if is_far and self._is_schedule_from(time_ticks):
                self._settle_vtbi_end(self._end_on_schedule(time_ticks, left))
                return
            rate_nl_per_h, end_ticks = self.segment_at(time_ticks)
            if rate_nl_per_h[0]:
                ticks = ratio.floor(ratio.divide(left, self.microsteps_in(rate_nl_per_h, 1)))
                if time_ticks + ticks <= end_ticks:
                    self._settle_vtbi_end(time_ticks + ticks)
                    return
                asked = self.microsteps_in(rate_nl_per_h, end_ticks - time_ticks)
                left = ratio.subtract(left, asked)
            time_ticks = end_ticks
            if until_ticks is None:
                until_ticks = end_ticks + _READY_AHEAD_TICKS
            if not is_far and time_ticks > until_ticks:
                return

    def _settle_vtbi_end(self, end_ticks) -> None:
        """It is known when it will be: never, for None."""
        self.vtbi_end_ticks = end_ticks
        self._seeks_vtbi_end = self._seeks_further = False

    def _is_schedule_from(self, at_ticks: int) -> bool:
        """Whether nothing but one programme's schedule is to come from a time on."""
        if not self.follows_clock() or (self.bridge_end_ticks or 0) > at_ticks:
            return False
        if self.following is not None and at_ticks < self.following[0] * TICKS_PER_S:
            return False
        for bolus in self.boluses:
            if bolus.end_ticks > at_ticks:
                return False
        return True

    def _end_on_schedule(self, at_ticks: int, left):
        """When the schedule will have asked for so many microsteps, a ratio, since a time."""
        at_s = at_ticks // TICKS_PER_S
        programme = self.programme_at(at_s)
        boluses_from_s = self.boluses_from_s
        cycle_from_s = self.cycle_from_at(at_s)
        sums = totals.Totals(programme, boluses_from_s, cycle_from_s)
        # The second in work is counted whole.
        past_ticks = at_ticks - at_s * TICKS_PER_S
        rate_nl_per_h = schedule.rate_at(programme, at_s, boluses_from_s, cycle_from_s)
        left = ratio.add(left, self.microsteps_in(rate_nl_per_h, past_ticks))
        end_s = sums.time_of(at_s, ratio.multiply(left, self.microstep_nl))
        if end_s is None:
            return None
        before_nl = sums.between(at_s, end_s - 1)
        left = ratio.subtract(left, ratio.divide(before_nl, self.microstep_nl))
        rate_nl_per_h = schedule.rate_at(programme, end_s - 1, boluses_from_s, cycle_from_s)
        ticks = ratio.floor(ratio.divide(left, self.microsteps_in(rate_nl_per_h, 1)))
        return max(at_ticks, (end_s - 1) * TICKS_PER_S + ticks)

    def _is_infused(self, at_ticks: int) -> bool:
        end_ticks = self.vtbi_end_ticks
        return (
            end_ticks is not None
            and at_ticks >= end_ticks
            and self.programme.vtbi.then != THEN_CONTINUE
        )

    def _rate_after_vtbi(self):
        vtbi = self.programme.vtbi
        return vtbi.kvo_rate_nl_per_h if vtbi.then == THEN_KVO else ratio.ZERO

    def _until_vtbi(self, at_ticks: int, rate_nl_per_h, end_ticks: int):
        vtbi_end_ticks = self.vtbi_end_ticks
        if vtbi_end_ticks is not None and at_ticks < vtbi_end_ticks < end_ticks:
            end_ticks = vtbi_end_ticks
        return rate_nl_per_h, end_ticks

    # -- bridge ------------------------------------------------------------------------------

    def begin_bridge(self) -> None:
        """Deliver the programme's bridge from the anchor on, or from the next start."""
        self.bridge_left_nl = ratio.ZERO
        if self.programme.bridge is not None:
            self.bridge_left_nl = self.programme.bridge.volume_nl
        self._go_on_with_bridge()

    def bridge_rest_nl(self, at_ticks: int):
        """What is still to be asked for of the bridge from a time on, a ratio in nL."""
        if self.bridge_end_ticks is None:
            return self.bridge_left_nl
        if self.vtbi_end_ticks is not None and self._is_infused(at_ticks):
            at_ticks = self.vtbi_end_ticks
        ticks = max(0, self.bridge_end_ticks - at_ticks)
        rate_nl_per_h = self.programme.bridge.rate_nl_per_h
        return ratio.scale(rate_nl_per_h, ticks, _SECONDS_PER_HOUR * TICKS_PER_S)

    def _go_on_with_bridge(self) -> None:
        """Set its end for what is left of it at the anchor; no bolus begins before that."""
        self.bridge_end_ticks = None
        if self.mode != MODE_SCHEDULE or not self.bridge_left_nl[0]:
            return
        left = self.vtbi_left()
        if left is not None and not left[0] and self.programme.vtbi.then != THEN_CONTINUE:
            return
        hours = ratio.divide(self.bridge_left_nl, self.programme.bridge.rate_nl_per_h)
        ticks = ratio.ceil(ratio.scale(hours, _SECONDS_PER_HOUR * TICKS_PER_S))
        self.bridge_end_ticks = self.anchor_ticks + ticks
        self.bridge_left_nl = ratio.ZERO
        from_s = _next_second(self.bridge_end_ticks)
        self.boluses_from_s = max(self.boluses_from_s, from_s)
        self.cycle_from_s = max(self.cycle_from_s, self.cycle_if_started(from_s))

    def _hold_bridge(self) -> None:
        """Keep what is left of it at the anchor."""
        self.bridge_left_nl = self.bridge_rest_nl(self.anchor_ticks)
        self.bridge_end_ticks = None

    # -- time ----------------------------------------------------------------------------------

    def follows_clock(self) -> bool:
        """Whether the schedule's time of day is known, or does not matter."""
        return self.clock_known or not schedule.depends_on_clock(self.programme)

    def scheduled_boluses_at(self, at_ticks: int):
        """The scheduled boluses that are being given: list of (start_s, end_s, rate in nL/h)."""
        at_s = at_ticks // TICKS_PER_S
        is_given = self.mode == MODE_SCHEDULE and self.follows_clock()
        if not is_given or not schedule.is_within(self.programme_at(at_s), at_s):
            return []
        if self._is_infused(at_ticks):
            return []
        if self.bridge_end_ticks is not None and at_ticks < self.bridge_end_ticks:
            return []
        programme = self.programme_at(at_s)
        return schedule.bolus_windows(
            programme, at_s, self.boluses_from_s, self.cycle_from_at(at_s)
        )

    def microsteps_in(self, rate_nl_per_h, ticks: int):
        """Microsteps, a ratio, that a rate asks for in a number of ticks."""
        step = self.microstep_nl
        return ratio.ratio(
            rate_nl_per_h[0] * ticks * step[1],
            rate_nl_per_h[1] * _SECONDS_PER_HOUR * TICKS_PER_S * step[0],
        )

    def due(self, at_ticks: int):
        """Microsteps due by a time not before the anchor.

        Returns:
            (steps, remainder): whole microsteps since this object was made, and the
            exact remainder of a microstep as a ratio.
        """
        if at_ticks < self.anchor_ticks:
            raise ValueError("asked for a time before the anchor")
        time_ticks = self.anchor_ticks
        steps = self.steps
        remainder = self.remainder
        while time_ticks < at_ticks:
            rate_nl_per_h, end_ticks = self.segment_at(time_ticks)
            if end_ticks is None or end_ticks > at_ticks:
                end_ticks = at_ticks
            if rate_nl_per_h[0]:
                asked = self.microsteps_in(rate_nl_per_h, end_ticks - time_ticks)
                remainder = ratio.add(remainder, asked)
                whole = ratio.floor(remainder)
                steps += whole
                remainder = (remainder[0] - whole * remainder[1], remainder[1])
            time_ticks = end_ticks
        return steps, remainder

    def advance(self, to_ticks: int) -> None:
        """Move the anchor to a time not before it."""
        end_ticks = self.vtbi_end_ticks
        if end_ticks is not None and self.anchor_ticks < end_ticks <= to_ticks:
            # What is left is less than the rate gave in a tick: nothing more is to come of it.
            self.steps, self.remainder = self.due(end_ticks)
            self.anchor_ticks = end_ticks
            self.vtbi_at = ratio.add((self.steps, 1), self.remainder)
            if self._is_infused(end_ticks):
                self._interrupt()
        self.steps, self.remainder = self.due(to_ticks)
        self.anchor_ticks = to_ticks
        if self._seeks_vtbi_end:
            self.find_vtbi_end()

    def take_finished(self, now_ticks: int):
        """Forget the boluses that have ended by the anchor, and return those."""
        finished = []
        for bolus in self.boluses:
            if bolus.end_ticks <= now_ticks and bolus.end_ticks <= self.anchor_ticks:
                finished.append(bolus)
        for bolus in finished:
            self.boluses.remove(bolus)
        return finished

    def shift_clock(self, ticks: int) -> None:
        """Move everything that is anchored in time when the clock is set by so many ticks.

        The clock is known from then on. Scheduled boluses count from the new time on where it
        lies before delivery was started, or where the old one was not known; but when the clock
        shows a time again in which one was given, none begins before that has passed.
        """
        old_s = _next_second(self.anchor_ticks)
        self.anchor_ticks += ticks
        from_s = _next_second(self.anchor_ticks)
        self._note_repeated(from_s, old_s)
        if not self.clock_known or from_s < self.boluses_from_s:
            self.boluses_from_s = from_s
        self.boluses_from_s = max(self.boluses_from_s, self.repeated_until_s)
        self.clock_known = True
        self.cycle_from_s = _next_second(self.cycle_from_s * TICKS_PER_S + ticks)
        self._gone_on_from_s = _next_second(self._gone_on_from_s * TICKS_PER_S + ticks)
        if self.cycle_begun_s is not None:
            self.cycle_begun_s = _next_second(self.cycle_begun_s * TICKS_PER_S + ticks)
        self.prime_end_ticks += ticks
        if self.prime_ramp is not None:
            self.prime_ramp.shift(ticks)
        if self.bridge_end_ticks is not None:
            self.bridge_end_ticks += ticks
            if self.bridge_end_ticks > self.anchor_ticks:
                from_s = _next_second(self.bridge_end_ticks)
                self.boluses_from_s = max(self.boluses_from_s, from_s)
        for bolus in self.boluses:
            bolus.start_ticks += ticks
            bolus.end_ticks += ticks
        self.find_vtbi_end()

    def _note_repeated(self, from_s: int, old_s: int) -> None:
        """The clock is set: no scheduled bolus of the last day is given again, a day at most."""
        repeats_s = min(old_s - from_s, schedule.DAY_S)
        is_waiting = self.repeated_until_s > old_s
        if is_waiting or repeats_s > 0 and self._gave_bolus_in(old_s - repeats_s, old_s):
            until_s = max(from_s + repeats_s, self.repeated_until_s)
            self.repeated_until_s = min(until_s, from_s + schedule.DAY_S)

    def _gave_bolus_in(self, from_s: int, until_s: int) -> bool:
        """Whether a scheduled bolus began in a time before the anchor, or may have."""
        if not self.clock_known:
            return bool(self.programme.boluses)
        from_s = max(from_s, self.boluses_from_s)
        midnight_s = from_s - from_s % schedule.DAY_S
        for at_s, weekdays, _, _ in self.programme.boluses:
            for day_s in (midnight_s, midnight_s + schedule.DAY_S):
                is_on = weekdays >> schedule.weekday(day_s) & 1
                if is_on and from_s <= day_s + at_s < until_s:
                    return True
        return False

    def start(self, at_ticks: int, mode: int) -> None:
        """Deliver from a time on; boluses that would have begun before are left out."""
        self.advance(at_ticks)
        self._interrupt()
        self.mode = mode
        self._go_on_from(at_ticks)

    def stop(self, at_ticks: int) -> None:
        """Ask for nothing more from a time on; the rest of every bolus is cancelled."""
        self.advance(at_ticks)
        self._interrupt()
        self.mode = MODE_STOPPED
        self.boluses = []
        self.find_vtbi_end()

    def halt(self, at_ticks: int, stepped: int) -> None:
        """Ask for nothing more, nor for what was not made: the motor was stopped at once."""
        self.stop(max(at_ticks, self.anchor_ticks))
        if self.steps != stepped:
            self.steps = stepped
            self.remainder = ratio.ZERO

    def skip_to(self, to_ticks: int) -> None:
        """Move the anchor over an interruption in which nothing was asked for."""
        self._interrupt()
        self.anchor_ticks = to_ticks
        self.boluses = []
        self._go_on_from(to_ticks)

    def _interrupt(self) -> None:
        """Keep, at the anchor, what goes on or is counted anew after an interruption."""
        self._note_cycle()
        self._hold_bridge()

    def _go_on_from(self, at_ticks: int) -> None:
        """Leave out boluses that would have begun before; go on with the bridge."""
        from_s = _next_second(at_ticks)
        self._gone_on_from_s = from_s
        self.boluses_from_s = max(from_s, self.repeated_until_s)
        self.cycle_from_s = self.cycle_if_started(from_s)
        self._go_on_with_bridge()
        self.find_vtbi_end()

    def add_bolus(self, bolus) -> None:
        """Put a bolus on top; its start is not before the anchor."""
        if bolus.start_ticks < self.anchor_ticks:
            raise ValueError("a bolus cannot begin before the anchor")
        self.boluses.append(bolus)
        self.find_vtbi_end()

    def pre_empt(self, bolus) -> None:
        """Put a bolus on top that all others wait for, if they were asked for."""
        for other in self.boluses:
            other.hold_back(bolus.start_ticks, bolus.end_ticks)
        self.add_bolus(bolus)

    def cancel_boluses(self, at_ticks: int) -> None:
        """Cancel what is left of all boluses, scheduled ones that have begun too.

        The next intermittent one comes when it would have come.
        """
        self.advance(at_ticks)
        self.boluses = []
        self.boluses_from_s = max(self.boluses_from_s, _next_second(at_ticks))
        self._note_cycle()
        mode = self.programme.intermittent
        if mode is not None and self.cycle_begun_s is not None:
            next_s = self.cycle_begun_s + mode.interval_s
            self.cycle_from_s = max(self.cycle_from_s, next_s - mode.first_after_s)
        self.find_vtbi_end()

    def prime(self, at_ticks: int, rate_nl_per_h, end_ticks: int) -> None:
        """Deliver nothing but a priming flow from at_ticks to end_ticks."""
        self.stop(at_ticks)
        self.prime_ramp = None
        self.mode = MODE_PRIME
        self.prime_rate_nl_per_h = rate_nl_per_h
        self.prime_end_ticks = end_ticks

    def prime_by(self, ramp, at_ticks: int) -> None:
        """Deliver nothing but the levels of a PrimeRamp from a tick on."""
        ramp.begin(at_ticks)
        self.prime(at_ticks, ratio.ZERO, ramp.end_ticks)
        self.prime_ramp = ramp

    def shorten_prime(self, at_ticks: int) -> None:
        """Go down a PrimeRamp from a tick on, which has not passed its end."""
        self.advance(at_ticks)
        ramp = self.prime_ramp
        if ramp is not None and at_ticks < ramp.end_ticks:
            ramp.go_down_from(at_ticks)
            self.prime_end_ticks = ramp.end_ticks

    def count_primed(self, steps: int) -> None:
        """Steps were made at rest that are no dose: go on from there."""
        self.steps += steps
        if self.vtbi_at is not None:
            self.vtbi_at = ratio.add(self.vtbi_at, (steps, 1))

    def replace_programme(self, programme, microstep_nl, at_ticks: int) -> None:
        """Switch to another programme; the remainder is carried as the same volume.

        When the microstep changes its volume, the part of a microstep that is owed
        is re-expressed in the new microsteps; should it reach a whole one, that one
        is due at once. A bridge that is not the one before begins; a volume to be infused or
        an intermittent bolus that is not the one before is counted from here.
        """
        self.advance(at_ticks)
        self._interrupt()
        before = self.programme
        self.programme = programme
        if microstep_nl != self.microstep_nl:
            left = self.vtbi_left()
            if left is not None:
                left = ratio.divide(ratio.multiply(left, self.microstep_nl), microstep_nl)
            owed_nl = ratio.multiply(self.remainder, self.microstep_nl)
            self.microstep_nl = microstep_nl
            self.remainder = ratio.divide(owed_nl, microstep_nl)
            whole = ratio.floor(self.remainder)
            self.steps += whole
            self.remainder = (self.remainder[0] - whole * self.remainder[1], self.remainder[1])
            if left is not None:
                self.vtbi_at = ratio.add((self.steps, 1), ratio.add(self.remainder, left))
        self.begin_modes_after(before)

    def begin_modes_after(self, before) -> None:
        """Begin at the anchor what is new in the programme: bridge, intermittent bolus, VTBI.

        Args:
            before: the Programme before it, or None.
        """
        programme = self.programme
        is_new = before is None
        at_s = _next_second(self.anchor_ticks)
        was_bridging = self.boluses_from_s > max(at_s, self.repeated_until_s)
        if is_new or programme.intermittent != before.intermittent:
            from_s = max(self.boluses_from_s, at_s) if was_bridging else at_s
            self.cycle_from_s = self.cycle_if_started(from_s)
        if (
            is_new
            or programme.bridge != before.bridge
            or programme.concentration_mcg_per_ml != before.concentration_mcg_per_ml
        ):
            self.bridge_left_nl = ratio.ZERO
            if programme.bridge is not None:
                self.bridge_left_nl = programme.bridge.volume_nl
            if was_bridging:
                self.boluses_from_s = max(at_s, self.repeated_until_s)
                self.cycle_from_s = self.cycle_if_started(at_s)
        if is_new or programme.vtbi != before.vtbi:
            self.begin_vtbi()
        else:
            self._go_on_with_bridge()
            self.find_vtbi_end()


def _next_second(ticks: int) -> int:
    return -(-ticks // TICKS_PER_S)


def _cycle_from(programme, at_s: int, begun_s) -> int:
    """From when an intermittent bolus is counted that begins anew at a time.

    Args:
        begun_s: when the last one began, or None: the next one does not come within the
            interval of it.
    """
    mode = programme.intermittent
    if mode is None or begun_s is None:
        return at_s
    return max(at_s, begun_s + mode.interval_s - mode.first_after_s)
