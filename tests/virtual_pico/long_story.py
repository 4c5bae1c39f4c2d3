"""A stretch of a pump's life on the emulated RP2040: hosts, bad lines, changes, soft resets."""

import random

from pump_rig import PumpRig, programme

from titrate.virtual.pico import SECOND

# 0.6 mL/day and less from a 10 mL syringe on a 2 mm screw: 103 nL a step, one in 15 s or more.
SYRINGE_10ML = {
    "bore_um": 14_500,
    "capacity_nl": 10_000_000,
    "travel_um": 60_559,
    "lead_um": 2000,
    "gear": (1, 1),
    "max_rate_nl_per_h": (1_500_000, 1),
    "commit_ahead_nl": 500,
    "reservoir_low_nl": 1_000_000,
}
RATES = ((25_000, 1), (1375, 3), (100_000, 7))
# What a soft reset holds up is made up for by then.
_MADE_UP_S = 8
# All bytes but those below a space: what a terminal's Ctrl keys send has a meaning of its own.
_BAD = [byte for byte in range(32, 256) if byte != 127]


def basal(rate) -> object:
    """A flat programme for the 10 mL syringe."""
    return programme(days=(((0, rate),),), **SYRINGE_10ML)


def live(rig: PumpRig, length_s: int, seed: int) -> dict[str, int]:
    """Let a pump that runs live for so long; every edge is compared with what was prescribed.

    Returns:
        how often what has happened.
    """
    chance = random.Random(seed)
    done: dict[str, int] = {}
    end_ns = rig.pico.now_ns + length_s * SECOND
    names = ("poll", "bad line", "bolus", "rate", "pause", "soft reset")
    while rig.pico.now_ns < end_ns:
        rig.run_s(chance.uniform(1, 30))
        what = chance.choices(names, (8, 6, 4, 1, 2, 1))[0]
        done[what] = done.get(what, 0) + 1
        if what == "poll":
            assert rig.pump.status().state == "running"
        elif what == "bad line":
            rig.pico.serial_write(bytes(chance.choices(_BAD, k=chance.randrange(1, 200))) + b"\n")
            rig.run_s(0.5)
            rig.connect()
        elif what == "bolus":
            rig.bolus(chance.randrange(500, 4000), chance.randrange(60, 120))
        elif what == "rate":
            rig.change(basal(chance.choice(RATES)))
        elif what == "pause":
            rig.pause()
            rig.run_s(chance.uniform(3, 10))
            rig.resume()
        else:
            from_ns = rig.pico.now_ns
            rig.on_device("pass", soft_reset=True)
            rig.run_s(_MADE_UP_S)
            rig.disturbed(from_ns, rig.pico.now_ns)
            rig.connect()
    rig.check_exact()
    rig.pause()
    rig.run_s(4)
    rig.check_exact()
    rig.check_counts()
    rig.resume()
    return done
