"""A DS3231's registers to pump time and back.

Registers, bits and their meaning as in Maxim's datasheet 19-5170, "Register Map". The clock
holds the years 2000 to 2099, and in them every fourth year is a leap year.
"""

from pump.core.compat import const
from pump.core.errors import Damaged

REGISTERS = const(16)  # 00h to 0Fh: the time, two alarms that are not used, control and status
TIME_REGISTERS = const(7)
YEAR = const(6)
NO_YEAR = const(0xFF)  # no BCD: while it stands there, the registers hold no time
CONTROL = const(14)
STATUS = const(15)
# Oscillator on while the cell feeds it, no square wave, no alarm.
CONTROL_RUNNING = const(0x1C)
# Oscillator-stop flag taken back, 32 kHz output off.
STATUS_TRUSTED = const(0x00)

_OSCILLATOR_STOPPED = const(0x80)
_TWELVE_HOURS = const(0x40)
_AFTERNOON = const(0x20)
_DAY_S = const(86400)
# Days of the year before each month of a year that is no leap year.
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def time_of(registers) -> int:
    """Pump time in seconds since 2000-01-01 00:00.

    Args:
        registers: the bytes of the REGISTERS, read in one burst.

    Raises:
        Damaged: the oscillator had stopped since the time was set, or that is no time.
    """
    if registers[STATUS] & _OSCILLATOR_STOPPED:
        raise Damaged("the clock module had stopped and its time is not known")
    second = _whole(registers[0])
    minute = _whole(registers[1])
    hour = _hour(registers[2])
    day = _whole(registers[4])
    # With the century bit set, the two digits make no month.
    month = _whole(registers[5])
    year = _whole(registers[YEAR])
    is_time = 0 <= second < 60 and 0 <= minute < 60 and 0 <= hour < 24 and year >= 0
    if is_time and 1 <= month <= 12 and 1 <= day <= _days_in(year, month):
        days = year * 365 + (year + 3) // 4 + _days_before(year, month) + day - 1
        return days * _DAY_S + hour * 3600 + minute * 60 + second
    raise Damaged("the clock module shows no time that can be")


def setting(now_s: int) -> bytes:
    """What the TIME_REGISTERS are to hold at a pump time of the years 2000 to 2099.

    Raises:
        ValueError: it is not in those years.
    """
    days, in_day_s = divmod(now_s, _DAY_S)
    # Whole leap cycles of 1461 days, of which the first year is the leap year.
    cycles, days = divmod(days, 1461)
    years = 0 if days < 366 else (days - 1) // 365
    year = 4 * cycles + years
    if not 0 <= year <= 99:
        raise ValueError("not a time of the years 2000 to 2099")
    in_year = days if years == 0 else days - 366 - 365 * (years - 1)
    month = 12
    while _days_before(year, month) > in_year:
        month -= 1
    # Day of the week, Monday is 1; 2000-01-01 was a Saturday.
    weekday = (now_s // _DAY_S + 5) % 7 + 1
    values = (
        in_day_s % 60,
        in_day_s // 60 % 60,
        in_day_s // 3600,
        weekday,
        in_year - _days_before(year, month) + 1,
        month,
        year,
    )
    return bytes([value // 10 << 4 | value % 10 for value in values])


def _whole(bcd: int) -> int:
    """Two digits as a number, -1 where they are none."""
    return -1 if bcd & 15 > 9 or bcd >> 4 > 9 else (bcd >> 4) * 10 + (bcd & 15)


def _hour(register: int) -> int:
    if not register & _TWELVE_HOURS:
        return _whole(register)
    hour = _whole(register & 0x1F)
    if not 1 <= hour <= 12:
        return -1
    return hour % 12 + (12 if register & _AFTERNOON else 0)


def _days_before(year: int, month: int) -> int:
    """Days of a year before a month; month 13 for all of them."""
    return _DAYS_BEFORE[month - 1] + (1 if month > 2 and year % 4 == 0 else 0)


def _days_in(year: int, month: int) -> int:
    return _days_before(year, month + 1) - _days_before(year, month)
