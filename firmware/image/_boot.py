# Runs before boot.py: mounts the file system, as MicroPython's own _boot.py does, but only on the
# part of the flash storage that is not the pump's journal.
import sys

import rp2
import vfs
from pump_board import JOURNAL_SECTORS, SECTOR_BYTES

# Frozen modules come first, so that a file left on the board cannot stand in for the code that
# pump_image.SOURCE_DIGEST vouches for.
sys.path.remove(".frozen")
sys.path.insert(0, ".frozen")

# The journal lies below this start and is out of reach of the file system, also when it is made.
_storage = rp2.Flash(start=JOURNAL_SECTORS * SECTOR_BYTES)
try:
    # The flash takes whole pages of 256 bytes.
    _files = vfs.VfsLfs2(_storage, progsize=256)
except OSError:
    vfs.VfsLfs2.mkfs(_storage, progsize=256)
    _files = vfs.VfsLfs2(_storage, progsize=256)
vfs.mount(_files, "/")

del rp2, sys, vfs, JOURNAL_SECTORS, SECTOR_BYTES, _storage, _files
