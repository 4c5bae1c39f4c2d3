"""host_tools/docs/rules.md: every rule, what is done about it, and the tests of that."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from titrate.plan.rulebook import CANNOT, Rule, rules
from titrate.reference.evidence import tests_of_rules

_HEAD = """# The rules B1-B70 and their evidence

Made by `python -m titrate.reference` from `host_tools/titrate/plan/rules.toml` and the markers of
the tests; `--check` fails when a rule has lost its last test.

Bench and research use only, not for use on people.

The rules are those of a product monograph of intrathecal baclofen, in our own words: AHFS, Baclofen
(Intrathecal), selected revisions of 2024-06-10. The numbers are this project's. Maintenance doses
are doses that were *seen*, not maxima of a label.

- **computed**: worked out, or warned of, by the functions named ([plan.md](plan.md));
- **enforced**: judged by host and pump with the drug library, which refuses it (hard) or asks for a
  reason (soft), and worked out by the functions named;
- **told**: said in the output of the functions named, because a person has to do it;
- **cannot**: nothing that software could do; the note says why.

The figure for plasma in children is in ng/mL, like all others; where a printed edition has another
unit, that is a misprint, and not carried over.
"""


def text(root: Path) -> str:
    """The page's text.

    Args:
        root: the repository's, with its tests.
    """
    tests = tests_of_rules(root)
    parts = [_HEAD, _summary()]
    for topic, each in groupby(rules().values(), key=lambda rule: rule.topic):
        parts.append(
            f"\n## {topic}\n\n| | rule | figure | | tests |\n| --- | --- | --- | --- | --- |\n"
        )
        parts += [_row(rule, tests.get(rule.number, [])) for rule in each]
    return "".join(parts)


def _summary() -> str:
    count: dict[str, int] = {}
    for rule in rules().values():
        count[rule.how] = count.get(rule.how, 0) + 1
    shown = ", ".join(f"{number} {how}" for how, number in sorted(count.items()))
    return f"\n{len(rules())} rules: {shown}.\n"


def _row(rule: Rule, tests: list[str]) -> str:
    how = f"**{rule.how}**"
    if rule.where:
        how += ": " + ", ".join(f"`{where}`" for where in rule.where)
    if rule.note:
        how += f"; {rule.note}"
    shown = "<br>".join(f"`{name}`" for name in tests)
    if not shown:
        shown = "-" if rule.how == CANNOT else "**missing**"
    return f"| {rule.number} | {rule.statement} | {rule.figure} | {how} | {shown} |\n"
