"""What each recurrent and attention layer of a network read and did over one window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.inside.graph import Attend, calls
from lstmwidgets.model.inside.looking import check_nothing_masked, route_through, run_window
from lstmwidgets.model.inside.recurrent import activations_of, is_lstm
from lstmwidgets.model.inside.walks import GRUGates, Hidden, gru_walk, lstm_walk, rnn_walk
from lstmwidgets.model.kernels import Gates


@dataclass(frozen=True, eq=False)
class LayerReading:
    """What one recurrent layer read and did over one window, as float32 NumPy arrays; see `read_layers`.

    Index 0 of every array over time is the first step of what the layer was handed, also where the
    layer walked from the last step to the first.

    Attributes
    ----------
    name : str
        That of the layer; within a nested model "model/layer", at a layer's second call "layer (call 2)".
    kernel, recurrent_kernel, bias : arrays
        Shapes (features, gates * units), (units, gates * units) and (gates * units,); the gates of an LSTM
        are packed i, f, g, o, those of a GRU z, r, g. A layer without bias has one of zeros.
    recurrent_bias : array, shape (gates * units,)
        What a GRU with ``reset_after`` adds to its share of the hidden state; zeros everywhere else.
    inputs : array, shape (timesteps, features)
    gates : Gates, GRUGates or Hidden
        ``i f g o c h``, ``z r g h`` or ``h``, each of shape (timesteps, units).
    activations : tuple of str
        Name of the activation and, of a layer with gates, that of theirs.
    reset_after : bool
        Of a GRU: whether the reset gate multiplies the share of the hidden state, and not the state.
    backwards : bool
        Whether the layer walked from the last step to the first (``go_backwards``).
    initial_h, initial_c : arrays, shape (units,)
        States before the first step walked: zeros, or those of a stateful layer, or those handed over.
        Only an LSTM has ``initial_c``.
    pair : str or None
        Name of the Bidirectional layer of which this is one half.
    """

    name: str
    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    recurrent_bias: NDArray[np.float32]
    inputs: NDArray[np.float32]
    gates: Gates | GRUGates | Hidden
    activations: tuple[str, ...]
    reset_after: bool
    backwards: bool
    initial_h: NDArray[np.float32]
    initial_c: NDArray[np.float32] | None
    pair: str | None = None


@dataclass(frozen=True, eq=False)
class AttentionReading:
    """How a MultiHeadAttention layer weighed the steps that it was handed.

    Attributes
    ----------
    name : str
        As in `LayerReading`.
    weights : float32 array, shape (heads, timesteps), in [0, 1]
        Those that the layer's last query, which is the last step's, gives to every step; each head's
        add up to 1.
    """

    name: str
    weights: NDArray[np.float32]


class Readings(NamedTuple):
    """What `read_network` answers: its recurrent and its attention layers."""

    layers: list[LayerReading]
    attention: list[AttentionReading]


def read_layers(model: keras.Model, x: ArrayLike) -> list[LayerReading]:
    """The recurrent layers of `read_network`.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(3, name="memory")])
    >>> reading, = read_layers(model, np.zeros((5, 1)))
    >>> reading.name, reading.gates.c.shape
    ('memory', (5, 3))
    """
    return read_network(model, x).layers


def read_network(model: keras.Model, x: ArrayLike) -> Readings:
    """Run one window through a model and keep what its recurrent and attention layers read and did.

    Nothing is trained or changed: no dropout is applied, and a stateful layer goes on from its states
    and is then put back to them.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, also nested, with one input. Its LSTM, GRU and SimpleRNN layers, also
        within Bidirectional, have activations of `lstmwidgets.model.inside.activations.ACTIVATIONS`; its
        MultiHeadAttention layers go over one axis of steps. Where it was built for a batch of fixed size,
        the window takes all rows, and the states of the first row are read.
    x : array, shape (timesteps, features)
        One window as the model reads it, also as a batch of one: (1, timesteps, features).

    Returns
    -------
    Readings
        ``layers`` and ``attention``, both in such an order that each comes after those that it reads; of
        a Bidirectional layer the forward half and then the backward half.

    Raises
    ------
    LSTMWidgetsError
        For a model without such a layer, without a graph, with several inputs or with a layer that
        cannot be read; for ``x`` of another shape, with missing values, or with masked steps.

    Examples
    --------
    >>> window = keras.Input((5, 2))
    >>> read = keras.layers.MultiHeadAttention(3, 4, name="look")(window, window)
    >>> (look,) = read_network(keras.Model(window, read), np.ones((5, 2))).attention
    >>> look.name, look.weights.shape, look.weights.sum(axis=1).round(5).tolist()
    ('look', (3, 5), [1.0, 1.0, 1.0])
    """
    route = route_through(model)
    given = model.inputs[0]
    window = _one_window(x, given.shape)
    batch = tf.cast(np.repeat(window[None], given.shape[0] or 1, axis=0), given.dtype)
    found = Readings([], [])
    for call, seen in zip(calls(route.graph), run_window(route, model, batch), strict=True):
        if isinstance(call, Attend):
            found.attention.append(AttentionReading(call.name, seen.numpy()))
            continue
        inputs, mask, *walks = seen
        check_nothing_masked(call, mask)
        for layer, name, walk in zip(call.layers, call.names, walks, strict=True):
            found.layers.append(_reading(layer, name, call.pair, inputs.numpy(), *walk))
    return found


def _reading(
    layer: Any,
    name: str,
    pair: str | None,
    inputs: NDArray[np.float32],
    fused: tuple[Any, ...],
    before: list[Any],
) -> LayerReading:
    walked = slice(None, None, -1 if layer.go_backwards else 1)
    (h, *c), activations = [state.numpy() for state in before], activations_of(layer)
    kernel, recurrent_kernel, bias, recurrent_bias = _weights(layer)
    weights = kernel, recurrent_kernel, bias
    reset_after, steps = bool(getattr(layer, "reset_after", False)), inputs[walked]
    gates: Gates | GRUGates | Hidden
    if fused:
        gates = Gates(*(gate.numpy() for gate in fused))
    elif is_lstm(layer):
        gates = Gates(*lstm_walk(steps, h, c[0], *weights, *activations))
    elif isinstance(layer, keras.layers.GRU):
        gates = gru_walk(steps, h, *weights, recurrent_bias, reset_after, *activations)
    else:
        gates = rnn_walk(steps, h, *weights, *activations)
    return LayerReading(
        name=name,
        kernel=kernel,
        recurrent_kernel=recurrent_kernel,
        bias=bias,
        recurrent_bias=recurrent_bias,
        inputs=inputs,
        gates=type(gates)(*(gate[walked] for gate in gates)),
        activations=activations,
        reset_after=reset_after,
        backwards=bool(layer.go_backwards),
        initial_h=h,
        initial_c=c[0] if c else None,
        pair=pair,
    )


def _weights(layer: Any) -> tuple[NDArray[np.float32], ...]:
    """Kernel, recurrent kernel, bias and recurrent bias; a bias that a layer has not is zeros."""
    kernel, recurrent_kernel = (
        np.asarray(each, np.float32) for each in (layer.cell.kernel, layer.cell.recurrent_kernel)
    )
    biases = np.zeros((2, kernel.shape[1]), np.float32)
    if layer.cell.use_bias:
        own = np.asarray(layer.cell.bias, np.float32)
        biases[: 1 if own.ndim == 1 else 2] = own
    return kernel, recurrent_kernel, *biases


def _one_window(x: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """The window without its batch axis, once its shape and its values are found usable."""
    wanted = shape[1:]
    names = ["timesteps", "features", *(f"axis {number}" for number in range(3, len(wanted) + 1))]
    accepted = ", ".join(
        f"{name}{'' if size is None else f'={size}'}" for name, size in zip(names, wanted, strict=False)
    )
    try:
        with np.errstate(over="ignore"):  # too large for float32 is infinite, which is said below
            window = np.asarray(x, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise LSTMWidgetsError(f"x is not an array of numbers: {error}") from None
    given = window.shape
    if window.ndim == len(wanted) + 1:
        if len(window) != 1:
            raise LSTMWidgetsError(
                f"x has the shape {given}, a batch of {len(window)}: pass one window, for example x[0], of "
                f"shape ({accepted})"
            )
        window = window[0]
    fits = window.ndim == len(wanted) and window.size > 0
    if not fits or any(size not in (None, has) for size, has in zip(wanted, window.shape, strict=True)):
        hint = "; for one series, pass x[:, None]" if window.ndim == 1 and len(wanted) == 2 else ""
        raise LSTMWidgetsError(f"x has the shape {given}: this model reads ({accepted}){hint}")
    missing, infinite = int(np.isnan(window).sum()), int(np.isinf(window).sum())
    if missing or infinite:
        count, kind = (missing, "missing (NaN)") if missing else (infinite, "infinite")
        raise LSTMWidgetsError(
            f"{count} of the {window.size} values of x {'is' if count == 1 else 'are'} {kind}, and no state "
            "after them would be a number: fill them, or pass a window without them"
        )
    return window
