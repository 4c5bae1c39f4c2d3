"""Fast moves on the image as shipped: 2,000,000 steps a second, home and end switches, a stop."""

from itertools import pairwise

import pytest
from pump_rig import EXACT_NS, NS_PER_TICK, PumpRig, programme

from titrate.virtual.pico import MS

# boards/pico_tmc2209, and its recommended syringe and screw: 1.6 microsteps a micrometre.
STEP_GPIO, DIR_GPIO, BUTTON_STOP_GPIO, END_GPIO, HOME_GPIO = 2, 3, 15, 20, 21
STEPS_PER_MM = 1600
BACKLASH_STEPS = 80
SYRINGE = {
    "bore_um": 14_500,
    "capacity_nl": 10_000_000,
    "travel_um": 60_559,
    "lead_um": 2000,
    "gear": (1, 1),
    "max_rate_nl_per_h": (500_000, 1),
    "commit_ahead_nl": 500,
    "reservoir_low_nl": 1_000_000,
}
# A motor that follows 100,000 steps/s from rest, and 3 * 10^8 steps/s more each second.
VERY_FAST = """
from pump.core.motion_limits import MotionLimits
kept = c.generator.limits
c.generator.limits = MotionLimits(100_000, 2_020_000, 300_000_000, 0, 5000)
print(run(c.jog, ("length", (16_000, 1)), "infuse", "off")[1][1])
c.generator.limits = kept
"""
# Its slopes have 39 levels each; what lies between them is done in less than 10 ms.
VERY_FAST_WORDS = 2 * 39 + 1


class Screw:
    """What the motor turns: the home switch is at 0, the one at the empty end at `end`."""

    def __init__(self, rig, at, end):
        self.pico = rig.pico
        self.at = at
        self.end = end
        self.steps_past = 0
        self._levels = (None, None)
        self.pico.on_edge(STEP_GPIO, self._step)

    def _step(self, _t_ns, level):
        if level:
            self.at += 1 if self.pico.output(DIR_GPIO) else -1
            self.switch()

    def switch(self):
        """Let both switches follow; closed to ground while the limit is not reached."""
        levels = (int(self.at <= 0), int(self.at >= self.end))
        self.steps_past += sum(levels)
        if levels != self._levels:
            self._levels = levels
            self.pico.set_input(HOME_GPIO, levels[0])
            self.pico.set_input(END_GPIO, levels[1])


@pytest.fixture(scope="module")
def rig(new_rig) -> PumpRig:
    """A pump that has been programmed and is stopped."""
    rig = new_rig()
    rig.set_up(programme(**SYRINGE), fill="9 mL")
    return rig


@pytest.fixture(scope="module")
def screw(rig) -> Screw:
    """Its drive, 2 mm from home, with both switches fitted."""
    screw = Screw(rig, 2 * STEPS_PER_MM, 8 * STEPS_PER_MM)
    rig.on_device("c.switches.fit(True, True, False)")
    rig.connect()
    for gpio in (HOME_GPIO, END_GPIO):
        # The pull-up was switched on just now: the wire is stronger.
        rig.pico.set_input(gpio, 1)
    screw.switch()
    rig.run_s(0.1)
    return screw


def run_out(rig, limit_s=10):
    """Let the move end."""
    end_ns = rig.pico.now_ns + limit_s * 1000 * MS
    while rig.pump.status().state == "moving":
        assert rig.pico.now_ns < end_ns
        rig.run_s(0.5)
    return rig.pump.status()


def very_fast_edges(from_ticks, steps):
    """The tick of every edge, worked out level by level: half the start rate more in each."""
    level_ticks = 125_000_000 * 100_000 // (2 * 300_000_000)
    gain_per_s = 300_000_000 * level_ticks // 125_000_000
    slope = []
    for level in range(1000):
        interval = -(-125_000_000 // (100_000 + gain_per_s * level))
        if 100_000 + gain_per_s * level >= 2_020_000:
            break
        slope.append((level_ticks // interval, interval))
    left = steps - 2 * sum(count for count, _ in slope)
    assert left > 0
    edges = []
    for count, interval in [*slope, (left, 62), *reversed(slope)]:
        for _ in range(count):
            from_ticks += interval
            edges.append(from_ticks)
    return edges


def test_two_million_steps_a_second_come_each_at_its_tick_and_are_seen_by_the_witness(rig):
    rig.on_device("c.moving.travel.know(0, 0, c.prescription)")
    from_ticks = int(rig.on_device(VERY_FAST))
    rig.connect()
    rig.run_s(0.2)
    edges = [rig.tick_of(t_ns) for t_ns in rig.edges_ns]
    assert len(edges) == 16 * STEPS_PER_MM
    planned = very_fast_edges(from_ticks, len(edges))
    # The machine starts within a microsecond of its instant, and then goes by its own cycles.
    (late_ticks,) = {edge - plan for edge, plan in zip(edges, planned, strict=True)}
    assert 0 <= late_ticks * NS_PER_TICK < EXACT_NS
    assert sum(b - a == 62 for a, b in pairwise(edges)) > 10_000
    assert NS_PER_TICK * 62 < 500
    assert int(rig.on_device("print(c.generator.begun())")) - 1 == VERY_FAST_WORDS
    rig.connect()
    status = run_out(rig)
    assert (status.state, status.stepped, status.witnessed) == ("stopped", 0, 0)
    assert status.position_um == 16_000
    assert status.alarms == [("low_reservoir", "medium")]
    ended = [entry.detail for entry in rig.pump.log(count=10) if entry.code == "move_ended"]
    assert "steps=25600" in ended[-1]


def test_the_board_s_own_limits_hold_for_what_a_person_asks_for(rig, screw):
    rig.on_device("c.moving.travel.forget()")
    rig.connect()
    before = len(rig.pico.step_edges)
    rig.pump.jog("2 mm", line="off")
    run_out(rig)
    edges = [t_ns for t_ns, _ in rig.pico.step_edges[before:]]
    intervals = [b - a for a, b in pairwise(edges)]
    assert len(edges) == 2 * STEPS_PER_MM
    # 2000 steps/s from rest and at the end; 20,000 at most.
    assert intervals[0] == intervals[-1] == 500_000
    assert min(intervals) >= 50_000
    rates = [1e9 / interval for interval in intervals]
    assert max(abs(b - a) for a, b in pairwise(rates)) < 2000


def test_home_finds_its_switch_and_rests_a_millimetre_from_it(rig, screw):
    rig.pump.home(line="off")
    status = run_out(rig)
    assert status.alarms == [("low_reservoir", "medium")]
    assert status.position_um == 1000
    # Found going back at 1000 steps/s: the switch settles in 20 ms and is looked at every 10 ms.
    found_late = STEPS_PER_MM + BACKLASH_STEPS - screw.at
    assert 0 <= found_late <= 70


@pytest.mark.hazard("H31")
def test_the_end_switch_stops_between_two_steps_within_75_ms(rig, screw):
    screw.steps_past = 0
    rig.pump.jog("30 mm", line="off")
    status = run_out(rig)
    assert dict(status.alarms).keys() == {"low_reservoir", "move_failed"}
    assert status.position_um is None
    # Up to 20,000 steps/s: the switch settles in 20 ms, and is looked at every 10 ms.
    assert 0 < screw.steps_past < 20 * 75
    rig.pump.acknowledge("move_failed")
    assert (status.stepped, status.witnessed) == (0, 0)


def test_back_from_the_end_switch_and_the_stop_button_stops_on_the_way(rig, screw):
    before = len(rig.pico.step_edges)
    rig.pump.unload(line="off")
    rig.run_s(0.5)
    for level, ms in ((0, 100), (1, 100)):
        rig.pico.set_input(BUTTON_STOP_GPIO, level)
        rig.pico.run_for(ms * MS)
    rig.run_s(0.4)
    status = rig.pump.status()
    assert status.state == "stopped"
    edges = [t_ns for t_ns, _ in rig.pico.step_edges[before:]]
    assert edges[-1] - edges[-2] == 500_000
    assert (status.stepped, status.witnessed) == (0, 0)


@pytest.mark.hazard("H2")
def test_a_processor_that_dies_stops_the_drive_within_300_ms(rig, screw):
    screw.at = 4 * STEPS_PER_MM
    screw.end = 100 * STEPS_PER_MM
    rig.pump.home(line="off")
    rig.run_s(0.2)
    rig.pico.freeze()
    frozen_ns = rig.pico.now_ns
    rig.run_s(1)
    last_ns = rig.pico.step_edges[-1][0]
    assert frozen_ns < last_ns < frozen_ns + 310 * MS
