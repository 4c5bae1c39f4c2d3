"""Everything that this repository's .venv is made of has one exact version in pyproject.toml."""

import ast
import importlib.metadata
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def imported(folder: Path) -> set[str]:
    """First names of everything that the Python files of a folder import, wherever they do."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names)


@pytest.mark.parametrize(("folder", "by"), [("host_tools", "users"), ("tests", "developers")])
def test_every_package_that_is_imported_is_declared(folder, by, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"]
    if by == "developers":
        lines = lines + project["optional-dependencies"]["dev"]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    distributions = importlib.metadata.packages_distributions()
    needed = {
        canonicalize_name(name): module
        for module in imported(root / folder)
        for name in distributions.get(module, ())
    }
    needed.pop("titrate", None)
    assert {module for name, module in needed.items() if name not in declared} == set()
    assert "rich" in needed or "pytest" in needed


def test_everything_that_is_installed_is_pinned_at_its_version(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pinned = {}
    for line in extras["dev"] + extras["locked"]:
        requirement = Requirement(line)
        (exactly,) = requirement.specifier
        assert exactly.operator == "=="
        pinned[canonicalize_name(requirement.name)] = exactly.version

    needed = [Requirement(line) for line in project["dependencies"] + extras["dev"]]
    met = {}
    while needed:
        requirement = needed.pop()
        name = canonicalize_name(requirement.name)
        if name in met or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found = importlib.metadata.distribution(name)
        met[name] = found.version
        needed += [Requirement(line) for line in found.requires or ()]
    assert met == {name: version for name, version in pinned.items() if name in met}
    assert set(pinned) == set(met)


def test_the_version_is_declared_once(root):
    from pump.version import VERSION

    assert importlib.metadata.version("titrate") == VERSION
    assert f"## [{VERSION}]" in (root / "CHANGELOG.md").read_text()
