"""firmware/docs/protocol.md: the console protocol, from the table of commands."""

from pump.core.paired_keys import ROLES
from pump.link import commands, kinds, lines, vocabulary

_BOLUS = [("volume", "50 mcg"), ("duration", "10 min")]

_HEAD = f"""# The console protocol

Made by `python -m titrate.reference` from `firmware/pump/link/commands.py`, which the pump's parser
and help and the host's client are made from too. The version of the line format is
{commands.PROTOCOL}.

## Lines

Printable ASCII, ended by LF (CR and CR LF are taken too). A request has at most {lines.REQUEST_MAX}
characters, the pump's lines at most {lines.REPLY_MAX}. A byte 0x03 never occurs: it would
interrupt the MicroPython prompt underneath.

    request   :SEQ RID NAME key=value ... *CRC32
    data      -SEQ key=value ... *CRC32             one row; none, one or many
    answer    =SEQ OUTCOME key=value ... *CRC32     one
    event     !N CODE key=value ... *CRC32          unasked

SEQ is a whole number from 0 to {lines.NUMBER_MAX} that the host counts up; data and answer
repeat it. RID, 8 digits of `0`-`9` `a`-`f`, is chosen at random for each thing that a person asks
for and kept for every repeat of it. CRC32 is that of zlib (ISO 3309), of all that stands before the
` *`, as 8 digits of `0`-`9` `A`-`F`. In values every byte outside `!` to `~`, and `%`, `=` and `*`,
is `%` and two digits of `0`-`9` `A`-`F`. For example:

    {lines.encode(lines.REQUEST, 7, "0a1b2c3d", "bolus", _BOLUS)}
    {lines.encode(lines.ANSWER, 7, "", "done", [("state", "running")])}

## Outcomes

| OUTCOME | meaning |
| --- | --- |
| `done` | it has happened; after rows, `rows` says how many there were |
| `refused` | nothing has happened; `code` is a fixed word, `sentence` is for a person |
| `unknown` | the pump failed inside while doing it; `outcome` tells whether it took effect |

A request that changes something is done once, however often it comes. Repeated letter for letter,
the last one is answered again from memory; with a new SEQ and the same RID it is answered from what
the pump journalled. Where no answer comes at all, `outcome` with its RID settles it.

What is no whole request with a fitting check sum changes nothing. Since its SEQ may be damaged too,
it is answered by an event: `too_long`, `not_printable`, `no_crc`, `bad_crc` or `bad_line`. A whole
request that is not in order is refused: `unknown_command`, `unknown_argument`, `missing_argument`,
`bad_text` for what cannot be read, `out_of_range` with the limit, `not_now` for what the present
state forbids.

## Requests with a key

A locked pump (`hello` and `status` tell) refuses a change without one: `key_needed`. Ask for a
`challenge`, then add `by=NAME` and last `mac=` to the request; [keys.md](keys.md) says how the code
is made. Refusals: `no_key`, `no_challenge` (used up or older than 60 s: ask again), `wrong_key`,
`closed` (wait, the sentence says how long), `role`.

## Lines typed by hand

A line without a leading `:` is read as typed by a person and answered in plain words: `status`,
`alarms`, `log`, `log count=50`, `programme`, `clock`, `hello`, `help`, `help bolus`. What would
change something is refused with the way to do it. An answer that is an error begins with `?`;
lines that begin with `-`, `=`, `!` or `?` are not answered, so that a terminal that echoes does no
harm.

## Connecting

A host sends `hello`. A board that sits at MicroPython's prompt, as mpremote leaves it, does not
answer; Ctrl-B (0x02), then `import pump;pump.console()` and CR start the console again without
touching delivery. `hello` tells the version of the protocol and a digest of the dictionary; a host
whose own table has another digest asks for `dictionary` and uses the commands that agree.

## Kinds of arguments
"""


def text() -> str:
    """The page's text."""
    parts = [_HEAD, "\n| kind | what is written |\n| --- | --- |\n"]
    parts += [f"| {kind} | {meaning} |\n" for kind, meaning in vocabulary.ARGUMENT_KINDS]
    parts += ["\n## Kinds of replies\n\nAll text; empty where there is no value.\n"]
    parts += ["\n| kind | what is written |\n| --- | --- |\n"]
    parts += [f"| {kind} | {meaning} |\n" for kind, meaning in vocabulary.REPLY_KINDS]
    parts += ["\n## Commands that only read\n"]
    parts += [_command(command) for command in commands.COMMANDS if not command.changes]
    parts += ["\n## Commands that change something\n"]
    parts += [_command(command) for command in commands.COMMANDS if command.changes]
    return "".join(parts)


def _command(command: commands.Command) -> str:
    parts = [f"\n### {command.name}\n\n{command.help}\n"]
    ways = [f"`titrate {command.host}`"] if command.host else []
    ways += [f"`{command.device}`"] if command.device else []
    if ways:
        parts.append(f"\nAlso: {' or '.join(ways)}.\n")
    if command.role in ROLES:
        parts.append(f"\nOn a locked pump it needs a key of the role {command.role}.\n")
    if command.args:
        parts.append(
            "\n| argument | kind | | limits | example |\n| --- | --- | --- | --- | --- |\n"
        )
        parts += [
            f"| `{arg.name}` | {arg.kind} | {arg.help}{_default(arg)} "
            f"| {kinds.limits(arg)} | `{arg.example}` |\n"
            for arg in command.args
        ]
    parts.append(_declared("in the answer", command.replies))
    parts.append(_declared("in each row", command.rows))
    return "".join(parts)


def _declared(where: str, keys: tuple[str, ...]) -> str:
    if not keys:
        return ""
    rows = "".join([f"| `{key}` | {' | '.join(vocabulary.KEYS[key])} |\n" for key in keys])
    return f"\n| {where} | kind | |\n| --- | --- | --- |\n{rows}"


def _default(arg: commands.Arg) -> str:
    if arg.default is commands.REQUIRED:
        return ""
    if arg.default in (None, "", False):
        return "; may be left out"
    return f"; {lines.value_text(arg.default)} when left out"
