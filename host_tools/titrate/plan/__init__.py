"""The calculations around a prescription, exact and without a pump.

    from fractions import Fraction
    from titrate import plan

    found = plan.start(test_dose_mcg=75, response_h=6)
    found.daily_dose_mcg, found.formula, found.rules, found.warnings

Every function takes whole numbers or fractions (never a float), gives a Result, and refuses what
makes no sense with OutOfRange or BadText of pump.core.errors. Limits are those of the drug library
that comes with Titrate; in `with plan.judged_by(load_library("mine.toml")):` those of another.
The rules B1-B70 are in rules.toml; each calculation is shown in host_tools/docs/plan.md. For bench
and research use; no advice for a patient.
"""

from titrate.plan.bridging import Bridge, bridge
from titrate.plan.csf_model import Csf, csf
from titrate.plan.dilution import Dilution, dilute
from titrate.plan.filling import Refill, refill, refill_of
from titrate.plan.groups import judged_by
from titrate.plan.histories import titrate_history
from titrate.plan.interrupted import Interruption, interruption
from titrate.plan.log_reading import Entry, read_log
from titrate.plan.measured import Residual, residual
from titrate.plan.nights import Night, night
from titrate.plan.priming import Prime, prime
from titrate.plan.rates import Rate, dose, rate
from titrate.plan.result import Result
from titrate.plan.rulebook import Rule, rules
from titrate.plan.screening import ScreeningDose, test_dose
from titrate.plan.starting import Start, start
from titrate.plan.strengths import Concentration, concentration
from titrate.plan.tapering import Taper, taper
from titrate.plan.titration import Titration, titrate
from titrate.plan.trends import Trend, trend

__all__ = [
    "Bridge",
    "Concentration",
    "Csf",
    "Dilution",
    "Entry",
    "Interruption",
    "Night",
    "Prime",
    "Rate",
    "Refill",
    "Residual",
    "Result",
    "Rule",
    "ScreeningDose",
    "Start",
    "Taper",
    "Titration",
    "Trend",
    "bridge",
    "concentration",
    "csf",
    "dilute",
    "dose",
    "interruption",
    "judged_by",
    "night",
    "prime",
    "rate",
    "read_log",
    "refill",
    "refill_of",
    "residual",
    "rules",
    "start",
    "taper",
    "test_dose",
    "titrate",
    "titrate_history",
    "trend",
]
