"""`make demo`'s run, whole: the shipped image, programmed through its serial port."""

import subprocess
import sys


def test_the_demonstration_finds_every_step_as_prescribed(uf2, tmp_path, root):
    drawn = tmp_path / "demo.svg"
    done = subprocess.run(
        [sys.executable, "-m", "titrate.demo", "--uf2", uf2, "--picture", drawn],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AS PRESCRIBED" in done.stdout
    assert "NOT AS PRESCRIBED" not in done.stdout
    assert "low_reservoir" in done.stdout
    assert drawn.read_text().startswith("<?xml")
