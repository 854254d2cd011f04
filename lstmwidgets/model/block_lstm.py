"""TensorFlow's fused LSTM kernel with its right gradient, for where this project's own was not built.

It is time-major, float32, on the CPU, with gates packed i, f, g, o as Keras packs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import tf


@tf.custom_gradient
def differentiable_block(
    x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor
) -> Any:
    """Hidden and cell states after every step, with their gradient.

    The one that TensorFlow registers is for the kernel's first version, which packs otherwise.

    Parameters
    ----------
    x : tensor, shape (timesteps, batch, features)
    h0, c0 : tensors, shape (batch, units)
        States before the first step.
    weights : tensor, shape (features + units, 4 units)
        Kernel, and below it the recurrent kernel.
    bias : tensor, shape (4 units,)
    """
    outputs = block(x, h0, c0, weights, bias)
    _, c, *_, h = outputs

    def gradient(by_h: tf.Tensor, by_c: tf.Tensor) -> Any:
        return _gradient(x, h0, c0, weights, bias, *outputs, by_c, by_h)

    return (h, c), gradient


def block(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """The raw kernel; its outputs are named i, cs, f, o, ci, co, h: here i, c, f, o, g, tanh(c), h."""
    return tf.raw_ops.BlockLSTMV2(x=x, h_prev=h0, cs_prev=c0, w=weights, b=bias, **_without_peepholes(x, c0))


def _without_peepholes(x: tf.Tensor, c0: tf.Tensor) -> dict[str, Any]:
    unused = tf.zeros(c0.shape[-1:])
    timesteps = tf.shape(x, out_type=tf.int64)[0]
    return {"seq_len_max": timesteps, "wci": unused, "wcf": unused, "wco": unused, "use_peephole": False}


@tf.custom_gradient
def _gradient(*arguments: tf.Tensor) -> Any:
    """Gradients by x, h0, c0, weights and bias; a derivative of them is refused."""
    x, h0, c0, weights, bias, i, c, f, o, g, tanh_c, h, by_c, by_h = arguments
    states = {"x": x, "h_prev": h0, "cs_prev": c0, "w": weights, "b": bias}
    outputs = {
        "i": i,
        "cs": c,
        "f": f,
        "o": o,
        "ci": g,
        "co": tanh_c,
        "h": h,
        "cs_grad": by_c,
        "h_grad": by_h,
    }
    by_x, by_c0, by_h0, by_weights, *_, by_bias = tf.raw_ops.BlockLSTMGradV2(
        **states, **outputs, **_without_peepholes(x, c0)
    )
    # A part of a small batch may be empty, and the kernel leaves the weights' gradient of no rows unset.
    some = tf.shape(x)[1] > 0
    by_weights, by_bias = (tf.where(some, by, tf.zeros_like(by)) for by in (by_weights, by_bias))
    return (by_x, by_h0, by_c0, by_weights, by_bias), second_derivative_refused("LSTM")


def second_derivative_refused(layer: str) -> Callable[..., Any]:
    """What TensorFlow is given to derive a gradient by: it says in words that ``layer`` has no such thing."""

    def refuse(*_: Any) -> Any:
        raise LSTMWidgetsError(
            f"Fused{layer} has no second derivative: compute it with keras.layers.{layer}, which has "
            "(to_plain_keras(model) gives the same model with that layer)"
        )

    return refuse
