"""Light and sound of alarms: pure functions of how long one has been going on.

Patterned after IEC 60601-1-8; no conformity is claimed, a bare piezo buzzer cannot have the
harmonics that the standard asks for. Where the figures come from (P: published tables and
ports that were read; G: general knowledge, not checked against the standard):

    high    10 pulses as 3 + 2, twice (P); pulses of 150 ms, 75 ms apart (P, range 75-200 and
            50-125 G); before the 4th and 9th 2 * 75 + 150 ms (P); before the 6th 550 ms
            (P, range 350-1300 G); next burst after 5 s (P: 2.5-15 s)
    medium  3 pulses of 200 ms, 200 ms apart (P, range 125-250 G); next after 10 s (G: 2.5-30 s)
    low     2 pulses of 200 ms, 200 ms apart (P); next after 20 s (G: more than 15 s)
    melody of drug delivery: C d g - C d, C d g, and e c (P), C one octave above c (G)
    lights  red 1.4-2.8 Hz, on 20-80 %; yellow 0.4-0.8 Hz, on 20-60 %; cyan steady (P)

The quiet cadence is for batteries: two tones for 3 s every 10 min for high, one tone of 1 s
every hour below that, as implanted pumps have it (P, the 10 min G), and the shortest
lights of the ranges above. Pauses of that length are outside the ranges above, so whoever calls
for it has each alarm that is raised sound at once: see ActiveAlarms.news.
"""

from pump.core.alarms import HIGH, LOW, MEDIUM
from pump.core.compat import const

# The cadences, as an equipment names them.
FULL = "full"
QUIET = "quiet"

# Lights, to be added up.
DARK = const(0)
CYAN = const(1)
YELLOW = const(2)
RED = const(4)

SILENT = const(0)  # the tone of a pause, in Hz

_C4 = const(262)
_D4 = const(294)
_E4 = const(330)
_G4 = const(392)
_C5 = const(523)

# A pattern is a tuple of (length in ms, tone in Hz or lights).
_HIGH_BURST = (
    (150, _C5),
    (75, SILENT),
    (150, _D4),
    (75, SILENT),
    (150, _G4),
    (300, SILENT),
    (150, _C5),
    (75, SILENT),
    (150, _D4),
)
_SOUNDS: dict[int, tuple[tuple[int, int], ...]] = {
    HIGH: _HIGH_BURST + ((550, SILENT),) + _HIGH_BURST + ((5000, SILENT),),
    MEDIUM: (
        (200, _C5),
        (200, SILENT),
        (200, _D4),
        (200, SILENT),
        (200, _G4),
        (10000, SILENT),
    ),
    LOW: ((200, _E4), (200, SILENT), (200, _C4), (20000, SILENT)),
}
_QUIET_SOUNDS: dict[int, tuple[tuple[int, int], ...]] = {
    HIGH: ((500, _C5), (500, _G4)) * 3 + ((597000, SILENT),),
    MEDIUM: ((1000, _D4), (3599000, SILENT)),
    LOW: ((1000, _C4), (3599000, SILENT)),
}
_LIGHTS: dict[int, tuple[tuple[int, int], ...]] = {
    HIGH: ((250, RED), (250, DARK)),
    MEDIUM: ((800, YELLOW), (1200, DARK)),
    LOW: ((3600000, CYAN),),
}
_QUIET_LIGHTS: dict[int, tuple[tuple[int, int], ...]] = {
    HIGH: ((100, RED), (400, DARK)),
    MEDIUM: ((400, YELLOW), (1600, DARK)),
    LOW: ((3600000, CYAN),),
}
_NOTHING = ((3600000, 0),)

# Refused input, played once (GIP v1.0, 3.2.4). No melody of an alarm begins with two equal tones.
REFUSED = ((120, _C4), (80, SILENT), (120, _C4))


def sound(priority: int | None, is_quiet: bool = False) -> tuple[tuple[int, int], ...]:
    """The pattern of tones for an alarm.

    Args:
        priority: alarms.LOW, MEDIUM or HIGH; anything else, None too, is silent.
        is_quiet: the battery cadence.

    Returns:
        Parts of (length in ms, tone in Hz or SILENT), to be repeated.
    """
    patterns = _QUIET_SOUNDS if is_quiet else _SOUNDS
    return _NOTHING if priority is None else patterns.get(priority, _NOTHING)


def light(priority: int | None, is_quiet: bool = False) -> tuple[tuple[int, int], ...]:
    """The pattern of lights for an alarm.

    Args:
        priority: alarms.LOW, MEDIUM or HIGH; anything else, None too, is dark.
        is_quiet: the battery cadence.

    Returns:
        Parts of (length in ms, RED, YELLOW and CYAN added up or DARK), to be repeated.
    """
    patterns = _QUIET_LIGHTS if is_quiet else _LIGHTS
    return _NOTHING if priority is None else patterns.get(priority, _NOTHING)


def length_ms(pattern: tuple[tuple[int, int], ...]) -> int:
    """How long a pattern takes, in ms."""
    total_ms = 0
    for part_ms, _ in pattern:
        total_ms += part_ms
    return total_ms


def at(pattern: tuple[tuple[int, int], ...], elapsed_ms: int) -> tuple[int, int]:
    """What is due so many ms after a pattern began; it repeats.

    Returns:
        (tone or lights, ms for which it stays so, at least 1).
    """
    left_ms = elapsed_ms % length_ms(pattern)
    for part_ms, value in pattern:
        if left_ms < part_ms:
            return value, part_ms - left_ms
        left_ms -= part_ms
    raise ValueError("a pattern has no parts")
