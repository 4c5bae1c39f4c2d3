"""firmware/docs/faults.md: injected fault, alarm, its time, what was delivered meanwhile, tests.

A pytest test says with @pytest.mark.fault("F1", ...) which faults it injects, a portable test in a
line of its docstring: "Faults: F1, F2."
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pump.core.alarms import ALARMS
from titrate.reference.evidence import marked_tests

_MARK = "pytest.mark.fault"
_LINE = re.compile(r"^\s*Faults?: ((?:F\d+(?:, )?)+)\.?$", re.MULTILINE)
_SOURCE = "firmware/docs/faults.toml"

_HEAD = """# Injected faults and what becomes of them

Made by `python -m titrate.reference` from `faults.toml` beside this page and from the markers of
the tests; `--check` fails when a fault has no test. Those under `tests/virtual_pico` inject it into
the image as shipped, on the emulated RP2040. "Committed ahead" is the programme's `commit_ahead`,
and 6 s of delivery at most; the service looks every 2 s or faster.

| | fault | told as | within | delivered meanwhile | tests |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Fault:
    """A fault, and what must follow from it.

    Attributes:
        alarms: those of which one or more are raised; none where nothing is wrong for long.
        within: how soon.
        delivered: the most that is delivered meanwhile.
        why: why there is no alarm, where somebody might miss one; or "".
    """

    number: str
    title: str
    alarms: list[str]
    within: str
    delivered: str
    why: str = ""


def declared(root: Path) -> list[Fault]:
    """The faults of the repository."""
    content = tomllib.loads((root / _SOURCE).read_text("utf-8"))
    return [Fault(**each) for each in content["fault"]]


def problems(root: Path) -> list[str]:
    """What is missing between faults, alarms and tests, a sentence each."""
    faults = declared(root)
    tests = marked_tests(root, _MARK, _LINE)
    numbers = {fault.number for fault in faults}
    found = [
        f"{number} is marked at {names[0]}, but there is no such fault"
        for number, names in tests.items()
        if number not in numbers
    ]
    found += [
        f"the fault {number} has no test that is marked with it"
        for number in sorted(numbers - set(tests))
    ]
    found += [
        f"the fault {fault.number} names {alarm}, which is no alarm"
        for fault in faults
        for alarm in fault.alarms
        if alarm not in ALARMS
    ]
    return found


def text(root: Path) -> str:
    """The page's text.

    Args:
        root: the repository's, with its tests.
    """
    tests = marked_tests(root, _MARK, _LINE)
    parts = [_HEAD]
    for fault in declared(root):
        shown = "<br>".join(f"`{name}`" for name in tests.get(fault.number, [])) or "**missing**"
        alarms = ", ".join(f"`{alarm}`" for alarm in fault.alarms) or "no alarm"
        alarms += f": {fault.why}" if fault.why else ""
        parts.append(
            f"| {fault.number} | {fault.title} | {alarms} | {fault.within} "
            f"| {fault.delivered} | {shown} |\n"
        )
    return "".join(parts)
