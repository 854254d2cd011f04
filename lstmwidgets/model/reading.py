"""What each LSTM layer of a network read and did over one window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.graph import calls, check_nothing_masked, route_through, run_window
from lstmwidgets.model.kernels import Gates


@dataclass(frozen=True, eq=False)
class LayerReading:
    """What one LSTM layer read and did over one window, as float32 NumPy arrays; see `read_layers`.

    Index 0 of every array over time is the first step of what the layer was handed, also where the
    layer walked from the last step to the first.

    Attributes
    ----------
    name : str
        That of the layer; within a nested model "model/layer", at a layer's second call "layer (call 2)".
    kernel, recurrent_kernel, bias : arrays
        Shapes (features, 4 * units), (units, 4 * units) and (4 * units,), packed i, f, g, o. A layer
        without bias has one of zeros.
    inputs : array, shape (timesteps, features)
    gates : Gates
        ``i f g o c h``, each of shape (timesteps, units).
    backwards : bool
        Whether the layer walked from the last step to the first (``go_backwards``).
    initial_h, initial_c : arrays, shape (units,)
        States before the first step walked: zeros, or those of a stateful layer, or those handed over.
    pair : str or None
        Name of the Bidirectional layer of which this is one half.
    """

    name: str
    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    inputs: NDArray[np.float32]
    gates: Gates
    backwards: bool
    initial_h: NDArray[np.float32]
    initial_c: NDArray[np.float32]
    pair: str | None = None


def read_layers(model: keras.Model, x: ArrayLike) -> list[LayerReading]:
    """Run one window through a model and keep what each of its LSTM layers read and did.

    Nothing is trained or changed: no dropout is applied, and a stateful layer goes on from its states
    and is then put back to them.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, also nested, with one input; its LSTM layers (`FusedLSTM` or Keras'
        own, also within Bidirectional) have tanh and sigmoid for activations. Where it was built for a
        batch of fixed size, the window takes all rows, and the states of the first row are read.
    x : array, shape (timesteps, features)
        One window as the model reads it, also as a batch of one: (1, timesteps, features).

    Returns
    -------
    list of LayerReading
        One for each layer that the model's output rests on, each after those that it reads; of a
        Bidirectional layer the forward half and then the backward half.

    Raises
    ------
    LSTMWidgetsError
        For a model without an LSTM layer, without a graph, with several inputs or with an LSTM that
        cannot be read; for ``x`` of another shape, with missing values, or with masked steps.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(3, name="memory")])
    >>> reading, = read_layers(model, np.zeros((5, 1)))
    >>> reading.name, reading.gates.c.shape
    ('memory', (5, 3))
    """
    route = route_through(model)
    given = model.inputs[0]
    window = _one_window(x, given.shape)
    batch = tf.cast(np.repeat(window[None], given.shape[0] or 1, axis=0), given.dtype)
    readings: list[LayerReading] = []
    for call, (inputs, mask, *walks) in zip(calls(route.graph), run_window(route, model, batch), strict=True):
        check_nothing_masked(call, mask)
        for layer, name, walk in zip(call.layers, call.names, walks, strict=True):
            readings.append(_reading(layer, name, call.pair, inputs.numpy(), *walk))
    return readings


def _reading(
    layer: Any, name: str, pair: str | None, inputs: NDArray[np.float32], gates: Gates, h0: Any, c0: Any
) -> LayerReading:
    walked = slice(None, None, -1 if layer.go_backwards else 1)
    cell = layer.cell
    kernel = np.asarray(cell.kernel, np.float32)
    return LayerReading(
        name=name,
        kernel=kernel,
        recurrent_kernel=np.asarray(cell.recurrent_kernel, np.float32),
        bias=np.asarray(cell.bias, np.float32) if cell.use_bias else np.zeros(kernel.shape[1], np.float32),
        inputs=inputs,
        gates=Gates(*(gate.numpy()[walked] for gate in gates)),
        backwards=bool(layer.go_backwards),
        initial_h=h0.numpy(),
        initial_c=c0.numpy(),
        pair=pair,
    )


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
