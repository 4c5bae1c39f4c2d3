"""From what a converter reads to volts, degrees and newtons, and limits that do not flutter.

Whole numbers, in the unit that stands at the end of each name.
"""

from pump.core.compat import const

# The kinds of force sensor, and the most that each reads.
NONE = "none"
HX711 = "hx711"
ADC = "adc"
SENSORS = (NONE, HX711, ADC)
COUNTS_MAX = {HX711: 0xFFFFFF, ADC: 0xFFFF}

READINGS = const(10)  # GIP v1.0, 5.1: a battery is measured as the mean of 10

_FULL_SCALE = const(65535)  # of MicroPython's read_u16()
_REFERENCE_MV = const(3300)
# RP2040 datasheet 4.9.5: 27 C less (voltage - 0.706 V) over 1.721 mV.
_CHIP_UV = const(706000)
_CHIP_NV_PER_MC = const(1721)


def mean(read) -> int:
    """The mean of READINGS calls of read(), rounded down."""
    total = 0
    for _ in range(READINGS):
        total += read()
    return total // READINGS


def supply_mv(counts: int, divider: "tuple[int, int]") -> int:
    """The supply's voltage in mV.

    Args:
        counts: 0-65535 at the converter.
        divider: supply over converter input, a ratio.
    """
    return counts * _REFERENCE_MV * divider[0] // (_FULL_SCALE * divider[1])


def chip_c(counts: int) -> int:
    """The chip's temperature in whole degrees Celsius, rounded down; counts 0-65535."""
    above_uv = counts * _REFERENCE_MV * 1000 // _FULL_SCALE - _CHIP_UV
    return (27000 - above_uv * 1000 // _CHIP_NV_PER_MC) // 1000


def force_mn(counts: int, zero_counts: int, load_counts: int, load_mn: int) -> int:
    """A force in mN, rounded down, on the line through no load and a known one."""
    return (counts - zero_counts) * load_mn // (load_counts - zero_counts)


class Threshold:
    """A limit, and how far a value must go back before it is within it again.

    Args:
        limit: beyond it: at or above it, or below it.
        back: how far within the limit a value that was beyond must come, 0 or more.
        is_upper: whether it is a highest value and not a lowest.

    Attributes:
        limit: as given.
        is_beyond: what the last update() said.
    """

    def __init__(self, limit: int, back: int, is_upper: bool):
        self.limit = limit
        self._back = back
        self._is_upper = is_upper
        self.is_beyond = False

    def update(self, value: int) -> bool:
        """Say what the value is now; returns whether it is beyond the limit."""
        back = self._back if self.is_beyond else 0
        if self._is_upper:
            self.is_beyond = value >= self.limit - back
        else:
            self.is_beyond = value < self.limit + back
        return self.is_beyond
