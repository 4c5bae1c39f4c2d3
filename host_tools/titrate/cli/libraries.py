"""A drug library named on the command line, and what it says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from titrate.cli.profiles import WrongProfile
from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from pump.core.programme import Programme
    from titrate.library import LibraryFile

VARIABLE = "TITRATE_LIBRARY"
NONE = "none"

LIBRARY = click.option(
    "--library",
    metavar="FILE",
    help=f'Drug library to judge by, or "{NONE}"; else {VARIABLE}, else the one that comes with '
    "Titrate.",
)


def _judge_plans_by(context: click.Context, _: click.Parameter, named: str | None) -> None:
    """Let the calculations of a command judge by the library that was named."""
    if named is None and not os.environ.get(VARIABLE):
        return
    found = read(named)
    if found is None:
        raise WrongInput(
            "a calculation judges by the limits of a drug library: name one with --library FILE, "
            f'not "{NONE}"',
            "usage",
        )
    from titrate.plan import judged_by

    context.with_resource(judged_by(found))


PLAN_LIBRARY = click.option(
    "--library",
    metavar="FILE",
    expose_value=False,
    callback=_judge_plans_by,
    help=f"Drug library to judge by; else {VARIABLE}, else the one that comes with Titrate.",
)
REASON = click.option(
    "--reason",
    metavar="TEXT",
    default="",
    help="Why soft limits of the drug library are gone beyond; logged by the pump.",
)


class WrongLibrary(WrongProfile):
    """A library that cannot be used."""

    code = "wrong_library"


def read(path: str | None) -> LibraryFile | None:
    """Read the library that is to be used on the host.

    Args:
        path: as given on the command line; None for TITRATE_LIBRARY, else the one that comes
            with Titrate.

    Returns:
        It, or None where none is wanted.

    Raises:
        WrongInput: it cannot be read or used; every problem is named with its line.
    """
    # The schema's validator takes a while to load; no other command waits for it.
    from titrate.library import load_library
    from titrate.profile import ProfileError

    named = path if path is not None else os.environ.get(VARIABLE, "")
    if named == NONE:
        return None
    try:
        return load_library(named or None)
    except ProfileError as error:
        raise WrongLibrary(error) from error
    except OSError as error:
        raise WrongInput(f"{named} cannot be read: {error.strerror}", "no_file") from error


def title(found: LibraryFile | None) -> str:
    """Name and version of a library, or "none"."""
    return NONE if found is None else found.library.title


def judge(found: LibraryFile | None, programme: Programme) -> tuple[tuple[str, str], ...]:
    """What a library warns of in a programme: (limit, sentence) of each soft limit.

    Raises:
        WrongInput: a hard limit; code "hard_limit".
    """
    if found is None:
        return ()
    from titrate.library import judge_programme

    findings = judge_programme(found.library, programme)
    if findings.hard:
        raise refusal(found, "\n".join(sentence for _, sentence in findings.hard))
    return findings.soft


def refusal(found: LibraryFile, said: str) -> WrongInput:
    """A hard limit, with the library that has it."""
    return WrongInput(
        f'{said}\n(judged by {found.path}; --library names another, or "{NONE}")', "hard_limit"
    )
