"""What a pump would do with a programme, without a pump.

    from titrate.profile import load_profile
    from titrate.simulation import simulate

    profile = load_profile("night-step.toml")
    found = simulate(profile.programme, start_s=0, duration_s=7 * 86_400, fill_nl=profile.fill_nl)
    print(found.steps, found.delivered_nl, found.residual_nl)

The scheduler, the ledger and the train of pulses are the pump's own, from pump.core. Explained in
host_tools/docs/simulation.md.
"""

from titrate.simulation.events import Event, SoftLimit
from titrate.simulation.prescription import Prescription, Stretch, prescribe
from titrate.simulation.requests import BolusRequest
from titrate.simulation.simulate import DayVolume, Simulation, simulate

__all__ = [
    "BolusRequest",
    "DayVolume",
    "Event",
    "Prescription",
    "Simulation",
    "SoftLimit",
    "Stretch",
    "prescribe",
    "simulate",
]
