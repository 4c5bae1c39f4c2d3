"""The pump's end of the line: bytes in, answers out.

Nothing but a whole request whose check sum fits and whose command, keys and values are in
order reaches the pump. Each request gets one answer:

    done      it has happened
    refused   nothing has happened; code and sentence say why
    unknown   the pump itself failed while doing it; `outcome` tells whether it took effect

A repeat of a request that changes something is never done again: the last one is answered
from memory, an older one from what the pump journalled under its request id.
"""

from pump.core.errors import BadText, PumpError
from pump.core.requests import RequestMemory
from pump.link import commands, dictionary, kinds, lines, words
from pump.link.assembler import LineAssembler

# What begins the pump's own lines. A terminal that echoes sends them back; answering them
# would go round for ever.
_OWN_LINES = b"-=!?"

_REFUSED = "refused"
_DONE = "done"
_UNKNOWN = "unknown"


class Server:
    """Answers lines for a pump; it knows neither hardware nor time.

    Args:
        pump: object with a method for each command (see commands.py), `outcome_of(request_id)`
            giving None, "done ..." or "refused ..." for an id it has journalled,
            `authorise(role, by, mac, message)`, which raises where a change needs another key,
            and the attribute `concentration_mcg_per_ml`, a ratio or None. A method returns a
            list of (key, value) pairs; of a command with rows, an iterator of such lists, one a
            row; a list there that begins with a key of the command's replies is for the answer.
        write: called with text to send, whole lines ended by LF.
        on_refused: called with the PumpError when a request or a typed line was refused.
        on_failed: called with the error when the pump failed inside.
    """

    def __init__(self, pump, write, on_refused=None, on_failed=None):
        self._own = {
            "hello": self._hello,
            "dictionary": self._dictionary,
            "help": words.help_lines,
            "outcome": self._outcome,
        }
        for command in commands.COMMANDS:
            if command.name not in self._own and not hasattr(pump, command.name):
                raise AttributeError("the pump has no method for the command " + command.name)
        self._pump = pump
        self._write = write
        self._on_refused = on_refused or _nothing
        self._on_failed = on_failed or _nothing
        self._assembler = LineAssembler(lines.REQUEST_MAX)
        self._last_request = b""
        self._last_answer = ""
        self._done = RequestMemory()
        self._events = 0
        self._dictionary_digest = ""

    def feed(self, data: bytes) -> None:
        """Take what has arrived: any bytes, in any pieces. Writes the answers to it."""
        for _ in self.steps(data):
            pass

    def steps(self, data: bytes):
        """As feed(), step by step, so that a long answer need never be held whole.

        Yields:
            after each of the data lines that it wrote, whether a part of the answer is done, so
            that what it needed may be let go of.
        """
        found = self._assembler.feed(data)
        if self._assembler.echo:
            self._write(self._assembler.echo)
        for raw in found:
            if raw is None:
                self.event("too_long", [("sentence", lines.too_long(lines.REQUEST_MAX))])
            elif raw[0] == ord(lines.REQUEST):
                yield from self._request(raw)
            elif raw[0] not in _OWN_LINES:
                yield from self._typed(raw)

    def event(self, code: str, pairs) -> None:
        """Send an event that nobody asked for.

        Args:
            code: name of what happened, such as an alarm's.
            pairs: (key, value) each, values as lines.value_text() takes them.
        """
        self._send(lines.encode(lines.EVENT, self._events, "", code, pairs))
        self._events = (self._events + 1) % (lines.NUMBER_MAX + 1)

    def _request(self, raw: bytes):
        if raw == self._last_request:
            self._send(self._last_answer)
            return
        try:
            line = lines.decode(raw)
        except PumpError as error:
            # Its SEQ may be damaged too, so this is no answer to anything.
            self.event(error.code, [("sentence", error.sentence)])
            return
        command = commands.find(line.word)
        outcome, pairs = yield from self._answer(command, line, raw)
        try:
            answer = lines.encode(lines.ANSWER, line.number, "", outcome, pairs)
        except BadText as error:
            pairs = [("code", "too_long"), ("sentence", error.sentence)]
            answer = lines.encode(lines.ANSWER, line.number, "", _UNKNOWN, pairs)
        if command and command.changes:
            # Kept before it is sent: a repeat finds it even where sending fails.
            self._last_request = raw
            self._last_answer = answer
        self._send(answer)

    def _answer(self, command, line, raw: bytes):
        """Do what a request asks for, write its data lines; returns (outcome, pairs)."""
        try:
            if command is None:
                raise commands.unknown(line.word)
            if command.changes:
                known = self._known(line.rid)
                if known:
                    outcome, detail = _split_outcome(known)
                    return outcome, [("detail", detail)] if detail else []
                self._authorise(command, line.pairs, raw)
            values = self._values(command, line.pairs)
            pairs = yield from self._do(command, values, line)
            if command.changes:
                self._done.keep(line.rid, _DONE)
            return _DONE, pairs
        except PumpError as error:
            self._on_refused(error)
            return _REFUSED, [("code", error.code), ("sentence", error.sentence)]
        except Exception as error:
            # The boundary: whatever broke inside must neither end the console nor
            # be taken for done or refused.
            self._on_failed(error)
            sentence = (
                "the pump failed inside while doing this: "
                + type(error).__name__
                + " "
                + str(error)
            )
            return _UNKNOWN, [("code", "internal_error"), ("sentence", sentence[:300])]

    def _authorise(self, command, pairs, raw: bytes) -> None:
        """Take the key's name and message code off a request and have the pump judge them."""
        name = code = ""
        if len(pairs) > 1 and pairs[-1][0] == "mac" and pairs[-2][0] == "by":
            code = pairs.pop()[1]
            name = pairs.pop()[1]
        if command.role != commands.ANYONE:
            message = raw[: raw.rfind(b" mac=")] if name else b""
            self._pump.authorise(commands.role_of(command, pairs), name, code, message)

    def _do(self, command, values, line):
        """Call the handler; the data lines are written, the answer's pairs returned."""
        if command.changes:
            result = self._handler(command)(*values, request_id=line.rid)
        else:
            result = self._handler(command)(*values)
        if not command.rows:
            return result or []
        answer = []
        count = 0
        for row in _rows(command, result):
            if not row:
                yield True
            elif _is_reply(command, row):
                answer.extend(row)
            else:
                self._send(lines.encode(lines.DATA, line.number, "", "", row))
                count += 1
                yield False
        return [("rows", count)] + answer

    def _handler(self, command):
        return self._own.get(command.name) or getattr(self._pump, command.name)

    def _values(self, command, pairs):
        """The arguments' values in the order of the table."""
        for key, _ in pairs:
            if not commands.has_argument(command, key):
                raise commands.unknown_argument(command, key)
        values = []
        for arg in command.args:
            for key, text in pairs:
                if key == arg.name:
                    values.append(kinds.read(arg, text, self._pump.concentration_mcg_per_ml))
                    break
            else:
                if arg.default is commands.REQUIRED:
                    raise commands.missing_argument(command, arg)
                values.append(arg.default)
        return values

    def _typed(self, raw: bytes):
        """Answer a line typed by a person, in plain words."""
        try:
            lines.check_printable(raw)
            parts = raw.decode().split()
            if not parts:
                return
            command = commands.require(parts[0])
            if command.changes:
                raise BadText(
                    command.name
                    + " changes the pump, so it is not taken from a typed line; use "
                    + words.how_to(command),
                    "typed",
                )
            values = self._values(command, _typed_pairs(command, parts[1:]))
            result = self._handler(command)(*values)
            if command.rows:
                for row in _rows(command, result):
                    if row and not _is_reply(command, row):
                        self._send(words.row_line(row))
                        yield False
            else:
                for text in words.pair_lines(result):
                    self._send(text)
        except PumpError as error:
            self._on_refused(error)
            self._send("? " + error.sentence)
        except Exception as error:
            # The boundary, as for requests.
            self._on_failed(error)
            self._send("? the pump failed inside: " + type(error).__name__ + " " + str(error))

    def _send(self, text: str) -> None:
        self._write(text)
        self._write("\n")

    def _hello(self):
        return [
            ("product", "titrate"),
            ("protocol", commands.PROTOCOL),
            ("dictionary", self._digest()),
        ] + list(self._pump.hello())

    def _dictionary(self):
        yield [("dictionary", self._digest())]
        yield from dictionary.rows()

    def _digest(self) -> str:
        """The dictionary's digest; on the Pico it takes 50 ms, so it is worked out once."""
        if not self._dictionary_digest:
            self._dictionary_digest = dictionary.digest()
        return self._dictionary_digest

    def _outcome(self, rid: str):
        found, detail = _split_outcome(self._known(rid) or "never")
        return [("found", found), ("detail", detail)]

    def _known(self, rid: str):
        """What became of a request: what the pump journalled, else what was done since the start.

        The pump journals what touches delivery; for the rest a restart undoes or forgets it.
        """
        return self._pump.outcome_of(rid) or self._done.outcome_of(rid)


def _nothing(_error) -> None:
    """Nobody wants to know."""


def _split_outcome(known: str):
    """What the pump journalled, such as "done" or "refused out_of_range ...", in two."""
    outcome, _, detail = known.partition(" ")
    return outcome, detail


def _rows(command, result):
    """The rows of a listing; a text alone is a row of the command's only key."""
    for row in result:
        if isinstance(row, str):
            yield [(command.rows[0], row)]
        else:
            yield row


def _is_reply(command, row) -> bool:
    return row[0][0] in command.replies


def _typed_pairs(command, parts):
    """key=value as written, and plain words in the order of the table."""
    pairs = []
    position = 0
    for part in parts:
        key, equals, value = part.partition("=")
        if equals:
            pairs.append((key, value))
            continue
        if position >= len(command.args):
            raise commands.too_many_arguments(command)
        pairs.append((command.args[position].name, part))
        position += 1
    return pairs
