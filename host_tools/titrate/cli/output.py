"""What the command prints: for a person on a terminal, or one JSON object for a program.

Results go to stdout, everything else (progress, questions, logs) to stderr. Colours are off
where stdout is no terminal and where NO_COLOR is set; rich sees to both.
"""

import json
import sys
from collections.abc import Mapping

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from titrate.client.errors import TitrateError

DONE = "done"


class Output:
    """Prints results.

    Args:
        as_json: whether one JSON object is wanted on stdout instead of text.
    """

    def __init__(self, as_json: bool = False):
        self.as_json = as_json
        self.console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self.messages = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())

    def result(
        self, values: Mapping[str, object], *shown: RenderableType, outcome: str = DONE
    ) -> None:
        """Print the result: `values` as JSON, or what is to be shown to a person."""
        if self.as_json:
            print(json.dumps({"outcome": outcome, **values}))
            return
        for item in shown:
            self.console.print(item)

    def say(self, text: RenderableType) -> None:
        """Tell a person something that is no result."""
        if not self.as_json:
            self.messages.print(text)

    def error(self, error: TitrateError) -> None:
        """Print why it is not done."""
        if self.as_json:
            values = {"outcome": error.outcome, "code": error.code, "sentence": error.sentence}
            print(json.dumps({**values, **error.details()}))
        else:
            words = error.outcome.replace("_", " ")
            self.messages.print(f"[bold red]{words}[/]: ", end="", soft_wrap=True)
            self.messages.print(error.sentence, markup=False, soft_wrap=True)

    def progress(self) -> Progress:
        """A progress bar on stderr, for what takes long; silent for JSON."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self.messages,
            disable=self.as_json,
            transient=True,
        )
