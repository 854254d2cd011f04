"""What is read beside a series: covariates, calendar and mask, and which targets count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.covariates import read_covariates
from lstmwidgets.data.features import calendar_names, calendar_table, reading_of
from lstmwidgets.data.windows import Split, Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError

CONFIG = LSTMConfig(sequence_length=4, horizon=2, validation_fraction=0.2, test_fraction=0.2)


def hourly(values: object, name: str = "y") -> pd.Series:
    values = np.asarray(values, dtype=np.float64)
    return pd.Series(values, pd.date_range("2020-01-01", periods=len(values), freq="h"), name=name)


def wiggle(length: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).standard_normal(length)) + 20.0


def gaps_filled(values: np.ndarray, first: int, last: int) -> pd.Series:
    """A series whose points from first to last were filled, as its attrs tell."""
    series = hourly(values)
    times = [series.index[place].isoformat() for place in (first, last)]
    series.attrs["repairs"] = [
        {"method": "linear", "points": last - first + 1, "gaps": [[*times, last - first + 1]]}
    ]
    return series


def masked(values: np.ndarray) -> pd.Series:
    series = hourly(values)
    series.attrs["mask"] = True
    return series


# --- covariates -----------------------------------------------------------------------------------


def with_two(length: int = 60) -> tuple[pd.Series, pd.DataFrame, Windows]:
    series = hourly(wiggle(length))
    beside = pd.DataFrame({"wind": wiggle(length, 1), "rain": wiggle(length, 2) * 100}, series.index)
    return series, beside, make_windows(series, CONFIG, covariates=beside)


def test_covariates_stand_behind_the_series_scaled_by_their_train_part():
    _, beside, windows = with_two()
    train = beside.iloc[: windows.split.train_end]
    assert windows.features == ("value", "wind", "rain")
    expected = ((beside - train.mean()) / train.std(ddof=0)).to_numpy()
    np.testing.assert_allclose(windows.values[:, 1:], expected, atol=1e-5)


def test_covariates_are_read_relative_to_their_last_value_as_the_series_is():
    _, _, windows = with_two()
    assert (windows.inputs(windows.test)[:, -1, :] == 0).all()


def test_nothing_after_the_train_part_changes_a_covariates_scale():
    series, beside, windows = with_two()
    other = beside.copy()
    other.iloc[windows.split.train_end :] = -1e6
    assert make_windows(series, CONFIG, covariates=other).scaler == windows.scaler


def test_a_window_that_would_read_a_missing_covariate_is_left_out():
    series, beside, windows = with_two()
    beside.iloc[5, 0] = np.nan
    left = make_windows(series, CONFIG, covariates=beside)
    assert set(windows.train) - set(left.train) == {2, 3, 4, 5}
    assert left.left_out == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame["wind"], ["covariates=Series", "DataFrame"]),
        (lambda frame: frame.iloc[3:], ["lack 3 of the series' 60 timestamps", "2020-01-01 00:00:00"]),
        (lambda frame: frame.rename(columns={"wind": "known"}), ["called 'known'", "rename"]),
        (lambda frame: frame.assign(wind="strong"), ["'wind' holds no real numbers"]),
        (lambda frame: frame.assign(wind=1j), ["holds no real numbers (complex128)"]),
        (lambda frame: frame.assign(wind=np.inf), ["'wind' has infinite values"]),
        (lambda frame: frame.assign(wind=3.0), ["'wind' never changes", "every value is 3"]),
        (lambda frame: frame.assign(wind=np.nan), ["missing value of the covariate 'wind'"]),
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), ["some timestamps twice"]),
    ],
)
def test_covariates_that_cannot_be_read_are_refused_with_what_would(change, said):
    series, beside, _ = with_two()
    with pytest.raises(LSTMWidgetsError) as caught:
        make_windows(series, CONFIG, covariates=change(beside))
    assert all(part in str(caught.value) for part in said), str(caught.value)


def test_other_covariates_than_those_fitted_with_are_refused():
    series, beside, windows = with_two()
    with pytest.raises(
        LSTMWidgetsError, match="covariates are wind, and the forecaster was fitted with wind, r"
    ):
        make_windows(series, CONFIG, windows.scaler, covariates=beside[["wind"]])


def test_columns_of_a_file_are_read_onto_one_grid(tmp_path):
    file = tmp_path / "weather.csv"
    file.write_text("ds,y,wind,rain\n2020-01-01,1,2,3\n2020-01-02,1,,3\n2020-01-04,1,5,4\n")
    frame = read_covariates(file, ["rain", "wind"])
    assert frame.columns.tolist() == ["rain", "wind"] and frame.index.freqstr == "D"
    np.testing.assert_array_equal(frame.to_numpy(), [[3, 2], [3, np.nan], [np.nan, np.nan], [4, 5]])


@pytest.mark.parametrize(
    ("columns", "said"),
    [([], "not accepted"), ("wind", "list"), (["a", "a"], "twice"), (["snow"], "not a column")],
)
def test_columns_that_are_not_there_are_refused(columns, said):
    frame = pd.DataFrame({"ds": ["2020-01-01", "2020-01-02"], "a": [1, 2]})
    with pytest.raises(LSTMWidgetsError, match=said):
        read_covariates(frame, columns)


def test_a_covariate_of_words_is_named_and_can_be_made_numbers():
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    frame = pd.DataFrame({"ds": days, "dew": [1, 2, 3], "wind": ["NW", "SE", "NW"]})
    with pytest.raises(LSTMWidgetsError, match="^covariate 'wind': .*'NW' at position 0") as caught:
        read_covariates(frame, ["dew", "wind"])
    assert "value=" not in str(caught.value)
    remedy = str(caught.value).partition("numbers with ")[2]
    read = read_covariates(eval(remedy, {"pandas": pd, "frame": frame}), ["dew", "wind_NW"], time="ds")
    assert read.to_numpy().tolist() == [[1, 1], [2, 0], [3, 1]]


def test_covariates_are_read_by_times_in_parts():
    frame = pd.DataFrame({"year": 2020, "month": [1, 2, 3], "a": [1, 2, 3], "b": [4, 5, 6]})
    read = read_covariates(frame, ["b", "a"], time=["year", "month"])
    assert read.index.freqstr == "MS" and read.to_numpy().tolist() == [[4, 1], [5, 2], [6, 3]]


# --- the calendar ---------------------------------------------------------------------------------


def test_a_frequency_has_the_cycles_longer_than_two_of_its_steps():
    cycles = {freq: calendar_names(pd.tseries.frequencies.to_offset(freq))[::2] for freq in ("h", "W", "MS")}
    assert cycles == {"h": ("day sin", "week sin", "year sin"), "W": ("year sin",), "MS": ("year sin",)}


def test_years_have_no_cycle_and_that_is_said():
    series = pd.Series(wiggle(60), pd.date_range("1900", periods=60, freq="YS"), name="y")
    with pytest.raises(LSTMWidgetsError, match="calendar='cycles' has nothing to add.*'YS-JAN'"):
        make_windows(series, CONFIG.replace(calendar="cycles"))


def test_the_calendar_can_be_checked_by_hand():
    index = pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-01 06:00", "2024-01-04 12:00"])  # a Monday first
    table = calendar_table(index, ("day sin", "day cos", "week sin", "week cos"))
    half_a_week = [0.0, -1.0, 0.0, -1.0]
    quarter = 2 * np.pi * 0.25 / 7
    np.testing.assert_allclose(
        table, [[0, 1, 0, 1], [1, 0, np.sin(quarter), np.cos(quarter)], half_a_week], atol=1e-6
    )


def test_the_calendar_is_read_as_it_is_and_the_series_relative_to_its_last_value():
    windows = make_windows(hourly(wiggle(100)), CONFIG.replace(calendar="cycles"))
    assert windows.features[0] == "value" and windows.features[1] == "day sin"
    inputs = windows.inputs(windows.test)
    np.testing.assert_array_equal(inputs[0, :, 1:], windows.values[windows.test[0] :][:4, 1:])
    assert (inputs[:, -1, 0] == 0).all()


# --- what was filled, and what is masked -----------------------------------------------------------


def test_a_filled_value_is_read_and_never_a_target():
    windows = make_windows(gaps_filled(wiggle(60), 20, 22), CONFIG)
    assert not windows.known[20:23].any() and windows.known.sum() == 57
    targets = windows.targets(np.array([15]))  # reads 15 to 18, forecasts 19 and 20
    assert np.isfinite(targets[0, 0]) and np.isnan(targets[0, 1])
    assert np.isfinite(windows.inputs(np.array([19]))).all()
    assert np.isnan(windows.observed(np.array([16]))).all()  # forecasts 20 and 21
    assert 16 not in windows.train and 17 not in windows.train and windows.left_out == 2


def test_a_filled_value_sets_no_scale():
    values = wiggle(60)
    other = values.copy()
    other[20:23] = 1e3
    config = CONFIG.replace(centering="none")
    assert make_windows(gaps_filled(values, 20, 22), config).scaler == (
        make_windows(gaps_filled(other, 20, 22), config).scaler
    )


def test_a_masked_series_is_read_as_its_last_known_value_and_a_flag():
    values = wiggle(60)
    values[20:23] = np.nan
    windows = make_windows(masked(values), CONFIG)
    assert windows.features == ("value", "known")
    np.testing.assert_array_equal(windows.read[19:24], [values[19]] * 4 + [values[23]])
    np.testing.assert_array_equal(windows.values[18:25, 1], [1, 1, 0, 0, 0, 1, 1])
    assert 19 in windows.train  # reads 19 to 22, of which only the first was observed
    assert np.isnan(windows.targets(np.array([15]))[0, 1])


def test_a_masked_window_in_which_nothing_was_observed_is_left_out():
    values = wiggle(80)
    values[20:26] = np.nan
    windows = make_windows(masked(values), CONFIG)
    # 16 to 20 forecast nothing that was observed; 21 and 22 do, and read nothing that was.
    assert set(range(30)) - set(windows.train) == set(range(16, 23)) and windows.left_out == 7
    values = wiggle(60)
    values[:6] = np.nan
    assert make_windows(masked(values), CONFIG).train[0] == 6  # nothing to carry forward before it


def test_a_gap_over_a_whole_part_is_told():
    values = wiggle(60)
    values[36:48] = np.nan  # the validation part
    with pytest.raises(LSTMWidgetsError, match="validation part has an observed value both to read and"):
        make_windows(masked(values), CONFIG)


def test_an_infinite_value_is_refused_with_its_place():
    values = wiggle(60)
    values[7] = -np.inf
    with pytest.raises(LSTMWidgetsError, match=r"infinite values \(-inf at position 7\)"):
        reading_of(hourly(values))


# --- a split of one's own --------------------------------------------------------------------------


def test_a_split_may_be_given():
    windows = make_windows(hourly(wiggle(60)), CONFIG, split=Split(30, 40, 60))
    assert windows.origins(windows.validation)[0] == 29 and windows.origins(windows.test)[0] == 39


@pytest.mark.parametrize("split", [Split(0, 40, 60), Split(50, 40, 60), Split(30, 40, 61)])
def test_a_split_that_does_not_fit_the_series_is_refused(split):
    with pytest.raises(LSTMWidgetsError, match=r"split=Split.*60 points"):
        make_windows(hourly(wiggle(60)), CONFIG, split=split)
