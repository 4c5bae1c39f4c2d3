"""The commands of the console: the one table that everything else is made from.

The parser and the server on the pump, the help that the pump prints, the dictionary that it
reports on connect, the host's client and the reference page firmware/docs/protocol.md all
read COMMANDS. A command's handler is the method of the same name of the pump object; it is
called with the arguments' values in the table's order, and with `request_id` when the
command changes something.

A reply is declared as (key, kind, what it says); the kinds are in kinds.py.
"""

from pump.core.compat import const
from pump.core.errors import BadText
from pump.core.quantity import quote

PROTOCOL = const(1)
"""Version of the line format and of what connecting relies on: hello and dictionary."""

REQUIRED = ("required",)
"""Marks an argument without a default; compared by identity."""


class Arg:
    """One argument of a command.

    Attributes:
        name: key on the wire.
        kind: one of the argument kinds in kinds.py.
        help: what it is, for a person.
        example: a text that is in order.
        minimum, maximum: limits of a whole number, or of the length of a text.
        default: value used when it is not given; REQUIRED when it must be.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        help: str,
        example: str,
        minimum: int = 0,
        maximum: int = 0,
        default=REQUIRED,
    ):
        self.name = name
        self.kind = kind
        self.help = help
        self.example = example
        self.minimum = minimum
        self.maximum = maximum
        self.default = default


class Command:
    """One command.

    Attributes:
        name: NAME on the wire and of the pump's method.
        help: one sentence, for a person.
        changes: whether it changes anything in the pump; such a command has a request id
            that the pump remembers, and is not taken from a line typed by hand.
        args: Arg, in the order in which the handler takes them.
        replies: (key, kind, help) of the pairs in the answer.
        rows: (key, kind, help) of the pairs in each data line; () when there are none.
        host: how to ask for it with the host command, without the leading "titrate"; or "".
        device: how to ask for it from MicroPython after "import pump"; or "".
    """

    def __init__(
        self,
        name: str,
        help: str,
        changes: bool = False,
        args=(),
        replies=(),
        rows=(),
        host: str = "",
        device: str = "",
    ):
        self.name = name
        self.help = help
        self.changes = changes
        self.args = args
        self.replies = replies
        self.rows = rows
        self.host = host
        self.device = device


_STATE = (
    ("state", "text", "named state of the pump after it"),
    (
        "effective_ticks",
        "whole",
        "pump time from which it holds, in ticks of 8 ns; empty when nothing moves",
    ),
)

_VOLUME = "a volume such as 100 uL, or a dose such as 50 mcg at the programmed concentration"

COMMANDS = (
    Command(
        "hello",
        "Who is there: product, versions, board; the first thing a host asks.",
        replies=(
            ("product", "text", "always titrate"),
            ("protocol", "whole", "version of the line format"),
            ("dictionary", "text", "digest of the table of commands"),
            ("firmware_version", "text", "version of the firmware"),
            ("image_digest", "text", "digest of the firmware's files"),
            ("installed", "text", "frozen in an image, or as files"),
            ("board", "text", "name of the board"),
            ("board_id", "text", "serial number of the board"),
            ("micropython", "text", "version of MicroPython"),
            ("uptime_s", "seconds", "time since the last start"),
            ("state", "text", "named state of the pump"),
        ),
        host="ports",
    ),
    Command(
        "dictionary",
        "The commands that this pump knows, with their arguments: one a row.",
        replies=(("dictionary", "text", "digest of the table of commands"),),
        rows=(
            ("command", "text", "its name"),
            ("changes", "yes_no", "whether it changes anything"),
            ("args", "text", "name:kind:minimum:maximum each, ? after one that has a default"),
            ("replies", "text", "key:kind each"),
            ("rows", "text", "key:kind each"),
        ),
    ),
    Command(
        "help",
        "The commands in a line each, or all about one of them.",
        args=(Arg("name", "word", "a command", "bolus", default=""),),
        rows=(("text", "text", "a line to read"),),
        device="pump.help()",
    ),
    Command(
        "status",
        "How the pump is: state, volumes, reservoir, clock, alarms.",
        replies=(
            ("state", "text", "named state"),
            ("stepped", "whole", "microsteps made, by the count of the step generator"),
            ("witnessed", "whole", "microsteps seen on the STEP pin by the second counter"),
            ("asked", "whole", "microsteps asked for so far"),
            ("committed_steps", "whole", "microsteps handed to the hardware ahead of time"),
            ("delivered_nl", "volume", "delivered since the last refill, priming not counted"),
            ("primed_nl", "volume", "used for priming since the last refill"),
            ("reservoir_nl", "volume", "left in the reservoir"),
            ("rate_nl_per_h", "rate", "rate now, boluses included"),
            ("bolus_remaining_nl", "volume", "what is left of the running bolus"),
            ("next_change_s", "seconds", "time to the next change of the rate"),
            ("low_in_s", "seconds", "time to a low reservoir, under the programme"),
            ("empty_in_s", "seconds", "time to an empty reservoir, under the programme"),
            ("clock_s", "instant", "the pump's clock, local civil time"),
            ("clock_known", "yes_no", "whether the clock was set since it last stopped"),
            ("programme_digest", "text", "digest of the programme in force"),
            ("programme_name", "text", "name of the programme in force"),
            ("concentration_mcg_per_ml", "ratio", "concentration; empty for plain volumes"),
            ("alarms", "alarms", "active alarms, code:priority each, the most urgent first"),
            ("firmware_version", "text", "version of the firmware"),
            ("image_digest", "text", "digest of the firmware's files"),
            ("uptime_s", "seconds", "time since the last start"),
            ("reset_cause", "text", "what caused the last start"),
            ("heap_free", "whole", "free memory in bytes"),
        ),
        host="status",
        device="pump.status()",
    ),
    Command(
        "alarms",
        "The active alarms: one a row, the most urgent first.",
        rows=(
            ("code", "text", "name of the alarm"),
            ("priority", "text", "high, medium, low or info"),
            ("since_s", "instant", "when it began"),
            ("acknowledged", "yes_no", "whether a person has acknowledged it"),
            ("effect", "text", "what it does to delivery"),
            ("sentence", "text", "what it means and what to do"),
        ),
        host="alarms",
        device="pump.alarms()",
    ),
    Command(
        "log",
        "Entries of the pump's journal, the oldest first: one a row.",
        args=(
            Arg(
                "from_sequence",
                "whole",
                "number of the first entry; without it, the last ones",
                "1200",
                0,
                0x7FFFFFFF,
                None,
            ),
            Arg("count", "whole", "most entries to give", "20", 1, 50, 20),
            Arg("faults", "yes_no", "only faults and alarms", "no", default=False),
        ),
        replies=(("next_sequence", "whole", "number to ask from for what comes after"),),
        rows=(
            ("sequence", "whole", "number of the entry"),
            ("at_s", "instant", "when, by the pump's clock"),
            ("code", "text", "what happened"),
            ("detail", "text", "the values that belong to it"),
        ),
        host="log",
        device="pump.log()",
    ),
    Command(
        "programme",
        "The programme in force: its canonical text, one line a row.",
        replies=(("digest", "text", "digest of the programme"),),
        rows=(("text", "text", "a line of the canonical text"),),
        host="programme",
        device="pump.programme()",
    ),
    Command(
        "clock",
        "The pump's clock.",
        replies=(
            ("clock_s", "instant", "local civil time"),
            ("clock_known", "yes_no", "whether it was set since it last stopped"),
        ),
        host="clock",
        device="pump.clock()",
    ),
    Command(
        "outcome",
        "What became of a request: settles one whose answer was lost.",
        args=(Arg("rid", "rid", "request id", "0a1b2c3d"),),
        replies=(
            ("found", "text", "done, refused, or never: not known, so not done lately"),
            ("detail", "text", "what the answer said besides"),
        ),
        host="outcome 0a1b2c3d",
    ),
    Command(
        "propose",
        "Begin to send a programme; one proposed before is forgotten.",
        changes=True,
        args=(
            Arg("pieces", "whole", "how many pieces follow", "4", 1, 999),
            Arg("crc", "crc", "CRC32 of all the text, as 8 digits of 0-9 A-F", "1C291CA3"),
        ),
        host="program profile.toml",
    ),
    Command(
        "propose_line",
        "Send the next piece of the proposed programme's text.",
        changes=True,
        args=(
            Arg("n", "whole", "number of the piece, the first is 0", "0", 0, 998),
            Arg("text", "text", "the piece: whole lines, LF between them", "name Example", 1, 200),
        ),
        host="program profile.toml",
    ),
    Command(
        "review",
        "What the proposed programme would change: one setting a row, old against new.",
        replies=(("digest", "text", "digest to confirm it by"),),
        rows=(
            ("setting", "text", "name of the setting; warning for a warning"),
            ("old", "text", "in force now"),
            ("new", "text", "proposed"),
        ),
        host="program profile.toml",
    ),
    Command(
        "confirm",
        "Put the proposed programme in force, as reviewed.",
        changes=True,
        args=(Arg("digest", "digest", "digest that review gave", "0123456789abcdef"),),
        replies=_STATE,
        host="program profile.toml",
    ),
    Command(
        "discard",
        "Forget the proposed programme.",
        changes=True,
        host="program profile.toml",
    ),
    Command(
        "start",
        "Start to deliver the programme.",
        changes=True,
        replies=_STATE,
        host="start",
        device="pump.start()",
    ),
    Command(
        "pause",
        "Pause delivery; an alarm reminds of it.",
        changes=True,
        replies=_STATE,
        host="pause",
        device="pump.pause()",
    ),
    Command(
        "resume",
        "Go on after a pause.",
        changes=True,
        replies=_STATE,
        host="resume",
        device="pump.resume()",
    ),
    Command(
        "stop",
        "Stop delivery; what is left of a bolus is cancelled.",
        changes=True,
        replies=_STATE,
        host="stop",
        device="pump.stop()",
    ),
    Command(
        "minimum",
        "Deliver at the programme's minimum rate until told otherwise.",
        changes=True,
        replies=_STATE,
        host="minimum",
        device="pump.minimum()",
    ),
    Command(
        "rate",
        "Make one flat basal rate the programme's day.",
        changes=True,
        args=(Arg("rate", "rate", "a volume or a dose per min, h or day", "300 mcg/day"),),
        replies=_STATE,
        host='rate "300 mcg/day"',
        device='pump.rate("300 mcg/day")',
    ),
    Command(
        "bolus",
        "Give a bolus on top of the basal rate, evenly over a time.",
        changes=True,
        args=(
            Arg("volume", "amount", _VOLUME, "50 mcg"),
            Arg("duration", "duration", "over how long", "10 min"),
        ),
        replies=_STATE,
        host='bolus "50 mcg" --over "10 min"',
        device='pump.bolus("50 mcg", minutes=10)',
    ),
    Command(
        "cancel_bolus",
        "Cancel what is left of the running bolus; the basal rate goes on.",
        changes=True,
        replies=_STATE,
        host="bolus --cancel",
        device="pump.cancel_bolus()",
    ),
    Command(
        "prime",
        "Fill the line while stopped; not counted as delivered.",
        changes=True,
        args=(
            Arg("volume", "volume", "how much", "200 uL"),
            Arg(
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
    Command(
        "refill",
        "Say what the reservoir holds after a refill.",
        changes=True,
        args=(Arg("volume", "volume", "what it holds now", "18 mL"),),
        replies=_STATE,
        host='refill "18 mL"',
        device='pump.refill("18 mL")',
    ),
    Command(
        "acknowledge",
        "Acknowledge an alarm.",
        changes=True,
        args=(Arg("code", "word", "the alarm, or all", "low_reservoir"),),
        host="ack low_reservoir",
        device='pump.acknowledge("low_reservoir")',
    ),
    Command(
        "silence",
        "Silence the sound for a while; it comes back while an alarm lasts.",
        changes=True,
        host="silence",
        device="pump.silence()",
    ),
    Command(
        "set_clock",
        "Set the pump's clock, in local civil time.",
        changes=True,
        args=(Arg("now", "instant", "the time now", "2026-11-22T06:00:00"),),
        replies=(("clock_s", "instant", "what the clock says now"),),
        host="clock --set",
        device='pump.set_clock("2026-11-22T06:00:00")',
    ),
    Command(
        "test_alarm",
        "Sound and show each alarm priority once.",
        changes=True,
        host="alarms --test",
        device="pump.test_alarm()",
    ),
    Command(
        "bootloader",
        "Restart into the USB bootloader for new firmware; only while stopped.",
        changes=True,
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
