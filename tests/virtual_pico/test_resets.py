"""Resets of the image as shipped: soft, by watchdog, by power cut; and a processor held up."""

import pytest
from pump_rig import BOOT_TO_DELIVERY_NS, PumpRig, programme, rate_for

from titrate.virtual.flash import FlashTiming
from titrate.virtual.pico import MS, SECOND

SOFT_RESET_GAP_NS = 500 * MS
WATCHDOG_NS = 8 * SECOND
LOOK_NS = 2 * SECOND
STEPS_PER_S = 300
COMMIT_NL = 1_400
FILL_NL = 1_000_000
LED_RED_GPIO = 10  # boards/pico_tmc2209
TIMER_PAUSE = 0x4005_4030  # of the RP2040, datasheet 4.6.5
# Late steps come an eighth faster than the rate: a second of them is made up for in 7.
CATCH_UP_NS = 8 * SECOND

PRESCRIBED = programme(
    days=(((0, rate_for(STEPS_PER_S)),),),
    max_rate_nl_per_h=rate_for(1000),
    commit_ahead_nl=COMMIT_NL,
)


@pytest.fixture(scope="module")
def running(new_rig) -> PumpRig:
    """A pump that runs."""
    rig = new_rig()
    rig.set_up(PRESCRIBED)
    rig.start()
    rig.run_s(2)
    return rig


@pytest.fixture
def rig(running) -> PumpRig:
    """The running pump, with its console awake and no alarm that waits for someone."""
    running.connect()
    running.pump.acknowledge("all")
    return running


def longest_gap_ns(rig, from_ns):
    """The longest time without an edge since a time."""
    edges = [t_ns for t_ns in rig.edges_ns if t_ns > from_ns]
    return max(b - a for a, b in zip(edges, edges[1:], strict=False))


def soft_reset_at_the_prompt(rig):
    return rig.on_device("pump.status()", soft_reset=True)


def mpremote_without_resume(rig):
    return rig.mpremote("exec", "import pump; pump.status()")


def test_a_soft_reset_costs_a_short_gap_and_no_step(rig):
    for ask in (soft_reset_at_the_prompt, mpremote_without_resume):
        from_ns = rig.pico.now_ns
        assert "running" in ask(rig)
        rig.pico.run_for(CATCH_UP_NS)
        assert 0 < longest_gap_ns(rig, from_ns) <= SOFT_RESET_GAP_NS
        rig.disturbed(from_ns, from_ns + CATCH_UP_NS // 2)
        rig.check_exact()
    rig.connect()
    status = rig.pump.status()
    assert (status.state, status.reset_cause, status.alarms) == ("running", "soft_reset", [])


def test_held_up_for_seconds_it_stops_by_itself_and_makes_up_for_it(rig):
    """By a script that erases a sector of the file system: 5 s with interrupts off.

    What was committed lasts for 3.4 s.
    """
    rig.on_device("import rp2\nflash = rp2.Flash()")
    usual = rig.pico.store.timing
    rig.pico.store.timing = FlashTiming(sector_erase_ns=5 * SECOND)
    from_ns = rig.pico.now_ns
    operations = len(rig.pico.flash_operations)
    rig.pico.serial_write(b"flash.ioctl(6, flash.ioctl(4, 0) - 1)\r")
    assert rig.pico.run_until(lambda: len(rig.pico.flash_operations) > operations, SECOND)
    rig.pico.store.timing = usual
    erased_ns = rig.pico.flash_operations[-1].t_ns
    rig.pico.run_for(5 * SECOND)
    made = sum(1 for t_ns in rig.edges_ns if erased_ns < t_ns < erased_ns + 5 * SECOND)
    assert 0 < made <= COMMIT_NL / rig.prescription.microstep_nl
    rig.pico.run_for(3 * CATCH_UP_NS)
    rig.disturbed(from_ns, from_ns + 2 * CATCH_UP_NS)
    rig.check_exact()
    rig.connect()
    assert ("step_generator_starved", "high") in rig.pump.status().alarms


@pytest.mark.fault("F5", "F13")
@pytest.mark.hazard("H2", "H16")
def test_the_watchdog_bites_a_hung_processor_and_delivery_goes_on(rig):
    alarms = the_watchdog_bites_and_delivery_goes_on(rig, rig.pico.freeze)
    assert alarms == [("interrupted", "medium"), ("watchdog_reset", "medium")]


def the_watchdog_bites_and_delivery_goes_on(rig, freeze):
    """Within 8 s, and no more is made than was committed; what was due is made up for, exactly.

    Returns the alarms that are active then.
    """
    resets = rig.pico.resets
    hung_ns = rig.pico.now_ns
    edges = len(rig.edges_ns)
    freeze()
    assert rig.pico.run_until(lambda: rig.pico.resets > resets, WATCHDOG_NS)
    reset_ns = rig.pico.now_ns
    # What was committed was delivered, and no more.
    assert len(rig.edges_ns) - edges <= COMMIT_NL / rig.prescription.microstep_nl
    edges = len(rig.edges_ns)
    assert rig.pico.run_until(lambda: len(rig.edges_ns) > edges, BOOT_TO_DELIVERY_NS)
    assert rig.pico.run_until(lambda: rig.pico.output(LED_RED_GPIO), LOOK_NS)
    assert rig.pico.run_until(lambda: rig.pico.usb_ready, 10 * SECOND)
    rig.run_s(1)
    rig.go_on_after_reset(reset_ns)
    rig.pico.run_for(CATCH_UP_NS)
    rig.disturbed(hung_ns, rig.pico.now_ns - SECOND)
    rig.check_exact()
    rig.connect()
    status = rig.pump.status()
    assert (status.state, status.reset_cause) == ("running", "watchdog")
    logged = [entry.code for entry in rig.pump.log(count=8)]
    assert "interruption" in logged
    rig.pause()
    rig.run_s(4)
    rig.check_counts()
    rig.resume()
    return status.alarms


@pytest.fixture(scope="module")
def anew(running) -> PumpRig:
    """The pump set up anew a day later, so that no reset before is one of the last ten minutes."""
    running.connect()
    running.pump.acknowledge("all")
    running.stop()
    running.run_s(4)
    left_nl = int(FILL_NL - len(running.pico.step_edges) * running.prescription.microstep_nl)
    running.set_up(PRESCRIBED, fill=f"{left_nl} nL", now="2026-06-02T08:00:00")
    running.start()
    running.run_s(2)
    return running


# What settles next is the service at a request: so the Service is found.
LOSE_THE_TIMER = """
from pump.rp2040.service import Service
settle = Service._settle
def find(service):
    service._timer.deinit()
    Service._settle = settle
Service._settle = find
run(lambda: None)
"""


def lose_the_timer(rig):
    """The service's timer rings no more; console, buttons and light have others, and live."""
    rig.on_device(LOSE_THE_TIMER)
    # Less than what is committed lasts: late steps would have a request set the timer anew.
    rig.run_s(1)
    rig.connect()
    assert rig.pump.status().state == "running"


def pause_the_microseconds(rig):
    """The chip's timer stands still, and everything that waits for a time with it."""
    rig.pico.poke(TIMER_PAUSE, 1)


@pytest.mark.fault("F5")
@pytest.mark.hazard("H2", "H16")
@pytest.mark.parametrize("freeze", [lose_the_timer, pause_the_microseconds])
def test_a_frozen_tick_ends_in_a_watchdog_reset_and_delivery_goes_on(anew, freeze):
    anew.connect()
    anew.pump.acknowledge("all")
    alarms = the_watchdog_bites_and_delivery_goes_on(anew, lambda: freeze(anew))
    assert alarms == [("interrupted", "medium"), ("watchdog_reset", "medium")]


@pytest.mark.fault("F14")
@pytest.mark.parametrize("operation", [None, (1, "before"), (2, "middle"), (3, "after")])
@pytest.mark.hazard("H15", "H22")
def test_after_a_power_cut_the_reservoir_never_shows_more_than_is_left(rig, operation):
    if operation is None:
        rig.run_s(0.7)
        rig.pico.power_off()
    else:
        rig.pico.cut_power_at_flash_op(*operation)
        rig.pico.serial_write(b'\x03import pump; pump.rate("1 mL/h")\r' * 3)
        assert rig.pico.run_until(lambda: not rig.pico.powered, 130 * SECOND)
    rig.pico.advance_off(3600 * SECOND)
    on_ns = rig.pico.now_ns
    edges = len(rig.pico.step_edges)
    rig.power_on()
    assert rig.pico.run_until(lambda: len(rig.pico.step_edges) > edges, BOOT_TO_DELIVERY_NS)
    assert rig.pico.step_edges[edges][0] - on_ns <= BOOT_TO_DELIVERY_NS
    rig.run_s(3)
    status = rig.pump.status()
    assert status.state == "running"
    assert {"interrupted", "clock_lost"} <= {code for code, _ in status.alarms}
    left_nl = FILL_NL - len(rig.pico.step_edges) * rig.prescription.microstep_nl
    assert status.reservoir_nl <= left_nl
