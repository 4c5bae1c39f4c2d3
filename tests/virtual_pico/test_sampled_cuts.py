"""Power cuts in every activity of the image as shipped, and watchdog resets at random instants.

A sample, on the emulated RP2040, of what tests/host/test_cut_in_every_activity.py and
test_faults.py go through at every operation and for 1,000 seeds.
"""

import random

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.virtual.pico import SECOND

STEPS_PER_S = 20
COMMIT_NL = 500
FILL_NL = 1_000_000
REFILL_NL = 900_000
PRESCRIBED = programme(
    days=(((0, rate_for(STEPS_PER_S)),),),
    max_rate_nl_per_h=(1_500_000, 1),
    commit_ahead_nl=COMMIT_NL,
)
# Its records fill the sector of the event log that is in use.
FILL_SECTOR = """
from pump.core import records
events = c.recorder.events
while events._offset < 4000:
    run(c.recorder.event, records.INTERRUPTION, 0)
"""


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that runs; each test leaves it running."""
    rig = new_rig()
    rig.set_up(PRESCRIBED)
    rig.start()
    rig.run_s(2)
    return rig


def come_back(rig, off_s=3600):
    """Power comes on again; the pump's answer once it has looked at itself."""
    rig.pico.advance_off(off_s * SECOND)
    rig.power_on()
    rig.run_s(3)
    return rig.pump.status()


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    ("typed", "operation"),
    [
        ("", (1, "middle")),
        ('pump.bolus("20 uL", minutes=1)', (1, "middle")),
        ('pump.bolus("20 uL", minutes=1)', (2, "after")),
        ('pump.rate("0.2 mL/h")', (2, "middle")),
        ('pump.rate("0.2 mL/h")', (5, "before")),
        ('pump.refill("0.9 mL")', (1, "after")),
        ("fill", (2, "middle")),
    ],
    ids=[
        "delivery",
        "bolus journalled in part",
        "bolus begun",
        "programme erased",
        "programme written",
        "refill",
        "log rotation",
    ],
)
@pytest.mark.hazard("H8", "H13", "H15", "H20", "H22")
def test_a_cut_in_any_activity_leaves_a_pump_that_goes_on_safely(rig, typed, operation):
    rig.connect()
    before = rig.pump.status()
    filled_nl = before.reservoir_nl
    edges = len(rig.pico.step_edges)
    if typed == "fill":
        rig.on_device(FILL_SECTOR)
        typed = ""
    rig.pico.cut_power_at_flash_op(*operation)
    if typed:
        rig.pico.serial_write(b"\x03import pump; " + typed.encode() + b"\r")
    assert rig.pico.run_until(lambda: not rig.pico.powered, 130 * SECOND)
    status = come_back(rig)
    # One that had been refilled counts from there.
    most_nl = max(filled_nl, REFILL_NL if "refill" in typed else 0)
    made_nl = (len(rig.pico.step_edges) - edges) * rig.prescription.microstep_nl
    assert status.state == "running"
    assert status.reservoir_nl <= (filled_nl - made_nl if most_nl == filled_nl else most_nl)
    codes = {code for code, _ in status.alarms}
    assert {"interrupted", "clock_lost"} <= codes
    assert not codes & {"programme_damaged", "ledger_uncertain", "journal_damaged"}
    if "rate" not in typed:
        assert status.programme_digest == before.programme_digest
    # At the basal rate, and no bolus on top.
    made = len(rig.pico.step_edges)
    rig.run_s(2)
    fastest = max(STEPS_PER_S, 41 if "rate" in typed else 0)
    assert 0 < len(rig.pico.step_edges) - made <= 2 * fastest + 1


@pytest.mark.fault("F14")
@pytest.mark.hazard("H8", "H22")
@pytest.mark.parametrize("operation", [(1, "middle"), (4, "middle")])
def test_a_cut_in_the_first_boot_leaves_a_pump_that_waits_for_a_programme(uf2, operation):
    first = PumpRig(uf2)
    first.pico.cut_power_at_flash_op(*operation)
    first.pico.power_on()
    assert first.pico.run_until(lambda: not first.pico.powered, 20 * SECOND)
    status = come_back(first, 1)
    assert (status.state, status.stepped) == ("unprogrammed", 0)
    first.pico.power_off()


@pytest.mark.fault("F5", "F13")
@pytest.mark.hazard("H2", "H8", "H16")
@pytest.mark.parametrize("seed", range(2))
def test_a_processor_that_hangs_at_any_instant_delivers_no_more_than_was_committed(rig, seed):
    chance = random.Random(seed)
    rig.connect()
    rig.pump.ask("acknowledge", code="all")
    before = rig.pump.status()
    rig.run_s(chance.random() * 2)
    resets, edges = rig.pico.resets, len(rig.pico.step_edges)
    rig.pico.freeze()
    assert rig.pico.run_until(lambda: rig.pico.resets > resets, 9 * SECOND)
    made = len(rig.pico.step_edges) - edges
    assert 0 < made * rig.prescription.microstep_nl <= COMMIT_NL
    rig.await_usb()
    rig.connect()
    status = rig.pump.status()
    assert (status.state, status.reset_cause) == ("running", "watchdog")
    assert {"watchdog_reset", "interrupted"} <= {code for code, _ in status.alarms}
    assert status.programme_digest == before.programme_digest
