"""The demonstration's judgement: what is right passes, and each kind of difference is named.

The run itself, on the real firmware, is tests/virtual_pico/test_demonstration.py.
"""

import io
from array import array
from binascii import crc32
from dataclasses import replace
from fractions import Fraction

import pytest
from rich.console import Console

from bench_pump import BenchPump
from pump.core import programme as programmes
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Delivery
from pump.core.quantity import parse_instant_s
from pump.core.retained import RetainedState
from titrate.client.replies import Alarm, LogEntry, Status
from titrate.demo import __main__ as command
from titrate.demo import picture, probe, report, verdict
from titrate.demo.run import END_S, START, Outcome, Poll
from titrate.profile import load_profile
from titrate.simulation import prescribe, simulate
from titrate.simulation.edges import edge_ticks
from titrate.virtual.pico import VirtualPico

START_S = parse_instant_s(START)
OFFSET_US = START_S * 10**6 - 1_234_567
ZERO_NS = 4_000_008
LATE_NS = 160


def status(simulation, digest: str, **changes) -> Status:
    """What a pump says that has delivered a simulation to its end and was stopped."""
    values: dict[str, object] = dict.fromkeys(Status.__dataclass_fields__)
    values |= {
        "state": "stopped",
        "stepped": simulation.steps,
        "witnessed": simulation.steps,
        "asked": simulation.steps,
        "delivered_nl": simulation.delivered_nl,
        "reservoir_nl": simulation.residual_nl,
        "rate_nl_per_h": Fraction(0),
        "clock_s": END_S,
        "programme_digest": digest,
        "concentration_mcg_per_ml": Fraction(500),
        "alarms": [("low_reservoir", "medium")],
    }
    return Status(**{**values, **changes})


@pytest.fixture(scope="module")
def right(root) -> Outcome:
    """A run in which everything is as prescribed: its edges are those of the train."""
    profile = load_profile(root / "host_tools/titrate/examples/demo-24h.toml")
    found = simulate(profile.programme, START_S, END_S - START_S, profile.fill_nl)
    (low_s,) = [event.t_s for event in found.events if event.code == "low_reservoir"]
    delivery = Delivery(profile.programme, profile.programme.microstep_nl(), START_S * TICKS_PER_S)
    delivery.start(START_S * TICKS_PER_S, MODE_SCHEDULE)
    clock = probe.ProbedClock(ZERO_NS, OFFSET_US)
    edges_ns = array(
        "q",
        [int(clock.ns(START_S * TICKS_PER_S + tick)) + LATE_NS for tick in edge_ticks(found)],
    )
    codes = ("started", "rate_changed", "bolus_started", "bolus_finished", "stopped")
    log = [LogEntry(n, START_S + n, code, "") for n, code in enumerate(codes)]
    log.append(
        LogEntry(9, START_S + int(low_s) + 1, "alarm_raised", "alarm=low_reservoir cause=low")
    )
    polled = status(found, profile.digest, stepped=6, witnessed=6)
    return Outcome(
        profile=profile,
        prescription=prescribe(delivery, END_S * TICKS_PER_S),
        clock=clock,
        edges_ns=edges_ns,
        polls=[Poll(polled, 6, 6)],
        final=status(found, profile.digest),
        log=log,
        alarms=[Alarm("low_reservoir", "medium", 0, False, "keep", "it is low")],
    )


def edges(outcome: Outcome, *, without=(), moved_ns=None, more=()) -> Outcome:
    """The outcome with other edges."""
    times = [t for n, t in enumerate(outcome.edges_ns) if n not in without]
    for n, by_ns in (moved_ns or {}).items():
        times[n] += by_ns
    return replace(outcome, edges_ns=array("q", sorted([*times, *more])))


def test_a_run_as_prescribed_has_no_differences(right):
    assert list(verdict.differences(right)) == []
    assert len(right.edges_ns) > 1800


def test_the_least_doubt_in_ns_is_noticed(right):
    # In the first step, 0 to 8 ns of rounding are on top of the 160.
    due_ns = right.clock.ns(right.prescription.instant_ticks(1))
    late_ns = right.edges_ns[0] - due_ns
    assert 160 <= late_ns < 168
    just_right = edges(right, moved_ns={0: -int(late_ns)})
    assert list(verdict.differences(just_right)) == []
    (early,) = verdict.differences(edges(right, moved_ns={0: -int(late_ns) - 1}))
    assert early.startswith("1 edges came before they were due")
    latest = edges(right, moved_ns={0: 999 - int(late_ns)})
    assert list(verdict.differences(latest)) == []
    (late,) = verdict.differences(edges(right, moved_ns={0: 1000 - int(late_ns)}))
    assert late.startswith("1 edges came 1 us or more after they were due")


def test_a_lost_step_and_one_too_many_are_noticed(right):
    lost = list(verdict.differences(edges(right, without=[len(right.edges_ns) - 1])))
    count = len(right.edges_ns)
    assert lost[0] == f"{count} steps were prescribed, {count - 1} edges came"
    more = list(verdict.differences(edges(right, more=[right.edges_ns[-1] + 5_000])))
    assert more[0] == f"{count} steps were prescribed, {count + 1} edges came"
    missing_inside = list(verdict.differences(edges(right, without=[700])))
    assert any(
        "before they were due" in sentence or "1 us" in sentence for sentence in missing_inside
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stepped", 1),
        ("witnessed", 2),
        ("asked", 3),
        ("delivered_nl", Fraction(1, 3)),
        ("reservoir_nl", Fraction(5)),
        ("programme_digest", "0" * 16),
    ],
)
def test_each_figure_of_the_pump_is_compared(name, value, right):
    wrong = replace(right, final=replace(right.final, **{name: value}))
    (sentence,) = verdict.differences(wrong)
    assert sentence.startswith(f"the pump says {name} is {value}, it is ")


def test_counts_told_while_it_runs_are_compared_with_the_pin(right):
    polled = replace(right.polls[0].status, witnessed=7)
    (sentence,) = verdict.differences(replace(right, polls=[Poll(polled, 5, 6)]))
    assert "counted 6 steps and witnessed 7, between 5 and 6 edges" in sentence


@pytest.mark.parametrize("shift_s", [-3, 4])
def test_an_alarm_at_the_wrong_time_is_noticed(shift_s, right):
    log = [
        replace(entry, at_s=entry.at_s + shift_s) if entry.code == "alarm_raised" else entry
        for entry in right.log
    ]
    assert list(verdict.differences(replace(right, log=log))) == [
        "the low reservoir alarm did not come within 3 s of the step that made it low"
    ]


def test_what_is_missing_from_log_and_alarms_is_noticed(right):
    found = list(verdict.differences(replace(right, log=[], alarms=[])))
    assert "the pump's log has no entry bolus_started" in found
    assert "the low reservoir alarm is not active at the end" in found


def test_the_step_that_makes_the_reservoir_low_is_the_one_of_the_simulation(right):
    # 12 uL above the low level: whole microsteps of it; see also test_profile.py.
    assert START_S + 83 < verdict.low_reservoir_s(right) <= START_S + 84


def test_the_tables_name_every_phase_and_are_red_where_it_differs(right):
    console = Console(record=True, width=110, file=io.StringIO(), force_terminal=True)
    console.print(report.step_table(right), report.poll_table(right), report.log_table(right))
    text = console.export_text(clear=False)
    for phrase in ("19:59:40.000", "20:00:00.000", "20:00:30.000", "300 mcg/day (25 uL/h)"):
        assert phrase in text
    assert "\x1b[31m" not in console.export_text(styles=True)
    console.print(report.step_table(edges(right, moved_ns={20: 5000})))
    assert "\x1b[31m" in console.export_text(styles=True)


def test_the_picture_is_drawn(right, tmp_path):
    for name, begins in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
        picture.draw(right, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
    again = tmp_path / "b.svg"
    picture.draw(right, again)
    assert again.read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_without_an_image_it_says_what_to_run(capsys, tmp_path):
    assert command.main(["--uf2", str(tmp_path / "none.uf2")]) == 2
    assert "build it with `make uf2`" in capsys.readouterr().out


# -- the probe, on a chip that has power but no firmware that runs ---------------------------------


@pytest.fixture
def pico(stock_uf2):
    board = VirtualPico(stock_uf2)
    yield board
    board.power_off()


def test_the_timers_zero_is_found_to_the_cycle(pico):
    pico.advance_off(1_000_016)
    pico.power_on()
    pico.run_for(3_001_336)
    assert probe.timer_zero_ns(pico) == 1_000_016


def test_the_newest_whole_state_in_ram_is_taken(pico, right):
    pump = BenchPump()
    text = programmes.canonical_text(right.profile.programme)
    pump.controller.adopt(right.profile.programme, text, right.profile.digest)
    pump.controller.state = "stopped"
    pump.controller.keep_state()
    older = pump.kept.encode()
    newer = older.replace(b" stopped ", b" running ")
    pico.power_on()

    def keep(address: int, sequence: int, data: bytes, check: int) -> None:
        block = b"%06x%04x%08x%s" % (sequence, len(data), check, data)
        block += bytes(-len(block) % 4)
        for place in range(0, len(block), 4):
            pico.poke(address + place, int.from_bytes(block[place : place + 4], "little"))

    keep(0x2003_0000, 7, newer, crc32(newer))
    keep(0x2003_1000, 6, older, crc32(older))
    keep(0x2003_2000, 8, older, crc32(older) ^ 1)
    found = probe.kept_state(pico, "running")
    assert isinstance(found, RetainedState)
    assert found.programme_digest == right.profile.digest
    with pytest.raises(RuntimeError, match="keeps no state 'paused'"):
        probe.kept_state(pico, "paused")
