"""A network walked step by step, compiled: its hidden states and memory after every step of many windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import kernels, native
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.inside.recurrent import activations_of, is_lstm, is_recurrent
from lstmwidgets.model.layers import weight_tensors


class Passes(NamedTuple):
    known_at: Callable[..., tf.Tensor]
    cell_states: Callable[..., tf.Tensor]
    widest_units: int
    last_units: int


_compiled: WeakKeyDictionary[Any, Passes] = WeakKeyDictionary()


def passes_of(network: Any) -> Passes:
    """Compiled passes over a forecaster's network: made once, and collected with it.

    Raises
    ------
    LSTMWidgetsError
        For a network that is not walked step by step; see `why_not_walked`.
    """
    if network not in _compiled:
        reason = why_not_walked(network)
        if reason:
            raise LSTMWidgetsError(
                f"the network {network.name!r} cannot be walked step by step, because {reason}. One of LSTM, "
                "GRU or SimpleRNN layers on one another and a linear Dense layer after them can be, as an "
                "LSTMForecaster has with cell='lstm', 'gru' or 'rnn'"
            )
        _compiled[network] = _compile(*_stack(network))
    return _compiled[network]


def why_not_walked(network: Any) -> str:
    """Why a network is not walked step by step, as the end of a sentence that begins "because"."""
    if any(isinstance(layer, keras.layers.Bidirectional) for layer in network.layers):
        return "a bidirectional layer reads the window from its end too, and so needs all of it first"
    if any(isinstance(layer, keras.layers.MultiHeadAttention) for layer in network.layers):
        return "attention weighs all steps of a window against one another, and was trained on no less"
    memories, dense, _ = _stack(network)
    stacked = memories and all(
        is_recurrent(layer) and not layer.go_backwards and not layer.stateful for layer in memories
    )
    linear = isinstance(dense, keras.layers.Dense) and dense.activation is keras.activations.linear
    kinds = ", ".join(type(layer).__name__ for layer in network.layers)
    return "" if stacked and linear else f"it is made of {kinds}"


def _stack(network: Any) -> tuple[list[Any], Any, Any]:
    """The recurrent layers of a forecaster's network in order, its output layer, and its highway or None."""
    highway = next((layer for layer in network.layers if layer.name == "highway"), None)
    beside = (
        [] if highway is None else [highway, *(network.get_layer(name) for name in ("window_as_row", "sum"))]
    )
    *memories, dense = [
        layer
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer) and layer not in beside
    ]
    return memories, dense, highway


def _compile(memories: list[Any], dense: Any, highway: Any) -> Passes:
    many, one = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.float32)
    table = tf.TensorSpec([None, memories[0].cell.kernel.shape[0]], tf.float32)
    twins = {layer.name: _every_step(layer) for layer in memories}

    def every_hidden(x: tf.Tensor, layers: list[Any]) -> tf.Tensor:
        for layer in layers:
            states = layer.trainable_variables, layer.non_trainable_variables
            x, _ = twins[layer.name].stateless_call(*states, x, training=False)
        return x

    def memory(x: tf.Tensor, layer: Any) -> tf.Tensor:
        """What the layer keeps from step to step, (batch, timesteps, units)."""
        if not is_lstm(layer):
            return every_hidden(x, [layer])
        zeros = tf.zeros([tf.shape(x)[0], layer.units])
        if activations_of(layer) != ("tanh", "sigmoid"):
            return _cells_by_keras(x, zeros, layer)
        if native.operations() is None:
            return kernels.all_gates(x, zeros, zeros, *weight_tensors(layer)).c
        walk = native.operations().lstmwidgets_forward(
            x, zeros, zeros, *weight_tensors(layer), keep=True, every=False
        )
        return tf.transpose(walk.cells[1:, :, : layer.units], (1, 0, 2))

    @tf.function(input_signature=[table, many, one])
    def known_at(values: tf.Tensor, rows: tf.Tensor, centred: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            levels = centred * tf.gather(values, rows)
            x = values[None, : tf.reduce_max(rows) + 1] - levels[:, None]
            answer = dense(tf.gather(every_hidden(x, memories), rows, batch_dims=1))
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
            x = every_hidden(x, memories[:-1])
            sizes = kernels.part_sizes(tf.shape(x)[0])  # side by side, as in kernels.lstm
            parts = [memory(part, memories[-1]) for part in tf.split(x, sizes, num=kernels.PARTS)]
            return tf.gather(tf.concat(parts, 0)[:, first:], units, axis=-1)

    return Passes(known_at, states, max(layer.units for layer in memories), memories[-1].units)


def _every_step(layer: Any) -> Any:
    """A layer like another that answers at every step; it is called with the other's weights."""
    twin = type(layer).from_config({**layer.get_config(), "return_sequences": True, "return_state": False})
    twin.build((None, None, layer.cell.kernel.shape[0]))
    return twin


def _cells_by_keras(x: tf.Tensor, zeros: tf.Tensor, layer: Any) -> tf.Tensor:
    """Cell states of an LSTM with other activations than the kernel has, by Keras' own cell."""
    length = tf.shape(x)[1]

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kept: tf.TensorArray) -> Any:
        _, (h, c) = layer.cell(x[:, t], [h, c], training=False)
        return t + 1, h, c, kept.write(t, c)

    kept = tf.TensorArray(tf.float32, length)
    *_, kept = tf.while_loop(lambda t, *_: t < length, step, (0, zeros, zeros, kept))
    return tf.transpose(kept.stack(), (1, 0, 2))
