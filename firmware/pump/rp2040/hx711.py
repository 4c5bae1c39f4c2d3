"""An HX711, the 24-bit converter of a load cell, on two wires.

Its data line falls when a reading is ready. 24 pulses on the clock line shift it out, the highest
bit first; the 25th asks for the next one from channel A at a gain of 128 and lets the data line
rise. A clock line that is high for more than 60 us switches the chip off (HX711 data sheet,
"Serial Interface"), so nothing may come in between while a pulse lasts.
"""

import machine

from pump.core.inputs import NOT_YET, STUCK

_BITS = range(24)
# Two's complement to an unsigned count with its middle at 0x800000.
_MIDDLE = 0x800000


class Hx711:
    """An HX711.

    Args:
        data_gpio: wired to DT, also called DOUT.
        clock_gpio: wired to SCK.
    """

    def __init__(self, data_gpio: int, clock_gpio: int):
        self._clock = machine.Pin(clock_gpio, machine.Pin.OUT, value=0)
        # A module that is not there reads as never ready.
        self._data = machine.Pin(data_gpio, machine.Pin.IN, machine.Pin.PULL_UP)

    def counts(self) -> int:
        """The newest reading, 0 to 0xFFFFFF; NOT_YET, or STUCK where the data line does not rise.

        Interrupts are off for about 0.3 ms.
        """
        data = self._data.value
        if data():
            return NOT_YET
        on, off = self._clock.on, self._clock.off
        counts = 0
        state = machine.disable_irq()
        for _ in _BITS:
            on()
            off()
            counts = counts << 1 | data()
        on()
        off()
        machine.enable_irq(state)
        return counts ^ _MIDDLE if data() else STUCK
