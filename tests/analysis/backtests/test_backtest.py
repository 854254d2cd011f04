"""A backtest knows at each cutoff what was known then, no more, and survives being killed."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.backtests.backtest import backtest
from lstmwidgets.analysis.backtests.fills import rests_on
from lstmwidgets.analysis.backtests.rolling import refit_split
from lstmwidgets.analysis.scoring.baselines import RepeatLast, SeasonalNaive
from lstmwidgets.data.windows import windows_over
from lstmwidgets.model.training import Trainer

CONFIG = lw.LSTMConfig(
    sequence_length=12,
    horizon=4,
    units=4,
    epochs=2,
    batch_size=64,
    validation_fraction=0.2,
    test_fraction=0.2,
)
MODELS = ["LSTM", "repeat last", "seasonal naive", "drift", "window mean", "ridge"]


def made_up(length=300, seed=0):
    time_steps = np.arange(length)
    wave = 10 + 3 * np.sin(2 * np.pi * time_steps / 24)
    values = wave + np.random.default_rng(seed).normal(scale=0.5, size=length)
    index = pd.date_range("2020-01-01", periods=length, freq="h", name="time")
    series = pd.Series(values, index, name="load")
    series.attrs["unit"] = "kW"
    return series


@pytest.fixture(scope="module")
def series():
    return made_up()


@pytest.fixture(scope="module")
def forecaster(series):
    return lw.LSTMForecaster(CONFIG).fit(series, progress_bar=False)


@pytest.fixture(scope="module")
def frame(forecaster):
    return backtest(forecaster, step=1, progress_bar=False)


def test_every_model_forecasts_from_every_cutoff_of_the_test_part(frame, series, forecaster):
    assert frame.columns.tolist() == ["unique_id", "ds", "cutoff", "y", *MODELS]
    assert len(frame) == len(forecaster.windows_.test) * 4 == 57 * 4
    assert frame[["cutoff", "ds"]].apply(tuple, axis=1).is_monotonic_increasing
    assert set(frame["unique_id"]) == {"load"}
    assert frame["ds"].min() == series.index[240] and frame["ds"].max() == series.index[-1]
    assert frame["y"].tolist() == series.loc[frame["ds"]].tolist()
    assert frame["repeat last"].tolist() == series.loc[frame["cutoff"]].tolist()
    day_before = series.loc[frame["ds"] - pd.Timedelta(hours=24)]
    assert frame["seasonal naive"].tolist() == day_before.tolist()
    assert not frame.isna().any(axis=None)
    assert frame.attrs == {
        "season": 24,
        "horizon": 4,
        "unit": "kW",
        "part": "test",
        "train_end": series.index[179].isoformat(),
        "refit": False,
        "config": CONFIG.model_dump(),
        "notes": [],
    }


def test_a_diagnosis_of_the_frame_speaks_in_the_unit_of_the_series(frame):
    assert " kW; " in lw.diagnose(frame)["skill"].sentence


def test_the_network_answers_what_it_would_have_at_the_cutoff(frame, series, forecaster):
    for cutoff in frame["cutoff"].unique()[[0, 20, -1]]:
        alone = forecaster.predict(series=series.loc[:cutoff])
        rows = frame[frame["cutoff"] == cutoff]
        assert rows["ds"].tolist() == alone["ds"].tolist()
        np.testing.assert_allclose(rows["LSTM"], alone["yhat"], rtol=1e-5)


def test_cutoffs_follow_one_another_without_overlap_by_default(forecaster, series):
    frame = backtest(forecaster, progress_bar=False)
    assert frame["ds"].tolist() == series.index[-60:].tolist()
    sparse = backtest(forecaster, step=10_000, progress_bar=False)
    assert sparse["cutoff"].unique().tolist() == [series.index[-5]]


def test_a_shorter_horizon_is_the_beginning_of_the_longer_one(forecaster, frame, series):
    short = backtest(forecaster, horizon=1, step=1, progress_bar=False)
    assert len(short) == 60 and short["cutoff"].iloc[-1] == series.index[-2]
    first = frame.groupby("cutoff").head(1)
    both = short[short["cutoff"].isin(first["cutoff"])]
    np.testing.assert_allclose(both[MODELS], first[MODELS], rtol=1e-6)


def test_each_part_holds_all_that_is_forecast(forecaster, series):
    bounds = {"train": (12, 180), "validation": (180, 240), "test": (240, 300), "all": (180, 300)}
    for part, (first, end) in bounds.items():
        frame = backtest(forecaster, part=part, step=1, progress_bar=False)
        assert frame["ds"].min() == series.index[first] and frame["ds"].max() == series.index[end - 1]
        assert frame["cutoff"].nunique() == end - first - 3
        told = [note for note in frame.attrs["notes"] if "in-sample" in note]
        assert bool(told) == (part == "train")
        chosen = [note for note in frame.attrs["notes"] if "which chose the weights that were kept" in note]
        assert bool(chosen) == (part in ("validation", "all"))


def test_forecasts_of_what_was_trained_on_are_told_to_be_in_sample(forecaster, series):
    cutoffs = series.index[[30, 100, 178, 179, 200]]
    notes = backtest(forecaster, cutoffs=cutoffs, progress_bar=False).attrs["notes"]
    assert notes == [
        "3 of 5 cutoffs forecast values that the network was trained on, those up to 2020-01-08T11:00:00: "
        "errors there are in-sample, and smaller than what is to come.",
        "2 of 5 cutoffs forecast the validation part, which chose the weights that were kept: errors there "
        "may be a little smaller than what is to come.",
    ]


def test_given_cutoffs_are_taken_in_time_order(forecaster, frame, series):
    wanted = [series.index[270], "2020-01-12 00:00", series.index[-5]]
    given = backtest(forecaster, cutoffs=wanted, progress_bar=False)
    assert given["cutoff"].unique().tolist() == sorted(pd.to_datetime(wanted))
    assert given.attrs["part"] is None
    same = frame[frame["cutoff"].isin(given["cutoff"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(given, same, rtol=1e-5)


def test_a_series_continued_is_all_test_where_it_is_newer(series):
    old = series.iloc[:250]
    forecaster = lw.LSTMForecaster(CONFIG).fit(old, progress_bar=False)
    frame = backtest(forecaster, series, step=1, progress_bar=False)
    split = forecaster.windows_.split
    assert frame["ds"].min() == series.index[split.validation_end] and frame["ds"].max() == series.index[-1]
    assert frame.attrs["notes"] == [] and frame.attrs["train_end"] == series.index[149].isoformat()
    shared = backtest(forecaster, step=1, progress_bar=False)
    pd.testing.assert_frame_equal(frame.iloc[: len(shared)], shared, rtol=1e-5)
    only_new = backtest(forecaster, series.iloc[230:], step=1, progress_bar=False)
    assert only_new["ds"].min() == series.index[242]
    np.testing.assert_allclose(only_new["LSTM"], frame["LSTM"].tail(len(only_new)), rtol=1e-5)
    told = backtest(forecaster, series, part="train", progress_bar=False).attrs["notes"]
    assert "were trained" not in told and "in-sample" in told[0]


def test_a_series_revised_at_one_time_is_still_in_sample(forecaster, series):
    revised = series.copy()
    revised.iloc[290] += 0.01
    frame = backtest(forecaster, revised, part="train", baselines=[], progress_bar=False)
    assert frame.attrs["notes"] == [
        "The series is not the one the network was fitted on: at the same times its values differ.",
        "42 of 42 cutoffs forecast times that the network was trained on, those up to 2020-01-08T11:00:00: "
        "as far as their values are the same, errors there are in-sample, and smaller than what is to come.",
    ]


def test_a_forecaster_of_many_series_is_refused_with_what_to_pass(series):
    from lstmwidgets.model.pooled import GlobalForecaster

    many = GlobalForecaster(CONFIG.replace(epochs=1)).fit(
        {"a": series, "b": made_up(seed=1)}, progress_bar=False
    )
    for refuse in (backtest, lw.diagnose, lw.ForecastPlot, lambda each: lw.score_table(each, "test")):
        with pytest.raises(lw.LSTMWidgetsError, match=r"holds 2 series.*forecaster\.forecaster\('a'\)"):
            refuse(many)
    assert backtest(many.forecaster("b"), progress_bar=False)["unique_id"].unique().tolist() == ["b"]


def test_a_loaded_forecaster_needs_the_series_it_was_fitted_on(forecaster, frame, series, tmp_path):
    loaded = lw.LSTMForecaster.load(forecaster.save(tmp_path / "saved.safetensors"))
    with pytest.raises(
        lw.LSTMWidgetsError, match="loaded from a file, which does not hold its series: pass series="
    ):
        backtest(loaded, progress_bar=False)
    again = backtest(loaded, series, step=1, progress_bar=False)
    pd.testing.assert_frame_equal(again, frame, rtol=1e-6)
    parts = dataclasses.replace(forecaster.split_, train_end=170)  # other than the fractions say
    loaded.split_ = parts
    told = backtest(loaded, series, progress_bar=False).attrs["train_end"]
    assert told == series.index[169].isoformat()
    longer = pd.concat([series, made_up(310).iloc[300:]]).asfreq("h")
    assert backtest(loaded, longer, progress_bar=False)["ds"].max() == longer.index[-1]
    with pytest.raises(lw.LSTMWidgetsError, match="does not begin with the one it was fitted on"):
        backtest(loaded, series.iloc[50:], progress_bar=False)


def test_a_refit_is_a_training_on_what_was_known_and_ends_at_the_cutoff(forecaster, series):
    cutoffs = series.index[[200, 230, 260]]
    frame = backtest(forecaster, cutoffs=cutoffs, refit=2, progress_bar=False)
    for fitted_at, forecast_at in [(200, 200), (200, 230), (260, 260)]:
        known = series.iloc[: fitted_at + 1]
        split = refit_split(len(known), CONFIG)
        assert (split.train_end, split.validation_end) == (round(0.8 * len(known)), len(known))
        trainer = Trainer(known, CONFIG, windows=windows_over(known, CONFIG, split)).run()
        alone = trainer.forecaster.predict(series=series.iloc[: forecast_at + 1])
        rows = frame[frame["cutoff"] == series.index[forecast_at]]
        np.testing.assert_allclose(rows["LSTM"], alone["yhat"], rtol=1e-5)
    assert frame.attrs["refit"] == 2
    assert frame.attrs["train_end"] == series.index[round(0.8 * 201) - 1].isoformat()
    assert frame.attrs["notes"] == []


@pytest.mark.parametrize("refit", [True, 2])
def test_no_model_knows_what_came_after_its_cutoff(forecaster, series, refit):
    cutoffs = series.index[[210, 240, 280]]
    other = series.copy()
    other.iloc[241:] += 100
    one = backtest(forecaster, series, cutoffs=cutoffs, refit=refit, progress_bar=False)
    two = backtest(forecaster, other, cutoffs=cutoffs, refit=refit, progress_bar=False)
    pd.testing.assert_frame_equal(one.loc[:7, MODELS], two.loc[:7, MODELS])
    assert (one.loc[8:, "LSTM"] != two.loc[8:, "LSTM"]).all()


def test_the_same_call_gives_the_same_numbers(forecaster, series):
    cutoffs = series.index[[250, 270]]
    one, two = (backtest(forecaster, cutoffs=cutoffs, refit=True, progress_bar=False) for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert one.attrs["refit"] is True


def test_what_is_missing_is_left_out_and_told(series):
    holed = series.copy()
    holed.iloc[270] = np.nan
    forecaster = lw.LSTMForecaster(CONFIG).fit(holed, progress_bar=False)
    frame = backtest(forecaster, step=1, progress_bar=False)
    # 12 windows read the hole, and three values of four are still forecast by the windows before it
    assert frame["cutoff"].nunique() == 57 - 12
    assert frame["y"].isna().sum() == 4
    assert frame.attrs["notes"] == [
        "12 of 57 cutoffs are left out, because their window touches a missing value or nothing was observed "
        "after it.",
        "4 of 180 values forecast were not observed: they count for no model.",
        "The model 'seasonal naive' has no forecast for 4 of 180 values.",
    ]
    with pytest.raises(
        lw.LSTMWidgetsError, match="window of every one of the 1 cutoffs touches a missing value"
    ):
        backtest(forecaster, cutoffs=[series.index[272]], progress_bar=False)


def test_a_cutoff_in_a_filled_gap_is_told(series):
    repaired = series.copy()
    repaired.attrs["repairs"] = [
        {
            "method": "linear",
            "points": 3,
            "gaps": [[series.index[270].isoformat(), series.index[272].isoformat(), 3]],
            "reach": "gap",
        }
    ]
    forecaster = lw.LSTMForecaster(CONFIG).fit(repaired, progress_bar=False)
    frame = backtest(forecaster, step=1, progress_bar=False)
    assert frame["y"].isna().sum() == 3 * 4
    assert frame.attrs["notes"][0] == (
        "3 of 57 cutoffs read filled values that may rest on what came after the cutoff, 3 of them as the "
        "last value known: this may flatter the forecast."
    )


def moved_by_the_future(forecaster, gappy, rule, cutoffs, refit):
    """Whether forecasts change when nothing but what came after each cutoff does, and whether it is told."""
    moved, told = False, False
    for place in cutoffs:
        later = gappy.copy()
        later.iloc[place + 1 :] += np.random.default_rng(1).normal(scale=50.0, size=len(gappy) - place - 1)
        series = [rule(each) for each in (gappy, later)]
        frames = [
            backtest(forecaster, each, cutoffs=[gappy.index[place]], refit=refit, progress_bar=False)
            for each in series
        ]
        moved |= not np.allclose(frames[0][MODELS], frames[1][MODELS], rtol=1e-5)
        told |= any("read filled values" in note for note in frames[0].attrs["notes"])
    return moved, told


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize(
    ("rule", "ahead"),
    [
        (lambda series: lw.fill(series, "forward"), False),
        (lambda series: lw.fill(series, "linear"), False),
        (lambda series: lw.fill(series, "seasonal"), True),
        (lambda series: lw.fill(series, "mean"), True),
        (lambda series: lw.fill(lw.fill(series, "seasonal"), mask=True), True),
    ],
)
def test_a_window_that_reads_a_fill_made_of_its_future_is_told(series, rule, ahead, refit):
    gappy = series.copy()
    gappy.iloc[240:244] = np.nan
    forecaster = lw.LSTMForecaster(CONFIG).fit(rule(gappy), progress_bar=False)
    # four steps after the gap, when its end is long known
    assert moved_by_the_future(forecaster, gappy, rule, [247], refit) == (ahead, ahead)
    if refit and ahead:
        note = backtest(
            forecaster, cutoffs=[gappy.index[247]], refit=True, baselines=[], progress_bar=False
        ).attrs["notes"][0]
        assert "train on or read" in note and note.endswith("and not again at each cutoff.")


def test_a_fill_rests_on_what_its_rule_reads_and_on_what_that_rests_on():
    hours = pd.date_range("2020-01-01", periods=60, freq="h")
    gappy = pd.Series(np.random.default_rng(0).normal(size=60), hours)
    gappy.iloc[30:32] = np.nan
    seasonal = lw.fill(gappy, "seasonal", season=4)
    assert rests_on(seasonal)[29:33].tolist() == [29, 31 + 13, 31 + 13, 32]
    assert rests_on(seasonal.iloc[:40])[30] >= 39  # what is cut away was read all the same
    halved = seasonal.copy()
    halved.iloc[31] = np.nan
    assert rests_on(lw.fill(halved, "forward"))[30:33].tolist() == [44, 44, 32]
    assert rests_on(gappy).tolist() == list(range(60))


def test_a_masked_series_keeps_its_cutoffs(series):
    masked = series.copy()
    masked.iloc[270] = np.nan
    masked.attrs["mask"] = True
    forecaster = lw.LSTMForecaster(CONFIG).fit(masked, progress_bar=False)
    frame = backtest(forecaster, step=1, progress_bar=False)
    assert frame["cutoff"].nunique() == 57 and frame["LSTM"].notna().all()
    refitted = backtest(forecaster, cutoffs=masked.index[[265, 275]], refit=True, progress_bar=False)
    assert refitted["LSTM"].notna().all()
    with pytest.raises(
        lw.LSTMWidgetsError, match="the network reads value, known, and this series gives value: repair"
    ):
        backtest(forecaster, series, progress_bar=False)


def test_covariates_are_read_up_to_the_cutoff(series):
    covariates = pd.DataFrame({"wind": made_up(seed=5).to_numpy()}, index=series.index)
    forecaster = lw.LSTMForecaster(CONFIG).fit(series, covariates=covariates, progress_bar=False)
    cutoff = series.index[270]
    for refit in (False, True):
        frame = backtest(forecaster, cutoffs=[cutoff], refit=refit, progress_bar=False)
        changed = covariates.mask(covariates.index.to_series() > cutoff, 0.0)
        same = backtest(
            forecaster, series, cutoffs=[cutoff], refit=refit, covariates=changed, progress_bar=False
        )
        np.testing.assert_allclose(frame[MODELS], same[MODELS], rtol=1e-6)
    with pytest.raises(
        lw.LSTMWidgetsError, match="covariates are rain, and the forecaster was fitted with wind"
    ):
        backtest(
            forecaster, series, covariates=covariates.rename(columns={"wind": "rain"}), progress_bar=False
        )
    with pytest.raises(lw.LSTMWidgetsError, match="covariates= goes with series="):
        backtest(forecaster, covariates=covariates, progress_bar=False)


class Reader:
    """A baseline that tells which part it was fitted on."""

    name = "fitted on"

    def fit(self, windows):
        self.end = windows.split.train_end
        return self

    def forecast(self, windows, starts):
        return np.full((len(starts), windows.horizon), float(self.end))


def test_baselines_of_ones_own_are_fitted_where_the_network_was(forecaster, series):
    mine = Reader()
    frame = backtest(forecaster, baselines=[mine], progress_bar=False)
    assert frame.columns.tolist()[4:] == ["LSTM", "fitted on"] and (frame["fitted on"] == 180).all()
    assert not hasattr(mine, "end")
    cutoffs = series.index[[249, 274]]
    refitted = backtest(forecaster, cutoffs=cutoffs, refit=True, baselines=[mine], progress_bar=False)
    assert refitted["fitted on"].unique().tolist() == [200, 220]
    none = backtest(forecaster, baselines=[], progress_bar=False)
    assert none.columns.tolist() == ["unique_id", "ds", "cutoff", "y", "LSTM"]
    with pytest.raises(lw.LSTMWidgetsError, match="two columns would be called 'repeat last'"):
        backtest(forecaster, baselines=[RepeatLast(), RepeatLast()], progress_bar=False)


def test_all_that_goes_with_the_frame_is_plain_json(forecaster, frame, tmp_path):
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    frame.to_parquet(tmp_path / "frame.parquet")
    back = pd.read_parquet(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_over_the_cutoffs(forecaster, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    backtest(forecaster)
    assert "0/15 cutoffs |" in sys.stderr.getvalue()


def test_no_bar_is_drawn_where_nobody_looks(forecaster, capsys):
    backtest(forecaster)
    captured = capsys.readouterr()
    assert captured.err == "" == captured.out


# Killed, and called again ---------------------------------------------------------------------------

KILLED = """
import sys
sys.path.insert(0, sys.argv[1])
import test_backtest as these
series = these.made_up()
forecaster = these.lw.LSTMForecaster(these.CONFIG).fit(series, progress_bar=False)
these.backtest(forecaster, cutoffs=series.index[220:290:5], refit=2, folder=sys.argv[2], progress_bar=False)
"""


def test_a_backtest_that_is_killed_goes_on_and_ends_with_the_same_numbers(forecaster, series, tmp_path):
    folder = tmp_path / "kept"
    settings = {"cutoffs": series.index[220:290:5], "refit": 2, "progress_bar": False}
    command = [sys.executable, "-c", KILLED, os.path.dirname(__file__), str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("part-*"))) < 2 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL, errors.decode()
    done = {path: path.stat().st_mtime_ns for path in folder.glob("part-*")}
    assert 2 <= len(done) < 7
    resumed = backtest(forecaster, folder=folder, **settings)
    uninterrupted = backtest(forecaster, **settings)
    pd.testing.assert_frame_equal(resumed, uninterrupted, check_exact=True)
    assert resumed.attrs == uninterrupted.attrs
    assert len(list(folder.glob("part-*"))) == 7
    assert {path: path.stat().st_mtime_ns for path in done} == done  # taken as they were, not made again


def test_a_finished_backtest_is_read_and_a_lost_part_made_again(forecaster, frame, tmp_path):
    first = backtest(forecaster, step=1, folder=tmp_path, progress_bar=False)
    pd.testing.assert_frame_equal(first, frame, check_exact=True)
    (part,) = tmp_path.iterdir()
    before = part.stat().st_mtime_ns
    pd.testing.assert_frame_equal(backtest(forecaster, step=1, folder=tmp_path, progress_bar=False), frame)
    assert part.stat().st_mtime_ns == before
    part.unlink()
    pd.testing.assert_frame_equal(backtest(forecaster, step=1, folder=tmp_path, progress_bar=False), frame)


def test_many_parts_are_the_same_as_one(forecaster, frame, series, tmp_path, monkeypatch):
    monkeypatch.setattr("lstmwidgets.analysis.backtests.backtest.PART_FORECASTS", 50)
    for settings in ({}, {"series": series}):
        folder = tmp_path / str(len(settings))
        parted = backtest(forecaster, **settings, step=1, folder=folder, progress_bar=False)
        pd.testing.assert_frame_equal(parted, frame, rtol=1e-6)
        assert len(list(folder.iterdir())) == 5


def test_a_folder_of_another_backtest_is_refused_with_the_reason(forecaster, series, tmp_path):
    backtest(forecaster, folder=tmp_path, progress_bar=False)
    fresh = lw.LSTMForecaster(CONFIG.replace(epochs=1)).fit(series, progress_bar=False)
    for reason, tester, settings in [
        ("horizon=4 there, 2 here", forecaster, {"horizon": 2}),
        ("cutoffs='15 from", forecaster, {"step": 1}),
        ("refit=0 there, 1 here", forecaster, {"refit": True}),
        ("the series is another one", forecaster, {"series": made_up(seed=3)}),
        ("models=", forecaster, {"baselines": [SeasonalNaive(12)]}),
        ("epochs=2 there, 1 here", fresh, {}),
        ("network='", fresh, {}),
    ]:
        with pytest.raises(
            lw.LSTMWidgetsError, match=f"holds another backtest .*{reason}.*use another folder"
        ):
            backtest(tester, folder=tmp_path, progress_bar=False, **settings)


def test_parts_that_another_version_made_are_refused(forecaster, tmp_path):
    backtest(forecaster, folder=tmp_path, progress_bar=False)
    part = tmp_path / "part-00000.safetensors"
    here = f'\\"lstmwidgets\\":\\"{lw.__version__}\\"'.encode()
    content = part.read_bytes()
    assert content.count(here) == 1
    part.write_bytes(content.replace(here, here.replace(b"0", b"9")))
    with pytest.raises(lw.LSTMWidgetsError, match=f"lstmwidgets 9.1.9 there, {lw.__version__} here"):
        backtest(forecaster, folder=tmp_path, progress_bar=False)


def test_a_damaged_part_is_refused_and_named(forecaster, tmp_path):
    backtest(forecaster, folder=tmp_path, progress_bar=False)
    part = tmp_path / "part-00000.safetensors"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(
        lw.LSTMWidgetsError, match=r"part-00000.safetensors' was not written by .*, or is damaged"
    ):
        backtest(forecaster, folder=tmp_path, progress_bar=False)


# What cannot be done, and what to do instead --------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 5}, "horizon=5 is not accepted: horizon takes a whole number from 1 to 4"),
        ({"horizon": 0}, "horizon=0 is not accepted"),
        ({"horizon": True}, "horizon=True is not accepted"),
        ({"step": 0}, "step=0 is not accepted: step takes a whole number from 1 up"),
        ({"step": 1.5}, "step=1.5 is not accepted"),
        (
            {"part": "dev"},
            "part='dev' is not accepted: a backtest takes 'train', 'validation', 'test', 'all'",
        ),
        ({"refit": -1}, "refit=-1 is not accepted: False keeps the network"),
        ({"refit": "yes"}, "refit='yes' is not accepted"),
        ({"cutoffs": []}, "cutoffs has no timestamp in it"),
        ({"cutoffs": ["soon"]}, r"cutoffs=\['soon'\] are not timestamps"),
        (
            {"cutoffs": ["2020-01-05 00:30"]},
            "cutoff 2020-01-05 00:30:00 is not a time of the series, which runs",
        ),
        ({"cutoffs": ["1999-01-01"]}, "cutoff 1999-01-01 00:00:00 is not a time of the series"),
        (
            {"cutoffs": ["2020-01-01 10:00"]},
            "is too early: 11 values are known by then, and a window reads sequence_length=12. The first "
            "possible is 2020-01-01T11:00:00",
        ),
        (
            {"cutoffs": ["2020-01-13 09:00"]},
            "has 2 of horizon=4 steps after it in the series: the last possible is 2020-01-13T07:00:00",
        ),
        ({"cutoffs": ["2020-01-05", "2020-01-05"]}, "cutoff 2020-01-05 00:00:00 is given twice"),
        ({"cutoffs": ["2020-01-05"], "step": 2}, "step=2 goes with part=, not with cutoffs="),
        (
            {"cutoffs": ["2020-01-01 18:00"], "refit": True},
            "the refit at cutoff 2020-01-01T18:00:00 has 19 points, 15 of them to train on and 4 to validate "
            "on, and sequence_length=12 with horizon=4 needs 16 and 4: take cutoffs from 2020-01-01T19:00:00",
        ),
    ],
)
def test_what_is_not_accepted_is_said_with_what_is(forecaster, settings, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        backtest(forecaster, progress_bar=False, **settings)


def test_a_refit_has_enough_from_the_cutoff_that_its_refusal_names(forecaster):
    frame = backtest(forecaster, cutoffs=["2020-01-01 19:00"], refit=True, progress_bar=False)
    assert frame["LSTM"].notna().all()


def test_a_refit_on_values_that_never_change_is_refused_with_its_cutoff(series):
    flat = series.copy()
    flat.iloc[:100] = 5.0
    forecaster = lw.LSTMForecaster(CONFIG).fit(flat, progress_bar=False)
    with pytest.raises(
        lw.LSTMWidgetsError, match="the refit at cutoff 2020-01-03T02:00:00: the train part never changes"
    ):
        backtest(forecaster, cutoffs=[series.index[50]], refit=True, progress_bar=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.iloc[:15], "the series has 15 points, too few for one window: .* need 16"),
        (lambda s: s * 0 + 5, r"the series never changes \(every value is 5\)"),
        (lambda s: s * np.nan, "every value of column 'load' is missing"),
        (lambda s: s.where(s.index != s.index[7], np.inf), "infinite"),
        (lambda s: s.iloc[::2], "frequency '2h' and this forecaster was fitted on 'h'"),
        (
            lambda s: s.iloc[:243],
            r"the test part has 3 of the series' 243 points \(it would begin at 2020-01-11",
        ),
        (lambda s: s.iloc[:200], "the test part has 0 of the series' 200 points, too few for horizon=4"),
        (lambda s: s.iloc[:1], "1 row"),
    ],
)
def test_a_series_that_cannot_be_forecast_is_refused(forecaster, series, change, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        backtest(forecaster, change(series), progress_bar=False)


def test_a_forecaster_that_is_not_fitted_is_refused(series):
    for given in (None, series):
        with pytest.raises(lw.LSTMWidgetsError, match=r"not fitted: call fit\(series\) first"):
            backtest(lw.LSTMForecaster(CONFIG), given, progress_bar=False)
