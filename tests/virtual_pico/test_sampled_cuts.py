"""Power cuts at flash operations of the image as shipped, on the emulated RP2040.

A sample, at least one of each activity, of what tests/host/test_cut_in_every_activity.py and
test_power_cuts.py go through at every operation.
"""

from typing import NamedTuple

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core.programme import canonical_text, digest
from pump.core.quantity import format_instant
from pump.core.sectors import LAYOUT, SECTOR_BYTES
from pump.link import lines
from titrate.virtual.littlefs_image import FS_OFFSET
from titrate.virtual.pico import SECOND

STEPS_PER_S = 20
COMMIT_NL = 500
BOLUS_NL = 20_000
FILL_NL = 900_000
OFF_S = 3600
# What a checkpoint books ahead, how old the newest may be, and how often is looked: see monitor.py.
BOOKED_S = 130
NOTED_S = 60 + 2
START_S = 4
PRESCRIBED = programme(
    days=(((0, rate_for(STEPS_PER_S)),),),
    max_rate_nl_per_h=(1_500_000, 1),
    commit_ahead_nl=COMMIT_NL,
)
CHANGED = programme(
    name="Changed",
    days=(((0, rate_for(STEPS_PER_S // 2)),),),
    max_rate_nl_per_h=(1_500_000, 1),
    commit_ahead_nl=COMMIT_NL,
)
OLD, NEW = (digest(canonical_text(each)) for each in (PRESCRIBED, CHANGED))
FILL_SECTOR = """
from pump.core import records
while not c.recorder.events.needs_preparing:
    run(c.recorder.event, records.ALARM_RAISED, "empty", "x" * 48)
"""


class Cut(NamedTuple):
    """An activity and where in it power fails.

    Attributes:
        activity: what to do: a function of the rig and a request id.
        number, phase: as for VirtualPico.cut_power_at_flash_op().
        kind, ring: what is cut: "erase" or "program", and where: see sectors.LAYOUT.
    """

    activity: object
    number: int
    phase: str
    kind: str
    ring: str


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that runs; each test leaves it running, with its clock set."""
    rig = new_rig()
    rig.set_up(PRESCRIBED)
    rig.start()
    # A sector of each journal is erased ahead, one a look.
    rig.run_s(10)
    return rig


def delivers(rig, rid):
    """Nothing is asked for; a checkpoint is due within a minute."""


def gives_a_bolus(rig, rid):
    return request(rid, "bolus", volume=f"{BOLUS_NL} nL", duration="1 min")


def is_programmed(rig, rid):
    other = CHANGED if rig.pump.status().programme_digest == OLD else PRESCRIBED
    return request(rid, "confirm", digest=rig.pump.propose(other).digest)


def is_refilled(rig, rid):
    return request(rid, "refill", volume=f"{FILL_NL} nL")


def turns_its_log(rig, rid):
    """A sector comes into use, and the next one is erased ahead."""
    rig.on_device(FILL_SECTOR)


def request(rid, name, **values):
    return lines.encode(lines.REQUEST, 1, rid, name, list(values.items())).encode() + b"\n"


CUTS = {
    "delivery": Cut(delivers, 1, "middle", "program", "checkpoints"),
    "bolus journalled in part": Cut(gives_a_bolus, 1, "middle", "program", "events"),
    "bolus begun": Cut(gives_a_bolus, 2, "after", "program", "events"),
    "programming": Cut(is_programmed, 1, "middle", "erase", "programme"),
    "refill": Cut(is_refilled, 1, "middle", "program", "events"),
    "log rotation": Cut(turns_its_log, 1, "middle", "erase", "events"),
}


def cut(rig, what, rid):
    """Have power fail where it says."""
    line = what.activity(rig, rid)
    rig.pico.cut_power_at_flash_op(what.number, what.phase)
    if line:
        rig.pico.serial_write(line)
    assert rig.pico.run_until(lambda: not rig.pico.powered, 2 * NOTED_S * SECOND)
    operation = rig.pico.flash_operations[-1]
    first, count = LAYOUT[what.ring]
    sector = (operation.offset - FS_OFFSET) // SECTOR_BYTES
    assert (operation.kind, first <= sector < first + count) == (what.kind, True), operation


def come_back(rig, off_s=OFF_S):
    """Power comes on again, and the pump looks at itself."""
    rig.pico.advance_off(off_s * SECOND)
    rig.power_on()
    rig.run_s(3)


@pytest.mark.fault("F14")
@pytest.mark.parametrize("what", CUTS.values(), ids=CUTS)
@pytest.mark.hazard("H8", "H9", "H13", "H15", "H20", "H22")
def test_after_a_cut_the_pump_goes_on_as_it_was_or_was_to_be_and_delivers_no_bolus(rig, what):
    rig.connect()
    before = rig.pump.status()
    edges = len(rig.pico.step_edges)
    on_the_wall_ns = rig.pico.now_ns - before.clock_s * SECOND
    rid = f"{1 + list(CUTS.values()).index(what):08x}"
    cut(rig, what, rid)
    cut_edges = len(rig.pico.step_edges)
    come_back(rig)
    made = len(rig.pico.step_edges)
    status = rig.pump.status()
    assert status.state == "running"
    assert status.bolus_remaining_nl == 0
    codes = {code for code, _ in status.alarms}
    assert {"interrupted", "clock_lost"} <= codes
    assert not codes & {"programme_damaged", "ledger_uncertain", "journal_damaged"}
    # The programme is the old one or the new one, entire.
    assert status.programme_digest in (OLD, NEW)
    if what.activity is not is_programmed:
        assert status.programme_digest == before.programme_digest
    # A bolus neither goes on nor comes again, though a host asks for it by the same id.
    is_done = rig.pump.ask("outcome", rid=rid).values["found"] == "done"
    if is_done and what.activity is gives_a_bolus:
        rig.pico.serial_write(gives_a_bolus(rig, rid))
    so_far = len(rig.pico.step_edges)
    rig.run_s(2)
    assert 0 < len(rig.pico.step_edges) - so_far <= 2 * STEPS_PER_S + 1
    # Once the clock is set the interruption is in the log with its length.
    rig.pump.set_clock(format_instant((rig.pico.now_ns - on_the_wall_ns) // SECOND))
    entries = list(rig.pump.log(count=24))
    lengths = [entry.detail for entry in entries if entry.code == "interruption"]
    length_s = int(lengths[-1].removeprefix("length_s="))
    assert OFF_S <= length_s < OFF_S + NOTED_S + START_S
    mine = [entry.code for entry in entries if rid in entry.detail]
    assert mine.count("bolus_started") <= is_done
    # The reservoir shows no more than is left, and less by no more than was booked ahead.
    step_nl = rig.prescription.microstep_nl
    left_nl = before.reservoir_nl - (made - edges) * step_nl
    booked_nl = BOOKED_S * STEPS_PER_S * step_nl + COMMIT_NL
    if what.activity is gives_a_bolus:
        booked_nl += BOLUS_NL
    if "refill" in mine:
        left_nl = FILL_NL - (made - cut_edges) * step_nl
    assert left_nl - booked_nl <= status.reservoir_nl <= left_nl


@pytest.mark.fault("F14")
@pytest.mark.hazard("H8", "H22")
def test_a_cut_in_the_first_boot_leaves_a_pump_that_waits_for_a_programme_and_runs_it(uf2):
    first = PumpRig(uf2)
    first.pico.cut_power_at_flash_op(4, "middle")
    first.pico.power_on()
    assert first.pico.run_until(lambda: not first.pico.powered, 20 * SECOND)
    come_back(first, off_s=1)
    status = first.pump.status()
    assert (status.state, status.stepped) == ("unprogrammed", 0)
    first.set_up(PRESCRIBED)
    first.start()
    first.run_s(2)
    first.check_exact()
    assert len(first.edges_ns) > STEPS_PER_S
    first.pico.power_off()
