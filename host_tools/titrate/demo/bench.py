"""A virtual Pico on a pty, with someone at the other end of the cable."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from titrate.virtual.pico import MS, SECOND, VirtualPico
from titrate.virtual.pty_bridge import PtyBridge

Result = TypeVar("Result")

BOOT_LIMIT_NS = 10 * SECOND
# From USB being ready until boot.py and main.py have done their work.
_SETTLE_NS = 600 * MS
_SLICE_NS = 1 * MS
_RUN_SLICE_NS = 250 * MS


class Bench:
    """Runs the firmware `uf2`; its serial port is at `port`."""

    def __init__(self, uf2: Path):
        self.pico = VirtualPico(uf2)
        self._bridge = PtyBridge(self.pico)
        self._host = ThreadPoolExecutor(1)

    @property
    def port(self) -> str:
        """Name of the serial port."""
        return self._bridge.path

    def boot(self) -> None:
        """Switch the Pico on and wait until it is on USB.

        Raises:
            TimeoutError: it is not after 10 s of its own time.
        """
        self.pico.power_on()
        if not self.pico.run_until(lambda: self.pico.usb_ready, BOOT_LIMIT_NS, 10 * MS):
            raise TimeoutError("the firmware did not appear on USB within 10 s of its own time")
        self.pico.run_for(_SETTLE_NS)

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call what talks through the port, and let the Pico run until it returns.

        The Pico's time runs as fast as it can be computed, but not faster than the wall's: what
        the host does takes time too.
        """
        future: Future[Result] = self._host.submit(function, *arguments)
        before_ns = time.monotonic_ns()
        while not future.done():
            self._bridge.exchange()
            now_ns = time.monotonic_ns()
            self.pico.run_for(min(now_ns - before_ns, _SLICE_NS))
            before_ns = now_ns
            if not self.pico.chip.usb.pending_bytes:
                self._bridge.wait(0.001)
        return future.result()

    def run_to(self, at_ns: int, tell: Callable[[int], None] = lambda now_ns: None) -> None:
        """Run to a time of the Pico; `tell` is given the time now and then."""
        while self.pico.now_ns < at_ns:
            self.pico.run_for(min(_RUN_SLICE_NS, at_ns - self.pico.now_ns))
            self._bridge.exchange()
            tell(self.pico.now_ns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whoever still waits for an answer sees the line go down.
        self._bridge.close()
        self._host.shutdown(wait=True)
        self.pico.power_off()
