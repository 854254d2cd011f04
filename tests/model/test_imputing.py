"""The LSTM that closes gaps: what it learns, what it must never see, and what it tells."""

from __future__ import annotations

import json
import pickle
import time
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.filling import describe_repairs, fill_gaps, filled
from lstmwidgets.data.punching import gaps_of
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import training
from lstmwidgets.model.bridging import READINGS, bridge, bridging_network, feature_table
from lstmwidgets.model.imputing import LSTMImputer, _punchings
from lstmwidgets.model.training import Trainer

nan = np.nan


def hourly(values: np.ndarray, **attrs: object) -> pd.Series:
    index = pd.date_range("2020-01-01", periods=len(values), freq="h")
    series = pd.Series(np.asarray(values, dtype=float), index=index, name="y")
    series.attrs = dict(attrs)
    return series


def wave(length: int = 900, gap: int = 6, every: int = 75) -> tuple[pd.Series, np.ndarray]:
    """A wave of 13 hours, which no calendar knows, with gaps over half of it; and the whole of it."""
    truth = 50 + 10 * np.sin(2 * np.pi * np.arange(length) / 13)
    values = truth.copy()
    for start in range(40, length - gap, every):
        values[start : start + gap] = nan
    return hourly(values), truth


def small(**settings: int | float | None) -> LSTMImputer:
    return LSTMImputer(**{"units": 8, "epochs": 1, "sequence_length": 40, "season": 1, **settings})


def fitted(series: pd.Series, **settings: int | float | None) -> LSTMImputer:
    return small(**settings).fit(series, progress_bar=False)


def test_it_closes_gaps_of_a_wave_that_lines_and_seasons_cannot():
    series, truth = wave()
    imputer = fitted(series, epochs=6, learning_rate=0.02)
    missing = series.isna().to_numpy()
    error = np.abs(imputer.fill(series).to_numpy() - truth)[missing].mean()
    lines = np.abs(fill_gaps(series, "linear").to_numpy() - truth)[missing].mean()
    season = np.abs(fill_gaps(series, "seasonal").to_numpy() - truth)[missing].mean()
    assert error < 0.25 * min(lines, season)
    assert imputer.error_ < 0.25 * imputer.line_error_
    assert imputer.error_ == pytest.approx(error, rel=1.0)  # the error announced is of that size


def test_the_future_of_a_gap_matters_as_much_as_its_past():
    series, _ = wave()
    imputer = fitted(series, epochs=3, learning_rate=0.02)
    start, length = gaps_of(series.notna().to_numpy())[3]
    first = imputer.fill(series).to_numpy()[start : start + length]
    for moved in (slice(start - 8, start - 1), slice(start + length + 1, start + length + 8)):  # not the ends
        other = series.copy()
        other.iloc[moved] += 5
        assert np.abs(imputer.fill(other).to_numpy()[start : start + length] - first).max() > 0.05


def test_noise_cannot_be_learned_so_no_held_out_value_was_seen():
    noise = hourly(np.random.default_rng(3).normal(size=800))
    imputer = fitted(noise, epochs=6, units=16)
    assert imputer.error_ > 0.65  # the mean absolute value of a standard normal is 0.80
    assert imputer.error_ < imputer.line_error_  # but a mean is closer than a line between two of them


def test_the_same_seed_fills_the_same_and_another_seed_otherwise():
    series, _ = wave(500)
    first, again, other = (fitted(series, seed=seed).fill(series) for seed in (1, 1, 2))
    pd.testing.assert_series_equal(first, again)
    assert first.attrs == again.attrs
    assert not np.array_equal(first.to_numpy(), other.to_numpy())


def test_an_imputer_fills_the_same_after_others_of_its_shape_were_fitted_and_compiles_nothing_for_them():
    series, _ = wave(500)
    first = fitted(series)
    whole, compiled = first.fill(series), bridge.cache_info().misses
    other = fitted(series, seed=1, learning_rate=0.01)
    assert bridge.cache_info().misses == compiled
    assert not other.fill(series).equals(whole)
    assert first.fill(series).equals(whole) and pickle.loads(pickle.dumps(first)).fill(series).equals(whole)


def test_values_filled_earlier_count_as_missing():
    series, _ = wave(500)
    absurd = series.fillna(1e6)
    absurd.attrs["repairs"] = fill_gaps(series, "linear").attrs["repairs"]
    assert filled(absurd).sum() == series.isna().sum()
    assert fitted(absurd).error_ == fitted(series).error_
    imputer = fitted(series)
    series.iloc[200:203] = absurd.iloc[200:203] = nan
    np.testing.assert_array_equal(
        imputer.fill(absurd).to_numpy()[200:203], imputer.fill(series).to_numpy()[200:203]
    )


def test_known_values_stay_and_the_record_tells_all():
    series, _ = wave(500)
    series.iloc[:3] = nan
    before = series.copy()
    imputer = fitted(series)
    full = imputer.fill(series)
    pd.testing.assert_series_equal(series, before)
    known = series.notna()
    pd.testing.assert_series_equal(full[known], series[known])
    assert full.isna().sum() == 3
    record = json.loads(json.dumps(full.attrs["repairs"]))[0]
    assert record["gaps"][0] == ["2020-01-02T16:00:00", "2020-01-02T21:00:00", 6]
    assert {
        name: record[name] for name in ("method", "points", "left", "looks_ahead", "sequence_length")
    } == {
        "method": "lstm",
        "points": 42,
        "left": 3,
        "looks_ahead": True,
        "sequence_length": 40,
    }
    assert record["held_out_error"] == imputer.error_ == imputer.history_["held_out"].min()
    assert filled(full).sum() == 42
    assert (
        "3 missing values stay: they lie before the first or after the last known value. No filling reaches"
        in describe_repairs(full)[0]
    )
    assert record["reach"] == "all" and record["cut"][0] == "2020-01-01T03:00:00"


def test_a_gap_that_no_window_holds_stays_and_is_told():
    series, _ = wave(500)
    series.iloc[285:325] = nan
    full = fitted(series).fill(series)
    assert full.iloc[285:325].isna().all() and full.isna().sum() == 40
    assert "their gap is longer than the 38 points that a window holds" in full.attrs["notes"][-1]
    assert fitted(series, sequence_length=None).fill(series).notna().all()


def test_where_it_is_no_better_than_lines_it_says_so():
    straight = hourly(np.arange(400.0))
    straight.iloc[[50, 51, 120]] = nan
    full = fitted(straight, epochs=1, learning_rate=0.1).fill(straight)
    assert "no better than straight lines" in full.attrs["notes"][-1]


@pytest.mark.parametrize(("length", "gap", "punched"), [(600, 100, 68), (300, 60, 33), (130, 70, 8)])
def test_where_every_gap_is_too_long_to_punch_shorter_ones_teach_and_a_note_says_so(length, gap, punched):
    series = hourly(np.sin(np.arange(length) / 3))
    series.iloc[30 : 30 + gap] = nan
    full = fitted(series, sequence_length=None).fill(series)
    assert full.notna().all()
    assert f"learned from gaps of up to {punched} points, and filled one of {gap}" in full.attrs["notes"][1]


@pytest.mark.parametrize(("length", "rounds"), [(5_000, 64), (40_000, 25), (1_000_000, 8)])
def test_rounds_of_punching_are_fewer_where_each_reads_a_long_series(length, rounds):
    lengths = np.array([length // 10])  # one fits into each
    assert sum(1 for _ in _punchings(np.ones(length, bool), lengths, np.random.default_rng(0))) == rounds


def test_a_window_shorter_than_every_gap_is_refused():
    series = hourly(np.sin(np.arange(300) / 3))
    series.iloc[30:90] = nan
    with pytest.raises(LSTMWidgetsError, match="gap has 60 points, and a window holds 38: pass a longer"):
        fitted(series)


def test_a_series_without_gaps_teaches_usual_lengths_and_stays_as_it_is():
    series = hourly(wave()[1])
    full = fitted(series).fill(series)
    pd.testing.assert_series_equal(full, series)
    assert "repairs" not in full.attrs and "No value is missing" in full.attrs["notes"][-1]


def test_skewed_positive_values_are_filled_in_roots_and_never_negative():
    series = hourly(np.random.default_rng(0).lognormal(3, 1, 600))
    series.iloc[100:110] = nan
    full = fitted(series).fill(series)
    assert (full >= 0).all()
    root = np.sqrt(series)
    network_starts_as = np.interp(np.arange(100, 110), [99, 110], root.iloc[[99, 110]]) ** 2
    untrained = fitted(series, epochs=1, learning_rate=1e-6).fill(series)
    np.testing.assert_allclose(untrained.iloc[100:110], network_starts_as, rtol=1e-3)


def test_the_network_begins_as_the_line():
    table = feature_table(np.array([1.0, nan, nan, 4.0, 2.0]), pd.date_range("2020", periods=5, freq="YS"), 1)
    network = bridging_network(5, 5, small().config)
    np.testing.assert_allclose(network(table[None]).numpy()[0], [1, 2, 3, 4, 2], rtol=1e-6)


def test_each_step_is_read_as_line_season_flag_distances_and_calendar():
    values = np.array([10.0, 1, 12, nan, nan, nan, 16, 7, 18])  # a season of 2 on a line
    table = feature_table(values, pd.date_range("2020", periods=9, freq="YS"), 2)
    np.testing.assert_allclose(table[3:6, 0], [13, 14, 15])
    np.testing.assert_allclose(table[3:6, 1], [3 - 13, 14 - 14, 5 - 15], atol=1e-5)
    np.testing.assert_array_equal(table[:, 2], [1, 1, 1, 0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(table[:, 3], np.log1p([0, 0, 0, 1, 2, 3, 0, 0, 0]) / 3, rtol=1e-6)
    np.testing.assert_allclose(table[:, 4], np.log1p([0, 0, 0, 3, 2, 1, 0, 0, 0]) / 3, rtol=1e-6)
    assert table.shape == (9, READINGS)
    hours = feature_table(np.arange(24.0 * 30), pd.date_range("2020", periods=24 * 30, freq="h"), 24)
    again = feature_table(
        np.arange(24.0 * 30), pd.date_range("2020", periods=24 * 30, freq="h"), 24, hours[:, 5:]
    )
    np.testing.assert_array_equal(again, hours)
    assert hours.shape == (720, 7)  # thirty days came, but only four weeks and a part of a year
    np.testing.assert_allclose(hours[6, 5:], [1, 0], atol=1e-6)  # six in the morning


@pytest.mark.parametrize(
    ("values", "settings", "message"),
    [
        (np.full(100, nan), {}, "all 100 values of the series are missing"),
        (np.full(100, 2.5), {}, "never changes .every known value is 2.5."),
        (np.arange(49.0), {}, "49 known values, and an LSTM imputer learns from 50 up"),
        (np.r_[np.inf, np.arange(99.0)], {}, "1 infinite value"),
        (
            np.where(np.arange(150) % 3, np.arange(150), nan),
            {},
            "no gap can be punched into 100 known values",
        ),
        (np.arange(100.0), {"sequence_length": 101}, "sequence_length=101 is not accepted.* to the 100"),
        (np.arange(100.0), {"sequence_length": 2}, "sequence_length=2 is not accepted"),
        (np.arange(100.0), {"season": 100}, "season=100 does not fit"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(values, settings, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        fitted(hourly(values), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"units": 0}, "units=0"), ({"epochs": 0}, "epochs=0"), ({"seed": -1}, "seed=-1")],
)
def test_settings_out_of_bounds_are_refused_at_once(settings, message):
    with pytest.raises(LSTMWidgetsError, match=f"{message} is not accepted"):
        small(**settings)


def test_filling_needs_a_fit_and_a_series_of_its_kind():
    series, _ = wave(300)
    with pytest.raises(LSTMWidgetsError, match="not fitted"):
        small().fill(series)
    imputer = fitted(series)
    with pytest.raises(LSTMWidgetsError, match="30 points, fewer than a window of 40"):
        imputer.fill(series.iloc[:30])
    daily = series.set_axis(pd.date_range("2020-01-01", periods=300, freq="D"))
    with pytest.raises(LSTMWidgetsError, match="another frequency"):
        imputer.fill(daily)


def test_it_waits_until_a_training_under_way_ends_and_fills_the_same():
    series, _ = wave(500)
    alone = fitted(series).fill(series)
    trainer = Trainer(series.interpolate(), LSTMConfig(sequence_length=48, horizon=2, epochs=1000)).start()
    imputer = small()
    thread = Thread(target=lambda: imputer.fit(series, progress_bar=False))
    thread.start()
    while len(training._TURN._queue) < 2:
        time.sleep(0.01)
    time.sleep(0.3)
    assert trainer.state == "training" and not hasattr(imputer, "error_")
    trainer.stop()
    thread.join(60)
    assert not thread.is_alive() and not training._TURN._queue
    pd.testing.assert_series_equal(imputer.fill(series), alone)
