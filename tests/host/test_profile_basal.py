"""The basal of a profile against the rate that its words ask for, minute by minute."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pump.core import schedule
from titrate.profile import ProfileError, parse_profile

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"
FRAME = (EXAMPLES / "continuous-300mcg-day.toml").read_text()
MONDAY_S = 9 * 86_400
WEEK_MIN = 7 * 1440
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def programme_with(basal):
    """The programme of a profile with other tables for [basal]; rates in uL/h."""
    return parse_profile(FRAME.replace('[basal]\nrate = "300 mcg/day"\n', basal)).programme


def rate_at(programme, weekday, clock):
    hour, minute = clock.split(":")
    time_s = MONDAY_S + weekday * 86_400 + int(hour) * 3600 + int(minute) * 60
    return Fraction(*schedule.basal_rate_at(programme, time_s)) / 1000


def test_a_night_belongs_to_the_day_on_which_it_begins():
    each = programme_with(
        '[basal]\nrate = "20 uL/h"\n'
        '[basal.weekday]\nrate = "10 uL/h"\n'
        '[[basal.weekday.change]]\nby = "+20 %"\nfrom = "22:00"\nto = "06:00"\nlead = "2 h"\n'
    )
    # Friday's night goes on into Saturday, on Saturday's rate; Sunday has none.
    for weekday, clock, expected in (
        (0, "00:00", 10),  # Sunday's night was not raised
        (0, "19:59", 10),
        (0, "20:00", 12),
        (1, "00:00", 12),
        (1, "05:59", 12),
        (1, "06:00", 10),
        (4, "23:59", 12),
        (5, "00:00", 24),
        (5, "06:00", 20),
        (5, "22:00", 20),
        (6, "05:00", 20),
    ):
        assert rate_at(each, weekday, clock) == expected, (weekday, clock)


def test_a_lead_before_midnight_starts_on_the_day_before():
    each = programme_with(
        '[basal]\nrate = "10 uL/h"\n[basal.sat]\ndays = ["sat"]\nrate = "10 uL/h"\n'
        '[[basal.sat.change]]\nby = "+50 %"\nfrom = "01:00"\nto = "03:00"\nlead = "2 h"\n'
    )
    assert rate_at(each, 4, "22:59") == 10
    assert rate_at(each, 4, "23:00") == 15
    assert rate_at(each, 5, "02:59") == 15
    assert rate_at(each, 5, "03:00") == 10
    assert rate_at(each, 6, "02:00") == 10


def test_a_change_can_lower_a_rate_and_is_exact():
    each = programme_with(
        '[basal]\nrate = "10 uL/h"\n[[basal.change]]\nby = "-33.3 %"\nfrom = "01:00"\n'
        'to = "02:00"\n'
    )
    assert rate_at(each, 0, "01:30") == Fraction(667, 100)


def test_a_change_of_a_whole_day_may_meet_itself():
    each = programme_with(
        '[basal]\nrate = "10 uL/h"\n[[basal.change]]\nby = "+10 %"\nfrom = "12:00"\nto = "10:00"\n'
        'lead = "2 h"\n'
    )
    assert each.days == (((0, (11_000, 1)),),)


def test_groups_of_weekdays_have_names_of_their_own():
    each = programme_with(
        '[basal]\nrate = "1 uL/h"\n'
        '[basal.physio]\ndays = ["tue", "thu"]\nsteps = [{ at = "00:00", rate = "2 uL/h" }]\n'
        '[basal.weekend]\nrate = "3 uL/h"\n'
    )
    assert [rate_at(each, weekday, "12:00") for weekday in range(7)] == [1, 2, 1, 2, 1, 3, 3]
    assert len(each.days) == 3


clocks = st.integers(0, 1439)


@st.composite
def groups(draw):
    """(weekdays, steps by start minute, changes) for one table of [basal]."""
    steps = draw(st.dictionaries(clocks, st.integers(0, 100), max_size=4))
    steps[0] = draw(st.integers(1, 100))
    changes = []
    for by in draw(st.lists(st.integers(-99, 300).filter(bool), max_size=2)):
        start = draw(clocks)
        length = draw(st.integers(1, 1439))
        lead = draw(st.integers(0, min(300, 1440 - length)))
        changes.append((by, start, (start + length) % 1440, lead))
    return steps, changes


@settings(max_examples=40)
@given(groups(), groups(), st.sets(st.sampled_from(DAYS), min_size=1, max_size=6), st.data())
def test_every_minute_of_the_week_has_the_rate_that_the_words_ask_for(first, second, days, data):
    tables = ((first, [d for d in DAYS if d not in days], ""), (second, days, ".some"))
    text = ""
    expected = [Fraction(0)] * WEEK_MIN
    factors = [[] for _ in range(WEEK_MIN)]
    for (steps, changes), weekdays, name in tables:
        text += f"[basal{name}]\n" + (f"days = {sorted(weekdays)}\n" if name else "")
        text += "steps = ["
        for minute, rate in sorted(steps.items()):
            text += f'{{ at = "{minute // 60:02d}:{minute % 60:02d}", rate = "{rate} uL/h" }}, '
        text += "]\n"
        for by, start, end, lead in changes:
            text += f'[[basal{name}.change]]\nby = "{by:+d} %"\nlead = "{lead} min"\n'
            text += f'from = "{start // 60:02d}:{start % 60:02d}"\n'
            text += f'to = "{end // 60:02d}:{end % 60:02d}"\n'
        for weekday in (DAYS.index(day) for day in weekdays):
            for minute in range(1440):
                at = max(step for step in steps if step <= minute)
                expected[weekday * 1440 + minute] = Fraction(steps[at])
            for by, start, end, lead in changes:
                for minute in range(start - lead, start + (end - start) % 1440):
                    factors[(weekday * 1440 + minute) % WEEK_MIN].append(1 + Fraction(by, 100))
    if any(len(by) > 1 for by in factors):
        with pytest.raises(ProfileError, match="overlaps basal"):
            programme_with(text)
        return
    each = programme_with(text)
    for minute in range(0, WEEK_MIN, data.draw(st.integers(1, 7))):
        wanted = expected[minute] * (factors[minute][0] if factors[minute] else 1)
        found = Fraction(*schedule.basal_rate_at(each, MONDAY_S + minute * 60)) / 1000
        assert found == wanted
