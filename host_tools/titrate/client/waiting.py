"""Waiting for a pump that restarts."""

import time

from titrate.client.errors import NoAnswer
from titrate.client.pump import Pump

_BETWEEN_S = 0.5


def wait_for_pump(port: str | None, limit_s: float) -> Pump:
    """Connect as soon as a pump answers.

    Args:
        port: device name, or None for the only pump found.
        limit_s: how long to try, in seconds.

    Raises:
        NoAnswer: none did; what the last try said.
    """
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return Pump.connect(port)
        except NoAnswer:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_BETWEEN_S)
