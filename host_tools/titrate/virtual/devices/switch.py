"""A switch from a pin to ground that bounces, and can be stuck or have a broken wire."""

from __future__ import annotations

from titrate.virtual.pico import MS, VirtualPico

# How a small microswitch arrives: level of the pin, then ms for which it stays.
_BOUNCES = ((0, 1), (1, 2), (0, 1), (1, 1))


class Switch:
    """A switch to ground, against the Pico's pull-up.

    Args:
        pico: the VirtualPico.
        gpio: its pin.
        is_closed: how it is at first.
    """

    def __init__(self, pico: VirtualPico, gpio: int, is_closed: bool):
        self._pico = pico
        self._gpio = gpio
        self._stuck: int | None = None
        self._put(0 if is_closed else 1)

    def close(self) -> None:
        """Close it; it bounces for 5 ms."""
        self._move(0)

    def open(self) -> None:
        """Open it; it bounces for 5 ms."""
        self._move(1)

    def weld(self) -> None:
        """Its contacts stay closed from now on."""
        self._stuck = 0
        self._put(0)

    def cut(self) -> None:
        """Its wire is broken from now on."""
        self._stuck = 1
        self._put(1)

    def _move(self, level: int) -> None:
        for bounce, ms in _BOUNCES:
            self._put(bounce)
            self._pico.run_for(ms * MS)
        self._put(level)

    def _put(self, level: int) -> None:
        level = level if self._stuck is None else self._stuck
        # Open is nothing at all: the pull-up decides.
        self._pico.set_input(self._gpio, None if level else 0)
