"""Keras' LSTM and GRU layers as fused kernels on the CPU, and the way back to Keras' own layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstmwidgets.errors import LSTMWidgetsError

try:
    from lstmwidgets.model import kernels
    from lstmwidgets.model.backend import keras
except LSTMWidgetsError:  # another Keras backend: the layer is Keras' own there
    import keras

if TYPE_CHECKING:
    from lstmwidgets.model.kernels import Gates

_PACKAGE = "lstmwidgets"


class _Fused:
    """Goes before one of Keras' recurrent layers, and runs its steps as one kernel where that applies."""

    _kernel: str  # a function of kernels.py

    def inner_loop(self: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run all the steps; Keras calls this between preparing the states and shaping the outputs."""
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        if mask is not None or not self._kernel_applies(bool(training)):
            return super().inner_loop(sequences, initial_state, mask, training=training)  # type: ignore[misc]
        if training and 0.0 < self.dropout < 1.0:  # as in Keras' cell
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None, :]
        steps = sequences[:, ::-1] if self.go_backwards else sequences
        walk = getattr(kernels, self._kernel)
        found = walk(steps, *initial_state, *weight_tensors(self), bool(training), self.return_sequences)
        every_h, *states = found[: 1 + len(initial_state)]
        return states[0], every_h if self.return_sequences else states[0][:, None], states

    def _kernel_applies(self: Any, training: bool) -> bool:
        one_mask_for_all_gates = not training or self.cell.implementation == 2
        return (
            keras.backend.backend() == "tensorflow"
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.compute_dtype == self.variable_dtype == "float32"
            and not self.unroll
            and self.use_cudnn is not True
            and (one_mask_for_all_gates or not (self.dropout or self.recurrent_dropout))
            and not kernels.has_accelerator()
            and not kernels.under_xla()
        )


@keras.saving.register_keras_serializable(_PACKAGE)
class FusedLSTM(_Fused, keras.layers.LSTM):
    """A ``keras.layers.LSTM`` that runs as one fused kernel where a CPU does the work.

    Everything about it is Keras' layer's: arguments, weights, states, dropout, saving. Outputs and
    gradients agree to float32 rounding; only the time they take differs. It takes Keras' own way where
    the kernel does not apply: on a GPU or TPU, on another Keras backend, under XLA
    (``jit_compile=True``), with a mask, ``unroll``, other activations than tanh and sigmoid, recurrent
    dropout in training, or another dtype than float32. There is no second derivative.

    Models holding it need this package to be loaded; `to_plain_keras` makes one that does not.

    Examples
    --------
    >>> import numpy as np
    >>> layer = FusedLSTM(3, return_sequences=True)
    >>> layer(np.zeros((2, 5, 1))).shape
    TensorShape([2, 5, 3])
    """

    _kernel = "lstm"


@keras.saving.register_keras_serializable(_PACKAGE)
class FusedGRU(_Fused, keras.layers.GRU):
    """A ``keras.layers.GRU`` that runs as one fused kernel where a CPU does the work.

    All that is said of `FusedLSTM` holds. It takes Keras' own way with ``reset_after=False`` too, and
    where the package was built without a C compiler.

    Examples
    --------
    >>> import numpy as np
    >>> layer = FusedGRU(3, return_sequences=True)
    >>> layer(np.zeros((2, 5, 1))).shape
    TensorShape([2, 5, 3])
    """

    _kernel = "gru"

    def _kernel_applies(self, training: bool) -> bool:
        return super()._kernel_applies(training) and self.reset_after and kernels.has_gru()


_KERAS_OWN = {
    keras.saving.get_registered_name(FusedLSTM): "LSTM",
    keras.saving.get_registered_name(FusedGRU): "GRU",
}
"""Keras' layer in place of each of these, by the name that is saved."""


def gates(layer: keras.layers.LSTM, inputs: Any, initial_state: Any = None) -> Gates:
    """Every gate and state of an LSTM layer at every step, from one pass of the fused kernel.

    The same as `lstmwidgets.analysis.inside.gates.gate_activations` for a whole batch, in float32. Its ``h``
    is what the layer returns with ``return_sequences=True``, so there is no need to call the layer
    as well. No dropout is applied, and a stateful layer's states are read but left as they are.

    Parameters
    ----------
    layer : keras.layers.LSTM
        A built layer, `FusedLSTM` or Keras' own, with tanh and sigmoid for activations.
    inputs : array or tensor, shape (batch, timesteps, features)
    initial_state : two arrays or tensors, shape (batch, units), optional
        Hidden and cell state before the first step; by default the states of a stateful layer, else
        zeros.

    Returns
    -------
    Gates
        ``i f g o c h``, tensors of shape (batch, timesteps, units). With ``go_backwards`` the first
        step is the last of the inputs, as in the layer's own output.

    Raises
    ------
    LSTMWidgetsError
        For another kind of layer, other activations, or inputs of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> layer = FusedLSTM(3)
    >>> layer.build((None, 5, 1))
    >>> gates(layer, np.zeros((2, 5, 1))).f.shape
    TensorShape([2, 5, 3])
    """
    _check_tanh_lstm(layer)
    x = _float32(inputs)
    features = layer.cell.kernel.shape[0]
    if len(x.shape) != 3 or x.shape[-1] != features:
        raise LSTMWidgetsError(
            f"inputs have the shape {tuple(x.shape)}: {layer.name!r} reads (batch, timesteps, {features})"
        )
    if initial_state is None:
        initial_state = layer.states if layer.stateful else layer.get_initial_state(keras.ops.shape(x)[0])
    h0, c0 = (_float32(state) for state in initial_state)
    if layer.go_backwards:
        x = x[:, ::-1]
    return kernels.all_gates(x, h0, c0, *weight_tensors(layer))


def to_plain_keras(model: Any) -> Any:
    """A copy of a model, or of one layer, with Keras' own layer in place of every `FusedLSTM` and `FusedGRU`.

    Saved as ``.keras``, the copy loads in a Keras that has never heard of this package. Weights are
    copied, and so is all that Keras saves of a model but how it was compiled.

    Parameters
    ----------
    model : keras.Model or keras.layers.Layer
        Sequential, functional or nested, with wrappers such as ``Bidirectional``; whatever Keras
        can serialise.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((5, 1)), FusedLSTM(3)])
    >>> type(to_plain_keras(model).layers[0]).__name__
    'LSTM'
    """
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    # Unsafe only of a file from elsewhere: this config was made of objects that are already running.
    plain = keras.saving.deserialize_keras_object(_plain(config), safe_mode=False)
    plain.set_weights(model.get_weights())
    return plain


def _plain(config: Any) -> Any:
    if isinstance(config, dict):
        name = _KERAS_OWN.get(config.get("registered_name"))
        if name:
            config = {**config, "module": "keras.layers", "class_name": name, "registered_name": None}
        return {key: _plain(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_plain(value) for value in config)
    return config


def _check_tanh_lstm(layer: Any) -> None:
    if not isinstance(layer, keras.layers.LSTM):
        raise LSTMWidgetsError(
            f"{layer!r} is not an LSTM layer: gates takes a keras.layers.LSTM; of a model or a wrapper, "
            "pass the layer inside it (model.layers, Bidirectional's forward_layer and backward_layer)"
        )
    if not layer.built:
        raise LSTMWidgetsError(f"{layer.name!r} has no weights yet: call it on inputs first, or load it")
    names = layer.activation.__name__, layer.recurrent_activation.__name__
    if names != ("tanh", "sigmoid"):
        raise LSTMWidgetsError(
            f"{layer.name!r} has the activations {names[0]!r} and {names[1]!r}: gates takes tanh and sigmoid"
        )


def weight_tensors(layer: keras.layers.LSTM | keras.layers.GRU) -> tuple[Any, Any, Any]:
    """Kernel, recurrent kernel and bias as float32 tensors; a layer without bias has one of zeros."""
    cell = layer.cell
    bias = cell.bias if cell.use_bias else keras.ops.zeros(_bias_shape(layer))
    return _float32(cell.kernel), _float32(cell.recurrent_kernel), _float32(bias)


def _bias_shape(layer: Any) -> tuple[int, ...]:
    """A GRU whose reset gate comes after the product has one bias for its inputs and one for its state."""
    columns = layer.cell.kernel.shape[1]
    return (2, columns) if getattr(layer, "reset_after", False) else (columns,)


def _float32(array: Any) -> Any:
    return keras.ops.cast(keras.ops.convert_to_tensor(array), "float32")
