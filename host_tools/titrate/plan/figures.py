"""The figures of the rules B1-B70 that calculations use and the drug library does not have.

The rules are those of rules.toml: the product monograph of intrathecal baclofen. Limits stand in
the library (groups.py reads them there). What a monograph has no figure for, and this project had
to choose, stands at the end and says so.
"""

from fractions import Fraction

# Screening: B1, B3, B5, B6, B8; 24 h apart.
TEST_CONCENTRATION_MCG_ML = 50
TEST_DOSES_MCG = (50, 75, 100)
SMALL_CHILD_TEST_DOSE_MCG = 25
TEST_INTERVAL_H = 24
BARBOTAGE_MIN = 1  # B2

OBSERVATION_H = (4, 8)  # B4

# Start: B10, B11.
LONG_RESPONSE_H = 8
START_FACTOR = 2
START_FACTOR_AFTER_LONG_RESPONSE = 1

USUAL_DECREASE_PERCENT = 10  # B18; its upper figure is the library's limit

NIGHT_PERCENT = 20  # B31
LEAD_H = 2  # B32

HOLIDAY_DAYS = (14, 28)  # B29

DILUENT = "sterile preservative-free 0.9 % sodium chloride"  # B40

# Action: B45, B46.
BOLUS_ONSET_H = (Fraction(1, 2), Fraction(1))
BOLUS_PEAK_H = 4
BOLUS_DURATION_H = (4, 8)
CONTINUOUS_ONSET_H = (6, 8)
CONTINUOUS_PEAK_H = (24, 48)

# Cerebrospinal fluid: B47, B48.
CSF_HALF_LIFE_H = Fraction(151, 100)
CSF_CLEARANCE_ML_H = 30


# Not of the monograph. Two vendors promise delivery within 14.5 % and within 15 % of what was
# programmed; outside of 15 % a pump is not what it promises.
RESIDUAL_RATIO = (Fraction(85, 100), Fraction(115, 100))

# Not of the monograph, chosen here and labelled so in the output. A bolus lasts at least 4 h
# (B45), so within that the effect has not gone. Withdrawal starts within hours to a few days
# (B56), and commercial pumps alarm when they were stopped for 48 h.
SHORT_INTERRUPTION_H = 4
LONG_INTERRUPTION_H = 48
# "At or near the previous dose" (B60), with the caution of B62: less the largest decrease of B18.
LIMITED_RATE_PERCENT = 80

# Not of the monograph, chosen here: what drifts.
# A ratio that moves one way by so much over three refills or more drifts.
DRIFT_PERCENT = 5
DRIFT_REFILLS = 3
