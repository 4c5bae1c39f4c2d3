"""The controller under random requests, resets and power cuts, against fractions."""

import contextlib
import math
from fractions import Fraction

import pytest
from flash_model import PHASES, FlashModel, PowerCut
from hypothesis import given
from hypothesis import strategies as st
from prescription import MINIMUM, SCHEDULE, TICKS_PER_S, Prescription
from programmes import is_sound

from bench_case import STEP_NL, fast_programme, status
from bench_pump import MONDAY_S, BenchPump
from pump.core import moves, ratio, retained
from pump.core.errors import NotNow, PumpError
from pump.core.modes import Bridge, Demand, Intermittent, Vtbi
from pump.core.programme import canonical_text, digest, replace, with_basal
from pump.link.lines import checksum

NOON_S = MONDAY_S + 43_190
STEP = Fraction(*STEP_NL)
FILLED_NL = 9_500_000

RATES = st.one_of(
    st.just((0, 1)),
    st.builds(ratio.ratio, st.integers(1, 18_000_000), st.sampled_from([1, 3, 7, 24, 9973])),
)


@st.composite
def programmes(draw):
    """Sound programmes whose rate changes around noon, where the stories are told."""
    edges = draw(st.sets(st.integers(43_195, 43_260), max_size=5))
    day = [(0, draw(RATES)), *[(edge, draw(RATES)) for edge in sorted(edges)]]
    # 100 uL in 40 s or more are 9 mL/h at most.
    bolus = st.tuples(
        st.integers(43_190, 43_250),
        st.just(127),
        st.builds(ratio.ratio, st.integers(800, 100_000), st.sampled_from([1, 7])),
        st.integers(40, 90),
    )
    at_once = {entry[0]: entry for entry in draw(st.lists(bolus, max_size=2))}
    programme = fast_programme(
        days=(tuple(day),),
        boluses=tuple(at_once[at_s] for at_s in sorted(at_once)),
        minimum_rate_nl_per_h=draw(RATES),
    )
    assert is_sound(programme)
    return programme


SMALL_NL = st.builds(ratio.ratio, st.integers(800, 10_000), st.sampled_from([1, 7]))
NEAR_S = st.integers(MONDAY_S + 43_190, MONDAY_S + 43_260)
MODES = {
    "course": st.dictionaries(
        NEAR_S, st.builds(ratio.ratio, st.integers(0, 28), st.just(28)), max_size=3
    ).map(lambda found: tuple(sorted(found.items()))),
    "bridge": st.builds(
        Bridge,
        st.builds(ratio.ratio, st.integers(1000, 500_000), st.sampled_from([1, 3])),
        st.builds(ratio.ratio, st.integers(10**6, 3 * 10**7), st.sampled_from([1, 7])),
        st.sampled_from([(0, 1), (500, 1)]),
    ),
    "intermittent": st.builds(
        Intermittent, st.integers(0, 40), st.integers(60, 90), SMALL_NL, st.integers(20, 60)
    ),
    "demand": st.builds(
        Demand,
        SMALL_NL,
        st.integers(10, 59),
        st.just(60),
        st.sampled_from([60, 200]),
        st.integers(1, 3),
    ),
    "vtbi": st.one_of(
        st.builds(
            Vtbi,
            st.builds(ratio.ratio, st.integers(1000, 900_000), st.sampled_from([1, 3])),
            st.sampled_from(["stop", "continue"]),
            st.just((0, 1)),
            st.just(60),
        ),
        st.builds(
            Vtbi,
            st.builds(ratio.ratio, st.integers(1000, 900_000), st.sampled_from([1, 3])),
            st.just("kvo"),
            st.just((1, 7)),
            st.just(60),
        ),
    ),
    "resume_within_s": st.sampled_from([0, 3600]),
}


@st.composite
def moded(draw):
    """Sound programmes with any of the modes."""
    changes = {}
    for mode, values in MODES.items():
        if draw(st.booleans()):
            changes[mode] = draw(values)
    programme = draw(programmes())
    for mode, value in changes.items():
        changed = replace(programme, **{mode: value})
        # A KVO rate above a basal rate of next to nothing, say, does not go with it.
        programme = changed if is_sound(changed) else programme
    return programme


REQUESTS = st.one_of(
    *[
        st.tuples(st.just(name))
        for name in ("start", "pause", "resume", "stop", "minimum", "cancel_bolus", "demand")
    ],
    st.tuples(
        st.just("bolus"),
        st.builds(ratio.ratio, st.integers(1, 250_000), st.sampled_from([1, 3])),
        st.integers(0, 120),
    ),
    st.tuples(st.just("rate"), RATES),
    st.tuples(st.just("confirm"), moded()),
    st.tuples(st.just("follow"), moded(), st.integers(0, 100)),
    st.tuples(st.just("cancel_following")),
    st.tuples(st.just("refill"), st.integers(2_000_000, 11_000_000)),
    st.tuples(st.just("set_clock"), st.integers(-100, 100)),
)
SOFT_RESET = st.tuples(st.just("soft reset"), st.integers(1, 450))
# Milliseconds from one look of the service to the next.
WAITS_MS = st.lists(st.one_of(st.integers(0, 50), st.integers(0, 2000)), max_size=6)


def visits(happenings):
    return st.lists(st.tuples(WAITS_MS, happenings), min_size=1, max_size=14)


def programmed(programme, sectors=None):
    bench = BenchPump(sectors, NOON_S)
    bench.generator.edges = None
    return bench.programme(programme, FILLED_NL)


def ask(pump, request):
    """Ask the controller; returns its answer."""
    name, *args = request
    if name == "set_clock":
        return pump.set_clock(pump.pump_clock.now_s() + args[0])
    if name == "refill":
        return pump.refill((args[0], 1))
    if name == "follow":
        # It may differ in all but these.
        now = pump.prescription
        args[0] = replace(args[0], bridge=now.bridge, vtbi=now.vtbi)
        if not is_sound(args[0]):
            raise NotNow("it does not go with bridge and volume to be infused of before")
    if name in ("confirm", "follow"):
        text = canonical_text(args[0])
        pieces = text.split("\n")[:-1]
        pump.propose(len(pieces), checksum(text.encode()))
        for number, piece in enumerate(pieces):
            pump.propose_line(number, piece)
        at_s = pump.pump_clock.now_s() + args[1] if name == "follow" else None
        return pump.confirm(digest(text), at_s=at_s)
    return getattr(pump, name)(*args)


class Account:
    """What was asked for and what the reservoir holds, kept beside the pump."""

    def __init__(self, bench, programme):
        self.prescription = Prescription(programme, STEP_NL, bench.clock.now_ticks())
        self.prescription.begin_bridge()
        self.filled_nl = FILLED_NL
        self.filled_at = 0

    def look(self, bench):
        """The pump has stopped by itself at the end of the volume to be infused."""
        if bench.controller.state == moves.STOPPED and self.prescription.mode == SCHEDULE:
            self.prescription.advance(bench.clock.now_ticks())
            assert self.prescription.is_infused()
            self.prescription.stop()

    def note(self, bench, request, answer, offset_before_us, before):
        """A request that was done: what it changes holds from the instant that was answered."""
        asked = self.prescription
        name, *args = request
        if name == "refill":
            self.filled_nl = args[0]
            self.filled_at = bench.made()
            return
        if name == "set_clock":
            moved = (bench.clock.offset_us - offset_before_us) * 125
            asked.set_clock(bench.controller.delivery.anchor_ticks - moved, moved)
            return
        ticks = dict(answer)["effective_ticks"]
        if name in ("rate", "confirm"):
            ticks = bench.controller.delivery.anchor_ticks if ticks is None else ticks
            asked.advance(ticks)
            asked.change(bench.controller.prescription)
            return
        if name in ("follow", "cancel_following"):
            ticks = bench.clock.now_ticks() if ticks is None else ticks
            asked.advance(ticks)
            asked.following = bench.controller.delivery.following
            return
        if ticks is None:
            return
        asked.advance(ticks)
        if name in ("pause", "stop"):
            asked.stop()
        elif name in ("start", "resume", "minimum"):
            mode = MINIMUM if name == "minimum" else SCHEDULE
            begins_vtbi = name == "start" and before in (moves.STOPPED, moves.KVO)
            if name == "minimum":
                asked.cancel_boluses()
            if begins_vtbi:
                asked.boluses = []
            if mode != asked.mode or begins_vtbi:
                asked.start(mode, begins_vtbi)
        elif name == "bolus":
            volume_nl, duration_s = args
            asked.give(Fraction(*volume_nl), duration_s * TICKS_PER_S)
        elif name == "demand":
            asked.demand()
        elif name == "cancel_bolus":
            asked.cancel_boluses()

    def check_book(self, bench):
        """Stepped, witnessed, delivered and left agree with what was made."""
        made = bench.made()
        assert status(bench, "stepped") == status(bench, "witnessed") == made
        used_nl = (made - self.filled_at) * STEP
        assert Fraction(*status(bench, "delivered_nl")) == used_nl
        assert Fraction(*status(bench, "reservoir_nl")) == self.filled_nl - used_nl


# Steps that a reset cut off between a request to stop and its instant come with the next start.
TO_REST = [([1000] * 4, ("stop",)), ([1000] * 4, ("stop",))]
TO_THE_END = [([0], ("stop",)), ([1000] * 4, ("start",)), *TO_REST]


def live(story, programme):
    """Let a story happen to a pump; every step that was asked for is made, and no other."""
    bench = programmed(programme)
    account = Account(bench, programme)
    for waits_ms, happening in [*story, *TO_THE_END]:
        for wait_ms in waits_ms:
            bench.wait_ms(wait_ms)
            bench.serve()
        account.check_book(bench)
        if happening[0] == "soft reset":
            bench = bench.after_soft_reset(happening[1])
            continue
        if happening[0] == "watchdog":
            bench, account = after_watchdog(bench, account, happening[1])
            continue
        pump = bench.controller
        before = retained.text_of(pump)
        state = pump.state
        account.look(bench)
        offset_us = bench.clock.offset_us
        try:
            answer = ask(pump, happening)
        except PumpError as error:
            assert retained.text_of(pump) == before
            assert len(error.sentence) > 20
            continue
        account.note(bench, happening, answer, offset_us, state)
    account.prescription.advance(bench.clock.now_ticks())
    assert bench.made() == math.floor(account.prescription.microsteps)
    account.check_book(bench)
    assert not bench.controller.active_alarms.is_active("step_generator_starved")
    assert not bench.controller.active_alarms.is_active("journal_failing")


def after_watchdog(bench, account, boot_ms):
    """Nobody looked after the pump for 8 s: from the reset on nothing was asked for."""
    was_delivering = bench.controller.state in moves.DELIVERING
    before_us = bench._fed_us + 8_000_000 + bench.clock.offset_us
    bench = bench.after_watchdog_reset(boot_ms)
    asked = account.prescription
    if was_delivering:
        asked.advance(before_us * 125)
        asked.interrupted(before_us * 125 + boot_ms * 125_000)
    return bench, account


@given(visits(REQUESTS), moded())
@pytest.mark.hazard("H12")
def test_what_was_asked_for_is_what_is_made_whatever_is_asked(story, programme):
    live([([], ("start",)), *story], programme)


@given(visits(st.one_of(REQUESTS, SOFT_RESET)), moded())
def test_soft_resets_at_any_time_cost_no_step(story, programme):
    live([([], ("start",)), *story], programme)


WATCHDOG = st.tuples(st.just("watchdog"), st.integers(200, 900))


@given(visits(st.one_of(REQUESTS, WATCHDOG)), moded())
def test_after_a_watchdog_reset_what_was_asked_for_goes_on_without_what_fell_due(story, programme):
    live([([], ("start",)), *story], programme)


RESETS = st.one_of(
    WATCHDOG,
    st.tuples(st.just("power cut")),
    SOFT_RESET,
)


@given(visits(st.one_of(REQUESTS, REQUESTS, RESETS)), moded())
def test_the_reservoir_never_shows_more_than_is_left_over_any_reset(story, programme):
    bench = programmed(programme)
    filled_nl, filled_at = FILLED_NL, 0
    for waits_ms, happening in [([], ("start",)), *story]:
        for wait_ms in waits_ms:
            bench.wait_ms(wait_ms)
            bench.serve()
        if happening[0] == "soft reset":
            bench = bench.after_soft_reset(happening[1])
        elif happening[0] == "watchdog":
            bench = bench.after_watchdog_reset(happening[1])
        elif happening[0] == "power cut":
            bench = bench.after_power_cut()
        else:
            with contextlib.suppress(PumpError):
                ask(bench.controller, happening)
                if happening[0] == "refill":
                    filled_nl, filled_at = happening[1], bench.made()
        left_nl = filled_nl - (bench.made() - filled_at) * STEP
        assert Fraction(*status(bench, "reservoir_nl")) <= left_nl


class Cut:
    """A story that a power cut ends; what the pump after it may be like.

    Attributes:
        states, texts: of the pump and of its programme, before and after what was going on.
        filled_nl, filled_at: the most that the reservoir can have been filled to, and when.
        done: request ids of what was answered.
    """

    def __init__(self, bench):
        self.bench = bench
        self.filled_nl, self.filled_at = FILLED_NL, 0
        self.done = []
        self._settle()

    def _settle(self):
        self.states = {self.bench.controller.state}
        self.texts = {self.bench.controller.programme_text}

    def _expect(self, happening):
        pump = self.bench.controller
        name, *args = happening
        self.states.add(moves.MOVES[pump.state].get(name, pump.state))
        if name == "confirm":
            self.texts.add(canonical_text(args[0]))
        elif name == "rate":
            self.texts.add(canonical_text(with_basal(pump.prescription, args[0])))
        elif name == "refill":
            made = self.bench.made()
            left_nl = self.filled_nl - (made - self.filled_at) * STEP
            self.filled_nl, self.filled_at = max(left_nl, args[0]), made

    def tell(self, story):
        """Let it happen."""
        bench = self.bench
        for number, (waits_ms, happening) in enumerate(story):
            for wait_ms in waits_ms:
                bench.wait_ms(wait_ms)
                bench.serve()
            self._expect(happening)
            with contextlib.suppress(PumpError):
                if happening[0] == "bolus":
                    bench.controller.bolus(*happening[1:], request_id=f"{number:08x}")
                    self.done.append(f"{number:08x}")
                else:
                    ask(bench.controller, happening)
            self.filled_nl = Fraction(*status(bench, "reservoir_nl"))
            self.filled_at = bench.made()
            self._settle()


def allowed_after(programme, states):
    """What else a pump may find itself in that was running."""
    found = set()
    if moves.RUNNING in states:
        if programme.resume_within_s is not None:
            has_minimum = programme.minimum_rate_nl_per_h[0]
            found.add(moves.MINIMUM if has_minimum else moves.PAUSED)
        if programme.vtbi is not None and programme.vtbi.then != "continue":
            # Its end came just before the power failed.
            found.add(moves.KVO if programme.vtbi.then == "kvo" else moves.STOPPED)
    return found


@given(
    visits(REQUESTS),
    moded(),
    st.integers(0, 300),
    st.sampled_from(PHASES),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
@pytest.mark.hazard("H20", "H22")
def test_a_power_cut_at_any_write_leaves_a_pump_that_is_before_or_after_the_request(
    story, programme, cut_after, phase, wavering, seed
):
    flash = FlashModel(32, seed)
    cut = Cut(programmed(programme, flash))
    flash.wavering = wavering
    flash.cut_at = flash.operations + cut_after
    flash.cut_phase = phase
    with contextlib.suppress(PowerCut):
        cut.tell([([], ("start",)), *story])
    flash.cut_at = None
    again = cut.bench.after_power_cut(flash)
    pump = again.controller
    for code in ("programme_damaged", "ledger_uncertain"):
        assert not pump.active_alarms.is_active(code)
    assert pump.programme_text in cut.texts
    assert pump.state in cut.states | allowed_after(pump.prescription, cut.states)
    left_nl = cut.filled_nl - (again.made() - cut.filled_at) * STEP
    assert Fraction(*status(again, "reservoir_nl")) <= left_nl
    # No bolus goes on, nor is it given again when it is asked for again.
    assert pump.delivery.boluses == []
    for request_id in cut.done:
        assert pump.outcome_of(request_id) == "done"
