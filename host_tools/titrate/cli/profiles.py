"""A profile named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from titrate.client.errors import WrongInput

if TYPE_CHECKING:
    from titrate.profile import Profile, ProfileError


class WrongProfile(WrongInput):
    """A profile that cannot be used.

    Attributes:
        problems: line and sentence of each, for the JSON output.
    """

    code = "wrong_profile"

    def __init__(self, error: ProfileError):
        super().__init__("\n".join(error.lines()))
        self.problems = [{"line": p.line, "sentence": p.sentence} for p in error.problems]

    def details(self) -> dict[str, object]:
        """Each problem with its line."""
        return {"problems": self.problems}


def read(path: Path) -> Profile:
    """Read and check a profile.

    Raises:
        WrongInput: it cannot be read or used; every problem is named with its line.
    """
    # The schema's validator takes a while to load; no other command waits for it.
    from titrate.profile import ProfileError, load_profile

    try:
        return load_profile(path)
    except ProfileError as error:
        raise WrongProfile(error) from error
    except OSError as error:
        raise WrongInput(f"{path} cannot be read: {error.strerror}", "no_file") from error
