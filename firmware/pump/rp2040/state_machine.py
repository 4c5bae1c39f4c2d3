"""A PIO program put into place and a state machine moved by bare registers."""

from machine import mem32
from micropython import const

from pump.rp2040 import registers as reg

# Where MicroPython's assembler leaves these in what it returns.
_PROGRAM_EXECCTRL = const(3)
_PROGRAM_SHIFTCTRL = const(4)


def load(block: int, program, offset: int):
    """Put a program into a PIO block's memory.

    Args:
        block: address of the block, reg.PIO0_BASE or reg.PIO1_BASE.
        program: as asm_pio makes it.
        offset: of its first instruction.

    Returns:
        (EXECCTRL, SHIFTCTRL) for the state machine that runs it.
    """
    for index, instruction in enumerate(program[0]):
        if instruction < 0x2000:  # a jmp: its address is relative to the program
            instruction += offset
        mem32[block + reg.PIO_INSTR_MEM0 + 4 * (offset + index)] = instruction
    wrap = program[_PROGRAM_EXECCTRL]
    return wrap + (offset << 12) + (offset << 7), program[_PROGRAM_SHIFTCTRL]


def execute(block: int, number: int, instruction: int) -> None:
    """Have a block's state machine do an instruction now."""
    mem32[block + reg.PIO_SM0_CLKDIV + number * reg.PIO_SM_STRIDE + reg.SM_INSTR] = instruction
