"""The commands of `titrate`, in the order in which its help lists them.

Each is imported when it is asked for: a command starts in half the time without what the others
need.
"""

from importlib import import_module

import click

# name: the module beside this file that has the command, as a function of the same name.
MODULES = {
    "ports": "ports",
    "status": "status",
    "watch": "status",
    "check": "check",
    "plan": "plan",
    "simulate": "simulate",
    "accuracy": "accuracy",
    "calibrate": "calibrate",
    "program": "program",
    "revert": "program",
    "programme": "program",
    "library": "library",
    "equipment": "equipment",
    "start": "delivery",
    "pause": "delivery",
    "resume": "delivery",
    "stop": "delivery",
    "minimum": "delivery",
    "rate": "delivery",
    "bolus": "delivery",
    "demand": "delivery",
    "prime": "delivery",
    "purge": "delivery",
    "refill": "delivery",
    "home": "travel",
    "jog": "travel",
    "unload": "travel",
    "load": "travel",
    "alarms": "alarm",
    "ack": "alarm",
    "silence": "alarm",
    "log": "log",
    "clock": "clock",
    "outcome": "outcome",
    "pair": "keys",
    "unpair": "keys",
    "keys": "keys",
    "virtual": "virtual",
    "flash": "firmware",
    "deploy": "firmware",
}


def load(name: str) -> click.Command:
    """The command of a name in MODULES."""
    command = getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    assert isinstance(command, click.Command)
    return command
