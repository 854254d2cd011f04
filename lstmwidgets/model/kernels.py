"""An LSTM over a whole sequence on the CPU: plain functions of tensors, with their gradients.

Everything here is float32 and unmasked, batch first, with gates packed i, f, g, o as Keras packs
them. `lstm` runs this project's own operations, or TensorFlow's fused kernel where they are missing;
`benchmarks/README.md` has the measurements behind it.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import native
from lstmwidgets.model.backend import tf

PARTS = min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
"""Parts of a batch that a compiled function runs side by side, one on each core."""

PART_ROWS = 8
"""The fewest windows that are worth a part."""


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


class States(NamedTuple):
    """What an LSTM answers: ``h`` and ``c`` after the last step, (batch, units), and ``h`` after every step.

    ``every_h`` has the shape (batch, timesteps, units), and is None unless it was asked for.
    """

    every_h: Any
    h: Any
    c: Any


def has_accelerator() -> bool:
    """Whether TensorFlow has any device but CPUs: cuDNN serves there, or nothing of ours does."""
    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())


def under_xla() -> bool:
    """Whether the function now being traced will be compiled by XLA, which has no kernel of either kind."""
    return not tf.executing_eagerly() and GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def lstm(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    training: bool,
    every: bool,
) -> States:
    """Hidden and cell states of an LSTM.

    Parameters
    ----------
    x : tensor, shape (batch, timesteps, features)
    h0, c0 : tensors, shape (batch, units)
        States before the first step.
    kernel, recurrent_kernel, bias : tensors
        As in `lstmwidgets.analysis.inside.gates.gate_activations`.
    training : bool
        Whether a gradient is likely to be asked for, and what it needs should be kept. It may be
        asked for in any case, and then costs another pass.
    every : bool
        Whether the hidden state after every step is wanted, or only the last one.
    """
    run = _fused if native.operations() is None else _walk
    weights = kernel, recurrent_kernel, bias
    # The executor of a compiled function runs independent parts side by side; eager execution would not.
    if tf.executing_eagerly() or PARTS == 1 or x.shape[0] == 1:
        return run(x, h0, c0, *weights, training, every)
    sizes = part_sizes(tf.shape(x)[0])
    parts = zip(*(tf.split(array, sizes, num=PARTS) for array in (x, h0, c0)), strict=True)
    found = [run(part, h, c, *weights, training, every) for part, h, c in parts]
    every_h, h, c = (None if of[0] is None else tf.concat(of, 0) for of in zip(*found, strict=True))
    return States(every_h, h, c)


def part_sizes(rows: tf.Tensor) -> tf.Tensor:
    """Rows of each part: as even as may be, but none with fewer than `PART_ROWS` while another has more."""
    most = tf.maximum(PART_ROWS, (rows + PARTS - 1) // PARTS)
    return tf.clip_by_value(rows - most * tf.range(PARTS), 0, most)


def all_gates(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> Gates:
    """Every gate of one pass, each (batch, timesteps, units); without a gradient."""
    with tf.device("CPU:0"):
        i, c, f, o, g, _, h = _block(_swapped(x), h0, c0, tf.concat([kernel, recurrent_kernel], 0), bias)
    return Gates(*(tf.stop_gradient(_swapped(gate)) for gate in (i, f, g, o, c, h)))


# This project's own operations ---------------------------------------------------------------


def _walk(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    training: bool,
    every: bool,
) -> States:
    forward = native.operations().lstmwidgets_forward

    @tf.custom_gradient
    def walk(*arrays: tf.Tensor) -> Any:
        out = forward(*arrays, keep=training, every=every)
        out.h.set_shape(h0.shape)  # the operation tells no shapes while a function is traced
        out.c.set_shape(h0.shape)
        if every:
            out.every_h.set_shape([*x.shape[:2], h0.shape[-1]])

        def owed(*by: tf.Tensor) -> Any:
            kept = out if training else forward(*arrays, keep=True, every=False)
            by_every_h = by[0] if every else tf.zeros([0, 0, 0])
            gradients = _walk_back(*arrays[3:5], kept.reads, kept.cells, kept.gates, by_every_h, *by[-2:])
            for gradient, array in zip(gradients, arrays, strict=True):
                gradient.set_shape(array.shape)
            return gradients

        return (out.every_h, out.h, out.c) if every else (out.h, out.c), owed

    *every_h, h, c = walk(x, h0, c0, kernel, recurrent_kernel, bias)
    return States(every_h[0] if every else None, h, c)


@tf.custom_gradient
def _walk_back(kernel: tf.Tensor, recurrent_kernel: tf.Tensor, *kept_and_owed: tf.Tensor) -> Any:
    """Gradients by x, h0, c0, kernel, recurrent kernel and bias; a derivative of them is refused."""
    by = native.operations().lstmwidgets_backward(recurrent_kernel, *kept_and_owed)
    units = recurrent_kernel.shape[0]
    # A function that does not ask for the gradient by its inputs leaves this product out.
    by_x = tf.einsum("tngu,xgu->ntx", by.by_z[..., :units], tf.reshape(kernel, [-1, 4, units]))
    gradients = by_x, by.by_h0, by.by_c0, by.by_kernel, by.by_recurrent_kernel, by.by_bias
    return gradients, _refuse_second_derivative


def _refuse_second_derivative(*_: Any) -> Any:
    raise LSTMWidgetsError(
        "FusedLSTM has no second derivative: compute it with keras.layers.LSTM, which has "
        "(to_plain_keras(model) gives the same model with that layer)"
    )


# TensorFlow's fused kernel, which is time-major ----------------------------------------------


def _fused(
    x: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    training: bool,
    every: bool,
) -> States:
    del training  # it keeps all there is in any case
    h, c = _differentiable_block(_swapped(x), h0, c0, tf.concat([kernel, recurrent_kernel], 0), bias)
    return States(_swapped(h) if every else None, h[-1], c[-1])


@tf.custom_gradient
def _differentiable_block(
    x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor
) -> Any:
    """The kernel with its right gradient: the registered one is the first version's, packed otherwise."""
    outputs = _block(x, h0, c0, weights, bias)
    _, c, *_, h = outputs

    def gradient(by_h: tf.Tensor, by_c: tf.Tensor) -> Any:
        return _block_gradient(x, h0, c0, weights, bias, *outputs, by_c, by_h)

    return (h, c), gradient


def _block(x: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor) -> Any:
    """The raw kernel; its outputs are named i, cs, f, o, ci, co, h: here i, c, f, o, g, tanh(c), h."""
    return tf.raw_ops.BlockLSTMV2(x=x, h_prev=h0, cs_prev=c0, w=weights, b=bias, **_without_peepholes(x, c0))


def _without_peepholes(x: tf.Tensor, c0: tf.Tensor) -> dict[str, Any]:
    unused = tf.zeros(c0.shape[-1:])
    timesteps = tf.shape(x, out_type=tf.int64)[0]
    return {"seq_len_max": timesteps, "wci": unused, "wcf": unused, "wco": unused, "use_peephole": False}


@tf.custom_gradient
def _block_gradient(*arguments: tf.Tensor) -> Any:
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
    return (by_x, by_h0, by_c0, by_weights, by_bias), _refuse_second_derivative


def _swapped(sequences: tf.Tensor) -> tf.Tensor:
    """Swap batch and time, either way."""
    return tf.transpose(sequences, (1, 0, 2))
