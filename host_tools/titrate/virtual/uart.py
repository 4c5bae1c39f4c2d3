"""A UART (PL011) whose bytes take their time on the wire.

rp2040py's raises its transmit interrupt again as soon as it is cleared, which keeps the CPU in
the handler for ever. This one has the two queues, the levels at which they interrupt, the
receive time-out and the baud rate; RP2040 datasheet 4.2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.uart import RPUART

_DR, _FR, _IBRD, _FBRD, _LCR_H, _CR, _IFLS = 0x00, 0x18, 0x24, 0x28, 0x2C, 0x30, 0x34
_IMSC, _RIS, _MIS, _ICR = 0x38, 0x3C, 0x40, 0x44

_FR_BUSY, _FR_RX_EMPTY, _FR_TX_FULL, _FR_RX_FULL, _FR_TX_EMPTY = (
    1 << 3,
    1 << 4,
    1 << 5,
    1 << 6,
    1 << 7,
)
_CR_ENABLE, _CR_LOOPBACK, _CR_TX, _CR_RX = 1 << 0, 1 << 7, 1 << 8, 1 << 9
_LCR_PARITY, _LCR_TWO_STOPS, _LCR_QUEUES = 1 << 1, 1 << 3, 1 << 4
_RX_INTERRUPT, _TX_INTERRUPT, _TIMEOUT_INTERRUPT = 1 << 4, 1 << 5, 1 << 6

_QUEUE_BYTES = 32
_TIMEOUT_BITS = 32
_LEVELS = (4, 8, 16, 24, 28)  # of 32: an eighth, a quarter, a half, three quarters, seven eighths


class Uart(RPUART):
    """UART 0 or 1 in place of `former`, the one rp2040py made for `mcu`.

    `on_byte` hears every byte when its last bit has left.
    """

    def __init__(self, mcu: Any, former: RPUART) -> None:
        super().__init__(mcu, former.name, former.irq, former.dreq)
        self.on_byte: Callable[[int], None] | None = None
        self._clock = mcu.clock
        self._sent = mcu.clock.create_alarm(self._byte_sent)
        self._arrives = mcu.clock.create_alarm(self._byte_arrives)
        self._timeout = mcu.clock.create_alarm(self._receive_timeout)
        self._clear()

    def _clear(self) -> None:
        self._tx: deque[int] = deque()
        self._rx: deque[int] = deque()
        self._wire: deque[int] = deque()
        self._sending = False
        self._control = _CR_TX | _CR_RX
        self._line = 0
        self._levels = 0x12
        self._mask = 0
        self._raw = 0
        self._ibrd = 0
        self._fbrd = 0

    def reset(self) -> None:
        super().reset()
        for alarm in (self._sent, self._arrives, self._timeout):
            alarm.cancel()
        self._clear()

    @property
    def bit_ns(self) -> int:
        """How long a bit takes on the wire."""
        sixty_fourths = 64 * self._ibrd + self._fbrd
        return 16_000_000_000 * sixty_fourths // (64 * int(self.rp2040.clk_peri))

    @property
    def _byte_ns(self) -> int:
        bits = 1 + 5 + (self._line >> 5 & 3) + 1
        bits += bool(self._line & _LCR_PARITY) + bool(self._line & _LCR_TWO_STOPS)
        return bits * self.bit_ns

    @property
    def _depth(self) -> int:
        return _QUEUE_BYTES if self._line & _LCR_QUEUES else 1

    def _update(self) -> None:
        self.rp2040.set_interrupt(self.irq, bool(self._raw & self._mask))

    # -- sending ---------------------------------------------------------------------------------

    def _send(self, value: int) -> None:
        if self._control & (_CR_ENABLE | _CR_TX) != _CR_ENABLE | _CR_TX:
            return
        if len(self._tx) < self._depth:
            self._tx.append(value)
        if not self._sending:
            self._next_byte()
        elif len(self._tx) > self._tx_level:
            self._raw &= ~_TX_INTERRUPT

    @property
    def _tx_level(self) -> int:
        return _LEVELS[min(self._levels & 7, 4)] if self._line & _LCR_QUEUES else 0

    def _next_byte(self) -> None:
        before = len(self._tx)
        self._sending = bool(self._tx)
        if not self._tx:
            return
        self._shifting = self._tx.popleft()
        if before > self._tx_level >= len(self._tx):
            self._raw |= _TX_INTERRUPT
        self._sent.schedule(self._byte_ns)

    def _byte_sent(self) -> None:
        value = self._shifting
        self._next_byte()
        self._update()
        if self._control & _CR_LOOPBACK:
            self._receive(value)
        if self.on_byte is not None:
            self.on_byte(value)

    # -- receiving -------------------------------------------------------------------------------

    def feed(self, data: bytes, pause_bits: int = 0) -> None:
        """Put bytes on the wire to this UART, behind those that are on their way.

        `pause_bits` is for how many bit times an idle wire stays idle before.
        """
        is_idle = not self._wire
        self._wire.extend(data)
        if is_idle and data:
            self._arrives.schedule(self._byte_ns + pause_bits * self.bit_ns)

    def hear(self, value: int) -> None:
        """Receive at once a byte whose last bit is on the wire just now."""
        self._receive(value)

    def _byte_arrives(self) -> None:
        value = self._wire.popleft()
        if self._wire:
            self._arrives.schedule(self._byte_ns)
        self._receive(value)

    def _receive(self, value: int) -> None:
        if self._control & (_CR_ENABLE | _CR_RX) != _CR_ENABLE | _CR_RX:
            return
        if len(self._rx) < self._depth:
            self._rx.append(value)
        level = _LEVELS[min(self._levels >> 3 & 7, 4)] if self._line & _LCR_QUEUES else 1
        if len(self._rx) >= level:
            self._raw |= _RX_INTERRUPT
        self._timeout.schedule(_TIMEOUT_BITS * self.bit_ns)
        self._update()

    def _receive_timeout(self) -> None:
        if self._rx:
            self._raw |= _TIMEOUT_INTERRUPT
            self._update()

    def _take(self) -> int:
        value = self._rx.popleft() if self._rx else 0
        level = _LEVELS[min(self._levels >> 3 & 7, 4)] if self._line & _LCR_QUEUES else 1
        if len(self._rx) < level:
            self._raw &= ~_RX_INTERRUPT
        if not self._rx:
            self._raw &= ~_TIMEOUT_INTERRUPT
            self._timeout.cancel()
        self._update()
        return value

    # -- the bus ---------------------------------------------------------------------------------

    def read_uint32(self, offset: int) -> int:
        offset &= 0xFFF
        if offset == _DR:
            return self._take()
        if offset == _FR:
            return (
                (_FR_BUSY if self._sending else 0)
                | (_FR_RX_EMPTY if not self._rx else 0)
                | (_FR_RX_FULL if len(self._rx) >= self._depth else 0)
                | (_FR_TX_FULL if len(self._tx) >= self._depth else 0)
                | (_FR_TX_EMPTY if not self._tx else 0)
            )
        registers = {
            _IBRD: self._ibrd,
            _FBRD: self._fbrd,
            _LCR_H: self._line,
            _CR: self._control,
            _IFLS: self._levels,
            _IMSC: self._mask,
            _RIS: self._raw,
            _MIS: self._raw & self._mask,
        }
        return registers[offset] if offset in registers else super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == _DR:
            self._send(value & 0xFF)
        elif offset == _IBRD:
            self._ibrd = value & 0xFFFF
        elif offset == _FBRD:
            self._fbrd = value & 0x3F
        elif offset == _LCR_H:
            self._line = value & 0xFF
        elif offset == _CR:
            self._control = value & 0xFFFF
        elif offset == _IFLS:
            self._levels = value & 0x3F
        elif offset == _IMSC:
            self._mask = value & 0x7FF
        elif offset == _ICR:
            self._raw &= ~self.raw_write_value
        else:
            super().write_uint32(offset, value)
        self._update()
