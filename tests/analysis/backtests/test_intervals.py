"""Prediction intervals: width by hand and by MAPIE, coverage by utilsforecast, nothing from the future."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin
from utilsforecast.losses import coverage

from lstmwidgets.analysis.backtests.conformal import adaptive_widths, conformal_quantiles, residuals_needed
from lstmwidgets.analysis.backtests.intervals import (
    SplitConformal,
    adaptive_conformal,
    coverage_table,
    interval_levels,
)
from lstmwidgets.errors import LSTMWidgetsError

ETTH1 = Path(__file__).resolve().parents[4] / "shared" / "data" / "ETTh1.csv"


def backtest_frame(errors, first="2020-01-01", freq="D", level=10.0):
    """A backtest whose forecasts err by ``errors``, shape (cutoffs, steps), a cutoff each time step."""
    errors = np.asarray(errors, float)
    cutoffs, steps = errors.shape
    times = pd.date_range(first, periods=cutoffs + steps, freq=freq)
    place = np.arange(cutoffs)[:, None] + 1 + np.arange(steps)
    frame = pd.DataFrame(
        {
            "unique_id": "load",
            "ds": times[place.ravel()],
            "cutoff": times[np.repeat(np.arange(cutoffs), steps)],
            "y": level,
            "LSTM": level + errors.ravel(),
        }
    )
    frame.attrs = {"horizon": steps, "notes": []}
    return frame


def drifting(cutoffs=600, steps=3, seed=0, factor=1.0):
    return factor * np.random.default_rng(seed).normal(size=(cutoffs, steps)) * [1.0, 2.0, 3.0][:steps]


def later(errors):
    return backtest_frame(errors, first="2023-01-01")


def test_the_quantile_is_the_error_of_rank_n_plus_one_times_the_level():
    errors = np.array([[1.0], [-2.0], [3.0], [-4.0], [5.0], [-6.0], [7.0], [-8.0], [9.0]])
    assert conformal_quantiles(errors, (10, 50, 80, 90)).tolist() == [[1.0, 5.0, 8.0, 9.0]]


@pytest.mark.parametrize(
    ("level", "needed"), [(1, 1), (50, 1), (51, 2), (80, 4), (90, 9), (95, 19), (99, 99)]
)
def test_too_few_errors_for_a_level_are_refused_with_how_many_it_takes(level, needed):
    assert residuals_needed(level) == needed
    errors = np.arange(1.0, needed + 1)[:, None]
    assert conformal_quantiles(errors, [level]).shape == (1, 1)
    with pytest.raises(
        LSTMWidgetsError,
        match=f"a {level} % interval needs at least {needed} errors .*step 1 has {needed - 1}",
    ):
        conformal_quantiles(errors[1:], [level])


def test_missing_errors_do_not_count():
    errors = np.array([[1.0], [np.nan], [2.0], [3.0], [4.0]])
    assert conformal_quantiles(errors, (80,)).tolist() == [[4.0]]
    errors[0] = np.nan
    with pytest.raises(LSTMWidgetsError, match="step 1 has 3"):
        conformal_quantiles(errors, (80,))


class Fitted(RegressorMixin, BaseEstimator):
    """A regressor that answers its only feature."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X[:, 0]


def test_split_conformal_gives_the_intervals_of_mapie():
    calibration, test = backtest_frame(drifting(137)), later(drifting(50, seed=1))
    mine = SplitConformal(levels=(50, 80, 90, 95)).fit(calibration).apply(test)
    for step in (0, 1, 2):
        theirs = SplitConformalRegressor(Fitted().fit(None, None), confidence_level=[0.5, 0.8, 0.9, 0.95])
        past, ahead = calibration.iloc[step::3], mine.iloc[step::3]
        theirs.conformalize(past[["LSTM"]].to_numpy(), past["y"].to_numpy())
        _, bounds = theirs.predict_interval(ahead[["LSTM"]].to_numpy())
        for number, level in enumerate((50, 80, 90, 95)):
            np.testing.assert_allclose(ahead[f"LSTM-lo-{level}"], bounds[:, 0, number])
            np.testing.assert_allclose(ahead[f"LSTM-hi-{level}"], bounds[:, 1, number])


def test_split_intervals_hold_the_promised_share_when_nothing_drifts():
    shares = []
    for seed in range(60):
        errors = np.random.default_rng(seed).standard_t(3, size=(99, 1))
        width = conformal_quantiles(errors[:49], (80,))[0, 0]
        shares.append((np.abs(errors[49:]) <= width).mean())
    assert np.mean(shares) == pytest.approx(0.80, abs=0.02)


def test_each_step_ahead_has_its_own_width_in_any_order_of_rows():
    calibration, test = backtest_frame(drifting()), later(drifting(20))
    conformal = SplitConformal().fit(calibration.sample(frac=1, random_state=0))
    assert conformal.quantiles_.columns.tolist() == [80, 90] and conformal.quantiles_.index.tolist() == [
        1,
        2,
        3,
    ]
    assert conformal.quantiles_[90].is_monotonic_increasing
    shuffled = test.sample(frac=1, random_state=1)
    applied = conformal.apply(shuffled)
    assert applied.index.equals(shuffled.index)
    pd.testing.assert_frame_equal(applied.sort_index(), conformal.apply(test))
    width = applied["LSTM-hi-90"] - applied["LSTM"]
    step = (applied["ds"] - applied["cutoff"]).dt.days
    np.testing.assert_allclose(width, conformal.quantiles_[90].loc[step].to_numpy())


def test_predictions_get_intervals_too():
    conformal = SplitConformal().fit(backtest_frame(drifting()))
    ahead = pd.DataFrame(
        {"unique_id": "load", "ds": pd.date_range("2030-01-01", periods=2, freq="D"), "yhat": [5.0, 6.0]}
    )
    applied = conformal.apply(ahead)
    assert applied.columns.tolist()[2:] == ["yhat", "yhat-lo-80", "yhat-hi-80", "yhat-lo-90", "yhat-hi-90"]
    assert (applied["yhat-hi-80"] - applied["yhat"]).tolist() == pytest.approx(
        conformal.quantiles_[80].loc[[1, 2]]
    )
    assert "yhat-lo-80" not in ahead
    too_far = pd.concat([ahead, ahead.assign(ds=ahead["ds"] + pd.Timedelta(days=2))])
    with pytest.raises(LSTMWidgetsError, match="4 steps ahead, and the intervals are calibrated for 3"):
        conformal.apply(too_far)


def test_intervals_calibrated_on_what_came_later_are_told_so():
    frame = backtest_frame(drifting(50))
    assert SplitConformal().fit(frame).apply(later(drifting(20))).attrs["notes"] == []
    notes = SplitConformal().fit(frame).apply(frame).attrs["notes"]
    assert len(notes) == 1 and "50 of 50 cutoffs lie before" in notes[0] and "no test" in notes[0]
    assert frame.attrs["notes"] == []


def test_a_rolling_window_without_adapting_is_the_split_quantile_of_what_had_come():
    errors = np.abs(drifting(60, 1)).ravel()
    arrived = np.arange(60)
    widths = adaptive_widths(errors, arrived, (80, 90), gamma=0.0, window=20)
    for place in (9, 15, 20, 40, 59):
        recent = errors[max(0, place - 20) : place, None]
        np.testing.assert_array_equal(widths[place], conformal_quantiles(recent, (80, 90))[0])
    assert np.isnan(widths[:4, 0]).all() and not np.isnan(widths[4, 0])
    assert np.isnan(widths[:9, 1]).all() and not np.isnan(widths[9, 1])


def test_the_level_moves_as_gibbs_and_candes_write_it():
    """Their recursion, alpha + gamma * (alpha_0 - missed), written out with numpy and no delay."""
    errors = np.abs(np.random.default_rng(3).normal(size=120)) * np.linspace(1, 2, 120)
    widths = adaptive_widths(errors, np.arange(120), (80,), gamma=0.02, window=1000).ravel()
    alpha = 0.2
    for place in range(4, 120):
        rank = int(np.ceil((place + 1) * (1 - alpha) - 1e-9))
        past = np.sort(errors[:place])
        expected = past[-1] * rank / place if rank > place else past[rank - 1]
        assert widths[place] == expected
        alpha += 0.02 * (0.2 - (errors[place] > widths[place]))


@settings(max_examples=60, deadline=None)
@given(
    errors=hnp.arrays(np.float64, (40, 2), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    changed=st.integers(0, 79),
    gamma=st.sampled_from([0.0, 0.005, 0.3]),
)
def test_no_interval_knows_a_value_that_came_after_its_cutoff(errors, changed, gamma):
    frame = backtest_frame(errors)
    other = frame.copy()
    other.loc[changed, "y"] += 1e7
    when = frame.loc[changed, "ds"]
    one = adaptive_conformal(frame, (50, 80), gamma=gamma)
    two = adaptive_conformal(other, (50, 80), gamma=gamma)
    before = frame["cutoff"] < when
    columns = [name for name in one.columns if "-lo-" in name or "-hi-" in name]
    pd.testing.assert_frame_equal(one.loc[before, columns], two.loc[before, columns])


@settings(max_examples=60, deadline=None)
@given(
    errors=hnp.arrays(
        np.float64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.floats(-1e9, 1e9)
    ),
    gamma=st.floats(0, 1),
    window=st.integers(1, 70),
)
def test_a_wider_level_is_never_narrower_and_every_width_is_finite(errors, gamma, window):
    applied = adaptive_conformal(backtest_frame(errors), (50, 80, 90), gamma=gamma, window=window)
    lows = applied[["LSTM-lo-90", "LSTM-lo-80", "LSTM-lo-50"]].to_numpy()
    highs = applied[["LSTM-hi-50", "LSTM-hi-80", "LSTM-hi-90"]].to_numpy()
    for bounds in (lows, highs):
        assert (np.isnan(np.diff(bounds)) | (np.diff(bounds) >= 0)).all()
        assert not np.isinf(bounds).any()


def test_adapting_keeps_its_promise_where_errors_treble_and_split_does_not():
    calibration = backtest_frame(drifting(1000))
    test = later(np.concatenate([drifting(1000, seed=1), drifting(1000, seed=2, factor=3.0)]))
    split = coverage_table(SplitConformal().fit(calibration).apply(test))["coverage"]
    adaptive = coverage_table(adaptive_conformal(test, calibration=calibration))["coverage"]
    assert split[90] < 0.85 and split[80] < 0.72
    assert adaptive[90] == pytest.approx(0.9, abs=0.02) and adaptive[80] == pytest.approx(0.8, abs=0.02)


def test_errors_that_only_grow_are_caught_up_with():
    """Every error is a new largest one: only a width beyond the largest so far can ever hold it."""
    growing = np.cumsum(np.full((3000, 1), 1.0), axis=0)
    table = coverage_table(adaptive_conformal(backtest_frame(growing), (80,), gamma=0.01, window=200))
    assert table.loc[80, "coverage"] == pytest.approx(0.8, abs=0.03)


def test_the_first_forecasts_have_no_interval_until_enough_errors_are_known():
    applied = adaptive_conformal(backtest_frame(drifting(20, 2)))
    step = np.tile([1, 2], 20)
    # the ninth error of step 1 is known at the tenth cutoff, that of step 2 one later
    assert applied.loc[step == 1, "LSTM-lo-90"].isna().sum() == 9
    assert applied.loc[step == 2, "LSTM-lo-90"].isna().sum() == 10
    assert applied.attrs["notes"] == [
        "19 of 40 forecasts have no 90 % interval: it takes 9 errors of the same step, known by the cutoff."
    ]
    assert applied["LSTM-lo-80"].isna().sum() == 9


def test_missing_values_are_neither_hits_nor_misses():
    errors = drifting(80, 1)
    holes = errors.copy()
    holes[::2] = np.nan
    widths = adaptive_widths(np.abs(holes).ravel(), np.arange(80), (80,), gamma=0.05)
    kept = adaptive_widths(np.abs(holes[1::2]).ravel(), np.arange(40), (80,), gamma=0.05)
    np.testing.assert_array_equal(widths[1::2], kept)


def test_calibration_must_lie_before_and_have_the_same_steps():
    frame = backtest_frame(drifting(30))
    with pytest.raises(LSTMWidgetsError, match="is not before the frame's first 2020-01-01"):
        adaptive_conformal(frame, calibration=frame)
    with pytest.raises(LSTMWidgetsError, match="calibration has 2 steps ahead and the frame 3"):
        adaptive_conformal(later(drifting(30)), calibration=backtest_frame(drifting(30, 2)))


def test_coverage_is_that_of_utilsforecast():
    applied = SplitConformal().fit(backtest_frame(drifting(200))).apply(later(drifting(100, seed=5)))
    table = coverage_table(applied)
    for level in (80, 90):
        theirs = coverage(applied.drop(columns="cutoff"), ["LSTM"], level)["LSTM"].item()
        assert table.loc[level, "coverage"] == pytest.approx(theirs)
    assert table["nominal"].tolist() == [0.8, 0.9] and table["points"].tolist() == [300, 300]
    by_step = coverage_table(applied, by_step=True)
    assert by_step.index.names == ["level", "step"] and len(by_step) == 6
    first = applied[applied["ds"] - applied["cutoff"] == pd.Timedelta(days=1)]
    theirs = coverage(first.drop(columns="cutoff"), ["LSTM"], 90)["LSTM"].item()
    assert by_step.loc[(90, 1), "coverage"] == pytest.approx(theirs)


def test_coverage_counts_by_hand_and_leaves_out_what_is_not_known():
    frame = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2020-01-02", periods=4),
            "cutoff": pd.date_range("2020-01-01", periods=4),
            "y": [1.0, 5.0, np.nan, 2.0],
            "LSTM": 1.0,
            "LSTM-lo-80": [1.0, 0.0, 0.0, np.nan],
            "LSTM-hi-80": [2.0, 4.0, 4.0, np.nan],
        }
    )
    table = coverage_table(frame)
    assert table.loc[80].to_dict() == {"nominal": 0.8, "coverage": 0.5, "width": 2.5, "points": 2.0}
    assert table.attrs["notes"] == [
        "4 cutoffs are few: at 80 % their coverage would stray by 20 points from chance alone if they were "
        "independent, and by more where their horizons overlap."
    ]
    assert interval_levels(frame) == (80,)
    nothing = coverage_table(frame.assign(y=np.nan))
    assert nothing.loc[80, "points"] == 0 and np.isnan(nothing.loc[80, "coverage"])


def test_coverage_is_of_the_one_model_with_intervals_or_of_the_lstm_or_of_one_that_is_named():
    frame = backtest_frame(drifting(30))
    frame["drift"], frame["ridge"] = frame["LSTM"] + 1, frame["LSTM"] - 1
    one = SplitConformal((80,), model="drift").fit(frame).apply(frame)
    assert coverage_table(one).attrs["model"] == "drift"
    pd.testing.assert_frame_equal(coverage_table(one), coverage_table(one, "drift"))
    two = SplitConformal((80,), model="ridge").fit(one).apply(one)
    with pytest.raises(LSTMWidgetsError, match="intervals of 'drift', 'ridge': name one of them with model="):
        coverage_table(two)
    assert coverage_table(SplitConformal((80,)).fit(two).apply(two)).attrs["model"] == "LSTM"


@pytest.mark.parametrize("levels", [(), (0,), (100,), (80.0,), (True,), ("80",), 80.5, None])
def test_levels_that_are_no_whole_percentages_are_refused(levels):
    with pytest.raises(
        LSTMWidgetsError, match=r"levels=.* is not accepted: levels takes whole numbers from 1 to 99"
    ):
        SplitConformal(levels=levels)


@pytest.mark.parametrize(
    "settings", [{"gamma": -0.1}, {"gamma": 2}, {"gamma": True}, {"window": 0}, {"window": 1.5}]
)
def test_a_gamma_or_window_out_of_range_is_refused(settings):
    name = next(iter(settings))
    with pytest.raises(LSTMWidgetsError, match=f"{name}=.* is not accepted"):
        adaptive_conformal(backtest_frame(drifting(20)), **settings)


def test_a_frame_that_is_no_backtest_is_refused_with_the_reason():
    frame = backtest_frame(drifting(30))
    conformal = SplitConformal()
    with pytest.raises(LSTMWidgetsError, match=r"not calibrated: call fit\(frame\)"):
        conformal.apply(frame)
    with pytest.raises(LSTMWidgetsError, match="missing: 'cutoff'"):
        conformal.fit(frame.drop(columns="cutoff"))
    with pytest.raises(LSTMWidgetsError, match="forecasts of 'ridge'"):
        SplitConformal(model="ridge").fit(frame)
    with pytest.raises(LSTMWidgetsError, match="cutoff 2020-01-02T00:00:00 has 2 rows where 3 are expected"):
        conformal.fit(frame.drop(index=4))
    with pytest.raises(LSTMWidgetsError, match="cutoff 2020-01-01T00:00:00 has 1 rows where 3 are expected"):
        conformal.fit(frame.iloc[::3])
    with pytest.raises(LSTMWidgetsError, match="holds 2 series, 'load' and 'other'"):
        conformal.fit(pd.concat([frame, frame.assign(unique_id="other")]))
    with pytest.raises(LSTMWidgetsError, match="it has 0 rows"):
        conformal.fit(frame.iloc[:0])
    with pytest.raises(LSTMWidgetsError, match="no intervals of 'LSTM', such as 'LSTM-lo-80'"):
        coverage_table(frame)
    with pytest.raises(LSTMWidgetsError, match="forecasts or predict"):
        conformal.fit(frame).apply(pd.DataFrame({"ds": [], "yhat": []}))


@pytest.mark.skipif(not ETTH1.is_file(), reason="ETTh1.csv is not among the shared data")
def test_around_a_real_drifting_series_adapting_comes_within_three_points_and_split_does_not():
    values = pd.read_csv(ETTH1, usecols=["OT"])["OT"].to_numpy()[8640:14400]
    ahead = np.arange(1, 25)
    origins = np.arange(len(values) - 24)
    frame = backtest_frame(values[origins, None] - values[origins[:, None] + ahead], freq="h")  # repeat last
    frame["y"] = values[origins[:, None] + ahead].ravel()
    frame["LSTM"] = np.repeat(values[origins], 24)
    middle = frame["ds"].unique()[2880]
    calibration, test = (
        frame[frame["cutoff"] < middle - pd.Timedelta(hours=24)],
        frame[frame["cutoff"] >= middle],
    )
    split = coverage_table(SplitConformal().fit(calibration).apply(test))
    adaptive = coverage_table(adaptive_conformal(test, calibration=calibration))
    for level in (80, 90):
        assert (
            abs(adaptive.loc[level, "coverage"] - level / 100)
            < 0.03
            < split.loc[level, "coverage"] - level / 100
        )
        assert adaptive.loc[level, "width"] < split.loc[level, "width"]
    steps = coverage_table(adaptive_conformal(test, calibration=calibration), by_step=True)
    assert (steps["coverage"] - steps["nominal"]).abs().max() < 0.03
