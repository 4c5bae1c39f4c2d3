"""The keys that this computer has of pumps, in a file that only its user can read."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import platformdirs

from pump.core import paired_keys
from pump.core.errors import PumpError
from titrate.client.errors import WrongInput

PATH_VARIABLE = "TITRATE_KEYS"


class HeldKey(NamedTuple):
    """A key of one pump.

    Attributes:
        name: as the pump knows it.
        role: one of paired_keys.ROLES.
        secret: paired_keys.KEY_BYTES bytes.
    """

    name: str
    role: str
    secret: bytes

    def __repr__(self) -> str:
        return f"HeldKey({self.name!r}, {self.role!r})"


class Keyring:
    """Keys by the pump's board id.

    Args:
        path: the file; None for TITRATE_KEYS, else keys.json in the user's configuration folder.
    """

    def __init__(self, path: Path | None = None):
        named = os.environ.get(PATH_VARIABLE)
        self.path = path or (
            Path(named) if named else platformdirs.user_config_path("titrate") / "keys.json"
        )

    def of_pump(self, board_id: str) -> list[HeldKey]:
        """The keys of a pump, the one with the least role first.

        Raises:
            WrongInput: the file is none that a keyring wrote.
        """
        keys = [
            HeldKey(name, entry["role"], bytes.fromhex(entry["key"]))
            for name, entry in self._read().get(board_id, {}).items()
        ]
        return sorted(keys, key=lambda key: paired_keys.ROLES.index(key.role))

    def add(self, board_id: str, key: HeldKey) -> None:
        """Keep a key in place of one of the same name."""
        pumps = self._read()
        pumps.setdefault(board_id, {})[key.name] = {"role": key.role, "key": key.secret.hex()}
        self._write(pumps)

    def remove(self, board_id: str, name: str) -> None:
        """Forget a key, if it is there."""
        pumps = self._read()
        if pumps.get(board_id, {}).pop(name, None) is not None:
            self._write(pumps)

    def _read(self) -> dict[str, dict[str, dict[str, str]]]:
        try:
            found: dict[str, dict[str, dict[str, str]]] = json.loads(self.path.read_text())
            for keys in found.values():
                for entry in keys.values():
                    if entry["role"] not in paired_keys.ROLES:
                        raise ValueError("no role")
                    paired_keys.secret_of(entry["key"])
            return found
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, PumpError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> WrongInput:
        return WrongInput(
            f"{self.path} holds no keys of titrate, or cannot be read; move it away, then pair "
            "anew with `titrate pair`",
            "no_keyring",
        )

    def _write(self, pumps: dict[str, dict[str, dict[str, str]]]) -> None:
        """Whole or not at all, and for this user's eyes only from the first byte on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(self.path.name + ".new")
        beside.unlink(missing_ok=True)
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(number, "w") as file:
            json.dump(pumps, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(number)
        beside.replace(self.path)
