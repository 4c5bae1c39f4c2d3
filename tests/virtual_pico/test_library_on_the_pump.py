"""The drug library on the emulated RP2040: installed, judged by, and cut off while written."""

import pytest
from pump_rig import programme

from pump.core.programme import digest as digest_of
from pump.core.programme import replace
from titrate.client.errors import Refused, TitrateError
from titrate.library import load_library


def dosing(mcg_per_day):
    """A flat programme for an adult at 500 mcg/mL: 1 mcg/day is 250/3 nL/h."""
    flat = programme(patient_group="spinal-adult", max_bolus_nl=(800_000, 1))
    return replace(flat, days=(((0, (mcg_per_day // 3 * 250, 1)),),))


@pytest.fixture(scope="module")
def rig(new_rig):
    """A pump with the library that comes with Titrate."""
    rig = new_rig()
    rig.pump.set_clock("2026-06-01T08:00:00")
    review = rig.pump.propose_library(load_library().canonical_text)
    assert review.changes[0].new == "Titrate 1.0"
    rig.pump.confirm(review.digest)
    status = rig.pump.status()
    assert (status.library, status.library_digest) == ("Titrate 1.0", load_library().digest)
    return rig


def test_a_hard_limit_is_refused_a_soft_one_takes_a_reason_which_is_logged(rig):
    pump = rig.pump
    with pytest.raises(Refused, match="2003 mcg/day for spinal-adult, spinal-child .B20"):
        pump.propose(dosing(2100))
    review = pump.propose(dosing(900))
    assert [limit.limit for limit in review.soft_limits] == ["daily_dose", "first_daily_dose"]
    with pytest.raises(Refused, match="give a reason"):
        pump.confirm(review.digest)
    assert pump.status().programme_digest == ""
    pump.confirm(review.digest, reason="long on this dose")
    assert pump.status().programme_digest == review.digest
    logged = [entry.detail for entry in pump.log(count=20) if entry.code == "limit_overridden"]
    assert len(logged) == 2
    assert all("reason=long on this dose" in detail for detail in logged)
    pump.refill("1 mL")
    pump.start()
    with pytest.raises(Refused, match="hard limit of bolus is at most 200 mcg"):
        pump.bolus("201 mcg", "10 min")
    assert pump.library_text() == load_library().canonical_text
    # What a request may need while it is judged.
    assert pump.status().heap_free > 50_000


@pytest.mark.parametrize("operation", [1, 2, 3, 5])
def test_a_power_cut_while_a_library_is_written_leaves_the_old_one_or_the_new_one(rig, operation):
    before = rig.pump.status().library_digest
    text = load_library().canonical_text.replace("version 1.0", f"version 2.{operation}")
    digest = rig.pump.propose_library(text).digest
    rig.pico.cut_power_at_flash_op(operation)
    with pytest.raises((TitrateError, RuntimeError)):
        rig.pump.confirm(digest)
    assert not rig.pico.powered
    rig.power_on()
    after = rig.pump.status()
    assert after.library_digest in (before, digest)
    assert "library_damaged" not in [code for code, _ in after.alarms]
    assert digest_of(rig.pump.library_text()) == after.library_digest
    # What is asked for is judged by it at once.
    with pytest.raises(Refused, match="is not in the drug library Titrate"):
        rig.pump.propose(replace(dosing(300), drug="morphine"))
