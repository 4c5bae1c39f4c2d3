"""Power cuts in a bolus and in the first boot of the image as shipped, on the emulated RP2040.

A sample of what tests/host/test_cut_in_every_activity.py goes through at every operation.
"""

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.virtual.pico import SECOND

STEPS_PER_S = 20
COMMIT_NL = 500
PRESCRIBED = programme(
    days=(((0, rate_for(STEPS_PER_S)),),),
    max_rate_nl_per_h=(1_500_000, 1),
    commit_ahead_nl=COMMIT_NL,
)


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
        ('pump.bolus("20 uL", minutes=1)', (1, "middle")),
        ('pump.bolus("20 uL", minutes=1)', (2, "after")),
    ],
    ids=["journalled in part", "begun"],
)
@pytest.mark.hazard("H8", "H13", "H15", "H20", "H22")
def test_a_cut_in_a_bolus_leaves_a_pump_that_goes_on_without_it(rig, typed, operation):
    rig.connect()
    before = rig.pump.status()
    edges = len(rig.pico.step_edges)
    rig.pico.cut_power_at_flash_op(*operation)
    rig.pico.serial_write(b"\x03import pump; " + typed.encode() + b"\r")
    assert rig.pico.run_until(lambda: not rig.pico.powered, 130 * SECOND)
    status = come_back(rig)
    made_nl = (len(rig.pico.step_edges) - edges) * rig.prescription.microstep_nl
    assert status.state == "running"
    assert status.reservoir_nl <= before.reservoir_nl - made_nl
    codes = {code for code, _ in status.alarms}
    assert {"interrupted", "clock_lost"} <= codes
    assert not codes & {"programme_damaged", "ledger_uncertain", "journal_damaged"}
    # No bolus goes on or comes again.
    assert status.programme_digest == before.programme_digest
    made = len(rig.pico.step_edges)
    rig.run_s(2)
    assert 0 < len(rig.pico.step_edges) - made <= 2 * STEPS_PER_S + 1


@pytest.mark.fault("F14")
@pytest.mark.hazard("H8", "H22")
def test_a_cut_in_the_first_boot_leaves_a_pump_that_waits_for_a_programme(uf2):
    first = PumpRig(uf2)
    first.pico.cut_power_at_flash_op(4, "middle")
    first.pico.power_on()
    assert first.pico.run_until(lambda: not first.pico.powered, 20 * SECOND)
    status = come_back(first, 1)
    assert (status.state, status.stepped) == ("unprogrammed", 0)
    first.pico.power_off()
