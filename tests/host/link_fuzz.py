"""Random traffic of two hosts over a bad line, and what must hold whatever comes through.

Each line that a host sends may be cut, flipped, repeated, held back or lost; one host may break
off in the middle of programming and begin anew. As a program it runs as long as it is told:

    .venv/bin/python tests/host/link_fuzz.py --lines 1000000 --seed 1
    .venv/bin/python tests/host/link_fuzz.py --lines 1000000 --seed 1 --locked
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import hmac
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests" / "portable")]

from bench_keys import ROLES, SECRETS, paired  # noqa: E402
from pump.core import paired_keys, records, retained  # noqa: E402
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
_CHALLENGE_S = 60


class Keys:
    """What those who send know of the keys of a locked pump, and who of them is who.

    Attributes:
        challenges: by name, the challenge heard last and when, uptime in s; gone when it is used.
    """

    def __init__(self, chance: random.Random):
        self._chance = chance
        self.challenges: dict[str, tuple[bytes, int]] = {}

    def signed(self, message: bytes, name: str) -> bytes:
        """A request with a message code: mostly the right one."""
        chance = self._chance
        secret = SECRETS[name]
        if chance.random() < 0.1:
            secret = chance.randbytes(32)
        challenge = self.challenges.get(name, (chance.randbytes(16), 0))[0]
        message += b" mac=" + _code(secret, challenge + message)
        return message + b" *" + lines.checksum(message).encode() + b"\n"

    def lets_through(self, raw: bytes, uptime_s: int) -> bool:
        """Whether a whole request has a valid code of a key that may do this; uses it up."""
        line = lines.decode(raw)
        command = commands.require(line.word)
        if command.role == commands.ANYONE:
            return True
        (by, name), (mac, code) = ([("", ""), ("", "")] + list(line.pairs))[-2:]
        if (by, mac) != ("by", "mac") or name not in SECRETS:
            return False
        challenge, given_s = self.challenges.pop(name, (b"", 0))
        if not challenge or uptime_s > given_s + _CHALLENGE_S:
            return False
        order = list(paired_keys.ROLES)
        role = commands.role_of(command, line.pairs[:-2])
        may = order.index(ROLES[name]) >= order.index(role)
        message = raw[: raw.rfind(b" mac=")]
        return may and code.lower().encode() == _code(SECRETS[name], challenge + message)


def _code(secret: bytes, message: bytes) -> bytes:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:32].encode()


class Host:
    """One of those who send; it keeps what it sent, to send it again.

    Args:
        keys: None where the pump is open.

    Attributes:
        pieces: (command, arguments) that are left to be sent of a programme.
    """

    def __init__(self, chance: random.Random, keys: Keys | None = None):
        self._chance = chance
        self._keys = keys
        self.pieces: list[tuple[str, list]] = []
        # The request that waits for a challenge, and the key that it is for.
        self._waiting: tuple[str, list, str] | None = None
        self._sent: list[bytes] = []
        self._number = 0

    def next_line(self) -> bytes:
        """A whole line: a new request, the next piece of a programme, or one from before."""
        chance = self._chance
        if self._sent and chance.random() < 0.15:
            return chance.choice(self._sent)
        if self._waiting is not None:
            name, pairs, key = self._waiting
            self._waiting = None
            line = self._encode(name, [*pairs, ("by", key)], key)
        else:
            line = self._begin(*self._next_request())
        self._sent.append(line)
        del self._sent[:-30]
        return line

    def _next_request(self) -> tuple[str, list]:
        if self.pieces and self._chance.random() < 0.8:
            return self.pieces.pop(0)
        if self._chance.random() < 0.03:
            # From the beginning, whether the one before was whole or not.
            self.pieces = self._programming()
            return self.pieces.pop(0)
        return self._request()

    def _begin(self, name: str, pairs: list) -> bytes:
        """A request, or the challenge that it needs first."""
        command = commands.require(name)
        needs_key = command.changes and command.role != commands.ANYONE
        if self._keys is None or not needs_key or self._chance.random() < 0.1:
            return self._encode(name, pairs)
        key = self._chance.choice(("boss", "boss", "bench", "nurse"))
        self._waiting = (name, pairs, key)
        return self._encode("challenge", [("by", key)])

    def _encode(self, name: str, pairs: list, key: str = "") -> bytes:
        self._number = (self._number + 1) % 10000
        rid = f"{self._chance.randrange(1, 0xFFFFFFFE):08x}"
        line = lines.encode(":", self._number, rid, name, pairs).encode()
        if key and self._keys is not None:
            return self._keys.signed(line[: line.rfind(b" *")], key)
        return line + b"\n"

    def _request(self) -> tuple[str, list]:
        command = self._chance.choice(_ASKED)
        pairs = [
            (arg.name, self._chance.choice((arg.example, arg.example, "", "7", "x")))
            for arg in command.args
        ]
        if command.name == "bolus":
            pairs = [("volume", f"{self._chance.randrange(1, 90)} mcg"), ("duration", "1 min")]
        return command.name, pairs

    def _programming(self) -> list[tuple[str, list]]:
        text = TEXT
        if self._chance.random() < 0.5:
            text = text.replace("25000", str(self._chance.randrange(10_000, 40_000)))
        pieces = text.split("\n")[:-1]
        pairs = [("pieces", len(pieces)), ("crc", lines.checksum(text.encode()))]
        found = [("propose", pairs)]
        found += [("propose_line", [("n", n), ("text", piece)]) for n, piece in enumerate(pieces)]
        return [*found, ("review", []), ("confirm", [("digest", digest(text))])]


class Fuzz:
    """One pump, two hosts, one line.

    Attributes:
        fed: lines fed.
        damaged: how many of them were not what a host had sent.
        changed: requests that changed something.
        boluses: boluses that have begun.
        wrong, closed: wrong codes that were told, and challenges that were refused after them.
    """

    def __init__(self, seed: int, is_locked: bool = False):
        self._chance = random.Random(seed)
        self._bench = Bench().running()
        self._bench.pump.generator.edges = None
        self._controller = self._bench.pump.controller
        self._keys = Keys(self._chance) if is_locked else None
        if is_locked:
            paired(self._bench.pump, *SECRETS)
        self._secrets = [secret.hex() for secret in SECRETS.values()]
        self._hosts = [Host(self._chance, self._keys), Host(self._chance, self._keys)]
        self._held: list[bytes] = []
        self._left = b""  # what came since the last line's end
        self._begun: dict[str, int] = {}
        self._twice: list[str] = []
        self.fed = self.damaged = self.changed = self.boluses = 0
        self.wrong = self.closed = 0
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
            may_change |= self._may_change(line.rstrip(b"\r"))
            self.damaged += not _is_whole(line) and bool(line)
        answers = bench.feed(data)
        self.fed += 1
        assert not self._twice, f"bolus {self._twice[0]} given twice"
        assert not [answer for answer in answers if "the pump failed inside" in answer], data
        self._hear(whole, answers)
        if may_change:
            self.changed += self._state() != before
        else:
            assert self._state() == before, data
        if self._chance.random() < 0.05:
            bench.pump.wait_ms(self._chance.randrange(_LOOK_MS))
            bench.pump.serve()

    def _may_change(self, line: bytes) -> bool:
        """Whether a line may change something; on a locked pump a key has to let it through."""
        if not _asks_for_change(line):
            return False
        if self._keys is None:
            return True
        server = self._bench.server
        # A repeat is answered as the first time, and no key is looked at.
        if line == server._last_request or server._known(lines.decode(line).rid):
            return False
        return self._keys.lets_through(line, self._controller.pump_clock.uptime_s())

    def _hear(self, whole: list[bytes], answers: list[str]) -> None:
        """What anybody at the line hears: challenges, and never a secret."""
        text = "\n".join(answers).lower()
        assert not [secret for secret in self._secrets if secret in text]
        if self._keys is None:
            return
        self.wrong += text.count("code=wrong_key")
        self.closed += text.count("code=closed")
        asked = {}
        for raw in whole:
            if b" challenge " in raw and _is_whole(raw):
                line = lines.decode(raw.rstrip(b"\r"))
                asked[line.number] = dict(line.pairs).get("by", "")
        for answer in answers:
            # What is typed is echoed, so an answer need not begin a line.
            if not _is_whole(answer.encode()):
                continue
            line = lines.decode(answer.encode())
            challenge = line.get("challenge")
            if challenge and line.number in asked:
                uptime_s = self._controller.pump_clock.uptime_s()
                given = (bytes.fromhex(challenge), uptime_s)
                self._keys.challenges[asked[line.number]] = given

    def _state(self):
        pump = self._controller
        # On a locked pump wrong codes are noted in the log, and a key that is to be paired.
        is_open = self._keys is None
        return (
            retained.text_of(pump),
            pump.programme_digest,
            pump.guard.digest,
            pump.lock.rows(),
            pump.proposal,
            pump.recorder.events.next_sequence if is_open else 0,
            pump.feeder.planned,
        )

    def _tell_no_secret(self) -> None:
        """Nothing but the slots of the keys holds one, in any form."""
        held = [bytes(sector) for sector in self._bench.pump.sectors.data]
        del held[32:36]
        content = b"".join(held)
        for secret in SECRETS.values():
            assert secret not in content
            assert secret.hex().encode() not in content.lower()

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
        if self._keys is not None:
            self._tell_no_secret()
            paired(bench, *(set(SECRETS) - {name for name, _, _ in pump.lock.rows()}))
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
    parser.add_argument("--locked", action="store_true", help="a pump with paired keys")
    options = parser.parse_args()
    fuzz = Fuzz(options.seed, options.locked)
    began_s = time.process_time()
    fuzz.run(options.lines // 10)
    before = fuzz.blocks()
    fuzz.run(options.lines - options.lines // 10)
    print(
        f"{fuzz.fed} lines, {fuzz.damaged} damaged, {fuzz.changed} changed something, "
        f"{fuzz.boluses} boluses, none twice; {fuzz.wrong} wrong codes, {fuzz.closed} challenges "
        f"refused after them; memory in use {fuzz.blocks() / before:.3f} of what "
        f"it was after a tenth; {time.process_time() - began_s:.0f} s of processor"
    )


if __name__ == "__main__":
    main()
