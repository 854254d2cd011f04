"""Filling gaps: what each rule puts in, what it leaves, and the record that says so."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmwidgets.data.datasets import load_dataset
from lstmwidgets.data.filling import METHODS, describe_repairs, fill_gaps, filled, record_repair
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError

nan = np.nan


def daily(*values: float, **attrs: object) -> pd.Series:
    series = pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="D"), name="y")
    series = series.astype("float64")
    series.attrs = dict(attrs)
    return series


# --- what each rule puts in -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("forward", [nan, 1, 1, 1, 4, 7, 7]),
        ("backward", [1, 1, 4, 4, 4, 7, nan]),
        ("mean", [4, 1, 4, 4, 4, 7, 4]),
        ("linear", [nan, 1, 2, 3, 4, 7, nan]),
    ],
)
def test_each_rule_fills_what_it_can_reach_and_leaves_the_rest(method, expected):
    series = daily(nan, 1, nan, nan, 4, 7, nan)
    np.testing.assert_array_equal(fill_gaps(series, method), expected)


def test_the_seasonal_rule_follows_season_and_trend():
    # Season 2, ten higher on even steps, rising by 1 a step.
    series = daily(10, 1, 12, 3, nan, nan, nan, 7, 18, 9)
    np.testing.assert_allclose(fill_gaps(series, "seasonal", season=2), [10, 1, 12, 3, 14, 5, 16, 7, 18, 9])


@settings(deadline=None)
@given(
    season=st.integers(2, 15),
    slope=st.floats(-5, 5),
    length=st.integers(60, 120),
    holes=st.lists(st.tuples(st.integers(0, 119), st.integers(1, 40)), min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
def test_the_seasonal_rule_is_exact_on_a_trend_with_a_season(season, slope, length, holes, seed):
    """Whatever the gaps: longer than a season, at an edge, or next to each other."""
    steps = np.arange(length)
    truth = slope * steps + np.random.default_rng(seed).normal(0, 3, season)[steps % season]
    series = daily(*truth)
    for start, points in holes:
        series.iloc[start : start + points] = nan
    if series.isna().all():
        return
    result = fill_gaps(series, "seasonal", season).to_numpy()
    kept = np.isfinite(result)
    np.testing.assert_allclose(result[kept], truth[kept], atol=1e-8)
    known = np.flatnonzero(series.notna())
    inside = (steps > known[0]) & (steps < known[-1])
    assert not kept[(steps < known[0]) | (steps > known[-1])].any()
    # Inside, a point is left only where no other known value can tell its phase, or the trend.
    for step in steps[inside & ~kept]:
        alike = known[known % season == step % season]
        pairs = np.isin(known + season, known)
        assert len(alike) == 0 or not pairs.any()


def test_a_gap_longer_than_a_season_is_filled_by_the_same_phase_further_away():
    truth = np.tile([0.0, 5.0, 9.0, 2.0], 10)
    series = daily(*truth)
    series.iloc[13:24] = nan
    np.testing.assert_allclose(fill_gaps(series, "seasonal", season=4), truth)


def test_the_seasonal_rule_meets_the_level_at_both_ends_of_a_gap():
    """A plateau of +100 over some days around the gap: the fill stays on it."""
    truth = np.tile([0.0, 5.0, 9.0, 2.0], 10) + np.where(
        (np.arange(40) > 15) & (np.arange(40) < 24), 100.0, 0.0
    )
    series = daily(*truth)
    series.iloc[19:21] = nan
    result = fill_gaps(series, "seasonal", season=4)
    assert result.iloc[19] == pytest.approx(102, abs=15)
    assert result.iloc[20] == pytest.approx(100, abs=15)


def test_a_phase_that_is_never_known_is_left_and_told():
    series = daily(*np.where(np.arange(21) % 7 == 3, nan, 1.0))
    result = fill_gaps(series, "seasonal", season=7)
    assert result.isna().sum() == 3
    assert result.attrs["repairs"][0]["points"] == 0
    assert result.attrs["repairs"][0]["left"] == 3
    assert describe_repairs(result)[0].startswith(
        "The rule 'seasonal' (season 7) could fill no missing value. 3 missing values stay: "
    )


def test_the_season_is_the_series_own_unless_one_is_given():
    series = load_dataset("co2")
    assert fill_gaps(series, "seasonal").attrs["repairs"][0]["season"] == 52
    assert fill_gaps(series, "seasonal", season=26).attrs["repairs"][0]["season"] == 26
    assert "season" not in fill_gaps(series, "linear", season=26).attrs["repairs"][0]


def test_the_seasonal_rule_beats_the_straight_line_on_carbon_dioxide():
    """Whole summers punched out of a record with 6 ppm of season and 1.4 ppm a year of trend."""
    series = load_dataset("co2")
    truth = series.to_numpy().copy()
    for start in range(500, 2100, 200):
        series.iloc[start : start + 26] = nan
    hidden = series.isna().to_numpy() & np.isfinite(truth)
    error = {
        method: np.abs(fill_gaps(series, method).to_numpy() - truth)[hidden].mean()
        for method in ("linear", "seasonal")
    }
    assert error["seasonal"] < 0.5 < 1.2 < error["linear"]


# --- the record -----------------------------------------------------------------------------------


def test_the_record_says_what_was_done_and_what_was_left():
    series = daily(nan, 1, nan, nan, 4, nan, 6, missing=4)
    result = fill_gaps(series, "forward")
    assert result.attrs["repairs"] == [
        {
            "method": "forward",
            "points": 3,
            "gaps": [
                ["2020-01-03T00:00:00", "2020-01-04T00:00:00", 2],
                ["2020-01-06T00:00:00", "2020-01-06T00:00:00", 1],
            ],
            "left": 1,
            "why": "no value is known before them",
            "looks_ahead": False,
            "reach": 0,
            "cut": ["2020-01-02T00:00:00", "2020-01-07T00:00:00"],
        }
    ]
    assert result.attrs["missing"] == 1
    assert describe_repairs(result) == [
        "3 missing values in 2 gaps were filled by the rule 'forward'. 1 missing value stays: no value is "
        "known before it. No filling reaches the ends: cut the series there, "
        "series.loc['2020-01-02T00:00:00':'2020-01-07T00:00:00']."
    ]
    assert result.attrs["notes"] == describe_repairs(result)


@pytest.mark.parametrize("method", METHODS)
def test_every_rule_but_forward_is_said_to_look_ahead(method):
    result = fill_gaps(daily(1, 2, nan, 4, 5, 6), method, season=2)
    assert result.attrs["repairs"][0]["looks_ahead"] is (method != "forward")
    assert ("uses values from after the gap" in describe_repairs(result)[0]) is (method != "forward")


@pytest.mark.parametrize(
    ("method", "reach"), [("forward", 0), ("linear", "gap"), ("backward", "gap"), ("mean", "all")]
)
def test_the_record_tells_how_far_a_rule_reads_ahead(method, reach):
    assert fill_gaps(daily(1, nan, 3, 4), method).attrs["repairs"][0]["reach"] == reach


@pytest.mark.parametrize(
    ("emptied", "expected"),
    [
        ((50, 53), 3 * 7 + 1),  # the value after the gap is compared with three of its phase
        ((90, 93), 99 - 92),  # near the end the drift is read, from all there is
        ((3, 5), 99 - 4),  # and in the first cycle
    ],
)
def test_beyond_its_reach_the_seasonal_rule_reads_nothing(emptied, expected):
    begin, end = emptied
    series = daily(*np.random.default_rng(0).normal(size=100))
    series.iloc[begin:end] = nan
    result = fill_gaps(series, "seasonal", season=7)
    assert result.attrs["repairs"][0]["reach"] == expected
    last, gap = end - 1 + expected, slice(begin, end)
    moved = series.copy()
    moved.iloc[last + 1 :] += 100.0
    np.testing.assert_array_equal(fill_gaps(moved, "seasonal", season=7).iloc[gap], result.iloc[gap])
    if expected == 22:
        moved.iloc[last] += 100.0
        assert (fill_gaps(moved, "seasonal", season=7).iloc[gap] != result.iloc[gap]).all()


def test_the_series_given_is_not_touched():
    series = daily(1, nan, 3, notes=["as it came"])
    fill_gaps(series, "linear")
    assert series.isna().sum() == 1
    assert series.attrs == {"notes": ["as it came"]}


def test_filling_twice_leaves_two_records():
    result = fill_gaps(fill_gaps(daily(nan, 1, nan, 3), "linear"), "backward")
    assert result.to_list() == [1, 1, 2, 3]
    assert [(one["method"], one["points"]) for one in result.attrs["repairs"]] == [
        ("linear", 1),
        ("backward", 1),
    ]
    assert filled(result).tolist() == [True, False, True, False]
    assert len(describe_repairs(result)) == 2


def test_a_series_without_gaps_comes_back_with_a_note_and_no_record():
    result = fill_gaps(daily(1, 2, 3), "mean")
    assert result.to_list() == [1, 2, 3]
    assert "repairs" not in result.attrs
    assert result.attrs["notes"] == ["No value is missing: the rule 'mean' filled nothing."]
    assert describe_repairs(result) == []
    assert not filled(result).any()


@pytest.mark.parametrize("method", METHODS)
def test_the_attrs_are_plain_json_and_survive_reading_again(method):
    series = load_dataset("co2")
    series.attrs["odd"] = np.arange(3)  # what is no JSON is left behind, as read_series does
    result = fill_gaps(series, method)
    assert json.loads(json.dumps(result.attrs)) == result.attrs
    assert "odd" not in result.attrs
    assert result.attrs["title"] == series.attrs["title"]
    again = read_series(result)
    assert again.attrs["repairs"] == result.attrs["repairs"]
    assert filled(again).sum() == 59


def test_name_and_frequency_stay_and_the_result_is_float64():
    series = pd.Series([1, 2, 3], index=pd.date_range("2020", periods=3, freq="MS"), name="y", dtype="Int64")
    series.iloc[1] = pd.NA
    result = fill_gaps(series, "linear")
    assert result.dtype == np.float64
    assert result.index.freqstr == "MS"
    assert result.name == "y"
    assert result.to_list() == [1, 2, 3]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Europe/Berlin"])
def test_filled_points_are_found_whether_the_times_keep_their_zone_or_lose_it(zone):
    series = pd.Series(np.arange(9000.0), pd.date_range("2020-01-01", periods=9000, freq="h", tz=zone))
    series.iloc[[5, 6, 4000]] = nan  # in winter and in summer
    result = fill_gaps(series, "linear")
    assert np.flatnonzero(filled(result)).tolist() == [5, 6, 4000]
    assert np.flatnonzero(filled(read_series(result))).tolist() == [5, 6, 4000]  # clock times, or UTC
    assert np.flatnonzero(filled(result.tz_convert("America/New_York"))).tolist() == [5, 6, 4000]
    naive = fill_gaps(series.tz_localize(None).asfreq("h"), "linear") if zone != "Europe/Berlin" else None
    if naive is not None:
        assert np.flatnonzero(filled(naive.tz_localize(zone))).tolist() == [5, 6, 4000]


def test_what_stays_at_the_ends_is_to_be_cut_off_and_the_note_says_where():
    series = daily(nan, 1, nan, 3, nan, nan)
    result = fill_gaps(series, "linear")
    first, last = result.attrs["repairs"][0]["cut"]
    assert result.loc[first:last].to_list() == [1, 2, 3]
    assert result.attrs["notes"][0].endswith(f"cut the series there, series.loc['{first}':'{last}'].")
    assert "cut" not in fill_gaps(series, "mean").attrs["repairs"][0]


def test_filled_is_right_for_a_part_of_the_series_and_for_points_emptied_again():
    result = fill_gaps(daily(1, nan, nan, 4, nan, 6), "linear")
    assert filled(result).tolist() == [False, True, True, False, True, False]
    assert filled(result.iloc[2:5]).tolist() == [True, False, True]
    assert filled(result.iloc[3:4]).tolist() == [False]
    result.iloc[1] = nan
    assert filled(result).tolist() == [False, False, True, False, True, False]


@settings(deadline=None)
@given(holes=st.lists(st.booleans(), min_size=2, max_size=40), method=st.sampled_from(METHODS))
def test_filled_points_and_known_ones_and_those_left_make_the_series(holes, method):
    values = np.where(holes, nan, np.arange(len(holes)) * 1.5)
    if np.isnan(values).all():
        return
    series = daily(*values)
    result = fill_gaps(series, method, season=2) if len(values) > 2 else fill_gaps(series, "forward")
    repaired = filled(result)
    np.testing.assert_array_equal(repaired, series.isna() & result.notna())
    np.testing.assert_array_equal(result[series.notna()], series.dropna())
    if any(holes):
        record = result.attrs["repairs"][0]
        assert record["points"] == repaired.sum() == sum(points for _, _, points in record["gaps"])
        assert record["left"] == result.isna().sum()


def test_another_way_of_filling_leaves_the_same_record():
    result = record_repair(daily(1, nan, nan, 4), np.array([9, 2.5, nan, 9]), "lstm", why="too short")
    np.testing.assert_array_equal(result, [1, 2.5, nan, 4])
    assert describe_repairs(result) == [
        "1 missing value in 1 gap was filled by the rule 'lstm', which uses values from after the gap. "
        "1 missing value stays: too short."
    ]


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("series", "method", "season", "message"),
    [
        (daily(1, nan, 3), "spline", None, "method='spline' is not accepted: fill_gaps takes 'forward', 'ba"),
        (daily(1, nan, 3), None, None, "method=None is not accepted"),
        (daily(nan, nan), "mean", None, "all 2 values of the series are missing"),
        (daily(1, np.inf, 3), "mean", None, "1 infinite value, at 2020-01-02 00:00:00: put NaN"),
        (daily(1, nan, 3).iloc[[0, 2, 1]], "mean", None, "no frequency (its index is a DatetimeIndex)"),
        (pd.Series([1.0, nan]), "mean", None, "no frequency (its index is a RangeIndex): pass it through"),
        (
            daily(1e200, nan, 3),
            "mean",
            None,
            "largest value of the series is 1e+200, and filling takes 1e-100",
        ),
        (daily(-2e-300, nan, 0), "mean", None, "use another unit, series / 2e-300"),
        ([1.0, nan], "mean", None, "takes a pandas Series, not list"),
        (daily(1, nan, 3).astype(str), "mean", None, "not numbers"),
        (daily(1, nan, 3), "seasonal", 1, "season=1 is not accepted: season takes a whole number"),
        (daily(1, nan, 3), "seasonal", 2.5, "season=2.5 is not accepted"),
        (daily(1, nan, 3), "seasonal", True, "season=True is not accepted"),
        (daily(1, nan, 3), "seasonal", None, "season=7 does not fit a series of 3 points"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_the_reason(series, method, season, message):
    with pytest.raises(LSTMWidgetsError) as error:
        fill_gaps(series, method, season)
    assert message in str(error.value)


def test_a_series_without_a_season_is_told_to_take_another_rule():
    yearly = pd.Series([1, nan, 3], index=pd.date_range("2000", periods=3, freq="YS"))
    with pytest.raises(LSTMWidgetsError, match="no usual season: pass season=.*method='linear'"):
        fill_gaps(yearly, "seasonal")
