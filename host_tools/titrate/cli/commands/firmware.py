"""`titrate flash` and `titrate deploy`."""

import time
from contextlib import closing
from pathlib import Path

import click

from titrate.cli.session import Session, TitrateCommand
from titrate.client import ports
from titrate.client.errors import NoAnswer, Refused
from titrate.client.pump import Pump
from titrate.client.waiting import wait_for_pump
from titrate.deploy import bootsel, sources
from titrate.deploy.package_json import DEFAULT_BOARD

_BACK_S = 30.0
_DRIVE_S = 15.0

_board = click.option(
    "--board", default=DEFAULT_BOARD, show_default=True, help="Folder under boards/."
)


@click.command(cls=TitrateCommand)
@_board
@click.option("--uf2", type=click.Path(path_type=Path), help="Image, instead of --board's.")
@click.option("--drive", type=click.Path(path_type=Path), help="The bootloader's drive.")
@click.pass_obj
def flash(session: Session, board: str, uf2: Path | None, drive: Path | None) -> None:
    """Put a firmware image (UF2) onto a board.

    It goes over the drive of the board's bootloader. A pump that is stopped is asked to restart
    into it; else hold BOOTSEL while plugging the board in. What the journal holds (programme,
    counts, log) is kept.
    """
    image = uf2 or sources.image_path(board)
    bootsel.check_image(image)
    output = session.output
    if drive is None and not bootsel.drives():
        _ask_for_bootloader(session)
    target = bootsel.choose(drive)
    with output.progress() as progress:
        task = progress.add_task(f"writing {image.name} to {target}", total=None)
        bootsel.write(image, target, lambda n, of: progress.update(task, completed=n, total=of))
    output.say("waiting for the pump to come back")
    with wait_for_pump(session.port, _BACK_S) as pump:
        _report(session, pump)


@click.command(cls=TitrateCommand)
@_board
@click.option("--yes", is_flag=True, help="Replace a boot.py and main.py of another program.")
@click.pass_obj
def deploy(session: Session, board: str, yes: bool) -> None:
    """Put the firmware as files onto stock MicroPython.

    MicroPython 1.25 or newer has to be on the board. Refused unless the pump on it is stopped, or
    there is none. A board with a Titrate image is brought up to date with flash instead.
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
            if not stopped and found.has_running_pump():
                raise Refused(
                    f"the pump on {port} does not answer, so it is not known whether it is "
                    "stopped; unplug it, plug it in and deploy again",
                    "not_stopped",
                )
            if found.has_other_program() and not yes:
                raise Refused(
                    f"the board on {port} has a boot.py or main.py of another program, which "
                    "would be replaced; allow it with --yes",
                    "other_program",
                )
            task = progress.add_task("copying", total=None)
            found.install(files, lambda n, of: progress.update(task, completed=n, total=of))
            found.restart()
    output.say("waiting for the pump to come back")
    with wait_for_pump(port, _BACK_S) as pump:
        _report(session, pump)


def _check_stopped(port: str) -> bool:
    """Whether a pump on the port says that it is stopped; False when none answers.

    Raises:
        Refused: it is not stopped.
    """
    try:
        with Pump.connect(port) as pump:
            state = pump.status().state
    except NoAnswer as error:
        if error.code == "no_port":
            raise
        return False
    if state != "stopped":
        raise Refused(
            f"the pump on {port} is {state.replace('_', ' ')}; stop it first (`titrate stop`)",
            "not_stopped",
        )
    return True


def _ask_for_bootloader(session: Session) -> None:
    """Have a pump that is plugged in restart into its bootloader, and wait for the drive."""
    try:
        pump = session.connect()
    except NoAnswer:
        return  # the bootloader's own message says what to do
    with pump:
        pump.bootloader()
    session.output.say("waiting for the bootloader's drive")
    deadline = time.monotonic() + _DRIVE_S
    while not bootsel.drives() and time.monotonic() < deadline:
        time.sleep(0.5)


def _report(session: Session, pump: Pump) -> None:
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
