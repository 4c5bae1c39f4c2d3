"""The drug library's TOML format, declared once; schema.json and the reference page follow."""

from pump.core.library import DRUGS_MAX, LIMITS_MAX, STRENGTHS_MAX
from pump.core.programme import PATIENT_GROUPS
from titrate.library import kinds
from titrate.profile.forms import Key, List, Table
from titrate.profile.kinds import CONCENTRATION, PATIENT_GROUP

CHANGE = Table(
    (
        Key("version", kinds.VERSION, True, "The version that it made."),
        Key("date", kinds.DATE, True, "The day, such as `2026-11-22`."),
        Key("by", kinds.SENTENCE, True, "Who answers for it.", "A. Pharmacist, Ward 3"),
        Key("text", kinds.SENTENCE, True, "What was changed and why.", "Soft limit lowered."),
    )
)

SOURCE = Table(
    (
        Key("name", kinds.SOURCE, True, "The short name that limits give; the pump shows it."),
        Key(
            "text",
            kinds.SENTENCE,
            True,
            "What it is: document, section, what it says.",
            "Product monograph, maintenance dose, spinal origin",
        ),
    )
)

LIMIT = Table(
    (
        Key("what", kinds.WHAT, True, "What is limited: see below."),
        Key("at_most", kinds.FIGURE, False, "The highest value: either this or `at_least`."),
        Key("at_least", kinds.FIGURE, False, "The lowest value.", "1 min"),
        Key(
            "kind",
            kinds.KIND,
            True,
            "`hard`: refused by host and pump. `soft`: warned of, and a reason is asked for and "
            "logged.",
        ),
        Key(
            "basis",
            kinds.BASIS,
            True,
            "What the figure is: `label` (a label's own limit), `monograph` (advice of the product "
            "monograph), `observed` (a range that was seen, never a maximum of a label), `study`, "
            "or `site` (chosen by whoever answers for the library).",
        ),
        Key(
            "groups",
            List(PATIENT_GROUP, len(PATIENT_GROUPS)),
            False,
            "The patients that it is for; left out, all of them.",
        ),
        Key(
            "strength",
            CONCENTRATION,
            False,
            "The strength that it is for, before one for any strength; left out, any.",
        ),
        Key("source", kinds.SOURCE, True, "The name of a `[[source]]`."),
        Key("note", kinds.SENTENCE, False, "For readers.", "Most patients had less."),
    )
)

DILUTION = Table(
    (
        Key("from", CONCENTRATION, True, "The lowest concentration.", "50 mcg/mL"),
        Key("to", CONCENTRATION, True, "The highest.", "2000 mcg/mL"),
        Key("source", kinds.SOURCE, True, "The name of a `[[source]]`.", "B40"),
    )
)

DRUG = Table(
    (
        Key("name", kinds.DRUG_NAME, True, "As profiles name it under `[drug]`."),
        Key("also", List(kinds.DRUG_NAME, 8), False, "Other names for it."),
        Key(
            "dosed",
            kinds.DOSED,
            True,
            "`by dose`, in a concentration; or `by volume`, such as dye in mL/h. A profile "
            "without `[drug]` is judged by the first drug that is dosed by volume.",
        ),
        Key("strengths", List(CONCENTRATION, STRENGTHS_MAX), False, "As it is sold, ascending."),
        Key("dilution", DILUTION, False, "What it may be diluted to; left out, it may not."),
        Key("note", kinds.SENTENCE, False, "For readers.", "Preservative-free saline only."),
        Key("limit", List(LIMIT, LIMITS_MAX), False, "Its limits."),
    )
)

LIBRARY = Table(
    (
        Key("name", kinds.LIBRARY_NAME, True, "Shown by the pump: 1 to 23 characters."),
        Key("version", kinds.VERSION, True, "That of the newest change."),
        Key("change", List(CHANGE, 200), True, "The changelog, the newest first."),
        Key("source", List(SOURCE, 200), True, "What the figures rest on."),
        Key("drug", List(DRUG, DRUGS_MAX), True, "The drugs and liquids."),
    )
)
