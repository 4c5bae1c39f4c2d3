"""Everything that this repository's .venv is made of has one exact version in pyproject.toml."""

import importlib.metadata
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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
