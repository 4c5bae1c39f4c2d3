"""Records of what happened on pins, kept small enough for a day of stepping."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence


class EdgeLog(Sequence[tuple[int, int]]):
    """Edges as pairs (time in nanoseconds, level), oldest first; 9 bytes each."""

    def __init__(self) -> None:
        self._times_ns = array("q")
        self._levels = bytearray()

    def append(self, t_ns: int, level: int) -> None:
        """Add an edge at `t_ns`; times never go back."""
        self._times_ns.append(t_ns)
        self._levels.append(level)

    def clear(self) -> None:
        """Forget everything so far."""
        del self._times_ns[:]
        self._levels.clear()

    def times_ns(self) -> Sequence[int]:
        """The times alone."""
        return self._times_ns

    def __len__(self) -> int:
        return len(self._times_ns)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # two overloads of Sequence
        if isinstance(index, slice):
            return list(zip(self._times_ns[index], self._levels[index], strict=True))
        return self._times_ns[index], self._levels[index]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._times_ns, self._levels, strict=True)


class StepLog(EdgeLog):
    """Rising edges of the STEP pin as pairs (time in nanoseconds, level of DIR then)."""
