"""Self-test: the image in flash, a spare block of memory, the processor's sums.

A first round follows each start and ends within 70 s (GIP v1.0, 3.4); from then on a piece of
the image is read each minute and memory and processor are tried every half hour, so that all has
its turn within the hour (3.3). Nothing here waits: delivery goes on beside it.
"""

import binascii

from pump.core import ratio
from pump.core.compat import const

PIECE_BYTES = const(32768)
PIECE_S = const(60)
ROUND_S = const(1800)
# Each bit is a one and a zero, next to its like and next to its opposite.
_PATTERNS = (b"\x00", b"\xff", b"\x55", b"\xaa")
# The check value of CRC-32 in every catalogue of them, and 22 mcg/day of 2000 mcg/mL in nL/h.
_CRC_TEXT = b"123456789"
_CRC_VALUE = const(0xCBF43926)
_RATE = (1375, 3)


def memory_fault(block) -> str:
    """Write patterns to a block of memory and read them back; "" or what is wrong with it."""
    for pattern in _PATTERNS:
        if not _keeps(block, pattern * len(block)):
            return "memory does not keep what is written to it"
    counted = bytes([n * 7 & 255 for n in range(256)]) * (len(block) // 256)
    return "" if _keeps(block, counted) else "memory writes one place to another"


def _keeps(block, pattern) -> bool:
    block[:] = pattern
    return block == pattern


def processor_fault() -> str:
    """Sums whose results are known; "" or what is wrong."""
    is_sound = binascii.crc32(_CRC_TEXT) == _CRC_VALUE
    is_sound = is_sound and ratio.ratio(22 * 1000000, 2000 * 24) == _RATE
    is_sound = is_sound and ratio.scale(_RATE, 3 << 70, 1375) == (1 << 70, 1)
    return "" if is_sound else "sums do not come out right"


class SelfTest:
    """Tests one board beside its delivery.

    Args:
        controller: the Controller, for its alarms and its log.
        image: the image in flash: length_bytes, crc (what it was when it was built), and
            crc_of(from, to, crc so far); None where there is none to be compared.
        spare_block: called without arguments, gives a bytearray of n * 256 bytes to be written to.
    """

    def __init__(self, controller, image, spare_block):
        self._pump = controller
        self._image = image
        self._spare_block = spare_block
        self._at = 0
        self._crc = 0
        self._looked_s = 0
        self._tried_s = None
        # Until the first round is over, a fault is one of the power-on test.
        self.is_first = True

    def look(self, uptime_s: int) -> None:
        """Do what is due."""
        if self._tried_s is None or uptime_s - self._tried_s >= ROUND_S:
            self._tried_s = uptime_s
            self._tell(memory_fault(self._spare_block()) or processor_fault(), uptime_s)
        if self._image is None:
            self.is_first = False
        elif self.is_first or uptime_s - self._looked_s >= PIECE_S:
            self._looked_s = uptime_s
            self._read_piece(uptime_s)

    def _read_piece(self, uptime_s: int) -> None:
        image = self._image
        end = min(self._at + PIECE_BYTES, image.length_bytes)
        self._crc = image.crc_of(self._at, end, self._crc)
        self._at = end
        if end == image.length_bytes:
            fault = "" if self._crc == image.crc else "the firmware in flash has changed"
            self._at = self._crc = 0
            self._tell(fault, uptime_s)
            self.is_first = False

    def _tell(self, fault: str, uptime_s: int) -> None:
        if fault:
            code = "self_test_failed" if self.is_first else "memory_damaged"
            if self._pump.active_alarms.raise_alarm(code, uptime_s, fault):
                self._pump.recorder.fault(code, fault)
