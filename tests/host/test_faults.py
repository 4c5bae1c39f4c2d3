"""Faults injected on the bench: the alarm that must come, and never more than was committed.

The board's own callbacks, its console and its memory are made to fail on the virtual Pico, see
tests/virtual_pico/test_injected_faults.py.
"""

import random

import pytest

from bench_case import FAST, STEP_NL, active, logged
from bench_programme import bench_programme
from bench_pump import WATCHDOG_MS, BenchPump
from pump.core import after_reset, annunciation, moves, ratio
from pump.core.annunciation import at, length_ms
from pump.core.delivery import TICKS_PER_MS
from pump.core.press import FREED, HELD, NOTHING, PRESSED, STUCK, Press

SEEDS = 1000
# A look comes every 2 s at most; the watchdog was fed at the one before it failed.
TOLD_MS = WATCHDOG_MS + 2000


def running(programme=FAST, reservoir_nl=9_000_000):
    bench = BenchPump().programme(programme, reservoir_nl)
    bench.generator.edges = None
    bench.controller.start()
    return bench


def reset(bench, cause=after_reset.WATCHDOG):
    """The watchdog bites; the pump that comes after it has looked once."""
    bench = bench.after_watchdog_reset()
    after_reset.note(bench.controller, cause, "0.1.0")
    bench.serve()
    return bench


def left_alone(bench, ms):
    """Nobody looks after the pump; returns the steps that it makes meanwhile."""
    made = bench.made()
    bench.wait_ms(ms)
    return bench.made() - made


@pytest.mark.fault("F5")
@pytest.mark.hazard("H2", "H16")
def test_a_service_that_has_stopped_lets_no_more_be_made_than_was_committed():
    """Frozen timer tick, hung processor: nothing new is committed and the words run out."""
    for programme in (FAST, bench_programme()):
        bench = running(programme)
        bench.run_s(5)
        committed = bench.controller.feeder.planned - bench.made()
        bound = programme.commit_ahead_nl
        made = left_alone(bench, WATCHDOG_MS)
        assert made <= committed
        assert ratio.compare(ratio.scale(programme.microstep_nl(), made), (bound, 1)) <= 0
        assert left_alone(bench, 3_600_000 - WATCHDOG_MS) == 0


@pytest.mark.fault("F11", "F12")
@pytest.mark.hazard("H4", "H16")
@pytest.mark.parametrize(
    ("programme", "at_ms"), [(FAST, 90), (FAST, 5000), (bench_programme(), 4900)]
)
def test_a_step_generator_that_stands_still_is_told_and_makes_nothing(programme, at_ms):
    """DMA or PIO stopped: the counts differ, or the watchdog is not fed and the reset is told."""
    bench = running(programme)
    bench.wait_ms(at_ms)
    bench.serve()
    bench.generator.is_stalled = True
    made = bench.made()
    unfed = 0
    for _ in range(0, TOLD_MS, 1000):
        bench.wait_ms(1000)
        unfed += not bench.controller.service()
    assert bench.made() == made
    if bench.controller.state == moves.HALTED:
        assert active(bench) == ["step_mismatch"]
    else:
        assert unfed >= TOLD_MS // 1000 - 1
        bench = reset(bench)
        assert {"interrupted", "watchdog_reset"} <= set(active(bench))


def test_words_that_run_out_while_the_service_is_held_up_are_told_and_made_up_for():
    bench = running()
    bench.run_s(3)
    from_ticks = bench.clock.now_ticks()
    asked = bench.controller.delivery.due(from_ticks)[0]
    left_alone(bench, 7900)
    bench.serve()
    assert "step_generator_starved" in active(bench)
    bench.run_s(5)
    now = bench.controller.delivery.due(bench.clock.now_ticks())[0]
    assert now - asked == pytest.approx(12.9 * 48.45, abs=2)
    assert bench.made() == pytest.approx(now, abs=2)


PARTS = (
    ("recorder.events", "append"),
    ("recorder.checkpoints", "append"),
    ("recorder", "prepare"),
    ("monitor", "_look_at_people"),
    ("monitor", "_look_at_recorder"),
    ("monitor", "_look_at_reservoir"),
    ("monitor", "_look_at_vtbi"),
    ("monitor._counts", "compare"),
    ("monitor._counts", "compare_with_schedule"),
    ("monitor.clock", "look"),
    ("delivery", "take_finished"),
    ("feeder", "service"),
    ("feeder", "place"),
)


@pytest.mark.fault("F5", "F7", "F8")
@pytest.mark.hazard("H2", "H16")
@pytest.mark.parametrize(("owner", "name"), PARTS)
@pytest.mark.parametrize("error", [ValueError, MemoryError])
def test_an_error_in_any_part_of_a_look_delivers_no_more_than_was_committed(owner, name, error):
    """The look ends there, is not counted as one, and the watchdog ends what goes on failing."""

    def broken(*args, **kwargs):
        raise error("broken on purpose")

    bench = running()
    bench.run_s(61)
    owned = bench.controller
    for part in owner.split("."):
        owned = getattr(owned, part)
    setattr(owned, name, broken)
    committed = bench.controller.feeder.planned - bench.made()
    made = bench.made()
    asked = bench.controller.delivery.due(bench.clock.now_ticks())[0]
    failed_ms = 0
    for ms in range(0, WATCHDOG_MS, 1000):
        bench.wait_ms(1000)
        try:
            bench.serve()
        except error:
            failed_ms = failed_ms or ms
            bench.controller.note_failed("service_fault", error("broken on purpose"))
    due = bench.controller.delivery.due(bench.clock.now_ticks())[0]
    # What was due is made where the look reached the feeder; nothing beyond it ever.
    assert bench.made() - made <= max(committed, due - asked + 1)
    after = left_alone(bench, 60_000)
    assert after <= bench.controller.feeder.commit_steps
    if failed_ms:
        assert "service_fault" in active(bench)


def random_story(chance, bench):
    """A pump in the middle of things: some seconds, some requests."""
    pump = bench.controller
    for _ in range(chance.randrange(4)):
        for _ in range(chance.randrange(4)):
            bench.wait_ms(chance.randrange(2000))
            bench.serve()
        what = chance.choice(("bolus", "rate", "pause", "minimum", "none"))
        if pump.state != moves.RUNNING:
            continue
        if what == "bolus":
            pump.bolus(
                (chance.randrange(1000, 50_000), 1), chance.randrange(20, 90), "", "b0b0b0b0"
            )
        elif what == "rate":
            pump.rate(ratio.ratio(chance.randrange(20_000_000), chance.choice((1, 7))))
        elif what == "pause":
            pump.pause()
        elif what == "minimum":
            pump.minimum()


@pytest.mark.fault("F13")
@pytest.mark.hazard("H2", "H8", "H13", "H16")
def test_a_watchdog_reset_at_any_instant_costs_no_count_and_delivers_no_more_than_committed():
    """1,000 seeds: the pump hangs at a random instant of a random story, then is reset."""
    for seed in range(SEEDS):
        chance = random.Random(seed)
        bench = running()
        random_story(chance, bench)
        bench.wait_ms(chance.randrange(2000))
        pump = bench.controller
        state = pump.state
        given = [row["request_id"] for row in logged(bench, "bolus_started")]
        # What the hardware has in hand when the processor hangs is all that can still be made.
        committed = pump.feeder.planned - bench.made()
        assert committed <= pump.feeder.commit_steps, seed
        made = bench.made()
        bench = reset(bench)
        assert bench.made() - made <= committed, seed
        pump = bench.controller
        assert dict(pump.status())["stepped"] == bench.made(), seed
        left_nl = ratio.subtract((9_000_000, 1), ratio.scale(STEP_NL, bench.made()))
        assert dict(pump.status())["reservoir_nl"] == left_nl, seed
        assert pump.state == state, seed
        assert "watchdog_reset" in active(bench), seed
        if state in moves.DELIVERING:
            assert "interrupted" in active(bench), seed
        # No bolus goes on or begins again.
        assert pump.delivery.boluses == [], seed
        assert [row["request_id"] for row in logged(bench, "bolus_started")] == given, seed


@pytest.mark.fault("F10")
@pytest.mark.hazard("H5")
def test_ticks_that_wrap_change_nothing_for_a_button_or_a_light():
    """MicroPython's ticks go round at 2^30 ms, after 12.4 days."""
    period = 1 << 30
    for before_ms in range(0, 80_000, 997):
        press = Press()
        found = []
        for ms in range(0, 70_000, 20):
            is_down = 1000 <= ms < 65_000
            what = press.update(is_down, (period - before_ms + ms) % period)
            if what != NOTHING:
                found.append((what, ms))
        assert [what for what, _ in found] == [PRESSED, HELD, STUCK, FREED]
        stuck_ms = dict(found)[STUCK] - 1000
        assert 60_000 <= stuck_ms <= 60_100
    pattern = annunciation.sound(3, False)
    assert at(pattern, length_ms(pattern) * 5 + 3) == at(pattern, 3)


def test_the_machine_that_stands_for_the_hardware_makes_the_steps_that_it_is_given():
    """So that what the faults above compare with is not made up."""
    bench = running()
    bench.run_s(10)
    from_ticks = bench.controller.delivery.anchor_ticks
    assert bench.clock.now_ticks() - from_ticks >= 0
    assert bench.made() == bench.controller.delivery.due(bench.clock.now_ticks())[0]
    assert bench.generator.now_ticks == 10_000 * TICKS_PER_MS
