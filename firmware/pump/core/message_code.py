"""HMAC-SHA-256 (RFC 2104, FIPS 198-1): whether a message comes from who has the key.

MicroPython has SHA-256 but not this.
"""

import hashlib

from pump.core.compat import const

_BLOCK_BYTES = const(64)


def of(key: bytes, message: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA-256.

    Args:
        key: at most 64 bytes, which the RFC takes as they are.
        message: any bytes.
    """
    inner = hashlib.sha256(_padded(key, 0x36))
    inner.update(message)
    outer = hashlib.sha256(_padded(key, 0x5C))
    outer.update(inner.digest())
    return outer.digest()


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two texts of bytes are the same, told in a time that does not tell where not."""
    differs = len(one) ^ len(other)
    for index in range(min(len(one), len(other))):
        differs |= one[index] ^ other[index]
    return differs == 0


def _padded(key: bytes, pad: int) -> bytes:
    block = bytearray(key) + bytes(_BLOCK_BYTES - len(key))
    return bytes([byte ^ pad for byte in block])
