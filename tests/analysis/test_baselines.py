"""Baselines, against values counted on the fingers and a slow loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmwidgets.analysis.baselines import repeat_last, seasonal_naive, window_mean
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
