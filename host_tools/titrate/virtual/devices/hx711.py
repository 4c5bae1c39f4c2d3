"""An HX711 on two wires, as its data sheet has it ("Serial Interface" and its timing table)."""

from __future__ import annotations

from titrate.virtual.pico import MS, VirtualPico

READING_BITS = 24
CONVERSION_NS = 100 * MS  # 10 readings a second, as modules are wired
SETTLING_NS = 400 * MS  # after power and after power-down
POWER_DOWN_NS = 60_000  # a clock line that is high for so long switches it off
_LOWEST, _HIGHEST = -(1 << READING_BITS - 1), (1 << READING_BITS - 1) - 1


class Hx711:
    """An HX711, channel A at a gain of 128.

    Make it after power_on(); the Pico's power is its own, so make another one after the next.

    Args:
        pico: the VirtualPico.
        data_gpio: DT is wired there.
        clock_gpio: SCK is wired there.

    Attributes:
        counts: what its converter makes of the load cell, 24 bits in two's complement; it stops
            at either end of its range.
        reads: how often a reading was shifted out whole.
        power_downs: how often the clock line was high for too long.
    """

    def __init__(self, pico: VirtualPico, data_gpio: int, clock_gpio: int):
        self._pico = pico
        self._data_gpio = data_gpio
        self.counts = 0
        self.reads = 0
        self.power_downs = 0
        self._fault: int | None = None
        self._is_ready = False
        self._shifted = 0
        self._pulses = 0
        self._rose_ns = 0
        self._conversion = pico.chip.clock.create_alarm(self._converted)
        pico.on_edge(clock_gpio, self._clocked)
        self._convert(SETTLING_NS)

    def silence(self) -> None:
        """It answers no more, as without its power: the data line stays high."""
        self._fail(1)

    def stick(self) -> None:
        """Its data line is shorted to ground."""
        self._fail(0)

    def mend(self) -> None:
        """It works again."""
        self._fault = None
        self._convert(SETTLING_NS)

    def _fail(self, level: int) -> None:
        self._fault = level
        self._put(level)

    def _put(self, level: int) -> None:
        self._pico.set_input(self._data_gpio, level if self._fault is None else self._fault)

    def _convert(self, after_ns: int) -> None:
        self._is_ready = False
        self._pulses = 0
        self._put(1)
        self._conversion.cancel()
        self._conversion.schedule(after_ns)

    def _converted(self) -> None:
        self._is_ready = True
        self._put(0)

    def _clocked(self, t_ns: int, level: int) -> None:
        if level:
            self._rose_ns = t_ns
            self._rise()
        elif t_ns - self._rose_ns > POWER_DOWN_NS:
            self.power_downs += 1
            self._convert(SETTLING_NS)

    def _rise(self) -> None:
        if not self._is_ready:
            return
        if self._pulses == 0:
            self._shifted = max(_LOWEST, min(self.counts, _HIGHEST)) % (1 << READING_BITS)
        self._pulses += 1
        if self._pulses <= READING_BITS:
            self._put(self._shifted >> READING_BITS - self._pulses & 1)
            return
        if self._fault is None:
            self.reads += 1
        self._convert(CONVERSION_NS)
