"""Programmes for property tests: hypothesis strategies, and one to change by hand."""

from fractions import Fraction

from hypothesis import strategies as st

from pump.core import day, ratio
from pump.core.errors import BadText, OutOfRange
from pump.core.mode_limits import scheduled_in_window_nl
from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.programme import PATIENT_GROUPS, Programme, check, replace

DAY_S = 86_400
TERM_MAX = 2**63 - 1

PLAIN = Programme(
    name="Plain",
    bore_um=14_500,
    capacity_nl=10_000_000,
    travel_um=61_000,
    lead_um=2000,
    full_steps_per_rev=200,
    microsteps=16,
    gear=(1, 1),
    calibration=(1, 1),
    drug="baclofen",
    concentration_mcg_per_ml=(500, 1),
    days=(((0, (25_000, 1)),),),
    week=(0,) * 7,
    boluses=(),
    minimum_rate_nl_per_h=(0, 1),
    start_s=None,
    end_s=None,
    reservoir_low_nl=2_000_000,
    reservoir_low_s=DAY_S,
    reservoir_reserve_nl=500_000,
    max_rate_nl_per_h=(20_000_000, 1),
    max_bolus_nl=(200_000, 1),
    commit_ahead_nl=10_000,
)


def as_fraction(value: tuple[int, int]) -> Fraction:
    return Fraction(*value)


def as_ratio(value: Fraction) -> tuple[int, int]:
    return value.numerator, value.denominator


def ratios(maximum: int = TERM_MAX) -> st.SearchStrategy[tuple[int, int]]:
    terms = st.one_of(st.integers(0, 1000), st.integers(0, maximum))
    return st.builds(lambda n, d: ratio.ratio(n, d + 1), terms, st.integers(0, 10**9))


def starts(count: int, step_s: int = 1) -> st.SearchStrategy[list[int]]:
    """Times of day, ascending, the first 0."""
    times = st.integers(1, (DAY_S - 1) // step_s).map(lambda time: time * step_s)
    return st.sets(times, max_size=count - 1).map(lambda found: [0, *sorted(found)])


def day_schedules(rates: st.SearchStrategy[tuple[int, int]], count: int = 6, step_s: int = 1):
    return starts(count, step_s).flatmap(
        lambda times: st.tuples(*[st.tuples(st.just(time), rates) for time in times])
    )


def weeks(days: int) -> st.SearchStrategy[tuple[int, ...]]:
    """A week that uses every one of its days."""
    rest = st.lists(st.integers(0, days - 1), min_size=7 - days, max_size=7 - days)
    return rest.flatmap(lambda more: st.permutations([*range(days), *more]).map(tuple))


def boluses(amounts: st.SearchStrategy[tuple[int, int]], count: int = 4):
    bolus = st.tuples(
        st.integers(0, DAY_S - 1), st.integers(1, 127), amounts, st.integers(1, DAY_S)
    )
    return st.lists(bolus, max_size=count).map(lambda found: tuple(sorted(set(found))))


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32)


@st.composite
def any_programmes(draw) -> Programme:
    """Programmes that the canonical text can hold, sound or not."""
    whole = st.integers(0, TERM_MAX)
    days = draw(st.lists(day_schedules(ratios()), min_size=1, max_size=7).map(tuple))
    none_or = st.one_of(st.none(), whole)
    return Programme(
        name=draw(names),
        bore_um=draw(whole),
        capacity_nl=draw(whole),
        travel_um=draw(whole),
        lead_um=draw(whole),
        full_steps_per_rev=draw(whole),
        microsteps=draw(whole),
        gear=draw(ratios()),
        calibration=draw(ratios()),
        drug=draw(st.one_of(st.just(""), names)),
        concentration_mcg_per_ml=draw(st.one_of(st.none(), ratios())),
        days=days,
        week=draw(weeks(len(days))),
        boluses=draw(boluses(ratios())),
        minimum_rate_nl_per_h=draw(ratios()),
        start_s=draw(none_or),
        end_s=draw(none_or),
        reservoir_low_nl=draw(whole),
        reservoir_low_s=draw(whole),
        reservoir_reserve_nl=draw(whole),
        max_rate_nl_per_h=draw(ratios()),
        max_bolus_nl=draw(ratios()),
        commit_ahead_nl=draw(whole),
        patient_group=draw(st.one_of(st.just(""), names)),
    )


def is_sound(programme: Programme) -> bool:
    try:
        check(programme)
    except (BadText, OutOfRange):
        return False
    return True


def decimals(maximum: int, places: int = 3) -> st.SearchStrategy[tuple[int, int]]:
    """Ratios that a person could have written: decimal numbers."""
    return st.integers(0, maximum * 10**places).map(lambda n: ratio.ratio(n, 10**places))


@st.composite
def sound_programmes(draw) -> Programme:
    """Programmes for the plain pump that pass check()."""
    rates = decimals(9_000_000, 2)
    days = draw(st.lists(day_schedules(rates), min_size=1, max_size=4).map(tuple))
    amounts = st.integers(104, 150_000).map(lambda nl: (nl, 1))
    found = draw(boluses(amounts, 3))
    at_once = {bolus[0]: bolus for bolus in found}
    start_s = draw(st.one_of(st.none(), st.integers(0, 10**9)))
    settings = {
        "name": draw(names),
        "drug": "baclofen",
        "patient_group": draw(st.sampled_from(["", *PATIENT_GROUPS])),
        "concentration_mcg_per_ml": draw(st.sampled_from([None, (500, 1), (2000, 1), (3333, 10)])),
        "gear": draw(st.sampled_from([(1, 1), (27, 1), (57, 11)])),
        "calibration": draw(st.sampled_from([(1, 1), (987, 1000), (1003, 1000)])),
        "microsteps": draw(st.sampled_from([4, 16, 256])),
        "days": days,
        "week": draw(weeks(len(days))),
        "boluses": tuple(bolus for bolus in at_once.values() if bolus[3] >= 60),
        "minimum_rate_nl_per_h": draw(rates),
        "start_s": start_s,
        "end_s": None if start_s is None else start_s + draw(st.integers(1, 10**8)),
    }
    programme = Programme(**{**PLAIN.__dict__, **settings})
    if not is_sound(programme):
        programme = Programme(
            **{**programme.__dict__, "gear": (1, 1), "microsteps": 16, "boluses": ()}
        )
    return programme


def parts() -> st.SearchStrategy[tuple[int, int]]:
    """Parts of a basal, 0 to 1."""
    return st.integers(1, 1000).flatmap(
        lambda d: st.integers(0, d).map(lambda n: ratio.ratio(n, d))
    )


def courses(
    from_s: int, until_s: int
) -> st.SearchStrategy[tuple[tuple[int, tuple[int, int]], ...]]:
    """Courses that change within a time."""
    times = st.sets(st.integers(from_s, until_s), max_size=6).map(sorted)
    return times.flatmap(
        lambda found: st.tuples(*[st.tuples(st.just(at_s), parts()) for at_s in found])
    )


@st.composite
def programmes_with_modes(draw, from_s: int = 0, until_s: int = 10**9) -> Programme:
    """Programmes for the plain pump with any of the modes; a course changes within the time."""
    base = replace(draw(sound_programmes()), start_s=None, end_s=None)
    amounts = st.integers(104, 150_000).map(lambda nl: (nl, 1))
    duration_s = draw(st.integers(60, 7200))
    lockout_s = draw(st.integers(duration_s + 1, 8 * 3600))
    then = draw(st.sampled_from(["stop", "kvo", "continue"]))
    lowest = day.lowest_rate_nl_per_h(base)
    kvo = ratio.ZERO if then != "kvo" or lowest is None else ratio.scale(lowest, 1, 2)
    modes = {
        "course": draw(courses(from_s, until_s)),
        "intermittent": Intermittent(
            draw(st.integers(0, DAY_S)),
            draw(st.integers(duration_s, DAY_S)),
            draw(amounts),
            duration_s,
        ),
        "demand": Demand(
            draw(amounts),
            duration_s,
            lockout_s,
            draw(st.integers(lockout_s, DAY_S)),
            draw(st.integers(1, 48)),
        ),
        "bridge": Bridge(
            (draw(st.integers(104, 10**6)), 1),
            draw(decimals(9_000_000, 2)),
            draw(st.sampled_from([(0, 1), (50, 1), (500, 1), (2000, 1)])),
        ),
        "vtbi": Vtbi(
            (draw(st.integers(104, 9_000_000)), 1), then, kvo, draw(st.integers(60, 14400))
        ),
        "resume_within_s": draw(st.integers(0, 30 * DAY_S)),
    }
    programme = base
    for name in draw(st.sets(st.sampled_from(sorted(modes)))):
        tried = replace(programme, **{name: modes[name]})
        programme = tried if is_sound(tried) else programme
    if draw(st.booleans()):
        tried = replace(programme, dose_window=DoseWindow(draw(st.integers(3600, DAY_S)), (0, 1)))
        most = scheduled_in_window_nl(tried)
        window = DoseWindow(tried.dose_window.length_s, (-(-most[0] // most[1]) + 200_000, 1))
        tried = replace(programme, dose_window=window)
        programme = tried if is_sound(tried) else programme
    return programme
