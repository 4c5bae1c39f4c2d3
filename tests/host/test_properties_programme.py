"""Properties of quantities and programmes, each against a second way of working it out."""

import datetime
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st
from programmes import (
    DAY_S,
    PLAIN,
    any_programmes,
    as_fraction,
    boluses,
    day_schedules,
    is_sound,
    ratios,
    sound_programmes,
    weeks,
)

from pump.core import day, programme, quantity, review, schedule
from pump.core.canonical import LINE_LENGTH_MAX
from pump.core.errors import BadText
from pump.core.limits import check

VOLUMES_NL = {"nL": 1, "uL": 1000, "mL": 10**6}
DOSES_NG = {"ng": 1, "mcg": 1000, "mg": 10**6}
TIMES_S = {"min": 60, "h": 3600, "day": DAY_S}

numbers = st.one_of(
    st.integers(0, 10**12 - 1).map(str),
    st.tuples(st.integers(0, 10**6 - 1), st.integers(1, 6)).flatmap(
        lambda parts: st.integers(0, 10 ** parts[1] - 1).map(
            lambda decimals: f"{parts[0]}.{decimals:0{parts[1]}d}"
        )
    ),
)


@given(numbers, st.sampled_from(sorted(VOLUMES_NL)))
def test_a_volume_is_its_decimal_number_times_its_unit(number, unit):
    expected = Fraction(number) * VOLUMES_NL[unit]
    assert as_fraction(quantity.parse_volume_nl(f"{number} {unit}")) == expected


@given(
    numbers,
    st.sampled_from(sorted(VOLUMES_NL | DOSES_NG)),
    st.sampled_from(sorted(TIMES_S)),
    ratios(10**6).filter(lambda value: value[0]),
)
def test_a_rate_is_exact_in_every_unit(number, unit, time, concentration):
    found = quantity.parse_rate_nl_per_h(f"{number} {unit}/{time}", concentration)
    amount = Fraction(number) * (VOLUMES_NL | DOSES_NG)[unit]
    if unit in DOSES_NG:
        amount = amount * 1000 / as_fraction(concentration)  # ng over mcg/mL, in nL
    assert as_fraction(found) == amount * 3600 / TIMES_S[time]


@given(ratios())
def test_what_is_formatted_without_a_mark_reads_back_and_a_mark_is_refused(value):
    for shown, read in (
        (quantity.format_volume(value), quantity.parse_volume_nl),
        (quantity.format_dose(value), quantity.parse_dose_ng),
        (
            quantity.format_volume_rate(value),
            lambda text: quantity.parse_rate_nl_per_h(text, None),
        ),
    ):
        if not shown.startswith("~"):
            assert read(shown) == value
            continue
        try:
            read(shown)
        except BadText as error:
            assert "write the exact one" in error.sentence
        else:
            raise AssertionError(shown)


@given(ratios().filter(lambda value: value[0]))
def test_a_rounded_figure_is_off_by_half_of_its_fifth_digit_at_most(value):
    shown = quantity.format_number(value)
    exact = as_fraction(value)
    error = abs(Fraction(shown.lstrip("~")) - exact)
    if not shown.startswith("~"):
        assert error == 0
    elif exact >= 10**5:
        assert error <= Fraction(1, 2)
    else:
        assert error <= exact / 20_000


@given(st.integers(0, 36_525 * DAY_S - 1))
def test_the_calendar_is_that_of_the_standard_library(pump_time_s):
    expected = datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=pump_time_s)
    assert quantity.format_instant(pump_time_s) == expected.isoformat()
    assert quantity.parse_instant_s(expected.isoformat()) == pump_time_s
    assert schedule.weekday(pump_time_s) == expected.weekday()


@given(st.integers(0, 10**9))
def test_every_duration_reads_back(duration_s):
    assert quantity.parse_duration_s(quantity.format_duration(duration_s)) == duration_s


@given(st.text(max_size=30))
def test_no_text_makes_a_reader_fail_otherwise_than_with_a_sentence(text):
    for read in (
        quantity.parse_volume_nl,
        quantity.parse_dose_ng,
        quantity.parse_concentration,
        quantity.parse_duration_s,
        quantity.parse_time_of_day_s,
        quantity.parse_instant_s,
        quantity.parse_length_um,
        programme.parse_canonical,
    ):
        try:
            read(text)
        except BadText as error:
            assert error.sentence.isascii() and error.sentence.isprintable()


@given(any_programmes())
def test_a_programme_is_read_back_from_its_text(found):
    text = programme.canonical_text(found)
    assert programme.parse_canonical(text) == found
    assert text.isascii() and text.endswith("\n")
    assert max(map(len, text.split("\n"))) <= LINE_LENGTH_MAX


@given(any_programmes(), st.data())
def test_an_altered_text_is_refused_or_is_another_programmes_very_text(found, data):
    text = programme.canonical_text(found)
    at = data.draw(st.integers(0, len(text) - 1))
    instead = data.draw(st.one_of(st.just(""), st.characters(max_codepoint=0x7F), st.just("00")))
    altered = text[:at] + instead + text[at + data.draw(st.integers(0, 1)) :]
    assume(altered != text)
    try:
        other = programme.parse_canonical(altered)
    except BadText:
        return
    assert programme.canonical_text(other) == altered
    assert programme.digest(altered) != programme.digest(text)


@given(sound_programmes())
def test_the_strategy_for_sound_programmes_keeps_its_word(found):
    check(found)


@given(sound_programmes(), sound_programmes())
def test_a_review_is_empty_for_equal_programmes_and_only_for_those(old, new):
    for first, second in ((old, new), (new, old), (old, old)):
        rows = list(
            programme.differences(programme.canonical_text(first), programme.canonical_text(second))
        )
        assert (rows == []) == (first == second)
        assert all(was != now for _, was, now in rows)


@given(sound_programmes(), st.data())
def test_a_review_names_the_one_setting_that_changed(old, data):
    changes = {
        "name": ("name", "Another name of mine"),
        "syringe bore": ("bore_um", old.bore_um + 1),
        "low reservoir time": ("reservoir_low_s", old.reservoir_low_s + 1),
        "maximum bolus": ("max_bolus_nl", (199_999, 1)),
        "volume committed ahead": ("commit_ahead_nl", old.commit_ahead_nl + 1),
    }
    setting = data.draw(st.sampled_from(sorted(changes)))
    name, value = changes[setting]
    rows = list(review.differences(old, programme.replace(old, **{name: value})))
    derived = {"volume of a microstep"} if setting == "syringe bore" else set()
    assert {row[0] for row in rows} == {setting} | derived


@given(day_schedules(ratios(10**9), 48, 1800), boluses(ratios(10**6)))
def test_the_daily_volume_is_the_sum_over_half_hours_and_boluses(steps, found):
    each = programme.replace(PLAIN, days=(steps,), boluses=found)
    for weekday in (0, 6):
        monday_s = 2 * DAY_S
        total = sum(
            as_fraction(schedule.basal_rate_at(each, monday_s + weekday * DAY_S + half * 1800)) / 2
            for half in range(48)
        )
        total += sum(as_fraction(bolus[2]) for bolus in found if bolus[1] >> weekday & 1)
        assert as_fraction(day.daily_volume_nl(each, weekday)) == total


@given(
    st.lists(day_schedules(ratios(10**6), 4), min_size=1, max_size=3).map(tuple),
    boluses(ratios(10**6)),
    st.data(),
)
def test_the_highest_rate_is_the_highest_at_any_change_of_a_week(days, found, data):
    week = data.draw(weeks(len(days)))
    each = programme.replace(PLAIN, days=days, week=week, boluses=found)
    monday_s = 9 * DAY_S  # a Monday with a day before it
    time_s = monday_s
    highest = Fraction(-1)
    first_s = 0
    while time_s < monday_s + 7 * DAY_S:
        rate = as_fraction(schedule.rate_at(each, time_s, 0))
        if rate > highest:
            highest, first_s = rate, time_s - monday_s
        time_s = schedule.next_change_after(each, time_s)
    rate_nl_per_h, weekday, at_s = day.highest_rate(each)
    assert as_fraction(rate_nl_per_h) == highest
    assert weekday * DAY_S + at_s == first_s


@given(sound_programmes(), st.integers(0, 10**6))
def test_a_flat_basal_is_that_rate_at_every_time(old, rate):
    flat = programme.with_basal(old, (rate, 1))
    for weekday in range(7):
        assert schedule.basal_rate_at(flat, weekday * DAY_S + 12_345) == (rate, 1)
    assert flat.boluses == old.boluses


@given(any_programmes())
def test_check_refuses_with_a_sentence_or_accepts(found):
    is_sound(found)
