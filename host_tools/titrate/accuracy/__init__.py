"""How well a pump doses: the accuracy figures of IEC 60601-2-24, measured and predicted.

    from titrate.accuracy import STANDARD, measure, read_edges

    record = read_edges(Path("edges.csv"), microstep_nl, rate_nl_per_h)
    found = measure(record, rate_nl_per_h, STANDARD)
    print(found.mean_error_percent, found.trumpet)

Everything is exact: integers and ratios as far as the input has them. Explained in
host_tools/docs/accuracy.md.
"""

from titrate.accuracy.iec60601 import (
    AMBULATORY,
    BOLUSES,
    METHODS,
    STANDARD,
    BolusAccuracy,
    Measurement,
    Method,
    TrumpetPoint,
    bolus_accuracy,
    boluses_in,
    measure,
)
from titrate.accuracy.prediction import (
    DRIVES,
    Drive,
    ScrewError,
    Stepper,
    Suitability,
    predicted_trumpet,
    suitability,
)
from titrate.accuracy.readings import (
    Liquid,
    has_times,
    is_edges_file,
    read_edges,
    read_log,
    read_totals,
)
from titrate.accuracy.record import LogRecord, Record, StepRecord

__all__ = [
    "AMBULATORY",
    "BOLUSES",
    "DRIVES",
    "METHODS",
    "STANDARD",
    "BolusAccuracy",
    "Drive",
    "Liquid",
    "LogRecord",
    "Measurement",
    "Method",
    "Record",
    "ScrewError",
    "StepRecord",
    "Stepper",
    "Suitability",
    "TrumpetPoint",
    "bolus_accuracy",
    "boluses_in",
    "has_times",
    "is_edges_file",
    "measure",
    "predicted_trumpet",
    "read_edges",
    "read_log",
    "read_totals",
    "suitability",
]
