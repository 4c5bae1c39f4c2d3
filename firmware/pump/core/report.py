"""What the pump says of itself: status, alarms, log and programme as pairs of key and value."""

from pump.core import alarms, ratio
from pump.core.delivery import TICKS_PER_S


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
    if delivery is not None:
        at_ticks = max(now_ticks, delivery.anchor_ticks)
        asked = delivery.due(at_ticks)[0]
        rate_nl_per_h, change_ticks = delivery.segment_at(at_ticks)
        if change_ticks is not None:
            next_change_s = (change_ticks - now_ticks) // TICKS_PER_S
        committed = pump.feeder.planned - moved
        for bolus in delivery.boluses:
            rest_nl = ratio.subtract(bolus.volume_nl, bolus.delivered_nl(at_ticks))
            bolus_nl = ratio.add(bolus_nl, rest_nl)
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
        ("next_change_s", next_change_s),
        ("low_in_s", _until(pump.monitor.low_s, now_s)),
        ("empty_in_s", _until(pump.monitor.empty_s, now_s)),
        ("clock_s", now_s),
        ("clock_known", pump.pump_clock.is_known),
        ("programme_digest", pump.programme_digest),
        ("programme_name", "" if pump.prescription is None else pump.prescription.name),
        ("concentration_mcg_per_ml", concentration),
        ("alarms", ",".join(shown)),
        ("firmware_version", identity.get("firmware_version", "")),
        ("image_digest", identity.get("image_digest", "")),
        ("uptime_s", pump.pump_clock.uptime_s()),
        ("reset_cause", pump.reset_cause),
        ("heap_free", pump.heap_free()),
    ]


def alarm_rows(pump):
    """The rows of the command alarms."""
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
            ("sentence", active.cause + ". " + row[alarms.ACTION]),
        ]


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
        yield [
            ("sequence", record.sequence),
            ("at_s", record.time_s if record.clock_known else None),
            ("code", record.name()),
            ("detail", _detail(record)),
        ]
    yield [("next_sequence", max(following, from_sequence))]


def programme_rows(pump):
    """The rows of the command programme, then its digest."""
    for line in pump.programme_text.split("\n")[:-1]:
        yield [("text", line)]
    yield [("digest", pump.programme_digest)]


def _priority(active) -> str:
    return alarms.PRIORITY_NAMES[active.row[alarms.PRIORITY]]


def _until(at_s, now_s: int):
    return None if at_s is None else max(0, at_s - now_s)


def _detail(record) -> str:
    parts = []
    for name, value in record.fields().items():
        if isinstance(value, tuple):
            value = ratio.text(value)
        parts.append(name + "=" + str(value))
    return " ".join(parts)
