"""The pump as a Python object.

    from titrate import Pump

    with Pump.connect() as pump:
        print(pump.status().reservoir_nl)
        pump.bolus("50 mcg", over="10 min")

Quantities are given as text with their units; what the pump says comes back exactly: whole
numbers, fractions.Fraction for volumes and rates, units in the names.

Every method that changes something takes `request_id`, to repeat an earlier request by; it
raises Refused when nothing has changed, and OutcomeUnknown when it is not known whether it
took effect, which outcome() settles. Methods that only read raise NoAnswer on silence.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from types import TracebackType
from typing import NamedTuple, Self

from pump.core import programme as programmes
from pump.core.programme import Programme
from pump.link import commands, lines
from pump.version import VERSION
from titrate.client import log_copy, ports
from titrate.client.connection import Connection, Reply, usual_answer_s
from titrate.client.keyring import HeldKey, Keyring
from titrate.client.replies import Alarm, Clock, Hello, LogEntry, Reading, Status
from titrate.client.transport import SerialTransport
from titrate.client.values import Value


class Change(NamedTuple):
    """A setting that a proposed programme would change, as texts with units."""

    setting: str
    old: str
    new: str


class SoftLimit(NamedTuple):
    """A soft limit of the drug library that what is proposed goes beyond."""

    limit: str
    sentence: str


class Review(NamedTuple):
    """What a proposed programme, library or equipment would change, as the pump understood it.

    Attributes:
        digest: what confirm() takes.
        changes: every setting that would change.
        warnings: a sentence each.
        soft_limits: those that confirm() needs a reason for.
    """

    digest: str
    changes: list[Change]
    warnings: list[str]
    soft_limits: list[SoftLimit]


class PairedKey(NamedTuple):
    """A key that a pump has.

    Attributes:
        name: who has it.
        role: operator, programmer or service.
        fingerprint: pump.core.lock.fingerprint_of() its secret.
    """

    name: str
    role: str
    fingerprint: str


class Pump:
    """A pump that has answered.

    Args:
        connection: on which connect() has succeeded.
    """

    def __init__(self, connection: Connection):
        self._connection = connection

    @classmethod
    def connect(
        cls,
        port: str | None = None,
        answer_s: float | None = None,
        keyring: Keyring | None = None,
    ) -> Self:
        """Open the port and say hello.

        Args:
            port: device name; None for TITRATE_PORT, else the only pump found.
            answer_s: how long to wait for an answer before asking again, in seconds; None for
                what TITRATE_ANSWER_S says, else connection.ANSWER_S.
            keyring: the keys for a locked pump; None for those of this computer's user.

        Raises:
            NoAnswer: no port, or no pump on it.
            WrongInput: TITRATE_ANSWER_S is no number of seconds.
        """
        if answer_s is None:
            answer_s = usual_answer_s()
        transport = SerialTransport(ports.choose(port))
        connection = Connection(transport, answer_s, keyring=keyring or Keyring())
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Give the port back; the pump goes on."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> str:
        """Name of the port."""
        return self._connection.port

    @property
    def hello(self) -> Hello:
        """What the pump said when it was connected."""
        return Hello.of(self._connection.hello)

    def ask(self, name: str, **values: object) -> Reply:
        """Any command of the table by its name; see firmware/docs/protocol.md."""
        return self._connection.request(name, values)

    def status(self) -> Status:
        """How the pump is."""
        return Status.of(self.ask("status").values)

    def alarms(self) -> list[Alarm]:
        """The active alarms, the most urgent first."""
        return [Alarm.of(row) for row in self.ask("alarms").rows]

    def clock(self) -> Clock:
        """The pump's clock."""
        return Clock.of(self.ask("clock").values)

    def log(
        self, from_sequence: int | None = None, count: int | None = None, faults: bool = False
    ) -> Iterator[LogEntry]:
        """Entries of the journal, the oldest first.

        Args:
            from_sequence: number of the first entry; None for the last `count` entries.
            count: most entries to give; None for 20, or with from_sequence for all.
            faults: only faults and alarms.
        """
        if from_sequence is None:
            count = count or 20
        if count is None or count > _LOG_PAGE:
            following = self.next_log_sequence(faults)
            if from_sequence is None:
                from_sequence = max(following - (count or 0), 0)
            if following - from_sequence > _LOG_PAGE and self._tells_sectors:
                yield from islice(log_copy.entries(self.ask, from_sequence, faults), count)
                return
        left = count
        while left is None or left > 0:
            page = min(left or _LOG_PAGE, _LOG_PAGE)
            reply = self.ask("log", from_sequence=from_sequence, count=page, faults=faults or None)
            for row in reply.rows:
                yield LogEntry.of(row)
            if left is not None:
                left -= len(reply.rows)
            next_sequence = _whole(reply.values["next_sequence"])
            if not reply.rows or next_sequence == from_sequence:
                return
            from_sequence = next_sequence

    @property
    def _tells_sectors(self) -> bool:
        """Whether the journal's sectors can be asked for, and mean to this host what the pump
        says itself: firmware of another version may name an alarm or an event otherwise."""
        return self._connection.knows("log_sectors") and self.hello.firmware_version == VERSION

    def next_log_sequence(self, faults: bool = False) -> int:
        """The number that the journal's next entry will have.

        Args:
            faults: in the journal of faults and alarms.
        """
        reply = self.ask("log", count=1, faults=faults or None)
        return _whole(reply.values["next_sequence"]) or 0

    def programme_text(self) -> str:
        """The canonical text of the programme in force, "" when there is none."""
        return "".join([f"{row['text']}\n" for row in self.ask("programme").rows])

    def propose(
        self, programme: Programme, progress: Callable[[int, int], None] | None = None
    ) -> Review:
        """Send a programme to the pump and get its review; nothing is in force yet.

        Args:
            programme: that has been checked.
            progress: called with pieces sent and pieces in all.
        """
        return self._propose(programmes.canonical_text(programme), None, progress)

    def propose_library(
        self, text: str, progress: Callable[[int, int], None] | None = None
    ) -> Review:
        """Send a drug library to the pump and get its review; it is not in use yet.

        Args:
            text: canonical text of a library that has been checked.
            progress: called with pieces sent and pieces in all.
        """
        return self._propose(text, "library", progress)

    def propose_equipment(self, text: str) -> Review:
        """Send what is fitted to the pump and get its review; it is not in use yet.

        Args:
            text: canonical text of an equipment that has been checked.
        """
        return self._propose(text, "equipment", None)

    def _propose(
        self, text: str, what: str | None, progress: Callable[[int, int], None] | None
    ) -> Review:
        pieces = _pieces(text)
        self.ask("propose", pieces=len(pieces), crc=lines.checksum(text.encode()), what=what)
        lines_of_text = [{"n": n, "text": piece} for n, piece in enumerate(pieces)]
        self._connection.request_each("propose_line", lines_of_text, progress)
        return self.review()

    def review(self) -> Review:
        """What the proposed text would change."""
        reply = self.ask("review")
        rows = [Change(str(r["setting"]), str(r["old"]), str(r["new"])) for r in reply.rows]
        return Review(
            str(reply.values["digest"]),
            [row for row in rows if row.setting not in (_WARNING, _SOFT_LIMIT)],
            [row.new for row in rows if row.setting == _WARNING],
            [SoftLimit(row.old, row.new) for row in rows if row.setting == _SOFT_LIMIT],
        )

    def confirm(self, digest: str, request_id: str = "", reason: str = "", at: str = "") -> None:
        """Put what is proposed in force, as reviewed under this digest.

        Args:
            digest: of the review.
            request_id: see above.
            reason: why soft limits of the drug library are gone beyond, 4 to 48 characters;
                needed only then.
            at: from when a programme is to be in force, "YYYY-MM-DDTHH:MM" by the pump's clock;
                "" for from now on.
        """
        self._order("confirm", request_id, digest=digest, reason=reason or None, at=at or None)

    def revert(self, request_id: str = "") -> Review:
        """Propose the programme that was in force before this one, and get its review.

        It is in force when confirm() takes its digest.
        """
        self._order("revert", request_id)
        return self.review()

    def cancel_following(self, request_id: str = "") -> str:
        """Forget the programme that was to follow at a time; returns the state after it."""
        return self._order("cancel_following", request_id)

    def discard(self, request_id: str = "") -> None:
        """Forget what is proposed."""
        self._order("discard", request_id)

    def library_text(self) -> str:
        """The canonical text of the pump's drug library, "" when there is none."""
        return "".join([f"{row['text']}\n" for row in self.ask("library").rows])

    def equipment_text(self) -> str:
        """The canonical text of what is fitted to the pump, "" when nothing was confirmed."""
        return "".join([f"{row['text']}\n" for row in self.ask("equipment").rows])

    def readings(self) -> list[Reading]:
        """What every switch and sensor reads now, fitted or not."""
        return [Reading.of(row) for row in self.ask("readings").rows]

    def start(self, request_id: str = "") -> str:
        """Start to deliver the programme; returns the state after it."""
        return self._order("start", request_id)

    def pause(self, request_id: str = "") -> str:
        """Pause delivery; returns the state after it."""
        return self._order("pause", request_id)

    def resume(self, request_id: str = "") -> str:
        """Go on after a pause; returns the state after it."""
        return self._order("resume", request_id)

    def stop(self, request_id: str = "") -> str:
        """Stop delivery, cancel the rest of a bolus; returns the state after it."""
        return self._order("stop", request_id)

    def minimum(self, request_id: str = "") -> str:
        """Deliver at the programme's minimum rate; returns the state after it."""
        return self._order("minimum", request_id)

    def rate(self, rate: str, request_id: str = "", reason: str = "") -> str:
        """Make one flat basal rate, such as "300 mcg/day", the programme's day.

        Args:
            rate: a dose or a volume over time.
            request_id: see above.
            reason: as for confirm().
        """
        return self._order("rate", request_id, rate=rate, reason=reason or None)

    def bolus(self, volume: str, over: str, request_id: str = "", reason: str = "") -> str:
        """Give a bolus on top of the basal rate.

        Args:
            volume: a dose such as "50 mcg" or a volume such as "100 uL".
            over: its duration, such as "10 min".
            request_id: see above.
            reason: as for confirm().
        """
        return self._order("bolus", request_id, volume=volume, duration=over, reason=reason or None)

    def demand(self, request_id: str = "") -> str:
        """Give the programme's demand bolus; refused during its lockout."""
        return self._order("demand", request_id)

    def cancel_bolus(self, request_id: str = "") -> str:
        """Cancel what is left of the running bolus; the basal rate goes on."""
        return self._order("cancel_bolus", request_id)

    def prime(self, volume: str, request_id: str = "", rate: str = "") -> str:
        """Fill the line with a volume such as "200 uL"; not counted as delivered.

        Args:
            volume: how much.
            request_id: see above.
            rate: how fast, such as "1 mL/min"; "" for the programme's highest rate.
        """
        return self._order("prime", request_id, volume=volume, rate=rate or None)

    def purge(self, request_id: str = "", rate: str = "") -> str:
        """Empty the reservoir down to its reserve through the line; rate as for prime()."""
        return self._order("purge", request_id, rate=rate or None)

    def home(self, line: str = "", request_id: str = "") -> str:
        """Begin to find the home switch; returns the state after it: "moving".

        Args:
            line: "off", to say that the line is off the syringe or leads into waste; refused
                without, unless a switch tells that there is no syringe.
            request_id: see above.
        """
        return self._order("home", request_id, line=line or None)

    def jog(
        self, distance: str, direction: str = "infuse", line: str = "", request_id: str = ""
    ) -> str:
        """Begin to move the plunger by a distance such as "2 mm" or a volume such as "50 uL".

        Args:
            distance: how far.
            direction: "infuse" or "withdraw".
            line, request_id: as for home().
        """
        return self._order(
            "jog", request_id, distance=distance, direction=direction, line=line or None
        )

    def unload(self, line: str = "", request_id: str = "") -> str:
        """Begin to draw the drive back for another syringe; as home()."""
        return self._order("unload", request_id, line=line or None)

    def load(self, volume: str, line: str = "", request_id: str = "") -> str:
        """Begin to go up to the plunger of a syringe that holds a volume; as home()."""
        return self._order("load", request_id, volume=volume, line=line or None)

    def refill(self, volume: str, request_id: str = "") -> str:
        """Say what the reservoir holds now, such as "18 mL"."""
        return self._order("refill", request_id, volume=volume)

    def acknowledge(self, code: str, request_id: str = "") -> None:
        """Acknowledge an alarm by its code, or "all"."""
        self._order("acknowledge", request_id, code=code)

    def silence(self, request_id: str = "") -> None:
        """Silence the sound for a while."""
        self._order("silence", request_id)

    def set_clock(self, now: str, request_id: str = "") -> int | None:
        """Set the pump's clock to local civil time, "YYYY-MM-DDTHH:MM:SS".

        Returns:
            What the clock says now, in seconds since 2000-01-01 00:00.
        """
        reply = self._connection.request("set_clock", {"now": now}, request_id)
        return _whole(reply.values.get("clock_s"))

    def test_alarm(self, request_id: str = "") -> None:
        """Sound and show each alarm priority once."""
        self._order("test_alarm", request_id)

    def bootloader(self, request_id: str = "") -> None:
        """Restart into the USB bootloader; refused unless the pump is stopped."""
        self._order("bootloader", request_id)

    def keys(self) -> list[PairedKey]:
        """The keys that the pump is changed with; without any it is open to everybody."""
        rows = self.ask("keys").rows
        return [
            PairedKey(str(row["name"]), str(row["role"]), str(row["fingerprint"])) for row in rows
        ]

    def pair(self, key: HeldKey) -> int:
        """Ask the pump to pair a key.

        Returns:
            The seconds within which the pump's pair button is to be pressed; awaited_key() tells
            when that is over, and keys() whether the key is among them.
        """
        reply = self._connection.request(
            "pair", {"name": key.name, "role": key.role, "key": key.secret.hex()}
        )
        return _whole(reply.values["wait_s"]) or 0

    def awaited_key(self) -> str:
        """Name of the key that waits for the pump's pair button, or ""."""
        return str(self.ask("keys").values["awaits"])

    def unpair(self, name: str, request_id: str = "") -> None:
        """Have the pump forget a key."""
        self._connection.request("unpair", {"name": name}, request_id)

    def outcome(self, request_id: str) -> str:
        """What became of a request: "done", "refused", or "never" when the pump knows it not."""
        return self._connection.outcome(request_id)

    def _order(self, name: str, request_id: str, **values: object) -> str:
        reply = self._connection.request(name, values, request_id)
        return str(reply.values.get("state", ""))


_LOG_PAGE = 50
_WARNING = "warning"
_SOFT_LIMIT = "soft limit"
# The longest line less what stands around the text: ":9999 0a1b2c3d propose_line n=998 text=" and
# " *" with the check sum.
_PIECE_ESCAPED_MAX = lines.REQUEST_MAX - 50
_PIECE_MAX = next(
    arg.maximum for arg in commands.require("propose_line").args if arg.name == "text"
)


def _pieces(text: str) -> list[str]:
    """A text's lines, as many together as fit into a request, without the last LF."""
    pieces: list[str] = []
    for line in text.split("\n")[:-1]:
        together = f"{pieces[-1]}\n{line}" if pieces else ""
        if (
            together
            and len(together) <= _PIECE_MAX
            and len(lines.escape(together)) <= _PIECE_ESCAPED_MAX
        ):
            pieces[-1] = together
        else:
            pieces.append(line)
    return pieces


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None
