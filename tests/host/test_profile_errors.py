"""Profiles that are refused: the line, the key and the sentence for each mistake."""

from pathlib import Path

import pytest

from titrate.profile import ProfileError, load_profile, parse_profile

EXAMPLES = Path(__file__).resolve().parents[2] / "host_tools" / "titrate" / "examples"
CONTINUOUS = (EXAMPLES / "continuous-300mcg-day.toml").read_text()
NIGHT = (EXAMPLES / "night-step.toml").read_text()
WEEK = (EXAMPLES / "weekday-weekend.toml").read_text()

RATE = 'rate = "300 mcg/day"'
SYRINGE = '"BD Plastipak 10 mL"'


def problems(text, *replacements):
    """What is said about a text after replacements, each of which must change it."""
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "x.toml")
    assert str(caught.value).split("\n") == caught.value.lines()
    return caught.value.lines()


def line_of(text, start):
    """The number of the first line that starts so."""
    return [line.startswith(start) for line in text.split("\n")].index(True) + 1


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            RATE,
            "rate = 300",
            "rate",
            'basal.rate: "300" is refused because a bare number has no unit: '
            'write for example "300 mcg/day" or "0.6 mL/day"',
        ),
        (
            RATE,
            'rate = "12.5 mL/h"',
            "rate",
            "basal.rate: the basal from 00:00 is 150 mg/day (12.5 mL/h): the limit is the "
            "programme's maximum rate, 9000 mcg/day (750 uL/h); check that a volume was meant and "
            "not a dose",
        ),
        (
            RATE,
            'rate = "300 mcg"',
            "rate",
            'basal.rate: "300 mcg" is a dose, but a dose rate or a volume rate is asked for: write '
            'for example "300 mcg/day" or "0.6 mL/day"',
        ),
        (
            RATE,
            'rats = "300 mcg/day"',
            "rats",
            "basal.rats: the key is not known: did you mean rate? there are rate, steps, change",
        ),
        (
            "microsteps = 16",
            "microsteps = 1024",
            "microsteps",
            'pump.microsteps: "1024" is not a whole number from 1 to 256: microsteps per full '
            "step, a power of two",
        ),
        (
            "microsteps = 16",
            "microsteps = 24",
            "microsteps",
            "pump.microsteps: microsteps per full step is 24: the limit is 1 to 256, a power of "
            "two",
        ),
        (
            'name = "baclofen"',
            'name = "baclofen"\npatient_group = "adult"',
            "patient_group",
            'drug.patient_group: "adult" is not a patient group: write one of spinal-adult, '
            "spinal-child, cerebral-adult, cerebral-child, under-12",
        ),
        (
            SYRINGE,
            '"BD Plastipack 10ml"',
            "syringe",
            'pump.syringe: the syringe "BD Plastipack 10ml" is not in the catalogue: did you mean '
            "BD Plastipak 10 mL or BD Plastipak 1 mL or BD Plastipak 60 mL? Write one of its "
            "names, or a table with bore, capacity and travel",
        ),
        (
            SYRINGE,
            '{ bore = "10 mm", capacity = "10 mL", travel = "61 mm" }',
            "syringe",
            "pump.syringe.capacity: syringe capacity is 10 mL, but bore and travel give "
            "~4.7909 mL: the limit is 5 % more than they give, check all three",
        ),
        (
            'calibration = "none"',
            'calibration = { commanded = "5 mL", delivered = "1 mL" }',
            "calibration",
            "pump.calibration: calibration is 0.2: the limit is 0.5 to 2, measured over nominal "
            "volume; further off, the syringe or the screw is another one",
        ),
        (
            'calibration = "none"',
            'calibration = { commanded = "0 mL", delivered = "1 mL" }',
            "calibration",
            "pump.calibration.commanded: it is 0: nothing can be measured with it",
        ),
        (
            'calibration = "none"',
            "calibration = 1",
            "calibration",
            'pump.calibration: "1" is not known: write "none" or a table { commanded = "10 mL", '
            'delivered = "9.87 mL" }',
        ),
        (
            "[drug]",
            "[durg]",
            "[durg]",
            "durg: the key is not known: did you mean drug? there are name, start, end, "
            "pump, drug, "
            "basal, bolus, minimum, taper, ramp, course, intermittent, demand, dose_window, "
            "bridge, vtbi, resume, limits, reservoir",
        ),
        (
            'name = "Continuous',
            'name = "Continüous',
            "name",
            'name: name is "Contin?ous 300 mcg/day": write printable ASCII without a space at '
            "either end",
        ),
        (
            "[minimum]",
            "[minimum",
            "[minimum",
            "this is not TOML, at column 9: expected ']' at the end of a table declaration",
        ),
        (
            "[minimum]",
            "[[minimum]]",
            "[[minimum]]",
            "minimum: \"[{'rate': '12 mcg/day'}]\" is not a table: write [minimum] and its keys "
            "below",
        ),
        (
            'low = "2 mL"',
            'low = "2.00000001 mL"',
            "low",
            'reservoir.low: "2.00000001 mL" is not a whole number of nanolitres: the nearest below '
            "is 2 mL",
        ),
        (
            'low = "2 mL"',
            'low = "0.2 mL"',
            "low",
            "reservoir.low: low reservoir volume is 200 uL: the limit is more than the reserve, "
            "500 uL, so that low comes before empty",
        ),
        (
            'reserve = "0.5 mL"',
            'reserve = "0.5 mL"\nfill = "12 mL"',
            "fill",
            "reservoir.fill: 12 mL: the limit is more than the reserve, 500 uL, and at most the "
            "syringe's capacity, 10 mL",
        ),
        (
            'gear = "1:1"',
            'gear = "27"',
            "gear",
            'pump.gear: "27" is not a gear: write turns of the motor to turns of the screw, for '
            'example "27:1"',
        ),
        (
            'commit_ahead = "500 nL"',
            'commit_ahead = "5 nL"',
            "commit_ahead",
            "limits.commit_ahead: volume committed ahead is 5 nL: the limit is ~208.33 nL or more, "
            "one second at the maximum rate",
        ),
        (
            "[drug]",
            '[basal.weekend]\nrate = "1 mL/h"\n[drug]',
            'rate = "1 mL/h"',
            "basal.weekend.rate: the basal of Sat, Sun from 00:00 is 12 mg/day (1 mL/h): the limit "
            "is the programme's maximum rate, 9000 mcg/day (750 uL/h); check that a volume was "
            "meant and not a dose",
        ),
        (
            'name = "Continuous',
            'start = "2026-11-22T06:00Z"\nname = "Continuous',
            "start",
            'start: "2026-11-22T06:00Z" names a time zone: leave it out, the pump keeps '
            "local civil "
            "time",
        ),
        (
            'name = "Continuous',
            'start = "2026-11-22T06:00"\nend = "2026-11-22T05:00"\nname = "Continuous',
            "end",
            "end: the end, 2026-11-22T05:00:00, is not after the start, 2026-11-22T06:00:00",
        ),
        (
            'max_rate = "0.75 mL/h"',
            'max_rate = "999 mL/h"',
            "max_rate",
            "limits.max_rate: step rate at the maximum rate, in microsteps a second, is ~2688.8: "
            "the limit is 0 to 2000, what the drive follows without losing steps: lower the "
            "maximum "
            "rate, or use fewer microsteps, a smaller gear, a longer lead or a larger bore",
        ),
    ],
)
def test_a_mistake_in_a_plain_profile_is_named_with_its_line(old, new, at, said):
    line = line_of(CONTINUOUS.replace(old, new), at)
    assert problems(CONTINUOUS, (old, new)) == [f"x.toml:{line}: {said}"]


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            'to = "05:00"',
            'to = "04:00"',
            '    { at = "00:00"',
            "basal.weekday.steps[1].to: the step ends at 04:00 and the next one starts at 05:00: "
            "there is a gap, make the two times equal",
        ),
        (
            'at = "09:00"',
            'at = "08:00"',
            '    { at = "05:00"',
            "basal.weekday.steps[2].to: the step ends at 09:00 and the next one starts at 08:00: "
            "there is an overlap, make the two times equal",
        ),
        (
            'to = "24:00"',
            'to = "23:00"',
            '    { at = "20:00"',
            "basal.weekday.steps[4].to: the step ends at 23:00 and the next one starts at 24:00: "
            "there is a gap, make the two times equal",
        ),
        (
            '{ at = "08:00"',
            '{ at = "00:00"',
            '    { at = "00:00", rate = "12',
            "basal.weekend.steps[2].at: the step at 00:00 is at the time of the step before it, "
            "00:00: write each time once, in order",
        ),
        (
            '{ at = "20:00"',
            '{ at = "04:00"',
            '    { at = "04:00"',
            "basal.weekday.steps[4].at: the step at 04:00 is earlier than the step before it",
        ),
        (
            '{ at = "00:00", to',
            '{ at = "01:00", to',
            '    { at = "01:00"',
            "basal.weekday.steps[1].at: the first step starts at 01:00: from 00:00 until "
            "then there "
            "is no rate, start a step at 00:00",
        ),
        (
            "[basal.weekday]",
            '[basal.weekday]\ndays = ["mon"]',
            "days",
            "basal.weekday.days: weekday is Mon-Fri: leave days out, or give the table "
            "another name",
        ),
        (
            "[basal.weekday]",
            '[basal.workday]\ndays = ["mon", "tue", "wed", "thu", "fri", "sat"]',
            "[basal.weekend]",
            "basal.weekend: Sat is in basal.workday already: a weekday has one table",
        ),
        (
            "[basal.weekday]",
            '[basal]\nrate = "1 uL/h"\n[basal.weekday]',
            "rate",
            "basal.rate: it is never used, every weekday has a table of its own: leave it out",
        ),
        (
            "[basal.weekday]",
            '[basal.weekday]\nrate = "1 uL/h"',
            "[basal.weekday]",
            "basal.weekday: it has rate and steps: write one of the two",
        ),
        (
            'days = ["sat"]',
            'days = "saturday"',
            'days = "saturday',
            'bolus[2].days: "saturday" is not known: write "daily", "weekday", "weekend" or a list '
            'such as ["mon", "thu"]',
        ),
        (
            'days = ["sat"]',
            'days = ["sat", "sat"]',
            'days = ["sat"',
            "bolus[2].days[2]: sat is there twice",
        ),
        (
            'days = ["sat"]',
            'days = ["saturday"]',
            'days = ["sat',
            'bolus[2].days[1]: "saturday" is not a weekday: write one of mon, tue, wed, thu, fri, '
            "sat, sun",
        ),
        (
            'days = ["sat"]',
            "days = []",
            "days = []",
            "bolus[2].days: there are 0 entries: the limit is 1 to 7",
        ),
        (
            'dose = "10 mcg"',
            'dose = "10 mL/h"',
            'dose = "10',
            'bolus[2].dose: "10 mL/h" is a volume rate, but a dose or a volume is asked for: write '
            'for example "50 mcg" or "18 mL"',
        ),
        (
            'dose = "10 mcg"',
            'dose = "10 ng"',
            '[[bolus]]\nat = "18',
            "bolus[2]: the bolus at 18:00 is 10 ng (20 nL), less than one microstep: the limit is "
            "~103.21 nL or more",
        ),
        (
            'over = "10 min"',
            'over = "10"',
            'over = "10"',
            'bolus[2].over: "10" is refused because a bare number has no unit: write for example '
            '"10 min"',
        ),
        (
            'at = "18:00"',
            "at = 18:00:00",
            "at = 18",
            'bolus[2].at: "18:00:00" is not text: write it in quotes',
        ),
        (
            'at = "18:00"',
            'at = "6 pm"',
            'at = "6 pm',
            'bolus[2].at: "6 pm" is not a time of day: write "HH:MM", 24 hours, for example '
            '"06:30"',
        ),
        (
            'days = ["sat"]',
            'days = ["sat"]\n[[bolus]]\nat = "18:00"\ndose = "5 mcg"\nover = "9 min"\n'
            'days = "weekend"',
            '[[bolus]]\nat = "18:00"\ndose = "5',
            "bolus[3]: two boluses start at 18:00 on Sat: write one, or another time",
        ),
    ],
)
def test_a_mistake_in_a_schedule_is_named_with_its_line(old, new, at, said):
    changed = WEEK.replace(old, new)
    line = changed[: changed.index("\n" + at) + 1].count("\n") + 1
    (found,) = problems(WEEK, (old, new))
    assert found.startswith(f"x.toml:{line}: {said}")


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            'by = "+20 %"',
            'by = "20 %"',
            "by",
            'basal.change[1].by: "20 %" is not a change in percent: write it with its sign, for '
            'example "+20 %"',
        ),
        (
            'by = "+20 %"',
            'by = "-100 %"',
            "by",
            'basal.change[1].by: "-100 %" is no change of a rate: write more than -100 % and not '
            "0 %",
        ),
        (
            'lead = "2 h" ',
            'lead = "20 h"',
            "[[basal.change]]",
            "basal.change[1]: with its lead it lasts longer than a day: the limit is 1 day",
        ),
        (
            'to = "06:00" ',
            'to = "22:00"',
            "[[basal.change]]",
            "basal.change[1]: from and to are the same: write another rate instead of a change",
        ),
        (
            "[minimum]",
            '[[basal.change]]\nby = "-10 %"\nfrom = "05:00"\nto = "07:00"\n[minimum]',
            '[[basal.change]]\nby = "-10',
            "basal.change[2]: at 05:00 on Mon it overlaps basal.change[1]: let one end before the "
            "other starts",
        ),
        (
            RATE,
            "",
            "[basal]",
            "basal: rate or steps is missing: write one of the two",
        ),
    ],
)
def test_a_mistake_in_a_change_is_named_with_its_line(old, new, at, said):
    changed = NIGHT.replace(old, new)
    line = changed[: changed.index("\n" + at) + 1].count("\n") + 1
    assert problems(NIGHT, (old, new)) == [f"x.toml:{line}: {said}"]


def test_all_mistakes_of_a_profile_are_named_at_once_in_the_order_of_their_lines():
    found = problems(
        CONTINUOUS,
        ('lead = "2 mm"  ', ""),
        ("full_steps", "full_stepz"),
        ("microsteps = 16", "microsteps = 0"),
        (RATE, "rate = 300"),
    )
    assert [line.split(": ")[1:3] for line in found] == [
        ["pump", "full_steps is missing"],
        ["pump", "lead is missing"],
        ["pump.full_stepz", "the key is not known"],
        ["pump.microsteps", '"0" is not a whole number from 1 to 256'],
        ["basal.rate", '"300" is refused because a bare number has no unit'],
    ]
    numbers = [int(line.split(":")[1]) for line in found]
    assert numbers == sorted(numbers)


def test_every_dose_without_a_concentration_is_named():
    found = problems(CONTINUOUS, ('concentration = "500 mcg/mL"', ""))
    assert [line.split(": ")[1] for line in found] == [
        "basal.rate",
        "minimum.rate",
        "limits.max_bolus",
    ]
    assert all("set the concentration, or write a volume" in line for line in found)


def test_a_key_of_a_syringe_table_is_named_and_what_it_lacks():
    syringe = '{ bore = "29 mm", capacity = "10 mL", travle = "61 mm" }'
    found = problems(CONTINUOUS, (SYRINGE, syringe))
    assert [line.split(": ", 1)[1] for line in found] == [
        "pump.syringe.travle: the key is not known: did you mean travel? there are bore, capacity, "
        "travel",
        'pump.syringe: travel is missing: write for example travel = "61 mm"',
    ]


def test_weekdays_without_a_rate_are_named():
    found = problems(WEEK, ("[basal.weekday]", '[basal.workday]\ndays = ["mon", "tue"]'))
    assert [line.split(": ", 1)[1] for line in found] == [
        "basal: there is no rate for Wed-Fri: write rate or steps right under [basal], or a table "
        "for those weekdays"
    ]
    found = problems(WEEK, ("[basal.weekday]", "[basal.workday]"))
    assert any('days is missing: write for example days = ["mon", "thu"]' in line for line in found)


def test_an_empty_profile_lacks_what_every_profile_has():
    found = problems("")
    assert [line.split(": ")[2] for line in found] == [
        "basal is missing",
        "limits is missing",
        "name is missing",
        "pump is missing",
        "reservoir is missing",
    ]


def test_more_than_48_steps_are_refused_at_their_table():
    steps = ",".join(f'{{ at = "00:00:{n:02d}", rate = "{n + 1} nL/h" }}' for n in range(49))
    (found,) = problems(CONTINUOUS, (RATE, f"steps = [{steps}]"))
    assert "basal.steps: there are 49 entries: the limit is 1 to 48" in found


def test_a_cut_file_says_where_it_ends():
    (found,) = problems(CONTINUOUS[: CONTINUOUS.index('"2 days"') + 4])
    line = line_of(CONTINUOUS, "low_time")
    assert found.startswith(f"x.toml:{line}: this is not TOML, at the end: ")


def test_a_file_that_is_not_utf_8_says_on_which_line(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(CONTINUOUS.replace("inside", "in").encode() + b"# 20 \xb5L\n")
    with pytest.raises(ProfileError, match="this is not text in UTF-8: save the file as UTF-8"):
        load_profile(path)
    path.write_bytes(b"\xef\xbb\xbf" + CONTINUOUS.encode())
    assert load_profile(path).programme == parse_profile(CONTINUOUS).programme
