"""`titrate flash` and `titrate deploy`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from titrate.cli.session import Session, TitrateCommand
from titrate.client import ports
from titrate.client.errors import NoAnswer, Refused
from titrate.client.pump import Pump
from titrate.client.waiting import wait_for_pump
from titrate.deploy import bootsel, sources
from titrate.deploy.package_json import DEFAULT_BOARD

if TYPE_CHECKING:
    from titrate.deploy.install import Board

_BACK_S = 60.0
# Enough to mount the drive by hand.
_DRIVE_S = 60.0

_board = click.option(
    "--board", default=DEFAULT_BOARD, show_default=True, help="Folder under boards/."
)


@click.command(cls=TitrateCommand)
@_board
@click.option("--uf2", type=click.Path(path_type=Path), help="Image, instead of --board's.")
@click.option("--drive", type=click.Path(path_type=Path), help="The bootloader's drive.")
@click.option("--yes", is_flag=True, help="Replace another program that is on the board.")
@click.pass_obj
def flash(session: Session, board: str, uf2: Path | None, drive: Path | None, yes: bool) -> None:
    """Put a firmware image (UF2) onto a board.

    It goes over the drive of the board's bootloader. Where no drive is there, the board on the
    port is sent into its bootloader: a pump, which has to be stopped, or MicroPython. A board that
    answers to neither needs its BOOTSEL button held while it is plugged in. What the journal holds
    (programme, counts, log) is kept.
    """
    image = uf2 or sources.image_path(board)
    bootsel.check_image(image)
    is_sent_there = bootsel.is_awaited(drive) and _enter_bootloader(session, yes)
    _write_image(session, image, drive, is_sent_there)


@click.command(cls=TitrateCommand)
@_board
@click.option("--drive", type=click.Path(path_type=Path), help="The bootloader's drive.")
@click.option("--yes", is_flag=True, help="Replace a boot.py and main.py of another program.")
@click.pass_obj
def deploy(session: Session, board: str, drive: Path | None, yes: bool) -> None:
    """Put the firmware onto stock MicroPython.

    As files, or as an image where those have no room. MicroPython 1.25 or newer has to be on the
    board. As files the firmware's code lies in the heap; a Pico has too little of it, so it is
    sent into its bootloader and gets the image, as with flash, which leaves its code in flash.
    Refused unless the pump on the board is stopped, or there is none. A board with a Titrate image
    is brought up to date with flash instead.
    """
    # mpremote takes a while to load; no other command waits for it.
    from titrate.deploy.install import Board
    from titrate.deploy.repl import SerialRepl

    port = ports.choose(session.port)
    stopped = _check_stopped(port)
    output = session.output
    with output.progress() as progress:
        task = progress.add_task("compiling", total=None)
        files = sources.device_files(
            board, lambda n, of: progress.update(task, completed=n, total=of)
        )
        with closing(SerialRepl(port)) as repl:
            found = Board(repl)
            found.check()
            if not stopped:
                _check_replaceable(found, port, "deploy", yes)
            lacking = found.lack_of_room(files)
            if lacking:
                image = sources.image_path(board)
                bootsel.check_image(image)
                found.enter_bootloader()
            else:
                task = progress.add_task("copying", total=None)
                found.install(files, lambda n, of: progress.update(task, completed=n, total=of))
                found.restart()
    if lacking:
        output.say(f"{lacking}; it is put on as an image instead, which leaves its code in flash")
        _write_image(session, image, drive, is_sent_there=True)
        return
    _await_pump(session, port)


def _check_stopped(port: str) -> bool:
    """Whether a pump on the port says that it is stopped; False when none answers.

    Raises:
        Refused: it is not stopped.
    """
    try:
        with Pump.connect(port) as pump:
            status = pump.status()
    except NoAnswer as error:
        if error.code == "no_port":
            raise
        return False
    if status.state != "stopped":
        shown = status.state.replace("_", " ")
        raise Refused(
            f"the pump on {port} is {shown}; stop it first (`titrate stop`)", "not_stopped"
        )
    if status.locked:
        raise Refused(
            f"the pump on {port} is locked by a paired key, and files could be put in the place "
            "of its firmware without one; have its keys removed first (`titrate unpair`)",
            "locked",
        )
    return True


def _enter_bootloader(session: Session, yes: bool) -> bool:
    """Have the board that is plugged in restart into its bootloader.

    Returns:
        Whether there is one; without, its drive may still be named or come by hand.

    Raises:
        Refused: a pump on it is not stopped, or may not be, or another program is on it.
    """
    try:
        port = ports.choose(session.port)
        with Pump.connect(port) as pump:
            pump.bootloader()
        return True
    except NoAnswer as error:
        if error.code == "several_ports":
            raise
        if error.code == "no_port":
            return False
    from titrate.deploy.install import Board
    from titrate.deploy.repl import SerialRepl

    try:
        repl = SerialRepl(port)
    except NoAnswer as error:
        raise NoAnswer(
            f"neither a pump nor MicroPython answers on {port}, so the board cannot be sent into "
            f"its bootloader; {bootsel.HOW_TO}, and flash again",
            "no_drive",
        ) from error
    with closing(repl):
        found = Board(repl)
        found.check_chip()
        _check_replaceable(found, port, "flash", yes)
        found.enter_bootloader()
    return True


def _check_replaceable(found: Board, port: str, again: str, yes: bool) -> None:
    """Refuse a board with a pump that does not answer, or with another program."""
    if found.has_running_pump():
        raise Refused(
            f"the pump on {port} does not answer, so it is not known whether it is stopped; unplug "
            f"it, plug it in and {again} again",
            "not_stopped",
        )
    if found.has_other_program() and not yes:
        raise Refused(
            f"the board on {port} has a boot.py or main.py of another program, which would be "
            "replaced; allow it with --yes",
            "other_program",
        )


def _write_image(session: Session, image: Path, drive: Path | None, is_sent_there: bool) -> None:
    """Write an image to the bootloader's drive, first waiting for one that is on its way."""
    output = session.output
    if is_sent_there:
        output.say(
            "the board restarts into its bootloader; waiting up to "
            f"{_DRIVE_S:.0f} s for its drive: {bootsel.MOUNT}"
        )
        bootsel.wait(drive, _DRIVE_S)
    target = bootsel.choose(drive)
    with output.progress() as progress:
        task = progress.add_task(f"writing {image.name} to {target}", total=None)
        bootsel.write(image, target, lambda n, of: progress.update(task, completed=n, total=of))
    _await_pump(session, session.port)


def _await_pump(session: Session, port: str | None) -> None:
    session.output.say("waiting for the pump to come back")
    with wait_for_pump(port, _BACK_S) as pump:
        hello = pump.hello
    values = {
        "port": pump.port,
        "firmware_version": hello.firmware_version,
        "image_digest": hello.image_digest,
        "board_id": hello.board_id,
    }
    session.output.result(
        values, f"the pump on {pump.port} is back with firmware {hello.firmware_version}"
    )
