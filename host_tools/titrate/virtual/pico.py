"""A Raspberry Pi Pico without the board: real firmware on an emulated RP2040.

Time here is the board's own: exact, unhurried, and the same in every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from titrate.virtual import littlefs_image, raw_repl
from titrate.virtual.chip import Chip
from titrate.virtual.devices.i2c_device import I2cDevice
from titrate.virtual.edges import EdgeLog, StepLog
from titrate.virtual.flash import FlashOperation, FlashStore, FlashTiming
from titrate.virtual.pads import GPIO_COUNT
from titrate.virtual.pio import CYCLE_NS
from titrate.virtual.uart import Uart
from titrate.virtual.uf2 import read_uf2

MS = 1_000_000
SECOND = 1_000_000_000
SYSTEM_CLOCK_HZ = 125_000_000
_ADC_FIRST_GPIO = 26
_FUNCTION_PWM = 4
_PWM_ENABLED = 1
_PWM_PHASE_CORRECT = 2
_ADC_MAX = 4095
_ADC_THERMOMETER = 4
_ADC_AT_27_C = 876  # the chip's thermometer, 0.706 V of 3.3 V (datasheet 4.9.5)
_REALTIME_SLICE_NS = 5 * MS

PHASES = ("before", "middle", "after")


class VirtualPico:
    """One Pico, with its flash, its wiring and its USB cable. It starts switched off.

    `uf2` is the firmware to flash. `flash` names a file that keeps the flash between runs (made
    when it does not exist). `files` are put into the flash file system, path to content. `seed`
    decides the rubbish in RAM after power on and the bits a power cut leaves in flash. `timing`
    is how long the flash takes. `realtime` keeps emulated time from running ahead of the wall
    clock. `fs_offset` is where the firmware's file system starts in flash. `step_gpio` and
    `dir_gpio` are the pins behind `step_edges`; `names` gives GPIO numbers names that every
    method takes in place of a number. `up_us` is what the microsecond timer shows at power on, as
    if the chip had run for so long.
    """

    def __init__(
        self,
        uf2: str | Path,
        flash: str | Path | None = None,
        files: Mapping[str, bytes] | None = None,
        seed: int = 0,
        timing: FlashTiming | None = None,
        *,
        realtime: bool = False,
        fs_offset: int = littlefs_image.FS_OFFSET,
        step_gpio: int = 2,
        dir_gpio: int = 3,
        names: Mapping[str, int] | None = None,
        up_us: int = 0,
    ) -> None:
        path = Path(flash) if flash is not None else None
        self.store = FlashStore(path, timing or FlashTiming(), seed)
        for offset, piece in read_uf2(Path(uf2)):
            self.store.content[offset : offset + len(piece)] = piece
        if files:
            littlefs_image.put_files(self.store.content, files, fs_offset)
        self.store.save()
        self._fs_offset = fs_offset
        self.realtime = realtime
        self.step_gpio = step_gpio
        self.dir_gpio = dir_gpio
        self._names = dict(names or {})
        self._seed = seed
        self._up_us = up_us
        self._power_cycles = 0
        self._chip: Chip | None = None
        self._base_ns = 0
        self._awake_base_ns = 0
        self._driven: list[int | None] = [None] * GPIO_COUNT
        self._adc = [0, 0, 0, 0, _ADC_AT_27_C]
        self._received = bytearray()
        self._steps = StepLog()
        self._logs: dict[int, EdgeLog] = {}
        self._listeners: dict[int, list[Callable[[int, int], None]]] = {}
        self._uarts: dict[int, Callable[[int], None]] = {}
        self._i2c: tuple[list[I2cDevice], list[I2cDevice]] = ([], [])
        self._port_open = True
        self.on_serial: Callable[[bytes], None] | None = None
        """When set, gets all USB serial output, and `serial_read` and `exec_raw` get none."""

    # -- power -----------------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether the board has power."""
        return self._chip is not None

    @property
    def chip(self) -> Chip:
        """The powered chip; RuntimeError while the board is off."""
        if self._chip is None:
            raise RuntimeError("the virtual Pico is switched off: call power_on() first")
        return self._chip

    def power_on(self) -> None:
        """Connect the power: RAM full of rubbish, flash as it was, boot from the ROM."""
        if self._chip is not None:
            return
        self._power_cycles += 1
        self.store.powered_at_ns = self._base_ns
        chip = Chip(
            self.store,
            self._driven,
            self._pad_changed,
            self._serial_received,
            self._seed * 1_000_003 + self._power_cycles,
        )
        self._chip = chip
        chip.rp2040.timer.skip(self._up_us)
        chip.rp2040.adc.channel_values = self._adc
        chip.usb.set_open(self._port_open)
        for index, listener in self._uarts.items():
            chip.rp2040.uart[index].on_byte = listener
        for i2c, devices in zip(chip.rp2040.i2c, self._i2c, strict=True):
            i2c.devices = devices
            for device in devices:
                device.power(True)

    def power_off(self) -> None:
        """Cut the power now, whatever is going on: RAM is lost, outputs fall, flash may tear."""
        chip = self._chip
        if chip is None:
            return
        chip.flash.power_lost()
        self._base_ns += chip.now_ns
        self._awake_base_ns += chip.awake_ns
        self._chip = None
        self.store.cut_at = None
        for devices in self._i2c:
            for device in devices:
                device.power(False)
        for gpio in range(GPIO_COUNT):
            if chip.pads.levels[gpio] and not self._driven[gpio]:
                self._note_edge(gpio, 0, self._base_ns)

    def advance_off(self, ns: int) -> None:
        """Let `ns` nanoseconds pass without power."""
        if self._chip is not None:
            raise RuntimeError("the virtual Pico is on: switch it off before advance_off()")
        self._base_ns += ns

    def reset_button(self) -> None:
        """Press and release the reset button (RUN pin): RAM and flash stay, all else restarts."""
        self.chip.press_reset()

    # -- time ------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """Nanoseconds since this object was made; goes on through resets and power cycles."""
        return self._base_ns + (self._chip.now_ns if self._chip else 0)

    @property
    def cpu_awake_ns(self) -> int:
        """Nanoseconds of `now_ns` the CPU was executing rather than asleep."""
        return self._awake_base_ns + (self._chip.awake_ns if self._chip else 0)

    @property
    def resets(self) -> int:
        """Resets (watchdog, machine.reset(), button) since power on."""
        return self.chip.resets

    def run_for(self, ns: int) -> None:
        """Run for `ns` emulated nanoseconds; without power, time just passes."""
        end_ns = self.now_ns + ns
        if self._chip is None:
            self._base_ns = end_ns
            return
        if not self.realtime:
            self._run_to(end_ns)
            return
        start_ns, start = self.now_ns, time.monotonic_ns()
        while self._chip is not None and self.now_ns < end_ns:
            self._run_to(min(end_ns, self.now_ns + _REALTIME_SLICE_NS))
            ahead_ns = (self.now_ns - start_ns) - (time.monotonic_ns() - start)
            if ahead_ns > 0:
                time.sleep(ahead_ns / SECOND)

    def run_until(self, predicate: Callable[[], bool], limit_ns: int, check_ns: int = MS) -> bool:
        """Run until `predicate()` holds, looked at every `check_ns`; False after `limit_ns`."""
        end_ns = self.now_ns + limit_ns
        while not predicate():
            left_ns = end_ns - self.now_ns
            if left_ns <= 0:
                return False
            self.run_for(min(check_ns, left_ns))
        return True

    def _run_to(self, end_ns: int) -> None:
        chip = self.chip
        chip.run_to(end_ns - self._base_ns)
        if chip.power_cut:
            self.power_off()

    # -- serial ----------------------------------------------------------------------------------

    def serial_write(self, data: bytes) -> None:
        """Send bytes down the USB cable; the firmware takes them as it runs."""
        self.chip.usb.send(data)

    def serial_read(self) -> bytes:
        """What the firmware has sent since the last call."""
        data = bytes(self._received)
        self._received.clear()
        return data

    def read_until(self, mark: bytes, limit_ns: int) -> bytes:
        """Run until the output contains `mark`; returns the output up to its end.

        Raises TimeoutError after `limit_ns` emulated nanoseconds, with what there was.
        """
        if not self.run_until(lambda: mark in self._received, limit_ns):
            raise TimeoutError(
                f"the virtual Pico did not send {mark!r} within {limit_ns / SECOND:g} s of its "
                f"own time; it sent {bytes(self._received)!r}"
            )
        end = self._received.index(mark) + len(mark)
        data = bytes(self._received[:end])
        del self._received[:end]
        return data

    def serial_set_open(self, is_open: bool) -> None:
        """Open or close the port on the host's side (DTR); it is open at first."""
        self._port_open = is_open
        if self._chip is not None:
            self._chip.usb.set_open(is_open)

    @property
    def usb_ready(self) -> bool:
        """Whether the host has enumerated the Pico since its last reset."""
        return self._chip is not None and self._chip.usb.ready

    def exec_raw(
        self,
        code: str,
        limit_s: int = 30,
        *,
        soft_reset: bool = False,
        interrupt: bool = True,
    ) -> tuple[str, str]:
        """Run code through the raw REPL; see `raw_repl.execute`. Returns (output, traceback)."""
        limit_ns = limit_s * SECOND
        if not self.run_until(lambda: self.usb_ready, limit_ns):
            raise TimeoutError(f"the virtual Pico did not appear on USB within {limit_s} s")
        return raw_repl.execute(self, code, limit_ns, soft_reset=soft_reset, interrupt=interrupt)

    def _serial_received(self, data: bytes) -> None:
        if self.on_serial is not None:
            self.on_serial(data)
        else:
            self._received += data

    # -- pins ------------------------------------------------------------------------------------

    def gpio(self, pin: int | str) -> int:
        """The GPIO number of `pin`, a number or one of `names`; ValueError when there is none."""
        number = self._names.get(pin, -1) if isinstance(pin, str) else pin
        if not 0 <= number < GPIO_COUNT:
            known = ", ".join(sorted(self._names)) or "none given"
            raise ValueError(f"no pin {pin!r}: use a GPIO number 0 to 29 or a name ({known})")
        return number

    def set_input(self, pin: int | str, level: int | None) -> None:
        """Wire `pin` to 0 or 1, or to nothing (None): then its pull resistor decides."""
        number = self.gpio(pin)
        self._driven[number] = level
        if self._chip is not None:
            self._chip.pads.settle(number)

    def output(self, pin: int | str) -> int:
        """The level at `pin` now; 0 without power."""
        return self._chip.pads.levels[self.gpio(pin)] if self._chip else 0

    def pwm_hz(self, pin: int | str) -> float:
        """The frequency of the PWM output at `pin`; 0.0 when it is off or silent."""
        number = self.gpio(pin)
        if self._chip is None:
            return 0.0
        mcu: Any = self._chip.rp2040
        channel = mcu.pwm.channels[(number >> 1) & 7]
        level: int = (channel.cc >> 16 if number & 1 else channel.cc) & 0xFFFF
        top: int = channel.top
        divider_16ths: int = channel.div or 256 * 16
        selected = mcu.gpio[number].function_select == _FUNCTION_PWM
        if not selected or not channel.csr & _PWM_ENABLED or not 0 < level <= top:
            return 0.0
        slopes = 2 if channel.csr & _PWM_PHASE_CORRECT else 1
        return SYSTEM_CLOCK_HZ * 16 / ((top + 1) * divider_16ths * slopes)

    def set_adc(self, pin: int | str, raw: int) -> None:
        """Put a voltage on ADC pin 26 to 29, as the 12-bit number the converter makes of it."""
        number = self.gpio(pin)
        if not _ADC_FIRST_GPIO <= number < GPIO_COUNT:
            raise ValueError(f"GPIO {number} has no ADC: the Pico's ADC pins are 26 to 29")
        if not 0 <= raw <= _ADC_MAX:
            raise ValueError(f"an ADC reading of {raw} does not exist: give 0 to {_ADC_MAX}")
        self._adc[number - _ADC_FIRST_GPIO] = raw

    def set_chip_temperature(self, degrees: int) -> None:
        """Let the chip's own thermometer be at so many degrees Celsius (datasheet 4.9.5)."""
        volts = 0.706 - (degrees - 27) * 0.001721
        self._adc[_ADC_THERMOMETER] = round(volts / 3.3 * _ADC_MAX)

    def record_edges(self, pin: int | str) -> EdgeLog:
        """Record every edge at `pin` from now on; the log returned grows by itself."""
        return self._logs.setdefault(self.gpio(pin), EdgeLog())

    def on_edge(self, pin: int | str, listener: Callable[[int, int], None]) -> None:
        """Call `listener(t_ns, level)` at every edge at `pin`, while the Pico runs."""
        self._listeners.setdefault(self.gpio(pin), []).append(listener)

    @property
    def step_edges(self) -> StepLog:
        """Rising edges of STEP as (t_ns, DIR level)."""
        return self._steps

    def extra_edges(self, pin: int | str, count: int, width_ns: int = 2000) -> None:
        """Put `count` short pulses on the wire at `pin`, as interference does; time passes.

        They are edges like any other: `step_edges` has them, when it is the STEP pin.
        """
        number = self.gpio(pin)
        for _ in range(count):
            level = self.output(number)
            self.chip.pads.set_level(number, 1 - level)
            self.run_for(width_ns)
            self.chip.pads.settle(number)
            self.run_for(width_ns)

    def _pad_changed(self, gpio: int, level: int, cycle: int) -> None:
        self._note_edge(gpio, level, self._base_ns + cycle * CYCLE_NS)

    def _note_edge(self, gpio: int, level: int, t_ns: int) -> None:
        if gpio == self.step_gpio and level:
            direction = self._chip.pads.levels[self.dir_gpio] if self._chip else 0
            self._steps.append(t_ns, direction)
        log = self._logs.get(gpio)
        if log is not None:
            log.append(t_ns, level)
        for listener in self._listeners.get(gpio, ()):
            listener(t_ns, level)

    # -- serial devices on a UART ----------------------------------------------------------------

    def attach_uart(self, index: int, on_byte: Callable[[int], None]) -> None:
        """Call `on_byte(value)` for every byte the firmware sends on UART 0 or 1."""
        self._uarts[index] = on_byte
        if self._chip is not None:
            self._chip.rp2040.uart[index].on_byte = on_byte

    def feed_uart(self, index: int, data: bytes) -> None:
        """Let bytes arrive at UART 0 or 1."""
        self.uart(index).feed(data)

    def uart(self, index: int) -> Uart:
        """UART 0 or 1 of the powered chip."""
        found: Uart = self.chip.rp2040.uart[index]
        return found

    # -- devices on I2C --------------------------------------------------------------------------

    def attach_i2c(self, index: int, device: I2cDevice) -> None:
        """Wire a device to I2C 0 or 1, whichever pads that has; its power comes with the Pico's."""
        self._i2c[index].append(device)
        if self._chip is not None:
            device.power(True)

    # -- memory ----------------------------------------------------------------------------------

    def peek(self, address: int) -> int:
        """Read the 32-bit word at `address`, register or memory (reading may have effects)."""
        return self.chip.read(address)

    def poke(self, address: int, value: int) -> None:
        """Write a 32-bit word at `address`, register or memory."""
        self.chip.write(address, value)

    def read_file(self, name: str) -> bytes:
        """A file from the flash file system, read without the Pico's help."""
        return littlefs_image.read_file(self.store.content, name, self._fs_offset)

    # -- faults ----------------------------------------------------------------------------------

    @property
    def flash_operations(self) -> list[FlashOperation]:
        """Every erase and program so far."""
        return self.store.operations

    def cut_power_at_flash_op(self, n: int, phase: str = "middle") -> None:
        """Cut the power at the `n`-th flash operation from now (1 is the next one).

        `phase` is "before" it changes anything, in the "middle" (a mixture of old and new bits
        stays behind) or right "after" it.
        """
        if n < 1 or phase not in PHASES:
            raise ValueError(f"give n from 1 and a phase of {PHASES}, not {n} and {phase!r}")
        self.store.cut_at = (len(self.store.operations) + n, phase)

    def stop_dma(self, channel: int) -> None:
        """DMA channel 0 to 11 stops serving requests until the next power on."""
        self.chip.dma.hang(channel)

    def stop_sm(self, block: int, machine: int) -> None:
        """State machine 0 to 3 of PIO `block` 0 or 1 stops until the next power on."""
        self.chip.pio[block].hang(machine)

    def freeze(self) -> None:
        """The CPU hangs; DMA, PIO and the watchdog go on. A reset ends it."""
        self.chip.freeze()
