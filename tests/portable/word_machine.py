"""The step generator as a machine of its own: executes words on a clock that the test moves.

It keeps time as the PIO does: words are fetched into a queue of 4 ahead of being
begun, so a word that was changed after it was fetched is executed as it was. It
can be told to stall, and it records the instant of every edge.
"""

from array import array

from pump.core.word_ring import WORDS, WordRing

_QUEUE_WORDS = 4


class WordMachine:
    """A step generator for tests.

    Attributes:
        edges: tick of every step made.
    """

    def __init__(self):
        self.ring = WordRing(array("I", bytes(8 * WORDS)), 0, 42, 8)
        self.edges = []
        self.is_enabled = False
        self.now_ticks = 0
        self._begun = 0
        self._queue = []
        self._fetched = 0
        self._word_ends_ticks = 0

    def start(self, at_ticks):
        """Begin the first word at a tick; never held up."""
        self.is_enabled = True
        self._begun = 0
        self._fetched = 0
        self._queue = []
        self._word_ends_ticks = at_ticks
        self._fetch()

    def stop(self):
        self.is_enabled = False
        self.edges = self.edges_until(self.now_ticks)

    def begun(self):
        return self._begun

    def _fetch(self):
        while len(self._queue) < _QUEUE_WORDS:
            self._queue.append((self.ring.head(self._fetched), self.ring.interval(self._fetched)))
            self._fetched = (self._fetched + 1) & 0xFFFFFF

    def run_until(self, ticks):
        """Let time pass up to a tick, that one included."""
        while self.is_enabled and self._word_ends_ticks <= ticks:
            head, interval = self._queue.pop(0)
            self._begun = (self._begun + 1) & 0xFFFFFF
            self._fetch()
            count = (head >> 1) + 1
            if not head & 1:
                for number in range(1, count + 1):
                    self.edges.append(self._word_ends_ticks + number * interval)
            self._word_ends_ticks += count * interval
        self.now_ticks = ticks

    def edges_until(self, ticks):
        """Edges made by a tick."""
        return [edge for edge in self.edges if edge <= ticks]
