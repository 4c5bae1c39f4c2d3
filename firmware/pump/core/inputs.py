"""The switches and sensors that are fitted to a board, watched: from what they read to alarms.

Without a confirmed equipment nothing is watched, and nothing is raised. What stops delivery is
raised only while the pump delivers: nobody is called to a syringe that he is changing. Afterwards
its cause lasts until the switch or the sensor says that it has gone.
"""

from pump.core import alarm_effects, annunciation, measures, moves, records
from pump.core.compat import const
from pump.core.errors import NotNow, PumpError
from pump.core.measures import Threshold

NOTHING = "none"
DAMAGED = "damaged"

# What Sensors.force_counts() gives in place of counts.
NOT_YET = const(-1)
STUCK = const(-2)

# A switch is looked at when its edge wakes somebody; so often besides, should that get lost.
SWITCH_S = const(20)
# Three times as often as GIP v1.0, 5.1 asks for.
MEASURE_S = const(60)
# Force builds up with volume: it is read every FORCE_S, and after so many microsteps at the latest.
FORCE_S = const(20)
FORCE_STEPS = const(100)
# An HX711 has a reading 10 or 80 times a second (its data sheet, "output data rate").
SILENT_S = const(5)

# How far back a value must come before its alarm has no cause any more. Ours: above the noise of
# the converter, below what changes by itself.
_BACK_MV = const(200)
_BACK_C = const(5)
_OCCLUSION_BACK = const(4)  # a quarter of the force

_CODES = (
    "end_of_travel",
    "syringe_removed",
    "occlusion",
    "supply_low",
    "supply_depleted",
    "over_temperature",
    "sensor_failing",
)


class Inputs:
    """Watches the inputs of one Controller.

    Attributes:
        sensors: the board's: see rp2040/sensors.py; None where there is no board.
        title: name of the equipment in use, NOTHING or DAMAGED.
        digest: its digest, or "".
        signals: the cadence of light and sound that it asks for; annunciation.FULL without one.
    """

    def __init__(self, pump):
        self._pump = pump
        self.sensors = None
        self.title = NOTHING
        self.digest = ""
        self._forget()

    def _forget(self) -> None:
        self.signals = annunciation.FULL
        self._is_watching = False
        self._has_switches = False
        self._switches_s: int | None = None
        self._supply_low: Threshold | None = None
        self._supply_depleted: Threshold | None = None
        self._temperature: Threshold | None = None
        # Readings without load and under load, and the load in mN.
        self._force: tuple[int, int, int] | None = None
        self._occlusion: Threshold | None = None
        self._measured_s: int | None = None
        self._force_s = 0
        self._force_step = 0
        self._force_again = True
        self._force_fault = ""

    # -- what is fitted --------------------------------------------------------------------

    def load(self) -> None:
        """Find the equipment that was confirmed; a damaged one raises its alarm."""
        try:
            recorder = self._pump.recorder
            stored = recorder.confirmed(recorder.equipment, records.EQUIPMENT_CONFIRMED)
            if stored is not None:
                self._take(stored)
        except PumpError as error:
            self._forget()
            self.title = DAMAGED
            uptime_s = self._pump.pump_clock.uptime_s()
            self._pump.active_alarms.raise_alarm("equipment_damaged", uptime_s, error.sentence)
            self._pump.recorder.fault("equipment_damaged", error.sentence)

    def install(self, text: str, request_id) -> None:
        """Put an equipment that has been checked in use, across a power loss.

        Raises:
            NotNow: the board has no such input.
        """
        self.review(text)
        pump = self._pump
        stored = pump.recorder.equipment.write(text)
        self._take(stored)
        pump.recorder.event(
            records.EQUIPMENT_CONFIRMED,
            request_id or records.NO_REQUEST,
            stored.digest,
            stored.sequence,
            self.title,
        )
        for code in _CODES + ("equipment_damaged",):
            # What is still so is raised again at the next look.
            pump.active_alarms.clear(code, pump.pump_clock.uptime_s())

    def text(self) -> str:
        """The canonical text of the equipment in use, "" when none is.

        Raises:
            Damaged: it cannot be read.
        """
        return "" if self.title == NOTHING else self._pump.recorder.equipment.read().text

    def review(self, text: str) -> None:
        """Refuse an equipment that the board has no pins for.

        Raises:
            NotNow: with what is missing.
        """
        from pump.core import equipment

        if self.sensors is None:
            return
        lacking = self.sensors.lacks(equipment.parse(text))
        if lacking:
            raise NotNow(
                "this board has no input for "
                + ", ".join(lacking)
                + "; leave it out, or see the wiring in the board's README"
            )

    def _take(self, stored) -> None:
        from pump.core import equipment

        found = equipment.parse(stored.text)
        equipment.check(found)
        self._forget()
        self.title = found.name
        self.digest = stored.digest
        self.signals = found.signals
        if self.sensors is None:
            return
        self.sensors.fit(found)
        self._is_watching = True
        self._has_switches = found.limit_end or found.syringe_switch
        if found.supply_low_mv is not None:
            self._supply_low = Threshold(found.supply_low_mv, _BACK_MV, False)
            self._supply_depleted = Threshold(found.supply_depleted_mv, _BACK_MV, False)
        if found.over_temperature_c is not None:
            self._temperature = Threshold(found.over_temperature_c, _BACK_C, True)
        if found.force != measures.NONE:
            self._force = (found.force_zero_counts, found.force_load_counts, found.force_load_mn)
            back_mn = found.occlusion_mn // _OCCLUSION_BACK
            self._occlusion = Threshold(found.occlusion_mn, back_mn, True)
            self._force_s = self._pump.pump_clock.uptime_s()

    # -- watching --------------------------------------------------------------------------

    def look(self, uptime_s: int) -> None:
        """Do what is due."""
        if not self._is_watching:
            return
        if self._switches_s is None or uptime_s - self._switches_s >= SWITCH_S:
            self._look_at_switches(uptime_s)
        if self._measured_s is None or uptime_s - self._measured_s >= MEASURE_S:
            self._measured_s = uptime_s
            self._measure(uptime_s)
        if self._force is not None:
            self._look_at_force(uptime_s)

    def switches_changed(self) -> None:
        """A switch has settled in another state."""
        self._look_at_switches(self._pump.pump_clock.uptime_s())
        alarm_effects.act(self._pump)

    def require_ready(self) -> None:
        """Refuse to push the plunger where a switch says that it must not.

        Raises:
            NotNow: with what to do.
        """
        if not self._has_switches:
            return
        if self.sensors.switches.is_at_end():
            raise NotNow(
                "the switch at the empty end is reached: draw the plunger back, or check the"
                " switch, before anything is delivered"
            )
        if self.sensors.switches.has_syringe() is False:
            raise NotNow("no syringe lies in its clamp: put one in, or check its switch")

    def _look_at_switches(self, uptime_s: int) -> None:
        self._switches_s = uptime_s
        switches = self.sensors.switches
        cause = "the switch at the empty end was reached" if switches.is_at_end() else ""
        self._stop("end_of_travel", cause, uptime_s)
        cause = "no syringe lies in its clamp" if switches.has_syringe() is False else ""
        self._stop("syringe_removed", cause, uptime_s)

    def _stop(self, code: str, cause: str, uptime_s: int) -> None:
        """Stop delivery at once while there is a cause, "" for none."""
        pump = self._pump
        if not cause:
            if pump.active_alarms.is_active(code):
                pump.active_alarms.clear(code, uptime_s)
        elif pump.state in moves.DELIVERING:
            pump.stop_at_once(code, cause)

    def _measure(self, uptime_s: int) -> None:
        if self._supply_low is not None:
            mv = self.sensors.supply_mv()
            self._tell_supply("supply_depleted", self._supply_depleted, mv, uptime_s)
            self._tell_supply("supply_low", self._supply_low, mv, uptime_s)
        if self._temperature is not None:
            degrees = self.sensors.chip_c()
            cause = ""
            if self._temperature.update(degrees):
                cause = f"the chip is at {degrees} C, limit {self._temperature.limit} C"
            self._tell("over_temperature", cause, uptime_s)

    def _tell_supply(self, code: str, threshold, mv: int, uptime_s: int) -> None:
        cause = ""
        if threshold.update(mv):
            cause = f"the supply is at {mv} mV, limit {threshold.limit} mV"
        self._tell(code, cause, uptime_s)

    def _look_at_force(self, uptime_s: int) -> None:
        pump = self._pump
        step = 0 if pump.feeder is None else pump.feeder.planned
        if (
            not self._force_again
            and uptime_s - self._force_s < FORCE_S
            and step - self._force_step < FORCE_STEPS
        ):
            return
        counts = self.sensors.force_counts(self.sensors.force_kind)
        if counts == NOT_YET and uptime_s - self._force_s < FORCE_S + SILENT_S:
            # Its next reading is on the way; each look asks for it.
            self._force_again = True
            return
        self._force_s = uptime_s
        self._force_step = step
        self._force_again = False
        fault = self._fault_of(counts)
        self._tell("sensor_failing", fault, uptime_s)
        if not fault:
            self._judge_force(measures.force_mn(counts, *self._force), uptime_s)

    def _judge_force(self, mn: int, uptime_s: int) -> None:
        was_beyond = self._occlusion.is_beyond
        if not self._occlusion.update(mn):
            self._stop("occlusion", "", uptime_s)
        elif was_beyond:
            cause = f"plunger force {mn} mN, limit {self._occlusion.limit} mN"
            self._stop("occlusion", cause, uptime_s)
        else:
            # One reading may be a disturbance; two in a row are a force.
            self._force_again = True

    def _fault_of(self, counts: int) -> str:
        if counts == NOT_YET:
            return "the force sensor does not answer"
        if counts == STUCK:
            return "the force sensor's data line is stuck low"
        if not 0 < counts < self.sensors.force_counts_max:
            return "the force sensor is at the end of its range"
        return ""

    def _tell(self, code: str, cause: str, uptime_s: int) -> None:
        """Raise an alarm while there is a cause, "" for none."""
        active = self._pump.active_alarms
        if not cause:
            if active.is_active(code):
                active.clear(code, uptime_s)
        elif active.raise_alarm(code, uptime_s, cause):
            self._pump.recorder.fault(code, cause)

    # -- reading ---------------------------------------------------------------------------

    def rows(self):
        """What every input of the board reads now: (input, is fitted, reading, unit) each."""
        sensors = self.sensors
        if sensors is None:
            return
        switches = sensors.switches
        for name, words in (
            ("limit_home", ("clear", "reached")),
            ("limit_end", ("clear", "reached")),
            ("syringe_switch", ("empty", "syringe")),
        ):
            is_on = switches.reads(name)
            if is_on is not None:
                yield name, switches.is_fitted(name), words[is_on], ""
        mv = sensors.supply_mv()
        if mv is not None:
            yield "supply", self._supply_low is not None, str(mv), "mV"
        yield "chip_temperature", self._temperature is not None, str(sensors.chip_c()), "C"
        for kind in sensors.force_kinds():
            is_fitted = self._force is not None and kind == sensors.force_kind
            counts = sensors.force_counts(kind)
            if counts < 0:
                yield "force_" + kind, is_fitted, "no reading", ""
                continue
            yield "force_" + kind, is_fitted, str(counts), "counts"
            if is_fitted:
                yield "force", True, str(measures.force_mn(counts, *self._force)), "mN"
