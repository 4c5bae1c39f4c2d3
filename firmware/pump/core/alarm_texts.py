"""What each alarm means, and what a person does about it.

Needed only where a person reads of an alarm, so it is imported there, see
../rp2040/on_demand.py.
"""

# code: (its cause, when it ends, what to do).
TEXTS: dict[str, tuple[str, str, str]] = {
    "low_reservoir": (
        "the volume left in the reservoir is below the low threshold",
        "when the reservoir has been refilled",
        "Plan a refill; delivery goes on at the programmed rate.",
    ),
    "low_reservoir_time": (
        "the reservoir will be empty within the time set as threshold",
        "when the reservoir has been refilled or the rate lowered",
        "Plan a refill before the time shown; delivery goes on at the programmed rate.",
    ),
    "empty": (
        "the reservoir is down to its reserve",
        "when the reservoir has been refilled and this was acknowledged",
        "Refill now, then start again; nothing is delivered until then.",
    ),
    "end_of_programme_near": (
        "the programme will end soon",
        "when the programme has ended or another one was confirmed",
        "Confirm a programme that goes on, or let this one end.",
    ),
    "end_of_programme": (
        "the programme has ended and nothing is delivered",
        "when a programme has been confirmed or delivery was stopped",
        "Confirm the next programme and start it, or stop.",
    ),
    "not_started": (
        "a programme was confirmed but delivery was not started",
        "when delivery is started or the programme is stopped",
        "Start delivery, or stop to say that it is not wanted now.",
    ),
    "waiting_for_input": (
        "a proposed programme waits for its confirmation",
        "when it is confirmed or dropped",
        "Review the proposed programme, then confirm or drop it.",
    ),
    "paused_too_long": (
        "delivery has been paused for longer than intended",
        "when delivery is resumed or stopped",
        "Resume delivery; sudden withdrawal is dangerous.",
    ),
    "step_generator_starved": (
        "the step generator ran out of steps before more were ready",
        "when acknowledged",
        "Compare delivered with prescribed in the status; if it comes again, service the pump.",
    ),
    "step_mismatch": (
        "the steps counted on the STEP pin differ from those that were asked for",
        "when delivery has stopped and this was acknowledged",
        "Take the line off the pump, check the wiring of STEP, then start again.",
    ),
    "over_delivery": (
        "more than 10 % too much was stepped in 15 min, or more than was ever asked for",
        "when delivery has stopped and this was acknowledged",
        "Take the line off the pump and compare the log with the syringe.",
    ),
    "under_delivery": (
        "more than 10 % too little was stepped in 15 min",
        "when delivery follows the schedule again and this was acknowledged",
        "Check syringe, drive and supply; delivery goes on.",
    ),
    "clock_lost": (
        "the time of day was lost with the supply",
        "when the clock has been set",
        "Set the clock; until then a schedule by time of day runs at its lowest basal rate.",
    ),
    "clock_moved": (
        "the clock jumped against the board's own time, and was put back",
        "when acknowledged",
        "Check the clock and set it if it is wrong.",
    ),
    "memory_damaged": (
        "a check sum over memory or firmware does not fit",
        "when acknowledged after a start whose self-test passed",
        "Switch off and on; if it comes again, the board is to be replaced.",
    ),
    "programme_damaged": (
        "the stored programme cannot be read, or is older than the one confirmed last",
        "when a programme has been confirmed and this was acknowledged",
        "Send the programme again, compare its digest, then confirm and start it.",
    ),
    "journal_failing": (
        "records cannot be written to flash",
        "when writing works again and this was acknowledged",
        "Read the log out now and replace the board soon; delivery goes on.",
    ),
    "journal_full": (
        "the file system has no room for further records",
        "when records can be written again and this was acknowledged",
        "Remove other files from the board; delivery goes on.",
    ),
    "unexpected_reset": (
        "the board was reset without being asked to",
        "when acknowledged",
        "Check the supply; compare delivered with prescribed in the status.",
    ),
    "watchdog_reset": (
        "the watchdog reset the board because the pump made no progress",
        "when acknowledged",
        "Read the fault log out; compare delivered with prescribed in the status.",
    ),
    "interrupted": (
        "delivery was interrupted by a loss of power",
        "when acknowledged",
        "Look how long it was before going on; after hours, ask the prescriber.",
    ),
    "move_failed": (
        "a move of the drive did not end as it was to",
        "when acknowledged",
        "Look at drive, syringe and switches, then home again.",
    ),
    "stuck_button": (
        "a button has been down for a minute",
        "when the button is released",
        "Free the button; it does nothing until then.",
    ),
    "console_fault": (
        "the console or a request to it ended with an error; the console goes on",
        "when acknowledged",
        "Read the fault log out and report it; delivery was not touched.",
    ),
    "heap_exhausted": (
        "working memory ran out in a part that delivery does not need",
        "when acknowledged",
        "Read the fault log out and report it; delivery goes on.",
    ),
    "same_fault_thrice": (
        "the same fault stopped or slowed delivery three times in ten minutes",
        "when acknowledged",
        "Find the cause before starting again; do not just repeat the start.",
    ),
    "end_of_travel": (
        "the plunger is at the end of its travel",
        "when the drive was moved back and this was acknowledged",
        "Change or refill the syringe, say so to the pump, then start again.",
    ),
    "occlusion": (
        "the line is blocked: the drive meets too much force",
        "when the force is normal and this was acknowledged",
        "Release the pressure before opening the line; an opened block gives a bolus.",
    ),
    "syringe_removed": (
        "the syringe is not in its place",
        "when the syringe is back and this was acknowledged",
        "Clamp the line, put the syringe back, check for air, then start again.",
    ),
    "supply_low": (
        "the supply is below the voltage that was set as low",
        "when the supply is good again",
        "Connect a supply or change the battery now.",
    ),
    "supply_depleted": (
        "the supply is below the voltage that was set as depleted",
        "when the supply is good again",
        "Connect a supply; delivery has stopped so that nothing is lost count of.",
    ),
    "over_temperature": (
        "the pump is warmer than it may be",
        "when it has cooled down and this was acknowledged",
        "Take the pump away from the heat and check what the drug may stand.",
    ),
    "stall": (
        "the motor stalled: steps were made that did not move it",
        "when the motor turns freely and this was acknowledged",
        "Check drive, syringe and line; what was counted since is not sure.",
    ),
    "service_due": (
        "the motor has made 20000 turns more since the last service was due",
        "when acknowledged, which enters the service in the log",
        "Have the drive cleaned, greased and calibrated, then acknowledge.",
    ),
    "bolus_cancelled": (
        "a bolus was cancelled before its end",
        "when acknowledged",
        "See in the log how much of it was delivered; it is not made up for.",
    ),
    "self_test_failed": (
        "a self-test failed",
        "when acknowledged after a start whose self-test passed",
        "Do not use the pump; switch off and on, and replace the board if it comes again.",
    ),
    "other_board": (
        "what is stored in flash was written by another board",
        "when a programme has been confirmed and this was acknowledged",
        "Enter syringe, programme and reservoir anew; nothing of the other board is used.",
    ),
    "journal_damaged": (
        "a part of the log is damaged or of another version and cannot be read",
        "when acknowledged",
        "Read the log out; what is left is genuine, the rest is lost.",
    ),
    "ledger_uncertain": (
        "the last record of what was delivered is missing",
        "when the reservoir has been refilled or its volume entered, and this was acknowledged",
        "Measure what is left in the syringe and enter it as a refill.",
    ),
    "dose_limit": (
        "more was asked for than the programme allows, and was refused",
        "when acknowledged",
        "Ask for less, or have the prescriber change the programme.",
    ),
    "wrong_key": (
        "changes were asked for with a wrong key",
        "when acknowledged",
        "Find out who tried; nothing was changed.",
    ),
    "pairing": (
        "a key that may change the pump waits to be paired",
        "when the pair button is pressed, or after 30 s",
        "Press the pair button only if you asked for it yourself.",
    ),
    "keys_damaged": (
        "the paired keys cannot be read, or are older than those paired last",
        "when a key has been paired and this was acknowledged",
        "Pair the keys again; until then nothing is changed but with the buttons.",
    ),
    "clock_module_fault": (
        "the clock module does not answer, has lost its time, or goes at another rate",
        "when it agrees with the pump's own clock again, or the clock has been set",
        "Check the time and set the clock; if it comes again, look at the module and its cell.",
    ),
    "display_fault": (
        "the display does not answer any more and may show what was true before",
        "when the display answers again",
        "Do not trust the display; check its plug and wires. Delivery goes on.",
    ),
    "library_damaged": (
        "the drug library cannot be read, or is older than the one installed last",
        "when a drug library has been installed and this was acknowledged",
        "Install the drug library again; delivery goes on, but no drug is programmed until then.",
    ),
    "vtbi_near": (
        "the volume to be infused will soon have been delivered",
        "when it has been delivered, or delivery was stopped",
        "Be ready to start anew or to stop.",
    ),
    "vtbi_reached": (
        "the volume to be infused has been delivered",
        "when acknowledged",
        "Start to deliver it anew, or stop.",
    ),
    "service_fault": (
        "looking after the pump ended with an error and is begun anew",
        "when acknowledged",
        "Read the fault log out and report it; if it comes again, the watchdog resets the board.",
    ),
    "driver_silent": (
        "the motor driver does not answer any more",
        "when it answers again",
        "Check the motor supply and the wire at PDN_UART; delivery goes on unseen by the driver.",
    ),
    "driver_reset": (
        "the motor driver was reset and set up again",
        "when acknowledged",
        "Check the motor supply; what was stepped in the 20 s before is not sure.",
    ),
    "driver_fault": (
        "the motor driver has switched itself off, or cannot be trusted",
        "when the driver tells of no fault and this was acknowledged",
        "Check motor plug, wiring and supply, with the supply off; then start again.",
    ),
    "long_interruption": (
        "delivery was interrupted for longer than the programme allows without asking",
        "when a person has started, paused or stopped the pump",
        "Have the prescriber judge; then start to go back to the programme, or leave the low rate.",
    ),
    "equipment_damaged": (
        "what is fitted cannot be read, so no switch and no sensor is watched",
        "when an equipment was confirmed and this was acknowledged",
        "Install the equipment again with titrate equipment install.",
    ),
    "sensor_failing": (
        "a sensor gives no readings that can be right",
        "when it reads again",
        "Check its wires; until then an occlusion is not noticed by force.",
    ),
}


def cause(code: str) -> str:
    """What an alarm means, without a full stop; "" for one this firmware does not know."""
    return TEXTS[code][0] if code in TEXTS else ""


def sentence(code: str, seen: str) -> str:
    """What was seen, or else what the alarm means, and what to do about it.

    Args:
        code: which alarm.
        seen: one sentence of what was seen, without a full stop; or "".
    """
    return (seen or cause(code)) + ". " + TEXTS[code][2]
