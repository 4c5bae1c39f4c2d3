"""The shape of the repository: what lies at the top, what each folder says, what no file holds."""

import re
import subprocess

import pytest

TOP = {
    ".ci",
    ".gitignore",
    "boards",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "firmware",
    "host_tools",
    "LICENSE",
    "Makefile",
    "pyproject.toml",
    "README.md",
    "tests",
}
LARGEST_BYTES = 512 * 1024

# The pieces are joined here so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.$}>])/(?:" + r"home|root|work|Users)/\w",
    "the host of a package registry": r"\b(?:"
    + r"\.|".join(("pypi", "pythonhosted", "npmjs", "yarnpkg"))
    + r"\.)(?:org|com)\b|\bdeb\."
    + r"debian\.org\b",
    "an unfinished mark": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
    "a test that is left out": r"pytest\.(?:mark\.)?(?:sk" + r"ip|xf" + r"ail)|unittest\.sk" + "ip",
}


@pytest.fixture(scope="module")
def files(root):
    """Every file of the project: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    found = [name for name in listed.split("\0") if name and (root / name).is_file()]
    assert "pyproject.toml" in found
    return sorted(found)


def test_the_top_folder_holds_what_the_design_names_and_nothing_else(files):
    assert {name.split("/")[0] for name in files} == TOP


def test_every_folder_that_a_newcomer_opens_says_what_lives_there(root):
    opened = ("firmware", "firmware/*", "firmware/pump/*", "host_tools", "host_tools/titrate")
    opened += ("boards", "boards/*", "tests", "tests/*")
    folders = {path for pattern in opened for path in root.glob(pattern) if path.is_dir()}
    silent = {
        path.relative_to(root).as_posix()
        for path in folders
        if path.name not in ("docs", "__pycache__") and not (path / "README.md").is_file()
    }
    assert silent == set()
    assert len(folders) >= 14


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what, root, files):
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for name in files:
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "cd /" + "work/main"),
        ("a path of one machine", '"/' + 'home/someone/x"'),
        ("the host of a package registry", "https://" + "pypi" + ".org/simple"),
        ("the host of a package registry", "http://deb" + ".debian.org/debian"),
        ("an unfinished mark", "# TO" + "DO later"),
        ("a test that is left out", "@pytest.mark.sk" + "ip"),
    ],
)
def test_the_search_finds(what, line):
    assert re.search(FORBIDDEN[what], line)


def test_no_file_is_larger_than_512_kib(root, files):
    large = {name: (root / name).stat().st_size for name in files}
    assert {name: size for name, size in large.items() if size > LARGEST_BYTES} == {}
