"""`import pump` at the prompt while the pump runs: what each name does, and what a script may do.

The pump runs at 300 steps a second all the time, and every edge is compared.
"""

from fractions import Fraction

import pytest
from pump_rig import PumpRig, programme, rate_for

from pump.core import alarm_texts
from titrate.virtual.pico import SECOND

STEPS_PER_S = 300
PRESCRIBED = programme(days=(((0, rate_for(STEPS_PER_S)),),))
# 300 mcg/day at the 500 mcg/mL of the programme.
RATE_NL_PER_H = (25_000, 1)
# What is committed lasts for less: by then a change has come.
AHEAD_S = 5


@pytest.fixture(scope="module")
def running(new_rig) -> PumpRig:
    """A pump that runs."""
    rig = new_rig()
    rig.set_up(PRESCRIBED)
    rig.start()
    rig.run_s(1)
    return rig


@pytest.fixture
def rig(running) -> PumpRig:
    """The running pump, back at its rate; every edge is checked after the test."""
    edges = len(running.edges_ns)
    yield running
    running.run_s(0.2)
    running.check_exact()
    assert len(running.edges_ns) > edges
    running.connect()
    assert running.pump.status().state == "running"


def effective_ticks(said: str) -> int:
    """The tick from which a request holds, as the prompt prints it."""
    (line,) = (line for line in said.splitlines() if line.startswith("effective ticks"))
    return int(line.split()[-1])


def take_rate(rig: PumpRig, said: str, prescribed) -> None:
    """Have the prescription follow a change of rate that was asked for at the prompt."""
    rig.prescription.advance(effective_ticks(said))
    rig.prescription.programme = prescribed


def shown(rig: PumpRig) -> dict[str, str]:
    """What pump.status() prints, by its labels."""
    rows = [line.split("  ", 1) for line in rig.on_device("pump.status()").splitlines()]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}


# -- each name -------------------------------------------------------------------------------


def test_status_says_how_it_is(rig):
    before = len(rig.pico.step_edges)
    found = shown(rig)
    assert found["state"] == "running"
    assert found["programme name"] == PRESCRIBED.name
    witnessed = int(found["witnessed"])
    assert before < witnessed < len(rig.pico.step_edges)
    # The witness is read after the count of the words that were begun.
    assert 0 <= witnessed - int(found["stepped"]) <= STEPS_PER_S // 10


def test_rate_changes_the_rate_and_back(rig):
    flat = programme(days=(((0, RATE_NL_PER_H),),))
    take_rate(rig, rig.on_device('pump.rate("300 mcg/day")'), flat)
    assert shown(rig)["rate"] == "25 uL/h"
    rig.run_s(2)
    back = f"{rate_for(STEPS_PER_S)[0]} nL/h"
    take_rate(rig, rig.on_device(f'pump.rate("{back}")'), PRESCRIBED)


def test_a_bolus_comes_on_top_and_is_counted_down(rig):
    said = rig.on_device('pump.bolus("5 mcg", minutes=10)')
    ticks = effective_ticks(said)
    rig.prescription.advance(ticks)
    rig.prescription.give(Fraction(10_000), 600 * SECOND // 8)
    rig.run_s(AHEAD_S + 1)
    left = shown(rig)["bolus remaining"]
    assert left.endswith(" uL")
    assert 9 < float(left.lstrip("~").split()[0]) < 10
    said = rig.on_device("pump.cancel_bolus()")
    rig.prescription.advance(effective_ticks(said))
    rig.prescription.cancel_boluses()


def test_pause_stops_it_and_resume_goes_on(rig):
    said = rig.on_device("pump.pause()")
    rig.prescription.advance(effective_ticks(said))
    rig.prescription.stop()
    rig.run_s(AHEAD_S)
    edges = len(rig.edges_ns)
    rig.run_s(2)
    assert len(rig.edges_ns) == edges
    assert shown(rig)["state"] == "paused"
    said = rig.on_device("pump.resume()")
    rig.prescription.advance(effective_ticks(said))
    rig.prescription.start()


def test_refill_says_what_the_reservoir_holds(rig):
    rig.on_device('pump.refill("0.9 mL")')
    left = shown(rig)["reservoir"]
    assert left.endswith(" uL")
    assert 890 < float(left.lstrip("~").split()[0]) <= 900


def test_alarms_are_listed_with_what_to_do(rig):
    rig.on_device('run(c.active_alarms.raise_alarm, "service_due", 0)')
    (line,) = (row for row in rig.on_device("pump.alarms()").splitlines() if "service_due" in row)
    assert line.endswith(alarm_texts.TEXTS["service_due"][2])
    rig.on_device('pump.acknowledge("service_due")\nrun(c.active_alarms.clear, "service_due", 0)')
    assert "service_due" not in rig.on_device("pump.alarms()")


def test_help_names_them_all_and_explains_one(rig):
    said = rig.on_device("pump.help()")
    for name in ("status", "rate", "bolus", "pause", "resume", "refill", "alarms", "help"):
        assert f"\n  {name} " in said, name
    assert "over how long" in rig.on_device('pump.help("bolus")')


def test_what_is_wrong_is_one_sentence_and_changes_nothing(rig):
    before = shown(rig)
    assert rig.on_device('pump.rate("300")').startswith("bad_text: ")
    assert rig.on_device('pump.bolus("50 mL", minutes=1)').startswith("dose_limit: ")
    _, traceback = rig.pico.exec_raw("import pump\npump.vacation()")
    assert "pump has no vacation; pump.help() lists what it has" in traceback
    after = shown(rig)
    for name in ("state", "rate", "bolus remaining", "programme digest"):
        assert after[name] == before[name]


# -- a terminal ------------------------------------------------------------------------------


def test_ctrl_c_typed_at_a_terminal_leaves_the_console_and_pump_console_comes_back(rig):
    left, found, back = rig.typed(
        (b"\x03", b">>> "), (b"1 + 1\r", b">>> "), (b"pump.console()\r", b"\n")
    )
    assert b"console left, the pump goes on; pump.console() comes back to it" in left
    assert b"\r\n2\r\n" in found
    assert b"Error" not in back
    (answered,) = rig.typed((b"status\r", b"stepped"))
    assert b"\r\nstate               running\r\n" in answered
    assert "running" in rig.titrate("status")


def test_titrate_finds_the_console_by_itself_after_a_ctrl_c(rig):
    rig.typed((b"\x03", b">>> "))
    assert "running" in rig.titrate("status")


# -- mpremote --------------------------------------------------------------------------------


def test_mpremote_asks_twenty_times_and_changes_the_rate(rig):
    flat = programme(days=(((0, RATE_NL_PER_H),),))
    back = f"{rate_for(STEPS_PER_S)[0]} nL/h"
    for number in range(20):
        if number == 7:
            said = rig.mpremote("resume", "exec", "import pump; pump.rate('300 mcg/day')")
            take_rate(rig, said, flat)
        elif number == 12:
            said = rig.mpremote("resume", "exec", f"import pump; pump.rate('{back}')")
            take_rate(rig, said, PRESCRIBED)
        else:
            said = rig.mpremote("resume", "exec", "import pump; pump.status()")
            assert "state               running" in said


def test_mpremote_asks_for_all_the_rest_while_the_pump_runs(rig):
    def ask(code: str) -> str:
        return rig.mpremote("resume", "exec", f"import pump; {code}")

    ticks = effective_ticks(ask("pump.bolus('5 mcg', minutes=10)"))
    rig.prescription.advance(ticks)
    rig.prescription.give(Fraction(10_000), 600 * SECOND // 8)
    rig.prescription.advance(effective_ticks(ask("pump.pause()")))
    rig.prescription.stop()
    rig.run_s(AHEAD_S)
    assert "state               paused" in ask("pump.status()")
    rig.prescription.advance(effective_ticks(ask("pump.resume()")))
    rig.prescription.start()
    assert "state               running" in ask("pump.status()")
    rig.prescription.advance(effective_ticks(ask("pump.cancel_bolus()")))
    rig.prescription.cancel_boluses()
    assert "reservoir" in ask("pump.refill('0.8 mL'); pump.status()")
    rig.on_device('run(c.active_alarms.raise_alarm, "service_due", 0)')
    assert alarm_texts.TEXTS["service_due"][2] in ask("pump.alarms()")
    rig.on_device('pump.acknowledge("service_due")\nrun(c.active_alarms.clear, "service_due", 0)')
    assert "over how long" in ask("pump.help('bolus')")


# -- memory ----------------------------------------------------------------------------------


@pytest.mark.fault("F7")
def test_a_script_that_takes_all_memory_disturbs_no_delivery(rig):
    """Held for two looks of the service; the pump answers as before once it is let go.

    What is in hand lasts for three looks, and to take and to let go of all takes most of a second.
    """
    said = rig.on_device(
        """
import gc, time
held = None
size = 4096
while size >= 16:
    try:
        while True:
            held = [held, bytearray(size)]
    except MemoryError:
        size //= 2
print(gc.mem_free())
time.sleep(3)
# Link by link: what a collection takes for a pointer on the stack keeps one block then, not all.
while held:
    before, held[0], held[1] = held[0], None, None
    held = before
before = None
gc.collect()
print(gc.mem_free())
""",
        limit_s=120,
    )
    # The service tells at the prompt, too, that it found no memory.
    full, free = (int(line) for line in said.splitlines() if line.isdigit())
    assert full < 4096
    assert free > 50_000
    assert shown(rig)["state"] == "running"
    rig.connect()
    rig.pump.acknowledge("all")
