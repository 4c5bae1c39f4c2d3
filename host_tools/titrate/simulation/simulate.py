"""A programme run from change to change: the cost grows with its changes, not with its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pump.core import forecast, quantity, ratio, schedule, window_rules
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Bolus, Delivery
from pump.core.demands import Demands
from pump.core.dose_history import DoseHistory, dose_of
from pump.core.errors import NotNow, OutOfRange
from pump.core.ledger import Ledger
from pump.core.library import Library
from pump.core.limits import check
from pump.core.modes import THEN_CONTINUE
from pump.core.monitor import END_NEAR_S
from pump.core.programme import Programme
from titrate.library.judging import Findings, judge_bolus, judge_programme
from titrate.simulation.events import Event, SoftLimit
from titrate.simulation.prescription import Prescription, Stretch, instant_in, stretches
from titrate.simulation.requests import (
    BolusRequest,
    check_demand,
    check_request,
    demand_bolus,
)

Ratio = tuple[int, int]

_TICKS_PER_S: int = TICKS_PER_S

DURATION_S_MAX = 100 * 366 * schedule.DAY_S
# The pump's clock takes times from the year 2000 to 2099.
INSTANT_S_MAX = 3_155_760_000


@dataclass(frozen=True)
class DayVolume:
    """A day from midnight to midnight, or the part of it that was simulated.

    Attributes:
        start_s: when it, or its part, begins: pump time.
        steps, delivered_nl: what was delivered on it.
        prescribed_nl: what was asked for on it.
    """

    start_s: int
    steps: int
    delivered_nl: Fraction
    prescribed_nl: Fraction


@dataclass(frozen=True)
class Simulation:
    """What a pump did.

    Attributes:
        programme: the programme that was run.
        start_s: when it was started, pump time.
        duration_s: how long it ran.
        fill_nl: what the reservoir held at the start.
        boluses: those that were asked for.
        demands: when the demand boluses began that were given, pump time.
        steps: microsteps made by the end.
        delivered_nl: their volume.
        prescribed_nl: what was asked for by the end, whether the reservoir held it or not.
        residual_nl: what the reservoir holds at the end.
        prescription: the stretches of constant rate.
        events: in the order of their instants.
        days: what was delivered on each day.
        soft_limits: of the drug library, that were gone beyond.
    """

    programme: Programme
    start_s: int
    duration_s: int
    fill_nl: Fraction
    boluses: tuple[BolusRequest, ...]
    demands: tuple[int, ...]
    steps: int
    delivered_nl: Fraction
    prescribed_nl: Fraction
    residual_nl: Fraction
    prescription: Prescription
    events: tuple[Event, ...]
    days: tuple[DayVolume, ...]
    soft_limits: tuple[SoftLimit, ...]

    @property
    def microstep_nl(self) -> Fraction:
        """The volume of a microstep."""
        return self.prescription.microstep_nl

    def demand_boluses(self) -> list[Bolus]:
        """The demand boluses that were given, as the pump's delivery takes them."""
        demand = self.programme.demand
        return [] if demand is None else [demand_bolus(demand, at_s) for at_s in self.demands]


def simulate(
    programme: Programme,
    start_s: int,
    duration_s: int,
    fill_nl: int | Fraction,
    boluses: Sequence[BolusRequest] = (),
    demands: Sequence[int] = (),
    library: Library | None = None,
) -> Simulation:
    """Run a programme as a pump would that is started at a time and left alone.

    Args:
        programme: what to run.
        start_s: when delivery is started, pump time: seconds of local civil time since
            2000-01-01 00:00.
        duration_s: for how long, 1 s to 100 years.
        fill_nl: what the reservoir holds at the start: more than the reserve, at most the
            syringe's capacity.
        boluses: that a person asks for meanwhile.
        demands: when the programme's demand bolus is asked for, pump time; one that the pump
            would refuse is left out, and the refusal is among the events.
        library: drug library to judge by, as the pump does; None for none. Soft limits are
            taken for answered, and told. What was dosed before is not known, so a change of
            the dose is not judged.

    Raises:
        OutOfRange, NotNow: the pump would refuse it; the sentence says why. Code "hard_limit"
            of a hard limit of the library.
    """
    check(programme)
    filled_nl = Fraction(fill_nl)
    _check_times(start_s, duration_s)
    _check_fill(programme, filled_nl)
    if demands and programme.demand is None:
        raise NotNow("the programme has no demand bolus: add [demand] to its profile")
    requests = sorted(boluses, key=lambda request: request.at_s)
    wanted = sorted(
        [(each.at_s, each) for each in requests] + [(at_s, None) for at_s in demands],
        key=lambda each: each[0],
    )
    for at_s, _ in wanted:
        if not start_s <= at_s < start_s + duration_s:
            raise OutOfRange(
                f"a bolus at {quantity.format_instant(at_s)} is outside of what is "
                f"simulated, {quantity.format_instant(start_s)} to "
                f"{quantity.format_instant(start_s + duration_s)}: choose a time within"
            )
    run = _Run(programme, start_s, duration_s, filled_nl, library)
    for at_s, request in wanted:
        run.go_to(at_s)
        if request is None:
            run.ask_for_demand_bolus(at_s)
        else:
            run.begin_bolus(request)
    run.go_to(start_s + duration_s)
    return run.result(tuple(requests))


def _check_times(start_s: int, duration_s: int) -> None:
    if not 1 <= duration_s <= DURATION_S_MAX:
        raise OutOfRange(
            f"{duration_s} s cannot be simulated: the limit is 1 s to 100 years; choose a "
            "time within that"
        )
    if not 0 <= start_s <= INSTANT_S_MAX - duration_s:
        raise OutOfRange(
            "the pump's clock takes times from the year 2000 to 2099: start earlier or simulate "
            "a shorter time"
        )


def _check_fill(programme: Programme, fill_nl: Fraction) -> None:
    if not programme.reservoir_reserve_nl < fill_nl <= programme.capacity_nl:
        raise OutOfRange(
            f"a fill of {quantity.format_volume(_ratio(fill_nl))} cannot be simulated: the limit "
            f"is more than the reserve, {_volume(programme.reservoir_reserve_nl)}, and at most "
            f"the syringe's capacity, {_volume(programme.capacity_nl)}"
        )


class _Run:
    """A run in work."""

    def __init__(
        self,
        programme: Programme,
        start_s: int,
        duration_s: int,
        fill_nl: Fraction,
        library: Library | None,
    ):
        self._programme = programme
        self._library = library
        self._start_s = start_s
        self._end_s = start_s + duration_s
        self._fill_nl = fill_nl
        microstep_nl = programme.microstep_nl()
        self._microstep_nl = Fraction(*microstep_nl)
        self._delivery = Delivery(programme, microstep_nl, start_s * TICKS_PER_S)
        self._delivery.begin_bridge()
        self._delivery.start(start_s * TICKS_PER_S, MODE_SCHEDULE)
        self._delivery.begin_vtbi()
        self._ledger = Ledger(microstep_nl, 0)
        self._ledger.refill(_ratio(fill_nl), 0)
        # The counts of steps at which the reservoir is low and empty, as the monitor and the
        # feeder take them from the ledger.
        self._low_step = self._ledger.steps_until(programme.reservoir_low_nl, 0)
        self._last_step = self._ledger.steps_until(programme.reservoir_reserve_nl, 0)
        self._is_low = False
        self._empty_s: Fraction | None = None
        self._stretches: list[Stretch] = []
        self._events: list[Event] = []
        self._rate_nl_per_h: Ratio | None = None
        self._scheduled: list[tuple[int, int, Ratio]] = []
        # Boluses that were asked for and are not over, demand boluses among them.
        self._requested: list[Bolus] = []
        self._history = DoseHistory()
        self._history.note_dose(dose_of(programme, start_s, True))
        self._soft_limits: list[SoftLimit] = []
        self._demands = Demands()
        self._given_demands: list[int] = []
        self._bridge_end_ticks = self._delivery.bridge_end_ticks
        # When the volume to be infused will have been, as foreseen so far; and what came of it.
        self._delivery.seek_vtbi_end()
        self._vtbi_end_ticks = self._delivery.vtbi_end_ticks
        self._is_vtbi_near = False
        self._is_infused = False
        self._low_time_from_s: int | None = None
        if library is not None:
            self._warn(start_s, self._let_through(judge_programme(library, programme, start_s)))
        if self._last_step == 0:
            raise NotNow("the reservoir holds less than one microstep above its reserve: fill more")
        self._note_low(start_s, 0)
        self._predict()

    # -- what is asked for -----------------------------------------------------------------

    def go_to(self, at_s: int) -> None:
        """Deliver up to a time."""
        for stretch in stretches(self._delivery, at_s * TICKS_PER_S):
            self._stretches.append(stretch)
            self._note_changes(stretch)
            self._note_thresholds(stretch)
            self._note_bridge(stretch)
            self._note_vtbi(stretch)

    def begin_bolus(self, request: BolusRequest) -> None:
        """Put a bolus on top, from the time on that was gone to."""
        self._refuse_where_infused()
        check_request(request, self._delivery, self._left_nl())
        bolus = request.bolus()
        self._check_window(request.at_s, bolus)
        self._warn(request.at_s, self._judge(request.at_s, request.volume_nl, request.duration_s))
        self._delivery.add_bolus(bolus)
        self._begin(request.at_s, bolus)

    def ask_for_demand_bolus(self, at_s: int) -> None:
        """Give the demand bolus, from the time on that was gone to, unless it is refused."""
        demand = self._programme.demand
        assert demand is not None
        bolus = demand_bolus(demand, at_s)
        try:
            self._refuse_where_infused()
            self._demands.check(demand, at_s, True)
            check_demand(demand, self._delivery, self._left_nl())
            self._check_window(at_s, bolus)
            # Its soft limits are those of the programme.
            self._judge(at_s, Fraction(*demand.volume_nl), demand.duration_s)
        except (NotNow, OutOfRange) as error:
            self._event(at_s, "demand_refused", error.sentence)
            return
        self._demands.note(at_s, True)
        self._given_demands.append(at_s)
        self._history.hold_back(at_s, demand.duration_s)
        self._delivery.pre_empt(bolus)
        self._event(at_s, "demand")
        self._begin(at_s, bolus)

    def _begin(self, at_s: int, bolus: Bolus) -> None:
        programme = self._programme
        end_s = bolus.end_ticks // TICKS_PER_S
        concentration = programme.concentration_mcg_per_ml
        self._history.note_bolus(end_s, True, programme.drug, concentration, bolus.volume_nl)
        self._requested.append(bolus)
        self._event(at_s, "bolus_started", volume_nl=Fraction(*bolus.volume_nl))
        self._delivery.seek_vtbi_end()
        self._vtbi_end_ticks = self._delivery.vtbi_end_ticks
        self._predict()

    def _refuse_where_infused(self) -> None:
        if self._is_infused:
            raise NotNow(
                "the volume to be infused has been delivered by then: ask for a bolus earlier"
            )

    def _check_window(self, at_s: int, bolus: Bolus) -> None:
        window_rules.check(self._programme, self._history, at_s, True, bolus.volume_nl)

    def _judge(self, at_s: int, volume_nl: Fraction, duration_s: int) -> Findings:
        """What the library says of a bolus; a hard limit is refused."""
        if self._library is None:
            return Findings((), ())
        programme, history = self._programme, self._history
        return self._let_through(
            judge_bolus(self._library, programme, volume_nl, duration_s, history, at_s)
        )

    def _let_through(self, findings: Findings) -> Findings:
        if findings.hard:
            raise OutOfRange("\n".join(sentence for _, sentence in findings.hard), "hard_limit")
        return findings

    def _warn(self, at_s: int, findings: Findings) -> None:
        for code, sentence in findings.soft:
            self._soft_limits.append(SoftLimit(at_s - self._start_s, code, sentence))

    def _left_nl(self) -> Ratio:
        """What the reservoir holds above its reserve."""
        if self._empty_s is not None:
            return ratio.ZERO
        moved = self._moved(self._delivery.steps)
        reserve_nl = (self._programme.reservoir_reserve_nl, 1)
        return ratio.subtract(self._ledger.reservoir_nl(moved), reserve_nl)

    # -- what happens ----------------------------------------------------------------------

    def _note_changes(self, stretch: Stretch) -> None:
        """Note what changes at the beginning of a stretch."""
        if self._empty_s is not None:
            return
        self._end_boluses(stretch.start_ticks)
        self._begin_scheduled_boluses(stretch.start_ticks)
        rate_nl_per_h = stretch.rate_nl_per_h
        if rate_nl_per_h != self._rate_nl_per_h:
            code = "started" if self._rate_nl_per_h is None else "rate_changed"
            self._rate_nl_per_h = rate_nl_per_h
            self._event(_seconds(stretch.start_ticks), code, rate_nl_per_h=Fraction(*rate_nl_per_h))

    def _begin_scheduled_boluses(self, at_ticks: int) -> None:
        for window in self._delivery.scheduled_boluses_at(at_ticks):
            if window not in self._scheduled:
                self._scheduled.append(window)
                self._event(_seconds(at_ticks), "bolus_started", volume_nl=_volume_of(window))

    def _end_boluses(self, at_ticks: int) -> None:
        """Note the boluses that are over, or that the programme's end cuts short."""
        at_s = at_ticks // TICKS_PER_S
        is_within = schedule.is_within(self._programme, at_s)
        for window in list(self._scheduled):
            if window[1] <= at_s:
                self._scheduled.remove(window)
                self._event(window[1], "bolus_finished", volume_nl=_volume_of(window))
            elif not is_within:
                self._scheduled.remove(window)
                self._cancel(Fraction(at_s), window[0], window[1], _volume_of(window))
        for bolus in list(self._requested):
            if bolus.end_ticks <= at_ticks:
                self._requested.remove(bolus)
                volume_nl = Fraction(*bolus.volume_nl)
                self._event(_seconds(bolus.end_ticks), "bolus_finished", volume_nl=volume_nl)
        self._delivery.take_finished(at_ticks)

    def _note_bridge(self, stretch: Stretch) -> None:
        """Note the end of the bridge."""
        end_ticks = self._bridge_end_ticks
        if end_ticks is None or self._is_infused or end_ticks > stretch.end_ticks:
            return
        self._bridge_end_ticks = None
        end_s = _seconds(end_ticks)
        if self._empty_s is None or end_s <= self._empty_s:
            self._event(end_s, "bridge_finished")

    def _note_vtbi(self, stretch: Stretch) -> None:
        """Note that the volume to be infused is nearly, or has been, delivered."""
        vtbi = self._programme.vtbi
        end_ticks = self._vtbi_end_ticks
        self._delivery.seek_vtbi_end()
        self._vtbi_end_ticks = self._delivery.vtbi_end_ticks
        if vtbi is None or end_ticks is None or self._is_infused:
            return
        if self._empty_s is not None and self._empty_s < _seconds(end_ticks):
            return
        near_ticks = max(end_ticks - vtbi.near_s * TICKS_PER_S, stretch.start_ticks)
        if not self._is_vtbi_near and near_ticks < min(end_ticks, stretch.end_ticks):
            self._is_vtbi_near = True
            self._event(_seconds(near_ticks), "vtbi_near")
        if end_ticks > stretch.end_ticks:
            return
        end_s = _seconds(end_ticks)
        self._event(end_s, "vtbi_reached")
        if vtbi.then == THEN_CONTINUE:
            self._delivery.vtbi_at = None
            self._delivery.find_vtbi_end()
            self._vtbi_end_ticks = None
            return
        self._is_infused = True
        self._end_boluses(end_ticks)
        self._cancel_all(end_s)
        self._delivery.boluses = []
        self._predict()

    def _note_thresholds(self, stretch: Stretch) -> None:
        """Note what a stretch brings the reservoir to."""
        if self._empty_s is not None:
            return
        if self._last_step <= stretch.end_steps:
            self._empty_s = self._second_of(stretch, self._last_step)
        end_s = stretch.end_ticks // TICKS_PER_S
        if not self._is_low and self._low_step <= stretch.end_steps:
            self._note_low(self._second_of(stretch, self._low_step), self._low_step)
        from_s = self._low_time_from_s
        if from_s is not None and from_s < (self._empty_s or end_s):
            self._event(from_s, "low_reservoir_time")
            self._low_time_from_s = None
        if self._empty_s is not None:
            self._note_empty(self._empty_s)

    def _note_low(self, at_s: int | Fraction, moved: int) -> None:
        if self._low_step <= moved:
            self._is_low = True
            self._event(at_s, "low_reservoir")

    def _note_empty(self, at_s: Fraction) -> None:
        self._event(at_s, "empty")
        self._cancel_all(at_s)

    def _cancel_all(self, at_s: Fraction) -> None:
        """Note that every bolus in progress is cut short."""
        for window in self._scheduled:
            self._cancel(at_s, window[0], window[1], _volume_of(window))
        for bolus in self._requested:
            if at_s < _seconds(bolus.end_ticks):
                left = _seconds(bolus.end_ticks) - max(at_s, _seconds(bolus.start_ticks))
                part = 1 - left / _seconds(bolus.duration_ticks)
                given_nl = Fraction(*bolus.volume_nl) * part
                self._event(at_s, "bolus_cancelled", delivered_nl=given_nl)
        self._scheduled = []
        self._requested = []

    def _cancel(self, at_s: Fraction, start_s: int, end_s: int, volume_nl: Fraction) -> None:
        """Note a bolus that is cut short, unless it is just over."""
        if at_s < end_s:
            delivered_nl = volume_nl * (at_s - start_s) / (end_s - start_s)
            self._event(at_s, "bolus_cancelled", delivered_nl=delivered_nl)

    def _predict(self) -> None:
        """Work out, as the pump does after each request, when it warns that time runs out.

        It warns in the first second from which the reservoir lasts less than the programme's
        low_time, boluses in progress counted as delivered.
        """
        programme = self._programme
        if not programme.reservoir_low_s or any(
            event.code == "low_reservoir_time" for event in self._events
        ):
            return
        anchor_ticks = self._delivery.anchor_ticks
        now_s = anchor_ticks // TICKS_PER_S
        empty_s = forecast.time_until(self._delivery, anchor_ticks, self._left_nl())
        self._low_time_from_s = None
        if empty_s is not None:
            self._low_time_from_s = max(now_s, empty_s - programme.reservoir_low_s + 1)

    # -- the result ------------------------------------------------------------------------

    def result(self, boluses: tuple[BolusRequest, ...]) -> Simulation:
        """What was done by the time that was gone to."""
        if self._empty_s is None:
            self._end_boluses(self._end_s * TICKS_PER_S)
        self._note_end_of_programme()
        prescription = Prescription(self._stretches, self._delivery.microstep_nl)
        steps = self._moved(self._delivery.steps)
        return Simulation(
            programme=self._programme,
            start_s=self._start_s,
            duration_s=self._end_s - self._start_s,
            fill_nl=self._fill_nl,
            boluses=boluses,
            demands=tuple(self._given_demands),
            steps=steps,
            delivered_nl=Fraction(*self._ledger.delivered_nl(steps)),
            prescribed_nl=self._asked_nl(),
            residual_nl=Fraction(*self._ledger.reservoir_nl(steps)),
            prescription=prescription,
            events=tuple(sorted(self._events, key=lambda event: event.t_s)),
            days=tuple(self._days()),
            soft_limits=tuple(self._soft_limits),
        )

    def _note_end_of_programme(self) -> None:
        end_s = self._programme.end_s
        if end_s is None:
            return
        last_s = self._end_s if self._empty_s is None else self._empty_s
        near_s = max(self._start_s, end_s - END_NEAR_S)
        if near_s < end_s and near_s <= last_s:
            self._event(near_s, "end_of_programme_near")
        over_s = max(self._start_s, end_s)
        if over_s <= last_s:
            self._event(over_s, "end_of_programme")

    def _days(self) -> list[DayVolume]:
        """What was delivered from midnight to midnight, where stretches always end."""
        days = []
        first = self._stretches[0]
        for index, stretch in enumerate(self._stretches):
            is_last = index + 1 == len(self._stretches)
            if not is_last and stretch.end_ticks % (schedule.DAY_S * TICKS_PER_S):
                continue
            remainder = (
                self._delivery.remainder if is_last else self._stretches[index + 1].remainder
            )
            steps = self._moved(stretch.end_steps) - self._moved(first.steps)
            asked = stretch.end_steps - first.steps + Fraction(*remainder)
            days.append(
                DayVolume(
                    start_s=first.start_ticks // TICKS_PER_S,
                    steps=steps,
                    delivered_nl=steps * self._microstep_nl,
                    prescribed_nl=(asked - Fraction(*first.remainder)) * self._microstep_nl,
                )
            )
            if not is_last:
                first = self._stretches[index + 1]
        return days

    def _moved(self, due: int) -> int:
        """Steps made when so many are due: none is made beyond the reservoir's last."""
        return min(due, self._last_step)

    def _asked_nl(self) -> Fraction:
        delivery = self._delivery
        return (delivery.steps + Fraction(*delivery.remainder)) * self._microstep_nl

    def _second_of(self, stretch: Stretch, step: int) -> Fraction:
        return instant_in(stretch, step, self._microstep_nl) / _TICKS_PER_S

    def _event(
        self, at_s: int | Fraction, code: str, sentence: str = "", **values: Fraction
    ) -> None:
        self._events.append(Event(Fraction(at_s) - self._start_s, code, values, sentence))


def _seconds(ticks: int) -> Fraction:
    return Fraction(ticks, _TICKS_PER_S)


def _volume_of(window: tuple[int, int, Ratio]) -> Fraction:
    start_s, end_s, rate_nl_per_h = window
    return Fraction(*rate_nl_per_h) * Fraction(end_s - start_s, schedule.HOUR_S)


def _ratio(value: Fraction) -> Ratio:
    return (value.numerator, value.denominator)


def _volume(volume_nl: int) -> str:
    return quantity.format_volume((volume_nl, 1))
