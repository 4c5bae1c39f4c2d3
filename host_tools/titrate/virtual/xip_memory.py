"""The memory of the flash cache, which the boot ROM keeps its stack in while the cache is off.

rp2040py models no cache, and has nothing where its memory lies.
"""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.peripheral import BasePeripheral

XIP_MEMORY_BYTES = 16 * 1024
_ATOMIC_SHIFT = 12


class XipMemory(BasePeripheral):
    """XIP_SRAM of `mcu`, an rp2040py chip.

    It is for words, which is what a stack is written with: a byte written alone fills its word, as
    in a register.
    """

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "XIP_SRAM")
        self._words = [0] * (XIP_MEMORY_BYTES // 4)

    def read_uint32(self, offset: int) -> int:
        return self._words[offset >> 2]

    def write_uint32_atomic(self, offset: int, value: int, atomic_type: int) -> None:
        # What are aliases of a register elsewhere are addresses of their own in memory.
        self._words[(atomic_type << _ATOMIC_SHIFT | offset) >> 2] = value
