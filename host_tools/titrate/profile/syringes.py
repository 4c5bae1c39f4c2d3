"""The catalogue of syringes that a profile can name."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from pump.core import geometry, quantity, ratio


@dataclass(frozen=True)
class Syringe:
    """A syringe: name, bore, capacity, travel, and which of sources() the figures are from."""

    name: str
    bore_um: int
    capacity_nl: int
    travel_um: int
    source: str


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Syringe]:
    """All syringes by name, in the order of syringes.toml."""
    return {entry["name"]: _syringe(entry) for entry in _content()["syringe"]}


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """Where the figures come from, by short name."""
    return {source["name"]: source["text"] for source in _content()["source"]}


def _content() -> dict[str, list[dict[str, str]]]:
    return tomllib.loads((files(__package__) / "syringes.toml").read_text("utf-8"))


def _syringe(entry: dict[str, str]) -> Syringe:
    bore_um = quantity.parse_length_um(entry["bore"])
    capacity_nl = ratio.floor(quantity.parse_volume_nl(entry["capacity"]))
    if "travel" in entry:
        travel_um = quantity.parse_length_um(entry["travel"])
    else:
        travel_um = ratio.ceil(geometry.travel_um(bore_um, (capacity_nl, 1)))
    return Syringe(entry["name"], bore_um, capacity_nl, travel_um, entry["source"])
