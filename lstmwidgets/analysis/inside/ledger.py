"""What each step left in memory: the state of a cell as a sum over the steps, and the forecast likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.cells import CellTrace, checked_trace
from lstmwidgets.analysis.inside.gates import GateTrace
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.inside.activations import ACTIVATIONS


@dataclass(frozen=True, eq=False)
class Ledger:
    """Where the last state comes from; see `memory_ledger`.

    Attributes
    ----------
    contributions : float64 array, shape (timesteps, units)
        What is left, after the last step, of what each step wrote; with ``start`` they add up to the
        last state.
    start : float64 array, shape (units,)
        What is left of the state from before the first step.
    kept : float64 array, shape (timesteps, units), in [0, 1]
        The share of what each step wrote that the steps after it let pass.
    half_life : float64 array, shape (units,), in steps
        How long the unit takes to forget half, at its mean pace over the window; inf where nothing
        is forgotten, 0 where all is forgotten at some step, NaN where a gate of another activation
        than a sigmoid lets less than nothing pass.
    """

    contributions: NDArray[np.float64]
    start: NDArray[np.float64]
    kept: NDArray[np.float64]
    half_life: NDArray[np.float64]


def memory_ledger(trace: CellTrace, initial_c: ArrayLike | None = None) -> Ledger:
    """Write the last state of a cell as a sum of what is left of every step's entry.

    Each step of an LSTM adds ``i * g`` to the cell state and each later one keeps the share ``f`` of
    it, so that of the entry of step ``s`` there is left, with ``k`` over the steps walked after ``s``::

        contributions[s] = prod(f[k] for k after s) * i[s] * g[s]

    and of a GRU, whose hidden state ``h = z * h + (1 - z) * g`` is its memory::

        contributions[s] = prod(z[k] for k after s) * (1 - z[s]) * g[s]

    Both are exact: nothing else enters the state. (The gates themselves depend on earlier steps through
    the hidden state; that is not taken apart.)

    Parameters
    ----------
    trace : GateTrace or GRUTrace
        Also one of a layer that walked backwards: its arrays are in the order of time, and the
        steps walked after ``s`` are then those before it.
    initial_c : array, shape (units,), optional
        The state before the first step walked, of a GRU its hidden state; by default the trace's own,
        or zeros.

    Returns
    -------
    Ledger

    Raises
    ------
    LSTMWidgetsError
        When ``initial_c`` has another shape, and for a cell without such gates.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long Short-Term Memory. Neural Computation 9(8).
    Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to Forget: Continual Prediction
    with LSTM. Neural Computation 12(10).
    Cho, K. et al. (2014). Learning Phrase Representations using RNN Encoder-Decoder for Statistical
    Machine Translation. EMNLP.

    Examples
    --------
    A cell that keeps half at each step has a half-life of one:

    >>> from lstmwidgets.analysis.inside.gates import gate_activations
    >>> weights = np.zeros((1, 4)), np.zeros((1, 4)), np.array([0.0, 0.0, 9.0, 0.0])
    >>> ledger = memory_ledger(gate_activations(np.ones((4, 1)), *weights))
    >>> ledger.contributions.ravel().round(4).tolist()
    [0.0625, 0.125, 0.25, 0.5]
    >>> ledger.half_life.tolist()
    [1.0]
    """
    checked_trace(trace)
    units = trace.kept.shape[1]
    if initial_c is None:
        initial_c = getattr(trace, "initial_state", np.zeros(units))
    before = np.asarray(initial_c, dtype=np.float64)
    if before.shape != (units,):
        raise LSTMWidgetsError(f"initial_c has the shape {before.shape}: expected (units,) = {(units,)}")
    walked = slice(None, None, -1 if _backwards(trace) else 1)
    share = trace.kept[walked]
    with np.errstate(
        divide="ignore", invalid="ignore", over="ignore"
    ):  # a gate shut, or a state that explodes
        from_here = np.cumprod(share[::-1], axis=0)[::-1]  # of step s and all after it
        kept = np.concatenate([from_here[1:], np.ones((1, units))])[walked]
        pace = np.log(share).mean(axis=0)
        half_life = np.where(pace == 0, np.inf, np.log(0.5) / pace)
        return Ledger(
            contributions=kept * trace.written, start=from_here[0] * before, kept=kept, half_life=half_life
        )


def forecast_shares(ledger: Ledger, trace: CellTrace) -> NDArray[np.float64]:
    """What each step's entry in memory moves the forecast by.

    The forecast is linear in the last hidden state. Of an LSTM that is ``h = o * tanh(c)``, and
    ``tanh(c)`` is ``c`` times the factor ``tanh(c) / c``; of a GRU it is the memory itself. So each
    contribution has its share::

        forecast = level + scale * bias + shares.sum(axis=0)

    This is exact, as long as the layer began with an empty memory; else ``scale`` times the output
    of what is left of it, `start_share`, is to be added, and so is `resting_share` where an LSTM's
    activation is not 0 at 0. What a step adds through a linear highway, past the memory, counts among
    its shares.

    Parameters
    ----------
    ledger : Ledger
        That of ``trace``.
    trace : WindowTrace or GRUWindowTrace
        With a ``head``.

    Returns
    -------
    float64 array, shape (timesteps, horizon)
        In the unit of the forecast.

    Raises
    ------
    LSTMWidgetsError
        When the trace has no ``head``; the message says why.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> trace = lw.trace(forecaster)
    >>> shares = lw.forecast_shares(lw.memory_ledger(trace), trace)
    >>> head = trace.head
    >>> total = head.level + head.scale * head.bias + shares.sum(axis=0)
    >>> bool(np.allclose(total, head.forecast(trace.h[-1])))
    True
    """
    if not isinstance(ledger, Ledger):
        kind = type(ledger).__name__
        raise LSTMWidgetsError(f"{kind} is no ledger: pass memory_ledger(trace), and then the trace")
    checked_trace(trace)
    weights = output_weights(trace)
    head = _head(trace)
    with np.errstate(over="ignore", invalid="ignore"):
        shares: NDArray[np.float64] = ledger.contributions @ weights + head.scale * head.straight
    return shares


def start_share(ledger: Ledger, trace: CellTrace) -> NDArray[np.float64]:
    """What the memory from before the window moves the forecast by, shape (horizon,); zeros mostly."""
    return ledger.start @ output_weights(trace)


def resting_share(trace: CellTrace) -> NDArray[np.float64]:
    """What an empty memory would move the forecast by, shape (horizon,).

    Zeros, but for an LSTM whose activation is not 0 at 0, as ``sigmoid``, which is one half there.
    """
    head = _head(trace)
    if not isinstance(trace, GateTrace):
        return np.zeros_like(head.bias)
    last = 0 if _backwards(trace) else -1
    at_rest: NDArray[np.float64] = head.scale * _at_zero(_activation(trace)) * trace.o[last] @ head.kernel
    return at_rest


def output_weights(trace: CellTrace) -> NDArray[np.float64]:
    """What one unit of memory moves the forecast by at the last step walked, shape (units, horizon).

    Raises
    ------
    LSTMWidgetsError
        When the trace has no ``head``; the message says why.
    """
    head = _head(trace)
    if not isinstance(trace, GateTrace):  # the memory itself is what the output layer reads
        plain: NDArray[np.float64] = head.scale * head.kernel
        return plain
    last = 0 if _backwards(trace) else -1
    with np.errstate(over="ignore", invalid="ignore"):
        shown = trace.o[last] * _over(_activation(trace), trace.c[last])
        weights: NDArray[np.float64] = head.scale * shown[:, None] * head.kernel
    return weights


def _head(trace: CellTrace) -> Any:
    head = getattr(trace, "head", None)
    if head is None:
        reason = getattr(trace, "no_head", "") or f"a {type(trace).__name__} holds no output layer"
        raise LSTMWidgetsError(
            f"the forecast has no shares, because {reason}: they are known where a linear Dense layer reads "
            "the last hidden state of the last recurrent layer, as in an LSTMForecaster whose cell is 'lstm' "
            "or 'gru'"
        )
    return head


def rests_on(shares: NDArray[np.float64] | Ledger, most: int = 3) -> str:
    """In words, which steps matter most.

    Steps are counted back from the end of the window: 0 is the last value read, −1 the one before
    it. The strongest comes first.

    Parameters
    ----------
    shares : array, shape (timesteps,) or (timesteps, horizon or units), or Ledger
        What each step moves, as `forecast_shares` or `memory_ledger` tells; sizes are added up over
        all columns, whatever their sign.
    most : int
        How many steps are named at most, from 1 up.

    Raises
    ------
    LSTMWidgetsError
        For another ``most``, and for shares that are no numbers.

    Examples
    --------
    >>> rests_on(np.array([0.0, 6.0, -3.0, 1.0]), most=2)
    'rests on the steps −2 and −1 (90 % of what moves it)'
    """
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise LSTMWidgetsError(f"most={most!r} is not accepted: most takes a whole number from 1 up")
    try:
        numbers = shares.contributions if isinstance(shares, Ledger) else np.asarray(shares, np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(())
    if not numbers.size or not numbers.ndim:
        raise LSTMWidgetsError(
            f"{type(shares).__name__} is no share of steps: pass lw.forecast_shares(ledger, trace), or the "
            "ledger itself, lw.memory_ledger(trace) of trace = lw.trace(forecaster)"
        )
    moved = np.abs(numbers)
    sizes = moved.reshape(len(moved), -1).sum(axis=1)
    strongest = [step for step in np.argsort(-sizes, kind="stable")[:most] if sizes[step] > 0]
    if not strongest:
        return "rests on no step: nothing in the window moves it"
    names = [f"−{back}" if (back := len(sizes) - 1 - step) else "0" for step in strongest]
    listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    share = sizes[strongest].sum() / sizes.sum()
    return f"rests on the step{'s' * (len(names) > 1)} {listed} ({100 * share:.0f} % of what moves it)"


def _backwards(trace: CellTrace) -> bool:
    return bool(getattr(trace, "backwards", False))


def _activation(trace: GateTrace) -> str:
    name: str = getattr(getattr(trace, "layer", trace), "activation", "tanh")
    return name


def _at_zero(activation: str) -> float:
    return float(ACTIVATIONS[activation].function(np.zeros(1))[0])


def _over(activation: str, c: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(activation(c) - activation(0)) / c``, and where ``c`` is 0 the slope there, just above it."""
    safe = np.where(c == 0.0, 1e-9, c)
    ratio: NDArray[np.float64] = (ACTIVATIONS[activation].function(safe) - _at_zero(activation)) / safe
    return ratio
