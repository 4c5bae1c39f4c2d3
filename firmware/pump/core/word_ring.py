"""The ring of words that DMA feeds to the step generator, ended by a parking word.

The word after the last one committed always parks the state machine, so a
processor that dies stops the pump by itself when what was committed is done.
Words are counted modulo 2^24, so that counting never leaves small integers.
"""

from pump.core.compat import const
from pump.core.train import HEAD_WAIT, PARK_HEAD, PARK_INTERVAL

WORDS = const(256)
RING_BYTES = const(2048)
_INDEX_MASK = const(255)
COUNT_MASK = const(16777215)


class WordRing:
    """Words in memory that the hardware reads while they are written.

    Args:
        memory: array of unsigned 32-bit numbers.
        base: index of the ring's first number in it; 2 * WORDS numbers belong to the ring.
        step_cycles, silence_cycles: what the step generator spends on a step and on a
            silence besides the hold that is written in the word.

    Attributes:
        written: number of words put so far, modulo 2^24.
        passed_steps, passed_ticks: what pass_words() added up.
    """

    def __init__(self, memory, base: int, step_cycles: int, silence_cycles: int):
        self.memory = memory
        self.base = base
        self.step_cycles = step_cycles
        self.silence_cycles = silence_cycles
        self.written = 0
        self.passed_steps = 0
        self.passed_ticks = 0
        self.clear()

    def clear(self) -> None:
        """Forget all words; the first word is the parking one."""
        self.written = 0
        self._park(0)

    def put(self, head: int, interval: int) -> None:
        """Commit one word; allocates nothing.

        The parking word behind it stands before it goes live, and its interval before
        its head, so that at any instant the hardware sees a whole ring.
        """
        memory = self.memory
        base = self.base
        written = self.written
        place = base + ((written & _INDEX_MASK) << 1)
        written = (written + 1) & COUNT_MASK
        behind = base + ((written & _INDEX_MASK) << 1)
        memory[behind + 1] = PARK_INTERVAL
        memory[behind] = PARK_HEAD
        memory[place + 1] = interval - (
            self.silence_cycles if head & HEAD_WAIT else self.step_cycles
        )
        memory[place] = head
        self.written = written

    def put_silences(self, count: int, interval: int) -> None:
        """Commit words of one silence each, as put() would; allocates nothing.

        All but the first are written behind the parking word, which goes last.

        Args:
            count: how many, at least 1.
            interval: of each, in ticks.
        """
        memory = self.memory
        base = self.base
        written = self.written
        hold = interval - self.silence_cycles
        number = (written + count) & COUNT_MASK
        self._park(number)
        while number != written:
            number = (number - 1) & COUNT_MASK
            place = base + ((number & _INDEX_MASK) << 1)
            memory[place + 1] = hold
            memory[place] = HEAD_WAIT
        self.written = (written + count) & COUNT_MASK

    def head(self, number: int) -> int:
        """Head of the word of a number."""
        return self.memory[self.base + ((number & _INDEX_MASK) << 1)]

    def interval(self, number: int) -> int:
        """Interval of the word of a number, in ticks."""
        place = self.base + ((number & _INDEX_MASK) << 1)
        cycles = self.silence_cycles if self.memory[place] & HEAD_WAIT else self.step_cycles
        return self.memory[place + 1] + cycles

    def pass_words(self, word: int, until: int) -> None:
        """Add up the words from one number to before another; for passed_steps, passed_ticks."""
        memory = self.memory
        base = self.base
        step_cycles = self.step_cycles
        silence_cycles = self.silence_cycles
        steps = 0
        ticks = 0
        while word != until:
            place = base + ((word & _INDEX_MASK) << 1)
            head = memory[place]
            word = (word + 1) & COUNT_MASK
            if head == HEAD_WAIT:
                # One silence, as nearly all are at a basal rate.
                ticks += memory[place + 1] + silence_cycles
                continue
            count = (head >> 1) + 1
            if head & HEAD_WAIT:
                ticks += count * (memory[place + 1] + silence_cycles)
            else:
                steps += count
                ticks += count * (memory[place + 1] + step_cycles)
        self.passed_steps = steps
        self.passed_ticks = ticks

    def waiting(self, begun: int) -> int:
        """Words not yet begun when `begun` words were; -1 when the parking word was begun."""
        left = (self.written - begun) & COUNT_MASK
        return -1 if left == COUNT_MASK else left

    def withdraw_to(self, number: int) -> None:
        """Take back all words from a number on, none of which the hardware has fetched."""
        self.written = number & COUNT_MASK
        self._park(self.written)

    def _park(self, number: int) -> None:
        place = self.base + ((number & _INDEX_MASK) << 1)
        self.memory[place] = PARK_HEAD
        self.memory[place + 1] = PARK_INTERVAL
