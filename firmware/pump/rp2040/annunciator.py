"""Shows and sounds what pump.core.annunciation says, on a three-colour LED and a buzzer."""

import time

import machine

from pump.core import annunciation
from pump.core.compat import const

# Far off: nothing is shown or sounded until a priority changes.
_AT_REST_MS = const(3600000)
_SQUARE_WAVE = const(32768)  # duty of the buzzer's tone, half of 65536


class Annunciator:
    """LED and buzzer.

    Args:
        red, green, blue: machine.Pin outputs for the parts of the LED.
        buzzer: machine.PWM, or None on a board that has none.
        led_level: the level at which a part lights, 0 or 1.
    """

    def __init__(
        self,
        red: machine.Pin,
        green: machine.Pin,
        blue: machine.Pin,
        buzzer: machine.PWM | None,
        led_level: int = 1,
    ):
        self._red = red
        self._green = green
        self._blue = blue
        self._buzzer = buzzer
        self._led_level = led_level
        self._light = _Course()
        self._sound = _Course()
        self._is_refusing = False
        self._is_at_rest = False
        self._refused_ms = time.ticks_ms()
        self._shown = self._tone_hz = -1
        self._show(annunciation.DARK)
        self._play(annunciation.SILENT)

    def update(
        self,
        light_priority: int | None,
        sound_priority: int | None,
        is_quiet: bool = False,
        news: int = 0,
    ) -> int:
        """Set LED and buzzer to what is due now.

        Args:
            light_priority: priority of the highest active alarm, or None.
            sound_priority: what ActiveAlarms.sounding() says.
            is_quiet: the cadence for batteries.
            news: ActiveAlarms.news.

        Returns:
            ms after which to call again; call at once when a priority changes.
        """
        is_at_rest = light_priority is None and sound_priority is None and not self._is_refusing
        if is_at_rest and self._is_at_rest:
            return _AT_REST_MS
        self._is_at_rest = is_at_rest
        lights, light_ms = self._light.now(annunciation.light(light_priority, is_quiet))
        # A full pattern comes round soon by itself, and a burst that is cut off is no melody.
        tone_hz, sound_ms = self._sound.now(
            annunciation.sound(sound_priority, is_quiet), news if is_quiet else 0
        )
        if self._is_refusing:
            passed_ms = time.ticks_diff(time.ticks_ms(), self._refused_ms)
            self._is_refusing = passed_ms < annunciation.length_ms(annunciation.REFUSED)
            if self._is_refusing:
                tone_hz, sound_ms = annunciation.at(annunciation.REFUSED, passed_ms)
        self._show(lights)
        self._play(tone_hz)
        return min(light_ms, sound_ms)

    def refused(self) -> None:
        """Begin the sound of refused input, over that of any alarm; update() goes on with it."""
        self._is_refusing = True
        self._refused_ms = time.ticks_ms()

    def _show(self, lights: int) -> None:
        if lights == self._shown:
            return
        self._shown = lights
        self._set(self._red, lights & (annunciation.YELLOW | annunciation.RED))
        self._set(self._green, lights & (annunciation.YELLOW | annunciation.CYAN))
        self._set(self._blue, lights & annunciation.CYAN)

    def _set(self, pin: machine.Pin, is_lit: int) -> None:
        pin.value(self._led_level if is_lit else 1 - self._led_level)

    def _play(self, tone_hz: int) -> None:
        if tone_hz == self._tone_hz or self._buzzer is None:
            return
        self._tone_hz = tone_hz
        if tone_hz == annunciation.SILENT:
            self._buzzer.duty_u16(0)
        else:
            self._buzzer.freq(tone_hz)
            self._buzzer.duty_u16(_SQUARE_WAVE)


class _Course:
    """How far a pattern that repeats has got, over wraps of ticks_ms."""

    def __init__(self) -> None:
        self._pattern: tuple[tuple[int, int], ...] | None = None
        self._mark = 0
        self._elapsed_ms = 0
        self._seen_ms = time.ticks_ms()

    def now(self, pattern: tuple[tuple[int, int], ...], mark: int = 0) -> tuple[int, int]:
        """(value, ms for which it stays so); begins anew when pattern or mark is another."""
        now_ms = time.ticks_ms()
        if pattern is self._pattern and mark == self._mark:
            passed_ms = time.ticks_diff(now_ms, self._seen_ms)
            self._elapsed_ms = (self._elapsed_ms + passed_ms) % annunciation.length_ms(pattern)
        else:
            self._pattern = pattern
            self._mark = mark
            self._elapsed_ms = 0
        self._seen_ms = now_ms
        return annunciation.at(pattern, self._elapsed_ms)
