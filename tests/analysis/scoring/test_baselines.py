"""Baselines, against values counted on the fingers, a slow loop and scikit-learn."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmwidgets.analysis.scoring.baselines import (
    Drift,
    RepeatLast,
    Ridge,
    SeasonalNaive,
    WindowMean,
    default_baselines,
    drift,
    fitted_baselines,
    repeat_last,
    seasonal_naive,
    window_mean,
)
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import make_windows
from lstmwidgets.errors import LSTMWidgetsError


def last_value_at_the_same_phase(values, origin, step, season):
    position = origin + step
    while position > origin:
        position -= season
    return values[position] if position >= 0 else np.nan


@given(
    length=st.integers(1, 40),
    horizon=st.integers(1, 30),
    season=st.integers(1, 12),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_seasonal_naive_takes_the_last_known_value_of_the_same_phase(length, horizon, season, seed, data):
    values = np.random.default_rng(seed).normal(size=length)
    origins = np.array(data.draw(st.lists(st.integers(0, length - 1), min_size=1, max_size=5)))
    expected = [
        [last_value_at_the_same_phase(values, origin, step, season) for step in range(1, horizon + 1)]
        for origin in origins.tolist()
    ]
    np.testing.assert_array_equal(seasonal_naive(values, origins, horizon, season), expected)


def test_seasonal_naive_over_more_than_one_season_repeats_the_last_full_cycle():
    forecast = seasonal_naive(np.arange(10.0), np.array([8]), horizon=7, season=3)
    assert forecast.tolist() == [[6, 7, 8, 6, 7, 8, 6]]


def test_seasonal_naive_is_nan_where_the_cycle_before_is_missing():
    values = np.array([1.0, np.nan, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(
        seasonal_naive(values, [2, 1, 4], 3, 3), [[1, np.nan, 3], [np.nan, 1, np.nan], [3, 4, 5]]
    )


def test_a_season_of_one_is_repeat_last():
    values, origins = np.random.default_rng(0).normal(size=20), np.arange(20)
    np.testing.assert_array_equal(seasonal_naive(values, origins, 4, 1), repeat_last(values, origins, 4))


def test_repeat_last_knows_nothing_after_the_origin():
    values = np.arange(10.0)
    assert repeat_last(values, np.array([0, 4]), 2).tolist() == [[0, 0], [4, 4]]
    assert np.isnan(repeat_last([1.0, np.nan], [1], 2)).all()


def test_a_periodic_series_is_forecast_without_error_by_the_seasonal_naive():
    values = np.tile([3.0, 1.0, 4.0, 1.0, 5.0], 6)
    origins = np.arange(4, 20)
    actual = values[origins[:, None] + 1 + np.arange(10)]
    np.testing.assert_array_equal(seasonal_naive(values, origins, 10, 5), actual)


def test_no_origin_gives_no_forecast():
    assert repeat_last([1.0], [], 3).shape == seasonal_naive([1.0], [], 3, 2).shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [2], 1, 1), "origin 2 lies outside the series: its 2 values have the positions 0 to 1"),
        (([1.0, 2.0], [-1], 1, 1), "origin -1 lies outside"),
        (([1.0], [0.5], 1, 1), "origins has the shape .* type float64"),
        (([[1.0]], [0], 1, 1), r"values has the shape \(1, 1\)"),
        (([1.0], [0], 0, 1), "horizon=0 is not accepted: horizon takes a whole number from 1 up"),
        (([1.0], [0], 1, 0), "season=0 is not accepted"),
        (([1.0], [0], 1, 2.0), "season=2.0 is not accepted"),
        (([1.0], [0], True, 1), "horizon=True is not accepted"),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_words(arguments, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        seasonal_naive(*arguments)


def test_the_window_mean_averages_what_was_read_and_nothing_after():
    values = np.array([1.0, 3.0, 8.0, 100.0, np.nan, 5.0, 7.0])
    means = window_mean(values, origins=[1, 2, 3, 5, 6], horizon=2, length=2)
    assert means[:3, 0] == pytest.approx([2.0, 5.5, 54.0])
    assert np.isnan(means[3]).all()
    assert means[4] == pytest.approx([6.0, 6.0])


def test_the_window_mean_loses_no_digits_on_a_high_level():
    values = 1e9 + np.random.default_rng(0).normal(size=5000)
    means = window_mean(values, origins=[99, 4999], horizon=1, length=100)
    np.testing.assert_allclose(
        means[:, 0] - 1e9, [values[:100].mean() - 1e9, values[-100:].mean() - 1e9], atol=1e-6
    )


def test_drift_goes_on_along_the_line_through_the_first_value_and_the_last():
    values = np.array([2.0, 9.0, 3.0, 8.0, 0.0])
    assert drift(values, [3], 2).tolist() == [[10.0, 12.0]]  # from 2 to 8 in three steps
    assert drift(values, [4, 0], 2).tolist() == [[-0.5, -1.0], [2.0, 2.0]]


def test_drift_begins_at_the_first_known_value():
    values = np.array([np.nan, np.nan, 1.0, np.nan, 5.0])
    np.testing.assert_array_equal(drift(values, [4, 2, 3, 0], 1)[:, 0], [7.0, 1.0, np.nan, np.nan])
    assert np.isnan(drift([np.nan, np.nan], [1], 3)).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.integers(1, 12), st.data())
def test_drift_is_the_mean_of_all_changes_so_far(values, horizon, data):
    origin = data.draw(st.integers(1, len(values) - 1))
    expected = values[origin] + np.diff(values[: origin + 1]).mean() * np.arange(1, horizon + 1)
    np.testing.assert_allclose(drift(values, [origin], horizon)[0], expected, rtol=1e-9, atol=1e-6)


# Through the one interface, on windows -----------------------------------------------------


def hours(values):
    return pd.Series(values, index=pd.date_range("2024-01-01", periods=len(values), freq="h"), name="load")


def walk(length=300, seed=0):
    draw = np.random.default_rng(seed)
    return hours(draw.normal(size=length).cumsum() + 3 * np.sin(np.arange(length) / 4))


CONFIG = LSTMConfig(sequence_length=12, horizon=3)


def test_the_defaults_stand_in_the_order_of_tables_and_know_a_season_only_where_there_is_one():
    names = [baseline.name for baseline in default_baselines(24)]
    assert names == ["repeat last", "seasonal naive", "drift", "window mean", "ridge"]
    assert [baseline.name for baseline in default_baselines(1)] == [
        name for name in names if name != "seasonal naive"
    ]
    with pytest.raises(LSTMWidgetsError, match="season=0 is not accepted"):
        default_baselines(0)


def test_each_rule_answers_from_windows_what_it_answers_from_arrays():
    series = walk()
    windows = make_windows(series, CONFIG)
    values, starts = series.to_numpy(), windows.test
    origins = starts + 11
    for baseline, expected in (
        (RepeatLast(), repeat_last(values, origins, 3)),
        (SeasonalNaive(24), seasonal_naive(values, origins, 3, 24)),
        (Drift(), drift(values, origins, 3)),
        (WindowMean(), window_mean(values, origins, 3, 12)),
    ):
        assert baseline.fit(windows) is baseline
        np.testing.assert_array_equal(baseline.forecast(windows, starts), expected)


@pytest.mark.parametrize("centering", ["last", "none"])
@given(seed=st.integers(0, 100), place=st.floats(0, 1), size=st.floats(-100, 100))
@settings(max_examples=15, deadline=None)
def test_what_comes_after_an_origin_changes_no_forecast(centering, seed, place, size):
    config, series = CONFIG.replace(centering=centering), walk(160, seed)
    windows = make_windows(series, config)
    start = windows.test[[int(place * (len(windows.test) - 1))]]
    after = int(start[0]) + 12
    changed = series.copy()
    changed.iloc[after:] = size * np.random.default_rng(seed + 1).normal(size=160 - after)
    other = make_windows(changed, config, scaler=windows.scaler)
    for baseline in default_baselines(24):
        before = baseline.fit(windows).forecast(windows, start)
        assert np.isfinite(before).all()
        np.testing.assert_array_equal(baseline.forecast(other, start), before)
        np.testing.assert_array_equal(baseline.fit(other).forecast(other, start), before)


def test_a_filled_value_is_read_and_never_taken_for_an_answer():
    series = walk()
    holes = series.copy()
    holes.iloc[[100, 295]] = 50.0
    holes.attrs["repairs"] = [
        {
            "method": "linear",
            "points": 2,
            "gaps": [[holes.index[hole].isoformat()] * 2 + [1] for hole in (100, 295)],
        }
    ]
    windows = make_windows(holes, CONFIG)
    assert windows.known.sum() == 298
    origin_filled = np.flatnonzero(windows.origins(windows.test) == 295)
    forecast = RepeatLast().forecast(windows, windows.test[origin_filled])
    assert forecast.tolist() == [[50.0] * 3]
    ridge = Ridge().fit(windows)
    assert ridge.windows_fitted_ == len(windows.train) - 3  # those with position 100 among their targets


def by_hand(windows, penalty):
    """Ridge of scikit-learn on all windows at once, its intercept its own."""
    from sklearn.linear_model import Ridge as Regression

    rows = {part: windows.inputs(windows.starts(part))[:, :, 0].astype(float) for part in ("train", "test")}
    strength = penalty * np.square(rows["train"] - rows["train"].mean(axis=0)).sum() / windows.sequence_length
    fitted = Regression(alpha=strength, solver="svd").fit(rows["train"], windows.targets(windows.train))
    return windows.restore(fitted.predict(rows["test"]).reshape(-1, windows.horizon), windows.test)


@pytest.mark.parametrize(("centering", "horizon"), [("last", 3), ("none", 3), ("last", 1)])
def test_ridge_is_that_of_scikit_learn_on_the_windows_that_the_network_reads(centering, horizon):
    windows = make_windows(walk(), CONFIG.replace(centering=centering, horizon=horizon))
    ridge = Ridge().fit(windows)
    assert ridge.penalty_ in Ridge.GRID and ridge.windows_fitted_ == len(windows.train)
    np.testing.assert_allclose(
        ridge.forecast(windows, windows.test), by_hand(windows, ridge.penalty_), atol=1e-6
    )


def test_the_penalty_is_the_one_with_the_least_error_on_validation():
    windows = make_windows(walk(), CONFIG)
    validation = {}
    for penalty in Ridge.GRID:
        one = Ridge()
        one.GRID = (penalty,)
        forecasts = one.fit(windows).forecast(windows, windows.validation)
        validation[penalty] = np.mean((forecasts - windows.observed(windows.validation)) ** 2)
    assert Ridge().fit(windows).penalty_ == min(validation, key=validation.get)
    assert len(set(validation.values())) == len(Ridge.GRID)


def test_ridge_finds_a_linear_law_and_follows_the_unit():
    values = [1.0, 2.0]
    for _ in range(298):
        values.append(1.6 * values[-1] - 0.99 * values[-2])  # a swing that slowly dies away
    celsius = hours(np.array(values))
    fahrenheit = 1.8 * celsius + 32
    windows, others = make_windows(celsius, CONFIG), make_windows(fahrenheit, CONFIG)
    forecast = Ridge().fit(windows).forecast(windows, windows.test)
    size = np.abs(windows.observed(windows.test)).mean()
    assert np.abs(forecast - windows.observed(windows.test)).mean() < 0.001 * size
    np.testing.assert_allclose(
        Ridge().fit(others).forecast(others, others.test), 1.8 * forecast + 32, atol=0.01 * size
    )


def test_ridge_reads_every_feature():
    draw = np.random.default_rng(0)
    push = draw.normal(size=400)
    series = hours(np.concatenate([[0.0], push[:-1]]))  # tomorrow is what the covariate is today
    covariates = pd.DataFrame({"push": push}, index=series.index)
    config = LSTMConfig(sequence_length=4, horizon=1)
    alone, beside = (make_windows(series, config, covariates=each) for each in (None, covariates))
    errors = [
        np.abs(Ridge().fit(windows).forecast(windows, windows.test) - windows.observed(windows.test)).mean()
        for windows in (alone, beside)
    ]
    assert errors[0] > 0.5 and errors[1] < 0.05


def test_too_many_windows_are_thinned_evenly_and_forecast_all_the_same():
    windows = make_windows(walk(3000), CONFIG)
    whole, thin = Ridge().fit(windows), Ridge()
    thin.MOST_WORK = 12**2 * 500
    assert thin.fit(windows).windows_fitted_ == 500 < whole.windows_fitted_ == len(windows.train)
    errors = [
        np.abs(ridge.forecast(windows, windows.test) - windows.observed(windows.test)).mean()
        for ridge in (whole, thin)
    ]
    assert errors[1] < 1.05 * errors[0]


def test_windows_read_in_blocks_are_fitted_and_forecast_as_at_once(monkeypatch):
    windows = make_windows(walk(), CONFIG)
    at_once = Ridge().fit(windows)
    monkeypatch.setattr("lstmwidgets.model.ridge._BLOCK", 12 * 7)
    in_blocks = Ridge().fit(windows)
    assert in_blocks.penalty_ == at_once.penalty_
    np.testing.assert_allclose(
        in_blocks.forecast(windows, windows.test), at_once.forecast(windows, windows.test), atol=1e-8
    )


def test_ridge_on_windows_of_one_value_forecasts_the_mean_change():
    windows = make_windows(walk(), LSTMConfig(sequence_length=1, horizon=2))
    changes = windows.observed(windows.train) - windows.read[windows.train][:, None]
    forecast = Ridge().fit(windows).forecast(windows, windows.test)
    expected = windows.read[windows.test][:, None] + changes.mean(axis=0)
    np.testing.assert_allclose(forecast, expected, atol=1e-5)


def test_ridge_without_one_training_window_fully_observed_has_no_forecast():
    values = walk().to_numpy().copy()
    values[:210:3] = np.nan
    series = hours(values)
    series.attrs["mask"] = True
    windows = make_windows(series, CONFIG)
    ridge = Ridge().fit(windows)
    assert ridge.windows_fitted_ == 0
    assert np.isnan(ridge.forecast(windows, windows.test)).all()


def test_ridge_says_when_it_is_not_fitted_or_fitted_on_other_windows():
    windows = make_windows(walk(), CONFIG)
    with pytest.raises(LSTMWidgetsError, match="not fitted: call fit"):
        Ridge().forecast(windows, windows.test)
    other = make_windows(walk(), CONFIG.replace(sequence_length=8))
    with pytest.raises(LSTMWidgetsError, match=r"= \(8, 1, 3\), and .* fitted on windows of \(12, 1, 3\)"):
        Ridge().fit(windows).forecast(other, other.test)


def test_no_start_gives_no_forecast():
    windows = make_windows(walk(), CONFIG)
    for baseline in fitted_baselines(windows, 24):
        assert baseline.forecast(windows, windows.test[:0]).shape == (0, 3)


def test_the_same_windows_are_fitted_once_and_forgotten_with_their_owner():
    windows = make_windows(walk(), CONFIG)
    ridge = fitted_baselines(windows, 24)[-1]
    assert fitted_baselines(windows, 24)[-1] is ridge
    assert fitted_baselines(make_windows(walk(), CONFIG), 24)[-1] is not ridge
    gone = weakref.ref(windows)
    del windows
    gc.collect()
    assert gone() is None
