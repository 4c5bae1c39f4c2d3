"""Finding out after a reset what was going on, and going on with it safely.

After a soft reset or a watchdog reset the state is in retained memory and the steps
made are known exactly by the witness; after a power cut they come from the journals,
and what is not known is booked in the direction that shows less in the reservoir.
"""

from pump.core import moves, ratio, records
from pump.core import programme as programmes
from pump.core.delivery import MODE_MINIMUM, MODE_SCHEDULE, TICKS_PER_S, TICKS_PER_US
from pump.core.errors import Damaged, PumpError
from pump.core.limits import check
from pump.core.requests import REMEMBERED

_STATE_OF = {
    records.STARTED: moves.RUNNING,
    records.RESUMED: moves.RUNNING,
    records.MINIMUM_RATE: moves.MINIMUM,
    records.PAUSED: moves.PAUSED,
    records.STOPPED: moves.STOPPED,
    records.PRIME: moves.STOPPED,
    records.PROGRAMME_CONFIRMED: None,
}
_REASON_STATES = {"emptied": moves.EMPTY, "fault": moves.HALTED}
# How many records are looked through for the pump's last state.
_RECORDS_MAX = 400


def load_programme(pump) -> None:
    """Adopt the programme that the settings hold, if they hold a sound one."""
    try:
        stored = pump.recorder.settings.open()
        newest = _confirmed_slot(pump)
        if stored is None and newest is None:
            return
        if stored is None or (newest is not None and stored.sequence < newest):
            raise Damaged("the programme that was confirmed last cannot be read from flash")
        text = stored.text
        programme = programmes.parse_canonical(text)
        check(programme)
    except PumpError as error:
        pump.active_alarms.raise_alarm(
            "programme_damaged", pump.pump_clock.uptime_s(), error.sentence
        )
        pump.recorder.fault("programme_damaged", error.sentence)
        return
    pump.adopt(programme, text, programmes.digest(text))
    if pump.state == moves.UNPROGRAMMED:
        pump.state = moves.STOPPED


def _confirmed_slot(pump):
    """Number of the settings that the journal says were confirmed last, or None."""
    record = pump.recorder.events.last(records.PROGRAMME_CONFIRMED)
    return None if record is None else record.fields()["slot"]


def after_warm_reset(pump, state, witnessed: int, gap_from_ticks) -> None:
    """Go on after a soft reset or a watchdog reset.

    Args:
        pump: a new Controller; its clock is right again.
        state: the RetainedState.
        witnessed: edges that the witness counted since state.witness_base.
        gap_from_ticks: None after a soft reset: what fell due meanwhile is made up for.
            After a watchdog reset the pump time of the reset: from then until now nothing
            was asked for, which is journalled as an interruption.
    """
    moved = state.witness_base + witnessed
    pump.witness_base = moved
    load_programme(pump)
    if pump.delivery is None or pump.programme_digest != state.programme_digest:
        after_power_cut(pump)
        return
    state.restore_ledger(pump.ledger)
    pump.ledger.microstep_nl = pump.delivery.microstep_nl
    state.restore_delivery(pump.delivery)
    pump.feeder.planned = moved
    pump.state = state.state
    now_ticks = pump.pump_clock.now_ticks()
    if gap_from_ticks is not None and pump.state in moves.DELIVERING:
        for bolus in pump.delivery.boluses:
            _note_cancelled(pump, bolus.request_id, bolus.delivered_nl(gap_from_ticks))
        if pump.state == moves.PRIMING:
            # A prime is not gone on with: nobody may be watching the line.
            pump.delivery.halt(gap_from_ticks, moved)
            pump.state = moves.STOPPED
            pump.ledger.end_prime(moved)
        else:
            pump.delivery.advance(max(gap_from_ticks, pump.delivery.anchor_ticks))
            pump.delivery.skip_to(now_ticks)
        length_s = (now_ticks - gap_from_ticks) // TICKS_PER_S
        pump.recorder.event(records.INTERRUPTION, length_s)
        _raise(pump, "interrupted", "delivery was interrupted for " + str(length_s) + " s")
    _go_on(pump)


def after_power_cut(pump) -> None:
    """Go on from the journals; the clock shows the last time that was noted and is unknown."""
    checkpoint = pump.recorder.last_checkpoint()
    moved = 0
    if checkpoint is not None:
        fields, time_s, _ = checkpoint
        moved = fields["delivered_steps"]
        if not pump.pump_clock.is_known:
            pump.pump_clock.set(time_s)
            pump.pump_clock.is_known = False
    pump.ledger.filled_at_moved = moved
    pump.witness_base = moved
    if pump.delivery is None:
        load_programme(pump)
    if pump.delivery is None:
        return
    pump.feeder.planned = moved
    pump.delivery.steps = moved
    ledger = pump.ledger
    ledger.microstep_nl = pump.delivery.microstep_nl
    if checkpoint is not None:
        ledger.filled_nl = fields["reservoir_nl"]
        ledger.lost_steps = fields["reserved_steps"]
        _restore_delivered(pump, fields)
    pump.state = _last_state(pump)
    if pump.state in (moves.RUNNING, moves.MINIMUM):
        mode = MODE_MINIMUM if pump.state == moves.MINIMUM else MODE_SCHEDULE
        pump.delivery.start(pump.pump_clock.now_ticks(), mode)
        pump.recorder.event(records.INTERRUPTION, 0)
        _raise(pump, "interrupted", "power was lost while delivering, for an unknown time")
    _go_on(pump)


def load_requests(pump) -> None:
    """Remember the outcomes of the last requests that the journal holds."""
    found: list[str] = []
    looked_at = 0
    for record in pump.recorder.events.records(newest_first=True):
        looked_at += 1
        if looked_at > _RECORDS_MAX or len(found) == REMEMBERED:
            break
        if record.kind in (records.REQUEST_OUTCOME, records.BOLUS_STARTED):
            found.append(record.fields()["request_id"])
    for request_id in reversed(found):
        if request_id != "00000000":
            pump.requests.keep(request_id, "done")


def _restore_delivered(pump, fields) -> None:
    """What was delivered since the last refill: what was filled less what is left and primed."""
    record = pump.recorder.events.last(records.REFILL)
    if record is None:
        return
    used_nl = ratio.subtract(record.fields()["volume_nl"], fields["reservoir_nl"])
    primed_nl = ratio.scale(pump.ledger.microstep_nl, fields["primed_steps"])
    pump.ledger.earlier_delivered_nl = ratio.subtract(used_nl, primed_nl)


def _last_state(pump) -> str:
    """The state that the journal's newest record of a change of state tells of."""
    looked_at = 0
    open_boluses = []
    closed = []
    found = moves.STOPPED
    for record in pump.recorder.events.records(newest_first=True):
        looked_at += 1
        if looked_at > _RECORDS_MAX:
            break
        if record.kind in (records.BOLUS_FINISHED, records.BOLUS_CANCELLED):
            closed.append(record.fields()["request_id"])
        elif record.kind == records.BOLUS_STARTED:
            request_id = record.fields()["request_id"]
            if request_id not in closed:
                open_boluses.append(request_id)
        elif _STATE_OF.get(record.kind) is not None:
            found = _STATE_OF[record.kind]
            if record.kind == records.STOPPED:
                found = _REASON_STATES.get(record.fields()["reason"], found)
            break
    for request_id in open_boluses:
        _note_cancelled(pump, request_id, ratio.ZERO)
    return found


def _note_cancelled(pump, request_id: str, delivered_nl) -> None:
    pump.recorder.event(records.BOLUS_CANCELLED, request_id, delivered_nl, "power or watchdog")
    _raise(pump, "bolus_cancelled", "a bolus was cut short by a reset and is not given again")


def _raise(pump, code: str, cause: str) -> None:
    uptime_s = pump.pump_clock.uptime_s()
    if not pump.active_alarms.is_active(code):
        pump.active_alarms.raise_alarm(code, uptime_s, cause)


def _go_on(pump) -> None:
    pump.limit()
    if pump.state in moves.DELIVERING:
        pump.generator.begin_move(True)
        now_ticks = pump.pump_clock.now_ticks()
        now_ticks += -now_ticks % TICKS_PER_US
        pump.feeder.begin(now_ticks, _nothing)
    pump.monitor.after_change()
    pump.keep_state()


def _nothing(from_ticks: int) -> None:
    """The delivery stays as it was restored."""
