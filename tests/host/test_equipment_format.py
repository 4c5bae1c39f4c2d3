"""The equipment's TOML: what is read, and the line and the sentence for each mistake."""

import json

import pytest
from jsonschema import Draft202012Validator

from pump.core.equipment import canonical_text, parse
from titrate.boards import read_boards
from titrate.equipment import load_equipment, parse_equipment, schema
from titrate.profile import ProfileError

ALL = """name = "Bench 3"

[switches]
limit_end = "fitted"
syringe = "none"

[supply]
low = "11 V"
depleted = "9500 mV"

[temperature]
highest = "60 C"

[force]
sensor = "hx711"
zero = "8400000 counts"
load = "9.81 N"
at_load = "8507000 counts"
occlusion = "25.5 N"
"""
TEXT = """titrate-equipment 1
name Bench 3
limit_home no
limit_end yes
syringe_switch no
supply_low_mv 11000
supply_depleted_mv 9500
over_temperature_c 60
force hx711
force_zero_counts 8400000
force_load_counts 8507000
force_load_mn 9810
occlusion_mn 25500
"""


def test_a_file_becomes_the_text_that_the_pump_takes():
    found = parse_equipment(ALL)
    assert found.canonical_text == TEXT
    # sha256sum of that text.
    assert found.digest == "a85ca878ce5d55c2"
    assert canonical_text(parse(found.canonical_text)) == TEXT


def test_with_a_name_alone_nothing_is_fitted():
    found = parse_equipment('name = "Bare"\n').equipment
    assert (found.limit_home, found.limit_end, found.syringe_switch) == (False, False, False)
    assert (found.supply_low_mv, found.over_temperature_c, found.force) == (None, None, "none")


def test_signals_are_full_unless_they_are_to_be_quiet():
    quiet = parse_equipment('signals = "quiet"\n' + ALL)
    assert quiet.canonical_text == TEXT + "signals quiet\n"
    # sha256sum of that text.
    assert quiet.digest == "345566915bbefaed"
    # With full ones text and digest are those of a file that does not name them.
    assert parse_equipment('signals = "full"\n' + ALL).canonical_text == TEXT


@pytest.mark.parametrize("wrong", ['"off"', '"QUIET"', '""', "true", "0"])
def test_wrong_signals_are_told_with_the_two_that_there_are(wrong):
    with pytest.raises(ProfileError) as refused:
        parse_equipment(f"signals = {wrong}\n{ALL}")
    (problem,) = refused.value.problems
    assert problem.line == 1
    assert "signals" in problem.sentence
    if wrong.startswith('"'):
        assert problem.sentence.endswith("write one of full, quiet")
    else:
        assert "in quotes" in problem.sentence


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ('name = "Bench 3"', "", 1, ["name is missing", 'name = "Bench 3"']),
        ('limit_end = "fitted"', "limit_end = true", 4, ["switches.limit_end", "in quotes"]),
        ('limit_end = "fitted"', 'limit_end = "yes"', 4, ["fitted, none"]),
        ('limit_end = "fitted"', 'limit_ende = "fitted"', 4, ["did you mean limit_end?"]),
        ('low = "11 V"', 'low = "11"', 8, ["supply.low", '"11 V"']),
        ('low = "11 V"', "low = 11", 8, ["supply.low", "in quotes"]),
        ('low = "11 V"', 'low = "11.0005 V"', 8, ["whole number of mV"]),
        ('low = "11 V"\n', "", 7, ["low is missing"]),
        ('low = "11 V"', 'low = "9 V"', 9, ["supply.depleted", "below low supply, 9000 mV"]),
        ('low = "11 V"', 'low = "40 V"', 8, ["40000 mV", "1000 to 36000 mV"]),
        ('highest = "60 C"', 'highest = "60 F"', 12, ["temperature.highest", '"60 C"']),
        ('highest = "60 C"', 'highest = "90 C"', 12, ["90 C", "30 to 85 C"]),
        ('sensor = "hx711"', 'sensor = "adc"', 16, ["force.zero", "adc reads 0 to 65535"]),
        ('sensor = "hx711"', 'sensor = "spring"', 15, ["hx711, adc"]),
        ('"8507000 counts"', '"8400050 counts"', 18, ["force.at_load", "at least 100"]),
        ('occlusion = "25.5 N"\n', "", 14, ["occlusion is missing"]),
        ("[force]", "[forces]", 14, ["did you mean force?"]),
        ("[supply]", "[[supply]]", 7, ["is not a table"]),
        ("[supply]", "[supply", 7, ["this is not TOML"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(old, new, line, parts):
    with pytest.raises(ProfileError) as refused:
        parse_equipment(ALL.replace(old, new), "bench.toml")
    (problem,) = refused.value.problems
    assert problem.line == line
    assert refused.value.lines()[0].startswith(f"bench.toml:{line}: ")
    for part in parts:
        assert part in problem.sentence


def test_all_mistakes_are_told_at_once():
    wrong = ALL.replace('"11 V"', '"11"').replace('"60 C"', '"warm"').replace('"9.81 N"', '"1 kg"')
    with pytest.raises(ProfileError) as refused:
        parse_equipment(wrong)
    assert [problem.line for problem in refused.value.problems] == [8, 12, 17]


def test_the_published_schema_takes_what_the_reader_takes(root):
    published = json.loads((root / "host_tools/titrate/equipment/schema.json").read_text())
    assert published == json.loads(schema.text())
    Draft202012Validator.check_schema(published)


def test_every_board_with_inputs_has_an_example_for_what_it_has_pins_for(root):
    seen = 0
    for board in read_boards(root / "boards"):
        file = root / "boards" / board.name / "equipment.toml"
        has = {signal.name for signal in board.signals}
        if not (root / "boards" / board.name / "pump_board.py").is_symlink():
            found = load_equipment(file).equipment
            assert found.limit_home and found.limit_end and found.syringe_switch
            assert {"LIMIT_HOME", "LIMIT_END", "SYRINGE_PRESENT", "SUPPLY_ADC"} <= has
            assert (found.force == "hx711") == ("HX711_DATA" in has)
            seen += 1
    assert seen == 3
