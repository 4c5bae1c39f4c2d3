"""What is being delivered: programme, boluses on top, pauses; and the steps due by any time.

The prescription is a volume V(t), piecewise linear in time. Held here are an
anchor (a time in ticks), the whole microsteps that were due by it and the exact
remainder of a microstep. Steps due by t are the whole part of V(t) over the
volume of a microstep; moving the anchor anywhere changes nothing about them.
"""

from pump.core import ratio, schedule
from pump.core.compat import const

TICKS_PER_S = const(125000000)  # 8 ns: one cycle of the RP2040 at 125 MHz
TICKS_PER_MS = const(125000)
TICKS_PER_US = const(125)

MODE_STOPPED = const(0)
MODE_SCHEDULE = const(1)
MODE_MINIMUM = const(2)
MODE_PRIME = const(3)

_SECONDS_PER_HOUR = const(3600)


class Bolus:
    """A bolus that was asked for, delivered evenly on top of the basal rate.

    Attributes:
        request_id: the request that asked for it.
        volume_nl: ratio.
        start_ticks, end_ticks: pump time in ticks.
    """

    def __init__(self, request_id: str, volume_nl, start_ticks: int, end_ticks: int):
        self.request_id = request_id
        self.volume_nl = volume_nl
        self.start_ticks = start_ticks
        self.end_ticks = end_ticks

    def rate_nl_per_h(self):
        """Its rate: volume over duration, a ratio in nL/h."""
        duration_ticks = self.end_ticks - self.start_ticks
        return ratio.scale(self.volume_nl, _SECONDS_PER_HOUR * TICKS_PER_S, duration_ticks)

    def delivered_nl(self, at_ticks: int):
        """How much of it the prescription has asked for by a time, a ratio in nL."""
        if at_ticks >= self.end_ticks:
            return self.volume_nl
        if at_ticks <= self.start_ticks:
            return ratio.ZERO
        return ratio.scale(
            self.volume_nl, at_ticks - self.start_ticks, self.end_ticks - self.start_ticks
        )


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
        self.boluses: list[Bolus] = []
        self.prime_rate_nl_per_h = ratio.ZERO
        self.prime_end_ticks = 0

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
                return self.prime_rate_nl_per_h, self.prime_end_ticks
            return ratio.ZERO, None
        at_s = at_ticks // TICKS_PER_S
        programme = self.programme
        if mode == MODE_MINIMUM:
            rate_nl_per_h = programme.minimum_rate_nl_per_h
            end_ticks = (at_s + schedule.WEEK_S) * TICKS_PER_S
        elif not self.clock_known and schedule.depends_on_clock(programme):
            rate_nl_per_h = schedule.lowest_basal_rate(programme)
            end_ticks = (at_s + schedule.WEEK_S) * TICKS_PER_S
        else:
            rate_nl_per_h = schedule.rate_at(programme, at_s, self.boluses_from_s)
            end_ticks = schedule.next_change_after(programme, at_s) * TICKS_PER_S
        for bolus in self.boluses:
            if at_ticks < bolus.start_ticks:
                end_ticks = min(end_ticks, bolus.start_ticks)
            elif at_ticks < bolus.end_ticks:
                rate_nl_per_h = ratio.add(rate_nl_per_h, bolus.rate_nl_per_h())
                end_ticks = min(end_ticks, bolus.end_ticks)
        return rate_nl_per_h, end_ticks

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
        self.steps, self.remainder = self.due(to_ticks)
        self.anchor_ticks = to_ticks

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

        Scheduled boluses count from the new time on where it lies before delivery was started,
        or where the old one was not known.
        """
        self.anchor_ticks += ticks
        from_s = -(-self.anchor_ticks // TICKS_PER_S)
        if not self.clock_known or from_s < self.boluses_from_s:
            self.boluses_from_s = from_s
        self.prime_end_ticks += ticks
        for bolus in self.boluses:
            bolus.start_ticks += ticks
            bolus.end_ticks += ticks

    def start(self, at_ticks: int, mode: int) -> None:
        """Deliver from a time on; boluses that would have begun before are left out."""
        self.advance(at_ticks)
        self.mode = mode
        self.boluses_from_s = -(-at_ticks // TICKS_PER_S)

    def stop(self, at_ticks: int) -> None:
        """Ask for nothing more from a time on; the rest of every bolus is cancelled."""
        self.advance(at_ticks)
        self.mode = MODE_STOPPED
        self.boluses = []

    def halt(self, at_ticks: int, stepped: int) -> None:
        """Ask for nothing more, nor for what was not made: the motor was stopped at once."""
        self.stop(max(at_ticks, self.anchor_ticks))
        if self.steps != stepped:
            self.steps = stepped
            self.remainder = ratio.ZERO

    def skip_to(self, to_ticks: int) -> None:
        """Move the anchor over an interruption in which nothing was asked for."""
        self.anchor_ticks = to_ticks
        self.boluses_from_s = max(self.boluses_from_s, -(-to_ticks // TICKS_PER_S))
        self.boluses = []

    def add_bolus(self, bolus) -> None:
        """Put a bolus on top; its start is not before the anchor."""
        if bolus.start_ticks < self.anchor_ticks:
            raise ValueError("a bolus cannot begin before the anchor")
        self.boluses.append(bolus)

    def cancel_boluses(self, at_ticks: int) -> None:
        """Cancel what is left of all boluses, scheduled ones that have begun too."""
        self.advance(at_ticks)
        self.boluses = []
        self.boluses_from_s = -(-at_ticks // TICKS_PER_S)

    def prime(self, at_ticks: int, rate_nl_per_h, end_ticks: int) -> None:
        """Deliver nothing but a priming flow from at_ticks to end_ticks."""
        self.advance(at_ticks)
        self.mode = MODE_PRIME
        self.boluses = []
        self.prime_rate_nl_per_h = rate_nl_per_h
        self.prime_end_ticks = end_ticks

    def replace_programme(self, programme, microstep_nl, at_ticks: int) -> None:
        """Switch to another programme; the remainder is carried as the same volume.

        When the microstep changes its volume, the part of a microstep that is owed
        is re-expressed in the new microsteps; should it reach a whole one, that one
        is due at once.
        """
        self.advance(at_ticks)
        self.programme = programme
        if microstep_nl != self.microstep_nl:
            owed_nl = ratio.multiply(self.remainder, self.microstep_nl)
            self.microstep_nl = microstep_nl
            self.remainder = ratio.divide(owed_nl, microstep_nl)
            whole = ratio.floor(self.remainder)
            self.steps += whole
            self.remainder = (self.remainder[0] - whole * self.remainder[1], self.remainder[1])
