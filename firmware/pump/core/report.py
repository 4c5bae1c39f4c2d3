"""What the pump says of itself: status, alarms, log and programme as pairs of key and value."""

from pump.core import alarms, ratio
from pump.core.compat import const
from pump.core.delivery import TICKS_PER_S
from pump.core.travel import steps_per_um

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pump.core.journal import Record

# A rate may stand in several segments, such as midnights, before it changes.
_CHANGES_AHEAD = const(3)


def status(pump):
    """The pairs of the command status, in the order of the table of commands."""
    now_ticks = pump.pump_clock.now_ticks()
    now_s = now_ticks // TICKS_PER_S
    moved = pump.moved()
    ledger = pump.ledger
    delivery = pump.delivery
    asked = moved
    rate_nl_per_h = ratio.ZERO
    next_change_s = None
    committed = 0
    bolus_nl = ratio.ZERO
    bridge_nl = vtbi_nl = following_s = demand_in_s = None
    if delivery is not None:
        at_ticks = max(now_ticks, delivery.anchor_ticks)
        asked = delivery.due(at_ticks)[0]
        rate_nl_per_h, change_ticks = _until_another_rate(delivery, at_ticks)
        if change_ticks is not None:
            next_change_s = (change_ticks - now_ticks) // TICKS_PER_S
        committed = pump.feeder.planned - moved
        for bolus in delivery.boluses:
            bolus_nl = ratio.add(bolus_nl, bolus.rest_nl(at_ticks))
        if delivery.programme.bridge is not None:
            bridge_nl = delivery.bridge_rest_nl(at_ticks)
        if delivery.vtbi_at is not None:
            left = ratio.subtract(delivery.vtbi_at, (moved, 1))
            vtbi_nl = ratio.scale(delivery.microstep_nl, max(0, ratio.ceil(left)))
        if delivery.following is not None:
            following_s = delivery.following[0]
        if delivery.programme.demand is not None:
            demand_in_s = pump.demands.wait_s(delivery.programme.demand, now_s)
    rows = pump.active_alarms.rows()
    shown = [row.row[alarms.CODE] + ":" + _priority(row) for row in rows]
    identity = dict(pump.identity)
    concentration = pump.concentration_mcg_per_ml
    return [
        ("state", pump.state),
        ("stepped", moved),
        ("witnessed", pump.witnessed()),
        ("asked", asked),
        ("committed_steps", committed),
        ("delivered_nl", ledger.delivered_nl(moved)),
        ("primed_nl", ledger.primed_nl(moved)),
        ("reservoir_nl", ledger.reservoir_nl(moved)),
        ("rate_nl_per_h", rate_nl_per_h),
        ("bolus_remaining_nl", bolus_nl),
        ("bridge_left_nl", bridge_nl),
        ("vtbi_left_nl", vtbi_nl),
        ("demand_in_s", demand_in_s),
        ("next_change_s", next_change_s),
        ("following_s", following_s),
        ("position_um", _position_um(pump, moved)),
        ("low_in_s", _until(pump.monitor.low_s, now_s)),
        ("empty_in_s", _until(pump.monitor.empty_s, now_s)),
        ("clock_s", now_s),
        ("clock_known", pump.pump_clock.is_known),
        ("programme_digest", pump.programme_digest),
        ("programme_name", "" if pump.prescription is None else pump.prescription.name),
        ("concentration_mcg_per_ml", concentration),
        ("library", pump.guard.title),
        ("library_digest", pump.guard.digest),
        ("equipment", pump.inputs.title),
        ("equipment_digest", pump.inputs.digest),
        ("alarms", ",".join(shown)),
        ("firmware_version", identity.get("firmware_version", "")),
        ("image_digest", identity.get("image_digest", "")),
        ("uptime_s", pump.pump_clock.uptime_s()),
        ("reset_cause", pump.reset_cause),
        ("heap_free", pump.heap_free()),
        ("locked", pump.lock.is_locked),
        ("driver", "step/dir" if pump.driver is None else pump.driver.name),
    ]


def _position_um(pump, moved: int):
    """Where the drive stands, a ratio in um from home; None where that is not known."""
    if pump.prescription is None:
        return None
    position = pump.moving.travel.position(moved, pump.prescription)
    if position is None:
        return None
    return ratio.divide((position, 1), steps_per_um(pump.prescription))


def _until_another_rate(delivery, at_ticks: int):
    """(rate in nL/h, tick at which it becomes another one); None where no such tick is near."""
    rate_nl_per_h, change_ticks = delivery.segment_at(at_ticks)
    for _ in range(_CHANGES_AHEAD):
        if change_ticks is None:
            break
        following_nl_per_h, next_ticks = delivery.segment_at(change_ticks)
        if following_nl_per_h != rate_nl_per_h:
            return rate_nl_per_h, change_ticks
        change_ticks = next_ticks
    return rate_nl_per_h, None


def alarm_rows(pump):
    """The rows of the command alarms, then the cadence of their light and sound."""
    from pump.core import alarm_texts

    uptime_s = pump.pump_clock.uptime_s()
    now_s = pump.pump_clock.now_s()
    for active in pump.active_alarms.rows():
        row = active.row
        yield [
            ("code", row[alarms.CODE]),
            ("priority", _priority(active)),
            ("since_s", now_s - (uptime_s - active.since_s)),
            ("acknowledged", active.acknowledged_s is not None),
            ("effect", alarms.EFFECT_NAMES[row[alarms.EFFECT]]),
            ("sentence", alarm_texts.sentence(active.code, active.cause)),
        ]
    yield [("signals", pump.inputs.signals)]


def log(pump, from_sequence, count: int, faults: bool):
    """The rows of the command log, then the number to go on from."""
    journal = pump.recorder.faults if faults else pump.recorder.events
    if from_sequence is None:
        newest = []
        for record in journal.records(newest_first=True):
            newest.append(record.sequence)
            if len(newest) == count:
                break
        from_sequence = newest[-1] if newest else journal.next_sequence
    following = from_sequence
    for record in journal.records(from_sequence):
        if count == 0:
            break
        count -= 1
        following = record.sequence + 1
        yield log_row(record)
    yield [("next_sequence", max(following, from_sequence))]


def log_row(record: "Record") -> list[tuple[str, object]]:
    """A record of a journal as a row of the command log."""
    return [
        ("sequence", record.sequence),
        ("at_s", record.time_s if record.clock_known else None),
        ("code", record.name()),
        ("detail", _detail(record)),
    ]


def programme_rows(pump):
    """The rows of the command programme, then its digest."""
    for line in pump.programme_text.split("\n")[:-1]:
        yield [("text", line)]
    yield [("digest", pump.programme_digest)]


def _priority(active) -> str:
    return alarms.PRIORITY_NAMES[active.row[alarms.PRIORITY]]


def _until(at_s, now_s: int):
    return None if at_s is None else max(0, at_s - now_s)


def _detail(record: "Record") -> str:
    parts = []
    fields = record.fields()
    if fields.get("cause") == "":
        # What the alarm means is not written to flash each time.
        from pump.core import alarm_texts

        fields["cause"] = alarm_texts.cause(str(fields["alarm"]))
    for name, value in fields.items():
        if isinstance(value, tuple):
            value = ratio.text(value)
        parts.append(name + "=" + str(value))
    return " ".join(parts)
