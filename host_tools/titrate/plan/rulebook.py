"""The rules B1-B70, declared once in rules.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

COMPUTED = "computed"
ENFORCED = "enforced"
TOLD = "told"
CANNOT = "cannot"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        number: such as "B10".
        topic: the part that it belongs to.
        statement: what it says, in our own words.
        figure: its figure, with its unit.
        how: computed, enforced, told or cannot.
        where: full names of what does it.
        note: what is not done about it, and why.
    """

    number: str
    topic: str
    statement: str
    figure: str
    how: str
    where: tuple[str, ...] = ()
    note: str = ""

    @property
    def text(self) -> str:
        """Statement and figure in one line."""
        return f"{self.statement} [{self.figure}]"


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """All rules by number, in their order."""
    content = tomllib.loads((files(__package__) / "rules.toml").read_text("utf-8"))
    found = [Rule(**{**entry, "where": tuple(entry.get("where", ()))}) for entry in content["rule"]]
    return {rule.number: rule for rule in found}


def require(number: str) -> Rule:
    """The rule of a number.

    Raises:
        KeyError: there is none.
    """
    return rules()[number]
