"""An LSTM over a whole sequence on the CPU, in TensorFlow: plain functions with their gradients.

Everything here is time-major, float32 and unmasked, with gates packed i, f, g, o as Keras packs
them. `lstm` picks the way by shape; `benchmarks/README.md` has the measurements behind the choice.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import tf

HALVE_FROM_UNITS = 32
"""From here on, half a batch on each of two cores beats a whole batch on both."""

COMPILE_FROM_UNITS = 64
"""From here on, steps compiled by XLA beat the fused kernel in training: a second or two to compile, once for
each size of batch, against a fifth to a half of each epoch."""


class Gates(NamedTuple):
    """Every gate and state at every step: float32 tensors of one shape, units last.

    ``i``, ``f`` and ``o`` are the input, forget and output gates, in [0, 1]; ``g`` the candidate, in
    [-1, 1]; ``c`` the cell state after the step and ``h`` the hidden state, in [-1, 1].
    """

    i: Any
    f: Any
    g: Any
    o: Any
    c: Any
    h: Any


def has_accelerator() -> bool:
    """Whether TensorFlow has any device but CPUs: cuDNN serves there, or nothing of ours does."""
    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())


def under_xla() -> bool:
    """Whether the function now being traced will be compiled by XLA, which has no fused LSTM kernel."""
    return not tf.executing_eagerly() and GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def lstm(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    training: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Hidden and cell states after every step, each (timesteps, batch, units), by the quickest way.

    Parameters
    ----------
    x : tensor, shape (timesteps, batch, features)
    h0, c0 : tensors, shape (batch, units)
        States before the first step.
    kernel, recurrent_kernel, bias : tensors
        As in `lstmwidgets.analysis.gates.gate_activations`.
    training : bool
        Whether a gradient is likely to be asked for. It may be asked for in any case.
    """
    units = h0.shape[-1]
    # XLA compiles anew for each shape that comes along: worth it only for the few of a training loop.
    compiled = (
        training and units >= COMPILE_FROM_UNITS and x.shape[0] is not None and not tf.executing_eagerly()
    )
    run = _compiled if compiled else _fused
    weights = tf.concat([kernel, recurrent_kernel], 0)
    # The executor of a compiled function runs independent halves side by side; eager execution would not.
    if units < HALVE_FROM_UNITS or x.shape[1] == 1 or tf.executing_eagerly():
        return run(x, h0, c0, weights, bias)
    rows = tf.shape(x)[1]
    sizes = tf.stack([rows - rows // 2, rows // 2])
    parts = zip(*(tf.split(array, sizes, -2, num=2) for array in (x, h0, c0)), strict=True)
    h, c = zip(*(run(*part, weights, bias) for part in parts), strict=True)
    return tf.concat(h, 1), tf.concat(c, 1)


def all_gates(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> Gates:
    """Every gate of the fused kernel's one pass, each (timesteps, batch, units); without a gradient."""
    with tf.device("CPU:0"):
        i, c, f, o, g, _, h = _block(x, h0, c0, tf.concat([kernel, recurrent_kernel], 0), bias)
    return Gates(*(tf.stop_gradient(gate) for gate in (i, f, g, o, c, h)))


@tf.custom_gradient
def _fused(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """The kernel with its right gradient: the registered one is the first version's, packed otherwise."""
    outputs = _block(x, h0, c0, weights, bias)
    _, c, *_, h = outputs

    def gradient(by_h: tf.Tensor, by_c: tf.Tensor) -> Any:
        return _fused_gradient(x, h0, c0, weights, bias, *outputs, by_c, by_h)

    return (h, c), gradient


def _block(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """The raw kernel; its outputs are named i, cs, f, o, ci, co, h: here i, c, f, o, g, tanh(c), h."""
    return tf.raw_ops.BlockLSTMV2(x=x, h_prev=h0, cs_prev=c0, w=weights, b=bias, **_without_peepholes(x, c0))


def _without_peepholes(x: tf.Tensor, c0: tf.Tensor) -> dict[str, Any]:
    unused = tf.zeros(c0.shape[-1:])
    timesteps = tf.shape(x, out_type=tf.int64)[0]
    return {"seq_len_max": timesteps, "wci": unused, "wcf": unused, "wco": unused, "use_peephole": False}


@tf.custom_gradient
def _fused_gradient(*arguments: tf.Tensor) -> Any:
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
    # Half of a batch of one is empty, and the kernel leaves the weights' gradient of no rows unset.
    some = tf.shape(x)[1] > 0
    by_weights, by_bias = (tf.where(some, by, tf.zeros_like(by)) for by in (by_weights, by_bias))
    return (by_x, by_h0, by_c0, by_weights, by_bias), _refuse_second_derivative


def _refuse_second_derivative(*_: Any) -> Any:
    raise LSTMWidgetsError(
        "FusedLSTM has no second derivative: compute it with keras.layers.LSTM, which has "
        "(to_plain_keras(model) gives the same model with that layer)"
    )


@tf.custom_gradient
def _compiled(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """Loops over the steps that XLA compiles, forward and back."""
    # Off the tape, or TensorFlow would also derive a gradient of the walk that nobody calls.
    gates, c, h = _walk(*(tf.stop_gradient(array) for array in (x, h0, c0, weights, bias)))

    def gradient(by_h: tf.Tensor, by_c: tf.Tensor) -> Any:
        return _compiled_gradient(x, h0, c0, weights, gates, c, h, by_h, by_c)

    return (h, c), gradient


@tf.custom_gradient
def _compiled_gradient(*arguments: tf.Tensor) -> Any:
    """Gradients by x, h0, c0, weights and bias, the last two as one product for all steps."""
    x, h0, c0, weights, gates, c, h, by_h, by_c = arguments
    features, width = x.shape[-1], weights.shape[-1]
    by_z, by_h0, by_c0 = _walk_back(c0, tf.transpose(weights[features:]), gates, c, by_h, by_c)
    h_before = tf.concat([h0[None], h[:-1]], 0)
    z_reads = tf.concat([x, h_before, tf.ones_like(x[..., :1])], -1)
    flat = tf.reshape(by_z, [-1, width])
    by_all = tf.matmul(tf.reshape(z_reads, [-1, weights.shape[0] + 1]), flat, transpose_a=True)
    by_x = tf.reshape(tf.matmul(flat, weights[:features], transpose_b=True), tf.shape(x))
    return (by_x, by_h0, by_c0, by_all[:-1], by_all[-1]), _refuse_second_derivative


@tf.function(jit_compile=True, autograph=False)
def _walk(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """Gates (timesteps, batch, 4 units), side by side, and cell and hidden states after every step."""
    timesteps, units = x.shape[0], h0.shape[-1]
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, so that one tanh over all four gates does it.
    slope = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), units)
    kernel, recurrent_kernel = tf.split(slope * weights, [x.shape[-1], units])
    bias = slope * bias

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *seen: tf.TensorArray) -> Any:
        z = tf.matmul(x[t], kernel) + tf.matmul(h, recurrent_kernel) + bias
        gates = slope * tf.tanh(z) + (1 - slope)
        i, f, g, o = tf.split(gates, 4, -1)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return (t + 1, h, c, *(array.write(t, now) for array, now in zip(seen, (gates, c, h), strict=True)))

    seen = (tf.TensorArray(tf.float32, timesteps, element_shape=[None, n]) for n in (4 * units, units, units))
    _, _, _, *seen = tf.while_loop(lambda t, *_: t < timesteps, step, (0, h0, c0, *seen))
    return tuple(array.stack() for array in seen)


@tf.function(jit_compile=True, autograph=False)
def _walk_back(
    c0: tf.Tensor, transposed: tf.Tensor, gates: tf.Tensor, c: tf.Tensor, by_h: tf.Tensor, by_c: tf.Tensor
) -> Any:
    """Gradients by z, h0 and c0: local derivatives of all steps at once, then one small product a step.

    Takes the recurrent kernel transposed: XLA would turn a transposition in here into slower products.
    """
    i, f, g, o = tf.split(gates, 4, -1)
    tanh_c = tf.tanh(c)
    c_before = tf.concat([c0[None], c[:-1]], 0)
    c_by_h = o * (1 - tanh_c * tanh_c)
    local = tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * (1 - g * g), tanh_c * o * (1 - o)], -1)

    def step(t: tf.Tensor, h_owes: tf.Tensor, c_owes: tf.Tensor, by_z: tf.TensorArray) -> Any:
        h_owes += by_h[t]
        c_owes += by_c[t] + h_owes * c_by_h[t]
        now = tf.concat([c_owes, c_owes, c_owes, h_owes], -1) * local[t]
        return t - 1, tf.matmul(now, transposed), c_owes * f[t], by_z.write(t, now)

    timesteps = gates.shape[0]
    by_z = tf.TensorArray(tf.float32, timesteps, element_shape=[None, gates.shape[-1]])
    start = (timesteps - 1, tf.zeros_like(c0), tf.zeros_like(c0), by_z)
    _, by_h0, by_c0, by_z = tf.while_loop(lambda t, *_: t >= 0, step, start)
    return by_z.stack(), by_h0, by_c0
