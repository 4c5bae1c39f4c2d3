"""`titrate plan`: what a profile does in the fluid, and what a log says over time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from pump.core import quantity
from pump.core.errors import BadText, PumpError
from pump.core.quantity import quote
from titrate import plan
from titrate.cli import libraries, profiles
from titrate.cli.commands.plan import quantities as q
from titrate.cli.commands.plan.view import give
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import WrongInput
from titrate.simulation import begin
from titrate.simulation.requests import BolusRequest

_PLOT_SUFFIXES = (".svg", ".png")


@click.command("csf", cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--hours", type=q.HOURS, default="48", show_default=True, help="For how long.")
@click.option("--from", "from_s", type=q.INSTANT_S, help="When it is started.")
@click.option(
    "--bolus",
    "boluses",
    nargs=3,
    multiple=True,
    metavar="AFTER AMOUNT DURATION",
    help='Ask for a bolus, such as "24 h" "50 mcg" "10 min". May be repeated.',
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw rate and model into FILE, an .svg or .png.",
)
@click.pass_obj
def csf(
    session: Session,
    file: Path,
    hours: Fraction,
    from_s: int | None,
    boluses: tuple[tuple[str, str, str], ...],
    plot: Path | None,
) -> None:
    """Model the cerebrospinal fluid, to teach.

    One compartment over what the profile FILE delivers. Teaching only: no dose follows from it.
    """
    if plot is not None and plot.suffix not in _PLOT_SUFFIXES:
        raise WrongInput(f"{plot} is no name for a plot: end it in .svg or .png", "usage")
    profile = profiles.read(file)
    programme = profile.programme
    begin_s = begin.begin_s(programme) if from_s is None else from_s
    requests = []
    for after, amount, duration in boluses:
        try:
            at_s = begin_s + quantity.parse_duration_s(after)
            volume_nl = quantity.parse_amount_nl(amount, programme.concentration_mcg_per_ml)
            length_s = quantity.parse_duration_s(duration)
        except PumpError as error:
            raise BadText(f"--bolus: {error.sentence}", error.code) from None
        requests.append(BolusRequest(at_s, Fraction(*volume_nl), length_s))
    found = plan.csf(programme, hours, profile.fill_nl, begin_s, requests)
    if plot is not None:
        # Drawing takes a second to load; nothing else waits for it.
        from titrate.plan.csf_plot import draw

        try:
            draw(found, plot)
        except OSError as error:
            raise WrongInput(
                f"{error.filename} cannot be written: {error.strerror}", "file"
            ) from error
    give(session.output, found)


@click.command("trend", cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--measured",
    nargs=2,
    multiple=True,
    metavar="DATE VOLUME",
    help='Residual drawn out at the refill of a day, as 2026-11-22 "3.6 mL". May be repeated.',
)
@click.option(
    "--group", type=q.GROUP, default="spinal-adult", show_default=True, help="Of patients."
)
@click.option(
    "--concentration", type=q.CONCENTRATION_MCG_ML, help="For doses; the same all the time."
)
@click.option(
    "--from", "from_s", type=q.INSTANT_S, help="Leave out what was before, such as another drug."
)
@libraries.PLAN_LIBRARY
@click.pass_obj
def trend(
    session: Session,
    file: Path,
    measured: tuple[tuple[str, str], ...],
    group: str,
    concentration: Fraction | None,
    from_s: int | None,
) -> None:
    """Look for a failing catheter or pump in a log.

    FILE is what `titrate log --from 0` printed with --jsonl, --json or --csv. A sudden rise of
    the requirement, or a delivered ratio that drifts, raises the suspicion.
    """
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}", "no_file") from error
    except UnicodeDecodeError:
        raise WrongInput(f"{file} is no text: export the log again", "bad_text") from None
    entries = plan.read_log(text)
    residuals = {_refill_of(entries, day): _volume_ml(ml) for day, ml in measured}
    give(session.output, plan.trend(entries, residuals, group, concentration, from_s or 0))


def _refill_of(entries: list[plan.Entry], day: str) -> int:
    """The number of the one refill on a day."""
    try:
        begin_s = quantity.parse_instant_s(f"{day}T00:00")
    except BadText:
        raise BadText(f"--measured: {quote(day)} is no date: write one as 2026-11-22") from None
    found = [
        entry.sequence
        for entry in entries
        if entry.code == "refill"
        and entry.at_s is not None
        and begin_s <= entry.at_s < begin_s + 86_400
    ]
    if len(found) != 1:
        raise WrongInput(
            f"--measured: on {day} the log has {len(found) or 'no'} refills: name a day that has "
            "one",
            "out_of_range",
        )
    return found[0]


def _volume_ml(text: str) -> Fraction:
    try:
        return Fraction(*quantity.parse_volume_nl(text)) / 10**6
    except PumpError as error:
        raise BadText(f"--measured: {error.sentence}", error.code) from None
