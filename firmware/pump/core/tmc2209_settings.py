"""What a TMC2209 is set to: currents, microsteps, stall detection, as values of its registers.

From the TMC2209 datasheet, rev. 1.03: chapter 5 for registers and bits, chapter 9 for the current,
chapter 11 for StallGuard4. Needed when a driver is set up, so it is imported there.
"""

from pump.core.compat import const
from pump.core.errors import OutOfRange
from pump.core.tmc2209 import GSTAT, RESET

GCONF = const(0x00)
IHOLD_IRUN = const(0x10)
TPOWERDOWN = const(0x11)
TCOOLTHRS = const(0x14)
SGTHRS = const(0x40)
CHOPCONF = const(0x6C)

# Bits of GCONF. All others are 0: the current comes from the registers and not from VREF,
# StealthChop is on, which StallGuard4 needs, and DIR is taken as it is.
PDN_DISABLE = const(1 << 6)  # the pin PDN_UART is the UART
MSTEP_REG_SELECT = const(1 << 7)  # microsteps from CHOPCONF and not from MS1 and MS2
MULTISTEP_FILT = const(1 << 8)  # the reset value

# CHOPCONF after a reset: TOFF 3, HSTRT 5, interpolation to 256 microsteps.
_CHOPCONF = const(0x10000053)
_VSENSE = const(1 << 17)
_MRES_SHIFT = const(24)

# Full scale at the sense resistors in mV, with CHOPCONF.vsense 0 and 1.
_FULL_SCALE_MV = (325, 180)
# The driver's own share of the sense resistance.
_INNER_MILLIOHM = const(20)
# A convergent of 1 / sqrt(2), too large by less than one in a million.
_RMS = (408, 577)
_SCALES = const(32)

# Standstill at the full current for 20 * 2^18 clocks, 0.44 s, then down in steps of 2^18: the reset
# values. At least 2 is needed for StealthChop's automatic tuning.
_TPOWERDOWN = const(20)
_HOLD_DELAY = const(1)
# The driver's own clock, nominal.
_CLOCK_HZ = const(12000000)


def rms_ma(sense_milliohm: int, vsense: int, scale: int) -> int:
    """The motor current, rounded down to a whole mA rms, of a current scale of 0-31 (IRUN, IHOLD).

    Args:
        sense_milliohm: the module's sense resistors.
        vsense: 0 or 1, CHOPCONF.vsense: the larger or the smaller full scale.
    """
    numerator = (scale + 1) * _FULL_SCALE_MV[vsense] * 1000 * _RMS[0]
    return numerator // (_SCALES * (sense_milliohm + _INNER_MILLIOHM) * _RMS[1])


def scale_for(sense_milliohm: int, vsense: int, current_ma: int) -> int:
    """The largest current scale, 0-31, of no more than a current in mA rms; -1 when there is none
    so small.
    """
    numerator = current_ma * _SCALES * (sense_milliohm + _INNER_MILLIOHM) * _RMS[1]
    return min(_SCALES, numerator // (_FULL_SCALE_MV[vsense] * 1000 * _RMS[0])) - 1


def currents(sense_milliohm: int, run_ma: int, hold_ma: int) -> tuple[int, int, int]:
    """(vsense, IRUN, IHOLD) for a current in motion and one at rest, neither of them exceeded.

    Of the two full scales the smaller that suffices is taken, as it divides the current finer.

    Raises:
        OutOfRange: more than the sense resistors allow, less than they can be set to, or more at
            rest than in motion.
    """
    most_ma = rms_ma(sense_milliohm, 0, _SCALES - 1)
    if not 0 < hold_ma <= run_ma <= most_ma:
        raise OutOfRange(
            f"a driver with sense resistors of {sense_milliohm} milliohm takes 1 to {most_ma} mA"
            f" in motion and no more than that at rest, not {run_ma} and {hold_ma}; correct"
            " TMC_RUN_MA and TMC_HOLD_MA"
        )
    vsense = 1 if run_ma <= rms_ma(sense_milliohm, 1, _SCALES - 1) else 0
    run = scale_for(sense_milliohm, vsense, run_ma)
    hold = scale_for(sense_milliohm, vsense, hold_ma)
    if hold < 0:
        least_ma = rms_ma(sense_milliohm, vsense, 0) + 1
        raise OutOfRange(
            f"a driver with sense resistors of {sense_milliohm} milliohm set to {run_ma} mA can"
            f" hold with {least_ma} mA or more, not with {hold_ma}; correct TMC_HOLD_MA"
        )
    return vsense, run, hold


def microsteps_in(chopconf: int) -> int:
    """Microsteps per full step that a value of CHOPCONF stands for."""
    return 256 >> ((chopconf >> _MRES_SHIFT) & 15)


def stall_clocks(full_steps_per_s: int) -> int:
    """TCOOLTHRS: the longest time between 1/256 microsteps, in clocks, at which a stall is told.

    Args:
        full_steps_per_s: the slowest motion at which it is told.
    """
    return _CLOCK_HZ // (256 * full_steps_per_s)


def settings(board, microsteps: int) -> tuple[tuple[int, int], ...]:
    """What to write, as (register, value) in order; the last clears the flag of a reset.

    Args:
        board: TMC_SENSE_MILLIOHM, TMC_RUN_MA, TMC_HOLD_MA, TMC_STALL_THRESHOLD and
            TMC_STALL_FULL_STEPS_PER_S.
        microsteps: per full step, a power of two up to 256.

    Raises:
        OutOfRange: as currents(), and for microsteps or a threshold that the driver has not.
    """
    mres = 0
    while 256 >> mres != microsteps:
        mres += 1
        if mres > 8:
            raise OutOfRange(f"a TMC2209 makes 1 to 256 microsteps, a power of two: {microsteps}")
    threshold = board.TMC_STALL_THRESHOLD
    if not 0 <= threshold <= 255:
        raise OutOfRange(f"TMC_STALL_THRESHOLD is 0 to 255, not {threshold}; correct it")
    vsense, run, hold = currents(board.TMC_SENSE_MILLIOHM, board.TMC_RUN_MA, board.TMC_HOLD_MA)
    chopconf = _CHOPCONF | mres << _MRES_SHIFT
    if vsense:
        chopconf |= _VSENSE
    return (
        (GCONF, PDN_DISABLE | MSTEP_REG_SELECT | MULTISTEP_FILT),
        (IHOLD_IRUN, hold | run << 8 | _HOLD_DELAY << 16),
        (TPOWERDOWN, _TPOWERDOWN),
        (CHOPCONF, chopconf),
        (TCOOLTHRS, stall_clocks(board.TMC_STALL_FULL_STEPS_PER_S)),
        (SGTHRS, threshold),
        (GSTAT, RESET),
    )
