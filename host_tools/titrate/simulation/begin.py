"""When a programme is begun where nobody says when."""

from pump.core.programme import Programme
from pump.core.quantity import parse_instant_s
from pump.core.schedule import DAY_S

# A Monday, so that a week begins.
_MONDAY_S = parse_instant_s("2001-01-01T00:00:00")


def begin_s(programme: Programme) -> int:
    """The programme's own start, else the day on which its course first changes, else a Monday.

    Args:
        programme: to be simulated.

    Returns:
        pump time in s.
    """
    if programme.start_s is not None:
        return programme.start_s
    changes = [at_s for at_s, _ in programme.course if at_s]
    return changes[0] - changes[0] % DAY_S if changes else _MONDAY_S
