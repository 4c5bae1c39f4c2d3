"""Compiles MicroPython's rp2 port into firmware.elf and firmware.bin."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .console import BuildError, Progress, say
from .trees import clean_environment

_PERCENT = re.compile(r"^\[ *(\d+)%\]")


@dataclass(frozen=True)
class Job:
    """One compilation.

    micropython: the root of the MicroPython tree.
    objects: the folder that CMake works in.
    log: the file that everything CMake, make and the compiler say goes to.
    cmake: the CMake program.
    compiler_folder: the folder with arm-none-eabi-gcc, or None to take it from PATH.
    board_options: the CMake options that choose the board and what is frozen.
    root: the top of this tree; its path is kept out of the image.
    environment: settings beyond this process's own environment.
    recipe: whatever the objects depend on that make itself does not watch. Objects made from
        another recipe are thrown away.
    """

    micropython: Path
    objects: Path
    log: Path
    cmake: str
    compiler_folder: Path | None
    board_options: tuple[str, ...]
    root: Path
    environment: dict[str, str]
    recipe: str


def compile_firmware(job: Job) -> Path:
    """Runs CMake and make; returns firmware.elf, beside which firmware.bin lies.

    Objects of an earlier run are used again, also of one that found an error. When that run was
    broken off from outside, or the recipe has changed, everything is compiled afresh.

    Raises BuildError with the compiler's last lines when something does not compile.
    """
    objects = job.objects
    made_from = objects / "made-from.txt"
    broken_off = objects / "in-progress"
    recipe = f"{job.recipe}\n{_configure_command(job)}\n"
    whole = made_from.is_file() and made_from.read_text() == recipe and not broken_off.exists()
    if not whole:
        shutil.rmtree(objects, ignore_errors=True)
        objects.mkdir(parents=True)
    broken_off.touch()
    # make judges by time stamps, which a checkout of older files can deceive; compiling the
    # frozen modules again takes a second and cannot be wrong.
    shutil.rmtree(objects / "frozen_mpy", ignore_errors=True)
    (objects / "frozen_content.c").unlink(missing_ok=True)
    job.log.write_bytes(b"")
    if not whole:
        _run(job, "configuring", _configure_command(job))
        made_from.write_text(recipe)
    try:
        _run(
            job,
            "linking the changes in" if whole else "compiling MicroPython (a minute or two)",
            ["make", "-C", str(objects), f"-j{os.cpu_count() or 1}"],
        )
    except BuildError:
        # make came to its end by itself: what it has made is whole.
        broken_off.unlink()
        raise
    broken_off.unlink()
    return objects / "firmware.elf"


def _configure_command(job: Job) -> list[str]:
    command = [
        job.cmake,
        "-S", str(job.micropython / "ports/rp2"),
        "-B", str(job.objects),
        # Not the link in a virtual environment, which may be gone at the next run.
        f"-DPython3_EXECUTABLE={Path(sys.executable).resolve()}",
        # picotool would have to be fetched and built; the .bin is made into a UF2 by MicroPython's
        # own script instead.
        "-DPICO_NO_PICOTOOL=1",
        *job.board_options,
    ]  # fmt: skip
    if job.compiler_folder is not None:
        command.append(f"-DPICO_TOOLCHAIN_PATH={job.compiler_folder}")
    return command


def _environment(job: Job) -> dict[str, str]:
    environment = clean_environment() | job.environment
    if job.compiler_folder is not None:
        environment["PATH"] = f"{job.compiler_folder}{os.pathsep}{environment['PATH']}"
    # The port's pin generator writes names in the order of a set.
    environment["PYTHONHASHSEED"] = "0"
    # The place of this tree must not show in the image.
    same_everywhere = " ".join(
        f'"-ffile-prefix-map={folder}=."' for folder in (job.root, job.micropython)
    )
    environment["CFLAGS"] = environment["ASMFLAGS"] = same_everywhere
    # The Pico SDK replaces C++'s allocators in the one C++ file it compiles here. MicroPython has
    # no C++, and without this no C++ library is needed.
    environment["CXXFLAGS"] = f"{same_everywhere} -DPICO_CXX_DISABLE_ALLOCATION_OVERRIDES=1"
    return environment


def _run(job: Job, what: str, command: list[str]) -> None:
    say(what)
    progress = Progress()
    with (
        job.log.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command, env=_environment(job), text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            close_fds=False,  # the build's lock is among them
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            percent = _PERCENT.match(line)
            if percent:
                progress.update(int(percent[1]))
    progress.finish()
    if process.returncode < 0:
        # Leaves the mark of a run that was broken off.
        raise InterruptedError(f"{what} was stopped by signal {-process.returncode}")
    if process.returncode != 0:
        raise BuildError(f"{_first_errors(job.log)}\n{what} failed: see {job.log}")


def _first_errors(log: Path) -> str:
    """The lines of the log that say what went wrong, or else its last lines."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [
        line
        for line in lines
        if re.search(r"error|SyntaxError|is missing|No such file|will not fit|overflowed", line)
        and "mbedtls_errors" not in line
    ]
    return "\n".join((telling or lines)[:12] if telling else lines[-12:])
