"""A move from rest to rest as words for the step generator: up a ramp, across, and down again.

A dose has to come at exact instants; a move has not, so its prescription can itself be words of
whole ticks, and one word holds as many steps as go by in 10 ms. That is what lets a processor that
makes a hundred words a second move a motor at 2,000,000 steps a second.

Constant acceleration in levels: the first is the rate that the motor follows from rest, each lasts
equally long and is faster than the one before it by the same number of steps a second, and the
way down is the way up backwards. From one word to the next the rate never changes by more than the
motor follows from rest. Only small integers are used while words are made, and nothing is
allocated.
"""

from pump.core.compat import const

TICKS_PER_S = const(125000000)
# How long a word lasts at most, unless a single step takes longer.
WORD_TICKS = const(1250000)  # 10 ms


class Ramp:
    """Makes the words of one move after the other.

    Attributes:
        count, interval: the word that take() made, in steps and in ticks from step to step.
        steps: of the whole move.
        peak_interval: ticks between two steps at its highest rate.
    """

    def __init__(self):
        self.count = 0
        self.interval = 0
        self.steps = 0
        self.peak_interval = TICKS_PER_S
        self._start_per_s = 1
        self._gain_per_s = 1
        self._level_ticks = WORD_TICKS
        # Levels of each slope, and how many of the way up and of the way down were made.
        self._levels = 0
        self._up = 0
        self._down = 0
        # Steps between the slopes, those of them not yet made, and so many a word.
        self._across = 0
        self._across_left = 0
        self._across_count = 1

    def plan(
        self, steps: int, start_per_s: int, cruise_per_s: int, acceleration_per_s2: int
    ) -> None:
        """Begin another move.

        Args:
            steps: 1 or more.
            start_per_s: steps a second that the motor follows from rest, 1 or more; no rate
                differs by more from the one before it.
            cruise_per_s: the highest rate, reached when the move is long enough.
            acceleration_per_s2: steps a second, a second.

        Raises:
            ValueError: the rates between which intervals of whole ticks leave a choice lie further
                apart than the motor follows: cruise_per_s is too high for start_per_s.
        """
        cruise_interval = -(-TICKS_PER_S // cruise_per_s)
        # Half of what the motor follows is for the acceleration, half for whole ticks.
        is_coarse = 2 * cruise_per_s * cruise_per_s > start_per_s * TICKS_PER_S
        if steps < 1 or (is_coarse and cruise_per_s > start_per_s):
            raise ValueError("no such move")
        self._start_per_s = start_per_s
        self._level_ticks = min(
            WORD_TICKS, max(1, TICKS_PER_S * start_per_s // (2 * acceleration_per_s2))
        )
        self._gain_per_s = max(1, acceleration_per_s2 * self._level_ticks // TICKS_PER_S)
        levels = 0
        if cruise_per_s > start_per_s:
            levels = -(-(cruise_per_s - start_per_s) // self._gain_per_s)
        self._levels = 0
        slope = 0
        while self._levels < levels:
            longer = slope + self._count_at(self._levels)
            if 2 * longer > steps:
                break
            slope = longer
            self._levels += 1
        self.steps = steps
        self._up = 0
        self._down = 0
        self._across = self._across_left = steps - 2 * slope
        self.peak_interval = cruise_interval
        if self._levels < levels:
            self.peak_interval = self._interval_at(self._levels)
        self._across_count = max(1, WORD_TICKS // self.peak_interval)

    def _interval_at(self, level: int) -> int:
        return -(-TICKS_PER_S // (self._start_per_s + self._gain_per_s * level))

    def _count_at(self, level: int) -> int:
        return max(1, self._level_ticks // self._interval_at(level))

    def slope_words(self) -> int:
        """Words of one slope."""
        return self._levels

    def ticks(self) -> int:
        """How long the whole move lasts: both slopes, and what lies between them."""
        total = self._across * self.peak_interval
        for level in range(self._levels):
            total += 2 * self._count_at(level) * self._interval_at(level)
        return total

    def take(self) -> bool:
        """Make the next word; False when there is none. Allocates nothing."""
        if self._up < self._levels:
            self._make(self._up)
            self._up += 1
        elif self._across_left > 0:
            self.count = min(self._across_left, self._across_count)
            self.interval = self.peak_interval
            self._across_left -= self.count
        elif self._down < self._levels:
            self._down += 1
            self._make(self._levels - self._down)
        else:
            return False
        return True

    def _make(self, level: int) -> None:
        self.interval = self._interval_at(level)
        self.count = self._count_at(level)

    def give_back(self) -> None:
        """Take the last word back, as if it had not been made."""
        if self._down > 0:
            self._down -= 1
        elif self._across_left < self._across:
            made = self._across - self._across_left
            self._across_left += (made - 1) % self._across_count + 1
        else:
            self._up -= 1

    def shorten(self) -> None:
        """Go down from here: of what was not made yet, only the way down is left."""
        if self._down == 0:
            self._across -= self._across_left
            if self._up < self._levels:
                self._levels = self._up
                self._across = 0
            self._across_left = 0
            slope = 0
            for level in range(self._levels):
                slope += self._count_at(level)
            self.steps = 2 * slope + self._across
