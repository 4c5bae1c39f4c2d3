"""`titrate virtual`."""

from pathlib import Path

import click

from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.client.ports import PORT_VARIABLE
from titrate.deploy import sources
from titrate.deploy.package_json import DEFAULT_BOARD


@click.command(cls=TitrateCommand)
@click.option(
    "--pty",
    type=click.Path(path_type=Path),
    metavar="LINK",
    help="Link to make to the pty, for --port.",
)
@click.option(
    "--uf2",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Firmware image to run, instead of --board's.",
)
@click.option("--board", default=DEFAULT_BOARD, show_default=True, help="Folder under boards/.")
@click.option(
    "--edges",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Write every STEP edge there, as t_ns,dir.",
)
@click.option(
    "--flash",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the flash there from one run to the next.",
)
@click.option(
    "--drive",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder that stands for the bootloader's drive, for titrate flash.",
)
@click.option(
    "--ds3231", is_flag=True, help="Fit a DS3231 clock module, right by this computer's clock."
)
@click.option(
    "--ssd1306",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Fit an SSD1306 display, and draw there each second what it shows.",
)
@click.option(
    "--tmc2209",
    is_flag=True,
    help="Wire a TMC2209 to it that answers over its UART; without, it steps unseen.",
)
@click.option(
    "--speed",
    default="real",
    show_default=True,
    metavar="SPEED",
    help="How fast its time runs: real, max, or how many times real.",
)
@click.pass_obj
def virtual(
    session: Session,
    pty: Path | None,
    uf2: Path | None,
    board: str,
    edges: Path | None,
    flash: Path | None,
    drive: Path | None,
    ds3231: bool,
    ssd1306: Path | None,
    tmc2209: bool,
    speed: str,
) -> None:
    """Run the real firmware without a board.

    An RP2040 is emulated; its USB serial port is a pty.

    Prints the port to use with --port, then runs until Ctrl-C. `pkill -USR1 -f "titrate virtual"`
    presses its pair button, which `titrate pair` waits for.
    """
    output = session.output

    def announce(port: str) -> None:
        name = str(pty or port)
        output.result(
            {"port": name},
            f"a virtual Pico is on {name}; in another terminal:",
            f"  export {PORT_VARIABLE}={name}",
            "  titrate status",
            "Ctrl-C ends it.",
        )

    # The emulator takes a while to load; no other command waits for it.
    from titrate.virtual import command

    try:
        command.run(
            uf2 or sources.image_path(board),
            pty=pty,
            edges=edges,
            flash=flash,
            drive=drive,
            clock_module=ds3231,
            display=ssd1306,
            tmc2209=tmc2209,
            speed=speed,
            announce=announce,
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise WrongInput(str(error), "virtual") from error
