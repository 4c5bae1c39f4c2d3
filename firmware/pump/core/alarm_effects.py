"""What active alarms do to delivery: acted on at every look, and kept to by every request.

An alarm that stops delivery lets nobody start before it was acknowledged and its cause has gone.
"""

from pump.core import alarms, moves
from pump.core.errors import NotNow


def act(pump) -> None:
    """Bring delivery down to what the strongest effect of the active alarms allows."""
    effect = pump.active_alarms.effect()
    if effect == alarms.KEEP or pump.state not in moves.DELIVERING:
        return
    if effect == alarms.STOP_NOW:
        pump.halt("alarm")
    elif effect == alarms.FINISH_STROKE:
        pump.finish_stroke("alarm")
    elif pump.state != moves.MINIMUM:
        _lower(pump)


def _lower(pump) -> None:
    """The minimum rate; nothing where the programme has none, and no prime goes on."""
    has_minimum = pump.prescription.minimum_rate_nl_per_h[0]
    if pump.state == moves.PRIMING or not has_minimum:
        pump.finish_stroke("alarm")
    elif pump.feeder.planned < pump.feeder.last_step:
        # Else it is about to be empty, which has an alarm of its own.
        pump.minimum()


def require_delivery(pump) -> None:
    """Refuse to deliver while an alarm is active that stops delivery, a switch says no, or with a
    driver that would make steps of another size; one that can be set is set here.

    Raises:
        NotNow: with the alarm and what to do.
    """
    for active in pump.active_alarms.rows():
        if active.row[alarms.EFFECT] >= alarms.FINISH_STROKE:
            raise NotNow("nothing is delivered because of the alarm " + _what_to_do(active))
    pump.inputs.require_ready()
    if pump.driver is not None:
        pump.driver.make_ready(pump.prescription.microsteps)


def require_bolus(pump) -> None:
    """Refuse a bolus while an alarm of high priority is active: GIP v1.0, 1.4.11.

    Raises:
        NotNow: with the alarm and what to do.
    """
    highest = pump.active_alarms.highest()
    if highest is not None and highest.priority == alarms.HIGH:
        raise NotNow("no bolus is given because of the alarm " + _what_to_do(highest))


def _what_to_do(active) -> str:
    if active.is_present:
        return active.code + ", whose cause is still there; see what to do about it with alarms"
    return active.code + "; look into its cause, then acknowledge it"
