"""Minutes of a pump's life on the image as shipped; `make bench` lets it live for an hour."""

import pytest
from long_story import RATES, basal, live


@pytest.mark.fault("F17")
@pytest.mark.hazard("H12", "H13", "H14")
def test_every_step_of_minutes_with_hosts_bad_lines_and_resets_is_the_prescriptions(new_rig):
    rig = new_rig()
    rig.set_up(basal(RATES[0]), fill="9 mL")
    rig.start()
    rig.run_s(3)
    done = live(rig, length_s=120, seed=178)
    assert len(done) == 6
    assert len(rig.edges_ns) > 20
    codes = {code for code, _ in rig.pump.status().alarms}
    assert codes == set()
