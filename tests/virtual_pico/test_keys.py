"""A locked pump on the image as shipped: the key paired with the real button, then asked for."""

import json
import os
import signal
import subprocess
import sys

import pytest
from pump_rig import PumpRig, programme, rate_for
from test_panel import BUTTON_STOP_GPIO, press

from titrate.client.errors import Refused
from titrate.client.keyring import HeldKey, Keyring

# boards/pico_tmc2209
BUTTON_PAIR_GPIO = 22
SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory) -> Keyring:
    """The file of keys of the rig's host."""
    return Keyring(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def rig(new_rig, keyring) -> PumpRig:
    """A pump that delivers 100 steps a second and has no key yet."""
    rig = new_rig(keyring=keyring)
    rig.set_up(programme(days=(((0, rate_for(100)),),)))
    rig.start()
    return rig


@pytest.mark.hazard("H24")
def test_the_pair_button_pairs_and_from_then_on_only_the_key_changes_the_pump(rig, keyring):
    key = HeldKey("bench", "programmer", SECRET)
    assert rig.pump.pair(key) == 30
    assert rig.pump.awaited_key() == "bench"
    assert ("pairing", "information") in rig.pump.status().alarms
    press(rig, BUTTON_STOP_GPIO, 100)
    assert rig.pump.keys() == []
    press(rig, BUTTON_PAIR_GPIO, 100)
    (found,) = rig.pump.keys()
    # The first 4 bytes of the HMAC-SHA-256 of "titrate fingerprint", by OpenSSL.
    assert (found.name, found.role, found.fingerprint) == ("bench", "programmer", "7c9e35e1")
    for change in (rig.pump.pause, rig.pump.stop, lambda: rig.pump.rate("1 mL/h")):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.code == "key_needed"
    keyring.add(str(rig.pump.hello.board_id), key)
    rig.bolus(2000, 4)
    rig.run_s(6)
    rig.check_exact()
    assert rig.pump.status().locked


def test_at_the_prompt_a_locked_pump_is_read_and_not_changed(rig):
    before = rig.pump.status()
    out, err = rig.pico.exec_raw("import pump\npump.clock()\npump.rate('1 mL/h')\npump.pause()", 30)
    rig.connect()
    assert err == ""
    assert "clock known" in out
    assert out.count("key_needed: ") == 2
    after = rig.pump.status()
    assert (after.state, after.programme_digest) == ("running", before.programme_digest)
    rig.check_exact()


def test_the_stop_button_needs_no_key(rig):
    press(rig, BUTTON_STOP_GPIO, 3300)
    assert rig.pump.status().state == "paused"
    assert rig.pump.resume() == "running"


def test_a_power_cut_leaves_the_pump_locked_by_the_same_key(rig):
    rig.pico.power_off()
    rig.power_on()
    assert [key.name for key in rig.pump.keys()] == ["bench"]
    assert rig.pump.status().locked
    assert rig.pump.pause() == "paused"


def test_the_pair_button_of_titrate_virtual_is_pressed_by_a_signal(uf2, tmp_path):
    """Both commands as a user types them."""
    port = tmp_path / "pump"
    environment = {
        **os.environ,
        "TITRATE_ANSWER_S": "60",
        "TITRATE_KEYS": str(tmp_path / "keys.json"),
    }
    titrate = [sys.executable, "-m", "titrate"]
    with subprocess.Popen(
        [*titrate, "virtual", "--pty", str(port), "--uf2", str(uf2)],
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        try:
            assert served.stdout is not None
            assert served.stdout.readline().startswith(f"a virtual Pico is on {port}")
            with subprocess.Popen(
                [*titrate, "pair", "--name", "bench", "--port", str(port)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            ) as pair:
                assert pair.stdout is not None and pair.stderr is not None
                assert "press the pump's pair button" in pair.stderr.readline()
                served.send_signal(signal.SIGUSR1)
                out, err = pair.communicate()
        finally:
            served.send_signal(signal.SIGINT)
    assert pair.returncode == 0, err
    assert out.startswith("paired: bench, programmer")
    (keys,) = json.loads((tmp_path / "keys.json").read_text()).values()
    assert list(keys) == ["bench"]
