"""Requests over a line that may lose, damage or repeat anything.

A request that changes something has a random id, kept for every repeat, so that however
often it is sent it is done once at most. What comes of it is one of three: done (the
reply is returned), refused (Refused is raised, nothing has changed) or unknown
(OutcomeUnknown is raised; outcome() settles it once the pump answers again).
"""

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pump.core.errors import PumpError
from pump.core.lock import CODE_BYTES
from pump.core.paired_keys import ROLES
from pump.link import commands, dictionary, kinds, lines
from titrate.client.errors import Disconnected, NoAnswer, OutcomeUnknown, Refused, WrongInput
from titrate.client.keyring import HeldKey, Keyring
from titrate.client.transport import Transport
from titrate.client.values import Value, by_key
from titrate.client.wire import Wire

log = logging.getLogger(__name__)

# A pump answers within 0.1 s of its own time; an emulated one on a busy machine takes longer.
ANSWER_S = 5.0
ANSWER_VARIABLE = "TITRATE_ANSWER_S"

# Whether a dose can be read does not depend on the concentration; the pump uses its own.
_ANY_CONCENTRATION = (1, 1)

# How often a key is shown at most: another host with the same one may use the challenge up.
_CHALLENGES = 3

# Events by which the pump says that it could not take a line.
_DAMAGED = ("bad_crc", "no_crc", "bad_line", "not_printable", "too_long")

# How many requests may be on their way besides the one that the pump is at: its buffer for what
# arrives holds one and a half.
_AHEAD = 1

Rows = list[dict[str, Value]]
# A command, its request id and its arguments.
_Asked = tuple[commands.Command, str, list[tuple[str, object]]]
Sign = Callable[[Callable[[list[tuple[str, object]]], str]], str]


def usual_answer_s() -> float:
    """How long to wait for an answer where nothing else is said, in seconds.

    Raises:
        WrongInput: TITRATE_ANSWER_S is not a number from 1 to 600.
    """
    text = os.environ.get(ANSWER_VARIABLE, "")
    if not text:
        return ANSWER_S
    if text.isdecimal() and 1 <= int(text) <= 600:
        return float(text)
    raise WrongInput(
        f'{ANSWER_VARIABLE} is "{text}", but it must be a whole number of seconds, 1 to 600; '
        f"unset it for the usual {ANSWER_S:.0f} s",
        "bad_text",
    )


class Reply:
    """What a request brought.

    Attributes:
        values: the answer's values by key.
        rows: the values of each data line.
        request_id: of the request.
    """

    def __init__(self, values: dict[str, Value], rows: Rows, request_id: str):
        self.values = values
        self.rows = rows
        self.request_id = request_id


class Connection:
    """Requests and answers over a transport.

    Args:
        transport: the line; closed by close().
        answer_s: how long to wait for an answer before the request is repeated, in seconds.
        tries: how often a request is sent at most.
        now: gives the time that waiting is measured by, in seconds.
        keyring: the keys that a locked pump is changed with; None for no keys.
    """

    def __init__(
        self,
        transport: Transport,
        answer_s: float = ANSWER_S,
        tries: int = 4,
        now: Callable[[], float] = time.monotonic,
        keyring: Keyring | None = None,
    ):
        self._wire = Wire(transport)
        self._answer_s = answer_s
        self._tries = tries
        self._now = now
        self._keyring = keyring
        self._sequence = secrets.randbelow(lines.NUMBER_MAX + 1)
        self._differs: frozenset[str] = frozenset()
        self._looks_for_prompt = False
        self.hello: dict[str, Value] = {}

    @property
    def port(self) -> str:
        """Name of the port."""
        return self._wire.port

    def close(self) -> None:
        """Give the port back; the pump goes on."""
        self._wire.close()

    def connect(self, wake: bool = True) -> dict[str, Value]:
        """Say hello, and find out whether the pump's commands are those of this host.

        Args:
            wake: whether to wake the console of a board that sits at MicroPython's prompt.

        Returns:
            The values of the hello command.

        Raises:
            NoAnswer: no pump answered, or one whose protocol is another.
        """
        self._wire.send(b"")
        self._looks_for_prompt = True
        try:
            self.hello = self._hello(1)
        except NoAnswer as error:
            if isinstance(error, Disconnected) or not wake:
                raise
            # From here on the prompt shows itself in any case, before the console answers.
            self._looks_for_prompt = False
            self._wire.wake()
            self.hello = self._hello(self._tries)
        finally:
            self._looks_for_prompt = False
        if self.hello.get("protocol") != commands.PROTOCOL:
            raise NoAnswer(
                f"the pump on {self.port} speaks version {self.hello.get('protocol')} of the "
                f"protocol and this titrate version {commands.PROTOCOL}; use the titrate of the "
                f"pump's version {self.hello.get('firmware_version')}, or flash the pump",
                "other_protocol",
            )
        if self.hello.get("dictionary") != dictionary.digest():
            self._differs = self._compare_dictionaries()
            log.warning("%s: some commands differ: %s", self.port, ", ".join(sorted(self._differs)))
        return self.hello

    def knows(self, name: str) -> bool:
        """Whether the pump has a command, and as this host has it."""
        return name not in self._differs

    def request(
        self, name: str, values: Mapping[str, object] | None = None, request_id: str = ""
    ) -> Reply:
        """Ask for a command and wait for its answer.

        Args:
            name: the command.
            values: its arguments as text or whole numbers, by name.
            request_id: 8 digits of 0-9 a-f to repeat an earlier request by; else a new one.

        Raises:
            WrongInput: the command or an argument cannot be sent.
            Refused: the pump refused; nothing has changed.
            OutcomeUnknown: it was sent and may or may not have taken effect.
            NoAnswer: a command that changes nothing was not answered.
        """
        command, pairs = self._prepare(name, values or {})
        rid = request_id or secrets.token_hex(4)
        answer, rows = self._ask(command, rid, pairs)
        return _reply(answer, rows, rid)

    def request_each(
        self,
        name: str,
        all_values: Sequence[Mapping[str, object]],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Ask for a command several times, the next one while the pump is still at the last.

        For what may come in any order and needs no key, such as the pieces of a text. One that
        is not answered is asked for again by its id, alone.

        Args:
            name: the command.
            all_values: the arguments each time, as for request().
            progress: called with how many were answered and how many there are.

        Raises:
            As request(), for the first that was not done.
        """
        waiting: dict[int, _Asked] = {}
        for number, values in enumerate(all_values):
            command, pairs = self._prepare(name, values)
            rid = secrets.token_hex(4)
            self._sequence = (self._sequence + 1) % (lines.NUMBER_MAX + 1)
            self._wire.send(_encode(self._sequence, rid, command, pairs, None))
            waiting[self._sequence] = (command, rid, pairs)
            is_last = number + 1 == len(all_values)
            while len(waiting) > (0 if is_last else _AHEAD):
                self._settle(waiting)
                if progress:
                    progress(number + 1 - len(waiting), len(all_values))

    def _settle(self, waiting: dict[int, _Asked]) -> None:
        """Take an answer to one of those, or, where none comes, ask for each of them alone."""
        deadline = self._now() + self._answer_s
        is_whole = True
        while is_whole and (left_s := deadline - self._now()) > 0:
            was_answered = False
            for line in self._wire.receive(left_s):
                if line is None or (line.kind == lines.EVENT and line.word in _DAMAGED):
                    is_whole = False
                elif line.kind == lines.ANSWER and line.number in waiting:
                    rid = waiting.pop(line.number)[1]
                    _reply(line, [], rid)
                    was_answered = True
            if was_answered and is_whole:
                return
        for number in list(waiting):
            command, rid, pairs = waiting.pop(number)
            _reply(*self._exchange(command, rid, pairs, self._tries), rid)

    def _prepare(
        self, name: str, values: Mapping[str, object]
    ) -> tuple[commands.Command, list[tuple[str, object]]]:
        """The command and the arguments that are given, found to be in order."""
        command = commands.require(name)
        if name in self._differs:
            raise WrongInput(
                f"the command {name} of this titrate is not that of the pump's firmware "
                f"{self.hello.get('firmware_version')}; bring both to one version",
                "other_version",
            )
        pairs = [(key, value) for key, value in values.items() if value is not None]
        _check(command, pairs)
        return command, pairs

    def outcome(self, request_id: str) -> str:
        """What became of a request: "done", "refused" or "never".

        "never" means that the pump does not know the request: it did not arrive, or so many
        came after it that the pump has forgotten it.
        """
        return str(self.request("outcome", {"rid": request_id}).values["found"])

    def _ask(
        self, command: commands.Command, rid: str, pairs: list[tuple[str, object]]
    ) -> tuple[lines.Line, Rows]:
        """Exchange a request, with a key where the pump is locked and the request needs one."""
        for _ in range(_CHALLENGES):
            was_locked = self.hello.get("locked")
            sign = self._sign(command, pairs) if was_locked else None
            answer, rows = self._exchange(command, rid, pairs, self._tries, sign)
            if answer.get("code") == "key_needed" and not was_locked:
                # It was paired since it said hello.
                self.hello["locked"] = True
            elif answer.get("code") != "no_challenge":
                break
        return answer, rows

    def _sign(self, command: commands.Command, pairs: list[tuple[str, object]]) -> Sign | None:
        """What adds a key to a request, over a new challenge; None where none is needed or here."""
        key = self._key_for(commands.role_of(command, pairs)) if command.role in ROLES else None
        if key is None:
            return None
        challenge = self.request("challenge", {"by": key.name}).values["challenge"]
        return _signing(key, bytes.fromhex(str(challenge)))

    def _key_for(self, role: str) -> HeldKey | None:
        """This computer's key with the least role that does; else the one with the most, so that
        the pump says what is missing."""
        if self._keyring is None:
            return None
        keys = self._keyring.of_pump(str(self.hello.get("board_id")))
        for key in keys:
            if ROLES.index(key.role) >= ROLES.index(role):
                return key
        return keys[-1] if keys else None

    def _hello(self, tries: int) -> dict[str, Value]:
        command = commands.require("hello")
        answer, _ = self._exchange(command, secrets.token_hex(4), [], tries)
        if answer.get("product") != "titrate":
            raise NoAnswer(f"what answers on {self.port} is no Titrate pump", "no_pump")
        return by_key(answer.pairs)

    def _exchange(
        self,
        command: commands.Command,
        rid: str,
        pairs: list[tuple[str, object]],
        tries: int,
        sign: Sign | None = None,
    ) -> tuple[lines.Line, Rows]:
        """Send a request until it is answered; returns the answer and the rows of data."""
        line = b""
        # The rows of each asking by its SEQ: they must not be mixed.
        askings: dict[int, Rows] = {}
        try:
            for attempt in range(tries):
                # A request that changes something is repeated letter for letter, and answered
                # from memory; one that only reads is asked anew.
                if not line or not command.changes:
                    self._sequence = (self._sequence + 1) % (lines.NUMBER_MAX + 1)
                    line = _encode(self._sequence, rid, command, pairs, sign)
                if attempt:
                    log.info("%s: %s: asking again", self.port, command.name)
                askings[self._sequence] = []
                self._wire.send(line)
                answer = self._await_answer(command, askings)
                if answer:
                    return answer, askings[answer.number]
                if self._wire.has_no_pump and not command.changes:
                    break
        except Disconnected as error:
            if askings and command.changes:
                raise _unknown(command, rid, error.sentence) from error
            raise
        if command.changes:
            raise _unknown(command, rid, f"{self.port} is silent")
        if self._wire.has_no_pump:
            raise NoAnswer(
                f"MicroPython answers on {self.port}, but no pump runs there; put the firmware "
                "on it with `titrate flash` or `titrate deploy`",
                "no_firmware",
            )
        raise NoAnswer(
            f"no pump answers on {self.port}; check the cable and the port (`titrate ports`); a "
            "script that runs on the board keeps the console: end it with Ctrl-C"
        )

    def _await_answer(
        self, command: commands.Command, askings: dict[int, Rows]
    ) -> lines.Line | None:
        """The answer to one of the askings, or None when it should be asked again."""
        deadline = self._now() + self._answer_s
        while (left_s := deadline - self._now()) > 0:
            for line in self._wire.receive(left_s):
                if line is None or (line.kind == lines.EVENT and line.word in _DAMAGED):
                    return None
                if line.kind == lines.EVENT:
                    log.info("%s: event %s %s", self.port, line.word, line.pairs)
                    continue
                rows = askings.get(line.number)
                if rows is None:
                    continue
                if line.kind == lines.DATA:
                    rows.append(by_key(line.pairs))
                    deadline = self._now() + self._answer_s
                elif line.word != "done" or line.get("rows", str(len(rows))) == str(len(rows)):
                    return line
                else:
                    # A row was lost.
                    return None
            if self._looks_for_prompt and self._wire.is_at_prompt:
                return None
            if self._wire.has_no_pump and not command.changes:
                return None
        return None

    def _compare_dictionaries(self) -> frozenset[str]:
        """The commands of this host that the pump does not have, or has otherwise."""
        theirs = _signatures(self.request("dictionary").rows)
        ours = _signatures([dict(pairs) for pairs in dictionary.rows()])
        return frozenset(name for name, signature in ours.items() if theirs.get(name) != signature)


def _signatures(rows: Iterable[Mapping[str, object]]) -> dict[str, tuple[object, ...]]:
    """What a host must agree on with a pump to use a command, by its name."""
    return {str(row["command"]): (row["changes"], row.get("role"), row["args"]) for row in rows}


def _reply(answer: lines.Line, rows: Rows, rid: str) -> Reply:
    """What an answer brings; raises what it says went wrong."""
    if answer.word == "done":
        return Reply(by_key(answer.pairs), rows, rid)
    sentence = answer.get("sentence") or answer.get("detail") or "the pump gave no reason"
    if answer.word == "refused":
        raise Refused(sentence, answer.get("code"))
    raise OutcomeUnknown(
        f"{sentence} (settle it with `titrate outcome {rid}`)", rid, answer.get("code")
    )


def _check(command: commands.Command, pairs: list[tuple[str, object]]) -> None:
    """Read the arguments as the pump will, so that what is wrong in itself is not sent."""
    for key, value in pairs:
        for arg in command.args:
            if arg.name == key:
                try:
                    kinds.read(arg, lines.value_text(value), _ANY_CONCENTRATION)
                except PumpError as error:
                    raise WrongInput(error.sentence, error.code) from error


def _signing(key: HeldKey, challenge: bytes) -> Sign:
    """What adds a key's name and message code to a request: see pump.core.lock."""

    def sign(encode: Callable[[list[tuple[str, object]]], str]) -> str:
        by: list[tuple[str, object]] = [("by", key.name)]
        message = encode(by).rpartition(" *")[0].encode()
        code = hmac.new(key.secret, challenge + message, hashlib.sha256).digest()[:CODE_BYTES]
        return encode([*by, ("mac", code.hex())])

    return sign


def _encode(
    number: int,
    rid: str,
    command: commands.Command,
    pairs: list[tuple[str, object]],
    sign: Sign | None,
) -> bytes:
    def encode(more: list[tuple[str, object]]) -> str:
        return lines.encode(lines.REQUEST, number, rid, command.name, [*pairs, *more])

    try:
        return (sign(encode) if sign else encode([])).encode()
    except PumpError as error:
        raise WrongInput(error.sentence, error.code) from error


def _unknown(command: commands.Command, rid: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"it is not known whether {command.name} took effect: {why}; do not repeat it, ask "
        f"with `titrate outcome {rid}`",
        rid,
    )
