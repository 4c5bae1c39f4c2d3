"""Writes the generated files of the repository.

    python -m titrate.reference            write them all
    python -m titrate.reference --check    only name those that are out of date

Exit status 1 when --check finds one, and when a rule, an alarm, a hazard or a fault is
without its test.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from titrate.deploy import package_json
from titrate.equipment import page as equipment_page
from titrate.equipment import schema as equipment_schema
from titrate.profile import page as profile_page
from titrate.profile import schema as profile_schema
from titrate.reference import (
    alarm_evidence,
    alarms_page,
    commands_page,
    evidence,
    faults_page,
    hazards_page,
    plan_page,
    protocol_page,
    replies_module,
    rules_page,
)

ROOT = Path(__file__).resolve().parents[3]

FILES: dict[str, Callable[[], str]] = {
    "firmware/docs/alarms.md": lambda: alarms_page.text(ROOT),
    "firmware/docs/faults.md": lambda: faults_page.text(ROOT),
    "firmware/docs/hazards.md": lambda: hazards_page.text(ROOT),
    "firmware/docs/protocol.md": protocol_page.text,
    "host_tools/docs/commands.md": commands_page.text,
    "host_tools/docs/equipment.md": equipment_page.text,
    "host_tools/titrate/equipment/schema.json": equipment_schema.text,
    "host_tools/docs/plan.md": lambda: plan_page.text(ROOT),
    "host_tools/docs/profile.md": profile_page.text,
    "host_tools/titrate/profile/schema.json": profile_schema.text,
    "host_tools/docs/rules.md": lambda: rules_page.text(ROOT),
    "host_tools/titrate/client/replies.py": replies_module.text,
    "firmware/package.json": lambda: package_json.text(ROOT / "firmware"),
}


def outdated(root: Path = ROOT) -> list[str]:
    """The generated files whose content is not what would be written."""
    return [
        name
        for name, make in FILES.items()
        if not (root / name).exists() or (root / name).read_text() != make()
    ]


def write(root: Path = ROOT) -> list[str]:
    """Write the files that are out of date; returns their names."""
    names = outdated(root)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(FILES[name]())
    return names


if __name__ == "__main__":
    checking = "--check" in sys.argv[1:]
    for name in outdated() if checking else write():
        print(f"{name} is out of date: python -m titrate.reference" if checking else name)
    problems = evidence.problems(ROOT) + alarm_evidence.problems(ROOT)
    problems += hazards_page.problems(ROOT) + faults_page.problems(ROOT)
    for sentence in problems:
        print(sentence)
    sys.exit(1 if problems or (checking and outdated()) else 0)
