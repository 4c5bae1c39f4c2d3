"""`titrate accuracy`: measure, bolus, predict, chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from pump.core import quantity
from titrate.cli import geometry, show
from titrate.cli.session import Session, TitrateCommand, TitrateGroup
from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from titrate.accuracy import Liquid, Measurement, Method, ScrewError, TrumpetPoint
    from titrate.accuracy.record import Record

_PLOT_SUFFIXES = (".svg", ".png")
_WINDOWS_HELP = 'Observation windows, such as "2 min"; may be repeated.'


@click.group(cls=TitrateGroup)
def accuracy() -> None:
    """Measure and predict how well a pump doses.

    The figures are those of IEC 60601-2-24: start-up curve, trumpet curve, mean error A, bolus
    accuracy.
    """


def _plot_option(command: Any) -> Any:
    return click.option(
        "--plot",
        "plots",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Draw into FILE, an .svg or .png; may be repeated.",
    )(command)


def _liquid_options(command: Any) -> Any:
    for option in (
        click.option("--evaporation", metavar="LOSS", help='From the vessel, such as "0.4 mg/h".'),
        click.option("--temperature", metavar="T", help='Of the water, such as "22.5 degC".'),
        click.option("--density", metavar="D", help='Of the liquid, such as "0.9982 g/mL".'),
    ):
        command = option(command)
    return command


def _method_options(command: Any) -> Any:
    for option in (
        click.option("--analysis", metavar="TIME", help="Length of the analysis period."),
        click.option("--settle", metavar="TIME", help="From the start to the analysis period."),
        click.option("--window", "windows", multiple=True, metavar="TIME", help=_WINDOWS_HELP),
        click.option("--sample", metavar="TIME", help='Sample interval, such as "30 s".'),
        click.option(
            "--method",
            "method_name",
            type=click.Choice(["standard", "ambulatory"]),
            default="standard",
            show_default=True,
            help="standard: S 30 s, windows 2-31 min, hour 2; ambulatory: S 15 min, windows "
            "15-930 min, after 24 h.",
        ),
    ):
        command = option(command)
    return command


def _screw_options(command: Any) -> Any:
    for option in (
        click.option("--screw-period", metavar="LENGTH", help="Of that error; else the lead."),
        click.option(
            "--screw-error", metavar="LENGTH", help='Periodic error of the screw, as in "5 um".'
        ),
    ):
        command = option(command)
    return command


@accuracy.command(cls=TitrateCommand)
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--rate", required=True, metavar="RATE", help='The set rate, such as "1 mL/h".')
@click.option("--start", metavar="TIME", help="The record's time at which the pump was started.")
@geometry.options
@_liquid_options
@_method_options
@_screw_options
@_plot_option
@click.pass_obj
def measure(
    session: Session,
    record: Path,
    rate: str,
    start: str | None,
    profile: Path | None,
    syringe: str | None,
    lead: str | None,
    full_steps: int | None,
    microsteps: int | None,
    gear: str | None,
    density: str | None,
    temperature: str | None,
    evaporation: str | None,
    method_name: str,
    sample: str | None,
    windows: tuple[str, ...],
    settle: str | None,
    analysis: str | None,
    screw_error: str | None,
    screw_period: str | None,
    plots: tuple[Path, ...],
) -> None:
    """Start-up curve, trumpet curve and mean error of the RECORD of a run.

    RECORD is a CSV: STEP edges (t_ns,dir) as `titrate virtual --edges` writes them, or a balance
    log or any other table of mass or volume over time, with the units in its head (time_s,mass_g).

    Beside it stands what the geometry allows, where a profile or a syringe names it.
    """
    from titrate.accuracy import measure as run
    from titrate.accuracy import predicted_trumpet

    _check_plots(plots)
    built = geometry.read(profile, syringe, lead, full_steps, microsteps, gear)
    rate_nl_per_h = _rate(rate, built)
    opened = _read_record(record, rate_nl_per_h, built, _liquid(density, temperature, evaporation))
    start_s = None if start is None else Fraction(quantity.parse_duration_s(start))
    method = _method(method_name, sample, windows, settle, analysis)
    found = run(opened, rate_nl_per_h, method, start_s)
    predicted = None
    if built is not None:
        screw = _screw(screw_error, screw_period, built.lead_um)
        predicted = predicted_trumpet(
            rate_nl_per_h, built.microstep_nl, built.microstep_um, found.method.windows_s, screw
        )
    title = f"{record.name} at {show.rate(rate_nl_per_h, None)}"
    _draw(found, predicted, title, plots, "measured")
    session.output.result(
        {"record": str(record), **_values(found, predicted, built)},
        *_view(str(record), found, predicted, built),
    )


@accuracy.command(cls=TitrateCommand)
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--volume", required=True, metavar="VOLUME", help="The set bolus.")
@click.option("--every", metavar="TIME", help="From one bolus to the next.")
@click.option("--first", metavar="TIME", help="The record's time before the first; else its start.")
@click.option("--count", type=int, default=25, show_default=True, help="Number of boluses.")
@click.option("--basal", metavar="RATE", help="What was delivered besides.")
@geometry.options
@_liquid_options
@_plot_option
@click.pass_obj
def bolus(
    session: Session,
    record: Path,
    volume: str,
    every: str | None,
    first: str | None,
    count: int,
    basal: str | None,
    profile: Path | None,
    syringe: str | None,
    lead: str | None,
    full_steps: int | None,
    microsteps: int | None,
    gear: str | None,
    density: str | None,
    temperature: str | None,
    evaporation: str | None,
    plots: tuple[Path, ...],
) -> None:
    """Error of repeated boluses in a RECORD.

    RECORD is as for `measure`, with --every; or a CSV without times, whose lines are the total
    before the first bolus and after each one.
    """
    from titrate.accuracy import bolus_accuracy, boluses_in, has_times, is_edges_file, read_totals

    _check_plots(plots)
    built = geometry.read(profile, syringe, lead, full_steps, microsteps, gear)
    set_nl = Fraction(
        *quantity.parse_amount_nl(volume, None if built is None else built.concentration_mcg_per_ml)
    )
    liquid = _liquid(density, temperature, evaporation)
    try:
        timed = is_edges_file(record) or has_times(record)
        if timed:
            if every is None:
                raise WrongInput('a record with times needs --every, such as "10 min"', "usage")
            every_s = Fraction(quantity.parse_duration_s(every))
            if every_s <= 0 or count < 1:
                raise WrongInput("--every and --count are above 0: name such ones", "usage")
            # The mean rate over a cycle places the start of a record of edges.
            basal_nl_per_h = _rate(basal, built) if basal else Fraction(0)
            mean_nl_per_h = set_nl * 3600 / every_s + basal_nl_per_h
            opened = _read_record(record, mean_nl_per_h, built, liquid)
            first_s = (
                opened.start_s if first is None else Fraction(quantity.parse_duration_s(first))
            )
            totals = boluses_in(opened, first_s, every_s, count, basal_nl_per_h)
        else:
            totals = read_totals(record, liquid)
    except OSError as error:
        raise WrongInput(f"{record} cannot be read: {error.strerror}", "no_file") from error
    found = bolus_accuracy(totals, set_nl)
    if plots:
        from titrate.accuracy.pictures import draw_boluses

        title = f"{record.name}: {len(found.delivered_nl)} boluses of {show.volume(set_nl)}"
        _write(lambda: draw_boluses(found, title, plots))
    table = show.grid()
    table.add_row("boluses", f"{len(found.delivered_nl)} of {show.volume(set_nl)}")
    table.add_row("mean error", _percent(found.mean_percent))
    table.add_row("largest", _percent(found.max_percent))
    table.add_row("smallest", _percent(found.min_percent))
    session.output.result(
        {
            "record": str(record),
            "set_nl": str(set_nl),
            "boluses": len(found.delivered_nl),
            "delivered_nl": [str(volume_nl) for volume_nl in found.delivered_nl],
            "mean_percent": float(found.mean_percent),
            "max_percent": float(found.max_percent),
            "min_percent": float(found.min_percent),
        },
        table,
    )


@accuracy.command(cls=TitrateCommand)
@click.option("--rate", required=True, metavar="RATE", help='The rate, such as "300 mcg/day".')
@geometry.options
@_method_options
@_screw_options
@_plot_option
@click.pass_obj
def predict(
    session: Session,
    rate: str,
    profile: Path | None,
    syringe: str | None,
    lead: str | None,
    full_steps: int | None,
    microsteps: int | None,
    gear: str | None,
    method_name: str,
    sample: str | None,
    windows: tuple[str, ...],
    settle: str | None,
    analysis: str | None,
    screw_error: str | None,
    screw_period: str | None,
    plots: tuple[Path, ...],
) -> None:
    """Start-up and trumpet curve that a geometry allows, before anything runs.

    A perfect stepper delivers whole microsteps when they are due. Told are its own curve from a
    start with no remainder, and the widest that any phase of it can show.
    """
    from titrate.accuracy import Stepper, predicted_trumpet
    from titrate.accuracy import measure as run

    _check_plots(plots)
    built = geometry.read(profile, syringe, lead, full_steps, microsteps, gear)
    if built is None:
        raise WrongInput("a prediction needs a geometry: name a --profile or a --syringe", "usage")
    rate_nl_per_h = _rate(rate, built)
    method = _method(method_name, sample, windows, settle, analysis)
    if method.analysis_s is None:
        # 100 sample intervals hold the longest window with room to move.
        method = replace(method, analysis_s=int(100 * method.sample_s))
    assert method.analysis_s is not None
    screw = _screw(screw_error, screw_period, built.lead_um)
    stepper = Stepper(
        rate_nl_per_h,
        built.microstep_nl,
        built.microstep_um,
        screw,
        Fraction(method.settle_s + method.analysis_s),
    )
    found = run(stepper, rate_nl_per_h, method)
    predicted = predicted_trumpet(
        rate_nl_per_h, built.microstep_nl, built.microstep_um, method.windows_s, screw
    )
    title = f"{built.name} at {show.rate(rate_nl_per_h, None)}: predicted"
    _draw(found, predicted, title, plots, "perfect stepper")
    session.output.result(
        _values(found, predicted, built), *_view(built.name, found, predicted, built)
    )


@accuracy.command(cls=TitrateCommand)
@click.option("--limit", default="5 %", show_default=True, metavar="PERCENT", help="How far off.")
@click.option("--window", "windows", multiple=True, metavar="TIME", help=_WINDOWS_HELP)
@click.option("--rate", metavar="RATE", help="Mark a rate, and name only what suits it.")
@click.option(
    "--step-rate", type=int, metavar="HZ", help="Microsteps a second that the drives follow."
)
@click.option("--syringe", "syringes", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option(
    "--lead", metavar="LENGTH", help="Of a drive of your own, in place of the usual ones."
)
@click.option("--full-steps", type=int, metavar="N", help="Of its motor a turn.")
@click.option("--microsteps", type=int, metavar="N", help="Of it, per full step.")
@click.option("--gear", metavar="M:S", help="Of it.")
@_plot_option
@click.pass_obj
def chart(
    session: Session,
    limit: str,
    windows: tuple[str, ...],
    rate: str | None,
    step_rate: int | None,
    syringes: tuple[str, ...],
    lead: str | None,
    full_steps: int | None,
    microsteps: int | None,
    gear: str | None,
    plots: tuple[Path, ...],
) -> None:
    """Which syringe and drive suits which rate.

    A rate suits where no observation window of a perfect stepper is further off than the limit,
    and the drive follows the steps.
    """
    from titrate.accuracy import DRIVES, suitability
    from titrate.profile.syringes import catalogue

    _check_plots(plots)
    limit_percent = _limit(limit)
    windows_s = sorted(quantity.parse_duration_s(window) for window in windows) or [120, 1860]
    if windows_s[0] == 0:
        raise WrongInput("an observation window of 0 s holds nothing: name a longer one", "usage")
    rate_nl_per_h = None if rate is None else _rate(rate, None)
    own = any(part is not None for part in (lead, full_steps, microsteps, gear))
    drives = [geometry.drive(lead, full_steps, microsteps, gear)] if own else DRIVES
    chosen = [geometry.syringe_named(name) for name in syringes] or list(catalogue().values())
    rows = [
        suitability(syringe, drive, windows_s, limit_percent, step_rate)
        for syringe in chosen
        for drive in drives
    ]
    if plots:
        from titrate.accuracy.pictures import draw_chart

        marked = None if rate_nl_per_h is None else float(rate_nl_per_h)
        _write(lambda: draw_chart(rows, windows_s, float(limit_percent), marked, plots))
    if rate_nl_per_h is not None:
        rows = [row for row in rows if row.even_nl_per_h[0] <= rate_nl_per_h <= row.max_nl_per_h]
    names = [quantity.format_duration(window_s) for window_s in windows_s]
    table = show.columns(
        "syringe", "drive", "microstep", *(f"from ({name})" for name in names), "to"
    )
    for row in rows:
        table.add_row(
            row.syringe.name,
            row.drive.name,
            show.volume(row.microstep_nl),
            *(show.rate(each, None) for each in row.even_nl_per_h),
            show.rate(row.max_nl_per_h, None),
        )
    session.output.result(
        {
            "limit_percent": float(limit_percent),
            "windows_s": windows_s,
            "rows": [
                {
                    "syringe": row.syringe.name,
                    "drive": row.drive.name,
                    "microstep_nl": str(row.microstep_nl),
                    "even_nl_per_h": [str(each) for each in row.even_nl_per_h],
                    "max_nl_per_h": str(row.max_nl_per_h),
                    "recommended_nl_per_h": row.recommended_nl_per_h,
                }
                for row in rows
            ],
        },
        table,
    )


def _check_plots(plots: Sequence[Path]) -> None:
    for plot in plots:
        if plot.suffix not in _PLOT_SUFFIXES:
            raise WrongInput(f"{plot} is no name for a plot: end it in .svg or .png", "usage")


def _rate(text: str, built: geometry.Geometry | None) -> Fraction:
    concentration = None if built is None else built.concentration_mcg_per_ml
    rate_nl_per_h = Fraction(*quantity.parse_rate_nl_per_h(text, concentration))
    if rate_nl_per_h == 0:
        raise WrongInput("the set rate is 0: errors are told as a part of it, so name one above 0")
    return rate_nl_per_h


def _limit(text: str) -> Fraction:
    number = text.strip().removesuffix("%").strip()
    try:
        found = Fraction(number)
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if found <= 0 or not text.strip().endswith("%"):
        raise WrongInput(f'{text!r} is no limit: write one above 0 such as "5 %"', "usage")
    return found


def _liquid(density: str | None, temperature: str | None, evaporation: str | None) -> Liquid | None:
    from titrate.accuracy import Liquid, quantities, water

    if density is not None and temperature is not None:
        raise WrongInput("take one of --density and, for water, --temperature", "usage")
    lost = Fraction(0)
    if evaporation is not None:
        lost = quantities.parse_evaporation_g_per_h(evaporation)
    if density is not None:
        return Liquid(quantities.parse_density_g_per_ml(density), lost)
    if temperature is not None:
        return Liquid(water.density_g_per_ml(quantities.parse_temperature_c(temperature)), lost)
    return None


def _method(
    name: str,
    sample: str | None,
    windows: Sequence[str],
    settle: str | None,
    analysis: str | None,
) -> Method:
    from titrate.accuracy import METHODS

    method = METHODS[name]
    if sample is not None:
        method = replace(method, sample_s=Fraction(quantity.parse_duration_s(sample)))
    if windows:
        windows_s = sorted({quantity.parse_duration_s(window) for window in windows})
        if windows_s[0] == 0:
            raise WrongInput("a window of 0 s holds nothing: name a longer one", "usage")
        method = replace(method, windows_s=tuple(windows_s))
    if settle is not None:
        method = replace(method, settle_s=quantity.parse_duration_s(settle))
    if analysis is not None:
        method = replace(method, analysis_s=quantity.parse_duration_s(analysis))
    return method


def _screw(error: str | None, period: str | None, lead_um: int) -> ScrewError | None:
    from titrate.accuracy import ScrewError

    if error is None:
        if period is not None:
            raise WrongInput("--screw-period belongs to a --screw-error: name it", "usage")
        return None
    period_um = lead_um if period is None else quantity.parse_length_um(period)
    if period_um == 0:
        raise WrongInput("a screw error does not come round in 0 mm: name its period", "usage")
    return ScrewError(Fraction(quantity.parse_length_um(error)), Fraction(period_um))


def _read_record(
    path: Path, rate_nl_per_h: Fraction, built: geometry.Geometry | None, liquid: Liquid | None
) -> Record:
    from titrate.accuracy import is_edges_file, read_edges, read_log

    try:
        if not is_edges_file(path):
            return read_log(path, liquid)
        if built is None:
            raise WrongInput(
                f"{path} has STEP edges: name a --profile or a --syringe for their volume", "usage"
            )
        return read_edges(path, built.microstep_nl, rate_nl_per_h)
    except OSError as error:
        raise WrongInput(f"{path} cannot be read: {error.strerror}", "no_file") from error


def _draw(
    found: Measurement,
    predicted: Sequence[TrumpetPoint] | None,
    title: str,
    plots: Sequence[Path],
    label: str,
) -> None:
    if plots:
        # Drawing takes a second to load; nothing else waits for it.
        from titrate.accuracy.pictures import draw_measurement

        _write(lambda: draw_measurement(found, predicted, title, plots, label))


def _write(draw: Any) -> None:
    try:
        draw()
    except OSError as error:
        raise WrongInput(f"{error.filename} cannot be written: {error.strerror}", "file") from error


def _percent(value: Fraction) -> str:
    return f"{float(value):+.4g} %"


def _values(
    found: Measurement,
    predicted: Sequence[TrumpetPoint] | None,
    built: geometry.Geometry | None,
) -> dict[str, object]:
    return {
        "method": found.method.name,
        "rate_nl_per_h": str(found.rate_nl_per_h),
        "microstep_nl": None if built is None else str(built.microstep_nl),
        "start_s": str(found.start_s),
        "sample_s": str(found.method.sample_s),
        "settle_s": found.method.settle_s,
        "analysis_s": int(found.analysis_s),
        "interpolated_samples": found.interpolated,
        "mean_error_percent": float(found.mean_error_percent),
        "trumpet": [_point(point) for point in found.trumpet],
        "predicted_trumpet": None if predicted is None else [_point(p) for p in predicted],
        "flow_nl_per_h": [float(flow) for flow in found.flow_nl_per_h],
    }


def _point(point: TrumpetPoint) -> dict[str, object]:
    return {
        "window_s": point.window_s,
        "max_percent": float(point.max_percent),
        "min_percent": float(point.min_percent),
    }


def _view(
    name: str,
    found: Measurement,
    predicted: Sequence[TrumpetPoint] | None,
    built: geometry.Geometry | None,
) -> tuple[Table, Table]:
    head = show.grid()
    head.add_row("record" if built is None or name != built.name else "geometry", name)
    head.add_row("method", found.method.name)
    head.add_row("set rate", show.rate(found.rate_nl_per_h, None))
    if built is not None:
        head.add_row("microstep", show.volume(built.microstep_nl))
    head.add_row(
        "samples",
        f"every {quantity.format_duration(int(found.method.sample_s))}, analysed for "
        f"{quantity.format_duration(int(found.analysis_s))} after "
        f"{quantity.format_duration(found.method.settle_s)}",
    )
    if found.interpolated:
        head.add_row("", f"{found.interpolated} samples lie between two readings: interpolated")
    head.add_row("mean error A", _percent(found.mean_error_percent))
    titles = ["window", "Ep(min)", "Ep(max)"]
    if predicted is not None:
        titles += ["predicted at least", "at most"]
    table = show.columns(*titles)
    for number, point in enumerate(found.trumpet):
        cells = [
            quantity.format_duration(point.window_s),
            _percent(point.min_percent),
            _percent(point.max_percent),
        ]
        if predicted is not None:
            cells += [
                _percent(predicted[number].min_percent),
                _percent(predicted[number].max_percent),
            ]
        table.add_row(*cells)
    return head, table
