"""MicroPython for the RP2040's processor, run at speed: Unicorn executes its Thumb code.

The whole emulated RP2040 takes many minutes for what this does in seconds. There is nothing around
the processor here but memory and the few calls of main.c, which this file answers.
"""

from pathlib import Path

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

# The memory that main.c and thumb.ld know of, and the files behind it.
FLASH, FLASH_BYTES = 0x1000_0000, 2 << 20
RAM, RAM_BYTES = 0x2000_0000, 2 << 20
FILES, FILES_BYTES = 0x6000_0000, 2 << 20
HOST, HOST_BYTES = 0xF000_0000, 0x1000
EXIT, PRINT, STAT, OPEN = 1, 2, 3, 4
NOTHING, FOLDER, FILE = 0, 1, 2

# Of this computer's time: what takes longer hangs.
GIVE_UP_S = 1800

# What main.c calls host_t.
ADDRESS, LENGTH, CALL = 0, 4, 8
_PAGE = 4096


class ThumbMachine:
    """One processor with MicroPython in its flash.

    Args:
        elf: what the Makefile here builds.
        files: absolute path to content; /main.py is what runs.
    """

    def __init__(self, elf: Path, files: dict[str, bytes]):
        self._files = files
        self._folders = {"/"}
        for name in files:
            parts = name.split("/")
            self._folders.update("/".join(parts[:depth]) or "/" for depth in range(1, len(parts)))
        self._printed = bytearray()
        self._status: int | None = None
        self._next_file = FILES
        self._host = {ADDRESS: 0, LENGTH: 0, CALL: 0}
        self._cpu = cpu = unicorn.Uc(
            unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        )
        cpu.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M0)
        cpu.mem_map(FLASH, FLASH_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        cpu.mem_map(RAM, RAM_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        cpu.mem_map(FILES, FILES_BYTES)
        cpu.mmio_map(HOST, HOST_BYTES, self._read, None, self._write, None)
        with elf.open("rb") as stream:
            image = ELFFile(stream)
            for segment in image.iter_segments("PT_LOAD"):
                cpu.mem_write(segment["p_paddr"], segment.data())
            self._start = image["e_entry"]

    def run(self) -> tuple[int, str]:
        """Run /main.py to its end; returns the exit status (1: an error) and what was printed."""
        self._cpu.reg_write(arm_const.UC_ARM_REG_SP, RAM + RAM_BYTES)
        self._cpu.emu_start(self._start | 1, 0, timeout=GIVE_UP_S * unicorn.UC_SECOND_SCALE)
        assert self._status is not None, f"no exit in {GIVE_UP_S} s; printed: {self._printed!r}"
        return self._status, self._printed.decode()

    def _read(self, _cpu, offset, _size, _data) -> int:
        return self._host[offset]

    def _write(self, cpu, offset, _size, value, _data) -> None:
        self._host[offset] = value
        if offset == CALL:
            self._carry_out(cpu, value, self._host[ADDRESS], self._host[LENGTH])

    def _carry_out(self, cpu, call, address, length) -> None:
        if call == EXIT:
            self._status = length
            cpu.emu_stop()
        elif call == PRINT:
            self._printed += cpu.mem_read(address, length)
        elif call == STAT:
            name = cpu.mem_read(address, length).decode()
            kind = FILE if name in self._files else FOLDER if name in self._folders else NOTHING
            self._host[LENGTH] = kind
        elif call == OPEN:
            content = self._files.get(cpu.mem_read(address, length).decode(), b"")
            cpu.mem_write(self._next_file, content)
            self._host[ADDRESS] = self._next_file if content else 0
            self._host[LENGTH] = len(content)
            self._next_file += -(-len(content) // 4) * 4 + 4
