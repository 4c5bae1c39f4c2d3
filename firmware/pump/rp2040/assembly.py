"""Builds the pump on a board: the one place where hardware is made and handed in."""

import gc
import os

import machine
import rp2
from micropython import const

from pump.core import records, recovery
from pump.core.controller import Controller
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from pump.core.retained import RetainedState
from pump.core.sectors import LAYOUT, TOTAL_SECTORS
from pump.core.slots import Slots
from pump.rp2040.annunciator import Annunciator
from pump.rp2040.file_sectors import FileSectors
from pump.rp2040.flash_sectors import FlashSectors
from pump.rp2040.panel import Panel
from pump.rp2040.pump_clock import TICKS_PER_US, PumpClock
from pump.rp2040.service import WATCHDOG_MS, Service
from pump.rp2040.step_generator import StepGenerator
from pump.version import VERSION

SYSTEM_CLOCK_HZ = const(125000000)
_IOCTL_BLOCK_COUNT = const(4)


def build(board, memory, left_over):
    """Build the pump and set it going.

    Args:
        board: module or object with the board's pins and timing, see boards/.
        memory: the RetainedMemory reserved for this boot.
        left_over: LeftOver, what the boot before left behind.

    Returns:
        (Controller, Service, Panel); the service is running. All three are to be kept.
    """
    machine.freq(SYSTEM_CLOCK_HZ)
    clock = PumpClock()
    generator = StepGenerator(board, memory, clock)
    recorder = _open_recorder(board, clock)
    pump = Controller(clock, generator, recorder, _identity(), memory.save_text, gc.mem_free)
    _recover(pump, clock, left_over)
    memory.announce()
    service = Service(pump, memory, _annunciator(board))
    service.start()
    stop_pin = machine.Pin(board.BUTTON_STOP_GPIO, machine.Pin.IN, machine.Pin.PULL_UP)
    panel = Panel(pump, stop_pin, board.BUTTON_ACTIVE_LEVEL)
    recovery.load_requests(pump)
    return pump, service, panel


def _recover(pump, clock, last) -> None:
    state = _state_of(last)
    gap_from_ticks = None
    if state is not None:
        clock.offset_us = state.offset_us
        clock.is_known = state.clock_known
        if not last.was_soft:
            # The timer began again at zero when the watchdog bit, so long after it was fed.
            reset_us = last.fed_us + WATCHDOG_MS * 1000 + state.offset_us
            clock.offset_us = reset_us
            gap_from_ticks = reset_us * TICKS_PER_US
    pump.reset_cause = _cause(state, last)
    if state is None:
        recovery.after_power_cut(pump)
    else:
        recovery.after_warm_reset(pump, state, last.witnessed, gap_from_ticks)
    pump.recorder.event(records.BOOT, pump.reset_cause, VERSION)
    if pump.reset_cause == "watchdog":
        pump.active_alarms.raise_event("watchdog_reset", clock.uptime_s())


def _state_of(last):
    if last.text is None:
        return None
    try:
        return RetainedState(last.text)
    except ValueError:
        return None


def _cause(state, last) -> str:
    if state is not None and last.was_soft:
        return "soft_reset"
    if machine.reset_cause() == machine.WDT_RESET:
        return "watchdog"
    return "power_on"


def _open_recorder(board, clock):
    board_id = machine.unique_id()
    sectors = _sectors(board)
    journals = []
    for name in ("events", "faults", "checkpoints"):
        first, count = LAYOUT[name]
        journal = Journal(sectors, first, count, board_id)
        journal.open()
        journals.append(journal)
    first, count = LAYOUT["programme"]
    settings = Slots(sectors, first, count // 2, board_id)
    return Recorder(journals[0], journals[1], journals[2], settings, clock)


def _sectors(board):
    """The flash partition of a Titrate image, or files where all storage is a file system.

    The file system itself tells: on a Titrate image it is smaller than the storage area by
    just the journal's sectors.
    """
    storage = rp2.Flash().ioctl(_IOCTL_BLOCK_COUNT, 0)
    try:
        is_smaller = os.statvfs("/")[2] + board.JOURNAL_SECTORS == storage
    except OSError:
        is_smaller = False
    if is_smaller:
        return FlashSectors(0, TOTAL_SECTORS)
    return FileSectors("/pump_journal", TOTAL_SECTORS)


def _annunciator(board):
    level = board.LED_ACTIVE_LEVEL
    leds = [
        machine.Pin(gpio, machine.Pin.OUT, value=1 - level)
        for gpio in (board.LED_RED_GPIO, board.LED_GREEN_GPIO, board.LED_BLUE_GPIO)
    ]
    buzzer = machine.PWM(machine.Pin(board.BUZZER_GPIO))
    return Annunciator(leds[0], leds[1], leds[2], buzzer, level)


def _identity():
    from binascii import hexlify

    installed = "frozen"
    try:
        import pump_image as made_from
    except ImportError:
        installed = "files"
        try:
            import pump_files as made_from
        except ImportError:
            made_from = None
    return [
        ("firmware_version", VERSION),
        ("image_digest", getattr(made_from, "SOURCE_DIGEST", "")),
        ("installed", installed),
        ("board", getattr(made_from, "BOARD", "")),
        ("board_id", hexlify(machine.unique_id()).decode()),
        ("micropython", os.uname().release),
    ]
