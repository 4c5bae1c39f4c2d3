"""Reading a canonical text line by line: keys in a fixed order, one way only to write a value."""

from pump.core import ratio
from pump.core.errors import BadText, quote

# A line of the text travels inside one line of the link, with room for its frame.
LINE_LENGTH_MAX = 200


class CanonicalReader:
    """Goes through a canonical text without making a list of its lines.

    Each method reads the line of one key and goes on to the next. All raise BadText with the
    number of the line and what is expected there.

    Args:
        text: all of it, each line ended by LF.
        title: what the text is called in errors, such as "programme".
    """

    def __init__(self, text: str, title: str):
        self._text = text
        self._title = title
        self._at = 0  # where the next line starts
        self._number = 0  # of the line held, from 1
        self._line = ""
        self._ended = False
        self.advance()

    def header(self, form: str) -> None:
        """The first line, which says what text it is."""
        if self._line != form:
            raise self.error(f"{quote(form)} is expected, found {quote(self._line)}")
        self.advance()

    def words(self, key: str) -> str:
        """All that follows a key."""
        value = self.value(key)
        self.advance()
        return value

    def words_if_there(self, key: str) -> str:
        """All that follows a key; "" where the line is left out."""
        if not self.is_at(key):
            return ""
        if not self.value(key):
            raise self.error(f"{quote(key)} has no value: such a line is left out")
        return self.words(key)

    def whole(self, key: str) -> int:
        """A whole number, 0 or more."""
        value = self.whole_of(self.value(key))
        self.advance()
        return value

    def whole_if_there(self, key: str) -> int | None:
        """A whole number; None where the line is left out."""
        return self.whole(key) if self.is_at(key) else None

    def ratio(self, key: str) -> tuple[int, int]:
        """A ratio, 0 or more."""
        value = self.ratio_of(self.value(key))
        self.advance()
        return value

    def whole_or_none(self, key: str) -> int | None:
        """A whole number, or None for the word none."""
        if self.value(key) != "none":
            return self.whole(key)
        self.advance()
        return None

    def ratio_or_none(self, key: str) -> tuple[int, int] | None:
        """A ratio, or None for the word none."""
        if self.value(key) != "none":
            return self.ratio(key)
        self.advance()
        return None

    def end(self) -> None:
        """Nothing follows."""
        if not self._ended:
            raise self.error(f"the end is expected, found {quote(self._line)}")

    def advance(self) -> None:
        """Hold the next line, or note that the text has ended."""
        self._number += 1
        self._line = ""
        if self._at == len(self._text):
            self._ended = True
            return
        end = self._text.find("\n", self._at)
        if end < 0:
            raise self.error("it is cut off, a line ends with LF")
        if end - self._at > LINE_LENGTH_MAX:
            raise self.error(f"it has more than {LINE_LENGTH_MAX} characters")
        self._line = self._text[self._at : end]
        self._at = end + 1
        data = self._line.encode()
        if data and (min(data) < 0x20 or max(data) > 0x7E):
            raise self.error("only printable ASCII characters are allowed")

    def value(self, key: str) -> str:
        """What follows the key that must stand in this line."""
        found, space, value = self._line.partition(" ")
        if found != key:
            there = "the end" if self._ended else quote(found)
            raise self.error(f"{quote(key)} is expected, found {there}")
        if space and not value:
            raise self.error("it ends with a space")
        return value

    def is_at(self, key: str) -> bool:
        """Whether the line is one of a key."""
        return self._line.partition(" ")[0] == key

    def parts(self, key: str, count: int) -> list[str]:
        """The words that follow a key, so many of them."""
        value = self.value(key)
        parts = value.split(" ")
        if len(parts) != count:
            raise self.error(f"{count} values are expected, found {quote(value)}")
        return parts

    def whole_of(self, word: str) -> int:
        """A word as a whole number, 0 or more."""
        value = self.ratio_of(word)
        if value[1] != 1:
            raise self.error(f"a whole number is expected, found {quote(word)}")
        return value[0]

    def ratio_of(self, word: str) -> tuple[int, int]:
        """A word as a ratio, 0 or more."""
        try:
            value = ratio.parse(word)
        except ValueError:
            value = (-1, 1)
        if value[0] < 0:
            raise self.error(
                f"a number of 0 or more is expected, reduced such as 1375/3, found {quote(word)}"
            )
        return value

    def error(self, what: str) -> BadText:
        """The error for the line held."""
        return BadText(f"{self._title} line {self._number}: {what}")
