"""What happens in a simulation, named as the pump's journal and its alarms name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Event:
    """Something that happens.

    Attributes:
        t_s: seconds since the simulation began, exactly.
        code: of an alarm (low_reservoir, low_reservoir_time, empty, end_of_programme_near,
            end_of_programme) or of a journal entry (started, rate_changed, bolus_started,
            bolus_finished, bolus_cancelled).
        values: rate_nl_per_h, volume_nl (of a bolus) or delivered_nl (of a cancelled one).
    """

    t_s: Fraction
    code: str
    values: dict[str, Fraction] = field(default_factory=dict)
