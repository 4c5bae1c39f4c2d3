"""What a programme may hold besides its basal days and boluses: one table of modes.

Each mode is one line of the canonical text, left out where the programme does not use it:
its key, then its values in the order of the fields.
"""

from collections import namedtuple

# How a value is written.
RATIO = "r"
WHOLE = "w"
WORD = "t"

# What follows when the volume to be infused has been delivered.
THEN_STOP = "stop"
THEN_KVO = "kvo"
THEN_CONTINUE = "continue"
THEN = (THEN_STOP, THEN_KVO, THEN_CONTINUE)

_BRIDGE = ("volume_nl", "rate_nl_per_h", "old_mcg_per_ml")
_INTERMITTENT = ("first_after_s", "interval_s", "volume_nl", "duration_s")
_DEMAND = ("volume_nl", "duration_s", "lockout_s", "period_s", "period_max")
_DOSE_WINDOW = ("length_s", "max_nl")
_VTBI = ("volume_nl", "then", "kvo_rate_nl_per_h", "near_s")

# What type checkers know of these stands in modes.pyi: MicroPython has no typing.
Bridge = namedtuple("Bridge", _BRIDGE)
Intermittent = namedtuple("Intermittent", _INTERMITTENT)
Demand = namedtuple("Demand", _DEMAND)
DoseWindow = namedtuple("DoseWindow", _DOSE_WINDOW)
Vtbi = namedtuple("Vtbi", _VTBI)

# (attribute of Programme and key of the line, class, fields, how their values are written)
MODES = (
    ("bridge", Bridge, _BRIDGE, RATIO + RATIO + RATIO),
    ("intermittent", Intermittent, _INTERMITTENT, WHOLE + WHOLE + RATIO + WHOLE),
    ("demand", Demand, _DEMAND, RATIO + WHOLE + WHOLE + WHOLE + WHOLE),
    ("dose_window", DoseWindow, _DOSE_WINDOW, WHOLE + RATIO),
    ("vtbi", Vtbi, _VTBI, RATIO + WORD + RATIO + WHOLE),
)
