"""The forecast plot's numbers, its state, what the browser gets, and its stills."""

import base64
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import lstmwidgets as lw
from lstmwidgets.analysis.diagnosis.diagnose import diagnose
from lstmwidgets.analysis.scoring.metrics import error_by_step
from lstmwidgets.data.filling import fill_gaps
from lstmwidgets.widgets.forecast import numbers, payload, words
from lstmwidgets.widgets.forecast.study import study
from lstmwidgets.widgets.forecast.walks import read_walk
from lstmwidgets.widgets.forecast_plot import ForecastPlot

CONFIG = lw.LSTMConfig(sequence_length=12, horizon=3, units=4, epochs=2)


def backtest_of(values, at, horizon, times=None, **models):
    """A backtest's frame: each model is a function of the values known at a cutoff."""
    times = pd.date_range("2020-01-01", periods=len(values), freq="D") if times is None else times
    steps = np.asarray(at)[:, None] + 1 + np.arange(horizon)
    frame = pd.DataFrame(
        {
            "unique_id": "made up",
            "ds": times[steps.ravel()],
            "cutoff": times[np.repeat(at, horizon)],
            "y": np.asarray(values, float)[steps.ravel()],
        }
    )
    for name, model in models.items():
        frame[name.replace("_", " ")] = np.ravel([model(values[: each + 1]) for each in at])
    return frame


VALUES = np.array([1.0, 3.0, 2.0, 4.0, 6.0, 5.0, 7.0, 9.0])


@pytest.fixture
def frame():
    frame = backtest_of(
        VALUES,
        [2, 3, 4, 5],
        2,
        LSTM=lambda known: [known[-1] + 1, known[-1] + 2],
        repeat_last=lambda known: [known[-1], known[-1]],
        seasonal_naive=lambda known: [known[-2], known[-1]],
    )
    for level, half in ((80, 1.0), (90, 2.5)):
        frame[f"LSTM-lo-{level}"], frame[f"LSTM-hi-{level}"] = frame["LSTM"] - half, frame["LSTM"] + half
    frame.attrs = {"season": 2, "horizon": 2, "unit": "m"}
    return frame


@pytest.fixture
def plot(frame):
    return ForecastPlot(frame, diagnosis=None)


@pytest.fixture(scope="module")
def forecaster():
    return lw.LSTMForecaster(CONFIG).fit(lw.load_dataset("co2").iloc[-500:], progress_bar=False)


@pytest.fixture(scope="module")
def made(forecaster):
    return ForecastPlot(forecaster)


def sent(plot):
    """The arrays as the browser cuts them."""
    module = plot._module
    return {
        each["name"]: np.frombuffer(
            module.block, np.float32, int(np.prod(each["shape"])), each["offset"]
        ).reshape(each["shape"])
        for each in module.facts["arrays"]
    }


# Numbers -----------------------------------------------------------------------------------


def test_errors_scores_and_coverage_are_those_worked_out_by_hand(plot):
    # what came from the cutoffs: (4, 6), (6, 5), (5, 7), (7, 9); the LSTM says last + 1, last + 2
    found = plot._study
    assert found.errors["LSTM"].tolist() == [1.5, 1.0, 1.5, 1.5]
    assert found.errors["repeat last"].tolist() == [3.0, 1.5, 1.0, 3.0]
    assert plot.scores.loc["LSTM", "MAE"] == 1.375 and plot.scores.loc["repeat last", "MAE"] == 2.125
    assert plot.scores.loc["LSTM", "skill"] == pytest.approx(1 - 1.375 / 2.125)
    assert plot.scores.attrs["points"] == 8
    residuals = [[1, 2], [1, -1], [-2, -1], [1, 2]]
    assert found.residuals.tolist() == residuals
    # within 1 lie 5 of 8, within 2.5 all; of first steps 3 of 4, of second ones 2 of 4
    assert found.coverage[80].tolist() == [[0.625, 2.0], [0.75, 2.0], [0.5, 2.0]]
    assert found.coverage[90][0].tolist() == [1.0, 5.0]
    assert found.held[80].tolist() == [1, 2, 1, 1] and found.known.tolist() == [2, 2, 2, 2]


def test_errors_by_step_are_the_metrics_own(plot, frame):
    pd.testing.assert_frame_equal(plot._study.by_step, error_by_step(frame)[plot._study.by_step.columns])


def test_the_order_of_rows_does_not_matter(frame):
    shuffled = frame.sample(frac=1, random_state=1)
    shuffled.attrs = frame.attrs
    one, other = read_walk(frame), read_walk(shuffled)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.forecasts["LSTM"], other.forecasts["LSTM"])
    np.testing.assert_array_equal(one.bounds[80][0], other.bounds[80][0])


def test_a_forecast_missing_in_one_model_counts_for_none(frame):
    frame.loc[0, "seasonal naive"] = np.nan
    frame.loc[3, "y"] = np.nan
    found = study(frame)
    assert found.scores.attrs["points"] == 6
    assert found.errors["LSTM"].tolist()[:2] == [2.0, 1.0]
    assert words.at_cutoff(found, 1, "m", 2) == "From 4 Jan 2020, LSTM's error at step 2 is unknown."
    frame["LSTM"] = np.nan  # nothing at all: then the others are still told apart
    assert study(frame).scores.loc["repeat last"].notna().all()


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 30), st.integers(1, 5)),
        elements=st.floats(-50, 50) | st.just(np.nan),
    )
)
def test_a_histogram_holds_every_residual_once(residuals):
    edges, shares = numbers.residual_histogram(residuals)
    known = np.isfinite(residuals)
    for row, inside in zip(shares, [known.any(), *known.any(axis=0)], strict=True):
        assert row.sum() == pytest.approx(float(inside))
    assert (np.diff(edges) > 0).all() and edges[0] == -edges[-1]
    middle = np.abs(residuals[known]) < edges[-1] / numbers.BINS * 0.999
    assert shares[0, numbers.BINS // 2] * max(known.sum(), 1) >= np.count_nonzero(middle) - 1e-9


def test_residuals_that_repeat_stand_out_and_noise_does_not():
    at, rng = np.arange(400), np.random.default_rng(0)
    noise = numbers.echo_of(rng.normal(size=400), at, season=12)
    assert noise.outside <= 4 and len(noise.lags) == 26
    cycle = numbers.echo_of(np.sin(2 * np.pi * at / 12) + rng.normal(size=400), at, season=12)
    assert cycle.values[11] > 0.25 and cycle.values[5] < -0.25 and cycle.outside > 10
    sparse = numbers.echo_of(np.sin(2 * np.pi * at / 12), 12 * at // 12 * 3, season=12)
    assert sparse.lags[:3].tolist() == [3, 6, 9]  # cutoffs three steps apart


@pytest.mark.parametrize(
    ("residuals", "at"),
    [
        (np.ones(50), np.arange(50)),
        (np.arange(9.0), np.arange(9)),
        (np.arange(50.0), np.cumsum(np.arange(50) % 7 + 1)),
        (np.full(50, np.nan), np.arange(50)),
    ],
    ids=["never differ", "too few", "here and there", "unknown"],
)
def test_where_residuals_cannot_tell_nothing_is_said(residuals, at):
    assert numbers.echo_of(residuals, at, season=1) is None


# What the browser gets ---------------------------------------------------------------------


def test_the_browser_gets_the_frames_numbers(made):
    arrays, facts, walk = sent(made), made._module.facts, made._study.walk
    table = made.frame.sort_values(["cutoff", "ds"])
    for name in ("LSTM", "seasonal naive", "ridge"):
        expected = table[name].to_numpy().reshape(-1, 3)
        np.testing.assert_allclose(arrays[f"forecast {name}"] + facts["level"], expected, rtol=1e-6)
    assert arrays["forecast repeat last"].shape == (len(walk.at), 1)  # the same at every step
    assert arrays["below 80"].shape == (1, 3)  # split conformal: the same at every cutoff
    low = arrays["forecast LSTM"] - arrays["below 90"] + facts["level"]
    np.testing.assert_allclose(low, table["LSTM-lo-90"].to_numpy().reshape(-1, 3), rtol=1e-6)
    origins = arrays["values"][arrays["at"].astype(int)] + facts["level"]
    np.testing.assert_allclose(origins, table["repeat last"].to_numpy()[::3], rtol=1e-6)
    times = np.frombuffer(made._module.times, np.float64)[arrays["at"].astype(int)]
    assert pd.DatetimeIndex(times.astype("datetime64[ms]")).equals(made.cutoffs.as_unit("ms"))
    json.dumps(facts, allow_nan=False)


def test_small_changes_of_large_numbers_reach_the_browser(frame):
    columns = [name for name in frame if name not in ("unique_id", "ds", "cutoff")]
    frame[columns] = frame[columns] * 1e-3 + 1e9
    plot = ForecastPlot(frame, diagnosis=None)
    assert np.ptp(sent(plot)["forecast LSTM"]) == pytest.approx(np.ptp(frame["LSTM"]), rel=1e-3)


def test_a_backtest_too_large_to_send_is_walked_through_with_longer_steps(frame, monkeypatch):
    monkeypatch.setattr(payload, "MOST_NUMBERS", 30)  # 4 cutoffs of 2 steps hold 56
    plot = ForecastPlot(frame, diagnosis=None)
    assert len(plot.cutoffs) == 2 and plot.cutoffs[-1] == frame["cutoff"].max()
    assert "4 cutoffs, too many to send; 2 of them can be walked to" in plot._module.facts["notes"][0]
    assert plot.scores.attrs["cutoffs"] == 4
    plot.cutoff = 1
    assert "6 Jan 2020" in plot.summary() and plot._picture("png")
    with pytest.raises(lw.LSTMWidgetsError, match="the cutoffs are 0 to 1"):
        plot.cutoff = 2


def test_filled_points_are_told_from_observed_ones_and_gaps_stay_open(forecaster):
    series = lw.load_dataset("nile").copy()
    series.iloc[[60, 61, 75]] = np.nan
    filled = fill_gaps(series, "linear")
    filled.iloc[75] = np.nan
    at = np.arange(65, 90)
    frame = backtest_of(series.to_numpy(), at, 3, series.index, LSTM=lambda known: np.full(3, 900.0))
    plot = ForecastPlot(frame, filled, diagnosis=None)
    arrays, first = sent(plot), 65 - plot._module.facts["context"]
    assert (arrays["filled"] + first).tolist() == [60, 61]
    assert np.flatnonzero(np.isnan(arrays["values"])).tolist() == [75 - first]
    assert plot._picture("png")


def test_more_levels_other_models_and_a_model_of_choice_are_shown(frame):
    frame["AutoARIMA"], frame["Theta"] = frame["y"] + 0.5, frame["y"] + 2
    plot = ForecastPlot(frame, model="AutoARIMA", diagnosis=None)
    facts = plot._module.facts
    assert facts["model"] == "AutoARIMA" and facts["models"][0]["name"] == "AutoARIMA"
    assert facts["levels"] == [] and plot.models == ("repeat last", "seasonal naive", "AutoARIMA")
    hues = [each["hue"] for each in facts["models"]]
    assert len(set(hues)) == len(hues)
    assert "AutoARIMA errs by 0.500 m" in plot.summary()


@pytest.mark.parametrize("freq", ["MS", "B", "15min", "W"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_any_regular_calendar_will_do(freq, horizon):
    times = pd.date_range("2020-01-01", periods=40, freq=freq, tz="UTC" if freq == "15min" else None)
    values = np.random.default_rng(0).normal(size=40)
    frame = backtest_of(values, np.arange(10, 36), horizon, times, LSTM=lambda known: known[-horizon:])
    plot = ForecastPlot(frame, diagnosis=None)
    assert len(plot.cutoffs) == 26 and plot._picture("png")
    plot.cutoff = times[12]
    assert plot.cutoff == 2


def test_a_single_cutoff_and_nothing_known_are_still_shown(frame):
    one = frame[frame["cutoff"] == frame["cutoff"].min()]
    assert len(ForecastPlot(one, diagnosis=None).cutoffs) == 1
    unknown = frame.assign(y=np.nan)
    plot = ForecastPlot(unknown, diagnosis=None)
    assert plot._picture("png") and "nothing that came is known" in plot.summary()
    json.dumps(plot._module.facts, allow_nan=False)


def walk_of(values):
    """Cutoffs at every step, the forecast always 1 above what came."""
    at = np.arange(100, len(values) - 3)
    return backtest_of(values, at, 3, LSTM=lambda known: values[len(known) :][:3] + 1.0)


def test_a_spike_squashes_no_cutoff_but_its_own():
    values = np.tile([0.0, 10.0], 500)
    values[600] = 1000.0
    plot = ForecastPlot(walk_of(values), diagnosis=None)
    facts = plot._module.facts
    assert plot.same_scale and [each + facts["level"] for each in facts["limits"]] == [0.0, 11.0]
    plot.cutoff = 20
    (axes,) = (each for each in plot.still().axes if each.get_legend())
    assert axes.get_ylim() == pytest.approx((-0.66, 11.66))
    plot.cutoff = 499  # 600 comes next
    (axes,) = (each for each in plot.still().axes if each.get_legend())
    assert axes.get_ylim()[1] > 1001


def test_where_the_level_wanders_far_each_cutoff_opens_with_its_own_scale():
    assert not ForecastPlot(walk_of(np.arange(1000.0)), diagnosis=None).same_scale
    assert ForecastPlot(walk_of(np.full(1000, 7.0)), diagnosis=None).same_scale


# State -------------------------------------------------------------------------------------


def test_it_opens_on_the_median_cutoff_with_the_usual_baselines(plot):
    assert plot._study.errors["LSTM"][plot.cutoff] == 1.5
    assert plot.models == ("LSTM", "repeat last", "seasonal naive") and plot.step is None
    assert plot._module.facts["marks"] == {"worst": 3, "median": 0, "best": 1}


def test_a_cutoff_is_chosen_by_position_or_by_time(plot):
    plot.cutoff = np.int64(2)
    assert plot.cutoff == 2
    plot.cutoff = "2020-01-04"
    assert plot.cutoff == 1
    plot.cutoff = pd.Timestamp("2020-01-05 17:00")  # between two: the one before
    assert plot.cutoff == 2
    hourly = pd.date_range("2020-01-01", periods=60, freq="h")
    frame = backtest_of(np.arange(60.0), np.arange(20, 50), 2, hourly, LSTM=lambda known: [0, 0])
    day = ForecastPlot(frame, diagnosis=None)
    day.cutoff = "2020-01-01"  # a date alone: by the end of that day
    assert day.cutoffs[day.cutoff] == pd.Timestamp("2020-01-01 23:00")


def test_state_set_in_python_is_that_of_the_browser_and_back(plot):
    plot.cutoff, plot.step, plot.models, plot.same_scale = "2020-01-06", 2, ["repeat last", "LSTM"], False
    module = plot._module
    assert (module.cutoff, module.step, module.same_scale) == (3, 2, False)
    assert module.models == ("LSTM", "repeat last")
    module.set_state({"cutoff": 1, "step": None, "models": ["LSTM"], "playing": True})
    assert (plot.cutoff, plot.step, plot.models, plot.playing) == (1, None, ("LSTM",), True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cutoff", 4, "cutoff=4 is not accepted: the cutoffs are 0 to 3"),
        ("cutoff", -1, "cutoff=-1 is not accepted"),
        ("cutoff", True, "cutoff=True is not accepted: it takes a position, 0 to 3, or a time"),
        ("cutoff", "soon", "cutoff='soon' is not accepted"),
        ("cutoff", None, "cutoff=None is not accepted"),
        ("cutoff", "1999-01-01", "cutoff='1999-01-01' is not accepted: the cutoffs lie from 2020-01-03"),
        ("cutoff", "2020-01-07", "to 2020-01-06"),
        ("cutoff", pd.Timestamp("2020-01-04", tz="UTC"), "the cutoffs have no time zone"),
        ("step", 3, "step=3 is not accepted: the steps ahead are 1 to 2, and None is all of them"),
        ("step", 0, "step=0 is not accepted"),
        ("step", 1.0, "step=1.0 is not accepted"),
        ("models", ["GRU"], "models=.'GRU'. is not accepted: the backtest has 'LSTM' and 'repeat last'"),
        ("speed", 0.0, "speed=0.0 is not accepted: it lies from 0.1 to 50"),
    ],
)
def test_state_that_makes_no_sense_is_refused_and_leaves_all_as_it_was(plot, name, value, message):
    before = getattr(plot, name)
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        setattr(plot, name, value)
    assert getattr(plot, name) == before


# Bad input ---------------------------------------------------------------------------------


def broken(frame, how):
    rows = frame.copy()
    if how == "no y":
        return rows.drop(columns=["y", "cutoff"])
    if how == "empty":
        return rows.iloc[:0]
    if how == "no models":
        return rows[["unique_id", "ds", "cutoff", "y"]]
    if how == "text":
        return rows.assign(ds=rows["ds"].astype(str))
    if how == "a model of words":
        return rows.assign(GRU="good")
    if how == "two series":
        return pd.concat([rows, rows.assign(unique_id="another")])
    if how == "twice":
        return pd.concat([rows, rows.iloc[:1]])
    if how == "cut short":
        return rows.iloc[:-1]
    if how == "half an interval":
        return rows.drop(columns="LSTM-hi-80")
    if how == "a step left out":
        return rows.assign(ds=rows["ds"] + pd.to_timedelta(np.tile([0, 1], 4), unit="D"))
    return rows.assign(ds=rows["ds"] + pd.to_timedelta(np.arange(8) ** 3, unit="s"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no y", "the frame has no column 'cutoff' and no 'y'"),
        ("empty", "the backtest is empty"),
        ("no models", "the frame has no model"),
        ("text", "the column 'ds' holds str, not times: convert it with pandas.to_datetime"),
        ("a model of words", "the column 'GRU' holds str, not forecasts"),
        ("two series", r"holds 2 series \('made up', 'another', …\).*frame.frame.unique_id == 'made up'"),
        ("twice", "the cutoff 2020-01-03 00:00:00 forecasts 2020-01-04 00:00:00 twice"),
        ("cut short", "the cutoff 2020-01-06 00:00:00 has 1 of the 2 steps that others have"),
        ("half an interval", "the frame has 'LSTM-lo-80' without its other end"),
        ("a step left out", "the times forecast from 2020-01-03 00:00:00 are not the 2 steps that follow it"),
        ("off the grid", "lie on no regular grid"),
    ],
)
def test_a_frame_that_is_no_backtest_is_refused_with_what_is_wrong(frame, how, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        ForecastPlot(broken(frame, how))


def test_whatever_else_does_not_fit_is_refused_too(frame, forecaster, tmp_path):
    with pytest.raises(lw.LSTMWidgetsError, match="'list' is no backtest"):
        ForecastPlot([1, 2, 3])
    with pytest.raises(lw.LSTMWidgetsError, match="model='GRU' is not in the frame: it has 'LSTM' and"):
        ForecastPlot(frame, model="GRU")
    elsewhere = pd.Series(1.0, pd.date_range("2019-01-01", periods=9, freq="D"))
    with pytest.raises(lw.LSTMWidgetsError, match="and the series from 2019-01-01 .* to 2019-01-09"):
        ForecastPlot(frame, elsewhere)
    other = pd.Series(VALUES + 1, pd.date_range("2020-01-01", periods=8, freq="D"))
    with pytest.raises(lw.LSTMWidgetsError, match="the series says 5 at 2020-01-04 00:00:00 and the frame 4"):
        ForecastPlot(frame, other)
    with pytest.raises(lw.LSTMWidgetsError, match="2020-01-03 00:00:00 is none of the times from"):
        ForecastPlot(frame, pd.Series(1.0, pd.date_range("2020-01-01 07:00", periods=9, freq="D")))
    with pytest.raises(lw.LSTMWidgetsError, match="series is a list"):
        ForecastPlot(frame, [1.0])
    with pytest.raises(lw.LSTMWidgetsError, match="the series has no frequency"):
        ForecastPlot(frame, pd.Series(1.0, pd.DatetimeIndex(["2020-01-01", "2020-01-05"])))
    with pytest.raises(lw.LSTMWidgetsError, match="disagree about time zones"):
        ForecastPlot(frame, elsewhere.tz_localize("UTC"))
    with pytest.raises(lw.LSTMWidgetsError, match="not fitted"):
        ForecastPlot(lw.LSTMForecaster(CONFIG))
    with pytest.raises(lw.LSTMWidgetsError, match="diagnosis is a str: pass what lstmwidgets.diagnose"):
        ForecastPlot(frame, diagnosis="fine")


# A forecaster, stills, pages ----------------------------------------------------------------


def test_a_forecaster_is_backtested_with_intervals_and_diagnosed(made, forecaster):
    frame, windows = made.frame, forecaster.windows_
    assert frame["cutoff"].nunique() == len(windows.test)
    assert {"LSTM-lo-80", "LSTM-hi-90", "ridge"} <= set(frame)
    expected = forecaster.forecast_windows(windows.test).ravel()
    np.testing.assert_allclose(frame["LSTM"], expected, rtol=1e-6)
    assert made.models == ("LSTM", "repeat last", "seasonal naive")
    told = made._module.facts["diagnosis"]
    diagnosis = diagnose(forecaster, frame=made.frame)
    assert told["verdict"] == diagnosis.verdict and len(told["findings"]) == len(diagnosis.findings)
    assert diagnosis["coverage"] == diagnose(made.frame)["coverage"]
    assert told["verdict"] in made.summary()


def test_a_forecaster_from_a_file_is_shown_with_the_series_it_was_fitted_on(forecaster, made, tmp_path):
    loaded = lw.LSTMForecaster.load(forecaster.save(tmp_path / "forecaster.safetensors"))
    with pytest.raises(lw.LSTMWidgetsError, match="loaded from a file.*pass series="):
        ForecastPlot(loaded)
    plot = ForecastPlot(loaded, lw.load_dataset("co2").iloc[-500:])
    np.testing.assert_allclose(plot.frame["LSTM-hi-90"], made.frame["LSTM-hi-90"], rtol=1e-5)
    assert "ppm" in plot.summary() and plot.diagnosis.verdict


@pytest.mark.parametrize(("horizon", "levels", "why"), [(5, [80], " at 90 %"), (8, [], "")])
def test_without_room_to_calibrate_there_are_fewer_intervals_or_none_and_it_says_why(horizon, levels, why):
    config = lw.LSTMConfig(
        sequence_length=8, horizon=horizon, units=2, epochs=1, validation_fraction=0.1
    )  # 10 years to validate on: 6 errors of each of 5 steps, and 3 of each of 8
    plot = ForecastPlot(
        lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False), diagnosis=None
    )
    assert plot._module.facts["levels"] == levels
    note = f"There are no intervals{why}: a {80 if not levels else 90} % interval needs at least"
    assert note in plot._module.facts["notes"][0]


def test_a_diagnosis_is_made_taken_or_left_out(frame):
    assert ForecastPlot(frame).diagnosis.verdict == diagnose(frame).verdict
    finding = SimpleNamespace(tone="warning", sentence="It drifts.", advice="")
    own = ForecastPlot(frame, diagnosis=SimpleNamespace(verdict="Hm.", findings=(finding,)))
    assert own._module.facts["diagnosis"]["tone"] == "warning" and "Hm." in own.summary()
    assert ForecastPlot(frame, diagnosis=None)._module.facts["diagnosis"] is None


def test_the_summary_says_what_the_still_shows(plot):
    plot.cutoff = 1
    said = plot.summary()
    assert "made up (m): a backtest from 4 cutoffs, 2 steps ahead." in said
    assert "From 4 Jan 2020, LSTM errs by 1.00 m on average over 2 steps, 33 % less than repeat last." in said
    assert "Of 2 values that came, its 80 % interval held 2, its 90 % interval held 2." in said
    assert "from all cutoffs, m: LSTM 1.38, repeat last 2.12, seasonal naive 2.12." in said
    assert "80 % promised, 62.5 % held, 2.00 m wide" in said


@pytest.mark.parametrize(
    ("error", "other", "said"),
    [
        (1.0, 1.25, "20 % less than a"),
        (1.0, 0.8, "25 % more than a"),
        (1.0, 0.25, "4.00 times as much as a"),
        (1.0, 1.001, "as much as a"),
        (0.0, 0.0, "as little as a"),
        (1.0, 0.0, "and a by nothing at all"),
        (1.0, float("nan"), ""),
    ],
)
def test_errors_are_compared_in_words(error, other, said):
    assert words.beside(error, other, "a") == said


def test_every_cutoff_is_compared_with_the_baseline_that_is_better_over_all_of_them(frame):
    frame["repeat last"] -= 1
    frame.loc[4:5, "repeat last"] = frame["y"]  # no error from the third cutoff, and more from all others
    plot = ForecastPlot(frame)
    assert plot._module.facts["rival"] == "seasonal naive"
    found = plot._study
    assert found.errors["repeat last"][2] < found.errors["seasonal naive"][2]
    for cutoff in range(4):
        assert "seasonal naive." in words.at_cutoff(found, cutoff, "m")
    assert words.rival(study(frame[["unique_id", "ds", "cutoff", "y", "LSTM"]])) is None


def test_at_one_step_ahead_the_errors_are_those_of_that_step(plot):
    # from the first cutoff, where 2 is known: 4 and 6 come, the LSTM says 3 and 4, repeat last 2 and 2
    plot.cutoff, plot.step = 0, 2
    found = plot._study
    assert [words.error_from(found, name, 0, 2) for name in ("LSTM", "repeat last")] == [2.0, 4.0]
    assert "LSTM errs by 2.00 m at step 2, 50 % less than repeat last." in words.at_cutoff(found, 0, "m", 2)
    (legend,) = (axes.get_legend() for axes in plot.still().axes if axes.get_legend())
    assert legend.get_title().get_text() == "Beside each name: absolute error 2 steps ahead, m"
    assert {"LSTM 2.00", "repeat last 4.00"} < {each.get_text() for each in legend.get_texts()}
    assert sent(plot)["came"][1:] + plot._module.facts["level"] == pytest.approx(VALUES[3:])


def test_the_still_shows_itself_beside_the_widget_and_can_be_saved(made, tmp_path):
    bundle = made._repr_mimebundle_()
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    made.step = 2
    drawing = made.save(tmp_path / "forecast.svg").read_text()
    made.step = None
    assert drawing.startswith("<?xml")
    made.same_scale = False
    assert made.save(tmp_path / "forecast.png").read_bytes().startswith(b"\x89PNG")
    made.same_scale = True
    assert repr(made).startswith("ForecastPlot('co2', cutoff=")


def test_the_page_holds_all_it_needs_and_nothing_that_could_end_its_script(frame, tmp_path):
    evil = "</script><b>Nile"
    rows = frame.assign(unique_id=evil).rename(columns={"seasonal naive": "<img src=x onerror=alert(1)>"})
    rows.attrs = {**frame.attrs, "notes": ["<i>a note"]}
    plot = ForecastPlot(rows)
    page = plot.save(tmp_path / "forecast.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="|https?://(?!www\.w3\.org)', page)
    assert page.count("</script>") == 3 and "</script><b>" not in page
    assert "<img" not in page and "<i>a" not in page
    blocks = json.loads(re.search(r'id="lw-blocks">(.*?)</script>', page)[1])
    assert base64.b64decode(blocks["block"]) == plot._module.block
    assert base64.b64decode(blocks["times"]) == plot._module.times
    state = json.loads(re.search(r'id="lw-state">(.*?)</script>', page)[1])
    assert (
        state["cutoff"] == plot.cutoff
        and state["playing"] is False
        and state["facts"]["title"].startswith(evil)
    )


def test_a_loaded_forecaster_is_shown_with_its_series_and_covariates(tmp_path):
    values = np.random.default_rng(0).standard_normal(300)
    index = pd.date_range("2020-01-01", periods=300, freq="h")
    series = pd.Series(np.roll(values, 1), index, name="y")
    beside = pd.DataFrame({"push": values}, index)
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=3, epochs=1)
    forecaster = lw.LSTMForecaster(config).fit(series, covariates=beside, progress_bar=False)
    again = lw.LSTMForecaster.load(forecaster.save(tmp_path / "f.safetensors"))
    shown = lw.ForecastPlot(again, series, covariates=beside, diagnosis=None)
    np.testing.assert_allclose(shown.frame["LSTM"], lw.ForecastPlot(forecaster, diagnosis=None).frame["LSTM"])
    with pytest.raises(lw.LSTMWidgetsError, match="covariates= goes with a forecaster"):
        lw.ForecastPlot(shown.frame, series, covariates=beside)
