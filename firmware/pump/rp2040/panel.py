"""What the stop button does: a press silences, holding it pauses delivery."""

import machine
from micropython import const

from pump.core import moves
from pump.core.press import FREED, HELD, NOTHING, PRESSED, STUCK
from pump.rp2040.buttons import Button

_POLL_MS = const(20)


class Panel:
    """The buttons on the board, looked at only while one of them moves.

    Args:
        pump: the Controller.
        stop_pin: machine.Pin input of the stop button, with its pull resistor set.
        active_level: the level that it reads while pressed.
    """

    def __init__(self, pump, stop_pin, active_level: int):
        self._pump = pump
        self._timer = machine.Timer(-1)
        self._is_polling = False
        self._poll_ref = self._poll
        self._stop = Button(stop_pin, active_level, self._edge)
        # A button that is stuck from the start makes no edge.
        self._edge()

    def _edge(self) -> None:
        if not self._is_polling:
            self._is_polling = True
            self._timer.init(period=_POLL_MS, mode=machine.Timer.PERIODIC, callback=self._poll_ref)

    def _poll(self, _timer) -> None:
        what = self._stop.poll()
        pump = self._pump
        if what == PRESSED:
            pump.silence()
        elif what == HELD and "pause" in moves.MOVES[pump.state]:
            pump.pause()
        elif what == STUCK:
            pump.active_alarms.raise_alarm("stuck_button", pump.pump_clock.uptime_s())
        elif what == FREED:
            pump.active_alarms.clear("stuck_button", pump.pump_clock.uptime_s())
        if what == NOTHING and self._stop.press.is_settled:
            self._timer.deinit()
            self._is_polling = False
