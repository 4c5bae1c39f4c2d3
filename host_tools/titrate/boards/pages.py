"""The generated forms of a board, as text."""

import re
from fractions import Fraction
from pathlib import Path

from pump.core import quantity
from pump.core.controller import PRIME_STEPS_PER_S_MAX
from titrate.accuracy import STANDARD, TrumpetPoint, predicted_trumpet
from titrate.accuracy.iec60601 import HOUR_S
from titrate.boards.declaration import HEADER_PINS, Board
from titrate.boards.picture import accuracy_svg, wiring_svg

# GPIO 25 lights an LED on a Pico; on a Pico W it belongs to the radio.
_LED_GPIO = {"pico": 25}
_LIMIT_PERCENT = 5
_WINDOWS_S = (120, 1860, 55_800)
# Rates that the predicted trumpet is shown at: the standard's own, and 0.6 mL/day.
RATES_NL_PER_H = (1_000_000, 25_000)


def forms(board: Board) -> dict[Path, str]:
    """Every generated file of a board, by path."""
    readme = board.folder / "README.md"
    return {
        board.folder / "pins.csv": pins_csv(board),
        readme: with_sections(
            readme.read_text("utf-8"), {"wiring": wiring_table(board), "limits": limits(board)}
        ),
        board.folder / "wiring.svg": wiring_svg(board),
        board.folder / "accuracy.svg": accuracy_svg(board, RATES_NL_PER_H),
    }


def pins_csv(board: Board) -> str:
    """The pins as MicroPython's build takes them: machine.Pin.board.NAME."""
    rows = [(f"GP{gpio}", gpio) for gpio in HEADER_PINS]
    if board.carrier in _LED_GPIO:
        rows.append(("LED", _LED_GPIO[board.carrier]))
    rows += [(signal.name, signal.gpio) for signal in board.signals]
    return "".join(f"{name},GPIO{gpio}\n" for name, gpio in rows)


def wiring_table(board: Board) -> str:
    """The wiring as a table."""
    rows = ["| signal | GPIO | Pico pin | goes to |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {signal.name} | {signal.gpio} | {signal.header_pin or '-'} | {signal.goes_to} |"
        for signal in board.signals
    ]
    return "\n".join(rows)


def limits(board: Board) -> str:
    """What follows from the geometry, as a table."""
    drive = board.drive
    step_nl = drive.microstep_nl(board.values["SYRINGE_BORE_UM"])
    rows = [
        "| | |",
        "| --- | --- |",
        f"| a microstep | {_number(drive.microstep_um, 4)} um, "
        f"**{_number(step_nl, 3)} nL per microstep** |",
    ]
    for window_s in _WINDOWS_S:
        least = step_nl * HOUR_S * 100 / (_LIMIT_PERCENT * window_s)
        rows.append(
            f"| smallest rate, within {_LIMIT_PERCENT} % in every "
            f"{quantity.format_duration(window_s)} | {_rate(least)} |"
        )
    most = step_nl * drive.steps_per_s * HOUR_S
    rows.append(
        f"| largest rate, {drive.steps_per_s} microsteps a second | {_rate(most)}; no more in "
        "`max_rate` |"
    )
    fast_per_s = board.values["STEPS_PER_S_FAST_MAX"]
    gain_per_s = board.values["ACCELERATION_STEPS_PER_S2"]
    rows.append(
        f"| fastest move, {fast_per_s} microsteps a second, {gain_per_s} "
        f"more each second | {_number(drive.microstep_um * fast_per_s / 1000, 1)} mm/s; at most "
        f"{_rate(step_nl * min(fast_per_s, PRIME_STEPS_PER_S_MAX) * HOUR_S)} in a prime |"
    )
    rows.append(f"| backlash taken up | {board.values['BACKLASH_UM']} um |")
    rows += [
        "",
        "Predicted trumpet curve, Ep(min) to Ep(max) of the widest that any phase shows:",
        "",
    ]
    windows = [quantity.format_duration(window_s) for window_s in STANDARD.windows_s]
    rows += [
        "| rate | microsteps a minute | " + " | ".join(windows) + " |",
        "| --- | --- |" + " --- |" * len(windows),
    ]
    for rate in RATES_NL_PER_H:
        points = predicted_trumpet(Fraction(rate), step_nl, drive.microstep_um, STANDARD.windows_s)
        a_minute = Fraction(rate) / 60 / step_nl
        rows.append(
            f"| {_rate(Fraction(rate))} | {_number(a_minute, 2)} | "
            + " | ".join(_span(point) for point in points)
            + " |"
        )
    return "\n".join(rows)


def with_sections(text: str, sections: dict[str, str]) -> str:
    """A page with its generated sections replaced; one that it does not have is left out."""
    for name, content in sections.items():
        begin, end = f"<!-- generated: {name} -->", "<!-- end -->"
        text = re.sub(
            rf"{re.escape(begin)}\n.*?{re.escape(end)}",
            f"{begin}\n{content}\n{end}".replace("\\", r"\\"),
            text,
            flags=re.DOTALL,
        )
    return text


def _rate(rate_nl_per_h: Fraction) -> str:
    size, unit = next(
        (size, unit)
        for size, unit in ((1_000_000, "mL/h"), (1000, "uL/h"), (1, "nL/h"), (0, ""))
        if rate_nl_per_h >= size
    )
    return f"{float(rate_nl_per_h / size):.3g} {unit}"


def _number(value: Fraction, places: int) -> str:
    return f"{float(value):.{places}f}".rstrip("0").rstrip(".")


def _span(point: TrumpetPoint) -> str:
    return f"{float(point.min_percent):+.2g} to {float(point.max_percent):+.2g} %"
