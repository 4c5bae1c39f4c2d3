"""Lines out of the bytes that arrive, in whatever pieces they come."""

_LF = 10
_CR = 13
_BACKSPACES = (8, 127)
_COLON = 0x3A


class LineAssembler:
    """Gathers bytes into lines of at most `limit` characters, in one buffer made once.

    A line ends with LF, CR or CR LF; empty lines are left out. A line that grows longer than
    the limit is dropped up to its end and reported once. In a line that does not begin with
    ":", a backspace takes the last character away, as a person at a terminal expects.

    Args:
        limit: most characters of a line, without its end.

    Attributes:
        echo: what a person who typed the bytes of the last feed() should see of them.
    """

    def __init__(self, limit: int):
        self.echo = ""
        self._buffer = bytearray(limit)
        self._length = 0
        self._dropping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """Take any bytes, any number of them.

        Returns:
            Each line that they complete, without its end; None for a line over the limit.
        """
        found: list[bytes | None] = []
        echo = bytearray()
        for byte in data[self._take_requests(data, found) :]:
            if byte == _LF or byte == _CR:
                self._end(found, echo)
            elif self._dropping:
                continue
            elif byte in _BACKSPACES and not self._is_request():
                if self._length:
                    self._length -= 1
                    echo.extend(b"\b \b")
            elif self._length == len(self._buffer):
                self._dropping = True
                self._length = 0
                found.append(None)
            else:
                self._buffer[self._length] = byte
                self._length += 1
                if 0x20 <= byte <= 0x7E and not self._is_request():
                    echo.append(byte)
        self.echo = echo.decode()
        return found

    def _take_requests(self, data: bytes, found: list[bytes | None]) -> int:
        """Take the whole requests that data begins with, not byte by byte; returns their length."""
        at = 0
        if self._length or self._dropping:
            return at
        while data[at : at + 1] == b":":
            end = data.find(b"\n", at)
            if end < 0 or end - at > len(self._buffer) or data.find(b"\r", at, end) >= 0:
                break
            found.append(data[at:end])
            at = end + 1
        return at

    def _is_request(self) -> bool:
        return self._length > 0 and self._buffer[0] == _COLON

    def _end(self, found: list[bytes | None], echo: bytearray) -> None:
        self._dropping = False
        if not self._length:
            return
        if not self._is_request():
            echo.append(_LF)
        found.append(bytes(memoryview(self._buffer)[: self._length]))
        self._length = 0
