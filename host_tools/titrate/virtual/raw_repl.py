"""Run code on a virtual Pico through MicroPython's raw REPL, as mpremote does."""

from __future__ import annotations

from typing import Protocol

_CTRL_A = b"\x01"
_CTRL_B = b"\x02"
_CTRL_C = b"\x03"
_CTRL_D = b"\x04"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


class Serial(Protocol):
    """What the conversation needs from the Pico."""

    def serial_write(self, data: bytes) -> None: ...

    def read_until(self, mark: bytes, limit_ns: int) -> bytes: ...

    def serial_read(self) -> bytes: ...


def execute(
    pico: Serial, code: str, limit_ns: int, *, soft_reset: bool = False, interrupt: bool = True
) -> tuple[str, str]:
    """Run `code`, return what it printed and its traceback ("" when it ended well).

    `limit_ns` bounds each wait for an answer, in emulated nanoseconds; TimeoutError after it.
    `soft_reset` starts a fresh interpreter first (mpremote exec), without it the code joins the
    one that runs (mpremote resume exec). `interrupt` sends Ctrl-C first, which ends main.py.
    """
    if interrupt:
        pico.serial_write(b"\r" + _CTRL_C + _CTRL_C)
        pico.serial_read()
    pico.serial_write(b"\r" + _CTRL_A)
    pico.read_until(_BANNER, limit_ns)
    if soft_reset:
        pico.serial_write(_CTRL_D)
        pico.read_until(b"soft reboot\r\n", limit_ns)
        pico.read_until(_BANNER, limit_ns)
    pico.serial_write(code.encode() + _CTRL_D)
    pico.read_until(b"OK", limit_ns)
    out = pico.read_until(_CTRL_D, limit_ns)[:-1]
    err = pico.read_until(_CTRL_D, limit_ns)[:-1]
    pico.read_until(b">", limit_ns)
    pico.serial_write(b"\r" + _CTRL_B)
    pico.read_until(b">>> ", limit_ns)
    return _text(out), _text(err)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")
