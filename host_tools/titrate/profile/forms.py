"""What a declaration of a TOML file is made of: tables, keys, and what may stand at a key."""

from __future__ import annotations

from dataclasses import dataclass

from titrate.profile.kinds import Kind


@dataclass(frozen=True)
class Whole:
    """A plain whole number, in the range of the limit of that name (pump.core.ranges)."""

    limit: str


@dataclass(frozen=True)
class Either:
    """A text, or something with a structure instead of it."""

    text: Kind
    other: Table | List


@dataclass(frozen=True)
class List:
    """A list of texts or of tables, with at least one item."""

    item: Kind | Table
    maximum: int


@dataclass(frozen=True)
class Key:
    """One key of a table.

    Attributes:
        name: as it is written.
        value: what may stand there.
        required: whether it may be left out.
        meaning: for the reference page and for editors.
        example: how the value is written, without quotes; left out, that of its kind.
    """

    name: str
    value: Kind | Whole | Either | List | Table
    required: bool
    meaning: str
    example: str = ""

    def example_text(self) -> str:
        """A line of TOML with the key."""
        if isinstance(self.value, Kind):
            return f'{self.name} = "{self.example or self.value.example}"'
        if isinstance(self.value, Either):
            return f'{self.name} = "{self.example or self.value.text.example}"'
        if isinstance(self.value, List) and isinstance(self.value.item, Kind):
            return f'{self.name} = ["{self.value.item.example}"]'
        if isinstance(self.value, Whole):
            return f"{self.name} = {self.example}"
        return f"[[{self.name}]]" if isinstance(self.value, List) else f"[{self.name}]"


@dataclass(frozen=True)
class Table:
    """A table with its keys.

    Attributes:
        keys: the keys in the order of the reference page.
        others: what tables with names of their own hold, where those are allowed.
    """

    keys: tuple[Key, ...]
    others: Table | None = None
