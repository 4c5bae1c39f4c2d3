"""Finding out after a reset what was going on, and going on with it safely.

After a soft reset or a watchdog reset the state is in retained memory and the steps
made are known exactly by the witness; after a power cut they come from the journals,
and what is not known is booked in the direction that shows less in the reservoir.
"""

from pump.core import following, moves, ratio, records
from pump.core import programme as programmes
from pump.core.alarms import ALARMS
from pump.core.clock_module import BEHIND_MAX_S
from pump.core.delivery import MODE_MINIMUM, MODE_SCHEDULE, TICKS_PER_S, TICKS_PER_US
from pump.core.errors import Damaged, NotNow, PumpError
from pump.core.journal_times import JournalTimes
from pump.core.modes import THEN_CONTINUE
from pump.core.requests import REMEMBERED
from pump.core.schedule import DAY_S

_STATE_OF = {
    records.STARTED: moves.RUNNING,
    records.RESUMED: moves.RUNNING,
    records.MINIMUM_RATE: moves.MINIMUM,
    records.PAUSED: moves.PAUSED,
    records.PRIME: moves.STOPPED,
}
_ENDS_BOLUSES = (records.STOPPED, records.PAUSED, records.MINIMUM_RATE)
_OF_BOLUSES = _ENDS_BOLUSES + (
    records.BOLUS_STARTED,
    records.BOLUS_FINISHED,
    records.BOLUS_CANCELLED,
)
_OF_REPEATS = (records.BOLUS_STARTED, records.CLOCK_SET)
_REASON_STATES = {"emptied": moves.EMPTY, "fault": moves.HALTED, "kept_open": moves.KVO}
# How many records are looked through for requests and boluses.
_RECORDS_MAX = 400


def load_programme(pump) -> None:
    """Adopt the programme that the settings hold, if they hold a sound one."""
    try:
        recorder = pump.recorder
        stored = recorder.confirmed(recorder.settings, records.PROGRAMME_CONFIRMED)
        if stored is None:
            return
        text = stored.text
        programme = programmes.parse_canonical(text)
        programmes.check(programme)
    except PumpError as error:
        code = "other_board" if error.code == "other_board" else "programme_damaged"
        _raise(pump, code, error.sentence)
        pump.recorder.fault(code, error.sentence)
        return
    pump.adopt(programme, text, programmes.digest(text))
    try:
        newest = pump.recorder.confirmed_slot(records.FOLLOWING_CONFIRMED)
        pump.delivery.following = following.load(pump.recorder, pump.programme_digest, newest)
    except PumpError as error:
        # What is in force goes on; what was to follow has to be sent again.
        sentence = "the programme that was to follow is lost: " + error.sentence
        _raise(pump, "programme_damaged", sentence)
        pump.recorder.fault("programme_damaged", sentence)
    if pump.state == moves.UNPROGRAMMED:
        pump.state = moves.STOPPED


class Kept:
    """The programme that the settings hold, read while what was committed is still delivered.

    It was checked when it was confirmed, so its digest is enough to go on with it after a
    reset, and no journal is needed for that.

    Attributes:
        digest: the programme's; "" when there is none, or it cannot be read.
    """

    def __init__(self, recorder):
        self.digest = ""
        try:
            stored = recorder.settings.open()
            if stored is not None:
                self._text = stored.text
                self._programme = programmes.parse_canonical(stored.text)
                digest = programmes.digest(stored.text)
                self._following = following.load(recorder, digest, None)
                self.digest = digest
        except PumpError:
            # Whoever reads it with the journals will name what is wrong.
            pass

    def adopt(self, pump) -> None:
        """Have a pump go on with it."""
        pump.adopt(self._programme, self._text, self.digest)
        pump.delivery.following = self._following


def load_history(pump) -> None:
    """Find in library and journals what is needed to judge requests, not to go on delivering."""
    # Delivery goes on, and the service that feeds it has yet to start.
    pump.recorder.events.while_reading = pump.commit_before_writing
    try:
        for load in (
            pump.lock.load,
            pump.guard.load,
            pump.inputs.load,
            pump.guard.load_history,
            lambda: pump.demands.load(pump.recorder),
            lambda: load_requests(pump),
            lambda: following.tidy(pump),
        ):
            load()
            pump.commit_before_writing()
    finally:
        pump.recorder.events.while_reading = None


def after_warm_reset(pump, kept, state, witnessed: int, gap_from_ticks) -> None:
    """Go on after a soft reset or a watchdog reset.

    Args:
        kept: the Kept programme.
        pump: a new Controller; its clock is right again.
        state: the RetainedState.
        witnessed: edges that the witness counted since state.witness_base.
        gap_from_ticks: None after a soft reset: what fell due meanwhile is made up for.
            After a watchdog reset the pump time of the reset: from then until now nothing
            was asked for, which is journalled as an interruption.
    """
    moved = state.witness_base + witnessed
    if state.moved_before is not None:
        # A move is no dose, however much of it was made.
        moved = state.moved_before
    pump.witness_base = moved
    is_kept = bool(kept.digest) and kept.digest == state.programme_digest
    if is_kept:
        kept.adopt(pump)
    is_soft = gap_from_ticks is None
    if not is_kept or not is_soft:
        pump.recorder.open()
    if not is_kept:
        load_programme(pump)
        if pump.programme_digest != state.programme_digest:
            _after_power_cut(pump, moved)
            load_history(pump)
            return
    state.restore_ledger(pump.ledger)
    if pump.delivery is None:
        pump.keep_state()
        load_history(pump)
        return
    pump.ledger.microstep_nl = pump.delivery.microstep_nl
    state.restore_delivery(pump.delivery)
    pump.feeder.planned = moved
    pump.state = moves.STOPPED if state.state == moves.MOVING else state.state
    state.restore_travel(pump.moving.travel, pump.prescription)
    pump.awaits_person = state.awaits_person
    pump.was_cut_off = state.was_cut_off
    if is_soft and pump.state == moves.PRIMING and not pump.delivery.prime_rate_nl_per_h[0]:
        # One with a ramp cannot go on at full rate from rest.
        pump.delivery.halt(pump.pump_clock.now_ticks(), moved)
        pump.state = moves.STOPPED
        pump.ledger.end_prime(moved)
    if is_soft:
        _begin(pump)
        # Delivery goes on: what follows is no part of the gap.
        if is_kept:
            pump.recorder.open()
    now_ticks = pump.pump_clock.now_ticks()
    known_ticks = now_ticks if gap_from_ticks is None else gap_from_ticks
    pump.monitor.know_boluses(max(known_ticks, pump.delivery.anchor_ticks))
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
    if not is_soft:
        _begin(pump)
    _settle(pump)
    load_history(pump)


def after_power_cut(pump) -> None:
    """Go on from the journals; a clock module tells the time, if there is a sound one.

    Without one the clock shows the last time that was noted, and is unknown.
    """
    pump.recorder.open()
    _after_power_cut(pump, 0)
    load_history(pump)


def _after_power_cut(pump, moved: int) -> None:
    """As after_power_cut(); moved: microsteps that the pump is known to have made."""
    checkpoint = pump.recorder.last_checkpoint()
    fields = None
    if checkpoint is not None:
        fields = checkpoint[0]
        moved = max(moved, fields["stepped"])
    noted = _last_noted(pump, checkpoint)
    if not pump.pump_clock.is_known:
        _find_time(pump, noted)
    pump.ledger.filled_at_moved = moved
    pump.witness_base = moved
    if pump.delivery is None:
        load_programme(pump)
    if pump.delivery is None:
        return
    pump.feeder.planned = moved
    pump.delivery.steps = moved
    pump.ledger.microstep_nl = pump.delivery.microstep_nl
    _restore_book_and_state(pump, fields)
    _find_cycle(pump)
    _hold_back_repeated(pump)
    if pump.state in (moves.RUNNING, moves.KVO, moves.MINIMUM):
        length_s = None
        if pump.pump_clock.is_known and noted is not None:
            length_s = max(0, pump.pump_clock.now_s() - noted[0])
        # Where the length is not known, it will be once the clock is set.
        pump.was_cut_off = length_s is None
        if pump.state == moves.RUNNING and not pump.goes_on_after(length_s):
            pump.awaits_person = True
            has_minimum = pump.prescription.minimum_rate_nl_per_h[0]
            pump.state = moves.MINIMUM if has_minimum else moves.PAUSED
        if pump.state != moves.PAUSED:
            mode = MODE_MINIMUM if pump.state == moves.MINIMUM else MODE_SCHEDULE
            pump.delivery.start(pump.pump_clock.now_ticks(), mode)
        pump.recorder.event(records.INTERRUPTION, length_s or 0)
        how_long = "an unknown time" if length_s is None else "at most " + str(length_s) + " s"
        _raise(pump, "interrupted", "power was lost while delivering, for " + how_long)
    if pump.state not in moves.DELIVERING:
        pump.moving.load_slack()
    _begin(pump)
    # None of them is gone on with, so that delivery need not wait for what a long log says.
    _cancel_boluses(pump)
    _settle(pump)


def _last_noted(pump, checkpoint):
    """(pump time in s, whether the clock was known) of what was journalled last, or None."""
    noted = None if checkpoint is None else checkpoint[1:]
    for record in pump.recorder.events.records(newest_first=True):
        if checkpoint is None or record.sequence >= checkpoint[0]["next_event"]:
            noted = (record.time_s, record.clock_known)
        break
    return noted


def _find_time(pump, noted) -> None:
    """Set pump time by the clock module, else by what was noted last; it never goes back.

    Args:
        noted: what _last_noted() gave.
    """
    clock = pump.pump_clock
    told_s = None
    if pump.clock_module is not None:
        try:
            told_s = pump.clock_module.time_s()
            if told_s is not None and noted is not None and told_s < noted[0] - BEHIND_MAX_S:
                raise Damaged("the clock module is behind the log")
        except Damaged as error:
            told_s = None
            pump.clock_lost_cause = error.sentence
    if told_s is not None:
        now_s = told_s if noted is None else max(told_s, noted[0])
        clock.set(now_s)
        if noted is not None and not noted[1]:
            # What was noted since the clock was lost moves with it, see JournalTimes.
            pump.recorder.event(records.CLOCK_SET, noted[0], now_s)
    elif noted is not None:
        clock.set(noted[0])
        clock.is_known = False


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
        if request_id not in (records.NO_REQUEST, records.PROMPTED):
            pump.requests.keep(request_id, "done")


def _restore_book_and_state(pump, fields) -> None:
    """The newest checkpoint, or None, and what was journalled after it."""
    ledger = pump.ledger
    next_event = 0
    made_nl = ratio.ZERO
    if fields is None:
        _raise(pump, "ledger_uncertain", "")
    else:
        next_event = fields["next_event"]
        ledger.filled_nl = fields["reservoir_nl"]
        ledger.earlier_delivered_nl = fields["delivered_nl"]
        ledger.earlier_primed_nl = fields["primed_nl"]
        ledger.lost_steps = fields["reserved_steps"]
        # A prime is not gone on with: nobody may be watching the line.
        is_to_rest = fields["state"] in (moves.PRIMING, moves.MOVING)
        pump.state = moves.STOPPED if is_to_rest else fields["state"]
        made_nl = ratio.scale(pump.delivery.microstep_nl, fields["reserved_steps"])
        _restore_modes(pump, fields, made_nl)
    for record in pump.recorder.events.records(next_event):
        if record.kind == records.REFILL:
            ledger.refill(record.fields()["volume_nl"], ledger.filled_at_moved)
        if record.kind == records.STARTED and pump.state in (moves.STOPPED, moves.KVO):
            if pump.prescription.vtbi is not None:
                _set_vtbi(pump.delivery, pump.prescription.vtbi.volume_nl, made_nl)
        if record.kind == records.PROGRAMME_CONFIRMED:
            _begin_modes(pump, made_nl)
        if record.kind == records.STOPPED:
            pump.state = _REASON_STATES.get(record.fields()["reason"], moves.STOPPED)
            if pump.state == moves.KVO:
                _set_vtbi(pump.delivery, ratio.ZERO, made_nl)
        else:
            pump.state = _STATE_OF.get(record.kind, pump.state)


def _restore_modes(pump, fields, made_nl) -> None:
    """What was left of bridge and volume to be infused, less what may have been made since."""
    delivery = pump.delivery
    vtbi = pump.prescription.vtbi
    left_nl = (fields["vtbi_left_nl"], 1)
    if vtbi is not None and (left_nl[0] or vtbi.then != THEN_CONTINUE):
        _set_vtbi(delivery, left_nl, made_nl)
    if pump.prescription.bridge is not None:
        delivery.bridge_left_nl = _less((fields["bridge_left_nl"], 1), made_nl)


def _set_vtbi(delivery, left_nl, made_nl) -> None:
    left = ratio.divide(_less(left_nl, made_nl), delivery.microstep_nl)
    delivery.vtbi_at = ratio.add((delivery.steps, 1), left)


def _begin_modes(pump, made_nl) -> None:
    """Power failed just after a programme was confirmed: what is new in it has yet to begin."""
    stored = pump.recorder.settings.read_previous()
    before = None if stored is None else programmes.parse_canonical(stored.text)
    delivery = pump.delivery
    delivery.begin_modes_after(before)
    vtbi = pump.prescription.vtbi
    if vtbi is not None and (before is None or vtbi != before.vtbi):
        _set_vtbi(delivery, vtbi.volume_nl, made_nl)


def _find_cycle(pump) -> None:
    """When the last intermittent bolus began; the clock is behind, so never too long ago."""
    mode = pump.prescription.intermittent
    if mode is None:
        return
    looked_at = 0
    times = JournalTimes()
    for record in pump.recorder.events.records(newest_first=True):
        looked_at += 1
        if looked_at > _RECORDS_MAX:
            break
        time_s = times.time_of(record)[0]
        if record.kind == records.BOLUS_STARTED:
            fields = record.fields()
            of_mode = (records.NO_REQUEST, mode.volume_nl, mode.duration_s)
            if (fields["request_id"], fields["volume_nl"], fields["duration_s"]) == of_mode:
                pump.delivery.cycle_begun_s = time_s
                break


def _hold_back_repeated(pump) -> None:
    """Where the clock was set back, no scheduled bolus of the last day is given again."""
    delivery = pump.delivery
    if not delivery.programme.boluses:
        return
    now_s = pump.pump_clock.now_s()
    times = JournalTimes()
    newest = None
    for record in pump.recorder.events.look_back(_OF_REPEATS, records.CLOCK_SET):
        if newest is None:
            newest = record.sequence
        time_s = times.time_of(record)[0]
        if newest - record.sequence >= _RECORDS_MAX or time_s <= now_s - DAY_S:
            break
        # It was noted at the time that the clock showed then, and began no later than that.
        if record.kind == records.BOLUS_STARTED and record.payload[:4] == records.NO_REQUEST_BYTES:
            until_s = min(record.time_s + 1, now_s + DAY_S)
            delivery.repeated_until_s = max(delivery.repeated_until_s, until_s)


def _less(volume_nl, made_nl):
    left_nl = ratio.subtract(volume_nl, made_nl)
    return left_nl if left_nl[0] > 0 else ratio.ZERO


def _cancel_boluses(pump) -> None:
    """Note of every bolus that had begun and not ended that its rest is not given."""
    newest = None
    closed = []
    for record in pump.recorder.events.look_back(_OF_BOLUSES, records.STOPPED):
        if newest is None:
            newest = record.sequence
        if newest - record.sequence >= _RECORDS_MAX or record.kind in _ENDS_BOLUSES:
            break
        # What all three kinds begin with; the rest of them is not needed.
        request = record.payload[:4]
        if record.kind in (records.BOLUS_FINISHED, records.BOLUS_CANCELLED):
            if request not in closed:
                closed.append(request)
        elif record.kind == records.BOLUS_STARTED and request not in closed:
            _note_cancelled(pump, record.fields()["request_id"], ratio.ZERO)


def _note_cancelled(pump, request_id: str, delivered_nl) -> None:
    pump.recorder.event(records.BOLUS_CANCELLED, request_id, delivered_nl, "power or watchdog")
    _raise(pump, "bolus_cancelled", "a bolus was cut short by a reset and is not given again")


def _raise(pump, code: str, cause: str) -> None:
    uptime_s = pump.pump_clock.uptime_s()
    if not pump.active_alarms.is_active(code):
        pump.active_alarms.raise_alarm(code, uptime_s, cause)


def _begin(pump) -> None:
    """Deliver from here on, in the states that do."""
    pump.limit()
    if pump.state in moves.DELIVERING:
        if pump.driver is not None:
            try:
                pump.driver.make_ready(pump.prescription.microsteps)
            except NotNow as error:
                pump.stop_at_once("driver_fault", error.sentence)
                return
        pump.generator.begin_move(True)
        now_ticks = pump.pump_clock.now_ticks()
        now_ticks += -now_ticks % TICKS_PER_US
        pump.feeder.go_on(now_ticks)


def _settle(pump) -> None:
    """Raise anew what a person has to know, and book where the pump stands."""
    if pump.state == moves.EMPTY:
        _raise(pump, "empty", "")
    elif pump.state == moves.HALTED:
        _raise_fault(pump)
    pump.monitor.after_change()
    pump.keep_state()


def _raise_fault(pump) -> None:
    """Raise anew the alarm of the fault that had stopped the pump."""
    record = pump.recorder.faults.last(records.FAULT)
    fields = {"code": "", "detail": ""} if record is None else record.fields()
    if fields["code"] in ALARMS:
        _raise(pump, fields["code"], fields["detail"])
    else:
        _raise(pump, "interrupted", "a fault had stopped the pump before it was switched on again")
