"""The pump: what a person can ask for, in which state, and what the periodic service does.

Everything here runs one at a time: on the Pico in the scheduler's context, never
in an interrupt. Hardware, clock and flash are handed in. Each request either
happens whole or raises an error whose sentence says why not.
"""

from pump.core import moves, ratio, records, report, retained, schedule
from pump.core import programme as programmes
from pump.core.alarms import ActiveAlarms
from pump.core.compat import const
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_SCHEDULE,
    MODE_STOPPED,
    TICKS_PER_S,
    Bolus,
    Delivery,
)
from pump.core.errors import NotNow, OutOfRange
from pump.core.feeder import Feeder
from pump.core.ledger import Ledger
from pump.core.limits import check
from pump.core.monitor import Monitor
from pump.core.proposal import Proposal
from pump.core.quantity import format_amount, format_rate, format_volume
from pump.core.requests import RequestMemory

BOLUS_DURATION_S_MIN = const(1)
BOLUS_DURATION_S_MAX = const(86400)
# As many as fit what is kept over a reset.
BOLUSES_MAX = const(8)
PRIME_STEPS_PER_S_MAX = const(10000)
_NO_REQUEST = "00000000"
_CLOCK_S_MAX = const(3155760000)  # a hundred years

# Requests that touch what is delivered: their outcome outlives a power cut.
_JOURNALLED = (
    "confirm",
    "start",
    "pause",
    "resume",
    "stop",
    "minimum",
    "rate",
    "bolus",
    "cancel_bolus",
    "prime",
    "refill",
)


class Controller:
    """One pump.

    Args:
        clock: pump time: now_ticks(), now_s(), is_known, set(now_s), uptime_s().
        generator: step generator and witness: what Feeder asks for, witnessed(),
            energise(is_on), begin_move(is_infusing).
        recorder: a Recorder.
        identity: list of (key, value) that hello() adds to: versions, board.
        keep: called with a text that shall survive a soft reset and a watchdog reset.
        heap_free: called without arguments, gives free memory in bytes.

    Attributes:
        state: one of moves.py's named states.
        prescription: the Programme in force, or None.
        active_alarms: ActiveAlarms.
        wants_bootloader: whether to restart into the USB bootloader.
    """

    def __init__(self, clock, generator, recorder, identity, keep, heap_free):
        self.pump_clock = clock
        self.generator = generator
        self.recorder = recorder
        self.identity = identity
        self._keep = keep
        self.heap_free = heap_free
        self.state = moves.UNPROGRAMMED
        self.prescription = None
        self.programme_text = ""
        self.programme_digest = ""
        self.delivery = None
        self.feeder = None
        self.ledger = Ledger(ratio.ONE, 0)
        self.active_alarms = ActiveAlarms(self._note_alarm)
        self.monitor = Monitor(self)
        self.requests = RequestMemory()
        self.proposal = None
        self.witness_base = 0
        self._effective_ticks = None
        self.reset_cause = ""
        self.wants_bootloader = False

    @property
    def concentration_mcg_per_ml(self):
        """Concentration of the programme in force, a ratio, or None."""
        return None if self.prescription is None else self.prescription.concentration_mcg_per_ml

    # -- reading ----------------------------------------------------------------------

    def hello(self):
        """Who is there."""
        return self.identity + [("uptime_s", self.pump_clock.uptime_s()), ("state", self.state)]

    def status(self):
        """How the pump is, in the order of the table of commands."""
        return report.status(self)

    def alarms(self):
        """The active alarms, the most urgent first."""
        return report.alarm_rows(self)

    def log(self, from_sequence, count: int, faults: bool):
        """Journal entries, the oldest first, and the number to go on from."""
        return report.log(self, from_sequence, count, faults)

    def programme(self):
        """The canonical text of the programme in force, then its digest."""
        return report.programme_rows(self)

    def clock(self):
        """Pump time and whether it can be trusted."""
        return [("clock_s", self.pump_clock.now_s()), ("clock_known", self.pump_clock.is_known)]

    def outcome_of(self, request_id):
        """What became of a request: None, "done" or "refused ..."."""
        return self.requests.outcome_of(request_id)

    def moved(self) -> int:
        """Microsteps made in the pump's life."""
        if self.feeder is None:
            return self.ledger.filled_at_moved
        return self.feeder.place(self.pump_clock.now_ticks())[0]

    def witnessed(self) -> int:
        """Edges seen on the STEP pin in the pump's life, by the second counter."""
        return self.witness_base + self.generator.witnessed()

    # -- programming --------------------------------------------------------------------

    def propose(self, lines: int, crc, request_id=None):
        """Begin to take a programme in so many lines; one proposed before is forgotten."""
        self.proposal = Proposal(lines, crc)
        return []

    def propose_line(self, n: int, text: str, request_id=None):
        """Take a piece of the proposed programme."""
        self._require_proposal().put(n, text)
        return []

    def review(self):
        """What the proposed programme would change, warnings, and the digest to confirm by."""
        proposal = self._require_proposal()
        for setting, old, new in proposal.rows(self.programme_text):
            yield [("setting", setting), ("old", old), ("new", new)]
        yield [("digest", proposal.digest())]

    def confirm(self, digest: str, request_id=None):
        """Put the proposed programme in force, whole, and keep it across a power loss."""
        proposal = self._require_proposal()
        state = moves.after(self.state, "confirm")
        proposal.require_digest(digest)
        self._put_in_force(proposal.programme(), proposal.text(), request_id)
        self.proposal = None
        return self._done("confirm", request_id, state)

    def discard(self, request_id=None):
        """Forget the proposed programme."""
        self.proposal = None
        return []

    def rate(self, rate_nl_per_h, request_id=None):
        """Make one flat basal rate, a ratio in nL/h, the programme's day."""
        state = moves.after(self.state, "rate")
        programme = programmes.with_basal(self.prescription, rate_nl_per_h)
        check(programme)
        self._put_in_force(programme, programmes.canonical_text(programme), request_id)
        self.recorder.event(records.RATE_CHANGED, rate_nl_per_h)
        return self._done("rate", request_id, state)

    # -- delivery ---------------------------------------------------------------------------

    def start(self, request_id=None):
        """Deliver the programme from now on."""
        state = moves.after(self.state, "start")
        self._deliver(MODE_SCHEDULE)
        self.recorder.event(records.STARTED, request_id or _NO_REQUEST, self.programme_digest)
        return self._done("start", request_id, state)

    def minimum(self, request_id=None):
        """Deliver the programme's minimum rate from now on; boluses are cancelled."""
        state = moves.after(self.state, "minimum")
        if not self.prescription.minimum_rate_nl_per_h[0]:
            raise NotNow("the programme has no minimum rate; give it one or pause instead")
        self._deliver(MODE_MINIMUM)
        self.recorder.event(records.MINIMUM_RATE, request_id or _NO_REQUEST)
        return self._done("minimum", request_id, state)

    def pause(self, request_id=None):
        """Deliver nothing until resume; what is left of a bolus is cancelled."""
        state = moves.after(self.state, "pause")
        self._stop_delivery("paused")
        self.recorder.event(records.PAUSED, request_id or _NO_REQUEST)
        return self._done("pause", request_id, state)

    def resume(self, request_id=None):
        """Go on with the programme after a pause."""
        state = moves.after(self.state, "resume")
        self._deliver(MODE_SCHEDULE)
        self.recorder.event(records.RESUMED, request_id or _NO_REQUEST)
        return self._done("resume", request_id, state)

    def stop(self, request_id=None):
        """Deliver nothing more; the motor is released when it rests."""
        state = moves.after(self.state, "stop")
        self._stop_delivery("stopped")
        if self.state == moves.HALTED:
            # What was amiss is in the log; from here on both counts are to agree again.
            self.witness_base += self.moved() - self.witnessed()
        if self.ledger.prime_from_moved is not None:
            self.ledger.end_prime(self.feeder.planned)
        self.recorder.event(records.STOPPED, request_id or _NO_REQUEST, "asked")
        return self._done("stop", request_id, state)

    def bolus(self, volume_nl, duration_s: int, request_id=None):
        """Deliver a volume (ratio in nL) on top of the basal rate, evenly over a time."""
        state = moves.after(self.state, "bolus")
        self._check_bolus(volume_nl, duration_s)
        # Written before anything moves: after a power cut this request is never done again.
        self.recorder.event(records.BOLUS_STARTED, request_id or _NO_REQUEST, volume_nl, duration_s)

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            self.delivery.add_bolus(
                Bolus(
                    request_id or _NO_REQUEST,
                    volume_nl,
                    from_ticks,
                    from_ticks + duration_s * TICKS_PER_S,
                )
            )

        self._change(prepare)
        return self._done("bolus", request_id, state)

    def cancel_bolus(self, request_id=None):
        """Cancel what is left of every running bolus; the basal rate goes on."""
        state = moves.after(self.state, "cancel_bolus")

        def prepare(from_ticks):
            self.note_cancelled(from_ticks, "asked")
            self.delivery.cancel_boluses(from_ticks)

        self._change(prepare)
        return self._done("cancel_bolus", request_id, state)

    def prime(self, volume_nl, rate_nl_per_h=None, request_id=None):
        """Fill the line with a volume (ratio in nL), not a dose.

        Args:
            rate_nl_per_h: ratio; without it, the programme's highest rate.
        """
        state = moves.after(self.state, "prime")
        self._check_fits_reservoir(volume_nl)
        if rate_nl_per_h is None:
            rate_nl_per_h = self.prescription.max_rate_nl_per_h
        else:
            self._check_prime_rate(rate_nl_per_h)
        microstep_nl = self.delivery.microstep_nl
        steps = ratio.floor(ratio.divide(volume_nl, microstep_nl))
        if steps == 0:
            raise OutOfRange(
                "a prime of "
                + format_volume(volume_nl)
                + " is less than one microstep of "
                + format_volume(microstep_nl)
                + "; ask for more"
            )
        self.recorder.event(records.PRIME, request_id or _NO_REQUEST, volume_nl)
        self.feeder.settle()
        self.ledger.begin_prime(self.moved())
        whole_nl = ratio.scale(microstep_nl, steps)
        ticks = ratio.ceil(
            ratio.divide(ratio.scale(whole_nl, schedule.HOUR_S * TICKS_PER_S), rate_nl_per_h)
        )

        def prepare(from_ticks):
            self.delivery.prime(from_ticks, rate_nl_per_h, from_ticks + ticks)

        self._begin_motion()
        self._change(prepare)
        return self._done("prime", request_id, state)

    def refill(self, volume_nl, request_id=None):
        """The reservoir now holds a volume, a ratio in nL."""
        state = moves.after(self.state, "refill")
        programme = self.prescription
        if programme is not None and ratio.compare(volume_nl, (programme.capacity_nl, 1)) > 0:
            raise OutOfRange(
                "a refill of "
                + format_volume(volume_nl)
                + " is more than the "
                + format_volume((programme.capacity_nl, 1))
                + " that the syringe holds; say what it holds now"
            )
        moved = self.moved()
        expected_nl = self.ledger.reservoir_nl(moved)
        self.recorder.event(
            records.REFILL,
            request_id or _NO_REQUEST,
            volume_nl,
            expected_nl if expected_nl[0] > 0 else ratio.ZERO,
        )
        self.ledger.refill(volume_nl, moved)
        self._limit_to_reservoir()
        return self._done("refill", request_id, state)

    # -- alarms and clock ----------------------------------------------------------------------

    def acknowledge(self, code: str, request_id=None):
        """Take note of an alarm by its code, or of "all"."""
        uptime_s = self.pump_clock.uptime_s()
        codes = [active.code for active in self.active_alarms.rows()]
        if code != "all":
            if code not in codes:
                raise NotNow(
                    "there is no active alarm "
                    + code
                    + ("; active: " + ", ".join(codes) if codes else "; none is active")
                )
            codes = [code]
        for one in codes:
            self.active_alarms.acknowledge(one, uptime_s)
        return []

    def silence(self, request_id=None):
        """Silence the sound for two minutes at most."""
        self.active_alarms.silence(self.pump_clock.uptime_s())
        return []

    def test_alarm(self, request_id=None):
        """Let light and sound of every priority come once."""
        self.monitor.test_annunciation()
        return []

    def set_clock(self, now_s: int, request_id=None):
        """Set pump time, local civil time in seconds since 2000-01-01.

        What has been asked for so far stays as it is; from now on the programme follows
        the new time of day.
        """
        if not 0 <= now_s <= _CLOCK_S_MAX:
            raise OutOfRange("the clock takes times from the year 2000 to 2099; set it again")
        old_s = self.pump_clock.now_s()

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            moved_ticks = self.pump_clock.set(now_s)
            self.delivery.shift_clock(moved_ticks)
            self.delivery.clock_known = True
            return moved_ticks

        if self.delivery is None:
            self.pump_clock.set(now_s)
        else:
            self.feeder.shift_clock(self.pump_clock.now_ticks(), prepare)
        self.recorder.event(records.CLOCK_SET, max(0, old_s), now_s)
        self.active_alarms.clear("clock_lost", self.pump_clock.uptime_s())
        self.monitor.after_change()
        self.keep_state()
        return self.clock()

    def bootloader(self, request_id=None):
        """Restart into the USB bootloader for new firmware, at the next look of the service."""
        if self.state not in (moves.UNPROGRAMMED, moves.STOPPED):
            raise NotNow("firmware is exchanged only while the pump is stopped; stop first")
        self.wants_bootloader = True
        return []

    # -- service ----------------------------------------------------------------------

    def service(self) -> bool:
        """What has to be done at least every 3 s: commit steps, look after everything.

        Returns:
            Whether the step generator made the progress that it was asked for, so that the
            watchdog may be fed.
        """
        return self.monitor.look()

    def keep_state(self) -> None:
        """Keep what a soft reset or a watchdog reset shall find again."""
        self._keep(retained.text_of(self))

    # -- inside ------------------------------------------------------------------------

    def _require_proposal(self):
        if self.proposal is None:
            raise NotNow("no programme has been proposed; send one first")
        return self.proposal

    def _put_in_force(self, programme, text: str, request_id) -> None:
        microstep_nl = programme.microstep_nl()
        if ratio.compare((programme.capacity_nl, 1), self.ledger.reservoir_nl(self.moved())) < 0:
            raise OutOfRange(
                "the reservoir holds "
                + format_volume(self.ledger.reservoir_nl(self.moved()))
                + ", more than the programme's syringe; tell the pump what it holds with refill"
            )
        if microstep_nl != self.ledger.microstep_nl and self.state in moves.DELIVERING:
            raise NotNow(
                "syringe, drivetrain and calibration are not changed while the pump delivers;"
                " stop first"
            )
        if self.feeder is not None:
            # Writing erases several sectors: go into it with all that may be in hand.
            self.feeder.service(self.pump_clock.now_ticks())
        if microstep_nl != self.ledger.microstep_nl and self.feeder is not None:
            # Steps in hand still count in the old microstep.
            self.feeder.settle()
        slot = self.recorder.settings.write(text).sequence
        digest = programmes.digest(text)
        self.recorder.event(records.PROGRAMME_CONFIRMED, request_id or _NO_REQUEST, digest, slot)
        self.adopt(programme, text, digest)

    def adopt(self, programme, text: str, digest: str) -> None:
        """Work with a programme from the next free instant on."""
        microstep_nl = programme.microstep_nl()
        moved = self.moved()
        self.ledger.change_microstep(microstep_nl, moved)
        self.prescription = programme
        self.programme_text = text
        self.programme_digest = digest
        if self.delivery is None:
            now_ticks = self.pump_clock.now_ticks()
            self.delivery = Delivery(programme, microstep_nl, now_ticks)
            self.delivery.steps = moved
            self.delivery.clock_known = self.pump_clock.is_known
            self.feeder = Feeder(self.delivery, self.generator)
            self.feeder.planned = moved
            self.limit()
        elif self.state in moves.DELIVERING:

            def prepare(from_ticks):
                self.delivery.replace_programme(programme, microstep_nl, from_ticks)
                self.limit()

            self._change(prepare)
        else:
            self.delivery.replace_programme(
                programme,
                microstep_nl,
                max(self.pump_clock.now_ticks(), self.delivery.anchor_ticks),
            )
            self.limit()

    def limit(self) -> None:
        """Tell the feeder how far ahead it may commit, and where the reservoir ends."""
        programme = self.prescription
        self.feeder.commit_steps = ratio.floor(
            ratio.divide((programme.commit_ahead_nl, 1), self.delivery.microstep_nl)
        )
        self._limit_to_reservoir()

    def _limit_to_reservoir(self) -> None:
        if self.feeder is not None:
            self.feeder.last_step = self.ledger.steps_until(
                self.prescription.reservoir_reserve_nl, self.moved()
            )

    def _deliver(self, mode: int) -> None:
        if self.feeder.last_step <= self.moved():
            raise NotNow(
                "the reservoir is down to its reserve; refill, and say what it holds with refill"
            )
        self._begin_motion()

        def prepare(from_ticks):
            if mode == MODE_MINIMUM:
                self.note_cancelled(from_ticks, "minimum rate")
                self.delivery.cancel_boluses(from_ticks)
            if self.delivery.mode != mode:
                self.delivery.start(from_ticks, mode)

        self._change(prepare)

    def _begin_motion(self) -> None:
        self.generator.begin_move(True)

    def _change(self, prepare) -> None:
        self._effective_ticks = self.feeder.change(self.pump_clock.now_ticks(), prepare)

    def _stop_delivery(self, reason: str) -> None:
        if self.delivery is None or self.delivery.mode == MODE_STOPPED:
            return

        def prepare(from_ticks):
            self.note_cancelled(from_ticks, reason)
            self.delivery.stop(from_ticks)

        self._change(prepare)

    def note_cancelled(self, at_ticks: int, reason: str) -> None:
        """Journal that what is left of every running bolus is not delivered."""
        for bolus in self.delivery.boluses:
            if bolus.end_ticks > at_ticks:
                self.recorder.event(
                    records.BOLUS_CANCELLED,
                    bolus.request_id,
                    bolus.delivered_nl(at_ticks),
                    records.shorten(reason),
                )

    def _check_bolus(self, volume_nl, duration_s: int) -> None:
        programme = self.prescription
        concentration = programme.concentration_mcg_per_ml
        shown = format_amount(volume_nl, concentration)
        if len(self.delivery.boluses) >= BOLUSES_MAX:
            raise NotNow(
                str(BOLUSES_MAX)
                + " boluses are running, the most at a time; wait until one has ended"
            )
        if ratio.compare(volume_nl, programme.max_bolus_nl) > 0:
            raise OutOfRange(
                "a bolus of "
                + shown
                + " is above the programme's limit of "
                + format_amount(programme.max_bolus_nl, concentration)
                + "; ask for less"
            )
        if not BOLUS_DURATION_S_MIN <= duration_s <= BOLUS_DURATION_S_MAX:
            raise OutOfRange("a bolus lasts 1 s to 24 h; choose a duration within that")
        if ratio.compare(volume_nl, self.delivery.microstep_nl) < 0:
            raise OutOfRange(
                "a bolus of "
                + shown
                + " is less than one microstep of "
                + format_volume(self.delivery.microstep_nl)
                + "; ask for more"
            )
        self._check_fits_reservoir(volume_nl)
        at_once = ratio.scale(volume_nl, schedule.HOUR_S, duration_s)
        total = ratio.add(at_once, self.monitor.highest_rate_during(duration_s))
        if ratio.compare(total, programme.max_rate_nl_per_h) > 0:
            raise OutOfRange(
                "a bolus of "
                + shown
                + " in "
                + str(duration_s)
                + " s on top of the rest makes "
                + format_rate(total, concentration)
                + ", above the programme's limit of "
                + format_rate(programme.max_rate_nl_per_h, concentration)
                + "; give it over a longer time"
            )

    def _check_prime_rate(self, rate_nl_per_h) -> None:
        """Within what the drive follows, and committed ahead for half a second at least."""
        per_s = self.delivery.microsteps_in(rate_nl_per_h, TICKS_PER_S)
        most = min(PRIME_STEPS_PER_S_MAX, 2 * self.feeder.commit_steps)
        if rate_nl_per_h[0] == 0 or ratio.compare(per_s, (most, 1)) > 0:
            raise OutOfRange(
                "priming at "
                + format_rate(rate_nl_per_h, None)
                + " is "
                + str(ratio.floor(per_s))
                + " microsteps/s, but it must be above 0 and at most "
                + str(most)
                + (
                    "; choose a lower rate"
                    if most == PRIME_STEPS_PER_S_MAX
                    else ", as so much may be committed ahead; choose a lower rate"
                )
            )

    def _check_fits_reservoir(self, volume_nl) -> None:
        left_nl = ratio.subtract(
            self.ledger.reservoir_nl(self.moved()), (self.prescription.reservoir_reserve_nl, 1)
        )
        if ratio.compare(volume_nl, left_nl) > 0:
            raise OutOfRange(
                format_volume(volume_nl)
                + " is more than the "
                + format_volume(left_nl if left_nl[0] > 0 else ratio.ZERO)
                + " left above the reserve; refill, and say what it holds with refill"
            )

    def _done(self, name: str, request_id, state: str):
        """Take the new state and make what has happened last."""
        self.state = state
        self.requests.keep(request_id, "done")
        if request_id is not None and name in _JOURNALLED:
            self.recorder.event(records.REQUEST_OUTCOME, request_id, "done")
        self.monitor.after_change()
        self.keep_state()
        effective_ticks, self._effective_ticks = self._effective_ticks, None
        return [("state", self.state), ("effective_ticks", effective_ticks)]

    def finish(self, happening: str) -> None:
        """Take the state that follows when delivery has come to an end by itself."""
        self.state = moves.after(self.state, happening)
        if self.ledger.prime_from_moved is not None:
            self.ledger.end_prime(self.moved())
        self.recorder.event(records.STOPPED, _NO_REQUEST, happening)
        self.monitor.after_change()
        self.keep_state()

    def stop_at_once(self, code: str, cause: str) -> None:
        """Raise an alarm and stop the motor between two microsteps."""
        self.active_alarms.raise_alarm(code, self.pump_clock.uptime_s(), cause)
        self.recorder.fault(code, cause)
        if self.state in moves.DELIVERING:
            self.halt(code)

    def halt(self, reason: str) -> None:
        """Stop the motor between two microsteps and wait for a person."""
        now_ticks = self.pump_clock.now_ticks()
        stepped = self.feeder.halt(now_ticks)
        self.note_cancelled(now_ticks, reason)
        self.delivery.halt(now_ticks, stepped)
        self.generator.energise(False)
        self.finish("fault")

    def _note_alarm(self, event: str, code: str, now_s: int, cause: str) -> None:
        if event == "raised":
            self.recorder.event(records.ALARM_RAISED, code, records.shorten(cause))
        elif event == "cleared":
            self.recorder.event(records.ALARM_CLEARED, code)
        elif event == "acknowledged":
            self.recorder.event(records.ALARM_ACKNOWLEDGED, code)
        elif event == "silenced":
            self.recorder.event(records.SILENCED, 120)
