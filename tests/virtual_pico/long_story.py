"""A stretch of a pump's life on the emulated RP2040: hosts, bad lines, resets, power cuts.

Every STEP edge is compared with what was prescribed less what was interrupted. The prescription is
told what the pump answered, and when delivery went on after a reset; it is never told of a step.
tests/host/long_run.py lets the same firmware live for a month, without the chip.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from fractions import Fraction

from pump_rig import EXACT_NS, NS_PER_TICK, PumpRig, at_rate

from pump.core.programme import Programme, canonical_text, digest
from pump.core.quantity import format_instant
from pump.link import lines
from titrate.client.replies import LogEntry
from titrate.virtual.pico import PHASES, SECOND

_HOUR_S = 3600
# A request holds from less than 2.2 s ahead; what a reset held up is made up for within 2 s, at the
# rates here.
_SETTLED_S = 4
_WATCHDOG_S = 8
# What a checkpoint books ahead, and how old it may be: see monitor.py. A look comes every 2 s.
_BOOKED_S = 130
_CHECKPOINT_S = 60 + 2
# Three watchdog resets within ten minutes stop a pump for good: see after_reset.py.
_WATCHDOG_APART_S = 330
_MCG_PER_DAY = (60, 1200)
_BOLUS_NL = (200, 4000)
_BOLUS_S = (10, 60)
_BOLUSES_AT_A_TIME = 4
# All bytes that a terminal sends as they are; what its Ctrl keys send has a meaning of its own.
_BYTES = [byte for byte in range(32, 256) if byte != 127]
# What hosts do in a while, and all that befalls a pump.
TRAFFIC = ("poll", "bad lines", "bolus", "rate", "pause", "prompt")
MISFORTUNES = ("soft reset", "watchdog reset", "power cut", "cut in a flash operation")


def _field(entry: LogEntry, name: str) -> str:
    """What an entry of the log says under a name."""
    return dict(part.split("=") for part in entry.detail.split())[name]


class LongStory:
    """One pump that runs, all that befalls it, and whether every step is accounted for.

    A life is what lies between two power cuts: the part of a microstep that is owed when one comes
    is lost with it.

    Attributes:
        lives: (microsteps made, microsteps prescribed) in each life that has ended.
        counts: how often what has happened.
        interruptions_s: how long each interruption was, as the log must have it; a power cut has
            two entries, of 0 when power is back and of its length once the clock is set.
        off_s: for how long there was no power.
    """

    def __init__(self, rig: PumpRig):
        self.rig = rig
        self.lives: list[tuple[int, Fraction]] = []
        self.counts: dict[str, int] = {}
        self.interruptions_s: list[range] = []
        self.off_s = 0
        self._chance = random.Random()
        self._rids: list[str] = []
        self._rids_cut: list[str] = []
        self._line = b""
        self._first_record = rig.pump.next_log_sequence()
        status = rig.pump.status()
        # What the reservoir held at the beginning of this life, as the pump had it.
        self._filled_nl = status.reservoir_nl + self._volume_nl(status.stepped - rig.made_before)
        # The civil time as a clock on the wall has it.
        self._civil_zero_ns = rig.pico.now_ns - status.clock_s * SECOND
        self._behind_s: range | None = None
        self._watchdog_ns = -_WATCHDOG_APART_S * SECOND

    def live(self, seed: int, happenings: Sequence[str], apart_s: int) -> None:
        """Let everything happen once, in an order and at times and with figures that a seed gives.

        Args:
            happenings: of TRAFFIC and MISFORTUNES.
            apart_s: how much time passes at most before each.

        Raises:
            AssertionError: something does not hold.
        """
        self._chance.seed(seed)
        for name in self._chance.sample(happenings, len(happenings)):
            wait_s = self._chance.uniform(1, apart_s)
            if name == "watchdog reset":
                since_s = (self.rig.pico.now_ns - self._watchdog_ns) // SECOND
                wait_s = max(wait_s, _WATCHDOG_APART_S - since_s)
            self.rig.run_s(wait_s)
            self.counts[name] = self.counts.get(name, 0) + 1
            getattr(self, "_" + name.replace(" ", "_"))()
            if self._behind_s is not None and self._chance.random() < 0.5:
                self._tell_the_time()

    def end(self) -> None:
        """Come to rest, and see whether everything tells the same."""
        rig = self.rig
        if self._behind_s is not None:
            self._tell_the_time()
        rig.run_s(_SETTLED_S)
        rig.pause()
        rig.run_s(_SETTLED_S)
        status = rig.pump.status()
        edges = len(rig.edges_ns)
        made = rig.made_before + edges
        assert (status.stepped, status.witnessed, status.asked) == (made, made, made)
        assert status.reservoir_nl == self._filled_nl - self._volume_nl(edges)
        self._end_life()
        self._check_log()

    @property
    def made(self) -> int:
        """Microsteps made in all lives."""
        return sum(made for made, _ in self.lives)

    @property
    def asked(self) -> Fraction:
        """Microsteps prescribed in all lives, less what was interrupted."""
        return sum((asked for _, asked in self.lives), Fraction(0))

    # -- what hosts do -----------------------------------------------------------------------

    def _poll(self) -> None:
        assert self.rig.pump.status().state == "running"
        self._chance.choice((self.rig.pump.log, self.rig.pump.alarms, self.rig.pump.clock))()

    def _bad_lines(self) -> None:
        """Bytes of no meaning, and requests that were cut or in which a bit was changed."""
        for _ in range(self._chance.randrange(1, 5)):
            line = bytearray(self._bolus_line(0, self._new_rid())[0])
            what = self._chance.random()
            if what < 0.3:
                line = bytearray(self._chance.choices(_BYTES, k=self._chance.randrange(1, 200)))
            elif what < 0.6:
                del line[self._chance.randrange(1, len(line)) :]
            else:
                at, bit = self._chance.randrange(len(line)), 1 << self._chance.randrange(7)
                line[at] ^= bit if line[at] ^ bit in _BYTES else 0x80
            self.rig.pico.serial_write(bytes(line) + b"\n")
        self.rig.run_s(0.5)
        self.rig.connect()

    def _bolus(self) -> None:
        """A bolus; where its answer may have been lost, asked for again by the same id."""
        running = [bolus for bolus in self.rig.prescription.boluses if self._is_coming(bolus)]
        if len(running) >= _BOLUSES_AT_A_TIME:
            return
        volume_nl, duration_s = self._dose()
        self.rig.bolus(volume_nl, duration_s)
        rid = self.rig.request_id
        self._rids.append(rid)
        if self._chance.random() < 0.5:
            self.rig.run_s(self._chance.uniform(0, 3))
            self.rig.pump.bolus(f"{volume_nl} nL", f"{duration_s} s", request_id=rid)

    def _rate(self) -> None:
        self.rig.rate(self._chance.randrange(*_MCG_PER_DAY))

    def _pause(self) -> None:
        self.rig.pause()
        self.rig.run_s(self._chance.uniform(0, 10))
        self.rig.resume()

    def _prompt(self) -> None:
        """As `mpremote resume exec` does."""
        self.rig.on_device("import gc\ngc.collect()\npump.status()")
        self.rig.connect()

    # -- what befalls the pump -----------------------------------------------------------------

    def _soft_reset(self) -> None:
        from_ns = self.rig.pico.now_ns
        self.rig.on_device("pump.status()", soft_reset=True)
        self.rig.connect()
        self._make_up(from_ns)

    def _watchdog_reset(self) -> None:
        rig = self.rig
        self._watchdog_ns = from_ns = rig.pico.now_ns
        resets = rig.pico.resets
        rig.pico.freeze()
        assert rig.pico.run_until(lambda: rig.pico.resets > resets, (_WATCHDOG_S + 1) * SECOND)
        reset_ns = rig.pico.now_ns
        rig.await_usb()
        rig.run_s(1)
        length_s = rig.go_on_after_reset(reset_ns) * NS_PER_TICK // SECOND
        self.interruptions_s.append(range(length_s, length_s + 1))
        rig.connect()
        assert rig.pump.status().reset_cause == "watchdog"
        self._make_up(from_ns)

    def _make_up(self, from_ns: int) -> None:
        """What was held up since a time came late, and a person takes note of the alarms."""
        self.rig.run_s(_SETTLED_S / 2)
        self.rig.disturbed(from_ns, self.rig.pico.now_ns)
        self.rig.run_s(_SETTLED_S / 2)
        self.rig.pump.acknowledge("all")

    def _power_cut(self) -> None:
        """Power fails at any instant."""
        self.rig.run_s(_SETTLED_S + self._chance.random())
        self.rig.pico.power_off()
        self._power_comes_back([self.rig.prescription.programme], 0)

    def _cut_in_a_flash_operation(self) -> None:
        """Power fails before, in or after one of the next operations, while a host asks."""
        rig = self.rig
        rig.run_s(_SETTLED_S)
        rid = self._new_rid()
        self._rids_cut.append(rid)
        volume_nl = duration_s = 0
        before = changed = rig.prescription.programme
        number = self._chance.randrange(10_000)
        if self._chance.random() < 0.5:
            line, volume_nl, duration_s = self._bolus_line(number, rid)
        else:
            mcg_per_day = self._chance.randrange(*_MCG_PER_DAY)
            changed = at_rate(before, mcg_per_day)
            line = self._encoded(number, rid, "rate", [("rate", f"{mcg_per_day} mcg/day")])
        rig.pico.cut_power_at_flash_op(self._chance.randrange(1, 9), self._chance.choice(PHASES))
        rig.pico.serial_write(line + b"\n")
        assert rig.pico.run_until(lambda: not rig.pico.powered, 2 * _CHECKPOINT_S * SECOND)
        holds_ticks = self._answered(number)
        # What would have held later never did.
        if holds_ticks is not None and holds_ticks < rig.tick_of(rig.pico.now_ns):
            rig.prescription.advance(holds_ticks)
            if volume_nl:
                rig.prescription.give(Fraction(volume_nl), duration_s * SECOND // NS_PER_TICK)
            else:
                rig.prescription.change(changed)
        self._power_comes_back([before, changed], volume_nl)

    def _power_comes_back(self, programmes: Sequence[Programme], in_flight_nl: int) -> None:
        """Nothing is left but flash; the pump goes on, and shows no more than is left.

        Args:
            programmes: one of them must be in force, entire.
            in_flight_nl: of a bolus that may have been booked.
        """
        rig = self.rig
        left_nl, least_nl = self._may_be_left()
        self._end_life()
        edges = len(rig.pico.step_edges)
        off_s = self._chance.choice((1, 60, 3600, 20_000))
        self.off_s += off_s
        rig.pico.advance_off(off_s * SECOND)
        on_ns = rig.pico.now_ns
        rig.power_on()
        rig.run_s(_SETTLED_S / 2)
        status = rig.pump.status()
        by_digest = {digest(canonical_text(each)): each for each in programmes}
        prescribed = by_digest[status.programme_digest]
        assert (status.state, status.bolus_remaining_nl) == ("running", 0)
        rig.go_on_after_power_cut(prescribed, on_ns, edges)
        rig.connect()
        self.interruptions_s.append(range(1))
        self._make_up(on_ns)
        self._filled_nl = status.reservoir_nl + self._volume_nl(status.stepped - rig.made_before)
        assert least_nl - in_flight_nl <= self._filled_nl <= left_nl
        # What was noted last may be a checkpoint's age old; a start takes 2 s.
        was = self._behind_s or range(1)
        self._behind_s = range(was.start + off_s, was.stop + off_s + _CHECKPOINT_S + 2)

    def _tell_the_time(self) -> None:
        """Set a clock that was lost: now the pump knows for how long it was."""
        rig = self.rig
        now_s = (rig.pico.now_ns - self._civil_zero_ns) // SECOND
        rig.set_clock(format_instant(now_s))
        assert self._behind_s is not None
        self.interruptions_s.append(self._behind_s)
        self._behind_s = None

    # -- what must hold ------------------------------------------------------------------------

    def _end_life(self) -> None:
        """Every edge came when it was due, and as many as were due."""
        rig = self.rig
        rig.check_exact()
        made, asked = len(rig.edges_ns), rig.prescription.microsteps
        # A step that was due within the last microsecond may not have been made.
        per_ns = rig.prescription.rate() / (_HOUR_S * SECOND) / rig.prescription.microstep_nl
        assert 0 <= asked - made < 1 + EXACT_NS * per_ns
        self.lives.append((made, asked))

    def _may_be_left(self) -> tuple[Fraction, Fraction]:
        """What the reservoir holds, and the least that the pump may take it for."""
        rig = self.rig
        made = len(rig.edges_ns)
        booked = copy.deepcopy(rig.prescription)
        now_ticks = int(rig.tick_of(rig.pico.now_ns))
        booked.advance(max(now_ticks, booked.time_ticks) + _BOOKED_S * SECOND // NS_PER_TICK)
        # A step more is booked, and the whole of one that is due in part.
        ahead = booked.microsteps - made + 2
        left_nl = self._filled_nl - self._volume_nl(made)
        return left_nl, left_nl - self._volume_nl(ahead)

    def _check_log(self) -> None:
        """The log has each interruption with its length, and no bolus twice."""
        entries = list(self.rig.pump.log(self._first_record))
        logged_s = [int(_field(e, "length_s")) for e in entries if e.code == "interruption"]
        assert len(logged_s) == len(self.interruptions_s)
        for length_s, expected_s in zip(logged_s, self.interruptions_s, strict=True):
            assert length_s in expected_s
        begun = [_field(e, "request_id") for e in entries if e.code == "bolus_started"]
        assert len(set(begun)) == len(begun)
        assert set(self._rids) <= set(begun) <= {*self._rids, *self._rids_cut}

    # -- making things up ----------------------------------------------------------------------

    def _volume_nl(self, microsteps: int | Fraction) -> Fraction:
        return microsteps * self.rig.prescription.microstep_nl

    def _is_coming(self, bolus) -> bool:
        return bolus.times[-1][1] > self.rig.tick_of(self.rig.pico.now_ns)

    def _new_rid(self) -> str:
        return f"{self._chance.randrange(1, 0xFFFFFFFE):08x}"

    def _dose(self) -> tuple[int, int]:
        return self._chance.randrange(*_BOLUS_NL), self._chance.randrange(*_BOLUS_S)

    def _bolus_line(self, number: int, rid: str) -> tuple[bytes, int, int]:
        volume_nl, duration_s = self._dose()
        pairs = [("volume", f"{volume_nl} nL"), ("duration", f"{duration_s} s")]
        return self._encoded(number, rid, "bolus", pairs), volume_nl, duration_s

    def _encoded(self, number: int, rid: str, name: str, pairs) -> bytes:
        return lines.encode(lines.REQUEST, number, rid, name, pairs).encode()

    def _answered(self, number: int) -> int | None:
        """From when a request holds, if its answer got out."""
        for raw in self.rig.pico.serial_read().split(b"\n"):
            if raw.startswith(b"="):
                line = lines.decode(raw.strip())
                if line.number == number:
                    assert line.word == "done"
                    return int(line.get("effective_ticks"))
        return None
