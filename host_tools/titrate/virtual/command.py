"""`titrate virtual`: a virtual Pico on a pty, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from titrate.virtual.devices.ds3231 import Ds3231
from titrate.virtual.devices.ssd1306 import Ssd1306
from titrate.virtual.devices.tmc2209 import Tmc2209
from titrate.virtual.drive_folder import DriveFolder
from titrate.virtual.pacing import Pacing
from titrate.virtual.pico import MS, VirtualPico
from titrate.virtual.pty_bridge import PtyBridge
from titrate.virtual.step_csv import StepCsv

PRESS_NS = 200 * MS
_WRITE_EVERY_S = 1.0


def run(
    uf2: Path,
    *,
    pty: Path | None = None,
    edges: Path | None = None,
    flash: Path | None = None,
    drive: Path | None = None,
    clock_module: bool = False,
    display: Path | None = None,
    speed: str = "real",
    step_gpio: int = 2,
    dir_gpio: int = 3,
    pair_gpio: int = 22,
    i2c: int = 0,
    tmc2209: bool = False,
    announce: Callable[[str], None] = print,
    stop: Callable[[VirtualPico], bool] = lambda pico: False,
) -> None:
    """Run the firmware `uf2` and serve its USB serial port on a pty, until Ctrl-C or SIGTERM.

    `pty` names a link to the pty; `edges` a CSV file for the STEP edges; `flash` a file that
    keeps the flash from one run to the next; `drive` a folder that stands for the drive of the
    boot ROM while it shows one; `clock_module` fits a DS3231, right by this computer's clock, and
    `display` an SSD1306, drawn in the PNG file of that name, both at I2C unit `i2c`; `tmc2209`
    wires a driver to it that can be asked; `speed` see `pacing.Pacing`. SIGUSR1 presses the push
    button at `pair_gpio` for PRESS_NS. `announce` is given the path to open, once. `stop` is asked
    now and then, with the Pico, and ends it too.

    Raises ValueError, OSError or RuntimeError, with one sentence, when something does not fit.
    """
    pico = VirtualPico(uf2, flash=flash, step_gpio=step_gpio, dir_gpio=dir_gpio)
    if clock_module:
        clock = Ds3231(lambda: pico.now_ns)
        clock.set(datetime.now())
        pico.attach_i2c(i2c, clock)
    screen = Ssd1306() if display else None
    if screen:
        pico.attach_i2c(i2c, screen)
    if tmc2209:
        Tmc2209(pico)
    pacing = Pacing(speed, pico.now_ns)
    with ExitStack() as stack:
        asked_to_end = stack.enter_context(_signals_noted())
        presses = stack.enter_context(_presses_noted())
        pressed_until_ns = 0
        log = stack.enter_context(StepCsv(edges, pico.step_edges)) if edges else None
        bridge = PtyBridge(pico, pty)
        stack.callback(bridge.close)
        folder = DriveFolder(pico, drive) if drive else None
        if folder:
            stack.callback(folder.hide)
        stack.callback(pico.power_off)
        pico.power_on()
        announce(bridge.path)
        written = time.monotonic()
        while not asked_to_end and not stop(pico):
            moved = bridge.exchange()
            if folder and folder.exchange():
                moved = True
            if presses:
                presses.clear()
                pressed_until_ns = pico.now_ns + PRESS_NS
                pico.set_input(pair_gpio, 0)
            elif pressed_until_ns and pico.now_ns >= pressed_until_ns:
                pressed_until_ns = 0
                pico.set_input(pair_gpio, None)
            run_ns, wait_s = pacing.next_slice(pico.now_ns, moved)
            if run_ns:
                pico.run_for(run_ns)
            else:
                bridge.wait(wait_s)
            if time.monotonic() - written >= _WRITE_EVERY_S:
                written = time.monotonic()
                _note_steps(pico, log)
                if screen and display:
                    _draw(screen, display)


def _note_steps(pico: VirtualPico, log: StepCsv | None) -> None:
    if log is not None:
        log.write()
    else:
        pico.step_edges.clear()


def _draw(screen: Ssd1306, path: Path) -> None:
    """Write what a display shows, so that whoever looks at the file finds a whole picture."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(screen.png())
    part.replace(path)


@contextmanager
def _presses_noted() -> Iterator[list[int]]:
    """Each SIGUSR1 goes into the list yielded."""
    noted: list[int] = []
    former = signal.signal(signal.SIGUSR1, lambda number, _frame: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGUSR1, former)


@contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM go into the list yielded, so that they interrupt nothing half way.

    A second one does what it does otherwise.
    """
    noted: list[int] = []
    former: dict[int, Any] = {}

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)
        signal.signal(number, former[number])

    for ending in (signal.SIGINT, signal.SIGTERM):
        former[ending] = signal.signal(ending, note)
    try:
        yield noted
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
