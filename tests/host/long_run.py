"""Days of a pump's life in one go: hosts, bad lines, resets, power cuts; every step accounted for.

The whole of pump.core and pump.link runs on a clock that the run moves, with a look of the service
every 2 s as on the Pico, on flash whose power can fail at any operation. Beside it goes the
prescription in fractions, which is told what the pump answered, and never what it did. As a program
it runs as long as it is told:

    .venv/bin/python tests/host/long_run.py --days 30 --seed 1
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import sys
import time
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests" / "portable")]

from flash_model import PHASES, FlashModel, PowerCut  # noqa: E402
from prescription import MINIMUM, SCHEDULE, TICKS_PER_S, Prescription, next_second  # noqa: E402

from bench_case import status  # noqa: E402
from bench_programme import DAY_S, EVERY_DAY, HOUR_S, bench_programme  # noqa: E402
from bench_pump import BenchPump  # noqa: E402
from pump.core import after_reset, moves, ratio, records, retained  # noqa: E402
from pump.core.programme import (  # noqa: E402
    Programme,
    canonical_text,
    digest,
    parse_canonical,
    replace,
    with_basal,
)
from pump.core.quantity import format_instant  # noqa: E402
from pump.link import lines  # noqa: E402
from pump.link.server import Server  # noqa: E402

LOOK_MS = 2000
FILLED_NL = 9_500_000
_REFILL_BELOW_NL = 2_500_000
# A request holds from less than 2.2 s ahead, after a reset what is owed is made up for within 7 s.
_SETTLED_S = 12
# A part of a microsecond: steps may share a word.
_LATE_TICKS = 125
_VERSION = "0.1.0"
# 0.6 mL/day; 24 rates a day with a bolus at night; a long taper's fraction of a rate.
FLAT = bench_programme()
BY_THE_HOUR = bench_programme(
    name="By the hour",
    days=(
        tuple(
            (hour * HOUR_S, ratio.ratio(140_000 + 900 * hour, 7 - hour % 5)) for hour in range(24)
        ),
    ),
    boluses=((3 * HOUR_S, EVERY_DAY, (30_000, 1), 1800),),
)
THIRDS = bench_programme(name="Thirds", days=(((0, (1375, 3)), (12 * HOUR_S, (100_000, 7))),))
PROGRAMMES = (FLAT, BY_THE_HOUR, THIRDS)
# What may be active in such a life; anything else is a fault of the pump.
_ALLOWED = {
    "low_reservoir",
    "low_reservoir_time",
    "not_started",
    "paused_too_long",
    "waiting_for_input",
    "interrupted",
    "clock_lost",
    "bolus_cancelled",
    "watchdog_reset",
}
# What the last checkpoint may have booked ahead, see monitor.py: this long, from up to so long ago.
_BOOKED_S = 130 + 60
_RATE_MAX_NL_PER_H = 80_000


def before_the_clock_is_set(programme: Programme) -> Programme:
    """What a programme comes to while the time of day is unknown: its lowest basal rate."""
    rates = [rate for day in programme.days for _, rate in day]
    lowest = min(rates, key=lambda rate: Fraction(*rate))
    return replace(programme, days=(((0, lowest),),), boluses=())


class LongRun:
    """One pump and all that befalls it.

    A life is what lies between two power cuts: the part of a microstep that is owed when one comes
    is lost with it.

    Attributes:
        bench: the BenchPump of now.
        asked: what was prescribed in this life.
        lives: (microsteps made, microsteps prescribed, a fraction) in each life that has ended.
        counts: what has happened, by name.
    """

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.flash = FlashModel(40, seed)
        self.flash.wavering = True
        self.bench = BenchPump(self.flash)
        self.bench.generator.edges = None
        self.step = Fraction(*FLAT.microstep_nl())
        self.lives: list[tuple[int, Fraction]] = []
        self.counts: dict[str, int] = {}
        # What the hosts know: boluses that were answered "done"; what the log was seen to hold.
        self._done: list[str] = []
        self._logged: dict[str, int] = {}
        self._next_record = 0
        # Steps before this life.
        self._life_from = 0
        # The request that is being answered, the state before it, what it may put in force.
        self._asking = ""
        self._state_before = moves.UNPROGRAMMED
        self._text_asked_for = ""
        # By how much the pump's clock is behind while it is unknown, s.
        self._behind_s = 0
        self._off_s = 0
        # Of the clock before it was set, and what it was set to.
        self._offset_us = 0
        self._set_to_s = 0
        self._was_cut_off = False
        self._last_watchdog_s = -HOUR_S
        self._number = 0
        self._last_line = b""
        self._attach()
        self._program(FLAT, self._ask)
        self._refill()
        self.asked = Prescription(FLAT, FLAT.microstep_nl(), self.bench.clock.now_ticks())
        self._before = copy.deepcopy(self.asked)
        self._do("start")

    # -- the run -----------------------------------------------------------------------------

    def run(self, days: int) -> None:
        """Let days pass; AssertionError when something does not hold."""
        until_s = self._civil_s() + days * DAY_S
        while self._civil_s() < until_s:
            try:
                self._wait(self.chance.choice((20, 120, 600, 1200, 3600)))
                self._something()
                self._look_after_it()
            except PowerCut:
                self._power_came_back()
        self.flash.cut_at = None
        self._wait(_SETTLED_S)
        self._do("stop")
        self._wait(_SETTLED_S)
        self._check_book()
        self._end_life()
        assert self.bench.made() == sum(made for made, _ in self.lives)
        # A step that was due within the last microsecond may not have been made.
        assert all(0 <= asked - made < 1 + Fraction(1, 10_000) for made, asked in self.lives)
        self._export()
        self._check_log()

    def _something(self) -> None:
        happening, weight = zip(
            *(
                (self._poll, 30),
                (self._bad_lines, 14),
                (self._bolus, 12),
                (self._other_rate, 6),
                (self._other_programme, 4),
                (self._die_while_programming, 3),
                (self._pause, 4),
                (self._stop, 2),
                (self._minimum, 2),
                (self._cancel_bolus, 3),
                (self._correct_clock, 3),
                (self._soft_reset, 4),
                (self._watchdog, 3),
                (self._arm_power_cut, 6),
            ),
            strict=True,
        )
        what = self.chance.choices(happening, weight)[0]
        name = what.__name__.strip("_")
        self.counts[name] = self.counts.get(name, 0) + 1
        what()

    def _wait(self, seconds: int) -> None:
        """Let time pass; the pump looks after itself every 2 s."""
        bench = self.bench
        for _ in range(max(1, seconds * 1000 // LOOK_MS)):
            bench.wait_ms(LOOK_MS)
            bench.serve()

    # -- what hosts do -----------------------------------------------------------------------

    def _attach(self) -> None:
        """A console of its own for the pump of now."""
        self._said: list[str] = []
        self._server = Server(self.bench.controller, self._said.append)

    def _line(self, name: str, pairs=(), rid: str = "") -> bytes:
        self._number = (self._number + 1) % 10000
        rid = rid or f"{self.chance.randrange(1, 0xFFFFFFFE):08x}"
        return (lines.encode(":", self._number, rid, name, pairs) + "\n").encode()

    def _feed(self, data: bytes) -> list[str]:
        self._said.clear()
        self._server.feed(data)
        return "".join(self._said).split("\n")[:-1]

    def _ask(self, name: str, pairs=(), rid: str = ""):
        """Ask as a host on a bad line does: repeats may come, answers may be lost."""
        line = self._line(name, pairs, rid)
        self._asking, self._state_before = name, self.bench.controller.state
        if self.chance.random() < 0.2:
            self._feed(line[: self.chance.randrange(len(line))] + b"\n")
        answer = lines.decode(self._feed(line)[-1].encode())
        if self.chance.random() < 0.2:
            # Its answer was lost: asked again, by the same line or by a new one of the same id.
            state = self._state()
            rid = lines.decode(line.rstrip()).rid
            again = line if self.chance.random() < 0.5 else self._line(name, pairs, rid)
            self._feed(again)
            assert self._state() == state, line
        self._last_line = line
        self._asking = ""
        return answer

    def _do(self, name: str, pairs=(), rid: str = ""):
        """Have the pump do something; the prescription is told from when it holds."""
        pump = self.bench.controller
        before = pump.state
        self._before = copy.deepcopy(self.asked)
        answer = self._ask(name, pairs, rid)
        if answer.word != "done":
            return answer
        ticks = answer.get("effective_ticks")
        if ticks in (None, "none", ""):
            ticks = self.bench.clock.now_ticks()
        self.asked.advance(max(int(ticks), self.asked.time_ticks))
        self._note(name, before)
        self.asked.pieces = []
        return answer

    def _note(self, name: str, before: str) -> None:
        asked = self.asked
        if name in ("pause", "stop"):
            asked.stop()
        elif name == "minimum":
            asked.cancel_boluses()
            asked.start(MINIMUM)
        elif name in ("start", "resume") and before != moves.RUNNING:
            asked.start(SCHEDULE)
        elif name == "cancel_bolus":
            asked.cancel_boluses()
        elif name in ("rate", "confirm"):
            asked.change(self._in_force())

    def _in_force(self) -> Programme:
        """What the pump's programme asks for as far as it knows the time."""
        programme = parse_canonical(self.bench.controller.programme_text)
        if self.bench.clock.is_known:
            return programme
        return before_the_clock_is_set(programme)

    def _poll(self) -> None:
        state = self._state()
        names = ("hello", "status", "alarms", "clock", "programme", "log")
        for name in self.chance.sample(names, 3):
            assert self._ask(name).word == "done"
        assert self._state() == state

    def _bad_lines(self) -> None:
        state = self._state()
        for _ in range(self.chance.randrange(1, 30)):
            line = bytearray(self.chance.choice((self._last_line, self._line("stop"))))
            what = self.chance.random()
            if what < 0.4:
                line[self.chance.randrange(len(line) - 1)] ^= 1 << self.chance.randrange(8)
            elif what < 0.7:
                del line[self.chance.randrange(len(line) - 1) :]
            else:
                line = bytearray(self.chance.randbytes(self.chance.randrange(300)))
            self._feed(bytes(line) + b"\n")
        # So that the next line is not taken for the rest of one.
        self._feed(b"\n")
        assert self._state() == state

    def _bolus(self) -> None:
        rid = f"{self.chance.randrange(1, 0xFFFFFFFE):08x}"
        volume_nl = self.chance.randrange(1000, 60_000)
        duration_s = self.chance.randrange(60, 1800)
        pairs = [("volume", f"{volume_nl} nL"), ("duration", f"{duration_s} s")]
        if self._do("bolus", pairs, rid).word == "done":
            self.asked.give(Fraction(volume_nl), duration_s * TICKS_PER_S)
            self._done.append(rid)

    def _cancel_bolus(self) -> None:
        self._do("cancel_bolus")

    def _other_rate(self) -> None:
        nl_per_h = self.chance.randrange(2000, _RATE_MAX_NL_PER_H)
        programme = with_basal(self.bench.controller.prescription, (nl_per_h, 1))
        self._text_asked_for = canonical_text(programme)
        self._do("rate", [("rate", f"{nl_per_h} nL/h")])

    def _other_programme(self) -> None:
        self._program(self.chance.choice(PROGRAMMES), self._do)

    def _program(self, programme: Programme, confirm) -> None:
        self._text_asked_for = text = canonical_text(programme)
        for line in self._pieces(text):
            self._feed(line)
        answer = self._ask("review")
        assert answer.get("digest") == digest(text), answer.pairs
        confirm("confirm", [("digest", digest(text))])

    def _pieces(self, text: str) -> list[bytes]:
        pieces = text.split("\n")[:-1]
        begin = [("pieces", len(pieces)), ("crc", lines.checksum(text.encode()))]
        found = [self._line("propose", begin)]
        for n, piece in enumerate(pieces):
            found.append(self._line("propose_line", [("n", n), ("text", piece)]))
        return found

    def _die_while_programming(self) -> None:
        state = self._state()
        sent = self._pieces(canonical_text(self.chance.choice(PROGRAMMES)))
        for line in sent[: self.chance.randrange(len(sent))]:
            self._feed(line)
        assert self._state() == state

    def _pause(self) -> None:
        if self._do("pause").word == "done":
            self._wait(self.chance.choice((4, 60, 1800)))
            self._do("resume")

    def _stop(self) -> None:
        if self._do("stop").word == "done":
            self._wait(self.chance.choice((4, 60, 1800)))
            self._do("start")

    def _minimum(self) -> None:
        if self._do("minimum").word == "done":
            self._wait(self.chance.choice((4, 600)))
            self._do("start")

    def _correct_clock(self) -> None:
        if self.bench.clock.is_known:
            self._set_clock(self.bench.clock.now_s() + self.chance.randrange(-30, 90))

    def _look_after_it(self) -> None:
        """A person: sets a lost clock, refills, starts what stands still, looks at the alarms."""
        pump = self.bench.controller
        if not self.bench.clock.is_known and self.chance.random() < 0.4:
            self._set_clock(self._civil_s())
        if Fraction(*status(self.bench, "reservoir_nl")) < _REFILL_BELOW_NL:
            self._refill()
        if pump.state in (moves.STOPPED, moves.PAUSED):
            self._do("start" if pump.state == moves.STOPPED else "resume")
        elif pump.state == moves.MINIMUM:
            self._do("start")
        codes = {row.code for row in pump.active_alarms.rows()}
        assert codes <= _ALLOWED, codes - _ALLOWED
        assert pump.state == moves.RUNNING
        self._ask("acknowledge", [("code", "all")])
        if self.counts and self.chance.random() < 0.2:
            self._export()

    def _refill(self) -> None:
        assert self._ask("refill", [("volume", f"{FILLED_NL} nL")]).word == "done"
        self._filled_nl, self._filled_at = Fraction(FILLED_NL), self.bench.made()

    def _set_clock(self, to_s: int) -> None:
        clock = self.bench.clock
        was_known, old_s = clock.is_known, clock.now_s()
        self._offset_us = clock.offset_us
        self._set_to_s = to_s
        assert self._ask("set_clock", [("now", format_instant(to_s))]).word == "done"
        moved_ticks = (clock.offset_us - self._offset_us) * 125
        asked = self.asked
        asked.set_clock(self.bench.controller.delivery.anchor_ticks - moved_ticks, moved_ticks)
        if not was_known:
            asked.change(parse_canonical(self.bench.controller.programme_text))
            asked.boluses_from_s = next_second(asked.time_ticks)
            self._behind_s = 0
            if self._was_cut_off:
                self._was_cut_off = False
                self._check_interruption(to_s - old_s)
        self._last_watchdog_s += to_s - old_s

    # -- what befalls it -----------------------------------------------------------------------

    def _soft_reset(self) -> None:
        self.flash.cut_at = None
        self._wait(_SETTLED_S)
        self.bench = self.bench.after_soft_reset(self.chance.randrange(1, 450))
        self._started(after_reset.SOFT)
        self._wait(_SETTLED_S)
        self._check_steps()

    def _watchdog(self) -> None:
        """The processor hangs; 8 s after it was fed the watchdog bites."""
        # Three within ten minutes would stop it, see after_reset.py.
        if self._civil_s() - self._last_watchdog_s < 900:
            return
        self.flash.cut_at = None
        self._wait(_SETTLED_S)
        self._last_watchdog_s = self._civil_s()
        was_delivering = self.bench.controller.state in moves.DELIVERING
        reset_ticks = (self.bench._fed_us + 8_000_000 + self.bench.clock.offset_us) * 125
        boot_ms = self.chance.randrange(200, 900)
        self.bench.wait_ms(self.chance.randrange(LOOK_MS))
        self.bench = self.bench.after_watchdog_reset(boot_ms)
        if was_delivering:
            self.asked.advance(reset_ticks)
            self.asked.interrupted(reset_ticks + boot_ms * 125_000)
        self._started(after_reset.WATCHDOG)
        self._wait(_SETTLED_S)
        self._check_steps()

    def _started(self, cause: str) -> None:
        after_reset.note(self.bench.controller, cause, _VERSION)
        self._attach()

    def _arm_power_cut(self) -> None:
        """Power fails at one of the coming flash operations, whatever that belongs to."""
        self._wait(_SETTLED_S)
        self.flash.cut_phase = self.chance.choice(PHASES)
        self.flash.cut_at = self.flash.operations + self.chance.randrange(40)

    def _power_came_back(self) -> None:
        """Nothing is left but flash; what the pump makes of it is never too much of anything."""
        bench, pump = self.bench, self.bench.controller
        left_nl, least_nl = self._may_be_left()
        states, texts = {pump.state}, {pump.programme_text}
        if self._asking:
            states = {self._state_before}
            states.add(moves.MOVES[self._state_before].get(self._asking, self._state_before))
            texts.add(self._text_asked_for)
        is_setting = self._asking == "set_clock"
        self._end_life()
        self._asking = ""
        civil_s = self._set_to_s if is_setting else self._civil_s()
        tries = self._switch_on()
        pump = self.bench.controller
        assert pump.state in states
        assert pump.programme_text in texts
        assert pump.delivery.boluses == []
        shown_nl = Fraction(*status(self.bench, "reservoir_nl"))
        assert left_nl - tries * (left_nl - least_nl) <= shown_nl <= left_nl
        self._filled_nl, self._filled_at = shown_nl, bench.made()
        self._off_s = self.chance.choice((1, 60, 3600, 20_000))
        self._behind_s = civil_s + self._off_s - self.bench.clock.now_s()
        self._last_watchdog_s -= self._behind_s
        self._was_cut_off = pump.was_cut_off
        self._export()

    def _switch_on(self) -> int:
        """Power comes on, and may fail again before the pump is up; returns how often it came."""
        tries = 1
        self.flash.cut_at = None
        if self.chance.random() < 0.1:
            self.flash.cut_at = self.flash.operations + self.chance.randrange(4)
        while True:
            try:
                again = self.bench.after_power_cut()
                after_reset.note(again.controller, after_reset.POWER_ON, _VERSION)
                break
            except PowerCut:
                tries += 1
                self.flash.cut_at = None
        self.flash.cut_at = None
        self.counts["power cuts"] = self.counts.get("power cuts", 0) + tries
        self.bench = again
        self._attach()
        pump = again.controller
        now_ticks = again.clock.now_ticks()
        self.asked = Prescription(self._in_force(), pump.prescription.microstep_nl(), now_ticks)
        self._before = copy.deepcopy(self.asked)
        if pump.state in moves.DELIVERING:
            self.asked.start(MINIMUM if pump.state == moves.MINIMUM else SCHEDULE)
        return tries

    def _may_be_left(self) -> tuple[Fraction, Fraction]:
        """The most that the reservoir can hold, and the least that the pump may take it for."""
        left_nl = self._filled_nl - (self.bench.made() - self._filled_at) * self.step
        booked_nl = Fraction(_RATE_MAX_NL_PER_H * _BOOKED_S, HOUR_S) + FLAT.commit_ahead_nl
        booked_nl += sum(
            bolus.rate * (end - begin) for bolus in self.asked.boluses for begin, end in bolus.times
        )
        least_nl = left_nl - booked_nl - 2 * self.step
        if self._asking == "refill":
            left_nl = max(left_nl, Fraction(FILLED_NL))
        return left_nl, least_nl

    # -- what must hold ------------------------------------------------------------------------

    def _state(self):
        pump = self.bench.controller
        return (
            retained.text_of(pump),
            pump.programme_digest,
            pump.recorder.events.next_sequence,
            pump.feeder and pump.feeder.planned,
        )

    def _civil_s(self) -> int:
        return self.bench.clock.now_s() + self._behind_s

    def _check_steps(self) -> None:
        """Made in this life: the whole part of what was prescribed in it, to the microsecond."""
        now_ticks = self.bench.clock.now_ticks()
        asked = self.asked
        if asked.time_ticks < now_ticks:
            asked.advance(now_ticks)
        asked.pieces = []
        made = self.bench.made() - self._life_from
        per_tick = asked.rate() / (HOUR_S * TICKS_PER_S) / self.step
        fewest = math.floor(asked.microsteps - per_tick * _LATE_TICKS)
        assert fewest <= made <= math.floor(asked.microsteps), (made, float(asked.microsteps))
        assert status(self.bench, "stepped") == status(self.bench, "witnessed")

    def _end_life(self) -> None:
        """Power has failed: what was asked for and would have held later never did."""
        clock = self.bench.clock
        if self._asking == "set_clock":
            # Time does not pass within a request.
            clock.offset_us = self._offset_us
        if self.asked.time_ticks > clock.now_ticks():
            self.asked = self._before
        self._check_steps()
        made = self.bench.made() - self._life_from
        self.lives.append((made, self.asked.microsteps))
        self._life_from = self.bench.made()

    def _check_book(self) -> None:
        """At rest: the counts, the reservoir and the newest checkpoint tell the same."""
        bench = self.bench
        left_nl = self._filled_nl - (bench.made() - self._filled_at) * self.step
        assert Fraction(*status(bench, "reservoir_nl")) == left_nl
        fields = bench.controller.recorder.last_checkpoint()[0]
        assert fields["stepped"] == status(bench, "stepped") == status(bench, "witnessed")
        assert Fraction(*fields["reservoir_nl"]) == left_nl
        assert fields["delivered_nl"] == status(bench, "delivered_nl")

    def _check_interruption(self, length_s: int) -> None:
        logged = self.bench.controller.recorder.events.last(records.INTERRUPTION)
        assert logged.fields()["length_s"] == length_s
        assert length_s >= self._off_s

    def _export(self) -> None:
        """Take over what the log holds since the last time, as a host that keeps it all."""
        for record in self.bench.controller.recorder.events.records(self._next_record):
            assert record.sequence >= self._next_record
            self._next_record = record.sequence + 1
            name = record.name()
            self._logged[name] = self._logged.get(name, 0) + 1
            if record.kind == records.BOLUS_STARTED:
                rid = record.fields()["request_id"]
                if rid != "00000000":
                    self._logged[rid] = self._logged.get(rid, 0) + 1

    def _check_log(self) -> None:
        """No bolus began twice; each that was answered "done" is in the log."""
        for rid in self._done:
            assert self._logged.get(rid) == 1, rid


def main() -> None:
    """Run as long as the command line says, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began_s = time.process_time()
    run = LongRun(options.seed)
    run.run(options.days)
    print(
        f"{options.days} days in {time.process_time() - began_s:.0f} s of processor: {run.counts}"
    )
    asked = sum(asked for _, asked in run.lives)
    made = run.bench.made()
    print(
        f"{made} steps made, {float(asked):.3f} prescribed in {len(run.lives)} lives: "
        f"{float(asked - made):.3f} are parts of a step, one a life, that power cuts took with them"
    )


if __name__ == "__main__":
    main()
