"""Minutes of a pump's life on the image as shipped; `make bench` lets it live for an hour."""

import pytest
from long_story import TRAFFIC, LongStory
from pump_rig import PumpRig, programme

STORIES = ((1, ("soft reset", "watchdog reset")), (2, ("cut in a flash operation",)))
APART_S = 60
# What is owed of a step is dropped, which nothing on the pump watches.
DROP = """
def drop():
    d = c.delivery
    d.advance(max(d.anchor_ticks, c.pump_clock.now_ticks()))
    d.remainder = (0, 1)
run(drop)
"""


@pytest.fixture(scope="module")
def started(new_rig) -> PumpRig:
    """A pump that was started."""
    rig = new_rig()
    rig.set_up(programme())
    rig.start()
    return rig


@pytest.fixture
def rig(started) -> PumpRig:
    """The pump, running."""
    if started.pump.status().state == "paused":
        started.resume()
    started.run_s(3)
    return started


@pytest.mark.fault("F13", "F14", "F17")
@pytest.mark.hazard("H8", "H9", "H12", "H13", "H14", "H15", "H22")
def test_every_edge_of_minutes_is_what_was_prescribed_less_what_was_interrupted(rig):
    story = LongStory(rig)
    for seed, misfortunes in STORIES:
        story.live(seed, (*TRAFFIC, *misfortunes), APART_S)
    story.end()
    # What is missing is a part of a step in each life.
    assert 0 <= story.asked - story.made < len(story.lives) == 2
    assert len(story.interruptions_s) == 3
    assert story.made == len(rig.pico.step_edges) > 2000


def test_a_pump_that_drops_what_it_owes_of_a_step_would_be_found_out(rig):
    rig.check_exact()
    rig.on_device(DROP)
    rig.connect()
    rig.rate(400)
    rig.run_s(3)
    with pytest.raises(AssertionError):
        rig.check_exact()
