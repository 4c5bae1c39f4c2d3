"""The pump: what a person can ask for, in which state, and what the periodic service does.

Everything here runs one at a time: on the Pico in the scheduler's context, never
in an interrupt. Hardware, clock and flash are handed in. Each request either
happens whole or raises an error whose sentence says why not.
"""

from pump.core import alarm_effects, following, moves, ratio, records, report, retained, schedule
from pump.core import day as days
from pump.core import programme as programmes
from pump.core.alarms import ActiveAlarms
from pump.core.compat import const
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_PRIME,
    MODE_SCHEDULE,
    MODE_STOPPED,
    TICKS_PER_S,
    Bolus,
    Delivery,
)
from pump.core.demands import Demands
from pump.core.drug_guard import DAMAGED, DrugGuard
from pump.core.errors import NotNow, OutOfRange
from pump.core.feeder import CHANGE_WITHIN_S, Feeder
from pump.core.inputs import Inputs
from pump.core.ledger import Ledger
from pump.core.lock import PAIRING_S, Lock
from pump.core.monitor import Monitor
from pump.core.moving import Moving, NoSwitches
from pump.core.proposal import EQUIPMENT, LIBRARY, PROGRAMME, Proposal
from pump.core.requests import RequestMemory

PRIME_STEPS_PER_S_MAX = const(10000)
_CLOCK_S_MAX = const(3155759999)  # 2099-12-31T23:59:59, ranges.LAST_INSTANT_S

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
    "demand",
    "cancel_bolus",
    "cancel_following",
    "prime",
    "refill",
    "home",
    "jog",
    "load",
    "unload",
)


class Controller:
    """One pump.

    Args:
        clock: pump time: now_ticks(), now_s(), is_known, set(now_s), uptime_s().
        generator: step generator and witness: what Feeder asks for, witnessed(),
            energise(is_on), begin_move(is_infusing), limits (MotionLimits).
        recorder: a Recorder.
        identity: list of (key, value) that hello() adds to: versions, board.
        keep: called with a text that shall survive a soft reset and a watchdog reset.
        heap_free: called without arguments, gives free memory in bytes.
        random_bytes: called with a count, gives as many bytes that nobody can foretell.

    Attributes:
        state: one of moves.py's named states.
        prescription: the Programme in force, or None.
        active_alarms: ActiveAlarms.
        guard: DrugGuard, which judges by the drug library.
        inputs: Inputs, which watches the switches and sensors that are fitted.
        lock: Lock, which says who may change the pump.
        demands: Demands, when demand boluses were given.
        awaits_person: whether delivery is held low after an interruption until a person, or
            the clock, says that it may go on.
        was_cut_off: whether delivery was interrupted by a power cut of unknown length.
        clock_module: ClockModule, or None on a board without one.
        clock_lost_cause: why a clock module could not tell the time after a power cut, or "".
        wants_bootloader: whether to restart into the USB bootloader.
        switches: is_at_end(), is_at_home(), has_syringe(): whether, or None where not fitted.
        moving: Moving, the fast moves that are no dose.
        driver: DriverWatch of a motor driver that can be asked; None where there is none.
    """

    def __init__(self, clock, generator, recorder, identity, keep, heap_free, random_bytes):
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
        self.guard = DrugGuard(self)
        self.inputs = Inputs(self)
        self.lock = Lock(self, random_bytes)
        self.demands = Demands()
        self.awaits_person = False
        self.was_cut_off = False
        self.clock_module = None
        self.clock_lost_cause = ""
        self.requests = RequestMemory()
        self.proposal = None
        self.witness_base = 0
        self._effective_ticks = None
        self.reset_cause = ""
        self.wants_bootloader = False
        self.switches = NoSwitches()
        self.moving = Moving(self)
        self.driver = None

    @property
    def concentration_mcg_per_ml(self):
        """Concentration of the programme in force, a ratio, or None."""
        return None if self.prescription is None else self.prescription.concentration_mcg_per_ml

    # -- reading ----------------------------------------------------------------------

    def hello(self):
        """Who is there."""
        return self.identity + [
            ("uptime_s", self.pump_clock.uptime_s()),
            ("state", self.state),
            ("locked", self.lock.is_locked),
            ("equipment", self.inputs.title),
        ]

    def status(self):
        """How the pump is, in the order of the table of commands."""
        return report.status(self)

    def alarms(self):
        """The active alarms, the most urgent first, then how they are signalled."""
        return report.alarm_rows(self)

    def log(self, from_sequence, count: int, faults: bool):
        """Journal entries, the oldest first, and the number to go on from."""
        return report.log(self, from_sequence, count, faults)

    def log_sectors(self, from_sector, from_sequence: int, count: int, faults: bool):
        """Sectors of the journal as they lie in flash, and the number to go on from."""
        from pump.core import journal_copy

        journal = self.recorder.faults if faults else self.recorder.events
        return journal_copy.rows(journal, from_sector, from_sequence, count)

    def programme(self):
        """The canonical text of the programme in force, then its digest."""
        return report.programme_rows(self)

    def library(self):
        """The canonical text of the drug library, then its name and digest."""
        for line in self.guard.text().split("\n")[:-1]:
            yield [("text", line)]
        yield [("digest", self.guard.digest), ("library", self.guard.title)]

    def equipment(self):
        """The canonical text of what is fitted, then its name and digest."""
        for line in self.inputs.text().split("\n")[:-1]:
            yield [("text", line)]
        yield [("digest", self.inputs.digest), ("equipment", self.inputs.title)]

    def readings(self):
        """What every switch and sensor reads now, fitted or not."""
        for name, is_fitted, reading, unit in self.inputs.rows():
            yield [("input", name), ("fitted", is_fitted), ("reading", reading), ("unit", unit)]

    def clock(self):
        """Pump time and whether it can be trusted."""
        return [("clock_s", self.pump_clock.now_s()), ("clock_known", self.pump_clock.is_known)]

    def keys(self):
        """The paired keys, then whether changes need one and which waits for the button."""
        for name, role, fingerprint in self.lock.rows():
            yield [("name", name), ("role", role), ("fingerprint", fingerprint)]
        yield [("locked", self.lock.is_locked), ("awaits", self.lock.awaits_name)]

    def challenge(self, by: str):
        """A challenge for one request with a key."""
        return [("challenge", self.lock.challenge(by))]

    def authorise(self, role: str, by: str, mac: str, message: bytes) -> None:
        """Refuse a change that comes without the key that it needs: see Lock.require()."""
        self.lock.require(role, by, mac, message)

    def outcome_of(self, request_id):
        """What became of a request: None, "done" or "refused ..."."""
        return self.requests.outcome_of(request_id)

    def moved(self) -> int:
        """Microsteps made in the pump's life."""
        if self.feeder is None:
            return self.ledger.filled_at_moved
        return self.feeder.place(self.pump_clock.now_ticks())[0]

    def witnessed(self) -> int:
        """Edges seen on the STEP pin in the pump's life, moves left out, by the second counter."""
        if self.state == moves.MOVING:
            return self.witness_base + self.moving.seen_before
        return self.witness_base + self.generator.witnessed()

    def switches_changed(self) -> None:
        """A switch has settled in another state."""
        self.inputs.switches_changed()
        self.moving.switches_changed()

    # -- keys ---------------------------------------------------------------------------

    def pair(self, name: str, role: str, key: str, request_id=None):
        """Wait for the pair button to confirm a key."""
        self.lock.ask_to_pair(name, role, key)
        return [("wait_s", PAIRING_S)]

    def unpair(self, name: str, request_id=None):
        """Forget a key."""
        self.lock.remove(name)
        return []

    # -- programming --------------------------------------------------------------------

    def propose(self, lines: int, crc, what: str = PROGRAMME, request_id=None):
        """Begin to take a text, one of proposal.KINDS; what was proposed before is forgotten."""
        self.proposal = Proposal(lines, crc, what)
        return []

    def propose_line(self, n: int, text: str, request_id=None):
        """Take a piece of the proposed programme."""
        self._require_proposal().put(n, text)
        return []

    def review(self):
        """What the proposed programme would change, warnings, and the digest to confirm by.

        An empty row stands where one part of it is done and the next needs other modules.
        """
        proposal = self._require_proposal()
        proposal.text()
        yield []
        before = self.programme_text
        if proposal.what == LIBRARY:
            before = "" if self.guard.title == DAMAGED else self.guard.text()
        elif proposal.what == EQUIPMENT:
            self.inputs.review(proposal.text())
            before = "" if self.inputs.title == DAMAGED else self.inputs.text()
        for row in proposal.rows(before, self.prescription):
            yield [("setting", row[0]), ("old", row[1]), ("new", row[2])] if row else []
        yield []
        if proposal.what == LIBRARY:
            judged = self.guard.of_library(proposal.text())
        elif proposal.what == EQUIPMENT:
            judged = ()
        else:
            judged = self.guard.rows_of_programme(proposal.programme())
        for setting, old, new in judged:
            yield [("setting", setting), ("old", old), ("new", new)]
        yield [("digest", proposal.digest())]

    def confirm(self, digest: str, reason: str = "", at_s=None, request_id=None):
        """Put what is proposed in force, whole, and keep it across a power loss.

        Args:
            reason: why soft limits of the drug library are gone beyond, if they are.
            at_s: pump time from which it is to be in force; None: from now on.
        """
        proposal = self._require_proposal()
        self._settle_following()
        if proposal.what != PROGRAMME:
            proposal.require_digest(digest)
            state = self.state
            self._install(proposal, request_id)
        elif at_s is not None:
            state = self.state
            proposal.require_digest(digest)
            self._let_follow(proposal.programme(), proposal.text(), reason, at_s, request_id)
        else:
            state = moves.after(self.state, "confirm")
            proposal.require_digest(digest)
            self._put_in_force(proposal.programme(), proposal.text(), reason, request_id)
        self.proposal = None
        return self._done("confirm", request_id, state)

    def revert(self, request_id=None):
        """Propose the programme that was in force before this one, to be reviewed and confirmed."""
        stored = self.recorder.settings.read_previous()
        if stored is None:
            raise NotNow("no programme from before this one is kept; send it again")
        self.proposal = Proposal.of_text(stored.text)
        return [("digest", self.proposal.digest())]

    def cancel_following(self, request_id=None):
        """Forget the programme that was to come into force at a time."""
        if self.delivery is None or self.delivery.following is None:
            raise NotNow("no programme is to follow at a time; there is nothing to cancel")
        following.drop(self, "asked", request_id)
        self._set_following(None)
        return self._done("cancel_following", request_id, self.state)

    def discard(self, request_id=None):
        """Forget what is proposed."""
        self.proposal = None
        return []

    def rate(self, rate_nl_per_h, reason: str = "", request_id=None):
        """Make one flat basal rate, a ratio in nL/h, the programme's day; reason as confirm().

        A rate of nothing would end a therapy without any of the care that a stop takes.
        """
        self._settle_following()
        state = moves.after(self.state, "rate")
        if not rate_nl_per_h[0]:
            raise OutOfRange("a basal rate of 0 would stop delivery unseen; pause or stop instead")
        programme = programmes.with_basal(self.prescription, rate_nl_per_h)
        programmes.check(programme)
        self._put_in_force(programme, programmes.canonical_text(programme), reason, request_id)
        self.recorder.event(records.RATE_CHANGED, rate_nl_per_h)
        return self._done("rate", request_id, state)

    # -- delivery ---------------------------------------------------------------------------

    def start(self, request_id=None):
        """Deliver the programme from now on."""
        state = moves.after(self.state, "start")
        self.guard.require_start(self.prescription)
        begins_vtbi = self.state in (moves.STOPPED, moves.KVO)
        self._deliver(MODE_SCHEDULE, begins_vtbi)
        self.guard.note_dose()
        self.recorder.event(
            records.STARTED, request_id or records.NO_REQUEST, self.programme_digest
        )
        return self._done("start", request_id, state)

    def minimum(self, request_id=None):
        """Deliver the programme's minimum rate from now on; boluses are cancelled."""
        state = moves.after(self.state, "minimum")
        if not self.prescription.minimum_rate_nl_per_h[0]:
            raise NotNow("the programme has no minimum rate; give it one or pause instead")
        self._deliver(MODE_MINIMUM)
        self.recorder.event(records.MINIMUM_RATE, request_id or records.NO_REQUEST)
        return self._done("minimum", request_id, state)

    def pause(self, request_id=None):
        """Deliver nothing until resume; what is left of a bolus is cancelled."""
        state = moves.after(self.state, "pause")
        self.awaits_person = False
        self._stop_delivery("paused")
        self.recorder.event(records.PAUSED, request_id or records.NO_REQUEST)
        return self._done("pause", request_id, state)

    def resume(self, request_id=None):
        """Go on with the programme after a pause."""
        state = moves.after(self.state, "resume")
        self._deliver(MODE_SCHEDULE)
        self.recorder.event(records.RESUMED, request_id or records.NO_REQUEST)
        return self._done("resume", request_id, state)

    def stop(self, request_id=None):
        """Deliver nothing more; the motor is released when it rests."""
        state = moves.after(self.state, "stop")
        self.awaits_person = False
        if self.state == moves.MOVING:
            self.moving.stop()
        self._stop_delivery("stopped")
        if self.state == moves.HALTED:
            # What was amiss is in the log; from here on both counts are to agree again.
            self.witness_base += self.moved() - self.witnessed()
        if self.ledger.prime_from_moved is not None:
            self.ledger.end_prime(self.feeder.planned)
        self.recorder.event(records.STOPPED, request_id or records.NO_REQUEST, "asked")
        return self._done("stop", request_id, state)

    def bolus(self, volume_nl, duration_s: int, reason: str = "", request_id=None):
        """Deliver a volume (ratio in nL) on top of the basal rate, evenly over a time.

        Args:
            reason: why soft limits of the drug library are gone beyond, if they are.
        """
        from pump.core import bolus_rules

        state = moves.after(self.state, "bolus")
        alarm_effects.require_bolus(self)
        now_ticks = self.pump_clock.now_ticks()
        bolus_rules.check_bolus(self.delivery, now_ticks, volume_nl, duration_s, self._left_nl())
        self._check_window_of_bolus(volume_nl, duration_s)
        findings = self.guard.of_bolus(volume_nl, duration_s)
        self.guard.require(findings, reason)
        # Written before anything moves: after a power cut this request is never done again.
        self.recorder.event(
            records.BOLUS_STARTED, request_id or records.PROMPTED, volume_nl, duration_s
        )
        self.guard.note_bolus(volume_nl, duration_s)
        self.guard.note_reason(findings, reason, request_id)

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            self.delivery.add_bolus(
                Bolus(
                    request_id or records.PROMPTED,
                    volume_nl,
                    from_ticks,
                    from_ticks + duration_s * TICKS_PER_S,
                )
            )

        self._change(prepare)
        return self._done("bolus", request_id, state)

    def demand(self, request_id=None):
        """Give the programme's demand bolus, if the lockout is over; other boluses wait for it."""
        from pump.core import bolus_rules

        state = moves.after(self.state, "demand")
        alarm_effects.require_bolus(self)
        mode = self.prescription.demand
        if mode is None:
            raise NotNow("the programme has no demand bolus; have it added to the profile")
        clock = self.pump_clock
        self.demands.check(mode, clock.now_s(), clock.is_known)
        bolus_rules.check_reservoir(mode.volume_nl, self._left_nl(), "the demand bolus")
        bolus_rules.check_bridge(self.delivery, clock.now_ticks())
        if len(self.delivery.boluses) >= bolus_rules.BOLUSES_MAX:
            raise NotNow("as many boluses as can be are running; wait until one has ended")
        bolus_rules.check_demand_rate(self.delivery, clock.now_ticks())
        self._check_window_of_bolus(mode.volume_nl, mode.duration_s)
        # Soft limits were answered for when the programme was confirmed.
        self.guard.require_hard(self.guard.of_bolus(mode.volume_nl, mode.duration_s))
        request = request_id or records.PROMPTED
        self.recorder.event(records.BOLUS_STARTED, request, mode.volume_nl, mode.duration_s)
        self.recorder.event(records.DEMAND, request)
        self.guard.history.hold_back(clock.now_s(), mode.duration_s)
        self.guard.note_bolus(mode.volume_nl, mode.duration_s)

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            end_ticks = from_ticks + mode.duration_s * TICKS_PER_S
            self.delivery.pre_empt(Bolus(request, mode.volume_nl, from_ticks, end_ticks))

        self._change(prepare)
        begins_s = -(-self._effective_ticks // TICKS_PER_S)
        self.demands.note(begins_s, clock.is_known)
        return self._done("demand", request_id, state)

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
        from pump.core import bolus_rules
        from pump.core.quantity import format_volume

        state = moves.after(self.state, "prime")
        alarm_effects.require_delivery(self)
        self._require_known_reservoir()
        bolus_rules.check_reservoir(volume_nl, self._left_nl(), "a prime")
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
        self.recorder.event(records.PRIME, request_id or records.NO_REQUEST, volume_nl)
        self.feeder.settle()
        self.moving.take_up()
        self.ledger.begin_prime(self.moved())
        whole_nl = ratio.scale(microstep_nl, steps)
        ramp = None
        if self._needs_ramp(rate_nl_per_h):
            from pump.core.prime_ramp import PrimeRamp

            ramp = PrimeRamp(whole_nl, rate_nl_per_h, microstep_nl, self.generator.limits)
        ticks = ratio.ceil(
            ratio.divide(ratio.scale(whole_nl, schedule.HOUR_S * TICKS_PER_S), rate_nl_per_h)
        )

        def prepare(from_ticks):
            if ramp is None:
                self.delivery.prime(from_ticks, rate_nl_per_h, from_ticks + ticks)
            else:
                self.delivery.prime_by(ramp, from_ticks)

        self._begin_motion()
        self._change(prepare)
        return self._done("prime", request_id, state)

    def purge(self, rate_nl_per_h=None, request_id=None):
        """Empty the reservoir down to its reserve through the line; not a dose. As prime()."""
        moves.after(self.state, "prime", "purge")
        left_nl = self._left_nl()
        return self.prime(left_nl if left_nl[0] > 0 else ratio.ZERO, rate_nl_per_h, request_id)

    def refill(self, volume_nl, request_id=None):
        """The reservoir now holds a volume, a ratio in nL."""
        from pump.core.quantity import format_volume

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
            request_id or records.NO_REQUEST,
            volume_nl,
            expected_nl if expected_nl[0] > 0 else ratio.ZERO,
        )
        self.ledger.refill(volume_nl, moved)
        self.guard.note_refill()
        self.active_alarms.clear("ledger_uncertain", self.pump_clock.uptime_s())
        self._limit_to_reservoir()
        if self.feeder is not None and self.moved() < self.feeder.last_step:
            self.active_alarms.clear("empty", self.pump_clock.uptime_s())
        return self._done("refill", request_id, state)

    # -- moves that are no dose ----------------------------------------------------------------

    def home(self, line: str, request_id=None):
        """Find the home switch; from then on the position is known."""
        from pump.core import move_requests

        self._effective_ticks = move_requests.home(self, line, request_id)
        return self._done("home", request_id, moves.MOVING)

    def jog(self, distance, direction: str, line: str, request_id=None):
        """Move the plunger by a distance: see move_requests.jog()."""
        from pump.core import move_requests

        self._effective_ticks = move_requests.jog(self, distance, direction, line, request_id)
        return self._done("jog", request_id, moves.MOVING)

    def load(self, volume_nl, line: str, request_id=None):
        """Go up to the plunger of a syringe that holds a volume, a ratio in nL."""
        from pump.core import move_requests

        self._effective_ticks = move_requests.load(self, volume_nl, line, request_id)
        return self._done("load", request_id, moves.MOVING)

    def unload(self, line: str, request_id=None):
        """Draw the drive back for another syringe."""
        from pump.core import move_requests

        self._effective_ticks = move_requests.unload(self, line, request_id)
        return self._done("unload", request_id, moves.MOVING)

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
        the new time of day. A scheduled bolus that was given is not given again.

        Raises:
            OutOfRange: with what the clock would show again, a day could hold more than a hard
                limit of the drug library.
        """
        if not 0 <= now_s <= _CLOCK_S_MAX:
            raise OutOfRange("the clock takes times from the year 2000 to 2099; set it again")
        old_s = self.pump_clock.now_s()
        was_known = self.pump_clock.is_known
        more_nl = self.guard.more_by_clock(now_s - old_s)

        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            moved_ticks = self.pump_clock.set(now_s)
            self.delivery.shift_clock(moved_ticks)
            return moved_ticks

        if self.delivery is None:
            self.pump_clock.set(now_s)
        else:
            self.feeder.shift_clock(self.pump_clock.now_ticks(), prepare)
        self.guard.history.shift(now_s - old_s, was_known)
        if more_nl[0]:
            self.guard.note_bolus(more_nl, 0)
        self.demands.shift(now_s - old_s, was_known)
        self.recorder.event(records.CLOCK_SET, max(0, old_s), now_s)
        self.monitor.clock.was_set()
        if self.clock_module is not None:
            self.clock_module.set(self)
        self.active_alarms.clear("clock_lost", self.pump_clock.uptime_s())
        if self.was_cut_off and not was_known:
            self._note_interruption(max(0, now_s - old_s))
        self.monitor.after_change()
        self.keep_state()
        return self.clock()

    def goes_on_after(self, length_s) -> bool:
        """Whether the programme goes on by itself after an interruption; None is unknown."""
        within_s = self.prescription.resume_within_s
        return within_s is None or (length_s is not None and length_s <= within_s)

    def _note_interruption(self, length_s: int) -> None:
        """The clock went on from the time that was noted last, so it was behind by the length."""
        self.was_cut_off = False
        self.recorder.event(records.INTERRUPTION, length_s)
        is_short = self.awaits_person and self.goes_on_after(length_s)
        if is_short and self.feeder.last_step > self.moved():
            self._deliver(MODE_SCHEDULE)
            self.recorder.event(records.RESUMED, records.NO_REQUEST)
            self.state = moves.RUNNING

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
        if self.lock.awaits_name:
            self.lock.look(self.pump_clock.uptime_s())
        return self.monitor.look()

    def commit_before_writing(self) -> None:
        """Writing settings erases several sectors: go into it with all that may be in hand."""
        if self.feeder is not None:
            self.feeder.service(self.pump_clock.now_ticks())

    def keep_state(self) -> None:
        """Keep what a soft reset or a watchdog reset shall find again."""
        self._keep(retained.text_of(self))

    # -- inside ------------------------------------------------------------------------

    def _require_proposal(self):
        if self.proposal is None:
            raise NotNow("no programme has been proposed; send one first")
        return self.proposal

    def _let_follow(self, programme, text: str, reason: str, at_s: int, request_id) -> None:
        following.check(self, programme, at_s)
        self._check_window_after(self.prescription, programme)
        findings = self.guard.of_programme(programme, self.prescription)[1]
        self.guard.require(findings, reason)
        self.commit_before_writing()
        following.keep(self, programme, text, at_s, request_id)
        self.guard.note_reason(findings, reason, request_id)
        self._set_following((at_s, programme))

    def _set_following(self, pair) -> None:
        def prepare(from_ticks):
            self.delivery.advance(from_ticks)
            self.delivery.following = pair
            self.delivery.find_vtbi_end()

        if self.state in moves.DELIVERING:
            self._change(prepare)
        else:
            self.delivery.following = pair

    def _settle_following(self) -> None:
        """A programme whose time has come is in force before another one is judged or confirmed."""
        if self.delivery is not None and self.delivery.following is not None:
            if self.pump_clock.now_s() >= self.delivery.following[0]:
                self.feeder.service(self.pump_clock.now_ticks())
                self.take_following()

    def take_following(self) -> None:
        """Make the programme whose time has come the one in force; the schedule has changed."""
        programme = self.delivery.following[1]
        text = programmes.canonical_text(programme)
        digest = programmes.digest(text)
        slot = self.recorder.settings.write(text).sequence
        self.recorder.event(records.PROGRAMME_CONFIRMED, records.NO_REQUEST, digest, slot)
        following.drop(self, "in force")
        self.delivery.take_following()
        self.prescription = programme
        self.programme_text = text
        self.programme_digest = digest
        self.limit()
        if self.state in moves.DELIVERING:
            self.guard.note_dose()
        self.monitor.after_change()
        self.keep_state()

    def _install(self, proposal, request_id) -> None:
        if self.state == moves.PRIMING:
            raise NotNow("nothing is installed during a prime; wait until it has ended")
        self.commit_before_writing()
        to = self.guard if proposal.what == LIBRARY else self.inputs
        to.install(proposal.text(), request_id)

    def _put_in_force(self, programme, text: str, reason: str, request_id) -> None:
        from pump.core.quantity import format_volume

        findings = self.guard.of_programme(programme)[1]
        self.guard.require(findings, reason)
        microstep_nl = programme.microstep_nl()
        if ratio.compare((programme.capacity_nl, 1), self.ledger.reservoir_nl(self.moved())) < 0:
            raise OutOfRange(
                "the reservoir holds "
                + format_volume(self.ledger.reservoir_nl(self.moved()))
                + ", more than the programme's syringe; tell the pump what it holds with refill"
            )
        if self.state in moves.DELIVERING and (
            microstep_nl != self.ledger.microstep_nl
            or programme.microsteps != self.prescription.microsteps
        ):
            raise NotNow(
                "syringe, drivetrain and calibration are not changed while the pump delivers;"
                " stop first"
            )
        if self.state == moves.KVO and programme.vtbi != self.prescription.vtbi:
            raise NotNow(
                "the volume to be infused is not changed while its KVO rate is delivered; stop"
                " first, then start to deliver the new one"
            )
        following.check_goes_with(self, programme)
        self._check_window_after(self.prescription, programme)
        if self.delivery is not None and self.delivery.following is not None:
            self._check_window_after(programme, self.delivery.following[1])
        self.commit_before_writing()
        self._check_running_boluses(programme)
        if microstep_nl != self.ledger.microstep_nl and self.feeder is not None:
            # Steps in hand still count in the old microstep.
            self.feeder.settle()
        self.guard.note_bridge(programme)
        slot = self.recorder.settings.write(text).sequence
        digest = programmes.digest(text)
        self.recorder.event(
            records.PROGRAMME_CONFIRMED, request_id or records.NO_REQUEST, digest, slot
        )
        self.guard.note_reason(findings, reason, request_id)
        self.adopt(programme, text, digest, is_new=True)
        if self.state not in (moves.UNPROGRAMMED, moves.STOPPED):
            self.guard.note_dose()
        for code in ("programme_damaged", "other_board"):
            self.active_alarms.clear(code, self.pump_clock.uptime_s())

    def adopt(self, programme, text: str, digest: str, is_new: bool = False) -> None:
        """Work with a programme from the next free instant on.

        Args:
            is_new: whether it was confirmed just now, and not found again after a start.
        """
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
            if is_new:
                self.delivery.begin_bridge()
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

    def _deliver(self, mode: int, begins_vtbi: bool = False) -> None:
        alarm_effects.require_delivery(self)
        self._require_known_reservoir()
        if self.feeder.last_step <= self.moved():
            raise NotNow(
                "the reservoir is down to its reserve; refill, and say what it holds with refill"
            )
        self._begin_motion()

        def prepare(from_ticks):
            if mode == MODE_MINIMUM:
                self.note_cancelled(from_ticks, "minimum rate")
                self.delivery.cancel_boluses(from_ticks)
            if self.delivery.mode != mode or begins_vtbi:
                self.delivery.start(from_ticks, mode)
            if begins_vtbi:
                self.delivery.begin_vtbi()

        self.awaits_person = False
        self._change(prepare)

    def _require_known_reservoir(self) -> None:
        if not self.ledger.is_known:
            raise NotNow(
                "what the syringe holds is not known since the drive was moved; say so with refill"
            )

    def _begin_motion(self) -> None:
        self.monitor.book_before_motion()
        self.moving.take_up()
        self.generator.begin_move(True)

    def _change(self, prepare) -> None:
        self._effective_ticks = self.feeder.change(self.pump_clock.now_ticks(), prepare)

    def _needs_ramp(self, rate_nl_per_h) -> bool:
        """Whether the motor would not follow a rate from rest."""
        per_s = self.delivery.microsteps_in(rate_nl_per_h, TICKS_PER_S)
        return ratio.compare(per_s, (self.generator.limits.start_per_s, 1)) > 0

    def _stop_delivery(self, reason: str) -> None:
        if self.delivery is None or self.delivery.mode == MODE_STOPPED:
            return
        if self.delivery.mode == MODE_PRIME and self.delivery.prime_ramp is not None:
            # The motor is too fast to be stopped between two steps: a second at most.
            self._change(self.delivery.shorten_prime)
            self.feeder.settle()
            self.feeder.change(self.pump_clock.now_ticks(), self.delivery.stop)
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

    def _check_running_boluses(self, programme) -> None:
        """Boluses that were asked for go on over a new programme: within its limit, as well."""
        from pump.core.quantity import format_rate

        if self.delivery is None or not self.delivery.boluses:
            return
        total = days.highest_rate(programme)[0]
        for bolus in self.delivery.boluses:
            total = ratio.add(total, bolus.rate_nl_per_h())
        if ratio.compare(total, programme.max_rate_nl_per_h) > 0:
            concentration = programme.concentration_mcg_per_ml
            raise NotNow(
                "with the boluses that are running this makes up to "
                + format_rate(total, concentration)
                + ", above the programme's limit of "
                + format_rate(programme.max_rate_nl_per_h, concentration)
                + "; cancel them or wait until they have ended"
            )

    def _check_prime_rate(self, rate_nl_per_h) -> None:
        """Within what the drive follows, and committed ahead for half a second at least."""
        from pump.core.quantity import format_rate

        per_s = self.delivery.microsteps_in(rate_nl_per_h, TICKS_PER_S)
        fastest = min(PRIME_STEPS_PER_S_MAX, self.generator.limits.fast_per_s)
        most = min(fastest, 2 * self.feeder.commit_steps)
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
                    if most == fastest
                    else ", as so much may be committed ahead; choose a lower rate"
                )
            )

    def vtbi_left_nl(self):
        """What is left of the volume to be infused at the delivery's anchor, a ratio in nL."""
        left = self.delivery.vtbi_left()
        return ratio.ZERO if left is None else ratio.multiply(left, self.delivery.microstep_nl)

    def _left_nl(self):
        """What the reservoir holds above its reserve, a ratio in nL."""
        reserve_nl = (self.prescription.reservoir_reserve_nl, 1)
        return ratio.subtract(self.ledger.reservoir_nl(self.moved()), reserve_nl)

    def _check_window_of_bolus(self, volume_nl, duration_s: int) -> None:
        """Judge a bolus (ratio in nL) by the dose window, and by that of what follows soon."""
        from pump.core import window_rules

        clock = self.pump_clock
        now_s = clock.now_s()
        history = self.guard.history
        now = self.prescription
        window_rules.check(now, history, now_s, clock.is_known, volume_nl)
        if self.delivery.following is not None:
            from_s, coming = self.delivery.following
            ends_s = now_s + duration_s + CHANGE_WITHIN_S
            if coming.dose_window is not None and from_s <= ends_s + coming.dose_window.length_s:
                window_rules.check(coming, history, now_s, clock.is_known, volume_nl, (now,))

    def _check_window_after(self, before, programme) -> None:
        """Judge a programme that is to come after another one, or None, by its dose window."""
        if programme.dose_window is None:
            return
        from pump.core import window_rules

        clock = self.pump_clock
        others = window_rules.counted_before(before, programme)
        history = self.guard.history
        window_rules.check(programme, history, clock.now_s(), clock.is_known, ratio.ZERO, others)

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
            self.ledger.end_prime(self.feeder.planned)
        self.recorder.event(records.STOPPED, records.NO_REQUEST, happening)
        self.monitor.after_change()
        self.keep_state()

    def stop_at_once(self, code: str, cause: str) -> None:
        """Stop the motor between two microsteps, whatever drives it, and raise an alarm."""
        # Stopped first: what is noted waits for flash.
        if "fault" in moves.MOVES[self.state]:
            self.halt(code)
        else:
            self.generator.stop()
            self.generator.energise(False)
        if self.active_alarms.raise_alarm(code, self.pump_clock.uptime_s(), cause):
            self.recorder.fault(code, cause)

    def halt(self, reason: str) -> None:
        """Stop the motor between two microsteps and wait for a person."""
        now_ticks = self.pump_clock.now_ticks()
        if self.state == moves.MOVING:
            self.moving.abort()
        stepped = self.feeder.halt(now_ticks)
        self.note_cancelled(now_ticks, reason)
        self.delivery.halt(now_ticks, stepped)
        self.generator.energise(False)
        self.finish("fault")

    def finish_stroke(self, reason: str) -> None:
        """Make the steps that cannot be taken back any more, then wait for a person."""
        self._stop_delivery(reason)
        self._effective_ticks = None
        self.finish("fault")

    def note_failed(self, code: str, error) -> None:
        """Tell people, once until they acknowledge it, of an error that should not have been."""
        if not self.active_alarms.is_active(code):
            cause = type(error).__name__ + " " + str(error)
            self.active_alarms.raise_event(code, self.pump_clock.uptime_s(), cause)
            self.recorder.fault(code, cause)

    def note_refused(self, error) -> None:
        """Tell people of a refusal that is more than a slip: a dose above its limit."""
        if error.code == "dose_limit":
            uptime_s = self.pump_clock.uptime_s()
            self.active_alarms.raise_event("dose_limit", uptime_s, error.sentence)

    def _note_alarm(self, event: str, code: str, now_s: int, cause: str) -> None:
        if event == "raised":
            self.recorder.event(records.ALARM_RAISED, code, records.shorten(cause))
        elif event == "cleared":
            self.recorder.event(records.ALARM_CLEARED, code)
        elif event == "acknowledged":
            self.recorder.event(records.ALARM_ACKNOWLEDGED, code)
        elif event == "silenced":
            self.recorder.event(records.SILENCED, 120)
