"""The errors that the pump answers with; each carries one sentence for a person.

The sentence says what was wrong, what the limit is and what to do. Whatever was
asked has then not happened, not even in part.
"""


class PumpError(Exception):
    """Base of all errors of the pump.

    Attributes:
        code: short fixed word that a host program can test, such as "out_of_range".
        sentence: one sentence for a person.
    """

    code = "error"

    def __init__(self, sentence: str, code: str = ""):
        super().__init__(sentence)
        self.sentence = sentence
        if code:
            self.code = code


class BadText(PumpError):
    """Text that cannot be read: a quantity, a programme line or a command."""

    code = "bad_text"


class OutOfRange(PumpError):
    """A value that can be read but lies outside its limits."""

    code = "out_of_range"


class NotNow(PumpError):
    """A request that is in order but not in the pump's present state."""

    code = "not_now"


class Damaged(PumpError):
    """Stored or received data whose check sum does not fit."""

    code = "damaged"


def quote(text: object) -> str:
    """Text as it may stand in an error's sentence: quoted, printable, at most 40 characters."""
    shown = text if isinstance(text, str) else str(text)
    if len(shown) > 40:
        shown = shown[:37] + "..."
    return '"' + "".join(c if " " <= c <= "~" else "?" for c in shown) + '"'
