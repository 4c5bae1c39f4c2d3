"""A drive with backlash and switches on the bench, moved by the steps of its generator."""

BACKLASH_STEPS = 80  # 50 um at 1.6 microsteps a micrometre


class Drive:
    """What the motor turns, as mechanics have it: play of BACKLASH_STEPS between screw and nut.

    Attributes:
        home_at, end_at: position of the nut at which each switch is reached; None: not fitted.
        syringe: what has_syringe() answers.
    """

    def __init__(self, bench, home_at=None, end_at=None, syringe=True):
        self.home_at = home_at
        self.end_at = end_at
        self.syringe = syringe
        self.motor = 0
        self.nut = 0
        generator = bench.generator
        run_until = generator.run_until

        def run(ticks):
            made = generator.made
            run_until(ticks)
            self._turn(generator.made - made, generator.is_infusing)

        generator.run_until = run
        bench.controller.switches = self

    def _turn(self, steps, is_infusing):
        self.motor += steps if is_infusing else -steps
        # The screw pushes the nut at one flank, and draws it back at the other.
        self.nut = min(max(self.nut, self.motor), self.motor + BACKLASH_STEPS)

    def is_at_home(self):
        return None if self.home_at is None else self.nut <= self.home_at

    def is_at_end(self):
        return None if self.end_at is None else self.nut >= self.end_at

    def has_syringe(self):
        return self.syringe
