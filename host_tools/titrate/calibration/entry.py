"""The calibration in a profile: its entry, and a file that keeps its comments."""

import os
from fractions import Fraction
from pathlib import Path

import tomlkit
from tomlkit.items import InlineTable

from pump.core.quantity import format_number
from titrate.calibration.weighing import Calibration
from titrate.profile import parse_profile

# A calibration is a ratio of terms up to 1,000,000 (pump.core.ranges): five places keep to that,
# and 10 ppm are far below what a weighing is known to.
_PLACES = 10**5
_BYTE_ORDER_MARK = "\ufeff"


def rounded_factor(calibration: Calibration) -> Fraction:
    """The factor as it stands in a profile: to five places."""
    return Fraction(round(calibration.factor * _PLACES), _PLACES)


def volumes_ml(calibration: Calibration) -> tuple[str, str]:
    """Commanded and delivered volume of the entry: for 1 mL of nominal volume."""
    factor = rounded_factor(calibration)
    return "1 mL", f"{format_number(factor.as_integer_ratio())} mL"


def entry_text(calibration: Calibration) -> str:
    """The entry as a person writes it."""
    commanded, delivered = volumes_ml(calibration)
    return f'calibration = {{ commanded = "{commanded}", delivered = "{delivered}" }}'


def remark(calibration: Calibration, date: str) -> str:
    """What stands behind the entry: when, of what, how sure."""
    return (
        f"measured {date}, {len(calibration.run_microstep_nl)} run(s), "
        f"+-{calibration.expanded_percent:.2g} % (k = {calibration.coverage:.3g})"
    )


def with_calibration(text: str, calibration: Calibration, date: str) -> str:
    """A profile's text with the entry in it, everything else as it was.

    Args:
        text: of a profile that can be read.
        calibration: the result.
        date: of the measurement, as 2026-11-22.
    """
    document = tomlkit.parse(text)
    pump = document["pump"]
    assert isinstance(pump, dict)
    commanded, delivered = volumes_ml(calibration)
    entry: InlineTable = tomlkit.inline_table()
    entry.update({"commanded": commanded, "delivered": delivered})
    entry.comment(remark(calibration, date))
    pump["calibration"] = entry
    return tomlkit.dumps(document)


def write(path: Path, calibration: Calibration, date: str) -> str:
    """Put the entry into a profile's file; it is replaced whole, and only by a sound profile.

    Returns:
        The programme's new digest.

    Raises:
        ProfileError: the profile would not be one any more; the file is as it was.
        OSError: it cannot be read or written; the file is as it was.
    """
    # Line ends and a byte order mark stay as they are.
    whole = path.read_bytes().decode("utf-8")
    body = whole.removeprefix(_BYTE_ORDER_MARK)
    text = with_calibration(body, calibration, date)
    profile = parse_profile(text, str(path))
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(whole[: len(whole) - len(body)] + text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return profile.digest
