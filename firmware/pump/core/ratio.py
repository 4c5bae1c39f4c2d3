"""Exact ratios of whole numbers, as tuples (numerator, denominator).

A ratio here is always reduced and its denominator is at least 1, so two equal
ratios are equal tuples. Nothing in the delivery path is rounded: a rate of
22 mcg/day at 2000 mcg/mL is the ratio (1375, 3) nL/h, not 458.33.
"""

ZERO = (0, 1)
ONE = (1, 1)


def gcd(a: int, b: int) -> int:
    """Greatest common divisor of two whole numbers, at least 0."""
    while b:
        a, b = b, a % b
    return a if a >= 0 else -a


def ratio(numerator: int, denominator: int = 1) -> tuple[int, int]:
    """The reduced ratio of two whole numbers; the denominator is not 0."""
    if denominator == 1:
        return (numerator, 1)
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    common = gcd(numerator, denominator)
    if common == 1:
        return (numerator, denominator)
    return (numerator // common, denominator // common)


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """a + b."""
    if a[1] == b[1]:
        return ratio(a[0] + b[0], a[1])
    return ratio(a[0] * b[1] + b[0] * a[1], a[1] * b[1])


def subtract(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """a - b."""
    return add(a, (-b[0], b[1]))


def multiply(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """a * b."""
    return ratio(a[0] * b[0], a[1] * b[1])


def divide(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """a / b; b is not 0."""
    return ratio(a[0] * b[1], a[1] * b[0])


def scale(a: tuple[int, int], times: int, by: int = 1) -> tuple[int, int]:
    """a * times / by."""
    return ratio(a[0] * times, a[1] * by)


def compare(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Below 0 when a < b, 0 when equal, above 0 when a > b."""
    return a[0] * b[1] - b[0] * a[1]


def higher(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """The higher of two ratios."""
    return b if compare(b, a) > 0 else a


def floor(a: tuple[int, int]) -> int:
    """The largest whole number not above a."""
    return a[0] // a[1]


def ceil(a: tuple[int, int]) -> int:
    """The smallest whole number not below a."""
    return -(-a[0] // a[1])


def text(a: tuple[int, int]) -> str:
    """The ratio as text that parse() reads back: "25000" or "1375/3"."""
    if a[1] == 1:
        return str(a[0])
    return str(a[0]) + "/" + str(a[1])


def parse(word: str) -> tuple[int, int]:
    """Read what text() wrote.

    Raises:
        ValueError: not a whole number or two of them with a "/" between, or not reduced
            (there is one way only to write a ratio, so that digests agree).
    """
    if "/" not in word:
        whole = int(word)
        if str(whole) != word:
            raise ValueError(word)
        return (whole, 1)
    parts = word.split("/")
    if len(parts) > 2:
        raise ValueError(word)
    numerator = int(parts[0])
    denominator = int(parts[1])
    if denominator < 1:
        raise ValueError(word)
    found = ratio(numerator, denominator)
    if text(found) != word:
        raise ValueError(word)
    return found
