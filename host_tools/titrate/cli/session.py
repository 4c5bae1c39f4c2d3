"""What every command has in common: where the pump is, how to print, how much to tell."""

import logging
from typing import Any

import click
from rich.logging import RichHandler

from titrate.cli.output import Output
from titrate.client.ports import PORT_VARIABLE
from titrate.client.pump import Pump


class Session:
    """The options that every command takes.

    Attributes:
        port: device name that the user gave, or None.
        output: where results go.
    """

    def __init__(self) -> None:
        self.port: str | None = None
        self.output = Output()
        self._verbosity = 0

    def take(self, port: str | None, as_json: bool, verbose: int) -> None:
        """Take the options of the group or of the command; the command's win."""
        self.port = port or self.port
        self.output.as_json = self.output.as_json or as_json
        self._verbosity = max(self._verbosity, verbose)
        levels = (logging.WARNING, logging.INFO, logging.DEBUG)
        logging.basicConfig(
            level=levels[min(self._verbosity, 2)],
            format="%(message)s",
            handlers=[RichHandler(console=self.output.messages, show_path=False)],
            force=True,
        )

    def connect(self) -> Pump:
        """The pump; to be used in a with statement."""
        return Pump.connect(self.port)


def _options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--port"],
            metavar="DEV",
            help=f"Serial port of the pump; else {PORT_VARIABLE}, else the only pump found.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
        click.Option(["--verbose", "-v"], count=True, help="Tell more on stderr; -vv every line."),
    ]


class TitrateCommand(click.Command):
    """A command that takes the common options too."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *_options()]

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the common options to the session, all others to the command."""
        take_options(ctx)
        return super().invoke(ctx)


class TitrateGroup(click.Group):
    """A group of such commands; those of `--help` stand in the order of their definition."""

    command_class = TitrateCommand
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *_options()]

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the common options to the session."""
        take_options(ctx)
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of their definition."""
        return list(self.commands)


def take_options(ctx: click.Context) -> None:
    """Move the common options of a context into its session."""
    session = ctx.ensure_object(Session)
    params = ctx.params
    session.take(params.pop("port"), params.pop("as_json"), params.pop("verbose"))
