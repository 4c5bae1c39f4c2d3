"""The switches at both ends of the travel and under the syringe, through pump.core.contact.

They are looked at only while one of them moves: an edge wakes a timer, which goes to sleep again
when all have settled.
"""

import time

import machine
from micropython import const

from pump.core.contact import Contact

_POLL_MS = const(10)


class Switches:
    """The switches that are fitted; none until fit() says so.

    Args:
        board: LIMIT_END_GPIO, LIMIT_HOME_GPIO and LIMIT_ACTIVE_LEVEL; SYRINGE_PRESENT_GPIO and
            SYRINGE_PRESENT_LEVEL; each only where the board has it.
        on_change: called without arguments, outside of interrupts, when a switch has settled in
            another state.
    """

    def __init__(self, board, on_change):
        self._board = board
        self._on_change = on_change
        self._timer = machine.Timer(-1)
        self._is_polling = False
        self._poll_ref = self._poll
        self._end = self._home = self._syringe = None

    def fit(self, end: bool, home: bool, syringe: bool) -> None:
        """Say which of them are fitted; pins of others are left alone."""
        for switch in (self._end, self._home, self._syringe):
            if switch is not None:
                switch.let_go()
        level = getattr(self._board, "LIMIT_ACTIVE_LEVEL", 1)
        self._end = self._switch("LIMIT_END_GPIO", level) if end else None
        self._home = self._switch("LIMIT_HOME_GPIO", level) if home else None
        level = getattr(self._board, "SYRINGE_PRESENT_LEVEL", 0)
        self._syringe = self._switch("SYRINGE_PRESENT_GPIO", level) if syringe else None

    def is_at_end(self) -> bool | None:
        """Whether the switch at the empty end is reached; None where it is not fitted."""
        return None if self._end is None else self._end.is_on()

    def is_at_home(self) -> bool | None:
        """Whether the switch at the full end is reached; None where it is not fitted."""
        return None if self._home is None else self._home.is_on()

    def has_syringe(self) -> bool | None:
        """Whether a syringe lies in its clamp; None where its switch is not fitted."""
        return None if self._syringe is None else self._syringe.is_on()

    def _switch(self, name: str, level: int):
        gpio = getattr(self._board, name, None)
        return None if gpio is None else _Switch(gpio, level, self._edge)

    def _edge(self, _pin) -> None:
        if not self._is_polling:
            self._is_polling = True
            self._timer.init(period=_POLL_MS, mode=machine.Timer.PERIODIC, callback=self._poll_ref)

    def _poll(self, _timer) -> None:
        is_news = False
        is_settled = True
        for switch in (self._end, self._home, self._syringe):
            if switch is not None:
                switch.is_on()
                is_news = switch.took_news() or is_news
                is_settled = is_settled and switch.contact.is_settled
        if is_settled:
            self._timer.deinit()
            self._is_polling = False
        if is_news:
            self._on_change()


class _Switch:
    """One switch on a pin with its pull-up."""

    def __init__(self, gpio: int, level: int, on_edge):
        self._pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        self._level = level
        self._is_news = False
        self.contact = Contact(self._pin.value() == level)
        self._pin.irq(on_edge, machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING)

    def is_on(self) -> bool:
        """The state after bounces, followed up to now: right between edge and timer too."""
        now_ms: int = time.ticks_ms()  # type: ignore[assignment]  # the stubs hide that it is one
        if self.contact.update(self._pin.value() == self._level, now_ms):
            self._is_news = True
        return self.contact.is_on

    def took_news(self) -> bool:
        """Whether it has changed since the last call."""
        is_news, self._is_news = self._is_news, False
        return is_news

    def let_go(self) -> None:
        """No more edges."""
        self._pin.irq(None)
