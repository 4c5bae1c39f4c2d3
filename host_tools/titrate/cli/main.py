"""The command line: its commands, its exit status, its last word on every error.

click parses the command line: it is well kept, nests commands, makes the help, completes in
shells, and leaves the exit status and the words of errors to this file. rich prints.
"""

import sys
from difflib import get_close_matches

import click

from pump.core.errors import PumpError
from pump.version import VERSION
from titrate.cli import commands
from titrate.cli.output import Output
from titrate.cli.session import Session, TitrateGroup
from titrate.client.errors import EXIT_DONE, TitrateError, WrongInput

EXIT_INTERRUPTED = 130


class AllCommands(TitrateGroup):
    """The commands of the folder `commands`, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which the help lists them."""
        return list(commands.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None when there is none."""
        return commands.load(cmd_name) if cmd_name in commands.MODULES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed; one that is not there is told with the nearest that is."""
        typed = args[0]
        if typed not in commands.MODULES and not typed.startswith("-"):
            nearest = get_close_matches(typed, commands.MODULES, 1)
            advice = f"; did you mean {nearest[0]}?" if nearest else ""
            raise click.UsageError(f"there is no command {typed}{advice}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=AllCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 2 wrong usage or input, 3 refused by the pump, 4 outcome unknown "
    "or no answer. Bench and research use only, not for use on people.",
)
@click.version_option(VERSION, prog_name="titrate")
def titrate() -> None:
    """Program and watch a Titrate syringe pump."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None for those of this process.

    Returns:
        The exit status: 0 done, 2 wrong usage or input, 3 refused by the pump, 4 outcome
        unknown or no answer; 130 when interrupted from the keyboard.
    """
    words = sys.argv[1:] if arguments is None else arguments
    session = Session()
    try:
        # A command returns nothing, or the exit status it ends with.
        status = titrate.main(args=words, prog_name="titrate", standalone_mode=False, obj=session)
        return status if isinstance(status, int) else EXIT_DONE
    except click.ClickException as error:
        return _failed(_usage(error), words)
    except PumpError as error:
        return _failed(WrongInput(error.sentence, error.code), words)
    except TitrateError as error:
        return _failed(error, words)
    except (click.Abort, KeyboardInterrupt):
        session.output.say("interrupted")
        return EXIT_INTERRUPTED


def _failed(error: TitrateError, words: list[str]) -> int:
    # What the user typed tells, even where parsing it is what failed.
    Output("--json" in words).error(error)
    return error.exit_status


def _usage(error: click.ClickException) -> WrongInput:
    sentence = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.option_name[1:2].isdigit():
        # Only its first figure is known: an option is one letter.
        sentence = (
            f"an amount that begins with {error.option_name} is negative: the least is 0, write "
            "it without the sign"
        )
    if isinstance(error, click.UsageError) and error.ctx:
        sentence += f" (see `{error.ctx.command_path} --help`)"
    return WrongInput(sentence, "usage")
