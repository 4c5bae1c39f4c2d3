"""What a device on an emulated I2C bus does."""

from __future__ import annotations


class I2cDevice:
    """A device at a 7-bit `address`, with power from the Pico's 3V3.

    `is_silent` unplugs it: nothing is acknowledged any more.
    """

    def __init__(self, address: int) -> None:
        self.address = address
        self.is_silent = False

    def power(self, is_on: bool) -> None:
        """The board's 3.3 V came on or went."""

    def begin(self, is_read: bool) -> bool:
        """Its address came after a start; returns whether it acknowledges."""
        return not self.is_silent

    def write(self, value: int) -> bool:
        """Take a byte; returns whether it is acknowledged."""
        return not self.is_silent

    def read(self) -> int:
        """Give the next byte; a bus that nobody drives reads as ones."""
        return 0xFF

    def end(self) -> None:
        """A stop came."""
