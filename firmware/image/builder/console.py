"""What the build says on the terminal: plain lines, and a moving figure where there is one."""

import sys


class BuildError(Exception):
    """The build cannot go on. The text is the one sentence the user gets: what is wrong and
    what to do about it."""


def say(text: str) -> None:
    """Prints one line at once, also when the output is a pipe or a log file."""
    print(text, flush=True)


class Progress:
    """How far a step that takes long has come, shown below the line that names the step.

    On a terminal one line is rewritten in place; anywhere else a plain line is printed at each
    quarter, so that a log stays short.
    """

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last_percent = -1

    def update(self, percent: int) -> None:
        """Shows the figure, 0 to 100; a figure that has not grown is not shown again."""
        percent = min(100, percent)
        if percent <= self._last_percent:
            return
        if self._terminal:
            print(f"\r  {percent:3d} %", end="", flush=True)
        elif percent // 25 > max(self._last_percent, 0) // 25 and percent < 100:
            say(f"  {percent:3d} %")
        self._last_percent = percent

    def finish(self) -> None:
        """Takes the figure off a terminal again."""
        if self._terminal and self._last_percent >= 0:
            print("\r       \r", end="", flush=True)
