"""The step generator as a machine of its own: executes words on a clock that the test moves.

It reads the ring as the hardware does, number by number, heads and intervals apart: when a
word is begun, the head of the next one is in the shift register and 8 numbers more are in
the queue. A word that was changed after it was fetched is executed as it was; when the
parking word has been fetched, whatever is put in its place comes too late.
"""

from array import array

from pump.core.word_ring import COUNT_MASK, WORDS, WordRing

# 8 numbers in the joined queue, one in the shift register.
_AHEAD_NUMBERS = 9
_RING_NUMBERS = 2 * WORDS


class WordMachine:
    """A step generator for tests.

    Attributes:
        now_ticks: the machine's own time, which is never set.
        offset_ticks: pump time less that.
        made: steps made.
        edges: tick of each of them, in the machine's own time; None when they are not wanted.
        held_up_ticks: for how long the coming starts are held up, one after the other.
        is_stalled: nothing is executed any more, as when the hardware has failed.
    """

    def __init__(self):
        self.ring = WordRing(array("I", bytes(8 * WORDS)), 0, 42, 8)
        self.made = 0
        self.edges = []
        self.now_ticks = 0
        self.offset_ticks = 0
        self.held_up_ticks = []
        self.is_stalled = False
        self._is_enabled = False
        self._begun = 0
        self._numbers = []
        self._fetched = 0
        # The word in work: when it ends, its next edge, ticks between them.
        self._ends_ticks = 0
        self._edge_ticks = 0
        self._interval = 0
        self._has_edges = False

    # -- what Feeder asks for -----------------------------------------------------------

    def start(self, at_ticks):
        """Begin the first word at a pump time; the present one when that has passed."""
        if self.held_up_ticks:
            self.now_ticks += self.held_up_ticks.pop(0)
        at_ticks -= self.offset_ticks
        if at_ticks < self.now_ticks:
            return self.now_ticks + self.offset_ticks
        self._is_enabled = True
        self._begun = 0
        self._fetched = 0
        self._numbers = []
        self._has_edges = False
        self._ends_ticks = at_ticks
        self._fetch()
        return None

    def stop(self):
        """Stop at once; begun() keeps what it was."""
        self._is_enabled = False

    def finish(self):
        """Let time pass until all words are done; at rest that is at once."""
        while self._is_enabled and self.ring.waiting(self._begun) >= 0:
            self.run_until(self._ends_ticks)

    def begun(self):
        """Words begun since start(), modulo 2^24."""
        return self._begun

    # -- what the test asks for ---------------------------------------------------------

    def run_until(self, ticks):
        """Let time pass up to a tick of the machine's own, that one included."""
        if self._is_enabled and not self.is_stalled:
            self._make_edges(ticks)
            while self._ends_ticks <= ticks:
                self._begin_word()
                self._make_edges(ticks)
        self.now_ticks = ticks

    # -- inside -------------------------------------------------------------------------

    def _fetch(self):
        memory = self.ring.memory
        while len(self._numbers) < _AHEAD_NUMBERS:
            self._numbers.append(memory[self.ring.base + self._fetched])
            self._fetched = (self._fetched + 1) % _RING_NUMBERS

    def _begin_word(self):
        head = self._numbers.pop(0)
        hold = self._numbers.pop(0)
        self._begun = (self._begun + 1) & COUNT_MASK
        self._fetch()
        self._has_edges = not head & 1
        cycles = self.ring.step_cycles if self._has_edges else self.ring.silence_cycles
        self._interval = hold + cycles
        self._edge_ticks = self._ends_ticks + self._interval
        self._ends_ticks += ((head >> 1) + 1) * self._interval

    def _make_edges(self, ticks):
        if not self._has_edges:
            return
        passed_ticks = min(ticks, self._ends_ticks) - self._edge_ticks
        if passed_ticks < 0:
            return
        count = passed_ticks // self._interval + 1
        self.made += count
        if self.edges is not None:
            for _ in range(count):
                self.edges.append(self._edge_ticks)
                self._edge_ticks += self._interval
        else:
            self._edge_ticks += count * self._interval
