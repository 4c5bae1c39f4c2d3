"""One PIO state machine, exact to the system clock cycle and silent while nothing happens.

The machine is event driven: `due_cycle` names the next cycle at which it does something, and it
is `NEVER` while the machine is stalled or disabled. A `jmp x--` or `jmp y--` that jumps to itself
is not stepped but solved: the cycle of its last turn follows from the counter, so a delay of
2**30 cycles costs one event. Behaviour follows RP2040 datasheet sections 3.2 to 3.5; the order of
shifting and refilling follows the pseudocode of 3.5.4.1 and 3.5.4.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from titrate.virtual.pio import PioBlock

NEVER = 1 << 62
WORD_MASK = 0xFFFFFFFF
FIFO_DEPTH = 4
INPUT_SYNC_CYCLES = 2
"""Two flip-flops between a pad and a state machine (datasheet 3.5.6.3)."""

_STALL = -1
_ONE_CYCLE = 256  # due times are kept in 1/256 cycle, the resolution of the clock divider

RESET_CLKDIV = 0x0001_0000
RESET_EXECCTRL = 0x0001_F000
RESET_SHIFTCTRL = 0x000C_0000
RESET_PINCTRL = 0x1400_0000

_Handler = Callable[[int, int, int], "int | None"]
_Operation = tuple[_Handler, int, int, int, int, "int | None"]


def _reverse_bits(value: int) -> int:
    return int(f"{value:032b}"[::-1], 2)


class PioMachine:
    """One of the four state machines of a PIO block.

    `block` is the PIO block it belongs to, `index` its number there (0 to 3).
    """

    def __init__(self, block: PioBlock, index: int) -> None:
        self.block = block
        self.index = index
        self.hung = False
        """A test may hang the machine: its clock stops, its registers stay."""
        self.reset()

    def reset(self) -> None:
        """Return every register to its value after a chip reset."""
        self.enabled = False
        self.pc = 0
        self.x = 0
        self.y = 0
        self.osr = 0
        self.osr_count = 32
        self.isr = 0
        self.isr_count = 0
        self.clkdiv = RESET_CLKDIV
        self.execctrl = RESET_EXECCTRL
        self.shiftctrl = RESET_SHIFTCTRL
        self.pinctrl = RESET_PINCTRL
        self.tx: deque[int] = deque()
        self.rx: deque[int] = deque()
        self.due_cycle = NEVER
        self._due_fp = 0
        self._cycles_left = 0  # of a delay that disabling the machine interrupted
        self.stalled_on = ""  # "", "tx", "rx", "pin" or "irq"
        self.wait_gpio = -1
        self._started = False  # the instruction at pc has begun: its side-set is done
        self._forced: int | None = None  # an instruction latched by SMn_INSTR or by EXEC
        self._irq_raised = False
        self._loop: tuple[str, int, int] | None = None  # register, first turn (fp), period (fp)
        self._spinning = False  # in an unconditional jump to itself
        self._configure()

    def _configure(self) -> None:
        """Take the fields of the configuration registers apart; decoded instructions go stale."""
        divider = self.clkdiv >> 16
        self._div_fp = ((divider or 65536) << 8) | ((self.clkdiv >> 8) & 0xFF)
        self._wrap_top = (self.execctrl >> 12) & 31
        self._wrap_bottom = (self.execctrl >> 7) & 31
        self._jmp_pin = (self.execctrl >> 24) & 31
        self._autopush = bool(self.shiftctrl & (1 << 16))
        self._autopull = bool(self.shiftctrl & (1 << 17))
        self._in_right = bool(self.shiftctrl & (1 << 18))
        self._out_right = bool(self.shiftctrl & (1 << 19))
        self._push_threshold = ((self.shiftctrl >> 20) & 31) or 32
        self._pull_threshold = ((self.shiftctrl >> 25) & 31) or 32
        join_tx = bool(self.shiftctrl & (1 << 30))
        join_rx = bool(self.shiftctrl & (1 << 31))
        self.tx_depth = 0 if join_rx else 2 * FIFO_DEPTH if join_tx else FIFO_DEPTH
        self.rx_depth = 0 if join_tx else 2 * FIFO_DEPTH if join_rx else FIFO_DEPTH
        self._out_base = self.pinctrl & 31
        self._set_base = (self.pinctrl >> 5) & 31
        self._side_base = (self.pinctrl >> 10) & 31
        self._in_base = (self.pinctrl >> 15) & 31
        self._out_count = (self.pinctrl >> 20) & 63
        self._set_count = (self.pinctrl >> 26) & 7
        self._side_count = (self.pinctrl >> 29) & 7
        self._operations: list[_Operation | None] = [None] * 32

    # -- registers -------------------------------------------------------------------------------

    def forget_decoded(self, address: int) -> None:
        """The instruction memory at `address` was rewritten."""
        self._operations[address] = None

    def write_clkdiv(self, value: int) -> None:
        self.clkdiv = value & 0xFFFF_FF00
        self._configure()

    def write_execctrl(self, value: int) -> None:
        self.execctrl = value & 0x7FFF_FFFF
        self._configure()

    def write_pinctrl(self, value: int) -> None:
        self.pinctrl = value & WORD_MASK
        self._configure()

    def write_shiftctrl(self, value: int, cycle: int) -> None:
        joined = 3 << 30
        flush = (value ^ self.shiftctrl) & joined
        self.shiftctrl = value & 0xFFFF_0000
        self._configure()
        if flush:
            self.tx.clear()
            self.rx.clear()
            self.fifo_changed()
        self._refill_when_not_outputting(cycle)

    @property
    def status_execctrl(self) -> int:
        """EXECCTRL as read back: bit 31 tells that a forced instruction is stalled."""
        latched = self._forced is not None and self.stalled_on
        return self.execctrl | (1 << 31 if latched else 0)

    def set_enabled(self, enabled: bool, cycle: int) -> None:
        """Start or stop the machine's clock; the first instruction runs in the next cycle."""
        if enabled == self.enabled:
            return
        self.unroll(cycle)
        self.enabled = enabled
        if not enabled:
            if self.due_cycle != NEVER:
                self._cycles_left = max(0, self.due_cycle - cycle - 1)
            self.due_cycle = NEVER
            return
        self._set_due((cycle + 1 + self._cycles_left) * _ONE_CYCLE)
        self._cycles_left = 0
        self._refill_when_not_outputting(cycle)

    def restart(self, cycle: int) -> None:
        """CTRL.SM_RESTART: forget shift counts, ISR, delay, stall and latched instruction."""
        self.unroll(cycle)
        self.isr = 0
        self.isr_count = 0
        self.osr_count = 32
        self._cycles_left = 0
        self._forced = None
        self._irq_raised = False
        self.stalled_on = ""
        self._started = False
        if self.enabled:
            self._set_due((cycle + 1) * _ONE_CYCLE)
            self._refill_when_not_outputting(cycle)

    def restart_divider(self, cycle: int) -> None:
        """CTRL.CLKDIV_RESTART: the divider starts a new period."""
        if self.due_cycle != NEVER:
            self._set_due(max((cycle + 1) * _ONE_CYCLE, self._due_fp))

    def hang(self, cycle: int) -> None:
        """Stop the machine's clock for good, as a fault would; registers and FIFOs stay."""
        self.unroll(cycle)
        self.hung = True
        self.due_cycle = NEVER

    def force(self, word: int, cycle: int) -> None:
        """Run `word` at once, whatever the machine was doing, as a write to SMn_INSTR does."""
        self.unroll(cycle)
        self.stalled_on = ""
        self._started = False
        self._cycles_left = 0
        self._forced = word & 0xFFFF
        self._due_fp = (cycle + 1) * _ONE_CYCLE
        self.due_cycle = cycle + 1
        self.step(cycle + 1)
        if not self.enabled:
            self.due_cycle = NEVER

    def unroll(self, cycle: int) -> None:
        """Bring a solved delay loop to the state it has at `cycle`, so that it can be changed."""
        if self._spinning:
            self._spinning = False
            self._set_due((cycle + 1) * _ONE_CYCLE)
            return
        if self._loop is None:
            return
        register, first_fp, period = self._loop
        self._loop = None
        turns = (cycle * _ONE_CYCLE - first_fp) // period + 1
        remaining = (self._due_fp - first_fp) // period - turns
        if remaining <= 0:
            return
        setattr(self, register, remaining)
        self._set_due(first_fp + turns * period)

    # -- FIFOs -----------------------------------------------------------------------------------

    def push_tx(self, value: int, cycle: int) -> bool:
        """A bus write to TXFn. False when the FIFO was full and the word was lost."""
        if len(self.tx) >= self.tx_depth:
            return False
        self.tx.append(value & WORD_MASK)
        if self.stalled_on == "tx" and self.enabled and not self.hung:
            if self._waits_to_out():
                # The stalled cycle refills the shift register; OUT itself runs one tick later.
                self._pull()
                self._resume(cycle + 1, 1)
            else:
                self._resume(cycle + 1, 0)
        else:
            self._refill_when_not_outputting(cycle)
        self.fifo_changed()
        return True

    def pop_rx(self, cycle: int) -> int | None:
        """A bus read of RXFn; None when the FIFO was empty."""
        if not self.rx:
            return None
        value = self.rx.popleft()
        if self.stalled_on == "rx":
            self._resume(cycle + 1, 0)
        self.fifo_changed()
        return value

    def fifo_changed(self) -> None:
        self.block.fifo_changed(self)

    def _pull(self) -> None:
        self.osr = self.tx.popleft()
        self.osr_count = 0

    def _waits_to_out(self) -> bool:
        word = self._forced
        if word is None:
            word = self.block.instructions[self.pc]
        return word >> 13 == 0b011

    def _refill_when_not_outputting(self, cycle: int) -> None:
        """Autopull in the background: every cycle but an OUT refills an empty shift register."""
        if not (self.enabled and self._autopull and self.tx):
            return
        if self.osr_count < self._pull_threshold or self.hung:
            return
        if self.due_cycle <= cycle + 1 and self._waits_to_out():
            return  # the OUT of that cycle does it itself, and stalls for it
        self._pull()
        self.fifo_changed()

    # -- time ------------------------------------------------------------------------------------

    def _set_due(self, due_fp: int) -> None:
        self._due_fp = due_fp
        self.due_cycle = NEVER if self.hung else (due_fp + _ONE_CYCLE - 1) >> 8

    def _resume(self, cycle: int, ticks: int) -> None:
        """A stall ended: run again at the machine's first tick from `cycle` on, plus `ticks`."""
        if not self.enabled or self.hung:
            return
        self.stalled_on = ""
        behind = cycle * _ONE_CYCLE - self._due_fp
        periods = max(0, -(-behind // self._div_fp))
        self._set_due(self._due_fp + (periods + ticks) * self._div_fp)

    def pad_changed(self, cycle: int) -> None:
        """The pad this machine waits for changed at `cycle`; look at it when it has arrived."""
        self._resume(cycle + self.block.sync_cycles(self.wait_gpio), 0)

    def irq_flags_changed(self, cycle: int) -> None:
        """An IRQ flag changed at `cycle`, and this machine waits for one."""
        self._resume(cycle + 1, 0)

    def step(self, cycle: int) -> None:
        """Run the instruction that is due at `cycle`."""
        forced = self._forced
        if forced is not None:
            self._forced = None
            operation = self._decode(forced, latched=True)
        else:
            decoded = self._operations[self.pc]
            if decoded is None:
                decoded = self._decode(self.block.instructions[self.pc], latched=False)
                self._operations[self.pc] = decoded
            operation = decoded
        handler, first, second, ticks, following, side = operation
        if side is not None and not self._started:
            self._side_set(side, cycle)
        self._loop = None
        self.stalled_on = ""
        target = handler(first, second, cycle)
        if target is None:
            if forced is None:
                self.pc = following
        elif target >= 0:
            self.pc = target
        else:
            self._started = True
            self._forced = forced
            if self.stalled_on:
                self.due_cycle = NEVER
            else:
                self._set_due(self._due_fp + self._div_fp)
            return
        self._started = False
        if self._loop is None and not self._spinning:
            self._set_due(self._due_fp + ticks * self._div_fp)

    # -- decoding --------------------------------------------------------------------------------

    def _decode(self, word: int, *, latched: bool) -> _Operation:
        """Split an instruction into handler, two arguments, ticks, next address and side-set.

        A `latched` one (forced or EXECuted) is not at the program counter and does not move it.
        """
        following = self._wrap_bottom if self.pc == self._wrap_top else (self.pc + 1) & 31
        delay_and_side = (word >> 8) & 31
        side_count = self._side_count
        side: int | None = None
        if side_count:
            optional = bool(self.execctrl & (1 << 30))
            if not optional or delay_and_side & 0x10:
                side = delay_and_side >> (5 - side_count)
                if optional:
                    side &= (1 << (side_count - 1)) - 1
        ticks = 1 + (delay_and_side & ((1 << (5 - side_count)) - 1))
        kind = word >> 13
        arg1 = (word >> 5) & 7
        arg2 = word & 31
        handlers: tuple[_Handler, ...] = (
            self._jmp,
            self._wait,
            self._in,
            self._out,
            self._push_or_pull,
            self._mov,
            self._irq,
            self._set,
        )
        handler = handlers[kind]
        if kind == 0 and arg2 == self.pc and not latched:
            if arg1 in (2, 4):
                handler = self._delay_loop
                arg2 = ticks
            elif arg1 == 0:
                handler = self._spin
        elif kind == 3 and arg1 in (1, 2, 6):
            handler = self._out_register
        if kind in (2, 3):
            arg2 = arg2 or 32
        if handler == self._out and arg1 == 7:
            ticks = 1  # the delay of an OUT EXEC is ignored, the executed word brings its own
        return handler, arg1, arg2, ticks, following, side

    def _side_set(self, value: int, cycle: int) -> None:
        count = self._side_count - (1 if self.execctrl & (1 << 30) else 0)
        if self.execctrl & (1 << 29):
            self.block.drive_directions(value, self._side_base, count, cycle)
        else:
            self.block.drive_values(value, self._side_base, count, cycle)

    # -- instructions: each returns None (go on), an address (jump) or _STALL --------------------

    def _delay_loop(self, condition: int, ticks: int, cycle: int) -> int | None:
        """`jmp x--` or `jmp y--` to itself: solved up to the turn that falls through."""
        register = "x" if condition == 2 else "y"
        count = getattr(self, register)
        if count == 0:
            setattr(self, register, WORD_MASK)
            return None
        setattr(self, register, 0)
        period = ticks * self._div_fp
        first = self._due_fp
        self._loop = (register, first, period)
        self._set_due(first + count * period)
        return self.pc

    def _spin(self, _condition: int, address: int, _cycle: int) -> int | None:
        """An unconditional jump to itself ends only by the bus: nothing is due until then."""
        self._spinning = True
        self.due_cycle = NEVER
        return address

    def _jmp(self, condition: int, address: int, cycle: int) -> int | None:
        if condition == 0:
            return address
        if condition == 1:
            return address if self.x == 0 else None
        if condition == 2:
            taken = self.x != 0
            self.x = (self.x - 1) & WORD_MASK
            return address if taken else None
        if condition == 3:
            return address if self.y == 0 else None
        if condition == 4:
            taken = self.y != 0
            self.y = (self.y - 1) & WORD_MASK
            return address if taken else None
        if condition == 5:
            return address if self.x != self.y else None
        if condition == 6:
            return address if self.block.input_level(self._jmp_pin, cycle) else None
        return address if self.osr_count < self._pull_threshold else None

    def _wait(self, polarity_and_source: int, index: int, cycle: int) -> int | None:
        polarity = polarity_and_source >> 2
        source = polarity_and_source & 3
        if source == 2:
            number = self._irq_number(index)
            if (self.block.irq >> number) & 1 != polarity:
                self.stalled_on = "irq"
                return _STALL
            if polarity:
                self.block.clear_irq(1 << number, cycle)
            return None
        gpio = index if source == 0 else (index + self._in_base) & 31
        if self.block.input_level(gpio, cycle) == polarity:
            return None
        self.wait_gpio = gpio
        arrives = self.block.input_settles_at(gpio)
        if arrives <= cycle:
            self.stalled_on = "pin"
        return _STALL

    def _in(self, source: int, count: int, cycle: int) -> int | None:
        if not self._started:
            value = self._source(source, cycle) & ((1 << count) - 1)
            if self._in_right:
                self.isr = ((self.isr >> count) | (value << (32 - count))) & WORD_MASK
            else:
                self.isr = ((self.isr << count) | value) & WORD_MASK
            self.isr_count = min(32, self.isr_count + count)
        if self._autopush and self.isr_count >= self._push_threshold:
            if len(self.rx) >= self.rx_depth:
                self.stalled_on = "rx"
                self.block.rx_stalled(self)
                return _STALL
            self._push()
        return None

    def _push(self) -> None:
        self.rx.append(self.isr)
        self.isr = 0
        self.isr_count = 0
        self.fifo_changed()

    def _take_out(self, count: int) -> int | None:
        """Shift `count` bits out of the OSR, or None: it is empty and OUT has to stall."""
        if self._autopull and self.osr_count >= self._pull_threshold:
            if self.tx:
                self._pull()
                self.fifo_changed()
            else:
                self.stalled_on = "tx"
                self.block.tx_stalled(self)
            return None
        if self._out_right:
            value = self.osr & ((1 << count) - 1)
            self.osr >>= count
        else:
            value = self.osr >> (32 - count)
            self.osr = (self.osr << count) & WORD_MASK
        self.osr_count = min(32, self.osr_count + count)
        if self._autopull and self.osr_count >= self._pull_threshold and self.tx:
            self._pull()
            self.fifo_changed()
        return value

    def _out_register(self, destination: int, count: int, cycle: int) -> int | None:
        value = self._take_out(count)
        if value is None:
            return _STALL
        if destination == 1:
            self.x = value
        elif destination == 2:
            self.y = value
        else:
            self.isr = value
            self.isr_count = count
        return None

    def _out(self, destination: int, count: int, cycle: int) -> int | None:
        value = self._take_out(count)
        if value is None:
            return _STALL
        if destination == 0:
            self.block.drive_values(value, self._out_base, self._out_count, cycle)
        elif destination == 4:
            self.block.drive_directions(value, self._out_base, self._out_count, cycle)
        elif destination == 5:
            return value & 31
        elif destination == 7:
            self._forced = value & 0xFFFF
        return None

    def _push_or_pull(self, flags: int, _unused: int, cycle: int) -> int | None:
        block_if_stuck = flags & 1
        conditional = flags & 2
        if flags & 4:
            if conditional and self.osr_count < self._pull_threshold:
                return None
            if self._autopull and self.osr_count == 0:
                return None  # autopull has been faster: PULL is only a fence (3.5.4.2)
            if self.tx:
                self._pull()
                self.fifo_changed()
                return None
            if block_if_stuck:
                self.stalled_on = "tx"
                self.block.tx_stalled(self)
                return _STALL
            self.osr = self.x
            self.osr_count = 0
            return None
        if conditional and self.isr_count < self._push_threshold:
            return None
        if len(self.rx) < self.rx_depth:
            self._push()
            return None
        self.block.rx_stalled(self)  # set by a PUSH NOBLOCK that loses its word, too
        if block_if_stuck:
            self.stalled_on = "rx"
            return _STALL
        self.isr = 0
        self.isr_count = 0
        return None

    def _mov(self, destination: int, operation_and_source: int, cycle: int) -> int | None:
        source = operation_and_source & 7
        operation = operation_and_source >> 3
        value = self._status() if source == 5 else self._source(source, cycle)
        if operation == 1:
            value ^= WORD_MASK
        elif operation == 2:
            value = _reverse_bits(value)
        if destination == 6:
            self.isr = value
            self.isr_count = 0
        elif destination == 1:
            self.x = value
        elif destination == 2:
            self.y = value
        elif destination == 0:
            self.block.drive_values(value, self._out_base, self._out_count, cycle)
        elif destination == 4:
            self._forced = value & 0xFFFF
        elif destination == 5:
            return value & 31
        elif destination == 7:
            self.osr = value
            self.osr_count = 0
        return None

    def _irq(self, flags: int, index: int, cycle: int) -> int | None:
        number = self._irq_number(index)
        if flags & 2:
            self.block.clear_irq(1 << number, cycle)
            return None
        if not self._irq_raised:
            self.block.raise_irq(1 << number, cycle)
            if not flags & 1:
                return None
            self._irq_raised = True
        elif not (self.block.irq >> number) & 1:
            self._irq_raised = False
            return None
        self.stalled_on = "irq"
        return _STALL

    def _set(self, destination: int, value: int, cycle: int) -> int | None:
        if destination == 0:
            self.block.drive_values(value, self._set_base, self._set_count, cycle)
        elif destination == 1:
            self.x = value
        elif destination == 2:
            self.y = value
        elif destination == 4:
            self.block.drive_directions(value, self._set_base, self._set_count, cycle)
        return None

    def _irq_number(self, index: int) -> int:
        if index & 0x10:
            return (index & 4) | ((index + self.index) & 3)
        return index & 7

    def _status(self) -> int:
        level = len(self.rx) if self.execctrl & (1 << 4) else len(self.tx)
        return WORD_MASK if level < (self.execctrl & 15) else 0

    def _source(self, source: int, cycle: int) -> int:
        if source == 0:
            levels = self.block.input_levels(cycle)
            base = self._in_base
            return ((levels >> base) | (levels << (32 - base))) & WORD_MASK
        if source == 1:
            return self.x
        if source == 2:
            return self.y
        if source == 6:
            return self.isr
        if source == 7:
            return self.osr
        return 0
