"""Replies of the pump as dataclasses.

Made by `python -m titrate.reference` from firmware/pump/link/. Volumes are
nanolitres, instants seconds of local civil time since 2000-01-01 00:00; None where the pump
has no such value.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """Base of the replies."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """From values by key; keys that this version does not know are left out."""
        return cls(**{field.name: values.get(field.name) for field in fields(cls)})


@dataclass(frozen=True)
class Hello(Reply):
    """Who a pump is.

    Attributes:
        product: always titrate.
        protocol: version of the line format.
        dictionary: digest of the table of commands.
        firmware_version: version of the firmware.
        image_digest: digest of the firmware's files.
        installed: frozen in an image, or as files.
        board: name of the board.
        board_id: serial number of the board.
        micropython: version of MicroPython.
        uptime_s: time since the last start.
        state: named state of the pump.
        locked: whether a change needs a paired key.
        equipment: what is fitted: its name, none, or damaged.
    """

    product: str
    protocol: int | None
    dictionary: str
    firmware_version: str
    image_digest: str
    installed: str
    board: str
    board_id: str
    micropython: str
    uptime_s: int | None
    state: str
    locked: bool | None
    equipment: str


@dataclass(frozen=True)
class Status(Reply):
    """How a pump is.

    Attributes:
        state: named state of the pump.
        stepped: microsteps delivered and primed, by the count of the step generator.
        witnessed: the same, seen on the STEP pin by the second counter.
        asked: microsteps asked for so far.
        committed_steps: microsteps handed to the hardware ahead of time.
        delivered_nl: delivered since the last refill, priming not counted.
        primed_nl: used for priming since the last refill.
        reservoir_nl: left in the reservoir.
        rate_nl_per_h: rate now, boluses included.
        bolus_remaining_nl: what is left of the running bolus.
        bridge_left_nl: what is left of the bridge; empty without one.
        vtbi_left_nl: what is left of the volume to be infused.
        demand_in_s: time to the next demand bolus that may be asked for.
        next_change_s: time to the next change of the rate; empty when none is near.
        following_s: when another programme comes into force.
        position_um: where the drive stands, from home; empty where not known.
        low_in_s: time to a low reservoir, under the programme.
        empty_in_s: time to an empty reservoir, under the programme.
        clock_s: the pump's clock, local civil time.
        clock_known: whether the clock was set since it last stopped.
        programme_digest: digest of the programme in force.
        programme_name: name of the programme in force.
        concentration_mcg_per_ml: concentration; empty for plain volumes.
        library: drug library in use: name and version, none, or damaged.
        library_digest: digest of the drug library.
        equipment: what is fitted: its name, none, or damaged.
        equipment_digest: digest of the equipment.
        alarms: active alarms, code:priority each, the most urgent first.
        firmware_version: version of the firmware.
        image_digest: digest of the firmware's files.
        uptime_s: time since the last start.
        reset_cause: what caused the last start.
        heap_free: free memory in bytes.
        locked: whether a change needs a paired key.
        driver: the motor driver: TMC2209, TMC2209 silent, or step/dir: none answers.
    """

    state: str
    stepped: int | None
    witnessed: int | None
    asked: int | None
    committed_steps: int | None
    delivered_nl: Fraction | None
    primed_nl: Fraction | None
    reservoir_nl: Fraction | None
    rate_nl_per_h: Fraction | None
    bolus_remaining_nl: Fraction | None
    bridge_left_nl: Fraction | None
    vtbi_left_nl: Fraction | None
    demand_in_s: int | None
    next_change_s: int | None
    following_s: int | None
    position_um: Fraction | None
    low_in_s: int | None
    empty_in_s: int | None
    clock_s: int | None
    clock_known: bool | None
    programme_digest: str
    programme_name: str
    concentration_mcg_per_ml: Fraction | None
    library: str
    library_digest: str
    equipment: str
    equipment_digest: str
    alarms: list[tuple[str, str]]
    firmware_version: str
    image_digest: str
    uptime_s: int | None
    reset_cause: str
    heap_free: int | None
    locked: bool | None
    driver: str


@dataclass(frozen=True)
class Clock(Reply):
    """A pump's clock.

    Attributes:
        clock_s: the pump's clock, local civil time.
        clock_known: whether the clock was set since it last stopped.
    """

    clock_s: int | None
    clock_known: bool | None


@dataclass(frozen=True)
class Alarm(Reply):
    """An active alarm.

    Attributes:
        code: name of the alarm, or of what happened.
        priority: high, medium, low or info.
        since_s: when it began.
        acknowledged: whether a person has acknowledged it.
        effect: what it does to delivery.
        sentence: what it means and what to do.
    """

    code: str
    priority: str
    since_s: int | None
    acknowledged: bool | None
    effect: str
    sentence: str


@dataclass(frozen=True)
class Reading(Reply):
    """What an input of a pump reads.

    Attributes:
        input: name of a switch or a sensor.
        fitted: whether it is fitted, and so watched.
        reading: what it reads now.
        unit: of the reading.
    """

    input: str
    fitted: bool | None
    reading: str
    unit: str


@dataclass(frozen=True)
class LogEntry(Reply):
    """An entry of a pump's journal.

    Attributes:
        sequence: number of the entry.
        at_s: when, by the pump's clock.
        code: name of the alarm, or of what happened.
        detail: what else belongs to it.
    """

    sequence: int | None
    at_s: int | None
    code: str
    detail: str
