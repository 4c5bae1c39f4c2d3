"""The library's TOML: what is read, and the line and the sentence for each mistake."""

import json
from fractions import Fraction

import pytest
from jsonschema import Draft202012Validator
from programmes import PLAIN

from pump.core import library as libraries
from pump.core.programme import PATIENT_GROUPS, replace
from titrate.library import (
    judge_bolus,
    judge_programme,
    load_library,
    page,
    parse_library,
    schema,
    standard_path,
)
from titrate.profile import ProfileError

STANDARD = standard_path().read_text()
SMALL = """name = "Ward"
version = "2"

[[change]]
version = "2"
date = "2026-11-22"
by = "A. Pharmacist"
text = "Lower."

[[change]]
version = "1"
date = "2026-10-01"
by = "A. Pharmacist"
text = "First."

[[source]]
name = "SPC"
text = "The product's summary."

[[drug]]
name = "tracer"
dosed = "by dose"
strengths = ["1 mg/mL"]

[[drug.limit]]
what = "daily dose"
at_most = "24 mg/day"
kind = "hard"
basis = "site"
source = "SPC"

[[drug.limit]]
what = "bolus duration"
at_least = "1 min"
kind = "soft"
basis = "site"
groups = ["under-12"]
source = "SPC"
"""


def line_of(text, start):
    return [line.startswith(start) for line in text.split("\n")].index(True) + 1


def test_the_standard_library_is_sound_and_reads_back_from_its_canonical_text():
    found = load_library()
    assert found.library.title == "Titrate 1.0"
    assert [drug.name for drug in found.library.drugs] == ["baclofen", "ziconotide", "generic"]
    assert libraries.parse(found.canonical_text) == found.library
    assert len(found.canonical_text) < 4096
    assert found.changes[0].version == found.library.version


def test_every_limit_of_the_standard_library_has_a_source_in_words():
    found = load_library()
    for drug in found.library.drugs:
        for limit in drug.limits:
            assert len(found.sources[limit[libraries.SOURCE]]) > 40
    used = {limit[libraries.SOURCE] for drug in found.library.drugs for limit in drug.limits}
    used |= {drug.dilution[2] for drug in found.library.drugs if drug.dilution}
    assert used == set(found.sources)


# The rules B1-B70 as this project numbers them: mcg/day, mcg, %, s.
@pytest.mark.rule("B2", "B10", "B12", "B13", "B14", "B16", "B17", "B18", "B20", "B22", "B24")
@pytest.mark.parametrize(
    ("what", "kind", "bound", "group", "value"),
    [
        ("daily_dose", "hard", "max", "spinal-adult", 2_003_000),
        ("daily_dose", "hard", "max", "spinal-child", 2_003_000),
        ("daily_dose", "hard", "max", "cerebral-adult", 1_400_000),
        ("daily_dose", "hard", "max", "cerebral-child", 1_400_000),
        ("daily_dose", "hard", "max", "under-12", 1_199_000),
        ("increase", "soft", "max", "spinal-adult", 30),
        ("increase", "soft", "max", "spinal-child", 15),
        ("increase", "soft", "max", "cerebral-adult", 15),
        ("increase", "soft", "max", "under-12", 15),
        ("increase_at_refill", "soft", "max", "spinal-child", 20),
        ("increase_at_refill", "soft", "max", "cerebral-child", 20),
        ("increase_interval", "soft", "min", "spinal-adult", 86_400),
        ("decrease", "soft", "max", "cerebral-adult", 20),
        ("bolus_duration", "hard", "min", "under-12", 60),
        ("first_daily_dose", "soft", "max", "spinal-adult", 200_000),
    ],
)
def test_the_figures_of_baclofen_are_those_of_the_rules(what, kind, bound, group, value):
    drug = load_library().library.drugs[0]
    bit = 1 << PATIENT_GROUPS.index(group)
    found = [
        limit[libraries.VALUE]
        for limit in drug.limits
        if limit[:3] == (what, kind, bound) and (not limit[libraries.GROUPS] or limit[5] & bit)
    ]
    assert found == [(value, 1)]


@pytest.mark.rule("B20", "B22", "B24")
def test_observed_ranges_are_called_observed_and_no_label_maximum():
    drug = load_library().library.drugs[0]
    for limit in drug.limits:
        if limit[libraries.SOURCE] in ("B20", "B22", "B24") and limit[0] == "daily_dose":
            assert "observed range, not a label maximum" in libraries.basis(limit)


def test_ziconotide_has_the_figures_of_its_label():
    _, drug, _ = libraries.find(load_library().canonical_text, "Prialt")
    shown = {limit[0]: libraries.show(drug, limit[0], limit[3]) for limit in drug.limits}
    assert shown["daily_dose"] == "19.2 mcg/day"
    assert shown["first_daily_dose"] == shown["increase_step"] == "2.4 mcg/day"
    assert shown["basal_rate"] == "800 ng/h"
    low = replace(
        PLAIN, drug="ziconotide", concentration_mcg_per_ml=(25, 1), days=(((0, (4000, 1)),),)
    )
    assert judge_programme(load_library().library, low).hard == ()
    # 0.81 mcg/h: 32.4 uL/h at 25 mcg/mL.
    high = replace(low, days=(((0, (32_400, 1)),),))
    codes = [code for code, _ in judge_programme(load_library().library, high).hard]
    assert codes == ["daily_dose", "basal_rate"]


def test_a_lab_doses_dye_by_volume():
    dye = replace(PLAIN, drug="dye", concentration_mcg_per_ml=None)
    assert judge_programme(load_library().library, dye) == judge_programme(
        load_library().library, replace(dye, drug="")
    )
    assert judge_programme(load_library().library, dye).hard == ()


def test_a_bolus_is_judged_on_the_host_too():
    found = judge_bolus(load_library().library, PLAIN, Fraction(402_000), 600)
    assert [code for code, _ in found.hard] == ["bolus_dose"]
    assert "200 mcg" in found.hard[0][1]


def test_a_site_writes_its_own():
    found = parse_library(SMALL)
    (drug,) = found.library.drugs
    # 24 mg/day in ng; groups as a bit mask.
    assert drug.limits[0][3] == (24_000_000, 1)
    assert drug.limits[1][5] == 16
    assert [change.version for change in found.changes] == ["2", "1"]


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('version = "2"', 'version = "3"', "version", 'its newest change made "2"'),
        ('date = "2026-10-01"', 'date = "2027-01-01"', 'date = "2027', "write the newest first"),
        ('date = "2026-10-01"', 'date = "2026-13-01"', 'date = "2026-13', "is not a date"),
        ('"24 mg/day"', '"24 mg/h"', None, None),
        ('"24 mg/day"', '"24 mg"', "at_most", '"24 mg" is a dose, but a dose rate is asked for'),
        ('"24 mg/day"', '"1 mL/day"', "at_most", 'daily dose is written as "300 mcg/day"'),
        ('"24 mg/day"', "24", "at_most", "is not"),
        (
            'kind = "hard"',
            'kind = "firm"',
            "kind",
            "a kind of limit: write one of hard, soft",
        ),
        ('what = "daily dose"', 'what = "daily dos"', "what", "is not what a library limits"),
        ('source = "SPC"', 'source = "SMC"', 'source = "SMC', '"SMC" is no source: there are SPC'),
        (
            'at_least = "1 min"',
            'at_most = "1 min"\nat_least = "1 min"',
            None,
            "write one of at_most",
        ),
        ('["under-12"]', '["under-13"]', "groups", "is not a patient group"),
        ('strengths = ["1 mg/mL"]', "", "[[drug]]", "it has no strength"),
        ('dosed = "by dose"', 'dosed = "dose"', "dosed", "write one of by dose, by volume"),
        ('kind = "soft"', 'kindd = "soft"', None, "kind is missing"),
    ],
)
def test_each_mistake_is_named_with_its_line(old, new, at, said):
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    if said is None:
        assert parse_library(text).library.drugs[0].limits[0][3] == (576_000_000, 1)
        return
    with pytest.raises(ProfileError) as caught:
        parse_library(text, "ward.toml")
    assert said in str(caught.value)
    if at is not None:
        assert f"ward.toml:{line_of(text, at)}: " in str(caught.value)


def test_a_soft_limit_outside_of_the_hard_one_is_refused_at_its_line():
    text = STANDARD.replace('at_most = "800 mcg/day"', 'at_most = "8000 mcg/day"')
    with pytest.raises(ProfileError) as caught:
        parse_library(text, "x.toml")
    assert "lies outside of the hard one" in str(caught.value)


def test_the_published_schema_and_page_are_what_the_declarations_give(root):
    published = root / "host_tools" / "titrate" / "library" / "schema.json"
    assert published.read_text() == schema.text()
    Draft202012Validator.check_schema(json.loads(published.read_text()))
    assert (root / "host_tools" / "docs" / "library.md").read_text() == page.text()
