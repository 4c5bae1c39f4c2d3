"""What motor, driver and screw of a board follow: the limits of every fast move."""


class MotionLimits:
    """Limits of one board.

    Args:
        start_per_s: microsteps a second that the motor follows from rest; no rate of a move
            differs by more from the one before it.
        fast_per_s: the most microsteps a second, with a ramp up to there.
        acceleration_per_s2: microsteps a second, a second.
        backlash_um: how far the screw turns back without moving the plunger, micrometres.
        full_um: from the home switch to the plunger of a full syringe, micrometres.

    Raises:
        ValueError: a limit that is none.
    """

    def __init__(
        self,
        start_per_s: int,
        fast_per_s: int,
        acceleration_per_s2: int,
        backlash_um: int,
        full_um: int,
    ):
        if not 0 < start_per_s <= fast_per_s or acceleration_per_s2 < 100 or backlash_um < 0:
            raise ValueError("limits of a move: start, fast and acceleration are above 0")
        self.start_per_s = start_per_s
        self.fast_per_s = fast_per_s
        self.acceleration_per_s2 = acceleration_per_s2
        self.backlash_um = backlash_um
        self.full_um = full_um


def of_board(board) -> MotionLimits:
    """The limits that a board declares in its pump_board.py."""
    return MotionLimits(
        board.STEPS_PER_S_MAX,
        board.STEPS_PER_S_FAST_MAX,
        board.ACCELERATION_STEPS_PER_S2,
        board.BACKLASH_UM,
        board.HOME_TO_FULL_UM,
    )
