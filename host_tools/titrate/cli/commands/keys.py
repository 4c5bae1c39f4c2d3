"""The commands for paired keys: who may change a pump."""

import getpass
import re
import secrets
import time
from typing import Any

import click

from pump.core import paired_keys
from pump.core.lock import fingerprint_of
from titrate.cli.session import Session, TitrateCommand
from titrate.client.errors import Refused, WrongInput
from titrate.client.keyring import HeldKey, Keyring
from titrate.client.pump import Pump

_LOOK_EVERY_S = 0.5


@click.command(cls=TitrateCommand)
@click.pass_obj
def keys(session: Session) -> None:
    """The keys that may change the pump, and which are here.

    A pump without a key is open: whoever has the cable may change it.
    """
    with session.connect() as pump:
        held = {_fingerprint(key) for key in Keyring().of_pump(_board_id(pump))}
        found: list[dict[str, Any]] = [
            {**key._asdict(), "is_here": key.fingerprint in held} for key in pump.keys()
        ]
    rows = [
        f"{key['name']:<{paired_keys.NAME_MAX}}  {key['role']:<10}  {key['fingerprint']}  "
        + ("on this computer" if key["is_here"] else "elsewhere")
        for key in found
    ]
    shown = "\n".join(rows) or "no key is paired: everybody with the cable may change the pump"
    session.output.result({"locked": bool(found), "keys": found}, shown)


@click.command(cls=TitrateCommand)
@click.option("--name", metavar="NAME", help="Of the key; else your user name.")
@click.option(
    "--role",
    type=click.Choice(paired_keys.ROLES),
    default=paired_keys.PROGRAMMER,
    show_default=True,
    help="operator: pause, bolus within limits, acknowledge; programmer: all that doses; "
    "service: also new firmware and the keys.",
)
@click.pass_obj
def pair(session: Session, name: str | None, role: str) -> None:
    """Pair a key with the pump: press its pair button within 30 s.

    From the first key on the pump is locked: what changes it needs a key. Reading stays open,
    and so do the buttons on the pump. The key is kept in a file of yours that TITRATE_KEYS may
    name.
    """
    keyring = Keyring()
    key = HeldKey(_name(name), role, secrets.token_bytes(paired_keys.KEY_BYTES))
    with session.connect() as pump:
        # Kept first: a key that the pump has and nobody else would be of no use.
        board_id = _board_id(pump)
        former = [held for held in keyring.of_pump(board_id) if held.name == key.name]
        keyring.add(board_id, key)
        try:
            _await_button(session, pump, key)
        except BaseException:
            if not _is_paired(pump, key):
                keyring.remove(board_id, key.name)
                for held in former:
                    keyring.add(board_id, held)
            raise
    session.output.result(
        {"name": key.name, "role": role, "fingerprint": _fingerprint(key)},
        f"paired: {key.name}, {role}; the pump is locked to whoever has no key",
    )


@click.command(cls=TitrateCommand)
@click.argument("name")
@click.pass_obj
def unpair(session: Session, name: str) -> None:
    """Have the pump forget the key NAME.

    It needs a key whose role is service; without any key the pump is open to everybody again.
    """
    with session.connect() as pump:
        pump.unpair(name)
        Keyring().remove(_board_id(pump), name)
        left = len(pump.keys())
    shown = f"{left} left" if left else "none left, so everybody may change the pump"
    session.output.result({"name": name, "keys_left": left}, f"unpaired: {name}; {shown}")


def _await_button(session: Session, pump: Pump, key: HeldKey) -> None:
    wait_s = pump.pair(key)
    session.output.say(f"press the pump's pair button within {wait_s} s to pair {key.name}")
    while pump.awaited_key() == key.name:
        time.sleep(_LOOK_EVERY_S)
    if not _is_paired(pump, key):
        raise Refused(
            f"the pair button was not pressed within {wait_s} s, so nothing was paired; try again",
            "not_pressed",
        )


def _is_paired(pump: Pump, key: HeldKey) -> bool:
    return _fingerprint(key) in [paired.fingerprint for paired in pump.keys()]


def _fingerprint(key: HeldKey) -> str:
    return fingerprint_of(key.secret)


def _board_id(pump: Pump) -> str:
    return str(pump.hello.board_id)


def _name(named: str | None) -> str:
    """A name that the pump takes: what the user gave, or what their user name gives."""
    if named is None:
        named = re.sub(r"[^a-z0-9_]", "", getpass.getuser().lower())[: paired_keys.NAME_MAX]
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{paired_keys.NAME_MAX - 1}}}", named):
        raise WrongInput(
            f'"{named}" is no name for a key: small letters, digits and _, a letter first, at '
            f"most {paired_keys.NAME_MAX}; give one with --name",
            "no_name",
        )
    return named
