"""A motor driver for the bench: what DriverWatch asks of its link, with ways to fail."""

from pump.core.tmc2209 import DRV_STATUS, GSTAT, MSCNT, RESET, TSTEP

PIN_MICROSTEPS = 16


class BenchDriver:
    """A driver that counts the steps that a BenchGenerator makes.

    Attributes:
        answers: whether it is heard.
        missed: steps that never reached it.
        falls: whether its count falls while the plunger goes in.
        gstat, status, step_clocks: what GSTAT, DRV_STATUS and TSTEP hold.
        set_ups: the microsteps of each set-up.
    """

    def __init__(self, generator):
        self._generator = generator
        self.pin_microsteps = self.microsteps = PIN_MICROSTEPS
        self.stall_clocks = 234
        self.answers = True
        self.missed = 0
        self.falls = False
        self.gstat = 0
        self.status = 0
        self.step_clocks = (1 << 20) - 1
        self.set_ups = []
        self.asked = 0

    def find(self):
        if not self.answers:
            return False
        if self.gstat & RESET:
            self.microsteps = self.pin_microsteps
        return self.set_up(self.microsteps)

    def set_up(self, microsteps):
        if not self.answers:
            return False
        self.set_ups.append(microsteps)
        self.microsteps = microsteps
        self.gstat &= ~RESET
        return True

    def clear(self, bits):
        self.gstat &= ~bits

    def read(self, register):
        self.asked += 1
        if not self.answers:
            return -1
        if register == MSCNT:
            place = (self._generator.made - self.missed) * (256 // self.microsteps)
            return (-place if self.falls else place) % 1024
        return {GSTAT: self.gstat, DRV_STATUS: self.status, TSTEP: self.step_clocks}[register]
