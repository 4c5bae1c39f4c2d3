"""MicroPython's raw prompt on a board, through mpremote."""

import contextlib
import sys
from typing import Protocol

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from titrate.client.errors import Disconnected, NoAnswer

_FAILURES = (TransportError, serial.SerialException, OSError)


class Repl(Protocol):
    """What installing needs of a board at its prompt."""

    port: str

    def run(self, code: str) -> str:
        """Run code to its end; returns what it printed. Raises NoAnswer when it failed."""

    def leave(self, code: str) -> None:
        """Run code that does not come back to the prompt."""


class SerialRepl:
    """The prompt of the board on a serial port.

    Entering interrupts a console that runs there, but makes no soft reset; delivery, if there
    is any, goes on.

    Args:
        port: device name.

    Raises:
        NoAnswer: no MicroPython answers there.
    """

    def __init__(self, port: str):
        self.port = port
        try:
            self._transport = SerialTransport(port, timeout=10)
            # When nothing answers it prints what it read.
            with contextlib.redirect_stdout(sys.stderr):
                self._transport.enter_raw_repl(soft_reset=False)
        except _FAILURES as error:
            raise NoAnswer(
                f"no MicroPython answers on {port}: {error}; put it on the board first "
                "(a stock image for the Raspberry Pi Pico, 1.25 or newer)",
                "no_micropython",
            ) from error

    def run(self, code: str) -> str:
        """Run code to its end; returns what it printed. Raises NoAnswer when it failed."""
        try:
            return bytes(self._transport.exec(code)).decode(errors="replace")
        except _FAILURES as error:
            raise self._failed(error) from error

    def leave(self, code: str) -> None:
        """Run code that does not come back to the prompt."""
        try:
            self._transport.exec_raw_no_follow(code)
        except _FAILURES as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Leave the raw prompt and give the port back; a board that restarted is gone already."""
        try:
            self._transport.exit_raw_repl()
            self._transport.close()
        except _FAILURES:
            return

    def _failed(self, error: Exception) -> NoAnswer:
        words = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        return Disconnected(
            f"the board on {self.port} stopped answering ({words[0]}); deploy again once it is back"
        )
