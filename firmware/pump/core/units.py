"""A number with its unit: cut apart, recognised, and put together again.

quantity.py says which quantities there are; here is what they have in common.
"""

from pump.core.errors import BadText
from pump.core.errors import quote as quote
from pump.core.ratio import ZERO, compare, ratio

SECONDS_PER_DAY = 86400

VOLUMES_NL = (("nL", 1), ("uL", 1000), ("mL", 1000000))
DOSES_NG = (("ng", 1), ("mcg", 1000), ("mg", 1000000))
TIMES_S = (("s", 1), ("min", 60), ("h", 3600), ("day", SECONDS_PER_DAY))
LENGTHS_UM = (("um", 1), ("mm", 1000))
_BASES = (
    ("volume", VOLUMES_NL),
    ("dose", DOSES_NG),
    ("duration", TIMES_S),
    ("length", LENGTHS_UM),
)

# Other spellings that cannot be taken for another unit.
SPELLINGS = {"nl": "nL", "ul": "uL", "ml": "mL", "ug": "mcg", "days": "day"}

DIGITS = "0123456789"
_DIGITS_MAX = 12
_EXACT_DIGITS = 9
_ROUNDED_DIGITS = 5

# What each kind of quantity is called, and how to write one.
_KINDS = {
    "volume": ("nL, uL or mL", '"18 mL"'),
    "dose": ("ng, mcg or mg", '"50 mcg"'),
    "volume rate": ("nL, uL or mL per min, h or day", '"0.6 mL/day"'),
    "dose rate": ("ng, mcg or mg per min, h or day", '"300 mcg/day"'),
    "concentration": ("ng, mcg or mg per nL, uL or mL", '"500 mcg/mL"'),
    "duration": ("s, min, h or day", '"10 min"'),
    "length": ("um or mm", '"14.5 mm"'),
}


def parse(text: object, kinds: tuple[str, ...]) -> tuple[str, tuple[int, int]]:
    """Read a quantity of one of the kinds; returns (kind, value in the core's unit)."""
    number, unit = split(text, kinds)
    kind, factor = measure(unit)
    if kind not in kinds:
        raise wrong_unit(text, kind, kinds, unit)
    return kind, ratio(number[0] * factor[0], number[1] * factor[1])


def split(text: object, kinds: tuple[str, ...]) -> tuple[tuple[int, int], str]:
    """Cut a quantity into its number, a ratio, and its unit, not yet known to be one."""
    if isinstance(text, (int, float)):
        raise _bare_number(text, kinds)
    if not isinstance(text, str):
        raise BadText(quote(text) + " is not text: write for example " + _examples(kinds))
    word = text.strip().replace("\u00b5", "u").replace("\u03bc", "u")
    if not word:
        raise BadText("nothing was given: write for example " + _examples(kinds))
    if word[0] in "+-":
        raise BadText(quote(text) + ": a sign has no meaning here, write the number without it")
    if word[0] == "~":
        raise BadText(quote(text) + ': "~" marks a rounded figure, write the exact one')
    if "," in word:
        raise BadText(quote(text) + ": write a decimal point and no separators, for example 1500.5")
    end = 0
    while end < len(word) and word[end] in "0123456789.":
        end += 1
    unit = word[end:].strip()
    if unit[:1] in ("e", "E") and unit[1:2] and unit[1] in "0123456789+-":
        raise BadText(quote(text) + ": write the number out, without an exponent")
    if unit and unit[0] in "0123456789.":
        raise BadText(quote(text) + ": write the number without spaces in it")
    value = _number(text, word[:end], kinds)
    if not unit:
        raise _bare_number(text, kinds)
    return value, unit


def measure(unit: str) -> tuple[str, tuple[int, int]]:
    """Kind and factor of a unit; ("", ZERO) when it is none."""
    top, slash, bottom = unit.partition("/")
    kind, size = _base(top.strip())
    if not slash:
        return kind, (size, 1)
    kind_under, size_under = _base(bottom.strip())
    if kind in ("volume", "dose") and kind_under == "duration" and size_under > 1:
        return kind + " rate", (size * 3600, size_under)
    if kind == "dose" and kind_under == "volume":
        return "concentration", (size * 1000, size_under)  # mcg/mL is ng per 1000 nL
    return "", ZERO


def wrong_unit(text: object, kind: str, kinds: tuple[str, ...], unit: str) -> BadText:
    """The error for a unit that is unknown, or of another kind than was asked for."""
    names = " or a ".join(kinds)
    if kind:
        return BadText(
            f"{quote(text)} is a {kind}, but a {names} is asked for: write for example "
            + _examples(kinds)
        )
    right = "/".join([_right_case(part.strip()) or "?" for part in unit.split("/")])
    if "?" not in right and unit != right:
        return BadText(f"{quote(text)}: write {right}, capitals change what a unit means")
    known = ", or ".join([_KINDS[name][0] for name in kinds])
    return BadText(
        f"{quote(text)} has an unknown unit: a {names} is in {known}, for example "
        + _examples(kinds)
    )


def format_in(value: tuple[int, int], units: tuple[tuple[str, int], ...], zero_unit: str) -> str:
    """A value in the largest of the units in which it is at least 1."""
    if value[0] == 0:
        return "0 " + zero_unit
    name, size = units[0]
    for larger, larger_size in units[1:]:
        if compare(absolute(value), (larger_size, 1)) >= 0:
            name, size = larger, larger_size
    return format_number(ratio(value[0], value[1] * size)) + " " + name


def format_number(value: tuple[int, int]) -> str:
    """A ratio as a decimal number: exact up to 9 digits, else "~" and 5 significant digits."""
    if value[0] < 0:
        shown = format_number(absolute(value))
        return "~-" + shown[1:] if shown[0] == "~" else "-" + shown
    exact = _exact_decimal(value)
    if exact:
        return exact
    numerator, denominator = value
    places = _ROUNDED_DIGITS - len(str(numerator // denominator))
    if numerator < denominator:
        places = _ROUNDED_DIGITS - 1
        while numerator * 10 ** (places - _ROUNDED_DIGITS + 1) < denominator:
            places += 1
    places = max(places, 0)
    whole = (2 * numerator * 10**places + denominator) // (2 * denominator)
    return "~" + _place_point(whole, places)


def absolute(value: tuple[int, int]) -> tuple[int, int]:
    """A ratio without its sign."""
    return value if value[0] >= 0 else (-value[0], value[1])


def _number(text: str, number: str, kinds: tuple[str, ...]) -> tuple[int, int]:
    """The ratio that a decimal number stands for."""
    whole, point, decimals = number.partition(".")
    if not number:
        raise BadText(
            quote(text) + " does not start with a number: write for example " + _examples(kinds)
        )
    if "." in decimals:
        raise BadText(quote(text) + ": write one decimal point")
    if point and not whole:
        raise BadText(quote(text) + ": write 0 before the decimal point, it is easily overlooked")
    if point and not decimals:
        raise BadText(quote(text) + ": write no decimal point at the end, it is easily overlooked")
    if len(whole) > 1 and whole[0] == "0":
        raise BadText(quote(text) + ": write the number without zeros in front")
    if len(whole) + len(decimals) > _DIGITS_MAX:
        raise BadText(
            f"{quote(text)}: the limit is {_DIGITS_MAX} digits, write fewer or use another unit"
        )
    return ratio(int(whole + decimals), 10 ** len(decimals))


def _base(name: str) -> tuple[str, int]:
    """Kind and size of a unit without a slash; ("", 0) when it is none."""
    name = SPELLINGS.get(name, name)
    for kind, units in _BASES:
        for known, size in units:
            if known == name:
                return kind, size
    return "", 0


def _right_case(name: str) -> str:
    """The unit that this is but for its capitals, or ""."""
    lower = name.lower()
    if lower in SPELLINGS:
        return SPELLINGS[lower]
    for _, units in _BASES:
        for known, _ in units:
            if known.lower() == lower:
                return known
    return ""


def _bare_number(text: object, kinds: tuple[str, ...]) -> BadText:
    return BadText(
        f"{quote(text)} is refused because a bare number has no unit: write for example "
        + _examples(kinds)
    )


def _examples(kinds: tuple[str, ...]) -> str:
    return " or ".join([_KINDS[kind][1] for kind in kinds])


def _exact_decimal(value: tuple[int, int]) -> str:
    """The ratio as an exact decimal number of at most 9 digits, or "" when there is none."""
    numerator, denominator = value
    places = 0
    for factor, other in ((10, 1), (2, 5), (5, 2)):
        while denominator % factor == 0:
            denominator //= factor
            numerator *= other
            places += 1
    shown = _place_point(numerator, places)
    if denominator != 1 or len(shown.replace(".", "")) > _EXACT_DIGITS:
        return ""
    return shown


def _place_point(whole: int, places: int) -> str:
    """A whole number with its last digits behind a decimal point, no zeros at the end."""
    digits = str(whole)
    if not places:
        return digits
    if len(digits) <= places:
        digits = "0" * (places + 1 - len(digits)) + digits
    return (digits[:-places] + "." + digits[-places:]).rstrip("0").rstrip(".")
