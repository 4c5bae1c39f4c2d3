"""What a TMC2209's flags mean, in words; needed where a person is told, so it is imported there.

From the TMC2209 datasheet, rev. 1.03, chapter 5: DRV_STATUS and GSTAT.
"""

from pump.core.tmc2209 import CHARGE_PUMP_LOW, DRIVER_ERROR

# Bit of DRV_STATUS: what it says.
_FLAGS = (
    (0, "hot, above 120 C"),
    (1, "too hot, outputs off"),
    (2, "short to ground, coil A"),
    (3, "short to ground, coil B"),
    (4, "short to supply, coil A"),
    (5, "short to supply, coil B"),
    (6, "open load, coil A"),
    (7, "open load, coil B"),
    (31, "standstill"),
)
# Said of faults: open load is told falsely at rest and in fast motion, and standstill is none.
_NO_FAULT = (6, 7, 31)


def flags(drv_status: int) -> list[str]:
    """Everything that DRV_STATUS says besides the current."""
    return [words for bit, words in _FLAGS if drv_status >> bit & 1]


def faults(gstat: int, drv_status: int) -> str:
    """What is wrong with the driver, "" when nothing is."""
    found = [words for bit, words in _FLAGS if bit not in _NO_FAULT and drv_status >> bit & 1]
    if gstat & CHARGE_PUMP_LOW:
        found.append("supply too low")
    if gstat & DRIVER_ERROR and not found:
        found.append("driver error")
    return ", ".join(found)
