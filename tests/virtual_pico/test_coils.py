"""Four coils behind plain transistors: the pattern at the pins of the ULN2003 board's own image."""

import pytest
from pump_rig import PumpRig, programme, rate_for

from titrate.boards import read_board

# The order of the 28BYJ-48's half-steps, coils by name (its data sheet: 4 phases, 8 steps, blue
# to orange).
ORDER = ("1", "12", "2", "23", "3", "34", "4", "41")
# The edge is seen two cycles late and answered within eleven, of 8 ns each.
ANSWER_NS = 13 * 8
STEP, DIR = 2, 3


class Coils:
    """What the four pins do: (time, names of the coils that are on), whenever that changes."""

    def __init__(self, pico, first_gpio):
        self.changes = []
        self._on = set()
        for number in range(4):
            pico.on_edge(
                first_gpio + number,
                lambda t_ns, level, name=str(number + 1): self._edge(t_ns, level, name),
            )

    def _edge(self, t_ns, level, name):
        (self._on.add if level else self._on.discard)(name)
        if self.changes and self.changes[-1][0] == t_ns:
            self.changes.pop()
        self.changes.append((t_ns, frozenset(self._on)))

    @property
    def on(self):
        """The coils that are on now."""
        return self.changes[-1][1] if self.changes else frozenset()

    def place(self):
        """Which of the eight half-steps is on."""
        return [frozenset(names) for names in ORDER].index(self.on)


@pytest.fixture(scope="module")
def rig(root):
    uf2 = root / "build/pico_uln2003/firmware.uf2"
    if not uf2.exists():
        pytest.fail(f"{uf2} is missing: run make uf2 BOARD=pico_uln2003")
    rig = PumpRig(uf2)
    rig.coils = Coils(rig.pico, read_board(root / "boards/pico_uln2003").gpio("COIL_1"))
    rig.power_on()
    yield rig
    rig.pico.power_off()


def test_coils_are_off_from_power_on_until_the_pump_is_started(rig):
    assert rig.coils.changes == []
    rig.set_up(programme(days=(((0, rate_for(100)),),)))
    assert rig.coils.on == frozenset()


def test_each_step_is_the_next_half_step(rig):
    first = len(rig.pico.step_edges)
    rig.start()
    rig.run_s(1)
    rig.stop()
    steps = rig.pico.step_edges[first:]
    assert len(steps) > 80
    rig.check_exact()
    energised, *stepped = rig.coils.changes
    assert energised[1] == frozenset("1")
    patterns = [coils for _, coils in stepped]
    expected = [frozenset(ORDER[n % 8]) for n in range(1, len(steps) + 1)]
    assert patterns[: len(steps)] == expected
    for (edge_ns, _dir), (t_ns, _coils) in zip(steps, stepped, strict=False):
        assert 0 < t_ns - edge_ns <= ANSWER_NS


def test_a_pump_at_rest_carries_no_current_and_keeps_its_place(rig):
    rig.run_s(4)
    assert rig.coils.on == frozenset()
    rig.start()
    rig.run_s(0.6)
    assert rig.coils.place() == len(rig.pico.step_edges) % 8


def test_dir_low_turns_the_motor_back(rig):
    rig.stop()
    rig.run_s(4)
    rig.on_device("run(lambda: c.generator.begin_move(False))")
    before = rig.coils.place()
    rig.pico.extra_edges(STEP, 3)
    assert rig.coils.place() == (before - 3) % 8
    rig.on_device("run(lambda: c.generator.set_direction(True))")
    rig.pico.extra_edges(STEP, 5)
    assert rig.coils.place() == (before + 2) % 8


def test_a_soft_reset_moves_no_coil_and_steps_go_on_from_there(rig):
    before, changes = rig.coils.place(), len(rig.coils.changes)
    rig.on_device("", soft_reset=True)
    assert len(rig.coils.changes) == changes
    rig.pico.extra_edges(STEP, 1)
    assert rig.coils.place() == (before + 1) % 8
