"""The console on USB serial: bytes in, answers out, until someone types Ctrl-C."""

import select
import sys

from micropython import const

_IDLE_MS = const(2000)
_PIECE_BYTES = const(64)
_CTRL_C = const(3)
_LF = const(10)
_COLON = const(58)


class UsbConsole:
    """Serves lines on standard input and output.

    Only the reading and the writing are done here; requests run in the service's place.
    Waiting for a host that does not read holds up nobody but this loop.

    Args:
        service: the Service.
    """

    def __init__(self, service):
        self._steps = _unanswered
        self._request_max = 0
        self._service = service
        self._out = []
        self._piece = bytearray(_PIECE_BYTES)
        self._byte = bytearray(1)
        self._is_within_line = False

    def serves(self, steps, request_max: int) -> None:
        """Hand what arrives to steps(data), an iterator, which answers with write().

        Args:
            steps: takes bytes.
            request_max: most characters of a request, without its end.
        """
        self._steps = steps
        self._request_max = request_max

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
        data = self._read(poll)
        if data:
            self._is_within_line = data[-1] not in b"\r\n"
            for _ in self._service.run_steps(self._steps(data)):
                self._send()

    def _send(self) -> None:
        while self._out:
            sys.stdout.write(self._out.pop(0))

    def _read(self, poll) -> bytes:
        """Bytes that are there now: a request to its end, or else what a person has typed."""
        wait_ms = _IDLE_MS
        count = 0
        byte = self._byte
        while count < _PIECE_BYTES and poll.poll(wait_ms):
            sys.stdin.buffer.readinto(byte)
            if byte[0] == _CTRL_C:
                raise KeyboardInterrupt
            if byte[0] == _COLON and not count and not self._is_within_line:
                return self._request()
            self._piece[count] = byte[0]
            count += 1
            if byte[0] == _LF:
                break
            wait_ms = 0
        return bytes(memoryview(self._piece)[:count])

    def _request(self) -> bytes:
        """The rest of a request, read ten times faster than byte by byte.

        As a text, since CR ends a line then as LF does; and no longer than it may be, so that
        noise without an end does not fill the memory.
        """
        try:
            return (":" + sys.stdin.readline(self._request_max)).encode()
        except UnicodeError:
            # The server says what is wrong with a byte above "~".
            return b":\x7f\n"


def _unanswered(_data):
    """Until someone serves, what arrives has no answer."""
    return ()
