"""A programme on its way in: sent in pieces, reviewed, then confirmed by its digest."""

from binascii import crc32

from pump.core import programme as programmes
from pump.core.errors import BadText, Damaged, NotNow
from pump.core.limits import check, warnings
from pump.core.quantity import quote


class Proposal:
    """The text of one proposed programme.

    Args:
        pieces: how many pieces it comes in, each a line without its end.
        text_crc32: CRC32 of the whole text, as 8 hexadecimal digits in capitals.
    """

    def __init__(self, pieces: int, text_crc32: str):
        self._pieces: list[str | None] = [None] * pieces
        self._crc32 = text_crc32
        self._programme: programmes.Programme | None = None
        self._text = ""

    def put(self, number: int, text: str) -> None:
        """Take one piece; the same piece may come again, another one in its place may not.

        Raises:
            BadText: there is no such piece, or it has come before and was different.
        """
        if number >= len(self._pieces):
            raise BadText(
                "piece "
                + str(number)
                + " is not one of the "
                + str(len(self._pieces))
                + " announced; propose the programme again"
            )
        if self._pieces[number] not in (None, text):
            raise BadText(
                "piece " + str(number) + " has come before with other text; propose again"
            )
        self._pieces[number] = text

    def programme(self):
        """The checked programme that was sent.

        Raises:
            NotNow: pieces are missing.
            Damaged: the text is not the one that was announced.
            BadText, OutOfRange: it cannot be read, or a value is outside its limits.
        """
        if self._programme is None:
            text = ""
            for number, piece in enumerate(self._pieces):
                if piece is None:
                    raise NotNow("piece " + str(number) + " of the programme has not come yet")
                text += piece + "\n"
            if "%08X" % crc32(text.encode()) != self._crc32:
                raise Damaged("the programme's text does not fit its check sum; propose it again")
            found = programmes.parse_canonical(text)
            check(found)
            self._pieces = []
            self._text = text
            self._programme = found
        return self._programme

    def text(self) -> str:
        """The canonical text; programme() has been called before."""
        self.programme()
        return self._text

    def digest(self) -> str:
        """The digest to confirm it by."""
        return programmes.digest(self.text())

    def rows(self, old_text: str):
        """What a person reviews: settings that change, then warnings.

        Args:
            old_text: canonical text of the programme in force, or "".

        Returns:
            iterator of (setting, old, new).
        """
        new = self.programme()
        yield from programmes.differences(old_text, self.text())
        for _, sentence in warnings(new):
            yield ("warning", "", sentence)

    def require_digest(self, digest: str) -> None:
        """Raises NotNow unless the digest is this proposal's."""
        if digest != self.digest():
            raise NotNow(
                "the digest "
                + quote(digest)
                + " is not that of the proposed programme, "
                + self.digest()
                + "; review it again, then confirm with its digest"
            )
