"""A board's pictures: its wiring, drawn here, and its predicted trumpet, drawn by matplotlib."""

import io
from collections.abc import Sequence
from fractions import Fraction
from html import escape

from titrate.accuracy.iec60601 import MINUTE_S, STANDARD
from titrate.accuracy.prediction import predicted_trumpet
from titrate.boards.declaration import HEADER_PINS, Board, Signal

_INK, _FAINT, _BOARD, _PAD = "#1f2933", "#8b97a3", "#e7f1ea", "#c9a227"
# Signals by what they serve; the first that fits.
_COLOURS = (
    (("STEP", "DIR", "ENABLE", "DIAG", "TMC", "COIL"), "#1769aa"),
    (("LED", "BUZZER", "BUTTON"), "#b45f06"),
    (("LIMIT", "SYRINGE"), "#2e8b57"),
    (("",), "#7a4fb5"),
)
_ROW = 30
_TOP = 84
_WIDTH = 1240
_LEFT_EDGE, _RIGHT_EDGE = 520, 720
# Pins of the header that are no GPIO.
_POWER = {
    40: "VBUS", 39: "VSYS, from 5 V through a Schottky diode", 38: "GND", 37: "3V3_EN",
    36: "3V3, logic supply of the parts", 35: "ADC_VREF", 33: "GND", 30: "RUN", 28: "GND",
    23: "GND", 18: "GND", 13: "GND", 8: "GND", 3: "GND",
}  # fmt: skip


def wiring_svg(board: Board) -> str:
    """The Pico from above, USB at the top, with what is wired to each pin."""
    at_pin = {signal.header_pin: signal for signal in board.signals}
    gpio_at = {pin: gpio for gpio, pin in HEADER_PINS.items()}
    height = _TOP + 20 * _ROW + 56
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" font-size="13" fill="{_INK}">',
        f"<title>{escape(board.product)}: wiring</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_WIDTH / 2}" y="26" font-size="17" font-weight="bold" text-anchor="middle">'
        f"{escape(board.product)}: wiring</text>",
        f'<rect x="{_LEFT_EDGE}" y="{_TOP - 22}" width="{_RIGHT_EDGE - _LEFT_EDGE}" '
        f'height="{20 * _ROW + 40}" rx="8" fill="{_BOARD}" stroke="{_FAINT}"/>',
        f'<rect x="{_WIDTH / 2 - 30}" y="{_TOP - 36}" width="60" height="26" rx="3" '
        f'fill="#d5dae0" stroke="{_FAINT}"/>',
        f'<text x="{_WIDTH / 2}" y="{_TOP - 18}" text-anchor="middle" font-size="11">USB</text>',
    ]
    for number in range(1, 41):
        parts += _pin(number, at_pin.get(number), gpio_at.get(number))
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{height - 12}" text-anchor="middle" fill="{_FAINT}">'
        "seen from above, parts upwards; grounds meet at the driver</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _pin(number: int, signal: Signal | None, gpio: int | None) -> list[str]:
    on_left = number <= 20
    y = _TOP + (number - 1 if on_left else 40 - number) * _ROW + 10
    edge, out = (_LEFT_EDGE, -1) if on_left else (_RIGHT_EDGE, 1)
    anchor, inner = ("end", "start") if on_left else ("start", "end")
    parts = [
        f'<circle cx="{edge}" cy="{y}" r="6" fill="{_PAD}" stroke="{_FAINT}"/>',
        f'<text x="{edge - out * 14}" y="{y + 4}" text-anchor="{inner}" font-size="11">'
        f"{number}{'' if gpio is None else f'  GP{gpio}'}</text>",
    ]
    if signal is not None:
        colour = next(shade for starts, shade in _COLOURS if signal.name.startswith(starts))
        parts += [
            f'<line x1="{edge + out * 8}" y1="{y}" x2="{edge + out * 40}" y2="{y}" '
            f'stroke="{colour}" stroke-width="3"/>',
            f'<text x="{edge + out * 48}" y="{y}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="bold">{escape(signal.name)}</text>',
            f'<text x="{edge + out * 48}" y="{y + 11}" text-anchor="{anchor}" font-size="10">'
            f"{escape(signal.goes_to)}</text>",
        ]
    elif number in _POWER:
        parts.append(
            f'<text x="{edge + out * 16}" y="{y + 4}" text-anchor="{anchor}" fill="{_FAINT}" '
            f'font-size="11">{escape(_POWER[number])}</text>'
        )
    return parts


def accuracy_svg(board: Board, rates_nl_per_h: Sequence[int]) -> str:
    """The widest trumpet of a perfect stepper on this board, at some rates."""
    from titrate.simulation import drawing

    drive = board.drive
    step_nl = drive.microstep_nl(board.values["SYRINGE_BORE_UM"])
    figure = drawing.new_figure(8, 4.2)
    axes = figure.subplots()
    windows_s = [15 * n for n in range(4, 41)] + [MINUTE_S * n for n in range(11, 32)]
    axes.axhline(0, color=drawing.PRESCRIBED, linewidth=1.4, label="set rate")
    for rate, colour in zip(rates_nl_per_h, (drawing.DELIVERED, drawing.BOLUS), strict=False):
        points = predicted_trumpet(Fraction(rate), step_nl, drive.microstep_um, windows_s)
        minutes = [window_s / MINUTE_S for window_s in windows_s]
        axes.fill_between(
            minutes,
            [float(point.min_percent) for point in points],
            [float(point.max_percent) for point in points],
            color=colour, alpha=0.35 if colour == drawing.BOLUS else 0.9,
            label=f"{rate / 1000:,g} uL/h",
        )  # fmt: skip
    axes.set_xscale("log")
    marks = [1, *(window_s // MINUTE_S for window_s in STANDARD.windows_s)]
    axes.set_xticks(marks, [str(mark) for mark in marks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(1, 31)
    axes.set_xlabel("observation window, min")
    axes.set_ylabel("error, % of the set rate")
    axes.legend(loc="upper right", ncols=3)
    figure.suptitle(
        f"{board.product}: predicted trumpet, {float(step_nl):.4g} nL a microstep",
        fontweight="bold",
    )
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
