"""A DS3231 clock module on I2C. What its registers mean is in core/ds3231.py."""

from micropython import const

from pump.core import ds3231

_ADDRESS = const(0x68)
_FIRST = b"\x00"


class Ds3231:
    """One module, or the place where one may be.

    Args:
        bus: I2cBus.
    """

    def __init__(self, bus):
        self._bus = bus
        self._registers = bytearray(ds3231.REGISTERS)

    def read(self):
        """The bytes of ds3231.REGISTERS as they are at one instant; None without an answer.

        The module holds the time still for a burst that begins with a start.
        """
        return self._registers if self._bus.read(_ADDRESS, _FIRST, self._registers) else None

    def write(self, register: int, values: bytes) -> bool:
        """Write registers from one on; returns whether they were taken."""
        return self._bus.write(_ADDRESS, bytes([register]) + values)
