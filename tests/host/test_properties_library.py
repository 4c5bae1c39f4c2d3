"""No sequence of requests that the library lets through exceeds a hard limit over any window.

The doses are those that the real controller gives by its real modes; what any window holds of them
is added up a second way.
"""

import contextlib
import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from programmes import PLAIN, is_sound
from time_lapse import TimeLapse, Windows

from bench_case import proposed
from bench_library import installed
from bench_pump import BenchPump
from pump.core import ratio
from pump.core.errors import PumpError
from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.programme import canonical_text, digest, replace
from pump.link.lines import checksum
from titrate.library import load_library

DAY_H = 24
DAY_S = 86_400
HARD_NG = 2_003_000  # a day, spinal adult: B20
BOLUS_NG = 200_000
MONDAY_S = 833_587_200  # 2026-06-01
# Floats add up thousands of stretches; a microstep of the strongest is 206 ng.
ROUNDING_NG = 1e-3
WHY = "a property test"

rates = st.integers(0, 200).map(lambda mcg_per_h: mcg_per_h * 2000)  # nL/h at 500 mcg/mL
hours = st.lists(st.integers(1, 23), max_size=3, unique=True).map(sorted)


@st.composite
def programmes(draw):
    """One or two days of up to four steps at whole hours, weekdays and weekend."""
    days = []
    for _ in range(draw(st.integers(1, 2))):
        starts = [0, *draw(hours)]
        days.append(tuple((hour * 3600, (draw(rates), 1)) for hour in starts))
    week = (0,) * 7 if len(days) == 1 or days[0] == days[1] else (0, 1, 0, 0, 1, 1, 0)
    days = days if max(week) else days[:1]
    boluses = []
    if draw(st.booleans()):
        at_s = draw(st.integers(0, 23)) * 3600
        boluses = [(at_s, 127, (draw(st.integers(100, 400)) * 1000, 1), 3600)]
    return replace(
        PLAIN,
        patient_group="spinal-adult",
        days=tuple(days),
        week=week,
        boluses=tuple(boluses),
        concentration_mcg_per_ml=(draw(st.sampled_from([500, 2000])), 1),
    )


# Amounts in mcg that come close to the limit, alone or together, and some that are far from it.
mcg_per_h = st.one_of(st.just(0), st.sampled_from([10, 40, 80, 83]), st.integers(0, 90))
mcg = st.one_of(st.sampled_from([50, 190, 200]), st.integers(1, 210))
minutes = st.integers(1, 6 * 60)
# By how much the clock is set; up to a minute counts as nothing.
clock_minutes = st.one_of(st.sampled_from([-60, 60, -1380]), st.integers(-2160, 2160)).filter(
    lambda moved: abs(moved) > 1
)


@st.composite
def moded(draw):
    """Programmes with any of the modes, their doses near the limits of the library."""
    strength = draw(st.sampled_from([500, 500, 2000]))
    nl_per_mcg = 1_000_000 // strength

    def rate(of=mcg_per_h):
        return (draw(of) * nl_per_mcg, 1)

    def volume(of=mcg):
        return (draw(of) * nl_per_mcg, 1)

    day = [(0, rate()), *[(hour * 3600, rate()) for hour in draw(hours)]]
    at_s = st.integers(0, 23).map(lambda hour: hour * 3600)
    programme = replace(
        PLAIN,
        patient_group="spinal-adult",
        days=(tuple(day),),
        boluses=tuple(
            (each, 127, volume(), 3600) for each in sorted(draw(st.sets(at_s, max_size=4)))
        ),
        concentration_mcg_per_ml=(strength, 1),
        minimum_rate_nl_per_h=rate(),
        max_bolus_nl=(400_000, 1),
    )
    old = draw(st.sampled_from([0, 500, 2000]))
    old_nl_per_mcg = 1_000_000 // (old or 2000)
    duration_s = 60 * draw(minutes)
    lockout_s = duration_s + 60 * draw(minutes)
    modes = {
        "course": lambda: tuple(
            (MONDAY_S + hour * 3600, draw(st.sampled_from([(0, 1), (1, 4), (1, 2), (1, 1)])))
            for hour in sorted(draw(st.sets(st.integers(0, 100), max_size=4)))
        ),
        "bridge": lambda: Bridge(
            (draw(st.integers(1, 2000)) * old_nl_per_mcg, 1),
            (draw(st.sampled_from([10, 40, 83])) * old_nl_per_mcg, 1),
            (old, 1),
        ),
        "intermittent": lambda: Intermittent(
            60 * draw(minutes), duration_s + 60 * draw(minutes), volume(), duration_s
        ),
        "demand": lambda: Demand(
            volume(), duration_s, lockout_s, 2 * lockout_s, draw(st.integers(1, 3))
        ),
        "vtbi": lambda: Vtbi(volume(st.integers(10, 3000)), "stop", (0, 1), 600),
        "dose_window": lambda: DoseWindow(
            3600 * draw(st.integers(1, 24)), volume(st.integers(50, 2000))
        ),
    }
    if draw(st.booleans()):
        modes["vtbi"] = lambda: Vtbi(
            volume(st.integers(10, 3000)), "kvo", rate(st.sampled_from([1, 10, 40])), 600
        )
    for name in sorted(modes):
        if not draw(st.booleans()):
            continue
        tried = replace(programme, **{name: modes[name]()})
        # A KVO rate above the basal rate, say, does not go with it.
        programme = tried if is_sound(tried) else programme
    return programme


START = replace(PLAIN, patient_group="spinal-adult", days=(((0, (6000, 1)),),))


requests = st.one_of(
    st.tuples(st.just("confirm"), moded()),
    st.tuples(st.just("follow"), moded(), st.integers(1, 60)),
    st.tuples(st.just("rate"), mcg_per_h),
    st.tuples(st.just("bolus"), mcg, minutes),
    st.tuples(st.just("bolus"), mcg, minutes),
    st.tuples(st.just("clock"), clock_minutes),
    *[
        st.tuples(st.just(name))
        for name in (
            *("start", "stop", "pause", "resume", "minimum", "revert", "cancel_bolus"),
            *("start", "demand", "demand", "cancel_following"),
        )
    ],
)
waits_s = st.one_of(st.integers(0, 600), st.integers(0, 40 * 3600))
stories = st.lists(st.tuples(waits_s, requests), min_size=5, max_size=14)


def ask(pump, name, *values):
    """Ask the controller, as a person who goes beyond every soft limit."""
    if name in ("confirm", "follow"):
        programme = values[0]
        if name == "follow":
            now = pump.prescription
            programme = replace(
                programme,
                bridge=now.bridge,
                vtbi=now.vtbi,
                concentration_mcg_per_ml=now.concentration_mcg_per_ml,
            )
            if not is_sound(programme):
                return
        at_s = pump.pump_clock.now_s() + values[1] * 1800 if name == "follow" else None
        proposed_to(pump, programme)
        pump.confirm(digest(canonical_text(programme)), WHY, at_s)
    elif name == "clock":
        pump.set_clock(pump.pump_clock.now_s() + 60 * values[0])
    elif name == "revert":
        pump.confirm(dict(pump.revert())["digest"], WHY)
    elif name in ("rate", "bolus"):
        strength = pump.concentration_mcg_per_ml
        amount_nl = ratio.divide((values[0] * 1_000_000, 1), strength)
        if name == "rate":
            pump.rate(amount_nl, WHY)
        else:
            pump.bolus(amount_nl, values[1] * 60, WHY)
    else:
        getattr(pump, name)()


def proposed_to(pump, programme):
    text = canonical_text(programme)
    pieces = text.split("\n")[:-1]
    pump.propose(len(pieces), checksum(text.encode()))
    for number, piece in enumerate(pieces):
        pump.propose_line(number, piece)


@given(moded(), stories)
@settings(max_examples=250)
def test_no_sequence_of_allowed_requests_exceeds_a_hard_limit_over_any_window(first, story):
    pump = TimeLapse(load_library().canonical_text, START, MONDAY_S)
    for wait_s, request in [(0, ("confirm", first)), (0, ("start",)), *story]:
        pump.pass_by(wait_s)
        with contextlib.suppress(PumpError):
            # That it is nearly empty is never what holds a request back.
            pump.controller.refill((pump.controller.prescription.capacity_nl, 1))
            ask(pump.controller, *request)
    for _ in range(6):
        pump.controller.refill((pump.controller.prescription.capacity_nl, 1))
        pump.pass_by(DAY_S // 2)
    assert Windows(pump.times_s, pump.doses_ng).most(DAY_S) <= HARD_NG + ROUNDING_NG
    for limit, begins, ends in stretches(pump.dose_windows):
        if limit is not None:
            length_s, most_ng = limit
            part = Windows(pump.times_s[begins : ends + 1], pump.doses_ng[begins : ends + 1])
            assert part.most(length_s) <= most_ng + ROUNDING_NG


@st.composite
def uneven(draw):
    """A day of hours at a high rate and hours at none, and a few boluses, close to the limit."""
    high_h = draw(st.integers(4, 20))
    boluses_mcg = draw(st.sampled_from([0, 0, 200, 800]))
    rate = min(100, draw(st.integers(1000, 2003 - boluses_mcg)) // high_h)
    boluses = [(hour * 3600, 127, (400_000, 1), 3600) for hour in range(boluses_mcg // 200)]
    return replace(
        PLAIN,
        patient_group="spinal-adult",
        days=(((0, (0, 1)), (3600 * (24 - high_h), (2000 * rate, 1))),),
        boluses=tuple(boluses),
        minimum_rate_nl_per_h=(0, 1),
        concentration_mcg_per_ml=(500, 1),
    )


clock_story = st.lists(
    st.tuples(
        st.integers(0, 20 * 3600),
        st.one_of(
            *[st.tuples(st.just("clock"), clock_minutes)] * 4,
            st.tuples(st.just("stop")),
            st.tuples(st.just("start")),
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(uneven(), clock_story)
@settings(max_examples=100)
def test_no_way_to_set_the_clock_exceeds_a_hard_limit_over_a_day_that_has_passed(first, story):
    pump = TimeLapse(load_library().canonical_text, START, MONDAY_S)
    ask(pump.controller, "confirm", first)
    pump.controller.refill((first.capacity_nl, 1))
    pump.controller.start()
    for wait_s, request in story:
        pump.pass_by(wait_s)
        pump.controller.refill((first.capacity_nl, 1))
        with contextlib.suppress(PumpError):
            ask(pump.controller, *request)
    for _ in range(3):
        pump.pass_by(DAY_S // 2)
        pump.controller.refill((first.capacity_nl, 1))
    assert Windows(pump.times_s, pump.doses_ng).most(DAY_S) <= HARD_NG + ROUNDING_NG


def stretches(values):
    """(value, index where it begins, index where another one does) of each run of a value."""
    begins = 0
    for index in range(1, len(values) + 1):
        if index == len(values) or values[index] != values[begins]:
            yield values[begins], begins, index
            begins = index


class Doses:
    """ng in each hour from MONDAY_S on."""

    def __init__(self):
        self.hours = [Fraction(0)] * (40 * DAY_H)
        self.basal_from = 0
        self.programme = None

    def go_on(self, to_hour):
        """Add up the programme in force until an hour."""
        for hour in range(self.basal_from, to_hour):
            if self.programme is not None:
                self.hours[hour] += self._in_hour(hour)
        self.basal_from = to_hour

    def _in_hour(self, hour):
        programme = self.programme
        day = programme.days[programme.week[hour // DAY_H % 7]]
        second = hour % DAY_H * 3600
        rate = [Fraction(*nl_per_h) for start_s, nl_per_h in day if start_s <= second][-1]
        for at_s, _, volume_nl, _ in programme.boluses:
            if at_s == second:
                rate += Fraction(*volume_nl)
        return rate * Fraction(*programme.concentration_mcg_per_ml) / 1000

    def highest_day(self):
        return max(math.fsum(self.hours[at : at + DAY_H]) for at in range(len(self.hours) - DAY_H))


@given(programmes())
@settings(max_examples=60)
def test_a_programme_whose_own_week_keeps_the_limit_is_let_through(programme):
    """The other way round: what is refused for its daily dose does exceed it in some window."""
    doses = Doses()
    doses.programme = programme
    doses.go_on(9 * DAY_H)
    found = installed(
        BenchPump(now_s=MONDAY_S), load_library().canonical_text
    ).controller.guard.of_programme(programme)[1]
    is_refused = any(is_hard and code == "daily_dose" for code, is_hard, _ in found)
    assert is_refused == (doses.highest_day() > HARD_NG + 1e-6)


def test_the_bench_programmes_through_the_real_requests_too():
    bench = installed(BenchPump(now_s=MONDAY_S), load_library().canonical_text)
    wanted = replace(PLAIN, patient_group="spinal-adult")
    bench.controller.confirm(digest(proposed(bench, wanted)), "first programme")
    assert bench.controller.prescription == wanted
