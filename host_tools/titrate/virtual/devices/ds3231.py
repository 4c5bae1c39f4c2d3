"""A DS3231 real-time clock with its cell, running on the emulator's time through power cuts.

Registers, latching and flags as in Maxim's datasheet 19-5170, "Register Map" and "I2C".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from titrate.virtual.devices.i2c_device import I2cDevice

ADDRESS = 0x68
_REGISTERS = 0x13
_TIME = 7
_CONTROL, _STATUS, _TEMPERATURE = 0x0E, 0x0F, 0x11
_EOSC = 1 << 7
_OSF = 1 << 7
_CENTURY = 1 << 7
_CONTROL_AT_POWER_ON = 0x1C
_STATUS_AT_POWER_ON = 0x88  # oscillator has stopped, 32 kHz output on
_READ_ONLY_STATUS = 1 << 2  # busy
_SECOND_NS = 1_000_000_000


class Ds3231(I2cDevice):
    """The clock. `now_ns` gives the emulator's time; `ppm` by how much its crystal is fast.

    As delivered: 2000-01-01 00:00:00, a Saturday by its own count of 1, with the oscillator-stop
    flag set. `has_cell` may be taken away: then it starts so again after each power cut.
    """

    def __init__(self, now_ns: Callable[[], int], ppm: float = 0.0, has_cell: bool = True) -> None:
        super().__init__(ADDRESS)
        self._now_ns = now_ns
        self._parts_per_billion = round(ppm * 1000)
        self.has_cell = has_cell
        self._is_powered = False
        self._pointer = 0
        self._has_pointer = False
        self._first_power()

    def _first_power(self) -> None:
        self._raw = bytearray(_REGISTERS)
        self._raw[3:6] = bytes((1, 1, 1))
        self._raw[_CONTROL] = _CONTROL_AT_POWER_ON
        self._raw[_STATUS] = _STATUS_AT_POWER_ON
        self._raw[_TEMPERATURE] = 25
        self._since_ns = self._now_ns()
        self._latched = bytes(self._raw[:_TIME])

    # -- what a test or a person does with it ----------------------------------------------------

    def set(self, when: datetime) -> None:
        """Set it by other means than the Pico: 24-hour mode, oscillator-stop flag clear."""
        self._put(when)
        self._since_ns = self._now_ns()
        self._raw[_STATUS] &= ~_OSF

    def time(self) -> datetime:
        """What it shows; ValueError when that is no time."""
        self._tick()
        return self._shown()

    @property
    def oscillator_stop_flag(self) -> bool:
        """Whether it says that its oscillator had stopped."""
        return bool(self._raw[_STATUS] & _OSF)

    def stop_oscillator(self) -> None:
        """The crystal or the cell failed for a moment: time stood still and the flag is set."""
        self._tick()
        self._raw[_STATUS] |= _OSF

    def poke(self, register: int, value: int) -> None:
        """Put a value in a register, past the bus."""
        self._tick()
        self._raw[register] = value

    def power(self, is_on: bool) -> None:
        self._tick()
        self._is_powered = is_on
        self._has_pointer = False
        if not is_on and not self.has_cell:
            self._first_power()
        elif not is_on and self._raw[_CONTROL] & _EOSC:
            self._raw[_STATUS] |= _OSF

    # -- its clockwork ---------------------------------------------------------------------------

    @property
    def _is_running(self) -> bool:
        if self._is_powered:
            return True
        return self.has_cell and not self._raw[_CONTROL] & _EOSC

    def _tick(self) -> None:
        """Bring the registers up to now, by whole seconds of its own."""
        now_ns = self._now_ns()
        own_ns = (now_ns - self._since_ns) * (10**9 + self._parts_per_billion) // 10**9
        seconds = own_ns // _SECOND_NS
        if not self._is_running:
            self._since_ns = now_ns
            return
        if not seconds:
            return
        # Upwards, or the next second would come early.
        took = 10**9 + self._parts_per_billion
        self._since_ns += -(-seconds * _SECOND_NS * 10**9 // took)
        try:
            self._put(self._shown() + timedelta(seconds=seconds))
        except (ValueError, OverflowError):
            # It counts on from nonsense to other nonsense.
            self._raw[0] = (self._raw[0] + 1) & 0x7F

    def _shown(self) -> datetime:
        second, minute, hour, _, date, month, year = self._raw[:_TIME]
        if hour & 0x40:
            of_day = _of_bcd(hour & 0x1F) % 12 + (12 if hour & 0x20 else 0)
        else:
            of_day = _of_bcd(hour & 0x3F)
        return datetime(
            2000 + _of_bcd(year) + (100 if month & _CENTURY else 0),
            _of_bcd(month & 0x1F),
            _of_bcd(date),
            of_day,
            _of_bcd(minute),
            _of_bcd(second),
        )

    def _put(self, when: datetime) -> None:
        hour = _bcd(when.hour)
        if self._raw[2] & 0x40:
            hour = 0x40 | (0x20 if when.hour >= 12 else 0) | _bcd((when.hour - 1) % 12 + 1)
        century = _CENTURY if when.year >= 2100 else 0
        self._raw[:_TIME] = bytes(
            (
                _bcd(when.second),
                _bcd(when.minute),
                hour,
                when.isoweekday(),
                _bcd(when.day),
                _bcd(when.month) | century,
                _bcd(when.year % 100),
            )
        )

    # -- the bus ---------------------------------------------------------------------------------

    def begin(self, is_read: bool) -> bool:
        # "On an I2C START or when the register pointer rolls over to location zero, the current
        # time is transferred to a second set of registers."
        self._latch()
        self._has_pointer = is_read
        return super().begin(is_read)

    def _latch(self) -> None:
        self._tick()
        self._latched = bytes(self._raw[:_TIME])

    def write(self, value: int) -> bool:
        if self.is_silent:
            return False
        if not self._has_pointer:
            self._pointer = value % _REGISTERS
            self._has_pointer = True
            return True
        self._store(self._pointer, value)
        self._advance()
        return True

    def _store(self, register: int, value: int) -> None:
        self._tick()
        if register == 0:
            self._since_ns = self._now_ns()
        if register == _STATUS:
            # The flags can be cleared, never set; busy is its own.
            kept = self._raw[_STATUS]
            flags = kept & value & (_OSF | 3)
            self._raw[_STATUS] = flags | value & 0x08 | kept & _READ_ONLY_STATUS
        elif register < _TEMPERATURE:
            self._raw[register] = value

    def read(self) -> int:
        register = self._pointer
        value = self._latched[register] if register < _TIME else self._raw[register]
        self._advance()
        return value

    def _advance(self) -> None:
        self._pointer = (self._pointer + 1) % _REGISTERS
        if self._pointer == 0:
            self._latch()


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _of_bcd(value: int) -> int:
    if value >> 4 > 9 or value & 15 > 9:
        raise ValueError(f"{value:#04x} is not BCD")
    return (value >> 4) * 10 + (value & 15)
