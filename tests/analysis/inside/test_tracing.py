"""A window through a network: the right window, every layer, and the forecast made of the last state."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.inside.gates import GateTrace
from lstmwidgets.analysis.inside.tracing import LayerTrace, WindowTrace, trace
from lstmwidgets.data.windows import make_windows


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:300]


def trained(series, **changes):
    config = lw.LSTMConfig(
        **{"sequence_length": 12, "horizon": 3, "units": 5, "epochs": 1, "batch_size": 64, **changes}
    )
    return lw.LSTMForecaster(config).fit(series, progress_bar=False)


@pytest.fixture(scope="module", params=[{}, {"centering": "none"}, {"layers": 2, "dropout": 0.2}], ids=str)
def forecaster(request, series):
    return trained(series, **request.param)


@pytest.fixture(scope="module")
def plain(series):
    return trained(series)


@pytest.fixture(scope="module")
def keras():
    from lstmwidgets.model.backend import keras

    return keras


def test_the_head_makes_of_the_last_hidden_state_what_the_forecaster_forecasts(forecaster):
    for start in forecaster.windows_.test[[0, -1]]:
        seen = trace(forecaster, start=start)
        forecast = forecaster.forecast_windows(np.array([start]))[0]
        np.testing.assert_allclose(seen.head.forecast(seen.h[-1]), forecast, rtol=1e-5)
        assert seen.no_head == ""


def test_the_level_is_the_last_value_or_the_mean_of_the_training_part(forecaster):
    seen = trace(forecaster)
    scaler = forecaster.scaler_
    expected = seen.values[-1] if forecaster.config.centering == "last" else scaler.mean
    assert seen.head.level == pytest.approx(expected, rel=1e-6)
    assert seen.head.scale == scaler.scale


def test_the_first_layer_read_the_values_scaled_and_centred(forecaster):
    start = int(forecaster.windows_.test[5])
    seen = trace(forecaster, start=start)
    np.testing.assert_array_equal(seen.layers[0].x, forecaster.windows_.inputs(np.array([start]))[0])
    assert seen.layers[0].name == "lstm_1" and len(seen.layers) == forecaster.config.layers


def test_the_gates_shown_are_those_of_the_last_layer_in_float64(forecaster):
    seen = trace(forecaster)
    last = seen.layers[-1]
    assert seen.layer is last and isinstance(seen, GateTrace) and isinstance(last, LayerTrace)
    for name in "ifgoch":
        assert getattr(seen, name) is getattr(last, name)
        assert getattr(seen, name).dtype == np.float64 and getattr(seen, name).shape == (12, 5)
    again = lw.gate_activations(last.x, last.kernel, last.recurrent_kernel, last.bias)
    np.testing.assert_allclose(seen.c, again.c, rtol=0, atol=1e-5)


def test_without_a_window_named_it_is_the_newest_of_the_test_part(plain, series):
    seen = trace(plain)
    assert seen.start == plain.windows_.test[-1]
    assert seen.times[-1] == series.index[len(series) - 3 - 1]
    assert seen.values.tolist() == series.iloc[-15:-3].tolist()


def test_a_time_names_the_window_whose_last_value_it_is(plain, series):
    for time in (series.index[40], str(series.index[40]), series.index[40].to_pydatetime()):
        seen = trace(plain, time)
        assert seen.start == 29
        assert seen.times.equals(series.index[29:41])
        assert seen.values.tolist() == series.iloc[29:41].tolist()
    np.testing.assert_array_equal(seen.c, trace(plain, start=29).c)


def test_the_last_window_of_the_series_can_be_traced_though_nothing_follows_it(plain, series):
    seen = trace(plain, series.index[-1])
    np.testing.assert_allclose(seen.head.forecast(seen.h[-1]), plain.predict()["yhat"], rtol=1e-5)


def test_a_forecaster_from_a_file_is_traced_at_the_end_of_its_series(plain, series, tmp_path):
    loaded = lw.LSTMForecaster.load(plain.save(tmp_path / "model.safetensors"))
    for seen in (trace(loaded), trace(loaded, series.index[-1])):
        assert seen.start is None
        assert seen.values.tolist() == series.iloc[-12:].tolist()
        assert seen.times.tolist() == series.index[-12:].tolist()
        np.testing.assert_allclose(seen.head.forecast(seen.h[-1]), plain.predict()["yhat"], rtol=1e-5)
    with pytest.raises(lw.LSTMWidgetsError, match="start=3 cannot be found"):
        trace(loaded, start=3)
    with pytest.raises(lw.LSTMWidgetsError, match="leaves 3 values to read, fewer than sequence_length=12"):
        trace(loaded, series.index[-10])
    loaded.series_ = series  # more than its file held, and still without windows
    assert trace(loaded, series.index[-1]).values.tolist() == series.iloc[-12:].tolist()
    with pytest.raises(lw.LSTMWidgetsError, match="start=39 cannot be found: .* forecaster.windows_ ="):
        trace(loaded, series.index[50])


def test_a_series_with_a_time_zone_is_asked_in_one(series):
    zoned = series.iloc[:120].tz_localize("UTC").asfreq("h")
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=2)
    from lstmwidgets.model.build import build

    forecaster = lw.LSTMForecaster.fitted(config, zoned, make_windows(zoned, config), build(config))
    assert trace(forecaster, zoned.index[50].tz_convert("Asia/Tokyo")).start == 43
    with pytest.raises(lw.LSTMWidgetsError, match="whose time zone is UTC"):
        trace(forecaster, zoned.index[50].tz_localize(None))


@pytest.mark.parametrize(
    ("x", "start", "message"),
    [
        ("2020-01-01 00:30", None, "no time of the series: near it are 2020-01-01 00:00:00 and .* 01:00:00"),
        (
            "2030-01-01",
            None,
            "no time of the series: near it are 2020-.*; the last value read may be of a time",
        ),
        ("2020-01-01 02:00", None, "leaves 3 values to read, fewer than sequence_length=12"),
        ("a monday", None, "x='a monday' is no time .* a window's position is start="),
        ("NaT", None, "x='NaT' does not fit the series, whose time zone is none"),
        (np.zeros((12, 1)), None, "is no time"),
        ("2020-01-03", 3, "x='2020-01-03' and start=3 both name a window"),
        (None, 289, "start=289 is not accepted: .* from 0 to 288"),
        (None, -1, "start=-1 is not accepted"),
        (None, 2.0, "start=2.0 is not accepted"),
    ],
)
def test_a_window_that_the_series_does_not_hold_is_refused(plain, x, start, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        trace(plain, x, start=start)


def test_a_bare_model_is_traced_on_the_array_given(plain):
    x = plain.windows_.inputs(plain.windows_.test[:1])[0]
    seen = trace(plain.model_, x)
    assert (seen.times, seen.values, seen.start) == (None, None, None)
    assert (seen.head.scale, seen.head.level) == (1.0, 0.0)
    np.testing.assert_allclose(seen.head.forecast(seen.h[-1]), plain.model_(x[None]).numpy()[0], atol=1e-5)
    np.testing.assert_array_equal(seen.c, trace(plain.model_, x[None]).c)


def test_a_model_exported_in_the_unit_of_the_series_has_the_same_gates(plain, keras, tmp_path):
    exported = keras.models.load_model(plain.export_keras(tmp_path / "model.keras"))
    ours = trace(plain)
    theirs = trace(exported, ours.values[:, None])
    np.testing.assert_allclose(theirs.c, ours.c, rtol=0, atol=1e-4)
    assert theirs.layer.name == "lstmwidgets/lstm_1"
    assert theirs.head is None and "not a Dense layer" in theirs.no_head


def test_of_a_bidirectional_layer_the_forward_half_is_shown(keras):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 1)), layers.Bidirectional(layers.LSTM(3), name="both"), layers.Dense(1, name="out")]
    )
    seen = trace(model, np.linspace(0, 1, 6)[:, None])
    assert [layer.backwards for layer in seen.layers] == [False, True]
    assert seen.shown == 0 and not seen.backwards and seen.h is seen.layers[0].h
    assert seen.head is None
    assert (
        seen.no_head == "its output layer 'out' reads 'both' (Bidirectional), not a recurrent layer directly"
    )


def test_a_stateful_model_is_traced_from_its_states(keras):
    model = keras.Sequential([keras.Input((4, 1), batch_size=1), keras.layers.LSTM(2, stateful=True)])
    x = np.ones((4, 1), np.float32)
    first = trace(model, x)
    model(x[None])
    second = trace(model, x)
    np.testing.assert_allclose(second.initial_c, first.c[-1], atol=1e-6)
    assert not first.initial_c.any() and not np.allclose(first.c, second.c)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((lw.LSTMConfig(),), {"x": [[1.0]]}, "LSTMConfig is no Keras model"),
        ((lw.LSTMConfig(),), {}, "LSTMConfig is no Keras model"),
        ((), {}, "a model has no window of its own"),
        ((), {"start": 3}, "start=3 is not accepted with a model"),
        ((), {"x": [1.0] * 12}, r"x has the shape \(12,\)"),
    ],
)
def test_what_is_no_model_or_no_window_is_refused(plain, arguments, options, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        trace(*(arguments or (plain.model_,)), **options)


def test_a_forecaster_not_fitted_is_refused():
    from lstmwidgets.model.forecaster import LSTMForecaster

    with pytest.raises(lw.LSTMWidgetsError, match="not fitted: call fit"):
        trace(LSTMForecaster())


@pytest.mark.parametrize("look", [trace, lw.GateExplorer])
def test_a_forecaster_of_many_series_is_refused_with_the_one_to_take(plain, look):
    many = lw.GlobalForecaster(plain.config)
    many.series_, many.windows_, many.model_ = {"a": plain.series_}, plain.windows_, plain.model_
    with pytest.raises(lw.LSTMWidgetsError, match=r"forecaster\.forecaster\('a'\)"):
        look(many)


def test_the_trace_is_frozen(plain):
    seen = trace(plain)
    assert isinstance(seen, WindowTrace) and isinstance(seen.times, pd.DatetimeIndex)
    with pytest.raises(AttributeError):
        seen.head = None


def test_importing_the_module_leaves_tensorflow_out():
    modules = "lstmwidgets.analysis.inside.tracing, lstmwidgets.analysis.inside.matching"
    code = f"import sys, {modules}; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {name.split(".")[0] for name in found.split()}.isdisjoint({"tensorflow", "keras", "scipy"})
