"""The same sources give the same image, wherever and however often they are built."""

import json
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def elsewhere(root, tmp_path):
    """The sources in another place, with what was fetched linked in and no object compiled."""
    for folder in ("firmware", "boards"):
        shutil.copytree(root / folder, tmp_path / folder, symlinks=True)
    (tmp_path / "build").mkdir()
    fetched = [root / "build" / name for name in ("downloads", "toolchain", "micropython")]
    fetched += root.glob("build/cmake-*")
    for path in fetched:
        (tmp_path / "build" / path.name).symlink_to(path)
    return tmp_path


def build(place):
    """Build the standard board's image there; what firmware.json says of it."""
    done = subprocess.run(
        [sys.executable, place / "firmware/image/build_uf2.py", "--board", "pico_tmc2209"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((place / "build/pico_tmc2209/firmware.json").read_text())


def test_an_image_compiled_anew_in_another_place_is_the_same_to_the_byte(root, elsewhere):
    again = build(elsewhere)
    here = json.loads((root / "build/pico_tmc2209/firmware.json").read_text())
    assert again["inputs_sha256"] == here["inputs_sha256"]
    assert again["image_sha256"] == here["image_sha256"]
