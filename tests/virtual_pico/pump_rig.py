"""A pump on the virtual Pico, programmed over its serial port, and what it was asked for.

The edges on STEP are compared with the prescription: fractions on the host, from the programme
and from the instants at which the pump says that things took effect.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import serial
from prescription import (
    HOUR_S,
    MINIMUM,
    PRIME,
    STOPPED,
    TICKS_PER_S,
    Prescription,
    staircase,
)

from pump.core.programme import Programme, with_basal
from pump.core.quantity import format_instant, parse_instant_s
from titrate.client.connection import Connection
from titrate.client.keyring import Keyring
from titrate.client.pump import Pump
from titrate.virtual.pico import MS, SECOND, VirtualPico
from titrate.virtual.pty_bridge import PtyBridge

NS_PER_TICK = 8
TICKS_PER_US = 125
BOOT_TO_DELIVERY_NS = 2 * SECOND
EXACT_NS = 1000  # an edge comes at its exact instant or less than this after it
START_PER_S, ACCELERATION = 2000, 40_000  # boards/pico_tmc2209
BUZZER_GPIO = 13  # the same
NOW = "2026-06-01T08:00:00"  # what the pump's clock is set to: a Monday
NOW_S = 8 * 3600  # the same, in seconds of the day

_TIMERAWH, _TIMERAWL = 0x40054024, 0x40054028
# The eighth convergent of pi's continued fraction (OEIS A001203), by which pumps reckon.
_PI = Fraction(312689, 99532)
_BOOT_LIMIT_NS = 20 * SECOND
_SLICE_NS = 2 * MS


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
        "commit_ahead_nl": 7_000,
    }
    return Programme(**(settings | changes))


def microstep_nl(programme: Programme) -> Fraction:
    """Volume of a microstep: the cylinder that the plunger sweeps in one."""
    area_um2 = _PI * programme.bore_um**2 / 4
    steps_per_turn = programme.full_steps_per_rev * programme.microsteps
    advance_um = Fraction(programme.lead_um) / (steps_per_turn * Fraction(*programme.gear))
    return area_um2 * advance_um * Fraction(*programme.calibration) / 1_000_000


def rate_for(steps_per_s: int | Fraction) -> tuple[int, int]:
    """The rate in whole nL/h at which programme() makes about so many steps a second."""
    return round(microstep_nl(programme()) * steps_per_s * 3600), 1


def at_rate(prescribed: Programme, mcg_per_day: int) -> Programme:
    """A programme with one flat basal rate."""
    mcg_per_ml = Fraction(*prescribed.concentration_mcg_per_ml)
    nl_per_h = Fraction(mcg_per_day * 1_000_000, 24) / mcg_per_ml
    return with_basal(prescribed, (nl_per_h.numerator, nl_per_h.denominator))


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
        end_ns = self._pico.now_ns + max(1, int(timeout_s * SECOND))
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
        prescription: what was asked for since edge number `first_edge`.
        made_before: what the pump takes for made before that edge.
        request_id: of what was asked for last.
    """

    def __init__(
        self, uf2: Path, answer_s: float = 1.0, keyring: Keyring | None = None, **options: Any
    ):
        self.pico = VirtualPico(uf2, **options)
        self.prescription: Any = None
        self.first_edge = 0
        self.made_before = 0
        self.request_id = ""
        self._offset_us = 0
        self._zeros_ns = [(0, 0)]
        self._disturbances: list[tuple[int, int]] = []
        self._connection = Connection(
            SerialLine(self.pico),
            answer_s,
            now=lambda: self.pico.now_ns / SECOND,
            keyring=keyring,
        )
        self.pump = Pump(self._connection)

    # -- power, time -------------------------------------------------------------------------

    def power_on(self) -> None:
        """Switch on, wait for USB and for the console."""
        self.pico.power_on()
        self.await_usb()
        self.connect()

    def await_usb(self) -> None:
        """Wait until the host has found the Pico."""
        assert self.pico.run_until(lambda: self.pico.usb_ready, _BOOT_LIMIT_NS)

    def run_s(self, seconds: float) -> None:
        """Let time pass."""
        self.pico.run_for(int(seconds * SECOND))

    def run_until(self, instant: str) -> None:
        """Let time pass until the pump's clock shows an instant, such as 2026-06-01T08:00:00."""
        left_ticks = parse_instant_s(instant) * TICKS_PER_S - self.tick_of(self.pico.now_ns)
        assert left_ticks > 0, f"it is past {instant} already"
        self.pico.run_for(int(left_ticks * NS_PER_TICK))

    def learn_time(self, from_ns: int = 0) -> None:
        """Find out when the pump's time was zero, by the emulator's clock; so from a time on.

        Its offset is read on the device, the timer's phase in steps of a tick.
        """
        self._offset_us = offset_us = self._ask_offset_us()
        zero_from_ns, zero_to_ns = -(1 << 62), 1 << 62
        for _ in range(2 * 1000 // NS_PER_TICK):
            latest_ns = self.pico.now_ns - self.timer_us() * 1000
            zero_from_ns = max(zero_from_ns, latest_ns - 999)
            zero_to_ns = min(zero_to_ns, latest_ns)
            self.pico.run_for(NS_PER_TICK)
        assert 0 <= zero_to_ns - zero_from_ns < NS_PER_TICK
        zero_ns = zero_to_ns - offset_us * 1000
        self._zeros_ns = [*(z for z in self._zeros_ns if z[0] < from_ns), (from_ns, zero_ns)]

    def timer_us(self) -> int:
        """What the chip's microsecond timer shows."""
        return self.pico.peek(_TIMERAWH) << 32 | self.pico.peek(_TIMERAWL)

    def tones_hz(self, ms: int) -> set[int]:
        """What the buzzer plays meanwhile."""
        heard_hz = set()
        for _ in range(ms):
            self.pico.run_for(MS)
            heard_hz.add(round(self.pico.pwm_hz(BUZZER_GPIO)))
        return heard_hz - {0}

    def _ask_offset_us(self) -> int:
        return int(self.on_device("print(c.pump_clock.offset_us)"))

    def set_clock(self, instant: str) -> None:
        """Set the clock of a pump that runs, on the pump and in the prescription.

        What has been is told by the new time as well.
        """
        now_ticks = int(self.tick_of(self.pico.now_ns))
        self.pump.set_clock(instant)
        moved_us = self._ask_offset_us() - self._offset_us
        self.connect()
        self._offset_us += moved_us
        self._zeros_ns = [(from_ns, zero - moved_us * 1000) for from_ns, zero in self._zeros_ns]
        at_ticks = max(now_ticks, self.prescription.time_ticks)
        self.prescription.set_clock(at_ticks, moved_us * TICKS_PER_US)

    def tick_of(self, t_ns: int) -> Fraction:
        """Pump time in ticks at an emulated time."""
        zero_ns = next(zero for from_ns, zero in reversed(self._zeros_ns) if from_ns <= t_ns)
        return Fraction(t_ns - zero_ns, NS_PER_TICK)

    # -- asking --------------------------------------------------------------------------------

    def connect(self) -> None:
        """Have the console answer, also after a program or a script has left it."""
        self.pico.serial_read()
        self._connection.connect()

    def on_device(self, code: str, soft_reset: bool = False, limit_s: int = 30) -> str:
        """Run code as `mpremote exec` does, with `resume` unless soft_reset.

        In it, c is the Controller and run() calls where the service runs. As with mpremote, the
        console has been left afterwards; connect() wakes it.
        """
        begin = "import pump\nc = pump._attached._pump\nrun = pump._attached._run\n"
        out, err = self.pico.exec_raw(begin + code, limit_s, soft_reset=soft_reset)
        assert err == "", err
        return out

    def mpremote(self, *arguments: str) -> str:
        """Run the real mpremote on the Pico's pty; returns what it printed."""
        return self._program("mpremote", "connect", "{port}", *arguments)

    def titrate(self, *arguments: str) -> str:
        """Run the real titrate on the Pico's pty; returns what it printed."""
        return self._program("titrate", *arguments, "--port", "{port}")

    def _program(self, module: str, *arguments: str) -> str:
        with self._pty() as bridge:
            words = [bridge.path if word == "{port}" else word for word in arguments]
            command = [sys.executable, "-m", module, *words]
            # On a busy machine the virtual Pico takes its time.
            environment = {**os.environ, "TITRATE_ANSWER_S": "60"}
            with subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment,
            ) as process:
                while process.poll() is None:
                    self._serve(bridge)
                assert process.stdout is not None
                said = process.stdout.read()
        assert process.returncode == 0, said
        return said

    def typed(self, *pieces: tuple[bytes, bytes]) -> list[bytes]:
        """Type at a terminal on the Pico's pty, each piece when the one before was answered.

        Args:
            pieces: (what is typed, what ends its answer) each.

        Returns:
            each answer, what was typed echoed in it.
        """
        said = []
        with self._pty() as bridge, serial.Serial(bridge.path, timeout=0) as port:
            for keys, end in pieces:
                port.write(keys)
                answer = b""
                limit_ns = self.pico.now_ns + 5 * SECOND
                while end not in answer:
                    assert self.pico.now_ns < limit_ns, answer
                    self._serve(bridge)
                    answer += port.read(4096)
                said.append(answer)
        return said

    @contextmanager
    def _pty(self) -> Iterator[PtyBridge]:
        bridge = PtyBridge(self.pico)
        try:
            yield bridge
        finally:
            bridge.close()
            self.pico.serial_set_open(True)

    def _serve(self, bridge: PtyBridge) -> None:
        if not bridge.exchange():
            bridge.wait(0.001)
        self.pico.run_for(_SLICE_NS)

    def set_up(self, prescribed: Programme, fill: str = "1 mL", now: str = NOW) -> None:
        """Set the clock, programme, fill the reservoir; learn the pump's time.

        The pump is at rest; part of a microstep that it owes is carried.
        """
        self.pump.set_clock(now)
        self.change(prescribed)
        self.pump.refill(fill)
        self.learn_time()
        self.connect()
        owed = self.prescription.microsteps % 1 if self.prescription else Fraction(0)
        self.take_up(prescribed, int(self.tick_of(self.pico.now_ns)), owed)
        self.prescription.begin_bridge()

    def take_up(self, prescribed: Programme, ticks: int, remainder: Fraction) -> None:
        """Compare with a prescription that begins anew, with part of a microstep carried."""
        self._begin(prescribed, ticks)
        self.prescription.microsteps = remainder
        edges = len(self.pico.step_edges)
        self.made_before += edges - self.first_edge
        self.first_edge = edges

    def go_on_after_reset(self, reset_ns: int) -> int:
        """Have the prescription ask for nothing from a watchdog reset until delivery went on.

        The timer began at zero with the reset, so the pump's offset is the instant that it took
        for it. The time is learnt anew.

        Returns:
            how long nothing was asked for, in ticks.
        """
        asked = self.prescription
        offset_us, anchor_ticks, due, _ = self._ask_delivery()
        due -= self.made_before
        reset_ticks = offset_us * TICKS_PER_US
        assert abs(reset_ticks - self.tick_of(reset_ns)) * NS_PER_TICK < MS
        asked.advance(reset_ticks)
        asked.boluses = []
        on_ticks = self._gone_on_at(anchor_ticks, due - asked.microsteps)
        assert 0 < (on_ticks - reset_ticks) * NS_PER_TICK < BOOT_TO_DELIVERY_NS
        asked.interrupted(on_ticks)
        self.learn_time(reset_ns)
        return on_ticks - reset_ticks

    def go_on_after_power_cut(self, prescribed: Programme, on_ns: int, edges: int) -> None:
        """Compare with a prescription that begins when delivery went on after power had come.

        What was owed of a microstep is lost with the power. The time is learnt anew.

        Args:
            prescribed: what is delivered now.
            on_ns: when power came on.
            edges: how many edges there were before.
        """
        self.learn_time(on_ns)
        _, anchor_ticks, due, base = self._ask_delivery()
        self._begin(prescribed, anchor_ticks)
        self.prescription.start()
        on_ticks = self._gone_on_at(anchor_ticks, due - base)
        assert 0 < (on_ticks - self.tick_of(on_ns)) * NS_PER_TICK < BOOT_TO_DELIVERY_NS
        self._begin(prescribed, on_ticks)
        self.prescription.start()
        self.first_edge, self.made_before = edges, base

    def _ask_delivery(self) -> tuple[int, int, Fraction, int]:
        """(clock's offset in us, tick of the delivery's anchor, microsteps due by it, microsteps
        that the pump took for made when it was started)."""
        told = self.on_device(
            "d = c.delivery\n"
            "print(c.pump_clock.offset_us, d.anchor_ticks, d.steps, *d.remainder, c.witness_base)"
        )
        offset_us, anchor_ticks, steps, numerator, denominator, base = map(int, told.split())
        return offset_us, anchor_ticks, steps + Fraction(numerator, denominator), base

    def _gone_on_at(self, anchor_ticks: int, given: Fraction) -> int:
        """When delivery at the rate of now went on, if so many microsteps were given by a tick.

        As no rate divides it, only the right instant comes out as a whole tick.
        """
        asked = self.prescription
        per_tick = asked.rate() / (HOUR_S * TICKS_PER_S) / asked.microstep_nl
        on_ticks: Fraction = anchor_ticks - given / per_tick
        assert on_ticks.denominator == 1
        return int(on_ticks)

    def _begin(self, prescribed: Programme, ticks: int) -> None:
        step_nl = microstep_nl(prescribed)
        self.prescription = Prescription(
            prescribed, (step_nl.numerator, step_nl.denominator), ticks
        )

    def change(self, prescribed: Programme) -> None:
        """Propose a programme and confirm it by its digest."""
        self._confirm(self.pump.propose(prescribed).digest, prescribed)

    def revert(self, before: Programme) -> None:
        """Have the programme before this one proposed and confirm it by its digest."""
        self._confirm(self.pump.revert().digest, before)

    def _confirm(self, digest: str, prescribed: Programme) -> None:
        ticks = self._order("confirm", digest=digest)
        if self.prescription:
            self.prescription.advance(ticks)
            self.prescription.change(prescribed)

    def start(self) -> None:
        """Start, on the pump and in the prescription."""
        self._deliver("start")

    def resume(self) -> None:
        """Resume, on the pump and in the prescription."""
        self._deliver("resume")

    def pause(self) -> None:
        """Pause, on the pump and in the prescription."""
        self._rest("pause")

    def stop(self) -> None:
        """Stop, on the pump and in the prescription."""
        self._rest("stop")

    def bolus(self, volume_nl: int, duration_s: int) -> None:
        """Give a bolus, on the pump and in the prescription."""
        ticks = self._order("bolus", volume=f"{volume_nl} nL", duration=f"{duration_s} s")
        self.prescription.advance(ticks)
        self.prescription.give(Fraction(volume_nl), duration_s * TICKS_PER_S)

    def rate(self, mcg_per_day: int) -> None:
        """Change the basal rate, on the pump and in the prescription."""
        ticks = self._order("rate", rate=f"{mcg_per_day} mcg/day")
        self.prescription.advance(ticks)
        self.prescription.change(at_rate(self.prescription.programme, mcg_per_day))

    def minimum(self) -> None:
        """Go on at the minimum rate, on the pump and in the prescription."""
        self.prescription.advance(self._order("minimum"))
        self.prescription.cancel_boluses()
        self.prescription.start(MINIMUM)

    def demand(self) -> None:
        """Ask for the programme's demand bolus, on the pump and in the prescription."""
        self.prescription.advance(self._order("demand"))
        self.prescription.demand()

    def follow(self, prescribed: Programme, from_s: int) -> None:
        """Have a programme take over at a pump time, on the pump and in the prescription."""
        digest = self.pump.propose(prescribed).digest
        ticks = self._order("confirm", digest=digest, at=format_instant(from_s))
        self.prescription.advance(ticks)
        self.prescription.following = (from_s, prescribed)

    def prime(self, volume_nl: int, rate_nl_per_h: int) -> None:
        """Prime by the whole steps of a volume, on the pump and in the prescription."""
        ticks = self._order("prime", volume=f"{volume_nl} nL", rate=f"{rate_nl_per_h} nL/h")
        self.prescription.advance(ticks)
        steps = Fraction(volume_nl) // self.prescription.microstep_nl
        step_nl = self.prescription.microstep_nl
        self.prescription.primes = staircase(
            ticks, steps * step_nl, Fraction(rate_nl_per_h), step_nl, START_PER_S, ACCELERATION
        )
        self.prescription.mode = PRIME

    def _order(self, name: str, **values: object) -> int:
        """Ask for something that changes delivery; returns the tick from which it holds."""
        reply = self.pump.ask(name, **values)
        self.request_id = reply.request_id
        ticks = reply.values["effective_ticks"]
        return ticks if isinstance(ticks, int) else int(self.tick_of(self.pico.now_ns))

    def _deliver(self, name: str) -> None:
        ticks = self._order(name)
        self.prescription.advance(ticks)
        begins_vtbi = name == "start" and self.prescription.mode == STOPPED
        self.prescription.start(begins_vtbi=begins_vtbi)

    def _rest(self, name: str) -> None:
        self.prescription.advance(self._order(name))
        self.prescription.stop()

    # -- comparing -------------------------------------------------------------------------------

    @property
    def edges_ns(self) -> list[int]:
        """Emulated time of each edge that belongs to the prescription."""
        return [t_ns for t_ns, _ in self.pico.step_edges[self.first_edge :]]

    def steps_between(self, from_instant: str, to_instant: str) -> int:
        """How many edges came from one instant of the pump's clock to another."""
        from_ticks, to_ticks = (
            parse_instant_s(instant) * TICKS_PER_S for instant in (from_instant, to_instant)
        )
        return sum(from_ticks <= self.tick_of(t_ns) < to_ticks for t_ns in self.edges_ns)

    def lateness_ns(self) -> list[Fraction]:
        """How late each edge came against its exact instant; fails when one is lost or added."""
        now = self.tick_of(self.pico.now_ns)
        # What was asked for last may hold from an instant that is yet to come.
        self.prescription.advance(max(int(now), self.prescription.time_ticks))
        edges = [self.tick_of(t_ns) for t_ns in self.edges_ns]
        instants = list(self.prescription.instants())
        # An edge whose instant came within the last microsecond may still be on its way.
        while len(instants) > len(edges) and (now - instants[-1]) * NS_PER_TICK < EXACT_NS:
            instants.pop()
        assert len(edges) == len(instants)
        return [
            (edge - instant) * NS_PER_TICK for edge, instant in zip(edges, instants, strict=True)
        ]

    def disturbed(self, from_ns: int, to_ns: int) -> None:
        """From now on steps between two times may be late, but never early."""
        self._disturbances.append((from_ns, to_ns))

    def check_exact(self) -> None:
        """Fails unless every edge came in time, none is lost and none added."""
        for t_ns, late_ns in zip(self.edges_ns, self.lateness_ns(), strict=True):
            assert late_ns >= 0
            assert late_ns < EXACT_NS or self._was_disturbed_at(t_ns)

    def _was_disturbed_at(self, t_ns: int) -> bool:
        return any(from_ns <= t_ns < to_ns for from_ns, to_ns in self._disturbances)

    def check_counts(self) -> None:
        """Fails unless the pump at rest has counted each edge, twice, and no more was asked for."""
        status = self.pump.status()
        edges = len(self.pico.step_edges)
        counts = (status.stepped, status.witnessed, status.asked)
        assert counts == (edges, edges, edges)
