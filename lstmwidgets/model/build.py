"""Turn a config into a Keras model."""

from __future__ import annotations

import numpy as np

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Scaler
from lstmwidgets.model.backend import keras
from lstmwidgets.model.layers import FusedLSTM, to_plain_keras


def build(config: LSTMConfig, features: int = 1) -> keras.Model:
    """Build the network of a config: stacked LSTM layers and one linear output for each step ahead.

    All random draws (initial weights, dropout) come from ``config.seed`` and leave Keras' and
    NumPy's global generators alone.

    Parameters
    ----------
    config : LSTMConfig
        Uses ``sequence_length``, ``units``, ``layers``, ``dropout``, ``horizon`` and ``seed``.
    features : int
        Series that the network reads side by side.

    Returns
    -------
    keras.Model
        From (batch, sequence_length, features) to (batch, horizon), scaled and centred as
        `lstmwidgets.data.windows.Windows` says.
    """
    seeds = iter(np.random.SeedSequence(config.seed).generate_state(3 * config.layers + 1).tolist())
    window = keras.Input((config.sequence_length, features), name="window")
    signal = window
    for number in range(1, config.layers + 1):
        signal = FusedLSTM(
            config.units,
            return_sequences=number < config.layers,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            dropout=config.dropout,
            seed=next(seeds),
            name=f"lstm_{number}",
        )(signal)
    forecast = keras.layers.Dense(
        config.horizon, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), name="forecast"
    )(signal)
    return keras.Model(window, forecast, name="lstmwidgets")


def with_units(network: keras.Model, config: LSTMConfig, scaler: Scaler) -> keras.Model:
    """Wrap a network so that it reads and answers in the unit of the series.

    Uses Keras' own layers only, so that the result, saved as ``.keras``, loads where this package
    is not installed.

    Returns
    -------
    keras.Model
        From raw windows (batch, sequence_length, 1) to forecasts (batch, horizon).
    """
    layers, network = keras.layers, to_plain_keras(network)
    raw = keras.Input((config.sequence_length, 1), name="raw_window")
    scaled = layers.Rescaling(1.0 / scaler.scale, offset=-scaler.mean / scaler.scale, name="scale")(raw)
    if config.centering == "last":
        last = layers.Cropping1D((config.sequence_length - 1, 0), name="last_value")(scaled)
        change = network(layers.Subtract(name="centre")([scaled, last]))
        answer = layers.Add(name="restore_level")([change, layers.Flatten(name="level")(last)])
    else:
        answer = network(scaled)
    restored = layers.Rescaling(scaler.scale, offset=scaler.mean, name="restore_unit")(answer)
    return keras.Model(raw, restored, name="lstmwidgets_raw")
