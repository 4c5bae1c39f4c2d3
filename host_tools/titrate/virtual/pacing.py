"""How fast emulated time runs against the wall clock."""

from __future__ import annotations

import time

_NS = 1_000_000_000
_CONVERSATION_NS = _NS // 5
"""A host that sent or got bytes this recently is waiting for an answer, with time-outs."""
_MAX_LAG_NS = 10 * _NS
"""A Pico that falls behind further than this does not try to catch up."""
_SLICE_NS = 10_000_000
_FREE_SLICE_NS = 20_000_000


class Pacing:
    """Says how far to run next.

    `speed` is "real" (one emulated second a second), "max" (as fast as the machine can, but
    never faster than real while a host talks, so that its time-outs mean something), or how many
    times real, as a positive number. ValueError otherwise.
    """

    def __init__(self, speed: str, now_ns: int) -> None:
        self._free = speed == "max"
        try:
            self._factor = 1.0 if speed in ("real", "max") else float(speed)
        except ValueError:
            self._factor = 0.0
        if not 0 < self._factor < float("inf"):
            raise ValueError(f"speed {speed!r} is none: give 'real', 'max' or a positive number")
        self._last_bytes_ns = time.monotonic_ns() - _CONVERSATION_NS
        self._anchor(now_ns)

    def _anchor(self, now_ns: int) -> None:
        self._emulated_ns = now_ns
        self._wall_ns = time.monotonic_ns()

    def next_slice(self, now_ns: int, bytes_moved: bool) -> tuple[int, float]:
        """(nanoseconds to run now, seconds to wait before asking again), one of them 0."""
        wall_ns = time.monotonic_ns()
        if bytes_moved:
            self._last_bytes_ns = wall_ns
        if self._free and wall_ns - self._last_bytes_ns >= _CONVERSATION_NS:
            self._anchor(now_ns)
            return _FREE_SLICE_NS, 0.0
        due_ns = self._emulated_ns + int((wall_ns - self._wall_ns) * self._factor)
        behind_ns = due_ns - now_ns
        if behind_ns > _MAX_LAG_NS * self._factor:
            self._anchor(now_ns)
        if behind_ns > 0:
            return min(behind_ns, int(_SLICE_NS * max(1.0, self._factor))), 0.0
        return 0, min(0.05, max(0.001, -behind_ns / self._factor / _NS))
