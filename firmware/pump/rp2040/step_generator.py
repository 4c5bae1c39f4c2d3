"""Step pulses from a PIO state machine that DMA feeds with words; a second one counts them.

Everything is set up by bare registers: a state machine or a DMA channel that
MicroPython owns is torn down by a soft reset, these run on until boot.py has
counted what they did. PIO 0, machines 0 and 1, and DMA channels 10 and 11 are
taken; MicroPython hands out DMA channels from 0 upwards.
"""

import gc
import time

import machine
import micropython
from machine import mem32
from micropython import const

from pump.core import motion_limits
from pump.core.word_ring import RING_BYTES, WordRing
from pump.rp2040 import registers as reg
from pump.rp2040.left_over import STEP_DMA, WITNESS_DMA, abort_dma
from pump.rp2040.motor_power import motor_power
from pump.rp2040.pio_programs import step_witness, step_words
from pump.rp2040.pump_clock import timer_us
from pump.rp2040.retained_memory import WITNESS_INDEX
from pump.rp2040.state_machine import execute, load

_STEP_ENABLE = const(1)
_WITNESS_ENABLE = const(2)
_RING_NUMBERS_MASK = const(511)
_WORDS_MASK = const(255)
_FOREVER = 0xFFFFFFFF

# Cycles of a step besides its hold and the STEP pulse, and of a silence besides its hold.
_STEP_CYCLES = const(9)
_SILENCE_CYCLES = const(8)
# From here on the processor waits with interrupts off, so that the start falls on its microsecond.
_SPIN_US = const(600)
# A sleep that an interrupt wakes in its last millisecond goes on for another whole one: see
# MicroPython's mp_hal_delay_ms(). The rest of a wait is spent looking at the timer.
_OVERSLEPT_MS_MAX = const(2)
# A start for which less time is left than a collection may take goes without.
_COLLECT_US_MAX = const(50000)
# Words that are waited for last 1.7 s at most; the watchdog bites after 8 s.
_FINISH_US_MAX = const(3000000)


@micropython.viper
def _wait_until(target_us: int):
    """Return once the timer has reached target_us, modulo 2^32; allocates nothing."""
    timer = ptr32(0x40054028)  # noqa: F821  TIMERAWL
    while int(timer[0]) - target_us < 0:
        pass


@micropython.viper
def _enable_at(target_us: int, machines: int) -> int:
    """Enable state machines of PIO 0 in the microsecond in which the timer reaches target_us.

    Args:
        target_us: modulo 2^32.
        machines: one bit each; 0 does all but enable any, which brings this code from flash
            into the cache, so that the next call is not held up by it.

    Returns:
        1, or 0 when that microsecond had passed before; nothing was enabled then.
    """
    timer = ptr32(0x40054028)  # noqa: F821  TIMERAWL
    control = ptr32(0x50202000)  # noqa: F821  PIO0 CTRL, set alias
    if int(timer[0]) - target_us >= 0:
        return 0
    while int(timer[0]) - target_us < 0:
        pass
    control[0] = machines
    return 1


class StepGenerator:
    """The step generator and its witness.

    Args:
        board: the pins and the driver's timing: STEP_GPIO, DIR_GPIO, ENABLE_SETTLE_MS,
            STEP_HIGH_MIN_NS, DIR_SETUP_MIN_NS, DIR_INFUSE_LEVEL, and what motor_power and
            motion_limits ask for.
        memory: RetainedMemory with the ring and the witness's count.
        clock: PumpClock.

    Attributes:
        ring: the WordRing that DMA reads.
        limits: MotionLimits of the board's drive.
    """

    def __init__(self, board, memory, clock):
        self._board = board
        self.limits = motion_limits.of_board(board)
        self._memory = memory
        self._clock = clock
        loops = -(-board.STEP_HIGH_MIN_NS // 64)
        if not 1 <= loops <= 32:
            raise ValueError("STEP_HIGH_MIN_NS is 1-2048")
        step_cycles = _STEP_CYCLES + 1 + 8 * loops
        self.ring = WordRing(memory.numbers, 0, step_cycles, _SILENCE_CYCLES)
        self._begun = 0
        self._is_enabled = False
        self._dir = machine.Pin(board.DIR_GPIO, machine.Pin.OUT, value=board.DIR_INFUSE_LEVEL)
        self._power = motor_power(board)
        machine.Pin(board.STEP_GPIO, machine.Pin.OUT, value=0)
        self._step_program = step_words(loops)
        self._load_programs()
        self._start_witness()

    # -- what Feeder asks for --------------------------------------------------------

    def start(self, at_ticks: int):
        """Let the first word begin at a pump time, a whole microsecond.

        Returns:
            None, or pump time in ticks when at_ticks had passed before all was ready;
            nothing has moved then.
        """
        self._configure_step_machine()
        self._feed_from_ring()
        target_us = self._clock.timer_us_of(at_ticks)
        if target_us - timer_us() > _COLLECT_US_MAX:
            # Now; until the start nothing is collected any more.
            gc.collect()
        spin_from_us = target_us - _SPIN_US
        ready_us = target_us - _SPIN_US // 2
        wait_us = spin_from_us - timer_us()
        if wait_us < 0:
            self.stop()
            return self._clock.now_ticks()
        time.sleep_ms(max(0, wait_us // 1000 - _OVERSLEPT_MS_MAX))
        _wait_until(spin_from_us)
        state = machine.disable_irq()
        is_in_time = _enable_at(ready_us, 0) and _enable_at(target_us, _STEP_ENABLE)
        machine.enable_irq(state)
        if not is_in_time:
            self.stop()
            return self._clock.now_ticks()
        self._begun = 0
        self._is_enabled = True
        return None

    def stop(self) -> None:
        """Stop at once; STEP is low afterwards and begun() keeps what it was."""
        mem32[reg.PIO0_BASE + reg.CLEAR_ALIAS + reg.PIO_CTRL] = _STEP_ENABLE
        if self._is_enabled:
            self.begun()
            self._is_enabled = False
        abort_dma(STEP_DMA)
        execute(reg.PIO0_BASE, 0, 0xE000)  # set(pins, 0)

    def finish(self) -> None:
        """Wait until all words are done, at rest not at all; those that stand still are stopped."""
        until_us = timer_us() + _FINISH_US_MAX
        while self._is_enabled and self.ring.waiting(self.begun()) >= 0:
            if timer_us() > until_us:
                self.stop()
            time.sleep_ms(1)

    def begun(self) -> int:
        """Number of words begun since start(), modulo 2^24; allocates nothing."""
        if not self._is_enabled:
            return self._begun
        base = reg.DMA_BASE + STEP_DMA * reg.DMA_CHANNEL_STRIDE + reg.DMA_READ_ADDR
        while True:
            level = mem32[reg.PIO0_BASE + reg.PIO_FLEVEL] & 15
            address = mem32[base]
            if mem32[reg.PIO0_BASE + reg.PIO_FLEVEL] & 15 == level and mem32[base] == address:
                break
        fetched = (address - self._memory.address) >> 2
        pulled = (fetched - level) & _RING_NUMBERS_MASK
        # The head of the word after the one in work is in the shift register already.
        begun = pulled >> 1
        newly = (begun - self._begun) & _WORDS_MASK
        self._begun = (self._begun + newly) & 0xFFFFFF
        return self._begun

    # -- what the pump's service asks for ------------------------------------------------

    def witnessed(self) -> int:
        """Edges that the witness has seen on the STEP pin since it was started, modulo 2^32."""
        return self._memory.numbers[WITNESS_INDEX]

    def energise(self, is_on: bool) -> None:
        """Switch the motor on or off."""
        was_on = self._power.is_on()
        self._power.switch(is_on)
        if is_on and not was_on:
            time.sleep_ms(self._board.ENABLE_SETTLE_MS)

    def begin_move(self, is_infusing: bool) -> None:
        """Energise the motor and set its direction, before a start from rest."""
        self.energise(True)
        if self._dir.value() != self._level(is_infusing):
            self.set_direction(is_infusing)

    def set_direction(self, is_infusing: bool) -> None:
        """Set DIR while nothing moves, and wait out the driver's set-up time."""
        if self._is_enabled and self.ring.waiting(self.begun()) >= 0:
            raise RuntimeError("direction changes only at rest")
        self._dir.value(self._level(is_infusing))
        time.sleep_us(1 + self._board.DIR_SETUP_MIN_NS // 1000)

    def _level(self, is_infusing: bool) -> int:
        level = self._board.DIR_INFUSE_LEVEL
        return level if is_infusing else 1 - level

    # -- registers ------------------------------------------------------------------------

    def _load_programs(self) -> None:
        self._step_config = load(reg.PIO0_BASE, self._step_program, 0)
        self._witness_offset = len(self._step_program[0])
        self._witness_config = load(reg.PIO0_BASE, step_witness(), self._witness_offset)

    def _configure_step_machine(self) -> None:
        pio = reg.PIO0_BASE
        mem32[pio + reg.CLEAR_ALIAS + reg.PIO_CTRL] = _STEP_ENABLE
        abort_dma(STEP_DMA)
        gpio = self._board.STEP_GPIO
        machine_base = pio + reg.PIO_SM0_CLKDIV
        mem32[machine_base] = 1 << 16
        mem32[machine_base + reg.SM_EXECCTRL] = self._step_config[0]
        # Joining the queues anew empties them.
        mem32[machine_base + reg.SM_SHIFTCTRL] = 0
        mem32[machine_base + reg.SM_SHIFTCTRL] = self._step_config[1]
        mem32[machine_base + reg.SM_PINCTRL] = (1 << 26) | (gpio << 5)
        execute(reg.PIO0_BASE, 0, 0xE000)  # set(pins, 0)
        execute(reg.PIO0_BASE, 0, 0xE081)  # set(pindirs, 1)
        mem32[reg.IO_BANK0_BASE + 8 * gpio + 4] = reg.FUNCSEL_PIO0
        # Restarting empties the shift register's counter, so that the first word is pulled whole.
        mem32[pio + reg.SET_ALIAS + reg.PIO_CTRL] = (_STEP_ENABLE << 4) | (_STEP_ENABLE << 8)
        execute(reg.PIO0_BASE, 0, 0x0000)  # jmp(0)

    def _feed_from_ring(self) -> None:
        base = reg.DMA_BASE + STEP_DMA * reg.DMA_CHANNEL_STRIDE
        mem32[base + reg.DMA_READ_ADDR] = self._memory.address
        mem32[base + reg.DMA_WRITE_ADDR] = reg.PIO0_BASE + reg.PIO_TXF0
        # 15 words a second at rest: the count lasts for 9 years without a stop.
        mem32[base + reg.DMA_TRANS_COUNT] = _FOREVER
        ring_bits = 0
        while 1 << ring_bits < RING_BYTES:
            ring_bits += 1
        mem32[base + reg.DMA_CTRL_TRIG] = _dma_control(
            STEP_DMA, reg.DREQ_PIO0_TX0, (1 << 4) | (ring_bits << 6)
        )

    def _start_witness(self) -> None:
        pio = reg.PIO0_BASE
        mem32[pio + reg.CLEAR_ALIAS + reg.PIO_CTRL] = _WITNESS_ENABLE
        abort_dma(WITNESS_DMA)
        self._memory.numbers[WITNESS_INDEX] = 0
        machine_base = pio + reg.PIO_SM0_CLKDIV + reg.PIO_SM_STRIDE
        mem32[machine_base] = 1 << 16
        mem32[machine_base + reg.SM_EXECCTRL] = self._witness_config[0]
        mem32[machine_base + reg.SM_SHIFTCTRL] = 1 << 30
        mem32[machine_base + reg.SM_SHIFTCTRL] = self._witness_config[1]
        mem32[machine_base + reg.SM_PINCTRL] = self._board.STEP_GPIO << 15
        mem32[pio + reg.SET_ALIAS + reg.PIO_CTRL] = (_WITNESS_ENABLE << 4) | (_WITNESS_ENABLE << 8)
        execute(reg.PIO0_BASE, 1, 0xA02B)  # mov(x, invert(null))
        execute(reg.PIO0_BASE, 1, self._witness_offset)  # jmp to its first instruction
        base = reg.DMA_BASE + WITNESS_DMA * reg.DMA_CHANNEL_STRIDE
        mem32[base + reg.DMA_READ_ADDR] = pio + reg.PIO_RXF0 + 4
        mem32[base + reg.DMA_WRITE_ADDR] = self._memory.witness_address()
        mem32[base + reg.DMA_TRANS_COUNT] = _FOREVER
        mem32[base + reg.DMA_CTRL_TRIG] = _dma_control(WITNESS_DMA, reg.DREQ_PIO0_RX1, 0)
        mem32[pio + reg.SET_ALIAS + reg.PIO_CTRL] = _WITNESS_ENABLE


def _dma_control(channel: int, request: int, flags: int) -> int:
    # Words of 32 bits, high priority, chained to itself (that is: to none), no interrupt.
    return (1 << 21) | (request << 15) | (channel << 11) | flags | (2 << 2) | (1 << 1) | 1
