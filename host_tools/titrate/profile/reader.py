"""Reading the values of a profile, and keeping note of what is wrong with them."""

from collections.abc import Callable
from typing import Any, TypeVar

from pump.core import ratio
from pump.core.errors import PumpError
from pump.core.quantity import format_volume, parse_amount_nl, parse_rate_nl_per_h, quote
from titrate.profile import kinds
from titrate.profile.positions import Path, key_text

T = TypeVar("T")
Ratio = tuple[int, int]


class Reader:
    """Values by their path in a profile that has the schema's form.

    A value that cannot be read is noted in `problems` and replaced by a harmless one, so that
    one reading finds all of them; nothing is done with the rest once there are any.

    Attributes:
        problems: (path, sentence) each.
        concentration_mcg_per_ml: of the drug, a ratio, or None.
    """

    def __init__(self, content: dict[str, Any]):
        self._content = content
        self.problems: list[tuple[Path, str]] = []
        self.concentration_mcg_per_ml: Ratio | None = None
        if self.has(("drug", "concentration")):
            path = ("drug", "concentration")
            self.concentration_mcg_per_ml = self._read(path, kinds.CONCENTRATION.read, ratio.ONE)

    def has(self, path: Path) -> bool:
        """Whether something stands at a path."""
        found: Any = self._content
        for part in path:
            if isinstance(part, str) and (not isinstance(found, dict) or part not in found):
                return False
            found = found[part]
        return True

    def at(self, path: Path) -> Any:
        """What stands at a path, as TOML gives it."""
        found: Any = self._content
        for part in path:
            found = found[part]
        return found

    def refuse(self, path: Path, sentence: str) -> None:
        """Note what is wrong at a path."""
        self.problems.append((path, f"{key_text(path)}: {sentence}"))

    def value(self, path: Path, kind: kinds.Kind, instead: T) -> T:
        """A value of a kind; `instead` when it cannot be read."""
        return self._read(path, kind.read, instead)

    def volume_nl(self, path: Path) -> int:
        """A volume in whole nanolitres."""
        volume = self._read(path, kinds.VOLUME.read, ratio.ONE)
        if volume[1] != 1:
            self.refuse(
                path,
                f"{quote(self.at(path))} is not a whole number of nanolitres: the nearest below is "
                + format_volume((ratio.floor(volume), 1)),
            )
        return ratio.floor(volume)

    def amount_nl(self, path: Path) -> Ratio:
        """A dose or a volume, as a volume."""
        return self._read(
            path, lambda text: parse_amount_nl(text, self.concentration_mcg_per_ml), ratio.ONE
        )

    def rate_nl_per_h(self, path: Path) -> Ratio:
        """A dose rate or a volume rate, as a volume rate."""
        return self._read(
            path, lambda text: parse_rate_nl_per_h(text, self.concentration_mcg_per_ml), ratio.ONE
        )

    def weekdays(self, path: Path) -> int:
        """Weekdays, as a word or a list, as a bit mask with bit 0 for Monday."""
        if isinstance(self.at(path), str):
            return self.value(path, kinds.WEEKDAYS, 127)
        mask = 0
        for index in range(len(self.at(path))):
            day = self.value((*path, index), kinds.WEEKDAY, 0)
            if mask & day:
                self.refuse((*path, index), f"{self.at((*path, index))} is there twice")
            mask |= day
        return mask

    def _read(self, path: Path, read: Callable[[Any], Any], instead: T) -> T:
        try:
            found: T = read(self.at(path))
        except PumpError as refusal:
            self.refuse(path, refusal.sentence)
            return instead
        return found
