"""The real controller on a bench: clock, step generator and flash are the test's own."""

import word_machine
from pump.core.controller import Controller
from pump.core.delivery import TICKS_PER_US
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from pump.core.recovery import after_power_cut, load_requests
from pump.core.slots import Slots
from ram_sectors import RamSectors

BOARD_ID = b"benchpmp"
# Monday 2026-06-01 00:00 in seconds since 2000-01-01.
MONDAY_S = 833587200
IDENTITY = [
    ("firmware_version", "0.1.0"),
    ("image_digest", "0" * 16),
    ("installed", "files"),
    ("board", "bench"),
    ("board_id", "62656E6368706D70"),
    ("micropython", "1.25.0"),
]


class BenchClock:
    """Pump time by the step generator's own time, which the test moves."""

    def __init__(self, generator, now_s):
        self._generator = generator
        self.is_known = True
        self.offset_us = now_s * 1000000

    @property
    def offset_us(self):
        return self._generator.offset_ticks // TICKS_PER_US

    @offset_us.setter
    def offset_us(self, offset_us):
        self._generator.offset_ticks = offset_us * TICKS_PER_US

    def up_us(self):
        return self._generator.now_ticks // TICKS_PER_US

    def now_ticks(self):
        return (self.up_us() + self.offset_us) * TICKS_PER_US

    def now_s(self):
        return (self.up_us() + self.offset_us) // 1000000

    def uptime_s(self):
        return self.up_us() // 1000000

    def set(self, now_s):
        before_us = self.offset_us
        self.offset_us = now_s * 1000000 - self.up_us()
        self.is_known = True
        return (self.offset_us - before_us) * TICKS_PER_US


class BenchGenerator(word_machine.WordMachine):
    """A step generator with its witness and its motor driver."""

    def energise(self, is_on):
        """The motor's current: nothing here depends on it."""

    def begin_move(self, is_infusing):
        """The direction: nothing here depends on it."""

    def witnessed(self):
        return len(self.edges)


def _heap_free():
    return 100000


class BenchPump:
    """A pump with what belongs to it.

    Attributes:
        controller: the Controller.
        clock: its BenchClock.
        sectors: the flash, to be handed to another BenchPump after a power cut.
    """

    def __init__(self, sectors=None, now_s=MONDAY_S):
        self.sectors = sectors or RamSectors(32)
        self.generator = BenchGenerator()
        self.clock = BenchClock(self.generator, now_s)
        self.kept = ""
        journals = [Journal(self.sectors, first, 8, BOARD_ID) for first in (0, 8, 16)]
        for journal in journals:
            journal.open()
        settings = Slots(self.sectors, 24, 4, BOARD_ID)
        recorder = Recorder(journals[0], journals[1], journals[2], settings, self.clock)
        self.controller = Controller(
            self.clock, self.generator, recorder, list(IDENTITY), self._keep, _heap_free
        )
        load_requests(self.controller)
        after_power_cut(self.controller)

    def _keep(self, text):
        self.kept = text

    def run_s(self, seconds):
        """Let time pass; the pump looks after itself every second."""
        for _ in range(seconds):
            self.generator.run_until(self.generator.now_ticks + 1000000 * TICKS_PER_US)
            self.controller.service()
