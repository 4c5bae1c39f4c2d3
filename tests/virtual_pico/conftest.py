"""What the tests on the virtual Pico share: boards that are running."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from titrate.client import connection
from titrate.virtual.pico import VirtualPico

pytest.register_assert_rewrite("pump_rig", "long_story")

from pump_rig import PumpRig  # noqa: E402

Boot = Callable[..., VirtualPico]


@pytest.fixture
def boot() -> Iterator[Boot]:
    """Makes a VirtualPico with the arguments given, and switches it on; off at the end."""
    running: list[VirtualPico] = []

    def make(uf2: Path, **arguments: object) -> VirtualPico:
        pico = VirtualPico(uf2, **arguments)
        pico.power_on()
        running.append(pico)
        return pico

    yield make
    for pico in running:
        pico.power_off()


@pytest.fixture
def stock(boot: Boot, stock_uf2: Path) -> VirtualPico:
    """A Pico with MicroPython alone, just switched on."""
    return boot(stock_uf2)


@pytest.fixture(scope="module")
def new_rig(uf2: Path) -> Iterator[Callable[..., PumpRig]]:
    """Makes a PumpRig with the image as shipped, switched on; off when the module is done."""
    rigs: list[PumpRig] = []

    def make(**options: Any) -> PumpRig:
        rig = PumpRig(uf2, **options)
        rigs.append(rig)
        rig.power_on()
        return rig

    yield make
    for rig in rigs:
        rig.pico.power_off()


@pytest.fixture(scope="session", autouse=True)
def the_same_request_ids_every_time() -> Iterator[None]:
    """So that every run on emulated time is the same: nothing else in it is left to chance."""
    with pytest.MonkeyPatch.context() as patch:
        chance = random.Random(1)
        patch.setattr(connection.secrets, "randbelow", chance.randrange)
        patch.setattr(connection.secrets, "token_hex", lambda size: chance.randbytes(size).hex())
        yield
