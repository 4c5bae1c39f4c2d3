"""A text on its way in, a programme, drug library or equipment: sent in pieces, then confirmed."""

from binascii import crc32

from pump.core import programme as programmes
from pump.core.errors import BadText, Damaged, NotNow, quote

PROGRAMME = "programme"
LIBRARY = "library"
EQUIPMENT = "equipment"
KINDS = (PROGRAMME, LIBRARY, EQUIPMENT)


class Proposal:
    """The text of one proposed programme, library or equipment.

    Args:
        pieces: how many pieces it comes in, each a line without its end.
        text_crc32: CRC32 of the whole text, as 8 hexadecimal digits in capitals.
        what: one of KINDS.

    Raises:
        BadText: something else is to be proposed.
    """

    def __init__(self, pieces: int, text_crc32: str, what: str = PROGRAMME):
        if what not in KINDS:
            raise BadText(quote(what) + " cannot be proposed: propose one of " + ", ".join(KINDS))
        self.what = what
        self._pieces: list[str | None] = [None] * pieces
        self._crc32 = text_crc32
        self._programme: programmes.Programme | None = None
        self._text = ""

    @classmethod
    def of_text(cls, text: str) -> "Proposal":
        """The proposal of a programme whose whole text is there already."""
        pieces = text.split("\n")[:-1]
        proposal = cls(len(pieces), "%08X" % crc32(text.encode()))
        for number, piece in enumerate(pieces):
            proposal.put(number, piece)
        return proposal

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
                + " announced; propose the "
                + self.what
                + " again"
            )
        if self._pieces[number] not in (None, text):
            raise BadText(
                "piece " + str(number) + " has come before with other text; propose again"
            )
        self._pieces[number] = text

    def text(self) -> str:
        """The canonical text, checked.

        Raises:
            NotNow: pieces are missing.
            Damaged: the text is not the one that was announced.
            BadText, OutOfRange: it cannot be read, or a value is outside its limits.
        """
        if not self._text:
            pieces = []
            for number, piece in enumerate(self._pieces):
                if piece is None:
                    raise NotNow(
                        "piece " + str(number) + " of the " + self.what + " has not come yet"
                    )
                pieces.append(piece)
            text = "\n".join(pieces) + "\n"
            if "%08X" % crc32(text.encode()) != self._crc32:
                raise Damaged(
                    "the " + self.what + "'s text does not fit its check sum; propose it again"
                )
            if self.what == LIBRARY:
                _library(text)
            elif self.what == EQUIPMENT:
                _equipment(text)
            else:
                self._programme = programmes.parse_canonical(text)
                programmes.check(self._programme)
            self._pieces = []
            self._text = text
        return self._text

    def programme(self):
        """The checked programme that was sent; raises as text() does."""
        self.text()
        return self._programme

    def digest(self) -> str:
        """The digest to confirm it by."""
        return programmes.digest(self.text())

    def rows(self, old_text: str, old: "programmes.Programme | None" = None):
        """What a person reviews: settings that change, then warnings.

        Args:
            old_text: canonical text of what is in use of the kind proposed, or "".
            old: the programme in use, where that is at hand already.

        Returns:
            iterator of (setting, old, new), and of () between settings and warnings.
        """
        text = self.text()
        if self.what == LIBRARY:
            from pump.core import library

            before = library.parse(old_text) if old_text else None
            yield from library.differences(before, library.parse(text))
            return
        if self.what == EQUIPMENT:
            from pump.core import equipment

            yield from equipment.differences(old_text, text)
            return
        from pump.core import review

        if old is None and old_text:
            old = programmes.parse_canonical(old_text)
        yield from review.differences(old, self.programme())
        yield ()
        for _, sentence in programmes.warnings(self._programme):
            yield ("warning", "", sentence)

    def require_digest(self, digest: str) -> None:
        """Raises NotNow unless the digest is this proposal's."""
        if digest != self.digest():
            raise NotNow(
                "the digest "
                + quote(digest)
                + " is not that of the proposed "
                + self.what
                + ", "
                + self.digest()
                + "; review it again, then confirm with its digest"
            )


def _library(text: str):
    from pump.core import library

    found = library.parse(text)
    library.check(found)
    return found


def _equipment(text: str) -> None:
    from pump.core import equipment

    equipment.check(equipment.parse(text))
