"""The USB host side of the Pico's serial port: a host that behaves like a real one.

Against rp2040py's own: an OUT endpoint with nothing to send is not answered (a host does not
send empty packets, and each one would wake the CPU), packets take the time they take at full
speed, start-of-frame interrupts come when asked for, control requests wait for each other, and
a host whose reader does not keep up leaves the device's packets waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.usb import (
    BUFF_CPU_SHOULD_HANDLE,
    BUFF_STATUS,
    ENDPOINT_COUNT,
    EP0_IN_BUFFER_CONTROL,
    EP0_OUT_BUFFER_CONTROL,
    INTE,
    INTR_DEV_SOF,
    SIE_BUS_RESET,
    SIE_CTRL,
    SIE_CTRL_PULLUP_EN,
    SIE_STATUS,
    SOF_RD,
    USB_CTRL_DOUBLE_BUF,
    USB_CTRL_INTERRUPT_PER_TRANSFER,
    RPUSBController,
)
from rp2040py.usb.cdc import ENDPOINT_ZERO, USBCDC

from titrate.virtual.usb_buffers import BufferPair
from titrate.virtual.usb_storage import UsbStorageHost

PACKET_NS = 52_000
"""One 64-byte bulk packet at full speed: 19 of them fit into a frame of 1 ms (USB 2.0, 5.8.4)."""
FRAME_NS = 1_000_000
PACKET_BYTES = 64
_TWO_INTERRUPTS = USB_CTRL_DOUBLE_BUF | USB_CTRL_INTERRUPT_PER_TRANSFER


class UsbController(RPUSBController):
    """The chip's USB block, with frames and with IN packets that need a reading host."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu, "USB")
        self.write_delay_microseconds = PACKET_NS // 1000
        self.read_delay_microseconds = PACKET_NS // 1000
        self.holds_in: Callable[[int], bool] = lambda endpoint: False
        self._frame_alarm = mcu.clock.create_alarm(self._start_of_frame)
        self._sof_read_ns = 0.0
        self._acks: deque[tuple[float, int]] = deque()  # when, endpoint
        self._held: list[int] = []
        self._ack_alarm = mcu.clock.create_alarm(self._acknowledge)
        self._pairs: dict[int, BufferPair] = {}  # by where their control word lies
        self._second_buffers = 0

    def reset(self) -> None:
        self._frame_alarm.cancel()
        self._ack_alarm.cancel()
        self._acks.clear()
        self._held.clear()
        for pair in self._pairs.values():
            pair.cancel()
        self._pairs.clear()
        self._second_buffers = 0
        super().reset()

    # -- frames ----------------------------------------------------------------------------------

    def read_uint32(self, offset: int) -> int:
        if offset & 0xFFF == SOF_RD:
            now = self.rp2040.clock.nanos
            self._sof_read_ns = now
            self._int_raw &= ~INTR_DEV_SOF
            self.check_interrupts()
            return int(now // FRAME_NS) & 0x7FF
        if offset & 0xFFF == BUFF_CPU_SHOULD_HANDLE:
            return self._second_buffers
        return super().read_uint32(offset & 0xFFF)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == SIE_STATUS and not self._sie_status & SIE_BUS_RESET:
            # The boot ROM clears all flags before there was a reset, which is none by that.
            self.raw_write_value &= ~SIE_BUS_RESET
        super().write_uint32(offset, value)
        if offset in (INTE, SIE_CTRL):
            self._watch_frames()
        elif offset == BUFF_STATUS:
            for pair in self._pairs.values():
                pair.go()

    def _watch_frames(self) -> None:
        """Ring at the next frame while the firmware listens for frames."""
        if not (self._int_enable & INTR_DEV_SOF and self._sie_ctrl & SIE_CTRL_PULLUP_EN):
            self._frame_alarm.cancel()
            return
        now = self.rp2040.clock.nanos
        if now // FRAME_NS != self._sof_read_ns // FRAME_NS:
            self._start_of_frame()  # one passed since the last look: its flag still stands
        else:
            self._frame_alarm.schedule(FRAME_NS - now % FRAME_NS)

    def _start_of_frame(self) -> None:
        self._int_raw |= INTR_DEV_SOF
        self.check_interrupts()
        self._frame_alarm.schedule(FRAME_NS - self.rp2040.clock.nanos % FRAME_NS)

    # -- endpoints with two buffers --------------------------------------------------------------

    def dpram_updated(self, offset: int, value: int) -> None:
        endpoint, is_out = (offset - EP0_IN_BUFFER_CONTROL) >> 3, bool(offset & 4)
        if 0 < endpoint < ENDPOINT_COUNT:
            control = self._read_endpoint_control_reg(endpoint, is_out)
            if control & _TWO_INTERRUPTS == _TWO_INTERRUPTS:
                if offset not in self._pairs:
                    self._pairs[offset] = BufferPair(self, endpoint, is_out, offset, PACKET_NS)
                self._pairs[offset].updated(value)
                return
        super().dpram_updated(offset, value)

    def endpoint_read_done(
        self, endpoint: int, buffer: bytes | bytearray, delay: int | None = None
    ) -> None:
        pair = self._pairs.get(EP0_OUT_BUFFER_CONTROL + 8 * endpoint)
        if pair:
            pair.take(bytes(buffer))
        else:
            super().endpoint_read_done(endpoint, buffer, delay)

    @property
    def buffer_status(self) -> int:
        """BUFF_STATUS: the endpoints whose buffers the CPU has yet to see to."""
        return int(self._buff_status)

    def buffer_at(self, endpoint: int, is_out: bool) -> int:
        """Where an endpoint's first buffer lies in the block's memory."""
        return int(self._get_endpoint_buffer_offset(endpoint, is_out))

    def buffer_done(self, endpoint: int, is_out: bool, buffer: int) -> None:
        """Tell the CPU that an endpoint's first or second buffer is done."""
        bit = 1 << (endpoint * 2 + is_out)
        self._second_buffers = self._second_buffers & ~bit | bit * buffer
        super()._indicate_buffer_ready(endpoint, is_out)

    # -- packets from device to host -------------------------------------------------------------

    def _indicate_buffer_ready(self, endpoint: int, out: bool) -> None:
        if out:
            super()._indicate_buffer_ready(endpoint, out)
            return
        self._acks.append((self.rp2040.clock.nanos + PACKET_NS, endpoint))
        if len(self._acks) == 1:
            self._ack_alarm.schedule(PACKET_NS)

    def _acknowledge(self) -> None:
        now = self.rp2040.clock.nanos
        while self._acks and self._acks[0][0] <= now:
            endpoint = self._acks.popleft()[1]
            if self.holds_in(endpoint):
                self._held.append(endpoint)
            else:
                super()._indicate_buffer_ready(endpoint, False)
        if self._acks:
            self._ack_alarm.schedule(self._acks[0][0] - now)

    def release_in(self) -> None:
        """The host may read again: acknowledge what had to wait."""
        waiting, self._held = self._held, []
        for endpoint in waiting:
            if self.holds_in(endpoint):
                self._held.append(endpoint)
            else:
                super()._indicate_buffer_ready(endpoint, False)


class UsbSerialHost(USBCDC):
    """A host that enumerates the Pico and keeps its serial port.

    `received` is called with every piece of output; while no program has the port open (DTR is
    low then) the output is dropped. A device with a drive instead of a port, which the boot ROM
    is, is handed to `storage`.
    """

    def __init__(
        self, usb: UsbController, received: Callable[[bytes], None], storage: UsbStorageHost
    ) -> None:
        super().__init__(usb)
        self._storage = storage
        self._controller = usb
        self._outgoing: deque[int] = deque()
        self._awaited: deque[int] = deque()
        self._requests: deque[Callable[[], None]] = deque()
        self._request_under_way = False
        self._port_open = True
        self._reading = True
        self._received = received
        self.on_serial_data = self._data_arrived
        self._inherited_write = usb.on_endpoint_write
        self._inherited_read = usb.on_endpoint_read
        usb.on_endpoint_write = self._device_sent
        usb.on_endpoint_read = self._device_listens
        usb.holds_in = self._holds_in

    # -- port ------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """The device has been enumerated and its port configured."""
        return self._initialized

    @property
    def pending_bytes(self) -> int:
        """Bytes sent by the host that the device has not taken yet."""
        return len(self._outgoing)

    def send(self, data: bytes) -> None:
        """Queue bytes for the device; it takes them at its own pace."""
        self._outgoing.extend(data)
        self._serve()

    def set_open(self, is_open: bool) -> None:
        """A program opens or closes the port: DTR and RTS follow."""
        if is_open == self._port_open:
            return
        self._port_open = is_open
        if self._initialized:
            self._request(lambda: self.set_control_lines(dtr=is_open, rts=is_open))

    def set_reading(self, reading: bool) -> None:
        """Whether the program that has the port open takes what arrives."""
        if reading != self._reading:
            self._reading = reading
            self._controller.release_in()

    def _holds_in(self, endpoint: int) -> bool:
        return endpoint == self._in_endpoint and not self._reading

    def _data_arrived(self, data: bytes | bytearray) -> None:
        if self._port_open:
            self._received(bytes(data))

    # -- control requests, one at a time ---------------------------------------------------------

    def _request(self, send: Callable[[], None]) -> None:
        self._requests.append(send)
        if not self._request_under_way:
            self._next_request()

    def _next_request(self) -> None:
        self._request_under_way = bool(self._requests)
        if self._requests:
            self._requests.popleft()()

    def _cdc_set_control_line_state(
        self, value: int | None = None, interface_number: int | None = None
    ) -> None:
        if self._out_endpoint < 0:
            return  # no serial port
        if not self._initialized:
            # The last step of the enumeration: DTR and RTS as the port stands now.
            value = 3 if self._port_open else 0
            self._request_under_way = True
        super()._cdc_set_control_line_state(value, interface_number)

    # -- endpoints -------------------------------------------------------------------------------

    def _device_sent(self, endpoint: int, data: bytes | bytearray) -> None:
        was_ready = self._initialized
        self._storage.device_sent(endpoint, data)
        if self._inherited_write is not None:
            self._inherited_write(endpoint, data)
        if len(self._descriptors) == self._descriptors_size:
            self._storage.find(self._descriptors)
        if endpoint == ENDPOINT_ZERO and not data and was_ready:
            self._next_request()

    def _device_listens(self, endpoint: int, size: int) -> None:
        self._storage.device_listens(endpoint, size)
        if endpoint == self._out_endpoint and endpoint > 0:
            self._awaited.append(size)
            self._serve()
        elif self._inherited_read is not None:
            self._inherited_read(endpoint, size)

    def _serve(self) -> None:
        if self._awaited and self._outgoing:
            size = min(self._awaited.popleft(), PACKET_BYTES, len(self._outgoing))
            packet = bytes(self._outgoing.popleft() for _ in range(size))
            self.usb.endpoint_read_done(self._out_endpoint, packet)

    def _on_controller_reset(self) -> None:
        super()._on_controller_reset()
        self._storage.forget()
        self._outgoing.clear()
        self._awaited.clear()
        self._requests.clear()
        self._request_under_way = False
