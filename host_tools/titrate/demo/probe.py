"""What a debug probe reads off the running chip: when its timer began, what the pump keeps in RAM.

The pump answers from which tick of its clock a request holds. How that clock lies against the
virtual Pico's time is found here, exactly; nothing is inferred from the edges themselves.
"""

from __future__ import annotations

import re
from binascii import crc32
from fractions import Fraction

from pump.core.retained import RetainedState
from titrate.virtual.pico import MS, VirtualPico

_RAM = range(0x2000_0000, 0x2004_2000, 4)
_TIMERAWH = 0x4005_4024
_TIMERAWL = 0x4005_4028
_US_NS = 1000
_TICK_NS = 8
# The pump keeps its state as sequence number, length and check sum in hexadecimal, then a text.
_KEPT = re.compile(rb"([0-9a-f]{6})([0-9a-f]{4})([0-9a-f]{8})")
_TRIES = 20


def timer_zero_ns(pico: VirtualPico) -> int:
    """When the chip's microsecond timer was 0, in the virtual Pico's time.

    The timer is looked at for a microsecond, cycle by cycle: where it advances gives the phase.

    Raises:
        RuntimeError: it did not behave like a timer.
    """
    earliest, latest = -(1 << 80), 1 << 80
    for _ in range(_US_NS // _TICK_NS + 1):
        now_ns = pico.now_ns
        count_us = pico.peek(_TIMERAWH) << 32 | pico.peek(_TIMERAWL)
        earliest = max(earliest, now_ns - (count_us + 1) * _US_NS + 1)
        latest = min(latest, now_ns - count_us * _US_NS)
        pico.run_for(_TICK_NS)
    # What is left of the doubt is less than a cycle, and the timer begins with one.
    zero_ns = latest - latest % _TICK_NS
    if not earliest <= zero_ns <= latest:
        raise RuntimeError("the chip's timer does not count whole microseconds")
    return zero_ns


def kept_state(pico: VirtualPico, state: str) -> RetainedState:
    """The state that the pump keeps in RAM for the case of a reset, once it is `state`.

    Raises:
        RuntimeError: there is none.
    """
    for _ in range(_TRIES):
        found = _newest(pico)
        if found is not None and found.state == state:
            return found
        pico.run_for(10 * MS)
    raise RuntimeError(f"the pump keeps no state {state!r} in its RAM")


def _newest(pico: VirtualPico) -> RetainedState | None:
    memory = b"".join(pico.peek(address).to_bytes(4, "little") for address in _RAM)
    texts = {}
    for match in _KEPT.finditer(memory):
        sequence, length, check = (int(digits, 16) for digits in match.groups())
        data = memory[match.end() : match.end() + length]
        if length and crc32(data) == check:
            texts[sequence] = data.decode()
    return RetainedState(texts[max(texts)]) if texts else None


class ProbedClock:
    """Turns pump time into the virtual Pico's time.

    Args:
        zero_ns: see timer_zero_ns().
        offset_us: pump time less the chip's timer.
    """

    def __init__(self, zero_ns: int, offset_us: int):
        self._zero_ns = zero_ns - offset_us * _US_NS

    def ns(self, ticks: int | Fraction) -> Fraction:
        """The virtual Pico's time at a pump time in ticks."""
        return Fraction(ticks) * _TICK_NS + self._zero_ns

    def seconds(self, at_ns: int) -> Fraction:
        """Pump time in seconds at a time of the virtual Pico."""
        return Fraction(at_ns - self._zero_ns, 1_000_000_000)
