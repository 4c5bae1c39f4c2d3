"""A small drug library for tests, written out by hand, and what is done with it."""

from pump.core.programme import digest
from pump.link import lines

TEXT = """titrate-library 1
name Bench
version 1.0
drug baclofen
dosed dose
strength 500
strength 2000
dilution 10 2000 B40
limit daily_dose hard max 2003000 observed spinal-adult - B20
limit daily_dose hard max 1199000 observed under-12 - B24
limit daily_dose soft max 800000 observed spinal-adult - B20
limit daily_dose soft min 12000 observed - - B20
limit first_daily_dose soft max 400000 monograph - - B10
limit basal_rate hard max 100000 site - - site
limit bolus_dose hard max 200000 site - - site
limit bolus_dose soft max 100000 monograph - - B6
limit bolus_duration hard min 60 monograph - - B2
limit increase soft max 30 monograph spinal-adult - B13
limit increase soft max 15 monograph under-12 - B14
limit increase_at_refill soft max 40 monograph - - B16
limit increase_interval soft min 86400 monograph - - B12
limit decrease soft max 20 monograph - - B18
limit stability soft max 15552000 study - - study
limit demand_per_day soft max 0 label - - vendor
drug generic
also dye
dosed volume
limit basal_rate hard max 1000000 site - - site
end
"""


def sent(bench, text):
    """Send a library in pieces; returns its digest."""
    pieces = text.split("\n")[:-1]
    bench.controller.propose(len(pieces), lines.checksum(text.encode()), "library")
    for number, piece in enumerate(pieces):
        bench.controller.propose_line(number, piece)
    return digest(text)


def installed(bench, text=TEXT):
    """Install a library; returns the bench."""
    bench.controller.confirm(sent(bench, text))
    return bench
