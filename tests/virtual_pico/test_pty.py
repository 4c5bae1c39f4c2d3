"""The virtual Pico as a serial port: what pyserial and mpremote see of it."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from titrate.virtual import command
from titrate.virtual.pacing import Pacing
from titrate.virtual.pico import SECOND, VirtualPico
from titrate.virtual.pty_bridge import PtyBridge

# Seconds of this computer's time, against hanging only.
PATIENCE_S = 120

SERVE = """
import sys
from pathlib import Path
from titrate.virtual.command import run
uf2, link, edges, speed = sys.argv[1:]
run(Path(uf2), pty=Path(link), edges=Path(edges), speed=speed,
    announce=lambda path: print(path, flush=True))
"""


class Served:
    """`titrate virtual` in a process of its own."""

    def __init__(self, uf2: Path, folder: Path, speed: str) -> None:
        self.link = folder / "pico"
        self.edges = folder / "edges.csv"
        arguments = [str(uf2), str(self.link), str(self.edges), speed]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{self.link}\n"

    def mpremote(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", str(self.link), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE_S)


@pytest.fixture(params=["real", "max"])
def served(request, stock_uf2, tmp_path):
    served = Served(stock_uf2, tmp_path, request.param)
    yield served
    if served.process.poll() is None:
        served.end(signal.SIGKILL)


def test_mpremote_works_against_it(served, tmp_path):
    assert served.mpremote("resume", "exec", "x = 7") == ""
    assert served.mpremote("resume", "exec", "print(x)") == "7\n"
    assert served.mpremote("exec", "print('x' in globals())") == "False\n"
    sent, got = tmp_path / "sent.bin", tmp_path / "got.bin"
    sent.write_bytes(bytes(range(256)) * 3)
    served.mpremote("fs", "cp", str(sent), ":sent.bin")
    assert "768 sent.bin" in served.mpremote("fs", "ls")
    served.mpremote("fs", "cp", ":sent.bin", str(got))
    assert got.read_bytes() == sent.read_bytes()


def test_every_step_is_in_the_csv_when_it_ends(served):
    served.mpremote(
        "exec",
        "from machine import Pin\n"
        "step, direction = Pin(2, Pin.OUT), Pin(3, Pin.OUT)\n"
        "for level in (0, 1, 1):\n"
        "    direction.value(level); step.value(1); step.value(0)",
    )
    assert served.end(signal.SIGINT) == 0
    assert not served.link.is_symlink()
    header, *lines = served.edges.read_text().splitlines()
    assert header == "t_ns,dir"
    times, levels = zip(*(map(int, line.split(",")) for line in lines), strict=True)
    assert levels == (0, 1, 1)
    assert sorted(times) == list(times)


def test_sigterm_ends_it_as_ctrl_c_does(served):
    assert served.end(signal.SIGTERM) == 0
    assert not served.link.is_symlink()


# -- the bridge by itself, on emulated time --------------------------------------------------


@pytest.fixture
def pico(stock_uf2):
    pico = VirtualPico(stock_uf2)
    pico.power_on()
    yield pico
    pico.power_off()


@pytest.fixture
def bridge(pico):
    bridge = PtyBridge(pico)
    yield bridge
    bridge.close()


def serve(pico, bridge, ns):
    for _ in range(ns // 1_000_000):
        bridge.exchange()
        pico.run_for(1_000_000)
    bridge.exchange()


def type_in(port, bridge, data):
    """Write, and wait until the pty has passed it on."""
    port.write(data)
    bridge.wait(PATIENCE_S)


def test_an_open_port_is_dtr_and_a_closed_one_is_not(pico, bridge):
    serve(pico, bridge, SECOND // 10)
    assert not bridge.is_open
    for _ in range(2):
        with serial.Serial(bridge.path, timeout=PATIENCE_S) as port:
            serve(pico, bridge, SECOND // 20)
            assert bridge.is_open
            type_in(port, bridge, b"print(6 * 7)\r")
            serve(pico, bridge, SECOND // 20)
            assert port.read_until(b"\r\n42\r\n>>> ").endswith(b"\r\n42\r\n>>> ")
        serve(pico, bridge, SECOND // 20)
        assert not bridge.is_open


def test_what_one_program_left_unread_is_not_for_the_next(pico, bridge):
    with serial.Serial(bridge.path) as port:
        serve(pico, bridge, SECOND // 10)
        type_in(port, bridge, b"print('left over')\r")
        serve(pico, bridge, SECOND // 20)
    serve(pico, bridge, SECOND // 20)
    reader = os.open(bridge.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        serve(pico, bridge, SECOND // 20)
        assert not select.select([reader], [], [], 0)[0]
    finally:
        os.close(reader)


def test_bytes_pass_unchanged_both_ways(pico, bridge):
    with serial.Serial(bridge.path, timeout=PATIENCE_S) as port:
        serve(pico, bridge, SECOND // 10)
        type_in(port, bridge, b"while True: pass\r\r\r")
        serve(pico, bridge, SECOND // 50)
        type_in(port, bridge, b"\x03")
        serve(pico, bridge, SECOND // 50)
        assert b"KeyboardInterrupt" in port.read_until(b"KeyboardInterrupt")
        type_in(port, bridge, b"import sys; _ = sys.stdout.buffer.write(bytes(range(256)))\r")
        serve(pico, bridge, SECOND // 20)
        assert port.read_until(b"\xff").endswith(bytes(range(256)))


def test_a_link_that_would_hide_a_file_is_refused(pico, tmp_path):
    occupied = tmp_path / "notes.txt"
    occupied.write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is not a link"):
        PtyBridge(pico, occupied)
    assert occupied.read_text() == "mine"


def test_a_speed_that_is_none_is_refused(stock_uf2):
    for speed in ("fast", "0", "-1", "inf"):
        with pytest.raises(ValueError, match="give 'real', 'max' or a positive number"):
            Pacing(speed, 0)
    with pytest.raises(ValueError, match="speed 'fast' is none"):
        command.run(stock_uf2, speed="fast")
