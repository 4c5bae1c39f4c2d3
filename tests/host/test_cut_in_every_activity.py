"""Power fails before, in and after every single flash operation of everything that a pump does.

Each activity is gone through once; before each erase and each program the flash is copied as it is
and as a cut in the middle leaves it. Every copy is started, and the pump found there questioned.
"""

from fractions import Fraction

import pytest
from flash_model import FlashModel

from bench_case import STEP_NL, active, fast_programme, logged, proposed, status
from bench_keys import SECRETS, paired
from bench_library import TEXT, sent
from bench_pump import MONDAY_S, BenchPump
from pump.core import moves, records
from pump.core.programme import canonical_text, digest

STEP = Fraction(*STEP_NL)
FILLED_NL = 9_000_000
REFILLED_NL = 9_900_000
# What a checkpoint books ahead, see monitor.py, at the 18 mL/h of these programmes and a bolus.
BOOKED_NL = 200 * 18_000_000 // 3600 + 100_000
PLAIN = {"drug": "", "concentration_mcg_per_ml": None}
BEFORE = fast_programme(name="Before", **PLAIN)
AFTER = fast_programme(name="After", days=(((0, (9_000_000, 1)),),), **PLAIN)
LIBRARY = TEXT.replace("max 1000000 site", "max 50000000 site")
OFF_S = 5000
ID = "0badcafe"


def delivers(bench):
    """Longer than from one checkpoint to the next but one."""
    bench.run_s(130)


def gives_a_bolus(bench):
    bench.controller.bolus((100_000, 1), 20, request_id=ID)
    bench.run_s(25)


def is_programmed(bench):
    bench.controller.confirm(digest(proposed(bench, AFTER)), request_id=ID)
    bench.run_s(3)


def changes_its_rate(bench):
    bench.controller.rate((9_000_000, 1), request_id=ID)
    bench.run_s(3)


def is_refilled(bench):
    bench.controller.refill((REFILLED_NL, 1), request_id=ID)
    bench.run_s(3)


def turns_its_logs(bench):
    """Every ring goes from one sector to the next, twice; what fills them is not cut."""
    sectors, pump = bench.sectors, bench.controller
    recorder, copy = pump.recorder, bench.sectors.on_operation
    for journal, note in (
        (recorder.events, lambda: recorder.event(records.ALARM_RAISED, "empty", "x" * 48)),
        (recorder.faults, lambda: recorder.fault("starved", "x" * 48)),
        (recorder.checkpoints, lambda: pump.monitor._book(pump.moved())),
    ):
        for _ in range(2):
            sector = journal.sector
            sectors.on_operation = None
            while journal._offset < 3900:
                note()
            sectors.on_operation = copy
            while journal.sector == sector:
                note()
            bench.run_s(2)


def pauses_and_goes_on(bench):
    bench.controller.pause(request_id=ID)
    bench.run_s(4)
    bench.controller.resume()
    bench.run_s(2)


def stops_and_starts(bench):
    bench.controller.stop(request_id=ID)
    bench.run_s(4)
    bench.controller.start()
    bench.run_s(2)


def is_given_a_library(bench):
    bench.controller.confirm(sent(bench, LIBRARY), request_id=ID)
    bench.run_s(2)


def is_told_what_follows(bench):
    at_s = bench.clock.now_s() + 86_400
    bench.controller.confirm(digest(proposed(bench, AFTER)), at_s=at_s, request_id=ID)
    bench.run_s(2)


def is_paired(bench):
    paired(bench, "nurse")
    bench.run_s(2)


ACTIVITIES = (
    delivers,
    gives_a_bolus,
    is_programmed,
    changes_its_rate,
    is_refilled,
    turns_its_logs,
    pauses_and_goes_on,
    stops_and_starts,
    is_given_a_library,
    is_told_what_follows,
    is_paired,
)


OTHER_STATES = {
    pauses_and_goes_on: (moves.RUNNING, moves.PAUSED),
    stops_and_starts: (moves.RUNNING, moves.STOPPED),
}


class Cuts:
    """Copies of a flash at each of its operations, and what the pump was like then.

    Attributes:
        found: (flash, steps made, state) each.
    """

    def __init__(self, bench):
        self.bench = bench
        self.found = []
        bench.sectors.on_operation = self._copy

    def _copy(self, what, sector, offset, data):
        flash = self.bench.sectors
        pump = self.bench.controller
        for is_middle in (False, True):
            copy = flash.clone(flash.operations)
            copy.wavering = True
            if is_middle:
                copy.cut(what, sector, offset, data)
            self.found.append((copy, self.bench.made(), pump.state))

    def end(self):
        """The last operation is done."""
        self.bench.sectors.on_operation = None
        last = self.bench.sectors.clone(0)
        self.found.append((last, self.bench.made(), self.bench.controller.state))


def restarted(bench, flash, made):
    """The pump that starts with a copy of the flash."""
    again = bench.after_power_cut(flash)
    again.made_before = made
    return again


@pytest.mark.fault("F14")
@pytest.mark.hazard("H8", "H9", "H13", "H15", "H20", "H22")
@pytest.mark.parametrize("activity", ACTIVITIES)
def test_after_a_cut_at_any_operation_the_pump_is_what_it_was_or_what_it_was_to_be(activity):
    bench = BenchPump(FlashModel(40, seed=1)).programme(BEFORE, FILLED_NL)
    bench.generator.edges = None
    bench.controller.start()
    bench.run_s(5)
    text = bench.controller.programme_text
    cuts = Cuts(bench)
    activity(bench)
    cuts.end()
    assert len(cuts.found) > 4
    texts = {text, bench.controller.programme_text}
    for flash, made, state in cuts.found:
        again = restarted(bench, flash, made)
        # What a request makes of the state counts from when it is journalled.
        states = {state, *OTHER_STATES.get(activity, ())}
        check(again, texts, states, made)
        # Delivery goes on, where it was going on; a clock that is set tells for how long not.
        before = again.controller.state
        again.run_s(3)
        assert (again.made() > made) == (before in moves.DELIVERING)
        tell_the_time(again)
        # And the next start finds the same.
        once_more = again.after_power_cut()
        assert once_more.controller.programme_text == again.controller.programme_text
        assert once_more.controller.state == again.controller.state


def check(again, texts, states, made):
    pump = again.controller
    assert pump.programme_text in texts
    assert pump.state in states
    if pump.state == moves.RUNNING:
        assert "interrupted" in active(again)
    assert pump.delivery.boluses == []
    left_nl = FILLED_NL - made * STEP
    most_nl = left_nl
    shown_nl = Fraction(*status(again, "reservoir_nl"))
    if any(r.kind == records.REFILL and r.fields()["request_id"] == ID for r in newest(again)):
        most_nl = Fraction(REFILLED_NL)
    assert left_nl - BOOKED_NL <= shown_nl <= most_nl
    begun = [row["request_id"] for row in logged(again, "bolus_started")]
    assert begun.count(ID) <= 1
    assert (pump.outcome_of(ID) == "done") >= (ID in begun)
    damage = {"programme_damaged", "ledger_uncertain", "library_damaged", "keys_damaged"}
    assert not damage & set(active(again))


def newest(bench):
    return list(bench.controller.recorder.events.records(newest_first=True))[:40]


def tell_the_time(again):
    """The interruption is in the log with its length once the clock is set."""
    pump = again.controller
    if not pump.was_cut_off:
        return
    behind_s = again.clock.now_s()
    pump.set_clock(behind_s + OFF_S)
    assert logged(again, "interruption")[-1] == {"length_s": OFF_S}


@pytest.mark.fault("F14")
@pytest.mark.hazard("H8", "H22", "H24")
def test_after_a_cut_at_any_operation_of_the_first_boot_nothing_is_there_and_all_can_be_done():
    flash = FlashModel(40, seed=2)
    found = []

    def copy(what, sector, offset, data):
        for is_middle in (False, True):
            found.append(flash.clone(flash.operations))
            if is_middle:
                found[-1].cut(what, sector, offset, data)

    flash.on_operation = copy
    bench = BenchPump(flash)
    bench.run_s(200)
    bench.programme(BEFORE, FILLED_NL)
    flash.on_operation = None
    assert len(found) > 20
    for each in found:
        again = BenchPump(each, MONDAY_S)
        pump = again.controller
        assert pump.programme_text in ("", canonical_text(BEFORE))
        assert not pump.lock.is_locked
        assert again.made() == 0
        # It can be programmed and runs, whatever the cut left behind.
        again.programme(BEFORE, FILLED_NL)
        paired(again, *SECRETS)
        pump.start()
        again.run_s(3)
        assert again.made() > 50
        assert pump.recorder.events.healthy and pump.recorder.checkpoints.healthy
