"""Where the drive stands: microsteps from home, known once it has been there, and its backlash.

Home is where the switch at the full end is reached on the way back; the plunger is pushed in by
going away from it. Every step counts: those of delivery, of priming, and of moves in both
directions. After a turn back the first steps forward only take up the backlash: so long nothing
moves the plunger, and no position changes.
"""

from pump.core import ratio


class Travel:
    """Position and backlash of one drive.

    Attributes:
        slack_steps: microsteps forward that would move nothing.
    """

    def __init__(self):
        self.slack_steps = 0
        # Microsteps from home less those made in the pump's life, and of which drivetrain.
        self._offset = None
        self._drive = None

    def position(self, moved: int, programme):
        """Microsteps from home, or None where that is not known.

        Args:
            moved: microsteps that were delivered or primed in the pump's life.
            programme: whose drivetrain it is.
        """
        if self._offset is None or self._drive != _drive_of(programme):
            return None
        return self._offset + moved

    def know(self, position: int, moved: int, programme) -> None:
        """The drive stands so many microsteps from home."""
        self._offset = position - moved
        self._drive = _drive_of(programme)

    def forget(self) -> None:
        """Nobody knows where it stands."""
        self._offset = None

    def note(self, steps: int, is_infusing: bool, backlash_steps: int) -> None:
        """So many microsteps were made by a move, not by delivery."""
        if is_infusing:
            taken_up = min(steps, self.slack_steps)
            self.slack_steps -= taken_up
            advance = steps - taken_up
        else:
            gained = min(steps, max(0, backlash_steps - self.slack_steps))
            self.slack_steps += gained
            advance = gained - steps
        if self._offset is not None:
            self._offset += advance

    def note_taken_up(self) -> None:
        """The slack was taken up by steps that count as primed."""
        if self._offset is not None:
            self._offset -= self.slack_steps
        self.slack_steps = 0

    def text(self) -> str:
        """For memory that survives a reset."""
        offset = "-" if self._offset is None else str(self._offset)
        return offset + "/" + str(self.slack_steps)

    def restore(self, text: str, programme) -> None:
        """What text() wrote; the programme is the one that was in force."""
        offset, slack = text.split("/")
        self.slack_steps = int(slack)
        if offset != "-" and programme is not None:
            self._offset = int(offset)
            self._drive = _drive_of(programme)


def _drive_of(programme):
    return (
        programme.lead_um,
        programme.full_steps_per_rev,
        programme.microsteps,
        programme.gear,
    )


def steps_per_um(programme):
    """Microsteps that move the plunger by a micrometre, a ratio."""
    gear = programme.gear
    a_turn = programme.full_steps_per_rev * programme.microsteps * gear[0]
    return ratio.ratio(a_turn, programme.lead_um * gear[1])


def steps_of(distance_um: int, programme) -> int:
    """Whole microsteps of a distance in micrometres, rounded down."""
    per_um = steps_per_um(programme)
    return distance_um * per_um[0] // per_um[1]
