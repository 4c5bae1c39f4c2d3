"""Four coils behind plain transistors, in half-steps that follow STEP and DIR.

A state machine of PIO 1 watches the same STEP and DIR pins that a driver would be wired to, so
all that makes, counts and journals steps is the same as with one. PIO 1, machine 0 and its
first instructions are taken.
"""

import machine
from machine import mem32
from micropython import const

from pump.rp2040 import registers as reg
from pump.rp2040.pio_programs import coil_half_steps
from pump.rp2040.state_machine import execute, load

# Coils 1, 1+2, 2, 2+3, 3, 3+4, 4, 4+1: bit 0 is coil 1, the lowest four bits come first.
_HALF_STEPS = (0b0001, 0b0011, 0b0010, 0b0110, 0b0100, 0b1100, 0b1000, 0b1001)
_ENABLE = const(1)
_COILS = const(4)
_PULL = const(0x80A0)  # pull(block)
_COILS_OFF = const(0xA003)  # mov(pins, null)
_COILS_ON = const(0xA007)  # mov(pins, osr)


class CoilPhases:
    """The coils; off at power-on, and from then on as switched.

    Where the rotor stands is not known after a power cut: it takes up to four half-steps, half
    the pattern, to where the first half-step pulls it. A soft reset loses nothing: the state
    machine runs on.

    Args:
        board: COIL_1_GPIO to COIL_4_GPIO one after the other, STEP_GPIO, DIR_GPIO.
    """

    def __init__(self, board):
        self._first = board.COIL_1_GPIO
        if board.COIL_4_GPIO != self._first + _COILS - 1:
            raise ValueError("COIL_1_GPIO to COIL_4_GPIO follow one another")
        if mem32[reg.PIO1_BASE + reg.PIO_CTRL] & _ENABLE:
            return
        pio = reg.PIO1_BASE
        execctrl, shiftctrl = load(pio, coil_half_steps(), 0)
        base = pio + reg.PIO_SM0_CLKDIV
        mem32[base] = 1 << 16
        mem32[base + reg.SM_EXECCTRL] = execctrl | board.DIR_GPIO << 24
        mem32[base + reg.SM_SHIFTCTRL] = shiftctrl
        # SET on the coils for their direction; OUT on them, too, for MOV; IN from STEP.
        mem32[base + reg.SM_PINCTRL] = (
            (_COILS << 26) | (_COILS << 20) | (board.STEP_GPIO << 15) | (self._first << 5)
        ) | self._first
        execute(pio, 0, _COILS_OFF)
        execute(pio, 0, 0xE08F)  # set(pindirs, 15)
        for gpio in range(self._first, self._first + _COILS):
            machine.Pin(gpio, machine.Pin.IN)  # makes the pad ready
            mem32[reg.IO_BANK0_BASE + 8 * gpio + 4] = reg.FUNCSEL_PIO1
        pattern = 0
        for number, half_step in enumerate(_HALF_STEPS):
            pattern |= half_step << 4 * number
        mem32[pio + reg.PIO_TXF0] = pattern
        execute(pio, 0, _PULL)
        execute(pio, 0, 0x0000)  # jmp(0)
        mem32[pio + reg.SET_ALIAS + reg.PIO_CTRL] = _ENABLE

    def is_on(self) -> bool:
        """Whether a coil carries current."""
        levels = mem32[reg.PIO1_BASE + reg.PIO_DBG_PADOUT]
        return bool(levels >> self._first & 15)

    def switch(self, is_on: bool) -> None:
        """Switch the coils of the present half-step on, or all of them off.

        At rest: a step that came in the same instant would be missed.
        """
        if is_on == self.is_on():
            return
        control = reg.PIO1_BASE + reg.PIO_CTRL
        mem32[control + reg.CLEAR_ALIAS] = _ENABLE
        execute(reg.PIO1_BASE, 0, _COILS_ON if is_on else _COILS_OFF)
        mem32[control + reg.SET_ALIAS] = _ENABLE
