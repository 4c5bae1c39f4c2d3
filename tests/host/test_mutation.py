"""The score of mutation testing, and its list of mutants that nothing can tell from the code."""

import sys

import pytest


@pytest.fixture
def verdicts(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "tests" / "mutation")
    import verdicts

    yield verdicts
    del sys.modules["verdicts"]


def test_a_score_leaves_out_what_is_equivalent_and_counts_what_has_no_end(verdicts):
    found = verdicts.score(
        [verdicts.FAILED] * 6
        + [verdicts.ENDLESS] * 2
        + [verdicts.SURVIVED] * 2
        + [verdicts.EQUIVALENT] * 5
    )
    counts = (found["mutants"], found["noticed"], found["survived"], found["equivalent"])
    assert counts == (15, 8, 2, 5)
    # 8 of the 10 that can be told from the code.
    assert found["percent"] == 80
    assert not verdicts.is_good(found)
    assert verdicts.is_good(verdicts.score([verdicts.FAILED] * 9 + [verdicts.SURVIVED]))


def test_equivalent_mutants_are_of_lines_that_are_there_and_have_a_reason(verdicts, root):
    known = verdicts.equivalents()
    for (file, _, was, now), why in known.items():
        text = (root / f"firmware/pump/core/{file}.py").read_text()
        lines = [line.strip() for line in text.splitlines()]
        starts = range(len(lines))
        assert any(tuple(lines[at : at + len(was)]) == was for at in starts), (file, was)
        assert was != now
        assert len(why) > 20
    assert {key[0] for key in known} <= set(verdicts.FILES)
