"""`titrate flash` and `titrate deploy`, up to the board's own end of them."""

import os
import struct
from pathlib import Path

import pytest
from bench_cable import BenchCable
from test_cli import titrate

from test_link_server import Bench
from titrate.client.errors import NoAnswer, WrongInput
from titrate.deploy import bootsel, sources

FAMILY_RP2040 = 0xE48BFF56


def uf2_of(content: bytes, family: int = FAMILY_RP2040) -> bytes:
    """A UF2 file, as Microsoft's specification of the format has it: 256 bytes a block."""
    pieces = [content[at : at + 256] for at in range(0, len(content), 256)]
    blocks = []
    for number, piece in enumerate(pieces):
        head = struct.pack(
            "<8I",
            0x0A324655,
            0x9E5D5157,
            0x2000,
            0x10000000 + 256 * number,
            256,
            number,
            len(pieces),
            family,
        )
        blocks.append(head + piece.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30))
    return b"".join(blocks)


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "pump.uf2"
    path.write_bytes(uf2_of(bytes(range(256)) * 300))
    return path


@pytest.fixture
def drive(tmp_path) -> Path:
    """What the RP2040's bootloader shows, as far as anyone looks at it."""
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(
        "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
    )
    return folder


@pytest.fixture
def cable():
    with BenchCable(Bench().running().pump) as cable:
        yield cable


def test_an_image_goes_onto_the_drive_and_the_pump_is_waited_for(image, drive, cable):
    ran = titrate("flash", "--uf2", image, "--drive", drive, "--port", cable.port, "--json")
    assert ran.status == 0, ran
    assert ran.json["port"] == cable.port
    assert ran.json["firmware_version"]
    assert (drive / image.name).read_bytes() == image.read_bytes()


def test_a_pump_that_delivers_is_not_asked_into_its_bootloader(image, cable):
    ran = titrate("flash", "--uf2", image, "--port", cable.port, "--json")
    assert (ran.status, ran.json["code"]) == (3, "not_now")
    assert "stop" in ran.json["sentence"]


def test_without_a_drive_and_a_pump_it_is_said_how_to_get_one(image):
    ran = titrate("flash", "--uf2", image, "--port", "/dev/none", "--json")
    assert (ran.status, ran.json["code"]) == (4, "no_drive")
    assert "BOOTSEL" in ran.json["sentence"]


def test_a_drive_that_does_not_come_is_waited_for_so_long_and_no_longer(tmp_path, drive):
    named = tmp_path / "later"
    assert bootsel.is_awaited(named)
    with pytest.raises(NoAnswer, match="later did not come within 0 s; mount the drive") as caught:
        bootsel.wait(named, 0)
    assert caught.value.code == "no_drive"
    assert not bootsel.is_awaited(drive)
    bootsel.wait(drive, 0)


def test_a_port_where_neither_a_pump_nor_micropython_answers_is_told(image, tmp_path):
    """A pty with nobody at the other end."""
    master, slave = os.openpty()
    try:
        port = os.ttyname(slave)
        ran = titrate("flash", "--uf2", image, "--drive", tmp_path / "d", "--port", port, "--json")
    finally:
        os.close(master)
        os.close(slave)
    assert (ran.status, ran.json["code"]) == (4, "no_drive")
    assert "neither a pump nor MicroPython answers" in ran.json["sentence"]
    assert "BOOTSEL" in ran.json["sentence"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a UF2"),
        (b"no image at all", "not a UF2"),
        (b"\0" * 512, "lacks the UF2 marks"),
        (uf2_of(bytes(512))[:-1], "not a UF2"),
        (uf2_of(bytes(512), 0xADA52840), "another chip"),
    ],
)
def test_what_is_no_image_for_the_rp2040_is_not_written(content, words, image, drive):
    image.write_bytes(content)
    with pytest.raises(WrongInput, match=words):
        bootsel.check_image(image)
    assert titrate("flash", "--uf2", image, "--drive", drive, "--json").status == 2
    assert [path.name for path in drive.iterdir()] == ["INFO_UF2.TXT"]


def test_a_folder_that_is_no_bootloader_is_not_written_to(image, tmp_path):
    ran = titrate("flash", "--uf2", image, "--drive", tmp_path, "--json")
    assert (ran.status, ran.json["code"]) == (2, "no_drive")
    other = tmp_path / "RP2350"
    other.mkdir()
    (other / "INFO_UF2.TXT").write_text("Board-ID: RP2350\n")
    assert not bootsel.is_drive(other)


def test_a_drive_that_fills_up_is_told(image, drive):
    (drive / image.name).symlink_to("/dev/full")
    with pytest.raises(NoAnswer, match="took 0 of 153600 bytes") as caught:
        bootsel.write(image, drive)
    assert caught.value.code == "flash_failed"


def test_progress_reaches_the_end(image, drive):
    seen = []
    bootsel.write(image, drive, lambda done, of: seen.append((done, of)))
    assert seen[-1] == (153600, 153600)
    assert len(seen) > 5


def test_a_deploy_is_refused_while_the_pump_delivers(cable):
    ran = titrate("deploy", "--port", cable.port, "--json")
    assert (ran.status, ran.json["code"]) == (3, "not_stopped")
    assert "titrate stop" in ran.json["sentence"]
    assert b"\x03" not in cable.end.received


def test_a_deploy_onto_a_locked_pump_is_refused(cable):
    cable.controller.stop()
    cable.run_s(2)
    cable.controller.pair("boss", "service", "ab" * 32)
    cable.controller.lock.confirm_pairing()
    ran = titrate("deploy", "--port", cable.port, "--json")
    assert (ran.status, ran.json["code"]) == (3, "locked")
    assert "titrate unpair" in ran.json["sentence"]
    assert b"\x03" not in cable.end.received


def test_all_of_the_firmware_is_compiled_for_a_board(root):
    seen = []
    files = sources.device_files("pico_tmc2209", lambda done, of: seen.append((done, of)))
    assert seen[-1][0] == seen[-1][1] == len(files) - 2
    for name in ("boot.py", "main.py"):
        assert files[name] == (root / "firmware" / name).read_bytes()
    modules = {
        path.relative_to(root / "firmware").with_suffix(".mpy").as_posix()
        for path in (root / "firmware/pump").rglob("*.py")
    }
    compiled = {name for name in files if name.endswith(".mpy")}
    assert compiled == modules | {"pump_board.mpy", "pump_files.mpy"}
    for name in compiled:
        # MicroPython's .mpy: "M", then version 6, which 1.25 to 1.29 read.
        assert files[name][:2] == b"M\x06", name


def test_a_board_or_an_image_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WrongInput, match="no board 'pico'; there are pico_a4988, ") as caught:
        sources.device_files("pico")
    assert caught.value.code == "no_board"
    with pytest.raises(WrongInput, match="from a checkout of Titrate"):
        sources.board_folder("pico_tmc2209", tmp_path)
    (tmp_path / "boards/one").mkdir(parents=True)
    (tmp_path / "boards/one/pump_board.py").touch()
    with pytest.raises(WrongInput, match="make uf2 BOARD=one"):
        sources.image_path("one", tmp_path)
