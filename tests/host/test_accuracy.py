"""The figures of IEC 60601-2-24, by hand, by their definition, and against what geometry allows."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pump.core.errors import BadText, OutOfRange
from titrate.accuracy import (
    AMBULATORY,
    DRIVES,
    STANDARD,
    Drive,
    Liquid,
    LogRecord,
    Method,
    ScrewError,
    Stepper,
    StepRecord,
    bolus_accuracy,
    boluses_in,
    is_edges_file,
    measure,
    predicted_trumpet,
    read_edges,
    read_log,
    read_totals,
    suitability,
)
from titrate.accuracy.iec60601 import flow_nl_per_h, mean_error_percent, trumpet
from titrate.accuracy.quantities import (
    parse_density_g_per_ml,
    parse_evaporation_g_per_h,
    parse_mass_g,
)
from titrate.accuracy.water import density_g_per_ml
from titrate.profile.syringes import catalogue

THIRD = Fraction(1, 3)

# Worked by hand. Set rate 60 uL/h, that is 1 uL a minute; a reading each minute (S = 1 min).
#
#   minute       0   1   2   3   4   5   6
#   total, uL    0   1   3   4   4   5   7
#   Q, uL/h         60 120  60   0  60 120      the difference times 60
#   error, %         0 100   0-100   0 100      100 (Q - 60) / 60
#
#   A: 7 uL in 6 min are 70 uL/h, 100 (70 - 60) / 60 = 16 2/3 %
#   P = 1 min: each error itself:                              max 100, min -100
#   P = 2 min: means of two, 50 50 -50 -50 50:                 max  50, min  -50
#   P = 3 min: means of three, 33 1/3, 0, -33 1/3, 0:          max  33 1/3, min -33 1/3
TOTALS_NL = [Fraction(1000 * total) for total in (0, 1, 3, 4, 4, 5, 7)]
RATE_NL_PER_H = Fraction(60_000)
HAND = Method("by hand", Fraction(60), (60, 120, 180), 0, 360)
BY_HAND = [(60, 100, -100), (120, 50, -50), (180, 100 * THIRD, -100 * THIRD)]


def log(totals_nl, sample_s=60):
    return LogRecord([Fraction(n * sample_s) for n in range(len(totals_nl))], totals_nl)


def points(found):
    return [(point.window_s, point.max_percent, point.min_percent) for point in found]


def test_the_figures_are_those_worked_by_hand():
    found = measure(log(TOTALS_NL), RATE_NL_PER_H, HAND)
    assert found.flow_nl_per_h == (60_000, 120_000, 60_000, 0, 60_000, 120_000)
    assert found.mean_error_percent == 50 * THIRD
    assert points(found.trumpet) == BY_HAND
    assert found.interpolated == 0


def test_microsteps_give_the_same_figures_as_readings_of_them():
    # 0.5 uL a microstep: two at once where a uL came, edges on the minute, DIR high.
    edges_ns, positions, position = [], [], 0
    for minute, (before, after) in enumerate(zip(TOTALS_NL, TOTALS_NL[1:], strict=False), 1):
        for _ in range(int(after - before) // 500):
            position += 1
            edges_ns.append(minute * 60 * 10**9)
            positions.append(position)
    # At 60 uL/h a microstep takes 30 s, so the record begins at 30 s and ends at 6.5 min.
    record = StepRecord(edges_ns, positions, Fraction(500), Fraction(30))
    assert (record.start_s, record.end_s) == (30, 390)
    shifted = [record.volume_nl(Fraction(60 * minute)) for minute in range(7)]
    assert shifted == TOTALS_NL
    assert points(trumpet(shifted, HAND, RATE_NL_PER_H)) == BY_HAND


def test_the_methods_are_those_of_the_standard():
    assert STANDARD.sample_s == 30
    assert [window_s // 60 for window_s in STANDARD.windows_s] == [2, 5, 11, 19, 31]
    assert (STANDARD.settle_s, STANDARD.analysis_s) == (3600, 3600)
    assert AMBULATORY.sample_s == 15 * 60
    assert [window_s // 60 for window_s in AMBULATORY.windows_s] == [15, 60, 150, 330, 570, 930]


@given(
    st.lists(st.integers(-5, 40), min_size=12, max_size=40),
    st.fractions(min_value=Fraction(1, 1000), max_value=10_000),
    st.sampled_from([Fraction(10), Fraction(30), Fraction(60), Fraction(1, 3)]),
)
def test_the_trumpet_is_the_sum_that_the_standard_writes(steps, rate_nl_per_h, sample_s):
    volumes = [Fraction(sum(steps[:n])) for n in range(len(steps) + 1)]
    widths = [1, 2, 5, 11]
    windows_s = tuple(width * sample_s for width in widths)
    method = Method("", sample_s, windows_s, 0, len(steps) * sample_s)
    # Ep = extremes over j = 1 .. m of (S / P) * sum over i = j .. j + P/S - 1 of 100 (Q_i - r) / r.
    flows = [(b - a) / sample_s * 3600 for a, b in zip(volumes, volumes[1:], strict=False)]
    expected = []
    for width, window_s in zip(widths, windows_s, strict=True):
        windows = int((len(steps) * sample_s - window_s) / sample_s) + 1
        errors = [
            sample_s
            / window_s
            * sum(100 * (flows[i] - rate_nl_per_h) / rate_nl_per_h for i in range(j, j + width))
            for j in range(windows)
        ]
        expected.append((window_s, max(errors), min(errors)))
    assert flow_nl_per_h(volumes, sample_s) == flows
    assert points(trumpet(volumes, method, rate_nl_per_h)) == expected
    mean = sum(flows) / len(flows)
    assert mean_error_percent(volumes, sample_s, rate_nl_per_h) == (
        100 * (mean - rate_nl_per_h) / rate_nl_per_h
    )


@given(
    st.fractions(min_value=1, max_value=10**6, max_denominator=100),
    st.fractions(min_value=Fraction(1, 10), max_value=500, max_denominator=100),
    st.fractions(min_value=0, max_value=1, max_denominator=1000),
)
def test_no_phase_of_a_perfect_stepper_leaves_the_predicted_trumpet(rate, microstep, phase):
    stepper = Stepper(rate, microstep, Fraction(1), None, Fraction(10**6))
    start_s = phase * microstep * 3600 / rate
    found = measure(stepper, rate, STANDARD, start_s)
    bounds = predicted_trumpet(rate, microstep, Fraction(1), STANDARD.windows_s)
    for measured, bound in zip(found.trumpet, bounds, strict=True):
        assert bound.min_percent <= measured.min_percent <= measured.max_percent
        assert measured.max_percent <= bound.max_percent


def test_the_predicted_trumpet_is_reached_by_some_phase():
    # 2 min at 25 uL/h are 833 1/3 nL: 8 or 9 microsteps of 100 nL.
    rate, microstep = Fraction(25_000), Fraction(100)
    (bound,) = predicted_trumpet(rate, microstep, Fraction(1), [120])
    assert bound.max_percent == 100 * (900 / Fraction(2500, 3) - 1) == 8
    assert bound.min_percent == 100 * (800 / Fraction(2500, 3) - 1) == -4
    one = Method("", Fraction(30), (120,), 0, 3600)
    found = measure(Stepper(rate, microstep, Fraction(1), None, Fraction(3600)), rate, one)
    assert (found.trumpet[0].max_percent, found.trumpet[0].min_percent) == (8, -4)


@given(
    st.fractions(min_value=10, max_value=10**6, max_denominator=10),
    st.fractions(min_value=0, max_value=20, max_denominator=10),
    st.sampled_from([Fraction(500), Fraction(2000), Fraction(8000)]),
)
def test_no_phase_of_screw_and_stepper_leaves_the_predicted_trumpet(rate, amplitude, period):
    drive = DRIVES[0]
    microstep = drive.microstep_nl(14_500)
    screw = ScrewError(amplitude, period)
    stepper = Stepper(rate, microstep, drive.microstep_um, screw, Fraction(7200))
    found = measure(stepper, rate)
    bounds = predicted_trumpet(rate, microstep, drive.microstep_um, STANDARD.windows_s, screw)
    # Sines are floats: equal to about 15 digits of the largest term.
    slack = Fraction(1, 10**6)
    for measured, bound in zip(found.trumpet, bounds, strict=True):
        assert bound.min_percent - slack <= measured.min_percent
        assert measured.max_percent <= bound.max_percent + slack


def test_a_whole_number_of_microsteps_a_window_is_a_trumpet_without_width():
    (bound,) = predicted_trumpet(Fraction(3000), Fraction(100), Fraction(1), [120])
    assert (bound.max_percent, bound.min_percent) == (0, 0)


def test_the_smallest_even_rate_keeps_every_window_within_the_limit():
    syringe = catalogue()["BD Plastipak 10 mL"]
    row = suitability(syringe, DRIVES[0], [120, 1860], Fraction(5))
    # 103.206 nL over 5 % of 2 min: 103.206 * 20 * 30 nL/h.
    assert abs(row.even_nl_per_h[0] - 61_923) < 1
    assert row.max_nl_per_h == row.microstep_nl * 2000 * 3600
    for window_s, rate in zip([120, 1860], row.even_nl_per_h, strict=True):
        for factor in (1, Fraction(101, 100), Fraction(137, 100), 10):
            (bound,) = predicted_trumpet(rate * factor, row.microstep_nl, Fraction(1), [window_s])
            assert max(bound.max_percent, -bound.min_percent) <= 5
    # B. Braun's figure for a 10 mL syringe is 0.1 mL/h, as for the pump's own warning.
    assert row.recommended_nl_per_h == 100_000


def test_a_drive_has_the_volume_of_a_microstep_of_the_core():
    # pi / 4 * 14.5^2 * 2 / 3200 mm^3, to the core's pi.
    assert abs(Drive("", 2000, 200, 16).microstep_nl(14_500) - Fraction("103.206")) < Fraction(
        1, 1000
    )
    assert DRIVES[1].microstep_nl(14_500) == DRIVES[0].microstep_nl(14_500) / 27


def test_the_errors_of_boluses_are_those_worked_by_hand():
    # Set 10 uL; totals 0 10 21 30 uL: 10, 11 and 9 uL, errors 0, +10 and -10 %.
    found = bolus_accuracy([Fraction(1000 * total) for total in (0, 10, 21, 30)], Fraction(10_000))
    assert found.delivered_nl == (10_000, 11_000, 9_000)
    assert (found.mean_percent, found.max_percent, found.min_percent) == (0, 10, -10)


def test_the_basal_delivery_between_boluses_is_no_part_of_them():
    # 60 uL/h besides boluses of 10 uL every 5 min: 15 uL a cycle.
    record = log([Fraction(15_000 * n) for n in range(26)], 300)
    totals = boluses_in(record, Fraction(0), Fraction(300), 25, RATE_NL_PER_H)
    assert totals == [10_000 * n for n in range(26)]
    with pytest.raises(OutOfRange, match="26 boluses take from 0 min to 130 min"):
        boluses_in(record, Fraction(0), Fraction(300), 26)


@pytest.mark.parametrize(
    ("temperature", "kg_per_m3"),
    # Tanaka and others 2001, the recommended table.
    [(4, "999.9749"), (20, "998.2067"), (25, "997.0470"), (15, "999.1026"), (0, "999.8428")],
)
def test_the_density_of_water_is_that_of_the_published_table(temperature, kg_per_m3):
    found = density_g_per_ml(Fraction(temperature)) * 1000
    assert abs(found - Fraction(kg_per_m3)) < Fraction(1, 10_000)


@given(st.integers(0, 400))
def test_the_density_of_water_agrees_with_the_older_polynomial(tenths):
    # IUPAC 1976, as in Unesco technical papers in marine science 44 (1983), equation 14: another
    # fit to other measurements, on the temperature scale of 1968, whose 40 degrees are 0.01 K from
    # those of 1990: 4 ppm of density there, and 2 ppm between the fits.
    t = Fraction(tenths, 10)
    terms = ("999.842594", "6.793952e-2", "-9.095290e-3", "1.001685e-4", "-1.120083e-6")
    older = sum(Fraction(term) * t**n for n, term in enumerate((*terms, "6.536332e-9")))
    assert abs(density_g_per_ml(t) * 1000 - older) < Fraction(6, 1000)


def test_water_is_not_judged_outside_its_formula():
    with pytest.raises(OutOfRange, match="from 0 to 40 degC"):
        density_g_per_ml(Fraction(41))


def test_a_balance_log_becomes_volumes_with_density_and_evaporation(tmp_path):
    # 0.8 g/mL; 6 g/h evaporate, 0.1 g a minute. Total in uL: (g + 0.1 * minutes) / 0.8 * 1000.
    path = tmp_path / "balance.csv"
    path.write_text(
        "time [min];weight (g);flow_ml_per_h;note\n0;5.0;1;a\n1;4.908;1;b\n2;4.816;1;\n"
    )
    record = read_log(path, Liquid(Fraction("0.8"), Fraction(6)))
    assert record.times_s == [0, 60, 120]
    assert record.volumes_nl == [0, 10_000, 20_000]


def test_timestamps_and_volumes_need_no_liquid(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("timestamp,volume_uL\n2026-11-22T23:59:30,7\n2026-11-23T00:00:00.5,9.25\n")
    record = read_log(path, None)
    assert record.times_s == [0, Fraction(61, 2)]
    assert record.volumes_nl == [0, 2250]


def test_between_two_readings_the_volume_changes_evenly_and_is_counted(tmp_path):
    record = log([Fraction(0), Fraction(90), Fraction(120)], 45)
    assert record.volume_nl(Fraction(30)) == 60
    found = measure(record, Fraction(3600), Method("", Fraction(30), (30,), 0, 90))
    assert found.interpolated == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time_s,mass_mg\n0,1\n0,2\n", r":3: the time does not go on"),
        ("time_s,mass_mg\n0,1\n1,a\n", r':3: "a" in mass_mg is not a number'),
        ("time_s,mass_mg\n0,1\n1\n", r":3: the line ends before its column mass_mg"),
        ("time,mass_mg\n0,1\n1,2\n", "has no column of time"),
        ("time_s,mass\n0,1\n1,2\n", "has no column of mass or volume"),
        ("time_s,a_g,b_g\n0,1,1\n1,2,2\n", "several columns of mass, a_g, b_g"),
        ("time_s,mass_g\n0,1\n", "no two readings"),
        ("timestamp,mass_g\nnoon,1\nlater,2\n", r':2: "noon" is not a timestamp'),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(tmp_path, text, sentence):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BadText, match=sentence):
        read_log(path, Liquid(Fraction(1)))


def test_masses_without_a_liquid_are_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time_s,mass_mg\n0,1\n1,2\n")
    with pytest.raises(BadText, match="name the liquid's --density"):
        read_log(path, None)
    path.write_text("mass_mg\n1\n2\n")
    assert read_totals(path, Liquid(Fraction(1))) == [1000, 2000]
    with pytest.raises(BadText, match="has no times"):
        read_totals(path, Liquid(Fraction(1), Fraction(1)))


def test_edges_count_up_and_down_by_the_level_of_dir(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("t_ns,dir\n1000000000,1\n2000000000,1\n3000000000,0\n")
    assert is_edges_file(path)
    record = read_edges(path, Fraction(10), Fraction(36_000))
    assert (record.start_s, record.end_s) == (0, 4)
    assert [record.volume_nl(Fraction(t)) for t in range(5)] == [0, 10, 20, 10, 10]
    path.write_text("t_ns,dir\n2,1\n1,1\n")
    with pytest.raises(BadText, match=r'edges.csv:3: "1,1" is no edge after the one before'):
        read_edges(path, Fraction(10), Fraction(1))
    path.write_text("t_ns,dir\n")
    with pytest.raises(BadText, match="has no edge"):
        read_edges(path, Fraction(10), Fraction(1))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"analysis_s": 420}, "the record lasts 6 min from the start: 0 min until the analysis"),
        ({"windows_s": (90,)}, "1.5 min is no whole number of sample intervals of 1 min"),
        ({"analysis_s": 60}, "window of 3 min is longer than the analysis period of 1 min"),
        ({"sample_s": Fraction(0)}, "the sample interval is 0"),
    ],
)
def test_a_method_that_does_not_fit_the_record_is_refused(changed, sentence):
    method = Method(**{**vars(HAND), **changed})
    with pytest.raises(OutOfRange, match=sentence):
        measure(log(TOTALS_NL), RATE_NL_PER_H, method)


def test_a_start_before_the_record_is_refused():
    with pytest.raises(OutOfRange, match="begins 1 min after the start that was named"):
        measure(log(TOTALS_NL), RATE_NL_PER_H, HAND, Fraction(-60))


def test_quantities_of_the_balance_need_their_units():
    assert parse_mass_g("-0.5 mg") == Fraction(-1, 2000)
    assert parse_density_g_per_ml("998.2 kg/m3") == Fraction("0.9982")
    assert parse_evaporation_g_per_h("0.4 mg/h") == Fraction(4, 10_000)
    with pytest.raises(BadText, match='"12" is not a mass: write a number with one of the units'):
        parse_mass_g("12")
    with pytest.raises(BadText, match="is no liquid's density"):
        parse_density_g_per_ml("998 g/mL")
    with pytest.raises(BadText, match="is a gain"):
        parse_evaporation_g_per_h("-1 mg/h")
