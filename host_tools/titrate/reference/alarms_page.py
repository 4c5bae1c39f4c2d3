"""firmware/docs/alarms.md: every alarm, what it does, what to do, what raises it, its tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pump.core import alarms, annunciation
from pump.core.alarm_texts import TEXTS
from pump.core.service_interval import TURNS
from titrate.reference.alarm_evidence import raised_by, tests_of_alarms

_TESTS_SHOWN = 2
_LATCHING = {
    alarms.GOES: "goes with its cause",
    alarms.LATCHES: "latches",
    alarms.MOMENT: "a moment; stays until acknowledged",
}
_LIGHTS = {annunciation.RED: "red", annunciation.YELLOW: "yellow", annunciation.CYAN: "cyan"}

_HEAD = f"""# Alarms

Made by `python -m titrate.reference` from `firmware/pump/core/alarms.py`, `alarm_texts.py` and
`annunciation.py`, and from the syntax trees of firmware and tests; `--check` fails when nothing
raises an alarm, or no test names it.

Bench and research use only, not for use on people. Patterned after IEC 60601-1-8; no conformity is
claimed.

- Acknowledged is not cleared: the light and the effect stay while the cause is there, and the sound
  comes back as a reminder. Silence lasts {alarms.SILENCE_S} s and never longer.
- The highest priority sounds; the others wait until it has ended. All of it works with the console
  dead.
- An alarm that stops delivery leaves the pump `halted` (or `empty`). Nothing starts again before it
  was acknowledged and its cause has gone; after a halt, `stop` comes first.
- While an alarm of high priority is active, no bolus that is asked for is given (GIP v1.0, 1.4.11).
- A fault that stops or slows delivery and comes {alarms.REPEATS} times in
  {alarms.REPEAT_WINDOW_S // 60} min, and as many resets in that time, raise `same_fault_thrice`.
- The drive is due for service each {TURNS:,} turns of its motor.

| effect | what it means |
| --- | --- |
| keep | delivery goes on as it is |
| minimum rate | the programme's minimum rate, boluses cancelled; where it has none, as below |
| finish stroke and stop | what the step generator has fetched is made, < 2 s; then `halted` |
| stop at once | no further step, between two microsteps; the motor is switched off; `halted` |
"""


def text(root: Path) -> str:
    """The page's text.

    Args:
        root: the repository's, with its tests.
    """
    raising = raised_by(root)
    tests = tests_of_alarms(root)
    parts = [_HEAD, _signals()]
    for priority in (alarms.HIGH, alarms.MEDIUM, alarms.LOW, alarms.INFORMATION):
        parts.append(f"\n## {alarms.PRIORITY_NAMES[priority].capitalize()} priority\n")
        for code, row in alarms.ALARMS.items():
            if row[alarms.PRIORITY] == priority:
                parts.append(_alarm(code, row, raising[code], tests[code]))
    return "".join(parts)


def _signals() -> str:
    return f"""
Light and sound have one of two cadences, which the
[equipment](../../host_tools/docs/equipment.md#light-and-sound) names. `{annunciation.FULL}`, where
it names none:

{_cadence(False)}
`{annunciation.QUIET}`, for a battery; what is raised is heard at once, unless it is of a lower
priority than what sounds:

{_cadence(True)}"""


def _cadence(is_quiet: bool) -> str:
    rows = ["| priority | light | sound | lit | sounding |\n"]
    rows.append("| --- | --- | --- | --- | --- |\n")
    for priority in (alarms.HIGH, alarms.MEDIUM, alarms.LOW, alarms.INFORMATION):
        cells = (
            alarms.PRIORITY_NAMES[priority],
            _light(priority, is_quiet),
            _sound(priority, is_quiet),
            _share(annunciation.light(priority, is_quiet)),
            _share(annunciation.sound(priority, is_quiet)),
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def _share(pattern: tuple[tuple[int, int], ...]) -> str:
    """Of the time of a pattern, how much has light or a tone."""
    on_ms = sum(ms for ms, value in pattern if value)
    return f"{float(f'{100 * on_ms / annunciation.length_ms(pattern):.2g}'):g} %"


def _light(priority: int, is_quiet: bool) -> str:
    pattern = annunciation.light(priority, is_quiet)
    lit = [(ms, _LIGHTS[colour]) for ms, colour in pattern if colour]
    if not lit:
        return "none"
    if len(pattern) == 1:
        return f"{lit[0][1]}, steady"
    period_ms = annunciation.length_ms(pattern)
    return f"{lit[0][1]}, {lit[0][0]} ms of every {period_ms} ms"


def _sound(priority: int, is_quiet: bool) -> str:
    pattern = annunciation.sound(priority, is_quiet)
    tones = [hz for _, hz in pattern if hz]
    if not tones:
        return "none"
    silence_s = pattern[-1][0] / 1000
    if is_quiet:
        sounding_s = sum(ms for ms, hz in pattern if hz) / 1000
        pitches = len(set(tones))
        return (
            f"{'one tone' if pitches == 1 else f'{pitches} tones in turn'} for {sounding_s:g} s, "
            f"then {silence_s:g} s of silence"
        )
    return f"{len(tones)} pulses, then {silence_s:g} s of silence"


def _alarm(code: str, row: Sequence[int | str], raising: list[str], tests: list[str]) -> str:
    cause, ends, what_to_do = TEXTS[code]
    reminder_s = int(row[alarms.REMINDER_S])
    facts = [
        f"**{alarms.EFFECT_NAMES[int(row[alarms.EFFECT])]}**",
        _LATCHING[int(row[alarms.LATCHING])],
        f"clears {ends}",
        f"reminds every {_span(reminder_s)}" if reminder_s else "no reminder",
    ]
    source = "Raised by " + ", ".join(f"`{module}`" for module in raising) + "."
    shown = "; ".join(f"`{name}`" for name in tests[:_TESTS_SHOWN])
    if len(tests) > _TESTS_SHOWN:
        shown += f"; {len(tests) - _TESTS_SHOWN} more"
    return (
        f"\n### `{code}`\n\n{cause[0].upper()}{cause[1:]}. {what_to_do}\n\n"
        f"- {'; '.join(facts)}\n- {source}\n" + (f"- Tests: {shown}\n" if shown else "")
    )


def _span(seconds: int) -> str:
    for unit_s, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds % unit_s == 0:
            count = seconds // unit_s
            return unit if count == 1 else f"{count} {unit}"
    return f"{seconds} s"
