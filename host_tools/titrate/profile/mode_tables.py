"""The tables of a profile that say more than basal and boluses: its modes.

What each does is told in host_tools/docs/modes.md.
"""

from titrate.profile import kinds
from titrate.profile.forms import Key, List, Table, Whole

_FROM = Key("from", kinds.INSTANT, True, "When it begins.", "2026-12-01T08:00")
_STEPS = Key(
    "steps",
    kinds.STEP_LENGTH,
    True,
    "How long each step lasts: `daily` or a duration; the shorter, the nearer to a straight line. "
    "The last one ends with the change. At most 64 changes in all.",
)

COURSE = Table(
    (
        Key("from", kinds.INSTANT, True, "When it comes to that; each later than the one before."),
        Key("to", kinds.PART, True, "Of the basal, from then on."),
    )
)

RESTART = Table(
    (
        Key("at", kinds.INSTANT, True, "When, not before the taper has ended.", "2027-01-05T08:00"),
        Key("to", kinds.PART, True, "The dose to begin with again.", "100 mcg/day"),
    )
)

TAPER = Table(
    (
        _FROM,
        Key("over", kinds.DURATION, True, "How long it takes down to the end.", "28 days"),
        Key("to", kinds.PART, True, "What is left at the end.", "0 %"),
        _STEPS,
        Key(
            "restart",
            RESTART,
            False,
            "After a drug holiday; left out, it stays at the end of the taper.",
        ),
    )
)

RAMP = Table(
    (
        _FROM,
        Key("over", kinds.DURATION, True, "How long it takes up to the basal.", "5 days"),
        Key("begin", kinds.PART, True, "What is delivered until it begins.", "50 %"),
        _STEPS,
    )
)

INTERMITTENT = Table(
    (
        Key("dose", kinds.AMOUNT, True, "How much, on top of the basal.", "20 mcg"),
        Key("over", kinds.DURATION, True, "How long it takes, at most `every`."),
        Key("every", kinds.DURATION, True, "From start to start.", "6 h"),
        Key(
            "first",
            kinds.DURATION,
            False,
            "How long after the start or a resume the first one begins; left out, at once.",
            "1 h",
        ),
    )
)

DEMAND = Table(
    (
        Key("dose", kinds.AMOUNT, True, "How much one is, at most `max_bolus`.", "10 mcg"),
        Key("over", kinds.DURATION, True, "How long one takes.", "5 min"),
        Key("lockout", kinds.DURATION, True, "From the start of one to the next, at least.", "2 h"),
        Key(
            "at_most",
            Whole("demand_period_max"),
            True,
            "How many may begin in any `per`.",
            "4",
        ),
        Key("per", kinds.DURATION, True, "See `at_most`.", "24 h"),
    )
)

DOSE_WINDOW = Table(
    (
        Key(
            "at_most",
            kinds.AMOUNT,
            True,
            "The most in any `per`: boluses, and a full window of the highest basal rate.",
            "200 mcg",
        ),
        Key("per", kinds.DURATION, True, "The length of the window.", "4 h"),
    )
)

BRIDGE = Table(
    (
        Key(
            "volume",
            kinds.VOLUME,
            True,
            "The path from pump to catheter tip, which still holds the old drug.",
            "0.25 mL",
        ),
        Key(
            "old",
            kinds.CONCENTRATION,
            False,
            "The concentration in the path, by which the drug library judges the bridge. "
            "Without `rate` the daily dose stays.",
        ),
        Key(
            "rate",
            kinds.RATE,
            False,
            "Another rate: a dose at the `old` concentration, or a volume.",
        ),
    )
)

VTBI = Table(
    (
        Key("volume", kinds.AMOUNT, True, "What is to be infused, boluses included.", "5 mL"),
        Key("then", kinds.THEN, True, "What follows: `stop`, `kvo` or `continue`."),
        Key("kvo_rate", kinds.RATE, False, "With `kvo`, and only then: its rate.", "12 mcg/day"),
        Key("near", kinds.DURATION, True, "How long before it ends a person is told.", "30 min"),
    )
)

RESUME = Table(
    (
        Key(
            "within",
            kinds.DURATION,
            True,
            "After an interruption of at most so long delivery goes on by itself; after a longer "
            "one at the minimum rate until a person decides.",
            "4 h",
        ),
    )
)

MODE_KEYS = (
    Key("taper", TAPER, False, "The basal goes down, over days: a drug holiday, or the end."),
    Key("ramp", RAMP, False, "The basal comes up from less, over days."),
    Key("course", List(COURSE, 64), False, "Any other parts of the basal, each from an instant."),
    Key("intermittent", INTERMITTENT, False, "A bolus that repeats, whatever the time of day."),
    Key("demand", DEMAND, False, "A bolus on demand. Left out, there is none."),
    Key("dose_window", DOSE_WINDOW, False, "The most in any time of a length."),
    Key("bridge", BRIDGE, False, "Once, after a change of concentration: the old drug leaves."),
    Key("vtbi", VTBI, False, "A volume to be infused from a start on, and what follows."),
    Key("resume", RESUME, False, "Left out, an interruption of any length is gone on from."),
)
