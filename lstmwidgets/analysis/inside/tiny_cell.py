"""An LSTM of one unit and one feature, small enough to set each of its twelve weights by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.gates import GateTrace, gate_activations
from lstmwidgets.errors import LSTMWidgetsError

PACKED = "ifgo"
WEIGHT_NAMES = tuple(f"{kind}_{gate}" for gate in PACKED for kind in ("kernel", "recurrent_kernel", "bias"))

DEFAULT_WEIGHTS: Mapping[str, float] = MappingProxyType(
    dict(
        zip(
            WEIGHT_NAMES,
            (3.0, -0.5, -1.0, 1.0, 0.5, 1.5, 1.5, 0.5, 0.0, 1.0, 0.5, 0.5),
            strict=True,
        )
    )
)
"""A cell that lets positive inputs in, and forgets them over about ten steps."""


def tiny_trace(x: ArrayLike, weights: Mapping[str, float] = DEFAULT_WEIGHTS) -> GateTrace:
    """Run one sequence through a cell whose weights go by name.

    Parameters
    ----------
    x : array, shape (timesteps,)
    weights : mapping
        All of `WEIGHT_NAMES`: ``kernel_f`` weighs the input in the forget gate,
        ``recurrent_kernel_f`` the hidden state of the step before, ``bias_f`` is added; likewise
        for ``i``, ``g`` and ``o``.

    Returns
    -------
    GateTrace
        Arrays of shape (timesteps, 1).

    Examples
    --------
    >>> tiny_trace([1.0, 0.0, 0.0]).c.ravel().round(2).tolist()
    [0.8, 0.74, 0.67]
    """
    return gate_activations(np.asarray(x, dtype=np.float64)[:, None], *packed(weights))


def packed(
    weights: Mapping[str, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The kernel (1, 4), the recurrent kernel (1, 4) and the bias (4,), packed i, f, g, o."""
    for name in set(weights) ^ set(WEIGHT_NAMES):
        fault = "unknown" if name in weights else "missing"
        raise LSTMWidgetsError(f"weight {name!r} is {fault}: a tiny cell has {', '.join(WEIGHT_NAMES)}")
    kernel, recurrent_kernel, bias = (
        np.array([weights[f"{kind}_{gate}"] for gate in PACKED], dtype=np.float64)
        for kind in ("kernel", "recurrent_kernel", "bias")
    )
    return kernel[None, :], recurrent_kernel[None, :], bias


def one_step_before(states: NDArray[np.float64]) -> NDArray[np.float64]:
    """States as each step finds them: moved on by one step, zero before the first."""
    return np.concatenate([np.zeros_like(states[:1]), states[:-1]])


def gate_input(
    x: ArrayLike, trace: GateTrace, gate: str, weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """What goes into the sigmoid or tanh of one gate: ``kernel * x + recurrent_kernel * h + bias``.

    Returns
    -------
    float64 array, shape (timesteps,)
    """
    inputs = np.asarray(x, dtype=np.float64)
    h = one_step_before(trace.h[:, 0])
    return (
        weights[f"kernel_{gate}"] * inputs + weights[f"recurrent_kernel_{gate}"] * h + weights[f"bias_{gate}"]
    )
