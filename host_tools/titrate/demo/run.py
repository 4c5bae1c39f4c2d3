"""What the demonstration does: as a person would, with the pump's own commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pump.core import moves, quantity
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Delivery
from titrate.client.connection import Reply
from titrate.client.pump import Pump, Review
from titrate.client.replies import Alarm, LogEntry, Status
from titrate.demo import probe
from titrate.demo.bench import Bench
from titrate.profile import Profile
from titrate.simulation import Prescription, prescribe
from titrate.virtual.pico import MS, SECOND

START = "2026-11-22T19:59:40"
END_S = quantity.parse_instant_s("2026-11-22T20:01:42")
# When the pump is asked how it is: in each phase, and after the alarm.
POLLS_S = tuple(
    quantity.parse_instant_s(f"2026-11-22T{time}")
    for time in ("19:59:50", "20:00:15", "20:00:45", "20:01:12", "20:01:36")
)
# A request takes longer than usual to answer on an emulated pump, most of all on a busy computer.
ANSWER_S = 60.0
_REST_NS = 2500 * MS
_LOG_ENTRIES = 40


@dataclass(frozen=True)
class Poll:
    """A look at the pump while it delivers.

    Attributes:
        status: what it said.
        edges_before, edges_after: STEP edges by the time it was asked, and by its answer.
    """

    status: Status
    edges_before: int
    edges_after: int

    @property
    def is_right(self) -> bool:
        """Whether the pump's two counts are those of the STEP pin at that moment."""
        return all(
            count is not None and self.edges_before <= count <= self.edges_after
            for count in (self.status.stepped, self.status.witnessed)
        )


@dataclass(frozen=True)
class Outcome:
    """What the demonstration saw.

    Attributes:
        profile: what was programmed.
        prescription: from the tick at which the start took effect to that of the stop.
        clock: pump time to the virtual Pico's.
        edges_ns: of STEP, in the virtual Pico's time.
        polls: what the pump said while it ran.
        final, log, alarms: what it said after it was stopped.
    """

    profile: Profile
    prescription: Prescription
    clock: probe.ProbedClock
    edges_ns: Sequence[int]
    polls: list[Poll]
    final: Status
    log: list[LogEntry]
    alarms: list[Alarm]


class Demonstration:
    """One run on a bench that has booted.

    Args:
        bench: the virtual Pico.
        profile: what to programme.
    """

    def __init__(self, bench: Bench, profile: Profile):
        self._bench = bench
        self._profile = profile
        self._pump = bench.call(Pump.connect, bench.port, ANSWER_S)

    @property
    def pump(self) -> Pump:
        """The client."""
        return self._pump

    def propose(self, progress: Callable[[int, int], None]) -> Review:
        """Send the programme and get the pump's review."""
        return self._bench.call(self._pump.propose, self._profile.programme, progress)

    def put_in_force(self, review: Review) -> None:
        """Confirm what was reviewed, set the clock, tell what the reservoir holds."""
        call = self._bench.call
        call(self._pump.confirm, review.digest)
        call(self._pump.set_clock, START)
        call(self._pump.refill, f"{self._profile.fill_nl} nL")

    def deliver(self, tell: Callable[[int, Status | None], None]) -> Outcome:
        """Start, watch, stop.

        Args:
            tell: called with pump time in seconds, and what the pump said when it was asked.
        """
        bench, call, pump = self._bench, self._bench.call, self._pump
        pico = bench.pico
        zero_ns = probe.timer_zero_ns(pico)
        edges_before = len(pico.step_edges)
        started = call(lambda: pump.ask("start"))
        kept = probe.kept_state(pico, moves.RUNNING)
        clock = probe.ProbedClock(zero_ns, kept.offset_us)

        def go_to(at_s: int) -> None:
            at_ns = int(clock.ns(at_s * TICKS_PER_S))
            bench.run_to(at_ns, lambda now_ns: tell(at_s - (at_ns - now_ns) // SECOND, None))

        polls = []
        for at_s in POLLS_S:
            go_to(at_s)
            before = len(pico.step_edges)
            status = call(pump.status)
            polls.append(Poll(status, before, len(pico.step_edges)))
            tell(at_s, status)
        go_to(END_S)
        stopped = call(lambda: pump.ask("stop"))
        pico.run_for(_REST_NS)
        final = call(pump.status)
        log = call(lambda: list(pump.log(count=_LOG_ENTRIES)))
        alarms = call(pump.alarms)
        call(pump.close)
        if probe.timer_zero_ns(pico) != zero_ns:
            raise RuntimeError("the chip was reset while the pump delivered")
        return Outcome(
            profile=self._profile,
            prescription=self._prescription(_effective(started), _effective(stopped)),
            clock=clock,
            edges_ns=pico.step_edges.times_ns()[edges_before:],
            polls=polls,
            final=final,
            log=log,
            alarms=alarms,
        )

    def _prescription(self, start_ticks: int, stop_ticks: int) -> Prescription:
        """What the profile prescribes between the ticks that the pump told."""
        programme = self._profile.programme
        delivery = Delivery(programme, programme.microstep_nl(), start_ticks)
        delivery.start(start_ticks, MODE_SCHEDULE)
        return prescribe(delivery, stop_ticks)


def _effective(reply: Reply) -> int:
    """The tick from which a request holds, as the pump answered."""
    ticks = reply.values.get("effective_ticks")
    if not isinstance(ticks, int):
        raise RuntimeError("the pump did not say from which tick the request holds")
    return ticks
