"""A motor supply behind a divider, at an ADC pin."""

from __future__ import annotations

from fractions import Fraction

from titrate.virtual.pico import VirtualPico

_FULL_SCALE = 4095
_REFERENCE_MV = 3300


class Supply:
    """A supply whose voltage is set by hand.

    Args:
        pico: the VirtualPico.
        gpio: the ADC pin behind the divider.
        divider: supply over converter input, a ratio.
        mv: its voltage at first.
    """

    def __init__(self, pico: VirtualPico, gpio: int, divider: tuple[int, int], mv: int):
        self._pico = pico
        self._gpio = gpio
        self._divider = Fraction(*divider)
        self.set_mv(mv)

    def set_mv(self, mv: int) -> None:
        """Set its voltage; 0 is a fuse that has blown, and above the range the pin is clamped."""
        counts = round(mv / self._divider * _FULL_SCALE / _REFERENCE_MV)
        self._pico.set_adc(self._gpio, min(counts, _FULL_SCALE))
