"""firmware/docs/hazards.md: hazard, requirement, mitigation, tests; and what of it is missing.

A pytest test says with @pytest.mark.hazard("H1", ...) which hazards it is evidence for, a portable
test in a line of its docstring: "Hazards: H1, H2."
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from titrate.reference.evidence import marked_tests

_MARK = "pytest.mark.hazard"
_LINE = re.compile(r"^\s*Hazards?: ((?:H\d+(?:, )?)+)\.?$", re.MULTILINE)
_SOURCE = "firmware/docs/hazards.toml"

_HEAD = """# Hazards and their evidence

Made by `python -m titrate.reference` from `hazards.toml` beside this page and from the markers of
the tests; `--check` fails when a hazard has no test, or a requirement no hazard and no reason.

Bench and research use only, not for use on people: this is no risk analysis of a medical device.

Requirements G1 to G36 are those of the Generic Infusion Pump model (GIP v1.0), in our own words and
with our numbers; O1 and up are this project's.

## Hazards

| | hazard | required | what is done | tests |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Hazard:
    """What can go wrong, and what is done."""

    number: str
    title: str
    requirements: list[str]
    mitigation: str


@dataclass(frozen=True)
class Requirement:
    """What is required; not_applicable is the reason why not here, or ""."""

    number: str
    statement: str
    not_applicable: str = ""


def declared(root: Path) -> tuple[list[Hazard], list[Requirement]]:
    """Hazards and requirements of the repository."""
    content = tomllib.loads((root / _SOURCE).read_text("utf-8"))
    return (
        [Hazard(**each) for each in content["hazard"]],
        [Requirement(**each) for each in content["requirement"]],
    )


def problems(root: Path) -> list[str]:
    """What is missing between hazards, requirements and tests, a sentence each."""
    hazards, requirements = declared(root)
    tests = marked_tests(root, _MARK, _LINE)
    numbers = {hazard.number for hazard in hazards}
    named = {number for hazard in hazards for number in hazard.requirements}
    known = {requirement.number for requirement in requirements}
    found = [
        f"{number} is marked at {names[0]}, but there is no such hazard"
        for number, names in tests.items()
        if number not in numbers
    ]
    found += [
        f"the hazard {number} has no test that is marked with it"
        for number in sorted(numbers - set(tests))
    ]
    found += [f"a hazard names {number}, which is no requirement" for number in named - known]
    missing = {f"G{number}" for number in range(1, 37)} - known
    found += [f"the requirement {number} is not in {_SOURCE}" for number in sorted(missing)]
    for requirement in requirements:
        if requirement.number in named and requirement.not_applicable:
            found.append(f"{requirement.number} is not applicable, but a hazard names it")
        if requirement.number not in named and not requirement.not_applicable:
            found.append(f"{requirement.number} has neither a hazard nor a reason why not")
    return found


def text(root: Path) -> str:
    """The page's text.

    Args:
        root: the repository's, with its tests.
    """
    hazards, requirements = declared(root)
    tests = marked_tests(root, _MARK, _LINE)
    parts = [_HEAD]
    for hazard in hazards:
        shown = "<br>".join(f"`{name}`" for name in tests.get(hazard.number, [])) or "**missing**"
        parts.append(
            f"| {hazard.number} | {hazard.title} | {', '.join(hazard.requirements)} "
            f"| {hazard.mitigation} | {shown} |\n"
        )
    parts.append("\n## Requirements\n\n| | requirement | hazards |\n| --- | --- | --- |\n")
    for requirement in requirements:
        of = [each.number for each in hazards if requirement.number in each.requirements]
        shown = ", ".join(of) or f"not applicable: {requirement.not_applicable}"
        parts.append(f"| {requirement.number} | {requirement.statement} | {shown} |\n")
    return "".join(parts)
