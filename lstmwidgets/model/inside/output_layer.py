"""The linear layer that makes a network's forecast of its last hidden state, found in the network's graph."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.model.backend import keras
from lstmwidgets.model.inside.graph import made_by
from lstmwidgets.model.inside.recurrent import is_lstm, is_recurrent


class LinearOutput(NamedTuple):
    """A model's answer is ``h @ kernel + bias``, with ``h`` the last hidden state of its last recurrent
    layer.

    Where it has a ``highway``, shape (timesteps * features, horizon), the window itself, as one row, times
    that is added.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    highway: NDArray[np.float64] | None = None


def linear_output(model: keras.Model) -> LinearOutput | str:
    """The linear output layer that reads the last recurrent layer's last hidden state.

    Returns
    -------
    LinearOutput or str
        Kernel (units, horizon) and bias (horizon,); or why the model has no such layer, as the end of
        a sentence that begins "because".
    """
    outputs = list(model.outputs)
    if len(outputs) > 1:
        return f"the model has {len(outputs)} outputs"
    dense, node, _, within = _maker(outputs[0], ())
    highway = None
    if isinstance(dense, keras.layers.Add) and (parts := _with_highway(model, node, within)):
        highway, (dense, node, _, within) = parts
    if not isinstance(dense, keras.layers.Dense):
        return f"its last layer is {dense.name!r} ({type(dense).__name__}), not a Dense layer"
    if dense.activation is not keras.activations.linear:
        name = getattr(dense.activation, "__name__", type(dense.activation).__name__)
        return f"its output layer {dense.name!r} has the activation {name!r}, which is not linear"
    memory, _, number, _ = _maker(node.input_tensors[0], within)
    if not is_recurrent(memory):
        return (
            f"its output layer {dense.name!r} reads {memory.name!r} ({type(memory).__name__}), not a "
            "recurrent layer directly"
        )
    if (number > 1 and is_lstm(memory)) or (number == 0 and memory.return_sequences):
        what = "cell state" if number > 1 else "hidden states after every step"
        return (
            f"its output layer {dense.name!r} reads the {what} of {memory.name!r}, not its last hidden state"
        )
    kernel = np.asarray(dense.kernel, np.float32)
    return LinearOutput(
        kernel,
        np.asarray(dense.bias, np.float32) if dense.use_bias else np.zeros(kernel.shape[1], np.float32),
        highway,
    )


def _with_highway(
    model: keras.Model, added: Any, within: tuple[Any, ...]
) -> tuple[NDArray[np.float64], Any] | None:
    """Of a sum of two layers, the kernel of a linear one that reads the flattened window, and the other."""
    made = [_maker(tensor, within) for tensor in added.input_tensors]
    for straight, other in (made, made[::-1]) if len(made) == 2 else ():
        layer, node, *_ = straight
        if not isinstance(layer, keras.layers.Dense) or layer.activation is not keras.activations.linear:
            continue
        flatten, under, *_ = _maker(node.input_tensors[0], within)
        reads_window = isinstance(flatten, keras.layers.Flatten) and under.input_tensors[0] is model.inputs[0]
        if reads_window and not layer.use_bias:
            return np.asarray(layer.kernel, np.float64), other
    return None


def _maker(tensor: Any, within: tuple[Any, ...]) -> tuple[Any, Any, int, tuple[Any, ...]]:
    """The layer that makes a tensor, its call, which of its results it is, and the models that this lies in.

    Goes through models within models, and through Dropout, which does nothing outside training.
    """
    while True:
        operation, _, number = tensor._keras_history
        node = made_by(tensor)
        if isinstance(operation, keras.layers.InputLayer) and within:
            outside = within[-1]
            place = [inside is tensor for inside in outside.operation.inputs].index(True)
            tensor, within = outside.input_tensors[place], within[:-1]
        elif isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
            tensor, within = operation.outputs[number], (*within, node)
        elif isinstance(operation, keras.layers.Dropout) and not node.arguments.kwargs.get("training"):
            tensor = node.input_tensors[0]
        else:
            return operation, node, number, within
