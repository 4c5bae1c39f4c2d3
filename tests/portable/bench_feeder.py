"""A Feeder on the bench, with a step generator that is a machine of its own."""

from pump.core.delivery import TICKS_PER_S, Delivery
from pump.core.feeder import COMMIT_AHEAD_S, Feeder
from pump.core.train import SLICE_TICKS
from word_machine import WordMachine


class FeederBench:
    """One delivery, its feeder and the machine that makes the steps.

    Attributes:
        shortfalls: looks at which the machine had run out of words while words were wanted.
    """

    def __init__(self, programme, microstep_nl, at_ticks, commit_steps=1000000):
        self.machine = WordMachine()
        self.machine.offset_ticks = at_ticks
        self.delivery = Delivery(programme, microstep_nl, at_ticks)
        self.feeder = Feeder(self.delivery, self.machine)
        self.feeder.commit_steps = commit_steps
        self.shortfalls = 0

    @property
    def now_ticks(self):
        """Pump time."""
        return self.machine.now_ticks + self.machine.offset_ticks

    def wait(self, ticks):
        """Let time pass."""
        self.machine.run_until(self.machine.now_ticks + ticks)

    def begin(self, prepare):
        return self.feeder.begin(self.now_ticks, prepare)

    def change(self, prepare):
        return self.feeder.change(self.now_ticks, prepare)

    def set_clock(self, now_ticks):
        """Set pump time as the controller does.

        Returns:
            (instant from which the delivery goes by the new time, on the old one; ticks moved).
        """
        done = []

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            moved_ticks = now_ticks - self.now_ticks
            self.machine.offset_ticks += moved_ticks
            self.delivery.shift_clock(moved_ticks)
            done.append((from_ticks, moved_ticks))
            return moved_ticks

        self.feeder.shift_clock(self.now_ticks, prepare)
        return done[0]

    def look(self):
        """Serve the feeder once; returns what is wrong with it, or ""."""
        feeder = self.feeder
        stepped, is_on_time, is_parked = feeder.service(self.now_ticks)
        if stepped != self.machine.made:
            return "counts " + str(stepped) + " steps of " + str(self.machine.made)
        if not is_on_time:
            return "is not where it should be"
        if is_parked:
            self.shortfalls += feeder.is_running
            return ""
        if feeder.planned - stepped > feeder.commit_steps:
            return "has committed " + str(feeder.planned - stepped) + " steps"
        if feeder.last_step is not None and feeder.planned > feeder.last_step:
            return "has planned past the last step"
        ahead_ticks = feeder.train.cursor_ticks() - self.now_ticks
        if ahead_ticks > COMMIT_AHEAD_S * TICKS_PER_S + 3 * SLICE_TICKS:
            return "has committed " + str(ahead_ticks) + " ticks"
        return ""

    def edges(self):
        """Edges made, by pump time as it is now."""
        return [edge + self.machine.offset_ticks for edge in self.machine.edges]
