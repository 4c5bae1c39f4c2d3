"""Sectors as files, for a stock MicroPython whose whole storage area is a file system.

littlefs writes a file anew before it lets go of the old one, so what a power cut leaves of
a write is all of it or nothing. It spreads wear over the free blocks by itself: each
write takes one erase, and a record a minute for ten years, 5.3 million of them over some
200 free blocks, is 27,000 erases a block.
"""

import os

from pump.core.sectors import SECTOR_BYTES, FlashError, FlashFull, Sectors

_NO_SPACE = 28  # ENOSPC
_BLANK = b"\xff" * 64


class FileSectors(Sectors):
    """One file a sector, no longer than what was written to it; the rest counts as erased.

    Args:
        folder: where they are kept; made when it is not there.
        sector_count: how many sectors there are.

    Raises:
        FlashError: the folder cannot be made.
    """

    is_atomic = True

    def __init__(self, folder: str, sector_count: int):
        self._folder = folder
        self.sector_count = sector_count
        try:
            names = os.listdir(folder)
        except OSError:
            names = []
            try:
                os.mkdir(folder)
            except OSError as error:
                raise _failure(error)
        # Sectors of which there is a file: a blank one is told without looking.
        self._used: set[str] = set()
        for name in names:
            self._used.add(name)

    def erase(self, sector: int) -> None:
        """See Sectors.erase()."""
        self.check(sector, 0, SECTOR_BYTES)
        name = self._name(sector)
        if name not in self._used:
            return
        try:
            os.remove(self._folder + "/" + name)
        except OSError as error:
            raise _failure(error)
        self._used.remove(name)

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """See Sectors.program()."""
        self.check(sector, offset, len(data))
        path = self._folder + "/" + self._name(sector)
        is_new = self._name(sector) not in self._used
        before = bytearray(len(data))
        self.read_into(sector, offset, before)
        after = bytearray(len(data))
        for i in range(len(data)):
            after[i] = before[i] & data[i]
        if after == before and not is_new:
            # Nothing to make firm here: a file holds what it holds.
            return
        try:
            with open(path, "w+b" if is_new else "r+b") as file:
                end = file.seek(0, 2)
                while end < offset:
                    end += file.write(_BLANK[: offset - end])
                file.seek(offset)
                file.write(after)
        except OSError as error:
            raise _failure(error)
        self._used.add(self._name(sector))

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        """See Sectors.read_into()."""
        self.check(sector, offset, len(buffer))
        name = self._name(sector)
        if name in self._used:
            try:
                self._read(name, offset, buffer)
            except OSError as error:
                raise _failure(error)
        else:
            _fill(buffer, 0)

    def _read(self, name: str, offset: int, buffer: bytearray | memoryview) -> None:
        with open(self._folder + "/" + name, "rb") as file:
            file.seek(offset)
            count = file.readinto(buffer)
        _fill(buffer, count)

    def _name(self, sector: int) -> str:
        return f"{sector:03}"


def _fill(buffer: bytearray | memoryview, start: int) -> None:
    """Set a buffer to 0xFF from an index on."""
    while start < len(buffer):
        end = min(start + len(_BLANK), len(buffer))
        buffer[start:end] = _BLANK[: end - start]
        start = end


def _failure(error: OSError) -> FlashError:
    if error.errno == _NO_SPACE:
        return FlashFull("The file system has no room left: remove other files from the board.")
    return FlashError(f"The file system failed with error {error.errno}: {error}.")
