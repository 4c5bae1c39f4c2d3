"""An I2C controller (DW_apb_i2c, RP2040 datasheet 4.3) whose bits take their time on the wire.

rp2040py's moves each byte in no time, forgets why it aborted as soon as that is read, and never
finds a line held low. This one is a controller only, with 7-bit addresses, as firmware on a Pico
uses it: both queues of 16, repeated starts, aborts, and a bus that hangs while a line is low.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.i2c import (
    ABRT_7B_ADDR_NOACK,
    ABRT_TXDATA_NOACK,
    CMD,
    ENABLE,
    IC_CLR_INTR,
    IC_CLR_START_DET,
    IC_CLR_STOP_DET,
    IC_CLR_TX_ABRT,
    IC_DATA_CMD,
    IC_ENABLE,
    IC_RXFLR,
    IC_SDA_HOLD,
    IC_STATUS,
    IC_TX_ABRT_SOURCE,
    IC_TXFLR,
    R_RX_FULL,
    R_RX_UNDER,
    R_START_DET,
    R_STOP_DET,
    R_TX_ABRT,
    R_TX_EMPTY,
    R_TX_OVER,
    RESTART,
    RFNE,
    RPI2C,
    STOP,
    TFE,
    TFNF,
)

from titrate.virtual.devices.i2c_device import I2cDevice

CYCLE_NS = 8
_QUEUE_ITEMS = 16
_MASTER_ACTIVE = 1 << 5 | 1 << 0
_BYTE_BITS = 9  # eight and the acknowledge
_FUNCTION_I2C = 3


class I2c(RPI2C):
    """I2C 0 or 1 in place of `former`, the one rp2040py made for `mcu`.

    `is_wired` tells whether SDA and SCL of this controller are at pads now, and `is_held` whether
    one of them is kept low from outside. `devices` are what is on the bus.
    """

    def __init__(
        self, mcu: Any, former: RPI2C, is_wired: Callable[[], bool], is_held: Callable[[], bool]
    ) -> None:
        super().__init__(mcu, former.name, former.irq)
        self.devices: list[I2cDevice] = []
        self._is_wired = is_wired
        self._is_held = is_held
        self._alarm = mcu.clock.create_alarm(self._step)
        self._next: Callable[[], None] = self._begin
        self._clear()

    def _clear(self) -> None:
        self._tx: deque[int] = deque()
        self._rx: deque[int] = deque()
        self._device: I2cDevice | None = None
        self._is_reading = False
        self._owns_bus = False
        self._is_stepping = False
        self._is_flushed = False
        self._item = 0
        self._sda_hold = 1

    def reset(self) -> None:
        super().reset()
        self._alarm.cancel()
        self._clear()

    # -- the wire --------------------------------------------------------------------------------

    @property
    def bit_ns(self) -> int:
        """How long a bit takes: the counts and what the block adds to them (4.3.14.1)."""
        high = self.scl_high_period + self._spikelen + 7
        return (high + self.scl_low_period + 1) * CYCLE_NS

    def _after(self, bits: int, then: Callable[[], None]) -> None:
        self._is_stepping = True
        self._next = then
        self._alarm.schedule(bits * self.bit_ns)

    def _step(self) -> None:
        if self._is_held():
            # The line has to rise before the next bit.
            self._alarm.schedule(_BYTE_BITS * self.bit_ns)
            return
        self._is_stepping = False
        self._next()

    def _begin(self) -> None:
        """Go on with what is in the queue, if the bus is free for it."""
        if self._is_stepping or not self._tx or not self.enable & ENABLE:
            return
        item = self._tx[0]
        is_read = bool(item & CMD)
        if self._owns_bus and is_read == self._is_reading and not item & RESTART:
            self._item = self._tx.popleft()
            self._after(_BYTE_BITS, self._byte_done)
        else:
            self._is_reading = is_read
            self._after(1 + _BYTE_BITS, self._addressed)

    def _addressed(self) -> None:
        self._owns_bus = True
        self.int_raw |= R_START_DET
        self._device = None
        if self._is_wired():
            for device in self.devices:
                if device.address == self.target_address and device.begin(self._is_reading):
                    self._device = device
        if self._device is None:
            self._give_up(ABRT_7B_ADDR_NOACK)
            return
        if not self._tx:
            # The controller was disabled meanwhile.
            self._after(1, self._stopped)
            return
        self._item = self._tx.popleft()
        self._after(_BYTE_BITS, self._byte_done)

    def _byte_done(self) -> None:
        device = self._device
        assert device is not None
        if self._item & CMD:
            if len(self._rx) < _QUEUE_ITEMS:
                self._rx.append(device.read() & 0xFF)
            if len(self._rx) > self.rx_threshold:
                self.int_raw |= R_RX_FULL
        elif not device.write(self._item & 0xFF):
            self._give_up(ABRT_TXDATA_NOACK)
            return
        if len(self._tx) <= self.tx_threshold:
            self.int_raw |= R_TX_EMPTY
        self.check_interrupts()
        if self._item & STOP:
            self._after(1, self._stopped)
        else:
            self._begin()

    def _give_up(self, reason: int) -> None:
        self.abort_source = reason
        self._tx.clear()
        self._is_flushed = True
        self.int_raw |= R_TX_ABRT | R_TX_EMPTY
        self.check_interrupts()
        self._after(1, self._stopped)

    def _stopped(self) -> None:
        if self._device is not None:
            self._device.end()
        self._device = None
        self._owns_bus = False
        self.int_raw |= R_STOP_DET
        self.check_interrupts()
        self._begin()

    # -- the processor's side --------------------------------------------------------------------

    def read_uint32(self, offset: int) -> int:
        if offset == IC_DATA_CMD:
            if not self._rx:
                self._set_interrupts(R_RX_UNDER)
                return 0
            value = self._rx.popleft()
            if len(self._rx) <= self.rx_threshold:
                self._clear_interrupts(R_RX_FULL)
            return value
        if offset == IC_STATUS:
            return (
                (_MASTER_ACTIVE if self._is_stepping or self._owns_bus else 0)
                | (RFNE if self._rx else 0)
                | (0 if self._tx else TFE)
                | (TFNF if len(self._tx) < _QUEUE_ITEMS else 0)
            )
        if offset == IC_TXFLR:
            return len(self._tx)
        if offset == IC_RXFLR:
            return len(self._rx)
        if offset == IC_SDA_HOLD:
            return self._sda_hold
        if offset == IC_TX_ABRT_SOURCE:
            return self.abort_source
        if offset in (IC_CLR_TX_ABRT, IC_CLR_INTR):
            # Only now does the queue take anything again.
            self.abort_source = 0
            self._is_flushed = False
            self._clear_interrupts(R_TX_ABRT)
            if offset == IC_CLR_INTR:
                self._clear_interrupts(R_STOP_DET | R_START_DET | R_RX_UNDER | R_TX_OVER)
            return 0
        if offset in (IC_CLR_STOP_DET, IC_CLR_START_DET):
            self._clear_interrupts(R_STOP_DET if offset == IC_CLR_STOP_DET else R_START_DET)
            return 0
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == IC_DATA_CMD:
            if len(self._tx) >= _QUEUE_ITEMS:
                self._set_interrupts(R_TX_OVER)
            elif not self._is_flushed:
                self._tx.append(value & (RESTART | STOP | CMD | 0xFF))
                if len(self._tx) > self.tx_threshold:
                    self._clear_interrupts(R_TX_EMPTY)
                self._begin()
        elif offset == IC_ENABLE:
            self.enable = value & ENABLE
            if self.enable:
                self._begin()
            else:
                # What is on the wire is finished; nothing more follows.
                self._tx.clear()
                self._rx.clear()
        elif offset == IC_SDA_HOLD:
            self._sda_hold = value & 0xFFFFFF
        else:
            super().write_uint32(offset, value)


def pads_of(mcu: Any, index: int) -> list[Any]:
    """The pads that are SDA or SCL of controller `index` now, SDA first (datasheet, table 2)."""
    found = [
        pin
        for pin in mcu.gpio
        if pin.function_select == _FUNCTION_I2C and pin.index >> 1 & 1 == index
    ]
    return sorted(found, key=lambda pin: pin.index & 1)
