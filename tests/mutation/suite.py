"""The tests that are run against mutants: the portable ones, then properties.

The files of tests/host are taken as they are, their parameters too, but look at fewer examples.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import itertools
import sys
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parents[2]
PORTABLE = ROOT / "tests" / "portable"
HOST = ROOT / "tests" / "host"
FIRMWARE = ROOT / "firmware"

HOST_FILES = (
    "test_properties_delivery",
    "test_properties_controller",
    "test_properties_journal",
)
EXAMPLES = 15


class HostCase:
    """A function of tests/host with its parameters, to be run as a unittest case is."""

    def __init__(self, module: str, call: Callable[..., None], values: dict[str, Any]):
        self._module = module
        self._call = call
        self._values = values

    def id(self) -> str:
        """File, function and parameters."""
        shown = ", ".join(str(value) for value in self._values.values())
        return f"{self._module}.{self._call.__name__}" + (f"[{shown}]" if shown else "")

    def run(self, result: unittest.TestResult) -> None:
        """Run it; tells the result of a failure."""
        result.testsRun += 1
        try:
            self._call(**self._values)
        except Exception:
            result.errors.append((self, ""))


Case = unittest.TestCase | HostCase


def prepare() -> None:
    """Find the tests, and look at the same few examples every time; before they are imported."""
    sys.path[:0] = [str(PORTABLE), str(HOST), str(FIRMWARE)]
    settings.register_profile(
        "mutants",
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=EXAMPLES,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=tuple(HealthCheck),
    )
    settings.load_profile("mutants")


def portable() -> list[Case]:
    """The portable tests, as tests/portable/run.py lists them, in the order of their names."""
    spec = importlib.util.spec_from_file_location("portable_run", PORTABLE / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[Case] = []
    suites = [unittest.defaultTestLoader.loadTestsFromNames(module.MODULES)]
    while suites:
        for part in suites.pop():
            if isinstance(part, unittest.TestSuite):
                suites.append(part)
            else:
                found.append(part)
    return sorted(found, key=lambda case: case.id())


def host() -> list[Case]:
    """The tests of HOST_FILES that need no fixture."""
    found: list[Case] = []
    for name in HOST_FILES:
        module = importlib.import_module(name)
        for function, call in vars(module).items():
            if function.startswith("test_"):
                found += [HostCase(name, call, values) for values in _parameters(call)]
    return found


def _parameters(call: Callable[..., None]) -> Iterator[dict[str, Any]]:
    marks = [mark for mark in getattr(call, "pytestmark", ()) if mark.name == "parametrize"]
    for chosen in itertools.product(*(mark.args[1] for mark in marks)):
        values: dict[str, Any] = {}
        for mark, value in zip(marks, chosen, strict=True):
            names = mark.args[0]
            if isinstance(names, str):
                values[names] = value
            else:
                values.update(zip(names, value, strict=True))
        if set(inspect.signature(call).parameters) <= values.keys():
            yield values
