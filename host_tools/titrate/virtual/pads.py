"""The 30 GPIO pads: who drives each, its level, and when that level last changed.

rp2040py keeps what an output drives and what an input sees apart; on the chip they meet at the
pad. Here every change of a driven level is fed back to the pad's own input (so a state machine
can watch another one's STEP pin), goes to both PIO blocks with its exact cycle, and to whoever
listens on that pad.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rp2040py.gpio_pin import GPIOPinState

if TYPE_CHECKING:
    from titrate.virtual.pio import PioBlock

GPIO_COUNT = 30
PAD_RESET_VALUE = 0x56
"""PADS_BANK0 after reset: input enabled, 4 mA, pull-down, Schmitt trigger (datasheet 2.19.6.3)."""

_CYCLE_NS = 8
_INPUT_ENABLE = 1 << 6
_PULL_UP = 1 << 3

PadListener = Callable[[int, int, int], None]
"""Called with GPIO number, new level and the clock cycle from which it is at the pad."""


class PinDrivers:
    """What one of rp2040py's pins wants to know of the chip: the blocks that may drive it."""

    __slots__ = ("pio", "pwm", "sio", "update_io_interrupt")

    def __init__(self, mcu: Any, blocks: list[PioBlock]) -> None:
        self.pio = blocks
        self.pwm = mcu.pwm
        self.sio = mcu.sio
        self.update_io_interrupt = mcu.update_io_interrupt


class Pads:
    """Levels of all pads of `mcu`, an rp2040py chip.

    `driven` holds what is wired to a pad from outside: 0, 1 or None for nothing.
    """

    def __init__(self, mcu: Any, driven: list[int | None], on_change: PadListener) -> None:
        self._mcu = mcu
        self._clock = mcu.clock
        self._gpio = mcu.gpio
        self.driven = driven
        self._on_change = on_change
        self.levels = [0] * GPIO_COUNT
        self._earlier = [0] * GPIO_COUNT
        self._changed_at = [0] * GPIO_COUNT
        self._pio_cycle: int | None = None
        self.blocks: list[PioBlock] = []
        for number, pin in enumerate(self._gpio):
            pin.add_listener(self._listener(number))

    def _listener(self, gpio: int) -> Callable[[GPIOPinState, GPIOPinState], None]:
        def state_changed(_state: GPIOPinState, _before: GPIOPinState) -> None:
            self.settle(gpio)

        return state_changed

    def after_reset(self) -> None:
        """The chip was reset: pads release what they drove and get their reset pulls."""
        for number, pin in enumerate(self._gpio):
            pin.pad_value = PAD_RESET_VALUE
            pin.check_for_updates()
            self.settle(number)
            # rp2040py lets the pulls decide over an input until it is first told a level, also
            # over one that is wired to another.
            pin.set_input_value(bool(self.levels[number]))

    def driven_by_pio(self, gpios: int, cycle: int) -> None:
        """A PIO block changed what it drives on the pads in the mask `gpios`, from `cycle` on."""
        self._pio_cycle = cycle
        while gpios:
            lowest = gpios & -gpios
            number = lowest.bit_length() - 1
            if number < GPIO_COUNT:
                self._gpio[number].check_for_updates()
            gpios ^= lowest
        self._pio_cycle = None

    def settle(self, gpio: int) -> None:
        """Work out the pad's level again, and tell everyone if it changed."""
        pin = self._gpio[gpio]
        state = pin.value
        if state == GPIOPinState.HIGH:
            level = 1
        elif state == GPIOPinState.LOW:
            level = 0
        else:
            outside = self.driven[gpio]
            level = int(bool(pin.pad_value & _PULL_UP)) if outside is None else outside
        if level != self.levels[gpio]:
            self.set_level(gpio, level)

    def set_level(self, gpio: int, level: int) -> None:
        """Put `level` on the pad, whoever drives it; called by a test, a spike on the wire."""
        cycle = self._pio_cycle
        if cycle is None:
            cycle = int(self._clock.nanos) // _CYCLE_NS + 1
        self._earlier[gpio] = self.levels[gpio]
        self.levels[gpio] = level
        self._changed_at[gpio] = cycle
        self._gpio[gpio].set_input_value(bool(level))
        for block in self.blocks:
            block.pad_changed(gpio, cycle)
        self._on_change(gpio, level, cycle)

    def level_at(self, gpio: int, cycle: int) -> int:
        """The level at the input buffer at `cycle`; 0 while the pad's input is disabled."""
        if gpio >= GPIO_COUNT or not self._gpio[gpio].pad_value & _INPUT_ENABLE:
            return 0
        return self.levels[gpio] if cycle >= self._changed_at[gpio] else self._earlier[gpio]

    def changed_at(self, gpio: int) -> int:
        """The cycle from which the pad has had its present level."""
        return self._changed_at[gpio] if gpio < GPIO_COUNT else 0
