"""A push button: bounces left out, long presses and stuck contacts told apart.

Times are in ms and may wrap at 2**30, as the RP2040's ticks_ms does.
"""

from pump.core.compat import const

# What update() may tell.
NOTHING = const(0)
PRESSED = const(1)
HELD = const(2)  # once, when it has been down for HOLD_MS
RELEASED = const(3)
STUCK = const(4)  # once, when it has been down for STUCK_MS
FREED = const(5)  # released after it was stuck; no RELEASED comes then

DEBOUNCE_MS = const(30)
HOLD_MS = const(3000)
STUCK_MS = const(60000)  # GIP v1.0, 2.3: stuck key alarm after a minute
_WRAP = const(0x3FFFFFFF)


class Press:
    """Follows one contact.

    A button that is down from the beginning (at power-on) tells nothing until it has
    been up, but that it is stuck.

    Attributes:
        is_down: the state after bounces.
    """

    def __init__(self) -> None:
        self.is_down = False
        self._told: int = NOTHING
        self._is_first = True
        self._is_heard = True
        self._changed_ms: int | None = None
        self._down_ms = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing more comes unless the contact changes: no need to look often."""
        return self._changed_ms is None and not self.is_down

    def update(self, contact: bool, now_ms: int) -> int:
        """Say what the contact is now; call at every change and, unless settled, every 10-50 ms.

        Args:
            contact: True while it is closed.
            now_ms: the time in ms, which may wrap at 2**30.

        Returns:
            NOTHING, PRESSED, HELD, RELEASED, STUCK or FREED.
        """
        if self._is_first:
            self._is_first = False
            if contact:
                self.is_down = True
                self._is_heard = False
                self._down_ms = now_ms
        if contact == self.is_down:
            self._changed_ms = None
            return self._while_down(now_ms) if self.is_down else NOTHING
        if self._changed_ms is None:
            self._changed_ms = now_ms
        if (now_ms - self._changed_ms) & _WRAP < DEBOUNCE_MS:
            return NOTHING
        return self._change(contact, self._changed_ms)

    def _change(self, contact: bool, since_ms: int) -> int:
        told, self._told = self._told, NOTHING
        self.is_down = contact
        self._down_ms = since_ms
        self._changed_ms = None
        if contact:
            return PRESSED
        is_heard, self._is_heard = self._is_heard, True
        if told == STUCK:
            return FREED
        return RELEASED if is_heard else NOTHING

    def _while_down(self, now_ms: int) -> int:
        down_ms = (now_ms - self._down_ms) & _WRAP
        if down_ms >= STUCK_MS and self._told != STUCK:
            self._told = STUCK
            return STUCK
        if down_ms >= HOLD_MS and self._told == NOTHING:
            self._told = HELD
            return HELD if self._is_heard else NOTHING
        return NOTHING
