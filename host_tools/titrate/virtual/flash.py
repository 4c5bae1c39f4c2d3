"""The flash chip: erase and program take time, can be cut short, and outlive the power.

rp2040py's serial flash obeys at once. Here an erase keeps the chip busy as long as a real one
does, a power cut in the middle leaves a mixture of old and new bits behind, and the bytes can be
kept in a file.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rp2040py.peripherals.ssi import (
    CMD_BLOCK_ERASE,
    CMD_PAGE_PROGRAM,
    CMD_READ_STATUS_1,
    CMD_SECTOR_ERASE,
    FLASH_BLOCK_SIZE,
    FLASH_PAGE_SIZE,
    FLASH_SECTOR_SIZE,
    RPSSI,
)

FLASH_BYTES = 2 * 1024 * 1024
"""Size of the Pico's flash."""

_BUSY_BIT = 0x01
_ERASED = 0xFF


@dataclass(frozen=True)
class FlashTiming:
    """How long operations take, in nanoseconds. Typical values of the Pico's W25Q16JV.

    A worst case sector erase is 400 ms (data sheet, "AC electrical characteristics").
    """

    sector_erase_ns: int = 45_000_000
    block_erase_ns: int = 150_000_000
    page_program_ns: int = 700_000


class FlashOperation(NamedTuple):
    """One erase or program command: when it began, what it did, where, how many bytes."""

    t_ns: int
    kind: str
    offset: int
    length: int


class FlashStore:
    """The flash content and its history. It outlives chips, resets and power cycles.

    `path` names a file that keeps the bytes between runs; None keeps them in memory only.
    """

    def __init__(self, path: Path | None, timing: FlashTiming, seed: int) -> None:
        self.timing = timing
        self.path = path
        self.random = random.Random(seed)
        self.operations: list[FlashOperation] = []
        self.cut_at: tuple[int, str] | None = None
        self.powered_at_ns = 0
        """When the power came on that the flash has now; its operations are noted from there."""
        self.content = bytearray([_ERASED]) * FLASH_BYTES
        if path is not None and path.exists():
            kept = path.read_bytes()
            if len(kept) != FLASH_BYTES:
                raise ValueError(
                    f"flash file {path} has {len(kept)} bytes; a Pico's flash has {FLASH_BYTES}: "
                    "give another file, or remove this one to start with an empty flash"
                )
            self.content[:] = kept

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes into the store and, if there is one, into the file."""
        self.content[offset : offset + len(data)] = data
        if self.path is not None and self.path.exists():
            with self.path.open("r+b") as file:
                file.seek(offset)
                file.write(data)

    def save(self) -> None:
        """Write the whole content to the file, if there is one."""
        if self.path is not None:
            self.path.write_bytes(self.content)


class FlashChip(RPSSI):
    """The flash behind the serial interface of `mcu`, an rp2040py chip.

    `store` keeps its content, `now_ns` tells the time, `advance` lets time pass up to a moment
    while the chip is busy (the CPU polls it then, with interrupts off), `cut_power` cuts the
    power after so many nanoseconds.
    """

    def __init__(
        self,
        mcu: Any,
        store: FlashStore,
        now_ns: Callable[[], int],
        advance: Callable[[int], None],
        cut_power: Callable[[int], None],
    ) -> None:
        # The chip rp2040py built itself must not hear the select line any more.
        mcu.qspi[1]._listeners.clear()
        super().__init__(mcu, "SSI")
        self.store = store
        self._now_ns = now_ns
        self._advance = advance
        self._cut_power = cut_power
        self._busy_from_ns = 0
        self._busy_until_ns = 0
        self._offset = 0
        self._old = b""
        self._new = b""
        mcu.flash[:FLASH_BYTES] = store.content

    def _shift_byte(self, byte_out: int) -> int:
        asks_status = bool(self._tx_buffer) and self._tx_buffer[0] == CMD_READ_STATUS_1
        answer = super()._shift_byte(byte_out)
        if asks_status and self._busy_until_ns:
            if self._now_ns() < self._busy_until_ns:
                self._advance(self._busy_until_ns)
            if self._now_ns() < self._busy_until_ns:
                return answer | _BUSY_BIT
            self._busy_until_ns = 0
        return answer

    def _apply_command(self) -> None:
        command = bytes(self._tx_buffer)
        timing = self.store.timing
        if not self._write_enabled or len(command) < 4:
            super()._apply_command()
        elif command[0] == CMD_SECTOR_ERASE:
            self._change("erase", FLASH_SECTOR_SIZE, timing.sector_erase_ns)
        elif command[0] == CMD_BLOCK_ERASE:
            self._change("erase", FLASH_BLOCK_SIZE, timing.block_erase_ns)
        elif command[0] == CMD_PAGE_PROGRAM:
            self._change("program", FLASH_PAGE_SIZE, timing.page_program_ns)
        else:
            super()._apply_command()

    def _change(self, kind: str, size: int, duration_ns: int) -> None:
        """Let the command do its work, be busy for it, and see whether the power is cut."""
        store = self.store
        start = self._address_from_buffer() & (FLASH_BYTES - 1) & ~(size - 1)
        now_ns = self._now_ns()
        store.operations.append(FlashOperation(store.powered_at_ns + now_ns, kind, start, size))
        cut = store.cut_at
        cut_here = cut is not None and cut[0] == len(store.operations)
        if cut is not None and cut_here and cut[1] == "before":
            self._tx_buffer.clear()
            self._cut_power(0)
            return
        self._old = bytes(store.content[start : start + size])
        super()._apply_command()
        self._new = bytes(self.rp2040.flash[start : start + size])
        self._offset = start
        self._busy_from_ns = now_ns
        self._busy_until_ns = now_ns + duration_ns
        store.write(start, self._new)
        if cut is not None and cut_here:
            self._cut_power(duration_ns // 2 if cut[1] == "middle" else duration_ns)

    def power_lost(self) -> None:
        """Leave the bytes as a power cut right now leaves them."""
        now_ns = self._now_ns()
        if now_ns >= self._busy_until_ns:
            return
        done = (now_ns - self._busy_from_ns) / (self._busy_until_ns - self._busy_from_ns)
        chance = self.store.random.random
        mixed = bytearray(self._old)
        for index, (old, new) in enumerate(zip(self._old, self._new, strict=True)):
            for bit in range(8):
                mask = 1 << bit
                if (old ^ new) & mask and chance() < done:
                    mixed[index] ^= mask
        self.store.write(self._offset, bytes(mixed))
