"""A TMC2209 motor driver, register by register, at the pins of a virtual Pico.

After the TMC2209 datasheet, rev. 1.03. Not modelled: the motor's currents, CoolStep, the internal
step generator (VACTUAL), programming of OTP, and the interpolation between two steps: MSCNT moves a
whole microstep at each edge on STEP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from titrate.virtual.pico import VirtualPico

GCONF, GSTAT, IFCNT, SLAVECONF, OTP_READ, IOIN, FACTORY_CONF = 0, 1, 2, 3, 5, 6, 7
IHOLD_IRUN, TPOWERDOWN, TSTEP, TPWMTHRS, TCOOLTHRS, VACTUAL = 0x10, 0x11, 0x12, 0x13, 0x14, 0x22
SGTHRS, SG_RESULT, COOLCONF, MSCNT, MSCURACT = 0x40, 0x41, 0x42, 0x6A, 0x6B
CHOPCONF, DRV_STATUS, PWMCONF, PWM_SCALE, PWM_AUTO = 0x6C, 0x6F, 0x70, 0x71, 0x72

WIDTHS = {
    GCONF: 10,
    SLAVECONF: 12,
    FACTORY_CONF: 10,
    IHOLD_IRUN: 20,
    TPOWERDOWN: 8,
    TPWMTHRS: 20,
    TCOOLTHRS: 20,
    VACTUAL: 24,
    SGTHRS: 8,
    COOLCONF: 16,
    CHOPCONF: 32,
    PWMCONF: 32,
}
"""Registers that take what is written to them, and how many bits they have."""

DEFAULTS = {
    GCONF: 0x101,
    IHOLD_IRUN: 0x11F10,
    TPOWERDOWN: 20,
    CHOPCONF: 0x10000053,
    PWMCONF: 0xC10D0024,
}
"""What they hold after a reset, where that is not 0; OTP memory as it comes from the factory."""

_WRITE_ONLY = {
    SLAVECONF,
    IHOLD_IRUN,
    TPOWERDOWN,
    TPWMTHRS,
    TCOOLTHRS,
    VACTUAL,
    SGTHRS,
    COOLCONF,
}
_VERSION = 0x21
_CLOCK_HZ = 12_000_000
_STANDSTILL_CLOCKS = 1 << 20
_MSTEP_REG_SELECT = 1 << 7
_EN_SPREADCYCLE = 1 << 2
_RESET_FLAG, _ERROR_FLAG, _CHARGE_PUMP_FLAG = 1, 2, 4
_STANDSTILL, _STEALTH = 1 << 31, 1 << 30
_SG_UNLOADED = 300
_SYNC, _MASTER = 0x05, 0xFF
# Bytes further apart than this begin anew.
_BYTE_GAP_BITS = 63

HOT = 1 << 0 | 1 << 8
"""DRV_STATUS of a driver above 120 degrees: the warning before it switches off."""
TOO_HOT = HOT | 1 << 1 | 1 << 9 | 1 << 10
"""DRV_STATUS of one that has switched off."""
SHORT_TO_GROUND_A = 1 << 2
OPEN_LOAD_A = 1 << 6
_OUTPUTS_OFF = 1 << 1 | 0xF << 2


class Tmc2209:
    """One driver, wired to a VirtualPico that is still switched off.

    `uart` is the Pico's UART whose two pins meet at PDN_UART; `address` is what MS1 and MS2 are
    tied to; `pins` names the GPIO of STEP, DIR and DIAG, as pump_board.py has them.

    A driver has power of its own, so it goes on when the Pico is switched off.

    Set to make it fail:
        answers: False for one without motor supply, or with its wire broken.
        spoilt: so many of the next replies have a bit wrong.
        misses: so many of the next edges on STEP do not reach it.
        stalled: the motor does not turn.
        faults: bits of DRV_STATUS that hold, see HOT and the others.
    """

    def __init__(
        self,
        pico: VirtualPico,
        uart: int = 1,
        address: int = 3,
        pins: Mapping[str, int] | None = None,
    ) -> None:
        pins = pins or {"STEP": 2, "DIR": 3, "DIAG": 5}
        self._pico = pico
        self._uart = uart
        self._address = address
        self._dir_gpio = pins["DIR"]
        self._diag_gpio = pins["DIAG"]
        # By MS2 and MS1, which are the address too.
        self._pin_microsteps = {0: 8, 1: 32, 2: 64, 3: 16}[address]
        self.answers = True
        self.spoilt = 0
        self.misses = 0
        self.stalled = False
        self._faults = 0
        self.writes: list[tuple[int, int]] = []
        """Every sound write, as (register, value)."""
        self.reads: list[int] = []
        """Every register that was asked for."""
        self._heard = bytearray()
        self._heard_ns = 0
        self._diag = False
        self.reset()
        pico.attach_uart(uart, self._byte)
        pico.on_edge(pins["STEP"], self._edge)

    # -- what befalls it ---------------------------------------------------------------------

    def reset(self) -> None:
        """Take its supply away and give it back."""
        self.registers = {register: DEFAULTS.get(register, 0) for register in WIDTHS}
        self._gstat = _RESET_FLAG
        self._ifcnt = 0
        self._mscnt = 0
        self._edge_ns = -(1 << 62)
        self._interval_ns = 1 << 62
        self._heard.clear()
        self._set_diag()

    @property
    def faults(self) -> int:
        """Bits of DRV_STATUS that hold."""
        return self._faults

    @faults.setter
    def faults(self, bits: int) -> None:
        self._faults = bits
        if bits & _OUTPUTS_OFF:
            self._gstat |= _ERROR_FLAG
        self._set_diag()

    # -- what can be looked at ---------------------------------------------------------------

    @property
    def microsteps(self) -> int:
        """Microsteps per full step, by its pins or by its register."""
        if not self.registers[GCONF] & _MSTEP_REG_SELECT:
            return self._pin_microsteps
        return 256 >> (self.registers[CHOPCONF] >> 24 & 15)

    def read(self, register: int) -> int:
        """What a request for a register is answered with; 0 for those that cannot be read."""
        live: dict[int, Callable[[], int]] = {
            GSTAT: lambda: self._gstat,
            IFCNT: lambda: self._ifcnt,
            IOIN: lambda: _VERSION << 24 | self._pico.output(self._dir_gpio) << 9,
            TSTEP: self._step_clocks,
            SG_RESULT: self._load,
            MSCNT: lambda: self._mscnt,
            DRV_STATUS: self._status,
        }
        if register in live:
            return live[register]()
        return 0 if register in _WRITE_ONLY else self.registers.get(register, 0)

    def _step_clocks(self) -> int:
        """TSTEP: clocks between two 1/256 microsteps."""
        if self._since_edge_clocks() >= _STANDSTILL_CLOCKS:
            return _STANDSTILL_CLOCKS - 1
        clocks = self._interval_ns * _CLOCK_HZ // 1_000_000_000 * self.microsteps // 256
        return min(clocks, _STANDSTILL_CLOCKS - 1)

    def _since_edge_clocks(self) -> int:
        return (self._pico.now_ns - self._edge_ns) * _CLOCK_HZ // 1_000_000_000

    def _load(self) -> int:
        """SG_RESULT: the higher, the less the motor has to do."""
        return 0 if self.stalled else _SG_UNLOADED

    def _status(self) -> int:
        run = self.registers[IHOLD_IRUN] >> 8 & 31
        hold = self.registers[IHOLD_IRUN] & 31
        stands = self._since_edge_clocks() >= _STANDSTILL_CLOCKS
        value = self._faults | (hold if stands else run) << 16
        if stands:
            value |= _STANDSTILL
        if not self.registers[GCONF] & _EN_SPREADCYCLE:
            value |= _STEALTH
        return value

    # -- STEP and DIAG -----------------------------------------------------------------------

    def _edge(self, t_ns: int, level: int) -> None:
        if not level:
            return
        if self.misses:
            self.misses -= 1
            return
        self._interval_ns = t_ns - self._edge_ns
        self._edge_ns = t_ns
        unit = 256 // self.microsteps
        self._mscnt = (self._mscnt + (-unit if self._pico.output(self._dir_gpio) else unit)) % 1024
        self._set_diag()

    def _set_diag(self) -> None:
        """High for a fault that has switched the outputs off, and while it sees a stall."""
        sees_stall = (
            not self.registers[GCONF] & _EN_SPREADCYCLE
            and self._step_clocks() <= self.registers[TCOOLTHRS]
            and self._load() <= 2 * self.registers[SGTHRS]
        )
        is_high = bool(self._gstat & _ERROR_FLAG) or sees_stall
        if is_high != self._diag:
            self._diag = is_high
            self._pico.set_input(self._diag_gpio, int(is_high))

    # -- the wire ----------------------------------------------------------------------------

    def _byte(self, value: int) -> None:
        """A byte that the Pico sent; it hears it itself, as the wire is one."""
        uart = self._pico.uart(self._uart)
        uart.hear(value)
        if not self.answers:
            return
        now_ns = self._pico.now_ns
        if now_ns - self._heard_ns > _BYTE_GAP_BITS * uart.bit_ns:
            self._heard.clear()
        self._heard_ns = now_ns
        self._heard.append(value)
        if self._heard[0] & 0x0F != _SYNC:
            self._heard.clear()
        elif len(self._heard) >= 3:
            is_write = self._heard[2] & 0x80
            if len(self._heard) == (8 if is_write else 4):
                self._datagram(bytes(self._heard), uart)
                self._heard.clear()

    def _datagram(self, data: bytes, uart: Any) -> None:
        if data[1] != self._address or check_sum(data[:-1]) != data[-1]:
            return
        register = data[2] & 0x7F
        if data[2] & 0x80:
            self._ifcnt = (self._ifcnt + 1) & 0xFF
            self._write(register, int.from_bytes(data[3:7], "big"))
            return
        self.reads.append(register)
        reply = bytes((_SYNC, _MASTER, register)) + self.read(register).to_bytes(4, "big")
        reply += bytes((check_sum(reply),))
        if self.spoilt:
            self.spoilt -= 1
            reply = reply[:5] + bytes((reply[5] ^ 0x10,)) + reply[6:]
        # SENDDELAY: 0 and 1 are 8 bit times, 2 and 3 three times that, and so on.
        senddelay = self.registers[SLAVECONF] >> 8 & 15
        uart.feed(reply, 8 * (senddelay // 2 * 2 + 1))

    def _write(self, register: int, value: int) -> None:
        self.writes.append((register, value))
        if register == GSTAT:
            if self._faults & _OUTPUTS_OFF:
                value &= ~_ERROR_FLAG
            self._gstat &= ~value | _CHARGE_PUMP_FLAG
        elif register in WIDTHS:
            self.registers[register] = value & (1 << WIDTHS[register]) - 1
        self._set_diag()


def check_sum(data: bytes) -> int:
    """The CRC of a datagram, bit by bit as the datasheet has it."""
    crc = 0
    for byte in data:
        for bit in range(8):
            feedback = crc >> 7 ^ byte >> bit & 1
            crc = crc << 1 & 0xFF ^ (0x07 if feedback else 0)
    return crc
