"""An SSD1306 display of 128 x 64 dots on I2C, written in bands of two of its pages.

Commands as in Solomon Systech's datasheet SSD1306 rev 1.1, tables 9-1 and 10-1, and its application
note for the charge pump. A page goes in one transfer of 3.4 ms, so none holds up what else is due.
"""

import framebuf
from micropython import const

from pump.core.display import BIG, INVERTED, SMALL

ADDRESSES = (0x3C, 0x3D)  # by the level of its SA0
_COLUMNS = const(128)
_FONT = const(8)
_COMMANDS = const(0x00)  # control byte: commands follow, to the end
_COMMAND = const(0x80)  # one command follows, then another control byte
_DATA = const(0x40)  # what follows is for its memory
_PAGE = const(0xB0)
_HEADER_BYTES = const(7)
# Off, charge pump on, dots as modules have them wired, upright, on.
_BEGIN = bytes(
    (
        _COMMANDS,
        0xAE,  # off while it is set up
        0xD5,
        0x80,  # clock as after reset
        0xA8,
        0x3F,  # 64 rows
        0xD3,
        0x00,  # no offset
        0x40,  # first line
        0x8D,
        0x14,  # charge pump: modules have no other supply for the panel
        0x20,
        0x02,  # page addressing
        0xA1,  # left and right as modules are mounted
        0xC8,  # top and bottom
        0xDA,
        0x12,  # rows alternate between the two sides of the panel
        0x81,
        0x7F,  # contrast
        0xD9,
        0xF1,  # pre-charge for the charge pump
        0xDB,
        0x20,
        0xA4,  # show the memory
        0xA6,  # a one is lit
    )
)
_ON = bytes((_COMMANDS, 0xAF))
OFF = bytes((_COMMANDS, 0xAE))
# The four dots of half a byte, each doubled.
_DOUBLED = bytes(
    (
        0x00,
        0x03,
        0x0C,
        0x0F,
        0x30,
        0x33,
        0x3C,
        0x3F,
        0xC0,
        0xC3,
        0xCC,
        0xCF,
        0xF0,
        0xF3,
        0xFC,
        0xFF,
    )
)


class Ssd1306:
    """One display.

    Args:
        bus: I2cBus.
        address: one of ADDRESSES.
    """

    def __init__(self, bus, address: int):
        self._bus = bus
        self._address = address
        self._line = bytearray(_COLUMNS)
        self._canvas = framebuf.FrameBuffer(self._line, _COLUMNS, _FONT, framebuf.MONO_VLSB)
        # Page, then column 0 in two halves, then the dots.
        self._page = bytearray(_HEADER_BYTES + _COLUMNS)
        for at in (0, 2, 4):
            self._page[at] = _COMMAND
        self._page[5] = 0x10
        self._page[6] = _DATA

    def begin(self) -> bool:
        """Set it up, all dark until it is written; returns whether it took that."""
        write = self._bus.write
        if not write(self._address, _BEGIN):
            return False
        for at in range(_HEADER_BYTES, _HEADER_BYTES + _COLUMNS):
            self._page[at] = 0
        for page in range(_FONT):
            if not self._send(page):
                return False
        return write(self._address, _ON)

    def show(self, band: int, style: int, text: str) -> bool:
        """Write a band, see core/display.py; returns whether it took that.

        Args:
            band: 0 to 3 from the top.
        """
        if style & SMALL:
            upper, _, lower = text.partition("\n")
            return self._small(2 * band, upper, style) and self._small(2 * band + 1, lower, style)
        self._write(text, style)
        columns = 2 if style & ~INVERTED == BIG else 1
        for half in range(2):
            at = _HEADER_BYTES
            for column in range(_COLUMNS // columns):
                dots = _DOUBLED[self._line[column] >> 4 * half & 15]
                for _ in range(columns):
                    self._page[at] = dots
                    at += 1
            if not self._send(2 * band + half):
                return False
        return True

    def _small(self, page: int, text: str, style: int) -> bool:
        self._write(text, style)
        self._page[_HEADER_BYTES:] = self._line
        return self._send(page)

    def _write(self, text: str, style: int) -> None:
        """Text in the font's own size on the line."""
        lit = 0 if style & INVERTED else 1
        self._canvas.fill(1 - lit)
        self._canvas.text(text, 0, 0, lit)

    def _send(self, page: int) -> bool:
        self._page[1] = _PAGE | page
        return self._bus.write(self._address, self._page)
