"""The equipment's TOML format, declared once; schema.json and the page follow."""

from titrate.equipment import kinds
from titrate.profile.forms import Key, Table
from titrate.profile.positions import Path

SWITCHES = Table(
    (
        Key("limit_home", kinds.FITTED, False, "Switch at the full end; left out: none."),
        Key("limit_end", kinds.FITTED, False, "Switch at the empty end; left out: none."),
        Key("syringe", kinds.FITTED, False, "Switch under the syringe; left out: none."),
    )
)

SUPPLY = Table(
    (
        Key("low", kinds.VOLTAGE, True, "Below it `supply_low`: a battery's with 15 min left."),
        Key(
            "depleted",
            kinds.VOLTAGE,
            True,
            "Below it `supply_depleted`: a battery's with 5 min left.",
            "10 V",
        ),
    )
)

TEMPERATURE = Table(
    (Key("highest", kinds.TEMPERATURE, True, "From this on `over_temperature`, of the chip."),)
)

FORCE = Table(
    (
        Key("sensor", kinds.SENSOR, True, "`hx711` on two wires, or `adc` for a voltage."),
        Key("zero", kinds.COUNTS, True, "What it reads without a load."),
        Key("load", kinds.FORCE, True, "A force that is known: 1 kg hung from it is 9.81 N."),
        Key("at_load", kinds.COUNTS, True, "What it reads under that load.", "8507000 counts"),
        Key("occlusion", kinds.FORCE, True, "From this force on `occlusion`.", "25 N"),
    )
)

EQUIPMENT = Table(
    (
        Key("name", kinds.NAME, True, "What the status calls it."),
        Key(
            "signals",
            kinds.SIGNALS,
            False,
            "Light and sound of alarms: `full`, as when left out, or `quiet` for a battery.",
            "quiet",
        ),
        Key("switches", SWITCHES, False, "The switches that are fitted."),
        Key("supply", SUPPLY, False, "Measured only when it is there."),
        Key("temperature", TEMPERATURE, False, "Watched only when it is there."),
        Key("force", FORCE, False, "The force sensor at the plunger, if one is fitted."),
    )
)

# Where each setting of pump.core.equipment stands.
PLACES: dict[str, Path] = {
    "name": ("name",),
    "limit_home": ("switches", "limit_home"),
    "limit_end": ("switches", "limit_end"),
    "syringe_switch": ("switches", "syringe"),
    "supply_low_mv": ("supply", "low"),
    "supply_depleted_mv": ("supply", "depleted"),
    "over_temperature_c": ("temperature", "highest"),
    "force": ("force", "sensor"),
    "force_zero_counts": ("force", "zero"),
    "force_load_counts": ("force", "at_load"),
    "force_load_mn": ("force", "load"),
    "occlusion_mn": ("force", "occlusion"),
    "signals": ("signals",),
}
