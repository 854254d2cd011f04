"""Splits, scales and windows: nothing leaks backwards in time, nothing touches a missing value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.scaling import Scaler
from lstmwidgets.data.windows import PARTS, Split, Windows, chronological_split, make_windows
from lstmwidgets.errors import LSTMWidgetsError


def series_of(values: object) -> pd.Series:
    values = np.asarray(values, dtype=np.float64)
    return pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="h"))


def wiggle(length: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).standard_normal(length)) + 20.0


@st.composite
def cases(draw, missing: bool = False) -> tuple[pd.Series, LSTMConfig]:
    """A series and a config whose windows fit, with missing values where asked for."""
    config = LSTMConfig(
        sequence_length=draw(st.integers(1, 12)),
        horizon=draw(st.integers(1, 6)),
        validation_fraction=draw(st.sampled_from([0.1, 0.15, 0.3])),
        test_fraction=draw(st.sampled_from([0.1, 0.2])),
        centering=draw(st.sampled_from(["last", "none"])),
    )
    values = wiggle(draw(st.integers(90, 160)), draw(st.integers(0, 1000)))
    if missing:
        holes = draw(st.sets(st.integers(0, len(values) - 1), max_size=6))
        values[list(holes)] = np.nan
    return series_of(values), config


def windows_or_none(series: pd.Series, config: LSTMConfig) -> Windows | None:
    """The windows, or None when missing values leave a part without any."""
    try:
        return make_windows(series, config)
    except LSTMWidgetsError as error:
        assert "missing value" in str(error)
        return None


# --- the split ------------------------------------------------------------------------------------


@given(
    st.integers(1, 100_000),
    st.floats(0.05, 0.4, allow_nan=False),
    st.floats(0.05, 0.4, allow_nan=False),
)
def test_the_parts_are_in_time_order_and_cover_every_step_once(length, validation, test):
    split = chronological_split(length, validation, test)
    edges = [split.bounds(part) for part in PARTS]
    assert edges[0][0] == 0
    assert edges[2][1] == length
    assert edges[0][1] == edges[1][0]
    assert edges[1][1] == edges[2][0]
    assert sum(split.size(part) for part in PARTS) == length
    assert all(split.size(part) >= 0 for part in PARTS)
    assert abs(split.size("test") - length * test) <= 0.5
    assert abs(split.size("validation") - length * validation) <= 0.5


def test_a_split_can_be_checked_by_hand():
    split = chronological_split(100, 0.2, 0.1)
    assert split == Split(train_end=70, validation_end=90, length=100)
    assert [split.bounds(part) for part in PARTS] == [(0, 70), (70, 90), (90, 100)]
    assert [split.size(part) for part in PARTS] == [70, 20, 10]


# --- no leak --------------------------------------------------------------------------------------


@settings(deadline=None)
@given(cases(), st.data(), st.sampled_from([-1e6, 0.0, 1e6, np.nan]))
def test_nothing_after_the_train_part_changes_the_scaler_or_the_train_windows(case, data, other):
    series, config = case
    before = make_windows(series, config)
    place = data.draw(st.integers(before.split.train_end, len(series) - 1))
    changed = series.copy()
    changed.iloc[place] = other
    after = windows_or_none(changed, config)
    assume(after is not None)
    assert after.scaler == before.scaler
    np.testing.assert_array_equal(after.train, before.train)
    np.testing.assert_array_equal(after.inputs(after.train), before.inputs(before.train))
    np.testing.assert_array_equal(after.targets(after.train), before.targets(before.train))


@settings(deadline=None)
@given(cases(), st.data())
def test_nothing_in_the_test_part_changes_the_validation_windows(case, data):
    series, config = case
    before = make_windows(series, config)
    changed = series.copy()
    changed.iloc[data.draw(st.integers(before.split.validation_end, len(series) - 1))] = -1e6
    after = make_windows(changed, config)
    np.testing.assert_array_equal(after.inputs(after.validation), before.inputs(before.validation))
    np.testing.assert_array_equal(after.targets(after.validation), before.targets(before.validation))


@settings(deadline=None)
@given(cases(missing=True))
def test_a_window_never_reads_past_its_part_and_no_target_is_shared(case):
    series, config = case
    windows = windows_or_none(series, config)
    assume(windows is not None)
    seen: set[int] = set()
    for part in PARTS:
        begin, end = windows.split.bounds(part)
        starts = windows.starts(part).astype(np.int64)
        targets = starts[:, None] + config.sequence_length + np.arange(config.horizon)
        assert targets.min() >= begin
        assert targets.max() < end
        assert not seen & set(targets.ravel().tolist())
        seen |= set(targets.ravel().tolist())


@settings(deadline=None)
@given(cases())
def test_every_step_that_can_be_a_target_is_one(case):
    series, config = case
    windows = make_windows(series, config)
    steps = [
        windows.starts(part)[:, None] + config.sequence_length + np.arange(config.horizon) for part in PARTS
    ]
    reached = set(np.concatenate([one.ravel() for one in steps]).tolist())
    assert reached == set(range(config.sequence_length, len(series)))
    assert windows.left_out == 0


# --- missing values -------------------------------------------------------------------------------


@settings(deadline=None)
@given(cases(missing=True))
def test_a_window_reads_no_missing_value_and_has_a_target_and_the_others_are_all_there(case):
    series, config = case
    windows = windows_or_none(series, config)
    assume(windows is not None)
    reach = config.sequence_length + config.horizon
    values = series.to_numpy()
    left_out = 0
    for part in PARTS:
        begin, end = windows.split.bounds(part)
        expected = []
        for start in range(max(0, begin - config.sequence_length), end - reach + 1):
            reads, ahead = np.split(values[start : start + reach], [config.sequence_length])
            if np.isnan(reads).any() or np.isnan(ahead).all():
                left_out += 1
            else:
                expected.append(start)
        starts = windows.starts(part)
        assert starts.tolist() == expected
        assert np.isfinite(windows.inputs(starts)).all()
        came = np.isfinite(
            series.to_numpy()[windows.origins(starts)[:, None] + 1 + np.arange(config.horizon)]
        )
        np.testing.assert_array_equal(np.isfinite(windows.targets(starts)), came)
        np.testing.assert_array_equal(np.isfinite(windows.observed(starts)), came)
    assert windows.left_out == left_out


# --- what the network reads and answers -----------------------------------------------------------


@settings(deadline=None)
@given(cases(missing=True))
def test_inputs_and_targets_equal_a_naive_loop(case):
    series, config = case
    windows = windows_or_none(series, config)
    assume(windows is not None)
    scaled = ((series.to_numpy() - windows.scaler.mean) / windows.scaler.scale).astype(np.float32)
    for part in PARTS:
        starts = windows.starts(part)
        inputs, targets = windows.inputs(starts), windows.targets(starts)
        assert inputs.shape == (len(starts), config.sequence_length, 1)
        assert targets.shape == (len(starts), config.horizon)
        assert inputs.dtype == targets.dtype == np.float32
        for row, start in enumerate(starts):
            reads = scaled[start : start + config.sequence_length]
            ahead = scaled[start + config.sequence_length :][: config.horizon]
            last = reads[-1] if config.centering == "last" else np.float32(0)
            np.testing.assert_array_equal(inputs[row, :, 0], reads - last)
            np.testing.assert_array_equal(targets[row], ahead - last)


@settings(deadline=None)
@given(cases(missing=True))
def test_restored_targets_are_the_original_values(case):
    series, config = case
    windows = windows_or_none(series, config)
    assume(windows is not None)
    for part in PARTS:
        starts = windows.starts(part)
        ahead = starts[:, None].astype(np.int64) + config.sequence_length + np.arange(config.horizon)
        restored = windows.restore(windows.targets(starts), starts)
        assert restored.dtype == np.float64
        np.testing.assert_allclose(restored, series.to_numpy()[ahead], rtol=1e-5, atol=1e-5)


def test_windows_can_be_checked_by_hand():
    series = series_of([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    config = LSTMConfig(
        sequence_length=2, horizon=1, validation_fraction=0.2, test_fraction=0.2, centering="none"
    )
    windows = make_windows(series, config)
    assert windows.train.tolist() == [0, 1, 2, 3]
    assert windows.validation.tolist() == [4, 5]
    assert windows.test.tolist() == [6, 7]
    assert windows.origins(windows.test).tolist() == [7, 8]
    restored = windows.restore(windows.targets(windows.test), windows.test)
    np.testing.assert_allclose(restored, [[256.0], [512.0]], rtol=1e-6)


def test_the_scale_without_centring_is_that_of_the_train_part():
    series = series_of(wiggle(100))
    windows = make_windows(series, LSTMConfig(sequence_length=5, horizon=2, centering="none"))
    train = series.to_numpy()[: windows.split.train_end]
    assert windows.scaler == Scaler(mean=pytest.approx(train.mean()), scale=pytest.approx(train.std()))


@settings(deadline=None)
@given(cases(missing=True))
def test_repeating_the_last_value_has_a_train_loss_of_one(case):
    series, config = case
    config = config.replace(centering="last")
    windows = windows_or_none(series, config)
    assume(windows is not None)
    assert np.nanmean(windows.targets(windows.train).astype(np.float64) ** 2) == pytest.approx(1.0, rel=1e-4)


def test_no_copy_of_the_windows_is_kept():
    config = LSTMConfig(sequence_length=1000, horizon=10)
    windows = make_windows(series_of(wiggle(20_000)), config)
    kept = sum(getattr(windows, name).nbytes for name in ("values", *PARTS))
    assert kept <= 20_000 * 4 * 2


# --- what does not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "settings_", "said"),
    [
        (
            wiggle(100),
            {"sequence_length": 200, "horizon": 5},
            ["sequence_length=200", "70 of the series' 100 points", "Lower sequence_length to at most 65"],
        ),
        (wiggle(100), {"sequence_length": 5, "horizon": 16}, ["horizon=16 does not fit", "at most 15"]),
        (
            np.full(100, 5.0),
            {"sequence_length": 5, "horizon": 2},
            ["never changes", "every value is 5", "varies"],
        ),
        (
            np.full(100, 5.0),
            {"sequence_length": 5, "horizon": 2, "centering": "none"},
            ["never changes", "every value is 5"],
        ),
        (np.full(100, np.nan), {"sequence_length": 5, "horizon": 2}, ["100 of 100 values are missing"]),
        (
            np.where(np.arange(100) % 5 == 0, np.nan, wiggle(100)),
            {"sequence_length": 5, "horizon": 2},
            ["each of the 64 windows of the train part touches", "20 of 100", "lower sequence_length=5"],
        ),
        (
            np.full(100, 0.1),
            {"sequence_length": 5, "horizon": 2, "centering": "none"},
            ["never changes", "every value is 0.1"],
        ),
        (
            np.where(np.arange(100) == 3, np.inf, wiggle(100)),
            {"sequence_length": 5, "horizon": 2},
            ["infinite values (inf at position 3)", "NaN"],
        ),
        (wiggle(2), {"sequence_length": 1, "horizon": 1}, ["2 points", "longer series"]),
        (wiggle(100) * 1e300, {"sequence_length": 5, "horizon": 2}, ["no usable scale", "another unit"]),
        (
            wiggle(100) * 1e300,
            {"sequence_length": 5, "horizon": 2, "centering": "none"},
            ["no usable scale", "another unit"],
        ),
    ],
)
def test_a_series_that_does_not_fit_is_refused_with_what_would(values, settings_, said):
    with pytest.raises(LSTMWidgetsError) as caught:
        make_windows(series_of(values), LSTMConfig(**settings_))
    missing = [part for part in said if part not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


@pytest.mark.parametrize("centering", ["last", "none"])
def test_the_largest_values_a_message_names_do_fit(centering):
    config = LSTMConfig(sequence_length=65, horizon=5, centering=centering)
    assert len(make_windows(series_of(wiggle(100)), config).train) == 1
    config = LSTMConfig(sequence_length=5, horizon=15, centering=centering)
    assert len(make_windows(series_of(wiggle(100)), config).test) == 1
