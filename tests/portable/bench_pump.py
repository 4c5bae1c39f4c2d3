"""The real controller on a bench: clock, step generator and flash are the test's own."""

from hashlib import sha256

import word_machine
from pump.core.clock_module import ClockModule
from pump.core.controller import Controller
from pump.core.delivery import TICKS_PER_MS, TICKS_PER_US
from pump.core.journal import Journal
from pump.core.motion_limits import MotionLimits
from pump.core.moves import MOVING
from pump.core.programme import canonical_text, digest
from pump.core.recorder import Recorder
from pump.core.recovery import Kept, after_power_cut, after_warm_reset
from pump.core.retained import RetainedState
from pump.core.slots import Slots
from pump.link.lines import checksum
from ram_sectors import RamSectors

BOARD_ID = b"benchpmp"
WATCHDOG_MS = 8000
RETAINED_MAX = 1262
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
    """A step generator with its witness and its motor driver.

    Attributes:
        is_energised: whether the motor has current.
        powerless: steps that moved nothing because it had none.
        limits: those of the recommended board.
        forward, back: steps made in each direction.
    """

    def __init__(self):
        super().__init__()
        self.is_energised = False
        self.powerless = 0
        self.limits = MotionLimits(2000, 20000, 40000, 50, 5000)
        self.forward = 0
        self.back = 0
        self.is_infusing = True

    def run_until(self, ticks):
        made = self.made
        super().run_until(ticks)
        if not self.is_energised:
            self.powerless += self.made - made
        if self.is_infusing:
            self.forward += self.made - made
        else:
            self.back += self.made - made

    def energise(self, is_on):
        self.is_energised = is_on

    def begin_move(self, is_infusing):
        if is_infusing != self.is_infusing and self._is_moving():
            raise AssertionError("the direction changes at rest alone")
        self.is_energised = True
        self.is_infusing = is_infusing

    def _is_moving(self):
        return self._is_enabled and self.ring.waiting(self._begun) >= 0

    def witnessed(self):
        return self.made


def _heap_free():
    return 100000


class BenchPump:
    """A pump with what belongs to it.

    Attributes:
        controller: the Controller.
        clock: its BenchClock.
        generator: its BenchGenerator, by whose time everything goes.
        sectors: the flash, to be handed to another BenchPump after a power cut.
        kept: what survives a reset but not a power cut.
        made_before: steps that were made before the last reset.
    """

    def __init__(self, sectors=None, now_s=MONDAY_S, recover=after_power_cut, board_id=BOARD_ID):
        self.sectors = sectors or RamSectors(40)
        self.generator = BenchGenerator()
        self.clock = BenchClock(self.generator, now_s)
        self.kept = ""
        self.made_before = 0
        self._fed_us = 0
        self._given = 0
        journals = [Journal(self.sectors, first, 4, board_id) for first in (0, 4, 8)]
        settings = Slots(self.sectors, 12, 4, board_id)
        library = Slots(self.sectors, 20, 3, board_id)
        following = Slots(self.sectors, 26, 3, board_id)
        keys = Slots(self.sectors, 32, 2, board_id)
        equipment = Slots(self.sectors, 36, 2, board_id)
        recorder = Recorder(*journals, settings, library, following, keys, equipment, self.clock)
        self.controller = Controller(
            self.clock,
            self.generator,
            recorder,
            list(IDENTITY),
            self._keep,
            _heap_free,
            self._other_bytes,
        )
        recover(self.controller)

    def _other_bytes(self, count):
        # Others each time, in the test's own order.
        self._given += 1
        return sha256(str(self._given).encode()).digest()[:count]

    def _keep(self, text):
        # What rp2040/retained_memory.py takes.
        if len(text) > RETAINED_MAX:
            raise ValueError("too long to retain")
        self.kept = text

    def made(self):
        """Steps made in the pump's life, every one with the motor on."""
        if self.generator.powerless:
            raise AssertionError("the motor had no current")
        return self.made_before + self.generator.made

    def wait_ms(self, ms):
        """Let time pass without anybody looking after the pump."""
        self.generator.run_until(self.generator.now_ticks + ms * TICKS_PER_MS)

    def serve(self):
        """What the periodic service does."""
        if self.controller.service():
            self._fed_us = self.clock.up_us()

    def run_s(self, seconds):
        """Let time pass; the pump looks after itself every second, oftener while it moves."""
        for _ in range(seconds):
            left_ms = 1000
            while self.controller.state == MOVING and left_ms > 0:
                self.wait_ms(50)
                self.serve()
                left_ms -= 50
            self.wait_ms(left_ms)
            self.serve()

    def programme(self, programme, reservoir_nl=9000000):
        """Propose and confirm a programme, and fill the reservoir unless that is None."""
        pump = self.controller
        text = canonical_text(programme)
        pieces = text.split("\n")[:-1]
        pump.propose(len(pieces), checksum(text.encode()))
        for number, piece in enumerate(pieces):
            pump.propose_line(number, piece)
        pump.confirm(digest(text))
        if reservoir_nl is not None:
            pump.refill((reservoir_nl, 1))
        return self

    # -- what can befall it; each returns the pump that comes after it ----------------------

    def after_soft_reset(self, boot_ms=300):
        """MicroPython starts anew; the chip, its timer and its memory go on."""
        self.wait_ms(boot_ms)
        self.generator.stop()
        return self._again(self.generator.now_ticks, None)

    def after_watchdog_reset(self, boot_ms=300):
        """Nobody looked after the pump for 8 s; the chip began again, but for its memory."""
        reset_us = self._fed_us + WATCHDOG_MS * 1000
        self.generator.run_until(reset_us * TICKS_PER_US)
        self.generator.stop()
        state = RetainedState(self.kept)
        return self._again(boot_ms * TICKS_PER_MS, reset_us + state.offset_us)

    def _again(self, now_ticks, reset_us):
        state = RetainedState(self.kept)

        def recover(controller):
            clock = controller.pump_clock
            clock.offset_us = state.offset_us if reset_us is None else reset_us
            clock.is_known = state.clock_known
            controller.generator.now_ticks = now_ticks
            gap_from_ticks = None if reset_us is None else reset_us * TICKS_PER_US
            kept = Kept(controller.recorder)
            after_warm_reset(controller, kept, state, self.generator.witnessed(), gap_from_ticks)

        pump = BenchPump(self.sectors, recover=recover)
        pump.made_before = self.made()
        if self.generator.edges is None:
            pump.generator.edges = None
        return pump

    def after_power_cut(self, sectors=None, module=None, before=None):
        """Nothing is left but flash; the clock begins at zero.

        Args:
            module: a clock module's driver.
            before: called with the controller before all else.
        """

        def recover(controller):
            if before is not None:
                before(controller)
            controller.pump_clock.is_known = False
            if module is not None:
                controller.clock_module = ClockModule(module)
            after_power_cut(controller)

        pump = BenchPump(sectors or self.sectors, 0, recover)
        pump.made_before = self.made()
        if self.generator.edges is None:
            pump.generator.edges = None
        return pump
