"""A pump on the bench and the line to it: the real server and controller, and a line with faults.

BenchEnd is the pump's end. A BenchTransport joins a client to it directly, in a time of its own,
so that waiting in vain takes none of the test's; a BenchCable does so over a pty, for programs.
"""

import os
import select
import threading
import tty

from bench_pump import BenchPump
from pump.link.server import Server
from titrate.client.errors import Disconnected

WAKE = b"import pump;pump.console()\r"


class BenchEnd:
    """The pump's end of the line. Its time stands still but for BenchPump.run_s().

    Attributes:
        pump: the BenchPump.
        received: every byte that came.
        lose_requests, lose_answers: how many of the next lines get lost, on the way to the pump
            or from it.
        damage_requests, damage_answers: the same, but one bit of them is another.
        pull_after_request_of: the cable is pulled once a request with these bytes has arrived.
        at_prompt: whether MicroPython's prompt answers instead of the pump's console.
        firmware: what `import pump` says at that prompt; "" when the pump is there.
    """

    def __init__(self, pump: BenchPump | None = None):
        self.pump = pump or BenchPump()
        self.received = b""
        self.lose_requests = 0
        self.lose_answers = 0
        self.damage_requests = 0
        self.damage_answers = 0
        self.pull_after_request_of = b""
        self.is_pulled = False
        self.at_prompt = False
        self.firmware = ""
        self._server = Server(self.pump.controller, self._answer)
        self._pending = b""
        self._sent = b""

    def take(self, data: bytes) -> bytes:
        """What the pump's end sends upon bytes that arrive."""
        self._sent = b""
        self.received += data
        self._pending += data
        if self.at_prompt:
            self._prompt(data)
        while not self.at_prompt and b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            self._take_line(line)
        return self._sent

    def _take_line(self, line: bytes) -> None:
        if line and self.lose_requests:
            self.lose_requests -= 1
            return
        if line and self.damage_requests:
            self.damage_requests -= 1
            line = _damaged(line)
        self._server.feed(line + b"\n")
        if self.pull_after_request_of and self.pull_after_request_of in line:
            self._sent = b""
            self.is_pulled = True

    def _answer(self, text: str) -> None:
        data = text.encode()
        if data[:1] in b"=!":
            if self.lose_answers:
                self.lose_answers -= 1
                return
            if self.damage_answers:
                self.damage_answers -= 1
                data = _damaged(data)
        self._sent += data.replace(b"\n", b"\r\n")

    def _prompt(self, data: bytes) -> None:
        """As MicroPython's friendly prompt: it echoes, and runs what is typed."""
        self._sent += data.replace(b"\n", b"\r").replace(b"\r", b"\r\n>>> ")
        _, wake, rest = self._pending.partition(WAKE)
        if not wake:
            return
        self._pending = rest
        self.at_prompt = bool(self.firmware)
        if self.firmware:
            self._sent += self.firmware.encode() + b"\r\n>>> "


class BenchTransport:
    """A client's end, joined to a BenchEnd.

    Attributes:
        now_s: time as the client sees it; it passes when the client waits in vain.
    """

    name = "the bench"

    def __init__(self, end: BenchEnd):
        self._end = end
        self._arrived = b""
        self.now_s = 0.0

    def now(self) -> float:
        """What the client takes for the time, in seconds."""
        return self.now_s

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._check()
        self._arrived += self._end.take(data)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived."""
        self._check()
        if not self._arrived:
            self.now_s += timeout_s
        data, self._arrived = self._arrived, b""
        return data

    def close(self) -> None:
        """Nothing holds it."""

    def _check(self) -> None:
        if self._end.is_pulled:
            raise Disconnected("the bench is gone: the cable was pulled")


class BenchCable:
    """A serial port with a BenchEnd behind it, served by a thread of its own.

    Attributes:
        port: device name for --port.
        end: the BenchEnd.
        lock: held while the pump is at work.
    """

    def __init__(self, pump: BenchPump | None = None):
        self.end = BenchEnd(pump)
        self.lock = threading.Lock()
        self._arrived = threading.Condition()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._end_read, self._end_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pull()

    @property
    def controller(self):
        """The pump's Controller."""
        return self.end.pump.controller

    def run_s(self, seconds: int) -> None:
        """Let the pump's time pass."""
        with self.lock:
            self.end.pump.run_s(seconds)

    def wait_for(self, mark: bytes, count: int) -> None:
        """Wait until so many requests with these bytes in them have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.end.received.count(mark) >= count, 60)

    def pull(self) -> None:
        """Pull the cable out; the pump goes on."""
        if self._end_read < 0:
            return
        os.write(self._end_write, b"x")
        self._thread.join()
        self._close(self._end_read, self._end_write)
        self._end_read = -1
        if not self.end.is_pulled:
            self._close(self._master, self._slave)
            self.end.is_pulled = True

    @staticmethod
    def _close(*numbers: int) -> None:
        for number in numbers:
            os.close(number)

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._end_read], [], [])
            if self._end_read in ready:
                return
            data = os.read(self._master, 4096)
            with self.lock:
                sent = self.end.take(data)
            if self.end.is_pulled:
                self._close(self._master, self._slave)
                return
            os.write(self._master, sent)
            with self._arrived:
                self._arrived.notify_all()


def _damaged(line: bytes) -> bytes:
    """The line with the lowest bit of its middle character turned over."""
    middle = len(line) // 2
    return line[:middle] + bytes([line[middle] ^ 1]) + line[middle + 1 :]
