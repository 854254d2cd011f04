"""Every cell: what it learns, that its seed decides it, its file, and what Keras alone makes of it."""

from typing import get_args

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build
from lstmwidgets.model.cells import positions
from lstmwidgets.model.shapes import count_parameters, encoder_of

CELLS = get_args(lw.LSTMConfig.model_fields["cell"].annotation)
WAVES = sine_mix(length=260, periods=(12,), noise=0.0)


def config_of(cell: str, **changes: object) -> lw.LSTMConfig:
    settings: dict = {
        "sequence_length": 12,
        "horizon": 2,
        "units": 8,
        "epochs": 15,
        "learning_rate": 0.02,
        "batch_size": 16,
    }
    return lw.LSTMConfig(cell=cell, **{**settings, **changes})


@pytest.fixture(scope="module", params=CELLS)
def fitted(request):
    """A forecaster of each cell on a wave without noise, which can be forecast perfectly."""
    return lw.LSTMForecaster(config_of(request.param)).fit(WAVES, progress_bar=False)


def test_a_series_without_noise_is_learned_to_a_small_fraction_of_its_spread(fitted):
    scores = lw.score_table(fitted, "test")
    assert scores.loc[fitted.config.network, "MAE"] < 0.1 * WAVES.std()


def test_it_comes_back_from_its_file_with_the_same_forecast(fitted, tmp_path):
    loaded = lw.LSTMForecaster.load(fitted.save(tmp_path / "waves.safetensors"))
    assert loaded.config == fitted.config
    assert loaded.predict().equals(fitted.predict())


def test_keras_alone_loads_its_export_and_forecasts_the_same(fitted, tmp_path):
    model = keras.models.load_model(fitted.export_keras(tmp_path / "waves.keras"))
    assert not any(type(layer).__module__.startswith("lstmwidgets") for layer in model._flatten_layers())
    raw = WAVES.to_numpy(np.float32)[-12:, None]
    np.testing.assert_allclose(model.predict(raw[None], verbose=0)[0], fitted.predict()["yhat"], atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_the_seed_decides_every_number_of_a_training(cell):
    config = config_of(cell, sequence_length=5, units=3, epochs=1, dropout=0.2)
    first, again = (
        lw.LSTMForecaster(config).fit(WAVES, progress_bar=False).model_.get_weights() for _ in range(2)
    )
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    begun, other = (build(config.replace(seed=seed)).get_weights()[0] for seed in (0, 1))
    assert not np.array_equal(begun, other)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_other_activations_are_those_of_keras_own_layer(activation):
    config = config_of("lstm", activation=activation, recurrent_activation="hard_sigmoid", layers=1)
    ours = build(config)
    layer = keras.layers.LSTM(8, activation=activation, recurrent_activation="hard_sigmoid")
    window = np.random.default_rng(0).normal(size=(3, 12, 1)).astype(np.float32)
    layer(window)
    layer.set_weights(ours.get_layer("lstm_1").get_weights())
    np.testing.assert_allclose(ours.get_layer("lstm_1")(window), layer(window), rtol=1e-6)


@pytest.mark.parametrize("units", [8, 32, 50, 128])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_transformer_has_as_many_parameters_as_the_lstm_it_is_compared_with(units, layers):
    lstm = lw.LSTMConfig(units=units, layers=layers, sequence_length=24)
    for features in (1, 5):
        ours = count_parameters(lstm.replace(cell="transformer"), features)
        assert ours == pytest.approx(count_parameters(lstm, features), rel=0.03)
    sizes = encoder_of(lstm.replace(cell="transformer"))
    assert sizes.width % sizes.heads == sizes.width % 2 == 0


def test_heads_and_parts_of_an_attention_start_from_different_weights():
    attention = build(config_of("lstm_attention")).get_layer("attention")
    kernels = [weight.numpy().ravel() for weight in attention.weights if weight.path.endswith("/kernel")]
    assert len(kernels) == 4
    assert all(not np.array_equal(kernels[0], other) for other in kernels[1:])


def test_no_two_positions_look_alike():
    where = positions(48, 6)
    distances = np.linalg.norm(where[:, None] - where[None], axis=-1) + np.eye(48)
    assert distances.min() > 0.1


def test_a_bilstm_reads_nothing_beyond_its_window(fitted):
    """What comes after a window's end changes no forecast from it, whichever way a cell walks."""
    later = WAVES.copy()
    later.iloc[-40:] += 100.0
    start = np.array([len(WAVES) - 40 - 12])  # its window ends where the change begins
    windows = lw.make_windows(later, fitted.config, scaler=fitted.scaler_)
    np.testing.assert_array_equal(fitted.forecast_windows(start, windows), fitted.forecast_windows(start))
