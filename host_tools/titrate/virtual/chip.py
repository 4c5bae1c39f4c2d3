"""An RP2040 that runs a Pico's firmware: rp2040py with its shortcomings mended from outside.

One `Chip` lives from power on to power off. It owns the simulation clock and the run loop;
resets happen inside it.
"""

from __future__ import annotations

import logging
import random
from array import array
from collections.abc import Callable
from importlib.metadata import version
from types import FunctionType
from typing import Any

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.peripherals.vreg_and_chip_reset import HAD_POR, HAD_RUN
from rp2040py.rp2040 import RP2040

from titrate.virtual.dma import Dma
from titrate.virtual.flash import FlashChip, FlashStore
from titrate.virtual.i2c import I2c, pads_of
from titrate.virtual.pads import PadListener, Pads, PinDrivers
from titrate.virtual.pio import CYCLE_NS, PioBlock
from titrate.virtual.resets import Resets
from titrate.virtual.sio import Sio
from titrate.virtual.timer import Timer
from titrate.virtual.uart import Uart
from titrate.virtual.usb import UsbController, UsbSerialHost
from titrate.virtual.usb_storage import UsbStorageHost
from titrate.virtual.watchdog import Watchdog
from titrate.virtual.xip_memory import XipMemory

EMULATOR_VERSION = "0.3.6"
"""The rp2040py release these mends are written for; they reach into its blocks."""

_DMA_BASE = 0x50000
_I2C_BASES = (0x40044, 0x40048)
_PIO_BASES = (0x50200, 0x50300)
_RESETS_BASE = 0x4000C
_SSI_BASE = 0x18000
_TIMER_BASE = 0x40054
_UART_BASES = (0x40034, 0x40038)
_USB_BASE = 0x50110
_WATCHDOG_BASE = 0x40058
_XIP_MEMORY_BASE = 0x15000
_ROM_START_VECTOR = 4
_LONG_NS = 1 << 62
_log = logging.getLogger(__name__)


class _Log:
    """rp2040py's logger interface; what the emulator does not model is only worth a debug line."""

    def debug(self, component_name: str, message: str) -> None:
        """Dropped: one line per USB packet."""

    def info(self, component_name: str, message: str) -> None:
        """Dropped: one line per SEV instruction."""

    def warning(self, component_name: str, message: str) -> None:
        _log.debug("%s: %s", component_name, message)

    def error(self, component_name: str, message: str) -> None:
        _log.debug("%s: %s", component_name, message)


def check_emulator_version() -> None:
    """Raise RuntimeError unless the installed rp2040py is the release the mends are for."""
    found = version("rp2040py")
    if found != EMULATOR_VERSION:
        raise RuntimeError(
            f"the virtual Pico is built on rp2040py {EMULATOR_VERSION}, but {found} is installed: "
            f"run 'pip install rp2040py=={EMULATOR_VERSION}'"
        )


_BUS_METHODS = (
    "read_uint8",
    "read_uint16",
    "read_uint32",
    "write_uint8",
    "write_uint16",
    "write_uint32",
)


def _quicken_bus(mcu: Any) -> None:
    """Make the compiled emulator twice as fast.

    At every access to memory its compiled code looks its own method up by name, in case a Python
    class has replaced it, and takes the bound method apart again. Finding the bare function in the
    instance spares it that; from Python the methods are then called on the class, with `mcu`.
    """
    if not isinstance(RP2040.read_uint16, FunctionType):
        for name in _BUS_METHODS:
            setattr(mcu, name, RP2040.__dict__[name])


class _RunState:
    """What rp2040py's run loop wants of a simulator; it looks at it between any two instructions,
    so looking is made as quick as can be."""

    __slots__ = ("clock", "rp2040", "stopped")

    def __init__(self, mcu: Any, clock: SimulationClock) -> None:
        self.rp2040 = mcu
        self.clock = clock
        self.stopped = False


class Chip:
    """A powered RP2040 with its flash.

    `store` is the flash content, `driven` what is wired to the pads from outside, `on_pad` hears
    every pad change, `received` every piece of USB serial output. `seed` fills the RAM with
    rubbish, as power on does.
    """

    def __init__(
        self,
        store: FlashStore,
        driven: list[int | None],
        on_pad: PadListener,
        received: Callable[[bytes], None],
        seed: int,
    ) -> None:
        check_emulator_version()
        self.clock = SimulationClock()
        mcu: Any = RP2040(self.clock)
        self.rp2040 = mcu
        self._run_state: Any = _RunState(self.rp2040, self.clock)
        self._done = True
        self.power_cut = False
        self.frozen = False
        self.resets = 0
        self._stop_ns = _LONG_NS
        self._cycles_before_reset = 0
        self._polled_ns = 0.0
        self._stop_alarm = self.clock.create_alarm(self._stop)
        self._power_alarm = self.clock.create_alarm(self._cut_power)
        _quicken_bus(mcu)
        mcu.logger = _Log()
        mcu.bootrom[: len(BOOTROM_B1)] = array("I", BOOTROM_B1)
        mcu.sram[:] = random.Random(seed).randbytes(len(mcu.sram))
        mcu.sio = Sio(mcu)
        self.pads = Pads(mcu, driven, on_pad)
        self.dma = Dma(mcu, mcu.dma)
        self._install(_DMA_BASE, "dma", self.dma)
        self.pio = [PioBlock(mcu, index, self.pads) for index in (0, 1)]
        for pin in mcu.gpio:
            pin.rp2040 = PinDrivers(mcu, self.pio)
        self.pads.blocks = self.pio
        for base, block in zip(_PIO_BASES, self.pio, strict=True):
            mcu.peripherals[base] = block
        self._install(_TIMER_BASE, "timer", Timer(mcu))
        self.flash = FlashChip(mcu, store, lambda: self.now_ns, self._pass_time, self._cut_power_in)
        self._install(_SSI_BASE, "ssi", self.flash)
        mcu.uart = [Uart(mcu, former) for former in mcu.uart]
        for base, uart in zip(_UART_BASES, mcu.uart, strict=True):
            mcu.peripherals[base] = uart
        mcu.i2c = [self._i2c(index, former) for index, former in enumerate(mcu.i2c)]
        for base, i2c in zip(_I2C_BASES, mcu.i2c, strict=True):
            mcu.peripherals[base] = i2c
        self._install(_RESETS_BASE, "resets", Resets(mcu))
        usb_controller = UsbController(mcu)
        self._install(_USB_BASE, "usb_ctrl", usb_controller)
        self.storage = UsbStorageHost(usb_controller)
        self.usb = UsbSerialHost(usb_controller, received, self.storage)
        for channel in mcu.pwm.channels:
            # No edge per period: what a PWM output does is read from its registers.
            for alarm in (channel.alarm_a, channel.alarm_b, channel.alarm_bottom):
                alarm.enable = False
        self._install(_WATCHDOG_BASE, "watchdog", Watchdog(mcu))
        mcu.peripherals[_XIP_MEMORY_BASE] = XipMemory(mcu)
        mcu.watchdog.on_watchdog_trigger = self._watchdog_reset
        self._reset(from_watchdog=False)
        mcu.vreg_and_chip_reset.record_reset_cause(HAD_POR)

    def _install(self, base: int, name: str, block: Any) -> None:
        setattr(self.rp2040, name, block)
        self.rp2040.peripherals[base] = block

    def _i2c(self, index: int, former: Any) -> I2c:
        mcu = self.rp2040
        driven = self.pads.driven
        return I2c(
            mcu,
            former,
            lambda: {pin.index & 1 for pin in pads_of(mcu, index)} == {0, 1},
            lambda: any(driven[pin.index] == 0 for pin in pads_of(mcu, index)),
        )

    # -- resets ----------------------------------------------------------------------------------

    def _reset(self, *, from_watchdog: bool) -> None:
        mcu = self.rp2040
        self.frozen = False
        self._cycles_before_reset += mcu.core.cycles
        mcu.pio = self.pio
        mcu.enter_reset(from_watchdog=from_watchdog)
        # None for the run loop, which would ask them between any two instructions whether they
        # want to run; they have alarms for that.
        mcu.pio = []
        self.pads.after_reset()
        # The core starts where the boot ROM's vector says, and the ROM does the rest.
        mcu.core.pc = mcu.bootrom[_ROM_START_VECTOR // 4] & ~1

    def _watchdog_reset(self) -> None:
        self.resets += 1
        self._reset(from_watchdog=True)

    def press_reset(self) -> None:
        """The RUN pin goes low and high again: everything resets but RAM and flash."""
        mcu = self.rp2040
        self.resets += 1
        self._reset(from_watchdog=False)
        mcu.watchdog.reset()
        mcu.vreg_and_chip_reset.record_reset_cause(HAD_RUN)

    # -- memory ----------------------------------------------------------------------------------

    def read(self, address: int) -> int:
        """Read the 32-bit word at `address`, as the bus does."""
        return int(RP2040.read_uint32(self.rp2040, address))

    def write(self, address: int, value: int) -> None:
        """Write the 32-bit word at `address`, as the bus does."""
        RP2040.write_uint32(self.rp2040, address, value)

    # -- time ------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """Nanoseconds since power on."""
        return int(self.clock.nanos)

    @property
    def awake_ns(self) -> int:
        """Nanoseconds the CPU has been executing (not asleep in WFE or WFI) since power on."""
        cycles: int = self._cycles_before_reset + self.rp2040.core.cycles
        return cycles * CYCLE_NS + int(self._polled_ns)

    def run_to(self, until_ns: int) -> None:
        """Run up to `until_ns` since power on, or less when the power is cut."""
        self._stop_ns = until_ns
        wait_ns = until_ns - self.clock.nanos
        if wait_ns <= 0 or self.power_cut:
            return
        self._stop_alarm.schedule(wait_ns)
        self._done = False
        while not self._done:
            self._run_state.stopped = False
            if self.frozen:
                self.clock.tick(self.clock.nanos_to_next_alarm)
            else:
                execute_batch(self._run_state, 1)
        self._stop_ns = _LONG_NS

    def _stop(self) -> None:
        self._done = True
        self._run_state.stopped = True

    def freeze(self) -> None:
        """The CPU hangs: no instruction, no interrupt; the hardware runs on until a reset."""
        self.frozen = True
        self._run_state.stopped = True

    def _cut_power(self) -> None:
        self.power_cut = True
        self._stop()

    def _cut_power_in(self, wait_ns: int) -> None:
        if wait_ns:
            self._power_alarm.schedule(wait_ns)
        else:
            self._cut_power()

    def _pass_time(self, until_ns: int) -> None:
        """Let time pass while the CPU polls the flash, which nothing but time can end."""
        resets = self.resets
        end_ns = min(until_ns, self._stop_ns)
        while self.clock.nanos < end_ns and self.resets == resets and not self._done:
            wait_ns = end_ns - self.clock.nanos
            if self.clock.has_scheduled_alarm:
                wait_ns = min(wait_ns, self.clock.nanos_to_next_alarm)
            self._polled_ns += wait_ns
            self.clock.tick(wait_ns)
