"""A pump whose days pass in a blink: the real controller, whose steps are made when they fall due.

What stands between the delivery and the motor, seconds ahead, is left out: test_properties_delivery
and test_properties_controller show that the motor makes what the delivery asks for.
"""

from fractions import Fraction

from bench_library import sent
from bench_pump import BenchPump
from pump.core import ratio
from pump.core.delivery import MODE_SCHEDULE, MODE_STOPPED, TICKS_PER_S, TICKS_PER_US

# What an unknown old concentration of a bridge may have been: the strongest on the market.
STRONGEST = (2000, 1)


class LapsedFeeder:
    """In the Feeder's place: a step is made as soon as it is due, a change holds at once."""

    def __init__(self, feeder, generator):
        self.delivery = feeder.delivery
        self.generator = generator
        self.planned = feeder.planned
        self.commit_steps = feeder.commit_steps
        self.last_step = feeder.last_step

    def place(self, now_ticks):
        is_parked = self.delivery.mode == MODE_STOPPED or self.planned == self.last_step
        return self.planned, True, is_parked

    def service(self, now_ticks):
        now_ticks = max(now_ticks, self.delivery.anchor_ticks)
        self.delivery.advance(now_ticks)
        self.planned = min(self.delivery.steps, self.last_step)
        self.generator.made = self.planned
        return self.place(now_ticks)

    def change(self, now_ticks, prepare):
        from_ticks = max(now_ticks, self.delivery.anchor_ticks)
        from_ticks += -from_ticks % TICKS_PER_US
        prepare(from_ticks)
        return from_ticks

    def shift_clock(self, now_ticks, prepare):
        prepare(max(now_ticks, self.delivery.anchor_ticks))

    def go_on(self, now_ticks):
        pass

    def settle(self):
        return self.delivery.anchor_ticks

    def halt(self, now_ticks):
        raise AssertionError("the pump was halted")


class TimeLapse:
    """A bench with a drug library whose time is let pass, and what it doses.

    Attributes:
        bench: the BenchPump.
        times_s, doses_ng: the dose delivered by each instant at which its rate may have changed,
            in time that has passed, whatever the pump's clock shows.
        dose_windows: (length in s, most in ng) of the dose window in force from each of them to
            the next, or None.
    """

    def __init__(self, library_text, programme, now_s):
        self.bench = BenchPump(now_s=now_s)
        self.bench.controller.confirm(sent(self.bench, library_text))
        self.bench.programme(programme, programme.capacity_nl)
        self.bench.generator.edges = None
        self.controller.feeder = LapsedFeeder(self.controller.feeder, self.bench.generator)
        self.times_s = [Fraction(0)]
        self.doses_ng = [Fraction(0)]
        self.dose_windows = []

    @property
    def controller(self):
        return self.bench.controller

    def pass_by(self, seconds):
        """Let time pass, from one change of the rate to the next."""
        generator = self.bench.generator
        until_ticks = generator.now_ticks + seconds * TICKS_PER_S
        while True:
            self._look()
            if generator.now_ticks >= until_ticks:
                return
            delivery = self.controller.delivery
            offset_ticks = generator.offset_ticks
            nexts = [until_ticks, generator.now_ticks + 6 * 3600 * TICKS_PER_S]
            for ticks in (
                delivery.next_change_after(delivery.anchor_ticks),
                delivery.vtbi_end_ticks,
                delivery.following and delivery.following[0] * TICKS_PER_S,
            ):
                if ticks is not None and ticks - offset_ticks > generator.now_ticks:
                    nexts.append(ticks - offset_ticks)
            self.bench.generator.run_until(min(nexts))

    def _look(self):
        """Serve the pump and book what it has delivered since the last look."""
        delivery = self.controller.delivery
        steps = delivery.steps + Fraction(*delivery.remainder)
        microstep_nl = Fraction(*delivery.microstep_nl)
        programme = delivery.programme
        strength = programme.concentration_mcg_per_ml
        if delivery.mode == MODE_SCHEDULE and delivery.bridge_end_ticks is not None:
            if delivery.bridge_end_ticks > delivery.anchor_ticks:
                old = programme.bridge.old_mcg_per_ml
                strength = STRONGEST if old == ratio.ZERO else old
        self.bench.serve()
        assert delivery is self.controller.delivery
        after = delivery.steps + Fraction(*delivery.remainder)
        if delivery.mode != MODE_STOPPED:
            assert self.controller.feeder.planned == delivery.steps
        given_ng = (after - steps) * microstep_nl * Fraction(*strength) / 1000
        self.times_s.append(Fraction(self.bench.generator.now_ticks, TICKS_PER_S))
        self.doses_ng.append(self.doses_ng[-1] + given_ng)
        window = programme.dose_window
        if window is not None:
            most_ng = (
                Fraction(*window.max_nl) * Fraction(*programme.concentration_mcg_per_ml) / 1000
            )
            window = (window.length_s, most_ng)
        self.dose_windows.append(window)


class Windows:
    """How much any window holds of something that grows evenly from one instant to the next.

    Args:
        times_s, amounts: ascending instants, and how much there is by each.
    """

    def __init__(self, times_s, amounts):
        self._times_s = [float(each) for each in times_s]
        self._amounts = [float(each) for each in amounts]

    def most(self, length_s):
        """The most in any window of a length: one that begins or ends at one of the instants."""
        most = 0.0
        for times in (self._times_s, [each - length_s for each in self._times_s]):
            before = after = 0
            for from_s in times:
                before = self._place(from_s, before)
                after = self._place(from_s + length_s, after)
                inside = self._by(from_s + length_s, after) - self._by(from_s, before)
                most = max(most, inside)
        return most

    def _place(self, at_s, place):
        while place + 1 < len(self._times_s) and self._times_s[place + 1] <= at_s:
            place += 1
        return place

    def _by(self, at_s, place):
        """How much there is by an instant at a place or between it and the next one."""
        if at_s <= self._times_s[0]:
            return self._amounts[0]
        if place + 1 == len(self._times_s):
            return self._amounts[-1]
        from_s, to_s = self._times_s[place : place + 2]
        more = self._amounts[place + 1] - self._amounts[place]
        return self._amounts[place] + more * (at_s - from_s) / (to_s - from_s)
