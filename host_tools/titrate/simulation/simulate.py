"""A programme run from change to change: the cost grows with its changes, not with its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pump.core import quantity, ratio, schedule
from pump.core.delivery import MODE_SCHEDULE, TICKS_PER_S, Delivery
from pump.core.errors import NotNow, OutOfRange
from pump.core.ledger import Ledger
from pump.core.limits import check
from pump.core.monitor import END_NEAR_S
from pump.core.programme import Programme
from titrate.simulation.events import Event
from titrate.simulation.prescription import Prescription, Stretch, instant_in, stretches
from titrate.simulation.requests import BolusRequest, check_request

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
        steps: microsteps made by the end.
        delivered_nl: their volume.
        prescribed_nl: what was asked for by the end, whether the reservoir held it or not.
        residual_nl: what the reservoir holds at the end.
        prescription: the stretches of constant rate.
        events: in the order of their instants.
        days: what was delivered on each day.
    """

    programme: Programme
    start_s: int
    duration_s: int
    fill_nl: Fraction
    boluses: tuple[BolusRequest, ...]
    steps: int
    delivered_nl: Fraction
    prescribed_nl: Fraction
    residual_nl: Fraction
    prescription: Prescription
    events: tuple[Event, ...]
    days: tuple[DayVolume, ...]

    @property
    def microstep_nl(self) -> Fraction:
        """The volume of a microstep."""
        return self.prescription.microstep_nl


def simulate(
    programme: Programme,
    start_s: int,
    duration_s: int,
    fill_nl: int | Fraction,
    boluses: Sequence[BolusRequest] = (),
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

    Raises:
        OutOfRange, NotNow: the pump would refuse it; the sentence says why.
    """
    check(programme)
    filled_nl = Fraction(fill_nl)
    _check_times(start_s, duration_s)
    _check_fill(programme, filled_nl)
    requests = sorted(boluses, key=lambda request: request.at_s)
    for request in requests:
        if not start_s <= request.at_s < start_s + duration_s:
            raise OutOfRange(
                f"a bolus at {quantity.format_instant(request.at_s)} is outside of what is "
                f"simulated, {quantity.format_instant(start_s)} to "
                f"{quantity.format_instant(start_s + duration_s)}: choose a time within"
            )
    run = _Run(programme, start_s, duration_s, filled_nl)
    for request in requests:
        run.go_to(request.at_s)
        run.begin_bolus(request)
    run.go_to(start_s + duration_s)
    return run.result(tuple(requests))


def _check_times(start_s: int, duration_s: int) -> None:
    if not 1 <= duration_s <= DURATION_S_MAX:
        raise OutOfRange(f"{duration_s} s cannot be simulated: the limit is 1 s to 100 years")
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

    def __init__(self, programme: Programme, start_s: int, duration_s: int, fill_nl: Fraction):
        self._programme = programme
        self._start_s = start_s
        self._end_s = start_s + duration_s
        self._fill_nl = fill_nl
        microstep_nl = programme.microstep_nl()
        self._microstep_nl = Fraction(*microstep_nl)
        self._delivery = Delivery(programme, microstep_nl, start_s * TICKS_PER_S)
        self._delivery.start(start_s * TICKS_PER_S, MODE_SCHEDULE)
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
        self._requested: list[BolusRequest] = []
        self._low_time_from_s: int | None = None
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

    def begin_bolus(self, request: BolusRequest) -> None:
        """Put a bolus on top, from the time on that was gone to."""
        moved = self._moved(self._delivery.steps)
        left_nl = ratio.subtract(
            self._ledger.reservoir_nl(moved), (self._programme.reservoir_reserve_nl, 1)
        )
        if self._empty_s is not None:
            left_nl = ratio.ZERO
        check_request(request, self._delivery, left_nl)
        self._delivery.add_bolus(request.bolus())
        self._requested.append(request)
        self._event(request.at_s, "bolus_started", volume_nl=request.volume_nl)
        self._predict()

    # -- what happens ----------------------------------------------------------------------

    def _note_changes(self, stretch: Stretch) -> None:
        """Note what changes at the beginning of a stretch."""
        if self._empty_s is not None:
            return
        at_s = stretch.start_ticks // TICKS_PER_S
        self._end_boluses(at_s)
        self._begin_scheduled_boluses(at_s)
        rate_nl_per_h = stretch.rate_nl_per_h
        if rate_nl_per_h != self._rate_nl_per_h:
            code = "started" if self._rate_nl_per_h is None else "rate_changed"
            self._rate_nl_per_h = rate_nl_per_h
            self._event(at_s, code, rate_nl_per_h=Fraction(*rate_nl_per_h))

    def _begin_scheduled_boluses(self, at_s: int) -> None:
        programme = self._programme
        if not programme.boluses or not schedule.is_within(programme, at_s):
            return
        from_s = self._delivery.boluses_from_s
        for window in schedule.bolus_windows(programme, at_s, from_s):
            if window not in self._scheduled:
                self._scheduled.append(window)
                self._event(at_s, "bolus_started", volume_nl=_volume_of(window))

    def _end_boluses(self, at_s: int) -> None:
        """Note the boluses that are over, or that the programme's end cuts short."""
        is_within = schedule.is_within(self._programme, at_s)
        for window in list(self._scheduled):
            if window[1] <= at_s:
                self._scheduled.remove(window)
                self._event(window[1], "bolus_finished", volume_nl=_volume_of(window))
            elif not is_within:
                self._scheduled.remove(window)
                self._cancel(Fraction(at_s), window[0], window[1], _volume_of(window))
        for request in list(self._requested):
            end_s = request.at_s + request.duration_s
            if end_s <= at_s:
                self._requested.remove(request)
                self._event(end_s, "bolus_finished", volume_nl=request.volume_nl)
        self._delivery.take_finished(at_s * TICKS_PER_S)

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
        for start_s, end_s, rate_nl_per_h in self._scheduled:
            self._cancel(at_s, start_s, end_s, _volume_of((start_s, end_s, rate_nl_per_h)))
        for request in self._requested:
            end_s = request.at_s + request.duration_s
            self._cancel(at_s, request.at_s, end_s, request.volume_nl)

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
        left_nl = ratio.subtract(
            self._ledger.reservoir_nl(self._moved(self._delivery.steps)),
            (programme.reservoir_reserve_nl, 1),
        )
        for bolus in self._delivery.boluses:
            rest_nl = ratio.subtract(bolus.volume_nl, bolus.delivered_nl(anchor_ticks))
            left_nl = ratio.subtract(left_nl, rest_nl)
        empty_s = schedule.time_until(programme, now_s, left_nl, self._delivery.boluses_from_s)
        self._low_time_from_s = None
        if empty_s is not None:
            self._low_time_from_s = max(now_s, empty_s - programme.reservoir_low_s + 1)

    # -- the result ------------------------------------------------------------------------

    def result(self, boluses: tuple[BolusRequest, ...]) -> Simulation:
        """What was done by the time that was gone to."""
        if self._empty_s is None:
            self._end_boluses(self._end_s)
        self._note_end_of_programme()
        prescription = Prescription(self._stretches, self._delivery.microstep_nl)
        steps = self._moved(self._delivery.steps)
        return Simulation(
            programme=self._programme,
            start_s=self._start_s,
            duration_s=self._end_s - self._start_s,
            fill_nl=self._fill_nl,
            boluses=boluses,
            steps=steps,
            delivered_nl=Fraction(*self._ledger.delivered_nl(steps)),
            prescribed_nl=self._asked_nl(),
            residual_nl=Fraction(*self._ledger.reservoir_nl(steps)),
            prescription=prescription,
            events=tuple(sorted(self._events, key=lambda event: event.t_s)),
            days=tuple(self._days()),
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

    def _event(self, at_s: int | Fraction, code: str, **values: Fraction) -> None:
        self._events.append(Event(Fraction(at_s) - self._start_s, code, values))


def _volume_of(window: tuple[int, int, Ratio]) -> Fraction:
    start_s, end_s, rate_nl_per_h = window
    return Fraction(*rate_nl_per_h) * Fraction(end_s - start_s, schedule.HOUR_S)


def _ratio(value: Fraction) -> Ratio:
    return (value.numerator, value.denominator)


def _volume(volume_nl: int) -> str:
    return quantity.format_volume((volume_nl, 1))
