"""A pump on the bench at the end of a cable: the real server and controller behind a pty.

The cable can be pulled, can lose or damage what goes over it, and can begin at MicroPython's
prompt, as a board does that mpremote was used on.
"""

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable

from bench_pump import BenchPump
from pump.link.server import Server

WAKE = b"import pump;pump.console()\r"


class BenchCable:
    """A serial port with a pump behind it, served by a thread of its own.

    Attributes:
        port: device name for --port.
        pump: the BenchPump; its time stands still but for run_s().
        received: every byte that the pump's end got.
        lose_requests, lose_answers: how many of the next lines get lost, on the way to the pump
            or from it.
        damage_requests, damage_answers: the same, but one character of them is another.
        at_prompt: whether MicroPython's prompt answers instead of the pump's console.
        lose_answers_of: every answer to a request with these bytes in it gets lost.
        lock: held while the pump is at work.
        on_lost: called when an answer gets lost.
        firmware: what `import pump` says at that prompt; "" when the pump is there.
    """

    def __init__(self, pump: BenchPump | None = None):
        self.pump = pump or BenchPump()
        self.received = b""
        self.lose_requests = 0
        self.lose_answers = 0
        self.lose_answers_of = b""
        self._answering = b""
        self.damage_requests = 0
        self.damage_answers = 0
        self.at_prompt = False
        self.firmware = ""
        self.on_lost: Callable[[], None] = _nothing
        self._server = Server(self.pump.controller, self._send)
        self._pending = b""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._end_read, self._end_write = os.pipe()
        self.lock = threading.Lock()
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pull()

    def run_s(self, seconds: int) -> None:
        """Let the pump's time pass."""
        with self.lock:
            self.pump.run_s(seconds)

    def wait_for(self, mark: bytes, count: int) -> None:
        """Wait until so many requests with these bytes in them have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.received.count(mark) >= count, 60)

    def pull(self) -> None:
        """Pull the cable out; the pump goes on."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            os.write(self._end_write, b"x")
            self._thread.join()
        for number in (self._master, self._slave, self._end_read, self._end_write):
            with contextlib.suppress(OSError):
                os.close(number)
        self._master = self._slave = self._end_read = self._end_write = -1

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._end_read], [], [])
            if self._end_read in ready:
                return
            data = os.read(self._master, 4096)
            with self._arrived:
                self.received += data
                self._arrived.notify_all()
            self._pending += data
            if self.at_prompt:
                self._prompt(data)
                continue
            while b"\n" in self._pending:
                line, _, self._pending = self._pending.partition(b"\n")
                self._take(line)

    def _take(self, line: bytes) -> None:
        if line and self.lose_requests:
            self.lose_requests -= 1
            return
        if line and self.damage_requests:
            self.damage_requests -= 1
            line = _damaged(line)
        self._answering = line
        with self.lock:
            self._server.feed(line + b"\n")

    def _send(self, text: str) -> None:
        data = text.encode()
        if data[:1] in b"=!":
            if self.lose_answers_of and self.lose_answers_of in self._answering:
                return
            if self.lose_answers:
                self.lose_answers -= 1
                self.on_lost()
                return
            if self.damage_answers:
                self.damage_answers -= 1
                data = _damaged(data)
        os.write(self._master, data.replace(b"\n", b"\r\n"))

    def _prompt(self, data: bytes) -> None:
        """As MicroPython's friendly prompt: it echoes, and runs what is typed."""
        os.write(self._master, data.replace(b"\r", b"\r\n"))
        typed, wake, rest = self._pending.partition(WAKE)
        if not wake:
            return
        self._pending = rest
        if self.firmware:
            os.write(self._master, self.firmware.encode() + b"\r\n>>> ")
        else:
            self.at_prompt = False


def _nothing() -> None:
    """What happens when an answer gets lost, unless a test says otherwise."""


def _damaged(line: bytes) -> bytes:
    """The line with the lowest bit of its middle character turned over."""
    middle = len(line) // 2
    return line[:middle] + bytes([line[middle] ^ 1]) + line[middle + 1 :]
