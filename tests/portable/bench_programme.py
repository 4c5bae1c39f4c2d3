"""A programme for the bench, to be changed by hand: 300 mcg/day at 500 mcg/mL, 25 uL/h."""

from pump.core.programme import Programme

DAY_S = 86400
HOUR_S = 3600
# Bits of a weekday mask.
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = (1, 2, 4, 8, 16, 32, 64)
EVERY_DAY = 127


def bench_programme(**changes):
    """The programme with some attributes changed.

    Its microstep: 14.5 mm bore, 2 mm lead, 3200 microsteps a turn are 103.2 nL.
    """
    settings = {
        "name": "Bench",
        "bore_um": 14500,
        "capacity_nl": 10000000,
        "travel_um": 61000,
        "lead_um": 2000,
        "full_steps_per_rev": 200,
        "microsteps": 16,
        "gear": (1, 1),
        "calibration": (1, 1),
        "drug": "baclofen",
        "concentration_mcg_per_ml": (500, 1),
        "days": (((0, (25000, 1)),),),
        "week": (0,) * 7,
        "boluses": (),
        "minimum_rate_nl_per_h": (2500, 1),
        "start_s": None,
        "end_s": None,
        "reservoir_low_nl": 1000000,
        "reservoir_low_s": 0,
        "reservoir_reserve_nl": 200000,
        "max_rate_nl_per_h": (2000000, 1),
        "max_bolus_nl": (200000, 1),
        "commit_ahead_nl": 3000,
    }
    settings.update(changes)
    return Programme(**settings)
