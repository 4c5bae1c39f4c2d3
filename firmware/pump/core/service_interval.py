"""When the drive is due for service: by the turns that its motor has made.

20,000 turns: 20 m of a 1 mm lead, some 300 fills of a 10 mL syringe, twenty years of 25 uL/h or a
few months of a bench at 5 mL/h. The figure is ours; what the drive really stands is for whoever
builds it to find out. Steps made before another drivetrain was programmed count as its steps.
"""

from pump.core import records
from pump.core.compat import const

TURNS = const(20000)
_RECORDS_MAX = const(400)


class ServiceInterval:
    """Raises service_due each time that so many turns more have been made.

    Acknowledging it enters the service: that is in the log.
    """

    def __init__(self, controller):
        self._pump = controller
        self._intervals = None

    def look(self, stepped: int) -> None:
        """Say how many microsteps have been made in the pump's life."""
        programme = self._pump.prescription
        intervals = stepped // (TURNS * programme.full_steps_per_rev * programme.microsteps)
        if self._intervals is None:
            if self._is_open():
                self._raise()
        elif intervals > self._intervals:
            self._raise()
        self._intervals = intervals

    def _raise(self) -> None:
        pump = self._pump
        pump.active_alarms.raise_event("service_due", pump.pump_clock.uptime_s())

    def _is_open(self) -> bool:
        """Whether the log says that it was raised and not acknowledged, before this start."""
        looked_at = 0
        for record in self._pump.recorder.events.records(newest_first=True):
            looked_at += 1
            if looked_at > _RECORDS_MAX:
                break
            if record.kind in (records.ALARM_RAISED, records.ALARM_ACKNOWLEDGED):
                if record.fields()["alarm"] == "service_due":
                    return record.kind == records.ALARM_RAISED
        return False
