"""What a small display shows of the pump: state, rate, reservoir and the highest alarm.

Four bands, the most important the largest, for 128 x 64 dots and a font of 8 x 8:

    RUNNING             the state, each character 16 x 16 dots
    300 mcg/day         the rate that is asked for now, 8 x 16
    8.53 mL  14d 3h     what the reservoir holds, and when it will be empty, 8 x 16
    LOW RESERVOIR       the highest alarm, inverted; without one, the time, 8 x 8

The time moves on each minute, so that a display that stands still can be told from one that
is right. Nothing here is needed for delivery.
"""

from pump.core import alarms, moves, ratio
from pump.core.compat import const

# How a band is written.
BIG = const(0)  # at most 8 characters of 16 x 16
TALL = const(1)  # at most 16 characters of 8 x 16
SMALL = const(2)  # two lines of at most 16 characters of 8 x 8, with a line feed between
INVERTED = const(4)  # added: dark on light
BANDS = const(4)
COLUMNS = const(16)

# So long apart at least, so that a schedule that changes much keeps nobody busy.
EVERY_S = const(2)
# All is written anew so often: a display that had lost its power for a moment shows nothing.
ANEW_S = const(3600)
# A display that does not take what is written is tried again so often, then left alone for a while.
TRIES = const(3)
LEFT_ALONE_S = const(600)
CODE = "display_fault"

_STATES = {
    moves.UNPROGRAMMED: "NO PROG.",
    moves.STOPPED: "STOPPED",
    moves.RUNNING: "RUNNING",
    moves.MINIMUM: "MINIMUM",
    moves.KVO: "KVO",
    moves.PAUSED: "PAUSED",
    moves.PRIMING: "PRIMING",
    moves.MOVING: "MOVING",
    moves.EMPTY: "EMPTY",
    moves.HALTED: "FAULT",
}
_DAY_S = const(86400)


def state_band(state: str):
    """(style, text) of the state."""
    return BIG, _STATES[state]


def rate_band(rate_nl_per_h, concentration_mcg_per_ml):
    """(style, text) of a rate, as a dose a day where the concentration is known."""
    from pump.core import quantity

    if concentration_mcg_per_ml is None:
        text = quantity.format_volume_rate(rate_nl_per_h)
    else:
        text = quantity.format_dose_rate(rate_nl_per_h, concentration_mcg_per_ml)
    if len(text) <= COLUMNS:
        return TALL, text
    number, _, unit = text.partition(" ")
    return SMALL, number + "\n" + unit


def reservoir_band(reservoir_nl, empty_in_s):
    """(style, text) of what is left: never more than there is, in 0.01 mL.

    Args:
        reservoir_nl: a ratio in nL.
        empty_in_s: when it will be empty, or None when that is not to come.
    """
    left = max(0, ratio.floor(reservoir_nl)) // 10000
    text = str(left // 100) + "." + str(100 + left % 100)[1:] + " mL"
    if empty_in_s is not None:
        text += "  " + _duration(max(0, empty_in_s))
    return TALL, text


def alarm_band(active, time_s):
    """(style, text) of the alarm of the highest priority, an alarms.Active, or None.

    Args:
        time_s: pump time, shown where there is no alarm; None when it is not known.
    """
    if active is None:
        return SMALL, "no alarm\n" + ("" if time_s is None else _of_day(time_s))
    style = 0 if active.priority == alarms.INFORMATION else INVERTED
    lines = _wrapped(active.code.replace("_", " ").upper())
    return style | (SMALL if "\n" in lines else TALL), lines


def _duration(duration_s: int) -> str:
    """Rounded down, in two units at most: "14d 3h", "3h 20m", "20m"."""
    days, rest_s = divmod(duration_s, _DAY_S)
    hours = rest_s // 3600
    if days > 99:
        return str(days) + "d"
    if days:
        return str(days) + "d " + str(hours) + "h"
    minutes = str(rest_s // 60 % 60) + "m"
    return str(hours) + "h " + minutes if hours else minutes


def _of_day(time_s: int) -> str:
    minutes = time_s % _DAY_S // 60
    return str(100 + minutes // 60)[1:] + ":" + str(100 + minutes % 60)[1:]


def _wrapped(words: str) -> str:
    """Words in one line, or in two where they do not fit."""
    if len(words) <= COLUMNS:
        return words
    at = words.rfind(" ", 0, COLUMNS + 1)
    return words[:at] + "\n" + words[at + 1 :]


class Display:
    """Keeps one display up to date.

    Args:
        pump: the Controller.
        screen: begin() and show(band, style, text), which tell whether the display took it.
    """

    def __init__(self, pump, screen):
        self._pump = pump
        self._screen = screen
        self._shown = [None] * BANDS
        # What the last look saw, and when the next is due if none of it changes.
        self._state = ""
        self._highest = None
        self._empty_s = None
        self._not_before_s = 0
        self._due_s = 0
        self._anew_s = 0
        self._failures = 0
        self._rate = None
        self._rate_band = (TALL, "")

    def look(self) -> bool:
        """Bring the display up to date, if anything that it shows may have changed.

        Returns:
            whether modules were needed for it that can be let go of.
        """
        pump = self._pump
        uptime_s = pump.pump_clock.uptime_s()
        if uptime_s < self._not_before_s:
            return False
        highest = pump.active_alarms.highest()
        if (
            uptime_s < self._due_s
            and pump.state is self._state
            and highest is self._highest
            and pump.monitor.empty_s == self._empty_s
        ):
            return False
        self._state = pump.state
        self._highest = highest
        self._empty_s = pump.monitor.empty_s
        now_s = pump.pump_clock.now_s()
        self._not_before_s = uptime_s + EVERY_S
        # Just after the minute, when schedules change and the time is another.
        self._due_s = uptime_s + 61 - now_s % 60
        return self._show(now_s, uptime_s)

    def _show(self, now_s: int, uptime_s: int) -> bool:
        is_taken = True
        if uptime_s >= self._anew_s:
            self._shown = [None] * BANDS
            is_taken = self._screen.begin()
            self._anew_s = uptime_s + ANEW_S
        before = self._rate_band
        bands = self._bands(now_s)
        for band in range(BANDS):
            if is_taken and bands[band] != self._shown[band]:
                style, text = bands[band]
                is_taken = self._screen.show(band, style, text)
                self._shown[band] = bands[band] if is_taken else None
        self._note(is_taken, uptime_s)
        return self._rate_band is not before

    def _bands(self, now_s: int):
        pump = self._pump
        ticks = pump.pump_clock.now_ticks()
        delivery = pump.delivery
        empty_in_s = None
        shown_rate = TALL, "no programme"
        if delivery is not None:
            rate = delivery.rate_at(max(ticks, delivery.anchor_ticks))
            concentration = pump.concentration_mcg_per_ml
            if (rate, concentration) != self._rate:
                self._rate = (rate, concentration)
                self._rate_band = rate_band(rate, concentration)
            shown_rate = self._rate_band
            if pump.state in moves.DELIVERING and self._empty_s is not None:
                empty_in_s = self._empty_s - now_s
        return (
            state_band(pump.state),
            shown_rate,
            reservoir_band(pump.ledger.reservoir_nl(pump.moved()), empty_in_s),
            alarm_band(self._highest, now_s if pump.pump_clock.is_known else None),
        )

    def _note(self, is_taken: bool, uptime_s: int) -> None:
        """Count failures; say so and leave it alone after some, and begin anew then."""
        active = self._pump.active_alarms
        if is_taken:
            self._failures = 0
            active.clear(CODE, uptime_s)
            return
        self._failures += 1
        self._anew_s = 0
        self._due_s = uptime_s + EVERY_S
        if self._failures >= TRIES:
            self._not_before_s = self._due_s = uptime_s + LEFT_ALONE_S
            active.raise_alarm(CODE, uptime_s)
