"""A day of the real pump on MicroPython; prints the heap in use after a collection, every hour.

A program, not a test: only MicroPython can say how much of its heap is in use. It prints the hour,
bytes in use and steps made; tests/host/day_of_heap.py runs it and reads that.
"""

import gc

from bench_programme import bench_programme
from bench_pump import BenchPump
from pump.link.lines import REQUEST, decode, encode
from pump.link.server import Server

HOURS = 24
FILLING_HOURS = 4
# As the service looks at such a rate.
LOOK_MS = 2000


class Day:
    """A running pump, looked after as the service does, with a host that asks."""

    def __init__(self):
        self.bench = BenchPump()
        self.bench.generator.edges = None
        self.bench.programme(bench_programme())
        self._answer = ""
        self._asked = 0
        self._is_raised = False
        self._server = Server(self.bench.controller, self._take)
        self.ask("start")

    def _take(self, text):
        if text != "\n":
            self._answer = text

    def ask(self, word, *pairs):
        """Ask as a host does; raises unless the pump has done it."""
        self._asked += 1
        number = self._asked % 1000
        request = encode(REQUEST, number, f"{self._asked:08x}", word, list(pairs))
        self._server.feed((request + "\n").encode())
        answer = decode(self._answer.encode())
        if (answer.number, answer.word) != (number, "done"):
            raise ValueError(self._answer)

    def hour(self, hour):
        """One hour of it.

        In the first FILLING_HOURS enough is asked for to fill what the pump remembers: 64 requests,
        48 boluses, 16 changes of dose. Then a bolus every third hour, another rate every fourth.
        """
        is_filling = hour < FILLING_HOURS
        for minute in range(60):
            for _ in range(60000 // LOOK_MS):
                self.bench.wait_ms(LOOK_MS)
                self.bench.serve()
            self.ask("status")
            if minute % 5 == 1 and is_filling:
                self.ask("bolus", ("volume", "1 uL"), ("duration", "1 min"))
            elif minute == 10 and hour % 3 == 0:
                self.ask("bolus", ("volume", "20 uL"), ("duration", "10 min"))
            elif minute % 10 == 4 and is_filling or minute == 40 and hour % 4 == 0:
                self._is_raised = not self._is_raised
                self.ask("rate", ("rate", "26 uL/h" if self._is_raised else "25 uL/h"))


def main():
    day = Day()
    for hour in range(HOURS):
        day.hour(hour)
        gc.collect()
        print(hour, gc.mem_alloc(), day.bench.made())


main()
