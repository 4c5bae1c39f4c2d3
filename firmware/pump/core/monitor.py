"""The periodic look at everything: steps, reservoir, schedule, clock, journals, people.

Each look compares whole numbers that were worked out when something last changed;
the exact volumes behind them are computed only then, so that a look costs little.
"""

from pump.core import alarms, moves, ratio, records, schedule
from pump.core.compat import const
from pump.core.delivery import MODE_STOPPED, TICKS_PER_S

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
# A step that is being made while both counters are read.
_WITNESS_TOLERANCE = const(1)


class Monitor:
    """Looks after one Controller.

    Attributes:
        low_s, empty_s: pump time at which the reservoir will be low in volume, and empty,
            under the programme; None when that does not come.
    """

    def __init__(self, controller):
        self._pump = controller
        self.low_s = None
        self.empty_s = None
        self._low_step = None
        self._changed_s = 0
        self._next_change_ticks = None
        self._mismatches = 0
        self._checkpoint_s = 0
        self._booked_until = None
        self._state_since_s = 0
        self._state_seen = ""
        self._proposal_seen = None
        self._proposal_since_s = 0
        self._test_from_s = None
        self._windows = []

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
        self.low_s = self._time_of(low_nl, moved, now_s)
        self.empty_s = self._time_of(programme.reservoir_reserve_nl, moved, now_s)
        self._next_change_ticks = pump.delivery.next_change_after(
            max(pump.pump_clock.now_ticks(), pump.delivery.anchor_ticks)
        )
        self._book(moved)

    def _time_of(self, level_nl: int, moved: int, now_s: int):
        """When the reservoir will be down to a level under the programme, boluses included."""
        pump = self._pump
        left_nl = ratio.subtract(pump.ledger.reservoir_nl(moved), (level_nl, 1))
        now_ticks = pump.pump_clock.now_ticks()
        for bolus in pump.delivery.boluses:
            rest_nl = ratio.subtract(bolus.volume_nl, bolus.delivered_nl(now_ticks))
            left_nl = ratio.subtract(left_nl, rest_nl)
        return schedule.time_until(pump.prescription, now_s, left_nl, pump.delivery.boluses_from_s)

    def highest_rate_during(self, duration_s: int):
        """The highest rate in nL/h that will be asked for in the coming seconds."""
        pump = self._pump
        highest = ratio.ZERO
        time_ticks = max(pump.pump_clock.now_ticks(), pump.delivery.anchor_ticks)
        end_ticks = time_ticks + duration_s * TICKS_PER_S
        while time_ticks is not None and time_ticks < end_ticks:
            rate_nl_per_h, time_ticks = pump.delivery.segment_at(time_ticks)
            if ratio.compare(rate_nl_per_h, highest) > 0:
                highest = rate_nl_per_h
        return highest

    # -- each look -------------------------------------------------------------------------

    def look(self) -> bool:
        """Do what is due; returns whether the step generator is where it should be."""
        pump = self._pump
        is_on_time = True
        if pump.feeder is not None:
            is_on_time = self._look_at_delivery()
        self._look_at_people()
        self._look_at_recorder()
        return is_on_time

    def _look_at_delivery(self) -> bool:
        pump = self._pump
        witnessed_before = pump.witnessed()
        now_ticks = pump.pump_clock.now_ticks()
        stepped, is_on_time, is_parked = pump.feeder.service(now_ticks)
        self._compare_counts(witnessed_before, stepped, pump.witnessed())
        delivering = pump.state in moves.DELIVERING
        if delivering and is_parked:
            self._look_at_parked(now_ticks, stepped)
        elif is_parked and pump.state != moves.PAUSED:
            # The screw holds by itself; a motor at rest need not be kept warm.
            pump.generator.energise(False)
        uptime_s = pump.pump_clock.uptime_s()
        now_s = now_ticks // TICKS_PER_S
        self._look_at_reservoir(stepped, now_s if delivering else self._changed_s, uptime_s)
        if not delivering:
            # Latched alarms: whoever acknowledged them may start again.
            pump.active_alarms.clear("step_mismatch", uptime_s)
            return is_on_time
        if self._next_change_ticks is not None and now_ticks >= self._next_change_ticks:
            self._note_change(now_ticks, now_s)
        for bolus in pump.delivery.take_finished(now_ticks):
            pump.recorder.event(records.BOLUS_FINISHED, bolus.request_id, bolus.volume_nl)
        if now_s - self._checkpoint_s >= CHECKPOINT_S or stepped >= self._booked_until:
            self._book(stepped)
        return is_on_time

    def _look_at_reservoir(self, stepped: int, since_s: int, uptime_s: int) -> None:
        """Low in volume, low in time, empty; since_s is when the reservoir began to last."""
        pump = self._pump
        self._set("low_reservoir", stepped >= self._low_step, uptime_s)
        warn_s = pump.prescription.reservoir_low_s
        is_low = warn_s > 0 and self.empty_s is not None and self.empty_s - since_s < warn_s
        if pump.state in moves.DELIVERING or not is_low:
            self._set("low_reservoir_time", is_low, uptime_s)
        if stepped < pump.feeder.last_step:
            pump.active_alarms.clear("empty", uptime_s)

    def _compare_counts(self, before: int, stepped: int, after: int) -> None:
        if before - _WITNESS_TOLERANCE <= stepped <= after + _WITNESS_TOLERANCE:
            self._mismatches = 0
            return
        # Once may be a step made between the readings; twice in a row is not.
        self._mismatches += 1
        if self._mismatches == 2:
            self._pump.stop_at_once(
                "step_mismatch",
                "stepped " + str(stepped) + ", seen on STEP " + str(after),
            )

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
            pump.feeder.begin(now_ticks, _go_on)

    def _note_change(self, now_ticks: int, now_s: int) -> None:
        """Journal what the schedule changed by itself: the rate, boluses, the programme's end."""
        pump = self._pump
        delivery = pump.delivery
        programme = pump.prescription
        windows = schedule.bolus_windows(programme, now_s, delivery.boluses_from_s)
        for window in windows:
            if window not in self._windows:
                start_s, end_s, rate_nl_per_h = window
                volume_nl = ratio.scale(rate_nl_per_h, end_s - start_s, schedule.HOUR_S)
                pump.recorder.event(records.BOLUS_STARTED, "00000000", volume_nl, end_s - start_s)
        for window in self._windows:
            if window not in windows:
                start_s, end_s, rate_nl_per_h = window
                volume_nl = ratio.scale(rate_nl_per_h, end_s - start_s, schedule.HOUR_S)
                pump.recorder.event(records.BOLUS_FINISHED, "00000000", volume_nl)
        self._windows = windows
        rate_nl_per_h, self._next_change_ticks = delivery.segment_at(
            max(now_ticks, delivery.anchor_ticks)
        )
        pump.recorder.event(records.RATE_CHANGED, rate_nl_per_h)

    def _look_at_people(self) -> None:
        pump = self._pump
        uptime_s = pump.pump_clock.uptime_s()
        if pump.state != self._state_seen:
            self._state_seen = pump.state
            self._state_since_s = uptime_s
        for_s = uptime_s - self._state_since_s
        active = pump.active_alarms
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
        self._set("clock_lost", not pump.pump_clock.is_known and programme is not None, uptime_s)
        if active.effect() == alarms.STOP_NOW and pump.state in moves.DELIVERING:
            pump.halt("alarm")

    def _look_at_recorder(self) -> None:
        pump = self._pump
        recorder = pump.recorder
        if pump.state != moves.PRIMING:
            # An erase may take 400 ms; a fast prime has little more than that in hand.
            recorder.prepare()
        uptime_s = pump.pump_clock.uptime_s()
        for code in ("journal_failing", "journal_full"):
            if recorder.failure == code:
                pump.active_alarms.raise_alarm(code, uptime_s, recorder.sentence)
            else:
                pump.active_alarms.clear(code, uptime_s)

    def _set(self, code: str, is_there: bool, uptime_s: int) -> None:
        active = self._pump.active_alarms
        if is_there:
            active.raise_alarm(code, uptime_s)
        elif active.is_active(code):
            active.clear(code, uptime_s)

    # -- checkpoints ---------------------------------------------------------------------------

    def _book(self, stepped: int) -> None:
        """Journal what was delivered, and book ahead what may be until the next time.

        After a power cut the booked steps count as made for the reservoir, so it never
        shows more than is left.
        """
        pump = self._pump
        delivery = pump.delivery
        ahead = 1
        if delivery.mode != MODE_STOPPED:
            now_ticks = max(pump.pump_clock.now_ticks(), delivery.anchor_ticks)
            due = delivery.due(now_ticks + _BOOKED_AHEAD_S * TICKS_PER_S)[0]
            ahead += max(0, due - stepped)
        self._booked_until = stepped + ahead - ahead // 4
        self._checkpoint_s = pump.pump_clock.now_s()
        left_nl = pump.ledger.reservoir_nl(stepped)
        pump.recorder.checkpoint(
            stepped,
            pump.ledger.primed_steps,
            left_nl if left_nl[0] > 0 else ratio.ZERO,
            delivery.remainder,
            ahead,
        )

    # -- light and sound -------------------------------------------------------------------------

    def test_annunciation(self) -> None:
        """Let every priority be seen and heard for some seconds each."""
        self._test_from_s = self._pump.pump_clock.uptime_s()

    def shown_priority(self):
        """(priority to show, priority to sound), each None when there is nothing."""
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


def _go_on(from_ticks: int) -> None:
    """Nothing changes: what is owed is made up for from here."""
