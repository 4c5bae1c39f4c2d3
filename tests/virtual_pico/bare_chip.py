"""A Pico whose PIO and DMA a test sets up by registers, as bare-metal firmware does."""

from pathlib import Path

from titrate.virtual.pico import VirtualPico

PIO0 = 0x5020_0000
DMA = 0x5000_0000
IO_BANK0 = 0x4001_4000
CTRL, FSTAT, FDEBUG, FLEVEL, TXF0, RXF0, IRQ = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x20, 0x30
CLKDIV, EXECCTRL, SHIFTCTRL, ADDR, INSTR, PINCTRL = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
XOR, SET, CLEAR = 0x1000, 0x2000, 0x3000
CYCLE_NS = 8

JOIN_TX = 1 << 30
AUTOPULL = 1 << 17
AUTOPUSH = 1 << 16
SHIFT_RIGHT = 3 << 18
FUNCTION_PIO0 = 6


class Board(VirtualPico):
    """A VirtualPico under power, with hands on PIO0 and DMA."""

    def __init__(self, uf2: Path) -> None:
        super().__init__(uf2)
        self.power_on()

    def sm(self, machine: int, register: int) -> int:
        """Address of a register of a state machine of PIO0."""
        return PIO0 + 0xC8 + 0x18 * machine + register

    def load(self, *words: int, offset: int = 0) -> None:
        """Write a program whose jumps are absolute."""
        for index, word in enumerate(words):
            self.poke(PIO0 + 0x48 + 4 * (offset + index), word)

    def configure(
        self,
        machine: int,
        first: int,
        last: int,
        *,
        pin: int = 2,
        shiftctrl: int = SHIFT_RIGHT,
        clkdiv: int = 1 << 16,
        side_set: bool = False,
    ) -> None:
        """One pin for SET, OUT, IN and side-set; wrap from `last` to `first`; start at `first`."""
        self.poke(self.sm(machine, CLKDIV), clkdiv)
        self.poke(self.sm(machine, EXECCTRL), first << 7 | last << 12)
        self.poke(self.sm(machine, SHIFTCTRL), shiftctrl)
        counts = 1 << 26 | 1 << 20 | side_set << 29
        self.poke(self.sm(machine, PINCTRL), counts | pin << 15 | pin << 10 | pin << 5 | pin)
        self.poke(self.sm(machine, INSTR), first)

    def make_output(self, machine: int, pin: int) -> None:
        """Give a pin to PIO0 and let the state machine drive it low."""
        self.poke(IO_BANK0 + 8 * pin + 4, FUNCTION_PIO0)
        self.poke(self.sm(machine, INSTR), 0xE000)
        self.poke(self.sm(machine, INSTR), 0xE081)

    def start(self, machines: int) -> int:
        """Enable machines by mask; returns the time of their first instruction."""
        self.poke(PIO0 + SET + CTRL, machines)
        return self.now_ns // CYCLE_NS * CYCLE_NS + CYCLE_NS

    def machine_reg(self, machine: int, register: int) -> int:
        return self.peek(self.sm(machine, register))

    def tx_level(self, machine: int) -> int:
        return self.peek(PIO0 + FLEVEL) >> 8 * machine & 15

    def rx_level(self, machine: int) -> int:
        return self.peek(PIO0 + FLEVEL) >> 8 * machine + 4 & 15

    def start_dma(
        self, channel: int, read: int, write: int, treq: int, *, ring_bits: int = 0, count: int
    ) -> None:
        """Words from `read` (a ring if `ring_bits`, else one address) to the address `write`."""
        base = DMA + 0x40 * channel
        self.poke(base, read)
        self.poke(base + 4, write)
        self.poke(base + 8, count)
        increment = 1 << 4 if ring_bits else 0
        self.poke(base + 12, treq << 15 | channel << 11 | ring_bits << 6 | increment | 2 << 2 | 1)


class BareChip(Board):
    """A board whose CPU never runs."""

    def __init__(self, uf2: Path) -> None:
        super().__init__(uf2)
        self.freeze()
