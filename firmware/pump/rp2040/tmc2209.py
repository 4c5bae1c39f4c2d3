"""A TMC2209 at the end of a UART, over one wire: what is sent is heard too, then its answer."""

import time

import machine
from micropython import const

from pump.core import tmc2209

# 250 kbaud is within what the driver follows at its slowest clock (TMC2209 datasheet, chapter 4:
# at most a sixteenth of it), and exact at 125 MHz.
_BAUD = const(250000)
# Four bytes asked, eight bit times of silence, eight bytes heard: 0.52 ms. The processor sleeps.
_ANSWER_MS = const(1)
_TRIES = const(2)
_QUEUE_BYTES = const(32)


class Tmc2209:
    """One driver.

    Args:
        board: TMC_UART, TMC_TX_GPIO, TMC_RX_GPIO, TMC_ADDRESS, MICROSTEPS, and what
            tmc2209_settings.settings() asks for.

    Attributes:
        pin_microsteps: microsteps per full step that it makes after a reset, by its pins.
        microsteps: those that it makes now.
        stall_clocks: its TCOOLTHRS: it tells a stall while TSTEP is no more than that.
    """

    def __init__(self, board) -> None:
        self._board = board
        self.pin_microsteps = self.microsteps = board.MICROSTEPS
        self.stall_clocks = 0
        self._uart = machine.UART(
            board.TMC_UART,
            baudrate=_BAUD,
            tx=machine.Pin(board.TMC_TX_GPIO),
            rx=machine.Pin(board.TMC_RX_GPIO),
            rxbuf=_QUEUE_BYTES,
            txbuf=_QUEUE_BYTES,
            timeout=1,
            timeout_char=1,
        )
        self._sent = bytearray(tmc2209.DATAGRAM_BYTES)
        self._heard = bytearray(tmc2209.REQUEST_BYTES + tmc2209.DATAGRAM_BYTES)
        self._request = memoryview(self._sent)[: tmc2209.REQUEST_BYTES]
        self._echo = memoryview(self._heard)[: tmc2209.DATAGRAM_BYTES]

    def find(self) -> bool:
        """Set up a driver that answers; one that was set up before keeps its microsteps.

        Returns:
            Whether one answers and has taken its settings.
        """
        gstat = self.read(tmc2209.GSTAT)
        if gstat < 0:
            return False
        microsteps = self.pin_microsteps
        if not gstat & tmc2209.RESET:
            from pump.core import tmc2209_settings

            gconf = self.read(tmc2209_settings.GCONF)
            chopconf = self.read(tmc2209_settings.CHOPCONF)
            if gconf < 0 or chopconf < 0:
                return False
            if gconf & tmc2209_settings.MSTEP_REG_SELECT:
                microsteps = tmc2209_settings.microsteps_in(chopconf)
        return self.set_up(microsteps)

    def set_up(self, microsteps: int) -> bool:
        """Write all settings; the driver counts those that arrived sound.

        Returns:
            Whether all did. Where not, it may have taken some.
        """
        from pump.core import tmc2209_settings

        settings = tmc2209_settings.settings(self._board, microsteps)
        for _ in range(_TRIES):
            before = self.read(tmc2209.IFCNT)
            for register, value in settings:
                self._write(register, value)
            after = self.read(tmc2209.IFCNT)
            if before >= 0 and after >= 0 and (after - before) & 0xFF == len(settings):
                self.microsteps = microsteps
                self.stall_clocks = tmc2209_settings.stall_clocks(
                    self._board.TMC_STALL_FULL_STEPS_PER_S
                )
                return True
        return False

    def read(self, register: int) -> int:
        """The 32 bits of a register; -1 when no sound answer came, after 6 ms at most."""
        for _ in range(_TRIES):
            tmc2209.put_request(self._sent, self._board.TMC_ADDRESS, register)
            if self._exchange(self._request, self._heard):
                value = tmc2209.value_in(self._heard, tmc2209.REQUEST_BYTES, register)
                if value >= 0:
                    return value
        return -1

    def clear(self, flags: int) -> None:
        """Clear flags of GSTAT; whether that arrived is seen when it is read the next time."""
        self._write(tmc2209.GSTAT, flags)

    def _write(self, register: int, value: int) -> None:
        tmc2209.put_write(self._sent, self._board.TMC_ADDRESS, register, value)
        self._exchange(self._sent, self._echo)

    def _exchange(self, sent, heard) -> bool:
        """Send, and hear as many bytes as there is room for; whether they came."""
        uart = self._uart
        while uart.any():
            # What noise has left.
            uart.readinto(self._heard)
        uart.write(sent)
        time.sleep_ms(_ANSWER_MS)
        return uart.readinto(heard) == len(heard)
