"""The page of the equipment: its format, made from its declaration, and what the pump does with it.

host_tools/docs/equipment.md is what text() gives.
"""

from collections.abc import Iterator

from pump.core import alarms, annunciation, equipment, inputs, measures
from pump.core.contact import SETTLE_MS
from titrate.equipment.declarations import EQUIPMENT
from titrate.profile.page import key_tables

_HOTTEST = next(row for row in equipment.SETTINGS if row[0] == "over_temperature_c")


def _sounding(priority: int) -> str:
    """How long an alarm is heard in the quiet cadence: "3 s every 10 min"."""
    pattern = annunciation.sound(priority, True)
    sounding_ms = sum(ms for ms, hz in pattern if hz)
    return f"{sounding_ms // 1000} s every {annunciation.length_ms(pattern) // 60000} min"


def _lit(priority: int) -> str:
    """How long a light is on in the quiet cadence: "100 ms of every 500 ms instead of 250 ms"."""
    (full_ms, _), (quiet_ms, _) = [
        annunciation.light(priority, is_quiet)[0] for is_quiet in (False, True)
    ]
    every_ms = annunciation.length_ms(annunciation.light(priority, True))
    return f"{quiet_ms} ms of every {every_ms} ms instead of {full_ms} ms"


_INTRODUCTION = f"""\
<!-- Made by titrate.equipment.page from titrate.equipment.declarations: change it there. -->
# Equipment: switches, sensors and signals

What is fitted to a board is for its builder to say: a switch that is not there would read as a
limit that is reached. So the pump watches nothing that it was not told of. **Without a confirmed
equipment no switch, no supply, no temperature and no force is watched**, and `titrate status` says
so. It also says how alarms are signalled: [light and sound](#light-and-sound).

An equipment is a TOML file, such as
[boards/pico_tmc2209/equipment.toml](../../boards/pico_tmc2209/equipment.toml); the pins are in each
board's README. For bench and research use, not for use on people.

    titrate equipment read              what every input reads now, fitted or not
    titrate equipment show [FILE]       what the pump takes to be fitted, or what FILE says
    titrate equipment install FILE      give it to the pump: review, then confirm

The pump checks it itself, keeps it in flash and goes by it from then on, across a loss of power. An
equipment that the board has no pins for is refused. One that cannot be read any more raises
`equipment_damaged`; delivery goes on, unwatched as without any.

## What is watched

| input | looked at | alarm | when | what it does | over when |
| --- | --- | --- | --- | --- | --- |
| switch at the empty end | at its edge, settled for {SETTLE_MS} ms; every {inputs.SWITCH_S} s \
| `end_of_travel` | reached while delivering | stops at once | it is free |
| switch under the syringe | the same | `syringe_removed` \
| open while delivering | stops at once | a syringe is in |
| switch at the full end | when a move asks | none | | | |
| force at the plunger | every {inputs.FORCE_S} s and every {inputs.FORCE_STEPS} microsteps | \
`occlusion` | two readings in a row at the limit or above, while delivering | stops at once \
| below three quarters of the limit |
| | the same | `sensor_failing` | no answer within {inputs.FORCE_S + inputs.SILENT_S} s, \
a data line that is stuck, a reading at the end of the range | goes on | it reads again |
| supply | every {inputs.MEASURE_S} s, mean of {measures.READINGS} | `supply_low` | below it \
| goes on | 200 mV above it |
| | the same | `supply_depleted` | below it | finishes the stroke and stops | 200 mV above it |
| thermometer of the chip | every {inputs.MEASURE_S} s, mean of {measures.READINGS} | \
`over_temperature` | at it or above | finishes the stroke and stops | more than 5 C below it |

Nothing starts and nothing primes while the switch at the empty end is reached or no syringe is in.
What stops delivery is no alarm while nothing is delivered: nobody is called to a syringe that he is
changing. Every alarm is in the log with what was seen, and in the fault log.

The limit switches are normally closed to ground: a broken wire reads as the end that is reached.
The syringe's switch closes with a syringe in: a broken wire reads as none. A switch that is stuck
closed is not noticed by itself; `titrate equipment read` beside a finger on the switch shows it.
There is no air-in-line sensor on any board.

## Calibrating the force sensor

The force is on the straight line through two readings, so any load cell that reads the same force
alike will do, whichever way round.

1. `titrate equipment read` with the plunger's block free: `force hx711 ... counts` is `zero`.
2. The same with a known load on it: 1 kg is 9.81 N. That is `load` and `at_load`.
3. `occlusion` is what the plunger takes in normal use, friction and all, and what the line may be
   put under: pressure times the area of the bore. The 20 psi (138 kPa) that GIP v1.0, 1.10 has as
   the limit downstream are 22.8 N with a bore of 14.5 mm, and 2.4 N with one of 4.7 mm.

After an occlusion the line is under pressure, and the pump does not turn back: let the pressure off
before the line is opened. How soon an occlusion is noticed is a matter of volume: what the line and
the syringe's plunger take up until the force is reached, over the rate.

## The supply and the chip

The supply is measured behind the board's divider: 3.3 V at the converter are 36.3 V with 100 kohm
above 10 kohm, and one count of the 12-bit converter is 9 mV. For a battery, `low` is its voltage
with 15 min left and `depleted` with 5 min left, as GIP v1.0, 5.1 has them. On a Pico that is fed by
USB alone the supply reads as 0 V, which is depleted: that is so, as its motor has none.

The thermometer is in the RP2040 itself. It is a diode whose voltage differs from chip to chip by
some degrees, and the chip is warmer than the room by a few more: read it when the board is cold,
and set the limit by the difference. {_HOTTEST[3]} to {_HOTTEST[4]} C can be set.

## Light and sound

`signals = "{annunciation.QUIET}"` gives the alarms a cadence that spares a battery. Left out, or
with `"{annunciation.FULL}"`, they have the one that is patterned after IEC 60601-1-8. It holds
within 2 s of being confirmed, and across resets and losses of power; without an equipment, or with
a damaged one, signals are full.

- Whatever is raised sounds within 2 s, unless something of a higher priority sounds. Then it sounds
  for {_sounding(alarms.HIGH)} at high priority, for {_sounding(alarms.MEDIUM)} below that,
  until it is acknowledged or has gone. No priority is without sound.
- A silence is over as soon as with full signals, and ends with the sound. What was acknowledged
  reminds as often, for one burst. Refused input is heard as ever.
- Red is lit for {_lit(alarms.HIGH)}, yellow for
  {_lit(alarms.MEDIUM)}; cyan stays steady.

[Alarms](../../firmware/docs/alarms.md) has all figures of both. Pauses of minutes are outside of
what IEC 60601-1-8 has between bursts (2.5 to 15 s at high priority): take `quiet` where somebody
sees the light as well, or a host watches. `titrate equipment show` has the setting, `titrate
alarms` says so when it is `quiet`, and `titrate alarms --test` lets it be heard.

## Keys

"""


def text() -> str:
    """The content of host_tools/docs/equipment.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION.rstrip("\n")
    yield ""
    yield from key_tables("At the top", EQUIPMENT)
    yield "Limits, checked by host and pump:"
    yield ""
    yield "| what | from | to | why |"
    yield "| --- | --- | --- | --- |"
    for _, title, unit, minimum, maximum, why in equipment.SETTINGS:
        if maximum:
            yield f"| {title} | {minimum} {unit} | {maximum} {unit} | {why} |"
    yield ""
