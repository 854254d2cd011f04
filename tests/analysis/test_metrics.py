"""Error measures, against sums done by hand."""

import math

import numpy as np
import pytest

from lstmwidgets.analysis.metrics import mae, mase, naive_error, rmse, skill
from lstmwidgets.errors import LSTMWidgetsError

NAN = math.nan


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
