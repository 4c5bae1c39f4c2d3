"""The register that holds blocks in reset: an I2C controller put there forgets what it was at.

rp2040py keeps the bits and resets nothing by them. Firmware counts on it for I2C, which it sets up
anew when a transfer hung; all other blocks are set up once, after a reset of the whole chip.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.reset import RESET, RESET_I2C0, RESET_I2C1, RPReset


class Resets(RPReset):
    """RESETS of `mcu`, an rp2040py chip."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "RESETS_BASE")

    def write_uint32(self, offset: int, value: int) -> None:
        before = self.read_uint32(RESET)
        super().write_uint32(offset, value)
        begun = self.read_uint32(RESET) & ~before
        for bit, block in zip((RESET_I2C0, RESET_I2C1), self.rp2040.i2c, strict=True):
            if begun & bit:
                block.reset()
