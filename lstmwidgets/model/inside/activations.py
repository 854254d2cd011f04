"""Activations as functions of arrays, with their limits: those with which a recurrent layer can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

INFINITE = float("inf")


class Activation(NamedTuple):
    """One activation.

    Attributes
    ----------
    function : callable
        Of an array, number by number.
    low, high : float
        What its values cannot leave.
    sign : str
        How diagrams and equations write it.
    """

    function: Callable[[NDArray[Any]], NDArray[Any]]
    low: float
    high: float
    sign: str


def sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    """The logistic function ``1 / (1 + exp(-z))``, written so that no ``z`` overflows."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "tanh": Activation(np.tanh, -1.0, 1.0, "tanh"),
        "sigmoid": Activation(sigmoid, 0.0, 1.0, "σ"),
        "hard_sigmoid": Activation(lambda z: np.clip(z / 6.0 + 0.5, 0.0, 1.0), 0.0, 1.0, "hard σ"),
        "relu": Activation(lambda z: np.maximum(z, 0.0), 0.0, INFINITE, "relu"),
        "linear": Activation(lambda z: z, -INFINITE, INFINITE, "linear"),
        "softsign": Activation(lambda z: z / (1.0 + np.abs(z)), -1.0, 1.0, "softsign"),
        "softplus": Activation(lambda z: np.logaddexp(z, 0.0), 0.0, INFINITE, "softplus"),
        "elu": Activation(lambda z: np.maximum(z, np.expm1(np.minimum(z, 0.0))), -1.0, INFINITE, "elu"),
    }
)
"""By the names and with the numbers of ``keras.activations``."""
