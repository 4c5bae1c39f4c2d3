"""Who may change the pump.

A pump without a paired key is open: whoever has the cable may change it. From its first key on it
is locked: each request that changes something carries the name of a key and a message code made
with it, over a challenge that the pump gave for this one request and over the request itself. So
nothing that was overheard can be sent again, and nothing can be changed on the way.

A key is paired by a person at the pump: asked for over the cable, then confirmed with the pair
button within PAIRING_S. What the buttons do needs no key.
"""

from binascii import hexlify, unhexlify

from pump.core import message_code, paired_keys, records
from pump.core.compat import const
from pump.core.errors import NotNow, PumpError, quote

PAIRING_S = const(30)
CHALLENGE_S = const(60)
CHALLENGE_BYTES = const(16)
# Of the message code's 32 bytes the first 16 are sent: RFC 2104, 5, advises half or more.
CODE_BYTES = const(16)
# After so many wrong codes one after the other no key is taken for 2, 4, 8 ... seconds.
_FREE_TRIES = const(3)
_WAIT_S_MAX = const(64)
_FINGERPRINT = b"titrate fingerprint"


class Lock:
    """The lock of one Controller.

    Args:
        pump: the Controller.
        random_bytes: called with a count, gives as many bytes that nobody can foretell.

    Attributes:
        is_damaged: whether the keys cannot be read: then nobody has one, and the pump stays
            locked until a key is paired.
    """

    def __init__(self, pump, random_bytes):
        self._pump = pump
        self._random_bytes = random_bytes
        self._keys: dict[str, paired_keys.PairedKey] = {}
        self.is_damaged = False
        self._awaited: paired_keys.PairedKey | None = None
        self._awaited_until_s = 0
        # By key: (challenge, uptime at which it was given).
        self._challenges: dict[str, tuple[bytes, int]] = {}
        self._wrong = 0
        self._closed_until_s = 0

    @property
    def is_locked(self) -> bool:
        """Whether changes need a key."""
        return self.is_damaged or bool(self._keys)

    @property
    def awaits_name(self) -> str:
        """Name of the key that waits for the button, or ""."""
        return "" if self._awaited is None else self._awaited.name

    def load(self) -> None:
        """Find the keys in flash; damaged ones raise their alarm."""
        try:
            recorder = self._pump.recorder
            stored = recorder.confirmed(recorder.keys, records.KEYS_CHANGED)
            if stored is not None:
                self._keys = paired_keys.parse(stored.text)
        except PumpError as error:
            self.is_damaged = True
            self._pump.active_alarms.raise_alarm(
                "keys_damaged", self._pump.pump_clock.uptime_s(), error.sentence
            )
            self._pump.recorder.fault("keys_damaged", error.sentence)

    def rows(self):
        """(name, role, fingerprint) of every key, by name."""
        keys = [self._keys[name] for name in sorted(self._keys)]
        return [(key.name, key.role, fingerprint_of(key.secret)) for key in keys]

    # -- pairing ---------------------------------------------------------------------------

    def ask_to_pair(self, name: str, role: str, digits: str) -> None:
        """Wait for the button to confirm a key.

        Args:
            name, role: of the key; one of that name is replaced.
            digits: its secret, 64 hexadecimal digits.

        Raises:
            BadText: the name or the role or the secret is none.
            NotNow: another one waits, or there is no room.
        """
        if role not in paired_keys.ROLES:
            raise NotNow(
                quote(role) + " is no role; it is one of " + ", ".join(paired_keys.ROLES), "role"
            )
        if len(name) > paired_keys.NAME_MAX:
            raise NotNow(
                "the name of a key has at most " + str(paired_keys.NAME_MAX) + " characters"
            )
        secret = paired_keys.secret_of(digits)
        uptime_s = self._pump.pump_clock.uptime_s()
        self.look(uptime_s)
        if self.awaits_name and self.awaits_name != name:
            raise NotNow(
                "the key "
                + self.awaits_name
                + " waits for the pair button; press it, or wait "
                + str(self._awaited_until_s - uptime_s)
                + " s"
            )
        if name not in self._keys and len(self._keys) >= paired_keys.KEYS_MAX:
            raise NotNow(
                "the pump has "
                + str(paired_keys.KEYS_MAX)
                + " keys, the most that it keeps; remove one with unpair"
            )
        self._awaited = paired_keys.PairedKey(name, role, secret)
        self._awaited_until_s = uptime_s + PAIRING_S
        self._pump.active_alarms.raise_alarm(
            "pairing", uptime_s, "the key " + name + " is to be paired as " + role
        )

    def confirm_pairing(self) -> None:
        """The pair button was pressed: the key that waits, if one does, is paired."""
        key = self._awaited
        if key is None:
            return
        self._end_pairing()
        keys = dict(self._keys)
        keys[key.name] = key
        self._keep(keys, "paired " + key.name + " " + key.role)
        self.is_damaged = False
        self._pump.active_alarms.clear("keys_damaged", self._pump.pump_clock.uptime_s())

    def remove(self, name: str) -> None:
        """Forget a key; without any the pump is open again.

        Raises:
            NotNow: there is none of that name.
        """
        self._require_name(name)
        keys = dict(self._keys)
        del keys[name]
        self._keep(keys, "unpaired " + name)

    def look(self, uptime_s: int) -> None:
        """Give up waiting for the button when its time is over."""
        if self.awaits_name and uptime_s >= self._awaited_until_s:
            self._end_pairing()

    # -- requests --------------------------------------------------------------------------

    def challenge(self, name: str) -> str:
        """A challenge for one request with a key, as hexadecimal digits.

        Raises:
            NotNow: there is no such key, or wrong codes have closed the lock for a while.
        """
        self._require_name(name)
        uptime_s = self._pump.pump_clock.uptime_s()
        if uptime_s < self._closed_until_s:
            raise NotNow(
                "after wrong keys no key is taken for "
                + str(self._closed_until_s - uptime_s)
                + " s; then ask again",
                "closed",
            )
        given = self._random_bytes(CHALLENGE_BYTES)
        self._challenges[name] = (given, uptime_s)
        return hexlify(given).decode()

    def require(self, role: str, name: str, code: str, message: bytes) -> None:
        """Let a request through, or refuse; its challenge is used up either way.

        Args:
            role: what the request needs, one of paired_keys.ROLES.
            name: of the key, "" when the request has none.
            code: the message code as hexadecimal digits.
            message: the request as it was sent, up to the message code.

        Raises:
            NotNow: code "key_needed", "no_challenge", "wrong_key" or "role".
        """
        if not self.is_locked:
            return
        if not name:
            raise NotNow(
                "this pump is locked: a change needs a paired key; pair one with titrate pair and"
                " the pump's pair button",
                "key_needed",
            )
        self._require_name(name)
        uptime_s = self._pump.pump_clock.uptime_s()
        given, given_s = self._challenges.pop(name, (b"", 0))
        if not given or uptime_s > given_s + CHALLENGE_S:
            raise NotNow(
                "the key's challenge is used up or older than "
                + str(CHALLENGE_S)
                + " s; ask for a new one",
                "no_challenge",
            )
        key = self._keys[name]
        expected = message_code.of(key.secret, given + message)[:CODE_BYTES]
        if not message_code.is_same(expected, _bytes_of(code)):
            self._note_wrong(name, uptime_s)
            raise NotNow(
                "the key "
                + name
                + " does not fit the one that was paired; nothing was done, pair again",
                "wrong_key",
            )
        self._wrong = 0
        if not key.may(role):
            raise NotNow(
                "the key "
                + name
                + " has the role "
                + key.role
                + ", but this needs "
                + role
                + "; nothing was done, use another key",
                "role",
            )

    # -- inside ----------------------------------------------------------------------------

    def _require_name(self, name: str) -> None:
        if name not in self._keys:
            raise NotNow("no key of the name " + quote(name) + " is paired", "no_key")

    def _note_wrong(self, name: str, uptime_s: int) -> None:
        self._wrong += 1
        if self._wrong >= _FREE_TRIES:
            doublings = min(self._wrong - _FREE_TRIES + 1, 6)
            self._closed_until_s = uptime_s + min(1 << doublings, _WAIT_S_MAX)
        self._pump.active_alarms.raise_event("wrong_key", uptime_s, "a wrong key for " + name)
        if self._wrong & (self._wrong - 1) == 0:
            # The 1st, 2nd, 4th, 8th ...: who tries for days washes nothing else out of the log.
            self._pump.recorder.fault("wrong_key", name + ", tries " + str(self._wrong))

    def _keep(self, keys, what: str) -> None:
        pump = self._pump
        pump.commit_before_writing()
        stored = pump.recorder.keys.write(paired_keys.text_of(keys))
        self._keys = keys
        self._challenges = {}
        pump.recorder.event(records.KEYS_CHANGED, stored.sequence, what)

    def _end_pairing(self) -> None:
        self._awaited = None
        self._pump.active_alarms.clear("pairing", self._pump.pump_clock.uptime_s())


def fingerprint_of(secret: bytes) -> str:
    """8 hexadecimal digits that tell one key from another and nothing of its secret."""
    return hexlify(message_code.of(secret, _FINGERPRINT)[:4]).decode()


def _bytes_of(digits: str) -> bytes:
    try:
        return unhexlify(digits)
    except ValueError:
        return b""
