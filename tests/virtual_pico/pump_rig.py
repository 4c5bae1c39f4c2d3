"""A pump on the virtual Pico, programmed over its serial port, and what it was asked for.

The edges on STEP are compared with the prescription: fractions on the host, from the programme
and from the instants at which the pump says that things took effect.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from prescription import PRIME, SCHEDULE, STOPPED, TICKS_PER_S, Prescription
from pump.core.programme import Programme
from titrate.client.connection import Connection
from titrate.client.pump import Pump
from titrate.virtual.pico import MS, SECOND, VirtualPico

NS_PER_TICK = 8
NOW = "2026-06-01T08:00:00"  # a Monday
_TIMERAWH, _TIMERAWL = 0x40054024, 0x40054028
# The eighth convergent of pi's continued fraction (OEIS A001203), by which pumps reckon.
_PI = Fraction(312689, 99532)
_BOOT_LIMIT_NS = 20 * SECOND


def programme(**changes: Any) -> Programme:
    """A programme for a small syringe and a fine screw, with some settings changed.

    4.7 mm bore, 1 mm lead, 200 full steps of 16 microsteps and a gear of 4: 1.355 nL a step,
    so that 0.6 mL/day are 5.1 steps/s.
    """
    settings: dict[str, Any] = {
        "name": "Virtual bench",
        "bore_um": 4700,
        "capacity_nl": 1_000_000,
        "travel_um": 58_000,
        "lead_um": 1000,
        "full_steps_per_rev": 200,
        "microsteps": 16,
        "gear": (4, 1),
        "calibration": (1, 1),
        "drug": "baclofen",
        "concentration_mcg_per_ml": (500, 1),
        "days": (((0, (25_000, 1)),),),
        "week": (0,) * 7,
        "boluses": (),
        "minimum_rate_nl_per_h": (1000, 1),
        "start_s": None,
        "end_s": None,
        "reservoir_low_nl": 100_000,
        "reservoir_low_s": 0,
        "reservoir_reserve_nl": 20_000,
        "max_rate_nl_per_h": (9_600_000, 1),
        "max_bolus_nl": (200_000, 1),
        "commit_ahead_nl": 5_000,
    }
    return Programme(**(settings | changes))


def microstep_nl(programme: Programme) -> Fraction:
    """Volume of a microstep: the cylinder that the plunger sweeps in one."""
    area_um2 = _PI * programme.bore_um**2 / 4
    steps_per_turn = programme.full_steps_per_rev * programme.microsteps
    advance_um = Fraction(programme.lead_um) / (steps_per_turn * Fraction(*programme.gear))
    return area_um2 * advance_um * Fraction(*programme.calibration) / 1_000_000


def rate_of(programme: Programme, steps_per_s: int | Fraction) -> tuple[int, int]:
    """The rate in nL/h, as a ratio, at which a pump makes so many steps a second."""
    rate = microstep_nl(programme) * steps_per_s * 3600
    return rate.numerator, rate.denominator


class SerialLine:
    """A client's transport: the virtual Pico's own USB serial port, in its own time."""

    name = "the virtual Pico"

    def __init__(self, pico: VirtualPico):
        self._pico = pico

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._pico.serial_write(data)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting up to timeout_s of the Pico's time."""
        end_ns = self._pico.now_ns + int(timeout_s * SECOND)
        while not (data := self._pico.serial_read()) and self._pico.now_ns < end_ns:
            self._pico.run_for(MS)
        return data

    def close(self) -> None:
        """Nothing holds it."""


class PumpRig:
    """A virtual Pico with the pump's firmware, and the host at the other end of its cable.

    Attributes:
        pico: the VirtualPico.
        pump: the client's Pump on its serial port.
        prescription: what was asked for.
    """

    def __init__(self, uf2: Path, **options: Any):
        self.pico = VirtualPico(uf2, **options)
        self.prescription: Prescription | None = None
        self._zero_ns = 0
        self._connection = Connection(
            SerialLine(self.pico), answer_s=2.0, now=lambda: self.pico.now_ns / SECOND
        )
        self.pump = Pump(self._connection)

    # -- power, time -------------------------------------------------------------------------

    def power_on(self) -> None:
        """Switch on, wait for USB and for the console."""
        self.pico.power_on()
        self.await_usb()
        self._connection.connect()

    def await_usb(self) -> None:
        """Wait until the host has found the Pico."""
        assert self.pico.run_until(lambda: self.pico.usb_ready, _BOOT_LIMIT_NS)

    def run_s(self, seconds: float | Fraction) -> None:
        """Let time pass."""
        self.pico.run_for(int(seconds * SECOND))

    def learn_time(self) -> None:
        """Find out when the pump's time was zero, by the emulator's clock.

        Its offset is read on the device, the timer's phase in steps of a tick.
        """
        offset_us = int(self.on_device("print(c.pump_clock.offset_us)"))
        zero_from_ns, zero_to_ns = 0, 1 << 62
        for _ in range(2 * 1000 // NS_PER_TICK):
            count_us = self.pico.peek(_TIMERAWH) << 32 | self.pico.peek(_TIMERAWL)
            latest_ns = self.pico.now_ns - count_us * 1000
            zero_from_ns = max(zero_from_ns, latest_ns - 999)
            zero_to_ns = min(zero_to_ns, latest_ns)
            self.pico.run_for(NS_PER_TICK)
        assert 0 <= zero_to_ns - zero_from_ns < NS_PER_TICK
        self._zero_ns = zero_to_ns - offset_us * 1000

    def tick_of(self, t_ns: int) -> Fraction:
        """Pump time in ticks at an emulated time."""
        return Fraction(t_ns - self._zero_ns, NS_PER_TICK)

    def ns_of(self, ticks: int | Fraction) -> Fraction:
        """The emulated time at a pump time in ticks."""
        return ticks * NS_PER_TICK + self._zero_ns

    @property
    def now_ticks(self) -> Fraction:
        """Pump time now."""
        return self.tick_of(self.pico.now_ns)

    # -- asking --------------------------------------------------------------------------------

    def on_device(self, code: str, soft_reset: bool = False, limit_s: int = 30) -> str:
        """Run code as mpremote does (`resume` unless soft_reset); c is the Controller there.

        The console is left by it, as by mpremote; the client wakes it at connect().
        """
        begin = "import pump\nc = pump._attached._pump\nrun = pump._attached._run\n"
        out, err = self.pico.exec_raw(begin + code, limit_s, soft_reset=soft_reset)
        assert err == "", err
        return out

    def connect(self) -> None:
        """Have the console answer again."""
        self.pico.serial_read()
        self._connection.connect()

    def set_up(self, prescribed: Programme, fill: str = "1 mL") -> None:
        """Set the clock, programme, fill the reservoir; learn the pump's time."""
        self.pump.set_clock(NOW)
        self.put(prescribed)
        self.pump.refill(fill)
        self.learn_time()
        self.connect()
        step_nl = microstep_nl(prescribed)
        self.prescription = Prescription(
            prescribed, (step_nl.numerator, step_nl.denominator), int(self.now_ticks)
        )

    def put(self, prescribed: Programme) -> None:
        """Propose a programme and confirm it by its digest."""
        self.pump.confirm(self.pump.propose(prescribed).digest)

    def order(self, name: str, **values: object) -> int:
        """Ask for something that changes delivery; returns the tick from which it holds."""
        reply = self.pump.ask(name, **values)
        effective_ticks = reply.values["effective_ticks"]
        assert isinstance(effective_ticks, int)
        return effective_ticks

    def start(self) -> int:
        """Start, on the pump and in the prescription."""
        return self._deliver("start")

    def resume(self) -> int:
        """Resume, on the pump and in the prescription."""
        return self._deliver("resume")

    def _deliver(self, name: str) -> int:
        ticks = self.order(name)
        self.prescription.advance(ticks)
        self.prescription.mode = SCHEDULE
        self.prescription.boluses_from_s = -(-ticks // TICKS_PER_S)
        return ticks

    def pause(self) -> int:
        """Pause, on the pump and in the prescription."""
        return self._rest("pause")

    def stop(self) -> int:
        """Stop, on the pump and in the prescription."""
        return self._rest("stop")

    def _rest(self, name: str) -> int:
        ticks = self.order(name)
        self.prescription.advance(ticks)
        self.prescription.mode = STOPPED
        self.prescription.boluses = []
        return ticks

    def bolus(self, volume_nl: int, duration_s: int) -> int:
        """Give a bolus, on the pump and in the prescription."""
        ticks = self.order("bolus", volume=f"{volume_nl} nL", duration=f"{duration_s} s")
        self.prescription.advance(ticks)
        end_ticks = ticks + duration_s * TICKS_PER_S
        self.prescription.boluses.append((ticks, end_ticks, Fraction(volume_nl)))
        return ticks

    def prime(self, volume_nl: int, rate_nl_per_h: Fraction) -> int:
        """Prime by the whole steps of a volume, on the pump and in the prescription."""
        ticks = self.order("prime", volume=f"{volume_nl} nL", rate=f"{rate_nl_per_h} nL/h")
        self.prescription.advance(ticks)
        steps = Fraction(volume_nl) // self.prescription.microstep_nl
        length = steps * self.prescription.microstep_nl * 3600 * TICKS_PER_S / rate_nl_per_h
        self.prescription.prime = (rate_nl_per_h, ticks - (-length // 1))
        self.prescription.mode = PRIME
        return ticks

    # -- comparing -------------------------------------------------------------------------------

    def lateness_ns(self) -> list[Fraction]:
        """How late each edge so far came, in ns against its exact instant.

        Fails when an edge is missing or there is one too many.
        """
        now = self.now_ticks
        self.prescription.advance(int(now))
        edges = [self.tick_of(t_ns) for t_ns, _ in self.pico.step_edges]
        instants = list(self.prescription.instants())
        # An instant within the last microsecond may have its edge still before it.
        while instants and len(instants) > len(edges) and now - instants[-1] < 125:
            instants.pop()
        assert len(edges) == len(instants)
        return [
            (edge - instant) * NS_PER_TICK for edge, instant in zip(edges, instants, strict=True)
        ]
