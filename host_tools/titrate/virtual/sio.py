"""The single-cycle I/O block: rp2040py's, with a divider of its own.

Compiled MicroPython divides and asks for the number of its core all the time. This divider works
when the result is read, and it charges no cycles to the CPU that the clock does not see pass.
RP2040 datasheet 2.3.1.5.
"""

from __future__ import annotations

from typing import Any

from rp2040py.sio import (
    CPUID,
    DIV_CSR,
    DIV_QUOTIENT,
    DIV_REMAINDER,
    DIV_SDIVIDEND,
    DIV_SDIVISOR,
    DIV_UDIVIDEND,
    DIV_UDIVISOR,
    RPSIO,
)

_WORD_MASK = 0xFFFFFFFF
_READY, _DIRTY = 1, 2


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


class Sio(RPSIO):
    """SIO of `mcu`, an rp2040py chip."""

    def __init__(self, mcu: Any) -> None:
        super().__init__(mcu)
        self._clear_divider()

    def _clear_divider(self) -> None:
        self._dividend = 0
        self._divisor = 0
        self._is_signed = False
        self._result: tuple[int, int] | None = (0, 0)
        self._csr = _READY

    def reset(self) -> None:
        super().reset()
        self._clear_divider()

    def _divide(self) -> tuple[int, int]:
        """Quotient and remainder as words; towards zero, and by zero, as on the chip."""
        dividend, divisor = self._dividend, self._divisor
        if self._is_signed:
            dividend, divisor = _signed(dividend), _signed(divisor)
        if divisor == 0:
            quotient = 1 if dividend < 0 else -1
            return quotient & _WORD_MASK, dividend & _WORD_MASK
        quotient, remainder = divmod(abs(dividend), abs(divisor))
        if (dividend < 0) != (divisor < 0):
            quotient = -quotient
        if dividend < 0:
            remainder = -remainder
        return quotient & _WORD_MASK, remainder & _WORD_MASK

    @property
    def _quotient_and_remainder(self) -> tuple[int, int]:
        if self._result is None:
            self._result = self._divide()
        return self._result

    def read_uint32(self, offset: int) -> int | float:
        if offset == CPUID:
            return 0
        if offset == DIV_QUOTIENT:
            self._csr = _READY
            return self._quotient_and_remainder[0]
        if offset == DIV_REMAINDER:
            return self._quotient_and_remainder[1]
        if offset == DIV_CSR:
            return self._csr
        if offset in (DIV_UDIVIDEND, DIV_SDIVIDEND):
            return self._dividend
        if offset in (DIV_UDIVISOR, DIV_SDIVISOR):
            return self._divisor
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if not DIV_UDIVIDEND <= offset <= DIV_REMAINDER:
            super().write_uint32(offset, value)
            return
        value &= _WORD_MASK
        self._csr = _READY | _DIRTY
        if offset == DIV_QUOTIENT:
            self._result = (value, self._quotient_and_remainder[1])
        elif offset == DIV_REMAINDER:
            self._result = (self._quotient_and_remainder[0], value)
        else:
            self._result = None
            self._is_signed = offset in (DIV_SDIVIDEND, DIV_SDIVISOR)
            if offset in (DIV_UDIVIDEND, DIV_SDIVIDEND):
                self._dividend = value
            else:
                self._divisor = value
