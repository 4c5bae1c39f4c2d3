"""Builds the pump on a board: the one place where hardware is made and handed in."""

import gc
import os

import machine
import rp2
from micropython import const

from pump.core import after_reset, recovery
from pump.core.clock_module import ClockModule
from pump.core.controller import Controller
from pump.core.journal import Journal
from pump.core.recorder import Recorder
from pump.core.retained import RetainedState
from pump.core.sectors import LAYOUT, TOTAL_SECTORS
from pump.core.self_test import SelfTest
from pump.core.slots import Slots
from pump.rp2040 import flash_image
from pump.rp2040.annunciator import Annunciator
from pump.rp2040.ds3231 import Ds3231
from pump.rp2040.i2c_bus import I2cBus
from pump.rp2040.panel import Panel
from pump.rp2040.pump_clock import TICKS_PER_US, PumpClock
from pump.rp2040.registers import WATCHDOG_REASON, WATCHDOG_SCRATCH4
from pump.rp2040.sensors import Sensors
from pump.rp2040.service import WATCHDOG_MS, Service
from pump.rp2040.step_generator import StepGenerator
from pump.version import VERSION

SYSTEM_CLOCK_HZ = const(125000000)
_IOCTL_BLOCK_COUNT = const(4)
# The watchdog's REASON register: it ran out, and was not told to reset.
_REASON_TIMER = const(1)
# What the SDK leaves in SCRATCH4 when it enables the watchdog as such, and not to restart: its
# WATCHDOG_NON_REBOOT_MAGIC.
_IS_WATCHDOG = 0x6AB73121
_SPARE_BYTES = const(512)


def prepare(board):
    """Do what takes long and needs neither steps nor retained memory.

    Returns:
        what build() asks for as prepared.
    """
    clock = PumpClock()
    recorder = _recorder(board, clock)
    return clock, recorder, recovery.Kept(recorder), _driver(board)


def build(board, prepared, memory, left_over):
    """Build the pump and set it going.

    Args:
        board: module or object with the board's pins and timing, see boards/.
        prepared: what prepare() returned.
        memory: the RetainedMemory reserved for this boot.
        left_over: LeftOver, what the boot before left behind.

    Returns:
        (Controller, Service, Panel); the service is running. All three are to be kept.
    """
    machine.freq(SYSTEM_CLOCK_HZ)
    clock, recorder, kept, driver = prepared
    generator = StepGenerator(board, memory, clock)
    pump = Controller(
        clock, generator, recorder, _identity(), memory.save_text, gc.mem_free, os.urandom
    )
    sensors = pump.inputs.sensors = Sensors(board)
    pump.switches = sensors.switches  # type: ignore[assignment]  # they answer the same questions
    i2c = I2cBus(board.I2C, board.I2C_SDA_GPIO, board.I2C_SCL_GPIO)
    pump.clock_module = ClockModule(Ds3231(i2c))
    if driver is not None:
        from pump.core.driver_watch import DriverWatch

        pump.driver = DriverWatch(pump, *driver)
    _recover(pump, clock, kept, left_over)
    memory.announce()
    service = Service(pump, memory, _annunciator(board))
    service.start()
    sensors.switches.on_change = lambda: service.act(pump.switches_changed)
    service.display = _display(pump, i2c)
    if driver is not None:
        _watch_diag(board, service, pump.driver)
    pins = [
        machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
        for gpio in (board.BUTTON_STOP_GPIO, board.BUTTON_BOLUS_GPIO, board.BUTTON_PAIR_GPIO)
    ]
    panel = Panel(pump, service.act, pins, board.BUTTON_ACTIVE_LEVEL)
    pump.monitor.self_test = SelfTest(pump, flash_image.find(), _spare_block)
    return pump, service, panel


def _display(pump, i2c):
    """The display that answers, or None."""
    from pump.core.display import Display
    from pump.rp2040 import ssd1306

    for address in ssd1306.ADDRESSES:
        if i2c.write(address, ssd1306.OFF):
            return Display(pump, ssd1306.Ssd1306(i2c, address))
    return None


def _driver(board):
    """(its Tmc2209, whether it was found and set up); None on a board without such a driver."""
    if not hasattr(board, "TMC_UART"):
        return None
    from pump.rp2040.tmc2209 import Tmc2209

    link = Tmc2209(board)
    return link, link.find()


def _watch_diag(board, service, driver) -> None:
    # Pulled down, it reads 0 where nothing is wired to it.
    pin = machine.Pin(board.DIAG_GPIO, machine.Pin.IN, machine.Pin.PULL_DOWN)
    look = driver.diag
    pin.irq(lambda _pin: service.act(look), machine.Pin.IRQ_RISING)


def _spare_block() -> bytearray:
    # A new one each time, so that it lies elsewhere as the heap is used.
    return bytearray(_SPARE_BYTES)


def _recover(pump, clock, kept, last) -> None:
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
    if state is None:
        recovery.after_power_cut(pump)
    else:
        recovery.after_warm_reset(pump, kept, state, last.witnessed, gap_from_ticks)
    after_reset.note(pump, _cause(state, last), VERSION)


def _state_of(last):
    if last.text is None:
        return None
    try:
        return RetainedState(last.text)
    except ValueError:
        return None


def _cause(state, last) -> str:
    if state is not None and last.was_soft:
        return after_reset.SOFT
    if machine.reset_cause() != machine.WDT_RESET:
        return after_reset.POWER_ON
    if not machine.mem32[WATCHDOG_REASON] & _REASON_TIMER:
        return after_reset.FORCED
    # The boot ROM lets the watchdog run out to restart when it has written a new image.
    is_watchdog = machine.mem32[WATCHDOG_SCRATCH4] & 0xFFFFFFFF == _IS_WATCHDOG
    return after_reset.WATCHDOG if is_watchdog else after_reset.BOOTLOADER


def _recorder(board, clock):
    board_id = machine.unique_id()
    sectors = _sectors(board)
    journals = []
    for name in ("events", "faults", "checkpoints"):
        first, count = LAYOUT[name]
        journals.append(Journal(sectors, first, count, board_id))
    slots = []
    for name in ("programme", "library", "following", "keys", "equipment"):
        first, count = LAYOUT[name]
        slots.append(Slots(sectors, first, count // 2, board_id))
    events, faults, checkpoints = journals
    programme, library, following, keys, equipment = slots
    return Recorder(
        events, faults, checkpoints, programme, library, following, keys, equipment, clock
    )


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
        from pump.rp2040.flash_sectors import FlashSectors

        return FlashSectors(0, TOTAL_SECTORS)
    from pump.rp2040.file_sectors import FileSectors

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
