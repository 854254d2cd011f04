"""An LSTM and a GRU over a whole sequence on the CPU: plain functions of tensors, with their gradients.

Everything here is float32 and unmasked, batch first, with gates packed i, f, g, o and z, r, h as Keras
packs them. `lstm` runs this project's own operations, or TensorFlow's fused kernel where they are
missing; `gru` needs them. `benchmarks/README.md` has the measurements behind it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from lstmwidgets.model import native
from lstmwidgets.model.backend import tf
from lstmwidgets.model.block_lstm import block, differentiable_block, second_derivative_refused

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
    """What a cell answers: ``h`` and ``c`` after the last step, (batch, units), and ``h`` after every step.

    ``every_h`` has the shape (batch, timesteps, units), and is None unless it was asked for. A GRU has
    no ``c``.
    """

    every_h: Any
    h: Any
    c: Any = None


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
    run = _fused if native.operations() is None else partial(_walk, _LSTM)
    return _in_parts(run, x, (h0, c0), (kernel, recurrent_kernel, bias), training, every)


def gru(
    x: tf.Tensor,
    h0: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    training: bool,
    every: bool,
) -> States:
    """Hidden states of a GRU whose reset gate comes after the product, as in Keras and cuDNN; see `lstm`.

    Parameters
    ----------
    x, h0, training, every
        As in `lstm`.
    kernel, recurrent_kernel, bias : tensors, shapes (features, 3 units), (units, 3 units), (2, 3 units)
        Packed z, r, h; the first bias goes with the inputs, the second with the state.
    """
    run = partial(_walk, _GRU)
    return _in_parts(run, x, (h0,), (kernel, recurrent_kernel, bias), training, every)


def has_gru() -> bool:
    """Whether `gru` can run: it needs this project's own operations."""
    return native.operations() is not None


def _in_parts(
    run: Callable[..., States],
    x: tf.Tensor,
    states: tuple[Any, ...],
    weights: Any,
    training: bool,
    every: bool,
) -> States:
    """A walk of the whole batch, or walks of its parts side by side."""
    # The executor of a compiled function runs independent parts side by side; eager execution would not.
    if tf.executing_eagerly() or PARTS == 1 or x.shape[0] == 1:
        return run(x, states, weights, training, every)
    sizes = part_sizes(tf.shape(x)[0])
    parts = zip(*(tf.split(array, sizes, num=PARTS) for array in (x, *states)), strict=True)
    found = [run(part, of_part, weights, training, every) for part, *of_part in parts]
    return States(*(None if of[0] is None else tf.concat(of, 0) for of in zip(*found, strict=True)))


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
        i, c, f, o, g, _, h = block(_swapped(x), h0, c0, tf.concat([kernel, recurrent_kernel], 0), bias)
    return Gates(*(tf.stop_gradient(_swapped(gate)) for gate in (i, f, g, o, c, h)))


def _fused(x: tf.Tensor, states: Any, weights: Any, training: bool, every: bool) -> States:
    """An LSTM by TensorFlow's kernel, which is time-major and keeps all there is in any case."""
    kernel, recurrent_kernel, bias = weights
    h, c = differentiable_block(_swapped(x), *states, tf.concat([kernel, recurrent_kernel], 0), bias)
    return States(_swapped(h) if every else None, h[-1], c[-1])


def _swapped(sequences: tf.Tensor) -> tf.Tensor:
    """Swap batch and time, either way."""
    return tf.transpose(sequences, (1, 0, 2))


# This project's own operations ---------------------------------------------------------------


class _Cell(NamedTuple):
    """What ops.c calls a cell's operations, and how many states it has."""

    name: str
    operations: str
    states: int


_LSTM = _Cell("LSTM", "lstmwidgets", states=2)
_GRU = _Cell("GRU", "lstmwidgets_gru", states=1)


def _walk(cell: _Cell, x: tf.Tensor, states: Any, weights: Any, training: bool, every: bool) -> States:
    forward = getattr(native.operations(), f"{cell.operations}_forward")

    @tf.custom_gradient
    def walk(*arrays: tf.Tensor) -> Any:
        every_h, *rest = forward(*arrays, keep=training, every=every)
        last, kept = rest[: cell.states], rest[cell.states :]
        for state, before in zip(last, states, strict=True):
            state.set_shape(before.shape)  # the operation tells no shapes while a function is traced
        if every:
            every_h.set_shape([*x.shape[:2], states[0].shape[-1]])

        def owed(*by: tf.Tensor) -> Any:
            reads = kept if training else forward(*arrays, keep=True, every=False)[1 + cell.states :]
            by_every_h = by[0] if every else tf.zeros([0, 0, 0])
            kernel, recurrent_kernel = arrays[1 + cell.states :][:2]
            gradients = _walk_back(cell)(kernel, recurrent_kernel, *reads, by_every_h, *by[-cell.states :])
            for gradient, array in zip(gradients, arrays, strict=True):
                gradient.set_shape(array.shape)
            return gradients

        return (every_h, *last) if every else tuple(last), owed

    found = walk(x, *states, *weights)
    return States(*found) if every else States(None, *found)


def _walk_back(cell: _Cell) -> Any:
    """Gradients by x, the states and the weights; a derivative of them is refused."""

    @tf.custom_gradient
    def back(kernel: tf.Tensor, recurrent_kernel: tf.Tensor, *kept_and_owed: tf.Tensor) -> Any:
        operations = native.operations()
        backward = getattr(operations, f"{cell.operations}_backward")
        by_z, *gradients = backward(recurrent_kernel, *kept_and_owed)
        # A function that does not ask for the gradient by its inputs leaves this product out.
        by_x = operations.lstmwidgets_by_inputs(kernel, by_z, units=recurrent_kernel.shape[0])
        return (by_x, *gradients), second_derivative_refused(cell.name)

    return back
