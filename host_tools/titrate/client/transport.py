"""Bytes to and from a serial port: a board on USB, or the pty of a virtual one."""

import contextlib
from types import TracebackType
from typing import Protocol, Self

import serial

from titrate.client.errors import Disconnected, NoAnswer


class Transport(Protocol):
    """What a Connection needs of a line to the pump."""

    name: str

    def write(self, data: bytes) -> None:
        """Send all of data; raises Disconnected when the port is gone."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting up to timeout_s for a first byte; b"" when none came."""

    def close(self) -> None:
        """Give the port back."""


class SerialTransport:
    """A serial port, opened for this program alone.

    Args:
        port: device name, such as /dev/ttyACM0, COM5 or the path of a pty.

    Raises:
        NoAnswer: it cannot be opened; the sentence says why.
    """

    WRITE_TIMEOUT_S = 5.0

    def __init__(self, port: str):
        self.name = port
        try:
            self._serial = serial.Serial(
                port, baudrate=115200, timeout=0, write_timeout=self.WRITE_TIMEOUT_S, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise NoAnswer(_why_not_open(port, error), "no_port") from error

    def write(self, data: bytes) -> None:
        """Send all of data."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError) as error:
            raise self._gone() from error

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting up to timeout_s for a first byte; b"" when none came."""
        try:
            self._serial.timeout = timeout_s
            first = self._serial.read(1)
            self._serial.timeout = 0
            return bytes(first + self._serial.read(4096)) if first else b""
        except (serial.SerialException, OSError, TypeError) as error:
            # pyserial raises TypeError when the port is closed in the middle of a read.
            raise self._gone() from error

    def close(self) -> None:
        """Give the port back."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _gone(self) -> Disconnected:
        return Disconnected(
            f"{self.name} is gone: the cable was pulled, or the pump restarted or lost power; "
            "a running programme goes on without the host, connect again and ask for the status"
        )


def _why_not_open(port: str, error: Exception) -> str:
    text = str(error)
    if "No such file" in text or "FileNotFound" in text or "cannot find" in text:
        return f"there is no port {port}; `titrate ports` lists the ports there are"
    if "Permission" in text or "denied" in text:
        return (
            f"{port} may not be opened by you; on Linux join the group that owns it, "
            "usually `sudo usermod -aG dialout $USER`, and log in again"
        )
    if "exclusive" in text or "busy" in text.lower() or "lock" in text.lower():
        return f"{port} is in use by another program; close that one first"
    if "Inappropriate ioctl" in text or "not a tty" in text.lower():
        return f"{port} is no serial port; `titrate ports` lists the ports there are"
    return f"{port} cannot be opened: {text}"
