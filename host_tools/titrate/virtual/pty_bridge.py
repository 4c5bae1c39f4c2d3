"""The Pico's USB serial port as a pty, for pyserial, mpremote, screen and everyone else.

A pty knows who has it open: that is the port's DTR. While nobody has, the Pico's output waits in
the Pico, as it does behind a real port; a reader that stops reading stops the Pico's output too.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import tty
from pathlib import Path

from titrate.virtual.pico import VirtualPico

_READ_BYTES = 4096
_QUEUE_BYTES = 4096
"""Bytes for the Pico that may wait here; the rest waits in the pty, and the writer with it."""


class PtyBridge:
    """Connects `pico` to a new pty, and `link`, when given, to the pty's path.

    `path` is what a program opens: the link, or the pty itself. Raises FileExistsError when
    `link` is something other than a symbolic link.
    """

    def __init__(self, pico: VirtualPico, link: Path | None = None) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise FileExistsError(
                f"{link} exists and is not a link: choose another name for the pty, or remove it"
            )
        self._pico = pico
        self._link = link
        self._to_host = bytearray()
        self._is_open = False
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave)
            self._pty_path = os.ttyname(slave)
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        if link is not None:
            link.unlink(missing_ok=True)
            link.symlink_to(self._pty_path)
        self.path = str(link) if link is not None else self._pty_path
        pico.serial_set_open(False)
        pico.on_serial = self._to_host.extend

    def close(self) -> None:
        """Hang up and remove the link."""
        self._pico.on_serial = None
        os.close(self._master)
        if self._link is not None and self._link.is_symlink():
            if os.readlink(self._link) == self._pty_path:
                self._link.unlink()

    @property
    def is_open(self) -> bool:
        """Whether a program has the port open, as of the last `exchange`."""
        return self._is_open

    def wait(self, seconds: float) -> None:
        """Sleep until bytes arrive from the host, or for `seconds` at the most."""
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        if not poller.poll(0):
            poller.poll(int(seconds * 1000))
        elif not self._is_open:
            # Nobody has it open: poll() returns at once, so it cannot be waited on.
            select.select([], [], [], min(seconds, 0.01))

    def exchange(self) -> bool:
        """Pass bytes both ways once; True when there were any. The Pico must have power."""
        moved = self._from_host()
        self._follow_openers()
        return self._flush_to_host() or moved

    def _from_host(self) -> bool:
        room = _QUEUE_BYTES - self._pico.chip.usb.pending_bytes
        if room <= 0:
            return False
        try:
            data = os.read(self._master, min(room, _READ_BYTES))
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: nobody has it open, and nothing is left to read
                raise
            return False
        if data:
            self._set_open(True)
            self._pico.serial_write(data)
        return bool(data)

    def _follow_openers(self) -> None:
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        hung_up = any(events & select.POLLHUP for _, events in poller.poll(0))
        self._set_open(not hung_up)

    def _set_open(self, is_open: bool) -> None:
        if is_open == self._is_open:
            return
        self._is_open = is_open
        if not is_open:
            self._forget_unread()
        self._pico.serial_set_open(is_open)

    def _forget_unread(self) -> None:
        """What the last program left unread is not for the next one."""
        self._to_host.clear()
        termios.tcflush(self._master, termios.TCOFLUSH)
        slave = os.open(self._pty_path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            termios.tcflush(slave, termios.TCIFLUSH)
        finally:
            os.close(slave)

    def _flush_to_host(self) -> bool:
        if not self._to_host:
            return False
        if not self._is_open:
            self._to_host.clear()
            return False
        try:
            written = os.write(self._master, self._to_host)
        except BlockingIOError:
            written = 0
        del self._to_host[:written]
        self._pico.chip.usb.set_reading(not self._to_host)
        return written > 0
