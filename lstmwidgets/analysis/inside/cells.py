"""What a cell did at each step, kind by kind: the arrays that it leaves, and which of them is its memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.inside.activations import ACTIVATIONS

Array = NDArray[np.float64]
Limits = tuple[float, float]

UNLIMITED: Limits = (-np.inf, np.inf)


class CellTrace:
    """What can be asked of every trace, whatever the cell.

    Attributes
    ----------
    cell : str
        "lstm", "gru", "rnn" or "attention".
    letters : tuple of str
        Names of its arrays, each of shape (timesteps, units), in the order in which they are shown.
    gates : tuple of str
        Those that stand between shut and open, or, the candidate ``g``, between the ends of its activation.
    memory : str
        The state that goes from step to step, by its letter.
    """

    cell: ClassVar[str]
    letters: ClassVar[tuple[str, ...]]
    gates: ClassVar[tuple[str, ...]] = ()
    memory: ClassVar[str] = "h"

    @property
    def arrays(self) -> dict[str, Array]:
        """Every array by its letter."""
        return {letter: getattr(self, letter) for letter in self.letters}

    @property
    def state(self) -> Array:
        """The state that goes from step to step: ``c`` of an LSTM, ``h`` of a GRU."""
        array: Array = getattr(self, self.memory)
        return array

    @property
    def kept(self) -> Array:
        """The share of that state which each step lets pass: ``f`` of an LSTM, ``z`` of a GRU."""
        raise LSTMWidgetsError(self._no_ledger())

    @property
    def written(self) -> Array:
        """What each step adds to it: ``i * g`` of an LSTM, ``(1 - z) * g`` of a GRU."""
        raise LSTMWidgetsError(self._no_ledger())

    def limits(self, letter: str) -> Limits:
        """What the values of one array cannot leave; infinite where nothing holds them."""
        raise NotImplementedError

    def _of_activation(self) -> Limits:
        return ACTIVATIONS[self._named("activation", "tanh")][1:3]

    def _of_gates(self) -> Limits:
        return ACTIVATIONS[self._named("recurrent_activation", "sigmoid")][1:3]

    def _named(self, which: str, otherwise: str) -> str:
        name: str = getattr(getattr(self, "layer", self), which, otherwise)
        return name

    def _no_ledger(self) -> str:
        return (
            f"there is no memory ledger of a cell of the kind {self.cell!r}: no gate tells what share of its "
            "state a step keeps, as f does in an LSTM and z in a GRU; trace a network with cell='lstm' or "
            "cell='gru'"
        )


@dataclass(frozen=True, eq=False)
class GRUTrace(CellTrace):
    """What each cell of a GRU layer did at each time step: ``h = z * h + (1 - z) * g``.

    Attributes
    ----------
    z, r : float64 arrays, shape (timesteps, units), in [0, 1]
        Update gate, the share of the state that is kept, and reset gate, the share of it that the
        candidate hears.
    g : float64 array, shape (timesteps, units), in [-1, 1]
        Candidate.
    h : float64 array, shape (timesteps, units), in [-1, 1]
        Hidden state after the step: what the layer gives out, and its memory.

    References
    ----------
    Cho, K. et al. (2014). Learning Phrase Representations using RNN Encoder-Decoder for Statistical
    Machine Translation. EMNLP. The gates are as in Keras: there z is 1 - z.
    """

    z: Array
    r: Array
    g: Array
    h: Array

    cell: ClassVar[str] = "gru"
    letters: ClassVar[tuple[str, ...]] = ("z", "r", "g", "h")
    gates: ClassVar[tuple[str, ...]] = ("z", "r", "g")

    @property
    def kept(self) -> Array:
        """The update gate."""
        return self.z

    @property
    def written(self) -> Array:
        """What is let in of the candidate."""
        return (1.0 - self.z) * self.g

    def limits(self, letter: str) -> Limits:
        """As `CellTrace.limits`: the state lies between those of the candidate, as long as z is a share."""
        (low, high), gates = self._of_activation(), self._of_gates()
        if letter in ("z", "r"):
            return gates
        if letter == "g":
            return low, high
        return (min(low, 0.0), max(high, 0.0)) if gates == (0.0, 1.0) else UNLIMITED


@dataclass(frozen=True, eq=False)
class RNNTrace(CellTrace):
    """What each cell of a simple recurrent layer did at each time step; it has no gates.

    Attributes
    ----------
    h : float64 array, shape (timesteps, units), in [-1, 1]
        Hidden state after the step: what the layer gives out, and its memory.
    """

    h: Array

    cell: ClassVar[str] = "rnn"
    letters: ClassVar[tuple[str, ...]] = ("h",)

    def limits(self, letter: str) -> Limits:
        """As `CellTrace.limits`: those of the activation."""
        return self._of_activation()


@dataclass(frozen=True, eq=False)
class AttentionTrace(CellTrace):
    """How an attention layer weighed the steps that it was handed, as its last query saw them.

    Attributes
    ----------
    a : float64 array, shape (timesteps, heads), in [0, 1]
        The weights of every head; each head's add up to 1 over the steps.
    name : str
        That of the layer.

    References
    ----------
    Vaswani, A. et al. (2017). Attention Is All You Need. NeurIPS.
    """

    a: Array
    name: str

    cell: ClassVar[str] = "attention"
    letters: ClassVar[tuple[str, ...]] = ("a",)
    memory: ClassVar[str] = "a"

    @property
    def backwards(self) -> bool:
        """False: attention walks nowhere."""
        return False

    def limits(self, letter: str) -> Limits:
        """As `CellTrace.limits`."""
        return 0.0, 1.0


def timesteps_and_units(trace: CellTrace) -> tuple[int, int]:
    """The shape of each of a trace's arrays; of attention its units are its heads."""
    steps, units = trace.state.shape
    return steps, units


def checked_trace(trace: Any) -> None:
    """Refuse what is no trace, saying how one is had."""
    if not isinstance(trace, CellTrace):
        raise LSTMWidgetsError(
            f"{type(trace).__name__} is no trace: pass lw.trace(forecaster), or lw.trace(model, x) of a model"
        )
