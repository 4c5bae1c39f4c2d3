"""What the pump tells a host about its commands, so that hosts of other versions can tell.

A host whose own table has the same digest knows every command of the pump exactly;
another one reads the rows and uses the commands that agree with its own.
"""

import binascii
import hashlib

from pump.link import commands


def rows() -> list[list[tuple[str, object]]]:
    """One row a command, as the `dictionary` command gives them."""
    return [_row(command) for command in commands.COMMANDS]


def digest() -> str:
    """First 16 hexadecimal digits of the SHA-256 of all rows and the protocol's version.

    Help and examples are not part of it: they bind nobody.
    """
    digest = hashlib.sha256(str(commands.PROTOCOL).encode())
    for row in rows():
        for key, value in row:
            digest.update(("\n" + key + "=" + str(value)).encode())
    return binascii.hexlify(digest.digest()).decode()[:16]


def _row(command: commands.Command) -> list[tuple[str, object]]:
    from pump.link import vocabulary

    return [
        ("command", command.name),
        ("changes", command.changes),
        ("role", command.role),
        ("args", ",".join([_argument(arg) for arg in command.args])),
        ("replies", vocabulary.signature(command.replies)),
        ("rows", vocabulary.signature(command.rows)),
    ]


def _argument(arg: commands.Arg) -> str:
    text = arg.name + ":" + arg.kind + ":" + str(arg.minimum) + ":" + str(arg.maximum)
    return text if arg.default is commands.REQUIRED else text + "?"
