"""Lines of the protocol over a transport, and what else comes down it."""

import logging
import re
from collections.abc import Iterator

from pump.core.errors import PumpError
from pump.link import lines
from pump.link.assembler import LineAssembler
from titrate.client.transport import Transport

log = logging.getLogger(__name__)

# Ctrl-B leaves MicroPython's raw prompt for the friendly one. Ctrl-C and Ctrl-D are never sent:
# the one would interrupt, the other reset what runs there.
_WAKE = b"\r\x02\rimport pump;pump.console()\r"

# What a board says to that when it has no firmware, or not all of it.
_NO_PUMP = (b"no module named 'pump", b"no pump runs here", b"ImportError")

_NOISE_BYTES = 4096

# The key that `pair` sends stands in no log.
_SECRET = re.compile(r"( key=)\S+")


class Wire:
    """A transport, as lines.

    Args:
        transport: closed by close().
    """

    def __init__(self, transport: Transport):
        self._transport = transport
        self._assembler = LineAssembler(lines.REPLY_MAX)
        self._noise = b""
        self.port = transport.name

    def close(self) -> None:
        """Give the port back."""
        self._transport.close()

    def send(self, line: bytes) -> None:
        """Send a line, without its end; an empty one ends what another program left half."""
        if line:
            log.debug("%s > %s", self.port, _SECRET.sub(r"\1...", line.decode()))
        self._transport.write(line + b"\n")

    def wake(self) -> None:
        """Start the console again on a board that sits at MicroPython's prompt."""
        log.info("%s: no answer, waking the console from MicroPython's prompt", self.port)
        self._noise = b""
        self._transport.write(_WAKE)

    def receive(self, wait_s: float) -> Iterator[lines.Line | None]:
        """The lines that come, waiting up to wait_s for a first byte.

        Yields:
            Each line; None for one of the pump's that was damaged on the way.
        """
        for raw in self._assembler.feed(self._transport.read(wait_s)):
            if raw is None:
                yield None
                continue
            log.debug("%s < %s", self.port, raw.decode(errors="replace"))
            if raw[:1] not in (b"-", b"=", b"!"):
                self._noise = (self._noise + raw + b"\n")[-_NOISE_BYTES:]
                continue
            try:
                yield lines.decode(raw)
            except PumpError as error:
                log.info("%s: damaged line: %s", self.port, error.sentence)
                yield None

    @property
    def is_at_prompt(self) -> bool:
        """Whether MicroPython's prompt has shown itself since the last wake()."""
        return b">>> " in self._noise

    @property
    def has_no_pump(self) -> bool:
        """Whether MicroPython's prompt has said that there is no pump to wake."""
        return any(mark in self._noise for mark in _NO_PUMP)
