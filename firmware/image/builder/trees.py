"""Makes the two unpacked trees that a build works with: the compiler, and MicroPython.

A tree is put together in a folder of its own and renamed at the end, so that one that is there
is whole. It says which pins and which version of this file it was made from.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .console import BuildError, say
from .packages import unpack_archive, unpack_deb
from .pins import Package, Pins

Fetch = Callable[[Package], Path]

_STAMP = ".made-from"
# The RP2040's cores are ARMv6-M without a floating point unit; the compiler's libraries for all
# other ARM cores take ten times the room.
_LIBRARIES = "thumb/v6-m"
_LIBRARY_FOLDERS = ("usr/lib/gcc/arm-none-eabi/", "usr/lib/arm-none-eabi/newlib/")


def prepare_toolchain(pins: Pins, architecture: str, build: Path, fetch: Fetch) -> Path:
    """build/toolchain, made if it is not there or the pins have changed; returns its bin folder.

    Raises BuildError when a package cannot be had or the compiler does not start.
    """
    folder = build / "toolchain"

    def make(part: Path) -> None:
        for package in pins.of_tree("toolchain"):
            deb = fetch(package)
            say(f"unpacking {package.name} {package.version}")
            unpack_deb(deb, part, _wanted_of_toolchain)
        arm = part / "usr/lib/arm-none-eabi"
        (arm / "lib").symlink_to("newlib")
        (arm / "include").symlink_to("../../include/newlib")
        # The C++ driver names this library at every link. MicroPython takes nothing from it, and
        # the real one is 300 MB to fetch, so an empty archive stands in its place.
        (arm / "newlib" / _LIBRARIES / "nofp/libstdc++.a").write_bytes(b"!<arch>\n")
        _check_compiler(part / "usr/bin/arm-none-eabi-gcc")

    _make_tree(folder, pins.tree_digest("toolchain", architecture), make)
    return folder / "usr/bin"


def prepare_micropython(pins: Pins, architecture: str, build: Path, fetch: Fetch) -> Path:
    """build/micropython/micropython, made if it is not there or the pins have changed.

    It holds MicroPython as released, with mbedTLS, TinyUSB and the Pico SDK linked in where its
    submodules would be, and mpy-cross built. Returns its root.

    Raises BuildError when a package cannot be had or mpy-cross does not build.
    """
    folder = build / "micropython"

    def make(part: Path) -> None:
        for package in pins.of_tree("micropython"):
            archive = fetch(package)
            say(f"unpacking {package.name} {package.version}")
            if package.form == "source":
                unpack_archive(archive, part / package.name)
            else:
                name = package.name.removesuffix("-source")
                unpack_deb(archive, part / name, lambda _path: True, strip=f"usr/src/{name}")
        root = part / "micropython"
        for name in ("mbedtls", "pico-sdk", "tinyusb"):
            place = root / "lib" / name
            if place.is_dir():
                place.rmdir()
            place.symlink_to(f"../../{name}")
        # The port's build asks for this file to see whether the library submodule is there;
        # nothing from that library is frozen.
        library = root / "lib/micropython-lib"
        library.mkdir(exist_ok=True)
        (library / "README.md").touch()
        build_mpy_cross(root, pins.micropython_version)

    _make_tree(folder, pins.tree_digest("micropython", architecture), make)
    return folder / "micropython"


def build_mpy_cross(root: Path, version: str = "") -> None:
    """Builds the MicroPython cross compiler with this machine's own C compiler.

    version: goes into it in place of what git says, when the tree is not a git checkout.
    Raises BuildError with the compiler's last lines when it does not build.
    """
    say("building mpy-cross")
    environment = clean_environment()
    if version:
        environment["MICROPY_GIT_TAG"] = f"v{version}"
    done = subprocess.run(
        # A newer host compiler may warn where the release was silent; that is no error here.
        ["make", "-C", str(root / "mpy-cross"), "-j2", "CFLAGS_EXTRA=-Wno-error",
         f"PYTHON={sys.executable}"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise BuildError(f"{tail}\nmpy-cross does not build with this machine's gcc: see above")


def clean_environment() -> dict[str, str]:
    """This process's environment without what would change a build behind its back: compiler
    flags, make's own flags, and settings of the Pico SDK, MicroPython and CMake."""
    dropped = {"CFLAGS", "CXXFLAGS", "CPPFLAGS", "ASFLAGS", "ASMFLAGS", "LDFLAGS", "CC", "CXX",
               "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BOARD", "V",
               "SOURCE_DATE_EPOCH"}  # fmt: skip
    return {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith(("PICO_", "MICROPY_", "CMAKE_", "GCC_"))
    } | {"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def _wanted_of_toolchain(path: str) -> bool:
    if path.startswith("usr/share/"):
        return False
    if path.startswith(_LIBRARY_FOLDERS) and ("/thumb/" in path or "/arm/" in path):
        return f"/{_LIBRARIES}/" in path
    return True


def _check_compiler(program: Path) -> None:
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(
            f"the unpacked compiler does not start here ({done.stderr.strip()}): it needs the "
            "libraries that this machine's own gcc needs; install them with `sudo apt-get "
            "install gcc g++`"
        )


def _make_tree(folder: Path, pinned: str, make: Callable[[Path], None]) -> None:
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    made_from = f"{pinned}\n{recipe}\n"
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text() == made_from:
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    make(part)
    (part / _STAMP).write_text(made_from)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
