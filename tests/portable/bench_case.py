"""What tests of the controller share: benches with a fast programme, and what they show."""

import unittest

from bench_programme import HOUR_S, bench_programme
from bench_pump import BenchPump
from pump.core import ratio, retained
from pump.core.delivery import TICKS_PER_S
from pump.core.programme import canonical_text
from pump.link import lines


def fast_programme(**changes):
    """18 mL/h: 48.45 steps a second of 103.2 nL, so that much happens in little time."""
    settings = {
        "days": (((0, (18000000, 1)),),),
        "minimum_rate_nl_per_h": (3600000, 1),
        "max_rate_nl_per_h": (36000000, 1),
        "commit_ahead_nl": 40000,
    }
    settings.update(changes)
    return bench_programme(**settings)


FAST = fast_programme()
STEP_NL = FAST.microstep_nl()


def status(bench, key):
    return dict(bench.controller.status())[key]


def active(bench):
    return sorted([row.code for row in bench.controller.active_alarms.rows()])


def logged(bench, name):
    """Fields of the records of a name, the oldest first."""
    found = []
    for record in bench.controller.recorder.events.records():
        if record.name() == name:
            found.append(record.fields())
    return found


def proposed(bench, programme):
    """Propose a programme, whole."""
    text = canonical_text(programme)
    pieces = text.split("\n")[:-1]
    bench.controller.propose(len(pieces), lines.checksum(text.encode()))
    for number, piece in enumerate(pieces):
        bench.controller.propose_line(number, piece)
    return text


def steps_of(rate_nl_per_h, ticks):
    """Whole microsteps that a rate amounts to in a time."""
    volume_nl = ratio.scale(rate_nl_per_h, ticks, HOUR_S * TICKS_PER_S)
    return ratio.floor(ratio.divide(volume_nl, STEP_NL))


class Case(unittest.TestCase):
    """Benches, and the claim that a refused request changes nothing."""

    def programmed(self, programme=FAST, reservoir_nl=9000000):
        bench = BenchPump().programme(programme, reservoir_nl)
        bench.generator.edges = None
        return bench

    def running(self, programme=FAST, reservoir_nl=9000000):
        bench = self.programmed(programme, reservoir_nl)
        bench.controller.start()
        return bench

    def refused(self, bench, error, call, *args, **named):
        """The request raises; state, book, delivery and programme are what they were."""
        pump = bench.controller
        before = (retained.text_of(pump), pump.programme_text, pump.feeder and pump.feeder.planned)
        records = pump.recorder.events.next_sequence
        with self.assertRaises(error) as caught:
            call(*args, **named)
        after = (retained.text_of(pump), pump.programme_text, pump.feeder and pump.feeder.planned)
        self.assertEqual(after, before)
        self.assertEqual(pump.recorder.events.next_sequence, records)
        self.assertTrue(len(caught.exception.sentence) > 20)
        return caught.exception.sentence
