"""An SSD1306 display of 128 x 64 dots on I2C: its memory, and what can be seen of it.

Commands as in Solomon Systech's datasheet SSD1306 rev 1.1, tables 9-1 and 10-1, and its application
note on the charge pump. Scrolling is not emulated.
"""

from __future__ import annotations

import random
import struct
import zlib

from titrate.virtual.devices.i2c_device import I2cDevice

WIDTH, HEIGHT = 128, 64
_PAGES = 8
# Commands of more bytes than one: how many follow.
_FOLLOWING = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x26: 6,
    0x27: 6,
    0x29: 5,
    0x2A: 5,
    0x81: 1,
    0x8D: 1,
    0xA3: 2,
    0xA8: 1,
    0xD3: 1,
    0xD5: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}
_MODE_HORIZONTAL, _MODE_VERTICAL, _MODE_PAGE = 0, 1, 2


class Ssd1306(I2cDevice):
    """The display, at 0x3C or 0x3D. `seed` decides what its memory holds after power on.

    `writes` counts the bytes that came into its memory.
    """

    def __init__(self, address: int = 0x3C, seed: int = 0) -> None:
        super().__init__(address)
        self._random = random.Random(seed)
        self.writes = 0
        self.power(True)

    def power(self, is_on: bool) -> None:
        self._memory = bytearray(self._random.randbytes(WIDTH * _PAGES))
        self.is_on = False
        self._has_pump = False
        self._all_on = False
        self._is_inverse = False
        self._is_remapped = False
        self._is_upside_down = False
        self._start_line = 0
        self._offset = 0
        self._rows = HEIGHT
        self._pins = 0x12
        self.contrast = 0x7F
        self._mode = _MODE_PAGE
        self._columns = (0, WIDTH - 1)
        self._page_range = (0, _PAGES - 1)
        self._column = self._page = 0
        self._command: list[int] = []
        self._control: int | None = None

    # -- what can be seen ------------------------------------------------------------------------

    def dots(self) -> list[list[int]]:
        """The picture as a person sees it on a module, 64 rows of 128 dots, 1 is lit."""
        if not (self.is_on and self._has_pump):
            return [[0] * WIDTH for _ in range(HEIGHT)]
        return [[self._dot(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]

    def _dot(self, x: int, y: int) -> int:
        if self._all_on:
            return 1
        # Modules have their glass so that both remaps together show the memory upright.
        row = y if self._is_upside_down else HEIGHT - 1 - y
        if row >= self._rows or self._pins != 0x12:
            return 0
        row = (row + self._start_line + self._offset) % HEIGHT
        # The segment remap is done as the memory is written.
        bit = self._memory[row // 8 * WIDTH + WIDTH - 1 - x] >> row % 8 & 1
        return bit ^ self._is_inverse

    def text(self) -> str:
        """The picture as 32 lines of 128 characters, two rows of dots in a line."""
        dots = self.dots()
        blocks = " ▀▄█"
        return "\n".join(
            "".join(
                blocks[upper | lower << 1]
                for upper, lower in zip(dots[y], dots[y + 1], strict=True)
            )
            for y in range(0, HEIGHT, 2)
        )

    def png(self, scale: int = 4) -> bytes:
        """The picture as a PNG, `scale` pixels to a dot, light on dark."""
        rows = []
        for row in self.dots():
            line = b"".join((b"\xf0" if dot else b"\x10") * scale for dot in row)
            rows.append((b"\0" + line) * scale)
        header = struct.pack(">IIBBBBB", WIDTH * scale, HEIGHT * scale, 8, 0, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(b"".join(rows)))
            + _chunk(b"IEND", b"")
        )

    # -- the bus ---------------------------------------------------------------------------------

    def begin(self, is_read: bool) -> bool:
        self._control = None
        return super().begin(is_read) and not is_read

    def write(self, value: int) -> bool:
        if self.is_silent:
            return False
        if self._control is None:
            self._control = value
        else:
            if self._control & 0x40:
                self._take_data(value)
            else:
                self._take_command(value)
            if self._control & 0x80:
                # One byte only; another control byte follows it.
                self._control = None
        return True

    def _take_data(self, value: int) -> None:
        self.writes += 1
        column = WIDTH - 1 - self._column if self._is_remapped else self._column
        self._memory[self._page * WIDTH + column] = value
        first, last = self._columns
        if self._mode == _MODE_PAGE:
            self._column = (self._column + 1) % WIDTH
        elif self._mode == _MODE_HORIZONTAL:
            self._column = first if self._column == last else self._column + 1
            if self._column == first:
                self._next_page()
        else:
            page = self._page
            self._next_page()
            if page == self._page_range[1]:
                self._column = first if self._column == last else self._column + 1

    def _next_page(self) -> None:
        first, last = self._page_range
        self._page = first if self._page == last else (self._page + 1) % _PAGES

    def _take_command(self, value: int) -> None:
        self._command.append(value)
        if len(self._command) > _FOLLOWING.get(self._command[0], 0):
            command, self._command = self._command, []
            self._do(command[0], command[1:])

    def _do(self, command: int, values: list[int]) -> None:
        if command < 0x10:
            self._column = self._column & 0x70 | command
        elif command < 0x20:
            self._column = self._column & 0x0F | (command & 7) << 4
        elif command == 0x20:
            self._mode = values[0] & 3
        elif command == 0x21:
            self._columns = (values[0] & 127, values[1] & 127)
            self._column = self._columns[0]
        elif command == 0x22:
            self._page_range = (values[0] & 7, values[1] & 7)
            self._page = self._page_range[0]
        elif 0x40 <= command < 0x80:
            self._start_line = command & 63
        elif command == 0x81:
            self.contrast = values[0]
        elif command == 0x8D:
            self._has_pump = bool(values[0] & 4)
        elif command in (0xA0, 0xA1):
            self._is_remapped = command == 0xA1
        elif command in (0xA4, 0xA5):
            self._all_on = command == 0xA5
        elif command in (0xA6, 0xA7):
            self._is_inverse = command == 0xA7
        elif command == 0xA8:
            self._rows = (values[0] & 63) + 1
        elif command in (0xAE, 0xAF):
            self.is_on = command == 0xAF
        elif 0xB0 <= command < 0xB8:
            self._page = command & 7
        elif command in (0xC0, 0xC8):
            self._is_upside_down = command == 0xC8
        elif command == 0xD3:
            self._offset = values[0] & 63
        elif command == 0xDA:
            self._pins = values[0]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
