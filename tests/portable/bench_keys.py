"""Keys for tests, and requests made with them."""

from binascii import hexlify

from pump.core import message_code
from pump.link import lines

SECRETS = {
    "nurse": bytes(range(32)),
    "bench": bytes(range(1, 33)),
    "boss": bytes(range(2, 34)),
}
ROLES = {"nurse": "operator", "bench": "programmer", "boss": "service"}


def paired(bench, *names):
    """A pump with the keys of these names; returns it."""
    for name in names:
        bench.controller.pair(name, ROLES[name], hexlify(SECRETS[name]).decode())
        bench.controller.lock.confirm_pairing()
    return bench


def signed(link, name, word, pairs=(), secret=None, challenge=None):
    """A request with a key, as bytes of a line.

    Args:
        link: the Bench of test_link_server.py.
        name: of the key.
        word, pairs: the command and its arguments.
        secret: another than the key has.
        challenge: hexadecimal digits; None to ask for one.
    """
    if challenge is None:
        challenge = link.ask("challenge", [("by", name)])[0].get("challenge")
    pairs = list(pairs) + [("by", name)]
    message = link.request(word, pairs)
    link.number -= 1
    message = message[: message.rfind(b" *")]
    code = message_code.of(secret or SECRETS[name], bytes.fromhex(challenge) + message)[:16]
    return link.request(word, pairs + [("mac", hexlify(code).decode())])


def answered(link, line):
    """The answer to a line."""
    return lines.decode(link.feed(line)[-1].encode())
