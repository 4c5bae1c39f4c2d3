"""Fast moves of the drive that are no dose: home, jog, load, unload, and taking up the backlash.

They are made only while the pump is stopped, one at a time. A move is a list of phases, each in
one direction from rest to rest; the next begins when the last one has ended and was counted. Both
counts must agree after every phase, and what was moved is taken out of the count of edges, so that
the book of what was delivered never knows of a move. What the syringe holds is not known after
one, until somebody says so.
"""

from pump.core import records
from pump.core.compat import const
from pump.core.errors import NotNow
from pump.core.mover import Mover
from pump.core.travel import Travel, steps_of

# How a phase ends:
WHOLE = const(0)  # when all its steps were made; a switch that comes before is a failure
AT_SWITCH = const(1)  # at the home switch, which must come
AT_HOME = const(2)  # the same, and where it came is home

# How far back the journal is looked through for the last move.
_RECORDS_MAX = const(400)


class NoSwitches:
    """In the place of switches where the board has none."""

    def is_at_end(self):
        """None: not fitted."""
        return None

    is_at_home = is_at_end
    has_syringe = is_at_end


class Moving:
    """The moves of one Controller.

    Attributes:
        travel: Travel, where the drive stands.
        mover: Mover.
        moved_before: microsteps delivered and primed before the move in work; None without one.
        seen_before: edges that the second counter had seen before it.
    """

    def __init__(self, pump):
        self._pump = pump
        self.travel = Travel()
        self.mover = Mover(pump.generator)
        self.moved_before = None
        self._what = ""
        self._request_id = records.NO_REQUEST
        self._phases = []
        self._is_stopping = False
        self.seen_before = 0
        # The same up to where the phase was noted last.
        self._phase_seen = 0

    # -- for Controller -------------------------------------------------------------------------

    def begin(self, what: str, phases, request_id):
        """Begin a move; the pump is stopped.

        Args:
            what: its name in the journal.
            phases: list of (is_infusing, microsteps, microsteps a second at most, how it ends).

        Returns:
            pump time of the first word, in ticks.

        Raises:
            NotNow: the motor driver would make steps of another size.
        """
        pump = self._pump
        self._rest()
        if pump.driver is not None:
            pump.driver.make_ready(pump.prescription.microsteps)
        pump.ledger.lose_track(pump.moved())
        pump.limit()
        self._what = what
        self._request_id = request_id or records.NO_REQUEST
        pump.recorder.event(records.MOVE_BEGUN, self._request_id, what)
        pump.monitor.book_before_motion()
        self._phases = phases
        self._is_stopping = False
        self.moved_before = pump.moved()
        self.seen_before = pump.generator.witnessed()
        return self._begin_phase()

    def stop(self) -> None:
        """Come to rest down the ramp; the looks that follow find it at rest."""
        self._is_stopping = True
        self.mover.stop(self._pump.pump_clock.now_ticks())

    def abort(self) -> None:
        """Stop at once, for a fault; the pump's state is the caller's."""
        self.mover.halt()
        self.travel.forget()
        self._close()

    def look(self) -> bool:
        """Commit words, look at the switches, go on with the next phase when one has ended.

        Returns:
            Whether the step generator does what it was told to.
        """
        mover = self.mover
        is_infusing, _, _, ends = self._phases[0]
        switches = self._pump.switches
        if is_infusing and switches.is_at_end():
            self._fail("the switch at the empty end was reached")
        elif not is_infusing and switches.is_at_home():
            if ends == WHOLE:
                self._fail("the home switch was reached before the move had ended")
            else:
                self._found_home(ends)
        elif mover.is_parked():
            self._end_phase(ends)
        else:
            now_ticks = self._pump.pump_clock.now_ticks()
            mover.fill(now_ticks)
            return mover.is_on_time(now_ticks)
        return True

    def switches_changed(self) -> None:
        """A switch has settled in another state."""
        if self.moved_before is not None:
            self.look()

    def take_up(self) -> None:
        """Before the first dose after an interrupted move: take up the backlash, booked as primed.

        Waits until it is done: a fraction of a second.

        Raises:
            NotNow: the counts differ, and the pump has halted.
        """
        steps = self.travel.slack_steps
        if not steps:
            return
        pump = self._pump
        self._rest()
        seen = pump.generator.witnessed()
        pump.generator.begin_move(True)
        limits = pump.generator.limits
        self.mover.begin(pump.pump_clock.now_ticks(), steps, limits.start_per_s, limits)
        self.mover.commit_rest()
        pump.generator.finish()
        made = pump.generator.witnessed() - seen
        pump.feeder.planned += steps
        pump.delivery.count_primed(steps)
        pump.ledger.primed_steps += steps
        self.travel.note_taken_up()
        pump.recorder.event(records.MOVE_ENDED, records.NO_REQUEST, "take-up", steps, 0, 0)
        if made != steps:
            pump.stop_at_once("step_mismatch", _counts(steps, made))
            raise NotNow("the backlash was not taken up as planned; see alarms")
        pump.monitor.book_before_motion()

    # -- after a reset --------------------------------------------------------------------------

    def text(self) -> str:
        """What a reset must find again."""
        before = "-" if self.moved_before is None else str(self.moved_before)
        return before + "/" + self.travel.text()

    def load_slack(self) -> None:
        """After a power cut: whether the last thing that moved was a way back."""
        looked_at = 0
        for record in self._pump.recorder.events.records(newest_first=True):
            looked_at += 1
            if looked_at > _RECORDS_MAX or record.kind in (records.STARTED, records.PRIME):
                return
            if record.kind == records.MOVE_ENDED:
                self.travel.slack_steps = record.fields()["slack_steps"]
                return

    # -- inside -----------------------------------------------------------------------------------

    def _rest(self) -> None:
        """The step generator is at rest, and no longer the feeder's."""
        feeder = self._pump.feeder
        feeder.settle()
        feeder.halt(self._pump.pump_clock.now_ticks())

    def _begin_phase(self) -> int:
        pump = self._pump
        is_infusing, steps, cruise_per_s, _ = self._phases[0]
        pump.generator.begin_move(is_infusing)
        self._phase_seen = pump.generator.witnessed()
        return self.mover.begin(
            pump.pump_clock.now_ticks(), steps, cruise_per_s, pump.generator.limits
        )

    def _note(self) -> int:
        """Book what the second counter saw of the phase; returns that."""
        made = self._pump.generator.witnessed() - self._phase_seen
        self._phase_seen += made
        self.travel.note(made, self._phases[0][0], backlash_steps(self._pump))
        return made

    def _found_home(self, ends: int) -> None:
        self.mover.halt()
        made = self._note()
        if made > self.mover.planned:
            self._differs(made)
            return
        if ends == AT_HOME:
            self.travel.know(0, self._pump.moved(), self._pump.prescription)
        self._next_phase()

    def _end_phase(self, ends: int) -> None:
        mover = self.mover
        made = self._note()
        if made != mover.planned:
            self._differs(made)
        elif not mover.is_done():
            self._pump.recorder.fault("starved", "in the move " + self._what)
            self._fail("the step generator ran out of steps before more were ready")
        elif ends != WHOLE and not self._is_stopping:
            self._fail("the home switch did not come within the travel")
        else:
            self._next_phase()

    def _next_phase(self) -> None:
        self._phases.pop(0)
        if not self._phases or self._is_stopping:
            self._end()
        elif self._phases[0][3] == AT_HOME and self._pump.switches.is_at_home():
            self._fail("the home switch did not open")
        else:
            self._begin_phase()

    def _differs(self, made: int) -> None:
        self._pump.stop_at_once("step_mismatch", _counts(self.mover.planned, made))

    def _fail(self, cause: str) -> None:
        pump = self._pump
        self.mover.halt()
        self._note()
        self.travel.forget()
        cause = self._what + ": " + cause
        pump.active_alarms.raise_event("move_failed", pump.pump_clock.uptime_s(), cause)
        pump.recorder.fault("move_failed", cause)
        self._end()

    def _end(self) -> None:
        self._close()
        self._pump.finish("moved")

    def _close(self) -> None:
        """Take the move out of the count of edges and journal it."""
        pump = self._pump
        made = pump.generator.witnessed() - self.seen_before
        pump.witness_base -= made
        self.moved_before = None
        if pump.driver is not None:
            pump.driver.forget_place()
        slack = self.travel.slack_steps
        pump.recorder.event(
            records.MOVE_ENDED, self._request_id, self._what, made, slack, self._is_known()
        )

    def _is_known(self) -> int:
        position = self.travel.position(self._pump.moved(), self._pump.prescription)
        return 0 if position is None else 1


def _counts(stepped: int, seen: int) -> str:
    return "moved " + str(stepped) + ", seen on STEP " + str(seen)


def backlash_steps(pump) -> int:
    """The backlash of the drive in microsteps, rounded up."""
    return -steps_of(-pump.generator.limits.backlash_um, pump.prescription)
