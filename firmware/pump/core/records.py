"""What the journals record: one table of kinds, and how their values become bytes.

A payload holds the values of its kind one after the other, in the order of the
table. Whole numbers take seven bits a byte, lowest first, so that small ones are
short and a count of 64 bits or an exact ratio still fits.
"""

from pump.core import alarms
from pump.core.compat import const
from pump.core.errors import Damaged, OutOfRange

# How a value is written:
COUNT = const(0)  # whole number, at least 0
RATIO = const(1)  # exact ratio, at least 0: numerator, then denominator
REQUEST = const(2)  # request id, 8 hexadecimal digits: 4 bytes
DIGEST = const(3)  # digest of a programme, 16 hexadecimal digits: 8 bytes
TEXT = const(4)  # printable ASCII: one byte for its length, then its characters
ALARM = const(5)  # code of an alarm: its number in the table of alarms, one byte

# The request id of what nobody asked for by a request of its own, such as a scheduled bolus; and as
# a record of it begins.
NO_REQUEST = "00000000"
NO_REQUEST_BYTES = b"\x00\x00\x00\x00"
# That of a bolus asked for at the prompt.
PROMPTED = "ffffffff"

TEXT_MAX = const(48)  # characters; longer ones are cut by shorten()
_COUNT_BYTES_MAX = const(32)

BOOT = const(1)
PROGRAMME_CONFIRMED = const(2)
STARTED = const(3)
PAUSED = const(4)
RESUMED = const(5)
STOPPED = const(6)
RATE_CHANGED = const(7)
BOLUS_STARTED = const(8)
BOLUS_FINISHED = const(9)
BOLUS_CANCELLED = const(10)
PRIME = const(11)
REFILL = const(12)
ALARM_RAISED = const(13)
ALARM_CLEARED = const(14)
ALARM_ACKNOWLEDGED = const(15)
CLOCK_SET = const(16)
CHECKPOINT = const(17)
REQUEST_OUTCOME = const(18)
INTERRUPTION = const(19)
FAULT = const(20)
SILENCED = const(21)
MINIMUM_RATE = const(22)
DEMAND = const(23)
FOLLOWING_CONFIRMED = const(24)
FOLLOWING_DROPPED = const(25)
BRIDGE_LEFT = const(26)
DRIVER = const(60)
LIBRARY_CONFIRMED = const(40)
LIMIT_OVERRIDDEN = const(41)
DAILY_DOSE = const(42)
KEYS_CHANGED = const(43)
EQUIPMENT_CONFIRMED = const(44)
IN_FORCE = const(45)
MOVE_BEGUN = const(50)
MOVE_ENDED = const(51)

# kind: (name, ((field, how it is written), ...)). Numbers and orders stay as they are: older
# journals are read with them. A change to one needs a new journal.SCHEMA.
KINDS = {
    BOOT: ("boot", (("reset_cause", TEXT), ("firmware", TEXT))),
    # slot: sequence number of the settings slot that holds it, so that an older programme
    # cannot pass for this one when flash is damaged.
    PROGRAMME_CONFIRMED: (
        "programme_confirmed",
        (("request_id", REQUEST), ("digest", DIGEST), ("slot", COUNT)),
    ),
    STARTED: ("started", (("request_id", REQUEST), ("digest", DIGEST))),
    PAUSED: ("paused", (("request_id", REQUEST),)),
    RESUMED: ("resumed", (("request_id", REQUEST),)),
    STOPPED: ("stopped", (("request_id", REQUEST), ("reason", TEXT))),
    RATE_CHANGED: ("rate_changed", (("rate_nl_per_h", RATIO),)),
    BOLUS_STARTED: (
        "bolus_started",
        (("request_id", REQUEST), ("volume_nl", RATIO), ("duration_s", COUNT)),
    ),
    BOLUS_FINISHED: ("bolus_finished", (("request_id", REQUEST), ("volume_nl", RATIO))),
    BOLUS_CANCELLED: (
        "bolus_cancelled",
        (("request_id", REQUEST), ("delivered_nl", RATIO), ("reason", TEXT)),
    ),
    PRIME: ("prime", (("request_id", REQUEST), ("volume_nl", RATIO))),
    REFILL: (
        "refill",
        (("request_id", REQUEST), ("volume_nl", RATIO), ("expected_residual_nl", RATIO)),
    ),
    ALARM_RAISED: ("alarm_raised", (("alarm", ALARM), ("cause", TEXT))),
    ALARM_CLEARED: ("alarm_cleared", (("alarm", ALARM),)),
    ALARM_ACKNOWLEDGED: ("alarm_acknowledged", (("alarm", ALARM),)),
    CLOCK_SET: ("clock_set", (("old_s", COUNT), ("new_s", COUNT))),
    CHECKPOINT: (
        "checkpoint",
        (
            # Steps made in the pump's life; then the book of the reservoir.
            ("stepped", COUNT),
            ("reservoir_nl", RATIO),
            ("delivered_nl", RATIO),
            ("primed_nl", RATIO),
            # Steps that may be made before the next checkpoint.
            ("reserved_steps", COUNT),
            ("state", TEXT),
            # Events from this number on are not in the above.
            ("next_event", COUNT),
            # What is left of them, in whole nanolitres; 0 where there is none.
            ("bridge_left_nl", COUNT),
            ("vtbi_left_nl", COUNT),
        ),
    ),
    REQUEST_OUTCOME: ("request_outcome", (("request_id", REQUEST), ("outcome", TEXT))),
    INTERRUPTION: ("interruption", (("length_s", COUNT),)),
    FAULT: ("fault", (("code", TEXT), ("detail", TEXT))),
    SILENCED: ("silenced", (("length_s", COUNT),)),
    MINIMUM_RATE: ("minimum_rate", (("request_id", REQUEST),)),
    # Together with the bolus_started of the same request.
    DEMAND: ("demand", (("request_id", REQUEST),)),
    FOLLOWING_CONFIRMED: (
        "following_confirmed",
        (("request_id", REQUEST), ("digest", DIGEST), ("slot", COUNT), ("at_s", COUNT)),
    ),
    FOLLOWING_DROPPED: ("following_dropped", (("request_id", REQUEST), ("reason", TEXT))),
    # A programme with a bridge that had begun was changed for another one: see dose_history.py. An
    # old concentration of 0 is not known.
    BRIDGE_LEFT: (
        "bridge_left",
        (("volume_nl", RATIO), ("rate_nl_per_h", RATIO), ("old_mcg_per_ml", RATIO)),
    ),
    # slot: as for the programme.
    LIBRARY_CONFIRMED: (
        "library_confirmed",
        (("request_id", REQUEST), ("digest", DIGEST), ("slot", COUNT), ("library", TEXT)),
    ),
    # A soft limit of the drug library that was gone beyond, and why.
    LIMIT_OVERRIDDEN: (
        "limit_overridden",
        (("request_id", REQUEST), ("limit", TEXT), ("reason", TEXT)),
    ),
    # Which motor driver was found, and what became of it.
    DRIVER: ("driver", (("what", TEXT),)),
    # slot: as for the programme.
    KEYS_CHANGED: ("keys_changed", (("slot", COUNT), ("what", TEXT))),
    # slot: as for the programme.
    EQUIPMENT_CONFIRMED: (
        "equipment_confirmed",
        (("request_id", REQUEST), ("digest", DIGEST), ("slot", COUNT), ("equipment", TEXT)),
    ),
    # Once in each sector: what was confirmed last, as the slot's number, 0 for never, and the
    # number of the last demand. A start need look no further back for these: see recorder.py.
    IN_FORCE: (
        "in_force",
        (
            ("programme_slot", COUNT),
            ("library_slot", COUNT),
            ("following_slot", COUNT),
            ("keys_slot", COUNT),
            ("equipment_slot", COUNT),
            ("last_demand", COUNT),
        ),
    ),
    # A move of the drive that is no dose, or the backlash that was taken up before one.
    MOVE_BEGUN: ("move_begun", (("request_id", REQUEST), ("move", TEXT))),
    MOVE_ENDED: (
        "move_ended",
        (
            ("request_id", REQUEST),
            ("move", TEXT),
            # Microsteps in both directions together, and those forward that would move nothing.
            ("steps", COUNT),
            ("slack_steps", COUNT),
            # Whether the distance from home is known: 1 or 0.
            ("position_known", COUNT),
        ),
    ),
    # What is dosed from then on: see dose_history.py. A concentration of 0 is none.
    DAILY_DOSE: (
        "daily_dose",
        (
            ("drug", TEXT),
            ("concentration_mcg_per_ml", RATIO),
            ("daily_nl", RATIO),
            ("peak_nl_per_h", RATIO),
            ("boluses_nl", RATIO),
            # CRC32 of its steps and boluses: tells one schedule from another.
            ("schedule", REQUEST),
        ),
    ),
}


def name(kind: int) -> str:
    """The name of a kind of record, such as "bolus_started"."""
    if kind in KINDS:
        return KINDS[kind][0]
    return "kind_" + str(kind)


def shorten(text: str) -> str:
    """Text as a TEXT field takes it: at most 48 characters, others than printable ASCII as "?"."""
    return "".join([c if " " <= c <= "~" else "?" for c in text[:TEXT_MAX]])


def encode(kind: int, *values: object) -> bytes:
    """The payload of a record.

    Args:
        kind: one of the kinds above.
        values: one for each of its fields, in their order.

    Raises:
        OutOfRange: no such kind, too few or too many values, or a value that its field
            cannot hold.
    """
    if kind not in KINDS:
        raise OutOfRange(f"There is no kind of record {kind}: see records.KINDS.")
    fields = KINDS[kind][1]
    if len(values) != len(fields):
        raise OutOfRange(f"A record {name(kind)} takes {len(fields)} values, not {len(values)}.")
    out = bytearray()
    for (field, how), value in zip(fields, values):
        if not _put(out, how, value):
            shown = repr(value)[:80]
            raise OutOfRange(f"{field} cannot be {shown} in a record {name(kind)}.")
    return bytes(out)


def decode(kind: int, payload: bytes) -> dict[str, object]:
    """The values of a record by the names of their fields.

    A kind that this firmware does not know (written by a later one) gives its bytes as
    {"payload": hexadecimal text}.

    Raises:
        Damaged: the payload is not what its kind says.
    """
    if kind not in KINDS:
        return {"payload": _hexadecimal(payload)}
    found: dict[str, object] = {}
    at = 0
    try:
        for field, how in KINDS[kind][1]:
            value, at = _take(payload, at, how)
            found[field] = value
    except IndexError:
        at = -1
    if at != len(payload):
        raise Damaged(f"A record {name(kind)} does not hold what such records hold.")
    return found


def _put(out: bytearray, how: int, value: object) -> bool:
    """Write one value; False when it is not one that the field can hold."""
    if how == COUNT:
        return _put_count(out, value)
    if how == RATIO:
        if not isinstance(value, tuple) or len(value) != 2 or value[1] == 0:
            return False
        return _put_count(out, value[0]) and _put_count(out, value[1])
    if how == ALARM:
        if value not in alarms.ALARMS:
            return False
        out.append(int(alarms.ALARMS[str(value)][alarms.NUMBER]))
        return True
    if not isinstance(value, str):
        return False
    if how == TEXT:
        if value != shorten(value):
            return False
        out.append(len(value))
        out.extend(value.encode())
        return True
    digits = 8 if how == REQUEST else 16
    if len(value) != digits:
        return False
    for c in value:
        if c not in "0123456789abcdef":
            return False
    for i in range(0, digits, 2):
        out.append(int(value[i : i + 2], 16))
    return True


def _put_count(out: bytearray, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    if value < 0 or value >> 7 * _COUNT_BYTES_MAX:
        return False
    while value > 127:
        out.append(128 | (value & 127))
        value >>= 7
    out.append(value)
    return True


def _take(payload: bytes, at: int, how: int) -> tuple[object, int]:
    """(value, offset after it); an IndexError when the payload ends before."""
    if how == COUNT:
        return _take_count(payload, at)
    if how == RATIO:
        numerator, at = _take_count(payload, at)
        denominator, at = _take_count(payload, at)
        return (numerator, denominator), at
    if how == ALARM:
        return alarms.code_of(payload[at]), at + 1
    if how == TEXT:
        end = at + 1 + payload[at]
        if end > len(payload):
            raise IndexError
        return "".join([chr(byte) for byte in payload[at + 1 : end]]), end
    end = at + (4 if how == REQUEST else 8)
    if end > len(payload):
        raise IndexError
    return _hexadecimal(payload[at:end]), end


def _take_count(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    shift = 0
    while True:
        byte = payload[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _hexadecimal(data: bytes) -> str:
    return "".join([f"{byte:02x}" for byte in data])
