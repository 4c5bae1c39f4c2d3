"""`titrate home`, `jog`, `load` and `unload`, with a drive on the bench at the end of the cable."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bench_cable import BenchCable
from test_cli import titrate

from bench_drive import Drive
from pump.core import programme as programmes
from test_link_server import TEXT


@pytest.fixture
def cable(monkeypatch):
    """A pump that has been programmed and filled, and stands 2 mm from its home switch."""
    with BenchCable() as cable:
        cable.end.pump.programme(programmes.parse_canonical(TEXT), 5_000_000)
        cable.end.pump.generator.edges = None
        Drive(cable.end.pump, home_at=-3200)
        monkeypatch.setenv("TITRATE_PORT", cable.port)
        yield cable


def moved(cable, *words):
    """Run a command that waits for a move, and let the pump's time pass once it waits."""
    looks = cable.end.received.count(b" status ") + 1
    with ThreadPoolExecutor(1) as pool:
        ran = pool.submit(titrate, *words)
        cable.wait_for(b" status ", looks)
        cable.run_s(60)
        return ran.result()


def test_home_load_and_unload_tell_where_the_drive_stands(cable):
    home = moved(cable, "home", "--line-off", "--json")
    assert (home.status, home.json) == (
        0,
        {"outcome": "done", "state": "stopped", "position_um": "1000"},
    )
    assert moved(cable, "jog", "3 mm", "--line-off", "--json").json["position_um"] == "4000"
    back = moved(cable, "jog", "1.5 mm", "--withdraw", "--line-off", "--json")
    assert back.json["position_um"] == "2500"
    shown = moved(cable, "unload", "--line-off")
    assert shown.out.startswith("stopped, 1.000 mm from home; say with refill")
    assert moved(cable, "load", "5 mL", "--line-off").status == 0
    assert cable.controller.ledger.is_known is False


@pytest.mark.parametrize(
    ("words", "status", "code", "part"),
    [
        (("home",), 3, "not_now", "line=off"),
        (("load", "5 mL", "--line-off"), 3, "not_now", "home first"),
        (("jog", "3 mm", "--line-off"), 3, "out_of_range", "at most 2 mm"),
        (("jog", "1 mcg", "--line-off"), 2, "bad_text", "length or a volume"),
    ],
)
def test_what_is_refused_says_what_to_do(cable, words, status, code, part):
    ran = titrate(*words, "--json")
    assert ran.status == status
    assert ran.json["code"] == code
    assert part in ran.json["sentence"]
    assert cable.controller.state == "stopped"


def test_a_move_that_failed_is_told_with_its_cause_and_to_be_acknowledged(cable):
    cable.controller.switches.home_at = -10_000_000
    failed = moved(cable, "home", "--line-off", "--json")
    assert (failed.status, failed.json["outcome"], failed.json["code"]) == (
        3,
        "failed",
        "move_failed",
    )
    assert "the home switch did not come within the travel" in failed.json["sentence"]
    assert "acknowledge move_failed" in titrate("home", "--line-off").err
    assert titrate("ack", "move_failed").status == 0
    assert titrate("jog", "1 mm", "--line-off", "--no-wait", "--json").json["state"] == "moving"
    assert titrate("stop", "--json").json["state"] == "moving"
    cable.run_s(1)
    assert titrate("status", "--json").json["state"] == "stopped"
