"""The images of the other boards: each says which it is, and steps as exactly as the first."""

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.boards import read_board

BOARDS = ("pico_a4988", "pico_w_tmc2209")
STEP = 2
# What the Pico itself uses: on a Pico W the radio's power, select, data and clock.
PICOS_OWN = (23, 24, 25, 29)


@pytest.fixture(scope="module", params=BOARDS)
def board(root, request):
    return read_board(root / "boards" / request.param)


@pytest.fixture(scope="module")
def rig(root, board):
    uf2 = root / "build" / board.name / "firmware.uf2"
    if not uf2.exists():
        pytest.fail(f"{uf2} is missing: run make uf2 BOARD={board.name}")
    rig = PumpRig(uf2)
    rig.own = [rig.pico.record_edges(gpio) for gpio in PICOS_OWN]
    rig.pulses = rig.pico.record_edges(STEP)
    rig.power_on()
    yield rig
    rig.pico.power_off()


def test_the_image_says_which_board_it_is_for(rig, board):
    code = "import pump_image\nfrom machine import Pin\nprint(pump_image.BOARD, Pin('STEP'))"
    assert rig.on_device(code).split()[0] == board.name
    rig.connect()


def test_steps_are_exact_and_pulses_as_long_as_the_driver_asks(rig, board):
    rig.set_up(programme(days=(((0, rate_for(500)),),)))
    rig.start()
    rig.run_s(1)
    rig.stop()
    # As long as the words that are in the step generator's hands.
    rig.run_s(3)
    rig.check_exact()
    rig.check_counts()
    times_ns = rig.pulses.times_ns()
    assert len(times_ns) > 800
    highs = [low - high for high, low in zip(times_ns[::2], times_ns[1::2], strict=True)]
    lows = [high - low for low, high in zip(times_ns[1::2], times_ns[2::2], strict=False)]
    assert min(highs) >= board.values["STEP_HIGH_MIN_NS"]
    assert min(lows) >= board.values["STEP_LOW_MIN_NS"]


def test_nothing_is_driven_on_the_pins_that_are_the_picos_own(rig):
    assert [list(edges) for edges in rig.own] == [[], [], [], []]
    mask = sum(1 << gpio for gpio in PICOS_OWN)
    driven = int(rig.on_device("import machine\nprint(machine.mem32[0xD0000020])"))
    assert driven & mask == 0
