"""Looks after a motor driver that can be asked how it is, and counts with it.

The driver's own place in the electrical period, MSCNT, tells the steps that reached it: the
witness counts edges where they leave the RP2040, the driver counts those that arrived. It goes
round every four full steps, so a difference is told unless it is a whole number of those.

A driver that does not answer is stepped all the same: STEP and DIR need no set-up.
"""

from pump.core import moves, records
from pump.core.compat import const
from pump.core.errors import NotNow
from pump.core.tmc2209 import (
    CHARGE_PUMP_LOW,
    DRIVER_ERROR,
    DRV_STATUS,
    GSTAT,
    MSCNT,
    MSCNT_PERIOD,
    RESET,
    TSTEP,
)

STEP_DIR = "step/dir"
FOUND = "TMC2209"
SILENT = "TMC2209 silent"

LOOK_S = const(20)  # while it delivers
REST_S = const(60)  # at rest, and for a driver that was never heard
_AGAIN_S = const(2)
# What is in hand when delivery ends is stepped within 2.2 s.
_SETTLED_S = const(3)
# Looks without an answer before it is told.
_SILENT_LOOKS = const(3)
_MISMATCHES = const(2)
# The driver divides each step into 1/256 as the time of the one before has it, so it may be
# behind by up to a step.
_BEHIND_STEPS = const(1)

_HOT = const(1 << 0)
_TOO_HOT = const(1 << 1)
_SHORTS = const(15 << 2)


class DriverWatch:
    """Looks after the driver of one Controller.

    Args:
        controller: the Controller.
        link: what talks to the driver: read(register) gives its value, or -1 without a sound
            answer; find() sets up a driver that answers and says whether one does;
            set_up(microsteps) says whether it took them; clear(bits) of GSTAT; microsteps in
            force, pin_microsteps after a reset, stall_clocks as the register TCOOLTHRS.
        is_found: what find() said just before.

    Attributes:
        name: STEP_DIR, FOUND or SILENT.
    """

    def __init__(self, controller, link, is_found: bool):
        self._pump = controller
        self._link = link
        self.name = FOUND if is_found else STEP_DIR
        # What the log has been told last.
        self._noted = ""
        self._next_s = 0
        self._was_delivering = False
        self._unheard = 0
        self._is_hot = False
        self._is_faulty = False
        self._diag_s = -1
        # The witness's count and MSCNT where counting began; None: not yet.
        self._anchor: tuple[int, int] | None = None
        # Whether MSCNT rises or falls while the plunger goes in, 1 or -1; 0: not seen yet.
        self._sign = 0
        self._mismatches = 0

    # -- before the motor moves -----------------------------------------------------------

    def make_ready(self, microsteps: int) -> None:
        """Have the driver make the programme's microsteps; call before a start.

        Raises:
            NotNow: it cannot be made to; nothing may move then.
        """
        pump = self._pump
        link = self._link
        if self.name != FOUND:
            self._seek()
        elif pump.state not in moves.DELIVERING and link.read(GSTAT) & RESET:
            # Also where it did not answer: -1 has all bits.
            self._seek()
        if self.name == FOUND:
            if microsteps != link.microsteps:
                # Steps still in hand count in the old microsteps.
                pump.feeder.settle()
                self._anchor = None
            if microsteps == link.microsteps or link.set_up(microsteps):
                if self._anchor is None:
                    self._compare()
                return
        elif microsteps == link.pin_microsteps == link.microsteps:
            return
        raise NotNow(
            "the programme counts in 1/"
            + str(microsteps)
            + " steps and the driver does not answer, so that it may make 1/"
            + str(link.pin_microsteps)
            + "; check the motor supply and the wire at PDN_UART, or confirm a programme with "
            + str(link.pin_microsteps)
            + " microsteps"
        )

    def forget_place(self) -> None:
        """Begin to count anew; call when something else than delivery moves the motor."""
        self._anchor = None

    # -- each look ------------------------------------------------------------------------

    def look(self, uptime_s: int) -> None:
        """Ask the driver how it is, when that is due; costs next to nothing in between."""
        pump = self._pump
        if pump.state == moves.MOVING:
            return
        is_delivering = pump.state in moves.DELIVERING
        if is_delivering != self._was_delivering:
            self._was_delivering = is_delivering
            # At rest once more, when what is in hand has been stepped.
            self._next_s = uptime_s + (LOOK_S if is_delivering else _SETTLED_S)
        if self._noted != self.name:
            self._note(self.name)
        if not is_delivering:
            # Latched: whoever acknowledged them may start again.
            pump.active_alarms.clear("stall", uptime_s)
            if self.name != FOUND:
                pump.active_alarms.clear("driver_fault", uptime_s)
        if uptime_s >= self._next_s:
            self._next_s = uptime_s + (LOOK_S if is_delivering else REST_S)
            self._ask(uptime_s, is_delivering)

    def _ask(self, uptime_s: int, is_delivering: bool) -> None:
        if self.name == STEP_DIR:
            self._seek()
            made = self._link.microsteps
            if is_delivering and made != self._pump.prescription.microsteps:
                # It was set up before this start, and has kept that unheard.
                cause = "the driver was found making 1/" + str(made)
                self._pump.stop_at_once("driver_fault", cause)
            return
        gstat = self._link.read(GSTAT)
        status = -1 if gstat < 0 else self._link.read(DRV_STATUS)
        if status < 0:
            self._not_heard(uptime_s)
            return
        if self.name == SILENT:
            self.name = FOUND
        self._unheard = 0
        self._pump.active_alarms.clear("driver_silent", uptime_s)
        if gstat & RESET:
            self._after_reset(is_delivering)
            return
        self._look_at_faults(gstat, status, uptime_s)
        if self._is_hot or self._is_faulty:
            self._next_s = uptime_s + _AGAIN_S
        if is_delivering or self._anchor is not None:
            self._compare()
            if self._mismatches:
                self._next_s = uptime_s + _AGAIN_S
            elif not is_delivering:
                # Until the next start others may move the motor.
                self._anchor = None

    def _seek(self) -> None:
        """Set up a driver that answers by now."""
        if not self._link.find():
            return
        pump = self._pump
        self.name = FOUND
        self._unheard = 0
        self._anchor = None
        pump.active_alarms.clear("driver_silent", pump.pump_clock.uptime_s())

    def _not_heard(self, uptime_s: int) -> None:
        self._unheard += 1
        if self._unheard < _SILENT_LOOKS:
            self._next_s = uptime_s + _AGAIN_S
        elif self._unheard == _SILENT_LOOKS:
            self.name = SILENT
            self._anchor = None
            pump = self._pump
            pump.active_alarms.raise_alarm("driver_silent", uptime_s)
            pump.recorder.fault("driver_silent", "stepped " + str(pump.moved()))
            link = self._link
            if link.microsteps != link.pin_microsteps and pump.state in moves.DELIVERING:
                # Once it was reset, its steps are of another size.
                pump.stop_at_once("driver_fault", "the driver may have lost its microsteps")

    def _after_reset(self, is_delivering: bool) -> None:
        """It lost its settings, and perhaps steps, some time since the last look."""
        pump = self._pump
        link = self._link
        microsteps = link.microsteps
        self._anchor = None
        if is_delivering and microsteps != link.pin_microsteps:
            pump.stop_at_once(
                "driver_fault", "the driver was reset and made 1/" + str(link.pin_microsteps)
            )
        is_set = link.set_up(microsteps)
        cause = "the driver was reset and set up again"
        if not is_set:
            cause = "the driver was reset and does not take its settings"
        if is_delivering:
            pump.active_alarms.raise_event("driver_reset", pump.pump_clock.uptime_s(), cause)
            pump.recorder.fault("driver_reset", "stepped " + str(pump.moved()))
        self._note(cause)

    def _look_at_faults(self, gstat: int, status: int, uptime_s: int) -> None:
        pump = self._pump
        active = pump.active_alarms
        was_known = self._is_hot or self._is_faulty
        is_hot = status & (_HOT | _TOO_HOT) != 0
        is_faulty = status & _SHORTS != 0 or gstat & CHARGE_PUMP_LOW != 0
        if gstat & DRIVER_ERROR:
            # It stays until it is cleared, and can be cleared only when its cause has gone.
            self._link.clear(DRIVER_ERROR)
            if not is_hot and not was_known:
                is_faulty = True
        if is_hot or is_faulty:
            from pump.core import tmc2209_status

            cause = "driver: " + tmc2209_status.faults(gstat, status)
            if status & _TOO_HOT:
                pump.stop_at_once("over_temperature", cause)
            elif is_hot and active.raise_alarm("over_temperature", uptime_s, cause):
                pump.recorder.fault("over_temperature", cause)
            if is_faulty:
                pump.stop_at_once("driver_fault", cause)
        if self._is_hot and not is_hot:
            active.clear("over_temperature", uptime_s)
        self._is_hot = is_hot
        self._is_faulty = is_faulty
        if not is_faulty:
            active.clear("driver_fault", uptime_s)

    # -- its output DIAG --------------------------------------------------------------------

    def diag(self) -> None:
        """DIAG went high: a stall, or a fault of the driver; ask it, and act at once."""
        pump = self._pump
        uptime_s = pump.pump_clock.uptime_s()
        if uptime_s == self._diag_s or pump.state not in moves.DELIVERING:
            return
        self._diag_s = uptime_s
        self._next_s = uptime_s + _SETTLED_S
        if self.name != FOUND:
            pump.stop_at_once("driver_fault", "DIAG is high and the driver cannot be asked why")
            return
        step_clocks = self._link.read(TSTEP)
        gstat = self._link.read(GSTAT)
        status = self._link.read(DRV_STATUS)
        if step_clocks < 0 or gstat < 0 or status < 0:
            pump.stop_at_once("driver_fault", "DIAG is high and the driver does not answer")
        elif gstat & RESET:
            self._after_reset(True)
        else:
            self._look_at_faults(gstat, status, uptime_s)
            if pump.state in moves.DELIVERING and step_clocks <= self._link.stall_clocks:
                pump.stop_at_once("stall", "the driver saw the motor stall")
            # At a slower motion it cannot tell a stall: a pulse was noise on the wire.

    # -- counting with it -------------------------------------------------------------------

    def _compare(self) -> None:
        """Compare MSCNT with the edges that the witness has seen since counting began."""
        pump = self._pump
        before = pump.generator.witnessed()
        place = self._link.read(MSCNT)
        after = pump.generator.witnessed()
        if place < 0:
            return
        if self._anchor is None:
            # In fast motion it would not be known at which step it stood there.
            if before == after:
                self._anchor = (after, place)
            return
        unit = 256 // self._link.microsteps
        begun, place_then = self._anchor
        low = unit * (before - begun - _BEHIND_STEPS)
        width = unit * (after - before + 2 * _BEHIND_STEPS)
        if width >= MSCNT_PERIOD:
            return
        moved = place - place_then
        rises = self._sign >= 0 and (moved - low) % MSCNT_PERIOD <= width
        falls = self._sign <= 0 and (-moved - low) % MSCNT_PERIOD <= width
        if rises or falls:
            self._mismatches = 0
            if rises != falls:
                self._sign = 1 if rises else -1
            return
        # Once may be a disturbance on the wire, its check sum notwithstanding; twice is none.
        self._mismatches += 1
        if self._mismatches == _MISMATCHES:
            sign = -1 if self._sign < 0 else 1
            missing = (unit * (after - begun) - sign * moved) % MSCNT_PERIOD // unit
            pump.stop_at_once(
                "step_mismatch",
                "of " + str(after - begun) + " steps the driver missed " + str(missing),
            )
            self._anchor = None
            self._mismatches = 0

    def _note(self, what: str) -> None:
        self._noted = self.name
        self._pump.recorder.event(records.DRIVER, records.shorten(what))
