"""`titrate simulate`."""

from fractions import Fraction
from pathlib import Path

import click
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from pump.core import quantity, ratio
from pump.core.errors import BadText, OutOfRange
from pump.core.programme import Programme
from pump.core.schedule import DAY_S, HOUR_S
from titrate.cli import libraries, profiles, show
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.simulation import BolusRequest, DayVolume, Event, Simulation, begin
from titrate.simulation import simulate as run
from titrate.simulation.simulate import DURATION_S_MAX

_ROWS_MAX = 16
_PLOT_SUFFIXES = (".svg", ".png")


@click.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--days", metavar="N", help="For how many days; without --hours, 1.")
@click.option("--hours", metavar="H", help='For how many hours, such as "36" or "0.5".')
@click.option(
    "--from",
    "from_text",
    metavar="INSTANT",
    help="When it is started; else at the programme's start, on the day its course first changes, "
    "or on Monday 2001-01-01 at 00:00.",
)
@click.option("--fill", metavar="VOLUME", help='In the reservoir at the start, such as "18 mL".')
@click.option(
    "--bolus",
    "boluses",
    nargs=3,
    multiple=True,
    metavar="WHEN AMOUNT DURATION",
    help='Ask for a bolus, such as "2 h" "50 mcg" "10 min"; WHEN is an instant, or a time after '
    "the start. May be repeated.",
)
@click.option(
    "--demand",
    "demands",
    multiple=True,
    metavar="WHEN",
    help="Ask for the demand bolus, WHEN as above. May be repeated.",
)
@click.option(
    "--edges",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Write the instant of every step there, as t_ns,dir.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw rate, delivery and reservoir into FILE, an .svg or .png.",
)
@libraries.LIBRARY
@click.pass_obj
def simulate(
    session: Session,
    file: Path,
    days: str | None,
    hours: str | None,
    from_text: str | None,
    fill: str | None,
    boluses: tuple[tuple[str, str, str], ...],
    demands: tuple[str, ...],
    edges: Path | None,
    plot: Path | None,
    library: str | None,
) -> None:
    """Run the profile FILE without a pump.

    The pump's own scheduler runs from change to change. Told are the steps, what was delivered
    against what was prescribed, the reservoir, and the instant of every change, bolus and alarm.
    The drug library judges the profile and every bolus, as `titrate check` and the pump do.
    """
    if plot is not None and plot.suffix not in _PLOT_SUFFIXES:
        raise WrongInput(f"{plot} is no name for a plot: end it in .svg or .png", "usage")
    profile = profiles.read(file)
    programme = profile.programme
    start_s = _start_s(programme, from_text)
    used = libraries.read(library)
    try:
        found = run(
            programme,
            start_s,
            _duration_s(days, hours),
            profile.fill_nl if fill is None else Fraction(*quantity.parse_volume_nl(fill)),
            [_bolus(programme, start_s, *words) for words in boluses],
            [_instant_s(start_s, when) for when in demands],
            None if used is None else used.library,
        )
    except OutOfRange as error:
        if used is None or error.code != "hard_limit":
            raise
        raise libraries.refusal(used, error.sentence) from error
    try:
        if edges is not None:
            from titrate.simulation.edges import write_edges

            write_edges(found, edges)
        if plot is not None:
            # Drawing takes a second to load; nothing else waits for it.
            from titrate.simulation.plot import draw

            draw(found, plot)
    except OSError as error:
        raise WrongInput(f"{error.filename} cannot be written: {error.strerror}", "file") from error
    judged_by = libraries.title(used)
    session.output.result(
        _values(found, profile.digest, judged_by), _view(found, profile.digest, judged_by)
    )


def _start_s(programme: Programme, text: str | None) -> int:
    if text is not None:
        return quantity.parse_instant_s(text)
    return begin.begin_s(programme)


def _duration_s(days: str | None, hours: str | None) -> int:
    """The time to simulate, in whole seconds."""
    if days is not None and hours is not None:
        raise WrongInput("take one of --days and --hours", "usage")
    unit_s, text, unit = (DAY_S, days or "1", "days")
    if hours is not None:
        unit_s, text, unit = (HOUR_S, hours, "hours")
    try:
        duration_s = Fraction(text) * unit_s
    except (ValueError, ZeroDivisionError):
        raise WrongInput(f"{text!r} is no number: write one such as 7 or 0.5", "usage") from None
    if duration_s.denominator != 1:
        raise WrongInput(f"{text} is no whole number of seconds: choose a rounder one", "usage")
    if not 1 <= duration_s <= DURATION_S_MAX:
        raise WrongInput(
            f"{text} {unit} cannot be simulated: the limit is 1 s to 100 years; choose a time "
            "within that",
            "out_of_range",
        )
    return int(duration_s)


def _instant_s(start_s: int, when: str) -> int:
    """When a bolus is asked for: an instant, or a time after the start."""
    try:
        return start_s + quantity.parse_duration_s(when)
    except BadText:
        try:
            return quantity.parse_instant_s(when)
        except BadText:
            raise WrongInput(
                f"{when!r} is no time of a bolus: write an instant such as 2026-11-22T20:05, or "
                'a time after the start such as "2 h"',
                "bad_text",
            ) from None


def _bolus(
    programme: Programme, start_s: int, when: str, amount: str, duration: str
) -> BolusRequest:
    at_s = _instant_s(start_s, when)
    volume_nl = quantity.parse_amount_nl(amount, programme.concentration_mcg_per_ml)
    return BolusRequest(at_s, Fraction(*volume_nl), quantity.parse_duration_s(duration))


def _values(found: Simulation, digest: str, judged_by: str) -> dict[str, object]:
    return {
        "name": found.programme.name,
        "programme_digest": digest,
        "from": quantity.format_instant(found.start_s),
        "duration_s": found.duration_s,
        "fill_nl": str(found.fill_nl),
        "microstep_nl": str(found.microstep_nl),
        "steps": found.steps,
        "delivered_nl": str(found.delivered_nl),
        "prescribed_nl": str(found.prescribed_nl),
        "residual_nl": str(found.residual_nl),
        "events": [_event_values(event) for event in found.events],
        "days": [_day_values(day) for day in found.days],
        "library": judged_by,
        "soft_limits": [
            {"t_s": each.t_s, "limit": each.code, "sentence": each.sentence}
            for each in found.soft_limits
        ],
    }


def _event_values(event: Event) -> dict[str, object]:
    is_whole = event.t_s.denominator == 1
    return {
        "t_s": int(event.t_s) if is_whole else float(event.t_s),
        "exact_t_s": str(event.t_s),
        "code": event.code,
        **{key: str(value) for key, value in event.values.items()},
        **({"sentence": event.sentence} if event.sentence else {}),
    }


def _day_values(day: DayVolume) -> dict[str, object]:
    return {
        "from": quantity.format_instant(day.start_s),
        "steps": day.steps,
        "delivered_nl": str(day.delivered_nl),
        "prescribed_nl": str(day.prescribed_nl),
    }


def _view(found: Simulation, digest: str, judged_by: str) -> Group:
    concentration = found.programme.concentration_mcg_per_ml
    volume = ratio.ratio(found.prescribed_nl.numerator, found.prescribed_nl.denominator)
    table = show.grid()
    table.add_row("profile", f"{found.programme.name} ({digest})")
    end_s = found.start_s + found.duration_s
    table.add_row("from", f"{show.instant(found.start_s)} to {show.instant(end_s)}")
    table.add_row("prescribed", quantity.format_amount(volume, concentration))
    table.add_row(
        "delivered",
        f"{show.amount(found.delivered_nl, _as_fraction(concentration))} in {found.steps} "
        f"microsteps of {show.volume(found.microstep_nl)}",
    )
    table.add_row("reservoir", f"{show.volume(found.residual_nl)} of {show.volume(found.fill_nl)}")
    table.add_row("drug library", judged_by)
    for limit in found.soft_limits:
        at = f"after {quantity.format_duration(limit.t_s)}: " if limit.t_s else ""
        table.add_row("[yellow]soft limit[/]", escape(at + limit.sentence))
    parts = [table, _event_table(found)]
    if len(found.days) > 1:
        parts.append(_day_table(found))
    return Group(*parts)


def _event_table(found: Simulation) -> Table:
    """The events; changes of the rate only as long as there are few of all."""
    events = list(found.events)
    if len(events) > _ROWS_MAX:
        events = [event for event in events if event.code != "rate_changed"]
    table = show.columns("", "after", "event", "")
    for event in events[:_ROWS_MAX]:
        at_s = found.start_s + event.t_s
        after_s = int(event.t_s)
        table.add_row(
            show.instant(int(at_s)),
            quantity.format_duration(after_s),
            event.code,
            _detail(found, event),
        )
    left_out = len(found.events) - min(len(events), _ROWS_MAX)
    if left_out:
        table.add_row("", "", f"and {left_out} more", "all of them with --json")
    return table


def _detail(found: Simulation, event: Event) -> str:
    for key, value in event.values.items():
        if key == "rate_nl_per_h":
            return show.rate(value, _delivered_mcg_per_ml(found, event))
        return show.amount(value, _as_fraction(found.programme.concentration_mcg_per_ml))
    return escape(event.sentence)


def _delivered_mcg_per_ml(found: Simulation, event: Event) -> Fraction | None:
    """The concentration of what leaves the catheter from a change of the rate on."""
    bridge = found.programme.bridge
    ends = [each.t_s for each in found.events if each.code == "bridge_finished"]
    if bridge is None or (ends and event.t_s >= ends[0]):
        return _as_fraction(found.programme.concentration_mcg_per_ml)
    return Fraction(*bridge.old_mcg_per_ml) or None


def _day_table(found: Simulation) -> Table:
    concentration = _as_fraction(found.programme.concentration_mcg_per_ml)
    table = show.columns("day", "prescribed", "delivered", "microsteps")
    for day in found.days[:_ROWS_MAX]:
        table.add_row(
            show.instant(day.start_s),
            show.amount(day.prescribed_nl, concentration),
            show.amount(day.delivered_nl, concentration),
            str(day.steps),
        )
    left_out = len(found.days) - _ROWS_MAX
    if left_out > 0:
        table.add_row(f"and {left_out} more", "", "all of them with --json", "")
    return table


def _as_fraction(value: tuple[int, int] | None) -> Fraction | None:
    return None if value is None else Fraction(*value)
