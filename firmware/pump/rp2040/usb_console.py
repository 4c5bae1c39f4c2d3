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
        self._steps = _unanswered
        self._service = service
        self._out = []
        self._piece = bytearray(_PIECE_BYTES)

    def serves(self, steps) -> None:
        """Hand what arrives to steps(data), an iterator, which answers with write()."""
        self._steps = steps

    def write(self, text: str) -> None:
        """Keep text to be written once this step of the request is done."""
        self._out.append(text)

    def serve(self) -> None:
        """Serve until Ctrl-C; the pump goes on delivering either way."""
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        try:
            while True:
                try:
                    self._serve_once(poll)
                except Exception as error:
                    # Whatever it was: a console that has ended takes no more requests.
                    self._service.run(self._service.failed, "console_fault", error)
                if self._service.was_interrupted:
                    self._service.was_interrupted = False
                    raise KeyboardInterrupt
                self._send()
        except KeyboardInterrupt:
            print("console left, the pump goes on; pump.console() comes back to it")

    def _serve_once(self, poll) -> None:
        count = self._read(poll)
        if count:
            for _ in self._service.run_steps(self._steps(bytes(self._piece[:count]))):
                self._send()

    def _send(self) -> None:
        while self._out:
            sys.stdout.write(self._out.pop(0))

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


def _unanswered(_data):
    """Until someone serves, what arrives has no answer."""
    return ()
