"""What a person at a terminal reads: answers to typed lines, and help."""

from pump.core.errors import quote
from pump.link import commands, kinds, lines

_LABEL_WIDTH = 20
_UNITS = ("_nl_per_h", "_mcg_per_ml", "_nl", "_s")


def label(key: str) -> str:
    """A reply's key as words, without its unit: "reservoir_nl" is "reservoir"."""
    for unit in _UNITS:
        if key.endswith(unit):
            key = key[: -len(unit)]
            break
    return key.replace("_", " ")


def pair_lines(pairs):
    """One line for each (key, value): what it is, then the value with its unit.

    Args:
        pairs: (key, value), values as lines.value_text() takes them.
    """
    for key, value in pairs:
        name = label(key)
        yield name + " " * max(_LABEL_WIDTH - len(name), 1) + _shown(key, value)


def row_line(row) -> str:
    """One data row in one line, its values two spaces apart."""
    return "  ".join([_shown(key, value) for key, value in row])


def how_to(command) -> str:
    """How to ask for a command that is not taken from a typed line."""
    ways = []
    if command.host:
        ways.append("titrate " + command.host)
    if command.device:
        code = command.device.replace('"', "'")
        ways.append('mpremote resume exec "import pump; ' + code + '"')
    return " or ".join(ways)


def help_lines(name: str = ""):
    """Lines of help: all commands in a line each, or all about one.

    Raises:
        errors.BadText: no command has that name; code "unknown_command".
    """
    if name:
        yield from _help_of(commands.require(name))
        return
    yield "Typed here, for reading:"
    for command in commands.COMMANDS:
        if not command.changes and command.device:
            yield _summary(command)
    yield "Through titrate or mpremote only, because they change the pump:"
    for command in commands.COMMANDS:
        if command.changes and command.device:
            yield _summary(command)
    yield "help NAME says all about one of them."


def _summary(command) -> str:
    return "  " + command.name + " " * max(14 - len(command.name), 1) + command.help


def _help_of(command):
    yield command.name + ": " + command.help
    for arg in command.args:
        limits = kinds.limits(arg)
        yield (
            "  "
            + arg.name
            + " "
            + " " * max(14 - len(arg.name), 1)
            + arg.help
            + (", " + limits if limits else "")
            + ("" if arg.default is commands.REQUIRED else ", may be left out")
            + "; for example "
            + quote(arg.example)
        )
    if command.changes:
        yield "Changes the pump: use " + how_to(command) + "."
    elif command.device:
        yield "Type it here, or use " + how_to(command) + "."


def _shown(key: str, value) -> str:
    from pump.link import vocabulary

    return kinds.shown(vocabulary.kind_of(key), key, lines.value_text(value))
