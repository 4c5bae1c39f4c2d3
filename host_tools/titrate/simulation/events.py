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
            end_of_programme, vtbi_near, vtbi_reached) or of a journal entry (started,
            rate_changed, bolus_started, bolus_finished, bolus_cancelled, demand); and
            bridge_finished and demand_refused.
        values: rate_nl_per_h, volume_nl (of a bolus) or delivered_nl (of a cancelled one).
        sentence: why a demand bolus was refused, else "".
    """

    t_s: Fraction
    code: str
    values: dict[str, Fraction] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True)
class SoftLimit:
    """A soft limit of the drug library that was gone beyond; a pump asks for a reason.

    Attributes:
        t_s: seconds since the simulation began: 0 of the programme, else of a bolus.
        code: the limit.
        sentence: for a person.
    """

    t_s: int
    code: str
    sentence: str
