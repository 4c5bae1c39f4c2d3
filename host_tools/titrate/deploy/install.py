"""The firmware as files onto a board that runs MicroPython, through mpremote's raw REPL.

Nothing old is touched before all that is new has arrived and been compared. Then boot.py goes
first and comes back last, so that a board interrupted in between starts no pump, neither the old,
nor the new, nor a mixture; deploying again mends it.
"""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable
from types import TracebackType
from typing import Self

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from titrate.client.errors import Disconnected, NoAnswer, Refused

OLDEST_MICROPYTHON = (1, 25)

_STAGING = "/titrate.new"
_CHUNK_BYTES = 2048

# Compiled modules of an image come before all others, so that files would be without effect.
_IS_FROZEN = """
import sys
_path, _module = sys.path[:], sys.modules.pop("pump_image", None)
sys.path[:] = [".frozen"]
try:
    import pump_image
    print("frozen")
except ImportError:
    print("files")
sys.path[:] = _path
sys.modules.pop("pump_image", None)
if _module:
    sys.modules["pump_image"] = _module
"""

_REMOVE = """
import os
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
"""


class Board:
    """A board at MicroPython's prompt.

    Entering interrupts a console that runs there, but makes no soft reset; delivery, if there
    is any, goes on.

    Args:
        port: its serial port.

    Raises:
        NoAnswer: no MicroPython answers there.
    """

    def __init__(self, port: str):
        self._port = port
        try:
            self._repl = SerialTransport(port, timeout=10)
            self._repl.enter_raw_repl(soft_reset=False)
        except (TransportError, serial.SerialException, OSError) as error:
            raise NoAnswer(
                f"no MicroPython answers on {port}: {error}; put it on the board first "
                "(a stock image for the Raspberry Pi Pico, 1.25 or newer)",
                "no_micropython",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._repl.exit_raw_repl()
            self._repl.close()
        except (TransportError, serial.SerialException, OSError):
            # A board that has restarted is gone from here.
            return

    def check(self) -> None:
        """Refuse a board that these files are not for.

        Raises:
            Refused: another chip, a MicroPython that is too old, or a Titrate image.
        """
        platform, version = self._ask(
            "import sys", "(sys.platform, tuple(sys.implementation.version[:2]))"
        )
        if platform != "rp2":
            raise Refused(
                f"the board on {self._port} is a {platform}; Titrate runs on the RP2040 only",
                "other_board",
            )
        if version < OLDEST_MICROPYTHON:
            shown = ".".join(str(part) for part in version)
            raise Refused(
                f"the board on {self._port} runs MicroPython {shown}, but 1.25 or newer is "
                "needed; put a newer image on it",
                "old_micropython",
            )
        if b"frozen" in self._do(_IS_FROZEN):
            raise Refused(
                f"the board on {self._port} runs a Titrate image, which comes before any files; "
                "bring it up to date with `titrate flash`",
                "frozen",
            )

    def has_other_program(self) -> bool:
        """Whether a boot.py or main.py is there that no Titrate firmware belongs to."""
        names = self._ask("import os", "os.listdir('/')")
        return "pump" not in names and ("boot.py" in names or "main.py" in names)

    def has_running_pump(self) -> bool:
        """Whether boot.py has started a pump, which may be delivering in the background."""
        ask = "try:\n import pump\n pump.console\n print('yes')\nexcept Exception:\n print('no')\n"
        out = self._do(ask)
        return b"yes" in out

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
        self._do(_REMOVE)
        self._do(f"_remove({_STAGING!r})\nos.mkdir({_STAGING!r})")
        folders = sorted({name.rsplit("/", 1)[0] for name in files if "/" in name})
        for folder in folders:
            self._do(f"os.mkdir({_STAGING + '/' + folder!r})")
        for name, content in files.items():
            self._write(f"{_STAGING}/{name}", content)
            done += len(content)
            if progress:
                progress(done, total)
        self._switch(files)

    def restart(self) -> None:
        """Restart the board; it leaves this port while it does."""
        try:
            self._repl.exec_raw_no_follow("import machine\nmachine.reset()")
        except (TransportError, serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def _switch(self, files: dict[str, bytes]) -> None:
        """Everything new in the place of everything old, boot.py last."""
        top = sorted({name.split("/", 1)[0] for name in files})
        old = ["boot.py", "main.py", *top]
        # A module may lie there as source text from `mpremote mip install`, also under /lib.
        old += [name.removesuffix(".mpy") + ".py" for name in top if name.endswith(".mpy")]
        for name in old:
            self._do(f"_remove('/{name}')\n_remove('/lib/{name}')")
        for name in [*(n for n in top if n != "boot.py"), "boot.py"]:
            self._do(f"os.rename('{_STAGING}/{name}', '/{name}')")
        self._do(f"_remove({_STAGING!r})\nos.sync() if hasattr(os, 'sync') else None")

    def _write(self, name: str, content: bytes) -> None:
        self._do(f"from binascii import a2b_base64\nf = open({name!r}, 'wb')")
        for at in range(0, len(content), _CHUNK_BYTES):
            piece = b2a_base64(content[at : at + _CHUNK_BYTES], newline=False)
            self._do(f"f.write(a2b_base64({piece!r}))")
        self._do("f.close()")
        try:
            arrived = self._repl.fs_hashfile(name, "sha256", chunk_size=_CHUNK_BYTES)
        except (TransportError, serial.SerialException, OSError) as error:
            raise self._gone(error) from error
        if bytes(arrived) != hashlib.sha256(content).digest():
            raise NoAnswer(
                f"{name} did not arrive as it was sent; the firmware on the board is as it was, "
                "deploy again",
                "deploy_failed",
            )

    def _do(self, code: str) -> bytes:
        try:
            return bytes(self._repl.exec(code))
        except (TransportError, serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def _ask(self, first: str, expression: str):  # type: ignore[no-untyped-def]  # any literal
        self._do(first)
        try:
            return self._repl.eval(expression)
        except (TransportError, serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> NoAnswer:
        words = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        return Disconnected(
            f"the board on {self._port} stopped answering ({words[0]}); deploy again once it is "
            "back"
        )
