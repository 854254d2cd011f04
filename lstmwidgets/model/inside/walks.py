"""Recurrent layers walked step by step in NumPy, every gate kept: one sequence, any activation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.model.inside.activations import ACTIVATIONS

Array = NDArray[Any]


class GRUGates(NamedTuple):
    """Every gate of a GRU at every step: arrays of one shape, units last.

    ``z`` is the update gate, ``r`` the reset gate, ``g`` the candidate and ``h`` the hidden state
    after the step.
    """

    z: Array
    r: Array
    g: Array
    h: Array


class Hidden(NamedTuple):
    """The hidden state of a simple recurrent layer after every step: all that it has."""

    h: Array


def lstm_walk(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> Array:
    """The arrays i, f, g, o, c, h of an LSTM layer, shape (6, timesteps, units).

    The equations are those of `lstmwidgets.analysis.inside.gates.gate_activations`; ``activation``
    stands there for tanh, ``recurrent_activation`` for sigmoid. States that grow beyond all numbers
    are infinite, as in Keras.

    Parameters
    ----------
    x : array, shape (timesteps, features)
    h, c : arrays, shape (units,)
        States before the first step.
    kernel, recurrent_kernel, bias : arrays
        Shapes (features, 4 * units), (units, 4 * units) and (4 * units,), packed i, f, g, o.
    activation, recurrent_activation : str
        Names in `ACTIVATIONS`.
    """
    squash, gate = ACTIVATIONS[activation].function, ACTIVATIONS[recurrent_activation].function
    steps = np.empty((6, len(x), len(h)), np.result_type(x, kernel))
    from_state = _side_by_side(recurrent_kernel, 4)
    with np.errstate(over="ignore", invalid="ignore"):
        from_input = (x @ kernel + bias).reshape(len(x), 4, -1)  # it waits for no earlier step: all at once
        for t in range(len(x)):
            z_i, z_f, z_g, z_o = from_input[t] + h @ from_state
            i, f, g, o = gate(z_i), gate(z_f), squash(z_g), gate(z_o)
            c = f * c + i * g
            h = o * squash(c)
            steps[:, t] = i, f, g, o, c, h
    return steps


def gru_walk(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
    recurrent_bias: Array,
    reset_after: bool = True,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> GRUGates:
    """Every gate of a GRU layer, each of shape (timesteps, units).

    At each step, with ``h`` the state left by the one before::

        z = sigmoid(x @ kernel_z + bias_z + h @ recurrent_kernel_z + recurrent_bias_z)     update gate
        r = sigmoid(x @ kernel_r + bias_r + h @ recurrent_kernel_r + recurrent_bias_r)     reset gate
        g = tanh(x @ kernel_g + bias_g + r * (h @ recurrent_kernel_g + recurrent_bias_g))  candidate
        h = z * h + (1 - z) * g                                                            hidden state

    and with ``reset_after=False``, as the authors had it, ``(r * h) @ recurrent_kernel_g`` in the third.

    Parameters
    ----------
    x : array, shape (timesteps, features)
    h : array, shape (units,)
        State before the first step.
    kernel, recurrent_kernel, bias, recurrent_bias : arrays
        Shapes (features, 3 * units), (units, 3 * units) and (3 * units,) twice, packed z, r, g.
    activation, recurrent_activation : str
        Names in `ACTIVATIONS`, that stand for tanh and sigmoid.

    References
    ----------
    Cho, K. et al. (2014). Learning Phrase Representations using RNN Encoder-Decoder for Statistical
    Machine Translation. EMNLP. (There z and 1 - z have changed places; here it is as in Keras.)
    Chung, J., Gulcehre, C., Cho, K. and Bengio, Y. (2014). Empirical Evaluation of Gated Recurrent
    Neural Networks on Sequence Modeling. NIPS Deep Learning Workshop.
    """
    squash, gate = ACTIVATIONS[activation].function, ACTIVATIONS[recurrent_activation].function
    from_state, added = _side_by_side(recurrent_kernel, 3), recurrent_bias.reshape(3, -1)
    steps = np.empty((4, len(x), len(h)), np.result_type(x, kernel))
    with np.errstate(over="ignore", invalid="ignore"):
        from_input = (x @ kernel + bias).reshape(len(x), 3, -1)
        for t in range(len(x)):
            x_z, x_r, x_g = from_input[t]
            if reset_after:
                z_z, z_r, heard = h @ from_state + added
            else:
                z_z, z_r = h @ from_state[:2] + added[:2]
            z, r = gate(x_z + z_z), gate(x_r + z_r)
            g = squash(x_g + (r * heard if reset_after else (r * h) @ from_state[2] + added[2]))
            h = z * h + (1 - z) * g
            steps[:, t] = z, r, g, h
    return GRUGates(*steps)


def rnn_walk(
    x: Array, h: Array, kernel: Array, recurrent_kernel: Array, bias: Array, activation: str = "tanh"
) -> Hidden:
    """The state ``h = tanh(x @ kernel + h @ recurrent_kernel + bias)`` of a simple recurrent layer.

    Of shape (timesteps, units); ``activation`` stands for tanh.

    References
    ----------
    Elman, J. L. (1990). Finding Structure in Time. Cognitive Science 14(2).
    """
    squash = ACTIVATIONS[activation].function
    steps = np.empty((len(x), len(h)), np.result_type(x, kernel))
    with np.errstate(over="ignore", invalid="ignore"):
        from_input = x @ kernel + bias
        for t in range(len(x)):
            steps[t] = h = squash(from_input[t] + h @ recurrent_kernel)
    return Hidden(steps)


def _side_by_side(recurrent_kernel: Array, gates: int) -> Array:
    """The share of each gate as a matrix of its own, shape (gates, units, units).

    A product with all of them at once is no quicker, and so large from some 350 units up that the BLAS
    divides it among threads at every step: 2,048 of them then wait ten times as long as they calculate.
    """
    units = len(recurrent_kernel)
    return np.ascontiguousarray(recurrent_kernel.reshape(units, gates, units).transpose(1, 0, 2))
