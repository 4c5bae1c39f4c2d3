"""The pump's named states and the one table of legal moves between them."""

from pump.core.errors import NotNow

UNPROGRAMMED = "unprogrammed"  # no programme has been confirmed
STOPPED = "stopped"  # a programme is in force, nothing is delivered
RUNNING = "running"  # the programme is delivered
MINIMUM = "minimum"  # the programme's minimum rate is delivered
KVO = "kvo"  # the volume to be infused has been delivered; its KVO rate keeps the line open
PAUSED = "paused"  # nothing is delivered; resume goes on
PRIMING = "priming"  # the line is being filled
MOVING = "moving"  # the drive is moved, which is no dose
EMPTY = "empty"  # nothing is delivered: the reservoir is down to its reserve
HALTED = "halted"  # nothing is delivered: a fault stopped it

# state: {what happens: the state after it}
MOVES = {
    UNPROGRAMMED: {"confirm": STOPPED, "refill": UNPROGRAMMED},
    STOPPED: {
        "confirm": STOPPED,
        "rate": STOPPED,
        "start": RUNNING,
        "minimum": MINIMUM,
        "prime": PRIMING,
        "move": MOVING,
        "refill": STOPPED,
        "stop": STOPPED,
        "fault": HALTED,
    },
    RUNNING: {
        "confirm": RUNNING,
        "rate": RUNNING,
        "start": RUNNING,
        "minimum": MINIMUM,
        "pause": PAUSED,
        "stop": STOPPED,
        "bolus": RUNNING,
        "demand": RUNNING,
        "cancel_bolus": RUNNING,
        "refill": RUNNING,
        "infused": STOPPED,
        "kept_open": KVO,
        "emptied": EMPTY,
        "fault": HALTED,
    },
    KVO: {
        "confirm": KVO,
        "rate": KVO,
        "start": RUNNING,
        "minimum": MINIMUM,
        "pause": PAUSED,
        "stop": STOPPED,
        "refill": KVO,
        "emptied": EMPTY,
        "fault": HALTED,
    },
    MINIMUM: {
        "confirm": MINIMUM,
        "rate": MINIMUM,
        "start": RUNNING,
        "minimum": MINIMUM,
        "pause": PAUSED,
        "stop": STOPPED,
        "refill": MINIMUM,
        "emptied": EMPTY,
        "fault": HALTED,
    },
    PAUSED: {
        "confirm": PAUSED,
        "rate": PAUSED,
        "resume": RUNNING,
        "minimum": MINIMUM,
        "pause": PAUSED,
        "stop": STOPPED,
        "refill": PAUSED,
        "fault": HALTED,
    },
    PRIMING: {"stop": STOPPED, "primed": STOPPED, "emptied": EMPTY, "fault": HALTED},
    # A stop goes down the ramp; "moved" comes when it is at rest.
    MOVING: {"stop": MOVING, "moved": STOPPED, "fault": HALTED},
    EMPTY: {
        "refill": PAUSED,
        "stop": STOPPED,
        "confirm": EMPTY,
        "rate": EMPTY,
        "fault": HALTED,
    },
    HALTED: {"stop": STOPPED, "refill": HALTED},
}

# What to do in a state where something asked for is not possible.
_ADVICE = {
    UNPROGRAMMED: "confirm a programme first",
    STOPPED: "start first",
    RUNNING: "it is running; pause or stop first",
    KVO: "the volume to be infused has been delivered; start to deliver it anew, or stop",
    MINIMUM: "it runs at its minimum rate; start to go back to the programme",
    PAUSED: "resume or stop first",
    PRIMING: "wait until it is primed, or stop",
    MOVING: "wait until the drive is at rest, or stop",
    EMPTY: "refill first",
    HALTED: "a fault stopped it; look at the alarms, then stop and start again",
}

DELIVERING = (RUNNING, KVO, MINIMUM, PRIMING)


def after(state: str, happening: str, asked: str = "") -> str:
    """The state that follows when something happens in a state.

    Args:
        asked: what a person asked for, where that is not the happening's own name.

    Raises:
        NotNow: it is not possible in that state; the sentence says what to do.
    """
    following = MOVES[state].get(happening)
    if following is None:
        raise NotNow(
            (asked or happening).replace("_", " ")
            + " is not possible while the pump is "
            + state
            + ": "
            + _ADVICE[state]
        )
    return following
