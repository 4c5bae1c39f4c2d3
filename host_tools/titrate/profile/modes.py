"""From the tables of a profile's modes to those of a programme."""

from fractions import Fraction

from pump.core import ratio
from pump.core.errors import BadText
from pump.core.modes import Bridge, Demand, DoseWindow, Intermittent, Vtbi
from pump.core.quantity import dose_ng, format_dose, parse_rate_nl_per_h, quote
from titrate.profile import kinds
from titrate.profile.positions import Path
from titrate.profile.reader import Reader

Ratio = tuple[int, int]


def read_modes(reader: Reader, daily_nl: set[Ratio]) -> dict[str, object]:
    """The modes of a programme by their attribute; what is wrong is noted with the reader.

    Args:
        reader: of the profile.
        daily_nl: the daily volumes of the week, basal and scheduled boluses, each once.
    """
    return {
        "intermittent": _intermittent(reader),
        "demand": _demand(reader),
        "dose_window": _dose_window(reader),
        "bridge": _bridge(reader, daily_nl),
        "vtbi": _vtbi(reader),
        "resume_within_s": _duration_s(reader, ("resume", "within"))
        if reader.has(("resume",))
        else None,
    }


def _intermittent(reader: Reader) -> Intermittent | None:
    path: Path = ("intermittent",)
    if not reader.has(path):
        return None
    first: Path = (*path, "first")
    return Intermittent(
        _duration_s(reader, first) if reader.has(first) else 0,
        _duration_s(reader, (*path, "every")),
        reader.amount_nl((*path, "dose")),
        _duration_s(reader, (*path, "over")),
    )


def _demand(reader: Reader) -> Demand | None:
    path: Path = ("demand",)
    if not reader.has(path):
        return None
    return Demand(
        reader.amount_nl((*path, "dose")),
        _duration_s(reader, (*path, "over")),
        _duration_s(reader, (*path, "lockout")),
        _duration_s(reader, (*path, "per")),
        reader.at((*path, "at_most")),
    )


def _dose_window(reader: Reader) -> DoseWindow | None:
    path: Path = ("dose_window",)
    if not reader.has(path):
        return None
    return DoseWindow(_duration_s(reader, (*path, "per")), reader.amount_nl((*path, "at_most")))


def _vtbi(reader: Reader) -> Vtbi | None:
    path: Path = ("vtbi",)
    if not reader.has(path):
        return None
    kvo_rate: Path = (*path, "kvo_rate")
    return Vtbi(
        reader.amount_nl((*path, "volume")),
        reader.value((*path, "then"), kinds.THEN, ""),
        reader.rate_nl_per_h(kvo_rate) if reader.has(kvo_rate) else ratio.ZERO,
        _duration_s(reader, (*path, "near")),
    )


def _bridge(reader: Reader, daily_nl: set[Ratio]) -> Bridge | None:
    path: Path = ("bridge",)
    if not reader.has(path):
        return None
    volume_nl = reader.amount_nl((*path, "volume"))
    old: Ratio | None = None
    if reader.has((*path, "old")):
        old = reader.value((*path, "old"), kinds.CONCENTRATION, ratio.ONE)
        if reader.concentration_mcg_per_ml is None:
            reader.refuse(
                (*path, "old"),
                "the profile has no concentration of its own: write one under [drug], or a rate "
                "as a volume instead",
            )
    if reader.problems:
        return None
    if reader.has((*path, "rate")):
        rate_nl_per_h = _bridge_rate(reader, (*path, "rate"), old)
        return Bridge(volume_nl, rate_nl_per_h, old or ratio.ZERO)
    if old is None:
        reader.refuse(
            path, 'old or rate is missing: write one of the two, for example old = "500 mcg/mL"'
        )
        return None
    new = reader.concentration_mcg_per_ml
    assert new is not None
    if old == new:
        reader.refuse(
            (*path, "old"),
            f"{quote(reader.at((*path, 'old')))} is the new concentration, too: there is nothing "
            "to bridge, leave it out",
        )
        return None
    if len(daily_nl) > 1:
        doses = " and ".join(sorted(format_dose(dose_ng(each, new)) for each in daily_nl))
        reader.refuse(
            path,
            f"the weekdays differ in their daily dose, {doses}: write the one that the bridge is "
            'to keep, for example rate = "300 mcg/day"',
        )
        return None
    # The dose that the day has at the new concentration, in the volume that holds it at the old.
    keeps = Fraction(*next(iter(daily_nl))) / 24 * Fraction(*new) / Fraction(*old)
    return Bridge(volume_nl, keeps.as_integer_ratio(), old)


def _bridge_rate(reader: Reader, path: Path, old: Ratio | None) -> Ratio:
    text = reader.at(path)
    try:
        return parse_rate_nl_per_h(text, None)
    except BadText:
        if old is None:
            reader.refuse(
                path,
                f"{quote(text)} is a dose, and the path holds the old drug: write its "
                'concentration, too, for example old = "500 mcg/mL", or a volume over time',
            )
            return ratio.ONE
        return parse_rate_nl_per_h(text, old)


def _duration_s(reader: Reader, path: Path) -> int:
    return reader.value(path, kinds.DURATION, 1)
