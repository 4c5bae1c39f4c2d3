"""The I2C bus that clock module and display share: no transfer that fails holds anything up.

A transfer that does not get through gives False, after 10 ms at the longest. The controller is then
made anew: MicroPython's would in the end wait for ever for room in a queue that nothing empties.
A device that lost count half way through a byte and holds SDA low is clocked until it lets go
(NXP UM10204, 3.1.16 "Bus clear").
"""

import time

import machine
from micropython import const

FREQUENCY_HZ = const(400000)  # both devices' highest
# Of a whole transfer; the longest, a page of the display, takes 3.4 ms.
TIMEOUT_US = const(10000)
_CLEARING_CLOCKS = const(9)
_HALF_CLOCK_US = const(5)


class I2cBus:
    """One bus.

    Args:
        unit: 0 or 1.
        sda_gpio, scl_gpio: its pins.
    """

    def __init__(self, unit: int, sda_gpio: int, scl_gpio: int):
        self._unit = unit
        self._sda_gpio = sda_gpio
        self._scl_gpio = scl_gpio
        self._open()

    def write(self, address: int, data) -> bool:
        """Send bytes to a device; returns whether it took them."""
        try:
            if self._i2c.writeto(address, data) == len(data):
                return True
        except OSError:
            pass
        self._free()
        return False

    def read(self, address: int, register, into) -> bool:
        """Read a device's registers in one burst; returns whether it answered.

        Args:
            register: the number of the first, as one byte of bytes.
            into: bytearray that is filled.
        """
        try:
            self._i2c.writeto(address, register, False)
            self._i2c.readfrom_into(address, into)
            return True
        except OSError:
            self._free()
            return False

    def _open(self) -> None:
        self._i2c = machine.I2C(
            self._unit,
            sda=machine.Pin(self._sda_gpio),
            scl=machine.Pin(self._scl_gpio),
            freq=FREQUENCY_HZ,
            timeout=TIMEOUT_US,
        )

    def _free(self) -> None:
        """Clock SDA free if it is held low, end with a stop, and begin anew."""
        pin = machine.Pin
        sda = pin(self._sda_gpio, pin.OPEN_DRAIN, pin.PULL_UP, value=1)
        scl = pin(self._scl_gpio, pin.OPEN_DRAIN, pin.PULL_UP, value=1)
        for _ in range(_CLEARING_CLOCKS):
            if sda.value():
                break
            scl.value(0)
            time.sleep_us(_HALF_CLOCK_US)
            scl.value(1)
            time.sleep_us(_HALF_CLOCK_US)
        sda.value(0)
        time.sleep_us(_HALF_CLOCK_US)
        sda.value(1)
        time.sleep_us(_HALF_CLOCK_US)
        self._open()
