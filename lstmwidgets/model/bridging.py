"""The network that closes gaps: what it reads at each step, what it is made of, how it is trained."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import calendar_names, calendar_table
from lstmwidgets.data.filling import seasonal_estimates
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.layers import FusedLSTM

READINGS = 5
"""Columns of a table before those of the calendar."""

_SEEN = 20
_CYCLES = {"day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7), "year": pd.Timedelta(days=365.2425)}


def feature_table(
    values: NDArray[np.float64],
    index: pd.DatetimeIndex,
    season: int,
    calendar: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """What the network reads at each step.

    Parameters
    ----------
    values : float array, shape (timesteps,)
        Scaled, NaN where unknown.
    index : pandas.DatetimeIndex, with a ``freq``
    season : int
        Points in a cycle; below 2, or too long for the series, there is none.
    calendar : float32 array, shape (timesteps, features), optional
        The columns of the calendar, where an earlier table of the same times has them.

    Returns
    -------
    float32 array, shape (timesteps, features)
        The value, or the line between its known neighbours; how far the seasonal estimate lies from it
        (0 without one); 1 where it is known; for each side ``log(1 + steps to the nearest known value)``,
        in thirds; and of the calendar, as `calendar_table` has it, the cycles that came 20 times.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=4, freq="YS")
    >>> feature_table(np.array([1.0, np.nan, np.nan, 4.0]), days, 1)[:, :3].tolist()
    [[1.0, 0.0, 1.0], [2.0, 0.0, 0.0], [3.0, 0.0, 0.0], [4.0, 0.0, 1.0]]
    """
    steps, known = np.arange(len(values)), np.isfinite(values)
    line = np.interp(steps, steps[known], values[known])
    seasonal = seasonal_estimates(values, season) if 2 <= season < len(values) else line
    away = np.where(np.isfinite(seasonal), seasonal - line, 0.0)
    before = steps - np.maximum.accumulate(np.where(known, steps, 0))
    after = np.minimum.accumulate(np.where(known, steps, len(values) - 1)[::-1])[::-1] - steps
    columns = np.stack([line, away, known, np.log1p(before) / 3, np.log1p(after) / 3], axis=-1)
    calendar = calendar_table(index, _calendar(index)) if calendar is None else calendar
    return np.concatenate([columns.astype(np.float32), calendar], axis=1)


def _calendar(index: pd.DatetimeIndex) -> tuple[str, ...]:
    """The cycles that the series has seen often: of five years one would learn each by heart."""
    if index.freq is None:
        return ()
    try:
        names = calendar_names(index.freq)
    except LSTMWidgetsError:  # nothing is shorter than a step
        return ()
    return tuple(name for name in names if index[-1] - index[0] >= _SEEN * _CYCLES[name.split()[0]])


def bridging_network(length: int, features: int, config: LSTMConfig) -> keras.Model:
    """From (batch, length, features) to values at every step, (batch, length); begins as the line."""
    seeds = iter(np.random.SeedSequence(config.seed).generate_state(4).tolist())
    window = keras.Input((length, features), name="window")
    line, away = window[:, :, :1], window[:, :, 1:2]
    level, spread = _level_and_spread(line)
    same = [keras.ops.repeat(about, length, axis=1) for about in (level, keras.ops.log(spread))]
    read = keras.ops.concatenate([(line - level) / spread, away / spread, window[:, :, 2:], *same], axis=-1)
    sides = [
        FusedLSTM(
            config.units,
            return_sequences=True,
            go_backwards=backwards,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            name=name,
        )
        for name, backwards in (("from_before", False), ("from_after", True))
    ]
    memory = keras.layers.Bidirectional(sides[0], backward_layer=sides[1], name="both_sides")(read)
    answer = keras.layers.Dense(2, kernel_initializer="zeros", name="correction")(memory)
    return keras.Model(window, (line + answer[:, :, :1] * away + answer[:, :, 1:] * spread)[:, :, 0])


def _level_and_spread(line: Any) -> tuple[Any, Any]:
    """Mean and standard deviation over each window, (batch, 1, 1); what is flat counts as spread a little."""
    level = keras.ops.mean(line, axis=1, keepdims=True)
    return level, keras.ops.sqrt(
        keras.ops.mean(keras.ops.square(line - level), axis=1, keepdims=True) + 0.05**2
    )


class Bridge:
    """A bridging network's passes, compiled: to answer with anyone's weights, and to train one at a time.

    Parameters
    ----------
    length, features : int
        Of the windows it reads.
    units : int
    """

    def __init__(self, length: int, features: int, units: int) -> None:
        self.network = bridging_network(length, features, LSTMConfig(units=units))
        self.optimizer = keras.optimizers.Adam(clipnorm=1.0, name="adam")
        self.optimizer.build(self.network.trainable_variables)
        self._unused = [np.array(variable) for variable in self.optimizer.variables]
        self.step, self.answer = _training_step(self.network, self.optimizer), _answer(self.network)

    def begin(self, weights: list[NDArray[np.float32]]) -> None:
        """Train from these weights on, with an optimizer that has seen nothing yet."""
        self.network.set_weights(weights)
        for variable, value in zip(self.optimizer.variables, self._unused, strict=True):
            variable.assign(value)


@lru_cache(maxsize=4)
def bridge(length: int, features: int, units: int) -> Bridge:
    """That of a shape, compiled when it is first asked for."""
    return Bridge(length, features, units)


def _training_step(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> Any:
    """A compiled update of the weights, which returns the loss."""
    variables = network.trainable_variables
    _, length, features = network.input_shape
    reads = tf.range(length)
    one, several = tf.TensorSpec([None]), tf.TensorSpec([None, features])

    @tf.function(input_signature=[several, one, one, tf.TensorSpec([None], tf.int32)])
    def step(table: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
        places = starts[:, None] + reads
        windows, counts = tf.gather(table, places), tf.gather(weights, places)
        spread = _level_and_spread(windows[:, :, 0])[1]
        with tf.GradientTape() as tape:
            errors = tf.abs(network(windows, training=True) - tf.gather(targets, places)) / spread
            loss = tf.reduce_sum(errors * counts) / tf.reduce_sum(counts)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return step


def _answer(network: keras.Model) -> Any:
    """A compiled pass from weights and windows to values at every step."""
    weights = [tf.TensorSpec(weight.shape) for weight in network.weights]

    @tf.function(input_signature=[weights, tf.TensorSpec(network.input_shape)])
    def answer(weights: list[tf.Tensor], windows: tf.Tensor) -> tf.Tensor:
        with keras.StatelessScope(list(zip(network.weights, weights, strict=True))):
            return network(windows)

    return answer
