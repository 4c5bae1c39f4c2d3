"""Delivery and its words against fractions integrated over the calendar."""

import math
import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from prescription import DAY_S, MINIMUM, PRIME, SCHEDULE, TICKS_PER_S, Prescription
from programmes import PLAIN, as_ratio, boluses, day_schedules, weeks

from bench_feeder import FeederBench
from pump.core import forecast, ratio, totals
from pump.core.delivery import (
    MODE_MINIMUM,
    MODE_SCHEDULE,
    Bolus,
    Delivery,
)
from pump.core.modes import Bridge, Demand, Intermittent, Vtbi
from pump.core.programme import Programme, replace
from pump.core.train import HEAD_WAIT, Segment, Train

# 1/8 nL/h to 1 mL/h with denominators as doses and concentrations give them, and worse.
RATES = st.one_of(
    st.just((0, 1)),
    st.builds(ratio.ratio, st.integers(1, 10**6), st.sampled_from([1, 3, 7, 24, 1000, 10**9 + 7])),
)
VOLUMES = st.builds(ratio.ratio, st.integers(1, 10**6), st.sampled_from([1, 3, 9973]))
MICROSTEPS = st.sampled_from([(11, 1), PLAIN.microstep_nl(), (1, 1000), (2, 3), (99991, 7)])
TIMES_S = st.integers(20 * DAY_S, 20 * DAY_S + 10 * DAY_S)


@st.composite
def schedules(draw) -> Programme:
    """Programmes as far as delivery looks at them."""
    days = draw(st.lists(day_schedules(RATES), min_size=1, max_size=3).map(tuple))
    settings = {
        "days": days,
        "week": draw(weeks(len(days))),
        "boluses": draw(boluses(VOLUMES, 3)),
        "minimum_rate_nl_per_h": draw(RATES),
        "start_s": draw(st.one_of(st.none(), TIMES_S)),
        "end_s": draw(st.one_of(st.none(), TIMES_S)),
    }
    return Programme(**{**PLAIN.__dict__, **settings})


# Boluses of a mode come often, so that a story of days meets many of them.
INTERMITTENT = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 10_000), st.integers(900, 40_000), VOLUMES, st.integers(1, 7200)).map(
        lambda values: Intermittent(*values[:3], min(values[1], values[3]))
    ),
)
OLD = st.sampled_from([(0, 1), (500, 1)])
BRIDGE = st.one_of(st.none(), st.builds(Bridge, VOLUMES, RATES.filter(lambda rate: rate[0]), OLD))
VTBI = st.one_of(
    st.none(),
    st.builds(Vtbi, VOLUMES, st.sampled_from(["stop", "continue"]), st.just((0, 1)), st.just(60)),
    st.builds(Vtbi, VOLUMES, st.just("kvo"), RATES.filter(lambda rate: rate[0]), st.just(60)),
)
DEMAND = st.builds(Demand, VOLUMES, st.integers(1, 7200), st.just(7201), st.just(7201), st.just(48))
FACTORS = st.builds(ratio.ratio, st.integers(0, 12), st.sampled_from([12, 13, 28]))


@st.composite
def moded(draw) -> Programme:
    """Programmes with any of the modes."""
    course = draw(st.dictionaries(TIMES_S, FACTORS, max_size=4))
    return replace(
        draw(schedules()),
        course=tuple(sorted(course.items())),
        intermittent=draw(INTERMITTENT),
        bridge=draw(BRIDGE),
        vtbi=draw(VTBI),
        demand=draw(DEMAND),
        concentration_mcg_per_ml=draw(st.sampled_from([(500, 1), (2000, 1)])),
    )


OPERATIONS = st.one_of(
    st.tuples(st.just("start"), st.sampled_from([SCHEDULE, MINIMUM])),
    st.tuples(st.just("begin")),
    st.tuples(st.just("stop")),
    st.tuples(st.just("bolus"), VOLUMES, st.integers(1, 7200), st.integers(0, 10**9)),
    st.tuples(st.just("demand")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("prime"), RATES, st.integers(1, 600)),
    st.tuples(st.just("programme"), moded(), MICROSTEPS),
    st.tuples(st.just("follow"), moded(), st.integers(1, 2 * DAY_S)),
    st.tuples(st.just("interruption"), st.integers(0, 7200 * TICKS_PER_S)),
    st.tuples(st.just("clock"), st.integers(-40_000 * TICKS_PER_S, 40_000 * TICKS_PER_S)),
)
# Seconds' worth of ticks, or a few ticks, or days, until the next thing happens.
WAITS = st.one_of(
    st.integers(0, 100),
    st.integers(0, 20 * TICKS_PER_S),
    st.integers(0, 2 * DAY_S * TICKS_PER_S),
)
STORIES = st.lists(st.tuples(WAITS, OPERATIONS), min_size=1, max_size=12)
MODES = {SCHEDULE: MODE_SCHEDULE, MINIMUM: MODE_MINIMUM}


def go_on(delivery, to_ticks):
    """Pass the changes before a tick one by one, as the feeder does: see find_vtbi_end()."""
    while delivery.vtbi_at is not None and delivery.vtbi_end_ticks is None:
        change_ticks = delivery.next_change_after(delivery.anchor_ticks)
        if change_ticks is None or change_ticks > to_ticks:
            break
        delivery.advance(change_ticks)


def apply(operation, at_ticks, delivery, prescription):
    """Let the same happen to the delivery and to its second derivation.

    Returns:
        what time it is after it.
    """
    go_on(delivery, at_ticks)
    if delivery.following is not None and at_ticks >= delivery.following[0] * TICKS_PER_S:
        # The pump does it when it next looks.
        delivery.take_following()
    prescription.advance(at_ticks)
    name = operation[0]
    if name == "start":
        delivery.start(at_ticks, MODES[operation[1]])
        prescription.start(operation[1])
    elif name == "begin":
        delivery.start(at_ticks, MODE_SCHEDULE)
        delivery.begin_vtbi()
        prescription.start(begins_vtbi=True)
    elif name == "stop":
        delivery.stop(at_ticks)
        prescription.stop()
    elif name == "bolus":
        _, volume_nl, duration_s, later_ticks = operation
        begin, end = at_ticks + later_ticks, at_ticks + later_ticks + duration_s * TICKS_PER_S
        delivery.advance(at_ticks)
        delivery.add_bolus(Bolus("0badcafe", volume_nl, begin, end))
        prescription.give(Fraction(*volume_nl), duration_s * TICKS_PER_S, later_ticks)
    elif name == "demand":
        mode = delivery.programme.demand
        if mode is not None:
            delivery.advance(at_ticks)
            end = at_ticks + mode.duration_s * TICKS_PER_S
            delivery.pre_empt(Bolus("1badcafe", mode.volume_nl, at_ticks, end))
            prescription.demand()
    elif name == "cancel":
        delivery.cancel_boluses(at_ticks)
        prescription.cancel_boluses()
    elif name == "prime":
        end = at_ticks + operation[2] * TICKS_PER_S
        delivery.prime(at_ticks, operation[1], end)
        prescription.stop()
        prescription.mode = PRIME
        prescription.primes = [(Fraction(*operation[1]), end)]
    elif name == "follow":
        # The pump refuses one that differs in these.
        now = delivery.programme
        following = replace(
            operation[1],
            bridge=now.bridge,
            vtbi=now.vtbi,
            concentration_mcg_per_ml=now.concentration_mcg_per_ml,
        )
        delivery.advance(at_ticks)
        delivery.following = (at_ticks // TICKS_PER_S + operation[2], following)
        delivery.find_vtbi_end()
        prescription.following = delivery.following
    elif name == "interruption":
        # A watchdog reset: nothing is asked for until delivery goes on.
        delivery.advance(at_ticks)
        at_ticks += operation[1]
        prescription.interrupted(at_ticks)
        delivery.skip_to(at_ticks)
    elif name == "clock":
        delivery.advance(at_ticks)
        delivery.shift_clock(operation[1])
        prescription.set_clock(at_ticks, operation[1])
        at_ticks += operation[1]
    else:
        # The pump refuses one that does not go with the one that follows.
        delivery.following = prescription.following = None
        delivery.replace_programme(operation[1], operation[2], at_ticks)
        prescription.change(operation[1], operation[2])
    return at_ticks


def tell(story, programme, microstep_nl, at_s, look):
    """Let a story happen; look(delivery, prescription, ticks) comes once in each wait."""
    now_ticks = at_s * TICKS_PER_S + 123
    delivery = Delivery(programme, microstep_nl, now_ticks)
    delivery.begin_bridge()
    prescription = Prescription(programme, microstep_nl, now_ticks)
    prescription.begin_bridge()
    for wait_ticks, operation in [(0, ("begin",)), *story]:
        look(delivery, prescription, now_ticks + wait_ticks // 3)
        now_ticks = apply(operation, now_ticks + wait_ticks, delivery, prescription)
    look(delivery, prescription, now_ticks + DAY_S * TICKS_PER_S)


@given(STORIES, moded(), MICROSTEPS, TIMES_S)
def test_steps_due_are_the_whole_part_of_the_prescription_at_every_instant(
    story, programme, microstep_nl, at_s
):
    def look(delivery, prescription, ticks):
        prescription.advance(ticks)
        go_on(delivery, ticks)
        steps, remainder = delivery.due(ticks)
        assert steps + Fraction(*remainder) == prescription.microsteps
        assert 0 <= Fraction(*remainder) < 1

    tell(story, programme, microstep_nl, at_s, look)


@given(STORIES, moded(), MICROSTEPS, TIMES_S, st.integers(0, 2**32 - 1))
def test_splitting_time_anywhere_changes_nothing(story, programme, microstep_nl, at_s, seed):
    chance = random.Random(seed)

    def look(delivery, prescription, ticks):
        go_on(delivery, ticks)
        whole = delivery.due(ticks)
        pieces = sorted(chance.randint(delivery.anchor_ticks, ticks) for _ in range(5))
        for piece in pieces:
            delivery.advance(piece)
        assert delivery.due(ticks) == whole
        prescription.advance(ticks)

    tell(story, programme, microstep_nl, at_s, look)


@given(schedules(), MICROSTEPS, TIMES_S, st.lists(st.tuples(WAITS, VOLUMES, st.integers(1, 7200))))
def test_boluses_on_top_never_change_the_basal(programme, microstep_nl, at_s, asked):
    now_ticks = at_s * TICKS_PER_S
    plain = Delivery(programme, microstep_nl, now_ticks)
    plain.start(now_ticks, MODE_SCHEDULE)
    topped = Delivery(programme, microstep_nl, now_ticks)
    topped.start(now_ticks, MODE_SCHEDULE)
    total_nl = Fraction(0)
    for wait_ticks, volume_nl, duration_s in asked:
        now_ticks += wait_ticks
        topped.advance(now_ticks)
        end_ticks = now_ticks + duration_s * TICKS_PER_S
        topped.add_bolus(Bolus("0badcafe", volume_nl, now_ticks, end_ticks))
        total_nl += Fraction(*volume_nl)
    at_ticks = now_ticks + 7200 * TICKS_PER_S
    without = plain.due(at_ticks)
    with_them = topped.due(at_ticks)
    more = with_them[0] + Fraction(*with_them[1]) - without[0] - Fraction(*without[1])
    assert more * Fraction(*microstep_nl) == total_nl


@given(schedules(), TIMES_S, st.integers(0, 5 * DAY_S), st.integers(0, 10 * DAY_S))
def test_volume_between_is_the_integral_of_the_calendar(programme, at_s, length_s, boluses_before):
    boluses_from_s = at_s - boluses_before
    prescription = Prescription(programme, (1, 1), at_s * TICKS_PER_S)
    prescription.mode = SCHEDULE
    prescription.boluses_from_s = boluses_from_s
    prescription.advance((at_s + length_s) * TICKS_PER_S)
    found = totals.volume_between(programme, at_s, at_s + length_s, boluses_from_s)
    assert Fraction(*found) == prescription.microsteps


@given(schedules(), TIMES_S, VOLUMES, st.integers(-DAY_S, DAY_S))
def test_time_until_is_the_first_second_by_which_the_calendar_has_asked_for_a_volume(
    programme, at_s, volume_nl, boluses_from
):
    volume_nl = ratio.scale(volume_nl, 20)
    boluses_from_s = at_s + boluses_from
    found_s = totals.time_until(programme, at_s, volume_nl, boluses_from_s)
    prescription = Prescription(programme, (1, 1), at_s * TICKS_PER_S)
    prescription.mode = SCHEDULE
    prescription.boluses_from_s = boluses_from_s
    end_s = at_s + 60 * DAY_S
    if found_s is None or found_s > end_s:
        prescription.advance(end_s * TICKS_PER_S)
        assert prescription.microsteps < Fraction(*volume_nl)
        return
    prescription.advance((found_s - 1) * TICKS_PER_S)
    assert prescription.microsteps < Fraction(*volume_nl)
    prescription.advance(found_s * TICKS_PER_S)
    assert prescription.microsteps >= Fraction(*volume_nl)


# What is left of it when the volume to be infused ends: less than the rate gives in a tick.
TICK_NL = Fraction(1, 1000)


@given(
    moded(),
    TIMES_S,
    st.integers(0, 3 * DAY_S * TICKS_PER_S),
    st.sampled_from(["run", "stop", "pause", "resume"]),
    st.one_of(st.none(), st.tuples(moded(), st.integers(1, 5 * DAY_S))),
    VOLUMES,
    st.integers(1, 20),
)
def test_when_a_volume_will_be_used_is_told_to_the_second_in_every_mode(
    programme, at_s, for_ticks, then, follows, volume_nl, times
):
    now_ticks = at_s * TICKS_PER_S + 123
    delivery = Delivery(programme, (11, 1), now_ticks)
    prescription = Prescription(programme, (11, 1), now_ticks)
    delivery.begin_bridge()
    prescription.begin_bridge()
    apply(("begin",), now_ticks, delivery, prescription)
    now_ticks += for_ticks
    if then != "run":
        apply(("stop",), now_ticks, delivery, prescription)
    if then == "resume":
        now_ticks += for_ticks // 5
        apply(("start", SCHEDULE), now_ticks, delivery, prescription)
    if follows is not None:
        apply(("follow", *follows), now_ticks, delivery, prescription)
    go_on(delivery, now_ticks)
    prescription.advance(now_ticks)
    volume_nl = ratio.scale(volume_nl, times)
    found_s = forecast.time_until(delivery, now_ticks, volume_nl)
    if then in ("stop", "pause"):
        # Told as if it were started now, from the beginning where it was at its end.
        is_done = prescription.vtbi_nl == 0
        prescription.start(begins_vtbi=is_done)
    until = prescription.microsteps + Fraction(*volume_nl) / 11
    end_s = now_ticks // TICKS_PER_S + 60 * DAY_S
    if found_s is None or found_s > end_s:
        prescription.advance(end_s * TICKS_PER_S)
        assert prescription.microsteps < until
        return
    prescription.advance((found_s - 1) * TICKS_PER_S)
    assert prescription.microsteps < until
    # When KVO begins is known to the second only while the volume to be infused is not running
    # out yet.
    is_far = delivery.vtbi_at is not None and delivery.vtbi_end_ticks is None
    prescription.advance((found_s + is_far) * TICKS_PER_S)
    assert prescription.microsteps >= until - TICK_NL


@given(moded(), TIMES_S, STORIES, VOLUMES)
def test_with_boluses_that_were_asked_for_it_is_never_told_too_late(
    programme, at_s, story, volume_nl
):
    now_ticks = at_s * TICKS_PER_S
    delivery = Delivery(programme, (11, 1), now_ticks)
    prescription = Prescription(programme, (11, 1), now_ticks)
    for wait_ticks, operation in [(0, ("begin",)), *story]:
        if operation[0] in ("bolus", "demand", "cancel", "begin"):
            now_ticks = apply(operation, now_ticks + wait_ticks, delivery, prescription)
    go_on(delivery, now_ticks)
    volume_nl = ratio.scale(volume_nl, 20)
    found_s = forecast.time_until(delivery, now_ticks, volume_nl)
    until = prescription.microsteps + Fraction(*volume_nl) / 11
    end_s = now_ticks // TICKS_PER_S + 30 * DAY_S
    prescription.advance(min(end_s, (found_s or end_s) - 1) * TICKS_PER_S)
    assert prescription.microsteps < until


@given(BRIDGE.filter(bool), st.lists(st.tuples(WAITS, WAITS), max_size=6), moded(), TIMES_S)
def test_a_bridge_delivers_its_volume_over_any_pauses(bridge, pauses, programme, at_s):
    programme = replace(programme, bridge=bridge, vtbi=None)
    now_ticks = at_s * TICKS_PER_S
    delivery = Delivery(programme, (11, 1), now_ticks)
    delivery.begin_bridge()
    given_nl = Fraction(0)
    per_tick_nl = Fraction(*bridge.rate_nl_per_h) / 3600 / TICKS_PER_S
    for run_ticks, rest_ticks in pauses:
        delivery.start(now_ticks, MODE_SCHEDULE)
        before = delivery.steps + Fraction(*delivery.remainder)
        end_ticks = delivery.bridge_end_ticks or now_ticks
        now_ticks += run_ticks
        steps, remainder = delivery.due(min(end_ticks, now_ticks))
        given_nl += (steps + Fraction(*remainder) - before) * 11
        delivery.stop(now_ticks)
        now_ticks += rest_ticks
    left_nl = Fraction(*delivery.bridge_left_nl)
    # At its end a tick has begun that it does not fill.
    assert 0 <= given_nl + left_nl - Fraction(*bridge.volume_nl) < per_tick_nl


class Ring(list):
    """A ring without an end."""

    def put(self, head, interval):
        assert 0 <= head < 2**30 and 46 <= interval < 2**30
        self.append((head, interval))

    def put_silences(self, count, interval):
        assert count > 0
        for _ in range(count):
            self.put(HEAD_WAIT, interval)

    def edges(self):
        """The tick of every edge."""
        ticks = 0
        for head, interval in self:
            for _ in range((head >> 1) + 1):
                ticks += interval
                if not head & HEAD_WAIT:
                    yield ticks


# Ticks from step to step: 2000 a second at most, an hour at least.
PERIODS = st.one_of(
    st.none(),
    st.builds(Fraction, st.integers(62_500, 10**6)),
    st.builds(Fraction, st.integers(62_500 * 7, 10**9), st.sampled_from([1, 3, 7])),
    st.builds(Fraction, st.integers(10**17, 10**19), st.integers(10**10, 10**12)).filter(
        lambda period: period >= 62_500
    ),
)
LENGTHS = st.one_of(st.integers(1, 200), st.integers(1, 10**6), st.integers(1, 3 * 10**8))


@given(
    st.lists(st.tuples(PERIODS, LENGTHS), min_size=1, max_size=10),
    st.integers(1, 1000),
    st.integers(1, 100),
)
def test_every_edge_is_less_than_89_ticks_after_its_instant_and_never_before(
    segments, steps_max, words_max
):
    ring = Ring()
    train = Train(ring, 125_000, 46)
    train.begin(0)
    ticks, microsteps = 0, Fraction(0)
    instants = []
    for period, length in segments:
        if period is None:
            train.following = Segment(None, None, length)
        else:
            gap = (math.floor(microsteps) + 1 - microsteps) * period
            train.following = Segment(as_ratio(period), as_ratio(gap), length)
            after = microsteps + length / period
            for number in range(math.floor(microsteps) + 1, math.floor(after) + 1):
                instants.append(ticks + (number - microsteps) * period)
            microsteps = after
        ticks += length
        before = None
        while before != (len(ring), train.segment):
            before = (len(ring), train.segment)
            train.fill(1 << 29, steps_max, words_max)
        assert train.following is None
    edges = list(ring.edges())
    assert len(edges) == len(instants) == train.new_steps
    for edge, instant in zip(edges, instants, strict=True):
        assert 0 <= edge - instant < 89


# Rates up to 2000 steps a second of 10 nL; what is asked for by a person, a little apart.
STEP_NL = (10, 1)
FAST_RATES = st.one_of(
    st.just((0, 1)),
    st.builds(ratio.ratio, st.integers(1, 2 * 10**6), st.sampled_from([1, 3, 7, 24])),
    st.builds(ratio.ratio, st.integers(1, 36 * 10**6), st.sampled_from([1, 3, 24])),
)
BUSY_DAYS = day_schedules(FAST_RATES, 40)


@st.composite
def busy_schedules(draw) -> Programme:
    """Programmes with changes around noon, where the stories are told."""
    edges = draw(st.sets(st.integers(43_200, 43_300), max_size=8))
    day = [(0, draw(FAST_RATES)), *[(edge, draw(FAST_RATES)) for edge in sorted(edges)]]
    found = st.tuples(
        st.integers(43_190, 43_300), st.just(127), VOLUMES, st.integers(1, 60)
    ).filter(lambda bolus: bolus[2][0] * 3600 <= 36 * 10**6 * bolus[2][1] * bolus[3])
    settings = {
        "days": (tuple(day),),
        "week": (0,) * 7,
        "boluses": tuple(sorted(draw(st.lists(found, max_size=2)))),
        "minimum_rate_nl_per_h": draw(FAST_RATES),
    }
    return Programme(**{**PLAIN.__dict__, **settings})


# Boluses of at most 2 mL/h, so that all of it stays below 2000 steps a second or so.
NEAR_S = st.integers(20 * DAY_S + 43_190, 20 * DAY_S + 43_300)
SMALL = st.builds(ratio.ratio, st.integers(10, 500), st.sampled_from([1, 3]))


@st.composite
def busy_moded(draw) -> Programme:
    """The same with modes that begin and end within minutes."""
    intermittent = st.builds(
        Intermittent, st.integers(0, 30), st.integers(20, 90), SMALL, st.integers(2, 20)
    )
    course = draw(st.dictionaries(NEAR_S, FACTORS, max_size=3))
    rates = FAST_RATES.filter(lambda rate: rate[0])
    return replace(
        draw(busy_schedules()),
        course=tuple(sorted(course.items())),
        intermittent=draw(st.one_of(st.none(), intermittent)),
        bridge=draw(st.one_of(st.none(), st.builds(Bridge, VOLUMES, rates, OLD))),
        vtbi=draw(
            st.one_of(
                st.none(),
                st.builds(Vtbi, VOLUMES, st.just("stop"), st.just((0, 1)), st.just(60)),
                st.builds(Vtbi, VOLUMES, st.just("kvo"), rates, st.just(60)),
            )
        ),
        demand=Demand(draw(SMALL), draw(st.integers(2, 60)), 61, 61, 48),
    )


# Up to 200 uL over up to 10 min, but not above 2000 steps a second.
REQUESTS = st.one_of(
    st.tuples(st.just("start"), st.sampled_from([SCHEDULE, MINIMUM])),
    st.tuples(st.just("stop")),
    st.tuples(
        st.just("bolus"),
        st.builds(ratio.ratio, st.integers(10, 20_000), st.sampled_from([1, 3])),
        st.integers(2, 600),
        st.just(0),
    ),
    st.tuples(st.just("demand")),
    st.tuples(st.just("begin")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("programme"), busy_moded(), st.just(STEP_NL)),
    st.tuples(st.just("follow"), busy_moded(), st.integers(3, 60)),
    st.tuples(st.just("clock"), st.integers(-120, 120)),
    st.tuples(st.just("wait")),
)
# Looks come at random, less than 3.3 s apart; several requests may come between two of them.
PAUSES = st.one_of(
    st.integers(0, 10**7), st.integers(0, 10**8), st.integers(0, 33 * TICKS_PER_S // 10)
)
VISITS = st.lists(st.tuples(st.lists(PAUSES, max_size=12), REQUESTS), min_size=1, max_size=14)


@given(VISITS, busy_moded(), st.integers(0, 10**9))
def test_edges_are_those_of_the_prescription_whatever_is_asked_for_and_when(
    visits, programme, offset_ticks
):
    begin_ticks = (20 * DAY_S + 43_190) * TICKS_PER_S + offset_ticks
    bench = FeederBench(programme, STEP_NL, begin_ticks)
    prescription = Prescription(programme, STEP_NL, begin_ticks)
    bench.delivery.begin_bridge()
    prescription.begin_bridge()
    visits = [
        ([], ("begin",)),
        *visits,
        ([TICKS_PER_S] * 4, ("stop",)),
        ([10**9], ("wait",)),
    ]
    for pauses, request in visits:
        for pause in pauses:
            bench.wait(pause)
            assert bench.look() == ""
            following = bench.delivery.following
            if following is not None and bench.now_ticks >= following[0] * TICKS_PER_S:
                bench.delivery.take_following()
        if request[0] == "wait":
            continue
        if request[0] == "clock":
            from_ticks, moved = bench.set_clock(bench.now_ticks + request[1] * TICKS_PER_S)
            prescription.set_clock(from_ticks, moved)
            continue
        bench.change(
            lambda ticks, request=request: apply(request, ticks, bench.delivery, prescription)
        )
    assert bench.shortfalls == 0
    check_edges(bench, prescription)


def check_edges(bench, prescription):
    """Every step of the prescription, at its instant or less than 89 ticks after."""
    edges = bench.edges()
    instants = list(prescription.instants())
    assert len(edges) == len(instants)
    for edge, instant in zip(edges, instants, strict=True):
        assert 0 <= edge - instant < 89
