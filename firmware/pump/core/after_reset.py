"""What a start is told of: why it came, and whether resets come again and again."""

from pump.core import alarms, moves, records
from pump.core.compat import const

SOFT = "soft_reset"  # MicroPython began anew, as mpremote has it do
WATCHDOG = "watchdog"  # nobody fed the watchdog
BOOTLOADER = "bootloader"  # the USB bootloader has put firmware on, or was told to go on
FORCED = "forced"  # software or a debugger reset the chip
POWER_ON = "power_on"  # power came on, or the RUN pin was pulled

_ALARM_OF = {WATCHDOG: "watchdog_reset", FORCED: "unexpected_reset"}
# More starts than that within ten minutes are too many for sure.
_RECORDS_MAX = const(200)


def note(pump, cause: str, version: str) -> None:
    """Journal a start and raise the alarms that belong to it; the pump has recovered already.

    Args:
        cause: SOFT, WATCHDOG, BOOTLOADER, FORCED or POWER_ON.
        version: of the firmware.
    """
    pump.reset_cause = cause
    pump.recorder.event(records.BOOT, cause, version)
    if cause not in _ALARM_OF:
        return
    uptime_s = pump.pump_clock.uptime_s()
    pump.active_alarms.raise_event(_ALARM_OF[cause], uptime_s)
    pump.recorder.fault(_ALARM_OF[cause], "")
    if _lately(pump, cause) >= alarms.REPEATS:
        pump.active_alarms.raise_event(
            "same_fault_thrice", uptime_s, "three times in ten minutes: " + _ALARM_OF[cause]
        )
        if pump.state in moves.DELIVERING:
            # At once: a step generator that stands still would never finish its stroke.
            pump.halt("same_fault_thrice")


def _lately(pump, cause: str) -> int:
    """How many starts of a cause the last ten minutes have seen, this one among them.

    Pump time goes on over these resets, so it tells whether it is known or not.
    """
    since_s = pump.pump_clock.now_s() - alarms.REPEAT_WINDOW_S
    found = looked_at = 0
    for record in pump.recorder.events.records(newest_first=True):
        looked_at += 1
        if looked_at > _RECORDS_MAX or record.time_s < since_s:
            break
        if record.kind == records.BOOT and record.fields()["reset_cause"] == cause:
            found += 1
    return found
