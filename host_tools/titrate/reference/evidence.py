"""Which tests give evidence for which rule: read from the tests' syntax trees.

A pytest test says so with @pytest.mark.rule("B10", ...). A portable test, which has no pytest,
says so in a line of its docstring: "Rules: B13, B14."
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from titrate.plan.rulebook import CANNOT, COMPUTED, ENFORCED, TOLD, Rule, rules

_MARK = "pytest.mark.rule"
_LINE = re.compile(r"^\s*Rules?: ((?:B\d+(?:, )?)+)\.?$", re.MULTILINE)


def tests_of_rules(root: Path) -> dict[str, list[str]]:
    """The tests of each rule that one is marked with, as "path::test"."""
    return marked_tests(root, _MARK, _LINE)


def marked_tests(root: Path, mark: str, line: re.Pattern[str]) -> dict[str, list[str]]:
    """The tests of each number that one is marked with, as "path::test".

    Args:
        root: the repository's.
        mark: the marker of pytest tests, in full.
        line: the line in the docstring of a portable test; its group holds the numbers.
    """
    found: dict[str, list[str]] = {}
    for file in sorted((root / "tests").rglob("test_*.py")):
        path = file.relative_to(root).as_posix()
        for name, numbers in _marked(ast.parse(file.read_text("utf-8")), path, mark, line):
            for number in numbers:
                found.setdefault(number, []).append(name)
    return found


def problems(root: Path, declared: dict[str, Rule] | None = None) -> list[str]:
    """What is wrong between the rules and their evidence, a sentence each.

    Args:
        root: the repository's.
        declared: the rules; else those of the rulebook.
    """
    known = rules() if declared is None else declared
    tests = tests_of_rules(root)
    found = [
        f"{number} is marked at {names[0]}, but there is no such rule"
        for number, names in tests.items()
        if number not in known
    ]
    for rule in known.values():
        if rule.how not in (COMPUTED, ENFORCED, TOLD, CANNOT):
            found.append(f"{rule.number}: nobody knows how {rule.how!r} is done")
        elif rule.how == CANNOT:
            if not rule.note:
                found.append(f"{rule.number} cannot be done by software, but no reason is given")
        else:
            if rule.number not in tests:
                found.append(f"{rule.number} is {rule.how}, but no test is marked with it")
            if not rule.where:
                found.append(f"{rule.number} is {rule.how}, but it does not say where")
        found += [
            f"{rule.number} names {where}, which is not there"
            for where in rule.where
            if not _exists(where)
        ]
    return found


def _marked(
    tree: ast.Module, path: str, mark: str, line: re.Pattern[str]
) -> Iterator[tuple[str, list[str]]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from _numbers(node, f"{path}::{node.name}", mark, line)
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    yield from _numbers(each, f"{path}::{node.name}::{each.name}", mark, line)


def _numbers(
    node: ast.FunctionDef, name: str, mark: str, line: re.Pattern[str]
) -> Iterator[tuple[str, list[str]]]:
    if not node.name.startswith("test"):
        return
    found = [
        str(ast.literal_eval(word))
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == mark
        for word in decorator.args
    ]
    for numbers in line.findall(ast.get_docstring(node) or ""):
        found += numbers.split(", ")
    if found:
        yield name, found


def _exists(where: str) -> bool:
    """Whether a full name leads to something: a module, or an attribute of one."""
    parts = where.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False
