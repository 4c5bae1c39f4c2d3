"""A start with as many records as the event log holds."""

import pytest
from full_log import fill_log
from pump_rig import programme, rate_for

from titrate.virtual.pico import SECOND

BOARD_ID = b"\xff" * 8  # the emulated flash chip's
BOOT_TO_DELIVERY_NS = 2 * SECOND


@pytest.mark.hazard("H9", "H22")
def test_with_a_full_log_of_two_busy_days_delivery_begins_within_2_s_and_never_runs_dry(new_rig):
    rig = new_rig()
    rig.set_up(programme(days=(((0, rate_for(20)),),)))
    rig.start()
    rig.run_s(2)
    before = rig.pump.status()
    rig.pico.power_off()
    assert fill_log(rig.pico, BOARD_ID, every_s=15) > 10_000
    rig.pico.advance_off(3600 * SECOND)
    on_ns, edges = rig.pico.now_ns, len(rig.pico.step_edges)
    rig.power_on()
    rig.run_s(3)
    assert rig.pico.step_edges[edges][0] - on_ns <= BOOT_TO_DELIVERY_NS
    # From the first one on a step every 50 ms.
    times = [t_ns for t_ns, _ in rig.pico.step_edges[edges:]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert max(gaps) < SECOND // 10
    status = rig.pump.status()
    assert (status.state, status.programme_digest) == ("running", before.programme_digest)
    assert {code for code, _ in status.alarms} == {"interrupted", "clock_lost"}
