"""Where the pump is: --port, else TITRATE_PORT, else the only pump found."""

import os
from typing import NamedTuple

from serial.tools import list_ports

from titrate.client.connection import Connection
from titrate.client.errors import NoAnswer, TitrateError
from titrate.client.transport import SerialTransport
from titrate.client.values import Value

PORT_VARIABLE = "TITRATE_PORT"

# MicroPython on an RP2040, as its USB descriptor says.
VENDOR_ID = 0x2E8A
PRODUCT_ID = 0x0005

# A port that is only being tried is asked once.
_PROBE_S = 3.0


class Found(NamedTuple):
    """A serial port that may be a pump's.

    Attributes:
        port: device name.
        board_id: USB serial number, "" when it has none.
        hello: what the pump on it said, None when none answered.
        problem: why none answered.
    """

    port: str
    board_id: str
    hello: dict[str, Value] | None
    problem: str


def candidates() -> list[tuple[str, str]]:
    """(device name, USB serial number) of every MicroPython board on an RP2040."""
    return sorted(
        (port.device, port.serial_number or "")
        for port in list_ports.comports()
        if port.vid == VENDOR_ID and port.pid == PRODUCT_ID
    )


def probe(port: str, board_id: str = "") -> Found:
    """Ask a port for a pump, without waking a console that sleeps."""
    try:
        with SerialTransport(port) as transport:
            hello = Connection(transport, answer_s=_PROBE_S).connect(wake=False)
    except TitrateError as error:
        return Found(port, board_id, None, error.sentence)
    return Found(port, board_id, hello, "")


def choose(port: str | None) -> str:
    """The device name to use.

    Args:
        port: what the user named, or None.

    Raises:
        NoAnswer: nothing was named and there is no board, or more than one pump.
    """
    named = port or os.environ.get(PORT_VARIABLE)
    if named:
        return named
    boards = candidates()
    if not boards:
        raise NoAnswer(
            "no pump is plugged in; plug it in, or name its port with --port or "
            f"{PORT_VARIABLE}, or use the virtual one (`titrate virtual`)",
            "no_port",
        )
    if len(boards) == 1:
        return boards[0][0]
    pumps = [found.port for found in (probe(*board) for board in boards) if found.hello]
    if len(pumps) == 1:
        return pumps[0]
    names = ", ".join(pumps or [device for device, _ in boards])
    raise NoAnswer(
        f"there are {'several pumps' if pumps else 'several boards and no pump answers'}: "
        f"{names}; name one with --port or {PORT_VARIABLE}",
        "several_ports",
    )
