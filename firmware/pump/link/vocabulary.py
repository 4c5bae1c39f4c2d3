"""The words of the protocol: kinds of arguments and of replies, and what each reply's key means.

A key means the same in whatever command it comes. Needed where a person reads an answer, for
the dictionary and by the host; not for answering.
"""

ARGUMENT_KINDS = (
    ("amount", "a volume or a dose with its unit, such as 100 uL or 50 mcg; read as nL"),
    ("volume", "a volume with its unit, such as 18 mL; read as nL"),
    ("rate", "a volume or a dose per min, h or day, such as 300 mcg/day; read as nL/h"),
    ("duration", "a time with its unit, such as 10 min; read as whole seconds"),
    ("distance", "a length or a volume with its unit, such as 2 mm or 50 uL; read as um or nL"),
    ("instant", "local civil time, YYYY-MM-DDTHH:MM:SS; read as pump time in whole seconds"),
    ("whole", "a whole number within its limits"),
    ("yes_no", "yes or no"),
    ("word", "a name of small letters, digits and _"),
    ("text", "characters space to ~, and LF, as many as its limits say"),
    ("digest", "16 digits of 0-9 a-f"),
    ("rid", "a request id, 8 digits of 0-9 a-f"),
    ("crc", "a CRC32 as in lines, 8 digits of 0-9 A-F"),
    ("secret", "64 digits of 0-9 a-f, which no answer and no log repeats"),
)

REPLY_KINDS = (
    ("whole", "a whole number"),
    ("seconds", "a time span in whole seconds"),
    ("instant", "pump time: seconds of local civil time since 2000-01-01 00:00"),
    ("volume", "an exact ratio of nL, such as 1375/3"),
    ("rate", "an exact ratio of nL/h"),
    ("ratio", "an exact ratio in the unit at the end of its name"),
    ("yes_no", "yes or no"),
    ("text", "text"),
    ("bytes", "bytes in Base64 (RFC 4648)"),
    ("alarms", "code:priority, a comma between two of them"),
)

# key: (its kind, what it says).
KEYS: dict[str, tuple[str, str]] = {
    "product": ("text", "always titrate"),
    "protocol": ("whole", "version of the line format"),
    "dictionary": ("text", "digest of the table of commands"),
    "firmware_version": ("text", "version of the firmware"),
    "image_digest": ("text", "digest of the firmware's files"),
    "installed": ("text", "frozen in an image, or as files"),
    "board": ("text", "name of the board"),
    "board_id": ("text", "serial number of the board"),
    "micropython": ("text", "version of MicroPython"),
    "uptime_s": ("seconds", "time since the last start"),
    "state": ("text", "named state of the pump"),
    "command": ("text", "its name"),
    "changes": ("yes_no", "whether it changes anything"),
    "role": (
        "text",
        "what a key may do: operator, programmer or service; anyone where none is needed",
    ),
    "args": ("text", "name:kind:minimum:maximum each, ? after one that has a default"),
    "replies": ("text", "key:kind each"),
    "rows": ("text", "key:kind each"),
    "text": ("text", "a line to read"),
    "stepped": ("whole", "microsteps delivered and primed, by the count of the step generator"),
    "witnessed": ("whole", "the same, seen on the STEP pin by the second counter"),
    "asked": ("whole", "microsteps asked for so far"),
    "committed_steps": ("whole", "microsteps handed to the hardware ahead of time"),
    "delivered_nl": ("volume", "delivered since the last refill, priming not counted"),
    "primed_nl": ("volume", "used for priming since the last refill"),
    "reservoir_nl": ("volume", "left in the reservoir"),
    "rate_nl_per_h": ("rate", "rate now, boluses included"),
    "bolus_remaining_nl": ("volume", "what is left of the running bolus"),
    "bridge_left_nl": ("volume", "what is left of the bridge; empty without one"),
    "vtbi_left_nl": ("volume", "what is left of the volume to be infused"),
    "demand_in_s": ("seconds", "time to the next demand bolus that may be asked for"),
    "next_change_s": ("seconds", "time to the next change of the rate; empty when none is near"),
    "following_s": ("instant", "when another programme comes into force"),
    "position_um": ("ratio", "where the drive stands, from home; empty where not known"),
    "low_in_s": ("seconds", "time to a low reservoir, under the programme"),
    "empty_in_s": ("seconds", "time to an empty reservoir, under the programme"),
    "clock_s": ("instant", "the pump's clock, local civil time"),
    "clock_known": ("yes_no", "whether the clock was set since it last stopped"),
    "programme_digest": ("text", "digest of the programme in force"),
    "programme_name": ("text", "name of the programme in force"),
    "concentration_mcg_per_ml": ("ratio", "concentration; empty for plain volumes"),
    "library": ("text", "drug library in use: name and version, none, or damaged"),
    "library_digest": ("text", "digest of the drug library"),
    "equipment": ("text", "what is fitted: its name, none, or damaged"),
    "equipment_digest": ("text", "digest of the equipment"),
    "alarms": ("alarms", "active alarms, code:priority each, the most urgent first"),
    "signals": ("text", "cadence of light and sound: full, or quiet for a battery"),
    "reset_cause": ("text", "what caused the last start"),
    "heap_free": ("whole", "free memory in bytes"),
    "locked": ("yes_no", "whether a change needs a paired key"),
    "input": ("text", "name of a switch or a sensor"),
    "fitted": ("yes_no", "whether it is fitted, and so watched"),
    "reading": ("text", "what it reads now"),
    "unit": ("text", "of the reading"),
    "driver": (
        "text",
        "the motor driver: TMC2209, TMC2209 silent, or step/dir: none answers",
    ),
    "awaits": ("text", "name of the key that waits for the pair button"),
    "name": ("text", "name of the key"),
    "fingerprint": ("text", "tells one key from another, and nothing of its secret"),
    "challenge": ("text", "32 digits of 0-9 a-f, for one request within 60 s"),
    "wait_s": ("seconds", "how long the pair button is waited for"),
    "code": ("text", "name of the alarm, or of what happened"),
    "priority": ("text", "high, medium, low or info"),
    "since_s": ("instant", "when it began"),
    "acknowledged": ("yes_no", "whether a person has acknowledged it"),
    "effect": ("text", "what it does to delivery"),
    "sentence": ("text", "what it means and what to do"),
    "next_sequence": ("whole", "number to ask from for what comes after"),
    "next_sector": ("whole", "number to ask from for what comes after; empty at the end"),
    "sector": ("whole", "number of a sector of the journal; they are counted up for ever"),
    "at": ("whole", "where in the sector of 4096 bytes the piece begins"),
    "data": ("bytes", "the piece; what is left out of a sector is 0xFF"),
    "sequence": ("whole", "number of the entry"),
    "at_s": ("instant", "when, by the pump's clock"),
    "detail": ("text", "what else belongs to it"),
    "digest": ("text", "digest of what is told, to confirm a proposal by"),
    "found": ("text", "done, refused, or never: not known, so not done lately"),
    "setting": (
        "text",
        "name of the setting; or warning, or soft limit for one of the drug library",
    ),
    "old": ("text", "in force now; of a soft limit, its name"),
    "new": ("text", "proposed; of a warning or a soft limit, its sentence"),
    "effective_ticks": (
        "whole",
        "pump time from which it holds, in ticks of 8 ns; empty when nothing moves",
    ),
}


def kind_of(key: str) -> str:
    """The kind of a key's values; of one that a newer pump sends, plain text."""
    return KEYS[key][0] if key in KEYS else "text"


def signature(keys) -> str:
    """Keys with their kinds, as the dictionary lists them: "state:text,stepped:whole"."""
    return ",".join([key + ":" + kind_of(key) for key in keys])
