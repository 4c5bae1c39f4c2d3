"""Builds the firmware image of a board: build/<board>/firmware.uf2, and facts in firmware.json.

MicroPython, its compiler and everything else that goes in is fetched at the versions and
checksums in sources.toml, kept under build/, and never installed. The same inputs give the same
bytes on every machine. An image that is up to date is left alone.
"""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("build_uf2.py needs Python 3.11 or newer: install it with `sudo apt-get install "
             "python3`, or run this with the newer one you have")  # fmt: skip

from builder.compiling import Job, compile_firmware
from builder.console import BuildError, say
from builder.facts import read_facts
from builder.inputs import digest_of, frozen_files, read_version, recipe_files, source_digest
from builder.mirror import find_mirrors
from builder.packages import NotOnMirror, fetch, sha256_of
from builder.pins import Package, Pins, read_pins
from builder.repin import explain_missing, repin
from builder.seal import seal_uf2
from builder.tools import check_for_own_checkout, check_for_packages, prepare_cmake
from builder.trees import build_mpy_cross, prepare_micropython, prepare_toolchain

ROOT = Path(__file__).resolve().parents[2]
IMAGE_FOLDER = Path(__file__).resolve().parent
BUILD = ROOT / "build"
DOWNLOADS = BUILD / "downloads"
SOURCES = IMAGE_FOLDER / "sources.toml"

STOCK = "stock"
# The RP2040's family in a UF2 file (github.com/microsoft/uf2, utils/uf2families.json).
_RP2040_FAMILY = "0xe48bff56"


def main(arguments: list[str]) -> int:
    """Does what the command line asks; returns the exit status: 0 done, 2 not done."""
    options = _parse(arguments)
    try:
        pins = read_pins(SOURCES)
        with _only_build_here():
            if options.repin:
                repin(pins, SOURCES, find_mirrors(), BUILD / "apt")
            else:
                _build_image(pins, options)
    except BuildError as error:
        print(f"build_uf2: {error}", file=sys.stderr)
        return 2
    except (InterruptedError, KeyboardInterrupt):
        print("build_uf2: interrupted; the next run goes on from what is whole", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    boards = sorted(path.name for path in (ROOT / "boards").iterdir() if path.is_dir())
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--board", choices=boards, help="a folder under boards/")
    what.add_argument(
        "--stock", action="store_true",
        help="MicroPython alone for a Raspberry Pi Pico, in build/stock",
    )  # fmt: skip
    what.add_argument(
        "--repin", action="store_true",
        help="pin in sources.toml what the Debian mirror has now, and build nothing",
    )  # fmt: skip
    parser.add_argument(
        "--micropython", type=Path, metavar="DIR",
        help="your own MicroPython checkout with its submodules, compiled with the "
        "arm-none-eabi-gcc and cmake on PATH; nothing is fetched, nothing is pinned",
    )  # fmt: skip
    return parser.parse_args(arguments)


@contextmanager
def _only_build_here() -> Iterator[None]:
    """Lets one build at a time work under build/; another one waits for it."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # make takes the lock over: if this process is killed, the next build waits for make's end.
        os.set_inheritable(lock.fileno(), True)
        yield


def _build_image(pins: Pins, options: argparse.Namespace) -> None:
    started = time.monotonic()
    board_folder = None if options.stock else ROOT / "boards" / options.board
    if board_folder is not None and not (board_folder / "mpconfigboard.cmake").is_file():
        buildable = (path.parent.name for path in (ROOT / "boards").glob("*/mpconfigboard.cmake"))
        raise BuildError(
            f"there is no image for {options.board}: boards/{options.board}/README.md says why; "
            f"there are images for {', '.join(sorted(buildable))}"
        )
    output = BUILD / (STOCK if options.stock else options.board)
    uf2 = output / "firmware.uf2"
    shown = uf2.relative_to(ROOT)
    inputs = _inputs_digest(board_folder)
    known = _read_facts_file(output)
    if (
        options.micropython is None
        and known.get("inputs_sha256") == inputs
        and uf2.is_file()
        and sha256_of(uf2) == known.get("image_sha256")
    ):
        say(f"{shown} is up to date")
        _say_facts(known)
        return

    say(f"building {shown}")
    output.mkdir(parents=True, exist_ok=True)
    while True:
        job = _job(pins, options.micropython, output, board_folder)
        elf = compile_firmware(job)
        inputs_before, inputs = inputs, _inputs_digest(board_folder)
        if inputs == inputs_before:
            break
        say("a source file has changed meanwhile; building again")
    facts = read_facts(elf, job.compiler_folder)
    part = output / "firmware.uf2.part"
    _make_uf2(job, elf.with_suffix(".bin"), part)
    if board_folder is not None:
        seal_uf2(part, elf.with_suffix(".bin").read_bytes(), facts.flash_storage)
    part.replace(uf2)
    known = {
        "image": str(shown),
        "image_sha256": sha256_of(uf2),
        "micropython": _micropython_version(elf.parent),
        "bytes": asdict(facts),
        "inputs_sha256": inputs if options.micropython is None else "",
    }
    if board_folder is not None:
        known["board"] = board_folder.name
        known["version"] = read_version(ROOT)
        known["source_digest"] = source_digest(ROOT, board_folder)
    (output / "firmware.json").write_text(json.dumps(known, indent=2) + "\n")
    say(f"built {shown} in {time.monotonic() - started:.1f} s")
    _say_facts(known)


def _inputs_digest(board_folder: Path | None) -> str:
    """SHA-256 over everything in this tree that an image is made from."""
    return digest_of(
        [
            *recipe_files(IMAGE_FOLDER, board_folder),
            *frozen_files(ROOT, IMAGE_FOLDER, board_folder),
        ]
    )


def _job(
    pins: Pins,
    own_checkout: Path | None,
    output: Path,
    board_folder: Path | None,
) -> Job:
    """Has the compiler and MicroPython ready, and says how to compile with them."""
    if board_folder is None:
        board_options = (
            "-DMICROPY_BOARD=RPI_PICO",
            f"-DMICROPY_FROZEN_MANIFEST={IMAGE_FOLDER / 'stock_manifest.py'}",
        )
    else:
        board_options = (
            f"-DMICROPY_BOARD={board_folder.name}",
            f"-DMICROPY_BOARD_DIR={board_folder}",
        )
    compiler_folder = None
    environment = {}
    if own_checkout is not None:
        check_for_own_checkout()
        micropython = _check_checkout(own_checkout.resolve())
        cmake = "cmake"
        build_mpy_cross(micropython)
    else:
        architecture = check_for_packages()
        fetch_package = _fetcher(architecture)
        compiler_folder = prepare_toolchain(pins, architecture, BUILD, fetch_package)
        micropython = prepare_micropython(pins, architecture, BUILD, fetch_package)
        cmake = str(prepare_cmake(pins, BUILD, DOWNLOADS))
        # MicroPython's build would otherwise ask git and the clock.
        environment["MICROPY_GIT_TAG"] = f"v{pins.micropython_version}"
        environment["SOURCE_DATE_EPOCH"] = str(pins.source_date_epoch)
        environment["MICROPY_MPYCROSS"] = str(micropython / "mpy-cross/build/mpy-cross")
    return Job(
        micropython=micropython,
        objects=output / "objects",
        log=output / "compile.log",
        cmake=cmake,
        compiler_folder=compiler_folder,
        board_options=board_options,
        root=ROOT,
        environment=environment,
        recipe=digest_of(recipe_files(IMAGE_FOLDER, board_folder)),
    )


def _fetcher(architecture: str) -> Callable[[Package], Path]:
    mirrors = cache(find_mirrors)

    def fetch_package(package: Package) -> Path:
        try:
            return fetch(package, architecture, mirrors, DOWNLOADS)
        except NotOnMirror:
            raise explain_missing(package, mirrors(), BUILD / "apt") from None

    return fetch_package


def _check_checkout(checkout: Path) -> Path:
    if not (checkout / "ports/rp2/CMakeLists.txt").is_file():
        raise BuildError(f"{checkout} is not a MicroPython checkout: it has no ports/rp2")
    needed = {
        "lib/pico-sdk": "pico_sdk_init.cmake",
        "lib/tinyusb": "src/tusb.h",
        "lib/mbedtls": "library",
        "lib/micropython-lib": "README.md",
    }
    empty = [folder for folder, part in needed.items() if not (checkout / folder / part).exists()]
    if empty:
        raise BuildError(
            f"{checkout} lacks submodules: run `git -C {checkout} submodule update --init "
            f"{' '.join(empty)}`"
        )
    return checkout


def _make_uf2(job: Job, binary: Path, uf2: Path) -> None:
    script = job.micropython / "tools/uf2conv.py"
    done = subprocess.run(
        [sys.executable, str(script), "-f", _RP2040_FAMILY, "-b", "0x10000000", "-c",
         "-o", str(uf2), str(binary)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0 or not uf2.is_file():
        raise BuildError(f"{binary} cannot be made into a UF2: {done.stderr.strip()}")


def _micropython_version(objects: Path) -> str:
    for line in (objects / "genhdr/mpversion.h").read_text().splitlines():
        if "MICROPY_GIT_TAG" in line:
            return line.split('"')[1]
    return "unknown"


def _read_facts_file(output: Path) -> dict[str, object]:
    try:
        facts = json.loads((output / "firmware.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _say_facts(facts: dict[str, object]) -> None:
    sizes = facts["bytes"]
    assert isinstance(sizes, dict)
    say(f"  MicroPython      {facts['micropython']}")
    if "version" in facts:
        say(f"  Titrate          {facts['version']}, sources {facts['source_digest']}")
    say(f"  image in flash   {sizes['image']:,} bytes, text {sizes['text']:,}")
    say(f"  flash free       {sizes['flash_free']:,} bytes below the storage area")
    say(f"  flash storage    {sizes['flash_storage']:,} bytes")
    say(f"  RAM, static      {sizes['ram_static']:,} bytes")
    say(f"  RAM, heap        {sizes['heap']:,} bytes")
    say(f"  SHA-256          {facts['image_sha256']}")


if __name__ == "__main__":
    # Like any other command: quietly at an end when its reader has gone, as in `| head`.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
