"""Keras' recurrent layers: which there are, and with which activations they can be read."""

from __future__ import annotations

from typing import Any

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.inside.activations import ACTIVATIONS


def is_lstm(operation: Any) -> bool:
    return isinstance(operation, keras.layers.LSTM)


def is_recurrent(operation: Any) -> bool:
    """Whether it is a layer whose walk can be read: an LSTM, a GRU or a SimpleRNN."""
    return isinstance(operation, (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN))


def activations_of(layer: Any) -> tuple[str, ...]:
    """Names of a recurrent layer's activation and, where it has gates, of theirs."""
    return tuple(getattr(each, "__name__", type(each).__name__) for each in _activations(layer))


def check_activations(layer: Any) -> None:
    """Refuse activations that cannot be followed in NumPy, among them one's own by a known name."""
    for name, own in zip(activations_of(layer), _activations(layer), strict=True):
        if name not in ACTIVATIONS or own is not getattr(keras.activations, name):
            raise LSTMWidgetsError(
                f"the {type(layer).__name__} layer {layer.name!r} has the activation {name!r}, with which it "
                f"cannot be read: those of keras.activations that can be are {', '.join(ACTIVATIONS)}"
            )


def _activations(layer: Any) -> list[Any]:
    gated = not isinstance(layer, keras.layers.SimpleRNN)
    return [layer.activation, *([layer.recurrent_activation] if gated else [])]


MEMORIES = (
    *(keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN),
    *(keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell),
)
"""Layers and cells that keep a state."""
