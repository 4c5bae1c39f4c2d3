"""`titrate check`."""

from pathlib import Path

import click

from pump.core import programme as programmes
from pump.core import quantity, ratio
from titrate.cli import profiles, show
from titrate.cli.session import Session, TitrateCommand

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@click.command(cls=TitrateCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def check(session: Session, file: Path) -> None:
    """Check the profile FILE without a pump.

    Tells what it amounts to and what a person should know before programming it.
    """
    profile = profiles.read(file)
    programme = profile.programme
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
    table.add_row("microstep", quantity.format_volume(programme.microstep_nl()))
    for sentence in warnings:
        table.add_row("[yellow]warning[/]", sentence)
    values = {
        "name": programme.name,
        "programme_digest": profile.digest,
        "daily_nl": [ratio.text(volume_nl) for volume_nl in daily_nl],
        "microstep_nl": ratio.text(programme.microstep_nl()),
        "warnings": warnings,
    }
    session.output.result(values, table)
