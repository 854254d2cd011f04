"""Error measures, against sums done by hand, scikit-learn and utilsforecast."""

import math

import numpy as np
import pandas as pd
import pytest
import utilsforecast.losses as nixtla
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from lstmwidgets.analysis.scoring.metrics import (
    coverage,
    error_by_step,
    mae,
    mape,
    mase,
    mean_width,
    model_columns,
    naive_error,
    pinball,
    rmse,
    rmsse,
    skill,
    smape,
)
from lstmwidgets.errors import LSTMWidgetsError

NAN = math.nan
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 4))
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30)
SIZES = st.floats(0.01, 1e6)


def test_mae_and_rmse_are_those_done_by_hand():
    y, yhat = [[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.0], [0.0, 4.0]]
    assert mae(y, yhat) == (1 + 0 + 3 + 0) / 4
    assert rmse(y, yhat) == math.sqrt((1 + 0 + 9 + 0) / 4)


def test_pairs_with_a_missing_side_are_left_out():
    y, yhat = [1.0, NAN, 3.0, 4.0], [2.0, 5.0, NAN, 7.0]
    assert mae(y, yhat) == 2.0
    assert rmse(y, yhat) == math.sqrt(5)


def test_with_no_pair_left_the_answer_is_nan():
    assert math.isnan(mae([NAN], [1.0]))
    assert math.isnan(rmse([], []))
    assert math.isnan(mase([NAN], [1.0], train=[1, 2, 3], season=1))


def test_mase_divides_by_the_one_cycle_error_inside_the_training_part():
    train = [1.0, 2.0, 4.0, 3.0, 5.0, 9.0]
    assert naive_error(train, 2) == (3 + 1 + 1 + 6) / 4
    assert mase([10.0, 20.0], [12.0, 16.0], train, season=2) == 3 / (11 / 4)


def test_the_seasonal_naive_on_its_own_training_part_has_a_mase_of_one():
    train = np.random.default_rng(0).normal(size=50)
    assert mase(train[7:], train[:-7], train, season=7) == 1.0


def test_mase_keeps_its_value_when_the_unit_changes():
    y, yhat, train = [3.0, 1.0], [2.0, 4.0], np.array([1.0, 2.0, NAN, 7.0, 5.0])
    fahrenheit = [1.8 * np.asarray(values) + 32 for values in (y, yhat, train)]
    assert mase(*fahrenheit, season=1) == pytest.approx(mase(y, yhat, train, season=1))


def test_missing_training_values_are_left_out_of_the_scale():
    assert naive_error([1.0, NAN, 3.0, 4.0, 9.0], 1) == (1 + 5) / 2


def test_skill_is_the_share_of_the_error_taken_away():
    assert skill(1.0, 4.0) == 0.75
    assert skill(4.0, 4.0) == 0.0
    assert skill(6.0, 4.0) == -0.5
    assert math.isnan(skill(1.0, 0.0))


@pytest.mark.parametrize(
    ("train", "season", "message"),
    [
        ([1.0, 2.0], 2, "season=2 steps apart, and its 2 values hold none"),
        ([1.0, NAN, 2.0, NAN], 1, "its 4 values hold none"),
        ([5.0, 5.0, 5.0], 1, "no value of the training part differs"),
        ([1.0, 2.0], 0, "season=0 is not accepted"),
        ([[1.0, 2.0]], 1, r"train has the shape \(1, 2\)"),
    ],
)
def test_a_training_part_without_a_scale_is_refused(train, season, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        mase([1.0], [2.0], train, season)


def test_shapes_that_disagree_are_named():
    with pytest.raises(LSTMWidgetsError, match=r"y has the shape \(2,\) and yhat \(2, 1\)"):
        mae([1.0, 2.0], [[1.0], [2.0]])


def test_a_negative_error_is_refused():
    with pytest.raises(LSTMWidgetsError, match=r"error=-1\.0"):
        skill(-1.0, 2.0)


def asked(metric, y, yhat, **settings):
    """The answer of utilsforecast for one series."""
    frame = pd.DataFrame({"unique_id": "a", "ds": range(len(y)), "y": y, "LSTM": yhat})
    return metric(frame, models=["LSTM"], **settings)["LSTM"].item()


@given(PAIRS)
def test_mae_rmse_and_smape_are_those_of_other_libraries(pairs):
    y, yhat = np.array(pairs).T
    assert mae(y, yhat) == pytest.approx(sklearn.mean_absolute_error(y, yhat), rel=1e-12)
    assert mae(y, yhat) == pytest.approx(asked(nixtla.mae, y, yhat), rel=1e-12)
    assert rmse(y, yhat) == pytest.approx(sklearn.root_mean_squared_error(y, yhat), rel=1e-12)
    assert rmse(y, yhat) == pytest.approx(asked(nixtla.rmse, y, yhat), rel=1e-12)
    assert smape(y, yhat) == pytest.approx(asked(nixtla.smape, y, yhat), rel=1e-12)
    assert 0 <= smape(y, yhat) <= 1


@given(st.lists(st.tuples(SIZES, st.sampled_from([-1, 1]), NUMBERS), min_size=1, max_size=30))
def test_mape_is_that_of_other_libraries(triples):
    size, sign, yhat = np.array(triples).T
    y = size * sign
    assert mape(y, yhat) == pytest.approx(sklearn.mean_absolute_percentage_error(y, yhat), rel=1e-12)
    assert mape(y, yhat) == pytest.approx(asked(nixtla.mape, y, yhat), rel=1e-12)


@given(PAIRS, st.floats(0.001, 0.999))
def test_pinball_is_that_of_other_libraries(pairs, level):
    y, yhat = np.array(pairs).T
    expected = sklearn.mean_pinball_loss(y, yhat, alpha=level)
    assert pinball(y, yhat, level) == pytest.approx(expected, rel=1e-12)
    frame = pd.DataFrame({"unique_id": "a", "y": y, "q": yhat})
    assert pinball(y, yhat, level) == pytest.approx(
        nixtla.quantile_loss(frame, models={"LSTM": "q"}, q=level)["LSTM"].item(), rel=1e-12
    )


@given(PAIRS, st.lists(NUMBERS, min_size=9, max_size=40), st.integers(1, 8))
def test_mase_and_rmsse_are_those_of_utilsforecast(pairs, train, season):
    y, yhat = np.array(pairs).T
    train = np.array(train)
    assume(np.abs(train[season:] - train[:-season]).max() > 1e-3)
    known = pd.DataFrame({"unique_id": "a", "ds": range(len(train)), "y": train})
    for ours, theirs in ((mase, nixtla.mase), (rmsse, nixtla.rmsse)):
        expected = asked(theirs, y, yhat, seasonality=season, train_df=known)
        assert ours(y, yhat, train, season) == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0, 1e6)), min_size=1, max_size=30))
def test_coverage_is_that_of_utilsforecast_and_width_the_mean_distance(triples):
    y, lo, width = np.array(triples).T
    frame = pd.DataFrame({"unique_id": "a", "y": y, "LSTM-lo-90": lo, "LSTM-hi-90": lo + width})
    expected = nixtla.coverage(frame, models=["LSTM"], level=90)["LSTM"].item()
    assert coverage(y, lo, lo + width) == pytest.approx(expected, rel=1e-12)
    assert mean_width(lo, lo + width) == pytest.approx(((lo + width) - lo).mean(), rel=1e-12)


def test_the_smape_of_the_m4_competition_is_200_times_the_ratio():
    y, yhat = np.array([100.0, 50.0]), np.array([110.0, 40.0])
    m4 = np.mean(2 * np.abs(y - yhat) / (np.abs(y) + np.abs(yhat)) * 100)
    assert 200 * smape(y, yhat) == pytest.approx(m4)
    assert smape([0.0, 0.0], [0.0, 5.0]) == 0.5  # nothing forecast and nothing came: no error


def test_mape_refuses_a_zero_that_counts_and_only_one_that_counts():
    with pytest.raises(LSTMWidgetsError, match="MAPE is not defined: 1 of 2 actual values are 0.*Use MASE"):
        mape([0.0, 10.0, 0.0], [1.0, 11.0, NAN])
    assert mape([NAN, 10.0, 0.0], [1.0, 11.0, NAN]) == 0.1


def test_mape_explodes_near_zero_as_its_docstring_warns():
    assert mape([100.0, 0.001], [101.0, 1.001]) > 500
    assert smape([100.0, 0.001], [101.0, 1.001]) < 0.51


def test_missing_values_are_left_out_of_every_metric():
    y, yhat = [1.0, NAN, 3.0], [2.0, 5.0, NAN]
    assert (mape(y, yhat), smape(y, yhat), pinball(y, yhat, 0.25)) == (1.0, 1 / 3, 0.75)
    assert coverage([1.0, NAN, 3.0, 4.0], [0.0, 0.0, NAN, 5.0], [2.0, 9.0, 9.0, 6.0]) == 0.5
    assert mean_width([0.0, NAN, 1.0], [2.0, 9.0, NAN]) == 2.0
    assert math.isnan(coverage([NAN], [0.0], [1.0])) and math.isnan(mean_width([], []))


def test_an_interval_without_end_holds_everything_and_is_endlessly_wide():
    assert coverage([1e300], [-np.inf], [np.inf]) == 1.0
    assert mean_width([-np.inf], [np.inf]) == np.inf


@pytest.mark.parametrize("level", [0, 1, 90, -0.1, True, "0.9", NAN])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(LSTMWidgetsError, match="level=.*a share between 0 and 1, such as 0.95"):
        pinball([1.0], [2.0], level)


def test_intervals_that_are_upside_down_or_of_another_shape_are_refused():
    with pytest.raises(LSTMWidgetsError, match="1 intervals have their lower end above .*lo=3, hi=2"):
        coverage([1.0, 1.0], [0.0, 3.0], [2.0, 2.0])
    with pytest.raises(LSTMWidgetsError, match="lo=3, hi=2"):
        mean_width([3.0], [2.0])
    with pytest.raises(LSTMWidgetsError, match=r"lo \(1,\) and hi \(2,\)"):
        coverage([1.0, 2.0], [0.0], [1.0, 2.0])


def test_rmsse_names_itself_where_there_is_no_scale():
    with pytest.raises(LSTMWidgetsError, match="RMSSE is not defined.*Use RMSE instead"):
        rmsse([1.0], [2.0], train=[5.0, 5.0], season=1)
    with pytest.raises(LSTMWidgetsError, match="MASE is not defined.*Use MAE instead"):
        mase([1.0], [2.0], train=[5.0, 5.0], season=1)


def backtest(y, **models):
    """A long frame of two cutoffs a day apart, three steps each."""
    days = pd.date_range("2024-01-01", periods=5, freq="D")
    cutoffs = days[[0, 0, 0, 1, 1, 1]]
    return pd.DataFrame(
        {"unique_id": "load", "ds": days[[1, 2, 3, 2, 3, 4]], "cutoff": cutoffs, "y": y, **models}
    )


def test_errors_by_step_are_those_done_by_hand():
    frame = backtest([1.0, 2, 3, 2, 3, 4], LSTM=[1.0, 3, 6, 3, 3, 9], drift=0.0)
    table = error_by_step(frame)
    assert table.index.tolist() == [1, 2, 3] and table.index.name == "step"
    assert table["LSTM"].tolist() == [0.5, 0.5, 4.0] and table["drift"].tolist() == [1.5, 2.5, 3.5]
    assert error_by_step(frame, ["LSTM"], "RMSE")["LSTM"].tolist() == pytest.approx(
        [math.sqrt(0.5), math.sqrt(0.5), math.sqrt(17)]
    )
    worst = error_by_step(frame, "LSTM", lambda y, yhat: float(np.abs(y - yhat).max()))
    assert worst["LSTM"].tolist() == [1, 1, 5]


def test_errors_by_step_do_not_depend_on_the_order_of_the_rows():
    frame = backtest([1.0, 2, 3, 2, 3, 4], LSTM=[1.0, 3, 6, 3, 3, 9])
    pd.testing.assert_frame_equal(error_by_step(frame.sample(frac=1, random_state=3)), error_by_step(frame))


def test_a_row_that_one_model_lacks_counts_for_none():
    frame = backtest([1.0, 2, NAN, 2, 3, NAN], LSTM=[1.0, 3, 6, 3, 3, 9], drift=[NAN, 0, 0, 0, 0, 0])
    table = error_by_step(frame)
    assert table["LSTM"].tolist()[:2] == [1.0, 0.5]
    assert table.loc[3].isna().all()
    assert error_by_step(frame, ["LSTM"])["LSTM"].tolist()[0] == 0.5


def test_ends_of_intervals_are_no_models():
    frame = backtest(0.0, LSTM=0.0, **{"LSTM-lo-90": 0.0, "LSTM-hi-99.5": 0.0, "so-lo": 0.0})
    assert model_columns(frame) == ["LSTM", "so-lo"]


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda frame: frame.iloc[1:], {}, "has 2 rows where 3 are expected|has 3 rows where 2 are expected"),
        (lambda frame: frame.drop(columns="cutoff"), {}, "missing: 'cutoff'"),
        (lambda frame: frame, {"models": ["ridge"]}, "the frame has no column 'ridge': expected"),
        (lambda frame: frame.drop(columns="LSTM"), {}, "the frame has no model's column"),
        (lambda frame: frame, {"metric": "MASE"}, "metric='MASE' is not accepted: metric takes 'MAE'"),
        (lambda frame: frame.assign(unique_id=list("aaabbb")), {}, "2 series, 'a' and 'b'"),
    ],
)
def test_what_is_no_backtest_is_refused_in_words(change, settings, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        error_by_step(change(backtest(1.0, LSTM=2.0)), **settings)
