"""The drive that the RP2040's boot ROM shows, block by block, as a computer uses it.

What it shows is made up by the ROM itself; what is written is taken for blocks of a UF2 file
wherever it is written to. When the last block of an image has come, the chip restarts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from titrate.virtual.pico import MS, SECOND, VirtualPico

BLOCK_BYTES = 512
_LIMIT_NS = 10 * SECOND
_READ_10, _WRITE_10 = 0x28, 0x2A
_FIRST_PARTITION = 454  # where a master boot record says at which block it begins
# Where a FAT has its geometry (Microsoft, "FAT: General Overview of On-Disk Format", 1.03).
_RESERVED_BLOCKS, _FAT_BLOCKS, _BLOCKS_PER_CLUSTER = 14, 22, 13
_ENTRY_BYTES = 32
_FIRST_CLUSTER = 2


class BootDrive:
    """The drive of a virtual Pico whose boot ROM waits for firmware."""

    def __init__(self, pico: VirtualPico) -> None:
        self._pico = pico

    @property
    def found(self) -> bool:
        """Whether the boot ROM shows its drive."""
        return self._pico.powered and self._pico.chip.storage.found

    def read(self, block: int, count: int = 1) -> bytes:
        """Read blocks of 512 bytes."""
        scsi = struct.pack(">BBIBHB", _READ_10, 0, block, 0, count, 0)
        return self._command(scsi, answer_bytes=count * BLOCK_BYTES)

    def write(self, block: int, data: bytes) -> None:
        """Write whole blocks of 512 bytes."""
        count = len(data) // BLOCK_BYTES
        self._command(struct.pack(">BBIBHB", _WRITE_10, 0, block, 0, count, 0), data)

    def files(self) -> dict[str, bytes]:
        """The files in the drive's root folder, each no longer than a cluster."""
        (begin,) = struct.unpack_from("<I", self.read(0), _FIRST_PARTITION)
        boot = self.read(begin)
        reserved, fats, entries = struct.unpack_from("<HBH", boot, _RESERVED_BLOCKS)
        (fat_blocks,) = struct.unpack_from("<H", boot, _FAT_BLOCKS)
        root = begin + reserved + fats * fat_blocks
        root_blocks = entries * _ENTRY_BYTES // BLOCK_BYTES
        listing = self.read(root, root_blocks)
        found = {}
        for at in range(0, len(listing), _ENTRY_BYTES):
            name, suffix, attributes = struct.unpack_from("<8s3sB", listing, at)
            cluster, size = struct.unpack_from("<HI", listing, at + 26)
            if name[0] and size and not attributes & 8:
                first = root + root_blocks + (cluster - _FIRST_CLUSTER) * boot[_BLOCKS_PER_CLUSTER]
                content = self.read(first, -(-size // BLOCK_BYTES))[:size]
                found[f"{name.decode().strip()}.{suffix.decode().strip()}"] = content
        return found

    def _command(self, scsi: bytes, data: bytes = b"", answer_bytes: int = 0) -> bytes:
        storage = self._pico.chip.storage
        self._wait(lambda: storage.ready)
        storage.begin(scsi, data, answer_bytes)
        self._wait(lambda: not storage.busy)
        return storage.finish()

    def _wait(self, done: Callable[[], bool]) -> None:
        if not self._pico.run_until(done, _LIMIT_NS, MS // 10):
            raise TimeoutError("the drive of the virtual Pico did not answer within 10 s")
