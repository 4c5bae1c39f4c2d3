"""What the buttons do: stop silences when pressed and pauses when held; bolus asks for the demand
bolus of the programme; pair, inside the case, pairs the key that waits for it."""

import machine
from micropython import const

from pump.core import moves
from pump.core.press import FREED, HELD, PRESSED, STUCK
from pump.rp2040.buttons import Button, polled

_POLL_MS = const(20)
_STOP = const(0)
_BOLUS = const(1)
_PAIR = const(2)


class Panel:
    """The buttons on the board, looked at only while one of them moves.

    Args:
        pump: the Controller.
        act: Service.act(), which does what a button asks for.
        pins: machine.Pin inputs of the buttons stop, bolus and pair, with their pull resistors set.
        active_level: the level that they read while pressed.
    """

    def __init__(self, pump, act, pins, active_level: int):
        self._pump = pump
        self._act = act
        self._timer = machine.Timer(-1)
        self._is_polling = False
        self._poll_ref = self._poll
        self._buttons = tuple([Button(pin, active_level, self._edge) for pin in pins])
        self._stuck = [False] * len(pins)
        # A button that is stuck from the start makes no edge.
        self._edge()

    def _edge(self) -> None:
        if not self._is_polling:
            self._is_polling = True
            self._timer.init(period=_POLL_MS, mode=machine.Timer.PERIODIC, callback=self._poll_ref)

    def _poll(self, _timer) -> None:
        button, what = polled(self._buttons)
        if button >= 0:
            self._act(lambda: self._do(button, what))
        elif self._is_settled():
            self._timer.deinit()
            self._is_polling = False

    def _is_settled(self) -> bool:
        for button in self._buttons:
            if not button.press.is_settled:
                return False
        return True

    def _do(self, button: int, what: int) -> None:
        pump = self._pump
        if what == STUCK or what == FREED:
            self._stuck[button] = what == STUCK
            uptime_s = pump.pump_clock.uptime_s()
            if True in self._stuck:
                pump.active_alarms.raise_alarm("stuck_button", uptime_s)
            else:
                pump.active_alarms.clear("stuck_button", uptime_s)
        elif button == _STOP and what == PRESSED:
            pump.silence()
            if pump.state == moves.MOVING:
                pump.stop()
        elif button == _STOP and what == HELD and "pause" in moves.MOVES[pump.state]:
            pump.pause()
        elif button == _BOLUS and what == PRESSED:
            pump.demand()
        elif button == _PAIR and what == PRESSED:
            pump.lock.confirm_pairing()
