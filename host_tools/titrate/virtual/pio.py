"""A PIO block: its registers on the bus, its FIFO requests to DMA, its pins and IRQ flags.

It takes the place of rp2040py's own block. That one gives each machine at most one instruction
per CPU instruction, and a single one for a whole sleep; this one runs every machine at its own
due cycle, from one alarm of the simulation clock, whether the CPU sleeps or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from titrate.virtual.pio_machine import INPUT_SYNC_CYCLES, NEVER, WORD_MASK, PioMachine

if TYPE_CHECKING:
    from titrate.virtual.pads import Pads

CYCLE_NS = 8
"""One cycle of the 125 MHz system clock."""

_CTRL = 0x000
_FSTAT = 0x004
_FDEBUG = 0x008
_FLEVEL = 0x00C
_TXF0 = 0x010
_RXF0 = 0x020
_IRQ = 0x030
_IRQ_FORCE = 0x034
_INPUT_SYNC_BYPASS = 0x038
_DBG_PADOUT = 0x03C
_DBG_PADOE = 0x040
_DBG_CFGINFO = 0x044
_INSTR_MEM0 = 0x048
_SM0_CLKDIV = 0x0C8
_SM_STRIDE = 0x18
_INTR = 0x128
_IRQ0_INTE = 0x12C

_CFGINFO_VALUE = 0x0020_0404  # 32 instructions, 4 machines, FIFOs of 4 words
_GPIO_MASK = 0x3FFF_FFFF
_DREQ_TX = ((0, 1, 2, 3), (8, 9, 10, 11))
_DREQ_RX = ((4, 5, 6, 7), (12, 13, 14, 15))


def _atomic(old: int, value: int, alias: int) -> int:
    """What a write to the XOR (1), SET (2) or CLEAR (3) alias of a register stores."""
    if alias == 1:
        return old ^ value
    if alias == 2:
        return old | value
    return old & ~value & WORD_MASK


class PioBlock:
    """PIO0 or PIO1 on the bus of an rp2040py chip.

    `mcu` is the rp2040py chip, `index` 0 or 1, `pads` the pads it drives and reads.
    """

    machines: tuple[Any, ...] = ()
    """Tells rp2040py's pins that no machine of its own kind waits for them."""

    def __init__(self, mcu: Any, index: int, pads: Pads) -> None:
        self.rp2040 = mcu
        self.index = index
        self.pads = pads
        self._clock = mcu.clock
        self._alarm = mcu.clock.create_alarm(self._on_alarm)
        self._armed_for = NEVER
        self._first_irq = 7 + 2 * index
        self.instructions = [0] * 32
        self.sm = [PioMachine(self, i) for i in range(4)]
        self.pin_values = 0
        self.pin_directions = 0
        self._requests = [[False, False] for _ in range(4)]
        self._clear()

    def _clear(self) -> None:
        self.fdebug = 0
        self.irq = 0
        self.input_sync_bypass = 0
        self._int_enable = [0, 0]
        self._int_force = [0, 0]
        self._int_lines = [False, False]

    def reset(self) -> None:
        """Chip reset: every register to its reset value, instruction memory cleared."""
        for machine in self.sm:
            machine.reset()
        self.instructions[:] = [0] * 32
        self.pin_values = 0
        self.pin_directions = 0
        self._clear()
        self.rearm()
        for machine in self.sm:
            self.fifo_changed(machine)
        self._check_interrupts()

    # -- time ------------------------------------------------------------------------------------

    @property
    def now_cycle(self) -> int:
        return int(self._clock.nanos) // CYCLE_NS

    def rearm(self) -> None:
        """Set the alarm for whatever is due next."""
        due = NEVER
        for machine in self.sm:
            if machine.due_cycle < due:
                due = machine.due_cycle
        self._arm(due)

    def _arm(self, due: int) -> None:
        if due == self._armed_for:
            return
        self._armed_for = due
        if due == NEVER:
            self._alarm.cancel()
        else:
            wait_ns = due * CYCLE_NS - self._clock.nanos
            self._alarm.schedule(wait_ns if wait_ns > 0 else 0.0)

    def _on_alarm(self) -> None:
        now = self._armed_for
        self._armed_for = NEVER
        machines = self.sm
        while True:
            running = machines[0]
            due = running.due_cycle
            for machine in machines:
                if machine.due_cycle < due:
                    running = machine
                    due = machine.due_cycle
            if due > now:
                break
            running.step(due)
        self._arm(due)

    def hang(self, machine: int) -> None:
        """Let state machine 0 to 3 hang."""
        self.sm[machine].hang(self.now_cycle)
        self.rearm()

    # -- what a machine does ---------------------------------------------------------------------

    def drive_values(self, value: int, base: int, count: int, cycle: int) -> None:
        mask, shifted = _rotate(value, base, count)
        changed = (self.pin_values ^ shifted) & mask
        if changed:
            self.pin_values ^= changed
            self.pads.driven_by_pio(changed, cycle + 1)

    def drive_directions(self, value: int, base: int, count: int, cycle: int) -> None:
        mask, shifted = _rotate(value, base, count)
        changed = (self.pin_directions ^ shifted) & mask
        if changed:
            self.pin_directions ^= changed
            self.pads.driven_by_pio(changed, cycle + 1)

    def sync_cycles(self, gpio: int) -> int:
        return 0 if (self.input_sync_bypass >> gpio) & 1 else INPUT_SYNC_CYCLES

    def input_level(self, gpio: int, cycle: int) -> int:
        """The level a machine sees at `cycle`: the pad's, two cycles late."""
        return self.pads.level_at(gpio, cycle - self.sync_cycles(gpio))

    def input_settles_at(self, gpio: int) -> int:
        """The cycle from which on a machine sees the pad's present level."""
        return self.pads.changed_at(gpio) + self.sync_cycles(gpio)

    def input_levels(self, cycle: int) -> int:
        return sum(self.input_level(gpio, cycle) << gpio for gpio in range(30))

    def pad_changed(self, gpio: int, cycle: int) -> None:
        """A pad has a new level from `cycle` on: wake the machines that wait for it."""
        woken = False
        for machine in self.sm:
            if machine.stalled_on == "pin" and machine.wait_gpio == gpio:
                machine.pad_changed(cycle)
                woken = True
        if woken:
            self.rearm()

    def raise_irq(self, flags: int, cycle: int) -> None:
        self._set_irq(self.irq | flags, cycle)

    def clear_irq(self, flags: int, cycle: int) -> None:
        self._set_irq(self.irq & ~flags, cycle)

    def _set_irq(self, flags: int, cycle: int) -> None:
        if flags == self.irq:
            return
        self.irq = flags
        for machine in self.sm:
            if machine.stalled_on == "irq":
                machine.irq_flags_changed(cycle)
        self._check_interrupts()

    def tx_stalled(self, machine: PioMachine) -> None:
        self.fdebug |= 1 << (24 + machine.index)

    def rx_stalled(self, machine: PioMachine) -> None:
        self.fdebug |= 1 << machine.index

    def fifo_changed(self, machine: PioMachine) -> None:
        """Pass the FIFO's state on to DMA (its data requests) and to the interrupt lines."""
        wants_tx = len(machine.tx) < machine.tx_depth
        has_rx = bool(machine.rx)
        state = self._requests[machine.index]
        if state[0] != wants_tx:
            state[0] = wants_tx
            self._request(_DREQ_TX[self.index][machine.index], wants_tx)
        if state[1] != has_rx:
            state[1] = has_rx
            self._request(_DREQ_RX[self.index][machine.index], has_rx)
        self._check_interrupts()

    def _request(self, channel: int, wanted: bool) -> None:
        if wanted:
            self.rp2040.dma.set_dreq(channel)
        else:
            self.rp2040.dma.clear_dreq(channel)

    def _raw_interrupts(self) -> int:
        raw = (self.irq & 15) << 8
        for machine in self.sm:
            if machine.rx:
                raw |= 1 << machine.index
            if len(machine.tx) < machine.tx_depth:
                raw |= 16 << machine.index
        return raw

    def _check_interrupts(self) -> None:
        for line in (0, 1):
            active = bool(self._int_force[line])
            if self._int_enable[line]:
                active = active or bool(self._raw_interrupts() & self._int_enable[line])
            if active != self._int_lines[line]:
                self._int_lines[line] = active
                self.rp2040.set_interrupt(self._first_irq + line, active)

    # -- the bus ---------------------------------------------------------------------------------

    def read_uint32(self, offset: int) -> int:
        """A 32-bit read at `offset` in the block (any alias)."""
        offset &= 0xFFF
        if offset == _FLEVEL:
            level = 0
            for machine in self.sm:
                level |= (len(machine.tx) | (len(machine.rx) << 4)) << (8 * machine.index)
            return level
        if offset == _FDEBUG:
            return self.fdebug
        if _SM0_CLKDIV <= offset < _INTR:
            index, register = divmod(offset - _SM0_CLKDIV, _SM_STRIDE)
            return self._read_machine(self.sm[index], register)
        if _RXF0 <= offset < _IRQ:
            return self._read_rx(self.sm[(offset - _RXF0) >> 2])
        if offset == _CTRL:
            return sum(machine.enabled << machine.index for machine in self.sm)
        if offset == _FSTAT:
            return self._fstat()
        if offset == _INTR:
            return self._raw_interrupts()
        if _IRQ0_INTE <= offset < _IRQ0_INTE + 24:
            line, register = divmod(offset - _IRQ0_INTE, 12)
            enable, force = self._int_enable[line], self._int_force[line]
            status = (self._raw_interrupts() & enable) | force
            return (enable, force, status)[register >> 2]
        return {
            _IRQ: self.irq,
            _INPUT_SYNC_BYPASS: self.input_sync_bypass,
            _DBG_PADOUT: self.pin_values,
            _DBG_PADOE: self.pin_directions,
            _DBG_CFGINFO: _CFGINFO_VALUE,
        }.get(offset, 0)

    def _fstat(self) -> int:
        status = 0
        for machine in self.sm:
            rx, tx = len(machine.rx), len(machine.tx)
            flags = (
                (rx >= machine.rx_depth)
                | ((rx == 0) << 8)
                | ((tx >= machine.tx_depth) << 16)
                | ((tx == 0) << 24)
            )
            status |= flags << machine.index
        return status

    def _read_rx(self, machine: PioMachine) -> int:
        value = machine.pop_rx(self.now_cycle)
        self.rearm()
        if value is None:
            self.fdebug |= 1 << (8 + machine.index)
            return 0
        return value

    def _read_machine(self, machine: PioMachine, register: int) -> int:
        if register == 0x00:
            return machine.clkdiv
        if register == 0x04:
            return machine.status_execctrl
        if register == 0x08:
            return machine.shiftctrl
        if register == 0x0C:
            return machine.pc
        if register == 0x10:
            return self.instructions[machine.pc]
        return machine.pinctrl

    def write_uint32_atomic(self, offset: int, value: int, alias: int) -> None:
        """A write through one of the four aliases: plain (0), XOR (1), SET (2), CLEAR (3)."""
        value &= WORD_MASK
        if alias and offset not in (_FDEBUG, _IRQ) and not _TXF0 <= offset < _IRQ:
            value = _atomic(self.read_uint32(offset), value, alias)
        self.write_uint32(offset, value)

    def write_uint32(self, offset: int, value: int) -> None:
        """A plain 32-bit write at `offset` in the block."""
        cycle = self.now_cycle
        if _TXF0 <= offset < _RXF0:
            machine = self.sm[(offset - _TXF0) >> 2]
            if not machine.push_tx(value, cycle):
                self.fdebug |= 1 << (16 + machine.index)
            self.rearm()
            return
        if offset == _FDEBUG:
            self.fdebug &= ~value
            for machine in self.sm:
                if machine.stalled_on == "tx":
                    self.tx_stalled(machine)
                elif machine.stalled_on == "rx":
                    self.rx_stalled(machine)
            return
        if offset == _IRQ:
            self.clear_irq(value & 0xFF, cycle)
        elif offset == _IRQ_FORCE:
            self.raise_irq(value & 0xFF, cycle)
        elif _IRQ0_INTE <= offset < _IRQ0_INTE + 24:
            line, register = divmod(offset - _IRQ0_INTE, 12)
            if register == 0:
                self._int_enable[line] = value & 0xFFF
            elif register == 4:
                self._int_force[line] = value & 0xFFF
            self._check_interrupts()
        else:
            self._reconfigure(offset, value, cycle)
        self.rearm()

    def _reconfigure(self, offset: int, value: int, cycle: int) -> None:
        for machine in self.sm:
            machine.unroll(cycle)
        if offset == _CTRL:
            self._write_ctrl(value, cycle)
        elif _INSTR_MEM0 <= offset < _SM0_CLKDIV:
            address = (offset - _INSTR_MEM0) >> 2
            self.instructions[address] = value & 0xFFFF
            for machine in self.sm:
                machine.forget_decoded(address)
        elif _SM0_CLKDIV <= offset < _INTR:
            index, register = divmod(offset - _SM0_CLKDIV, _SM_STRIDE)
            self._write_machine(self.sm[index], register, value, cycle)
        elif offset == _INPUT_SYNC_BYPASS:
            self.input_sync_bypass = value

    def _write_ctrl(self, value: int, cycle: int) -> None:
        for machine in self.sm:
            bit = 1 << machine.index
            if value & (bit << 4):
                machine.restart(cycle)
            machine.set_enabled(bool(value & bit), cycle)
            if value & (bit << 8):
                machine.restart_divider(cycle)

    def _write_machine(self, machine: PioMachine, register: int, value: int, cycle: int) -> None:
        if register == 0x00:
            machine.write_clkdiv(value)
        elif register == 0x04:
            machine.write_execctrl(value)
        elif register == 0x08:
            machine.write_shiftctrl(value, cycle)
        elif register == 0x10:
            machine.force(value, cycle)
        elif register == 0x14:
            machine.write_pinctrl(value)


def _rotate(value: int, base: int, count: int) -> tuple[int, int]:
    """Place the low `count` bits of `value` at pin `base`, wrapping after pin 31."""
    bits = (1 << count) - 1
    mask = bits << base
    placed = (value & bits) << base
    mask = (mask | (mask >> 32)) & _GPIO_MASK
    return mask, (placed | (placed >> 32)) & _GPIO_MASK
