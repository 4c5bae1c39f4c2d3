"""The firmware as files onto a board that runs MicroPython.

Nothing old is touched before all that is new has arrived and been compared. Then boot.py goes
first and comes back last, so that a board interrupted in between starts no pump, neither the old,
nor the new, nor a mixture; deploying again mends it.
"""

import ast
import hashlib
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

from titrate.client.errors import NoAnswer, Refused
from titrate.deploy.repl import Repl

OLDEST_MICROPYTHON = (1, 25)

# Compiled files lie in the heap when they run, in about as many bytes as they have; this much
# more is needed to check and review a programme against a drug library.
ROOM_BYTES = 64 * 1024

STAGING = "/titrate.new"
_PIECE_BYTES = 2048

# Modules of an image come before all others, so that files would be without effect.
_IS_FROZEN = """
import sys
_path, _module = sys.path[:], sys.modules.pop("pump_image", None)
sys.path[:] = [".frozen"]
try:
    import pump_image
    _frozen = True
except ImportError:
    _frozen = False
sys.path[:] = _path
sys.modules.pop("pump_image", None)
if _module:
    sys.modules["pump_image"] = _module
"""

_IS_RUNNING = """
try:
    import pump
    pump.console
    _running = True
except Exception:
    _running = False
"""

_TOOLS = """
import os
from binascii import a2b_base64, hexlify
from hashlib import sha256
def _remove(path):
    try:
        if os.stat(path)[0] & 0x4000:
            for name in os.listdir(path):
                _remove(path + "/" + name)
            os.rmdir(path)
        else:
            os.remove(path)
    except OSError as error:
        if error.errno != 2:
            raise
def _digest(path):
    found = sha256()
    with open(path, "rb") as file:
        while True:
            piece = file.read(1024)
            if not piece:
                return hexlify(found.digest()).decode()
            found.update(piece)
"""


class Board:
    """A board at MicroPython's prompt.

    Args:
        repl: its prompt.
    """

    def __init__(self, repl: Repl):
        self._repl = repl

    def check(self) -> None:
        """Refuse a board that these files are not for.

        Raises:
            Refused: another chip, a MicroPython that is too old, or a Titrate image.
        """
        self.check_chip()
        version = self._value("tuple(sys.implementation.version[:2])")
        if version < OLDEST_MICROPYTHON:
            shown = ".".join(str(part) for part in version)
            raise Refused(
                f"the board on {self._repl.port} runs MicroPython {shown}, but 1.25 or newer is "
                "needed; put a newer image on it",
                "old_micropython",
            )
        self._repl.run(_IS_FROZEN)
        if self._value("_frozen"):
            raise Refused(
                f"the board on {self._repl.port} runs a Titrate image, which comes before any "
                "files; bring it up to date with `titrate flash`",
                "frozen",
            )

    def check_chip(self) -> None:
        """Refuse a board with another chip.

        Raises:
            Refused: it is none of Raspberry Pi's.
        """
        self._repl.run("import sys")
        platform = self._value("sys.platform")
        if platform != "rp2":
            raise Refused(
                f"the board on {self._repl.port} is a {platform}; Titrate runs on the RP2040 only",
                "other_board",
            )

    def lack_of_room(self, files: dict[str, bytes]) -> str:
        """Why this board's memory would not hold these files and a pump at work; "" when it would.

        The files would start, but programming the pump would run out of memory.
        """
        self._repl.run("import gc; gc.collect()")
        heap_bytes = self._value("gc.mem_free() + gc.mem_alloc()")
        code_bytes = sum(len(data) for name, data in files.items() if name.endswith(".mpy"))
        if code_bytes + ROOM_BYTES <= heap_bytes:
            return ""
        return (
            f"the board on {self._repl.port} has {heap_bytes // 1024} KiB of memory for programs, "
            f"but as files the firmware needs {code_bytes // 1024} KiB and "
            f"{ROOM_BYTES // 1024} KiB to work in"
        )

    def has_other_program(self) -> bool:
        """Whether a boot.py or main.py is there that no Titrate firmware belongs to."""
        self._repl.run("import os")
        names = self._value("os.listdir('/')")
        return "pump" not in names and ("boot.py" in names or "main.py" in names)

    def has_running_pump(self) -> bool:
        """Whether boot.py has started a pump, which may be delivering in the background."""
        self._repl.run(_IS_RUNNING)
        return bool(self._value("_running"))

    def install(
        self, files: dict[str, bytes], progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Put the files there.

        Args:
            files: content by name, as sources.device_files() gives them.
            progress: called with bytes done and bytes in all.

        Raises:
            NoAnswer: a file did not arrive as it was sent, or the board did not answer.
        """
        total = sum(len(content) for content in files.values())
        done = 0
        self._repl.run(_TOOLS)
        self._repl.run(f"_remove({STAGING!r})\nos.mkdir({STAGING!r})")
        for folder in sorted({name.rsplit("/", 1)[0] for name in files if "/" in name}):
            self._repl.run(f"os.mkdir({f'{STAGING}/{folder}'!r})")
        for name, content in files.items():
            self._write(f"{STAGING}/{name}", content)
            done += len(content)
            if progress:
                progress(done, total)
        self._switch(files)

    def restart(self) -> None:
        """Restart the board; it leaves its port while it does."""
        self._repl.leave("import machine\nmachine.reset()")

    def enter_bootloader(self) -> None:
        """Restart the board into its USB bootloader; it leaves its port."""
        self._repl.leave("import machine\nmachine.bootloader()")

    def _switch(self, files: dict[str, bytes]) -> None:
        """Everything new in the place of everything old: boot.py goes first and comes last."""
        top = sorted({name.split("/", 1)[0] for name in files} - {"boot.py"})
        # Also what `mpremote mip install` leaves: source texts, and all of it under /lib.
        sources = [name.removesuffix(".mpy") + ".py" for name in top if name.endswith(".mpy")]
        for name in ["boot.py", *top, *sources]:
            self._repl.run(f"_remove({f'/{name}'!r})\n_remove({f'/lib/{name}'!r})")
        for name in [*top, "boot.py"]:
            self._repl.run(f"os.rename({f'{STAGING}/{name}'!r}, {f'/{name}'!r})")
        self._repl.run(f"_remove({STAGING!r})")

    def _write(self, name: str, content: bytes) -> None:
        self._repl.run(f"_file = open({name!r}, 'wb')")
        for at in range(0, len(content), _PIECE_BYTES):
            piece = b2a_base64(content[at : at + _PIECE_BYTES], newline=False)
            self._repl.run(f"_file.write(a2b_base64({piece!r}))")
        self._repl.run("_file.close()")
        if self._value(f"_digest({name!r})") != hashlib.sha256(content).hexdigest():
            raise NoAnswer(
                f"{name} did not arrive as it was sent; the firmware on the board is as it was, "
                "deploy again",
                "deploy_failed",
            )

    def _value(self, expression: str) -> Any:
        return ast.literal_eval(self._repl.run(f"print(repr({expression}))").strip())
