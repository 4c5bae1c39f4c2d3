"""The switches at both ends of the travel and under the syringe, through pump.core.contact.

They are looked at only while one of them moves: an edge wakes a timer, which goes to sleep again
when all have settled.
"""

import time

import machine
from micropython import const

from pump.core.contact import Contact

_POLL_MS = const(10)
# The settings of pump.core.equipment, the pins, the level that means that a switch is reached, or
# that a syringe is there.
NAMES = ("limit_home", "limit_end", "syringe_switch")
_GPIOS = ("LIMIT_HOME_GPIO", "LIMIT_END_GPIO", "SYRINGE_PRESENT_GPIO")
_LEVELS = ("LIMIT_ACTIVE_LEVEL", "LIMIT_ACTIVE_LEVEL", "SYRINGE_PRESENT_LEVEL")
_HOME = const(0)
_END = const(1)
_SYRINGE = const(2)


class Switches:
    """The switches that are fitted; none until fit() says so.

    Args:
        board: LIMIT_HOME_GPIO, LIMIT_END_GPIO and LIMIT_ACTIVE_LEVEL; SYRINGE_PRESENT_GPIO and
            SYRINGE_PRESENT_LEVEL; each only where the board has it.

    Attributes:
        on_change: called without arguments, outside of interrupts, when a switch has settled in
            another state; None until somebody wants to know.
    """

    def __init__(self, board):
        self._board = board
        self.on_change = None
        self._timer = machine.Timer(-1)
        self._is_polling = False
        self._poll_ref = self._poll
        self._edge_ref = self._edge
        self._switches: list[_Switch | None] = [None, None, None]

    def fit(self, end: bool, home: bool, syringe: bool) -> None:
        """Say which of them are fitted; the pins of others are left alone."""
        for index, is_fitted in enumerate((home, end, syringe)):
            before = self._switches[index]
            if before is not None:
                before.pin.irq(None)
            self._switches[index] = _Switch(*self._wired(index)) if is_fitted else None
            after = self._switches[index]
            if after is not None:
                after.pin.irq(self._edge_ref, machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING)

    def is_at_end(self) -> bool | None:
        """Whether the switch at the empty end is reached; None where it is not fitted."""
        return self._state(_END)

    def is_at_home(self) -> bool | None:
        """Whether the switch at the full end is reached; None where it is not fitted."""
        return self._state(_HOME)

    def has_syringe(self) -> bool | None:
        """Whether a syringe lies in its clamp; None where its switch is not fitted."""
        return self._state(_SYRINGE)

    def gpio_of(self, name: str) -> int | None:
        """The pin of one of NAMES; None where the board has none."""
        return getattr(self._board, _GPIOS[NAMES.index(name)], None)

    def is_fitted(self, name: str) -> bool:
        """Whether one of NAMES is fitted."""
        return self._switches[NAMES.index(name)] is not None

    def reads(self, name: str) -> bool | None:
        """What one of NAMES reads now, fitted or not; None where the board has no pin for it."""
        if self.gpio_of(name) is None:
            return None
        index = NAMES.index(name)
        switch = self._switches[index] or _Switch(*self._wired(index))
        return switch.is_on()

    def _wired(self, index: int) -> tuple[int, int]:
        return getattr(self._board, _GPIOS[index]), getattr(self._board, _LEVELS[index])

    def _state(self, index: int) -> bool | None:
        switch = self._switches[index]
        if switch is None:
            return None
        is_on = switch.is_on()
        if not switch.contact.is_settled:
            # Also where its edge found no place among what was to be called.
            self._edge(None)
        return is_on

    def _edge(self, _pin) -> None:
        if not self._is_polling:
            self._is_polling = True
            self._timer.init(period=_POLL_MS, mode=machine.Timer.PERIODIC, callback=self._poll_ref)

    def _poll(self, _timer) -> None:
        is_news = False
        is_settled = True
        for switch in self._switches:
            if switch is not None:
                switch.is_on()
                is_news = switch.took_news() or is_news
                is_settled = is_settled and switch.contact.is_settled
        if is_settled:
            self._timer.deinit()
            self._is_polling = False
        if is_news and self.on_change is not None:
            self.on_change()


class _Switch:
    """One switch on a pin with its pull-up."""

    def __init__(self, gpio: int, level: int):
        self.pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        self._level = level
        self._is_news = False
        self.contact = Contact(self.pin.value() == level)

    def is_on(self) -> bool:
        """The state after bounces, followed up to now: right between edge and timer too."""
        now_ms: int = time.ticks_ms()  # type: ignore[assignment]  # the stubs hide that it is one
        if self.contact.update(self.pin.value() == self._level, now_ms):
            self._is_news = True
        return self.contact.is_on

    def took_news(self) -> bool:
        """Whether it has changed since the last call."""
        is_news, self._is_news = self._is_news, False
        return is_news
