"""Push buttons on GPIO pins, through pump.core.press."""

import time

import machine

from pump.core.press import NOTHING, Press


class Button:
    """A push button.

    Args:
        pin: machine.Pin input, with its pull resistor set.
        active_level: the level that it reads while pressed, 0 or 1.
        on_edge: called without arguments, outside of interrupts, when the level changes, so that
            the loop that calls poll() need not do so while nothing happens; or None.

    Attributes:
        press: the Press that follows it.
    """

    def __init__(self, pin: machine.Pin, active_level: int = 0, on_edge=None):
        self._pin = pin
        self._active_level = active_level
        self.press = Press()
        if on_edge is not None:
            pin.irq(lambda _pin: on_edge(), pin.IRQ_RISING | pin.IRQ_FALLING)

    def poll(self) -> int:
        """Look at the button; call at an edge and, unless press.is_settled, every 10-50 ms.

        Returns:
            press.NOTHING, PRESSED, HELD, RELEASED, STUCK or FREED.
        """
        is_closed = self._pin.value() == self._active_level
        now_ms: int = time.ticks_ms()  # type: ignore[assignment]  # the stubs hide that it is one
        return self.press.update(is_closed, now_ms)


def polled(buttons: tuple[Button, ...]) -> tuple[int, int]:
    """The first news among several Buttons: (index, what), or (-1, NOTHING).

    Those after it tell theirs at the next call; no two actions come from one look.
    """
    for index in range(len(buttons)):
        what = buttons[index].poll()
        if what != NOTHING:
            return index, what
    return -1, NOTHING
