"""Calibration by weight: a balance, the volume of a microstep and its uncertainty, the entry."""

from titrate.calibration.balance import Balance, Reading
from titrate.calibration.entry import entry_text, remark, rounded_factor, with_calibration, write
from titrate.calibration.weighing import Calibration, Conditions, Run, calibrate

__all__ = [
    "Balance",
    "Calibration",
    "Conditions",
    "Reading",
    "Run",
    "calibrate",
    "entry_text",
    "remark",
    "rounded_factor",
    "with_calibration",
    "write",
]
