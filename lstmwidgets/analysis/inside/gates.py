"""The equations of an LSTM cell, step by step, with every gate kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.cells import UNLIMITED, CellTrace, Limits
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.inside.activations import sigmoid as sigmoid
from lstmwidgets.model.inside.walks import lstm_walk


@dataclass(frozen=True, eq=False)
class GateTrace(CellTrace):
    """What each cell of an LSTM layer did at each time step; see `gate_activations`.

    Ranges are those of the usual activations, sigmoid and tanh; see `limits` for those of others.

    Attributes
    ----------
    i, f, o : float64 arrays, shape (timesteps, units), in [0, 1]
        Input gate, forget gate and output gate.
    g : float64 array, shape (timesteps, units), in [-1, 1]
        Candidate.
    c : float64 array, shape (timesteps, units)
        Cell state after the step: unbounded, for it is a sum.
    h : float64 array, shape (timesteps, units), in [-1, 1]
        Hidden state after the step: what the layer gives out.
    """

    i: NDArray[np.float64]
    f: NDArray[np.float64]
    g: NDArray[np.float64]
    o: NDArray[np.float64]
    c: NDArray[np.float64]
    h: NDArray[np.float64]

    cell: ClassVar[str] = "lstm"
    letters: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o", "c", "h")
    gates: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")
    memory: ClassVar[str] = "c"

    @property
    def kept(self) -> NDArray[np.float64]:
        """The forget gate."""
        return self.f

    @property
    def written(self) -> NDArray[np.float64]:
        """What is let in of the candidate."""
        return self.i * self.g

    def limits(self, letter: str) -> Limits:
        """As `CellTrace.limits`: nothing holds the cell state, which is a sum."""
        shown, gate = self._of_activation(), self._of_gates()
        if letter == "h":
            with np.errstate(invalid="ignore"):  # nothing times everything is nothing here
                ends = np.nan_to_num(np.outer(gate, shown), posinf=np.inf, neginf=-np.inf)
            return float(ends.min()), float(ends.max())
        return UNLIMITED if letter == "c" else shown if letter == "g" else gate


def gate_activations(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike,
    *,
    initial_h: ArrayLike | None = None,
    initial_c: ArrayLike | None = None,
) -> GateTrace:
    """Run one sequence through an LSTM layer and keep every gate at every step.

    At each step, with ``x`` the input of the step and ``h``, ``c`` the states left by the one before::

        i = sigmoid(x @ kernel_i + h @ recurrent_kernel_i + bias_i)      input gate
        f = sigmoid(x @ kernel_f + h @ recurrent_kernel_f + bias_f)      forget gate
        g =    tanh(x @ kernel_g + h @ recurrent_kernel_g + bias_g)      candidate
        o = sigmoid(x @ kernel_o + h @ recurrent_kernel_o + bias_o)      output gate
        c = f * c + i * g                                                cell state
        h = o * tanh(c)                                                  hidden state

    Parameters
    ----------
    x : array, shape (timesteps, features)
    kernel : array, shape (features, 4 * units)
        Weights of the input. The gates are packed i, f, g, o along the last axis, as in Keras.
    recurrent_kernel : array, shape (units, 4 * units)
        Weights of the hidden state, packed likewise.
    bias : array, shape (4 * units,)
        Packed likewise.
    initial_h, initial_c : array, shape (units,), optional
        States before the first step; zeros by default.

    Returns
    -------
    GateTrace
        Arrays ``i f g o c h``, shape (timesteps, units), computed in float64. A missing input
        (NaN) makes all that follows it missing.

    Raises
    ------
    LSTMWidgetsError
        When the shapes do not fit together (it is a ValueError); the message names them.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long Short-Term Memory. Neural Computation 9(8).
    Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to Forget: Continual Prediction
    with LSTM. Neural Computation 12(10). The forget gate is theirs.

    Examples
    --------
    A cell whose gates all stand half open, because every weight is zero, halves its state:

    >>> import numpy as np
    >>> weights = np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4)
    >>> trace = gate_activations(np.ones((3, 1)), *weights, initial_c=[8])
    >>> trace.f.ravel().tolist(), trace.c.ravel().tolist()
    ([0.5, 0.5, 0.5], [4.0, 2.0, 1.0])
    """
    x, kernel, recurrent_kernel, bias = (
        _numbers(name, array)
        for name, array in (
            ("x", x),
            ("kernel", kernel),
            ("recurrent_kernel", recurrent_kernel),
            ("bias", bias),
        )
    )
    units = _checked_units(x, kernel, recurrent_kernel, bias)
    h, c = _state("initial_h", initial_h, units), _state("initial_c", initial_c, units)
    return GateTrace(*lstm_walk(x, h, c, kernel, recurrent_kernel, bias))


def _numbers(name: str, array: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LSTMWidgetsError(f"{name} is not an array of numbers: {error}") from None


def _checked_units(
    x: NDArray[np.float64],
    kernel: NDArray[np.float64],
    recurrent_kernel: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> int:
    """How many cells the layer has, once every shape has been found to agree."""
    if x.ndim != 2:
        hint = "; for one series, pass x[:, None]" if x.ndim == 1 else ""
        raise LSTMWidgetsError(f"x has the shape {x.shape}: expected (timesteps, features){hint}")
    if (
        recurrent_kernel.ndim != 2
        or recurrent_kernel.shape[1] != 4 * len(recurrent_kernel)
        or not len(recurrent_kernel)
    ):
        raise LSTMWidgetsError(
            f"recurrent_kernel has the shape {recurrent_kernel.shape}: expected (units, 4 * units), "
            "the four gates i, f, g, o side by side"
        )
    units, features = len(recurrent_kernel), x.shape[1]
    for name, array, expected, meaning in (
        ("kernel", kernel, (features, 4 * units), "(features, 4 * units)"),
        ("bias", bias, (4 * units,), "(4 * units,)"),
    ):
        if array.shape != expected:
            raise LSTMWidgetsError(
                f"{name} has the shape {array.shape}: expected {meaning} = {expected}, "
                f"since x has the shape {x.shape} and recurrent_kernel {recurrent_kernel.shape}"
            )
    return units


def _state(name: str, state: ArrayLike | None, units: int) -> NDArray[np.float64]:
    if state is None:
        return np.zeros(units)
    values = _numbers(name, state)
    if values.shape != (units,):
        raise LSTMWidgetsError(f"{name} has the shape {values.shape}: expected (units,) = {(units,)}")
    return values
