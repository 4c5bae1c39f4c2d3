"""Titrate's host side: the `titrate` command and its Python API.

    from titrate import Pump

    with Pump.connect() as pump:
        print(pump.status())

Pump is explained in client/pump.py, what its methods raise in client/errors.py.
"""

from pump.version import VERSION
from titrate.client.errors import (
    Disconnected,
    NoAnswer,
    OutcomeUnknown,
    Refused,
    TitrateError,
    WrongInput,
)
from titrate.client.pump import Change, Pump, Review

__version__ = VERSION

__all__ = [
    "Change",
    "Disconnected",
    "NoAnswer",
    "OutcomeUnknown",
    "Pump",
    "Refused",
    "Review",
    "TitrateError",
    "WrongInput",
    "__version__",
]
