"""The reference page of the library's format, made from its declaration.

host_tools/docs/library.md is what text() gives.
"""

from collections.abc import Iterator

from pump.core.library import BASES, TEXT_MAX, WHATS
from titrate.library.declarations import LIBRARY
from titrate.library.kinds import what_text
from titrate.profile.page import key_tables

_INTRODUCTION = f"""\
<!-- Made by titrate.library.page from titrate.library.declarations: change it there. -->
# The drug library

A drug library says what each drug may be dosed at, and on whose word. It is a TOML file that a
pharmacist reads and edits; Titrate comes with
[library.toml](../titrate/library/library.toml): baclofen by the rules B1-B70, ziconotide by its US
label, and plain liquids by volume. For bench and research use, not for use on people.

    titrate library check FILE        format, limits against each other, sources, changelog
    titrate library show [FILE]       readable; --pump shows the pump's, --drug NAME one drug
    titrate library diff OLD NEW      what a new edition changes
    titrate library install [FILE]    give it to the pump: review, then confirm

Host and pump judge by the same code (`pump.core.library_rules`). The host takes `--library FILE`,
else `TITRATE_LIBRARY`, else the one that comes with Titrate; `--library none` judges nothing on
the host (not in `plan`, whose calculations need limits). The pump has a compact copy of its own in
flash (at most {TEXT_MAX} bytes), with check sum, digest and version, and judges by it
whatever the host did.

## Hard and soft

- Beyond a **hard** limit a programme, a rate, a bolus or a start is refused; the sentence has the
  limit, its value and its source.
- Beyond a **soft** limit the review says so, and the pump asks for a reason of 4 to 48 characters
  (`--reason "..."`, or at the question). It is journalled as `limit_overridden` with the limit's
  name, one entry a limit. A demand bolus is not asked for a reason: its soft limits are answered
  for when the programme is confirmed.
- A drug that is not in the library, or a concentration that is neither one of its strengths nor
  within its dilution, is refused.
- **No library**: `titrate status` says so, the review warns, nothing is judged.
- **A damaged library**: alarm `library_damaged`; what runs goes on, because to stop it may do
  more harm; no drug is programmed, started, or given as a bolus until one is installed.
- Ranges that were **observed** are marked so wherever they are shown: they are no maxima of a
  label. The standard library makes the tops of the observed ranges hard limits, because no label
  gives any; a site may choose others.
- Without a `patient_group` in the profile the strictest limit of all groups counts.

## How it is judged

- **Daily dose**: the highest 24 hours that can be cut out of the week, all boluses included, not
  only from midnight to midnight; the course of a taper or ramp counts at its highest, minimum rate
  and KVO as a day of their own. A window across two programmes is bounded by the sum of their
  highest days, or 24 hours of the highest basal rate and all boluses, whichever is less.
- **A bolus** counts on top of a full day of basal at the programmed rate and of every bolus asked
  for in the last 24 h, even a cancelled one. What has been delivered so far is no measure (proven
  flaw of an earlier rule, DOI 10.1017/S1471068424000280).
- **Increase**: against the daily dose that was in force 24 hours ago, so that several small ones
  are one; and the time since the dose was last raised or begun. The pump knows both from its
  journal (`daily_dose`); the host does not and leaves them out.
- **At a refill**: an increase counts as one at a refill when the reservoir was refilled in the last
  24 hours and the dose was not raised since; then `increase at refill` stands in for `increase`.
- **Decrease**: against the highest daily dose in force in the last 24 hours.
- **First daily dose**: where that drug was not dosed before.
- When the clock is not known, none of these can be judged: a change then needs a reason.
- A dose counts from when it is delivered: programmes that were confirmed and never started, do not.
- **Bridge** rates are not judged: what they deliver is the old concentration.

## What can be limited

| what | bounds | value |
| --- | --- | --- |
"""

_TEMPLATE = """\
## A drug of your own

Copy the standard library, and for each figure write down whose it is:

```toml
[[source]]
name = "SPC 4.2"
text = "Summary of product characteristics of ..., section 4.2, edition of ..."

[[drug]]
name = "tracer"
dosed = "by dose"
strengths = ["1 mg/mL"]

[[drug.limit]]
what = "daily dose"
at_most = "24 mg/day"
kind = "hard"
basis = "label"
source = "SPC 4.2"
```

Then write a `[[change]]` at the top with a new version, `titrate library check`, have a second
person read `titrate library diff OLD NEW`, and install it.
"""


def text() -> str:
    """The content of host_tools/docs/library.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION.rstrip("\n")
    for what, (title, unit, bounds) in WHATS.items():
        named = " and ".join("`at_most`" if bound == "max" else "`at_least`" for bound in bounds)
        yield f"| `{what_text(what)}`: {title} | {named} | {_VALUES[unit]} |"
    yield ""
    yield "| basis | shown as |"
    yield "| --- | --- |"
    for basis, shown in BASES.items():
        yield f"| `{basis}` | {shown} |"
    yield ""
    yield "## Keys"
    yield ""
    yield from key_tables("At the top", LIBRARY)
    yield _TEMPLATE


_VALUES = {
    "amount/day": '`"300 mcg/day"`; by volume `"0.6 mL/day"`',
    "amount/h": '`"12.5 mcg/h"`; by volume `"25 uL/h"`',
    "amount": '`"50 mcg"`; by volume `"100 uL"`',
    "s": '`"24 h"`, `"1 min"`, `"180 days"`',
    "%": '`"30 %"`',
    "count": '`"4"`; 0 allows none',
}
