"""Passes over a forecaster's windows that keep more than the forecast: as known at each step, cell states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.data.scaling import centres
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import kernels, native
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.graph import check_activations, is_lstm
from lstmwidgets.model.layers import weight_tensors
from lstmwidgets.model.loop import FORECAST_BYTES

KNOWN_AT_BLOCKS = 4
"""Into how many blocks `as_known_at` cuts its windows, each walking only as far as its longest reaches."""

_NO_SERIES = (
    "this forecaster was loaded from a file, which holds the last {length} values of its series only: leave "
    "start out to take those, or set forecaster.series_ = series and forecaster.windows_ = "
    "make_windows(series, forecaster.config, forecaster.scaler_)"
)


def scaled_window(forecaster: Any, start: int | None = None) -> NDArray[np.float32]:
    """The values of one window of a fitted forecaster: scaled, and not centred.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    start : int, optional
        The window's starting position in the series. Left out, the newest window of the test part,
        or after `load` the last ``sequence_length`` values.

    Returns
    -------
    float32 array, shape (sequence_length, features)

    Raises
    ------
    LSTMWidgetsError
        When ``start`` is no position of a complete window, or the forecaster does not hold its series.
    """
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        if start is not None:
            raise LSTMWidgetsError(f"start={start!r} cannot be found: {_NO_SERIES.format(length=length)}")
        return forecaster.last_window()
    first = checked_start(forecaster, start)
    values = windows.values[first : first + length]
    missing = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if missing:
        raise LSTMWidgetsError(
            f"{missing} of the sequence_length={length} values of the window at start={first} are missing: "
            "take another window, or fill the gaps and fit again"
        )
    return values


def checked_start(forecaster: Any, start: int | None = None) -> int:
    """A window's starting position as an int; by default that of the newest window of the test part."""
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        raise LSTMWidgetsError(_NO_SERIES.format(length=length))
    if start is None:
        return int(windows.test[-1])
    last = len(windows.values) - length
    if isinstance(start, bool) or not isinstance(start, (int, np.integer)) or not 0 <= start <= last:
        raise LSTMWidgetsError(
            f"start={start!r} is not accepted: a window of sequence_length={length} values of this series "
            f"starts at a whole number from 0 to {last}"
        )
    return int(start)


def as_known_at(forecaster: Any, start: int | None = None) -> NDArray[np.float64]:
    """What a forecaster's network would forecast from its window cut off after each step.

    Each of the cut windows is centred on its own last value, as the config says, so that row ``t`` is
    the forecast of a forecaster that had read the window's steps 0 to ``t`` and nothing else. It was
    trained on whole windows only: the first rows are its answers to something it never saw.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    start : int, optional
        As in `scaled_window`.

    Returns
    -------
    float64 array, shape (sequence_length, horizon)
        In the unit of the series. The last row is the forecast itself.

    Raises
    ------
    LSTMWidgetsError
        As `scaled_window`, and for a network of anything but LSTM layers and a linear output.
    """
    values = scaled_window(forecaster, start)
    network, length = forecaster.model_, len(values)
    compiled = _passes(network)
    steps, centred = tf.constant(values), _centres(forecaster)
    answers = [
        compiled.known_at(steps, rows, centred).numpy() for rows in _row_blocks(length, compiled.widest_units)
    ]
    outputs = np.concatenate(answers).astype(np.float64)
    levels = centred[0] * values[:, :1].astype(np.float64)
    return (outputs + levels) * forecaster.scaler_.scale + forecaster.scaler_.mean


def _centres(forecaster: Any) -> NDArray[np.float32]:
    """1 for each feature that a window reads relative to its last value, else 0."""
    features = forecaster.model_.inputs[0].shape[-1]
    return centres(features, len(forecaster.scaler_.covariates), forecaster.config)


def _row_blocks(length: int, units: int) -> list[NDArray[np.int32]]:
    """Rows 0 to length - 1 in blocks that are few, and whose hidden states fit into the memory allowed."""
    most = max(1, int(FORECAST_BYTES / (2 * 4 * length * units)))
    size = min(most, -(-length // KNOWN_AT_BLOCKS))
    return [np.arange(first, min(first + size, length), dtype=np.int32) for first in range(0, length, size)]


def cell_states(
    forecaster: Any, starts: ArrayLike, steps: tuple[int, int], units: ArrayLike | None = None
) -> Iterator[NDArray[np.float32]]:
    """Cell states of the last LSTM layer over the same steps of many windows, a batch of windows at a time.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted, with its windows.
    starts : integer array, shape (windows,)
        Starting positions of complete windows.
    steps : (first, last)
        Steps within the window, from 0 to sequence_length - 1, both included.
    units : sequence of int, optional
        Which units; by default all.

    Yields
    ------
    float32 array, shape (some windows, last - first + 1, units)
        In the order of ``starts``; as many windows at a time as fit into `FORECAST_BYTES`.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster does not hold its series, or its network is of another kind.
    """
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        raise LSTMWidgetsError(_NO_SERIES.format(length=length))
    compiled = _passes(forecaster.model_)
    first, last = steps
    chosen = np.arange(compiled.last_units) if units is None else np.asarray(units)
    window_bytes = 4 * (last + 1) * compiled.widest_units * 8  # seven outputs of the kernel, and its input
    size = int(np.clip(FORECAST_BYTES / window_bytes, 1, 1024))
    series = tf.constant(windows.values)
    centred = _centres(forecaster)
    wanted = np.asarray(starts, np.int32)
    for begin in range(0, len(wanted), size):
        yield compiled.cell_states(
            series,
            wanted[begin : begin + size],
            np.array([first, last, length], np.int32),
            chosen.astype(np.int32),
            centred,
        ).numpy()


class _Passes(NamedTuple):
    known_at: Callable[..., tf.Tensor]
    cell_states: Callable[..., tf.Tensor]
    widest_units: int
    last_units: int


_compiled: WeakKeyDictionary[Any, _Passes] = WeakKeyDictionary()


def _passes(network: Any) -> _Passes:
    """Compiled passes over a forecaster's network: made once, and collected with it."""
    if network not in _compiled:
        _compiled[network] = _compile(*_stack(network))
    return _compiled[network]


def _stack(network: Any) -> tuple[list[Any], Any, Any]:
    """The LSTM layers of a forecaster's network in order, its output layer, and its highway or None."""
    highway = next((layer for layer in network.layers if layer.name == "highway"), None)
    beside = (
        [] if highway is None else [highway, *(network.get_layer(name) for name in ("window_as_row", "sum"))]
    )
    *lstms, dense = [
        layer
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer) and layer not in beside
    ]
    stacked = lstms and all(
        is_lstm(layer) and not layer.go_backwards and not layer.stateful for layer in lstms
    )
    linear = isinstance(dense, keras.layers.Dense) and dense.activation is keras.activations.linear
    if not stacked or not linear:
        kinds = ", ".join(type(layer).__name__ for layer in network.layers)
        raise LSTMWidgetsError(
            f"the network {network.name!r} is made of {kinds}: only one of LSTM layers on one another and a "
            "linear Dense layer after them, as LSTMForecaster builds it, can be walked step by step"
        )
    for layer in lstms:
        check_activations(layer)
    return lstms, dense, highway


def _compile(lstms: list[Any], dense: Any, highway: Any) -> _Passes:
    many, one = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.float32)
    table = tf.TensorSpec([None, lstms[0].cell.kernel.shape[0]], tf.float32)

    def zeros(x: tf.Tensor, layer: Any) -> tuple[tf.Tensor, tf.Tensor]:
        nothing = tf.zeros([tf.shape(x)[0], layer.units])
        return nothing, nothing

    def every_hidden(x: tf.Tensor, layers: list[Any]) -> tf.Tensor:
        for layer in layers:
            x = kernels.lstm(x, *zeros(x, layer), *weight_tensors(layer), training=False, every=True).every_h
        return x

    def cells(x: tf.Tensor, layer: Any) -> tf.Tensor:
        """The cell state after every step, (batch, timesteps, units); by the compiled walk if it is there."""
        if native.operations() is None:
            return kernels.all_gates(x, *zeros(x, layer), *weight_tensors(layer)).c
        walk = native.operations().lstmwidgets_forward(
            x, *zeros(x, layer), *weight_tensors(layer), keep=True, every=False
        )
        return tf.transpose(walk.cells[1:, :, : layer.units], (1, 0, 2))

    @tf.function(input_signature=[table, many, one])
    def known_at(values: tf.Tensor, rows: tf.Tensor, centred: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            levels = centred * tf.gather(values, rows)
            x = values[None, : tf.reduce_max(rows) + 1] - levels[:, None]
            answer = dense(tf.gather(every_hidden(x, lstms), rows, batch_dims=1))
            if highway is None:
                return answer
            # Its weights count steps back from the window's end; what was not read yet adds nothing.
            length = tf.shape(values)[0]
            back = rows[:, None] - length + 1 + tf.range(length)
            reads = tf.gather(values, tf.maximum(back, 0)) - levels[:, None]
            reads = tf.where(back[:, :, None] >= 0, reads, 0.0)
            return answer + highway(tf.reshape(reads, [tf.shape(rows)[0], -1]))

    @tf.function(input_signature=[table, many, many, many, one])
    def states(
        series: tf.Tensor, starts: tf.Tensor, reach: tf.Tensor, units: tf.Tensor, centred: tf.Tensor
    ) -> tf.Tensor:
        first, last, length = reach[0], reach[1], reach[2]
        with tf.device("CPU:0"):
            levels = centred * tf.gather(series, starts + length - 1)
            x = tf.gather(series, starts[:, None] + tf.range(last + 1)) - levels[:, None]
            x = every_hidden(x, lstms[:-1])
            sizes = kernels.part_sizes(tf.shape(x)[0])  # side by side, as in kernels.lstm
            parts = [cells(part, lstms[-1]) for part in tf.split(x, sizes, num=kernels.PARTS)]
            return tf.gather(tf.concat(parts, 0)[:, first:], units, axis=-1)

    return _Passes(known_at, states, max(layer.units for layer in lstms), lstms[-1].units)
