"""Files onto a board with stock MicroPython: what a deploy, or half of one, leaves there."""

import pytest

from titrate.client.errors import NoAnswer, Refused
from titrate.deploy.install import STAGING, Board
from titrate.deploy.sources import device_files
from titrate.virtual.pico import VirtualPico

# Small stand-ins with the firmware's shape: what is tried here is that they arrive and start.
BOOT = b"import pump\nstarted = pump.VERSION\n"
FILES = {
    "boot.py": BOOT,
    "main.py": b"",
    "pump/__init__.py": b"VERSION = 2\nconsole = None\n",
    "pump/core/__init__.py": b"",
    "pump/core/bytes.py": b"# " + bytes(range(32, 127)) * 25 + b"\n",
    "pump_board.mpy": b"M\x06\x00\x1f\x00",
}
OLD = {
    "boot.py": BOOT,
    "main.py": b"",
    "pump/__init__.py": b"VERSION = 1\nconsole = None\n",
    "pump/core/gone.py": b"",
    "lib/pump/__init__.py": b"VERSION = 0\n",
    "pump_board.py": b"",
    "pump_journal/000": b"kept",
    "notes.txt": b"mine",
}


class Prompt:
    """The raw prompt of a virtual Pico, which may break off after so many runs."""

    port = "the bench"

    def __init__(self, pico, runs=None):
        self.pico = pico
        self.runs = runs
        self.done = 0

    def run(self, code):
        if self.done == self.runs:
            raise NoAnswer("the cable was pulled")
        self.done += 1
        out, traceback = self.pico.exec_raw(code, 60)
        assert traceback == "", code[:200]
        return out

    def leave(self, code):
        self.pico.exec_raw(code)


def listing(pico):
    """Every file on the board, without what lies below the journal's folder."""
    code = """
import os
def walk(path):
    for name, kind, *rest in os.ilistdir(path or "/"):
        if kind == 0x4000:
            walk(path + "/" + name)
        else:
            print(path + "/" + name)
walk("")
"""
    out, traceback = pico.exec_raw(code)
    assert traceback == ""
    return sorted(out.split())


def started(pico):
    """What boot.py found when the board was switched on anew: the version, or None."""
    pico.power_off()
    pico.power_on()
    out, _ = pico.exec_raw("print(globals().get('started'))")
    return out.strip()


@pytest.fixture(scope="module")
def steps(stock_uf2):
    """How many runs at the prompt a deploy of FILES takes."""
    pico = VirtualPico(stock_uf2, files=OLD)
    pico.power_on()
    prompt = Prompt(pico)
    Board(prompt).install(FILES)
    pico.power_off()
    return prompt.done


def test_the_new_files_take_the_place_of_the_old_and_others_stay(boot, stock_uf2):
    pico = boot(stock_uf2, files=OLD)
    seen = []
    board = Board(Prompt(pico))
    board.check()
    assert not board.has_other_program()
    board.install(FILES, lambda done, of: seen.append((done, of)))
    assert seen[-1][0] == seen[-1][1] == sum(map(len, FILES.values()))
    expected = ["/" + name for name in FILES] + ["/pump_journal/000", "/notes.txt"]
    assert listing(pico) == sorted(expected)
    for name, content in FILES.items():
        assert pico.read_file(name) == content
    assert started(pico) == "2"


@pytest.mark.parametrize(
    ("steps_before_the_end", "pump_after_it"),
    [
        (30, "1"),  # files are arriving
        (10, "1"),  # all have arrived
        (9, "None"),  # the old boot.py is gone
        (5, "None"),  # all old files are gone
        (2, "None"),  # all but the new boot.py are in their place
        (1, "2"),  # it is, too
    ],
)
def test_a_deploy_that_breaks_off_starts_the_old_pump_or_none_and_is_mended(
    steps_before_the_end, pump_after_it, steps, boot, stock_uf2
):
    pico = boot(stock_uf2, files=OLD)
    with pytest.raises(NoAnswer):
        Board(Prompt(pico, steps - steps_before_the_end)).install(FILES)
    assert started(pico) == pump_after_it
    Board(Prompt(pico)).install(FILES)
    assert started(pico) == "2"
    assert not any(name.startswith(STAGING) for name in listing(pico))


def test_a_file_that_arrives_damaged_leaves_the_old_firmware(boot, stock_uf2):
    pico = boot(stock_uf2, files=OLD)
    prompt = Prompt(pico)
    run = prompt.run

    def damaging(code):
        return run(code.replace("VkVSU0lPTiA9IDI", "VkVSU0lPTiA9IDM"))

    prompt.run = damaging
    with pytest.raises(NoAnswer, match="did not arrive as it was sent"):
        Board(prompt).install(FILES)
    assert started(pico) == "1"


def test_a_board_with_a_titrate_image_is_refused(boot, uf2):
    pico = boot(uf2)
    with pytest.raises(Refused, match="titrate flash") as caught:
        Board(Prompt(pico)).check()
    assert caught.value.code == "frozen"
    assert Board(Prompt(pico)).has_running_pump()


def test_a_board_says_what_it_lacks_for_all_of_the_firmware_as_files(boot, stock_uf2):
    pico = boot(stock_uf2)
    board = Board(Prompt(pico))
    files = device_files("pico_tmc2209")
    lacking = board.lack_of_room(files)
    assert "KiB to work in" in lacking
    # What the board has, by its own account: gc.mem_free() and gc.mem_alloc() of a stock image.
    heap_bytes, _ = pico.exec_raw("import gc; print(gc.mem_free() + gc.mem_alloc())")
    assert f"has {int(heap_bytes) // 1024} KiB" in lacking
    assert board.lack_of_room({name: data[: len(data) // 2] for name, data in files.items()}) == ""


def test_another_program_is_told_from_a_pump(boot, stock_uf2):
    pico = boot(stock_uf2, files={"main.py": b"print('mine')"})
    board = Board(Prompt(pico))
    assert board.has_other_program()
    assert not board.has_running_pump()
