"""The keys that may change a pump, and the text that keeps them in flash.

titrate-keys 1
key bench programmer 64 hexadecimal digits
"""

from binascii import hexlify, unhexlify

from pump.core.compat import const
from pump.core.errors import BadText

FORMAT = "titrate-keys 1"
KEY_BYTES = const(32)
KEYS_MAX = const(8)
NAME_MAX = const(16)

OPERATOR = "operator"
PROGRAMMER = "programmer"
SERVICE = "service"
# Each may do what those before it may.
ROLES = (OPERATOR, PROGRAMMER, SERVICE)


class PairedKey:
    """A key.

    Attributes:
        name: who has it, a name of small letters, digits and _, at most NAME_MAX.
        role: one of ROLES.
        secret: its KEY_BYTES bytes, never shown.
    """

    def __init__(self, name: str, role: str, secret: bytes):
        self.name = name
        self.role = role
        self.secret = secret

    def may(self, role: str) -> bool:
        """Whether its role may do what needs the other."""
        return ROLES.index(self.role) >= ROLES.index(role)


def parse(text: str) -> "dict[str, PairedKey]":
    """The keys of a text by name.

    Raises:
        BadText: it is none that text_of() made; what it says is not told.
    """
    lines = text.split("\n")
    keys: dict[str, PairedKey] = {}
    if lines[0] != FORMAT or lines[-1]:
        raise _unreadable()
    for line in lines[1:-1]:
        words = line.split(" ")
        if len(words) != 4 or words[0] != "key" or words[2] not in ROLES:
            raise _unreadable()
        keys[words[1]] = PairedKey(words[1], words[2], secret_of(words[3]))
    return keys


def text_of(keys: "dict[str, PairedKey]") -> str:
    """The text that parse() reads."""
    lines = [FORMAT]
    for name in sorted(keys):
        key = keys[name]
        lines.append("key " + name + " " + key.role + " " + hexlify(key.secret).decode())
    return "\n".join(lines) + "\n"


def secret_of(digits: str) -> bytes:
    """The secret of 64 hexadecimal digits.

    Raises:
        BadText: they are not; they are not told.
    """
    try:
        secret = unhexlify(digits)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise BadText(
            "the key is not " + str(2 * KEY_BYTES) + " hexadecimal digits; nothing was paired"
        )
    return secret


def _unreadable() -> BadText:
    return BadText("the paired keys cannot be read; pair anew")
