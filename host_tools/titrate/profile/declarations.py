"""The profile's format, declared once: every table and key, with what may stand there.

The JSON Schema (schema.py) and the reference page (page.py) are made from it.
"""

from pump.core.programme import PATIENT_GROUPS
from titrate.profile import kinds
from titrate.profile.forms import Either, Key, List, Table, Whole
from titrate.profile.mode_tables import MODE_KEYS

STEP = Table(
    (
        Key(
            "at",
            kinds.TIME_OF_DAY,
            True,
            "When the step starts; the first starts at 00:00.",
            "06:00",
        ),
        Key(
            "to",
            kinds.DAY_END,
            False,
            "When the step ends, for readers: refused unless it is where the next one starts.",
        ),
        Key("rate", kinds.RATE, True, "The rate from then on."),
    )
)

CHANGE = Table(
    (
        Key("by", kinds.PERCENT, True, "How much the rate is raised or lowered."),
        Key("from", kinds.TIME_OF_DAY, True, "When the effect is wanted."),
        Key(
            "to",
            kinds.TIME_OF_DAY,
            True,
            "When the change ends; on the next day if that is not after `from`.",
            "06:00",
        ),
        Key(
            "lead",
            kinds.DURATION,
            False,
            "How much earlier than `from` the change starts; without it, at `from`. For "
            "intrathecal baclofen about 2 h.",
            "2 h",
        ),
    )
)

_SCHEDULE = (
    Key("rate", kinds.RATE, False, "One rate for the whole day: either this or `steps`."),
    Key("steps", List(STEP, 48), False, "Rates over the day: either this or `rate`."),
    Key(
        "change",
        List(CHANGE, 24),
        False,
        "Times of the day at which the rate is another by a percentage. A change that runs past "
        "midnight goes on into the next day, whatever day that is.",
    ),
)

DAY_GROUP = Table(
    (
        Key(
            "days",
            List(kinds.WEEKDAY, 7),
            False,
            "The weekdays of this group; left out in `weekday` (Monday to Friday) and `weekend`.",
        ),
        *_SCHEDULE,
    )
)

CALIBRATION = Table(
    (
        Key("commanded", kinds.VOLUME, True, "What the pump was asked to deliver."),
        Key("delivered", kinds.VOLUME, True, "What it did deliver, by weight.", "9.87 mL"),
    )
)

SYRINGE = Table(
    (
        Key("bore", kinds.LENGTH, True, "Inner diameter."),
        Key("capacity", kinds.VOLUME, True, "Volume that it is filled with at most."),
        Key("travel", kinds.LENGTH, True, "How far the plunger moves from full to empty.", "61 mm"),
    )
)

PUMP = Table(
    (
        Key(
            "syringe",
            Either(kinds.SYRINGE, SYRINGE),
            True,
            "A name from the catalogue below, or a table of its own.",
        ),
        Key("lead", kinds.LENGTH, True, "Advance of the nut per turn of the screw.", "2 mm"),
        Key("full_steps", Whole("full_steps_per_rev"), True, "Full steps per motor turn.", "200"),
        Key("microsteps", Whole("microsteps"), True, "Per full step, a power of two.", "16"),
        Key("gear", kinds.GEAR, True, "Turns of the motor to turns of the screw."),
        Key(
            "calibration",
            Either(kinds.NOT_CALIBRATED, CALIBRATION),
            True,
            "A measurement, or `none` while there is none.",
        ),
    )
)

DRUG = Table(
    (
        Key("name", kinds.NAME, True, "The drug or liquid, printable ASCII."),
        Key(
            "concentration",
            kinds.CONCENTRATION,
            False,
            "Needed wherever a dose is written; without it all amounts are volumes.",
        ),
        Key(
            "patient_group",
            kinds.PATIENT_GROUP,
            False,
            "Who it is for: " + ", ".join(f"`{group}`" for group in PATIENT_GROUPS) + ". The drug "
            "library's limits go by it; left out, those of every group apply.",
        ),
    )
)

BOLUS = Table(
    (
        Key("at", kinds.TIME_OF_DAY, True, "When it starts.", "08:00"),
        Key("dose", kinds.AMOUNT, True, "How much, on top of the basal, which goes on."),
        Key("over", kinds.DURATION, True, "How long it takes, evenly: 1 s to 1 day."),
        Key(
            "days",
            Either(kinds.WEEKDAYS, List(kinds.WEEKDAY, 7)),
            True,
            "`daily`, `weekday`, `weekend` or a list of weekdays.",
        ),
    )
)

RESERVOIR = Table(
    (
        Key(
            "low",
            kinds.VOLUME,
            True,
            "The low reservoir alarm comes when this much is left.",
            "2 mL",
        ),
        Key(
            "low_time",
            kinds.DURATION,
            True,
            "It comes, too, this long before it is empty.",
            "2 days",
        ),
        Key("reserve", kinds.VOLUME, True, "What is left when it counts as empty.", "0.5 mL"),
        Key(
            "fill",
            kinds.VOLUME,
            False,
            "What a simulation or a demonstration fills in at the start; the pump itself is told "
            "at a refill. Without it, the capacity.",
        ),
    )
)

LIMITS = Table(
    (
        Key(
            "max_rate",
            kinds.RATE,
            True,
            "The highest rate, basal and boluses together.",
            "0.5 mL/h",
        ),
        Key(
            "max_bolus",
            kinds.AMOUNT,
            True,
            'The largest bolus that may be asked for; "0 mL" allows none. Boluses of the profile '
            "are not held to it.",
        ),
        Key(
            "commit_ahead",
            kinds.VOLUME,
            True,
            "The most that may be on its way to the motor unasked: what is delivered if the "
            "processor dies. At least 1 s at the maximum rate and 2 microsteps, at most a tenth "
            "of the syringe.",
            "500 nL",
        ),
    )
)

MINIMUM = Table(
    (
        Key(
            "rate",
            kinds.RATE,
            True,
            "What it runs at when asked for its minimum rate.",
            "12 mcg/day",
        ),
    )
)

PROFILE = Table(
    (
        Key(
            "name",
            kinds.NAME,
            True,
            "For people: 1 to 32 printable ASCII characters.",
            "Night step",
        ),
        Key("start", kinds.INSTANT, False, "Nothing is delivered before."),
        Key("end", kinds.INSTANT, False, "Nothing is delivered from then on."),
        Key("pump", PUMP, True, "The syringe and what drives it."),
        Key("drug", DRUG, False, "What is in the syringe; left out, amounts are plain volumes."),
        Key(
            "basal",
            Table(_SCHEDULE, others=DAY_GROUP),
            True,
            "The continuous rate. Keys right here are for all days; a table of its own such as "
            "`[basal.weekend]` is for its weekdays and goes before them.",
        ),
        Key("bolus", List(BOLUS, 24), False, "Boluses at times of the day."),
        Key("minimum", MINIMUM, False, "Left out, there is no minimum rate to ask for."),
        *MODE_KEYS,
        Key("limits", LIMITS, True, "What may be asked of the pump while this profile runs."),
        Key("reservoir", RESERVOIR, True, "When the reservoir is low and when it is empty."),
    )
)

# Tables of [basal] with weekdays of their own.
FIXED_GROUPS = {name: kinds.WEEKDAY_MASKS[name] for name in ("weekday", "weekend")}

# What a table with a name of its own may be called.
GROUP_NAME = "^[a-z][a-z0-9_-]*$"
