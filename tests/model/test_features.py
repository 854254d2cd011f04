"""Networks that read more than the series: covariates, calendar, masks, and a linear highway."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.data.windows import Split
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build
from lstmwidgets.model.inside.passes import as_known_at, scaled_window
from lstmwidgets.model.loop import Loop
from lstmwidgets.model.ridge import Ridge

CONFIG = lw.LSTMConfig(sequence_length=12, horizon=3, units=5, epochs=2, learning_rate=0.01)


def pushed(length: int = 400) -> tuple[pd.Series, pd.DataFrame]:
    """A series that follows, one step later, what a covariate did: nothing of its own helps."""
    push = np.random.default_rng(0).standard_normal(length)
    index = pd.date_range("2020-01-01", periods=length, freq="h")
    series = pd.Series(np.concatenate(([0.0], push[:-1])), index, name="y")
    return series, pd.DataFrame({"push": push}, index)


def holed(length: int = 400) -> pd.Series:
    series = sine_mix(length, (12,), 0.05)
    series.iloc[np.random.default_rng(1).choice(length, 60, replace=False)] = np.nan
    series.attrs.pop("missing", None)
    return series


def fit(
    config: lw.LSTMConfig, series: pd.Series, covariates: pd.DataFrame | None = None
) -> lw.LSTMForecaster:
    return lw.LSTMForecaster(config).fit(series, covariates=covariates, progress_bar=False)


def cases() -> dict[str, tuple[lw.LSTMConfig, pd.Series, pd.DataFrame | None]]:
    series, beside = pushed()
    masked = lw.fill(holed(), mask=True)
    return {
        "highway": (CONFIG.replace(highway="linear"), series, None),
        "covariates": (CONFIG, series, beside),
        "calendar": (CONFIG.replace(calendar="cycles", highway="linear"), series, None),
        "mask": (CONFIG, masked, None),
        "all": (CONFIG.replace(calendar="cycles", highway="linear", centering="none"), masked, beside),
    }


@pytest.fixture(scope="module", params=list(cases()))
def case(request) -> tuple[lw.LSTMForecaster, pd.DataFrame | None]:
    config, series, beside = cases()[request.param]
    return fit(config, series, beside), beside


def test_a_covariate_that_tells_what_comes_is_used():
    series, beside = pushed()
    config = CONFIG.replace(horizon=1, epochs=25)
    blind, seeing = fit(config, series), fit(config, series, beside)
    errors = [lw.score_table(each, "test").loc["LSTM", "MAE"] for each in (blind, seeing)]
    assert errors[1] < 0.25 * errors[0]


def test_a_file_keeps_what_is_read_beside_the_series(case, tmp_path):
    forecaster, beside = case
    again = lw.LSTMForecaster.load(forecaster.save(tmp_path / "f.safetensors"))
    pd.testing.assert_frame_equal(again.predict(), forecaster.predict())
    assert again.scaler_ == forecaster.scaler_
    same = forecaster.predict(series=forecaster.series_, covariates=beside)
    pd.testing.assert_frame_equal(same, forecaster.predict())
    pd.testing.assert_frame_equal(again.predict(series=forecaster.series_, covariates=beside), same)


def test_an_exported_model_reads_every_feature_in_its_own_unit(case, tmp_path):
    forecaster, _ = case
    model = keras.models.load_model(forecaster.export_keras(tmp_path / "f.keras"))
    reading = forecaster.reading_.last(CONFIG.sequence_length)
    beside = forecaster.last_window()[:, 1 + len(reading.names) :]
    raw = np.concatenate([reading.values[:, None], reading.covariates, beside], axis=1)
    answer = model(raw[None].astype(np.float32)).numpy()[0]
    np.testing.assert_allclose(answer, forecaster.predict()["yhat"], rtol=1e-4, atol=1e-5)


def test_what_is_known_at_the_last_step_is_the_forecast(case):
    forecaster, _ = case
    start = int(forecaster.windows_.test[-1])
    whole = forecaster.forecast_windows(np.array([start]))[0]
    np.testing.assert_allclose(as_known_at(forecaster, start)[-1], whole, rtol=1e-4, atol=1e-5)


def test_shares_level_and_bias_add_up_to_the_forecast(case):
    forecaster, _ = case
    seen = lw.trace(forecaster)
    shares = lw.forecast_shares(lw.memory_ledger(seen), seen)
    total = seen.head.level + seen.head.scale * seen.head.bias + shares.sum(axis=0)
    whole = forecaster.forecast_windows(forecaster.windows_.test[-1:])[0]
    np.testing.assert_allclose(total, whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(seen.head.forecast(seen.h[-1]), whole, rtol=1e-4, atol=1e-5)


def test_a_window_cut_short_gives_the_highway_nothing_for_what_it_has_not_read():
    forecaster = fit(CONFIG.replace(highway="linear"), pushed()[0])
    start = int(forecaster.windows_.test[0])
    values = scaled_window(forecaster, start)
    read = values[:5] - values[4]
    last_state = lw.gate_activations(
        read, *(w.numpy() for w in forecaster.model_.get_layer("lstm_1").weights)
    )
    dense, highway = (forecaster.model_.get_layer(name).get_weights() for name in ("forecast", "highway"))
    row = np.concatenate([np.zeros(7), read[:, 0]])
    answer = last_state.h[-1] @ dense[0] + dense[1] + row @ highway[0] + values[4, 0]
    expected = answer * forecaster.scaler_.scale + forecaster.scaler_.mean
    np.testing.assert_allclose(as_known_at(forecaster, start)[4], expected, rtol=1e-4, atol=1e-5)


def test_a_highway_alone_is_a_linear_regression_and_finds_what_ridge_finds():
    rng = np.random.default_rng(0)
    values = np.zeros(2000)
    for step in range(2, 2000):
        values[step] = 1.5 * values[step - 1] - 0.7 * values[step - 2] + 0.1 * rng.standard_normal()
    series = pd.Series(values, pd.date_range("2020-01-01", periods=2000, freq="h"), name="y")
    config = lw.LSTMConfig(
        sequence_length=4,
        horizon=1,
        units=1,
        epochs=30,
        highway="linear",
        centering="none",
        learning_rate=0.01,
    )
    forecaster = fit(config, series)
    error = lw.score_table(forecaster, "test").loc["LSTM", "RMSE"]
    assert error == pytest.approx(0.1, rel=0.08)  # the noise itself


def test_targets_that_were_not_observed_are_not_learned_from():
    series = holed()
    filled_wrongly = series.fillna(1e3)
    places = np.flatnonzero(series.isna())
    filled_wrongly.attrs["repairs"] = [
        {"method": "mean", "points": 1, "gaps": [[series.index[p].isoformat()] * 2 + [1]]} for p in places
    ]
    network = build(CONFIG)
    network.set_weights([0 * weight for weight in network.get_weights()])
    windows = lw.make_windows(filled_wrongly, CONFIG)
    by_hand = np.nanmean(windows.targets(windows.train).astype(np.float64) ** 2)
    assert Loop(network, windows).mean_loss(windows.train) == pytest.approx(by_hand, rel=1e-5)
    optimizer = keras.optimizers.SGD(0.0)
    optimizer.build(network.trainable_variables)
    trained = Loop(network, windows, optimizer).train_epoch(windows.train, len(windows.train))
    assert trained == pytest.approx(by_hand, rel=1e-5)


def test_the_absolute_loss_is_the_mean_size_of_errors_and_one_for_repeat_last():
    config = CONFIG.replace(loss="absolute")
    windows = lw.make_windows(pushed()[0], config)
    network = build(config)
    network.set_weights([0 * weight for weight in network.get_weights()])
    assert Loop(network, windows, loss="absolute").mean_loss(windows.train) == pytest.approx(1.0, rel=1e-5)


def test_a_series_masked_otherwise_than_the_one_fitted_on_is_refused():
    forecaster = fit(CONFIG, lw.fill(holed(), mask=True))
    plain = sine_mix(400, (12,), 0.05)
    with pytest.raises(lw.LSTMWidgetsError, match="reads 2 features and the series, which is not masked"):
        forecaster.predict(series=plain)
    windows = lw.make_windows(plain, CONFIG, forecaster.scaler_)
    with pytest.raises(lw.LSTMWidgetsError, match="features value, and this forecaster reads 2"):
        forecaster.forecast_windows(windows.test, windows)


def test_covariates_left_out_when_forecasting_are_asked_for():
    series, beside = pushed()
    forecaster = fit(CONFIG, series, beside)
    with pytest.raises(lw.LSTMWidgetsError, match="reads the covariates push .* was given none"):
        forecaster.predict(series=series)


def test_a_killed_training_is_not_resumed_with_other_covariates(tmp_path):
    series, beside = pushed()
    lw.Trainer(series, CONFIG, folder=tmp_path, covariates=beside).run()
    with pytest.raises(lw.LSTMWidgetsError, match="the series is another one"):
        lw.Trainer(series, CONFIG, folder=tmp_path, covariates=beside * 2)


def test_a_highway_is_kept_as_it_began_where_no_epoch_is_better():
    series = lw.load_dataset("co2")
    config = lw.LSTMConfig(
        sequence_length=52, horizon=12, units=4, epochs=1, learning_rate=0.3, highway="linear"
    )
    trainer = lw.Trainer(series, config).run()
    assert trainer.best_epoch == 0
    line = Ridge().fit(trainer.windows)
    starts = trainer.windows.test
    np.testing.assert_allclose(
        trainer.forecaster.forecast_windows(starts), line.forecast(trainer.windows, starts), rtol=1e-4
    )
    assert lw.Trainer(series, config.replace(highway="none", learning_rate=0.003)).run().best_epoch == 1


def test_a_killed_training_is_not_resumed_on_other_parts_or_repairs(tmp_path):
    series = pushed()[0]
    lw.Trainer(series, CONFIG, folder=tmp_path).run()
    elsewhere = lw.make_windows(series, CONFIG, split=Split(300, 350, 400))
    with pytest.raises(lw.LSTMWidgetsError, match="its parts end elsewhere"):
        lw.Trainer(series, CONFIG, folder=tmp_path, windows=elsewhere)
    series.attrs["repairs"] = [
        {"method": "mean", "points": 1, "gaps": [[series.index[9].isoformat()] * 2 + [1]]}
    ]
    with pytest.raises(lw.LSTMWidgetsError, match="repaired otherwise"):
        lw.Trainer(series, CONFIG, folder=tmp_path)


def test_a_file_keeps_where_the_parts_end(tmp_path):
    series = pushed()[0]
    split = Split(370, 385, 400)
    trainer = lw.Trainer(series, CONFIG, windows=lw.make_windows(series, CONFIG, split=split)).run()
    again = lw.LSTMForecaster.load(trainer.forecaster.save(tmp_path / "f.safetensors"))
    assert again.split_ == split
    frame = lw.backtest(again, series, baselines=[], step=1, progress_bar=False)
    assert frame["cutoff"].iloc[0] == series.index[384]
    assert frame.attrs["train_end"] == series.index[369].isoformat()


def test_a_loaded_forecaster_asks_for_its_covariates_by_name(tmp_path):
    series, beside = pushed()
    again = lw.LSTMForecaster.load(fit(CONFIG, series, beside).save(tmp_path / "f.safetensors"))
    with pytest.raises(lw.LSTMWidgetsError, match="reads the covariates push beside .* pass covariates="):
        lw.backtest(again, series, progress_bar=False)
    frame = lw.backtest(again, series, covariates=beside, baselines=[], progress_bar=False)
    assert frame["LSTM"].notna().all()
