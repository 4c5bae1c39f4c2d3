"""What a person may ask the drive to move, and how that becomes phases; imported when asked for.

The plunger may draw or push liquid in a move, whatever hangs on the line. So every move asks for
the line to be off it, or for a syringe switch that says that there is no syringe.
"""

from pump.core import moves, ratio
from pump.core.compat import const
from pump.core.errors import NotNow, OutOfRange
from pump.core.geometry import travel_um
from pump.core.moving import AT_HOME, AT_SWITCH, WHOLE, backlash_steps
from pump.core.quantity import format_length, format_volume
from pump.core.travel import steps_of

INFUSE = "infuse"
WITHDRAW = "withdraw"
OFF = "off"

# Off the home switch, to find it again slowly, and where the drive rests after it was found.
BACK_OFF_UM = const(1000)
# Short of the plunger, so that loading never pushes it.
LOAD_GAP_UM = const(500)
# The longest jog where nobody knows the position.
BLIND_UM = const(2000)
# A switch that settles in 20 ms and is looked at every 10 ms is found within a few micrometres so.
_SLOWER = const(2)
# Towards the switch no faster than it leaves room to stop in.
_APPROACH_SLOWER = const(2)


def home(pump, line: str, request_id):
    """Begin to find the home switch: fast, off it, slowly, off it; as Moving.begin()."""
    _check(pump, "home", line)
    return pump.moving.begin("home", _to_the_switch(pump, "home"), request_id)


def unload(pump, line: str, request_id):
    """Begin to draw the drive back for another syringe; as Moving.begin()."""
    _check(pump, "unload", line)
    position = _position(pump)
    if position is None:
        phases = _to_the_switch(pump, "unload")
    else:
        back = position - steps_of(BACK_OFF_UM, pump.prescription)
        if back <= 0:
            raise NotNow("the drive is drawn back already; put the syringe in, then load")
        phases = _withdrawing(pump, back)
    return pump.moving.begin("unload", phases, request_id)


def load(pump, volume_nl, line: str, request_id):
    """Begin to go up to the plunger of a syringe that holds a volume, a ratio in nL."""
    _check(pump, "load", line)
    programme = pump.prescription
    if ratio.compare(volume_nl, (programme.capacity_nl, 1)) > 0:
        raise OutOfRange(
            "a syringe with "
            + format_volume(volume_nl)
            + " is more than the "
            + format_volume((programme.capacity_nl, 1))
            + " that it holds; say what is in it"
        )
    position = _position(pump)
    if position is None:
        raise NotNow("where the drive stands is not known; home first, then load")
    to_um = pump.generator.limits.full_um + programme.travel_um - LOAD_GAP_UM
    to_um -= ratio.ceil(travel_um(programme.bore_um, volume_nl))
    steps = max(0, steps_of(to_um, programme)) - position
    if steps == 0:
        raise NotNow("the drive stands there already; jog up to the plunger, then refill")
    phases = _infusing(pump, steps) if steps > 0 else _withdrawing(pump, -steps)
    return pump.moving.begin("load", phases, request_id)


def jog(pump, distance, direction: str, line: str, request_id):
    """Begin to move the plunger by a distance.

    Args:
        distance: ("length", ratio in um) or ("volume", ratio in nL).
        direction: INFUSE or WITHDRAW.
    """
    _check(pump, "jog", line)
    if direction not in (INFUSE, WITHDRAW):
        raise OutOfRange("direction is infuse or withdraw; say which way to jog")
    programme = pump.prescription
    kind, value = distance
    if kind == "volume":
        steps = ratio.floor(ratio.divide(value, programme.microstep_nl()))
    else:
        steps = steps_of(value[0], programme) // value[1]
    if steps == 0:
        raise OutOfRange("that is less than one microstep; ask for more")
    position = _position(pump)
    if position is None:
        if steps > steps_of(BLIND_UM, programme):
            raise OutOfRange(
                "where the drive stands is not known, so a jog is at most "
                + format_length((BLIND_UM, 1))
                + "; home first, or ask for less"
            )
    else:
        last_um = pump.generator.limits.full_um + programme.travel_um
        room = position if direction == WITHDRAW else steps_of(last_um, programme) - position
        if steps > room:
            raise OutOfRange(
                "the travel ends after another "
                + format_length(_um_of(max(0, room), programme))
                + " that way; ask for less"
            )
    if direction == WITHDRAW and pump.switches.is_at_home():
        raise NotNow("the home switch is reached: there is no way further back; jog the other way")
    if direction == INFUSE and pump.switches.is_at_end():
        raise NotNow("the switch at the empty end is reached; jog the other way: withdraw")
    phases = _infusing(pump, steps) if direction == INFUSE else _withdrawing(pump, steps)
    return pump.moving.begin("jog " + direction, phases, request_id)


def _check(pump, name: str, line: str) -> None:
    moves.after(pump.state, "move", name)
    if pump.active_alarms.is_active("move_failed"):
        raise NotNow("the last move failed; see alarms for why, then acknowledge move_failed")
    if line != OFF and pump.switches.has_syringe() is not False:
        raise NotNow(
            name + " moves the plunger, which may push or draw liquid: take the line off, or let it"
            " lead into waste, and say so with line=off"
        )


def _position(pump):
    return pump.moving.travel.position(pump.moved(), pump.prescription)


def _to_the_switch(pump, name: str):
    is_at_home = pump.switches.is_at_home()
    if is_at_home is None:
        raise NotNow(
            name + " needs the home switch, and none is fitted; jog by distance, or fit one"
        )
    programme = pump.prescription
    limits = pump.generator.limits
    backlash = backlash_steps(pump)
    back_off = steps_of(BACK_OFF_UM, programme) + backlash
    phases = []
    if not is_at_home:
        far = steps_of(limits.full_um + programme.travel_um, programme) + backlash
        approach_per_s = max(limits.start_per_s, limits.fast_per_s // _APPROACH_SLOWER)
        phases.append((False, far, approach_per_s, AT_SWITCH))
    slowly_per_s = max(1, limits.start_per_s // _SLOWER)
    phases.append((True, back_off, limits.start_per_s, WHOLE))
    phases.append((False, 2 * back_off, slowly_per_s, AT_HOME))
    phases.append((True, back_off, limits.start_per_s, WHOLE))
    return phases


def _infusing(pump, steps: int):
    travel = pump.moving.travel
    return [(True, steps + travel.slack_steps, pump.generator.limits.fast_per_s, WHOLE)]


def _withdrawing(pump, steps: int):
    """Back by so many steps and the backlash, which is taken up again while the line is off."""
    limits = pump.generator.limits
    backlash = backlash_steps(pump)
    back = steps + backlash - min(backlash, pump.moving.travel.slack_steps)
    phases = [(False, back, limits.fast_per_s, WHOLE)]
    if backlash:
        phases.append((True, backlash, limits.start_per_s, WHOLE))
    return phases


def _um_of(steps: int, programme):
    per_step = programme.full_steps_per_rev * programme.microsteps * programme.gear[0]
    return ratio.ratio(steps * programme.lead_um * programme.gear[1], per_step)
