"""The one file that knows which interpreter it runs on."""

try:
    from micropython import const, heap_lock, heap_unlock
except ImportError:  # CPython, and MicroPython builds without a heap lock
    try:
        from micropython import const
    except ImportError:

        def const(value):
            """Return the value; MicroPython's compiler folds it instead."""
            return value

    def heap_lock():
        """Nothing to lock here; on the Pico any allocation until heap_unlock() fails."""
        return 0

    def heap_unlock():
        """The counterpart of heap_lock()."""
        return 0
