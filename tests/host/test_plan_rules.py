"""The rules B1-B70: all there, all with evidence, and told where a person has to do it."""

import json
import re
import subprocess
import sys

import pytest

from titrate import plan
from titrate.cli.main import main
from titrate.profile import load_profile
from titrate.reference import evidence, plan_page, rules_page
from titrate.simulation import BolusRequest

EXAMPLES = {
    "start": lambda root: plan.start(75, 6),
    "test_dose": lambda root: plan.test_dose(50, 24),
    "titrate": lambda root: plan.titrate(300, "spinal-adult", 30),
    "night": lambda root: plan.night(300, 20, 22 * 3600, 6 * 3600),
    "taper": lambda root: plan.taper(300),
    "interruption": lambda root: plan.interruption(9, 300),
    "dilute": lambda root: plan.dilute(2000, 500, 20),
    "prime": lambda root: plan.prime(1),
    "bridge": lambda root: plan.bridge(500, 2000, 1, 300),
    "refill": lambda root: plan.refill(18, 2, 300, 500),
    "residual": lambda root: plan.residual(10, 8, 20),
    "csf": lambda root: of_profile(root),
}


def of_profile(root):
    profile = load_profile(root / "host_tools/titrate/examples/night-step.toml")
    request = BolusRequest(3600, 20_000, 1800)
    return plan.csf(profile.programme, 4, profile.fill_nl, 0, [request])


def mentioned(result: plan.Result) -> set[str]:
    """The rules that a result names to a person: as its rule, its caution, or in a warning."""
    in_warnings = re.findall(r"B\d+", " ".join(result.warnings))
    return {*result.rules, *result.cautions, *in_warnings}


def test_the_rules_are_b1_to_b70_in_order():
    assert list(plan.rules()) == [f"B{number}" for number in range(1, 71)]
    for rule in plan.rules().values():
        assert rule.statement.endswith("."), rule.number
        assert rule.figure, rule.number


@pytest.mark.rule("B2", "B26", "B28", "B33", "B34", "B35", "B36", "B37", "B38", "B42", "B44")
@pytest.mark.rule("B49", "B52", "B53", "B55", "B57", "B58", "B59", "B63", "B64", "B65", "B70")
def test_what_a_person_has_to_do_is_told_by_each_calculation_that_says_so(root):
    told = [rule for rule in plan.rules().values() if rule.how == "told"]
    assert len(told) == 21
    for rule in told:
        for where in rule.where:
            result = EXAMPLES[where.rpartition(".")[2]](root)
            assert rule.number in mentioned(result), f"{where} does not tell {rule.number}"


def test_what_is_told_is_on_the_screen_and_in_json(capsys):
    words = ["plan", "start", "--test-dose", "75 mcg", "--response-hours", "6"]
    assert main(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert main([*words, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    for number in ("B33", "B36", "B44"):
        assert plan.rules()[number].text in shown
        assert plan.rules()[number].text in [each["text"] for each in values["cautions"]]


def test_a_rule_without_its_test_fails_the_check(root):
    assert evidence.problems(root) == []
    rule = plan.Rule("B71", "x", "Something.", "1 h", "computed", ("titrate.plan.start",))
    rules = {**plan.rules(), "B71": rule}
    assert evidence.problems(root, rules) == ["B71 is computed, but no test is marked with it"]


def test_each_other_fault_of_the_rulebook_is_found(root):
    def faults(**changes):
        values = {"number": "B10", "topic": "x", "statement": "S.", "figure": "1"}
        values |= {"how": "computed", "where": ("titrate.plan.start",)} | changes
        return evidence.problems(root, {**plan.rules(), "B10": plan.Rule(**values)})

    assert faults() == []
    assert "nobody knows" in faults(how="somehow")[0]
    assert "no reason" in faults(how="cannot", where=())[0]
    assert "where" in faults(where=())[0]
    assert "titrate.plan.stat" in faults(where=("titrate.plan.stat",))[0]
    without = {number: rule for number, rule in plan.rules().items() if number != "B10"}
    assert any("no such rule" in problem for problem in evidence.problems(root, without))


def test_markers_and_docstrings_are_read_from_the_syntax_trees(tmp_path):
    folder = tmp_path / "tests" / "portable"
    folder.mkdir(parents=True)
    (folder / "test_x.py").write_text(
        "class LibraryTest(unittest.TestCase):\n"
        "    def test_limit(self):\n"
        '        """The limit holds.\n\n        Rules: B13, B14.\n        """\n'
        "@pytest.mark.rule('B1', 'B2')\n@pytest.mark.rule('B3')\n"
        "def test_y():\n    pass\n"
        "@pytest.mark.rule('B4')\ndef helper():\n    pass\n"
    )
    (folder / "helpers.py").write_text("@pytest.mark.rule('B5')\ndef test_z():\n    pass\n")
    method = "tests/portable/test_x.py::LibraryTest::test_limit"
    test = "tests/portable/test_x.py::test_y"
    assert evidence.tests_of_rules(tmp_path) == {
        "B13": [method],
        "B14": [method],
        "B1": [test],
        "B2": [test],
        "B3": [test],
    }


def test_every_test_that_the_page_names_is_one_that_pytest_finds(root):
    named = {name for names in evidence.tests_of_rules(root).values() for name in names}
    page = (root / "host_tools/docs/rules.md").read_text()
    assert set(re.findall(r"`(tests/[^`]+)`", page)) == named
    files = sorted({name.partition("::")[0] for name in named})
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *files],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    collected = {line.partition("[")[0] for line in found.splitlines()}
    assert named - collected == set()


def test_the_pages_are_as_they_would_be_written(root):
    assert (root / "host_tools/docs/rules.md").read_text() == rules_page.text(root)
    assert (root / "host_tools/docs/plan.md").read_text() == plan_page.text(root)


def test_no_page_gives_plasma_in_milligrams(root):
    wrong = "mg/mL"
    for folder in ("host_tools", "firmware", "boards"):
        for path in [*(root / folder).rglob("*.md"), *(root / folder).rglob("*.toml")]:
            for line in path.read_text("utf-8").splitlines():
                assert not ("lasma" in line and re.search(rf"(?<![a-z]){wrong}", line)), path
    assert "0 to 5 ng/mL" in plan.rules()["B50"].figure


def test_every_function_of_the_api_has_a_command_and_an_example():
    assert set(plan_page.EXAMPLES) == set(plan_page.plan.commands)
    api = {name for name in plan.__all__ if name[0].islower()}
    others = {"judged_by", "read_log", "rules", "refill_of", "dose", "titrate_history"}
    assert {name.replace("_", "-") for name in api - others} == set(plan_page.plan.commands)
