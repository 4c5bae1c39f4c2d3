"""The periodic look at everything: steps, reservoir, schedule, clock, journals, people.

Each look compares whole numbers that were worked out when something last changed;
the exact volumes behind them are computed only then, so that a look costs little.
"""

from pump.core import alarm_effects, alarms, forecast, modes, moves, ratio, records, schedule
from pump.core.clock_watch import ClockWatch
from pump.core.compat import const
from pump.core.count_watch import CountWatch
from pump.core.delivery import MODE_STOPPED, TICKS_PER_S
from pump.core.service_interval import ServiceInterval
from pump.core.storage_check import StorageCheck

# GIP v1.0, 2.2: what waits for a person is called to mind.
NOT_STARTED_S = const(900)
PAUSED_S = const(900)
WAITING_S = const(300)
DROPPED_S = const(600)
END_NEAR_S = const(86400)
TEST_S = const(12)
CHECKPOINT_S = const(60)
# Steps booked ahead in a checkpoint last for two intervals and what may be in hand.
_BOOKED_AHEAD_S = const(130)


class Monitor:
    """Looks after one Controller.

    Attributes:
        low_s, empty_s: pump time at which the reservoir will be low in volume, and empty,
            under the programme; None when that does not come.
        clock: ClockWatch.
        self_test: SelfTest of the board; None where there is none.
    """

    def __init__(self, controller):
        self._pump = controller
        self.low_s = None
        self.empty_s = None
        self._low_step = None
        self._changed_s = 0
        self._next_change_ticks = None
        self.clock = ClockWatch(controller.pump_clock)
        self.self_test = None
        self._counts = CountWatch(controller)
        self._service = ServiceInterval(controller)
        self._checkpoint_s = 0
        self._booked = None
        self._booked_until = None
        self._state_since_s = 0
        self._state_seen = ""
        self._proposal_seen = None
        self._proposal_since_s = 0
        self._was_settled = False
        self._test_from_s = None
        self._windows = []
        self._storage = StorageCheck(controller)

    # -- after something was asked for ---------------------------------------------------

    def after_change(self) -> None:
        """Work out anew what the looks compare with: low, empty, the next change."""
        pump = self._pump
        if pump.delivery is None:
            return
        programme = pump.prescription
        moved = pump.moved()
        now_s = pump.pump_clock.now_s()
        self._changed_s = now_s
        low_nl = programme.reservoir_low_nl
        self._low_step = pump.ledger.steps_until(low_nl, moved)
        self.low_s = self._time_of(low_nl, moved)
        self.empty_s = self._time_of(programme.reservoir_reserve_nl, moved)
        at_ticks = max(pump.pump_clock.now_ticks(), pump.delivery.anchor_ticks)
        self._next_change_ticks = pump.delivery.next_change_after(at_ticks)
        self._note_boluses(at_ticks)
        self._book(moved)

    def _time_of(self, level_nl: int, moved: int):
        """When the reservoir will be down to a level under the programme, boluses included."""
        pump = self._pump
        left_nl = ratio.subtract(pump.ledger.reservoir_nl(moved), (level_nl, 1))
        return forecast.time_until(pump.delivery, pump.pump_clock.now_ticks(), left_nl)

    def highest_rate_during(self, duration_s: int):
        """The highest rate in nL/h that will be asked for in the coming seconds."""
        delivery = self._pump.delivery
        now_ticks = self._pump.pump_clock.now_ticks()
        return forecast.highest_rate(delivery, now_ticks, now_ticks + duration_s * TICKS_PER_S)

    # -- each look -------------------------------------------------------------------------

    def look(self) -> bool:
        """Do what is due; returns whether the step generator is where it should be."""
        pump = self._pump
        is_on_time = True
        uptime_s = pump.pump_clock.uptime_s()
        self._look_at_clock()
        if pump.state == moves.MOVING:
            is_on_time = pump.moving.look()
        elif pump.feeder is not None:
            is_on_time = self._look_at_delivery(uptime_s)
        self._look_at_devices(uptime_s)
        self._look_at_people(uptime_s)
        self._look_at_recorder(uptime_s)
        return is_on_time

    def _look_at_delivery(self, uptime_s: int) -> bool:
        pump = self._pump
        witnessed_before = pump.witnessed()
        now_ticks = pump.pump_clock.now_ticks()
        stepped, is_on_time, is_parked = pump.feeder.service(now_ticks)
        seen = pump.witnessed()
        self._counts.compare(witnessed_before, stepped, seen)
        delivering = pump.state in moves.DELIVERING
        if delivering and is_parked:
            self._look_at_parked(now_ticks, stepped)
        elif is_parked and pump.state != moves.PAUSED:
            # The screw holds by itself; a motor at rest need not be kept warm.
            pump.generator.energise(False)
        now_s = now_ticks // TICKS_PER_S
        self._look_at_reservoir(stepped, now_s if delivering else self._changed_s, uptime_s)
        following = pump.delivery.following
        if following is not None and now_s >= following[0]:
            pump.take_following()
        self._service.look(stepped)
        if not delivering:
            self._counts.rest()
            if is_parked and stepped != self._booked:
                self._book(stepped)
            return is_on_time
        is_priming = pump.state == moves.PRIMING
        is_change = self._next_change_ticks is not None and now_ticks >= self._next_change_ticks
        if is_change and not is_priming:
            self._note_change(now_ticks)
            pump.keep_state()
        finished = pump.delivery.take_finished(now_ticks)
        for bolus in finished:
            pump.recorder.event(records.BOLUS_FINISHED, bolus.request_id, bolus.volume_nl)
        if finished:
            pump.keep_state()
        self._look_at_vtbi(now_ticks, uptime_s)
        if pump.state in moves.DELIVERING:
            self._counts.compare_with_schedule(now_ticks, seen, uptime_s)
        if now_s - self._checkpoint_s >= CHECKPOINT_S or stepped >= self._booked_until:
            self._book(stepped)
        return is_on_time

    def _look_at_reservoir(self, stepped: int, since_s: int, uptime_s: int) -> None:
        """Low in volume, low in time, empty; since_s is when the reservoir began to last."""
        pump = self._pump
        is_low_volume = stepped >= self._low_step
        warn_s = pump.prescription.reservoir_low_s
        is_low = warn_s > 0 and self.empty_s is not None and self.empty_s - since_s < warn_s
        if not is_low_volume and not is_low and pump.active_alarms.is_quiet:
            return
        self._set("low_reservoir", is_low_volume, uptime_s)
        if pump.state in moves.DELIVERING or not is_low:
            self._set("low_reservoir_time", is_low, uptime_s)
        if stepped < pump.feeder.last_step:
            pump.active_alarms.clear("empty", uptime_s)

    def _look_at_clock(self) -> None:
        jumped_us = self.clock.look()
        if jumped_us:
            pump = self._pump
            cause = "the clock had jumped by " + str(jumped_us // 1000) + " ms and was put back"
            pump.active_alarms.raise_event("clock_moved", pump.pump_clock.uptime_s(), cause)
            pump.recorder.fault("clock_moved", cause)

    def _look_at_parked(self, now_ticks: int, stepped: int) -> None:
        pump = self._pump
        if pump.state == moves.PRIMING and now_ticks >= pump.delivery.prime_end_ticks:
            pump.delivery.stop(now_ticks)
            pump.finish("primed")
        elif pump.feeder.last_step is not None and pump.feeder.planned >= pump.feeder.last_step:
            pump.note_cancelled(now_ticks, "empty")
            pump.delivery.halt(now_ticks, stepped)
            pump.active_alarms.raise_alarm("empty", pump.pump_clock.uptime_s())
            pump.finish("emptied")
        else:
            uptime_s = pump.pump_clock.uptime_s()
            pump.active_alarms.raise_event("step_generator_starved", uptime_s)
            pump.recorder.fault("starved", "at step " + str(stepped))
            pump.feeder.go_on(now_ticks)

    def _look_at_vtbi(self, now_ticks: int, uptime_s: int) -> None:
        """The volume to be infused: its end near, its end."""
        pump = self._pump
        delivery = pump.delivery
        if delivery.vtbi_at is None and pump.active_alarms.is_quiet:
            return
        delivery.seek_vtbi_end()
        end_ticks = delivery.vtbi_end_ticks
        is_near = False
        if end_ticks is not None and pump.state == moves.RUNNING:
            vtbi = delivery.programme.vtbi
            left_ticks = end_ticks - now_ticks
            is_near = 0 < left_ticks <= vtbi.near_s * TICKS_PER_S
            if left_ticks <= 0:
                pump.active_alarms.raise_event("vtbi_reached", uptime_s)
                if vtbi.then == modes.THEN_CONTINUE:
                    delivery.vtbi_at = None
                    delivery.find_vtbi_end()
                    pump.keep_state()
                else:
                    pump.note_cancelled(end_ticks, "infused")
                    delivery.boluses = []
                    if vtbi.then == modes.THEN_STOP:
                        delivery.stop(max(now_ticks, delivery.anchor_ticks))
                    pump.finish("kept_open" if vtbi.then == modes.THEN_KVO else "infused")
        self._set("vtbi_near", is_near, uptime_s)

    def _note_change(self, now_ticks: int) -> None:
        """Journal what the schedule changed by itself: the rate, boluses, the programme's end."""
        pump = self._pump
        at_ticks = max(now_ticks, pump.delivery.anchor_ticks)
        self._note_boluses(at_ticks)
        rate_nl_per_h, self._next_change_ticks = pump.delivery.segment_at(at_ticks)
        pump.recorder.event(records.RATE_CHANGED, rate_nl_per_h)
        if pump.prescription.course:
            # A taper or a ramp: the daily dose is another from here.
            pump.guard.note_dose()

    def know_boluses(self, at_ticks: int) -> None:
        """Take over, after a reset, the scheduled boluses that had been journalled as begun."""
        self._windows = self._pump.delivery.scheduled_boluses_at(at_ticks)

    def _note_boluses(self, at_ticks: int) -> None:
        """Journal which scheduled boluses have begun, ended, or been cut short by then."""
        event = self._pump.recorder.event
        windows = self._pump.delivery.scheduled_boluses_at(at_ticks)
        for window in windows:
            if window not in self._windows:
                start_s, end_s, rate_nl_per_h = window
                volume_nl = ratio.scale(rate_nl_per_h, end_s - start_s, schedule.HOUR_S)
                event(records.BOLUS_STARTED, records.NO_REQUEST, volume_nl, end_s - start_s)
        for window in self._windows:
            if window not in windows:
                start_s, end_s, rate_nl_per_h = window
                given_ticks = min(at_ticks, end_s * TICKS_PER_S) - start_s * TICKS_PER_S
                given_nl = ratio.scale(
                    rate_nl_per_h, max(0, given_ticks), schedule.HOUR_S * TICKS_PER_S
                )
                if at_ticks >= end_s * TICKS_PER_S:
                    event(records.BOLUS_FINISHED, records.NO_REQUEST, given_nl)
                else:
                    event(records.BOLUS_CANCELLED, records.NO_REQUEST, given_nl, "schedule left")
        self._windows = windows

    def _look_at_devices(self, uptime_s: int) -> None:
        """What is fitted besides the drive, each when its time has come."""
        pump = self._pump
        if pump.driver is not None:
            pump.driver.look(uptime_s)
        module = pump.clock_module
        if module is not None and uptime_s >= module.due_s:
            module.look(pump)
        pump.inputs.look(uptime_s)

    def _look_at_people(self, uptime_s: int) -> None:
        pump = self._pump
        is_settled = self._is_settled()
        if is_settled and self._was_settled:
            # The look before has found the same, and time alone changes nothing about it.
            alarm_effects.act(pump)
            return
        self._was_settled = is_settled
        if pump.state != self._state_seen:
            self._state_seen = pump.state
            self._state_since_s = uptime_s
        for_s = uptime_s - self._state_since_s
        self._set("not_started", pump.state == moves.STOPPED and for_s >= NOT_STARTED_S, uptime_s)
        self._set("paused_too_long", pump.state == moves.PAUSED and for_s >= PAUSED_S, uptime_s)
        programme = pump.prescription
        left_s = None
        if programme is not None and programme.end_s is not None and pump.state in moves.DELIVERING:
            left_s = programme.end_s - pump.pump_clock.now_s()
        self._set("end_of_programme", left_s is not None and left_s <= 0, uptime_s)
        self._set(
            "end_of_programme_near", left_s is not None and 0 < left_s <= END_NEAR_S, uptime_s
        )
        if pump.proposal is not self._proposal_seen:
            self._proposal_seen = pump.proposal
            self._proposal_since_s = uptime_s
        waiting_s = 0 if pump.proposal is None else uptime_s - self._proposal_since_s
        self._set("waiting_for_input", WAITING_S <= waiting_s < DROPPED_S, uptime_s)
        if waiting_s >= DROPPED_S:
            pump.proposal = None
        self._set("long_interruption", pump.awaits_person, uptime_s)
        if pump.pump_clock.is_known or programme is None:
            pump.active_alarms.clear("clock_lost", uptime_s)
        else:
            pump.active_alarms.raise_alarm("clock_lost", uptime_s, pump.clock_lost_cause)
        alarm_effects.act(pump)

    def _is_settled(self) -> bool:
        """Whether the pump delivers and nothing waits for a person or ends at a time."""
        pump = self._pump
        return (
            pump.state in moves.DELIVERING
            and pump.prescription.end_s is None
            and pump.proposal is None
            and not pump.awaits_person
            and pump.pump_clock.is_known
        )

    def _look_at_recorder(self, uptime_s: int) -> None:
        pump = self._pump
        recorder = pump.recorder
        # First: a sector that could be prepared says nothing of the record that was lost before.
        self._tell_of_failure(recorder, uptime_s)
        if pump.state not in (moves.PRIMING, moves.MOVING):
            # An erase may take 400 ms; a fast prime or move has little more than that in hand.
            recorder.prepare()
            self._storage.look(uptime_s)
            if self.self_test is not None:
                self.self_test.look(uptime_s)

    def _tell_of_failure(self, recorder, uptime_s: int) -> None:
        active = self._pump.active_alarms
        if not recorder.failure and active.is_quiet:
            return
        for code in ("journal_failing", "journal_full"):
            if recorder.failure == code:
                active.raise_alarm(code, uptime_s, recorder.sentence)
            else:
                active.clear(code, uptime_s)

    def _set(self, code: str, is_there: bool, uptime_s: int) -> None:
        active = self._pump.active_alarms
        if is_there:
            active.raise_alarm(code, uptime_s)
        elif active.is_active(code):
            active.clear(code, uptime_s)

    # -- checkpoints ---------------------------------------------------------------------------

    def book_before_motion(self) -> None:
        """Journal, before the motor turns, that all may be made that can be committed."""
        stepped = self._pump.moved()
        self._write_checkpoint(stepped, self._pump.feeder.commit_steps)

    def _book(self, stepped: int) -> None:
        """Journal what was delivered, and book ahead what may be until the next time.

        After a power cut the booked steps count as made for the reservoir, so it never
        shows more than is left.
        """
        pump = self._pump
        delivery = pump.delivery
        until = pump.feeder.planned
        if delivery.mode != MODE_STOPPED:
            now_ticks = max(pump.pump_clock.now_ticks(), delivery.anchor_ticks)
            due = delivery.due(now_ticks + _BOOKED_AHEAD_S * TICKS_PER_S)[0]
            until = max(until, due) + 1
        self._write_checkpoint(stepped, until - stepped)

    def _write_checkpoint(self, stepped: int, ahead: int) -> None:
        pump = self._pump
        ledger = pump.ledger
        self._booked = stepped
        self._booked_until = stepped + ahead - ahead // 4
        self._checkpoint_s = pump.pump_clock.now_s()
        left_nl = ledger.reservoir_nl(stepped)
        pump.recorder.checkpoint(
            stepped,
            left_nl if left_nl[0] > 0 else ratio.ZERO,
            ledger.delivered_nl(stepped),
            ledger.primed_nl(stepped),
            ahead,
            pump.state,
            pump.recorder.events.next_sequence,
            ratio.ceil(pump.delivery.bridge_rest_nl(pump.delivery.anchor_ticks)),
            ratio.floor(pump.vtbi_left_nl()),
        )

    # -- light and sound -------------------------------------------------------------------------

    def test_annunciation(self) -> None:
        """Let every priority be seen and heard for some seconds each."""
        self._test_from_s = self._pump.pump_clock.uptime_s()

    def shown_priority(self):
        """(priority to show, priority to sound), each None when there is nothing."""
        if self._test_from_s is None and self._pump.active_alarms.is_quiet:
            return None, None
        uptime_s = self._pump.pump_clock.uptime_s()
        if self._test_from_s is not None:
            for_s = uptime_s - self._test_from_s
            if 0 <= for_s < 3 * TEST_S:
                priority = alarms.HIGH - for_s // TEST_S
                return priority, priority
            self._test_from_s = None
        highest = self._pump.active_alarms.highest()
        shown = None if highest is None else highest.row[alarms.PRIORITY]
        return shown, self._pump.active_alarms.sounding(uptime_s)
