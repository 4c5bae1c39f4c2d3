"""The commands of the console: the one table that everything else is made from.

The parser and the server on the pump, the help that the pump prints, the dictionary that it
reports on connect, the host's client and the reference page firmware/docs/protocol.md all
read COMMANDS. A command's handler is the method of the same name of the pump object; it is
called with the arguments' values in the table's order, and with `request_id` when the
command changes something.

A reply is declared by its keys; what a key is, of what kind and what it says, stands once, in
vocabulary.py.
"""

from collections import namedtuple

from pump.core.compat import const
from pump.core.errors import BadText, quote
from pump.core.paired_keys import NAME_MAX, OPERATOR, PROGRAMMER, SERVICE

PROTOCOL = const(1)
"""Version of the line format and of what connecting relies on: hello and dictionary."""

ANYONE = "anyone"
"""Role of a command that changes something but needs no key."""

REQUIRED = ("required",)
"""Marks an argument without a default; compared by identity."""


# One argument of a command:
#   name: key on the wire.
#   kind: one of the argument kinds in vocabulary.py.
#   help: what it is, for a person.
#   example: a text that is in order.
#   minimum, maximum: limits of a whole number, or of the length of a text.
#   default: value used when it is not given; REQUIRED when it must be.
Arg = namedtuple("Arg", ("name", "kind", "help", "example", "minimum", "maximum", "default"))

# One command:
#   name: NAME on the wire and of the pump's method.
#   help: one sentence, for a person.
#   changes: whether it changes anything in the pump; such a command has a request id that the
#       pump remembers, and is not taken from a line typed by hand.
#   role: what a key must have for it where the pump is locked, one of paired_keys.ROLES; ANYONE
#       where no key is needed; "" when it changes nothing.
#   args: Arg, in the order in which the handler takes them.
#   replies: keys of the pairs in the answer.
#   rows: keys of the pairs in each data line; () when there are none.
#   host: how to ask for it with the host command, without the leading "titrate"; or "".
#   device: how to ask for it from MicroPython after "import pump"; or "".
Command = namedtuple(
    "Command", ("name", "help", "changes", "role", "args", "replies", "rows", "host", "device")
)


def _arg(
    name: str, kind: str, help: str, example: str, minimum=0, maximum=0, default=REQUIRED
) -> Arg:
    return Arg(name, kind, help, example, minimum, maximum, default)


def _command(
    name: str, help: str, role="", args=(), replies=(), rows=(), host="", device=""
) -> Command:
    return Command(name, help, role != "", role, args, replies, rows, host, device)


_STATE = (
    "state",
    "effective_ticks",
)

_VOLUME = "a volume such as 100 uL, or a dose such as 50 mcg at the programmed concentration"

_LINE = Arg(
    "line",
    "word",
    "off, to say that the line is off the syringe or leads into waste: a move may push or draw",
    "off",
    0,
    0,
    "",
)

_REASON = Arg(
    "reason",
    "text",
    "why a soft limit of the drug library is gone beyond; needed only then",
    "severe spasms, seen by Dr Ito",
    4,
    48,
    "",
)

COMMANDS = (
    _command(
        "hello",
        "Who is there: product, versions, board; the first thing a host asks.",
        replies=(
            "product",
            "protocol",
            "dictionary",
            "firmware_version",
            "image_digest",
            "installed",
            "board",
            "board_id",
            "micropython",
            "uptime_s",
            "state",
            "locked",
            "equipment",
        ),
        host="ports",
    ),
    _command(
        "dictionary",
        "The commands that this pump knows, with their arguments: one a row.",
        replies=("dictionary",),
        rows=(
            "command",
            "changes",
            "role",
            "args",
            "replies",
            "rows",
        ),
    ),
    _command(
        "help",
        "The commands in a line each, or all about one of them.",
        args=(_arg("name", "word", "a command", "bolus", default=""),),
        rows=("text",),
        device="pump.help()",
    ),
    _command(
        "status",
        "How the pump is: state, volumes, reservoir, clock, alarms.",
        replies=(
            "state",
            "stepped",
            "witnessed",
            "asked",
            "committed_steps",
            "delivered_nl",
            "primed_nl",
            "reservoir_nl",
            "rate_nl_per_h",
            "bolus_remaining_nl",
            "bridge_left_nl",
            "vtbi_left_nl",
            "demand_in_s",
            "next_change_s",
            "following_s",
            "position_um",
            "low_in_s",
            "empty_in_s",
            "clock_s",
            "clock_known",
            "programme_digest",
            "programme_name",
            "concentration_mcg_per_ml",
            "library",
            "library_digest",
            "equipment",
            "equipment_digest",
            "alarms",
            "firmware_version",
            "image_digest",
            "uptime_s",
            "reset_cause",
            "heap_free",
            "locked",
            "driver",
        ),
        host="status",
        device="pump.status()",
    ),
    _command(
        "alarms",
        "The active alarms: one a row, the most urgent first.",
        replies=("signals",),
        rows=(
            "code",
            "priority",
            "since_s",
            "acknowledged",
            "effect",
            "sentence",
        ),
        host="alarms",
        device="pump.alarms()",
    ),
    _command(
        "log",
        "Entries of the pump's journal, the oldest first: one a row.",
        args=(
            _arg(
                "from_sequence",
                "whole",
                "number of the first entry; without it, the last ones",
                "1200",
                0,
                0x7FFFFFFF,
                None,
            ),
            _arg("count", "whole", "most entries to give", "20", 1, 50, 20),
            _arg("faults", "yes_no", "only faults and alarms", "no", default=False),
        ),
        replies=("next_sequence",),
        rows=(
            "sequence",
            "at_s",
            "code",
            "detail",
        ),
        host="log",
        device="pump.log()",
    ),
    _command(
        "log_sectors",
        "Sectors of the journal as they lie in flash, for a host that takes them apart.",
        args=(
            _arg(
                "from_sector",
                "whole",
                "number of the first sector; without it, the one with from_sequence",
                "12",
                0,
                0x7FFFFFFF,
                None,
            ),
            _arg("from_sequence", "whole", "number of the first entry", "1200", 0, 0x7FFFFFFF, 0),
            _arg("count", "whole", "most sectors to give", "8", 1, 8, 8),
            _arg("faults", "yes_no", "only faults and alarms", "no", default=False),
        ),
        replies=("next_sector",),
        rows=(
            "sector",
            "at",
            "data",
        ),
        host="log --all",
    ),
    _command(
        "programme",
        "The programme in force: its canonical text, one line a row.",
        replies=("digest",),
        rows=("text",),
        host="programme",
        device="pump.programme()",
    ),
    _command(
        "library",
        "The drug library in use: its canonical text, one line a row.",
        replies=(
            "digest",
            "library",
        ),
        rows=("text",),
        host="library show --pump",
        device="pump.library()",
    ),
    _command(
        "equipment",
        "What is fitted and watched: its canonical text, one line a row.",
        replies=(
            "digest",
            "equipment",
        ),
        rows=("text",),
        host="equipment show",
        device="pump.equipment()",
    ),
    _command(
        "readings",
        "What every switch and sensor reads now, fitted or not: one a row.",
        rows=(
            "input",
            "fitted",
            "reading",
            "unit",
        ),
        host="equipment read",
        device="pump.readings()",
    ),
    _command(
        "clock",
        "The pump's clock.",
        replies=(
            "clock_s",
            "clock_known",
        ),
        host="clock",
        device="pump.clock()",
    ),
    _command(
        "outcome",
        "What became of a request: settles one whose answer was lost.",
        args=(_arg("rid", "rid", "request id", "0a1b2c3d"),),
        replies=(
            "found",
            "detail",
        ),
        host="outcome 0a1b2c3d",
    ),
    _command(
        "keys",
        "The keys that may change the pump: one a row; without any, everybody may.",
        replies=(
            "locked",
            "awaits",
        ),
        rows=(
            "name",
            "role",
            "fingerprint",
        ),
        host="keys",
        device="pump.keys()",
    ),
    _command(
        "challenge",
        "A challenge for the next request that is made with a key.",
        args=(_arg("by", "word", "name of the key", "bench"),),
        replies=("challenge",),
    ),
    _command(
        "pair",
        "Pair a key, once the pair button is pressed within 30 s.",
        role=ANYONE,
        args=(
            _arg("name", "word", "name of the key, at most %d characters" % NAME_MAX, "bench"),
            _arg("role", "word", "operator, programmer or service", "programmer"),
            _arg("key", "secret", "the key", "0123456789abcdef" * 4),
        ),
        replies=("wait_s",),
        host="pair --name bench",
    ),
    _command(
        "unpair",
        "Forget a key; without any the pump is open to everybody again.",
        role=SERVICE,
        args=(_arg("name", "word", "name of the key", "bench"),),
        host="unpair bench",
    ),
    _command(
        "propose",
        "Begin to send a programme, drug library or equipment; what was proposed is forgotten.",
        role=PROGRAMMER,
        args=(
            _arg("pieces", "whole", "how many pieces follow", "4", 1, 999),
            _arg("crc", "crc", "CRC32 of all the text, as 8 digits of 0-9 A-F", "1C291CA3"),
            _arg(
                "what",
                "word",
                "programme, library or equipment",
                "library",
                default="programme",
            ),
        ),
        host="program profile.toml",
    ),
    _command(
        "propose_line",
        "Send the next piece of the proposed text.",
        role=ANYONE,
        args=(
            _arg("n", "whole", "number of the piece, the first is 0", "0", 0, 998),
            _arg("text", "text", "the piece: whole lines, LF between them", "name Example", 1, 200),
        ),
        host="program profile.toml",
    ),
    _command(
        "review",
        "What the proposed text would change: one setting a row, old against new.",
        replies=("digest",),
        rows=(
            "setting",
            "old",
            "new",
        ),
        host="program profile.toml",
        device="pump.review()",
    ),
    _command(
        "confirm",
        "Put what is proposed in force, as reviewed.",
        role=PROGRAMMER,
        args=(
            _arg("digest", "digest", "digest that review gave", "0123456789abcdef"),
            _REASON,
            _arg(
                "at",
                "instant",
                "from when it is to be in force; without it, from now on",
                "2026-11-23T06:00:00",
                default=None,
            ),
        ),
        replies=_STATE,
        host="program profile.toml",
        device='pump.confirm("0123456789abcdef")',
    ),
    _command(
        "revert",
        "Propose the programme that was in force before; then review and confirm it.",
        role=PROGRAMMER,
        replies=("digest",),
        host="revert",
        device="pump.revert()",
    ),
    _command(
        "cancel_following",
        "Forget the programme that is to come into force at a time.",
        role=PROGRAMMER,
        replies=_STATE,
        host="program --cancel",
        device="pump.cancel_following()",
    ),
    _command(
        "discard",
        "Forget what is proposed.",
        role=PROGRAMMER,
        host="program profile.toml",
    ),
    _command(
        "start",
        "Start to deliver the programme.",
        role=PROGRAMMER,
        replies=_STATE,
        host="start",
        device="pump.start()",
    ),
    _command(
        "pause",
        "Pause delivery; an alarm reminds of it.",
        role=OPERATOR,
        replies=_STATE,
        host="pause",
        device="pump.pause()",
    ),
    _command(
        "resume",
        "Go on after a pause.",
        role=OPERATOR,
        replies=_STATE,
        host="resume",
        device="pump.resume()",
    ),
    _command(
        "stop",
        "Stop delivery; what is left of a bolus is cancelled.",
        role=PROGRAMMER,
        replies=_STATE,
        host="stop",
        device="pump.stop()",
    ),
    _command(
        "minimum",
        "Deliver at the programme's minimum rate until told otherwise.",
        role=PROGRAMMER,
        replies=_STATE,
        host="minimum",
        device="pump.minimum()",
    ),
    _command(
        "rate",
        "Make one flat basal rate the programme's day.",
        role=PROGRAMMER,
        args=(_arg("rate", "rate", "a volume or a dose per min, h or day", "300 mcg/day"), _REASON),
        replies=_STATE,
        host='rate "300 mcg/day"',
        device='pump.rate("300 mcg/day")',
    ),
    _command(
        "bolus",
        "Give a bolus on top of the basal rate, evenly over a time.",
        role=OPERATOR,
        args=(
            _arg("volume", "amount", _VOLUME, "50 mcg"),
            _arg("duration", "duration", "over how long", "10 min"),
            _REASON,
        ),
        replies=_STATE,
        host='bolus "50 mcg" --over "10 min"',
        device='pump.bolus("50 mcg", minutes=10)',
    ),
    _command(
        "demand",
        "Give the programme's demand bolus, unless it is locked out.",
        role=OPERATOR,
        replies=_STATE,
        host="demand",
        device="pump.demand()",
    ),
    _command(
        "cancel_bolus",
        "Cancel what is left of the running bolus; the basal rate goes on.",
        role=OPERATOR,
        replies=_STATE,
        host="bolus --cancel",
        device="pump.cancel_bolus()",
    ),
    _command(
        "prime",
        "Fill the line while stopped; not counted as delivered.",
        role=PROGRAMMER,
        args=(
            _arg("volume", "volume", "how much", "200 uL"),
            _arg(
                "rate",
                "rate",
                "how fast; without it, the programme's highest rate",
                "1 mL/min",
                default=None,
            ),
        ),
        replies=_STATE,
        host='prime "200 uL"',
        device='pump.prime("200 uL")',
    ),
    _command(
        "purge",
        "Empty the reservoir down to its reserve through the line; not counted as delivered.",
        role=PROGRAMMER,
        args=(
            _arg(
                "rate",
                "rate",
                "how fast; without it, the programme's highest rate",
                "1 mL/min",
                default=None,
            ),
        ),
        replies=_STATE,
        host="purge",
        device="pump.purge()",
    ),
    _command(
        "home",
        "Find the home switch, so that the position is known; only while stopped.",
        role=PROGRAMMER,
        args=(_LINE,),
        replies=_STATE,
        host="home --line-off",
        device='pump.home("off")',
    ),
    _command(
        "jog",
        "Move the plunger by a distance or a volume; only while stopped, and no dose.",
        role=PROGRAMMER,
        args=(
            _arg("distance", "distance", "how far", "2 mm"),
            _arg("direction", "word", "infuse or withdraw", "infuse", default="infuse"),
            _LINE,
        ),
        replies=_STATE,
        host='jog "2 mm" --line-off',
        device='pump.jog("2 mm", line="off")',
    ),
    _command(
        "unload",
        "Draw the drive back for another syringe; only while stopped.",
        role=PROGRAMMER,
        args=(_LINE,),
        replies=_STATE,
        host="unload --line-off",
        device='pump.unload("off")',
    ),
    _command(
        "load",
        "Go up to the plunger of a syringe that holds a volume; only while stopped.",
        role=PROGRAMMER,
        args=(_arg("volume", "volume", "what the syringe holds", "8 mL"), _LINE),
        replies=_STATE,
        host='load "8 mL" --line-off',
        device='pump.load("8 mL", "off")',
    ),
    _command(
        "refill",
        "Say what the reservoir holds after a refill.",
        role=PROGRAMMER,
        args=(_arg("volume", "volume", "what it holds now", "18 mL"),),
        replies=_STATE,
        host='refill "18 mL"',
        device='pump.refill("18 mL")',
    ),
    _command(
        "acknowledge",
        "Acknowledge an alarm.",
        role=OPERATOR,
        args=(_arg("code", "word", "the alarm, or all", "low_reservoir"),),
        host="ack low_reservoir",
        device='pump.acknowledge("low_reservoir")',
    ),
    _command(
        "silence",
        "Silence the sound for a while; it comes back while an alarm lasts.",
        role=OPERATOR,
        host="silence",
        device="pump.silence()",
    ),
    _command(
        "set_clock",
        "Set the pump's clock, in local civil time.",
        role=PROGRAMMER,
        args=(_arg("now", "instant", "the time now", "2026-11-22T06:00:00"),),
        replies=("clock_s",),
        host="clock --set",
        device='pump.set_clock("2026-11-22T06:00:00")',
    ),
    _command(
        "test_alarm",
        "Sound and show each alarm priority once.",
        role=OPERATOR,
        host="alarms --test",
        device="pump.test_alarm()",
    ),
    _command(
        "bootloader",
        "Restart into the USB bootloader for new firmware; only while stopped.",
        role=SERVICE,
        host="flash",
        device="pump.bootloader()",
    ),
)


def find(name: str) -> Command | None:
    """The command of a name, or None."""
    for command in COMMANDS:
        if command.name == name:
            return command
    return None


def require(name: str) -> Command:
    """The command of a name.

    Raises:
        BadText: there is none; code "unknown_command".
    """
    command = find(name)
    if command is None:
        raise unknown(name)
    return command


def role_of(command: Command, pairs) -> str:
    """The role that a request needs: to go beyond a soft limit, which takes a reason, is for a
    programmer to decide."""
    for key, value in pairs:
        if key == _REASON.name and value and command.role == OPERATOR:
            return PROGRAMMER
    return command.role


def has_argument(command: Command, name: str) -> bool:
    """Whether a command has an argument of that name."""
    for arg in command.args:
        if arg.name == name:
            return True
    return False


def unknown(name: str) -> BadText:
    """The error for a command that does not exist."""
    return BadText(
        "there is no command " + quote(name) + "; nothing was done, help lists the commands",
        "unknown_command",
    )


def unknown_argument(command: Command, name: str) -> BadText:
    """The error for an argument that a command does not have."""
    return BadText(
        command.name + " has no argument " + quote(name) + "; " + _takes(command),
        "unknown_argument",
    )


def missing_argument(command: Command, arg: Arg) -> BadText:
    """The error for an argument that must be given and was not."""
    return BadText(
        command.name + " needs " + arg.name + ", " + arg.help + ", such as " + quote(arg.example),
        "missing_argument",
    )


def too_many_arguments(command: Command) -> BadText:
    """The error for more plain words than a command has arguments."""
    return BadText(command.name + ": too many words; " + _takes(command), "unknown_argument")


def _takes(command: Command) -> str:
    if not command.args:
        return "it takes none"
    return "it takes " + ", ".join([arg.name for arg in command.args])
