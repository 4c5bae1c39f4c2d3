"""Random traffic of two hosts over a bad line, and what must hold whatever comes through.

Each line that a host sends may be cut, flipped, repeated, held back or lost; one host may break
off in the middle of programming and begin anew. As a program it runs as long as it is told:

    .venv/bin/python tests/host/link_fuzz.py --lines 1000000 --seed 1
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests" / "portable")]

from pump.core import records, retained  # noqa: E402
from pump.core.errors import PumpError  # noqa: E402
from pump.core.programme import digest  # noqa: E402
from pump.link import commands, lines  # noqa: E402
from test_link_server import TEXT, Bench  # noqa: E402

# Where the pump is left alone for no longer than it looks after itself.
_LOOK_MS = 2000
_REFILL_EVERY = 100
# The doses of two days are remembered, so days have to pass.
_DAY_MS = 86_400_000
# What may be asked for, with arguments in order; bootloader would end the pump.
_ASKED = [command for command in commands.COMMANDS if command.name != "bootloader"]
_ASKED += 10 * [commands.require("bolus")] + 4 * [commands.require("start")]


class Host:
    """One of those who send; it keeps what it sent, to send it again.

    Attributes:
        pieces: what is left to be sent of a programme that it is in the middle of.
    """

    def __init__(self, chance: random.Random):
        self._chance = chance
        self.pieces: list[bytes] = []
        self._sent: list[bytes] = []
        self._number = 0

    def next_line(self) -> bytes:
        """A whole line: a new request, the next piece of a programme, or one from before."""
        chance = self._chance
        if self._sent and chance.random() < 0.15:
            return chance.choice(self._sent)
        if self.pieces and chance.random() < 0.8:
            line = self.pieces.pop(0)
        elif chance.random() < 0.03:
            # From the beginning, whether the one before was whole or not.
            self.pieces = self._programming()
            line = self.pieces.pop(0)
        else:
            line = self._request()
        self._sent.append(line)
        del self._sent[:-30]
        return line

    def _encode(self, name: str, pairs: list) -> bytes:
        self._number = (self._number + 1) % 10000
        rid = f"{self._chance.randrange(1, 0xFFFFFFFE):08x}"
        return lines.encode(":", self._number, rid, name, pairs).encode() + b"\n"

    def _request(self) -> bytes:
        command = self._chance.choice(_ASKED)
        pairs = [
            (arg.name, self._chance.choice((arg.example, arg.example, "", "7", "x")))
            for arg in command.args
        ]
        if command.name == "bolus":
            pairs = [("volume", f"{self._chance.randrange(1, 90)} mcg"), ("duration", "1 min")]
        return self._encode(command.name, pairs)

    def _programming(self) -> list[bytes]:
        text = TEXT
        if self._chance.random() < 0.5:
            text = text.replace("25000", str(self._chance.randrange(10_000, 40_000)))
        pieces = text.split("\n")[:-1]
        found = [
            self._encode(
                "propose", [("pieces", len(pieces)), ("crc", lines.checksum(text.encode()))]
            )
        ]
        found += [
            self._encode("propose_line", [("n", n), ("text", piece)])
            for n, piece in enumerate(pieces)
        ]
        found.append(self._encode("review", []))
        return [*found, self._encode("confirm", [("digest", digest(text))])]


class Fuzz:
    """One pump, two hosts, one line.

    Attributes:
        fed: lines fed.
        damaged: how many of them were not what a host had sent.
        changed: requests that changed something.
        boluses: boluses that have begun.
    """

    def __init__(self, seed: int):
        self._chance = random.Random(seed)
        self._bench = Bench().running()
        self._bench.pump.generator.edges = None
        self._controller = self._bench.pump.controller
        self._hosts = [Host(self._chance), Host(self._chance)]
        self._held: list[bytes] = []
        self._left = b""  # what came since the last line's end
        self._begun: dict[str, int] = {}
        self._twice: list[str] = []
        self.fed = self.damaged = self.changed = self.boluses = 0
        self._watch_boluses()

    def run(self, count: int) -> None:
        """Feed so many lines; AssertionError when something does not hold."""
        for _ in range(count):
            self._feed(self._next())
            if self.fed % _REFILL_EVERY == 0:
                self._tend()

    def blocks(self) -> int:
        """Blocks of memory in use, when all that is not needed any more was collected."""
        gc.collect()
        return sys.getallocatedblocks()

    def _watch_boluses(self) -> None:
        journal = self._controller.recorder.events
        real = journal.append

        def append(kind, time_s, payload, clock_known=True):
            if kind == records.BOLUS_STARTED:
                rid = records.decode(kind, payload)["request_id"]
                self.boluses += 1
                # The last 200 are enough: a pump remembers 64 requests.
                self._begun[rid] = self._begun.pop(rid, 0) + 1
                if len(self._begun) > 200:
                    del self._begun[next(iter(self._begun))]
                if self._begun[rid] > 1:
                    # Told later: here the server would take it for an error of the pump.
                    self._twice.append(rid)
            return real(kind, time_s, payload, clock_known)

        journal.append = append

    def _next(self) -> bytes:
        chance = self._chance
        if self._held and chance.random() < 0.2:
            return self._held.pop(chance.randrange(len(self._held)))
        line = chance.choice(self._hosts).next_line()
        what = chance.random()
        if what < 0.05:
            self._held.append(line)
            del self._held[:-20]
            return b"\n"
        if what < 0.15:
            return self._cut(line)
        if what < 0.3:
            return self._flipped(line)
        if what < 0.33:
            return chance.randbytes(chance.randrange(300)) + b"\n"
        if what < 0.36:
            # Two hosts at once: their bytes come mixed.
            other = chance.choice(self._hosts).next_line()
            at = chance.randrange(len(line))
            return line[:at] + other[: chance.randrange(len(other))] + line[at:]
        return line

    def _cut(self, line: bytes) -> bytes:
        return line[: self._chance.randrange(len(line))] + b"\n"

    def _flipped(self, line: bytes) -> bytes:
        flipped = bytearray(line)
        for _ in range(self._chance.choice((1, 1, 2, 8))):
            flipped[self._chance.randrange(len(line))] ^= 1 << self._chance.randrange(8)
        return bytes(flipped)

    def _feed(self, data: bytes) -> None:
        bench = self._bench
        before = self._state()
        may_change = False
        *whole, self._left = (self._left + data).split(b"\n")
        for line in whole:
            may_change |= _asks_for_change(line)
            self.damaged += not _is_whole(line) and bool(line)
        answers = bench.feed(data)
        self.fed += 1
        assert not self._twice, f"bolus {self._twice[0]} given twice"
        assert not [answer for answer in answers if "the pump failed inside" in answer], data
        if may_change:
            self.changed += self._state() != before
        else:
            assert self._state() == before, data
        if self._chance.random() < 0.05:
            bench.pump.wait_ms(self._chance.randrange(_LOOK_MS))
            bench.pump.serve()

    def _state(self):
        pump = self._controller
        return (
            retained.text_of(pump),
            pump.programme_digest,
            pump.proposal,
            pump.recorder.events.next_sequence,
            pump.feeder.planned,
        )

    def _tend(self) -> None:
        """A person stops the pump, comes back the next day, refills it and starts again."""
        pump = self._controller
        bench = self._bench.pump
        try:
            pump.stop()
        except PumpError:
            pass
        # A prime or a move that was just asked for has ended as well.
        for ms in (1000, 1000, _DAY_MS, 1000):
            bench.wait_ms(ms)
            bench.serve()
        pump.acknowledge("all")
        for name, args in (("refill", ((9_000_000, 1),)), ("start", ())):
            try:
                getattr(pump, name)(*args)
            except PumpError:
                pass
        # Moves, which are no dose, are not in it.
        assert pump.witnessed() <= pump.feeder.planned
        self._feed(b"\n")
        self._bench.number = 0
        assert self._bench.ask("hello")[0].word == "done"


def _is_whole(line: bytes) -> bool:
    try:
        lines.decode(line.rstrip(b"\r"))
    except PumpError:
        return False
    return True


def _asks_for_change(line: bytes) -> bool:
    """Whether a line that came through is a whole request of a command that changes something."""
    if line[:1] != b":" or not _is_whole(line):
        return False
    command = commands.find(lines.decode(line.rstrip(b"\r")).word)
    return command is not None and command.changes


def main() -> None:
    """Fuzz as long as the command line says, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    fuzz = Fuzz(options.seed)
    began_s = time.process_time()
    fuzz.run(options.lines // 10)
    before = fuzz.blocks()
    fuzz.run(options.lines - options.lines // 10)
    print(
        f"{fuzz.fed} lines, {fuzz.damaged} damaged, {fuzz.changed} changed something, "
        f"{fuzz.boluses} boluses, none twice; memory in use {fuzz.blocks() / before:.3f} of what "
        f"it was after a tenth; {time.process_time() - began_s:.0f} s of processor"
    )


if __name__ == "__main__":
    main()
