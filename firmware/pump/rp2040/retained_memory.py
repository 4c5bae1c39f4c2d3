"""Memory that keeps what it holds across a soft reset and a watchdog reset.

Neither reset clears the RP2040's RAM, but MicroPython builds its heap anew, from
the bottom up. So this block is placed at the very top of the heap, where nothing
is put until the heap is nearly full, and its address is left in a watchdog
scratch register for the next boot. DMA goes on reading words and counting edges
there until that boot has taken over.

Layout in 32-bit numbers: the ring of words (aligned to its size, as the DMA's
address ring insists), the witness's count, the instant of the last feeding of
the watchdog, and two copies of a text with check sum that take turns.
"""

import gc
from binascii import crc32

import machine
import uctypes
from micropython import const

from pump.core.word_ring import RING_BYTES
from pump.rp2040.registers import WATCHDOG_SCRATCH0

WITNESS_INDEX = const(512)  # after the ring, two numbers a word
_FED_INDEX = const(513)
_TEXT_INDEX = const(516)
_TEXT_BYTES = const(1280)
_BYTES = const(4624)
# The block is this near to the heap's top: small gaps below it count as free memory too.
_TOP_BYTES = const(16384)
_ADDRESS_MASK = const(0x2003FFFF)


def _numbers_at(address: int):
    return uctypes.struct(address, (uctypes.ARRAY | 0, _TEXT_INDEX | uctypes.UINT32))


class RetainedMemory:
    """The block at an address.

    Attributes:
        numbers: the ring and the counters, as an array of unsigned 32-bit numbers.
        address: where the ring begins.
    """

    def __init__(self, address: int, block=None):
        self.address = address
        self.numbers = _numbers_at(address)
        self._block = block  # keeps the memory from being collected
        self._turn = 0
        self._sequence = 0

    def witness_address(self) -> int:
        """Where the witness's count is written by DMA."""
        return self.address + 4 * WITNESS_INDEX

    def witnessed(self) -> int:
        """The witness's count."""
        return self.numbers[WITNESS_INDEX]

    def save_text(self, text: str) -> None:
        """Keep a text of at most 1264 ASCII characters; the copy before stays whole meanwhile."""
        data = text.encode()
        if len(data) > _TEXT_BYTES - 16:
            raise ValueError("too long to retain")
        self._sequence = (self._sequence + 1) & 0xFFFFFF
        header = "%06x%04x%08x" % (self._sequence, len(data), crc32(data))
        place = self._text_at(self._turn)
        place[0:18] = b"\0" * 18
        place[18 : 18 + len(data)] = data
        place[0:18] = header.encode()
        self._turn ^= 1

    def read_text(self):
        """The last whole text that was kept, or None."""
        newest = None
        for turn in (0, 1):
            place = self._text_at(turn)
            try:
                sequence = int(bytes(place[0:6]).decode(), 16)
                length = int(bytes(place[6:10]).decode(), 16)
                check = int(bytes(place[10:18]).decode(), 16)
            except (ValueError, UnicodeError):
                continue
            if length > _TEXT_BYTES - 18:
                continue
            data = bytes(place[18 : 18 + length])
            if crc32(data) == check and (newest is None or sequence > newest[0]):
                newest = (sequence, data.decode())
        return None if newest is None else newest[1]

    def note_fed(self, timer_us: int) -> None:
        """Keep the timer's reading at which the watchdog was fed, in microseconds."""
        self.numbers[_FED_INDEX] = timer_us >> 30
        self.numbers[_FED_INDEX + 1] = timer_us & 0x3FFFFFFF

    def fed_us(self) -> int:
        """What note_fed() kept."""
        return (self.numbers[_FED_INDEX] << 30) | self.numbers[_FED_INDEX + 1]

    def announce(self) -> None:
        """Leave the address for the next boot."""
        machine.mem32[WATCHDOG_SCRATCH0] = self.address

    def _text_at(self, turn: int):
        place = self.address + 4 * _TEXT_INDEX + turn * _TEXT_BYTES
        return memoryview(uctypes.bytearray_at(place, _TEXT_BYTES))


def reserve() -> RetainedMemory:
    """Take the block at the top of the heap; its contents are zero.

    Raises:
        MemoryError: there is no room for it.
    """
    gc.collect()
    size = _BYTES + RING_BYTES
    filler_bytes = gc.mem_free() - size - _TOP_BYTES
    block = None
    while block is None:
        filler = None
        try:
            filler = bytearray(filler_bytes)
            block = bytearray(size)
        except MemoryError:
            if filler_bytes < _TOP_BYTES:
                raise
            filler_bytes -= _TOP_BYTES
    del filler
    gc.collect()
    address = uctypes.addressof(block)
    address += -address % RING_BYTES
    return RetainedMemory(address, block)


def from_last_boot():
    """The block that the boot before this one left behind, or None when it left no address."""
    address = machine.mem32[WATCHDOG_SCRATCH0]
    if address != address & _ADDRESS_MASK or address < 0x20000000 or address % RING_BYTES:
        return None
    if address + _BYTES > 0x20040000:
        return None
    return RetainedMemory(address)


def forget() -> None:
    """Take back the announcement: nothing is left for the next boot."""
    machine.mem32[WATCHDOG_SCRATCH0] = 0
