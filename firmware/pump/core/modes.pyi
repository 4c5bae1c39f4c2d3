"""The types of modes.py."""

from typing import NamedTuple

RATIO: str
WHOLE: str
WORD: str
THEN_STOP: str
THEN_KVO: str
THEN_CONTINUE: str
THEN: tuple[str, ...]

class Bridge(NamedTuple):
    """After a change of concentration the old drug in catheter and tubing is delivered at a
    rate of its own, so that the dose stays what it was; then the schedule begins. The old
    concentration is 0 where it is not known: what is delivered is a plain volume then."""

    volume_nl: tuple[int, int]
    rate_nl_per_h: tuple[int, int]
    old_mcg_per_ml: tuple[int, int]

class Intermittent(NamedTuple):
    """A bolus that repeats, counted from start to start; the first one so long after
    delivery was started."""

    first_after_s: int
    interval_s: int
    volume_nl: tuple[int, int]
    duration_s: int

class Demand(NamedTuple):
    """A bolus that whoever is treated may ask for: not before the lockout since the last one
    began is over, nor more than so many in any period."""

    volume_nl: tuple[int, int]
    duration_s: int
    lockout_s: int
    period_s: int
    period_max: int

class DoseWindow(NamedTuple):
    """The most in any window of time: boluses, and a full window of the highest basal rate."""

    length_s: int
    max_nl: tuple[int, int]

class Vtbi(NamedTuple):
    """Volume to be infused: so much is delivered from a start on, then something else
    follows; near_s before that a person is told."""

    volume_nl: tuple[int, int]
    then: str
    kvo_rate_nl_per_h: tuple[int, int]
    near_s: int

MODES: tuple[tuple[str, type, tuple[str, ...], str], ...]
