"""What a board declares: its pins with where their wires go, and its other numbers."""

import ast
import io
import json
import re
import tokenize
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from titrate.accuracy.prediction import Drive

# GPIO to pin of the header (Raspberry Pi Pico datasheet, "Pinout"; a Pico W has the same). GPIO
# 23, 24, 25 and 29 serve the Pico itself and are not on the header.
HEADER_PINS = dict(
    zip(
        [*range(23), 26, 27, 28],
        [1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22, 24, 25, 26, 27, 29]
        + [31, 32, 34],
        strict=True,
    )
)  # fmt: skip
_SUFFIX = "_GPIO"


@dataclass(frozen=True)
class Signal:
    """A pin in use.

    Attributes:
        name: what it is for, such as STEP.
        gpio: its number on the RP2040.
        goes_to: where its wire goes.
    """

    name: str
    gpio: int
    goes_to: str

    @property
    def header_pin(self) -> int | None:
        """Its pin on the header, None where it has none."""
        return HEADER_PINS.get(self.gpio)


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        folder: the one it is declared in.
        product: what it is called.
        carrier: the Pico SDK's name of the Pico it is built on.
        signals: its pins, in order of declaration.
        values: everything else that pump_board.py says.
    """

    folder: Path
    product: str
    carrier: str
    signals: tuple[Signal, ...]
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def drive(self) -> Drive:
        """What turns microsteps into travel."""
        values = self.values
        return Drive(
            self.name,
            values["LEAD_UM"],
            values["FULL_STEPS_PER_REV"],
            values["MICROSTEPS"],
            Fraction(*values["GEAR"]),
            values["STEPS_PER_S_MAX"],
        )

    def gpio(self, name: str) -> int:
        """The GPIO of a signal; KeyError when there is none of that name."""
        return {signal.name: signal.gpio for signal in self.signals}[name]


def read_boards(boards: Path) -> list[Board]:
    """All boards of a folder that declare pins, by name."""
    return [read_board(path.parent) for path in sorted(boards.glob("*/pump_board.py"))]


def read_board(folder: Path) -> Board:
    """Read what a board declares, without running it.

    Raises:
        ValueError: a declaration that is no plain value, or a pin without saying where it goes.
        OSError: a file is missing.
    """
    text = (folder / "pump_board.py").read_text("utf-8")
    beside = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip()
    }
    signals, values = [], {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign):
            continue
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        value = ast.literal_eval(statement.value)
        if not target.id.endswith(_SUFFIX):
            values[target.id] = value
            continue
        if statement.lineno not in beside:
            raise ValueError(f"{folder}/pump_board.py:{statement.lineno}: say where the wire goes")
        name = target.id.removesuffix(_SUFFIX)
        signals.append(Signal(name, value, beside[statement.lineno]))
    carrier = re.search(r'PICO_BOARD "(\w+)"', (folder / "mpconfigboard.cmake").read_text("utf-8"))
    if not carrier:
        raise ValueError(f"{folder}/mpconfigboard.cmake does not set PICO_BOARD")
    product = json.loads((folder / "board.json").read_text("utf-8"))["product"]
    return Board(folder, product, carrier[1], tuple(signals), values)
