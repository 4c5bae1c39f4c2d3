"""The tools that a build needs of the machine, and the private CMake that it brings along."""

import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .console import BuildError, say
from .packages import APT_HELPER, sha256_of
from .pins import Pins

# What is called by name, and the Debian package that brings it.
_HOST_TOOLS = {"make": "make", "gcc": "gcc", "g++": "g++"}
_OWN_CHECKOUT_TOOLS = {
    **_HOST_TOOLS,
    "cmake": "cmake",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "libstdc++-arm-none-eabi-newlib",
}


def check_for_packages() -> str:
    """Checks the tools for a build from pinned packages; returns the Debian architecture.

    Raises BuildError naming whatever is missing and the command that installs it.
    """
    if not APT_HELPER.exists() or shutil.which("dpkg-deb") is None:
        raise BuildError(
            "the compiler and MicroPython's source are fetched with Debian's apt and dpkg, which "
            "this machine has not: give --micropython DIR, a checkout of MicroPython with its "
            "submodules, and have arm-none-eabi-gcc and cmake on PATH"
        )
    missing = _missing(_HOST_TOOLS)
    if not _can_make_pip():
        missing["python3 venv"] = "python3-venv"
    _refuse_missing(missing)
    shown = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    return shown.stdout.strip()


def check_for_own_checkout() -> None:
    """Checks the tools for a build from the user's own MicroPython checkout.

    Raises BuildError naming whatever is missing and the command that installs it.
    """
    _refuse_missing(_missing(_OWN_CHECKOUT_TOOLS), "on Debian ")


def _missing(tools: dict[str, str]) -> dict[str, str]:
    return {tool: package for tool, package in tools.items() if shutil.which(tool) is None}


def _refuse_missing(missing: dict[str, str], where: str = "") -> None:
    if missing:
        packages = dict.fromkeys(" ".join(missing.values()).split())
        raise BuildError(
            f"this machine has no {', '.join(missing)}: install, {where}with `sudo apt-get "
            f"install {' '.join(packages)}`"
        )


def _can_make_pip() -> bool:
    return importlib.util.find_spec("pip") is not None or (
        importlib.util.find_spec("ensurepip") is not None
    )


def prepare_cmake(pins: Pins, build: Path, downloads: Path) -> Path:
    """The private CMake of the pinned version, fetched with pip and unpacked if it is not there.

    Raises BuildError when pip cannot fetch it or there is none for this machine.
    """
    machine = platform.machine()
    expected = pins.cmake_sha256.get(machine)
    if expected is None:
        raise BuildError(
            f"CMake is pinned for {', '.join(pins.cmake_sha256)}, not for this machine's "
            f"{machine}: give --micropython DIR"
        )
    folder = build / f"cmake-{pins.cmake_version}-{expected[:12]}"
    program = folder / "cmake/data/bin/cmake"
    if program.exists():
        return program
    wheel = _fetch_wheel(pins.cmake_version, expected, downloads)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, part))
            # A wheel's programs carry their mode in the upper half of this field.
            if path.is_file() and member.external_attr >> 16 & 0o111:
                path.chmod(0o755)
    part.rename(folder)
    return program


def _fetch_wheel(version: str, expected: str, downloads: Path) -> Path:
    downloads.mkdir(parents=True, exist_ok=True)
    for wheel in downloads.glob(f"cmake-{version}-*.whl"):
        if sha256_of(wheel) == expected:
            return wheel
        wheel.unlink()
    say(f"fetching cmake {version} with pip")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        python = _python_with_pip(scratch)
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"cmake=={version} --hash=sha256:{expected}\n")
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        done = subprocess.run(
            [
                python, "-m", "pip", "download", "--disable-pip-version-check", *options,
                "--requirement", str(requirements), "--dest", str(scratch),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = list(scratch.glob("*.whl"))
        if done.returncode != 0 or not found:
            if "DO NOT MATCH THE HASHES" in done.stderr:
                raise BuildError(
                    f"the package index gives a cmake {version} that is not the one pinned in "
                    "firmware/image/sources.toml: it was not used; check the index pip is set to"
                )
            reason = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
            raise BuildError(
                f"pip cannot fetch cmake {version} ({reason}): connect this machine to the "
                "network and run the same command again"
            )
        return Path(shutil.move(found[0], downloads / found[0].name))


def _python_with_pip(scratch: Path) -> str:
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    subprocess.run(
        [sys.executable, "-m", "venv", str(scratch / "venv")], check=True, capture_output=True
    )
    return str(scratch / "venv/bin/python")
