"""What is fitted to the pump on the bench, and the inputs that a test sets by hand."""

from pump.core import equipment as equipments
from pump.core.equipment import Equipment
from pump.core.measures import COUNTS_MAX, HX711
from pump.core.programme import digest
from pump.link.lines import checksum

# 1000 counts are 1 N, 8,400,000 no load.
ZERO, LOAD, LOAD_MN = 8400000, 8410000, 10000


class BenchSensors:
    """A board with every input, as pump.core.inputs reads it.

    Attributes:
        end, home, syringe: what each switch says; None where it is not fitted.
        mv, degrees: supply and chip.
        counts: of the force sensor; or inputs.NOT_YET, inputs.STUCK.
        force_reads: how often that was asked for.
        lacking: what the board has no pin for.
    """

    def __init__(self):
        self.switches = self
        self.fitted = {}
        self.end = self.home = False
        self.syringe = True
        self.mv, self.degrees, self.counts = 12000, 25, ZERO
        self.force_kind = "none"
        self.force_counts_max = 0
        self.force_reads = self.supply_reads = 0
        self.lacking = []

    def fit(self, equipment):
        self.fitted = {
            "limit_end": equipment.limit_end,
            "limit_home": equipment.limit_home,
            "syringe_switch": equipment.syringe_switch,
        }
        self.force_kind = equipment.force
        self.force_counts_max = COUNTS_MAX.get(equipment.force, 0)

    def lacks(self, equipment):
        return self.lacking

    def is_fitted(self, name):
        return self.fitted.get(name, False)

    def reads(self, name):
        return {"limit_end": self.end, "limit_home": self.home, "syringe_switch": self.syringe}[
            name
        ]

    def is_at_end(self):
        return self.end if self.is_fitted("limit_end") else None

    def is_at_home(self):
        return self.home if self.is_fitted("limit_home") else None

    def has_syringe(self):
        return self.syringe if self.is_fitted("syringe_switch") else None

    def supply_mv(self):
        self.supply_reads += 1
        return self.mv

    def chip_c(self):
        return self.degrees

    def force_kinds(self):
        return [HX711]

    def force_counts(self, kind):
        self.force_reads += 1
        return self.counts

    def press(self, newtons):
        """Let the plunger be pushed with so many newtons."""
        self.counts = ZERO + 1000 * newtons


def everything():
    """All that can be fitted: low at 11 V, depleted at 10 V, 60 C, occluded at 25 N."""
    found = Equipment("Bench 3")
    found.limit_home = found.limit_end = found.syringe_switch = True
    found.supply_low_mv, found.supply_depleted_mv = 11000, 10000
    found.over_temperature_c = 60
    found.force = HX711
    found.force_zero_counts, found.force_load_counts, found.force_load_mn = ZERO, LOAD, LOAD_MN
    found.occlusion_mn = 25000
    return found


def propose_equipment(bench, text):
    """Propose an equipment by its text; returns the digest to confirm it by."""
    pieces = text.split("\n")[:-1]
    bench.controller.propose(len(pieces), checksum(text.encode()), "equipment")
    for number, piece in enumerate(pieces):
        bench.controller.propose_line(number, piece)
    return digest(text)


def fit(bench, equipment):
    """Give a pump a board with every input, and confirm what is fitted to it.

    Returns:
        the board's BenchSensors.
    """
    sensors = bench.controller.inputs.sensors = BenchSensors()
    bench.controller.confirm(propose_equipment(bench, equipments.canonical_text(equipment)))
    return sensors
