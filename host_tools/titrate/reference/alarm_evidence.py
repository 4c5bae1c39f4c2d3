"""What raises each alarm and which tests show it: read from syntax trees of firmware and tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pump.core.alarms import ALARMS

_RAISING = {
    "raise_alarm",
    "raise_event",
    "stop_at_once",
    "_raise",
    "_set",
    "failed",
    "note_failed",
}
# The table itself and what is said of it are not what raises an alarm.
_TABLE = ("alarms.py", "alarm_texts.py")
_TABLE_TESTS = ("test_alarms.py", "test_annunciation.py")


def raised_by(root: Path) -> dict[str, list[str]]:
    """Modules of the firmware that raise each alarm, as "pump.core.monitor"."""
    calling: dict[str, list[str]] = {}
    naming: dict[str, list[str]] = {}
    for file in sorted((root / "firmware/pump").rglob("*.py")):
        if file.name in _TABLE:
            continue
        module = ".".join(file.relative_to(root / "firmware").with_suffix("").parts)
        tree = ast.parse(file.read_text("utf-8"))
        for code in _codes(tree):
            naming.setdefault(code, []).append(module)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for code in {c for call in calls if _name(call) in _RAISING for c in _codes(call)}:
            calling.setdefault(code, []).append(module)
    return {code: calling.get(code, naming.get(code, [])) for code in ALARMS}


def tests_of_alarms(root: Path) -> dict[str, list[str]]:
    """The tests that name each alarm, as "path::test"."""
    found: dict[str, list[str]] = {code: [] for code in ALARMS}
    for file in sorted((root / "tests").rglob("test_*.py")):
        if file.name in _TABLE_TESTS:
            continue
        path = file.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                for code in _codes(node):
                    found[code].append(f"{path}::{node.name}")
    return found


def problems(root: Path) -> list[str]:
    """What is missing between the table, what raises its alarms, and their tests."""
    raising = raised_by(root)
    tests = tests_of_alarms(root)
    found = []
    for code in ALARMS:
        if not raising[code]:
            found.append(f"the alarm {code} is declared, but nothing raises it")
        if raising[code] and not tests[code]:
            found.append(f"the alarm {code} is raised, but no test names it")
    return found


def _codes(tree: ast.AST) -> Iterator[str]:
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in ALARMS and node.value not in seen:
                seen.add(node.value)
                yield node.value


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
