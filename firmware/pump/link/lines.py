"""The lines of the console protocol: four kinds, one escape, one check sum.

A line is printable ASCII. Its first character says what it is:

    :SEQ RID NAME key=value ... *CRC32    request, from the host
    -SEQ key=value ... *CRC32             data, one row of what was asked for
    =SEQ OUTCOME key=value ... *CRC32     answer, one a request
    !N CODE key=value ... *CRC32          event, unasked

The check sum is the CRC-32 of ISO 3309, as in zlib, of all that stands before " *",
as 8 upper-case hexadecimal digits. Inside a value every byte outside "!" to "~", and
"%", "=" and "*", is written as "%" and two upper-case hexadecimal digits, so that a space,
an "=" and a "*" always separate. A byte 0x03 never occurs: it would interrupt the
interpreter underneath.
"""

import binascii

from pump.core import ratio
from pump.core.compat import const
from pump.core.errors import BadText, Damaged

REQUEST = ":"
DATA = "-"
ANSWER = "="
EVENT = "!"

REQUEST_MAX = const(320)
"""Most characters of a request or of a line typed by hand, without the end of line."""

REPLY_MAX = const(3000)
"""Most characters of a data, answer or event line, without the end of line: a status fits that
tells all alarms at once."""

NUMBER_MAX = const(9999)
"""Highest SEQ, and highest N of an event; the next is 0."""

WORD_MAX = const(32)
"""Most characters of a name, an outcome, a code or a key."""

_CRC_LENGTH = const(10)
_HEXADECIMAL = "0123456789ABCDEF"
_LOWER_HEXADECIMAL = "0123456789abcdef"
_WORD_FIRST = "abcdefghijklmnopqrstuvwxyz"
_WORD_REST = "abcdefghijklmnopqrstuvwxyz0123456789_"


class Line:
    """One line, taken apart.

    Attributes:
        kind: REQUEST, DATA, ANSWER or EVENT.
        number: SEQ of a request, its data and its answer; N of an event; 0 to NUMBER_MAX.
        rid: request id, 8 digits of 0-9 a-f; "" in all but requests.
        word: NAME of a request, OUTCOME of an answer, CODE of an event; "" in data.
        pairs: list of (key, value) as text, in the order of the line.
    """

    def __init__(self, kind: str, number: int, rid: str, word: str, pairs: list[tuple[str, str]]):
        self.kind = kind
        self.number = number
        self.rid = rid
        self.word = word
        self.pairs = pairs

    def get(self, key: str, otherwise: str = "") -> str:
        """The value of a key, or `otherwise` where the line has no such key."""
        for name, value in self.pairs:
            if name == key:
                return value
        return otherwise


def checksum(data: bytes) -> str:
    """CRC-32 of bytes (ISO 3309, as in zlib) as 8 upper-case hexadecimal digits."""
    return "%08X" % (binascii.crc32(data) & 0xFFFFFFFF)


def escape(text: str) -> str:
    """Text as it stands in a value; UTF-8 underneath."""
    data = text.encode()
    one_line = data.replace(b"\n", b"")
    if not one_line or (min(one_line) >= 0x20 and max(one_line) <= 0x7E):
        # Nearly every text, without going through it character by character.
        text = text.replace("%", "%25").replace(" ", "%20").replace("\n", "%0A")
        return text.replace("=", "%3D").replace("*", "%2A")
    parts = []
    for byte in data:
        if 0x21 <= byte <= 0x7E and byte not in b"%=*":
            parts.append(chr(byte))
        else:
            parts.append("%" + _HEXADECIMAL[byte >> 4] + _HEXADECIMAL[byte & 15])
    return "".join(parts)


def unescape(word: str) -> str:
    """Read what escape() wrote.

    Raises:
        BadText: "%" without two upper-case hexadecimal digits, or bytes that are not UTF-8.
    """
    if "%" not in word:
        return word
    if "%25" not in word:
        # What stands in nearly every text, without going through it escape by escape.
        plain = word.replace("%20", " ").replace("%0A", "\n")
        if "%" not in plain:
            return plain
    parts = word.split("%")
    found = bytearray(parts[0].encode())
    for part in parts[1:]:
        high = _HEXADECIMAL.find(part[0]) if len(part) > 1 else -1
        low = _HEXADECIMAL.find(part[1]) if len(part) > 1 else -1
        if high < 0 or low < 0:
            raise BadText(
                "a % in a value must be followed by two of 0-9 A-F; write a % itself as %25",
                "bad_line",
            )
        found.append(high * 16 + low)
        found.extend(part[2:].encode())
    try:
        return bytes(found).decode()
    except UnicodeError:
        pass
    raise BadText("the % escapes of a value must spell UTF-8", "bad_line")


def value_text(value) -> str:
    """A value as text: whole numbers in decimal digits, ratios as "1375/3", None as "",
    True and False as "yes" and "no", text as it is, a memoryview in Base64."""
    if value is None:
        return ""
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, tuple):
        return ratio.text(value)
    if isinstance(value, memoryview):
        return _base64(value)
    return str(value)


def _base64(data) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def encode(kind: str, number: int, rid: str, word: str, pairs) -> str:
    """The line as text, with its check sum, without the end of line.

    Args:
        kind: REQUEST, DATA, ANSWER or EVENT.
        number: 0 to NUMBER_MAX.
        rid: 8 digits of 0-9 a-f for a request, otherwise "".
        word: name, outcome or code; "" for data.
        pairs: (key, value) each; values as value_text() takes them.

    Raises:
        BadText: the line would be longer than its kind may be; code "too_long".
    """
    parts = [kind + str(number)]
    if rid:
        parts.append(rid)
    if word:
        parts.append(word)
    for key, value in pairs:
        text = value_text(value)
        if isinstance(value, memoryview):
            # Of what Base64 is made of, only the padding is to be escaped.
            parts.append(key + "=" + text.replace("=", "%3D"))
        else:
            parts.append(key + "=" + escape(text))
    body = " ".join(parts)
    limit = REQUEST_MAX if kind == REQUEST else REPLY_MAX
    if len(body) + _CRC_LENGTH > limit:
        raise BadText(too_long(limit), "too_long")
    return "".join((body, " *", checksum(body.encode())))


def decode(raw: bytes) -> Line:
    """Take a line apart and check it.

    Args:
        raw: the line without its end; any bytes.

    Raises:
        BadText: code "too_long" when longer than its kind may be, "not_printable" when a byte
            is outside space to "~", "bad_line" when it is not of one of the four forms.
        Damaged: code "no_crc" without a check sum, "bad_crc" when it does not fit.
    """
    limit = REQUEST_MAX if raw[:1] == b":" else REPLY_MAX
    if len(raw) > limit:
        raise BadText(too_long(limit), "too_long")
    check_printable(raw)
    end = len(raw) - _CRC_LENGTH
    if end < 1 or raw[end : end + 2] != b" *":
        raise Damaged(
            "the line does not end in ' *' and the 8 hexadecimal digits of its CRC32, so it was "
            "cut or damaged; nothing was done, send it again",
            "no_crc",
        )
    body = raw[:end]
    if checksum(body).encode() != raw[end + 2 :]:
        raise Damaged(
            "the CRC32 of the line does not fit its text, so it was damaged on the way; "
            "nothing was done, send it again",
            "bad_crc",
        )
    return _take_apart(body.decode())


def check_printable(raw: bytes) -> None:
    """Raise BadText, code "not_printable", on a byte outside space to "~"."""
    if raw and min(raw) >= 0x20 and max(raw) <= 0x7E:
        return
    for byte in raw:
        if byte < 0x20 or byte > 0x7E:
            raise BadText(
                "the line has a byte 0x%02X; lines hold the characters space to ~ only; "
                "nothing was done, send it again" % byte,
                "not_printable",
            )


def too_long(limit: int) -> str:
    """The sentence for a line of more than `limit` characters."""
    return (
        "the line is longer than "
        + str(limit)
        + " characters, the most that it may have; nothing was done, send it in shorter parts"
    )


def is_word(text: str) -> bool:
    """Whether text is a name: a lower-case letter, then letters, digits, "_"; at most WORD_MAX."""
    if not text or len(text) > WORD_MAX or text[0] not in _WORD_FIRST:
        return False
    for character in text:
        if character not in _WORD_REST:
            return False
    return True


def is_rid(text: str) -> bool:
    """Whether text is a request id: 8 digits of 0-9 a-f."""
    if len(text) != 8:
        return False
    for character in text:
        if character not in _LOWER_HEXADECIMAL:
            return False
    return True


def _take_apart(body: str) -> Line:
    """The Line of a text whose check sum has been found to fit."""
    kind = body[0]
    words = body[1:].split(" ")
    number = words.pop(0)
    if not (1 <= len(number) <= 4 and _is_number(number)):
        raise _bad_form("after its first character stands a whole number, 0 to 9999")
    rid = ""
    word = ""
    if kind == REQUEST:
        rid = words.pop(0) if words else ""
        if not is_rid(rid):
            raise _bad_form("a request has a request id of 8 digits of 0-9 a-f after SEQ")
    elif kind not in (DATA, ANSWER, EVENT):
        raise _bad_form("it begins with one of : - = !")
    if kind != DATA:
        word = words.pop(0) if words else ""
        if not is_word(word):
            raise _bad_form("a name of small letters, digits and _ stands before the keys")
    pairs: list[tuple[str, str]] = []
    for item in words:
        cut = item.find("=")
        key = item[:cut] if cut > 0 else ""
        if not is_word(key) or "=" in item[cut + 1 :]:
            raise _bad_form("each further part is key=value, one space before it")
        for known, _ in pairs:
            if known == key:
                raise _bad_form("each key stands once, but " + key + " stands twice")
        pairs.append((key, unescape(item[cut + 1 :])))
    return Line(kind, int(number), rid, word, pairs)


def _is_number(text: str) -> bool:
    """Decimal digits without a leading zero: one way only to write a number."""
    for character in text:
        if not "0" <= character <= "9":
            return False
    return text == "0" or text[0] != "0"


def _bad_form(rule: str) -> BadText:
    return BadText("the line is not of the protocol's form: " + rule, "bad_line")
