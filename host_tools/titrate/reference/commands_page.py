"""host_tools/docs/commands.md: every command of `titrate`, from its own declaration."""

import click

from titrate.cli.main import titrate
from titrate.client.connection import ANSWER_S, ANSWER_VARIABLE
from titrate.client.ports import PORT_VARIABLE

_HEAD = f"""# The `titrate` command

Made by `python -m titrate.reference` from the commands themselves.

Bench and research use only, not for use on people.

Every command takes `--port DEV` (else `{PORT_VARIABLE}`, else the only pump found), `--json` (one
JSON object on stdout, everything else on stderr) and `--verbose` (`-vv` shows every line of the
protocol), before or after its name. Quantities are text with a unit; a bare number is refused. An
answer is waited for {ANSWER_S:.0f} s, or as long as `{ANSWER_VARIABLE}` says, then asked for again.

| exit status | JSON `outcome` | meaning |
| --- | --- | --- |
| 0 | `done`, `reviewed` | done; for `program` without a confirmation: reviewed, not in force |
| 2 | `wrong_input` | wrong usage or input; the pump was not asked |
| 3 | `refused` | refused by the pump; nothing has changed |
| 4 | `unknown` | it is not known whether it took effect; `titrate outcome` settles it |
| 4 | `no_answer` | no pump answered; nothing that changes it was sent |
| 130 | | interrupted from the keyboard |

With an exit status other than 0 the JSON object has `code`, a fixed word, and `sentence`. In JSON
whole numbers are numbers; volumes, rates and other exact ratios are text such as `"1375/3"`; a
name's ending is the unit.
"""

_COMMON = {"port", "as_json", "verbose", "help"}


def text() -> str:
    """The page's text."""
    return _HEAD + "".join(_commands(titrate, "titrate"))


def _commands(group: click.Group, path: str) -> list[str]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found.append(f"\n## {path} {name}\n\n{_help(command)}\n")
            found.extend(_commands(command, f"{path} {name}"))
        else:
            found.append(_command(command, f"{path} {name}"))
    return found


def _command(command: click.Command, path: str) -> str:
    usage = [path]
    rows = []
    for parameter in command.params:
        if parameter.name in _COMMON:
            continue
        if isinstance(parameter, click.Argument):
            word = (parameter.name or "").upper()
            usage.append(word if parameter.required else f"[{word}]")
        elif isinstance(parameter, click.Option):
            shown = ", ".join(parameter.opts)
            if not parameter.is_flag:
                shown += f" {parameter.metavar or parameter.type.name.upper()}"
            rows.append(f"| `{shown}` | {parameter.help} |\n")
    if rows:
        usage.append("[OPTIONS]")
    table = "\n| option | |\n| --- | --- |\n" + "".join(rows) if rows else ""
    return f"\n## {path}\n\n    {' '.join(usage)}\n\n{_help(command)}\n{table}"


def _help(command: click.Command) -> str:
    paragraphs = (command.help or "").replace("\b\n", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
