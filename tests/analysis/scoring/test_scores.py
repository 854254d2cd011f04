"""Tables of scores and forecasts, with a forecaster whose answers are known beforehand."""

import numpy as np
import pandas as pd
import pytest

from lstmwidgets.analysis.scoring.baselines import RepeatLast, Ridge, WindowMean
from lstmwidgets.analysis.scoring.metrics import mase, rmsse, smape
from lstmwidgets.analysis.scoring.scores import forecast_table, score_table
from lstmwidgets.analysis.scoring.tables import ALL_SCORES, better_naive, score_frame
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import make_windows
from lstmwidgets.errors import LSTMWidgetsError


class ShiftedTruth:
    """Forecasts what will come, plus a fixed error."""

    def __init__(self, series, config, error=0.5):
        self.series_, self.config, self.error = series, config, error
        self.windows_ = make_windows(series, config)

    def forecast_windows(self, starts):
        origins = self.windows_.origins(starts)[:, None]
        return self.series_.to_numpy()[origins + 1 + np.arange(self.config.horizon)] + self.error


def series_of(values, freq, name="load"):
    return pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq=freq), name=name)


def climbing_weeks(weeks=20):
    """Days 0 to 6 of each week, one higher every week: the seasonal naive errs by 1, or 2 a week further."""
    days = np.arange(7 * weeks)
    return series_of(10.0 * (days % 7) + days // 7, "D")


MODELS = ["LSTM", "repeat last", "seasonal naive", "drift", "window mean", "ridge"]
CONFIG = LSTMConfig(sequence_length=7, horizon=7, validation_fraction=0.2, test_fraction=0.2)


def test_scores_are_those_done_by_hand():
    table = score_table(ShiftedTruth(climbing_weeks(), CONFIG), "test")
    assert table.index.tolist() == MODELS
    assert table.columns.tolist() == ["MAE", "RMSE", "MASE", "skill"]
    assert table.loc["LSTM"].tolist() == [0.5, 0.5, 0.5, 0.5]
    assert table.loc["seasonal naive"].tolist() == [1.0, 1.0, 1.0, 0.0]
    assert table.loc["repeat last", "skill"] < 0
    assert (table.attrs["season"], table.attrs["reference"]) == (7, "seasonal naive")
    assert table.attrs["notes"] == []
    assert table.attrs["points"] == (28 - 7 + 1) * 7


def test_repeat_last_is_scored_over_every_window_and_step():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    values, errors = forecaster.series_.to_numpy(), []
    for start in forecaster.windows_.validation.tolist():
        for step in range(7):
            errors.append(abs(values[start + 7 + step] - values[start + 6]))
    table = score_table(forecaster, "validation")
    assert table.loc["repeat last", "MAE"] == pytest.approx(np.mean(errors))
    assert table.loc["repeat last", "RMSE"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_the_scale_of_mase_comes_from_the_training_part_alone():
    calm_then_wild = climbing_weeks()
    calm_then_wild.iloc[84:] *= 50
    forecaster = ShiftedTruth(calm_then_wild, CONFIG)
    table = score_table(forecaster, "test")
    assert table.loc["LSTM", "MASE"] == mase([0.0], [0.5], calm_then_wild.to_numpy()[:84], 7) == 0.5


def test_a_series_without_a_season_has_no_seasonal_naive_and_says_so():
    yearly = series_of(np.random.default_rng(0).normal(size=80).cumsum(), "YS")
    table = score_table(ShiftedTruth(yearly, CONFIG), "test")
    assert table.index.tolist() == ["LSTM", "repeat last", "drift", "window mean", "ridge"]
    assert table.attrs["notes"] == [
        "The series has no season, so the seasonal naive is the same as repeat last and is left out."
    ]
    assert "seasonal naive" not in forecast_table(ShiftedTruth(yearly, CONFIG), "test")


def test_every_model_is_scored_on_the_same_forecasts():
    series = climbing_weeks()
    hole = 140 - 28 - 10
    series.iloc[hole] = np.nan
    short = CONFIG.replace(sequence_length=2, horizon=2)
    forecaster = ShiftedTruth(series, short)
    table = score_table(forecaster, "validation")
    values, starts = series.to_numpy(), forecaster.windows_.validation
    targets = starts[:, None] + 2 + np.arange(2)
    both = np.isfinite(values[targets]) & np.isfinite(values[targets - 7])
    assert 0 < np.count_nonzero(~both) == both.size - table.attrs["points"]
    assert table.loc["repeat last", "MAE"] == pytest.approx(
        np.abs(values[targets] - values[starts + 1][:, None])[both].mean()
    )
    unseen = np.isnan(values[targets]).sum()
    assert table.attrs["notes"] == [
        f"{unseen} of {both.size} values to forecast were not observed, and count for no model.",
        f"{np.count_nonzero(~both) - unseen} of {both.size} forecasts are left out for every model, because "
        "one of them has no value there.",
    ]


def test_a_season_longer_than_the_series_leaves_no_seasonal_naive_and_no_mase():
    hourly = series_of(np.random.default_rng(0).normal(size=23), "h")
    config = LSTMConfig(sequence_length=2, horizon=2)
    table = score_table(ShiftedTruth(hourly, config), "test")
    assert table.index.tolist() == ["LSTM", "repeat last", "drift", "window mean", "ridge"]
    assert table["MASE"].isna().all()
    assert "no value one cycle (24 steps) before" in table.attrs["notes"][0]
    assert "MASE is left out" in table.attrs["notes"][1]


def test_forecasts_follow_one_another_without_overlap_by_default():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    forecaster.series_.attrs["unit"] = "kW"
    table = forecast_table(forecaster, "test")
    assert table.attrs == {"part": "test", "season": 7, "unit": "kW", "notes": []}
    assert table.columns.tolist() == ["unique_id", "ds", "cutoff", "y", *MODELS]
    part = forecaster.series_.iloc[-28:]
    assert table["ds"].tolist() == part.index.tolist()
    assert table["y"].tolist() == part.tolist()
    assert (table["LSTM"] - table["y"] == 0.5).all()
    assert (table["y"] - table["seasonal naive"] == 1).all()
    assert set(table["unique_id"]) == {"load"}
    assert table["cutoff"].unique().tolist() == forecaster.series_.index[[111, 118, 125, 132]].tolist()
    assert (table["repeat last"] == forecaster.series_.loc[table["cutoff"]].to_numpy()).all()


def test_a_stride_of_one_takes_every_window_of_the_part():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    table = forecast_table(forecaster, "validation", stride=1)
    assert table["cutoff"].nunique() == len(forecaster.windows_.validation) == 22
    assert len(forecast_table(forecaster, "validation", stride=10_000)) == 7


def test_every_forecast_lies_inside_its_part_and_after_its_cutoff():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    for part in ("train", "validation", "test"):
        first, end = forecaster.windows_.split.bounds(part)
        table = forecast_table(forecaster, part, stride=3)
        assert (table["ds"] > table["cutoff"]).all()
        assert table["ds"].min() >= forecaster.series_.index[first]
        assert table["ds"].max() <= forecaster.series_.index[end - 1]


@pytest.mark.parametrize("table", [score_table, forecast_table])
def test_an_unknown_part_is_named_with_the_three_there_are(table):
    with pytest.raises(LSTMWidgetsError, match=r"part='dev' is not accepted: .*'train', 'validation'"):
        table(ShiftedTruth(climbing_weeks(), CONFIG), "dev")


@pytest.mark.parametrize("stride", [0, -1, 1.5, True])
def test_a_stride_that_is_no_count_is_refused(stride):
    with pytest.raises(LSTMWidgetsError, match=f"stride={stride!r} is not accepted"):
        forecast_table(ShiftedTruth(climbing_weeks(), CONFIG), "test", stride=stride)


def test_a_forecaster_without_its_series_says_what_to_do():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    forecaster.windows_ = None
    with pytest.raises(LSTMWidgetsError, match="holds no series to be scored on"):
        score_table(forecaster, "test")


def test_a_trained_forecaster_is_scored_on_what_it_really_forecasts():
    from lstmwidgets.model.forecaster import LSTMForecaster

    config = CONFIG.replace(units=2, epochs=1, batch_size=64)
    forecaster = LSTMForecaster(config).fit(climbing_weeks(), progress_bar=False)
    table = score_table(forecaster, "test")
    answers = forecast_table(forecaster, "test", stride=1)
    assert table.loc["LSTM", "MAE"] == pytest.approx(np.abs(answers["LSTM"] - answers["y"]).mean())
    assert table.loc["seasonal naive"].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_skill_is_against_the_better_naive_rule_and_never_against_a_rival_that_learns():
    table = score_table(ShiftedTruth(climbing_weeks(), CONFIG, error=0.9), "test")
    assert table.loc["ridge", "MAE"] < 0.01  # it learns that every week is one higher
    assert table.loc["LSTM", "skill"] == pytest.approx(0.1)
    assert table.loc["ridge", "skill"] > 0.99
    assert better_naive({"LSTM": 0.1, "repeat last": 2.0, "drift": 1.0, "window mean": 1.5}) == "window mean"
    assert better_naive({"repeat last": 1.0, "seasonal naive": 2.0, "ridge": 0.5}) == "repeat last"
    assert better_naive({"LSTM": 1.0, "ridge": 0.5}) is None


def test_baselines_can_be_chosen_and_without_a_naive_rule_there_is_no_skill():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    table = score_table(forecaster, "test", baselines=[RepeatLast(), WindowMean()])
    assert table.index.tolist() == ["LSTM", "repeat last", "window mean"]
    assert forecast_table(forecaster, "test", baselines=[Ridge()]).columns[4:].tolist() == ["LSTM", "ridge"]
    alone = score_table(forecaster, "test", baselines=[Ridge()])
    assert alone["skill"].isna().all() and alone.attrs["reference"] is None
    assert alone.attrs["notes"] == [
        "skill is left out: no naive rule is among the models: add repeat last and the seasonal naive."
    ]


def test_two_models_of_one_name_are_refused():
    with pytest.raises(LSTMWidgetsError, match="two models are called 'repeat last'"):
        score_table(ShiftedTruth(climbing_weeks(), CONFIG), "test", baselines=[RepeatLast(), RepeatLast()])


def test_a_score_table_holds_the_metrics_asked_for():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    table = score_table(forecaster, "test", metrics=ALL_SCORES)
    assert table.columns.tolist() == ["MAE", "RMSE", "MAPE", "sMAPE", "MASE", "RMSSE", "skill"]
    rows = forecast_table(forecaster, "test", stride=1)
    train = forecaster.series_.iloc[:84]
    assert table.loc["repeat last", "RMSSE"] == pytest.approx(
        rmsse(rows["y"], rows["repeat last"], train, season=7)
    )
    assert table.loc["repeat last", "sMAPE"] == pytest.approx(smape(rows["y"], rows["repeat last"]))
    for wrong in (["MAE", "R2"], "MAE"):
        with pytest.raises(LSTMWidgetsError, match="metrics=.* takes a list out of 'MAE', 'RMSE'"):
            score_table(forecaster, "test", metrics=wrong)


def test_a_frame_is_scored_exactly_as_a_forecaster_is():
    forecaster = ShiftedTruth(climbing_weeks(), CONFIG)
    rows, train = forecast_table(forecaster, "test", stride=1), forecaster.series_.iloc[:84]
    of_frame, of_forecaster = score_frame(rows, train), score_table(forecaster, "test", metrics=ALL_SCORES)
    pd.testing.assert_frame_equal(of_frame, of_forecaster, rtol=1e-12)
    assert of_frame.attrs == {name: of_forecaster.attrs[name] for name in of_frame.attrs}
    assert score_frame(rows, train, models=["drift", "LSTM"], metrics=["MAE"]).index.tolist() == [
        "drift",
        "LSTM",
    ]


def test_a_frame_alone_has_no_scale_and_says_so():
    rows = forecast_table(ShiftedTruth(climbing_weeks(), CONFIG), "test")
    table = score_frame(rows)
    assert table[["MASE", "RMSSE"]].isna().all(axis=None) and table["skill"].notna().all()
    assert table.attrs["notes"] == [
        "MASE is left out: its scale comes from the training part: pass train=.",
        "RMSSE is left out: its scale comes from the training part: pass train=.",
    ]
    rows.attrs = {}
    assert "pass season=." in score_frame(rows, train=[1.0, 2.0]).attrs["notes"][0]


def test_mape_is_left_out_at_a_zero_and_comes_with_its_warning_near_one():
    frame = pd.DataFrame({"y": [0.0, 100.0], "LSTM": [1.0, 100.0], "repeat last": [2.0, 90.0]})
    table = score_frame(frame, metrics=["MAE", "MAPE", "sMAPE"])
    assert table["MAPE"].isna().all() and table["sMAPE"].notna().all()
    assert "MAPE is left out: MAPE is not defined: 1 of 2 actual values are 0" in table.attrs["notes"][0]
    near = score_frame(frame.assign(y=[0.1, 100.0]), metrics=["MAPE"])
    assert near.loc["LSTM", "MAPE"] == pytest.approx(4.5)
    assert near.attrs["notes"][0].startswith("MAPE says little here: actual values come as near to 0 as 0.1")
    assert score_frame(frame.assign(y=[50.0, 100.0]), metrics=["MAPE"]).attrs["notes"] == []


def test_a_model_without_any_forecast_takes_no_row_from_the_others():
    frame = pd.DataFrame(
        {"y": [1.0, 2.0, np.nan], "LSTM": [1.0, 3.0, 9.0], "repeat last": 0.0, "ridge": np.nan}
    )
    table = score_frame(frame, metrics=["MAE"])
    assert table["MAE"].to_dict() == {"LSTM": 0.5, "repeat last": 1.5}
    assert table.attrs["points"] == 2
    assert table.attrs["notes"] == [
        "Ridge is left out: it has no forecast here.",
        "1 of 3 values to forecast were not observed, and count for no model.",
    ]


def test_several_series_in_one_frame_are_refused():
    frame = pd.DataFrame({"unique_id": ["a", "b"], "y": [1.0, 2.0], "LSTM": [1.0, 2.0]})
    with pytest.raises(LSTMWidgetsError, match="several series, 'a' and 'b' among them.*groupby"):
        score_frame(frame)


def test_filled_values_count_for_no_model():
    series = climbing_weeks()
    hole = 139
    series.iloc[hole] = 1e6
    moment = series.index[hole].isoformat()
    series.attrs["repairs"] = [{"method": "mean", "points": 1, "gaps": [[moment, moment, 1]]}]
    forecaster = ShiftedTruth(series, CONFIG)
    table = score_table(forecaster, "test")
    assert table.loc["LSTM", "MAE"] == 0.5 and table.loc["seasonal naive", "MAE"] == 1.0
    assert table.attrs["notes"] == ["1 of 154 values to forecast were not observed, and count for no model."]
    rows = forecast_table(forecaster, "test")
    assert np.isnan(rows["y"].iloc[-1]) and rows["y"].notna().sum() == len(rows) - 1
