"""What switches the motor on and off: a driver's enable pin, or the coils' own pins."""

import machine
from machine import mem32

from pump.rp2040 import registers as reg


def motor_power(board):
    """What a board has.

    Args:
        board: ENABLE_N_GPIO and ENABLE_ACTIVE_LEVEL for a driver with STEP and DIR; or, for
            coils behind plain transistors, COIL_1_GPIO and what CoilPhases asks for.

    Returns:
        Something with is_on() and switch(is_on).
    """
    if hasattr(board, "COIL_1_GPIO"):
        from pump.rp2040.coil_phases import CoilPhases

        return CoilPhases(board)
    return EnablePin(board)


class EnablePin:
    """The enable input of a driver."""

    def __init__(self, board) -> None:
        gpio = board.ENABLE_N_GPIO
        self._active_level = board.ENABLE_ACTIVE_LEVEL
        level = 1 - self._active_level
        # A soft reset leaves it as it was; a motor that has been held need not settle again.
        if mem32[reg.SIO_GPIO_OE] >> gpio & 1:
            level = mem32[reg.SIO_GPIO_OUT] >> gpio & 1
        self._pin = machine.Pin(gpio, machine.Pin.OUT, value=level)

    def is_on(self) -> bool:
        """Whether the driver's outputs are on."""
        return self._pin.value() == self._active_level

    def switch(self, is_on: bool) -> None:
        """Switch the driver's outputs on or off."""
        self._pin.value(self._active_level if is_on else 1 - self._active_level)
