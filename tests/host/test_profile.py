"""Profiles: the published examples with their figures, and the way there and back."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from programmes import as_fraction, programmes_with_modes, sound_programmes

from pump.core import programme as core
from pump.core import schedule, totals
from pump.core.errors import BadText
from pump.core.quantity import parse_instant_s
from titrate.profile import kinds, load_profile, page, parse_profile, profile_to_text, schema
from titrate.profile.positions import Positions
from titrate.profile.syringes import catalogue

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"
DAY_S = 86_400


def example(name):
    return load_profile(EXAMPLES / f"{name}.toml")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_is_sound_points_to_the_schema_and_reads_back(path):
    found = load_profile(path)
    core.check(found.programme)
    assert core.parse_canonical(found.canonical_text) == found.programme
    assert found.text.startswith("#:schema ../profile/schema.json\n")
    assert (path.parent / "../profile/schema.json").is_file()
    assert parse_profile(profile_to_text(found.programme)).programme == found.programme


def test_the_examples_are_those_that_the_documentation_names():
    assert sorted(path.stem for path in EXAMPLES.glob("*.toml")) == [
        "bridge-500-to-2000",
        "continuous-300mcg-day",
        "course-steps",
        "demand-bolus",
        "demo-24h",
        "dose-window",
        "intermittent-bolus",
        "night-step",
        "ramp-5-days",
        "taper-28-days",
        "very-low-22mcg-day-10ml",
        "very-low-22mcg-day-1ml",
        "vtbi-kvo",
        "weekday-weekend",
    ]


def test_300_mcg_a_day_are_25_ul_an_hour():
    # 300 mcg / 500 mcg/mL = 0.6 mL a day; / 24 = 25 uL/h.
    found = example("continuous-300mcg-day").programme
    assert found.days == (((0, (25_000, 1)),),)
    assert core.daily_volume_nl(found, 3) == (600_000, 1)
    assert found.minimum_rate_nl_per_h == (1000, 1)  # 12 mcg/day: 24 uL a day
    # 0.75 mL/h = 750,000 nL/h; 50 mcg = 0.1 mL.
    assert (found.max_rate_nl_per_h, found.max_bolus_nl) == ((750_000, 1), (100_000, 1))


def test_the_profile_and_the_bolus_shown_in_the_readme_go_together(root, tmp_path):
    readme = (root / "README.md").read_text()
    shown = tmp_path / "profile.toml"
    shown.write_text(readme.split("```toml\n")[1].split("```")[0])
    found = load_profile(shown).programme
    assert found == example("continuous-300mcg-day").programme
    assert "pump.bolus('50 mcg', minutes=10)" in readme
    # 0.1 mL in a sixth of an hour, on top of the basal 25 uL/h.
    assert 6 * 100_000 + 25_000 <= found.max_rate_nl_per_h[0]


def test_a_microstep_of_the_10_ml_examples_is_103_2_nl():
    # pi / 4 * 14.5 mm * 14.5 mm * 2 mm / 3200 = 0.1032062 mm3, worked out with 3.141592654.
    volume = example("continuous-300mcg-day").programme.microstep_nl()
    assert as_fraction(volume) == pytest.approx(103.2062, abs=0.0001)


def test_the_night_step_rises_2_hours_before_it_is_wanted():
    found = example("night-step").programme
    assert found.days == (((0, (30_000, 1)), (21_600, (25_000, 1)), (72_000, (30_000, 1))),)
    # 12.5 mcg/h * 14 h + 15 mcg/h * 10 h = 325 mcg; at 500 mcg/mL 650 uL.
    assert core.daily_volume_nl(found, 0) == (650_000, 1)
    assert found.calibration == (493, 500)


def test_weekdays_and_weekend_have_their_own_day_and_boluses():
    found = example("weekday-weekend").programme
    assert found.week == (0, 0, 0, 0, 0, 1, 1)
    # 10*5 + 16*4 + 12*11 + 14*4 = 302 mcg, and 20 mcg of bolus.
    assert core.daily_volume_nl(found, 2) == ((302 + 20) * 2000, 1)
    # 10*8 + 12*16 = 272 mcg; Saturday has 10 mcg more.
    assert core.daily_volume_nl(found, 5) == ((272 + 10) * 2000, 1)
    assert core.daily_volume_nl(found, 6) == (272 * 2000, 1)


def test_22_mcg_a_day_at_2000_mcg_per_ml_are_exactly_11_ul():
    for name in ("very-low-22mcg-day-1ml", "very-low-22mcg-day-10ml"):
        found = example(name).programme
        assert found.days == (((0, (1375, 3)),),)
        assert core.daily_volume_nl(found, 0) == (11_000, 1)


def test_the_very_low_rate_is_even_on_1_ml_and_coarse_on_10_ml():
    one = example("very-low-22mcg-day-1ml").programme
    ten = example("very-low-22mcg-day-10ml").programme
    # 4.78 mm bore: 17.945 mm2 * 2 mm / 3200 = 11.216 nL; 11.216 / 458.333 h = 88.1 s.
    interval_s = as_fraction(one.microstep_nl()) / Fraction(1375, 3) * 3600
    assert interval_s == pytest.approx(88.1, abs=0.05)
    assert [code for code, _ in core.warnings(one)] == ["not_calibrated"]
    assert [code for code, _ in core.warnings(ten)] == [
        "not_calibrated",
        "syringe_too_large",
        "microstep_coarse",
    ]
    assert "in 13 min 30 s" in core.warnings(ten)[2][1]  # 103.206 / 458.333 h = 810.6 s


def test_the_demonstration_shows_a_step_a_bolus_and_a_low_reservoir_within_two_minutes():
    found = example("demo-24h")
    start_s = parse_instant_s("2026-11-22T19:59:40")
    each = found.programme
    assert schedule.next_change_after(each, start_s) == start_s + 20
    assert schedule.next_change_after(each, start_s + 20) == start_s + 50
    # 20 s * 25 + 30 s * 30 uL/h = 0.3889 uL; then 30 + 1200 uL/h until 12 uL are delivered.
    until_low_nl = (found.fill_nl - each.reservoir_low_nl, 1)
    low_s = totals.time_until(each, start_s, until_low_nl, start_s) - start_s
    expected_s = 50 + (Fraction(12_000) - Fraction(3500, 9)) / 1_230_000 * 3600
    assert low_s == -(-expected_s // 1) == 84


def test_the_published_schema_is_the_one_of_the_declaration(root):
    published = root / "host_tools" / "titrate" / "profile" / "schema.json"
    assert published.read_text() == schema.text()
    Draft202012Validator.check_schema(json.loads(published.read_text()))


def test_the_reference_page_is_the_one_of_the_declaration(root):
    assert (root / "host_tools" / "docs" / "profile.md").read_text() == page.text()


def test_the_error_that_the_reference_page_shows_is_a_real_one():
    text = (EXAMPLES / "continuous-300mcg-day.toml").read_text()
    broken = text.replace("[basal]\nrate = ", "[basal]\nrats = ")
    with pytest.raises(Exception) as caught:
        parse_profile(broken, "day.toml")
    assert f"\n    {caught.value}\n" in page.text()


def test_a_syringe_of_the_catalogue_holds_what_its_name_says():
    for name, syringe in catalogue().items():
        size, unit = name.split(" ")[-2:]
        assert syringe.capacity_nl == Fraction(size) * {"mL": 10**6, "uL": 1000}[unit]
        swept = 3.14159265 / 4 * syringe.bore_um**2 * syringe.travel_um / 10**6
        assert swept == pytest.approx(syringe.capacity_nl, rel=0.002)


def test_hamilton_syringes_have_a_scale_of_60_mm():
    for name, syringe in catalogue().items():
        if name.startswith("Hamilton"):
            bore_um = (4 * syringe.capacity_nl * 10**6 / (3.14159265 * 60_000)) ** 0.5
            assert syringe.bore_um == round(bore_um)
            assert syringe.travel_um == 60_000


@given(sound_programmes())
def test_a_programme_written_as_a_profile_gives_the_same_programme(programme):
    found = parse_profile(profile_to_text(programme))
    assert found.canonical_text == core.canonical_text(normal(programme))


@given(programmes_with_modes())
def test_a_programme_with_modes_written_as_a_profile_gives_the_same_programme(programme):
    found = parse_profile(profile_to_text(programme))
    assert found.canonical_text == core.canonical_text(normal(programme))


def normal(programme):
    """The same with equal neighbours and equal days joined, which a profile does not tell apart."""
    days = []
    for day in programme.days:
        steps = [step for i, step in enumerate(day) if not i or step[1] != day[i - 1][1]]
        days.append(tuple(steps))
    used = []
    for number in programme.week:
        if days[number] not in used:
            used.append(days[number])
    week = tuple(used.index(days[number]) for number in programme.week)
    return core.replace(programme, days=tuple(used), week=week)


def test_what_no_decimal_number_gives_is_not_written():
    programme = core.with_basal(example("continuous-300mcg-day").programme, (1000, 7))
    with pytest.raises(BadText, match="cannot be written exactly"):
        profile_to_text(programme)


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (kinds.VOLUME, "digits"),
        (kinds.AMOUNT, "digits"),
        (kinds.RATE, "digits"),
        (kinds.CONCENTRATION, "digits|no drug"),
        (kinds.LENGTH, "digits|whole number"),
        (kinds.DURATION, "digits|whole number|larger unit"),
        (kinds.TIME_OF_DAY, "never"),
        (kinds.DAY_END, "never"),
        (kinds.INSTANT, "not a date|not a time that a day has"),
        (kinds.GEAR, "not a gear"),
        (kinds.PERCENT, "no change of a rate"),
        (kinds.WEEKDAY, "never"),
        (kinds.WEEKDAYS, "never"),
        (kinds.NOT_CALIBRATED, "never"),
        (kinds.NAME, "space at either end"),
        (kinds.PART, "more than all|digits"),
        (kinds.STEP_LENGTH, "digits|whole number|larger unit"),
        (kinds.THEN, "never"),
    ],
    ids=lambda value: value.title if isinstance(value, kinds.Kind) else None,
)
def test_a_pattern_takes_what_its_reader_takes_but_for_stated_cases(kind, refused):
    @given(st.from_regex(kind.pattern, fullmatch=True))
    def read(text):
        try:
            kind.read(text)
        except BadText as error:
            assert any(word in error.sentence for word in refused.split("|")), error.sentence

    read()
    kind.read(kind.example)


@given(st.data())
def test_every_key_is_found_on_its_line(data):
    path = data.draw(st.sampled_from(sorted(EXAMPLES.glob("*.toml"))))
    text = path.read_text()
    positions = Positions(text)
    lines = text.split("\n")
    places = [place for place in positions._lines if place and isinstance(place[-1], str)]
    place = data.draw(st.sampled_from(places))
    assert place[-1] in lines[positions.line(place) - 1]


def test_lines_are_known_for_every_way_of_writing_a_key():
    positions = Positions(
        'a.b = 1\n"c d" = 2 # note\n[t]\nx = { y = 1, "z w" = [1, # one\n 2] }\n'
        "[[l]]\nk = 1\n[[l]]\n# note\nk = 2\nm.n = 3\n[l.sub]\np = 4\n[u.v]\n"
    )
    for path, line in {
        ("a",): 1,
        ("a", "b"): 1,
        ("c d",): 2,
        ("t",): 3,
        ("t", "x", "y"): 4,
        ("t", "x", "z w", 0): 4,
        ("t", "x", "z w", 1): 5,
        ("l", 0): 6,
        ("l", 0, "k"): 7,
        ("l", 1, "k"): 10,
        ("l", 1, "m", "n"): 11,
        ("l", 1, "sub", "p"): 13,
        ("u",): 14,
        ("u", "v"): 14,
        ("l", 1, "missing", "deeper"): 8,
        ("missing",): 1,
    }.items():
        assert positions.line(path) == line, path
