"""`titrate check`."""

from pathlib import Path

import click

from pump.core import mode_limits, quantity, ratio
from pump.core import programme as programmes
from titrate.cli import libraries, profiles, show
from titrate.cli.session import Session, TitrateCommand

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@click.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@libraries.LIBRARY
@click.pass_obj
def check(session: Session, file: Path, library: str | None) -> None:
    """Check the profile FILE without a pump.

    Tells what it amounts to, what a person should know before programming it, and what the drug
    library says. Changes of the dose only the pump can judge: it knows what was given before.
    """
    profile = profiles.read(file)
    programme = profile.programme
    found = libraries.read(library)
    soft_limits = libraries.judge(found, programme)
    concentration = programme.concentration_mcg_per_ml
    daily_nl = [programmes.daily_volume_nl(programme, day) for day in range(7)]
    warnings = [sentence for _, sentence in programmes.warnings(programme)]
    table = show.grid()
    table.add_row("profile", f"{programme.name} ({profile.digest})")
    if len(set(daily_nl)) == 1:
        table.add_row("a day", quantity.format_amount(daily_nl[0], concentration))
    else:
        for name, volume_nl in zip(_DAYS, daily_nl, strict=True):
            table.add_row(name, quantity.format_amount(volume_nl, concentration))
    modes = mode_limits.mode_rows(programme)
    for setting, value in modes:
        table.add_row(setting, value)
    table.add_row("microstep", quantity.format_volume(programme.microstep_nl()))
    table.add_row("drug library", libraries.title(found))
    for sentence in warnings:
        table.add_row("[yellow]warning[/]", sentence)
    for _, sentence in soft_limits:
        table.add_row("[yellow]soft limit[/]", sentence)
    values = {
        "name": programme.name,
        "programme_digest": profile.digest,
        "daily_nl": [ratio.text(volume_nl) for volume_nl in daily_nl],
        "modes": [{"setting": setting, "value": value} for setting, value in modes],
        "microstep_nl": ratio.text(programme.microstep_nl()),
        "warnings": warnings,
        "library": libraries.title(found),
        "soft_limits": [{"limit": code, "sentence": said} for code, said in soft_limits],
    }
    session.output.result(values, table)
