"""Feeds the words of one fast move to the step generator, a bounded time ahead.

Nothing else uses the step generator meanwhile. A processor that dies leaves the words that were
committed, 300 ms of them; then the machine parks. A stop takes back what was not fetched and goes
down the ramp from there. An end switch stops between two steps, and then only the second counter
knows how many were made.
"""

from pump.core.compat import const
from pump.core.ramp import Ramp
from pump.core.word_ring import COUNT_MASK

TICKS_PER_US = const(125)
AHEAD_TICKS = const(37500000)  # 300 ms
# From asking to the first step: the first words are made in that time.
_LEAD_TICKS = const(10000000)  # 80 ms
# From asking for a stop to the first word that may be taken back.
_STOP_LEAD_TICKS = const(6250000)  # 50 ms
# The PIO's queue holds 4 words and the head of a fifth; one more may begin meanwhile.
_FETCHED_WORDS = const(6)
# Of the ring's 256.
_WORDS_MAX = const(248)
# Words before the first of which the machine is started; the rest are made while it runs. A slope
# of as many words or fewer is committed whole before anything moves.
_FIRST_WORDS = const(120)
# How much later than its last step a move may be found unfinished.
_LATE_TICKS = const(1250000)  # 10 ms


class Mover:
    """Makes moves on one step generator that is at rest.

    Args:
        generator: as for Feeder: ring, begun(), start(), stop(), finish().

    Attributes:
        ramp: the Ramp of the move.
        planned: steps committed of the move in work.
        end_ticks: pump time at which the words committed end.
    """

    def __init__(self, generator):
        self.generator = generator
        self.ring = generator.ring
        self.ramp = Ramp()
        self.planned = 0
        self.end_ticks = 0
        self._is_whole = True

    def begin(self, now_ticks: int, steps: int, cruise_per_s: int, limits) -> int:
        """Begin a move from rest.

        Args:
            steps: 1 or more.
            cruise_per_s: the highest rate.
            limits: MotionLimits.

        Returns:
            the tick at which its first word begins.
        """
        ramp = self.ramp
        while True:
            ramp.plan(steps, limits.start_per_s, cruise_per_s, limits.acceleration_per_s2)
            if ramp.peak_interval < self.ring.step_cycles:
                raise ValueError("faster than the step generator")
            origin_ticks = now_ticks + _LEAD_TICKS
            origin_ticks += -origin_ticks % TICKS_PER_US
            self.ring.clear()
            self.planned = 0
            self.end_ticks = origin_ticks
            self._is_whole = False
            self._put(origin_ticks + AHEAD_TICKS, 0, _FIRST_WORDS)
            late_ticks = self.generator.start(origin_ticks)
            if late_ticks is None:
                break
            # Held up while making words: from rest once more.
            now_ticks = late_ticks + _LEAD_TICKS
        self.fill(now_ticks)
        return origin_ticks

    def fill(self, now_ticks: int) -> None:
        """Commit what is due; call every AHEAD_TICKS / 3 at least."""
        if not self._is_whole and not self._is_fetched():
            begun = self.generator.begun()
            self._put(now_ticks + AHEAD_TICKS, begun, _WORDS_MAX)

    def commit_rest(self) -> None:
        """Commit what is left at once: for moves that are bounded by themselves."""
        self._put(self.end_ticks + self.ramp.ticks() + 1, self.generator.begun(), _WORDS_MAX)

    def _is_fetched(self) -> bool:
        """Whether the parking word may have been: nothing can be put any more."""
        return self.ring.waiting(self.generator.begun()) < _FETCHED_WORDS

    def _put(self, until_ticks: int, begun: int, words: int) -> None:
        ring = self.ring
        ramp = self.ramp
        while (ring.written - begun) & COUNT_MASK < words and self.end_ticks < until_ticks:
            if not ramp.take():
                self._is_whole = True
                return
            ring.put((ramp.count - 1) << 1, ramp.interval)
            self.planned += ramp.count
            self.end_ticks += ramp.count * ramp.interval

    def is_parked(self) -> bool:
        """Whether all words committed are done."""
        return self.ring.waiting(self.generator.begun()) < 0

    def is_done(self) -> bool:
        """Whether the move was made whole, or to the end of its ramp after stop()."""
        return self._is_whole and self.planned == self.ramp.steps and self.is_parked()

    def is_on_time(self, now_ticks: int) -> bool:
        """Whether the step generator does what was committed when it is due."""
        return now_ticks < self.end_ticks + _LATE_TICKS or self.is_parked()

    def stop(self, now_ticks: int) -> None:
        """Come to rest down the ramp, from the first word that can still be taken back."""
        ring = self.ring
        ramp = self.ramp
        number = ring.written
        not_before_ticks = now_ticks + _STOP_LEAD_TICKS
        for _ in range(max(0, ring.waiting(self.generator.begun()) - _FETCHED_WORDS)):
            number = (number - 1) & COUNT_MASK
            count = (ring.head(number) >> 1) + 1
            begins_ticks = self.end_ticks - count * ring.interval(number)
            if begins_ticks < not_before_ticks:
                number = (number + 1) & COUNT_MASK
                break
            ramp.give_back()
            self.planned -= count
            self.end_ticks = begins_ticks
        ring.withdraw_to(number)
        ramp.shorten()
        self._is_whole = False
        if not self._is_fetched():
            self.commit_rest()

    def halt(self) -> None:
        """Stop at once, between two steps; the second counter knows how many were made."""
        self.generator.stop()
        self._is_whole = True
