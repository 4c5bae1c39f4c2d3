"""The functions of `import pump`, made from the table of commands.

Arguments are texts with units, as on the wire; answers are printed for a person.
"""

from pump.core.errors import PumpError
from pump.link import commands, kinds, words

_SPANS = ("seconds", "minutes", "hours")
_SPAN_UNITS = {"seconds": " s", "minutes": " min", "hours": " h"}


class Prompt:
    """What `import pump` answers with.

    Args:
        pump: the Controller.
        run: called as run(function, *args, **kwargs); calls the function where it does not
            meet the pump's own service, and returns what it returned.
        console: called without arguments, serves the console until interrupted.
    """

    def __init__(self, pump, run, console):
        self._pump = pump
        self._run = run
        self.console = console

    def __getattr__(self, name: str):
        command = commands.find(name)
        if command is None or not command.device:
            raise AttributeError("pump has no " + name + "; pump.help() lists what it has")

        def ask(*values, **named):
            try:
                for line in self._run(self._ask, command, values, named):
                    print(line)
            except PumpError as error:
                print(error.code + ": " + error.sentence)

        return ask

    def help(self, name: str = "") -> None:
        """Print the commands, or all about one."""
        for line in words.help_lines(name):
            print(line)

    def _ask(self, command, values, named):
        if command.changes:
            # Where the pump is locked: nobody shows a key here.
            self._pump.authorise(command.role, "", "", b"")
        texts = _texts(command, values, named)
        arguments = []
        for arg in command.args:
            if arg.name in texts:
                read = kinds.read(arg, texts[arg.name], self._pump.concentration_mcg_per_ml)
                arguments.append(read)
            elif arg.default is commands.REQUIRED:
                raise commands.missing_argument(command, arg)
            else:
                arguments.append(arg.default)
        result = getattr(self._pump, command.name)(*arguments)
        if command.rows:
            return [words.row_line(row) for row in result]
        return list(words.pair_lines(result))


def _texts(command, values, named):
    """The arguments as texts by name; minutes=10 is another way to say duration="10 min"."""
    if len(values) > len(command.args):
        raise commands.too_many_arguments(command)
    texts = {}
    for arg, value in zip(command.args, values):
        texts[arg.name] = str(value)
    for name, value in named.items():
        if name in _SPANS and commands.has_argument(command, "duration"):
            texts["duration"] = str(value) + _SPAN_UNITS[name]
        elif commands.has_argument(command, name):
            texts[name] = str(value)
        else:
            raise commands.unknown_argument(command, name)
    return texts
