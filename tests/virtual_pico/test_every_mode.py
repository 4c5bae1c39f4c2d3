"""Every mode on the image as shipped: each STEP edge against the exact prescription.

Times of day are chosen so that what is prescribed for one happens within seconds. How many steps
a stretch has is worked out by hand too, from the rates in the test.
"""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from pump_rig import PumpRig, microstep_nl, programme, rate_for

from pump.core.modes import Bridge, Demand, Intermittent, Vtbi
from pump.core.programme import canonical_text
from pump.core.quantity import parse_instant_s

EVERY_DAY = 0b1111111
STEP_NL = microstep_nl(programme())


@pytest.fixture(scope="module")
def powered(new_rig) -> PumpRig:
    """A pump that the tests programme one after the other, each on a later day."""
    return new_rig()


@pytest.fixture
def rig(powered) -> Iterator[PumpRig]:
    """The pump at rest, and brought to rest after the test: a stop takes as long as the words
    that are in the step generator's hands."""
    yield powered
    if powered.pump.status().state != "stopped":
        powered.stop()
        powered.run_s(3)
    powered.pump.acknowledge("all")


def of_day(clock: str) -> int:
    """Seconds of the day of HH:MM:SS."""
    return parse_instant_s(f"2000-01-01T{clock}")


def constant(steps_per_s: int):
    """Days of about so many steps a second."""
    return (((0, rate_for(steps_per_s)),),)


def test_the_steps_of_a_day_and_a_bolus_at_a_time_of_day_come_at_their_seconds(rig):
    day = (
        (0, rate_for(100)),
        (of_day("21:59:55"), rate_for(250)),
        (of_day("22:00:00"), rate_for(60)),
    )
    bolus = (of_day("21:59:57"), EVERY_DAY, (1000, 1), 2)
    rig.set_up(programme(days=(day,), boluses=(bolus,)), now="2026-06-01T21:59:51")
    rig.start()
    rig.run_until("2026-06-01T22:00:03")
    rig.check_exact()
    assert rig.steps_between("2026-06-01T21:59:55", "2026-06-01T21:59:57") in (499, 500, 501)
    # 1000 nL are 738 steps of 1.355 nL.
    assert rig.steps_between("2026-06-01T21:59:57", "2026-06-01T21:59:59") in (1237, 1238, 1239)
    assert rig.steps_between("2026-06-01T22:00:00", "2026-06-01T22:00:03") in (179, 180, 181)


def test_the_weekend_begins_at_midnight_and_a_taper_steps_down_at_its_times(rig):
    saturday = parse_instant_s("2026-06-06T00:00:00")
    weekday, weekend = ((0, rate_for(200)),), ((0, rate_for(80)),)
    tapered = programme(
        days=(weekday, weekend),
        week=(0, 0, 0, 0, 0, 1, 1),
        course=((saturday + 4, (1, 2)), (saturday + 7, (1, 4))),
    )
    rig.set_up(tapered, now="2026-06-05T23:59:53")
    rig.start()
    rig.run_until("2026-06-06T00:00:10")
    rig.check_exact()
    assert rig.steps_between("2026-06-05T23:59:58", "2026-06-06T00:00:00") in (399, 400, 401)
    assert rig.steps_between("2026-06-06T00:00:00", "2026-06-06T00:00:04") in (319, 320, 321)
    assert rig.steps_between("2026-06-06T00:00:04", "2026-06-06T00:00:07") in (119, 120, 121)
    assert rig.steps_between("2026-06-06T00:00:07", "2026-06-06T00:00:10") in (59, 60, 61)


def test_boluses_come_at_their_interval_until_another_programme_takes_over_at_its_time(rig):
    repeated = Intermittent(4, 60, (500, 1), 2)
    rig.set_up(programme(days=constant(10), intermittent=repeated), now="2026-06-08T05:58:35")
    rig.start()
    later = programme(name="Later", days=constant(120))
    rig.follow(later, parse_instant_s("2026-06-08T06:00:00"))
    rig.run_until("2026-06-08T06:00:03")
    rig.check_exact()
    # Two boluses of 500 nL, 369 steps each, and 10 a second in the last minute between them.
    by_then = rig.steps_between("2026-06-08T05:58:35", "2026-06-08T06:00:00")
    assert 2 * 369 + 10 * 65 < by_then < 2 * 369 + 10 * 85
    assert rig.steps_between("2026-06-08T06:00:00", "2026-06-08T06:00:03") in (359, 360, 361)
    assert rig.pump.programme_text() == canonical_text(later)


def test_a_demand_bolus_holds_a_square_one_back_and_the_minimum_rate_cancels_one(rig):
    demand = Demand((1000, 1), 2, 60, 3600, 3)
    slow = programme(days=constant(50), demand=demand, minimum_rate_nl_per_h=rate_for(15))
    rig.set_up(slow, now="2026-06-09T12:00:00")
    rig.start()
    rig.bolus(4000, 8)
    rig.run_s(3)
    rig.demand()
    rig.run_s(9)
    rig.check_exact()
    # Both are given whole: 5000 nL are 3690 steps, and 50 a second of basal.
    assert 3690 + 590 < len(rig.edges_ns) < 3690 + 800
    rig.bolus(2000, 20)
    rig.run_s(2)
    rig.minimum()
    rig.run_s(1)
    steps = len(rig.edges_ns)
    rig.run_s(4)
    rig.check_exact()
    assert 59 <= len(rig.edges_ns) - steps <= 61
    assert rig.pump.status().state == "minimum"


def test_after_a_bridge_comes_the_new_rate_and_after_the_volume_to_be_infused_kvo(rig):
    bridged = programme(
        days=constant(300),
        bridge=Bridge((1500, 1), rate_for(150), (0, 1)),
        vtbi=Vtbi((3000, 1), "kvo", rate_for(20), 60),
    )
    rig.set_up(bridged, now="2026-06-10T12:00:00")
    rig.start()
    # 1107 steps at 150 a second and as many at 300: 7.4 and 3.7 s.
    rig.run_s(15)
    rig.check_exact()
    infused = 3000 // STEP_NL
    assert infused + 60 < len(rig.edges_ns) < infused + 90
    status = rig.pump.status()
    assert (status.state, [code for code, _ in status.alarms]) == ("kvo", ["vtbi_reached"])


def test_a_volume_to_be_infused_that_stops_ends_a_bolus_with_it(rig):
    limited = programme(days=constant(100), vtbi=Vtbi((2000, 1), "stop", (0, 1), 60))
    rig.set_up(limited, now="2026-06-11T12:00:00")
    owed = rig.prescription.microsteps
    rig.start()
    rig.bolus(3000, 10)
    rig.run_s(8)
    rig.check_exact()
    assert len(rig.edges_ns) == (owed + Fraction(2000) / STEP_NL) // 1
    assert rig.pump.status().state == "stopped"


def test_delivery_continues_after_a_volume_to_be_infused_until_the_programme_before_returns(rig):
    before = programme(name="Before", days=constant(60))
    rig.set_up(before, now="2026-06-12T12:00:00")
    rig.change(programme(days=constant(300), vtbi=Vtbi((1500, 1), "continue", (0, 1), 60)))
    rig.start()
    rig.run_s(6)
    assert "vtbi_reached" in dict(rig.pump.status().alarms)
    rig.revert(before)
    rig.run_s(2)
    steps = len(rig.edges_ns)
    rig.run_s(4)
    rig.check_exact()
    assert 239 <= len(rig.edges_ns) - steps <= 241
    assert rig.pump.programme_text() == canonical_text(before)


def test_priming_makes_the_whole_steps_of_its_volume(rig):
    rig.set_up(programme(), now="2026-06-15T12:00:00")
    rig.prime(3000, rate_for(500)[0])
    rig.run_s(6)
    rig.check_exact()
    assert len(rig.edges_ns) == 3000 // STEP_NL
    assert rig.pump.status().state == "stopped"
    rig.check_counts()
