"""Modules that are needed to start, or for a request now and then, and not in between.

A board that runs compiled files holds all their code in its heap, and even a frozen module
keeps its tables of names there. So these are imported inside the functions that need them,
never at the top of another module, and let go of when the start or the request is over.
"""

import sys

NAMES = (
    "pump.core.after_reset",
    "pump.core.alarm_texts",
    "pump.core.bolus_rules",
    "pump.core.equipment",
    "pump.core.display",
    "pump.core.window_rules",
    "pump.core.journal_copy",
    "pump.core.library",
    "pump.core.library_rules",
    "pump.core.limits",
    "pump.core.mode_limits",
    "pump.core.move_requests",
    "pump.core.prime_ramp",
    "pump.core.quantity",
    "pump.core.ranges",
    "pump.core.recovery",
    "pump.core.review",
    "pump.core.tmc2209_settings",
    "pump.core.tmc2209_status",
    "pump.core.units",
    "pump.link.vocabulary",
    "pump.rp2040.assembly",
    "pump.rp2040.flash_image",
    "pump.rp2040.ssd1306",
)


def let_go() -> None:
    """Forget them: what nobody uses any more is collected, and is read anew when it is needed."""
    for name in NAMES:
        if sys.modules.pop(name, None) is not None:
            folder, _, module = name.rpartition(".")
            delattr(sys.modules[folder], module)
