"""Turn a config into a Keras model."""

from __future__ import annotations

import json
from typing import Any
from weakref import WeakSet

import numpy as np

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.scaling import Scaler, centres
from lstmwidgets.data.windows import Windows
from lstmwidgets.model.backend import keras
from lstmwidgets.model.cells import read_window
from lstmwidgets.model.layers import to_plain_keras
from lstmwidgets.model.ridge import ridge_of

_MOST_DRAWS = 64
"""More seeds than any network needs; the first of them are the same however many are drawn."""

_built: WeakSet[keras.Model] = WeakSet()


def build(config: LSTMConfig, features: int = 1) -> keras.Model:
    """Build the network of a config: what reads the window, and one linear output for each step ahead.

    With ``highway="linear"`` a linear forecast straight from the window is added to it, which is nothing
    until `start_highway`: the autoregressive part of Lai et al. (2018), Modeling Long- and Short-Term
    Temporal Patterns with Deep Neural Networks, SIGIR.

    All random draws (initial weights, dropout) come from ``config.seed`` and leave Keras' and
    NumPy's global generators alone.

    Parameters
    ----------
    config : LSTMConfig
        Uses ``sequence_length``, ``horizon``, ``cell``, ``units``, ``layers``, both activations,
        ``dropout``, ``highway`` and ``seed``.
    features : int
        What the network reads side by side at each step.

    Returns
    -------
    keras.Model
        From (batch, sequence_length, features) to (batch, horizon), scaled and centred as
        `lstmwidgets.data.windows.Windows` says.
    """
    seeds = iter(np.random.SeedSequence(config.seed).generate_state(_MOST_DRAWS).tolist())
    window = keras.Input((config.sequence_length, features), name="window")
    signal = read_window(window, config, seeds)
    forecast = keras.layers.Dense(
        config.horizon, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), name="forecast"
    )(signal)
    if config.highway == "linear":
        straight = keras.layers.Dense(
            config.horizon, use_bias=False, kernel_initializer="zeros", name="highway"
        )(keras.layers.Flatten(name="window_as_row")(window))
        forecast = keras.layers.Add(name="sum")([forecast, straight])
    network = keras.Model(window, forecast, name="lstmwidgets")
    _built.add(network)
    return network


def kind_of(network: keras.Model) -> str | None:
    """All that a network made by `build` is but its weights and seeds; None for any other network."""
    return json.dumps(_without_seeds(network.get_config())) if network in _built else None


def _without_seeds(config: Any) -> Any:
    if isinstance(config, dict):
        return {name: _without_seeds(value) for name, value in config.items() if name != "seed"}
    return [_without_seeds(each) for each in config] if isinstance(config, (list, tuple)) else config


def start_highway(network: keras.Model, windows: Windows) -> bool:
    """Let a network with a highway begin as the ridge regression on its training windows.

    The cells then add nothing yet: they learn what a line leaves, and the line moves along.

    Returns
    -------
    bool
        False where no training window had all its targets observed, so that there is no regression and
        the highway begins at nothing.
    """
    line = ridge_of(windows)
    if not line.windows_fitted_:
        return False
    kernel, _ = network.get_layer("forecast").get_weights()
    network.get_layer("forecast").set_weights([0.0 * kernel, line.bias_.astype(np.float32)])
    network.get_layer("highway").set_weights([line.kernel_.astype(np.float32)])
    return True


def is_line(network: keras.Model) -> bool:
    """Whether a network is still the regression that its highway began as: no cell reaches its forecast."""
    names = {layer.name for layer in network.layers}
    if not {"forecast", "highway"} <= names:
        return False
    kernel, _ = network.get_layer("forecast").get_weights()
    return not kernel.any()


def with_units(network: keras.Model, config: LSTMConfig, scaler: Scaler) -> keras.Model:
    """Wrap a network so that it reads and answers in the unit of the series.

    Uses Keras' own layers only, so that the result, saved as ``.keras``, loads where this package
    is not installed.

    Returns
    -------
    keras.Model
        From raw windows (batch, sequence_length, features) to forecasts (batch, horizon): the series
        and its covariates in their own units, calendar and known as they are.
    """
    layers, network = keras.layers, to_plain_keras(network)
    features = network.inputs[0].shape[-1]
    raw = keras.Input((config.sequence_length, features), name="raw_window")
    means = [scaler.mean, *(mean for _, mean, _ in scaler.covariates)]
    scales = [scaler.scale, *(scale for _, _, scale in scaler.covariates)]
    as_they_are = features - len(means)
    factors = [*(1.0 / scale for scale in scales), *[1.0] * as_they_are]
    offsets = [*(-mean / scale for mean, scale in zip(means, scales, strict=True)), *[0.0] * as_they_are]
    scaled = layers.Rescaling(factors, offset=offsets, name="scale")(raw)
    if config.centering == "last":
        last = layers.Cropping1D((config.sequence_length - 1, 0), name="last_value")(scaled)
        relative = centres(features, len(scaler.covariates), config).tolist()
        levels = last if all(relative) else layers.Rescaling(relative, name="levels")(last)
        change = network(layers.Subtract(name="centre")([scaled, levels]))
        series_level = layers.Cropping1D((0, features - 1))(layers.Reshape((features, 1))(last))
        answer = layers.Add(name="restore_level")([change, layers.Flatten(name="level")(series_level)])
    else:
        answer = network(scaled)
    restored = layers.Rescaling(scaler.scale, offset=scaler.mean, name="restore_unit")(answer)
    return keras.Model(raw, restored, name="lstmwidgets_raw")
