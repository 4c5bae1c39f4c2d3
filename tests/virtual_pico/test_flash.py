"""`titrate flash` through the RP2040's own boot ROM: the real bootloader, USB, SCSI and all.

Only the system that mounts the drive is played, by a folder.
"""

import json
import signal
import subprocess
import sys

import pytest
from pump_rig import PumpRig, programme

from titrate.virtual.boot_drive import BLOCK_BYTES, BootDrive
from titrate.virtual.drive_folder import DriveFolder
from titrate.virtual.pico import MS, SECOND
from titrate.virtual.pty_bridge import PtyBridge
from titrate.virtual.uf2 import read_uf2

SLICE_NS = 5 * MS
PATIENCE_S = 1200  # of this computer's time, against hanging only


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """On a busy machine the virtual Pico takes its time."""
    monkeypatch.setenv("TITRATE_ANSWER_S", "60")


FLASH = """
import sys
from titrate.cli.commands import firmware
from titrate.cli.main import main
firmware._DRIVE_S = firmware._BACK_S = float(sys.argv.pop(1))
sys.exit(main())
"""


def flash(pico, folder, *options, command="flash"):
    """Run `titrate flash`, or deploy, on the Pico's pty; its exit status, stdout and stderr."""
    bridge = PtyBridge(pico)
    drive = DriveFolder(pico, folder)
    words = [command, "--port", bridge.path, "--drive", str(folder), *map(str, options)]
    try:
        with subprocess.Popen(
            [sys.executable, "-c", FLASH, str(PATIENCE_S), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while process.poll() is None:
                moved = bridge.exchange()
                if not drive.exchange() and not moved:
                    bridge.wait(0.001)
                pico.run_for(SLICE_NS)
            assert process.stdout is not None and process.stderr is not None
            return process.returncode, process.stdout.read(), process.stderr.read()
    finally:
        drive.hide()
        bridge.close()
        pico.serial_set_open(True)


def has_image(pico, uf2):
    """Whether the flash holds every block of a UF2 file."""
    content = pico.store.content
    return all(content[at : at + len(piece)] == piece for at, piece in read_uf2(uf2))


def test_a_board_with_stock_micropython_becomes_a_pump(boot, stock_uf2, uf2, tmp_path):
    pico = boot(stock_uf2)
    assert not has_image(pico, uf2)
    status, out, err = flash(pico, tmp_path / "RPI-RP2", "--uf2", uf2)
    assert (status, "is back with firmware" in out) == (0, True), err
    assert "restarts into its bootloader; waiting up to" in err
    assert has_image(pico, uf2)
    assert not (tmp_path / "RPI-RP2").exists()


def test_what_has_no_room_as_files_is_deployed_as_an_image(boot, stock_uf2, uf2, tmp_path):
    pico = boot(stock_uf2)
    status, out, err = flash(pico, tmp_path / "RPI-RP2", command="deploy")
    assert (status, "is back with firmware" in out) == (0, True), err
    assert "KiB to work in; it is put on as an image instead" in " ".join(err.split())
    assert has_image(pico, uf2)


def test_another_program_is_not_replaced_unasked(boot, stock_uf2, uf2, tmp_path):
    pico = boot(stock_uf2, files={"main.py": b"print('mine')"})
    resets = pico.resets
    status, out, _ = flash(pico, tmp_path / "RPI-RP2", "--uf2", uf2, "--json")
    assert (status, json.loads(out)["code"]) == (3, "other_program")
    assert pico.resets == resets


def test_a_pump_that_runs_stays_and_a_stopped_one_keeps_its_programme(new_rig, uf2, tmp_path):
    rig: PumpRig = new_rig()
    rig.set_up(programme())
    rig.start()
    rig.run_s(2)
    resets = rig.pico.resets
    status, out, _ = flash(rig.pico, tmp_path / "RPI-RP2", "--uf2", uf2, "--json")
    assert (status, json.loads(out)["code"]) == (3, "not_now")
    assert "stop first" in json.loads(out)["sentence"]
    rig.connect()
    assert rig.pico.resets == resets
    rig.check_exact()
    rig.stop()
    rig.run_s(5)
    before = rig.pump.status()
    operations = len(rig.pico.flash_operations)
    status, out, err = flash(rig.pico, tmp_path / "RPI-RP2", "--uf2", uf2)
    assert status == 0, err
    assert len(rig.pico.flash_operations) - operations > uf2.stat().st_size // BLOCK_BYTES
    rig.run_s(0.2)
    rig.connect()
    after = rig.pump.status()
    assert after.programme_digest == before.programme_digest
    assert (after.state, after.stepped) == ("stopped", before.stepped)
    # A restart that was asked for is no alarm.
    assert after.reset_cause == "bootloader"
    assert "watchdog_reset" not in dict(after.alarms)


def test_the_boot_roms_drive_is_one_that_is_written_to(stock):
    """With the files that the bootloader has shown on every Pico since 2021."""
    stock.exec_raw("pass")
    stock.serial_write(b"\x02import machine; machine.bootloader()\r")
    drive = BootDrive(stock)
    assert stock.run_until(lambda: drive.found, SECOND)
    assert not stock.usb_ready
    files = drive.files()
    assert sorted(files) == ["INDEX.HTM", "INFO_UF2.TXT"]
    assert b"Board-ID: RPI-RP2" in files["INFO_UF2.TXT"].splitlines()
    with pytest.raises(RuntimeError, match="failed a command"):
        drive.read(0, 0)


def test_a_folder_that_holds_something_does_not_stand_for_a_drive(stock, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not an empty folder"):
        DriveFolder(stock, tmp_path)


def test_titrate_virtual_shows_the_drive_that_titrate_flash_writes_to(stock_uf2, uf2, tmp_path):
    """Both commands as a user types them; the pump is back on the port that it was on."""
    port, drive = tmp_path / "pump", tmp_path / "RPI-RP2"
    serve = ["virtual", "--pty", port, "--drive", drive, "--uf2", stock_uf2]
    with subprocess.Popen(
        [sys.executable, "-m", "titrate", *map(str, serve)], stdout=subprocess.PIPE, text=True
    ) as served:
        try:
            assert served.stdout is not None
            assert served.stdout.readline().startswith(f"a virtual Pico is on {port}")
            words = ["flash", "--port", port, "--drive", drive, "--uf2", uf2, "--json"]
            done = subprocess.run(
                [sys.executable, "-c", FLASH, str(PATIENCE_S), *map(str, words)],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        finally:
            served.send_signal(signal.SIGINT)
    assert (done.returncode, served.returncode) == (0, 0), done.stderr
    assert json.loads(done.stdout)["port"] == str(port)
    assert not drive.exists()
