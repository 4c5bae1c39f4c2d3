"""The USB host's side of a mass storage device: the drive that the RP2040's boot ROM shows.

SCSI commands in USB's bulk-only transport (USB Mass Storage Class, Bulk-Only Transport 1.0).
One command at a time.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence

from rp2040py.peripherals.usb import RPUSBController
from rp2040py.usb.interfaces import DescriptorType

_INTERFACE_BYTES = 9
_ENDPOINT_BYTES = 7
_STORAGE_CLASS = 8
_BULK = 2
_FROM_DEVICE = 0x80
_PACKET_BYTES = 64

_COMMAND = struct.Struct("<4sIIBBB16s")
_STATUS = struct.Struct("<4sIIB")


class UsbStorageHost:
    """A host that talks to the mass storage interface of a device, if it has one.

    `usb` is the chip's USB block.
    """

    def __init__(self, usb: RPUSBController) -> None:
        self._usb = usb
        self.forget()

    def forget(self) -> None:
        """The device has left the bus."""
        self._in_endpoint = self._out_endpoint = -1
        self._tag = 0
        self._awaited: deque[int] = deque()
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._expected_bytes = 0

    def find(self, descriptors: Sequence[int]) -> None:
        """Take the endpoints from the configuration that the device described."""
        at, is_storage = 0, False
        while at + 1 < len(descriptors) and descriptors[at]:
            length, kind = descriptors[at], descriptors[at + 1]
            if kind == DescriptorType.INTERFACE and length == _INTERFACE_BYTES:
                is_storage = descriptors[at + 5] == _STORAGE_CLASS
            elif kind == DescriptorType.ENDPOINT and length == _ENDPOINT_BYTES and is_storage:
                address, attributes = descriptors[at + 2 : at + 4]
                if attributes & 3 == _BULK and address & _FROM_DEVICE:
                    self._in_endpoint = address & 0xF
                elif attributes & 3 == _BULK:
                    self._out_endpoint = address
            at += length

    @property
    def found(self) -> bool:
        """Whether the device has a drive; it may yet be busy."""
        return self._out_endpoint >= 0

    @property
    def ready(self) -> bool:
        """Whether there is a drive that waits for a command."""
        return bool(self._awaited) and not self.busy

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._expected_bytes > 0

    def begin(self, scsi: bytes, data: bytes = b"", answer_bytes: int = 0) -> None:
        """Send a SCSI command, with data to go with it or an answer of so many bytes to come."""
        if not self.ready:
            raise RuntimeError("the virtual Pico shows no drive that waits for a command")
        self._tag += 1
        way = _FROM_DEVICE if answer_bytes else 0
        size = answer_bytes or len(data)
        self._outgoing += _COMMAND.pack(b"USBC", self._tag, size, way, 0, len(scsi), scsi)
        self._incoming.clear()
        self._expected_bytes = answer_bytes + _STATUS.size
        # The command is a packet of its own.
        self._serve(_COMMAND.size)
        self._outgoing += data
        self._serve()

    def finish(self) -> bytes:
        """The answer to the command that is done; RuntimeError when the device failed it."""
        answer, status = self._incoming[: -_STATUS.size], self._incoming[-_STATUS.size :]
        found = _STATUS.unpack(status)
        if found != (b"USBS", self._tag, 0, 0):
            raise RuntimeError(f"the drive of the virtual Pico failed a command: {found}")
        return bytes(answer)

    def device_sent(self, endpoint: int, data: bytes | bytearray) -> None:
        """A packet has arrived from the device."""
        if endpoint == self._in_endpoint and self.busy:
            self._incoming += data
            if len(self._incoming) >= self._expected_bytes:
                self._expected_bytes = 0

    def device_listens(self, endpoint: int, size: int) -> None:
        """The device has a buffer of `size` bytes for a packet."""
        if endpoint == self._out_endpoint:
            self._awaited.append(size)
            self._serve()

    def _serve(self, most_bytes: int = _PACKET_BYTES) -> None:
        while self._awaited and self._outgoing:
            size = min(self._awaited.popleft(), most_bytes, len(self._outgoing))
            packet = bytes(self._outgoing[:size])
            del self._outgoing[:size]
            self._usb.endpoint_read_done(self._out_endpoint, packet)
