"""An endpoint with two buffers and an interrupt for each, as the RP2040's boot ROM uses them.

The chip takes them in turn, so that the CPU fills or empties one while the other is on the wire
(RP2040 datasheet 4.1.2.5). rp2040py knows two buffers only where one interrupt tells of both.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from rp2040py.peripherals.usb import (
    USB_BUF1_OFFSET,
    USB_BUF1_SHIFT,
    USB_BUF_CTRL_AVAILABLE,
    USB_BUF_CTRL_FULL,
    USB_BUF_CTRL_LEN_MASK,
)

_BUFFERS = (0, 1)


class BufferPair:
    """The two buffers of one endpoint in one direction.

    `usb` is the chip's USB block, `control_at` where in its memory their control word lies,
    `packet_ns` how long a packet takes.
    """

    def __init__(
        self, usb: Any, endpoint: int, is_out: bool, control_at: int, packet_ns: int
    ) -> None:
        self._usb = usb
        self._endpoint = endpoint
        self._is_out = is_out
        self._control_at = control_at
        self._packet_ns = packet_ns
        self._status_bit = 1 << (endpoint * 2 + is_out)
        self._offered: deque[int] = deque()
        self._packets: deque[bytes] = deque()  # from the host
        self._is_under_way = False
        self._alarm = usb.rp2040.clock.create_alarm(self._done)

    def cancel(self) -> None:
        """The chip is reset."""
        self._alarm.cancel()

    def updated(self, control: int) -> None:
        """The CPU has written the control word."""
        for buffer in _BUFFERS:
            half = control >> USB_BUF1_SHIFT * buffer
            if not half & USB_BUF_CTRL_AVAILABLE:
                if buffer in self._offered:
                    self._offered.remove(buffer)
            elif buffer not in self._offered:
                self._offered.append(buffer)
                if self._is_out:
                    self._usb.on_endpoint_read(self._endpoint, half & USB_BUF_CTRL_LEN_MASK)
        self.go()

    def take(self, packet: bytes) -> None:
        """The host sends a packet."""
        self._packets.append(packet)
        self.go()

    def go(self) -> None:
        """Begin the next packet once the CPU has seen to the one before."""
        is_seen_to = not self._usb.buffer_status & self._status_bit
        has_packet = self._packets or not self._is_out
        if self._offered and has_packet and is_seen_to and not self._is_under_way:
            self._is_under_way = True
            self._alarm.schedule(self._packet_ns)

    def _done(self) -> None:
        self._is_under_way = False
        if not self._offered:
            return
        buffer = self._offered.popleft()
        memory = self._usb.rp2040.usb_dpram
        data_at = self._usb.buffer_at(self._endpoint, self._is_out) + USB_BUF1_OFFSET * buffer
        control_at = self._control_at + 2 * buffer
        control = int.from_bytes(memory[control_at : control_at + 2], "little")
        control &= ~(USB_BUF_CTRL_AVAILABLE | USB_BUF_CTRL_FULL)
        if self._is_out:
            packet = self._packets.popleft()
            memory[data_at : data_at + len(packet)] = packet
            control = control & ~USB_BUF_CTRL_LEN_MASK | len(packet) | USB_BUF_CTRL_FULL
        length = control & USB_BUF_CTRL_LEN_MASK
        sent = bytes(memory[data_at : data_at + length])
        memory[control_at : control_at + 2] = control.to_bytes(2, "little")
        self._usb.buffer_done(self._endpoint, self._is_out, buffer)
        if not self._is_out:
            self._usb.on_endpoint_write(self._endpoint, sent)
        self.go()
