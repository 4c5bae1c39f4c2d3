"""The pages of alarms and of hazards: nothing is missing, and what would be missing is named."""

import pytest

from pump.core import alarms
from titrate.reference import alarm_evidence, faults_page, hazards_page


def test_every_alarm_is_raised_or_says_what_it_needs_and_every_raised_one_has_a_test(root):
    assert alarm_evidence.problems(root) == []


def test_every_hazard_has_a_test_and_every_requirement_a_hazard_or_a_reason(root):
    assert hazards_page.problems(root) == []


def test_every_injected_fault_has_a_test_and_an_alarm_that_there_is(root):
    assert faults_page.problems(root) == []


@pytest.fixture
def copy(tmp_path, root):
    """A repository of next to nothing, with the hazards of this one."""
    (tmp_path / "firmware/docs").mkdir(parents=True)
    (tmp_path / "firmware/pump").mkdir()
    (tmp_path / "tests").mkdir()
    for name in ("hazards.toml", "faults.toml"):
        source = (root / "firmware/docs" / name).read_text()
        (tmp_path / "firmware/docs" / name).write_text(source)
    return tmp_path


def test_an_alarm_that_nothing_raises_or_no_test_names_is_a_problem(copy):
    (copy / "firmware/pump/one.py").write_text('pump.raise_alarm("empty", 0)\n')
    found = alarm_evidence.problems(copy)
    assert "the alarm empty is raised, but no test names it" in found
    assert "the alarm clock_lost is declared, but nothing raises it" in found
    assert len(found) == len(alarms.ALARMS)
    (copy / "tests/test_one.py").write_text('def test_it():\n    assert "empty"\n')
    assert "the alarm empty is raised, but no test names it" not in alarm_evidence.problems(copy)


def test_a_hazard_without_a_test_and_a_marker_without_a_hazard_are_problems(copy):
    (copy / "tests/test_one.py").write_text(
        '@pytest.mark.hazard("H1", "H99")\ndef test_it():\n    pass\n'
        'class Case:\n    def test_more(self):\n        """Hazards: H2, H3."""\n'
    )
    found = hazards_page.problems(copy)
    assert "H99 is marked at tests/test_one.py::test_it, but there is no such hazard" in found
    for number, is_missing in (("H1", False), ("H2", False), ("H3", False), ("H4", True)):
        sentence = f"the hazard {number} has no test that is marked with it"
        assert (sentence in found) == is_missing


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('requirements = ["G5", "O1"]', 'requirements = ["G5", "O77"]', "O77, which is no"),
        ('requirements = ["G6"]', "requirements = []", "G6 has neither a hazard nor a reason"),
        ('number = "G36"', 'number = "G37"', "the requirement G36 is not in"),
        ('requirements = ["G6"]', 'requirements = ["G19"]', "G19 is not applicable, but"),
    ],
)
def test_a_gap_between_hazards_and_requirements_is_a_problem(copy, old, new, problem):
    path = copy / "firmware/docs/hazards.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert any(problem in sentence for sentence in hazards_page.problems(copy))


def test_a_fault_without_a_test_and_one_with_an_alarm_that_there_is_not_are_problems(copy):
    path = copy / "firmware/docs/faults.toml"
    path.write_text(path.read_text().replace('alarms = ["stuck_button"]', 'alarms = ["stuck"]'))
    (copy / "tests/test_one.py").write_text(
        '@pytest.mark.fault("F1", "F99")\ndef test_it():\n    pass\n'
        'class Case:\n    def test_more(self):\n        """Faults: F2."""\n'
    )
    found = faults_page.problems(copy)
    assert "F99 is marked at tests/test_one.py::test_it, but there is no such fault" in found
    assert "the fault F1 names stuck, which is no alarm" in found
    for number, is_missing in (("F1", False), ("F2", False), ("F3", True)):
        assert (f"the fault {number} has no test that is marked with it" in found) == is_missing
