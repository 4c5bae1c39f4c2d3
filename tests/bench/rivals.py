"""The same job given to Titrate and to other ways of stepping, on the same emulated RP2040.

Each makes so many steps a second while the processor is idle, collects garbage, writes files to
flash, or prints to the console; every edge on the STEP pin is compared with the evenly spaced one
that it stands for. The others run on the same build of MicroPython without the pump:

    stepper library   micropython-stepper from PyPI, a step in each callback of a machine.Timer
    machine.Timer     the same written out, as short as can be
    plain PIO         intervals from a state machine, its queue kept full by a machine.Timer
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from pump_rig import PumpRig, microstep_nl, programme, rate_for

from titrate.virtual.flash import FlashTiming
from titrate.virtual.pico import MS, SECOND, VirtualPico

ROOT = Path(__file__).resolve().parents[2]
STOCK = ROOT / "build" / "stock" / "firmware.uf2"
LIBRARY = ROOT / "build" / "rivals" / "stepper" / "__init__.py"

STEPS_PER_S = 100
# The longest that the Pico's flash chip may take to erase a sector: W25Q16JV, 9.6.
_TIMING = FlashTiming(sector_erase_ns=400 * MS)
_JOB_MS = 2000
# What is measured begins when all have got going.
_SETTLE_S = 1
# Of the highest rate: no step lost, none more than half an interval from its place.
_RATES = (1000, 2000, 5000, 10_000, 20_000, 50_000)
_BRIEF_MS = 300
# Titrate's highest is the most that a prime may have; 40 uL are 29,500 steps, three seconds.
_PRIME_STEPS_PER_S = 10_000
_PRIME_NL = 40_000

_UNTIL_END = """
import gc, time
def go_on():
    return time.ticks_diff(end, time.ticks_ms()) > 0
end = time.ticks_add(time.ticks_ms(), {ms})
"""
_DURING = {
    "idle": "",
    "garbage collected": "while go_on(): gc.collect()",
    "flash written": (
        "while go_on():\n with open('/rival.bin', 'wb') as file: file.write(bytes(4096))"
    ),
    "console printed to": "while go_on(): print('x' * 60)",
}
CONDITIONS = tuple(_DURING)
_ALLOCATED = """
gc.collect()
gc.disable()
before = gc.mem_alloc()
time.sleep_ms({ms})
after = gc.mem_alloc()
gc.enable()
print(after - before)
"""

_RIVALS = {
    "stepper library": """
from stepper import Stepper
motor = Stepper(2, 3, speed_sps={rate})
motor.free_run(1)
""",
    "machine.Timer": """
from machine import Pin, Timer
step = Pin(2, Pin.OUT)
def tick(_):
    step.value(1)
    step.value(0)
timer = Timer(freq={rate}, callback=tick)
""",
    "plain PIO": """
import rp2
from machine import Pin, Timer
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, fifo_join=rp2.PIO.JOIN_TX)
def stepping():
    pull(block)
    mov(x, osr)
    set(pins, 1)
    label("wait")
    jmp(x_dec, "wait")
    set(pins, 0)
machine = rp2.StateMachine(0, stepping, freq=125_000_000, set_base=Pin(2))
# Five cycles besides the waiting.
interval = 125_000_000 // {rate} - 5
machine.active(1)
def keep_full(_):
    while machine.tx_fifo() < 8:
        machine.put(interval)
timer = Timer(freq=max({rate} // 4, 10), callback=keep_full)
""",
}


class Found(NamedTuple):
    """How well steps came: the worst distance of an edge from its place, and how many lack."""

    worst_us: float
    lost: int


def judged(edges_ns: list[int], interval_ns: Fraction) -> Found:
    """Compare edges with evenly spaced ones of which the first edge is one.

    Args:
        edges_ns: the time of each edge, in nanoseconds.
        interval_ns: how far they should be from each other.
    """
    first_ns = edges_ns[0]
    due = round((edges_ns[-1] - first_ns) / interval_ns) + 1
    worst = max(abs(t - first_ns - n * interval_ns) for n, t in enumerate(edges_ns))
    return Found(float(worst) / 1000, abs(due - len(edges_ns)))


def during(ms: int, code: str) -> str:
    """A program that does something for so many milliseconds."""
    return (_UNTIL_END + code).replace("{ms}", str(ms))


class Titrate:
    """The pump's firmware as shipped, at so many steps a second of basal rate or of a prime."""

    def __init__(self, uf2: Path, steps_per_s: int, is_prime: bool = False):
        self._rig = PumpRig(uf2, timing=_TIMING)
        self._rig.power_on()
        rate_nl_per_h = rate_for(steps_per_s)
        if is_prime:
            self._rig.set_up(programme())
            self._rig.prime(_PRIME_NL, rate_nl_per_h[0])
        else:
            self._rig.set_up(programme(days=(((0, rate_nl_per_h),),)))
            self._rig.start()
        self.pico = self._rig.pico
        per_s = Fraction(*rate_nl_per_h) / microstep_nl(programme()) / 3600
        self.interval_ns = SECOND / per_s

    def run(self, code: str) -> str:
        """Run a program beside it."""
        return self._rig.on_device(code)


class Rival:
    """One of the others, on MicroPython without the pump."""

    def __init__(self, name: str, steps_per_s: int):
        files = {"stepper.py": LIBRARY.read_bytes()}
        self.pico = VirtualPico(STOCK, files=files, timing=_TIMING)
        self.pico.power_on()
        assert self.pico.run_until(lambda: self.pico.usb_ready, 20 * SECOND)
        self.run(_RIVALS[name].replace("{rate}", str(steps_per_s)))
        self.interval_ns = Fraction(SECOND, steps_per_s)

    def run(self, code: str) -> str:
        """Run a program beside it."""
        out, err = self.pico.exec_raw(code)
        assert not err, err
        return out


def measured(contender: Titrate | Rival, ms: int, code: str) -> Found:
    """How well steps came for so long; while a program ran, unless its text is empty."""
    contender.pico.run_for(_SETTLE_S * SECOND)
    from_ns = contender.pico.now_ns
    if code:
        contender.run(during(ms, code))
    else:
        contender.pico.run_for(ms * MS)
    edges_ns = [t for t, _ in contender.pico.step_edges if t >= from_ns]
    return judged(edges_ns, contender.interval_ns)


def table(uf2: Path, advance: Callable[[str], None]) -> list[dict[str, object]]:
    """Every contender in every condition, and what it costs.

    Args:
        uf2: the firmware image of Titrate.
        advance: called with what is measured next.

    Returns:
        A row a contender: its name; by condition the worst edge error in microseconds and the
        steps that lack; the processor's share in percent and the bytes allocated in 2 s, both at
        STEPS_PER_S and idle; the highest rate of those tried.
    """
    rows: list[dict[str, object]] = []
    for name in ("Titrate", *_RIVALS):
        row: dict[str, object] = {"contender": name}
        for condition, code in _DURING.items():
            advance(f"{name}, {condition}")
            contender = _made(uf2, name, STEPS_PER_S)
            row[condition] = measured(contender, _JOB_MS, code)._asdict()
        advance(f"{name}, cost")
        contender = _made(uf2, name, STEPS_PER_S)
        contender.pico.run_for(_SETTLE_S * SECOND)
        row["allocated_bytes"] = ast.literal_eval(contender.run(during(_JOB_MS, _ALLOCATED)))
        awake_ns, from_ns = contender.pico.cpu_awake_ns, contender.pico.now_ns
        contender.pico.run_for(20 * SECOND)
        spent = contender.pico.cpu_awake_ns - awake_ns
        row["awake_percent"] = 100 * spent / (contender.pico.now_ns - from_ns)
        advance(f"{name}, highest rate")
        row["highest_steps_per_s"] = _highest(uf2, name)
        rows.append(row)
    return rows


def _made(uf2: Path, name: str, steps_per_s: int) -> Titrate | Rival:
    return Titrate(uf2, steps_per_s) if name == "Titrate" else Rival(name, steps_per_s)


def _highest(uf2: Path, name: str) -> int:
    """The highest rate of _RATES at which an idle run is in order; 0 when none is."""
    if name == "Titrate":
        found = measured(Titrate(uf2, _PRIME_STEPS_PER_S, is_prime=True), _BRIEF_MS, "")
        return 0 if found.lost else _PRIME_STEPS_PER_S
    highest = 0
    for rate in _RATES:
        rival = Rival(name, rate)
        found = measured(rival, _BRIEF_MS, "")
        if found.lost or found.worst_us * 1000 > rival.interval_ns / 2:
            break
        highest = rate
    return highest
