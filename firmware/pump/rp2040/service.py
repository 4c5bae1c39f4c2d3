"""The periodic service: commits steps, looks after everything, feeds the watchdog.

It runs from a timer in MicroPython's scheduler, whatever the prompt, a script or the
console is doing. What a person asks for runs in the same place, so that the two never
meet half way.

While such a callback runs, MicroPython does not serve USB, so no Ctrl-C is noticed; one
that was noticed just before must not end the callback in the middle: see settle().
"""

import gc
import time

import machine
import micropython
from micropython import const

from pump.core import moves
from pump.core.annunciation import QUIET
from pump.core.delivery import MODE_PRIME, MODE_STOPPED, TICKS_PER_S
from pump.core.errors import PumpError
from pump.core.feeder import COMMIT_AHEAD_S
from pump.rp2040 import on_demand
from pump.rp2040.pump_clock import timer_us

WATCHDOG_MS = const(8000)
_PERIOD_MS_MAX = const(2000)
_PERIOD_MS_MIN = const(100)
# A prime ends by itself, and somebody is waiting for that.
_PRIME_PERIOD_MS_MAX = const(250)
# While the drive is moved: its words reach 300 ms ahead, and switches are waiting.
_PERIOD_MS_MOVING = const(50)
_MOVING = const(-1)
# A change of rate is allowed for two looks before it comes.
_CHANGE_AHEAD_S = const(4)
# What holds for four seconds is not worked out anew before two of them have passed.
_PERIOD_HOLDS_S = const(2)
# With less in hand than lasts for so many looks, the next one might come too late.
_LOOKS_IN_HAND = const(2)
_ONCE = (0,)


class Service:
    """Serves one Controller for as long as the board has power.

    Args:
        pump: the Controller.
        memory: RetainedMemory, for the instant at which the watchdog was fed.
        annunciator: light and sound: update(priority to show, priority to sound, is quiet, news)
            gives the ms after which to call again; refused() begins the sound of refused input.

    Attributes:
        was_interrupted: a Ctrl-C came while a callback began; the console takes it over.
        display: Display, or None where none is fitted.
    """

    def __init__(self, pump, memory, annunciator):
        self._pump = pump
        self._memory = memory
        self._annunciator = annunciator
        self._timer = machine.Timer(-1)
        self._period_ms = 0
        self._period_mode = MODE_STOPPED
        self._period_until_ticks = None
        self._tick_ref = self._tick
        self._light_timer = machine.Timer(-1)
        self._light_ref = self._light
        self._light_is_due = False
        self._failures = 0
        self.was_interrupted = False
        self.display = None
        self._job_ref = self._do_job

    def start(self) -> None:
        """Start the timer and the watchdog; neither is ever stopped."""
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._feed()
        self._set_period()

    def run(self, function, *args, **kwargs):
        """Call a function in the service's place and return what it returned.

        Call from the main program only. Errors that the function raises are raised here.
        """
        try:
            return self._in_place(function, args, kwargs)
        finally:
            on_demand.let_go()

    def run_steps(self, steps):
        """Go through an iterator with each step in the service's place; yields after each.

        Call from the main program only. Errors that a step raises are raised here. A step that
        gives True is the end of a part: what that needed is let go of.
        """
        try:
            while True:
                is_part_done = self._in_place(_step, (steps,), {})
                if is_part_done is None:
                    return
                if is_part_done:
                    on_demand.let_go()
                yield
        finally:
            on_demand.let_go()

    def _in_place(self, function, args, kwargs):
        job = [function, args, kwargs, None, None, False]
        micropython.schedule(self._job_ref, job)
        while not job[5]:
            time.sleep_ms(1)
        if job[4] is not None:
            raise job[4]
        return job[3]

    def _do_job(self, job) -> None:
        self._settle()
        try:
            job[3] = job[0](*job[1], **job[2])
            if job[3] is None or job[0] is not _step:
                # A step that is not the last has told a row, and changed nothing.
                self._set_period()
        except Exception as error:
            if isinstance(error, PumpError):
                self.refused(error)
            job[4] = error
        finally:
            job[5] = True

    def act(self, function) -> None:
        """Do what a button asks for, in a callback; a refusal is heard."""
        self._settle()
        try:
            function()
            self._set_period()
        except PumpError as error:
            self.refused(error)
        except Exception as error:
            self.failed("service_fault", error)
        finally:
            on_demand.let_go()

    def refused(self, error) -> None:
        """Sound that input was refused with a PumpError."""
        self._pump.note_refused(error)
        self._annunciator.refused()
        # At once, also when a light is on its way to its next change.
        self._light_is_due = False
        self._annunciate()

    def _tick(self, _timer) -> None:
        self._settle()
        try:
            if self._pump.service():
                self._feed()
            if self._pump.wants_bootloader:
                self._pump.generator.energise(False)
                machine.bootloader()
            self._failures = 0
        except Exception as error:
            self._failures += 1
            if self._failures == 1:
                self.failed("service_fault", error)
        finally:
            try:
                self._annunciate()
                self._keep_period()
                if self.display is not None and self.display.look():
                    on_demand.let_go()
            except Exception as error:
                self.failed("service_fault", error)

    def _settle(self) -> None:
        """Let a Ctrl-C that is pending raise here, where nothing is half done, and keep it."""
        try:
            for _ in _ONCE:
                pass
        except KeyboardInterrupt:
            self.was_interrupted = True

    def failed_console(self, error: Exception) -> None:
        """As failed(), for a request that broke off."""
        self.failed("console_fault", error)

    def failed(self, code: str, error: Exception) -> None:
        """Tell people of an error that should not have been; what failed goes on.

        Args:
            code: "service_fault" or "console_fault"; where memory ran out, that is said instead.
        """
        if isinstance(error, MemoryError):
            gc.collect()
            code = "heap_exhausted"
        self._pump.note_failed(code, error)

    def _annunciate(self) -> None:
        """Set light and sound; a timer of their own comes back while an alarm lasts."""
        if self._light_is_due:
            return
        pump = self._pump
        light, sound = pump.monitor.shown_priority()
        is_quiet = pump.inputs.signals == QUIET
        wait_ms = self._annunciator.update(light, sound, is_quiet, pump.active_alarms.news)
        if wait_ms < self._period_ms:
            self._light_is_due = True
            self._light_timer.init(
                period=wait_ms, mode=machine.Timer.ONE_SHOT, callback=self._light_ref
            )

    def _light(self, _timer) -> None:
        self._settle()
        self._light_is_due = False
        try:
            self._annunciate()
        except Exception as error:
            self.failed("service_fault", error)

    def _feed(self) -> None:
        self._watchdog.feed()
        self._memory.note_fed(timer_us())

    def _keep_period(self) -> None:
        """Set the period anew when delivery has changed by itself, or soon will."""
        mode = self._mode()
        if mode != self._period_mode:
            self._set_period()
        elif mode >= 0 and mode != MODE_STOPPED:
            feeder = self._pump.feeder
            until_ticks = self._period_until_ticks
            if until_ticks is None and feeder.is_full:
                return
            now_ticks = self._pump.pump_clock.now_ticks()
            if (until_ticks is not None and now_ticks >= until_ticks) or (
                not feeder.is_full
                and feeder.in_hand_ms(now_ticks) < _LOOKS_IN_HAND * self._period_ms
            ):
                self._set_period()

    def _mode(self) -> int:
        if self._pump.state == moves.MOVING:
            return _MOVING
        feeder = self._pump.feeder
        if feeder is None or not feeder.is_running:
            return MODE_STOPPED
        return self._pump.delivery.mode

    def _set_period(self) -> None:
        """Look three times or more while what is committed lasts, at the rates soon to come too."""
        period_ms = _PERIOD_MS_MAX
        self._period_mode = self._mode()
        self._period_until_ticks = None
        if self._period_mode == _MOVING:
            period_ms = _PERIOD_MS_MOVING
        elif self._period_mode != MODE_STOPPED:
            pump = self._pump
            rate_nl_per_h = pump.monitor.highest_rate_during(_CHANGE_AHEAD_S)
            steps = pump.delivery.microsteps_in(rate_nl_per_h, COMMIT_AHEAD_S * TICKS_PER_S)
            if self._period_mode == MODE_PRIME:
                period_ms = _PRIME_PERIOD_MS_MAX
            commit_steps = pump.feeder.commit_steps
            if steps[0] > commit_steps * steps[1]:
                lasts_ms = 1000 * COMMIT_AHEAD_S * commit_steps * steps[1] // steps[0]
                period_ms = min(period_ms, max(_PERIOD_MS_MIN, lasts_ms // 4))
            now_ticks = pump.pump_clock.now_ticks()
            in_hand_ms = pump.feeder.in_hand_ms(now_ticks)
            is_short = in_hand_ms < _LOOKS_IN_HAND * period_ms and pump.feeder.is_behind(now_ticks)
            if is_short:
                # What may be committed lasts shorter while late steps are made up for.
                period_ms = min(period_ms, max(_PERIOD_MS_MIN, in_hand_ms // 4))
            now_ticks = max(now_ticks, pump.delivery.anchor_ticks)
            change_ticks = pump.delivery.next_change_after(now_ticks)
            if change_ticks is not None:
                self._period_until_ticks = max(
                    change_ticks - _CHANGE_AHEAD_S * TICKS_PER_S,
                    now_ticks + _PERIOD_HOLDS_S * TICKS_PER_S,
                )
            if is_short:
                self._period_until_ticks = now_ticks + _PERIOD_HOLDS_S * TICKS_PER_S
        if period_ms != self._period_ms:
            self._period_ms = period_ms
            self._timer.init(period=period_ms, mode=machine.Timer.PERIODIC, callback=self._tick_ref)


def _step(steps):
    """What the next step of an iterator gives; None when it has come to its end."""
    for is_part_done in steps:
        return is_part_done
    return None
