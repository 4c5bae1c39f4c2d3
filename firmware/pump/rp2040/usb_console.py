"""The console on USB serial: bytes in, answers out, until someone types Ctrl-C."""

import select
import sys

from micropython import const

_IDLE_MS = const(2000)
_PIECE_BYTES = const(64)


class UsbConsole:
    """Serves lines on standard input and output.

    Only the reading and the writing are done here; requests run in the service's place.
    Waiting for a host that does not read holds up nobody but this loop.

    Args:
        service: the Service.
    """

    def __init__(self, service):
        self._feed = None
        self._service = service
        self._out = []
        self._piece = bytearray(_PIECE_BYTES)

    def serves(self, feed) -> None:
        """Hand what arrives to feed(data), which answers with write()."""
        self._feed = feed

    def write(self, text: str) -> None:
        """Keep text to be written once the request is done."""
        self._out.append(text)

    def serve(self) -> None:
        """Serve until Ctrl-C; the pump goes on delivering either way."""
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        try:
            while True:
                count = self._read(poll)
                if count:
                    self._service.run(self._feed, bytes(self._piece[:count]))
                if self._service.was_interrupted:
                    self._service.was_interrupted = False
                    raise KeyboardInterrupt
                while self._out:
                    sys.stdout.write(self._out.pop(0))
        except KeyboardInterrupt:
            print("console left, the pump goes on; pump.console() comes back to it")

    def _read(self, poll) -> int:
        """Bytes that are there now, up to a line's end or a whole piece."""
        count = 0
        wait_ms = _IDLE_MS
        read = sys.stdin.buffer.read
        while count < _PIECE_BYTES and poll.poll(wait_ms):
            byte = read(1)[0]
            if byte == 3:
                raise KeyboardInterrupt
            self._piece[count] = byte
            count += 1
            if byte == 10:
                break
            wait_ms = 0
        return count
