"""How large this interpreter's small integers and floats are, found by trying."""

import micropython


def small_integer_bits() -> int:
    """The n of the largest small integer 2**n - 1: beyond it a sum needs memory."""
    for bits in range(8, 64):
        largest = (1 << bits) - 1
        micropython.heap_lock()
        try:
            largest + 1
        except MemoryError:
            return bits
        finally:
            micropython.heap_unlock()
    return 64


def float_bits() -> int:
    """The n of the first 2**n to which a float cannot add 1."""
    for bits in range(8, 64):
        power = float(1 << bits)
        if power + 1.0 == power:
            return bits
    return 64
